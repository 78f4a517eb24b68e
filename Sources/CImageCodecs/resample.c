// The two inner loops of a separable resampling in fixed point (22 bits), bit-equal to Pillow 12.
#include <string.h>

#include "CImageCodecs.h"

#if defined(__x86_64__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx2", "sse4.1", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

typedef uint8_t bytes4 __attribute__((vector_size(4)));
typedef int32_t sums4 __attribute__((vector_size(16)));

static const int32_t half = 1 << 21;

static inline uint8_t rounded(int32_t sum) {
  int32_t value = sum >> 22;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

// One pixel and the byte after it, as four numbers.
static inline __attribute__((always_inline)) sums4 pixel_at(const uint8_t *row) {
  bytes4 bytes;
  memcpy(&bytes, row, 4);
  return __builtin_convertvector(bytes, sums4);
}

FOR_EACH_PROCESSOR
void aes_resample_rows(const uint8_t *input, int width, int rows, const aes_axis *axis, uint8_t *output) {
  size_t input_stride = (size_t)width * 3, output_stride = (size_t)axis->length * 3;
  int y = 0;
  // Four rows at a time: each weight is fetched once for all of them. A pixel is read with the byte behind it, so the
  // last row, which has none behind it, is not among them.
  for (; y + 4 < rows; y += 4) {
    const uint8_t *row = input + (size_t)y * input_stride;
    uint8_t *result = output + (size_t)y * output_stride;
    for (int x = 0; x < axis->length; x++) {
      const int32_t *weights = axis->weights + (size_t)x * (size_t)axis->stride;
      const uint8_t *from = row + (size_t)axis->firsts[x] * 3;
      sums4 sums[4];
      for (int lane = 0; lane < 4; lane++) sums[lane] = (sums4){half, half, half, half};
      for (int tap = 0; tap < axis->counts[x]; tap++, from += 3) {
        for (int lane = 0; lane < 4; lane++) sums[lane] += pixel_at(from + (size_t)lane * input_stride) * weights[tap];
      }
      for (int lane = 0; lane < 4; lane++) {
        for (int channel = 0; channel < 3; channel++) {
          result[(size_t)lane * output_stride + (size_t)x * 3 + (size_t)channel] = rounded(sums[lane][channel]);
        }
      }
    }
  }
  for (; y < rows; y++) {
    const uint8_t *row = input + (size_t)y * input_stride;
    uint8_t *result = output + (size_t)y * output_stride;
    for (int x = 0; x < axis->length; x++, result += 3) {
      const int32_t *weights = axis->weights + (size_t)x * (size_t)axis->stride;
      const uint8_t *from = row + (size_t)axis->firsts[x] * 3;
      int32_t red = half, green = half, blue = half;
      for (int tap = 0; tap < axis->counts[x]; tap++, from += 3) {
        red += from[0] * weights[tap];
        green += from[1] * weights[tap];
        blue += from[2] * weights[tap];
      }
      result[0] = rounded(red);
      result[1] = rounded(green);
      result[2] = rounded(blue);
    }
  }
}

FOR_EACH_PROCESSOR
void aes_resample_columns(const uint8_t *input, size_t row_bytes, const aes_axis *axis, int32_t *sums,
                          uint8_t *output) {
  for (int y = 0; y < axis->length; y++, output += row_bytes) {
    for (size_t x = 0; x < row_bytes; x++) sums[x] = half;
    for (int tap = 0; tap < axis->counts[y]; tap++) {
      const uint8_t *row = input + (size_t)(axis->firsts[y] + tap) * row_bytes;
      int32_t weight = axis->weights[(size_t)y * (size_t)axis->stride + (size_t)tap];
      for (size_t x = 0; x < row_bytes; x++) sums[x] += row[x] * weight;
    }
    for (size_t x = 0; x < row_bytes; x++) output[x] = rounded(sums[x]);
  }
}
