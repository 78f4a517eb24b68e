#pragma once
#include <oneapi/dnnl/dnnl.h>

// The CPU engine, made once, or NULL.
dnnl_engine_t ag_engine(void);
// A stream of the calling thread's own on which primitives run with one thread, or NULL. Threads are the caller's
// business: oneDNN's own would spin against them.
dnnl_stream_t ag_stream(void);
