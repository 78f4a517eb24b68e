import Glibc
import TensorKit

/// The functions of single numbers among torch's activations, by their names in lower case, with torch's constants; and
/// AUTOMATIC1111's own names, of which "swish" is Hardswish.
enum PointwiseActivation: String, Sendable {
  case relu, relu6, leakyrelu, rrelu, prelu, elu, celu, selu, gelu, silu, mish, swish, hardswish, tanh, hardtanh,
    sigmoid
  case hardsigmoid, logsigmoid, softplus, softsign, softshrink, hardshrink, tanhshrink

  /// The value at x; `slope` is what PReLU has learned.
  func callAsFunction(_ x: Float, slope: Float = 0.25) -> Float {
    switch self {
    case .relu: max(0, x)
    case .relu6: min(max(0, x), 6)
    case .leakyrelu: x >= 0 ? x : 0.01 * x
    // Out of training the mean of 1/8 and 1/3.
    case .rrelu: x >= 0 ? x : x * (0.125 + 1.0 / 3) / 2
    case .prelu: x >= 0 ? x : slope * x
    case .elu, .celu: x > 0 ? x : expm1(x)
    case .selu: 1.050700987355480493 * (x > 0 ? x : 1.673263242354377284 * expm1(x))
    case .gelu: x / 2 * (1 + erf(x * 0.707106781186547524))
    case .silu: x * Self.logistic(x)
    case .mish: x * Glibc.tanh(Self.softened(x))
    case .swish, .hardswish: x * min(max(0, x + 3), 6) / 6
    case .tanh: Glibc.tanh(x)
    case .hardtanh: min(max(-1, x), 1)
    case .sigmoid: Self.logistic(x)
    case .hardsigmoid: min(max(0, x + 3), 6) / 6
    case .logsigmoid: -Self.softened(-x)
    case .softplus: Self.softened(x)
    case .softsign: x / (1 + abs(x))
    case .softshrink: x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : 0
    case .hardshrink: abs(x) > 0.5 ? x : 0
    case .tanhshrink: x - Glibc.tanh(x)
    }
  }

  private static func logistic(_ x: Float) -> Float { 1 / (1 + exp(-x)) }

  /// log(1 + exp(x)) without overflow.
  private static func softened(_ x: Float) -> Float { max(0, x) + log1p(exp(-abs(x))) }
}
