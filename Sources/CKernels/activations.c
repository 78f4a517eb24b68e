#include "activations.h"

#include "dispatch.h"
#include "exponential.h"

// The compiler would test whether input and output overlap and take the slow way where they are the same; every element
// depends on its own place alone, so that is safe.
#define ELEMENT_BY_ELEMENT _Pragma("clang loop vectorize(assume_safety)")

FOR_EACH_CPU
void ag_quick_gelu(const float *x, float *y, size_t count) {
  ELEMENT_BY_ELEMENT
  for (size_t i = 0; i < count; i++) y[i] = x[i] / (1.0f + exponential(-1.702f * x[i]));
}

FOR_EACH_CPU
void ag_quick_gelu_pullback(const float *x, const float *dy, float *dx, size_t count) {
  ELEMENT_BY_ELEMENT
  for (size_t i = 0; i < count; i++) {
    float sigmoid = 1.0f / (1.0f + exponential(-1.702f * x[i]));
    dx[i] = dy[i] * sigmoid * (1.0f + 1.702f * x[i] * (1.0f - sigmoid));
  }
}

// The standard normal distribution function. The tail erfc(z) = t * exp(-z^2 + P(t)), t = 1 / (1 + z / 2), is the Chebyshev
// fit of Press et al., Numerical Recipes, section 6.2, with a fractional error below 1.2e-7 everywhere.
static inline __attribute__((always_inline)) float normal_distribution(float x) {
  float z = (x < 0 ? -x : x) * 0.70710678f;
  float t = 1.0f / (1.0f + 0.5f * z);
  float p = 0.17087277f;
  p = p * t - 0.82215223f;
  p = p * t + 1.48851587f;
  p = p * t - 1.13520398f;
  p = p * t + 0.27886807f;
  p = p * t - 0.18628806f;
  p = p * t + 0.09678418f;
  p = p * t + 0.37409196f;
  p = p * t + 1.00002368f;
  p = p * t - 1.26551223f;
  float tail = 0.5f * t * exponential(-z * z + p);
  return x < 0 ? tail : 1.0f - tail;
}

FOR_EACH_CPU
void ag_gelu(const float *x, float *y, size_t count) {
  ELEMENT_BY_ELEMENT
  for (size_t i = 0; i < count; i++) y[i] = x[i] * normal_distribution(x[i]);
}

FOR_EACH_CPU
void ag_gelu_pullback(const float *x, const float *dy, float *dx, size_t count) {
  ELEMENT_BY_ELEMENT
  for (size_t i = 0; i < count; i++) {
    float density = 0.39894228f * exponential(-0.5f * x[i] * x[i]);
    dx[i] = dy[i] * (normal_distribution(x[i]) + x[i] * density);
  }
}

FOR_EACH_CPU
void ag_silu(const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] = x[i] / (1.0f + exponential(-x[i]));
}

FOR_EACH_CPU
void ag_geglu(const float *x, float *y, size_t rows, size_t width) {
  for (size_t row = 0; row < rows; row++, x += 2 * width, y += width)
    for (size_t i = 0; i < width; i++) y[i] = x[i] * x[width + i] * normal_distribution(x[width + i]);
}
