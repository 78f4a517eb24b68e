#include "few_rows.h"

#include "dispatch.h"
#include "lanes.h"

// So many rows of weights are multiplied with up to so many rows of x at a time: their sums stay in 32 vector registers.
enum { BAND_ROWS = 4, BLOCK_ROWS = 6 };
// Of x, so many numbers at a time fit into the first cache with room to spare; they meet so many rows of weights before
// others take their place.
enum { CHUNK_SIZE = 6144, GROUP_ROWS = 32 };
#define INLINE static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)")

size_t ag_packed_count(size_t rows, size_t width) { return (width + LANES - 1) / LANES * LANES * rows; }

// `count` columns, a constant but for the last ones: copies of unknown length are calls.
INLINE void pack_columns(const float *x, float *packed, size_t rows, size_t width, const size_t count) {
  for (size_t row = 0; row < rows; row++)
    store_lanes(packed + row * LANES, load_lanes(x + row * width, count), LANES);
}

INLINE void sum_columns(const float *packed, size_t pieces, size_t distance, float *x, size_t rows, size_t width,
                        const size_t count) {
  for (size_t row = 0; row < rows; row++, packed += LANES) {
    lanes sum = {0};
    for (size_t piece = 0; piece < pieces; piece++) sum += load_lanes(packed + piece * distance, LANES);
    store_lanes(x + row * width, sum, count);
  }
}

FOR_EACH_CPU
void ag_pack_rows(const float *x, float *packed, size_t rows, size_t width) {
  size_t column = 0;
  for (; column + LANES <= width; column += LANES) pack_columns(x + column, packed + column * rows, rows, width, LANES);
  if (column < width) pack_columns(x + column, packed + column * rows, rows, width, width - column);
}

FOR_EACH_CPU
void ag_sum_packed_rows(const float *packed, size_t count, float *x, size_t rows, size_t width) {
  size_t column = 0, distance = ag_packed_count(rows, width);
  for (; column + LANES <= width; column += LANES)
    sum_columns(packed + column * rows, count, distance, x + column, rows, width, LANES);
  if (column < width) sum_columns(packed + column * rows, count, distance, x + column, rows, width, width - column);
}

