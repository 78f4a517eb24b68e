// PNG to RGB through libpng.
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "CImageCodecs.h"
#include "rgb_rows.h"

typedef struct {
  const uint8_t *bytes;
  size_t count;
  size_t position;
  aes_decoding *decoding;
  uint8_t *rows;
} source;

static void fail(png_structp png, png_const_charp message) {
  source *from = png_get_error_ptr(png);
  aes_set_reason(from->decoding->reason, message);
  png_longjmp(png, 1);
}

// What libpng warns of leaves the pixels as they are.
static void ignore(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

static void read_bytes(png_structp png, png_bytep target, size_t length) {
  source *from = png_get_io_ptr(png);
  if (length > from->count - from->position) png_error(png, "the file ends too early");
  memcpy(target, from->bytes + from->position, length);
  from->position += length;
}

// Chunks that do not change the pixels are stepped over unread, so none of them can swell up in memory.
static void keep_pixels_only(png_structp png) {
  static const png_byte others[] = "bKGD\0cHRM\0cICP\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0"
                                   "sBIT\0sCAL\0sPLT\0sRGB\0sTER\0tEXt\0tIME\0zTXt";
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, others, sizeof(others) / 5);
}

static void decode(png_structp png, png_infop info, source *from, uint8_t *pixels) {
  aes_decoding *decoding = from->decoding;
  png_set_read_fn(png, from, read_bytes);
  png_set_user_limits(png, (png_uint_32)decoding->width, (png_uint_32)decoding->height);
  png_set_chunk_cache_max(png, 16);
  png_set_chunk_malloc_max(png, 1 << 20);
  keep_pixels_only(png);
  png_read_info(png, info);
  size_t width = png_get_image_width(png, info), height = png_get_image_height(png, info);
  if (width != (size_t)decoding->width || height != (size_t)decoding->height) png_error(png, "the header is repeated");

  png_set_expand(png);
  if (png_get_bit_depth(png, info) == 16) {
    // As everywhere in this field: colours lose their low byte; grey alone is scaled, so that nothing is clipped.
    if (png_get_color_type(png, info) == PNG_COLOR_TYPE_GRAY) {
      png_set_scale_16(png);
    } else {
      png_set_strip_16(png);
    }
  }
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  int channels = png_get_channels(png, info);
  size_t row_bytes = png_get_rowbytes(png, info);
  if (png_get_bit_depth(png, info) != 8 || row_bytes != width * (size_t)channels) png_error(png, "unknown pixels");

  // The passes of an interlaced picture meet in rows that must all be kept. Untouched, this memory costs nothing.
  from->rows = calloc(passes > 1 ? height : 1, row_bytes);
  if (from->rows == NULL) png_error(png, "there is not enough memory");
  for (int pass = 1; pass < passes; pass++) {
    for (size_t y = 0; y < height; y++) png_read_row(png, from->rows + y * row_bytes, NULL);
  }
  for (size_t y = 0; y < height; y++) {
    uint8_t *row = passes > 1 ? from->rows + y * row_bytes : from->rows;
    png_read_row(png, row, NULL);
    aes_rgb_from_row(row, channels, decoding->over_white, width, pixels + y * width * 3);
  }
  png_read_end(png, NULL);
}

// What a longjmp leaves must not live in the frame of its setjmp: hence a function of its own.
static int decode_or_fail(png_structp png, png_infop info, source *from, uint8_t *pixels) {
  if (setjmp(png_jmpbuf(png)) != 0) return -1;
  decode(png, info, from, pixels);
  return 0;
}

int aes_decode_png(const uint8_t *bytes, size_t count, aes_decoding *decoding, uint8_t *pixels) {
  source from = {bytes, count, 0, decoding, NULL};
  aes_set_reason(decoding->reason, "there is not enough memory");
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &from, fail, ignore);
  if (png == NULL) return -1;
  png_infop info = png_create_info_struct(png);
  int result = info == NULL ? -1 : decode_or_fail(png, info, &from, pixels);
  png_destroy_read_struct(&png, &info, NULL);
  free(from.rows);
  return result;
}
