#include "checksum.h"

#include <pthread.h>
#include <string.h>

// table[k][b] is the effect of byte b followed by k zero bytes, so that eight bytes take eight independent look-ups.
static uint32_t table[8][256];
static pthread_once_t table_made = PTHREAD_ONCE_INIT;

static void make_table(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; bit++) remainder = remainder >> 1 ^ (remainder & 1 ? 0xEDB88320u : 0);
    table[0][byte] = remainder;
  }
  for (int zeros = 1; zeros < 8; zeros++)
    for (int byte = 0; byte < 256; byte++) {
      uint32_t before = table[zeros - 1][byte];
      table[zeros][byte] = before >> 8 ^ table[0][before & 0xFF];
    }
}

uint32_t aesgrad_crc32(uint32_t checksum, const void *bytes, size_t count) {
  pthread_once(&table_made, make_table);
  const unsigned char *next = bytes;
  uint32_t state = ~checksum;
  for (; count >= 8; count -= 8, next += 8) {
    uint32_t low = state ^ ((uint32_t)next[0] | (uint32_t)next[1] << 8 | (uint32_t)next[2] << 16 | (uint32_t)next[3] << 24);
    state = table[7][low & 0xFF] ^ table[6][low >> 8 & 0xFF] ^ table[5][low >> 16 & 0xFF] ^ table[4][low >> 24]
          ^ table[3][next[4]] ^ table[2][next[5]] ^ table[1][next[6]] ^ table[0][next[7]];
  }
  for (; count > 0; count--, next++) state = state >> 8 ^ table[0][(state ^ *next) & 0xFF];
  return ~state;
}
