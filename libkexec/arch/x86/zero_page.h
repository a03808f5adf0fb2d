/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * struct boot_params, the "zero page" that a Linux/x86 kernel is started with. Offsets are those of
 * Documentation/x86/zero-page.rst; the setup header's those of Documentation/x86/boot.rst.
 */
#ifndef KX_X86_ZERO_PAGE_H
#define KX_X86_ZERO_PAGE_H

enum {
	KX_BP_SCREEN_INFO = 0x000,
	KX_BP_SCREEN_INFO_SIZE = 0x40,
	KX_BP_SCREEN_EXT_MEM_K = 0x002, /* 16 bits */
	KX_BP_SCREEN_IS_VGA = 0x00f,    /* orig_video_isVGA */
	KX_BP_APM_BIOS_INFO = 0x040,
	KX_BP_APM_BIOS_INFO_SIZE = 0x14,
	KX_BP_IST_INFO = 0x060,
	KX_BP_IST_INFO_SIZE = 0x10,
	KX_BP_ACPI_RSDP_ADDR = 0x070, /* 64 bits */
	KX_BP_EXT_RAMDISK_IMAGE = 0x0c0,
	KX_BP_EXT_RAMDISK_SIZE = 0x0c4,
	KX_BP_EXT_CMD_LINE_PTR = 0x0c8,
	KX_BP_CC_BLOB_ADDRESS = 0x13c, /* 32 bits; SEV-SNP guests alone have one */
	KX_BP_EDID_INFO = 0x140,
	KX_BP_EDID_INFO_SIZE = 0x80,
	KX_BP_EFI_INFO = 0x1c0,
	KX_BP_ALT_MEM_K = 0x1e0,
	KX_BP_E820_ENTRIES = 0x1e8,
	KX_BP_EDDBUF_ENTRIES = 0x1e9,
	KX_BP_EDD_MBR_SIG_BUF_ENTRIES = 0x1ea,
	KX_BP_SECURE_BOOT = 0x1ec, /* enum efi_secureboot_mode of include/linux/efi.h */
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

#endif
