// Run-time choice of the vector instructions: the compiler makes one copy of a function for each set and the loader picks
// the best the CPU has. Only plain loops need this; everything else is compiled for the baseline.
#pragma once

#if defined(__x86_64__)
#define FOR_EACH_CPU __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_CPU
#endif
