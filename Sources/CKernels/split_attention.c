#include "split_attention.h"

#include <math.h>
#include <string.h>

#include "split.h"

#if defined(__x86_64__) && defined(__linux__)

// So many groups of keys at a time, for so many groups of queries: their scores stay in the cache of first level, and the
// keys' and values' parts in the second while all of the queries see them.
enum { KEY_GROUPS = 8, BLOCK_KEYS = KEY_GROUPS * SIDE, QUERY_GROUPS = 2 };

size_t ag_split_keys_size(size_t keys, size_t width) { return 2 * groups(keys) * groups(width) * GROUP; }

// Of the keys [keys / 32][width / 32] groups, of the values [width / 32][keys / 32].
MATRIX_UNIT void ag_pack_split_keys(const float *keys, const float *values, size_t stride, void *packed, size_t count,
                                    size_t width) {
  size_t down = groups(count), across = groups(width);
  char *packed_values = (char *)packed + down * across * GROUP;
  for (size_t key = 0; key < down * SIDE; key += 16) {
    size_t height = key < count ? count - key : 0;
    for (size_t i = 0; i < across * SIDE; i += 16) {
      __m512i columns[16];
      load_square(keys + key * stride, stride, height, i, width, columns);
      store_right_side(columns, (char *)packed + (key / SIDE * across + i / SIDE) * GROUP + key % SIDE / 16 * TILE +
                                    i % SIDE / 16 * (TILE / 2));
      for (size_t row = 0; row < 16; row++)
        columns[row] = row < height ? _mm512_castps_si512(load_columns(values + (key + row) * stride, i, width))
                                    : _mm512_setzero_si512();
      store_right_side(columns, packed_values + (i / SIDE * down + key / SIDE) * GROUP + i % SIDE / 16 * TILE +
                                    key % SIDE / 16 * (TILE / 2));
    }
  }
}

// Where the parts of the work stand: for each group of queries these [width / 32] groups, divided by the root of the width; the
// sums of the values, weighed with e^(score - largest), [32][width up to 32s]; and of each query the largest score and the
// weights' sum. For one group at a time the scores [32][BLOCK_KEYS] and the weights, as groups.
typedef struct {
  char *queries;
  float *sums, *largest, *total, *scores;
  char *weights;
} work;

size_t ag_split_attend_scratch(size_t width) {
  return QUERY_GROUPS * (groups(width) * (GROUP + SIDE * SIDE * 4) + 2 * SIDE * 4) + SIDE * BLOCK_KEYS * 4 + KEY_GROUPS * GROUP;
}

static work work_in(char *scratch, size_t across) {
  work all = {.queries = scratch, .weights = scratch + QUERY_GROUPS * across * GROUP};
  all.scores = (float *)(all.weights + KEY_GROUPS * GROUP);
  all.sums = all.scores + SIDE * BLOCK_KEYS;
  all.largest = all.sums + QUERY_GROUPS * SIDE * across * SIDE;
  all.total = all.largest + QUERY_GROUPS * SIDE;
  return all;
}

// The work on the group of queries with this number.
static work of_group(work all, size_t group, size_t across) {
  all.queries += group * across * GROUP, all.sums += group * SIDE * across * SIDE;
  all.largest += group * SIDE, all.total += group * SIDE;
  return all;
}

// e^x for x <= 0, within 2^-22, or e^-60 where that is less, so that no low part is subnormal: Cody-Waite reduction to
// |r| <= ln 2 / 2 and the Taylor polynomial of degree 6, whose remainder r^7 / 7! is below 1.2e-7.
INLINE __m512 exponentials(__m512 x) {
  x = _mm512_max_ps(x, _mm512_set1_ps(-60));
  __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x));
  const float terms[] = {1 / 120.0f, 1 / 24.0f, 1 / 6.0f, 0.5f, 1, 1};
  __m512 sum = _mm512_set1_ps(1 / 720.0f);
  UNROLLED for (int i = 0; i < 6; i++) sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(terms[i]));
  return _mm512_scalef_ps(sum, n);
}

// Turns a row of scores, of `count` keys, into weights e^(score - largest), as a line of groups; returns their sum.
INLINE float weigh(float *restrict scores, size_t count, float *largest, char *weights) {
  size_t padded = groups(count) * SIDE;
  for (size_t key = count; key < padded; key++) scores[key] = -INFINITY;
  __m512 highest = _mm512_load_ps(scores);
  for (size_t key = 16; key < padded; key += 16) highest = _mm512_max_ps(highest, _mm512_load_ps(scores + key));
  *largest = fmaxf(*largest, _mm512_reduce_max_ps(highest));
  __m512 least = _mm512_set1_ps(*largest), sum = _mm512_setzero_ps();
  for (size_t key = 0; key < padded; key += SIDE, weights += GROUP) {
    __m512 first = exponentials(_mm512_sub_ps(_mm512_load_ps(scores + key), least));
    __m512 second = exponentials(_mm512_sub_ps(_mm512_load_ps(scores + key + 16), least));
    sum = _mm512_add_ps(sum, _mm512_add_ps(first, second));
    store_left_side(first, second, weights, 2 * TILE);
  }
  return _mm512_reduce_add_ps(sum);
}

