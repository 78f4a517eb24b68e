#include "softmax.h"

#include "dispatch.h"
#include "exponential.h"

// Sixteen maxima side by side, since a maximum, unlike a sum, is not reordered for the vectors' sake by any pragma.
static inline __attribute__((always_inline)) float largest_of(const float *x, size_t count) {
  enum { LANES = 16 };
  float lanes[LANES];
  for (int lane = 0; lane < LANES; lane++) lanes[lane] = x[0];
  size_t i = 0;
  for (; i + LANES <= count; i += LANES)
    for (int lane = 0; lane < LANES; lane++) lanes[lane] = x[i + lane] > lanes[lane] ? x[i + lane] : lanes[lane];
  float largest = x[0];
  for (; i < count; i++) largest = x[i] > largest ? x[i] : largest;
  for (int lane = 0; lane < LANES; lane++) largest = lanes[lane] > largest ? lanes[lane] : largest;
  return largest;
}

FOR_EACH_CPU
void ag_softmax(float *scores, float factor, size_t count) {
  _Pragma("clang fp reassociate(on)")
  float largest = largest_of(scores, count);
  float sum = 0;
  for (size_t i = 0; i < count; i++) {
    scores[i] = exponential(factor * (scores[i] - largest));
    sum += scores[i];
  }
  float inverse = 1.0f / sum;
  for (size_t i = 0; i < count; i++) scores[i] *= inverse;
}

FOR_EACH_CPU
void ag_softmax_pullback(const float *y, float *dy, float factor, size_t count) {
  _Pragma("clang fp reassociate(on)")
  float product = 0;
  for (size_t i = 0; i < count; i++) product += dy[i] * y[i];
  for (size_t i = 0; i < count; i++) dy[i] = factor * y[i] * (dy[i] - product);
}
