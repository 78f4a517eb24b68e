// The checksum of zip members.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Continues the CRC-32 of zip and PNG (polynomial 0xEDB88320) over `count` more bytes; begin with 0.
uint32_t aesgrad_crc32(uint32_t checksum, const void *bytes, size_t count);

/// `aesgrad_crc32` in plain C.
uint32_t aesgrad_crc32_portable(uint32_t checksum, const void *bytes, size_t count);
