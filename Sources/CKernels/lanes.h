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
