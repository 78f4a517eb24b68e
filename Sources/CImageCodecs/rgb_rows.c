// Rows of whatever channels to rows of R, G, B, with the integer arithmetic of Pillow 12.
#include "rgb_rows.h"

#include "CImageCodecs.h"

void aes_set_reason(char *reason, const char *text) {
  size_t length = 0;
  for (; text[length] != 0 && length < AES_REASON_SIZE - 1; length++) {
    reason[length] = text[length] >= 0x20 && text[length] < 0x7f ? text[length] : '?';
  }
  reason[length] = 0;
}

// a * b / 255, rounded, for a * b up to 255 * 255.
static inline uint32_t divided_by_255(uint32_t product) {
  product += 128;
  return ((product >> 8) + product) >> 8;
}

// A value of this alpha over white: Pillow's alpha_composite, whose weights have 7 more bits than the values.
static inline uint8_t over_white_ground(uint32_t value, uint32_t alpha) {
  uint32_t weight = alpha * 128, rest = 255 * 128 - weight;
  uint32_t sum = value * weight + 255 * rest + (128 << 7);
  return (uint8_t)((((sum >> 8) + sum) >> 8) >> 7);
}

void aes_rgb_from_row(const uint8_t *row, int channels, int over_white, size_t width, uint8_t *rgb) {
  int has_alpha = channels == 2 || channels == 4;
  int green = channels > 2 ? 1 : 0, blue = channels > 2 ? 2 : 0;
  for (size_t x = 0; x < width; x++, row += channels, rgb += 3) {
    uint8_t alpha = has_alpha && over_white ? row[channels - 1] : 255;
    if (alpha == 255) {
      rgb[0] = row[0];
      rgb[1] = row[green];
      rgb[2] = row[blue];
    } else {
      rgb[0] = over_white_ground(row[0], alpha);
      rgb[1] = over_white_ground(row[green], alpha);
      rgb[2] = over_white_ground(row[blue], alpha);
    }
  }
}

void aes_rgb_from_inverted_cmyk(const uint8_t *row, size_t width, uint8_t *rgb) {
  for (size_t x = 0; x < width; x++, row += 4, rgb += 3) {
    uint32_t white = row[3];
    for (int channel = 0; channel < 3; channel++) {
      rgb[channel] = (uint8_t)(white - divided_by_255((255u - row[channel]) * white));
    }
  }
}
