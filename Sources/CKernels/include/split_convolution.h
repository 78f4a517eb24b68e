#pragma once
#include <stddef.h>

// 3×3 convolutions, stride 1, on the matrix unit, numbers split as in split_product.h, by Winograd's algorithm along the columns
// (F(2,3), Lavin and Gray 2015, arXiv 1509.09308, section 4.1). Two pixels r, s, one below the other, see the inputs a, b, c, d
// of their column with the weights u, v, w:
//   r = m0 + m1 + m2    m0 = (a - c) u    m1 = (b + c) (u + v + w) / 2
//   s = m1 - m2 - m3    m3 = (b - d) w    m2 = (c - b) (u - v + w) / 2
// and each m is first summed over the channels and the columns to the left and right: four products instead of six. Errors grow
// by a quarter; along lines and columns, or for four pixels at a time, they would grow twice as much and more.
//
// Pairs of lines stand in a row of places: a zero, then the line's pairs of pixels; pictures follow each other. So what a pair
// sees lies at three neighbouring places, and sixteen places in a row are one tile, wherever lines and pictures end; what is
// computed for the zeros is thrown away. There are four planes of places, one for each m.

// Places are convolved so many at a time.
enum { AG_SPLIT_PLACES = 32 };
// And up to so many times as many while all the weights pass by.
enum { AG_SPLIT_BAND = 6 };

// The pairs of lines of a picture; the last one's second line may lie outside of it.
static inline size_t ag_split_pairs(size_t height) { return (height + 1) / 2; }

// The bytes of so many packed places of `inputs` channels; zeros fill the channels up to a multiple of 32.
size_t ag_split_places_size(size_t places, size_t inputs);
// Packs a zero and the `width` pixels of a pair of lines, from the place `first` of `places` on. `lines` are the one above the
// pair, both of the pair and the one below, [width, inputs] each, NULL outside of the picture. `packed` is aligned to 64 bytes.
void ag_split_lines(const float *const lines[4], size_t width, size_t inputs, void *packed, size_t first, size_t places);

// The bytes that the weights of 32 outputs take packed.
size_t ag_split_kernel_size(size_t inputs);
// Packs weights [outputs, inputs, 3, 3], 32 outputs behind the other, with zeros behind the last.
void ag_split_kernel(const float *weights, size_t outputs, size_t inputs, void *packed);

typedef struct {
  size_t height, width;      // of a picture
  size_t first_pair, pairs;  // which pairs of lines of all pictures are packed
  size_t inputs, outputs;    // channels
  const void *x;             // packed
  size_t places;             // as packed: 32 · the last block and two
  const void *weights;       // packed
  const float *bias;         // [outputs], or NULL
  float *y;                  // all pictures, [count, height, width, outputs]
  int accumulates;           // y += the result
} ag_split_convolution;

// The outputs [32 · from_line, 32 · to_line), as far as they exist, of the places [32 · from, 32 · to), each the pair of pixels
// whose zero or left neighbour stands there.
void ag_split_convolve(const ag_split_convolution *convolution, size_t from, size_t to, size_t from_line, size_t to_line);
