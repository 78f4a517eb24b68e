#pragma once

// How many cores this process may run on.
int ag_available_cores(void);

// Lets the core rest a moment in a loop that waits for another core.
static inline void ag_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