// Lets 32 queries see the keys of the groups from `first` on, `count` of them.
INLINE void see(work s, const char *keys, const char *values, size_t first, size_t count, size_t down, size_t across) {
  size_t steps = groups(count);
  for (size_t step = 0; step < steps; step++) {
    zero_sums();
    for (size_t i = 0; i < across; i++)
      add_split_products(s.queries + i * GROUP, 64, 2 * TILE, keys + ((first + step) * across + i) * GROUP);
    store_sums(s.scores + step * SIDE, BLOCK_KEYS);
  }
  for (size_t line = 0; line < SIDE; line++) {
    float before = s.largest[line];
    float sum = weigh(s.scores + line * BLOCK_KEYS, count, &s.largest[line], s.weights + line / 16 * TILE + line % 16 * 64);
    float keep = first == 0 ? 0 : expf(before - s.largest[line]);
    s.total[line] = s.total[line] * keep + sum;
    if (keep != 1)
      for (size_t i = 0; i < across * SIDE; i++) s.sums[line * across * SIDE + i] *= keep;
  }
  for (size_t i = 0; i < across; i++) {
    load_sums(s.sums + i * SIDE, across * SIDE);
    for (size_t step = 0; step < steps; step++)
      add_split_products(s.weights + step * GROUP, 64, 2 * TILE, values + (i * down + first + step) * GROUP);
    store_sums(s.sums + i * SIDE, across * SIDE);
  }
}

MATRIX_UNIT void ag_split_attend(const float *queries, size_t stride, const void *packed, size_t keys, size_t width, float *y,
                                 size_t y_stride, size_t rows, void *scratch) {
  size_t down = groups(keys), across = groups(width);
  const char *packed_keys = packed, *packed_values = packed_keys + down * across * GROUP;
  __m512 factor = _mm512_set1_ps(1.0f / sqrtf((float)width));
  work all = work_in(scratch, across);
  configure_tiles();
  for (size_t from = 0; from < rows; from += QUERY_GROUPS * SIDE) {
    size_t real = rows - from < QUERY_GROUPS * SIDE ? rows - from : QUERY_GROUPS * SIDE;
    for (size_t row = 0; row < groups(real) * SIDE; row++) {
      const float *query = queries + (from + (row < real ? row : 0)) * stride;
      char *target = of_group(all, row / SIDE, across).queries + row % SIDE / 16 * TILE + row % 16 * 64;
      for (size_t i = 0; i < across * SIDE; i += SIDE, target += GROUP)
        store_left_side(_mm512_mul_ps(factor, load_columns(query, i, width)),
                        _mm512_mul_ps(factor, load_columns(query, i + 16, width)), target, 2 * TILE);
      all.largest[row] = -INFINITY, all.total[row] = 0;
    }
    memset(all.sums, 0, groups(real) * SIDE * across * SIDE * sizeof(float));
    for (size_t first = 0; first < down; first += KEY_GROUPS) {
      size_t count = keys - first * SIDE < BLOCK_KEYS ? keys - first * SIDE : BLOCK_KEYS;
      for (size_t group = 0; group < groups(real); group++)
        see(of_group(all, group, across), packed_keys, packed_values, first, count, down, across);
    }
    for (size_t row = 0; row < real; row++) {
      __m512 share = _mm512_set1_ps(1 / all.total[row]);
      for (size_t i = 0; i < width; i += 16)
        _mm512_mask_storeu_ps(y + (from + row) * y_stride + i, first_lanes(width - i),
                              _mm512_mul_ps(share, _mm512_load_ps(all.sums + row * across * SIDE + i)));
    }
  }
  _tile_release();
}

#else

size_t ag_split_keys_size(size_t keys, size_t width) { return 0; }
void ag_pack_split_keys(const float *keys, const float *values, size_t stride, void *packed, size_t count, size_t width) {}
size_t ag_split_attend_scratch(size_t width) { return 0; }
void ag_split_attend(const float *queries, size_t stride, const void *packed, size_t keys, size_t width, float *y,
                     size_t y_stride, size_t rows, void *scratch) {}

#endif
