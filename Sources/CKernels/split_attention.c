#include "split_attention.h"

#include <math.h>
#include <string.h>

#include "split.h"

#if defined(__x86_64__) && defined(__linux__)

// So many groups of keys at a time, for so many groups of queries: their scores stay in the cache of first level, and the
// keys' and values' parts in the second while all of the queries see them.
enum { KEY_GROUPS = 8, BLOCK_KEYS = KEY_GROUPS * SIDE, QUERY_GROUPS = 2 };

size_t ag_split_keys_size(size_t keys, size_t width) { return 2 * groups(keys) * groups(width) * GROUP; }

// How heads whose width is no multiple of 32 spare the unit products of zeros. Where the rest is at most ten numbers, its three
// kinds of products, low times high, high times high and high times low, stand side by side in one tile of 32 inputs. Where it
// is at most sixteen, the values' last group is half a group.
enum { WIDEST_FOLD = SIDE / 3, WIDEST_HALF = 16 };

static size_t folded_rest(size_t width) { return width % SIDE <= WIDEST_FOLD ? width % SIDE : 0; }
static int ends_in_half(size_t width) { return width % SIDE != 0 && width % SIDE <= WIDEST_HALF; }

// The rest of a query (or a key) as one line of a tile: its low, high and high parts (or high, high and low ones).
INLINE __m512i fold(__m512 numbers, size_t rest, int is_key) {
  __m256i high, low;
  split(numbers, &high, &low);
  uint16_t parts[2][16], line[SIDE] = {0};
  _mm256_storeu_si256((__m256i *)parts[0], high), _mm256_storeu_si256((__m256i *)parts[1], low);
  for (size_t i = 0; i < rest; i++)
    line[i] = parts[!is_key][i], line[rest + i] = parts[0][i], line[2 * rest + i] = parts[is_key][i];
  return _mm512_loadu_si512(line);
}

// The products of such lines: x is two tiles of 16 queries each, w two of 16 keys.
INLINE void add_folded_products(const char *x, const char *w) {
  _tile_loadd(4, x, 64), _tile_loadd(5, w, 64), _tile_dpbf16ps(0, 4, 5);
  _tile_loadd(5, w + TILE, 64), _tile_dpbf16ps(1, 4, 5);
  _tile_loadd(4, x + TILE, 64), _tile_dpbf16ps(3, 4, 5);
  _tile_loadd(5, w, 64), _tile_dpbf16ps(2, 4, 5);
}

// As add_split_products does for whole groups, for the first sixteen columns of w, whose sums are tiles 0 and 2.
INLINE void add_half_products(const char *x, const char *w) {
  _tile_loadd(4, x + 2 * TILE, 64), _tile_loadd(5, w, 64), _tile_dpbf16ps(0, 4, 5);
  _tile_loadd(4, x + 3 * TILE, 64), _tile_dpbf16ps(2, 4, 5);
  _tile_loadd(4, x + TILE, 64), _tile_dpbf16ps(2, 4, 5);
  _tile_loadd(4, x, 64), _tile_dpbf16ps(0, 4, 5);
  _tile_loadd(5, w + 2 * TILE, 64), _tile_dpbf16ps(0, 4, 5);
  _tile_loadd(4, x + TILE, 64), _tile_dpbf16ps(2, 4, 5);
}

// Of the keys [keys / 32][width / 32] groups, of the values [width / 32][keys / 32].
MATRIX_UNIT void ag_pack_split_keys(const float *keys, const float *values, size_t stride, void *packed, size_t count,
                                    size_t width) {
  size_t down = groups(count), across = groups(width), rest = folded_rest(width);
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
    if (!rest) continue;
    __m512i lines[16];
    for (size_t row = 0; row < 16; row++)
      lines[row] = row < height ? fold(load_columns(keys + (key + row) * stride, width - rest, width), rest, 1)
                                : _mm512_setzero_si512();
    // The unit wants two consecutive inputs of a key side by side, keys in columns.
    transpose(lines);
    char *target = (char *)packed + (key / SIDE * across + across - 1) * GROUP + key % SIDE / 16 * TILE;
    for (size_t pair = 0; pair < 16; pair++) _mm512_store_si512(target + pair * 64, lines[pair]);
  }
}

// Where the parts of the work stand: for each group of queries these [width / 32] groups, times log2(e) and divided by the root
// of the width; the sums of the values, weighed with 2^(score - largest), [32][width up to 32s]; and of each query the largest
// score and the weights' sum. For one group at a time the scores [32][BLOCK_KEYS] and the weights, as groups.
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

// 2^x for x <= 0, within 2^-22 of its size, or 2^-87 where that is less, so that no low part is subnormal: 2 to the power of
// the nearest whole number times a polynomial for the rest, of least error among those of degree 5 that are 1 at 0.
INLINE __m512 powers(__m512 x) {
  x = _mm512_max_ps(x, _mm512_set1_ps(-87));
  __m512 n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), r = _mm512_sub_ps(x, n);
  const float terms[] = {0.00967151299f, 0.0555073358f, 0.240222424f, 0.693147004f, 1};
  __m512 sum = _mm512_set1_ps(0.00132647273f);
  UNROLLED for (int i = 0; i < 5; i++) sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(terms[i]));
  return _mm512_scalef_ps(sum, n);
}

