// RGB to lossy WebP through libwebp.
#include <webp/encode.h>

#include "CImageCodecs.h"

uint8_t *aes_encode_webp(const uint8_t *pixels, int width, int height, float quality, size_t *length) {
  WebPConfig config;
  WebPPicture picture;
  if (!WebPConfigInit(&config) || !WebPPictureInit(&picture)) return NULL;
  config.quality = quality;
  WebPMemoryWriter memory;
  WebPMemoryWriterInit(&memory);
  picture.width = width;
  picture.height = height;
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &memory;
  int done = WebPPictureImportRGB(&picture, pixels, width * 3) && WebPEncode(&config, &picture);
  WebPPictureFree(&picture);
  if (!done) {
    WebPMemoryWriterClear(&memory);
    return NULL;
  }
  *length = memory.size;
  return memory.mem;
}

void aes_free_webp(uint8_t *memory) { WebPFree(memory); }
