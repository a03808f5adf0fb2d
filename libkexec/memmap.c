// SPDX-License-Identifier: LGPL-2.1-or-later
#include "memmap.h"

#include <errno.h>
#include <stdlib.h>

void kx_memmap_clear(struct kx_memmap *map)
{
	free(map->v);
	*map = (struct kx_memmap){ 0 };
}

int kx_memmap_add(struct kx_memmap *map, uint64_t start, uint64_t end, enum kx_mem_type type)
{
	if (start >= end)
		return 0;
	if (map->count == map->room) {
		size_t room = map->room ? map->room * 2 : 16;
		struct kx_mem *v = reallocarray(map->v, room, sizeof(*v));

		if (!v)
			return -ENOMEM;
		map->v = v;
		map->room = room;
	}
	map->v[map->count++] = (struct kx_mem){ .start = start, .end = end, .type = type };
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct kx_mem *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

void kx_memmap_sort(struct kx_memmap *map)
{
	if (map->count)
		qsort(map->v, map->count, sizeof(*map->v), by_start);
}

int kx_memmap_of_type(const struct kx_memmap *map, enum kx_mem_type type, struct kx_ranges *ret)
{
	struct kx_ranges set = { 0 };

	for (size_t i = 0; i < map->count; i++) {
		const struct kx_mem *mem = &map->v[i];
		int r;

		if (mem->type != type)
			continue;
		r = kx_ranges_add(&set, mem->start, mem->end);
		if (r < 0) {
			kx_ranges_clear(&set);
			return r;
		}
	}
	*ret = set;
	return 0;
}
