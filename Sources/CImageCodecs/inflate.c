// zlib streams of a known largest size, for the compressed texts of a PNG.
#include <zlib.h>

#include "CImageCodecs.h"

ptrdiff_t aes_inflate(const uint8_t *bytes, size_t count, uint8_t *output, size_t capacity) {
  uLongf length = capacity;
  return uncompress(output, &length, bytes, count) == Z_OK ? (ptrdiff_t)length : -1;
}
