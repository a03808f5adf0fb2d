/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where segments go that may go anywhere. For each page of a segment kexec_load allocates one, and a page that is itself a
 * destination is not used but put aside, or exchanged with the one that was used for that destination, which is looked
 * for in the list of all (kimage_alloc_page() in kernel/kexec_core.c): where the allocator hands out what segments are to
 * be copied to, the time grows with the square of their size. So they go where it has least to hand out.
 */
#ifndef KX_PLACE_H
#define KX_PLACE_H

#include "machine/machine.h"
#include "ranges.h"

/**
 * kx_place_quiet() - the highest of the places below 4 GiB where the allocator has fewest pages
 * @set: what may be used
 * @place: low_first is ignored
 *
 * Memory above 4 GiB is handed out before what is below: where there is enough of it free, all places below cost nothing.
 *
 * Errors: -ENOSPC; -ENODATA when it is not known what is free.
 */
int kx_place_quiet(const struct kx_free_pages *pages, const struct kx_ranges *set,
		   const struct kx_place *place, uint64_t *ret);

/**
 * kx_place_avoid_next() - take out of @set what the allocator will probably hand out for a load
 * @made: how many bytes this process takes before that
 * @loaded: by the kernel
 *
 * Nothing when it is not known what is free, or there is enough of it above 4 GiB.
 *
 * Errors: -ENOMEM.
 */
int kx_place_avoid_next(const struct kx_free_pages *pages, uint64_t made, uint64_t loaded,
			struct kx_ranges *set);

#endif
