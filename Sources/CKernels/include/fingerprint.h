// The SHA-256 of weights, which are too many bytes for plain code.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Writes the SHA-256 of `count` bytes to `digest` with the processor's instructions for it and returns 1; returns 0, and
/// writes nothing, where it has none.
int ag_sha256(const void *bytes, size_t count, uint8_t digest[32]);
