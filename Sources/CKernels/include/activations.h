#pragma once
#include <stddef.h>

// y = x * sigmoid(1.702 x), the activation of OpenAI's CLIP; x and y may be the same.
void ag_quick_gelu(const float *x, float *y, size_t count);
// dx = dy * dy/dx at x.
void ag_quick_gelu_pullback(const float *x, const float *dy, float *dx, size_t count);

// y = x * (1 + erf(x / sqrt 2)) / 2 (Hendrycks and Gimpel 2016, arXiv 1606.08415); x and y may be the same.
void ag_gelu(const float *x, float *y, size_t count);
// dx = dy * dy/dx at x.
void ag_gelu_pullback(const float *x, const float *dy, float *dx, size_t count);

// y = x * sigmoid(x) (Elfwing et al. 2017, arXiv 1702.03118), also called swish; x and y may be the same.
void ag_silu(const float *x, float *y, size_t count);

// y [rows, width] = the first half of each row of x [rows, 2 * width] times GELU of the second half (Shazeer 2020, arXiv
// 2002.05202, equation 5 without its products).
void ag_geglu(const float *x, float *y, size_t rows, size_t width);
