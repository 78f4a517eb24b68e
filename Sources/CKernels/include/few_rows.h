#pragma once
#include <stddef.h>

// Products of a few rows with large weights, where reading the weights is what takes the time: each is read once, in its
// stored order. The rows come packed: sixteen columns of all rows together, [ceil(width / 16)][rows][16], zeros at the end.

// The number of floats that `rows` × `width` numbers take packed.
size_t ag_packed_count(size_t rows, size_t width);
void ag_pack_rows(const float *x, float *packed, size_t rows, size_t width);
// x [rows, width] is the sum of `count` packed ones, which stand one behind the other.
void ag_sum_packed_rows(const float *packed, size_t count, float *x, size_t rows, size_t width);

// x [rows, inputs] packed, and weight [outputs, inputs].
typedef struct {
  const float *packed_x, *weight;
  size_t inputs;
} ag_factors;

// y[row][o] = sum over i of x[row][i] * weight[o][i] for o in [first, last), added up over `count` pairs of factors; y
// [rows, outputs].
void ag_few_rows_product(const ag_factors *factors, size_t count, float *y, size_t rows, size_t outputs, size_t first,
                         size_t last);

// Weights are swept in bands of so many rows; what is left at the end, row by row.
#define AG_BAND_ROWS 8

// What one sweep over the weights does.
//
// Adam's moments have an order of their own: those of each tile of sixteen columns and a band's rows stand together, the
// means before the squares, so that memory is read and written from end to end. They are read in every step and written in
// every other: a step that does not write them leaves them to the next, which forms its gradient once more. That takes less
// time than writing them would.
typedef struct {
  size_t rows, inputs, outputs;
  const float *packed_x;  // [rows, inputs], packed; NULL where the weights stay as they are
  const float *dy;        // [rows, outputs]
  float *packed_dx;       // [rows, inputs], packed; dy * weight of the rows swept is added, with the weights before the step
  float *weight;          // [outputs, inputs]
  const float *moments;   // ag_moments_count(outputs, inputs) numbers; NULL while they are zero
  float *new_moments;     // where they are written, if at all; may be the same
  size_t earlier_rows;    // the step before, if it did not write them: its x and dy; 0 otherwise
  const float *earlier_packed_x, *earlier_dy;
  float learning_rate;  // divided by 1 - beta1^t
  float root_factor;    // 1 / sqrt(1 - beta2^t)
} ag_sweep;

// The number of floats that the moments of so many weights take.
size_t ag_moments_count(size_t outputs, size_t inputs);

// One step of Adam (Kingma and Ba 2014, arXiv 1412.6980; beta 0.9 and 0.999, epsilon 1e-8, as torch computes it) for the
// weights' rows [first, last), whose gradient is the product of dy transposed and x: formed, used and forgotten tile by
// tile, while the same reading of the weights serves dx. `first` is a multiple of AG_BAND_ROWS, and `last` is one or the
// end.
void ag_sweep_rows(const ag_sweep *sweep, size_t first, size_t last);

// One step of Adam for `count` parameters with their gradient.
void ag_adam(float *parameters, float *mean, float *square, const float *gradient, float learning_rate,
             float root_factor, size_t count);
