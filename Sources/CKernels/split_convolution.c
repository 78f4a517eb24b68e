#include "split_convolution.h"

#include <string.h>

#include "split.h"

#if defined(__x86_64__) && defined(__linux__)

// Channels are taken in stretches of so many groups, and places in bands of blocks: what a band sees of a stretch stays in the
// cache of second level, with the weights of a line, while all the weights pass by it. Within a stretch a place is its high
// parts, then its low ones, in each of the planes.
enum { STRETCH = 5, PLANES = 4, TAPS = 3, PLACE = 2 * 64 };

static size_t groups_of_stretch(size_t all, size_t first) { return all - first < STRETCH ? all - first : STRETCH; }

size_t ag_split_places_size(size_t places, size_t inputs) { return PLANES * places * groups(inputs) * PLACE; }

MATRIX_UNIT void ag_split_lines(const float *const lines[4], size_t width, size_t inputs, void *packed, size_t first,
                                size_t places) {
  size_t all = groups(inputs);
  for (size_t from = 0; from < all; from += STRETCH) {
    size_t count = groups_of_stretch(all, from), length = count * PLACE;
    char *target = (char *)packed + PLANES * places * from * PLACE + first * length;
    for (size_t plane = 0; plane < PLANES; plane++) memset(target + plane * places * length, 0, length);
    for (size_t column = 0; column < width; column++) {
      target += length;
      for (size_t i = 0; i < count; i++) {
        __m512 values[PLANES][2];
        UNROLLED for (int half = 0; half < 2; half++) {
          size_t channel = (from + i) * SIDE + 16 * half;
          __m512 pixels[4];
          UNROLLED for (int line = 0; line < 4; line++)
            pixels[line] = lines[line] ? load_columns(lines[line] + column * inputs, channel, inputs) : _mm512_setzero_ps();
          values[0][half] = _mm512_sub_ps(pixels[0], pixels[2]), values[1][half] = _mm512_add_ps(pixels[1], pixels[2]);
          values[2][half] = _mm512_sub_ps(pixels[2], pixels[1]), values[3][half] = _mm512_sub_ps(pixels[1], pixels[3]);
        }
        UNROLLED for (int plane = 0; plane < PLANES; plane++)
          store_left_side(values[plane][0], values[plane][1], target + plane * places * length + i * 64, count * 64);
      }
    }
  }
}

size_t ag_split_kernel_size(size_t inputs) { return PLANES * TAPS * groups(inputs) * GROUP; }

// For each line of 32 outputs, stretch, plane, tap and group of 32 inputs one group of tiles.
MATRIX_UNIT void ag_split_kernel(const float *weights, size_t outputs, size_t inputs, void *packed) {
  const __m512 half = _mm512_set1_ps(0.5f);
  size_t all = groups(inputs);
  for (size_t output = 0; output < groups(outputs) * SIDE; output += 16) {
    char *line = (char *)packed + output / SIDE * PLANES * TAPS * all * GROUP + output % SIDE / 16 * TILE;
    for (size_t input = 0; input < all * SIDE; input += 16) {
      size_t group = input / SIDE, stretch = group / STRETCH * STRETCH, count = groups_of_stretch(all, stretch);
      char *target = line + (PLANES * TAPS * stretch + group - stretch) * GROUP + input % SIDE / 16 * (TILE / 2);
      // All weights of sixteen inputs stand in a row.
      __m512i values[9 * 16], columns[PLANES][16];
      for (size_t part = 0; part < 9; part++)
        load_square(weights + output * inputs * 9, inputs * 9, output < outputs ? outputs - output : 0, input * 9 + part * 16,
                    inputs * 9, values + part * 16);
      for (size_t tap = 0; tap < TAPS; tap++, target += count * GROUP) {
        for (size_t i = 0; i < 16; i++) {
          __m512 w[3];
          for (int line = 0; line < 3; line++) w[line] = _mm512_castsi512_ps(values[i * 9 + line * 3 + tap]);
          __m512 outer = _mm512_mul_ps(half, _mm512_add_ps(w[0], w[2])), middle = _mm512_mul_ps(half, w[1]);
          columns[0][i] = _mm512_castps_si512(w[0]);
          columns[1][i] = _mm512_castps_si512(_mm512_add_ps(outer, middle));
          columns[2][i] = _mm512_castps_si512(_mm512_sub_ps(outer, middle));
          columns[3][i] = _mm512_castps_si512(w[2]);
        }
        for (int plane = 0; plane < PLANES; plane++) store_right_side(columns[plane], target + plane * TAPS * count * GROUP);
      }
    }
  }
}

