#include <string.h>

#include "COneDNN.h"
#include "dnnl_versions.h"
#include "engine.h"

struct ag_product {
  int64_t outputs, inputs;
  ag_activation activation;
  int accumulate;
  descriptor weights_order, bias_order;
  float *weights, *bias;
};

static void *aligned(size_t size) {
  void *memory = NULL;
  return posix_memalign(&memory, 64, size ? size : 64) == 0 ? memory : NULL;
}

static dnnl_status_t attributes_create(const ag_product *product, dnnl_primitive_attr_t *result) {
  dnnl_post_ops_t operations;
  dnnl_status_t status = dnnl_primitive_attr_create(result);
  if (status != dnnl_success) return status;
  if ((status = dnnl_primitive_attr_set_scratchpad_mode(*result, dnnl_scratchpad_mode_user)) != dnnl_success) return status;
  if ((status = dnnl_post_ops_create(&operations)) != dnnl_success) return status;
  if (product->activation == AG_QUICK_GELU) status = append_eltwise(operations, dnnl_eltwise_swish, 1.702f);
  if (product->activation == AG_GELU) status = append_eltwise(operations, dnnl_eltwise_gelu_erf, 0);
  if (status == dnnl_success && product->accumulate) status = append_sum(operations);
  if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(*result, operations);
  dnnl_post_ops_destroy(operations);
  return status;
}

// Describes the product for `rows` rows; `weights` says the order of the weights, or leaves it to oneDNN.
static dnnl_status_t describe(ag_product *product, int64_t rows, const descriptor *weights, dnnl_primitive_desc_t *result,
                              descriptor *x, descriptor *y) {
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_status_t status = attributes_create(product, &attributes);
  int64_t x_shape[] = {rows, product->inputs}, y_shape[] = {rows, product->outputs};
  if (status == dnnl_success) status = descriptor_create(x, 2, x_shape, dnnl_ab);
  if (status == dnnl_success) status = descriptor_create(y, 2, y_shape, dnnl_ab);
  if (status == dnnl_success)
    status = inner_product_create(result, ag_engine(), x, weights, product->bias ? &product->bias_order : NULL, y,
                                  attributes);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  return status;
}

static dnnl_status_t pack(ag_product *product, const float *weights, const descriptor *plain) {
  dnnl_memory_t from = NULL, to = NULL;
  dnnl_primitive_desc_t description = NULL;
  dnnl_primitive_t reorder = NULL;
  dnnl_stream_t stream = ag_stream();
  const_dnnl_memory_desc_t order = descriptor_use(&product->weights_order);
  size_t size = descriptor_size(order);
  if (!stream || !(product->weights = aligned(size))) return dnnl_out_of_memory;
  memset(product->weights, 0, size);
  dnnl_status_t status =
      dnnl_memory_create(&from, descriptor_use(plain), ag_engine(), (void *)weights);
  if (status == dnnl_success) status = dnnl_memory_create(&to, order, ag_engine(), product->weights);
  if (status == dnnl_success)
    status = dnnl_reorder_primitive_desc_create(&description, descriptor_use(plain), ag_engine(), order, ag_engine(), NULL);
  if (status == dnnl_success) status = dnnl_primitive_create(&reorder, description);
  dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  if (status == dnnl_success) status = dnnl_primitive_execute(reorder, stream, 2, arguments);
  if (status == dnnl_success) status = dnnl_stream_wait(stream);
  if (reorder) dnnl_primitive_destroy(reorder);
  if (description) dnnl_primitive_desc_destroy(description);
  if (from) dnnl_memory_destroy(from);
  if (to) dnnl_memory_destroy(to);
  return status;
}

