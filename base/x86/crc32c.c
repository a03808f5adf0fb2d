// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * CRC-32C by the instruction of SSE4.2 (Intel SDM 2A, CRC32), one for every 8 bytes. A result takes three cycles, another
 * one can be begun in each: the lanes keep that busy. The loop is unrolled by hand, because purgatory's time is
 * counted in instructions.
 */
#include "base/digest.h"

#define UNROLLED 8

/* Of any alignment. */
struct word {
	uint64_t v;
} __attribute__((packed, may_alias));

#define WORD(lane, offset) \
	__asm__("crc32q %1, %0" : "+r"(lane) : "m"(*(const struct word *)(p + (offset))))

#define BLOCK(n)                        \
	do {                            \
		WORD(a, 32 * (n));      \
		WORD(b, 32 * (n) + 8);  \
		WORD(c, 32 * (n) + 16); \
		WORD(d, 32 * (n) + 24); \
	} while (0)

void kx_crc32c_blocks_sse42(uint64_t lanes[KX_DIGEST_LANES], const uint8_t *p, size_t count)
{
	uint64_t a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];

	for (; count >= UNROLLED; count -= UNROLLED, p += UNROLLED * KX_DIGEST_BLOCK_SIZE) {
		BLOCK(0);
		BLOCK(1);
		BLOCK(2);
		BLOCK(3);
		BLOCK(4);
		BLOCK(5);
		BLOCK(6);
		BLOCK(7);
	}
	for (; count; count--, p += KX_DIGEST_BLOCK_SIZE)
		BLOCK(0);
	lanes[0] = a;
	lanes[1] = b;
	lanes[2] = c;
	lanes[3] = d;
}
