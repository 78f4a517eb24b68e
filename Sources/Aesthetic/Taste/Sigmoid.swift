import Glibc

/// σ(x) = 1 / (1 + e⁻ˣ), without overflow on either side.
func sigmoid(_ x: Double) -> Double { x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)) }

/// log σ(x), exact where σ(x) itself would be rounded to 0 or 1.
func logSigmoid(_ x: Double) -> Double { x >= 0 ? -log1p(exp(-x)) : x - log1p(exp(x)) }
