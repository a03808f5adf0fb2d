/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of physical addresses, and where to put something in them. */
#ifndef KX_RANGES_H
#define KX_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Half-open: [start, end). */
struct kx_range {
	uint64_t start;
	uint64_t end;
};

/**
 * struct kx_ranges - a set of addresses as sorted, disjoint, non-adjacent, non-empty ranges
 *
 * Zero-initialised it is empty. To be cleared with kx_ranges_clear().
 */
struct kx_ranges {
	struct kx_range *v;
	size_t count;
	size_t room;
};

void kx_ranges_clear(struct kx_ranges *set);
/* Empty ranges are ignored. Errors: -ENOMEM, the set is then unchanged. */
int kx_ranges_add(struct kx_ranges *set, uint64_t start, uint64_t end);
int kx_ranges_remove(struct kx_ranges *set, uint64_t start, uint64_t end);
int kx_ranges_intersect(const struct kx_ranges *a, const struct kx_ranges *b,
			struct kx_ranges *ret);
/* Is all of [start, end) in the set? */
bool kx_ranges_contain(const struct kx_ranges *set, uint64_t start, uint64_t end);
/* Sum of all sizes. */
uint64_t kx_ranges_size(const struct kx_ranges *set);

/**
 * struct kx_place - where something may go
 * @size: bytes, not 0
 * @align: a power of two
 * @min, @max: all of it lies in [min, max)
 * @low_first: take the lowest place instead of the highest
 */
struct kx_place {
	uint64_t size;
	uint64_t align;
	uint64_t min;
	uint64_t max;
	bool low_first;
};

/* Errors: -ENOSPC. */
int kx_ranges_place(const struct kx_ranges *set, const struct kx_place *place, uint64_t *ret);
/* The largest size that would fit between @min and @max at @align: for error messages. */
uint64_t kx_ranges_largest(const struct kx_ranges *set, uint64_t min, uint64_t max, uint64_t align);

#endif