ag_product *ag_product_create(const float *weights, const float *bias, int64_t rows, int64_t outputs, int64_t inputs,
                              ag_activation activation, int accumulate) {
  ag_product *product = calloc(1, sizeof *product);
  if (!product || !ag_engine()) return free(product), NULL;
  product->outputs = outputs, product->inputs = inputs;
  product->activation = activation, product->accumulate = accumulate;
  int64_t weights_shape[] = {outputs, inputs}, bias_shape[] = {outputs};
  descriptor any, plain, x, y;
  dnnl_primitive_desc_t description = NULL;
  dnnl_status_t status = descriptor_create(&any, 2, weights_shape, dnnl_format_tag_any);
  if (status == dnnl_success) status = descriptor_create(&plain, 2, weights_shape, dnnl_ab);
  if (status == dnnl_success) status = descriptor_create(&product->bias_order, 1, bias_shape, dnnl_a);
  if (status == dnnl_success && bias) {
    product->bias = aligned((size_t)outputs * sizeof(float));
    if (product->bias) memcpy(product->bias, bias, (size_t)outputs * sizeof(float));
    else status = dnnl_out_of_memory;
  }
  if (status == dnnl_success) status = describe(product, rows, &any, &description, &x, &y);
  if (status == dnnl_success)
    status = descriptor_copy(&product->weights_order, dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0));
  if (status == dnnl_success) status = pack(product, weights, &plain);
  if (description) {
    descriptor_destroy(&x), descriptor_destroy(&y);
    dnnl_primitive_desc_destroy(description);
  }
  descriptor_destroy(&any), descriptor_destroy(&plain);
  if (status == dnnl_success) return product;
  ag_product_destroy(product);
  return NULL;
}

// Memory for primitives to work in, kept by each thread and grown as needed.
static float *scratchpad(size_t size) {
  static _Thread_local float *memory;
  static _Thread_local size_t capacity;
  if (size > capacity) {
    free(memory);
    memory = aligned(size);
    capacity = memory ? size : 0;
  }
  return memory;
}

int ag_product_run(ag_product *product, int64_t rows, const float *x, float *y) {
  // Making a primitive again costs microseconds: oneDNN keeps the code it generated in a cache of its own.
  dnnl_primitive_desc_t description = NULL;
  dnnl_primitive_t primitive = NULL;
  descriptor x_order, y_order;
  dnnl_stream_t stream = ag_stream();
  if (!stream) return dnnl_out_of_memory;
  dnnl_status_t status = describe(product, rows, &product->weights_order, &description, &x_order, &y_order);
  if (status != dnnl_success) return status;
  status = dnnl_primitive_create(&primitive, description);

  const_dnnl_memory_desc_t scratch_order = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
  struct {
    int argument;
    const_dnnl_memory_desc_t order;
    void *data;
  } operands[] = {
      {DNNL_ARG_SRC, descriptor_use(&x_order), (void *)x},
      {DNNL_ARG_WEIGHTS, descriptor_use(&product->weights_order), product->weights},
      {DNNL_ARG_DST, descriptor_use(&y_order), y},
      {DNNL_ARG_SCRATCHPAD, scratch_order, scratchpad(descriptor_size(scratch_order))},
      {DNNL_ARG_BIAS, descriptor_use(&product->bias_order), product->bias},
  };
  int count = product->bias ? 5 : 4, made = 0;
  dnnl_exec_arg_t arguments[5];
  for (; status == dnnl_success && made < count; made++) {
    arguments[made].arg = operands[made].argument;
    status = dnnl_memory_create(&arguments[made].memory, operands[made].order, ag_engine(), operands[made].data);
    if (status != dnnl_success) break;
  }
  if (status == dnnl_success) status = dnnl_primitive_execute(primitive, stream, count, arguments);
  if (status == dnnl_success) status = dnnl_stream_wait(stream);
  for (int i = 0; i < made; i++) dnnl_memory_destroy(arguments[i].memory);
  if (primitive) dnnl_primitive_destroy(primitive);
  descriptor_destroy(&x_order), descriptor_destroy(&y_order);
  dnnl_primitive_desc_destroy(description);
  return status;
}

void ag_product_destroy(ag_product *product) {
  if (!product) return;
  descriptor_destroy(&product->bias_order);
  if (product->weights) descriptor_destroy(&product->weights_order);
  free(product->weights);
  free(product->bias);
  free(product);
}
