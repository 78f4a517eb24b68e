// JPEG to RGB through libjpeg-turbo.
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
// jpeglib.h needs the types of stdio.h.
#include <jerror.h>
#include <jpeglib.h>

#include "CImageCodecs.h"
#include "rgb_rows.h"

// A file of more scans than this was made to keep a reader busy; encoders write about ten.
enum { most_scans = 100 };

typedef struct {
  struct jpeg_error_mgr errors;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  jmp_buf escape;
  aes_decoding *decoding;
  uint8_t *row;
} state;

static void give_up(state *at, const char *reason) {
  aes_set_reason(at->decoding->reason, reason);
  longjmp(at->escape, 1);
}

static void fail(j_common_ptr jpeg) {
  char message[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, message);
  give_up(jpeg->client_data, message);
}

// libjpeg goes on with grey where data are damaged or missing and calls that a warning. Only these are harmless.
static void heed_warning(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  switch (jpeg->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR: return;
    default: fail(jpeg);
  }
}

static void print_nothing(j_common_ptr jpeg) { (void)jpeg; }
static void begin_source(j_decompress_ptr jpeg) { (void)jpeg; }
static void end_source(j_decompress_ptr jpeg) { (void)jpeg; }

static boolean run_dry(j_decompress_ptr jpeg) {
  give_up(jpeg->client_data, "the file ends too early");
  return FALSE;
}

static void skip(j_decompress_ptr jpeg, long length) {
  if (length <= 0) return;
  if ((size_t)length > jpeg->src->bytes_in_buffer) give_up(jpeg->client_data, "the file ends too early");
  jpeg->src->next_input_byte += length;
  jpeg->src->bytes_in_buffer -= (size_t)length;
}

static void count_scans(j_common_ptr common) {
  j_decompress_ptr jpeg = (j_decompress_ptr)common;
  if (jpeg->input_scan_number > most_scans) give_up(common->client_data, "it has more than 100 scans");
}

static void decode(j_decompress_ptr jpeg, state *at, uint8_t *pixels) {
  aes_decoding *decoding = at->decoding;
  jpeg_create_decompress(jpeg);
  jpeg->src = &at->source;
  jpeg->progress = &at->progress;
  jpeg->mem->max_memory_to_use = 1L << 30;
  jpeg_read_header(jpeg, TRUE);
  if (jpeg->image_width != (unsigned)decoding->width || jpeg->image_height != (unsigned)decoding->height) {
    give_up(at, "its headers contradict each other");
  }
  // The inverse transform and the upsampling are named, so that no build of the library chooses others.
  jpeg->dct_method = JDCT_ISLOW;
  jpeg->do_fancy_upsampling = TRUE;
  size_t width = jpeg->image_width;
  if (jpeg->num_components == 4) {
    jpeg->out_color_space = JCS_CMYK;
    at->row = malloc(width * 4);
    if (at->row == NULL) give_up(at, "there is not enough memory");
  } else {
    jpeg->out_color_space = JCS_RGB;
  }
  jpeg_start_decompress(jpeg);
  while (jpeg->output_scanline < jpeg->output_height) {
    uint8_t *rgb = pixels + jpeg->output_scanline * width * 3;
    JSAMPROW row = at->row != NULL ? at->row : rgb;
    if (jpeg_read_scanlines(jpeg, &row, 1) != 1) give_up(at, "the file ends too early");
    if (at->row != NULL) aes_rgb_from_inverted_cmyk(at->row, width, rgb);
  }
  jpeg_finish_decompress(jpeg);
}

// What a longjmp leaves must not live in the frame of its setjmp: hence a function of its own.
static int decode_or_fail(j_decompress_ptr jpeg, state *at, uint8_t *pixels) {
  if (setjmp(at->escape) != 0) return -1;
  decode(jpeg, at, pixels);
  return 0;
}

int aes_decode_jpeg(const uint8_t *bytes, size_t count, aes_decoding *decoding, uint8_t *pixels) {
  struct jpeg_decompress_struct jpeg = {0};
  state at = {0};
  jpeg.err = jpeg_std_error(&at.errors);
  jpeg.client_data = &at;
  at.decoding = decoding;
  at.errors.error_exit = fail;
  at.errors.emit_message = heed_warning;
  at.errors.output_message = print_nothing;
  at.progress.progress_monitor = count_scans;
  at.source = (struct jpeg_source_mgr){
      .next_input_byte = bytes,
      .bytes_in_buffer = count,
      .init_source = begin_source,
      .fill_input_buffer = run_dry,
      .skip_input_data = skip,
      .resync_to_restart = jpeg_resync_to_restart,
      .term_source = end_source,
  };
  int result = decode_or_fail(&jpeg, &at, pixels);
  jpeg_destroy_decompress(&jpeg);
  free(at.row);
  return result;
}
