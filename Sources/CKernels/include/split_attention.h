#pragma once
#include <stddef.h>

// The attention of attention.h on the matrix unit, numbers split as in split_product.h: queries and keys, then the weights,
// each of them at most 1, and the values.

// The bytes that the keys and values of one head take packed.
size_t ag_split_keys_size(size_t keys, size_t width);

// Packs keys and values [keys, width] of one head, rows `stride` numbers apart. `packed` is aligned to 64 bytes.
void ag_pack_split_keys(const float *keys, const float *values, size_t stride, void *packed, size_t count, size_t width);

// The bytes that `ag_split_attend` needs to work in, aligned to 64 bytes.
size_t ag_split_attend_scratch(size_t width);

// For queries [rows, width], rows `stride` numbers apart, to y, rows `y_stride` apart.
void ag_split_attend(const float *queries, size_t stride, const void *packed, size_t keys, size_t width, float *y,
                     size_t y_stride, size_t rows, void *scratch);
