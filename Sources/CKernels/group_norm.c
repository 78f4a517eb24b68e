#include "group_norm.h"

#include <string.h>

#include "dispatch.h"
#include "exponential.h"

// So many pixels stay in the cache between the two looks at them, and so many channels are summed at a time.
enum { BLOCK_PIXELS = 64, BLOCK_CHANNELS = 64 };

FOR_EACH_CPU
void ag_channel_moments(const float *x, double *mean, double *squares, size_t pixels, size_t channels) {
  memset(mean, 0, channels * sizeof *mean);
  memset(squares, 0, channels * sizeof *squares);
  for (size_t first = 0; first < pixels; first += BLOCK_PIXELS) {
    size_t block = pixels - first < BLOCK_PIXELS ? pixels - first : BLOCK_PIXELS;
    for (size_t channel = 0; channel < channels; channel += BLOCK_CHANNELS) {
      size_t breadth = channels - channel < BLOCK_CHANNELS ? channels - channel : BLOCK_CHANNELS;
      const float *corner = x + first * channels + channel;
      float sum[BLOCK_CHANNELS] = {0}, square[BLOCK_CHANNELS] = {0};
      for (size_t i = 0; i < block; i++)
        for (size_t c = 0; c < breadth; c++) sum[c] += corner[i * channels + c];
      for (size_t c = 0; c < breadth; c++) sum[c] /= (float)block;
      for (size_t i = 0; i < block; i++)
        for (size_t c = 0; c < breadth; c++) {
          float distance = corner[i * channels + c] - sum[c];
          square[c] += distance * distance;
        }
      // Joins the block with those before it (Chan et al. 1979, equation 2.1).
      double share = (double)block / (double)(first + block);
      for (size_t c = 0; c < breadth; c++) {
        double distance = sum[c] - mean[channel + c];
        squares[channel + c] += square[c] + distance * distance * (double)first * share;
        mean[channel + c] += distance * share;
      }
    }
  }
}

FOR_EACH_CPU
void ag_scale_channels(const float *x, const float *factor, const float *shift, float *y, size_t pixels, size_t channels,
                       int silu) {
  for (size_t pixel = 0; pixel < pixels; pixel++, x += channels, y += channels) {
    if (silu)
      for (size_t c = 0; c < channels; c++) {
        float value = x[c] * factor[c] + shift[c];
        y[c] = value / (1.0f + exponential(-value));
      }
    else
      for (size_t c = 0; c < channels; c++) y[c] = x[c] * factor[c] + shift[c];
  }
}
