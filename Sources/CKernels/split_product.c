#define _GNU_SOURCE
#include "split_product.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "split.h"

// Inputs are taken in stretches of this many, and rows in panels of at most so many groups: a panel's stretch stays in the
// cache of second level (1 MB here) while all the weights pass by it.
enum { STRETCH = 1024, PANEL = AG_SPLIT_ROWS / SIDE };

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

size_t ag_split_weights_size(size_t inputs) { return groups(inputs) * GROUP; }

MATRIX_UNIT void ag_split_weights(const float *weights, size_t outputs, size_t inputs, void *packed) {
  size_t across = groups(inputs);
  for (size_t output = 0; output < groups(outputs) * SIDE; output += 16) {
    char *line = (char *)packed + output / SIDE * across * GROUP + output % SIDE / 16 * TILE;
    for (size_t input = 0; input < across * SIDE; input += 16) {
      __m512i columns[16];
      load_square(weights + output * inputs, inputs, output < outputs ? outputs - output : 0, input, inputs, columns);
      store_right_side(columns, line + input / SIDE * GROUP + input % SIDE / 16 * (TILE / 2));
    }
  }
}

// Packs inputs [first, first + width) of up to 32 rows; `valid` is how many inputs of those exist.
MATRIX_UNIT static void pack_rows(const float *x, size_t stride, size_t rows, size_t width, size_t valid, char *packed) {
  for (size_t row = 0; row < SIDE; row++) {
    char *place = packed + row / 16 * TILE + row % 16 * 64;
    for (size_t column = 0; column < width; column += SIDE) {
      __m512 halves[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
      for (int half = 0; half < 2 && row < rows; half++)
        halves[half] = load_columns(x + row * stride, column + 16 * half, valid);
      store_left_side(halves[0], halves[1], place + column / SIDE * GROUP, 2 * TILE);
    }
  }
}

// One block of 32 rows by 32 outputs over `steps` groups of 32 inputs. While the unit works, `ahead` (lines of the weights that
// come next, `each` a step) and the 32 rows of the result are fetched.
INLINE void block(const char *x, const char *w, size_t steps, float *sums, const char *ahead, size_t each, const float *y,
                  size_t stride, size_t rows) {
  rows = rows < SIDE ? rows : SIDE;
  zero_sums();
  for (size_t step = 0; step < steps; step++, x += GROUP, w += GROUP, ahead += each * 64) {
    for (size_t line = 0; line < each; line++) __builtin_prefetch(ahead + line * 64, 0, 2);
    for (size_t row = rows * step / steps; row < rows * (step + 1) / steps; row++)
      __builtin_prefetch(y + row * stride, 1, 3), __builtin_prefetch(y + row * stride + 16, 1, 3);
    add_split_products(x, 64, 2 * TILE, w);
  }
  store_sums(sums, SIDE);
}

// Brings a block's sums home: `started` says that y holds what earlier stretches of inputs gave.
MATRIX_UNIT static void finish(const ag_split *product, float *sums, size_t row, size_t output, int started, int ended) {
  size_t rows = product->rows - row < SIDE ? product->rows - row : SIDE;
  for (size_t half = 0; half < 2 && output + 16 * half < product->outputs; half++) {
    size_t first = output + 16 * half;
    size_t count = product->outputs - first;
    __mmask16 mask = first_lanes(count);
    __m512 bias = product->bias && !started ? _mm512_maskz_loadu_ps(mask, product->bias + first) : _mm512_setzero_ps();
    float *y = product->y + row * product->outputs + first;
    float *part = sums + 16 * half;
    int adds = started || product->accumulates;
    for (size_t i = 0; i < rows; i++) {
      float *line = part + i * SIDE;
      __m512 sum = _mm512_add_ps(_mm512_load_ps(line), bias);
      if (adds) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, y + i * product->outputs));
      if (product->activation && ended) _mm512_store_ps(line, sum);
      else _mm512_mask_storeu_ps(y + i * product->outputs, mask, sum);
    }
  }
  if (!product->activation || !ended) return;
  product->activation(sums, sums, rows * SIDE);
  for (size_t half = 0; half < 2 && output + 16 * half < product->outputs; half++) {
    size_t first = output + 16 * half;
    __mmask16 mask = first_lanes(product->outputs - first);
    for (size_t i = 0; i < rows; i++)
      _mm512_mask_storeu_ps(product->y + (row + i) * product->outputs + first, mask, _mm512_load_ps(sums + i * SIDE + 16 * half));
  }
}

// Memory for a panel's rows, kept by each thread.
static char *workplace(void) {
  static _Thread_local char *memory;
  if (!memory && posix_memalign((void **)&memory, 4096, (size_t)PANEL * (STRETCH / SIDE) * GROUP) != 0) memory = NULL;
  return memory;
}

MATRIX_UNIT int ag_split_product(const ag_split *product, size_t from_line, size_t to_line) {
  char *panel = workplace();
  if (!panel) return 0;
  configure_tiles();
  float sums[1024] __attribute__((aligned(64)));
  size_t across = groups(product->inputs), down = groups(product->rows);
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
      for (size_t line = from_line; line < to_line; line++) {
        const char *weights = (const char *)product->weights + (line * across + from) * GROUP;
        const char *next = line + 1 < to_line ? weights + across * GROUP : weights;
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
size_t ag_split_weights_size(size_t inputs) { return 0; }
void ag_split_weights(const float *weights, size_t outputs, size_t inputs, void *packed) {}
int ag_split_product(const ag_split *product, size_t from_line, size_t to_line) { return 0; }

#endif
