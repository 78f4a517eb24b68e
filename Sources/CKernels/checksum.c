#include "checksum.h"

#include <pthread.h>
#include <string.h>

// table[k][b] is the effect of byte b followed by k zero bytes, so that eight bytes take eight independent look-ups.
static uint32_t table[8][256];
static pthread_once_t table_made = PTHREAD_ONCE_INIT;

static void make_table(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; bit++) remainder = remainder >> 1 ^ (remainder & 1 ? 0xEDB88320u : 0);
    table[0][byte] = remainder;
  }
  for (int zeros = 1; zeros < 8; zeros++)
    for (int byte = 0; byte < 256; byte++) {
      uint32_t before = table[zeros - 1][byte];
      table[zeros][byte] = before >> 8 ^ table[0][before & 0xFF];
    }
}

static uint32_t by_table(uint32_t state, const unsigned char *next, size_t count) {
  for (; count >= 8; count -= 8, next += 8) {
    uint32_t low = state ^ ((uint32_t)next[0] | (uint32_t)next[1] << 8 | (uint32_t)next[2] << 16 | (uint32_t)next[3] << 24);
    state = table[7][low & 0xFF] ^ table[6][low >> 8 & 0xFF] ^ table[5][low >> 16 & 0xFF] ^ table[4][low >> 24]
          ^ table[3][next[4]] ^ table[2][next[5]] ^ table[1][next[6]] ^ table[0][next[7]];
  }
  for (; count > 0; count--, next++) state = state >> 8 ^ table[0][(state ^ *next) & 0xFF];
  return state;
}

#if defined(__x86_64__)
#include <immintrin.h>

// Moves `value` over as many zero bytes as `constants` stand for: its two halves times x^n mod P, bits reflected.
// (Gopal and others, Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction, Intel 2009.)
__attribute__((target("pclmul,sse4.1")))
static inline __m128i moved(__m128i value, __m128i constants) {
  return _mm_xor_si128(_mm_clmulepi64_si128(value, constants, 0x00), _mm_clmulepi64_si128(value, constants, 0x11));
}

__attribute__((target("pclmul,sse4.1")))
static uint32_t by_products(uint32_t state, const unsigned char *next, size_t count) {
  const __m128i over_64_bytes = _mm_set_epi64x(0x1C6E41596, 0x154442BD4);  // x^(512-32), x^(512+32)
  const __m128i over_16_bytes = _mm_set_epi64x(0x0CCAA009E, 0x1751997D0);  // x^(128-32), x^(128+32)
  const __m128i *blocks = (const __m128i *)next;
  __m128i lane[4];
  for (int i = 0; i < 4; i++) lane[i] = _mm_loadu_si128(blocks + i);
  lane[0] = _mm_xor_si128(lane[0], _mm_cvtsi32_si128((int)state));
  for (blocks += 4, count -= 64; count >= 64; blocks += 4, count -= 64)
    for (int i = 0; i < 4; i++) lane[i] = _mm_xor_si128(moved(lane[i], over_64_bytes), _mm_loadu_si128(blocks + i));
  __m128i all = lane[0];
  for (int i = 1; i < 4; i++) all = _mm_xor_si128(moved(all, over_16_bytes), lane[i]);
  unsigned char rest[16];  // 16 bytes with the checksum of all before
  _mm_storeu_si128((__m128i *)rest, all);
  return by_table(by_table(0, rest, sizeof rest), (const unsigned char *)blocks, count);
}
#endif

uint32_t aesgrad_crc32(uint32_t checksum, const void *bytes, size_t count) {
  pthread_once(&table_made, make_table);
#if defined(__x86_64__)
  if (count >= 64 && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"))
    return ~by_products(~checksum, bytes, count);
#endif
  return ~by_table(~checksum, bytes, count);
}

uint32_t aesgrad_crc32_portable(uint32_t checksum, const void *bytes, size_t count) {
  pthread_once(&table_made, make_table);
  return ~by_table(~checksum, bytes, count);
}
