// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void kx_ranges_clear(struct kx_ranges *set)
{
	free(set->v);
	*set = (struct kx_ranges){ 0 };
}

static int make_room(struct kx_ranges *set)
{
	size_t room = set->room ? set->room * 2 : 16;
	struct kx_range *v;

	if (set->count < set->room)
		return 0;
	v = reallocarray(set->v, room, sizeof(*v));
	if (!v)
		return -ENOMEM;
	set->v = v;
	set->room = room;
	return 0;
}

/* The first range that ends at or after @at; count if there is none. */
static size_t find(const struct kx_ranges *set, uint64_t at)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (set->v[mid].end < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void drop(struct kx_ranges *set, size_t from, size_t to)
{
	if (from == to)
		return;
	memmove(set->v + from, set->v + to, (set->count - to) * sizeof(*set->v));
	set->count -= to - from;
}

static void insert(struct kx_ranges *set, size_t at, uint64_t start, uint64_t end)
{
	memmove(set->v + at + 1, set->v + at, (set->count - at) * sizeof(*set->v));
	set->v[at] = (struct kx_range){ .start = start, .end = end };
	set->count++;
}

int kx_ranges_add(struct kx_ranges *set, uint64_t start, uint64_t end)
{
	size_t first, last;

	if (start >= end)
		return 0;
	if (make_room(set) < 0)
		return -ENOMEM;
	first = last = find(set, start);
	for (; last < set->count && set->v[last].start <= end; last++) {
		start = min_u64(start, set->v[last].start);
		end = max_u64(end, set->v[last].end);
	}
	drop(set, first, last);
	insert(set, first, start, end);
	return 0;
}

int kx_ranges_remove(struct kx_ranges *set, uint64_t start, uint64_t end)
{
	if (start >= end)
		return 0;
	if (make_room(set) < 0)
		return -ENOMEM;
	for (size_t i = find(set, start); i < set->count && set->v[i].start < end;) {
		struct kx_range old = set->v[i];

		drop(set, i, i + 1);
		if (old.start < start)
			insert(set, i++, old.start, min_u64(old.end, start));
		if (old.end > end)
			insert(set, i++, max_u64(old.start, end), old.end);
	}
	return 0;
}

int kx_ranges_intersect(const struct kx_ranges *a, const struct kx_ranges *b, struct kx_ranges *ret)
{
	struct kx_ranges set = { 0 };
	size_t i = 0, j = 0;

	while (i < a->count && j < b->count) {
		uint64_t start = max_u64(a->v[i].start, b->v[j].start);
		uint64_t end = min_u64(a->v[i].end, b->v[j].end);

		if (kx_ranges_add(&set, start, end) < 0) {
			kx_ranges_clear(&set);
			return -ENOMEM;
		}
		if (a->v[i].end < b->v[j].end)
			i++;
		else
			j++;
	}
	*ret = set;
	return 0;
}

bool kx_ranges_contain(const struct kx_ranges *set, uint64_t start, uint64_t end)
{
	for (size_t i = find(set, start); i < set->count; i++)
		if (set->v[i].end > start)
			return set->v[i].start <= start && end <= set->v[i].end;
	return start >= end;
}

uint64_t kx_ranges_size(const struct kx_ranges *set)
{
	uint64_t size = 0;

	for (size_t i = 0; i < set->count; i++)
		size += set->v[i].end - set->v[i].start;
	return size;
}

/* The highest or lowest fit inside one range, clipped to [min, max). */
static bool fits(const struct kx_range *range, const struct kx_place *place, uint64_t *ret)
{
	uint64_t start = max_u64(range->start, place->min);
	uint64_t end = min_u64(range->end, place->max);

	if (kx_align_up_overflow(start, place->align, &start))
		return false;
	if (start >= end || end - start < place->size)
		return false;
	*ret = place->low_first ? start : kx_align_down(end - place->size, place->align);
	return true;
}

int kx_ranges_place(const struct kx_ranges *set, const struct kx_place *place, uint64_t *ret)
{
	for (size_t i = 0; i < set->count; i++) {
		size_t at = place->low_first ? i : set->count - 1 - i;

		if (fits(&set->v[at], place, ret))
			return 0;
	}
	return -ENOSPC;
}

uint64_t kx_ranges_largest(const struct kx_ranges *set, uint64_t min, uint64_t max, uint64_t align)
{
	uint64_t largest = 0;

	for (size_t i = 0; i < set->count; i++) {
		uint64_t start = max_u64(set->v[i].start, min);
		uint64_t end = min_u64(set->v[i].end, max);

		if (!kx_align_up_overflow(start, align, &start) && start < end)
			largest = max_u64(largest, end - start);
	}
	return largest;
}
