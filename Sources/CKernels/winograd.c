#include "winograd.h"

#include "dispatch.h"
#include "tile.h"

// The points are 0, a, -a, b, -b and infinity, a² = A, b² = B. For a point p the transforms have the row of weights
// (1, p, p²) / ∏(p - q) over the other points q, the column of outputs (1, p, p², p³), and the row of inputs with the
// coefficients of ∏(x - q); infinity takes the highest coefficient.
#define PA 0.625f
#define PB 1.5f
#define A (PA * PA)
#define B (PB * PB)

// Inputs are multiplied so many at a time: the transformed weights of a panel, and what eight squares need, stay in the
// second cache.
enum { SIDE = 4, KERNEL = 3, REACH = 6, FREQUENCIES = REACH * REACH, DEPTH = 64 };
// Numbers of all 36 frequencies are written and read together, so a gap between them keeps them from falling into the same
// few places of the first cache, which repeat every 4096 bytes.
enum { GAP = LANES };
_Static_assert(AG_PANEL == TILE_COLUMNS && AG_SQUARES == TILE_ROWS, "the tile's size");

size_t ag_square_count(const ag_pictures *pictures) {
  return pictures->count * ((pictures->height + SIDE - 1) / SIDE) * ((pictures->width + SIDE - 1) / SIDE);
}

// One line of three weights to six.
INLINE void weights_line(const lanes *restrict g, const int step, lanes *restrict u, const int u_step) {
  u[0] = g[0] * (1 / (A * B));
  lanes even = (g[0] + A * g[2 * step]) * (1 / (2 * A * (A - B))), odd = g[step] * (PA / (2 * A * (A - B)));
  u[u_step] = even + odd, u[2 * u_step] = even - odd;
  even = (g[0] + B * g[2 * step]) * (1 / (2 * B * (B - A))), odd = g[step] * (PB / (2 * B * (B - A)));
  u[3 * u_step] = even + odd, u[4 * u_step] = even - odd;
  u[5 * u_step] = g[2 * step];
}

FOR_EACH_CPU
void ag_winograd_weights(const float *weights, float *arranged, size_t inputs, size_t first, size_t last) {
  for (size_t output = first; output < last; output += LANES)
    for (size_t input = 0; input < inputs; input++)
      for (int i = 0; i < KERNEL * KERNEL; i++)
        for (int lane = 0; lane < LANES; lane++)
          arranged[((output / LANES * inputs + input) * KERNEL * KERNEL + i) * LANES + lane] =
              weights[((output + lane) * inputs + input) * KERNEL * KERNEL + i];
}

// `depth` inputs from `input` on of a panel of `breadth` outputs, to [36][depth][breadth], with gaps.
INLINE void transform_weights(const float *restrict arranged, float *restrict transformed, size_t inputs, size_t input,
                              size_t depth, size_t panel, size_t breadth) {
  for (size_t output = 0; output < breadth; output += LANES) {
    const float *source = arranged + ((panel + output) / LANES * inputs + input) * KERNEL * KERNEL * LANES;
    for (size_t k = 0; k < depth; k++, source += KERNEL * KERNEL * LANES) {
      lanes g[KERNEL * KERNEL], half[REACH * KERNEL], whole[FREQUENCIES];
      UNROLLED for (int i = 0; i < KERNEL * KERNEL; i++) g[i] = load_lanes(source + i * LANES, LANES);
      UNROLLED for (int i = 0; i < KERNEL; i++) weights_line(g + i, KERNEL, half + i, KERNEL);
      UNROLLED for (int i = 0; i < REACH; i++) weights_line(half + KERNEL * i, 1, whole + REACH * i, 1);
      UNROLLED for (int f = 0; f < FREQUENCIES; f++)
        store_lanes(transformed + f * (depth * breadth + GAP) + k * breadth + output, whole[f], LANES);
    }
  }
}

