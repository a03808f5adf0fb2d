/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much memory a capture kernel needs, by rules: docs/crash.md says where each comes from, and what a trial boot found
 * beside it. Pure.
 */
#ifndef KX_CRASH_SIZE_H
#define KX_CRASH_SIZE_H

#include "libkexec.h"

/**
 * struct kx_crash_load - what is to run in the memory that is kept
 * @kernel: what the kernel takes where it runs: init_size of its header
 * @initrd_packed: as it is loaded
 * @initrd_unpacked: as files
 * @cpus: that the capture kernel uses
 * @ram: of the machine, which the dump is of
 * @rootfs_is_tmpfs: there is no root= on its command line, so that files may take no more than half of memory
 */
struct kx_crash_load {
	uint64_t kernel;
	uint64_t initrd_packed;
	uint64_t initrd_unpacked;
	unsigned cpus;
	uint64_t ram;
	bool rootfs_is_tmpfs;
};

enum kx_crash_piece {
	KX_CRASH_KERNEL,
	KX_CRASH_KERNEL_OWN,
	KX_CRASH_TABLES,
	KX_CRASH_CPUS,
	KX_CRASH_PACKED,
	KX_CRASH_UNPACKED,
	KX_CRASH_PROGRAMS,
	KX_CRASH_BITMAPS,
	KX_CRASH_PIECE_COUNT
};

const char *kx_crash_piece_name(enum kx_crash_piece piece);
/* The rule, for a person. */
const char *kx_crash_piece_rule(enum kx_crash_piece piece);

/**
 * struct kx_crash_need - how much, of what
 * @pieces: bytes of each
 * @unpacking: bytes while the initrd is there twice
 * @dumping: when it is unpacked, and the dump is written
 * @half: so that the files are no more than half of memory; 0 where that does not matter
 * @needed: the largest of the three
 * @recommended: with room for what the rules do not see: an eighth, in whole 16 MiB
 */
struct kx_crash_need {
	uint64_t pieces[KX_CRASH_PIECE_COUNT];
	uint64_t unpacking, dumping, half;
	uint64_t needed, recommended;
};

/* Errors: -EFBIG when it is more than any machine has. */
int kx_crash_estimate(const struct kx_crash_load *load, struct kx_crash_need *ret,
		      struct kx_error *err);

/* What to keep when @needed was measured or estimated; UINT64_MAX at most. */
uint64_t kx_crash_recommend(uint64_t needed);

/**
 * kx_crash_too_small() - why @reserved bytes are not enough, piece by piece
 *
 * Return: -ENOSPC, always.
 */
int kx_crash_too_small(const struct kx_crash_need *need, uint64_t reserved, struct kx_error *err);

/**
 * kx_crash_shrink() - give all but @size bytes of what is kept back to the running kernel, until the next boot
 *
 * Errors: -EEXIST while a crash kernel is loaded; -EINVAL for more than is kept; -EPERM; -ENODATA when it is not known; what
 * the kernel says.
 */
int kx_crash_shrink(const struct kx_sys *sys, const struct kx_machine *machine, uint64_t size,
		    struct kx_error *err);

/**
 * kx_crash_initrd_size() - what initrds take, as they are and as files
 * @unpack_max: most bytes that compressed archives may take here while they are looked at
 * @ret_guessed: bytes of compressed archives that could not be unpacked, and were taken for a quarter of what is in them
 *
 * Errors: those of kx_initrd_layout().
 */
int kx_crash_initrd_size(const struct kx_source *const *initrds, size_t count, uint64_t unpack_max,
			 struct kx_crash_load *load, uint64_t *ret_guessed, struct kx_error *err);

#endif
