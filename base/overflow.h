/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arithmetic on values that came from outside; no libc, usable in purgatory. */
#ifndef KX_BASE_OVERFLOW_H
#define KX_BASE_OVERFLOW_H

#include <stdbool.h>
#include <stdint.h>

#define KX_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Each returns true on overflow, as the compiler builtins do; *ret is then not to be used. */
static inline bool kx_add_overflow(uint64_t a, uint64_t b, uint64_t *ret)
{
	return __builtin_add_overflow(a, b, ret);
}

static inline bool kx_mul_overflow(uint64_t a, uint64_t b, uint64_t *ret)
{
	return __builtin_mul_overflow(a, b, ret);
}

/* @align is a power of two. */
static inline uint64_t kx_align_down(uint64_t v, uint64_t align)
{
	return v & ~(align - 1);
}

/* Rounds up to a multiple of @align, a power of two; true on overflow. */
static inline bool kx_align_up_overflow(uint64_t v, uint64_t align, uint64_t *ret)
{
	if (kx_add_overflow(v, align - 1, ret))
		return true;
	*ret = kx_align_down(*ret, align);
	return false;
}

/* For values known to be far from the top of the address space. */
static inline uint64_t kx_align_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

static inline bool kx_is_pow2(uint64_t v)
{
	return v && !(v & (v - 1));
}

#endif