INLINE void input_line(const lanes *restrict d, const int step, lanes *restrict v, const int v_step) {
  v[0] = A * B * d[0] - (A + B) * d[2 * step] + d[4 * step];
  lanes even = d[4 * step] - B * d[2 * step], odd = PA * (d[3 * step] - B * d[step]);
  v[v_step] = even + odd, v[2 * v_step] = even - odd;
  even = d[4 * step] - A * d[2 * step], odd = PB * (d[3 * step] - A * d[step]);
  v[3 * v_step] = even + odd, v[4 * v_step] = even - odd;
  v[5 * v_step] = A * B * d[step] - (A + B) * d[3 * step] + d[5 * step];
}

INLINE void output_line(const lanes *restrict m, const int step, lanes *restrict y, const int y_step) {
  lanes sum = m[step] + m[2 * step], difference = m[step] - m[2 * step];
  lanes far_sum = m[3 * step] + m[4 * step], far_difference = m[3 * step] - m[4 * step];
  y[0] = m[0] + sum + far_sum;
  y[y_step] = PA * difference + PB * far_difference;
  y[2 * y_step] = A * sum + B * far_sum;
  y[3 * y_step] = A * PA * difference + B * PB * far_difference + m[5 * step];
}

typedef struct {
  size_t picture, top, left;  // in pixels
} place;

INLINE place place_of(const ag_pictures *pictures, size_t square) {
  size_t across = (pictures->width + SIDE - 1) / SIDE, down = (pictures->height + SIDE - 1) / SIDE;
  return (place){square / across / down, square / across % down * SIDE, square % across * SIDE};
}

// Transformed inputs stand in blocks of DEPTH channels, the last one narrower: [36][blocks][squares][DEPTH],
// with gaps.
size_t ag_winograd_input_count(size_t squares, size_t inputs) { return FREQUENCIES * (squares * inputs + GAP); }

FOR_EACH_CPU
void ag_winograd_input(const ag_winograd_wave *wave, const float *x, size_t from, size_t to) {
  const ag_pictures *pictures = &wave->pictures;
  size_t inputs = pictures->inputs, squares = wave->squares, all = ag_square_count(pictures);
  for (size_t square = from; square < to; square++) {
    // A pixel outside of the picture is a zero: its vectors are read from here, always the same one.
    static const float zeros[LANES];
    const float *pixels[FREQUENCIES];
    size_t strides[FREQUENCIES];
    place at = place_of(pictures, wave->first + square);
    for (int i = 0; i < REACH; i++)
      for (int j = 0; j < REACH; j++) {
        size_t line = at.top + i - 1, column = at.left + j - 1;  // behind the end where they would be negative
        int inside = wave->first + square < all && line < pictures->height && column < pictures->width;
        pixels[REACH * i + j] =
            inside ? x + ((at.picture * pictures->height + line) * pictures->width + column) * inputs : zeros;
        strides[REACH * i + j] = inside;
      }
    for (size_t channel = 0; channel < inputs; channel += LANES) {
      size_t block = channel / DEPTH * DEPTH, depth = inputs - block < DEPTH ? inputs - block : DEPTH;
      float *target = wave->input + block * squares + square * depth + channel - block;
      lanes d[FREQUENCIES], half[FREQUENCIES], v[FREQUENCIES];
      UNROLLED for (int i = 0; i < FREQUENCIES; i++) d[i] = load_lanes(pixels[i] + strides[i] * channel, LANES);
      UNROLLED for (int i = 0; i < REACH; i++) input_line(d + i, REACH, half + i, REACH);
      UNROLLED for (int i = 0; i < REACH; i++) input_line(half + REACH * i, 1, v + REACH * i, 1);
      UNROLLED for (int f = 0; f < FREQUENCIES; f++) store_lanes(target + f * (squares * inputs + GAP), v[f], LANES);
    }
  }
}

