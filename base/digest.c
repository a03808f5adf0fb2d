// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/digest.h"

#include "base/endian.h"

/* The bits of CRC-32C's polynomial 0x1edc6f41, lowest power first; RFC 3720, 12.1. */
#define CRC32C_REVERSED 0x82f63b78

/*
 * Keys of 15 bits, the highest and the lowest of which are 1. Between them are 13 that are a permutation of the number of the
 * word, so that no key is there twice, without a pattern: multiplied by odd numbers, shifted and added without carry.
 */
#define MIX_1(n) ((n)*5003 & 0x1fff)
#define MIX_2(n) (((n) ^ (n) >> 7) * 2971 & 0x1fff)
#define MIX_3(n) (((n) ^ (n) >> 5) * 6277 & 0x1fff)
#define KEY(n) (0x4001 | MIX_3(MIX_2(MIX_1(n))) << 1)
#define KEYS_8(n)                                                                     \
	KEY(n), KEY((n) + 1), KEY((n) + 2), KEY((n) + 3), KEY((n) + 4), KEY((n) + 5), \
		KEY((n) + 6), KEY((n) + 7)
#define KEYS_64(n)                                                                        \
	KEYS_8(n), KEYS_8((n) + 8), KEYS_8((n) + 16), KEYS_8((n) + 24), KEYS_8((n) + 32), \
		KEYS_8((n) + 40), KEYS_8((n) + 48), KEYS_8((n) + 56)

const int16_t kx_madd_keys[] __attribute__((aligned(16))) = {
	KEYS_64(0),   KEYS_64(64),  KEYS_64(128), KEYS_64(192),
	KEYS_64(256), KEYS_64(320), KEYS_64(384), KEYS_64(448),
};

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

static void add_block(uint64_t lanes[KX_DIGEST_LANES], const uint8_t *p, const int16_t *keys)
{
	for (unsigned i = 0; i < KX_DIGEST_BLOCK_SIZE / 2; i++) {
		int32_t product = (int16_t)kx_le16(p + 2 * (size_t)i) * keys[i];
		uint64_t *lane = &lanes[i / 2 % KX_DIGEST_LANES];

		*lane = (uint32_t)(*lane + (uint32_t)product);
	}
}

/* George Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (14), 2003. */
static void mix(uint64_t *low, uint64_t *high)
{
	uint64_t x = *low | *high << 32;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*low = (uint32_t)x;
	*high = x >> 32;
}

void kx_madd_blocks(uint64_t lanes[KX_DIGEST_LANES], const uint8_t *p, size_t count)
{
	for (size_t i = 0; i < count; i++, p += KX_DIGEST_BLOCK_SIZE) {
		size_t at = i % KX_MADD_GROUP;

		add_block(lanes, p, kx_madd_keys + at * KX_DIGEST_BLOCK_SIZE / 2);
		if (at + 1 < KX_MADD_GROUP && i + 1 < count)
			continue;
		mix(&lanes[0], &lanes[1]);
		mix(&lanes[2], &lanes[3]);
	}
}

void kx_digest_init(struct kx_digest *digest, enum kx_digest_kind kind, kx_digest_blocks *blocks)
{
	*digest = (struct kx_digest){ .kind = kind };
	if (kind == KX_DIGEST_SHA256)
		kx_sha256_init(&digest->sha256);
	else if (kind != KX_DIGEST_NONE && blocks)
		digest->blocks = blocks;
	else if (kind != KX_DIGEST_NONE)
		digest->blocks = kind == KX_DIGEST_CRC32C ? kx_crc32c_blocks : kx_madd_blocks;
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
	if (digest->kind == KX_DIGEST_SHA256) {
		kx_sha256_final(&digest->sha256, ret);
		return;
	}
	for (size_t i = 0; i < KX_DIGEST_SIZE; i++)
		ret[i] = 0;
	for (size_t i = 0; i < KX_DIGEST_LANES; i++)
		kx_put_le32(ret + 4 * i, (uint32_t)digest->lanes[i]);
}

const char *kx_digest_name(enum kx_digest_kind kind)
{
	/* Not pointers: purgatory has no initialised addresses. */
	static const char names[KX_DIGEST_KINDS][8] = {
		[KX_DIGEST_NONE] = "none",
		[KX_DIGEST_SHA256] = "sha256",
		[KX_DIGEST_CRC32C] = "crc32c",
		[KX_DIGEST_MADD] = "madd",
	};

	return names[kind];
}
