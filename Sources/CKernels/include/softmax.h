#pragma once
#include <stddef.h>

// Replaces `count` scores, at least one, by softmax(factor * scores).
void ag_softmax(float *scores, float factor, size_t count);
// Replaces dy by the cotangent of the scores: factor * y * (dy - sum(dy * y)), where y = softmax(factor * scores).
void ag_softmax_pullback(const float *y, float *dy, float factor, size_t count);
