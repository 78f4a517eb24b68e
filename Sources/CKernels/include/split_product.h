#pragma once
#include <stddef.h>

// Products of many rows on the matrix unit of CPUs that have one (Intel's AMX), which multiplies bfloat16 numbers, of 8
// bits each, some ten times as fast as the vector unit multiplies Float32. Every number is split into two of them, x = h + l
// up to 2^-18 of x, and x w becomes h h' + h l' + l h', summed in Float32: each product is right to 3 * 2^-18 of its size,
// and sums of many to about 5e-6 of theirs.

// Whether this CPU has the unit and the system lets this process use it.
int ag_has_matrix_unit(void);

// The bytes that the weights of 32 outputs take packed: zeros fill the inputs up to a multiple of 32.
size_t ag_split_weights_size(size_t inputs);
// Packs weights [outputs, inputs], 32 outputs behind the other, with zeros behind the last; `packed` is aligned to 64 bytes.
void ag_split_weights(const float *weights, size_t outputs, size_t inputs, void *packed);

// Rows are taken at most so many at a time, and all weights pass by them.
enum { AG_SPLIT_ROWS = 256 };

typedef struct {
  size_t rows, inputs, outputs;
  const float *x;       // [rows, inputs]
  const void *weights;  // [outputs, inputs], packed
  const float *bias;    // [outputs], or NULL
  float *y;             // [rows, outputs]
  int accumulates;      // y += the result
  void (*activation)(const float *x, float *y, size_t count);  // of the result; NULL for none
} ag_split;

// y = activation(x weights^T + bias) for the outputs [32 · from_line, 32 · to_line), as far as they exist, on the calling thread
// alone. Returns 0 if there was no memory to work in.
int ag_split_product(const ag_split *product, size_t from_line, size_t to_line);
