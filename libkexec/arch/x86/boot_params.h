/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes the "zero page" that a Linux/x86 kernel is started with, and what it points to. */
#ifndef KX_X86_BOOT_PARAMS_H
#define KX_X86_BOOT_PARAMS_H

#include "plan.h"
#include "zero_page.h"

/* E820_MAX_ENTRIES_ZEROPAGE; the rest goes through setup_data. */
#define KX_E820_MAX 128
#define KX_E820_ENTRY_SIZE 20

/* What a kernel takes: COMMAND_LINE_SIZE of arch/x86/include/asm/setup.h, less the NUL. */
#define KX_X86_CMDLINE_MAX 2047

/* arch/x86/include/uapi/asm/bootparam.h */
enum {
	KX_SETUP_E820_EXT = 1,
	KX_SETUP_DTB = 2,
	KX_SETUP_EFI = 4,
	KX_SETUP_CC_BLOB = 7,
	KX_SETUP_RNG_SEED = 9,
};

/**
 * struct kx_boot_block - boot_params and all that it points to, in one segment
 * @buf: boot_params first; owned by the plan
 * @dest: physical address of @buf
 * @used, @room: bytes
 */
struct kx_boot_block {
	struct kx_plan *plan;
	uint8_t *buf;
	uint64_t dest;
	size_t used;
	size_t room;
};

/* Takes @size bytes at a multiple of 16; its physical address is in *ret. NULL when @room was computed wrong. */
void *kx_boot_block_take(struct kx_boot_block *block, size_t size, uint64_t *ret);
/* Links a new setup_data node of @type with @size bytes of data; returns its data, or NULL as above. */
void *kx_boot_block_setup_data(struct kx_boot_block *block, uint32_t type, size_t size);

/* memmap.c: what the next kernel is told about memory. Errors: -ENOMEM. */
int kx_x86_next_memmap(const struct kx_machine *machine, struct kx_memmap *ret);
/*
 * What this plan's kernel is told, in plan->memmap: the same, or for a crash kernel what is kept for it and little else.
 * Errors: -ENOMEM.
 */
int kx_x86_find_memmap(struct kx_plan *plan, struct kx_error *err);
/*
 * ramdisk.c: a segment for the request's image, and persistent memory where it is; nothing without one. kx_x86_find_memmap()
 * calls it, before anything else is placed. Errors: -ENOSPC; -ENOMEM.
 */
int kx_x86_place_ramdisk(struct kx_plan *plan, struct kx_error *err);
/* Into boot_params and, over KX_E820_MAX, setup_data. */
size_t kx_x86_e820_room(const struct kx_memmap *map);
int kx_x86_e820_write(struct kx_boot_block *block, const struct kx_memmap *map,
		      struct kx_error *err);

/* efi.c: EFI state. */
size_t kx_x86_efi_room(const struct kx_plan *plan);
int kx_x86_efi_write(struct kx_boot_block *block, struct kx_error *err);

struct kx_relocs_image;

/* Does the running kernel's own screen_info still say what the display shows? It must be known. */
bool kx_x86_screen_valid(const struct kx_plan *plan);

/**
 * kx_x86_place_initrd() - place the request's initrds one after the other, each part a segment where possible (initrd.c)
 * @max: they end at or below it
 * @kernel: what of a kernel is to be added to the plan later on, or NULL
 * @ret_dest, @ret_size: untouched, and 0, when there are none
 *
 * Errors: -ENOSPC; -ENOMEM; those of kx_initrd_layout().
 */
int kx_x86_place_initrd(struct kx_plan *plan, uint64_t max, const struct kx_relocs_image *kernel,
			uint64_t *ret_dest, uint64_t *ret_size, struct kx_error *err);

/* boot_params.c: the rest, given the kernel's setup header. @initrd is an address, @initrd_size 0 for none. */
struct kx_bzimage;
int kx_x86_boot_params(struct kx_plan *plan, const struct kx_bzimage *image, uint64_t initrd,
		       uint64_t initrd_size, const struct kx_place *place, uint64_t *ret_dest,
		       struct kx_error *err);

#endif
