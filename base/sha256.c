// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * SHA-256, FIPS 180-4. Nothing runs beside purgatory while it hashes hundreds of megabytes, so the
 * rounds are unrolled: the eight working variables then stay in registers and change names instead
 * of places.
 */
#include "base/sha256.h"

/* FIPS 180-4, 4.2.2. */
/* clang-format off */
static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
/* clang-format on */

static inline uint32_t ror(uint32_t v, unsigned n)
{
	return v >> n | v << (32 - n);
}

static inline uint32_t load_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void store_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/*
 * The rotations of 4.1.2 nested, which saves a register copy for each where rotation works in
 * place.
 */
static inline uint32_t big_sigma0(uint32_t a)
{
	return ror(ror(ror(a, 9) ^ a, 11) ^ a, 2);
}

static inline uint32_t big_sigma1(uint32_t e)
{
	return ror(ror(ror(e, 14) ^ e, 5) ^ e, 6);
}

static inline uint32_t small_sigma0(uint32_t w)
{
	return ror(ror(w, 11) ^ w, 7) ^ w >> 3;
}

static inline uint32_t small_sigma1(uint32_t w)
{
	return ror(ror(w, 2) ^ w, 17) ^ w >> 10;
}

/* The message schedule W(t) for t >= 16, 6.2.2 step 1, kept in a ring of 16. */
static inline uint32_t schedule(uint32_t w[16], unsigned t)
{
	return w[t & 15] +=
	       small_sigma1(w[(t - 2) & 15]) + w[(t - 7) & 15] + small_sigma0(w[(t - 15) & 15]);
}

/*
 * One round, 6.2.2 step 3: afterwards d and h hold what the standard calls e and a. Maj(a, b, c) is
 * b ^ ((a ^ b) & (b ^ c)), and what is a ^ b in one round is b ^ c in the next.
 */
#define ROUND(a, b, c, d, e, f, g, h, k, w)                           \
	do {                                                          \
		h += big_sigma1(e) + (g ^ (e & (f ^ g))) + (k) + (w); \
		d += h;                                               \
		ab = a ^ b;                                           \
		h += big_sigma0(a) + (b ^ (ab & bc));                 \
		bc = ab;                                              \
	} while (0)

#define ROUNDS8(t, w)                                                            \
	do {                                                                     \
		ROUND(a, b, c, d, e, f, g, h, round_constants[t], w(t));         \
		ROUND(h, a, b, c, d, e, f, g, round_constants[t + 1], w(t + 1)); \
		ROUND(g, h, a, b, c, d, e, f, round_constants[t + 2], w(t + 2)); \
		ROUND(f, g, h, a, b, c, d, e, round_constants[t + 3], w(t + 3)); \
		ROUND(e, f, g, h, a, b, c, d, round_constants[t + 4], w(t + 4)); \
		ROUND(d, e, f, g, h, a, b, c, round_constants[t + 5], w(t + 5)); \
		ROUND(c, d, e, f, g, h, a, b, round_constants[t + 6], w(t + 6)); \
		ROUND(b, c, d, e, f, g, h, a, round_constants[t + 7], w(t + 7)); \
	} while (0)

#define FIRST(t) (ring[t] = load_be32(p + 4 * (t)))
#define LATER(t) schedule(ring, t)

static void compress(uint32_t state[8], const uint8_t *p, size_t blocks)
{
	uint32_t ring[16];

	for (; blocks; blocks--, p += KX_SHA256_BLOCK_SIZE) {
		uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
		uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
		uint32_t ab, bc = b ^ c;

		ROUNDS8(0, FIRST);
		ROUNDS8(8, FIRST);
		for (unsigned t = 16; t < 64; t += 16) {
			ROUNDS8(t, LATER);
			ROUNDS8(t + 8, LATER);
		}
		state[0] += a;
		state[1] += b;
		state[2] += c;
		state[3] += d;
		state[4] += e;
		state[5] += f;
		state[6] += g;
		state[7] += h;
	}
}

void kx_sha256_init(struct kx_sha256 *hash)
{
	/* FIPS 180-4, 5.3.3. */
	*hash = (struct kx_sha256){
		.state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
			   0x1f83d9ab, 0x5be0cd19 },
	};
}

void kx_sha256_update(struct kx_sha256 *hash, const void *data, size_t size)
{
	const uint8_t *p = data;
	size_t used = hash->length % KX_SHA256_BLOCK_SIZE;

	hash->length += size;
	if (used) {
		for (; size && used < KX_SHA256_BLOCK_SIZE; size--)
			hash->block[used++] = *p++;
		if (used < KX_SHA256_BLOCK_SIZE)
			return;
		compress(hash->state, hash->block, 1);
	}
	compress(hash->state, p, size / KX_SHA256_BLOCK_SIZE);
	used = size % KX_SHA256_BLOCK_SIZE;
	for (size_t i = 0; i < used; i++)
		hash->block[i] = p[size - used + i];
}

void kx_sha256_final(struct kx_sha256 *hash, uint8_t digest[KX_SHA256_DIGEST_SIZE])
{
	uint64_t bits = hash->length * 8;
	size_t used = hash->length % KX_SHA256_BLOCK_SIZE;
	/* One bit, zeros, and the length in the last 8 bytes of a block: 5.1.1. */
	uint8_t tail[KX_SHA256_BLOCK_SIZE + 8] = { 0x80 };
	size_t zeros_end = (used < 56 ? 56 : 120) - used;

	store_be32(tail + zeros_end, (uint32_t)(bits >> 32));
	store_be32(tail + zeros_end + 4, (uint32_t)bits);
	kx_sha256_update(hash, tail, zeros_end + 8);
	for (unsigned i = 0; i < 8; i++)
		store_be32(digest + 4 * i, hash->state[i]);
}
