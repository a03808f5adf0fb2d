/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What tells whether loaded bytes are still what was loaded; no libc, usable in purgatory.
 *
 * SHA-256 withstands somebody who chooses the damage. The two others are at least 30 times cheaper and withstand chance: DMA
 * and stray writes. Nobody who can write to memory is kept out by either, since the digest lies in the same memory.
 *
 * Both cut each region into blocks of four 64-bit words, little endian, and give word i of every block to lane i. A
 * region ends with zeros up to a whole block, and then a block of its size in bytes and three zero words. What escapes:
 *
 * KX_DIGEST_CRC32C: a lane is a CRC-32C (RFC 3720, 12.1) without its final inversion, so 32 bits of each word's
 *	position and value. Damage within 32 consecutive bits of one lane, or to an odd number of its bits, is always
 *	seen; any other damage to a lane escapes it once in 2^32. All damaged lanes must miss it together: once in 2^32
 *	for one 64-bit word, in 2^64 for 16 bytes in a row, in 2^128 for 32 and more.
 * KX_DIGEST_MADD: lane i is instead the sum, 32 bits, of the signed 16-bit words 2i and 2i + 1, modulo 8, each times a
 *	key of its own, KX_MADD_GROUP blocks long; what remains below that is a group, too. After each group two lanes become
 *	one of 64 bits and go through Marsaglia's xorshift (13, 7, 17), which takes 2^64 - 1 groups to come back to where
 *	it was, and can be undone. Keys are odd, positive, of 15 bits and all different, so that damage to one 16-bit
 *	word, or to any two bits of one group, is always seen: no such products add up to a multiple of 2^32. Any
 *	other damage to a lane escapes it once in 2^32, and all damaged lanes must miss it together: once in 2^32 for
 *	32 bits at a multiple of that, in 2^64 for one 64-bit word, in 2^128 for 16 bytes and more.
 */
#ifndef KX_BASE_DIGEST_H
#define KX_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"

/* Part of abi/handoff.h. */
enum kx_digest_kind {
	KX_DIGEST_NONE = 0, /* looks at nothing; all zeros */
	KX_DIGEST_SHA256 = 1,
	KX_DIGEST_CRC32C = 2,
	KX_DIGEST_MADD = 3,
	KX_DIGEST_KINDS
};

#define KX_DIGEST_SIZE 32
#define KX_DIGEST_LANES 4
#define KX_DIGEST_BLOCK_SIZE 32

/* Takes @count blocks at @p, of any alignment, into the lanes. */
typedef void kx_digest_blocks(uint64_t lanes[KX_DIGEST_LANES], const uint8_t *p, size_t count);

/* CRC-32C in plain C, slow. */
void kx_crc32c_blocks(uint64_t lanes[KX_DIGEST_LANES], const uint8_t *p, size_t count);

/* The same by SSE4.2's instruction, which needs general registers only; base/x86, x86_64 only. */
void kx_crc32c_blocks_sse42(uint64_t lanes[KX_DIGEST_LANES], const uint8_t *p, size_t count);

/* Blocks until KX_DIGEST_MADD's keys repeat. */
#define KX_MADD_GROUP 32

/* A key for each 16-bit word of a group. */
extern const int16_t kx_madd_keys[KX_MADD_GROUP * KX_DIGEST_BLOCK_SIZE / 2]
	__attribute__((visibility("hidden")));

/* KX_DIGEST_MADD in plain C. */
void kx_madd_blocks(uint64_t lanes[KX_DIGEST_LANES], const uint8_t *p, size_t count);

/* The same by SSE2, which must be switched on; base/x86, x86_64 only. */
void kx_madd_blocks_sse2(uint64_t lanes[KX_DIGEST_LANES], const uint8_t *p, size_t count);

/**
 * struct kx_digest - a digest in progress; on the caller's stack, nothing to free
 */
struct kx_digest {
	enum kx_digest_kind kind;
	kx_digest_blocks *blocks;
	uint64_t lanes[KX_DIGEST_LANES];
	struct kx_sha256 sha256;
};

/* @blocks: what takes this kind's blocks; NULL for plain C. */
void kx_digest_init(struct kx_digest *digest, enum kx_digest_kind kind, kx_digest_blocks *blocks);

/* Takes one region. Where one ends and the next begins counts, but for KX_DIGEST_SHA256. */
void kx_digest_region(struct kx_digest *digest, const void *data, size_t size);

/* @digest cannot be used afterwards without kx_digest_init(). */
void kx_digest_final(struct kx_digest *digest, uint8_t ret[KX_DIGEST_SIZE]);

/* "sha256" and the like, for people. */
const char *kx_digest_name(enum kx_digest_kind kind);

#endif
