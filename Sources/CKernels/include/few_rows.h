#pragma once
#include <stddef.h>

// Products of a few rows with large weights, where reading the weights is what takes the time: each is read once, in its
// stored order. The rows come packed: sixteen columns of all rows together, [ceil(width / 16)][rows][16], zeros at the end.

// The number of floats that `rows` × `width` numbers take packed.
size_t ag_packed_count(size_t rows, size_t width);
void ag_pack_rows(const float *x, float *packed, size_t rows, size_t width);
// Adds the packed numbers to x [rows, width].
void ag_add_packed_rows(const float *packed, float *x, size_t rows, size_t width);

// x [rows, inputs] packed, and weight [outputs, inputs].
typedef struct {
  const float *packed_x, *weight;
  size_t inputs;
} ag_factors;

// y[row][o] = sum over i of x[row][i] * weight[o][i] for o in [first, last), added up over `count` pairs of factors; y
// [rows, outputs].
void ag_few_rows_product(const ag_factors *factors, size_t count, float *y, size_t rows, size_t outputs, size_t first,
                         size_t last);

// What one sweep over the weights does.
typedef struct {
  size_t rows, inputs, outputs;
  const float *packed_x;  // [rows, inputs], packed; NULL where the weights stay as they are
  const float *dy;        // [rows, outputs]
  float *packed_dx;       // [rows, inputs], packed; dy * weight of the rows swept is added, with the weights before the step
  float *weight, *mean, *square;  // [outputs, inputs] each; the last two are Adam's moments
  float learning_rate;            // divided by 1 - beta1^t
  float root_factor;              // 1 / sqrt(1 - beta2^t)
  int is_first;                   // the moments are zero and need not be read
} ag_sweep;

// One step of Adam (Kingma and Ba 2014, arXiv 1412.6980; beta 0.9 and 0.999, epsilon 1e-8, as torch computes it) for the
// weights' rows [first, last), whose gradient is the product of dy transposed and x: formed, used and forgotten tile by
// tile, while the same reading of the weights serves dx.
void ag_sweep_rows(const ag_sweep *sweep, size_t first, size_t last);

// One step of Adam for `count` parameters with their gradient.
void ag_adam(float *parameters, float *mean, float *square, const float *gradient, float learning_rate,
             float root_factor, size_t count);
