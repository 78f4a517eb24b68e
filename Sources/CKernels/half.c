#include "half.h"

#include <string.h>

static inline float float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint32_t bits_of_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline float widen_half(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
  uint32_t magnitude = half & 0x7FFFu;
  // Infinities and NaNs keep their payload; signalling NaNs become quiet, as the processor makes them.
  if (magnitude >= 0x7C00u) {
    uint32_t quiet = magnitude > 0x7C00u ? 0x00400000u : 0;
    return float_of_bits(sign | 0x7F800000u | quiet | (magnitude & 0x3FFu) << 13);
  }
  // Moved to the place of a float's fields the number is 2^112 too small, subnormal numbers too; the product is exact.
  return float_of_bits(sign | bits_of_float(float_of_bits(magnitude << 13) * 0x1p112f));
}

static inline uint16_t round_to_half(float value) {
  uint32_t bits = bits_of_float(value);
  uint32_t sign = bits >> 16 & 0x8000u;
  uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return (uint16_t)(sign | 0x7E00u | (magnitude >> 13 & 0x3FFu));
  if (magnitude >= 0x477FF000u) return (uint16_t)(sign | 0x7C00u);  // 65520 and above
  if (magnitude < 0x38800000u) {
    // Below 2^-14 halves are multiples of 2^-24, the spacing of floats from 0.5 to 1: adding 0.5 rounds for us.
    return (uint16_t)(sign | (bits_of_float(float_of_bits(magnitude) + 0.5f) - 0x3F000000u));
  }
  return (uint16_t)(sign | ((magnitude + 0xFFFu + (magnitude >> 13 & 1) - 0x38000000u) >> 13));
}

void aesgrad_widen_half_portable(const uint16_t *source, float *target, size_t count) {
  for (size_t i = 0; i < count; i++) target[i] = widen_half(source[i]);
}

void aesgrad_round_to_half_portable(const float *source, uint16_t *target, size_t count) {
  for (size_t i = 0; i < count; i++) target[i] = round_to_half(source[i]);
}

void aesgrad_widen_bfloat(const uint16_t *source, float *target, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = (uint32_t)source[i] << 16;
    memcpy(&target[i], &bits, sizeof bits);
  }
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx,f16c")))
static void widen_half_f16c(const uint16_t *source, float *target, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm256_storeu_ps(target + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(source + i))));
  aesgrad_widen_half_portable(source + i, target + i, count - i);
}

__attribute__((target("avx,f16c")))
static void round_to_half_f16c(const float *source, uint16_t *target, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m128i halves = _mm256_cvtps_ph(_mm256_loadu_ps(source + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm_storeu_si128((__m128i *)(target + i), halves);
  }
  aesgrad_round_to_half_portable(source + i, target + i, count - i);
}

static int has_f16c(void) { return __builtin_cpu_supports("avx") && __builtin_cpu_supports("f16c"); }
#endif

void aesgrad_widen_half(const uint16_t *source, float *target, size_t count) {
#if defined(__x86_64__)
  if (has_f16c()) return widen_half_f16c(source, target, count);
#endif
  aesgrad_widen_half_portable(source, target, count);
}

void aesgrad_round_to_half(const float *source, uint16_t *target, size_t count) {
#if defined(__x86_64__)
  if (has_f16c()) return round_to_half_f16c(source, target, count);
#endif
  aesgrad_round_to_half_portable(source, target, count);
}
