/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bounded view of bytes that nobody trusts. Every parser reads through it, so that the bounds check and
 * the read are one act and cannot be forgotten separately. No libc.
 */
#ifndef KX_BASE_VIEW_H
#define KX_BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endian.h"

/**
 * struct kx_view - bytes somewhere in memory, owned by somebody else
 * @data: first byte; may be NULL when @size is 0
 * @size: in bytes
 */
struct kx_view {
	const uint8_t *data;
	size_t size;
};

static inline struct kx_view kx_view_of(const void *data, size_t size)
{
	return (struct kx_view){ .data = data, .size = size };
}

/* Is [@off, @off + @len) inside @v? Safe for every value. */
static inline bool kx_view_has(struct kx_view v, uint64_t off, uint64_t len)
{
	return off <= v.size && len <= v.size - off;
}

/* The part [@off, @off + @len) of @v; false, and *ret untouched, if it is not all there. */
static inline bool kx_view_sub(struct kx_view v, uint64_t off, uint64_t len, struct kx_view *ret)
{
	if (!kx_view_has(v, off, len))
		return false;
	*ret = kx_view_of(len ? v.data + off : v.data, (size_t)len);
	return true;
}

/* What is left of @v from @off on; false if @off is past the end. */
static inline bool kx_view_from(struct kx_view v, uint64_t off, struct kx_view *ret)
{
	return off <= v.size && kx_view_sub(v, off, v.size - off, ret);
}

/* The little-endian value at @off; false, and *ret untouched, if it is not all there. */
static inline bool kx_view_u8(struct kx_view v, uint64_t off, uint8_t *ret)
{
	if (!kx_view_has(v, off, 1))
		return false;
	*ret = v.data[off];
	return true;
}

static inline bool kx_view_le16(struct kx_view v, uint64_t off, uint16_t *ret)
{
	if (!kx_view_has(v, off, 2))
		return false;
	*ret = kx_le16(v.data + off);
	return true;
}

static inline bool kx_view_le32(struct kx_view v, uint64_t off, uint32_t *ret)
{
	if (!kx_view_has(v, off, 4))
		return false;
	*ret = kx_le32(v.data + off);
	return true;
}

static inline bool kx_view_le64(struct kx_view v, uint64_t off, uint64_t *ret)
{
	if (!kx_view_has(v, off, 8))
		return false;
	*ret = kx_le64(v.data + off);
	return true;
}

/* Are the @len bytes at @off equal to @what? False also when they are not there. */
static inline bool kx_view_equals(struct kx_view v, uint64_t off, const void *what, size_t len)
{
	const uint8_t *w = what;

	if (!kx_view_has(v, off, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if (v.data[off + i] != w[i])
			return false;
	return true;
}

#endif
