#define _GNU_SOURCE
#include "execution.h"

#include <string.h>
#include <sys/mman.h>

#include "engine.h"

void *ag_aligned(size_t size) {
  enum { HUGE_PAGE = 1 << 21 };
  int is_large = size >= 2 * HUGE_PAGE;
  void *memory = NULL;
  if (posix_memalign(&memory, is_large ? HUGE_PAGE : 64, size ? size : 64) != 0) return NULL;
  // Large weights are read from end to end; fewer, larger pages then cost less. Only advice, so no check.
  if (is_large) madvise(memory, size, MADV_HUGEPAGE);
  return memory;
}

// Kept by each thread and grown as needed.
static float *scratchpad(size_t size) {
  static _Thread_local float *memory;
  static _Thread_local size_t capacity;
  if (size > capacity) {
    free(memory);
    memory = ag_aligned(size);
    capacity = memory ? size : 0;
  }
  return memory;
}

dnnl_status_t ag_run(dnnl_primitive_desc_t description, const ag_operand *operands, int count) {
  enum { MOST = 8 };
  const_dnnl_memory_desc_t scratch_order = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
  size_t scratch_size = descriptor_size(scratch_order);
  ag_operand all[MOST] = {{DNNL_ARG_SCRATCHPAD, scratch_order, scratchpad(scratch_size)}};
  if (count >= MOST) return dnnl_invalid_arguments;
  if (scratch_size && !all[0].data) return dnnl_out_of_memory;
  memcpy(all + 1, operands, (size_t)count * sizeof *operands);

  // Making a primitive again costs microseconds: oneDNN keeps the code it generated in a cache of its own.
  dnnl_primitive_t primitive = NULL;
  dnnl_stream_t stream = ag_stream();
  dnnl_exec_arg_t arguments[MOST];
  dnnl_status_t status = stream ? dnnl_primitive_create(&primitive, description) : dnnl_out_of_memory;
  int made = 0;
  for (; status == dnnl_success && made <= count; made++) {
    arguments[made].arg = all[made].argument;
    status = dnnl_memory_create(&arguments[made].memory, all[made].order, ag_engine(), all[made].data);
    if (status != dnnl_success) break;
  }
  if (status == dnnl_success) status = dnnl_primitive_execute(primitive, stream, made, arguments);
  if (status == dnnl_success) status = dnnl_stream_wait(stream);
  for (int i = 0; i < made; i++) dnnl_memory_destroy(arguments[i].memory);
  if (primitive) dnnl_primitive_destroy(primitive);
  return status;
}

float *ag_reordered(const float *from, const descriptor *plain, const descriptor *order) {
  const_dnnl_memory_desc_t source = descriptor_use(plain), target = descriptor_use(order);
  size_t size = descriptor_size(target);
  float *result = ag_aligned(size);
  if (!result) return NULL;
  memset(result, 0, size);
  dnnl_primitive_desc_t description = NULL;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_status_t status = dnnl_primitive_attr_create(&attributes);
  if (status == dnnl_success) status = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  if (status == dnnl_success)
    status = dnnl_reorder_primitive_desc_create(&description, source, ag_engine(), target, ag_engine(), attributes);
  ag_operand operands[] = {{DNNL_ARG_FROM, source, (void *)from}, {DNNL_ARG_TO, target, result}};
  if (status == dnnl_success) status = ag_run(description, operands, 2);
  if (description) dnnl_primitive_desc_destroy(description);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  if (status == dnnl_success) return result;
  free(result);
  return NULL;
}
