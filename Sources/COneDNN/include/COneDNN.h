// The only door to oneDNN. Its 2.x and 3.x interfaces differ; nothing outside this target sees either.
#pragma once
#include <stdint.h>

typedef enum { AG_PLAIN = 0, AG_QUICK_GELU = 1, AG_GELU = 2 } ag_activation;

// A linear map y = activation(x Wᵀ + b) whose weights stand in the order that suits the CPU.
typedef struct ag_product ag_product;

// Prepares weights [outputs, inputs] for products with about `rows` rows; the caller's weights are not needed afterwards.
// `bias` [outputs] may be NULL. With `accumulate` the result is added to y. Returns NULL where oneDNN refuses.
ag_product *ag_product_create(const float *weights, const float *bias, int64_t rows, int64_t outputs, int64_t inputs,
                              ag_activation activation, int accumulate);

// x [rows, inputs] to y [rows, outputs], on the calling thread alone. Any number of rows; may be called from several
// threads at once. Returns 0, or oneDNN's status.
int ag_product_run(ag_product *product, int64_t rows, const float *x, float *y);

void ag_product_destroy(ag_product *product);

// A convolution of pictures whose channels stand side by side, [height, width, channels], by the direct algorithm.
typedef struct ag_convolution ag_convolution;

typedef struct {
  int64_t inputs, outputs;  // channels
  int64_t kernel, stride;   // the same down and across
} ag_convolution_shape;

// Some lines of one picture, and how many lines and columns of zeros are to be thought around them.
typedef struct {
  int64_t height, width;
  int64_t above, below, left, right;
} ag_lines;

// Prepares weights [outputs, inputs, kernel, kernel] for pictures like `lines`; the caller's weights are not needed
// afterwards. With `accumulate` the result is added to y. Returns NULL where oneDNN refuses.
ag_convolution *ag_convolution_create(const float *weights, const ag_convolution_shape *shape, const ag_lines *lines,
                                      int accumulate);

// x [height, width, inputs] and the bias [outputs] to y, on the calling thread alone. Lines of any number; may be called
// from several threads at once. Returns 0, or oneDNN's status.
int ag_convolution_run(const ag_convolution *convolution, const ag_lines *lines, const float *x, const float *bias,
                       float *y);

void ag_convolution_destroy(ag_convolution *convolution);
