/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From an ELF file's program headers to segments of a plan: gABI chapter 5, "Program Loading". */
#ifndef KX_ELF_LOAD_H
#define KX_ELF_LOAD_H

#include "elf.h"
#include "plan.h"

/**
 * kx_elf_place() - place all PT_LOAD segments at their physical addresses
 *
 * kexec_load takes whole pages: segments that share a page become one, through a copy.
 *
 * Errors: -ENOSPC when an address is not free RAM, or there are too many segments; -EBADMSG without any; -ENOMEM.
 */
int kx_elf_place(struct kx_plan *plan, struct kx_view file, const struct kx_elf *elf,
		 struct kx_error *err);

/**
 * kx_elf_relocate() - move a file below 4 GiB when where it says is not free
 * @elf: addresses and entry are changed
 * @where: it can be there, but for @where->size, and its lowest page is to be at a multiple of @where->align, whatever
 *	p_align says; NULL for anywhere if it is position-independent (ET_DYN)
 *
 * memtest86+ 5 for multiboot says address 0, where the BIOS's vectors are, and does not mind where it is.
 *
 * Errors: -ENOSPC; -EBADMSG.
 */
int kx_elf_relocate(struct kx_plan *plan, struct kx_elf *elf, const struct kx_place *where,
		    struct kx_error *err);

/* The lowest physical address that is loaded. */
uint64_t kx_elf_load_base(const struct kx_elf *elf);

/* One piece of memory with contents; what is beyond @bytes is zero. */
struct kx_piece {
	uint64_t start, size;
	struct kx_view bytes;
};

/* As kx_elf_place(), for any pieces; they are sorted, and must not overlap. */
int kx_place_pieces(struct kx_plan *plan, struct kx_piece *pieces, size_t count,
		    struct kx_error *err);

/**
 * kx_elf_physical_entry() - where e_entry is in physical memory
 *
 * It may be a virtual address, which the segment that holds it translates, or a physical one, as Linux' is.
 *
 * Errors: -EBADMSG when no segment holds it.
 */
int kx_elf_physical_entry(const struct kx_elf *elf, uint64_t *ret, struct kx_error *err);

#endif
