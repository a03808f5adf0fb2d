/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * struct boot_params, the "zero page" that a Linux/x86 kernel is started with. Offsets are those of
 * Documentation/x86/zero-page.rst; the setup header's those of Documentation/x86/boot.rst.
 */
#ifndef KX_X86_BOOT_PARAMS_H
#define KX_X86_BOOT_PARAMS_H

#include "plan.h"

enum {
	KX_BP_SCREEN_INFO = 0x000,
	KX_BP_SCREEN_INFO_SIZE = 0x40,
	KX_BP_SCREEN_EXT_MEM_K = 0x002, /* 16 bits */
	KX_BP_SCREEN_IS_VGA = 0x00f,    /* orig_video_isVGA */
	KX_BP_APM_BIOS_INFO = 0x040,
	KX_BP_APM_BIOS_INFO_SIZE = 0x14,
	KX_BP_IST_INFO = 0x060,
	KX_BP_IST_INFO_SIZE = 0x10,
	KX_BP_ACPI_RSDP_ADDR = 0x070,
	KX_BP_EXT_RAMDISK_IMAGE = 0x0c0,
	KX_BP_EXT_RAMDISK_SIZE = 0x0c4,
	KX_BP_EXT_CMD_LINE_PTR = 0x0c8,
	KX_BP_CC_BLOB_ADDRESS = 0x13c,
	KX_BP_EDID_INFO = 0x140,
	KX_BP_EDID_INFO_SIZE = 0x80,
	KX_BP_EFI_INFO = 0x1c0,
	KX_BP_ALT_MEM_K = 0x1e0,
	KX_BP_E820_ENTRIES = 0x1e8,
	KX_BP_EDDBUF_ENTRIES = 0x1e9,
	KX_BP_EDD_MBR_SIG_BUF_ENTRIES = 0x1ea,
	KX_BP_SECURE_BOOT = 0x1ec,
	KX_BP_SENTINEL = 0x1ef,
	KX_BP_HDR = 0x1f1,
	KX_BP_EDD_MBR_SIG_BUFFER = 0x290,
	KX_BP_EDD_MBR_SIG_BUFFER_SIZE = 16 * 4,
	KX_BP_E820_TABLE = 0x2d0,
	KX_BP_EDDBUF = 0xd00,
	KX_BP_EDDBUF_SIZE = 6 * 82,

	/* Setup header */
	KX_BP_TYPE_OF_LOADER = 0x210,
	KX_BP_LOADFLAGS = 0x211,
	KX_BP_CODE32_START = 0x214,
	KX_BP_RAMDISK_IMAGE = 0x218,
	KX_BP_RAMDISK_SIZE = 0x21c,
	KX_BP_CMD_LINE_PTR = 0x228,
	KX_BP_HARDWARE_SUBARCH = 0x23c,      /* 32 bits */
	KX_BP_HARDWARE_SUBARCH_DATA = 0x240, /* 64 bits */
	KX_BP_SETUP_DATA = 0x250,            /* 64 bits */
};

/* E820_MAX_ENTRIES_ZEROPAGE; the rest goes through setup_data. */
#define KX_E820_MAX 128
#define KX_E820_ENTRY_SIZE 20

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
/* Into boot_params and, over KX_E820_MAX, setup_data. */
size_t kx_x86_e820_room(const struct kx_memmap *map);
int kx_x86_e820_write(struct kx_boot_block *block, const struct kx_memmap *map,
		      struct kx_error *err);

/* efi.c: EFI and ACPI state. */
size_t kx_x86_efi_room(const struct kx_plan *plan);
int kx_x86_efi_write(struct kx_boot_block *block, struct kx_error *err);

/* boot_params.c: the rest, given the kernel's setup header. @initrd is an address, @initrd_size 0 for none. */
struct kx_bzimage;
int kx_x86_boot_params(struct kx_plan *plan, const struct kx_bzimage *image, uint64_t initrd,
		       uint64_t initrd_size, const struct kx_place *place, uint64_t *ret_dest,
		       struct kx_error *err);

/* purgatory.c: adds purgatory, which checks all other segments, then enters @entry with @boot_params in rsi. */
int kx_x86_purgatory(struct kx_plan *plan, uint64_t entry, uint64_t boot_params,
		     struct kx_error *err);

#endif
