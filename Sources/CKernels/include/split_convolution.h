#pragma once
#include <stddef.h>

// 3×3 convolutions, stride 1, on the matrix unit, numbers split as in split_product.h.
//
// Pictures stand in a row of packed pixels: a line of zeros, the first picture's lines, a line of zeros, the next picture's
// lines, ..., each line with one zero in front. So what a pixel sees lies at nine fixed distances, and sixteen pixels in a row
// are one tile, wherever lines and pictures end; what is computed for the zeros themselves is thrown away.

// Pixels are convolved so many at a time.
enum { AG_SPLIT_PIXELS = 32 };

// The bytes of so many packed pixels of `inputs` channels; zeros fill the channels up to a multiple of 32.
size_t ag_split_pixels_size(size_t pixels, size_t inputs);
// Packs a zero and the `width` pixels of a line of x, or zeros for NULL, from the place `first` of `pixels` on. `packed` is
// aligned to 64 bytes.
void ag_split_line(const float *x, size_t width, size_t inputs, void *packed, size_t first, size_t pixels);

// The bytes that the weights of 32 outputs take packed.
size_t ag_split_kernel_size(size_t inputs);
// Packs weights [outputs, inputs, 3, 3], 32 outputs behind the other, with zeros behind the last.
void ag_split_kernel(const float *weights, size_t outputs, size_t inputs, void *packed);

typedef struct {
  size_t count, height, width;  // of the pictures
  size_t inputs, outputs;       // channels
  const void *x;                // packed pixels, `pixels` of them
  size_t pixels;
  const void *weights;  // packed
  const float *bias;    // [outputs], or NULL
  float *y;             // [count, height, width, outputs]
  int accumulates;      // y += the result
} ag_split_convolution;

// The outputs [32 · from_line, 32 · to_line), as far as they exist, of the packed pixels [32 · from, 32 · to): for each of
// them the pixel one line and one place further on.
void ag_split_convolve(const ag_split_convolution *convolution, size_t from, size_t to, size_t from_line, size_t to_line);
