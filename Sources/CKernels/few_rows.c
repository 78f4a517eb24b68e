#include "few_rows.h"

#include "dispatch.h"
#include "lanes.h"

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

// The products of `height` weight rows with `breadth` rows of x; both are constants where this is used.
static inline __attribute__((always_inline)) void block(const float *packed_x, const float *weight, float *y, size_t rows,
                                                        size_t inputs, size_t outputs, int height, int breadth) {
  lanes sums[4][4] = {{{0}}};
  for (size_t column = 0; column < inputs; column += LANES, packed_x += rows * LANES) {
    size_t count = inputs - column < LANES ? inputs - column : LANES;
    lanes w[4];
    for (int i = 0; i < height; i++)
      w[i] = count == LANES ? load_lanes(weight + i * inputs + column, LANES)
                            : load_lanes(weight + i * inputs + column, count);
    for (int j = 0; j < breadth; j++) {
      lanes x = load_lanes(packed_x + j * LANES, LANES);
      for (int i = 0; i < height; i++) sums[i][j] += w[i] * x;
    }
  }
  for (int j = 0; j < breadth; j++)
    for (int i = 0; i < height; i++) y[j * outputs + i] = sum_of_lanes(sums[i][j]);
}

FOR_EACH_CPU
void ag_few_rows_product(const float *packed_x, const float *weight, float *y, size_t rows, size_t inputs, size_t outputs,
                         size_t first, size_t last) {
  size_t o = first;
  for (; o + 4 <= last; o += 4) {
    size_t row = 0;
    for (; row + 4 <= rows; row += 4)
      block(packed_x + row * LANES, weight + o * inputs, y + row * outputs + o, rows, inputs, outputs, 4, 4);
    for (; row + 2 <= rows; row += 2)
      block(packed_x + row * LANES, weight + o * inputs, y + row * outputs + o, rows, inputs, outputs, 4, 2);
    for (; row < rows; row++)
      block(packed_x + row * LANES, weight + o * inputs, y + row * outputs + o, rows, inputs, outputs, 4, 1);
  }
  for (; o < last; o++)
    for (size_t row = 0; row < rows; row++)
      block(packed_x + row * LANES, weight + o * inputs, y + row * outputs + o, rows, inputs, outputs, 1, 1);
}
