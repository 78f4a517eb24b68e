#include "torch_normal.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "dispatch.h"

// torch computes logarithm, sine and cosine with the polynomials of the Cephes library (Moshier 1989), in Float32, and its
// compiler fuses some products with the sums behind them. To give the same bits, the same ones are fused here, by name, and
// the compiler may not fuse any others.
#pragma STDC FP_CONTRACT OFF

static inline float from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

static inline uint32_t to_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return bits;
}

// Cephes' logf of 0 < x <= 1.
static inline __attribute__((always_inline)) float logarithm(float x) {
  x = x < 1.17549435e-38f ? 1.17549435e-38f : x;
  uint32_t bits = to_bits(x);
  float exponent = (float)((int32_t)(bits >> 23) - 127) + 1.0f;
  // x = fraction * 2^exponent, the fraction from sqrt(1/2) to sqrt(2); then the polynomial in fraction - 1.
  float fraction = from_bits((bits & 0x007FFFFF) | 0x3F000000);
  int is_low = fraction < 0.70710678f;
  x = (fraction - 1.0f) + (is_low ? fraction : 0.0f);
  exponent -= is_low ? 1.0f : 0.0f;
  float square = x * x;
  float y = 7.0376836292e-2f;
  y = fmaf(y, x, -1.1514610310e-1f);
  y = fmaf(y, x, 1.1676998740e-1f);
  y = fmaf(y, x, -1.2420140846e-1f);
  y = fmaf(y, x, 1.4249322787e-1f);
  y = fmaf(y, x, -1.6668057665e-1f);
  y = fmaf(y, x, 2.0000714765e-1f);
  y = fmaf(y, x, -2.4999993993e-1f);
  y = fmaf(y, x, 3.3333331174e-1f);
  y = fmaf(y * x, square, exponent * -2.12194440e-4f);
  y = fmaf(-square, 0.5f, y);
  return fmaf(exponent, 0.693359375f, x + y);
}

// Cephes' sinf and cosf of 0 <= x.
static inline __attribute__((always_inline)) void sine_and_cosine(float x, float *sine, float *cosine) {
  // The nearest even multiple of pi / 4 is taken off in three steps.
  int32_t octant = ((int32_t)(x * 1.27323954473516f) + 1) & ~1;
  float multiple = (float)octant;
  x = fmaf(multiple, -0.78515625f, x);
  x = fmaf(multiple, -2.4187564849853515625e-4f, x);
  x = fmaf(multiple, -3.77489497744594108e-8f, x);
  float square = x * x;
  float c = 2.443315711809948e-5f;
  c = fmaf(c, square, -1.388731625493765e-3f);
  c = fmaf(c, square, 4.166664568298827e-2f);
  c = fmaf(c * square, square, -(square * 0.5f)) + 1.0f;
  float s = -1.9515295891e-4f;
  s = fmaf(s, square, 8.3321608736e-3f);
  s = fmaf(s, square, -1.6666654611e-1f);
  s = fmaf(s * square, x, x);
  int is_swapped = (octant & 2) != 0;
  uint32_t sine_sign = (uint32_t)(octant & 4) << 29, cosine_sign = (uint32_t)(~(octant - 2) & 4) << 29;
  *sine = from_bits(to_bits(is_swapped ? c : s) ^ sine_sign);
  *cosine = from_bits(to_bits(is_swapped ? s : c) ^ cosine_sign);
}

FOR_EACH_CPU
void ag_torch_normals(float *block) {
  for (int i = 0; i < 8; i++) {
    float radius = sqrtf(-2.0f * logarithm(1.0f - block[i]));
    float sine, cosine;
    sine_and_cosine(6.28318530717958648f * block[i + 8], &sine, &cosine);
    block[i] = radius * cosine;
    block[i + 8] = radius * sine;
  }
}
