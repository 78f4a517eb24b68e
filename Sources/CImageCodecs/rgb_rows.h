#ifndef RGB_ROWS_H
#define RGB_ROWS_H

#include <stddef.h>
#include <stdint.h>

/// Writes the reason of a failure: at most AES_REASON_SIZE - 1 bytes, anything but printable ASCII as '?'.
void aes_set_reason(char *reason, const char *text);

/// Turns `width` pixels of 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha) channels to R, G, B.
void aes_rgb_from_row(const uint8_t *row, int channels, int over_white, size_t width, uint8_t *rgb);

/// Turns `width` pixels of inverted C, M, Y, K, as Adobe writes them, to R, G, B.
void aes_rgb_from_inverted_cmyk(const uint8_t *row, size_t width, uint8_t *rgb);

#endif
