#pragma once
#include <stddef.h>

// softmax(q kᵀ / √d) v for one head at a time, the scores formed in small blocks, used and forgotten: an online softmax
// (Milakov and Gimelshein 2018, arXiv 1805.02867) keeps the largest score and the sum so far.

// The floats that the keys and values of one head take packed: keys [d][keys], values [keys][d], keys rounded up to vectors and
// values to halves of vectors.
size_t ag_packed_keys_count(size_t keys, size_t width);

// Packs keys and values [keys, width] of one head, rows `stride` numbers apart.
void ag_pack_keys(const float *keys, const float *values, size_t stride, float *packed, size_t count, size_t width);

// The floats that `ag_attend` needs to work in.
size_t ag_attend_scratch(size_t width);

// For queries [rows, width], rows `stride` numbers apart, to y, rows `y_stride` apart.
void ag_attend(const float *queries, size_t stride, const float *packed, size_t keys, size_t width, float *y,
               size_t y_stride, size_t rows, float *scratch);
