#define _GNU_SOURCE
#include "engine.h"

#include <dlfcn.h>
#include <pthread.h>

static dnnl_engine_t engine;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static void (*set_openmp_threads)(int);

static void start(void) {
  if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success) engine = NULL;
  // Looked up, not linked: which OpenMP library oneDNN was built with is its own affair.
  *(void **)&set_openmp_threads = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
}

dnnl_engine_t ag_engine(void) {
  pthread_once(&once, start);
  return engine;
}

dnnl_stream_t ag_stream(void) {
  static _Thread_local dnnl_stream_t stream;
  if (!stream && ag_engine()) {
    if (set_openmp_threads) set_openmp_threads(1);
    if (dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) != dnnl_success) stream = NULL;
  }
  return stream;
}
