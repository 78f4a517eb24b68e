#include "split_convolution.h"

#include <string.h>

#include "split.h"

#if defined(__x86_64__) && defined(__linux__)

// Channels are taken in stretches of five groups, and pixels in bands of eight blocks: what a band sees of a stretch stays in
// the cache of second level, with the weights of a line, while all the weights pass by it. Within a stretch a pixel is its
// high parts, then its low ones.
enum { STRETCH = 5, BAND = 8, TAPS = 9, PIXEL = 2 * 64 };

static size_t groups_of_stretch(size_t all, size_t first) { return all - first < STRETCH ? all - first : STRETCH; }

size_t ag_split_pixels_size(size_t pixels, size_t inputs) { return pixels * groups(inputs) * PIXEL; }

size_t ag_split_kernel_size(size_t inputs) { return TAPS * groups(inputs) * GROUP; }

MATRIX_UNIT void ag_split_line(const float *x, size_t width, size_t inputs, void *packed, size_t first, size_t pixels) {
  size_t all = groups(inputs);
  for (size_t from = 0; from < all; from += STRETCH) {
    size_t count = groups_of_stretch(all, from), length = count * PIXEL;
    char *target = (char *)packed + pixels * from * PIXEL + first * length;
    if (!x) {
      memset(target, 0, (width + 1) * length);
      continue;
    }
    memset(target, 0, length);
    for (size_t column = 0; column < width; column++) {
      target += length;
      const float *pixel = x + column * inputs;
      for (size_t i = 0; i < count; i++) {
        size_t channel = (from + i) * SIDE;
        store_left_side(load_columns(pixel, channel, inputs), load_columns(pixel, channel + 16, inputs), target + i * 64, count * 64);
      }
    }
  }
}

// For each line of 32 outputs, stretch, tap and group of 32 inputs one group of tiles.
MATRIX_UNIT void ag_split_kernel(const float *weights, size_t outputs, size_t inputs, void *packed) {
  size_t all = groups(inputs);
  for (size_t output = 0; output < groups(outputs) * SIDE; output += 16) {
    char *line = (char *)packed + output / SIDE * TAPS * all * GROUP + output % SIDE / 16 * TILE;
    for (size_t input = 0; input < all * SIDE; input += 16) {
      size_t group = input / SIDE, stretch = group / STRETCH * STRETCH, count = groups_of_stretch(all, stretch);
      char *target = line + (TAPS * stretch + group - stretch) * GROUP + input % SIDE / 16 * (TILE / 2);
      // All taps of sixteen inputs stand in a row.
      __m512i values[TAPS * 16], columns[16];
      for (size_t part = 0; part < TAPS; part++)
        load_square(weights + output * inputs * TAPS, inputs * TAPS, output < outputs ? outputs - output : 0, input * TAPS + part * 16,
                    inputs * TAPS, values + part * 16);
      for (size_t tap = 0; tap < TAPS; tap++, target += count * GROUP) {
        for (size_t i = 0; i < 16; i++) columns[i] = values[i * TAPS + tap];
        store_right_side(columns, target);
      }
    }
  }
}

// 32 pixels and 32 outputs over all taps of a stretch of `count` groups. Of the weights that come next, `each` lines are asked
// for at every step.
INLINE void block(const char *x, size_t across, size_t count, const char *w, float *sums, const char *next, size_t each) {
  size_t length = count * PIXEL;
  zero_sums();
  for (size_t tap = 0; tap < TAPS; tap++) {
    const char *seen = x + (tap / 3 * across + tap % 3) * length;
    for (size_t i = 0; i < count; i++, seen += 64, w += GROUP, next += each * 64) {
      for (size_t line = 0; line < each; line++) __builtin_prefetch(next + line * 64, 0, 2);
      add_split_products(seen, length, count * 64, w);
    }
  }
  store_sums(sums, SIDE);
}

// Brings a block's sums home, but for those of zeros; `started` says that y holds what earlier stretches gave.
MATRIX_UNIT static void finish(const ag_split_convolution *convolution, const float *sums, size_t first, size_t output,
                               int started) {
  size_t width = convolution->width, height = convolution->height, outputs = convolution->outputs;
  size_t line = first / (width + 1), column = first % (width + 1);
  size_t picture = line / (height + 1);
  line %= height + 1;
  __mmask16 masks[2] = {first_lanes(outputs - output), outputs - output > 16 ? first_lanes(outputs - output - 16) : 0};
  __m512 bias[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
  int adds = started || convolution->accumulates;
  for (int half = 0; half < 2; half++)
    if (convolution->bias && !started && masks[half])
      bias[half] = _mm512_maskz_loadu_ps(masks[half], convolution->bias + output + 16 * half);
  for (size_t i = 0; i < AG_SPLIT_PIXELS; i++) {
    if (line < height && column < width && picture < convolution->count) {
      float *y = convolution->y + ((picture * height + line) * width + column) * outputs + output;
      const float *part = sums + i * SIDE;
      for (int half = 0; half < 2; half++) {
        if (!masks[half]) continue;
        __m512 sum = _mm512_add_ps(_mm512_load_ps(part + 16 * half), bias[half]);
        if (adds) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(masks[half], y + 16 * half));
        _mm512_mask_storeu_ps(y + 16 * half, masks[half], sum);
      }
    }
    if (++column <= width) continue;
    column = 0;
    if (++line <= height) continue;
    line = 0, picture++;
  }
}

MATRIX_UNIT void ag_split_convolve(const ag_split_convolution *convolution, size_t from, size_t to, size_t from_line,
                                   size_t to_line) {
  float sums[1024] __attribute__((aligned(64)));
  size_t all = groups(convolution->inputs), across = convolution->width + 1;
  configure_tiles();
  for (size_t first = from; first < to; first += BAND) {
    size_t blocks = to - first < BAND ? to - first : BAND, each = (GROUP / 64 + blocks - 1) / blocks;
    for (size_t stretch = 0; stretch < all; stretch += STRETCH) {
      size_t count = groups_of_stretch(all, stretch);
      const char *x = (const char *)convolution->x + convolution->pixels * stretch * PIXEL;
      for (size_t line = from_line; line < to_line; line++) {
        const char *weights = (const char *)convolution->weights + (line * all + stretch) * TAPS * GROUP;
        const char *next = line + 1 < to_line ? weights + all * TAPS * GROUP : weights;
        for (size_t i = 0; i < blocks; i++) {
          size_t pixel = (first + i) * AG_SPLIT_PIXELS;
          block(x + pixel * count * PIXEL, across, count, weights, sums, next + i * TAPS * count * each * 64, each);
          finish(convolution, sums, pixel, line * SIDE, stretch > 0);
        }
      }
    }
  }
  _tile_release();
}

#else

size_t ag_split_pixels_size(size_t pixels, size_t inputs) { return 0; }
void ag_split_line(const float *x, size_t width, size_t inputs, void *packed, size_t first, size_t pixels) {}
size_t ag_split_kernel_size(size_t inputs) { return 0; }
void ag_split_kernel(const float *weights, size_t outputs, size_t inputs, void *packed) {}
void ag_split_convolve(const ag_split_convolution *convolution, size_t from, size_t to, size_t from_line, size_t to_line) {}

#endif
