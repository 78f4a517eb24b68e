// RGB to PNG through libpng, with fixed settings: equal pixels and chunks give equal bytes.
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "CImageCodecs.h"

typedef struct {
  uint8_t *bytes;
  size_t length;
  size_t capacity;
} target;

static void fail(png_structp png, png_const_charp message) {
  (void)message;
  png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

static void write_bytes(png_structp png, png_bytep bytes, size_t length) {
  target *to = png_get_io_ptr(png);
  if (length > to->capacity - to->length) {
    size_t capacity = to->capacity * 2 + length;
    uint8_t *larger = realloc(to->bytes, capacity);
    if (larger == NULL) png_error(png, "there is not enough memory");
    to->bytes = larger;
    to->capacity = capacity;
  }
  memcpy(to->bytes + to->length, bytes, length);
  to->length += length;
}

static void flush_nothing(png_structp png) { (void)png; }

// What a longjmp leaves must not live in the frame of its setjmp: hence a function of its own.
static int encode(png_structp png, png_infop info, target *to, const uint8_t *pixels, int width, int height,
                  const aes_chunk *chunks, size_t chunk_count) {
  if (setjmp(png_jmpbuf(png)) != 0) return -1;
  png_set_write_fn(png, to, write_bytes, flush_nothing);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  // Higher levels take up to four times as long and make files of photos no smaller.
  png_set_compression_level(png, 3);
  png_set_compression_strategy(png, 1);  // Z_FILTERED
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
  png_write_info(png, info);
  for (size_t index = 0; index < chunk_count; index++) {
    png_write_chunk(png, chunks[index].name, chunks[index].data, chunks[index].length);
  }
  for (size_t y = 0; y < (size_t)height; y++) png_write_row(png, pixels + y * (size_t)width * 3);
  png_write_end(png, NULL);
  return 0;
}

uint8_t *aes_encode_png(const uint8_t *pixels, int width, int height, const aes_chunk *chunks, size_t chunk_count,
                        size_t *length) {
  target to = {NULL, 0, 0};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, fail, ignore);
  if (png == NULL) return NULL;
  png_infop info = png_create_info_struct(png);
  int result = info == NULL ? -1 : encode(png, info, &to, pixels, width, height, chunks, chunk_count);
  png_destroy_write_struct(&png, &info);
  if (result == 0) {
    *length = to.length;
    return to.bytes;
  }
  free(to.bytes);
  return NULL;
}

void aes_free(uint8_t *memory) { free(memory); }
