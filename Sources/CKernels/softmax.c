#include "softmax.h"

#include "dispatch.h"
#include "exponential.h"

FOR_EACH_CPU
void ag_softmax(float *scores, float factor, size_t count) {
  _Pragma("clang fp reassociate(on)")
  float largest = -3.402823466e38f;
  for (size_t i = 0; i < count; i++) largest = scores[i] > largest ? scores[i] : largest;
  float sum = 0;
  for (size_t i = 0; i < count; i++) {
    scores[i] = exponential(factor * (scores[i] - largest));
    sum += scores[i];
  }
  float inverse = 1.0f / sum;
  for (size_t i = 0; i < count; i++) scores[i] *= inverse;
}

FOR_EACH_CPU
void ag_softmax_pullback(const float *y, float *dy, float factor, size_t count) {
  _Pragma("clang fp reassociate(on)")
  float product = 0;
  for (size_t i = 0; i < count; i++) product += dy[i] * y[i];
  for (size_t i = 0; i < count; i++) dy[i] = factor * y[i] * (dy[i] - product);
}