// Turns a row of scores, of `count` keys, into weights 2^(score - largest), as a line of groups; returns their sum.
INLINE float weigh(float *restrict scores, size_t count, float *largest, char *weights) {
  size_t padded = groups(count) * SIDE;
  for (size_t key = count; key < padded; key++) scores[key] = -INFINITY;
  __m512 highest = _mm512_load_ps(scores);
  for (size_t key = 16; key < padded; key += 16) highest = _mm512_max_ps(highest, _mm512_load_ps(scores + key));
  *largest = fmaxf(*largest, _mm512_reduce_max_ps(highest));
  __m512 least = _mm512_set1_ps(*largest), sum = _mm512_setzero_ps();
  for (size_t key = 0; key < padded; key += SIDE, weights += GROUP) {
    __m512 first = powers(_mm512_sub_ps(_mm512_load_ps(scores + key), least));
    __m512 second = powers(_mm512_sub_ps(_mm512_load_ps(scores + key + 16), least));
    sum = _mm512_add_ps(sum, _mm512_add_ps(first, second));
    store_left_side(first, second, weights, 2 * TILE);
  }
  return _mm512_reduce_add_ps(sum);
}

// Lets 32 queries see the keys of the groups from `first` on, `count` of them.
INLINE void see(work s, const char *keys, const char *values, size_t first, size_t count, size_t down, size_t width) {
  size_t steps = groups(count), across = groups(width), whole = across - (folded_rest(width) > 0);
  for (size_t step = 0; step < steps; step++) {
    zero_sums();
    const char *line = keys + (first + step) * across * GROUP;
    for (size_t i = 0; i < whole; i++) add_split_products(s.queries + i * GROUP, 64, 2 * TILE, line + i * GROUP);
    if (whole < across) add_folded_products(s.queries + whole * GROUP, line + whole * GROUP);
    store_sums(s.scores + step * SIDE, BLOCK_KEYS);
  }
  for (size_t line = 0; line < SIDE; line++) {
    float before = s.largest[line];
    float sum = weigh(s.scores + line * BLOCK_KEYS, count, &s.largest[line], s.weights + line / 16 * TILE + line % 16 * 64);
    float keep = first == 0 ? 0 : exp2f(before - s.largest[line]);
    s.total[line] = s.total[line] * keep + sum;
    if (keep != 1)
      for (size_t i = 0; i < across * SIDE; i++) s.sums[line * across * SIDE + i] *= keep;
  }
  for (size_t i = 0; i < across; i++) {
    load_sums(s.sums + i * SIDE, across * SIDE);
    int is_half = i == across - 1 && ends_in_half(width);
    for (size_t step = 0; step < steps; step++) {
      const char *value = values + (i * down + first + step) * GROUP;
      if (is_half) add_half_products(s.weights + step * GROUP, value);
      else add_split_products(s.weights + step * GROUP, 64, 2 * TILE, value);
    }
    store_sums(s.sums + i * SIDE, across * SIDE);
  }
}

MATRIX_UNIT void ag_split_attend(const float *queries, size_t stride, const void *packed, size_t keys, size_t width, float *y,
                                 size_t y_stride, size_t rows, void *scratch) {
  size_t down = groups(keys), across = groups(width), rest = folded_rest(width);
  const char *packed_keys = packed, *packed_values = packed_keys + down * across * GROUP;
  __m512 factor = _mm512_set1_ps(1.44269504f / sqrtf((float)width));
  work all = work_in(scratch, across);
  configure_tiles();
  for (size_t from = 0; from < rows; from += QUERY_GROUPS * SIDE) {
    size_t real = rows - from < QUERY_GROUPS * SIDE ? rows - from : QUERY_GROUPS * SIDE;
    for (size_t row = 0; row < groups(real) * SIDE; row++) {
      all.largest[row] = -INFINITY, all.total[row] = 0;
      const float *query = queries + (from + (row < real ? row : 0)) * stride;
      char *target = of_group(all, row / SIDE, across).queries + row % SIDE / 16 * TILE + row % 16 * 64;
      for (size_t i = 0; i < across * SIDE; i += SIDE, target += GROUP)
        store_left_side(_mm512_mul_ps(factor, load_columns(query, i, width)),
                        _mm512_mul_ps(factor, load_columns(query, i + 16, width)), target, 2 * TILE);
      if (!rest) continue;
      __m512 numbers = _mm512_mul_ps(factor, load_columns(query, width - rest, width));
      _mm512_store_si512(target - GROUP, fold(numbers, rest, 0));
    }
    memset(all.sums, 0, groups(real) * SIDE * across * SIDE * sizeof(float));
    for (size_t first = 0; first < down; first += KEY_GROUPS) {
      size_t count = keys - first * SIDE < BLOCK_KEYS ? keys - first * SIDE : BLOCK_KEYS;
      for (size_t group = 0; group < groups(real); group++)
        see(of_group(all, group, across), packed_keys, packed_values, first, count, down, width);
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
