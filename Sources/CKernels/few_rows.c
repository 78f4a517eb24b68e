#include "few_rows.h"

#include "dispatch.h"
#include "lanes.h"

// So many rows of weights are multiplied with so many rows of x at a time: their sums stay in 32 vector registers, and can
// be added up sixteen at a time.
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

// Two vectors folded into one: of every vector that went into them, `left` (8, 4, 2, then 1) partial sums are left, halves
// added to halves as `sum_of_lanes` does.
#define folded(a, b, left)                                                                                \
  ({                                                                                                      \
    lanes one = (a), other = (b);                                                                         \
    __builtin_shufflevector(one, other, FRONT_##left) + __builtin_shufflevector(one, other, BACK_##left); \
  })
#define FRONT_8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define BACK_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define FRONT_4 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27
#define BACK_4 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31
#define FRONT_2 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29
#define BACK_2 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31
#define FRONT_1 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define BACK_1 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31

// Adds the products of sixteen columns, or of the last `count`, and asks for rows [from, to) of the next band's weights. All
// constants where this is used, but for these and the last columns' count: loads of unknown length are calls, around which
// no sum would stay in a register.
static inline __attribute__((always_inline)) void add_columns(lanes sums[BAND_ROWS][BLOCK_ROWS], const float *restrict x,
                                                              const float *restrict weight, size_t inputs,
                                                              const int height, const int breadth, int from, int to,
                                                              const size_t count) {
  lanes w[BAND_ROWS];
  for (int i = from; i < to; i++) __builtin_prefetch(weight + (i + height) * inputs);
  UNROLLED for (int i = 0; i < height; i++) w[i] = load_lanes(weight + i * inputs, count);
  UNROLLED for (int j = 0; j < breadth; j++) {
    lanes input = load_lanes(x + j * LANES, LANES);
    UNROLLED for (int i = 0; i < height; i++) sums[i][j] += w[i] * input;
  }
}

// The products of `height` weight rows from `o` on with `breadth` rows of x from `row` on, heights and breadths being
// constants where this is used.
static inline __attribute__((always_inline)) void block(const ag_factors *factors, size_t count, float *restrict y,
                                                        size_t rows, size_t outputs, size_t row, size_t o,
                                                        const int height, const int breadth, int from, int to) {
  lanes sums[BAND_ROWS][BLOCK_ROWS] = {{{0}}};
  for (; count > 0; count--, factors++) {
    const size_t inputs = factors->inputs;
    const float *packed_x = factors->packed_x + row * LANES, *weight = factors->weight + o * inputs;
    size_t column = 0;
    for (; column + LANES <= inputs; column += LANES, packed_x += rows * LANES)
      add_columns(sums, packed_x, weight + column, inputs, height, breadth, from, to, LANES);
    if (column < inputs)
      add_columns(sums, packed_x, weight + column, inputs, height, breadth, from, to, inputs - column);
  }
  y += row * outputs + o;
  if (height == 1) {
    UNROLLED for (int j = 0; j < breadth; j++) y[j * outputs] = sum_of_lanes(sums[0][j]);
    return;
  }
  // Sixteen sums together take a third of what they would one by one.
  lanes fours[BLOCK_ROWS];
  UNROLLED for (int j = 0; j < BLOCK_ROWS; j++)
    fours[j] = folded(folded(sums[0][j], sums[1][j], 8), folded(sums[2][j], sums[3][j], 8), 4);
  lanes all = folded(folded(fours[0], fours[1], 2), folded(fours[2], fours[3], 2), 1);
  UNROLLED for (int j = 0; j < breadth; j++) memcpy(y + j * outputs, (float *)&all + j * BAND_ROWS, 4 * BAND_ROWS);
}

static inline __attribute__((always_inline)) void band(const ag_factors *factors, size_t count, float *y, size_t rows,
                                                       size_t outputs, size_t o, const int height) {
  // Each block asks for its share of the next band's weights: all at once would be more than the CPU keeps track of.
  size_t row = 0, blocks = rows / BLOCK_ROWS + rows % BLOCK_ROWS / 2 + rows % 2, done = 0;
#define SHARE (int)(height * done / blocks), (int)(height * (done + 1) / blocks)
  for (; row + BLOCK_ROWS <= rows; row += BLOCK_ROWS, done++)
    block(factors, count, y, rows, outputs, row, o, height, BLOCK_ROWS, SHARE);
  for (; row + 2 <= rows; row += 2, done++) block(factors, count, y, rows, outputs, row, o, height, 2, SHARE);
  if (row < rows) block(factors, count, y, rows, outputs, row, o, height, 1, SHARE);
}

FOR_EACH_CPU
void ag_few_rows_product(const ag_factors *factors, size_t count, float *y, size_t rows, size_t outputs, size_t first,
                         size_t last) {
  size_t o = first;
  for (; o + BAND_ROWS <= last; o += BAND_ROWS) band(factors, count, y, rows, outputs, o, BAND_ROWS);
  for (; o < last; o++) band(factors, count, y, rows, outputs, o, 1);
}
