// Sixteen numbers side by side: one vector where the CPU has such, several narrower ones elsewhere.
#pragma once
#include <stddef.h>
#include <string.h>

// Everything here is inlined, so no vector is ever passed between functions and their calling convention does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

enum { LANES = 16 };
typedef float lanes __attribute__((vector_size(4 * LANES)));

// The first `count` of sixteen numbers at `from`, zeros behind them.
static inline __attribute__((always_inline)) lanes load_lanes(const float *from, size_t count) {
  lanes result = {0};
  memcpy(&result, from, 4 * count);
  return result;
}

static inline __attribute__((always_inline)) void store_lanes(float *to, lanes value, size_t count) {
  memcpy(to, &value, 4 * count);
}

static inline __attribute__((always_inline)) float sum_of_lanes(lanes x) {
  float sum[LANES];
  memcpy(sum, &x, sizeof sum);
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int lane = 0; lane < width; lane++) sum[lane] += sum[lane + width];
  return sum[0];
}
