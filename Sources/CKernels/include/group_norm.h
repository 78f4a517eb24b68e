#pragma once
#include <stddef.h>

// Group normalisation (Wu and He 2018, arXiv 1803.08494) of pictures whose channels stand side by side, in two passes:
// what is known of each channel, then one factor and one shift for each.

// For x [pixels, channels], at least one pixel: each channel's mean, and the sum of squared distances from it.
void ag_channel_moments(const float *x, double *mean, double *squares, size_t pixels, size_t channels);

// y = x * factor + shift for x [pixels, channels], then SiLU if `silu`; x and y may be the same.
void ag_scale_channels(const float *x, const float *factor, const float *shift, float *y, size_t pixels, size_t channels,
                       int silu);
