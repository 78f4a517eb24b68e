// Sixteen numbers side by side: one vector where the CPU has such, several narrower ones elsewhere.
#pragma once
#include <stddef.h>
#include <string.h>

// Everything here is inlined, so no vector is ever passed between functions and their calling convention does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

enum { LANES = 16 };
typedef float lanes __attribute__((vector_size(4 * LANES)));

// Macros, not functions: a function with vectors as arguments cannot be inlined into one compiled for wider vectors.

// The first `count` of sixteen numbers at `from`, zeros behind them.
#define load_lanes(from, count)            \
  ({                                       \
    lanes loaded = {0};                    \
    memcpy(&loaded, (from), 4 * (count));  \
    loaded;                                \
  })

// Stores the first `count` numbers of `value` at `to`.
#define store_lanes(to, value, count)      \
  ({                                       \
    lanes stored = (value);                \
    memcpy((to), &stored, 4 * (count));    \
  })

// The sum of all sixteen, halves added to halves.
#define sum_of_lanes(x)                                                                             \
  ({                                                                                                \
    lanes all = (x);                                                                                \
    __auto_type eight = __builtin_shufflevector(all, all, 0, 1, 2, 3, 4, 5, 6, 7) +                 \
                        __builtin_shufflevector(all, all, 8, 9, 10, 11, 12, 13, 14, 15);            \
    __auto_type four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) +                          \
                       __builtin_shufflevector(eight, eight, 4, 5, 6, 7);                           \
    __auto_type two = __builtin_shufflevector(four, four, 0, 1) + __builtin_shufflevector(four, four, 2, 3); \
    two[0] + two[1];                                                                                \
  })

// Of the vectors that have been folded into two, each now in pieces of 16, 8, 4 or 2: the front halves of the pieces of both,
// and the back halves, which have the length 8, 4, 2 or 1.
#define FRONT_8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define BACK_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define FRONT_4 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27
#define BACK_4 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31
#define FRONT_2 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29
#define BACK_2 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31
#define FRONT_1 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define BACK_1 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
