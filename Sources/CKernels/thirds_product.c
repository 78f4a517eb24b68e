#include "thirds_product.h"

#include "matrix_unit.h"

enum { SIDE = 16, STEP = 32 };

size_t ag_thirds_count(size_t rows, size_t width) {
  return (rows + SIDE - 1) / SIDE * ((width + STEP - 1) / STEP) * 3 * SIDE * SIDE;
}

#if defined(__x86_64__) && defined(__linux__)

// The high, middle and low thirds of 32 numbers in a row. Cutting a number off after its first 8 bits leaves a rest that is
// exact, and so do the next 8.
INLINE void split(__m512 first, __m512 second, __m512i thirds[3]) {
  uint16_t upper_halves[32];
  for (int i = 0; i < 32; i++) upper_halves[i] = 2 * i + 1;
  const __m512i order = _mm512_loadu_si512(upper_halves), upper = _mm512_set1_epi32((int)0xFFFF0000);
  UNROLLED for (int third = 0; third < 3; third++) {
    __m512i a = _mm512_castps_si512(first), b = _mm512_castps_si512(second);
    thirds[third] = _mm512_permutex2var_epi16(a, order, b);
    first = _mm512_sub_ps(first, _mm512_castsi512_ps(_mm512_and_si512(a, upper)));
    second = _mm512_sub_ps(second, _mm512_castsi512_ps(_mm512_and_si512(b, upper)));
  }
}

// The right side of the unit's product wants two consecutive inputs of one row of x side by side, rows in columns.
MATRIX_UNIT void ag_pack_thirds(const float *x, float *packed, size_t rows, size_t width) {
  for (size_t first = 0; first < rows; first += SIDE) {
    for (size_t column = 0; column < width; column += STEP) {
      __m512i pairs[3][SIDE];
      for (size_t i = 0; i < SIDE; i++) {
        const float *row = x + (first + i) * width;
        __m512i thirds[3] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
        if (first + i < rows) split(load_columns(row, column, width), load_columns(row, column + 16, width), thirds);
        for (int third = 0; third < 3; third++) pairs[third][i] = thirds[third];
      }
      for (int third = 0; third < 3; third++) {
        transpose(pairs[third]);
        for (int i = 0; i < SIDE; i++, packed += SIDE) _mm512_store_si512(packed, pairs[third][i]);
      }
    }
  }
}

// Splits 32 inputs from `column` on of up to 16 rows of weights into three tiles, and asks for those of the next 16 rows.
INLINE void split_weights(const float *weight, size_t inputs, size_t column, size_t height, char *tiles) {
  for (size_t i = 0; i < height; i++) {
    const float *row = weight + i * inputs;
    __builtin_prefetch(row + SIDE * inputs + column), __builtin_prefetch(row + SIDE * inputs + column + 16);
    __m512i thirds[3];
    split(load_columns(row, column, inputs), load_columns(row, column + 16, inputs), thirds);
    UNROLLED for (int third = 0; third < 3; third++) _mm512_store_si512(tiles + third * TILE + i * 64, thirds[third]);
  }
}

// Adds the six products of one step to four tiles of sums, so that none waits for the one before it, changing one side at a
// time for the reason given in split.h.
INLINE void add_products(const char *weights, const char *x) {
  _tile_loadd(4, weights + 2 * TILE, 64), _tile_loadd(5, x, 64), _tile_dpbf16ps(0, 4, 5);
  _tile_loadd(4, weights + TILE, 64), _tile_dpbf16ps(1, 4, 5);
  _tile_loadd(5, x + TILE, 64), _tile_dpbf16ps(2, 4, 5);
  _tile_loadd(4, weights, 64), _tile_dpbf16ps(3, 4, 5);
  _tile_loadd(5, x + 2 * TILE, 64), _tile_dpbf16ps(0, 4, 5);
  _tile_loadd(5, x, 64), _tile_dpbf16ps(1, 4, 5);
}

MATRIX_UNIT void ag_thirds_product(const ag_factors *factors, size_t count, float *y, size_t rows, size_t outputs,
                                   size_t first, size_t last) {
  // Two sets of tiles: while the unit works on one, the other is filled.
  char tiles[2][3 * TILE] __attribute__((aligned(64))) = {{0}};
  float sums[4][SIDE * SIDE] __attribute__((aligned(64)));
  configure_tiles();
  for (size_t output = first; output < last; output += SIDE) {
    size_t height = last - output < SIDE ? last - output : SIDE;
    for (size_t row = 0; row < rows; row += SIDE) {
      _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);
      for (size_t i = 0; i < count; i++) {
        size_t inputs = factors[i].inputs, steps = (inputs + STEP - 1) / STEP;
        const float *weight = factors[i].weight + output * inputs;
        const char *x = (const char *)factors[i].packed_x + row / SIDE * steps * 3 * TILE;
        split_weights(weight, inputs, 0, height, tiles[0]);
        for (size_t step = 0; step < steps; step++, x += 3 * TILE) {
          if (step + 1 < steps) split_weights(weight, inputs, (step + 1) * STEP, height, tiles[(step + 1) % 2]);
          add_products(tiles[step % 2], x);
        }
      }
      _tile_stored(0, sums[0], 64), _tile_stored(1, sums[1], 64), _tile_stored(2, sums[2], 64), _tile_stored(3, sums[3], 64);
      __m512i results[SIDE];
      for (size_t i = 0; i < SIDE; i++)
        results[i] = _mm512_castps_si512(
            _mm512_add_ps(_mm512_add_ps(_mm512_load_ps(sums[0] + i * SIDE), _mm512_load_ps(sums[1] + i * SIDE)),
                          _mm512_add_ps(_mm512_load_ps(sums[2] + i * SIDE), _mm512_load_ps(sums[3] + i * SIDE))));
      transpose(results);
      for (size_t i = 0; i < SIDE && row + i < rows; i++)
        _mm512_mask_storeu_ps(y + (row + i) * outputs + output, first_lanes(height), _mm512_castsi512_ps(results[i]));
    }
  }
  _tile_release();
}

#else

void ag_pack_thirds(const float *x, float *packed, size_t rows, size_t width) {}
void ag_thirds_product(const ag_factors *factors, size_t count, float *y, size_t rows, size_t outputs, size_t first,
                       size_t last) {}

#endif
