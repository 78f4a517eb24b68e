#include <math.h>

#include "dispatch.h"
#include "few_rows.h"
#include "lanes.h"

#define BETA1 0.9f
#define BETA2 0.999f
#define EPSILON 1e-8f

// `height` rows of weights by `count` columns, both constants where this is used but for the last columns.
static inline __attribute__((always_inline)) void tile(const ag_sweep *sweep, const float *x, float *dx, size_t row,
                                                       size_t column, int height, size_t count, int adapts) {
  const size_t rows = sweep->rows, outputs = sweep->outputs, start = row * sweep->inputs + column;
  lanes w[4], gradient[4] = {{0}};
  for (int i = 0; i < height; i++) w[i] = load_lanes(sweep->weight + start + i * sweep->inputs, count);
  for (size_t t = 0; t < rows; t++) {
    const float *dy = sweep->dy + t * outputs + row;
    lanes sum = load_lanes(dx + t * LANES, LANES);
    for (int i = 0; i < height; i++) sum += dy[i] * w[i];
    store_lanes(dx + t * LANES, sum, LANES);
    if (!adapts) continue;
    lanes input = load_lanes(x + t * LANES, LANES);
    for (int i = 0; i < height; i++) gradient[i] += dy[i] * input;
  }
  if (!adapts) return;
  for (int i = 0; i < height; i++) {
    size_t place = start + i * sweep->inputs;
    lanes mean = {0}, square = {0};
    if (!sweep->is_first) {
      mean = load_lanes(sweep->mean + place, count);
      square = load_lanes(sweep->square + place, count);
    }
    mean += (1 - BETA1) * (gradient[i] - mean);
    square = BETA2 * square + (1 - BETA2) * gradient[i] * gradient[i];
    lanes divisor = __builtin_elementwise_sqrt(square) / sweep->root_correction + EPSILON;
    w[i] -= sweep->learning_rate * mean / divisor;
    store_lanes(sweep->weight + place, w[i], count);
    store_lanes(sweep->mean + place, mean, count);
    store_lanes(sweep->square + place, square, count);
  }
}

static inline __attribute__((always_inline)) void band(const ag_sweep *sweep, size_t row, int height, int adapts) {
  const float *x = sweep->packed_x;
  float *dx = sweep->packed_dx;
  size_t column = 0, step = sweep->rows * LANES;
  for (; column + LANES <= sweep->inputs; column += LANES, x += adapts ? step : 0, dx += step)
    tile(sweep, x, dx, row, column, height, LANES, adapts);
  if (column < sweep->inputs) tile(sweep, x, dx, row, column, height, sweep->inputs - column, adapts);
}

FOR_EACH_CPU
void ag_sweep_rows(const ag_sweep *sweep, size_t first, size_t last) {
  size_t row = first;
  if (sweep->packed_x) {
    for (; row + 4 <= last; row += 4) band(sweep, row, 4, 1);
    for (; row < last; row++) band(sweep, row, 1, 1);
  } else {
    for (; row + 4 <= last; row += 4) band(sweep, row, 4, 0);
    for (; row < last; row++) band(sweep, row, 1, 0);
  }
}

FOR_EACH_CPU
void ag_adam(float *parameters, float *mean, float *square, const float *gradient, float learning_rate,
             float root_correction, size_t count) {
  for (size_t i = 0; i < count; i++) {
    mean[i] += (1 - BETA1) * (gradient[i] - mean[i]);
    square[i] = BETA2 * square[i] + (1 - BETA2) * gradient[i] * gradient[i];
    parameters[i] -= learning_rate * mean[i] / (sqrtf(square[i]) / root_correction + EPSILON);
  }
}
