// Turning and mirroring: pixels in another order.
#include "CImageCodecs.h"

void aes_reorder(const uint8_t *stored, ptrdiff_t start, ptrdiff_t right, ptrdiff_t down, int width, int height,
                 uint8_t *result) {
  // In strips as wide as a few cache lines: where rows become columns, each line that is fetched is used up.
  enum { strip = 64 };
  for (int left = 0; left < width; left += strip) {
    int end = left + strip < width ? left + strip : width;
    for (int y = 0; y < height; y++) {
      const uint8_t *from = stored + (start + y * down + left * right) * 3;
      uint8_t *to = result + ((ptrdiff_t)y * width + left) * 3;
      for (int x = left; x < end; x++, from += right * 3, to += 3) {
        to[0] = from[0];
        to[1] = from[1];
        to[2] = from[2];
      }
    }
  }
}
