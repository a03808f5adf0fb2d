/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unaligned little-endian loads and stores; no libc, usable in purgatory. */
#ifndef KX_BASE_ENDIAN_H
#define KX_BASE_ENDIAN_H

#include <stdint.h>

static inline uint16_t kx_le16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t kx_le32(const void *p)
{
	const uint8_t *b = p;

	return kx_le16(b) | (uint32_t)kx_le16(b + 2) << 16;
}

static inline uint64_t kx_le64(const void *p)
{
	const uint8_t *b = p;

	return kx_le32(b) | (uint64_t)kx_le32(b + 4) << 32;
}

static inline void kx_put_le16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)v;
	b[1] = (uint8_t)(v >> 8);
}

static inline void kx_put_le32(void *p, uint32_t v)
{
	kx_put_le16(p, (uint16_t)v);
	kx_put_le16((uint8_t *)p + 2, (uint16_t)(v >> 16));
}

static inline void kx_put_le64(void *p, uint64_t v)
{
	kx_put_le32(p, (uint32_t)v);
	kx_put_le32((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

#endif
