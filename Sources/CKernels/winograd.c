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

enum { SIDE = 4, KERNEL = 3, REACH = 6 };

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
void ag_winograd_weights(const float *weights, float *transformed, size_t outputs, size_t inputs, size_t first,
                         size_t last) {
  for (size_t output = first; output < last; output += LANES) {
    size_t panel = output / TILE_COLUMNS * TILE_COLUMNS;
    size_t breadth = outputs - panel < TILE_COLUMNS ? outputs - panel : TILE_COLUMNS;
    for (size_t input = 0; input < inputs; input++) {
      float columns[KERNEL * KERNEL][LANES];
      for (int lane = 0; lane < LANES; lane++)
        UNROLLED for (int i = 0; i < KERNEL * KERNEL; i++)
          columns[i][lane] = weights[((output + lane) * inputs + input) * KERNEL * KERNEL + i];
      lanes g[KERNEL * KERNEL], half[REACH * KERNEL], whole[REACH * REACH];
      UNROLLED for (int i = 0; i < KERNEL * KERNEL; i++) g[i] = load_lanes(columns[i], LANES);
      UNROLLED for (int i = 0; i < KERNEL; i++) weights_line(g + i, KERNEL, half + i, KERNEL);
      UNROLLED for (int i = 0; i < REACH; i++) weights_line(half + KERNEL * i, 1, whole + REACH * i, 1);
      UNROLLED for (int f = 0; f < AG_FREQUENCIES; f++)
        store_lanes(transformed + (f * outputs + panel) * inputs + input * breadth + output - panel, whole[f], LANES);
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

FOR_EACH_CPU
void ag_winograd_input(const ag_pictures *pictures, const float *x, float *transformed, size_t first, size_t squares,
                       size_t from, size_t to) {
  size_t inputs = pictures->inputs, all = ag_square_count(pictures);
  for (size_t square = from; square < to; square++) {
    float *target = transformed + square * inputs;
    if (first + square >= all) {
      for (int f = 0; f < AG_FREQUENCIES; f++) memset(target + f * squares * inputs, 0, inputs * sizeof(float));
      continue;
    }
    place at = place_of(pictures, first + square);
    // A pixel outside of the picture is a zero: its vectors are read from here, always the same one.
    static const float zeros[LANES];
    const float *pixels[REACH * REACH];
    size_t strides[REACH * REACH];
    for (int i = 0; i < REACH; i++)
      for (int j = 0; j < REACH; j++) {
        size_t line = at.top + i - 1, column = at.left + j - 1;  // behind the end where they would be negative
        int inside = line < pictures->height && column < pictures->width;
        pixels[REACH * i + j] =
            inside ? x + ((at.picture * pictures->height + line) * pictures->width + column) * inputs : zeros;
        strides[REACH * i + j] = inside;
      }
    for (size_t channel = 0; channel < inputs; channel += LANES) {
      lanes d[REACH * REACH], half[REACH * REACH], v[REACH * REACH];
      UNROLLED for (int i = 0; i < REACH * REACH; i++) d[i] = load_lanes(pixels[i] + strides[i] * channel, LANES);
      UNROLLED for (int i = 0; i < REACH; i++) input_line(d + i, REACH, half + i, REACH);
      UNROLLED for (int i = 0; i < REACH; i++) input_line(half + REACH * i, 1, v + REACH * i, 1);
      UNROLLED for (int f = 0; f < AG_FREQUENCIES; f++)
        store_lanes(target + f * squares * inputs + channel, v[f], LANES);
    }
  }
}

FOR_EACH_CPU
void ag_winograd_multiply(const ag_pictures *pictures, const float *weights, const float *input, float *product,
                          size_t squares, size_t from, size_t to) {
  size_t inputs = pictures->inputs, outputs = pictures->outputs;
  for (size_t f = from; f < to; f++)
    for (size_t panel = 0; panel < outputs; panel += TILE_COLUMNS) {
      size_t breadth = outputs - panel < TILE_COLUMNS ? outputs - panel : TILE_COLUMNS;
      const float *right = weights + (f * outputs + panel) * inputs;
      for (size_t square = 0; square < squares; square += TILE_ROWS)
        tile_panel_product(input + (f * squares + square) * inputs, inputs, right, inputs,
                           product + (f * squares + square) * outputs + panel, outputs, breadth, 0);
    }
}

FOR_EACH_CPU
void ag_winograd_output(const ag_pictures *pictures, const float *product, const float *bias, float *y, int adding,
                        size_t first, size_t squares, size_t from, size_t to) {
  size_t outputs = pictures->outputs, all = ag_square_count(pictures);
  for (size_t square = from; square < to && first + square < all; square++) {
    place at = place_of(pictures, first + square);
    const float *source = product + square * outputs;
    float *corner = y + ((at.picture * pictures->height + at.top) * pictures->width + at.left) * outputs;
    size_t lines = pictures->height - at.top < SIDE ? pictures->height - at.top : SIDE;
    size_t columns = pictures->width - at.left < SIDE ? pictures->width - at.left : SIDE;
    for (size_t channel = 0; channel < outputs; channel += LANES) {
      lanes m[REACH * REACH], half[SIDE * REACH], values[SIDE * SIDE];
      UNROLLED for (int f = 0; f < AG_FREQUENCIES; f++)
        m[f] = load_lanes(source + f * squares * outputs + channel, LANES);
      UNROLLED for (int i = 0; i < REACH; i++) output_line(m + i, REACH, half + i, REACH);
      UNROLLED for (int i = 0; i < SIDE; i++) output_line(half + REACH * i, 1, values + SIDE * i, 1);
      lanes shift = {0};
      if (bias) shift = load_lanes(bias + channel, LANES);
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
