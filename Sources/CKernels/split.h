// What the products of numbers split into two bfloat16 numbers share.
#pragma once

#include "matrix_unit.h"

#if defined(__x86_64__) && defined(__linux__)

// Numbers are packed in groups of four tiles, 32 rows by 32 columns: high parts of rows 0-15 and 16-31, then low parts of
// both.
enum { SIDE = 32, GROUP = 4 * TILE };

static inline size_t groups(size_t count) { return (count + SIDE - 1) / SIDE; }

// Sixteen numbers as high and low parts, each rounded to nearest.
MATRIX_UNIT static inline void split(__m512 x, __m256i *high, __m256i *low) {
  *high = (__m256i)_mm512_cvtneps_pbh(x);
  __m512 rounded = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(*high), 16));
  *low = (__m256i)_mm512_cvtneps_pbh(_mm512_sub_ps(x, rounded));
}

// The right side of the unit's product wants two consecutive inputs of one output side by side, outputs in columns. Writes
// half a tile of high parts, and of low ones two tiles further on: sixteen inputs of sixteen outputs, `columns` an input each.
INLINE void store_right_side(const __m512i columns[16], char *target) {
  for (int pair = 0; pair < 8; pair++, target += 64) {
    __m512i parts[2][2];
    UNROLLED for (int i = 0; i < 2; i++) {
      __m256i high, low;
      split(_mm512_castsi512_ps(columns[2 * pair + i]), &high, &low);
      parts[i][0] = _mm512_cvtepu16_epi32(high), parts[i][1] = _mm512_cvtepu16_epi32(low);
    }
    _mm512_store_si512(target, _mm512_or_si512(parts[0][0], _mm512_slli_epi32(parts[1][0], 16)));
    _mm512_store_si512(target + 2 * TILE, _mm512_or_si512(parts[0][1], _mm512_slli_epi32(parts[1][1], 16)));
  }
}

// Sixteen columns from `column` on of up to sixteen rows of `width`, `stride` numbers apart, zeros where there are none.
INLINE void load_square(const float *rows, size_t stride, size_t height, size_t column, size_t width, __m512i columns[16]) {
  for (size_t row = 0; row < 16; row++)
    columns[row] = row < height ? _mm512_castps_si512(load_columns(rows + row * stride, column, width)) : _mm512_setzero_si512();
  transpose(columns);
}

// Stores 32 numbers as their high parts at `target` and their low parts `low` bytes further on.
INLINE void store_left_side(__m512 first, __m512 second, char *target, size_t low) {
  __m512i high = (__m512i)_mm512_cvtne2ps_pbh(second, first);
  _mm512_store_si512(target, high);
  __m512i rounded_first = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(high)), 16);
  __m512i rounded_second = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(high, 1)), 16);
  first = _mm512_sub_ps(first, _mm512_castsi512_ps(rounded_first));
  second = _mm512_sub_ps(second, _mm512_castsi512_ps(rounded_second));
  _mm512_store_si512(target + low, (__m512i)_mm512_cvtne2ps_pbh(second, first));
}

// Adds to tiles 0 to 3, sums for 32 rows and 32 outputs by halves, the products of 32 inputs: low times high, high times high,
// and high times low, for each sum in this order, so that a row's result does not depend on its place. The rows of x stand
// `length` bytes apart, their low parts `low` bytes behind their high ones; w is a group.
//
// Every step but the first loads one tile, for the side that changes, so six of the eight tiles do. Thirteen loads instead of
// eight cost nothing: they happen while the unit multiplies. But where another program uses the unit from the core's second
// thread, there seem to be too few tiles to rename if all eight are in use: with six, products take two thirds of the time there.
INLINE void add_split_products(const char *x, size_t length, size_t low, const char *w) {
  const char *lower = x + 16 * length;
  _tile_loadd(4, x + low, length), _tile_loadd(5, w, 64), _tile_dpbf16ps(0, 4, 5);
  _tile_loadd(5, w + TILE, 64), _tile_dpbf16ps(1, 4, 5);
  _tile_loadd(4, lower + low, length), _tile_dpbf16ps(3, 4, 5);
  _tile_loadd(5, w, 64), _tile_dpbf16ps(2, 4, 5);
  _tile_loadd(4, x, length), _tile_dpbf16ps(0, 4, 5);
  _tile_loadd(4, lower, length), _tile_dpbf16ps(2, 4, 5);
  _tile_loadd(5, w + TILE, 64), _tile_dpbf16ps(3, 4, 5);
  _tile_loadd(4, x, length), _tile_dpbf16ps(1, 4, 5);
  _tile_loadd(5, w + 2 * TILE, 64), _tile_dpbf16ps(0, 4, 5);
  _tile_loadd(5, w + 3 * TILE, 64), _tile_dpbf16ps(1, 4, 5);
  _tile_loadd(4, lower, length), _tile_dpbf16ps(3, 4, 5);
  _tile_loadd(5, w + 2 * TILE, 64), _tile_dpbf16ps(2, 4, 5);
}

INLINE void zero_sums(void) { _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3); }

// The sums as rows of 32 numbers, `stride` numbers apart.
INLINE void load_sums(const float *sums, size_t stride) {
  _tile_loadd(0, sums, 4 * stride), _tile_loadd(1, sums + 16, 4 * stride);
  _tile_loadd(2, sums + 16 * stride, 4 * stride), _tile_loadd(3, sums + 16 * stride + 16, 4 * stride);
}

INLINE void store_sums(float *sums, size_t stride) {
  _tile_stored(0, sums, 4 * stride), _tile_stored(1, sums + 16, 4 * stride);
  _tile_stored(2, sums + 16 * stride, 4 * stride), _tile_stored(3, sums + 16 * stride + 16, 4 * stride);
}

#endif
