#include <string.h>

#include "COneDNN.h"
#include "dnnl_versions.h"
#include "engine.h"
#include "execution.h"

struct ag_convolution {
  ag_convolution_shape shape;
  int accumulate;
  descriptor weights_order, bias_order;
  float *weights;
};

static dnnl_status_t attributes_create(const ag_convolution *convolution, dnnl_primitive_attr_t *result) {
  dnnl_status_t status = dnnl_primitive_attr_create(result);
  if (status == dnnl_success) status = dnnl_primitive_attr_set_scratchpad_mode(*result, dnnl_scratchpad_mode_user);
  if (status != dnnl_success || !convolution->accumulate) return status;
  dnnl_post_ops_t operations;
  if ((status = dnnl_post_ops_create(&operations)) != dnnl_success) return status;
  status = append_sum(operations);
  if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(*result, operations);
  dnnl_post_ops_destroy(operations);
  return status;
}

// Describes the convolution of these lines; `weights` says the order of the weights, or leaves it to oneDNN.
static dnnl_status_t describe(const ag_convolution *convolution, const ag_lines *lines, const descriptor *weights,
                              dnnl_primitive_desc_t *result, descriptor *x, descriptor *y) {
  const ag_convolution_shape *shape = &convolution->shape;
  int64_t down = (lines->height + lines->above + lines->below - shape->kernel) / shape->stride + 1;
  int64_t across = (lines->width + lines->left + lines->right - shape->kernel) / shape->stride + 1;
  int64_t x_shape[] = {1, shape->inputs, lines->height, lines->width}, y_shape[] = {1, shape->outputs, down, across};
  int64_t strides[] = {shape->stride, shape->stride};
  int64_t before[] = {lines->above, lines->left}, after[] = {lines->below, lines->right};
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_status_t status = attributes_create(convolution, &attributes);
  if (status == dnnl_success) status = descriptor_create(x, 4, x_shape, dnnl_acdb);
  if (status == dnnl_success) status = descriptor_create(y, 4, y_shape, dnnl_acdb);
  if (status == dnnl_success)
    status = convolution_create(result, ag_engine(), x, weights, &convolution->bias_order, y, strides, before, after,
                                attributes);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  return status;
}

ag_convolution *ag_convolution_create(const float *weights, const ag_convolution_shape *shape, const ag_lines *lines,
                                      int accumulate) {
  ag_convolution *convolution = calloc(1, sizeof *convolution);
  // The stream also sets this thread's number of threads to one, which oneDNN plans by.
  if (!convolution || !ag_stream()) return free(convolution), NULL;
  convolution->shape = *shape, convolution->accumulate = accumulate;
  int64_t weights_shape[] = {shape->outputs, shape->inputs, shape->kernel, shape->kernel}, bias_shape[] = {shape->outputs};
  descriptor any, plain, x, y;
  dnnl_primitive_desc_t description = NULL;
  dnnl_status_t status = descriptor_create(&any, 4, weights_shape, dnnl_format_tag_any);
  if (status == dnnl_success) status = descriptor_create(&plain, 4, weights_shape, dnnl_abcd);
  if (status == dnnl_success) status = descriptor_create(&convolution->bias_order, 1, bias_shape, dnnl_a);
  if (status == dnnl_success) status = describe(convolution, lines, &any, &description, &x, &y);
  if (status == dnnl_success)
    status =
        descriptor_copy(&convolution->weights_order, dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0));
  if (status == dnnl_success) convolution->weights = ag_reordered(weights, &plain, &convolution->weights_order);
  if (description) {
    descriptor_destroy(&x), descriptor_destroy(&y);
    dnnl_primitive_desc_destroy(description);
  }
  descriptor_destroy(&any), descriptor_destroy(&plain);
  if (convolution->weights) return convolution;
  ag_convolution_destroy(convolution);
  return NULL;
}

int ag_convolution_run(const ag_convolution *convolution, const ag_lines *lines, const float *x, const float *bias,
                       float *y) {
  dnnl_primitive_desc_t description = NULL;
  descriptor x_order, y_order;
  // Also sets this thread's number of threads to one, which oneDNN plans by.
  if (!ag_stream()) return dnnl_out_of_memory;
  dnnl_status_t status = describe(convolution, lines, &convolution->weights_order, &description, &x_order, &y_order);
  if (status != dnnl_success) return status;
  ag_operand operands[] = {
      {DNNL_ARG_SRC, descriptor_use(&x_order), (void *)x},
      {DNNL_ARG_WEIGHTS, descriptor_use(&convolution->weights_order), convolution->weights},
      {DNNL_ARG_BIAS, descriptor_use(&convolution->bias_order), (void *)bias},
      {DNNL_ARG_DST, descriptor_use(&y_order), y},
  };
  status = ag_run(description, operands, 4);
  descriptor_destroy(&x_order), descriptor_destroy(&y_order);
  dnnl_primitive_desc_destroy(description);
  return status;
}

void ag_convolution_destroy(ag_convolution *convolution) {
  if (!convolution) return;
  descriptor_destroy(&convolution->bias_order);
  if (convolution->weights) descriptor_destroy(&convolution->weights_order);
  free(convolution->weights);
  free(convolution);
}
