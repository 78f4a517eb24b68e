// The product that Winograd's convolution and attention are made of: eight rows with up to forty-eight columns, all sums in
// vector registers.
#pragma once
#include "lanes.h"

enum { TILE_ROWS = 8, TILE_VECTORS = 3, TILE_COLUMNS = TILE_VECTORS * LANES };

#define UNROLLED _Pragma("clang loop unroll(full)")
#define INLINE static inline __attribute__((always_inline))

// c [8, 16 · vectors] = a [8, depth] · b [depth, 16 · vectors], added to what stands there if `adding`; rows of a and c
// stand so many numbers apart. `vectors` and `adding` are constants where this is used.
INLINE void tile_product(const float *restrict a, size_t a_stride, const float *restrict b, size_t depth,
                         float *restrict c, size_t c_stride, const int vectors, const int adding) {
  lanes sums[TILE_ROWS][TILE_VECTORS];
  UNROLLED for (int row = 0; row < TILE_ROWS; row++)
    UNROLLED for (int v = 0; v < vectors; v++)
      sums[row][v] = adding ? load_lanes(c + row * c_stride + v * LANES, LANES) : (lanes){0};
  for (size_t k = 0; k < depth; k++, b += vectors * LANES) {
    lanes right[TILE_VECTORS];
    UNROLLED for (int v = 0; v < vectors; v++) right[v] = load_lanes(b + v * LANES, LANES);
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
      float left = a[row * a_stride + k];
      UNROLLED for (int v = 0; v < vectors; v++) sums[row][v] += left * right[v];
    }
  }
  UNROLLED for (int row = 0; row < TILE_ROWS; row++)
    UNROLLED for (int v = 0; v < vectors; v++) store_lanes(c + row * c_stride + v * LANES, sums[row][v], LANES);
}

// The same with a panel b [depth, breadth], whose rows follow each other; `breadth` is 16, 32 or 48.
INLINE void tile_panel_product(const float *restrict a, size_t a_stride, const float *restrict b, size_t depth,
                               float *restrict c, size_t c_stride, size_t breadth, const int adding) {
  switch (breadth / LANES) {
    case 3: return tile_product(a, a_stride, b, depth, c, c_stride, 3, adding);
    case 2: return tile_product(a, a_stride, b, depth, c, c_stride, 2, adding);
    default: return tile_product(a, a_stride, b, depth, c, c_stride, 1, adding);
  }
}