// 32 places and 32 outputs over all taps of a stretch of `count` groups. Of the weights that come next, `each` lines are asked
// for at every step.
INLINE void block(const char *x, size_t places, size_t count, const char *w, float *sums, const char *next, size_t each) {
  size_t length = count * PLACE;
  for (size_t plane = 0; plane < PLANES; plane++, x += places * length, sums += SIDE * SIDE) {
    zero_sums();
    for (size_t tap = 0; tap < TAPS; tap++) {
      const char *seen = x + tap * length;
      for (size_t i = 0; i < count; i++, seen += 64, w += GROUP, next += each * 64) {
        for (size_t line = 0; line < each; line++) __builtin_prefetch(next + line * 64, 0, 2);
        add_split_products(seen, length, count * 64, w);
      }
    }
    store_sums(sums, SIDE);
  }
}

// Brings a block's sums home, but for those of zeros; `started` says that y holds what earlier stretches gave.
MATRIX_UNIT static void finish(const ag_split_convolution *convolution, const float *sums, size_t first, size_t output,
                               int started) {
  size_t width = convolution->width, height = convolution->height, outputs = convolution->outputs;
  size_t pairs = ag_split_pairs(height), last = convolution->first_pair + convolution->pairs;
  size_t pair = convolution->first_pair + first / (width + 1), column = first % (width + 1);
  __mmask16 masks[2] = {first_lanes(outputs - output), outputs - output > 16 ? first_lanes(outputs - output - 16) : 0};
  __m512 bias[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
  int adds = started || convolution->accumulates;
  for (int half = 0; half < 2; half++)
    if (convolution->bias && !started && masks[half])
      bias[half] = _mm512_maskz_loadu_ps(masks[half], convolution->bias + output + 16 * half);
  for (size_t i = 0; i < AG_SPLIT_PLACES && pair < last; i++) {
    if (column < width) {
      size_t line = pair % pairs * 2;
      float *y = convolution->y + ((pair / pairs * height + line) * width + column) * outputs + output;
      for (int half = 0; half < 2; half++) {
        if (!masks[half]) continue;
        __m512 part[PLANES];
        UNROLLED for (int plane = 0; plane < PLANES; plane++)
          part[plane] = _mm512_load_ps(sums + (plane * SIDE + i) * SIDE + 16 * half);
        __m512 results[2] = {
            _mm512_add_ps(_mm512_add_ps(part[0], _mm512_add_ps(part[1], part[2])), bias[half]),
            _mm512_add_ps(_mm512_sub_ps(_mm512_sub_ps(part[1], part[2]), part[3]), bias[half]),
        };
        UNROLLED for (int lower = 0; lower < 2; lower++) {
          if (line + lower == height) continue;
          float *target = y + lower * width * outputs + 16 * half;
          __m512 result = results[lower];
          if (adds) result = _mm512_add_ps(result, _mm512_maskz_loadu_ps(masks[half], target));
          _mm512_mask_storeu_ps(target, masks[half], result);
        }
      }
    }
    if (++column <= width) continue;
    column = 0, pair++;
  }
}

MATRIX_UNIT void ag_split_convolve(const ag_split_convolution *convolution, size_t from, size_t to, size_t from_line,
                                   size_t to_line) {
  float sums[PLANES * SIDE * SIDE] __attribute__((aligned(64)));
  size_t all = groups(convolution->inputs), places = convolution->places;
  configure_tiles();
  size_t bands = (to - from + AG_SPLIT_BAND - 1) / AG_SPLIT_BAND;
  for (size_t band = 0; band < bands; band++) {
    size_t first = from + (to - from) * band / bands, blocks = from + (to - from) * (band + 1) / bands - first;
    size_t each = (GROUP / 64 + blocks - 1) / blocks;
    for (size_t stretch = 0; stretch < all; stretch += STRETCH) {
      size_t count = groups_of_stretch(all, stretch);
      const char *x = (const char *)convolution->x + PLANES * places * stretch * PLACE;
      for (size_t line = from_line; line < to_line; line++) {
        const char *weights = (const char *)convolution->weights + (line * all + stretch) * PLANES * TAPS * GROUP;
        const char *next = line + 1 < to_line ? weights + all * PLANES * TAPS * GROUP : weights;
        for (size_t i = 0; i < blocks; i++) {
          size_t place = (first + i) * AG_SPLIT_PLACES;
          block(x + place * count * PLACE, places, count, weights, sums, next + i * PLANES * TAPS * count * each * 64, each);
          finish(convolution, sums, place, line * SIDE, stretch > 0);
        }
      }
    }
  }
  _tile_release();
}

#else

size_t ag_split_places_size(size_t places, size_t inputs) { return 0; }
void ag_split_lines(const float *const lines[4], size_t width, size_t inputs, void *packed, size_t first, size_t places) {}
size_t ag_split_kernel_size(size_t inputs) { return 0; }
void ag_split_kernel(const float *weights, size_t outputs, size_t inputs, void *packed) {}
void ag_split_convolve(const ag_split_convolution *convolution, size_t from, size_t to, size_t from_line, size_t to_line) {}

#endif
