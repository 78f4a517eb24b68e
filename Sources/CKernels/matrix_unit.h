// What the products on the matrix unit (Intel's AMX) share. A tile is the unit's register: 16 rows of 64 bytes, here 16 by 32
// bfloat16 numbers or 16 by 16 sums in Float32.
#pragma once

#if defined(__x86_64__) && defined(__linux__)

#include <immintrin.h>
#include <stdint.h>

#define MATRIX_UNIT __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512bf16")))

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

#endif
