#include "attention.h"

#include <math.h>
#include <stdint.h>

#include "dispatch.h"
#include "tile.h"

// So many keys at a time, for so many queries: the keys' and values' parts stay in the second cache while all of the
// queries see them, and the scores of eight queries in the first.
enum { BLOCK_KEYS = 4 * TILE_COLUMNS, BLOCK_ROWS = 64 };

static size_t whole_vectors(size_t count) { return (count + LANES - 1) / LANES * LANES; }

// Values whose last vector would be half empty or more: that of two keys then takes one, the numbers of both alternating. 40
// numbers, as Stable Diffusion's first heads have, are five vectors for two keys instead of six.
INLINE int ends_in_half(size_t width) { return width % LANES > 0 && width % LANES <= LANES / 2; }
// Where the panel begins that holds such halves, and how many whole vectors it holds of each key.
INLINE size_t last_panel(size_t broad) { return (broad - 1) / TILE_COLUMNS * TILE_COLUMNS; }
INLINE size_t vectors_before_half(size_t broad) { return (broad - last_panel(broad)) / LANES - 1; }

size_t ag_packed_keys_count(size_t keys, size_t width) {
  size_t values = whole_vectors(width) - (ends_in_half(width) ? LANES / 2 : 0);
  return whole_vectors(keys) * (width + values);
}

// Where in panels of forty-eight columns, [columns / 48][depth][48] with a narrower last one, an element stands.
INLINE size_t place_in_panels(size_t row, size_t column, size_t depth, size_t columns) {
  size_t panel = column / TILE_COLUMNS * TILE_COLUMNS;
  size_t breadth = columns - panel < TILE_COLUMNS ? columns - panel : TILE_COLUMNS;
  return panel * depth + row * breadth + column - panel;
}

// Where a number of a key's values stands.
INLINE size_t place_of_value(size_t key, size_t column, size_t padded, size_t width) {
  size_t broad = whole_vectors(width), panel = last_panel(broad), whole = vectors_before_half(broad) * LANES;
  if (!ends_in_half(width) || column < panel) return place_in_panels(key, column, padded, broad);
  size_t pair = panel * padded + key / 2 * (2 * whole + LANES), place = column - panel;
  return pair + (place < whole ? key % 2 * whole + place : 2 * whole + 2 * (place - whole) + key % 2);
}

FOR_EACH_CPU
void ag_pack_keys(const float *keys, const float *values, size_t stride, float *packed, size_t count, size_t width) {
  size_t padded = whole_vectors(count);
  memset(packed, 0, ag_packed_keys_count(count, width) * sizeof(float));
  // Sixteen keys at a time, so that what is written stands side by side.
  for (size_t first = 0; first < count; first += LANES)
    for (size_t i = 0; i < width; i++)
      for (size_t key = first; key < first + LANES && key < count; key++)
        packed[place_in_panels(i, key, width, padded)] = keys[key * stride + i];
  packed += width * padded;
  for (size_t key = 0; key < count; key++)
    for (size_t i = 0; i < width; i += LANES) {
      if (width - i >= LANES) memcpy(packed + place_of_value(key, i, padded, width), values + key * stride + i, 4 * LANES);
      else
        for (size_t j = i; j < width; j++) packed[place_of_value(key, j, padded, width)] = values[key * stride + j];
    }
}

size_t ag_attend_scratch(size_t width) {
  return BLOCK_ROWS * (width + whole_vectors(width) + LANES + 1) + TILE_ROWS * BLOCK_KEYS;
}

typedef uint32_t lane_bits __attribute__((vector_size(4 * LANES)));

#define splat(x) ((lanes){0} + (x))
// One instruction, unlike __builtin_elementwise_max, which cares about NaN. Only OpenCL's vectors know `?:` in C.
typedef float chosen_lanes __attribute__((ext_vector_type(LANES)));
#define larger(a, b)                                      \
  ({                                                      \
    chosen_lanes left = (a), right = (b);                 \
    (lanes)(left > right ? left : right);                 \
  })

// 2^x for x <= 0, but not below 2^-126: 2^n, made of the exponent's bits, times 2^r for |r| <= 1/2, by the polynomial of
// degree 5 whose largest relative error is the least (Remez 1934): 7.5e-8.
INLINE void raise_two(lanes *x) {
  lanes exponent = larger(*x, splat(-126.0f));
  // Adding 1.5 * 2^23 rounds to the nearest integer, which then stands in the low bits.
  lanes shifted = exponent + 12582912.0f, r = exponent - (shifted - 12582912.0f);
  lanes p = r * 1.327647217e-3f + 9.675541331e-3f;
  p = p * r + 5.550713273e-2f;
  p = p * r + 2.402211972e-1f;
  p = p * r + 6.931469671e-1f;
  p = p * r + 1.000000072f;
  lane_bits bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits << 23) + 0x3F800000;
  lanes power;
  memcpy(&power, &bits, sizeof bits);
  *x = p * power;
}

