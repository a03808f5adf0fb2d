/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a kernel goes that is to be hard to find, by the rules that it would follow itself: choose_random_location() in
 * arch/x86/boot/compressed/kaslr.c. Pure: what is random comes as a seed.
 */
#ifndef KX_X86_KASLR_H
#define KX_X86_KASLR_H

#include "libkexec.h"
#include "ranges.h"

/**
 * struct kx_kaslr_rng - numbers from a seed: the first 64 bits of SHA-256 over seed and a counter (little-endian, 64 bits)
 *
 * To be initialised with the seed, and 0.
 */
struct kx_kaslr_rng {
	uint8_t seed[KX_KASLR_SEED_SIZE];
	uint64_t counter;
};

/* Any of 0 … @count - 1, each as likely as the others; @count is not 0. */
uint64_t kx_kaslr_below(struct kx_kaslr_rng *rng, uint64_t count);

/**
 * kx_kaslr_obey() - take out of @set what the next kernel's command line keeps a kernel out of
 *
 * mem=, memmap= and efi_fake_mem= with each of their signs, and the first gigabytes that hugepages= of 1 GiB will want.
 *
 * Errors: -ENOMEM.
 */
int kx_kaslr_obey(const char *cmdline, struct kx_ranges *set);

/**
 * kx_kaslr_physical() - any aligned place in @set, each as likely as the others
 * @better: a part of @set to stay in as long as it has at least half of the places, so that no more than one bit is lost
 *
 * Errors: -ENOSPC.
 */
int kx_kaslr_physical(const struct kx_ranges *set, const struct kx_ranges *better,
		      const struct kx_place *place, struct kx_kaslr_rng *rng, uint64_t *ret);

/**
 * kx_kaslr_shift() - how far from @start, where it is linked, a kernel runs in its own address space
 * @start: physical address that it is linked at
 * @size: of the kernel in memory
 * @end: of what it may be mapped to, on the same scale
 * @align: a power of two; the shift is a multiple of it
 */
uint64_t kx_kaslr_shift(uint64_t start, uint64_t size, uint64_t end, uint64_t align,
			struct kx_kaslr_rng *rng);

#endif
