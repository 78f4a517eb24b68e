#pragma once
#include <stddef.h>

#include "few_rows.h"

// Products of a few rows with large weights, as in few_rows.h, on the matrix unit (split_product.h says which CPUs have
// it) and as exact as Float32: a Float32 number has 24 bits, and is exactly the sum of three bfloat16 numbers of 8 bits each,
// h + m + l. Of the nine products of two such sums the six largest are added up in Float32; the others are below 2^-21
// of the whole. The weights are split while they are read, once; the rows come split and packed.

// The number of floats that the rows take packed: for every 16 rows and 32 columns three tiles.
size_t ag_thirds_count(size_t rows, size_t width);
// `packed` is aligned to 64 bytes.
void ag_pack_thirds(const float *x, float *packed, size_t rows, size_t width);

// The same as ag_few_rows_product, of rows packed by ag_pack_thirds.
void ag_thirds_product(const ag_factors *factors, size_t count, float *y, size_t rows, size_t outputs, size_t first,
                       size_t last);
