// WebP to RGB through libwebp.
#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>

#include "CImageCodecs.h"
#include "rgb_rows.h"

static int fail(aes_decoding *decoding, const char *reason) {
  aes_set_reason(decoding->reason, reason);
  return -1;
}

static const char *reason_of(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY: return "there is not enough memory";
    case VP8_STATUS_NOT_ENOUGH_DATA: return "the file ends too early";
    case VP8_STATUS_UNSUPPORTED_FEATURE: return "it uses a feature that is not supported";
    default: return "its data are damaged";
  }
}

// Decodes one picture of exactly `width` by `height` pixels to rows `stride` bytes apart.
static int decode_still(const uint8_t *bytes, size_t count, int width, int height, size_t stride,
                        aes_decoding *decoding, uint8_t *pixels) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return fail(decoding, "the installed libwebp does not fit");
  VP8StatusCode status = WebPGetFeatures(bytes, count, &config.input);
  if (status != VP8_STATUS_OK) return fail(decoding, reason_of(status));
  if (config.input.width != width || config.input.height != height || config.input.has_animation) {
    return fail(decoding, "its headers contradict each other");
  }
  int channels = config.input.has_alpha ? 4 : 3;
  size_t row_bytes = (size_t)width * (size_t)channels;
  uint8_t *rows = pixels;
  if (channels == 4 && (rows = malloc(row_bytes * (size_t)height)) == NULL) {
    return fail(decoding, "there is not enough memory");
  }
  size_t target_stride = channels == 4 ? row_bytes : stride;
  config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = rows;
  config.output.u.RGBA.stride = (int)target_stride;
  config.output.u.RGBA.size = target_stride * (size_t)(height - 1) + row_bytes;
  status = WebPDecode(bytes, count, &config);
  WebPFreeDecBuffer(&config.output);
  if (status == VP8_STATUS_OK && channels == 4) {
    for (size_t y = 0; y < (size_t)height; y++) {
      aes_rgb_from_row(rows + y * row_bytes, 4, decoding->over_white, (size_t)width, pixels + y * stride);
    }
  }
  if (channels == 4) free(rows);
  return status == VP8_STATUS_OK ? 0 : fail(decoding, reason_of(status));
}

// The first frame on its canvas, which is transparent around it.
static int decode_first_frame(const uint8_t *bytes, size_t count, aes_decoding *decoding, uint8_t *pixels) {
  WebPData data = {bytes, count};
  WebPDemuxer *demuxer = WebPDemux(&data);
  if (demuxer == NULL) return fail(decoding, "its frames cannot be found");
  WebPIterator frame;
  int result = -1;
  size_t width = (size_t)decoding->width, height = (size_t)decoding->height;
  if (WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH) != width ||
      WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT) != height) {
    fail(decoding, "its headers contradict each other");
  } else if (!WebPDemuxGetFrame(demuxer, 1, &frame)) {
    fail(decoding, "its first frame is missing");
  } else {
    int fits = frame.x_offset >= 0 && frame.y_offset >= 0 && frame.width > 0 && frame.height > 0 &&
               (size_t)frame.x_offset + (size_t)frame.width <= width &&
               (size_t)frame.y_offset + (size_t)frame.height <= height;
    if (!fits || !frame.complete) {
      fail(decoding, "its first frame is damaged");
    } else {
      int has_alpha = (WebPDemuxGetI(demuxer, WEBP_FF_FORMAT_FLAGS) & ALPHA_FLAG) != 0;
      memset(pixels, has_alpha && decoding->over_white ? 255 : 0, width * height * 3);
      uint8_t *corner = pixels + ((size_t)frame.y_offset * width + (size_t)frame.x_offset) * 3;
      result = decode_still(frame.fragment.bytes, frame.fragment.size, frame.width, frame.height, width * 3, decoding,
                            corner);
    }
    WebPDemuxReleaseIterator(&frame);
  }
  WebPDemuxDelete(demuxer);
  return result;
}

int aes_decode_webp(const uint8_t *bytes, size_t count, aes_decoding *decoding, uint8_t *pixels) {
  if (decoding->animated) return decode_first_frame(bytes, count, decoding, pixels);
  return decode_still(bytes, count, decoding->width, decoding->height, (size_t)decoding->width * 3, decoding, pixels);
}
