/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ELF header that a capture kernel reads the old one's memory by: Documentation/admin-guide/kdump/kdump.rst, and
 * crash_prepare_elf64_headers() of the kernel for what is in it.
 */
#ifndef KX_ELFCORE_H
#define KX_ELFCORE_H

#include "machine/machine.h"

/**
 * struct kx_elfcore - what of the machine a dump has
 * @machine: its notes, and where its kernel is
 * @ram: physical memory
 * @backup: of @ram, what is found at @backup_at, since the capture kernel uses the place itself; empty for nothing
 * @bits: 64, or 32 for tools that know nothing else: then nothing may be above 4 GiB, and there are no virtual addresses
 */
struct kx_elfcore {
	const struct kx_machine *machine;
	const struct kx_ranges *ram;
	struct kx_range backup;
	uint64_t backup_at;
	unsigned bits;
};

/**
 * kx_elfcore_ram() - what the running kernel uses: all System RAM, whoever brought it, but for what is kept for the crash
 * kernel and what is below @min
 *
 * Errors: -ENOMEM.
 */
int kx_elfcore_ram(const struct kx_machine *machine, uint64_t min, struct kx_ranges *ret);

/**
 * kx_elfcore_make() - the header and its program headers, of *ret_size bytes
 * @ret: malloc'ed
 *
 * Errors: -EOPNOTSUPP when memory does not fit into 32 bits; -ENOSPC for more pieces than ELF can count; -ENOMEM.
 */
int kx_elfcore_make(const struct kx_elfcore *core, uint8_t **ret, size_t *ret_size,
		    struct kx_error *err);

#endif
