// What every kind of primitive needs: aligned memory, weights put into another order, one run on the calling thread.
#pragma once
#include <stddef.h>

#include "dnnl_versions.h"

// Memory for `size` bytes, aligned for vectors, or NULL.
void *ag_aligned(size_t size);

// Copies `from`, which stands in the order `plain`, to memory of its own in the order `order`; NULL if that fails.
float *ag_reordered(const float *from, const descriptor *plain, const descriptor *order);

typedef struct {
  int argument;
  const_dnnl_memory_desc_t order;
  void *data;
} ag_operand;

// Runs the primitive described with these operands, at most seven, and a scratchpad of the calling thread's.
dnnl_status_t ag_run(dnnl_primitive_desc_t description, const ag_operand *operands, int count);
