// oneDNN 3 made memory descriptors opaque and descriptors of operations vanish. These few functions say the same to both.
#pragma once
#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>

#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t descriptor;

static inline dnnl_status_t descriptor_create(descriptor *result, int rank, const int64_t *shape,
                                              dnnl_format_tag_t order) {
  dnnl_dims_t dims;
  for (int i = 0; i < rank; i++) dims[i] = shape[i];
  return dnnl_memory_desc_create_with_tag(result, rank, dims, dnnl_f32, order);
}

static inline void descriptor_destroy(descriptor *d) { dnnl_memory_desc_destroy(*d); }
static inline const_dnnl_memory_desc_t descriptor_use(const descriptor *d) { return *d; }
static inline size_t descriptor_size(const_dnnl_memory_desc_t d) { return dnnl_memory_desc_get_size(d); }

static inline dnnl_status_t descriptor_copy(descriptor *result, const_dnnl_memory_desc_t source) {
  return dnnl_memory_desc_clone(result, source);
}

static inline dnnl_status_t inner_product_create(dnnl_primitive_desc_t *result, dnnl_engine_t engine,
                                                 const descriptor *x, const descriptor *w, const descriptor *b,
                                                 const descriptor *y, dnnl_primitive_attr_t attributes) {
  return dnnl_inner_product_forward_primitive_desc_create(result, engine, dnnl_forward_inference, *x, *w, b ? *b : NULL,
                                                          *y, attributes);
}

static inline dnnl_status_t convolution_create(dnnl_primitive_desc_t *result, dnnl_engine_t engine, const descriptor *x,
                                               const descriptor *w, const descriptor *b, const descriptor *y,
                                               const int64_t *strides, const int64_t *before, const int64_t *after,
                                               dnnl_primitive_attr_t attributes) {
  const int64_t dilations[] = {0, 0};
  return dnnl_convolution_forward_primitive_desc_create(result, engine, dnnl_forward_inference, dnnl_convolution_direct, *x,
                                                        *w, *b, *y, strides, dilations, before, after, attributes);
}

static inline dnnl_status_t append_eltwise(dnnl_post_ops_t operations, dnnl_alg_kind_t kind, float alpha) {
  return dnnl_post_ops_append_eltwise(operations, kind, alpha, 0);
}

static inline dnnl_status_t append_sum(dnnl_post_ops_t operations) {
  return dnnl_post_ops_append_sum(operations, 1, 0, dnnl_data_type_undef);
}

#else

typedef dnnl_memory_desc_t descriptor;
typedef const dnnl_memory_desc_t *const_dnnl_memory_desc_t;

static inline dnnl_status_t descriptor_create(descriptor *result, int rank, const int64_t *shape,
                                              dnnl_format_tag_t order) {
  dnnl_dims_t dims;
  for (int i = 0; i < rank; i++) dims[i] = shape[i];
  return dnnl_memory_desc_init_by_tag(result, rank, dims, dnnl_f32, order);
}

static inline void descriptor_destroy(descriptor *d) { (void)d; }
static inline const_dnnl_memory_desc_t descriptor_use(const descriptor *d) { return d; }
static inline size_t descriptor_size(const_dnnl_memory_desc_t d) { return dnnl_memory_desc_get_size(d); }

static inline dnnl_status_t descriptor_copy(descriptor *result, const_dnnl_memory_desc_t source) {
  *result = *source;
  return dnnl_success;
}

static inline dnnl_status_t inner_product_create(dnnl_primitive_desc_t *result, dnnl_engine_t engine,
                                                 const descriptor *x, const descriptor *w, const descriptor *b,
                                                 const descriptor *y, dnnl_primitive_attr_t attributes) {
  dnnl_inner_product_desc_t description;
  dnnl_status_t status = dnnl_inner_product_forward_desc_init(&description, dnnl_forward_inference, x, w, b, y);
  if (status != dnnl_success) return status;
  return dnnl_primitive_desc_create(result, &description, attributes, engine, NULL);
}

static inline dnnl_status_t convolution_create(dnnl_primitive_desc_t *result, dnnl_engine_t engine, const descriptor *x,
                                               const descriptor *w, const descriptor *b, const descriptor *y,
                                               const int64_t *strides, const int64_t *before, const int64_t *after,
                                               dnnl_primitive_attr_t attributes) {
  dnnl_convolution_desc_t description;
  dnnl_status_t status = dnnl_convolution_forward_desc_init(&description, dnnl_forward_inference, dnnl_convolution_direct,
                                                            x, w, b, y, strides, before, after);
  if (status != dnnl_success) return status;
  return dnnl_primitive_desc_create(result, &description, attributes, engine, NULL);
}

static inline dnnl_status_t append_eltwise(dnnl_post_ops_t operations, dnnl_alg_kind_t kind, float alpha) {
  return dnnl_post_ops_append_eltwise(operations, 1, kind, alpha, 0);
}

static inline dnnl_status_t append_sum(dnnl_post_ops_t operations) { return dnnl_post_ops_append_sum(operations, 1); }

#endif
