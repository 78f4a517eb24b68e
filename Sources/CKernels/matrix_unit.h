// What the products on the matrix unit (Intel's AMX) share. A tile is the unit's register: 16 rows of 64 bytes, here 16 by 32
// bfloat16 numbers or 16 by 16 sums in Float32.
#pragma once

#if defined(__x86_64__) && defined(__linux__)

#include <immintrin.h>
#include <stdint.h>

#define MATRIX_UNIT __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512bf16")))
#define INLINE MATRIX_UNIT static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)")

enum { TILE = 1024 };  // bytes

// Makes all eight registers whole tiles. The caller ends with _tile_release().
MATRIX_UNIT static inline void configure_tiles(void) {
  struct __attribute__((packed)) {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
  } tiles = {.palette = 1};
  for (int i = 0; i < 8; i++) tiles.bytes[i] = 64, tiles.rows[i] = 16;
  _tile_loadconfig(&tiles);
}

// The lanes of the first `count` of sixteen numbers.
MATRIX_UNIT static inline __mmask16 first_lanes(size_t count) {
  return count < 16 ? (__mmask16)((1u << count) - 1) : 0xFFFF;
}

// Sixteen numbers from `column` on of a row of `width`, zeros behind its end.
MATRIX_UNIT static inline __m512 load_columns(const float *row, size_t column, size_t width) {
  return column < width ? _mm512_maskz_loadu_ps(first_lanes(width - column), row + column) : _mm512_setzero_ps();
}

// Transposes 16 by 16 numbers of 32 bits. A perfect shuffle of all 256 turns the eight bits of a number's place, four of
// row and four of column, by one; four shuffles exchange row and column.
INLINE void transpose(__m512i rows[16]) {
  const __m512i front = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const __m512i back = _mm512_add_epi32(front, _mm512_set1_epi32(8));
  UNROLLED for (int round = 0; round < 4; round++) {
    __m512i shuffled[16];
    UNROLLED for (int i = 0; i < 8; i++) {
      shuffled[2 * i] = _mm512_permutex2var_epi32(rows[i], front, rows[i + 8]);
      shuffled[2 * i + 1] = _mm512_permutex2var_epi32(rows[i], back, rows[i + 8]);
    }
    UNROLLED for (int i = 0; i < 16; i++) rows[i] = shuffled[i];
  }
}

#endif
