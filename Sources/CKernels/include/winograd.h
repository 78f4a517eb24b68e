#pragma once
#include <stddef.h>

// Winograd's convolution F(4×4, 3×3) (Lavin and Gray 2016, arXiv 1509.09308, section 4.1): a square of 4×4 outputs from 6×6
// inputs with 36 products for each pair of channels instead of 144. The points are 0, ±5/8, ±3/2 and infinity, whose
// rounding errors are smaller than those of the usual 0, ±1, ±2 and infinity (Barabasz et al. 2020, arXiv 1803.10986).
//
// Pictures are [n, height, width, channels]; stride 1, zeros around them. Squares are counted from left to right, top to
// bottom, picture after picture. Channels are multiples of sixteen.

// Squares are multiplied eight at a time: `squares` below is a multiple of this, the last ones may lie behind the end.
enum { AG_SQUARES = 8, AG_FREQUENCIES = 36 };

typedef struct {
  size_t count, height, width;  // of the pictures
  size_t inputs, outputs;       // channels
} ag_pictures;

// The number of squares of all pictures, not rounded up.
size_t ag_square_count(const ag_pictures *pictures);

// The weights [outputs, inputs, 3, 3] transformed for the outputs [first, last), multiples of sixteen, to
// [36][outputs / 48][inputs][48], the last panel narrower.
void ag_winograd_weights(const float *weights, float *transformed, size_t outputs, size_t inputs, size_t first,
                         size_t last);

// Squares [first, first + squares) of x to `transformed` [36][squares][inputs], of which the rows [from, to) are written.
void ag_winograd_input(const ag_pictures *pictures, const float *x, float *transformed, size_t first, size_t squares,
                       size_t from, size_t to);

// product [36][squares][outputs] = transformed input · transformed weights for the frequencies [from, to).
void ag_winograd_multiply(const ag_pictures *pictures, const float *weights, const float *input, float *product,
                          size_t squares, size_t from, size_t to);

// The product's rows [from, to) and the bias [outputs], or NULL, to the squares first + [from, to) of y, or added to them.
void ag_winograd_output(const ag_pictures *pictures, const float *product, const float *bias, float *y, int adding,
                        size_t first, size_t squares, size_t from, size_t to);
