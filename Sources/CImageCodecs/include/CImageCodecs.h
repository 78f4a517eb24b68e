// Picture decoders, a PNG encoder and three inner loops, for the one Swift file that calls them.
//
// libpng and libjpeg report errors with longjmp, which must not cross Swift frames: each function here does its whole
// job in one call, from memory to memory, with no callbacks. The caller has read the header already and passes the
// size it has made room for; a decoder that meets another size stops.
#ifndef CIMAGECODECS_H
#define CIMAGECODECS_H

#include <stddef.h>
#include <stdint.h>

/// Room for the reason of a failure: printable ASCII, ended by a zero.
#define AES_REASON_SIZE 200

/// What a decoder is to do, and where it says why it could not.
typedef struct {
  /// Size in pixels, as the caller read it from the header.
  int width;
  int height;
  /// Not 0: transparent pixels are laid over white. 0: the colour stored with them is kept.
  int over_white;
  /// Not 0: the file moves, and its first picture is wanted (WebP only).
  int animated;
  /// Why the decoder stopped.
  char reason[AES_REASON_SIZE];
} aes_decoding;

/// Decode a whole file to `width * height` pixels of R, G, B. Return 0, or -1 with a reason; then `pixels` holds
/// anything.
int aes_decode_png(const uint8_t *bytes, size_t count, aes_decoding *decoding, uint8_t *pixels);
int aes_decode_jpeg(const uint8_t *bytes, size_t count, aes_decoding *decoding, uint8_t *pixels);
int aes_decode_webp(const uint8_t *bytes, size_t count, aes_decoding *decoding, uint8_t *pixels);

/// A chunk to be written in front of the picture: `length` bytes of `data` under a name of four letters.
typedef struct {
  uint8_t name[4];
  const uint8_t *data;
  size_t length;
} aes_chunk;

/// Encodes `width * height` pixels of R, G, B as a PNG. Returns memory to be given back with `aes_free`, its length in
/// `length`; or NULL when there is none.
uint8_t *aes_encode_png(const uint8_t *pixels, int width, int height, const aes_chunk *chunks, size_t chunk_count,
                        size_t *length);
void aes_free(uint8_t *memory);

/// Encodes `width * height` pixels of R, G, B as a lossy WebP of this quality, 0 to 100. Returns memory to be given back
/// with `aes_free_webp`, its length in `length`; or NULL when there is none.
uint8_t *aes_encode_webp(const uint8_t *pixels, int width, int height, float quality, size_t *length);
void aes_free_webp(uint8_t *memory);

/// Inflates a zlib stream into at most `capacity` bytes. Returns how many there are, or -1 if the stream is damaged,
/// cut short, or longer than that.
ptrdiff_t aes_inflate(const uint8_t *bytes, size_t count, uint8_t *output, size_t capacity);

/// One axis of a resampling: output i is the sum over t < counts[i] of weights[i * stride + t] times input
/// firsts[i] + t, weights in units of 2^-22.
typedef struct {
  const int32_t *firsts;
  const int32_t *counts;
  const int32_t *weights;
  int stride;
  int length;
} aes_axis;

/// Resamples `rows` rows of `width` pixels of R, G, B along the rows.
void aes_resample_rows(const uint8_t *input, int width, int rows, const aes_axis *axis, uint8_t *output);
/// Resamples rows of `row_bytes` bytes across the rows. `sums` has room for `row_bytes` numbers.
void aes_resample_columns(const uint8_t *input, size_t row_bytes, const aes_axis *axis, int32_t *sums, uint8_t *output);

/// Copies `width * height` pixels of R, G, B in another order: result row y, column x comes from the stored pixel
/// start + x * right + y * down.
void aes_reorder(const uint8_t *stored, ptrdiff_t start, ptrdiff_t right, ptrdiff_t down, int width, int height,
                 uint8_t *result);

#endif
