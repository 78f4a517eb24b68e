#include <string.h>

#include "COneDNN.h"
#include "dnnl_versions.h"
#include "engine.h"
#include "execution.h"

struct ag_product {
  int64_t outputs, inputs;
  ag_activation activation;
  int accumulate;
  descriptor weights_order, bias_order;
  float *weights, *bias;
};

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

ag_product *ag_product_create(const float *weights, const float *bias, int64_t rows, int64_t outputs, int64_t inputs,
                              ag_activation activation, int accumulate) {
  ag_product *product = calloc(1, sizeof *product);
  // The stream also sets this thread's number of threads to one, which oneDNN plans by.
  if (!product || !ag_stream()) return free(product), NULL;
  product->outputs = outputs, product->inputs = inputs;
  product->activation = activation, product->accumulate = accumulate;
  int64_t weights_shape[] = {outputs, inputs}, bias_shape[] = {outputs};
  descriptor any, plain, x, y;
  dnnl_primitive_desc_t description = NULL;
  dnnl_status_t status = descriptor_create(&any, 2, weights_shape, dnnl_format_tag_any);
  if (status == dnnl_success) status = descriptor_create(&plain, 2, weights_shape, dnnl_ab);
  if (status == dnnl_success) status = descriptor_create(&product->bias_order, 1, bias_shape, dnnl_a);
  if (status == dnnl_success && bias) {
    product->bias = ag_aligned((size_t)outputs * sizeof(float));
    if (product->bias) memcpy(product->bias, bias, (size_t)outputs * sizeof(float));
    else status = dnnl_out_of_memory;
  }
  if (status == dnnl_success) status = describe(product, rows, &any, &description, &x, &y);
  if (status == dnnl_success)
    status = descriptor_copy(&product->weights_order, dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0));
  if (status == dnnl_success && !(product->weights = ag_reordered(weights, &plain, &product->weights_order)))
    status = dnnl_out_of_memory;
  if (description) {
    descriptor_destroy(&x), descriptor_destroy(&y);
    dnnl_primitive_desc_destroy(description);
  }
  descriptor_destroy(&any), descriptor_destroy(&plain);
  if (status == dnnl_success) return product;
  ag_product_destroy(product);
  return NULL;
}

int ag_product_run(ag_product *product, int64_t rows, const float *x, float *y) {
  dnnl_primitive_desc_t description = NULL;
  descriptor x_order, y_order;
  // Also sets this thread's number of threads to one, which oneDNN plans by.
  if (!ag_stream()) return dnnl_out_of_memory;
  dnnl_status_t status = describe(product, rows, &product->weights_order, &description, &x_order, &y_order);
  if (status != dnnl_success) return status;
  ag_operand operands[] = {
      {DNNL_ARG_SRC, descriptor_use(&x_order), (void *)x},
      {DNNL_ARG_WEIGHTS, descriptor_use(&product->weights_order), product->weights},
      {DNNL_ARG_DST, descriptor_use(&y_order), y},
      {DNNL_ARG_BIAS, descriptor_use(&product->bias_order), product->bias},
  };
  status = ag_run(description, operands, product->bias ? 4 : 3);
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
