#include <math.h>

#include "dispatch.h"
#include "few_rows.h"
#include "lanes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define BETA2 0.999f
// Not 1 - BETA2: that difference of rounded numbers is off by 1.3e-5 of itself, and with it every step by half of that.
#define SHARE1 0.1f
#define SHARE2 0.001f
#define EPSILON 1e-8f
#define INLINE static inline __attribute__((always_inline))
// So many rows of weights are swept side by side: as many as leave room for their gradients in 32 vector registers. Their
// moments are asked for so many tiles before they are needed.
enum { BAND_ROWS = AG_BAND_ROWS, TILES_AHEAD = 6 };
#define PREFETCH(address) __builtin_prefetch(address)
#define UNROLLED _Pragma("clang loop unroll(full)")

// How many floats the moments of all rows before `row` take.
static inline size_t moments_before(size_t row, size_t inputs) { return 2 * row * ((inputs + LANES - 1) / LANES * LANES); }

size_t ag_moments_count(size_t outputs, size_t inputs) { return moments_before(outputs, inputs); }

INLINE lanes divided_by_root(lanes mean, lanes square, float factor) {
  return mean / (__builtin_elementwise_sqrt(square) * factor + EPSILON);
}

#define SWEEP sweep_plain
#define BAND band_plain
#define TILE tile_plain
#define GRADIENT gradient_plain
#define ATTRIBUTES FOR_EACH_CPU static
#define QUOTIENT divided_by_root
#include "sweep.inc"

#if defined(__x86_64__)
// Square root and division take longer than everything else in the sweep together. Estimates of 14 bits, refined by one
// step of Newton's method to about 27, are exact enough for Float32 and leave the memory as the only limit.
INLINE __attribute__((target("arch=x86-64-v4"))) lanes estimated_by_root(lanes mean, lanes square, float factor) {
  lanes floored = (lanes)_mm512_max_ps((__m512)square, _mm512_set1_ps(1e-37f));  // 1 / sqrt(0) is infinite
  lanes inverse = (lanes)_mm512_rsqrt14_ps((__m512)floored);
  inverse = inverse * (1.5f - 0.5f * floored * inverse * inverse);
  lanes divisor = square * inverse * factor + EPSILON;
  lanes quotient = (lanes)_mm512_rcp14_ps((__m512)divisor);
  return mean * (quotient * (2.0f - divisor * quotient));
}

#define SWEEP sweep_estimating
#define BAND band_estimating
#define TILE tile_estimating
#define GRADIENT gradient_estimating
#define ATTRIBUTES __attribute__((target("arch=x86-64-v4"))) static
#define QUOTIENT estimated_by_root
#undef INLINE
#define INLINE static inline __attribute__((always_inline, target("arch=x86-64-v4")))
#include "sweep.inc"
#endif

void ag_sweep_rows(const ag_sweep *sweep, size_t first, size_t last) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v4")) return sweep_estimating(sweep, first, last);
#endif
  sweep_plain(sweep, first, last);
}

FOR_EACH_CPU
void ag_adam(float *parameters, float *mean, float *square, const float *gradient, float learning_rate,
             float root_factor, size_t count) {
  for (size_t i = 0; i < count; i++) {
    mean[i] += SHARE1 * (gradient[i] - mean[i]);
    square[i] = BETA2 * square[i] + SHARE2 * gradient[i] * gradient[i];
    parameters[i] -= learning_rate * mean[i] / (sqrtf(square[i]) * root_factor + EPSILON);
  }
}
