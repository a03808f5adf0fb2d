/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both versions of the Multiboot Specification (0.6.96 and 2.0) share. */
#ifndef KX_MULTIBOOT_H
#define KX_MULTIBOOT_H

#include "arch/x86/boot_params.h"
#include "base/view.h"
#include "plan.h"

/* All goes above the first MiB, which belongs to the BIOS for kernels that call it. */
#define KX_MULTIBOOT_MIN 0x100000

/**
 * struct kx_multiboot - a header; also what its ELF file says where it does not
 * @offset: of the header in the file
 * @has_addresses: the file is loaded by the four addresses that follow, whatever format it has else
 * @load_end: 0 for all of the file
 * @bss_end: 0 for no bss
 * @has_entry: @entry is a physical address, and counts before that of an ELF file
 * @relocatable: an ELF file may be put to another place than it says, as @where says (but @where.size)
 * @needs_smbios, @needs_screen, @needs_rsdp: it demands that information
 * @wants_screen: it asks for a screen in a way that cannot be called optional
 * @needs_efi: it can be entered on EFI only with boot services, which are over
 */
struct kx_multiboot {
	uint64_t offset;
	bool has_addresses;
	uint32_t header_addr, load_addr, load_end, bss_end;
	bool has_entry;
	uint32_t entry;
	bool relocatable;
	struct kx_place where;
	bool needs_smbios, needs_screen, needs_rsdp, wants_screen, needs_efi;
};

/**
 * kx_multiboot_parse() - look for a header of version 1 (chapter 3.1), kx_multiboot2_parse() - of version 2
 *
 * Errors: -ENOEXEC without one; -EBADMSG when it contradicts itself; -EOPNOTSUPP when it demands what cannot be given.
 */
int kx_multiboot_parse(struct kx_view file, struct kx_multiboot *ret, struct kx_error *err);
int kx_multiboot2_parse(struct kx_view file, struct kx_multiboot *ret, struct kx_error *err);

typedef int kx_multiboot_parser(struct kx_view file, struct kx_multiboot *ret,
				struct kx_error *err);

/* Everything that can be known before placement. Errors: those of @parse; -EBADMSG; -EOPNOTSUPP. */
int kx_multiboot_check(const struct kx_plan *plan, struct kx_view file, kx_multiboot_parser *parse,
		       struct kx_error *err);
int kx_multiboot_file_load(const struct kx_plan *plan, struct kx_view file, struct kx_error *err);

/* A module in memory, [start, end), and its string. */
struct kx_multiboot_module {
	uint64_t start, end;
	const char *string;
};

/**
 * struct kx_multiboot_image - a kernel with its modules in place
 * @entry, @load_base: physical
 * @relocatable: it wants to know @load_base
 * @cmdline: file name first
 * @modules: as many as the request has
 * @ebda, @rsdp_tags: as in struct kx_handoff
 */
struct kx_multiboot_image {
	uint64_t entry, load_base;
	bool relocatable;
	const char *cmdline;
	struct kx_multiboot_module *modules;
	uint64_t ebda, rsdp_tags;
};

/**
 * struct kx_multiboot_version - what versions 1 and 2 do each in its own way
 * @magic: in eax at the entry
 * @info_room: bytes of the information, or more
 * @write_info: writes it; all of it fits
 */
struct kx_multiboot_version {
	uint32_t magic;
	kx_multiboot_parser *parse;
	size_t (*info_room)(const struct kx_plan *plan, const struct kx_multiboot_image *image);
	void (*write_info)(struct kx_boot_block *block, struct kx_multiboot_image *image);
};

/* Places kernel, modules, information and purgatory. Errors: those of @version->parse; -ENOSPC; -EBADMSG; -ENOMEM. */
int kx_multiboot_plan(struct kx_plan *plan, struct kx_view file,
		      const struct kx_multiboot_version *version, struct kx_error *err);

/**
 * kx_multiboot_place_ebda() - a BIOS data area with ACPI's pointer, on a machine that was booted by UEFI
 * @ret: untouched where none is needed
 *
 * Multiboot kernels look for ACPI where a BIOS has it, or in EFI's tables, which cannot be given to them: Linux has moved
 * the runtime services. Takes the page out of plan->memmap.
 *
 * Errors: -ENOSPC; -ENOMEM.
 */
int kx_multiboot_place_ebda(struct kx_plan *plan, uint64_t *ret, struct kx_error *err);

/* Xen needs ACPI's address on a machine that was booted by UEFI. Errors: -EOPNOTSUPP. */
int kx_multiboot_check_xen(const struct kx_plan *plan, struct kx_view file, struct kx_error *err);
/* And both Xen and its dom0 must be told there: plan->cmdline, and the first module's arguments. Errors: -ENOMEM. */
int kx_multiboot_tell_xen(struct kx_plan *plan, struct kx_view file, const char **ret_args,
			  struct kx_error *err);

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
