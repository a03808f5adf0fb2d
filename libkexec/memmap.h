/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An array of typed physical ranges, in the order in which they were found. */
#ifndef KX_MEMMAP_H
#define KX_MEMMAP_H

#include "libkexec.h"
#include "ranges.h"

/**
 * struct kx_memmap - typed ranges; zero-initialised it is empty
 */
struct kx_memmap {
	struct kx_mem *v;
	size_t count;
	size_t room;
};

void kx_memmap_clear(struct kx_memmap *map);
/* Appends; empty ranges are ignored. Errors: -ENOMEM. */
int kx_memmap_add(struct kx_memmap *map, uint64_t start, uint64_t end, enum kx_mem_type type);
/* By start address. */
void kx_memmap_sort(struct kx_memmap *map);
/* All addresses of one type. Errors: -ENOMEM. */
int kx_memmap_of_type(const struct kx_memmap *map, enum kx_mem_type type, struct kx_ranges *ret);

#endif
