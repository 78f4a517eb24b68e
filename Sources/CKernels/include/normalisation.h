#pragma once
#include <stddef.h>

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias over each row of x [rows, width] (Ba et al. 2016, arXiv
// 1607.06450, equation 4). x and y may be the same.
void ag_layer_norm(const float *x, const float *scale, const float *bias, float epsilon, float *y, size_t rows,
                   size_t width);
// Writes dx [rows, width]; adds to dscale and dbias [width].
void ag_layer_norm_pullback(const float *x, const float *scale, float epsilon, const float *dy, float *dx, float *dscale,
                            float *dbias, size_t rows, size_t width);
