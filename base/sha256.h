/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 (FIPS 180-4) with general registers only; no libc, usable in purgatory. */
#ifndef KX_BASE_SHA256_H
#define KX_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define KX_SHA256_DIGEST_SIZE 32
#define KX_SHA256_BLOCK_SIZE 64

/**
 * struct kx_sha256 - a hash in progress; on the caller's stack, nothing to free
 * @state: H(i), FIPS 180-4, 6.2
 * @length: bytes taken so far
 * @block: the bytes of the last, incomplete block
 */
struct kx_sha256 {
	uint32_t state[8];
	uint64_t length;
	uint8_t block[KX_SHA256_BLOCK_SIZE];
};

void kx_sha256_init(struct kx_sha256 *hash);

/* Any split of the message into calls gives the same digest. @data may be NULL when @size is 0. */
void kx_sha256_update(struct kx_sha256 *hash, const void *data, size_t size);

/* @hash cannot be used afterwards without kx_sha256_init(). */
void kx_sha256_final(struct kx_sha256 *hash, uint8_t digest[KX_SHA256_DIGEST_SIZE]);

#endif
