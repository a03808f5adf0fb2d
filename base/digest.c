// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/digest.h"

#include "base/endian.h"

/* The bits of CRC-32C's polynomial 0x1edc6f41, lowest power first; RFC 3720, 12.1. */
#define CRC32C_REVERSED 0x82f63b78

/* Odd, and with its ones spread: 2^64 divided by the golden ratio. */
#define MULTIPLIER 0x9e3779b97f4a7c15
#define ROTATION 29

static uint64_t crc32c_word(uint64_t crc, uint64_t word)
{
	word ^= crc;
	for (unsigned bit = 0; bit < 64; bit++)
		word = word >> 1 ^ (word & 1 ? CRC32C_REVERSED : 0);
	return word;
}

void kx_crc32c_blocks(uint64_t lanes[KX_DIGEST_LANES], const uint8_t *p, size_t count)
{
	for (; count; count--)
		for (unsigned i = 0; i < KX_DIGEST_LANES; i++, p += 8)
			lanes[i] = crc32c_word(lanes[i], kx_le64(p));
}

static uint64_t mul64_word(uint64_t lane, uint64_t word)
{
	lane = (lane ^ word) * MULTIPLIER;
	return lane << ROTATION | lane >> (64 - ROTATION);
}

/* Lanes in variables, or the compiler would write them back each time for fear that @p points there. */
static void mul64_blocks(uint64_t lanes[KX_DIGEST_LANES], const uint8_t *p, size_t count)
{
	uint64_t a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];

	for (; count; count--, p += KX_DIGEST_BLOCK_SIZE) {
		a = mul64_word(a, kx_le64(p));
		b = mul64_word(b, kx_le64(p + 8));
		c = mul64_word(c, kx_le64(p + 16));
		d = mul64_word(d, kx_le64(p + 24));
	}
	lanes[0] = a;
	lanes[1] = b;
	lanes[2] = c;
	lanes[3] = d;
}

void kx_digest_init(struct kx_digest *digest, enum kx_digest_kind kind, kx_digest_blocks *crc32c)
{
	*digest = (struct kx_digest){ .kind = kind };
	if (kind == KX_DIGEST_SHA256)
		kx_sha256_init(&digest->sha256);
	else if (kind != KX_DIGEST_NONE)
		digest->blocks = kind == KX_DIGEST_CRC32C ? crc32c : mul64_blocks;
	/* Different, so that lanes cannot change places, and none is 0, where zero bytes would leave no trace. */
	for (unsigned i = 0; digest->blocks && i < KX_DIGEST_LANES; i++)
		digest->lanes[i] = UINT32_MAX - i;
}

void kx_digest_region(struct kx_digest *digest, const void *data, size_t size)
{
	size_t blocks = size / KX_DIGEST_BLOCK_SIZE, rest = size % KX_DIGEST_BLOCK_SIZE;
	const uint8_t *end;
	uint8_t last[2 * KX_DIGEST_BLOCK_SIZE] = { 0 };

	if (digest->kind == KX_DIGEST_SHA256)
		kx_sha256_update(&digest->sha256, data, size);
	if (!digest->blocks)
		return;
	digest->blocks(digest->lanes, data, blocks);
	end = (const uint8_t *)data + (size - rest);
	for (size_t i = 0; i < rest; i++)
		last[i] = end[i];
	blocks = rest ? 2 : 1;
	kx_put_le64(last + (blocks - 1) * KX_DIGEST_BLOCK_SIZE, size);
	digest->blocks(digest->lanes, last, blocks);
}

void kx_digest_final(struct kx_digest *digest, uint8_t ret[KX_DIGEST_SIZE])
{
	size_t width = digest->kind == KX_DIGEST_CRC32C ? 4 : 8;

	if (digest->kind == KX_DIGEST_SHA256) {
		kx_sha256_final(&digest->sha256, ret);
		return;
	}
	for (size_t i = 0; i < KX_DIGEST_SIZE; i++)
		ret[i] = 0;
	for (size_t i = 0; i < KX_DIGEST_LANES * width; i++)
		ret[i] = (uint8_t)(digest->lanes[i / width] >> (8 * (i % width)));
}

const char *kx_digest_name(enum kx_digest_kind kind)
{
	/* Not pointers: purgatory has no initialised addresses. */
	static const char names[KX_DIGEST_KINDS][8] = {
		[KX_DIGEST_NONE] = "none",
		[KX_DIGEST_SHA256] = "sha256",
		[KX_DIGEST_CRC32C] = "crc32c",
		[KX_DIGEST_MUL64] = "mul64",
	};

	return names[kind];
}
