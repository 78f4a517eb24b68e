#include "attention.h"

#include <math.h>

#include "dispatch.h"
#include "exponential.h"
#include "tile.h"

// So many keys at a time, for so many queries: the keys' and values' parts stay in the second cache while all of the
// queries see them, and the scores of eight queries in the first.
enum { BLOCK_KEYS = 4 * TILE_COLUMNS, BLOCK_ROWS = 64 };

static size_t whole_vectors(size_t count) { return (count + LANES - 1) / LANES * LANES; }

size_t ag_packed_keys_count(size_t keys, size_t width) {
  return width * whole_vectors(keys) + whole_vectors(keys) * whole_vectors(width);
}

// Where in panels of forty-eight columns, [columns / 48][depth][48] with a narrower last one, an element stands.
INLINE size_t place_in_panels(size_t row, size_t column, size_t depth, size_t columns) {
  size_t panel = column / TILE_COLUMNS * TILE_COLUMNS;
  size_t breadth = columns - panel < TILE_COLUMNS ? columns - panel : TILE_COLUMNS;
  return panel * depth + row * breadth + column - panel;
}

FOR_EACH_CPU
void ag_pack_keys(const float *keys, const float *values, size_t stride, float *packed, size_t count, size_t width) {
  size_t padded = whole_vectors(count), broad = whole_vectors(width);
  memset(packed, 0, ag_packed_keys_count(count, width) * sizeof(float));
  // Sixteen keys at a time, so that what is written stands side by side.
  for (size_t first = 0; first < count; first += LANES)
    for (size_t i = 0; i < width; i++)
      for (size_t key = first; key < first + LANES && key < count; key++)
        packed[place_in_panels(i, key, width, padded)] = keys[key * stride + i];
  packed += width * padded;
  for (size_t key = 0; key < count; key++)
    for (size_t i = 0; i < width; i += LANES)
      memcpy(packed + place_in_panels(key, i, padded, broad), values + key * stride + i,
             (width - i < LANES ? width - i : LANES) * sizeof(float));
}

size_t ag_attend_scratch(size_t width) {
  return BLOCK_ROWS * (width + whole_vectors(width) + 2) + TILE_ROWS * BLOCK_KEYS;
}

// Turns a row of scores, `padded` with some beyond the last key, into e^(score - largest); returns their sum.
INLINE float weigh(float *restrict scores, size_t count, size_t padded, float *largest) {
  _Pragma("clang fp reassociate(on)")
  for (size_t key = count; key < padded; key++) scores[key] = -INFINITY;
  lanes highest = load_lanes(scores, LANES);
  for (size_t key = LANES; key < padded; key += LANES)
    highest = __builtin_elementwise_max(highest, load_lanes(scores + key, LANES));
  for (int lane = 0; lane < LANES; lane++) *largest = highest[lane] > *largest ? highest[lane] : *largest;
  float sum = 0, least = *largest;
  for (size_t key = 0; key < padded; key++) {
    scores[key] = exponential(scores[key] - least);
    sum += scores[key];
  }
  return sum;
}

// What is known of a block of queries after some of the keys.
typedef struct {
  float *scaled;          // the queries, divided by √d: [rows][width]
  float *sums;            // of the values, weighed with e^(score - largest): [rows][broad]
  float *largest, *total; // the largest score, and the sum of the weights: [rows]
  float *scores;          // [8][BLOCK_KEYS]
} state;

// Lets eight queries see the keys from `key` on, `real` of them, up to a whole number of vectors `block`.
INLINE void see(state s, const float *packed, size_t key, size_t real, size_t block, size_t padded, size_t width,
                size_t broad) {
  for (size_t column = 0; column < block; column += TILE_COLUMNS) {
    size_t breadth = block - column < TILE_COLUMNS ? block - column : TILE_COLUMNS;
    tile_panel_product(s.scaled, width, packed + (key + column) * width, width, s.scores + column, BLOCK_KEYS, breadth, 0);
  }
  for (size_t line = 0; line < TILE_ROWS; line++) {
    float before = s.largest[line];
    float sum = weigh(s.scores + line * BLOCK_KEYS, real, block, &s.largest[line]);
    float keep = key == 0 ? 0 : exponential(before - s.largest[line]);
    s.total[line] = s.total[line] * keep + sum;
    if (keep != 1)
      for (size_t i = 0; i < broad; i++) s.sums[line * broad + i] *= keep;
  }
  const float *values = packed + width * padded;
  for (size_t column = 0; column < broad; column += TILE_COLUMNS) {
    size_t breadth = broad - column < TILE_COLUMNS ? broad - column : TILE_COLUMNS;
    tile_panel_product(s.scores, BLOCK_KEYS, values + column * padded + key * breadth, real, s.sums + column, broad,
                       breadth, 1);
  }
}

FOR_EACH_CPU
void ag_attend(const float *queries, size_t stride, const float *packed, size_t keys, size_t width, float *y,
               size_t y_stride, size_t rows, float *scratch) {
  size_t padded = whole_vectors(keys), broad = whole_vectors(width);
  float factor = 1.0f / sqrtf((float)width);
  state all = {.scaled = scratch, .sums = scratch + BLOCK_ROWS * width};
  all.largest = all.sums + BLOCK_ROWS * broad, all.total = all.largest + BLOCK_ROWS, all.scores = all.total + BLOCK_ROWS;
  for (size_t first = 0; first < rows; first += BLOCK_ROWS) {
    size_t real_rows = rows - first < BLOCK_ROWS ? rows - first : BLOCK_ROWS;
    size_t lines = (real_rows + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
    memset(all.sums, 0, lines * broad * sizeof(float));
    for (size_t line = 0; line < lines; line++) {
      all.largest[line] = -INFINITY, all.total[line] = 0;
      const float *query = queries + (first + (line < real_rows ? line : 0)) * stride;
      for (size_t i = 0; i < width; i++) all.scaled[line * width + i] = query[i] * factor;
    }
    for (size_t key = 0; key < keys; key += BLOCK_KEYS) {
      size_t block = padded - key < BLOCK_KEYS ? padded - key : BLOCK_KEYS;
      for (size_t line = 0; line < lines; line += TILE_ROWS) {
        state eight = {all.scaled + line * width, all.sums + line * broad, all.largest + line, all.total + line, all.scores};
        see(eight, packed, key, keys - key < block ? keys - key : block, block, padded, width, broad);
      }
    }
    for (size_t line = 0; line < real_rows; line++)
      for (size_t i = 0; i < width; i++)
        y[(first + line) * y_stride + i] = all.sums[line * broad + i] / all.total[line];
  }
}
