#pragma once
#include <stddef.h>

// Winograd's convolution F(4×4, 3×3) (Lavin and Gray 2016, arXiv 1509.09308, section 4.1): a square of 4×4 outputs from 6×6
// inputs with 36 products for each pair of channels instead of 144. The points are 0, ±5/8, ±3/2 and infinity, whose
// rounding errors are smaller than those of the usual 0, ±1, ±2 and infinity (Barabasz et al. 2020, arXiv 1803.10986).
//
// Pictures are [n, height, width, channels]; stride 1, zeros around them. Squares are counted from left to right, top to
// bottom, picture after picture. Channels are multiples of sixteen.

// Weights wait in their own size, a quarter of their transform's, and are transformed for some outputs and inputs at a time,
// in the caches, whenever they are needed: that takes some per cent of the time, and so the algorithm costs no memory.

// Squares are multiplied eight at a time: their numbers below are multiples of this, the last ones may lie behind the end.
// Outputs are worked on in panels of so many, the last one narrower.
enum { AG_SQUARES = 8, AG_PANEL = 48 };

typedef struct {
  size_t count, height, width;  // of the pictures
  size_t inputs, outputs;       // channels
} ag_pictures;

// The number of squares of all pictures, not rounded up.
size_t ag_square_count(const ag_pictures *pictures);

// The weights [outputs, inputs, 3, 3] put into the order [outputs / 16][inputs][9][16] for the outputs [first, last),
// multiples of sixteen.
void ag_winograd_weights(const float *weights, float *arranged, size_t inputs, size_t first, size_t last);

// The floats that the transformed inputs of so many squares take.
size_t ag_winograd_input_count(size_t squares, size_t inputs);

// Some squares of the pictures, `first` and those behind it, and their transformed inputs.
typedef struct {
  ag_pictures pictures;
  size_t first, squares;
  float *input;
} ag_winograd_wave;

// Transforms the inputs of the squares first + [from, to), of the pictures x.
void ag_winograd_input(const ag_winograd_wave *wave, const float *x, size_t from, size_t to);

// The floats that `ag_winograd_convolve` needs to work in for so many squares.
size_t ag_winograd_scratch(size_t squares);

// The outputs of one panel at the squares first + [from, to), with the bias [outputs], or NULL, to the pictures y, or added
// to them.
void ag_winograd_convolve(const ag_winograd_wave *wave, const float *arranged, const float *bias, float *y, int adding,
                          size_t panel, size_t from, size_t to, float *scratch);