// Two vectors folded into one: of every vector that went into them, `left` (8, 4, 2, then 1) partial sums are left, halves
// added to halves as `sum_of_lanes` does.
#define folded(a, b, left)                                                                                \
  ({                                                                                                      \
    lanes one = (a), other = (b);                                                                         \
    __builtin_shufflevector(one, other, FRONT_##left) + __builtin_shufflevector(one, other, BACK_##left); \
  })

// Adds the products of sixteen columns, or of the last `count`, and asks for weights of the next band: two rows from the
// distance `next` on, four where no other block asks. All constants where this is used, but for these two and the last
// columns' count: loads of unknown length are calls, around which no sum would stay in a register.
INLINE void add_columns(lanes sums[BAND_ROWS][BLOCK_ROWS], const float *restrict x, const float *restrict weight,
                        size_t inputs, const int height, const int breadth, size_t next, int alone, const size_t count) {
  lanes w[BAND_ROWS];
  UNROLLED for (int i = 0; i < 2; i++) __builtin_prefetch(weight + next + i * inputs);
  if (alone) UNROLLED for (int i = 2; i < BAND_ROWS; i++) __builtin_prefetch(weight + next + i * inputs);
  UNROLLED for (int i = 0; i < height; i++) w[i] = load_lanes(weight + i * inputs, count);
  UNROLLED for (int j = 0; j < breadth; j++) {
    lanes input = load_lanes(x + j * LANES, LANES);
    UNROLLED for (int i = 0; i < height; i++) sums[i][j] += w[i] * input;
  }
}

// What a call works on: columns [first_column, last_column) of one pair of factors.
typedef struct {
  const ag_factors *factors;
  size_t first_column, last_column, rows, outputs;
  float *y;
  int adds;  // to what stands in y
} part;

// The products of `height` weight rows from `o` on with `breadth` rows of x from `row` on, heights and breadths being
// constants where this is used.
INLINE void block(const part *part, size_t row, size_t o, const int height, const int breadth, size_t next, int alone) {
  typedef float four __attribute__((vector_size(4 * BAND_ROWS), aligned(4)));
  const size_t inputs = part->factors->inputs, rows = part->rows, outputs = part->outputs, end = part->last_column;
  lanes sums[BAND_ROWS][BLOCK_ROWS] = {{{0}}};
  size_t column = part->first_column;
  const float *packed_x = part->factors->packed_x + column * rows + row * LANES, *weight = part->factors->weight + o * inputs;
  for (; column + LANES <= end; column += LANES, packed_x += rows * LANES)
    add_columns(sums, packed_x, weight + column, inputs, height, breadth, next * inputs, alone, LANES);
  if (column < end)
    add_columns(sums, packed_x, weight + column, inputs, height, breadth, next * inputs, alone, end - column);
  float *y = part->y + row * outputs + o;
  if (height == 1) {
    UNROLLED for (int j = 0; j < breadth; j++) y[j * outputs] = sum_of_lanes(sums[0][j]) + (part->adds ? y[j * outputs] : 0);
    return;
  }
  // Sixteen sums together take a third of what they would one by one.
  UNROLLED for (int first = 0; first < breadth; first += 4) {
    lanes fours[4] = {{0}};
    UNROLLED for (int j = 0; j < 4 && first + j < breadth; j++)
      fours[j] = folded(folded(sums[0][first + j], sums[1][first + j], 8), folded(sums[2][first + j], sums[3][first + j], 8), 4);
    lanes all = folded(folded(fours[0], fours[1], 2), folded(fours[2], fours[3], 2), 1);
    UNROLLED for (int j = 0; j < 4 && first + j < breadth; j++) {
      four *target = (four *)(y + (first + j) * outputs), sum;
      memcpy(&sum, (float *)&all + j * BAND_ROWS, sizeof sum);
      *target = part->adds ? *target + sum : sum;
    }
  }
}

INLINE void band(const part *part, size_t o, const int height) {
  // Blocks as even as can be: narrow ones load more for every product. Each of them asks for a part of the next band's
  // weights: all at once would be more than the CPU keeps track of.
  size_t rows = part->rows, blocks = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
  for (size_t done = 0; done < blocks; done++) {
    size_t row = rows * done / blocks, breadth = rows * (done + 1) / blocks - row;
    size_t next = height + height * done / blocks;
    switch (breadth) {
#define BLOCK(breadth) block(part, row, o, height, breadth, next, blocks == 1)
      case 1: BLOCK(1); break;
      case 2: BLOCK(2); break;
      case 3: BLOCK(3); break;
      case 4: BLOCK(4); break;
      case 5: BLOCK(5); break;
      case 6: BLOCK(6); break;
    }
  }
}

FOR_EACH_CPU
void ag_few_rows_product(const ag_factors *factors, size_t count, float *y, size_t rows, size_t outputs, size_t first,
                         size_t last) {
  for (size_t done = 0; done < count; done++) {
    // Chunks as even as can be; where there are no inputs, one that has none leaves zeros.
    size_t inputs = factors[done].inputs, chunks = rows * inputs / CHUNK_SIZE + 1;
    size_t chunk = ((inputs + LANES - 1) / LANES + chunks - 1) / chunks * LANES;
    for (size_t group = first; group < last; group += GROUP_ROWS) {
      size_t end = last - group < GROUP_ROWS ? last : group + GROUP_ROWS, column = 0;
      do {
        part part = {&factors[done], column, inputs - column < chunk ? inputs : column + chunk, rows, outputs, y,
                     done > 0 || column > 0};
        size_t o = group;
        for (; o + BAND_ROWS <= end; o += BAND_ROWS) band(&part, o, BAND_ROWS);
        for (; o < end; o++) band(&part, o, 1);
      } while ((column += chunk) < inputs);
    }
  }
}