// The products of a panel, [36][to - from][breadth] with gaps, turned into pixels.
INLINE void transform_product(const ag_winograd_wave *wave, const float *product, const float *bias, float *y, int adding,
                              size_t panel, size_t breadth, size_t from, size_t to) {
  const ag_pictures *pictures = &wave->pictures;
  size_t outputs = pictures->outputs, all = ag_square_count(pictures);
  for (size_t square = from; square < to && wave->first + square < all; square++) {
    place at = place_of(pictures, wave->first + square);
    const float *source = product + (square - from) * breadth;
    float *corner = y + ((at.picture * pictures->height + at.top) * pictures->width + at.left) * outputs + panel;
    size_t lines = pictures->height - at.top < SIDE ? pictures->height - at.top : SIDE;
    size_t columns = pictures->width - at.left < SIDE ? pictures->width - at.left : SIDE;
    for (size_t channel = 0; channel < breadth; channel += LANES) {
      lanes m[FREQUENCIES], half[SIDE * REACH], values[SIDE * SIDE];
      UNROLLED for (int f = 0; f < FREQUENCIES; f++)
        m[f] = load_lanes(source + f * ((to - from) * breadth + GAP) + channel, LANES);
      UNROLLED for (int i = 0; i < REACH; i++) output_line(m + i, REACH, half + i, REACH);
      UNROLLED for (int i = 0; i < SIDE; i++) output_line(half + REACH * i, 1, values + SIDE * i, 1);
      lanes shift = {0};
      if (bias) shift = load_lanes(bias + panel + channel, LANES);
      for (size_t i = 0; i < lines; i++)
        for (size_t j = 0; j < columns; j++) {
          float *target = corner + (i * pictures->width + j) * outputs + channel;
          lanes value = values[SIDE * i + j] + shift;
          if (adding) value += load_lanes(target, LANES);
          store_lanes(target, value, LANES);
        }
    }
  }
}

size_t ag_winograd_scratch(size_t squares) { return FREQUENCIES * (TILE_COLUMNS * (DEPTH + squares) + 2 * GAP); }

FOR_EACH_CPU
void ag_winograd_convolve(const ag_winograd_wave *wave, const float *arranged, const float *bias, float *y, int adding,
                          size_t panel, size_t from, size_t to, float *scratch) {
  size_t inputs = wave->pictures.inputs, outputs = wave->pictures.outputs, squares = to - from;
  size_t first = panel * TILE_COLUMNS, breadth = outputs - first < TILE_COLUMNS ? outputs - first : TILE_COLUMNS;
  float *weights = scratch, *product = scratch + FREQUENCIES * (TILE_COLUMNS * DEPTH + GAP);
  for (size_t block = 0; block < inputs; block += DEPTH) {
    size_t depth = inputs - block < DEPTH ? inputs - block : DEPTH;
    transform_weights(arranged, weights, inputs, block, depth, first, breadth);
    for (size_t f = 0; f < FREQUENCIES; f++) {
      const float *left = wave->input + f * (wave->squares * inputs + GAP) + block * wave->squares + from * depth;
      const float *right = weights + f * (depth * breadth + GAP);
      float *sums = product + f * (squares * breadth + GAP);
      for (size_t square = 0; square < squares; square += TILE_ROWS) {
        // Those of the next squares stand in a row, but in a farther cache.
        for (size_t next = 0; next < TILE_ROWS * depth; next += LANES)
          __builtin_prefetch(left + (square + TILE_ROWS) * depth + next);
        for (size_t next = 0; next < TILE_ROWS * breadth; next += LANES)
          __builtin_prefetch(sums + (square + TILE_ROWS) * breadth + next, 1);
        if (block == 0)
          tile_panel_product(left + square * depth, depth, right, depth, sums + square * breadth, breadth, breadth, 0);
        else
          tile_panel_product(left + square * depth, depth, right, depth, sums + square * breadth, breadth, breadth, 1);
      }
    }
  }
  transform_product(wave, product, bias, y, adding, first, breadth, from, to);
}