// Of two vectors one, as `folded` in few_rows.c makes sums.
#define larger_folded(a, b, left)                                                                               \
  ({                                                                                                            \
    lanes one = (a), other = (b);                                                                               \
    larger(__builtin_shufflevector(one, other, FRONT_##left), __builtin_shufflevector(one, other, BACK_##left)); \
  })

// What is known of a block of queries after some of the keys.
typedef struct {
  float *scaled;   // the queries times log2(e) / √d: [rows][width]
  float *sums;     // of the values, weighed with 2^(score - largest): [rows][broad]; halves apart for even and odd keys
  float *total;    // of the weights, sixteen sums for each query: [rows][16]
  float *largest;  // score: [rows]
  float *scores;   // [8][BLOCK_KEYS]
} state;

// Turns eight rows of scores, of which `padded` are there and `real` count, into weights, and brings what is known of the
// queries to their new largest scores.
INLINE void weigh(state s, size_t real, size_t padded, size_t broad) {
  lanes highest[TILE_ROWS];
  for (size_t line = 0; line < TILE_ROWS; line++) {
    float *scores = s.scores + line * BLOCK_KEYS;
    for (size_t key = real; key < padded; key++) scores[key] = -INFINITY;
    highest[line] = load_lanes(scores, LANES);
    for (size_t key = LANES; key < padded; key += LANES)
      highest[line] = larger(load_lanes(scores + key, LANES), highest[line]);
  }
  lanes fours[2];
  UNROLLED for (int i = 0; i < 2; i++)
    fours[i] = larger_folded(larger_folded(highest[4 * i], highest[4 * i + 1], 8),
                             larger_folded(highest[4 * i + 2], highest[4 * i + 3], 8), 4);
  lanes twos = larger_folded(fours[0], fours[1], 2), before = load_lanes(s.largest, TILE_ROWS);
  lanes now = larger(larger_folded(twos, twos, 1), before), keep = before - now;
  raise_two(&keep);
  store_lanes(s.largest, now, TILE_ROWS);
  for (size_t line = 0; line < TILE_ROWS; line++) {
    float *scores = s.scores + line * BLOCK_KEYS, *sums = s.sums + line * broad;
    lanes least = splat(now[line]), sum = {0};
    for (size_t key = 0; key < padded; key += LANES) {
      lanes weight = load_lanes(scores + key, LANES) - least;
      raise_two(&weight);
      store_lanes(scores + key, weight, LANES);
      sum += weight;
    }
    store_lanes(s.total + line * LANES, load_lanes(s.total + line * LANES, LANES) * keep[line] + sum, LANES);
    if (before[line] != now[line])
      for (size_t i = 0; i < broad; i += LANES) store_lanes(sums + i, load_lanes(sums + i, LANES) * keep[line], LANES);
  }
}

// c [8, 16 · vectors + 16] += a [8, depth] · b for values of `vectors` vectors and a half. `vectors` is constant where this is
// used.
INLINE void paired_product(const float *restrict a, const float *restrict b, size_t depth, float *restrict c,
                           size_t c_stride, const int vectors) {
  typedef uint64_t pairs __attribute__((vector_size(4 * LANES)));
  lanes sums[TILE_ROWS][TILE_VECTORS];
  UNROLLED for (int row = 0; row < TILE_ROWS; row++)
    UNROLLED for (int v = 0; v <= vectors; v++) sums[row][v] = load_lanes(c + row * c_stride + v * LANES, LANES);
  for (size_t k = 0; k < depth; k += 2, b += (2 * vectors + 1) * LANES) {
    lanes even[TILE_VECTORS], odd[TILE_VECTORS], halves = load_lanes(b + 2 * vectors * LANES, LANES);
    UNROLLED for (int v = 0; v < vectors; v++)
      even[v] = load_lanes(b + v * LANES, LANES), odd[v] = load_lanes(b + (vectors + v) * LANES, LANES);
    UNROLLED for (int row = 0; row < TILE_ROWS; row++) {
      const float *left = a + row * BLOCK_KEYS + k;
      uint64_t both;
      memcpy(&both, left, sizeof both);
      UNROLLED for (int v = 0; v < vectors; v++) sums[row][v] += left[0] * even[v];
      UNROLLED for (int v = 0; v < vectors; v++) sums[row][v] += left[1] * odd[v];
      sums[row][vectors] += (lanes)(pairs){both, both, both, both, both, both, both, both} * halves;
    }
  }
  UNROLLED for (int row = 0; row < TILE_ROWS; row++)
    UNROLLED for (int v = 0; v <= vectors; v++) store_lanes(c + row * c_stride + v * LANES, sums[row][v], LANES);
}

// Lets eight queries see the keys from `key` on, `real` of them, up to a whole number of vectors `block`.
INLINE void see(state s, const float *packed, size_t key, size_t real, size_t block, size_t padded, size_t width,
                size_t broad) {
  for (size_t column = 0; column < block; column += TILE_COLUMNS) {
    size_t breadth = block - column < TILE_COLUMNS ? block - column : TILE_COLUMNS;
    tile_panel_product(s.scaled, width, packed + (key + column) * width, width, s.scores + column, BLOCK_KEYS, breadth, 0);
  }
  weigh(s, real, block, broad);
  const float *values = packed + width * padded;
  size_t whole = ends_in_half(width) ? last_panel(broad) : broad;
  for (size_t column = 0; column < whole; column += TILE_COLUMNS) {
    size_t breadth = broad - column < TILE_COLUMNS ? broad - column : TILE_COLUMNS;
    tile_panel_product(s.scores, BLOCK_KEYS, values + column * padded + key * breadth, real, s.sums + column, broad,
                       breadth, 1);
  }
  if (whole == broad) return;
  // A key without a partner has one of zeros.
  const float *pairs = values + place_of_value(key, whole, padded, width);
  switch (vectors_before_half(broad)) {
    case 2: return paired_product(s.scores, pairs, real, s.sums + whole, broad, 2);
    case 1: return paired_product(s.scores, pairs, real, s.sums + whole, broad, 1);
    default: return paired_product(s.scores, pairs, real, s.sums + whole, broad, 0);
  }
}

FOR_EACH_CPU
void ag_attend(const float *queries, size_t stride, const float *packed, size_t keys, size_t width, float *y,
               size_t y_stride, size_t rows, float *scratch) {
  size_t padded = whole_vectors(keys), broad = whole_vectors(width);
  // Powers of two are nearer at hand than those of e.
  float factor = 1.44269504f / sqrtf((float)width);
  state all = {.scaled = scratch, .sums = scratch + BLOCK_ROWS * width};
  all.total = all.sums + BLOCK_ROWS * broad, all.largest = all.total + BLOCK_ROWS * LANES;
  all.scores = all.largest + BLOCK_ROWS;
  for (size_t first = 0; first < rows; first += BLOCK_ROWS) {
    size_t real_rows = rows - first < BLOCK_ROWS ? rows - first : BLOCK_ROWS;
    size_t lines = (real_rows + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
    memset(all.sums, 0, lines * broad * sizeof(float));
    memset(all.total, 0, lines * LANES * sizeof(float));
    for (size_t line = 0; line < lines; line++) {
      all.largest[line] = -INFINITY;
      const float *query = queries + (first + (line < real_rows ? line : 0)) * stride;
      for (size_t i = 0; i < width; i++) all.scaled[line * width + i] = query[i] * factor;
    }
    for (size_t key = 0; key < keys; key += BLOCK_KEYS) {
      size_t block = padded - key < BLOCK_KEYS ? padded - key : BLOCK_KEYS;
      for (size_t line = 0; line < lines; line += TILE_ROWS) {
        state eight = {all.scaled + line * width, all.sums + line * broad, all.total + line * LANES, all.largest + line,
                       all.scores};
        see(eight, packed, key, keys - key < block ? keys - key : block, block, padded, width, broad);
      }
    }
    for (size_t line = 0; line < real_rows; line++) {
      const float *total = all.total + line * LANES;
      float share = 1 / sum_of_lanes(load_lanes(total, LANES));
      float *sums = all.sums + line * broad, *half = sums + broad - LANES;
      if (ends_in_half(width))
        for (size_t i = 0; i < LANES / 2; i++) half[i] = half[2 * i] + half[2 * i + 1];
      for (size_t i = 0; i < width; i++) y[(first + line) * y_stride + i] = sums[i] * share;
    }
  }
}
