// Half-precision numbers (IEEE 754 binary16, bfloat16) to single precision and back.
//
// Numbers are passed as their bits. The results do not depend on the machine: the functions without `_portable` in their
// names use the processor's instructions where it has them, and give the same bits, those of NaNs included.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Widens `count` binary16 numbers; exact.
void aesgrad_widen_half(const uint16_t *source, float *target, size_t count);
/// Rounds `count` numbers to binary16: nearest, ties to even, infinite from 65520 on.
void aesgrad_round_to_half(const float *source, uint16_t *target, size_t count);
/// Widens `count` bfloat16 numbers; exact.
void aesgrad_widen_bfloat(const uint16_t *source, float *target, size_t count);

/// `aesgrad_widen_half` in plain C.
void aesgrad_widen_half_portable(const uint16_t *source, float *target, size_t count);
/// `aesgrad_round_to_half` in plain C.
void aesgrad_round_to_half_portable(const float *source, uint16_t *target, size_t count);
