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
