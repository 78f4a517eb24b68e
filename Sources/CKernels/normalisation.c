#include "normalisation.h"

#include <math.h>

#include "dispatch.h"

// Sums run in as many lanes as the vectors have, so their order differs from a plain loop's.
#define IN_ANY_ORDER _Pragma("clang fp reassociate(on)")

static inline __attribute__((always_inline)) float mean_of(const float *x, size_t width) {
  IN_ANY_ORDER
  float sum = 0;
  for (size_t i = 0; i < width; i++) sum += x[i];
  return sum / (float)width;
}

static inline __attribute__((always_inline)) float inverse_deviation(const float *x, float mean, float epsilon,
                                                                     size_t width) {
  IN_ANY_ORDER
  float sum = 0;
  for (size_t i = 0; i < width; i++) sum += (x[i] - mean) * (x[i] - mean);
  return 1.0f / sqrtf(sum / (float)width + epsilon);
}

FOR_EACH_CPU
void ag_layer_norm(const float *x, const float *scale, const float *bias, float epsilon, float *y, size_t rows,
                   size_t width) {
  for (size_t row = 0; row < rows; row++, x += width, y += width) {
    float mean = mean_of(x, width);
    float inverse = inverse_deviation(x, mean, epsilon, width);
    for (size_t i = 0; i < width; i++) y[i] = (x[i] - mean) * inverse * scale[i] + bias[i];
  }
}

// With n = (x - mean) * inverse the forward is y = n * scale + bias, so dn = dy * scale, and since n has mean 0 and
// variance 1 along the row, dx = inverse * (dn - mean(dn) - n * mean(dn * n)).
FOR_EACH_CPU
void ag_layer_norm_pullback(const float *x, const float *scale, float epsilon, const float *dy, float *dx, float *dscale,
                            float *dbias, size_t rows, size_t width) {
  IN_ANY_ORDER
  for (size_t row = 0; row < rows; row++, x += width, dy += width, dx += width) {
    float mean = mean_of(x, width);
    float inverse = inverse_deviation(x, mean, epsilon, width);
    float sum = 0, product = 0;
    for (size_t i = 0; i < width; i++) {
      float n = (x[i] - mean) * inverse;
      float dn = dy[i] * scale[i];
      sum += dn;
      product += dn * n;
    }
    sum /= (float)width;
    product /= (float)width;
    for (size_t i = 0; i < width; i++) {
      float n = (x[i] - mean) * inverse;
      dx[i] = inverse * (dy[i] * scale[i] - sum - n * product);
      dscale[i] += dy[i] * n;
      dbias[i] += dy[i];
    }
  }
}
