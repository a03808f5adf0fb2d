/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The relocation tables that the kernel's build puts behind vmlinux before it compresses both: vmlinux.relocs, written by
 * arch/x86/tools/relocs.c, read by handle_relocations() in arch/x86/boot/compressed/misc.c. Each table is a zero, then
 * entries of 32 bits in ascending order: the places whose 64 bits the virtual shift is added to; those whose 32 bits it is
 * subtracted from, in kernels before 6.15 or so, which have per-CPU data linked at 0; those whose 32 bits it is added to.
 */
#ifndef KX_X86_RELOCS_H
#define KX_X86_RELOCS_H

#include "base/view.h"
#include "libkexec.h"

/* __START_KERNEL_map: where physical address 0 of an unrelocated kernel is mapped (Documentation/arch/x86/x86_64/mm.rst). */
#define KX_X86_KERNEL_MAP UINT64_C(0xffffffff80000000)
/* KERNEL_IMAGE_SIZE of a kernel with CONFIG_RANDOMIZE_BASE, which is one that has tables. */
#define KX_X86_KERNEL_IMAGE_SIZE (UINT64_C(1) << 30)

/* More than any kernel's; its text, data, per-CPU data and init are four. */
#define KX_RELOCS_PART_MAX 8

/**
 * struct kx_relocs - the tables, entries of 32 bits, little-endian
 * @add64, @sub32, @add32: as above; all empty for a kernel that was built to stay where it is linked
 */
struct kx_relocs {
	struct kx_view add64, sub32, add32;
};

/* Bytes of the image, and the physical address that they are linked at. */
struct kx_relocs_part {
	uint64_t start, size;
	uint8_t *bytes;
};

/**
 * struct kx_relocs_image - what the entries point into
 * @parts: disjoint
 */
struct kx_relocs_image {
	struct kx_relocs_part parts[KX_RELOCS_PART_MAX];
	size_t count;
};

/**
 * kx_relocs_read() - cut the tables apart
 * @tail: all that is behind the ELF file; empty for none
 *
 * How many tables there are is told by the zeros alone: two or three. Whether they are what they seem to be,
 * kx_relocs_apply() finds out from the image.
 *
 * Errors: -EBADMSG.
 */
int kx_relocs_read(struct kx_view tail, struct kx_relocs *ret, struct kx_error *err);

/**
 * kx_relocs_apply() - make an image run @shift bytes above where it is linked
 * @shift: below KX_X86_KERNEL_IMAGE_SIZE
 *
 * Every entry must be the address of a place in the image, and that place must hold, in the way of its table, an address
 * that a kernel's image can have.
 *
 * Errors: -EBADMSG; the image is then no longer what it was.
 */
int kx_relocs_apply(const struct kx_relocs *relocs, const struct kx_relocs_image *image,
		    uint64_t shift, struct kx_error *err);

#endif
