/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel that is taken out of its bzImage while the old system still runs, relocated, and entered as its decompressor
 * would have entered it (arch/x86/boot/compressed/misc.c, extract_kernel()). Where something is in the way, the bzImage is
 * loaded as it is: that costs time and nothing else.
 */
#ifndef KX_BZIMAGE_DIRECT_H
#define KX_BZIMAGE_DIRECT_H

#include "arch/x86/kaslr.h"
#include "arch/x86/relocs.h"
#include "bzimage.h"
#include "plan.h"

/**
 * struct kx_direct - a kernel that is ready for its place
 * @image: what is to be loaded, at the physical addresses that it is linked at, in their order
 * @start, @size: what it needs of memory in all, as its decompressor counts
 * @entry: physical address as linked
 * @random: it is to be hard to find
 * @rng: for the physical address
 */
struct kx_direct {
	struct kx_relocs_image image;
	uint64_t start, size, entry;
	bool random;
	struct kx_kaslr_rng rng;
};

/**
 * kx_direct_refused() - is there a reason, without a look at the payload, to leave the kernel to its decompressor?
 *
 * Return: the reason, or NULL.
 */
const char *kx_direct_refused(const struct kx_plan *plan, const struct kx_bzimage *image);

/* The payload, once, into plan->vmlinux. Errors: as kx_bzimage_unpack(). */
int kx_direct_unpack(struct kx_plan *plan, const struct kx_bzimage *image, struct kx_error *err);

/**
 * kx_direct_open() - unpack the kernel and relocate it
 * @ret: points into plan->vmlinux
 *
 * Return: false, with the reason in the plan, when the kernel is to be left to its decompressor.
 */
bool kx_direct_open(struct kx_plan *plan, const struct kx_bzimage *image, struct kx_direct *ret);

/**
 * kx_direct_place() - add the kernel's segments, somewhere
 * @max: end of what it may use
 * @ret_entry: physical address
 *
 * Errors: -ENOSPC; -ENOMEM.
 */
int kx_direct_place(struct kx_plan *plan, const struct kx_bzimage *image, uint64_t max,
		    struct kx_direct *direct, uint64_t *ret_entry, struct kx_error *err);

/* Let go of the kernel; say why. */
void kx_direct_give_up(struct kx_plan *plan, const char *why);

#endif
