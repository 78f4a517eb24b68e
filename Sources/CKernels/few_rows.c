#include "few_rows.h"

#include "dispatch.h"
#include "lanes.h"

// So many rows of weights are multiplied with so many rows of x at a time: as many as leave their sums in 32 vector registers.
enum { BAND_ROWS = 4, BLOCK_ROWS = 4 };
#define UNROLLED _Pragma("clang loop unroll(full)")

size_t ag_packed_count(size_t rows, size_t width) { return (width + LANES - 1) / LANES * LANES * rows; }

void ag_pack_rows(const float *x, float *packed, size_t rows, size_t width) {
  for (size_t column = 0; column < width; column += LANES) {
    size_t count = width - column < LANES ? width - column : LANES;
    for (size_t row = 0; row < rows; row++, packed += LANES)
      store_lanes(packed, load_lanes(x + row * width + column, count), LANES);
  }
}

void ag_add_packed_rows(const float *packed, float *x, size_t rows, size_t width) {
  for (size_t column = 0; column < width; column += LANES) {
    size_t count = width - column < LANES ? width - column : LANES;
    for (size_t row = 0; row < rows; row++, packed += LANES) {
      float *target = x + row * width + column;
      store_lanes(target, load_lanes(target, count) + load_lanes(packed, LANES), count);
    }
  }
}

// Adds the products of sixteen columns, or of the last `count`. All constants where this is used, but for the last columns'
// count: loads of unknown length are calls, around which no sum would stay in a register.
static inline __attribute__((always_inline)) void add_columns(lanes sums[BAND_ROWS][BLOCK_ROWS], const float *restrict x,
                                                              const float *restrict weight, size_t inputs,
                                                              const int height, const int breadth, const int is_first,
                                                              const size_t count) {
  lanes w[BAND_ROWS];
  UNROLLED for (int i = 0; i < height; i++) {
    if (is_first) __builtin_prefetch(weight + (i + height) * inputs);
    w[i] = load_lanes(weight + i * inputs, count);
  }
  UNROLLED for (int j = 0; j < breadth; j++) {
    lanes input = load_lanes(x + j * LANES, LANES);
    UNROLLED for (int i = 0; i < height; i++) sums[i][j] += w[i] * input;
  }
}

// The products of `height` weight rows from `o` on with `breadth` rows of x from `row` on; heights and breadths are constants
// where this is used. The first block of a band asks for the weights of the next one.
static inline __attribute__((always_inline)) void block(const ag_factors *factors, size_t count, float *restrict y,
                                                        size_t rows, size_t outputs, size_t row, size_t o,
                                                        const int height, const int breadth, const int is_first) {
  lanes sums[BAND_ROWS][BLOCK_ROWS] = {{{0}}};
  for (; count > 0; count--, factors++) {
    const size_t inputs = factors->inputs;
    const float *packed_x = factors->packed_x + row * LANES, *weight = factors->weight + o * inputs;
    size_t column = 0;
    for (; column + LANES <= inputs; column += LANES, packed_x += rows * LANES)
      add_columns(sums, packed_x, weight + column, inputs, height, breadth, is_first, LANES);
    if (column < inputs)
      add_columns(sums, packed_x, weight + column, inputs, height, breadth, is_first, inputs - column);
  }
  y += row * outputs + o;
  UNROLLED for (int j = 0; j < breadth; j++)
    UNROLLED for (int i = 0; i < height; i++) y[j * outputs + i] = sum_of_lanes(sums[i][j]);
}

static inline __attribute__((always_inline)) void band(const ag_factors *factors, size_t count, float *y, size_t rows,
                                                       size_t outputs, size_t o, const int height) {
  size_t row = 0;
  if (rows >= BLOCK_ROWS) {
    block(factors, count, y, rows, outputs, 0, o, height, BLOCK_ROWS, 1);
    row = BLOCK_ROWS;
  }
  for (; row + BLOCK_ROWS <= rows; row += BLOCK_ROWS)
    block(factors, count, y, rows, outputs, row, o, height, BLOCK_ROWS, 0);
  for (; row + 2 <= rows; row += 2) block(factors, count, y, rows, outputs, row, o, height, 2, row == 0);
  if (row < rows) block(factors, count, y, rows, outputs, row, o, height, 1, row == 0);
}

FOR_EACH_CPU
void ag_few_rows_product(const ag_factors *factors, size_t count, float *y, size_t rows, size_t outputs, size_t first,
                         size_t last) {
  size_t o = first;
  for (; o + BAND_ROWS <= last; o += BAND_ROWS) band(factors, count, y, rows, outputs, o, BAND_ROWS);
  for (; o < last; o++) band(factors, count, y, rows, outputs, o, 1);
}
