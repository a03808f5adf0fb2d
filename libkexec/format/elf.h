/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ELF files, 32 and 64 bit, read through a bounded view (System V ABI, gABI chapters 4 and 5). */
#ifndef KX_ELF_H
#define KX_ELF_H

#include "base/view.h"
#include "libkexec.h"

/* More than any kernel, and enough to bound the work on a hostile file. */
#define KX_ELF_PHDR_MAX 128

struct kx_elf_phdr {
	uint32_t type;
	uint32_t flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

/* @type, @machine, @entry: e_type, e_machine, e_entry. */
struct kx_elf {
	unsigned bits; /* 32 or 64 */
	uint16_t type, machine;
	uint64_t entry;
	size_t phdr_count;
	struct kx_elf_phdr phdrs[KX_ELF_PHDR_MAX];
};

/**
 * kx_elf_parse() - read the header and the program headers
 *
 * What @ret then says is safe to use: every p_offset and p_filesz is within @file; no PT_LOAD segment is smaller in
 * memory than in the file, ends past the address space, or overlaps another's physical addresses.
 *
 * Errors: -ENOEXEC no ELF magic; -EBADMSG malformed; -EOPNOTSUPP big-endian, or more than KX_ELF_PHDR_MAX headers.
 */
int kx_elf_parse(struct kx_view file, struct kx_elf *ret, struct kx_error *err);

/**
 * kx_elf_note() - the first note with @name and @type in the PT_NOTE segments
 * @elf: of the same @file
 * @ret: its descriptor, within @file
 *
 * Errors: -ENOENT; -EBADMSG when a note before it reaches past its segment.
 */
int kx_elf_note(struct kx_view file, const struct kx_elf *elf, const char *name, uint32_t type,
		struct kx_view *ret, struct kx_error *err);

#endif
