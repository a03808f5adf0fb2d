/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both versions of the Multiboot Specification (0.6.96 and 2.0) share. */
#ifndef KX_MULTIBOOT_H
#define KX_MULTIBOOT_H

#include "arch/x86/boot_params.h"
#include "base/view.h"
#include "plan.h"

/**
 * struct kx_multiboot - a header; also what its ELF file says where it does not
 * @offset: of the header in the file
 * @has_addresses: the file is loaded by the four addresses that follow, whatever format it has else
 * @load_end: 0 for all of the file
 * @bss_end: 0 for no bss
 * @has_entry: @entry is a physical address, and counts before that of an ELF file
 * @needs_efi: it can be entered on EFI only with boot services, which are over
 */
struct kx_multiboot {
	uint64_t offset;
	bool has_addresses;
	uint32_t header_addr, load_addr, load_end, bss_end;
	bool has_entry;
	uint32_t entry;
	bool needs_efi;
};

/**
 * kx_multiboot_parse() - look for a header of version 1 (chapter 3.1), kx_multiboot2_parse() - of version 2
 *
 * Errors: -ENOEXEC without one; -EBADMSG when it contradicts itself; -EOPNOTSUPP when it demands what cannot be given.
 */
int kx_multiboot_parse(struct kx_view file, struct kx_multiboot *ret, struct kx_error *err);
int kx_multiboot2_parse(struct kx_view file, struct kx_multiboot *ret, struct kx_error *err);

/* Everything that can be known before placement. Errors: -EBADMSG; -EOPNOTSUPP. */
int kx_multiboot_check(const struct kx_plan *plan, struct kx_view file,
		       const struct kx_multiboot *header, struct kx_error *err);
int kx_multiboot_file_load(const struct kx_plan *plan, struct kx_view file, struct kx_error *err);

/* A module in memory, [start, end), and its string. */
struct kx_multiboot_module {
	uint64_t start, end;
	const char *string;
};

/**
 * struct kx_multiboot_image - a kernel with its modules in place
 * @entry: physical
 * @cmdline: file name first
 * @modules: as many as the request has
 * @rsdp_tags: as in struct kx_handoff
 */
struct kx_multiboot_image {
	uint64_t entry;
	const char *cmdline;
	struct kx_multiboot_module *modules;
	uint64_t rsdp_tags;
};

/* Places kernel and modules and makes the strings; all owned by the plan. Errors: -ENOSPC; -EBADMSG; -ENOMEM. */
int kx_multiboot_load(struct kx_plan *plan, struct kx_view file, const struct kx_multiboot *header,
		      struct kx_multiboot_image *ret, struct kx_error *err);

/* A block for the information structure. Errors: -ENOSPC; -ENOMEM. */
int kx_multiboot_begin(struct kx_plan *plan, size_t room, struct kx_boot_block *ret,
		       struct kx_error *err);
/* Adds the block to the plan, and purgatory, which enters with @magic in eax and the block's address in ebx. */
int kx_multiboot_end(struct kx_boot_block *block, const struct kx_multiboot_image *image,
		     uint32_t magic, struct kx_error *err);

/* Chapter 3.3, mmap: 1 RAM, 2 reserved, 3 ACPI tables, 4 ACPI NVS, 5 defective. */
uint32_t kx_multiboot_mem_type(enum kx_mem_type type);
/* KiB of RAM from 0 on, at most 640, and from 1 MiB on. */
void kx_multiboot_mem_sizes(const struct kx_memmap *map, uint32_t *ret_lower, uint32_t *ret_upper);

/* type: 1 direct colour, 2 text; positions and sizes of red, green and blue. */
struct kx_multiboot_fb {
	uint64_t address;
	uint32_t pitch, width, height;
	uint8_t bpp, type, colours[6];
};

/* The display as firmware or boot loader left it; false if that is not so any more. */
bool kx_multiboot_fb(const struct kx_plan *plan, struct kx_multiboot_fb *ret);

#define KX_MULTIBOOT_LOADER "kexec-next " KX_VERSION

#endif
