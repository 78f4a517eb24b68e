#define _GNU_SOURCE
#include "split_product.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "matrix_unit.h"

// Numbers are packed in groups of four tiles, 32 rows by 32 columns: high parts of rows 0-15 and 16-31, then low parts of
// both.
enum { SIDE = 32, GROUP = 4 * TILE };

// Inputs are taken in stretches of this many, and rows in panels of at most so many: a panel's stretch stays in the cache
// of second level (1 MB here) while all the weights pass by it.
enum { STRETCH = 1024, PANEL = 8 };

static size_t groups(size_t count) { return (count + SIDE - 1) / SIDE; }

int ag_has_matrix_unit(void) {
  static _Atomic int known;  // 0 not asked yet, 1 no, 2 yes
  if (known) return known == 2;
  unsigned a = 0, b = 0, c = 0, d = 0;
  int present = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1) && (d >> 24 & 1) && (b >> 16 & 1) && (b >> 30 & 3) == 3;
  present = present && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1);
  // Linux grants the tiles' state on request only: ARCH_REQ_XCOMP_PERM for XFEATURE_XTILEDATA.
  present = present && syscall(SYS_arch_prctl, 0x1023, 18) == 0;
  known = present ? 2 : 1;
  return present;
}

size_t ag_split_weights_size(size_t outputs, size_t inputs) { return groups(outputs) * groups(inputs) * GROUP; }

// Sixteen numbers as high and low parts, each rounded to nearest.
MATRIX_UNIT static inline void split(__m512 x, __m256i *high, __m256i *low) {
  *high = (__m256i)_mm512_cvtneps_pbh(x);
  __m512 rounded = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(*high), 16));
  *low = (__m256i)_mm512_cvtneps_pbh(_mm512_sub_ps(x, rounded));
}

// The right side of the unit's product wants two consecutive inputs of one output side by side, outputs in columns.
MATRIX_UNIT void ag_split_weights(const float *weights, void *packed, size_t inputs, size_t first, size_t last) {
  size_t across = groups(inputs);
  for (size_t start = first; start < last; start += SIDE) {
    char *line = (char *)packed + start / SIDE * across * GROUP;
    memset(line, 0, across * GROUP);
    for (size_t output = start; output < last && output < start + SIDE; output++) {
      const float *row = weights + output * inputs;
      size_t place = output % SIDE / 16 * TILE + output % 16 * 4;
      for (size_t input = 0; input < inputs; input += 16) {
        uint32_t pairs[2][8];
        split(load_columns(row, input, inputs), (__m256i *)pairs[0], (__m256i *)pairs[1]);
        char *group = line + input / SIDE * GROUP + input % SIDE / 16 * (TILE / 2) + place;
        for (size_t pair = 0; pair < 8; pair++) {
          memcpy(group + pair * 64, &pairs[0][pair], 4);
          memcpy(group + 2 * TILE + pair * 64, &pairs[1][pair], 4);
        }
      }
    }
  }
}

// Packs inputs [first, first + width) of up to 32 rows; `valid` is how many inputs of those exist.
MATRIX_UNIT static void pack_rows(const float *x, size_t stride, size_t rows, size_t width, size_t valid, char *packed) {
  for (size_t row = 0; row < SIDE; row++) {
    char *place = packed + row / 16 * TILE + row % 16 * 64;
    for (size_t column = 0; column < width; column += 16) {
      char *target = place + column / SIDE * GROUP + column % SIDE * 2;
      __m256i high = _mm256_setzero_si256(), low = high;
      if (row < rows) split(load_columns(x + row * stride, column, valid), &high, &low);
      _mm256_store_si256((__m256i *)target, high);
      _mm256_store_si256((__m256i *)(target + 2 * TILE), low);
    }
  }
}

// One block of 32 rows by 32 outputs over `steps` groups of 32 inputs, as four tiles of sums. While the unit works, `ahead`
// (lines of the weights that come next, `each` a step) and the 32 rows of the result are fetched.
MATRIX_UNIT static inline __attribute__((always_inline)) void block(const char *x, const char *w, size_t steps, float *sums,
                                                                    const char *ahead, size_t each, const float *y,
                                                                    size_t stride, size_t rows) {
  _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);
  for (size_t step = 0; step < steps; step++, x += GROUP, w += GROUP, ahead += each * 64) {
    for (size_t line = 0; line < each; line++) __builtin_prefetch(ahead + line * 64, 0, 2);
    if (step < rows) __builtin_prefetch(y + step * stride, 1, 3), __builtin_prefetch(y + step * stride + 16, 1, 3);
    _tile_loadd(4, x, 64), _tile_loadd(6, w, 64), _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(5, x + TILE, 64), _tile_dpbf16ps(2, 5, 6);
    _tile_loadd(7, w + TILE, 64), _tile_dpbf16ps(1, 4, 7), _tile_dpbf16ps(3, 5, 7);
    _tile_loadd(6, w + 2 * TILE, 64), _tile_dpbf16ps(0, 4, 6), _tile_dpbf16ps(2, 5, 6);
    _tile_loadd(7, w + 3 * TILE, 64), _tile_dpbf16ps(1, 4, 7), _tile_dpbf16ps(3, 5, 7);
    _tile_loadd(4, x + 2 * TILE, 64), _tile_loadd(6, w, 64), _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(5, x + 3 * TILE, 64), _tile_dpbf16ps(2, 5, 6);
    _tile_loadd(7, w + TILE, 64), _tile_dpbf16ps(1, 4, 7), _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums, 64), _tile_stored(1, sums + 256, 64), _tile_stored(2, sums + 512, 64), _tile_stored(3, sums + 768, 64);
}

// Brings a block's sums home: `started` says that y holds what earlier stretches of inputs gave.
MATRIX_UNIT static void finish(const ag_split *product, float *sums, size_t row, size_t output, int started, int ended) {
  size_t rows = product->rows - row < SIDE ? product->rows - row : SIDE;
  for (size_t half = 0; half < 2; half++) {
    size_t first = output + 16 * half;
    if (first >= product->outputs) return;
    size_t count = product->outputs - first;
    __mmask16 mask = first_lanes(count);
    __m512 bias = product->bias && !started ? _mm512_maskz_loadu_ps(mask, product->bias + first) : _mm512_setzero_ps();
    float *y = product->y + row * product->outputs + first;
    float *part = sums + 256 * half;
    int adds = started || product->accumulates;
    for (size_t i = 0; i < rows; i++) {
      float *line = part + i / 16 * 512 + i % 16 * 16;
      __m512 sum = _mm512_add_ps(_mm512_load_ps(line), bias);
      if (adds) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, y + i * product->outputs));
      if (product->activation && ended) _mm512_store_ps(line, sum);
      else _mm512_mask_storeu_ps(y + i * product->outputs, mask, sum);
    }
    if (!product->activation || !ended) continue;
    for (size_t tile = 0; tile < 2; tile++) product->activation(part + 512 * tile, part + 512 * tile, 256);
    for (size_t i = 0; i < rows; i++)
      _mm512_mask_storeu_ps(y + i * product->outputs, mask, _mm512_load_ps(part + i / 16 * 512 + i % 16 * 16));
  }
}

// Memory for a panel's rows, kept by each thread.
static char *workplace(void) {
  static _Thread_local char *memory;
  if (!memory && posix_memalign((void **)&memory, 4096, (size_t)PANEL * (STRETCH / SIDE) * GROUP) != 0) memory = NULL;
  return memory;
}

MATRIX_UNIT int ag_split_product(const ag_split *product) {
  char *panel = workplace();
  if (!panel) return 0;
  configure_tiles();
  float sums[1024] __attribute__((aligned(64)));
  size_t across = groups(product->inputs), down = groups(product->rows), lines = groups(product->outputs);
  size_t panels = (down + PANEL - 1) / PANEL;
  for (size_t index = 0; index < panels; index++) {
    size_t first = down * index / panels, blocks = down * (index + 1) / panels - first;
    for (size_t from = 0; from < across; from += STRETCH / SIDE) {
      size_t steps = across - from < STRETCH / SIDE ? across - from : STRETCH / SIDE;
      for (size_t i = 0; i < blocks; i++) {
        size_t row = (first + i) * SIDE;
        pack_rows(product->x + row * product->inputs + from * SIDE, product->inputs, product->rows - row, steps * SIDE,
                  product->inputs - from * SIDE, panel + i * steps * GROUP);
      }
      size_t each = (GROUP / 64 + blocks - 1) / blocks;
      for (size_t line = 0; line < lines; line++) {
        const char *weights = (const char *)product->weights + (line * across + from) * GROUP;
        const char *next = line + 1 < lines ? weights + across * GROUP : weights;
        for (size_t i = 0; i < blocks; i++) {
          size_t row = (first + i) * SIDE;
          block(panel + i * steps * GROUP, weights, steps, sums, next + i * steps * each * 64, each,
                product->y + row * product->outputs + line * SIDE, product->outputs, product->rows - row);
          finish(product, sums, row, line * SIDE, from > 0, from + steps == across);
        }
      }
    }
  }
  _tile_release();
  return 1;
}

#else

int ag_has_matrix_unit(void) { return 0; }
size_t ag_split_weights_size(size_t outputs, size_t inputs) { return 0; }
void ag_split_weights(const float *weights, void *packed, size_t inputs, size_t first, size_t last) {}
int ag_split_product(const ag_split *product) { return 0; }

#endif
