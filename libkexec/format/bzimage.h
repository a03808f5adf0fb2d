/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Linux/x86 boot protocol's header: Documentation/x86/boot.rst. */
#ifndef KX_BZIMAGE_H
#define KX_BZIMAGE_H

#include "base/view.h"
#include "libkexec.h"

/* Bits of xloadflags (boot.rst, protocol 2.12). */
enum {
	KX_XLF_KERNEL_64 = 1 << 0,
	KX_XLF_CAN_BE_LOADED_ABOVE_4G = 1 << 1,
	KX_XLF_5LEVEL = 1 << 5,
	KX_XLF_5LEVEL_ENABLED = 1 << 6,
};

/* Bits of loadflags. */
enum { KX_LOADED_HIGH = 1 << 0, KX_KASLR_FLAG = 1 << 1, KX_CAN_USE_HEAP = 1 << 7 };

/* Offset of the setup header in the file and in struct boot_params. */
#define KX_SETUP_HEADER_OFFSET 0x1f1

/**
 * struct kx_bzimage - the header's fields, with the defaults that older protocols imply filled in
 * @version: e.g. 0x020f for protocol 2.15
 * @setup_header: the header's own bytes, from 0x1f1 to 0x202 + the byte at 0x201
 * @setup: the real-mode code, boot sector included: (setup_sects + 1) * 512 bytes
 * @payload: the protected-mode code: syssize * 16 bytes from protocol 2.04 on, else to the end of the file
 * @compressed: payload_offset and payload_length's bytes within @payload (2.08); empty if none
 * @initrd_addr_max: highest address an initrd may occupy, 0x37ffffff before 2.03
 * @cmdline_size: longest command line without its NUL, 255 before 2.06
 */
struct kx_bzimage {
	uint16_t version;
	struct kx_view setup_header;
	struct kx_view setup;
	struct kx_view payload;
	struct kx_view compressed;
	uint8_t loadflags;
	uint16_t xloadflags;
	uint32_t code32_start;
	uint32_t initrd_addr_max;
	uint32_t kernel_alignment;
	uint8_t min_alignment;
	bool relocatable;
	uint32_t cmdline_size;
	uint64_t pref_address;
	uint32_t init_size;
	uint32_t handover_offset;
};

/**
 * kx_bzimage_parse() - read the header and cut the file into its parts
 *
 * Errors: -ENOEXEC when boot flag 0xaa55 or "HdrS" is missing; -EBADMSG when truncated or contradictory;
 * -EOPNOTSUPP before protocol 2.00.
 */
int kx_bzimage_parse(struct kx_view file, struct kx_bzimage *ret, struct kx_error *err);

/**
 * kx_bzimage_crc() - check the CRC-32 that protocol 2.08 and later may carry at the end of setup + syssize * 16
 *
 * The PE checksum and the certificate directory entry are taken as zero, since signing rewrites them. A stored 0 or
 * none at all is normal. Errors: -EBADMSG, both sums in @err.
 */
int kx_bzimage_crc(struct kx_view file, const struct kx_bzimage *image, struct kx_error *err);

/* Does the compressed payload pass its own format's checks (size field, CRC, decompression)? Errors: -EBADMSG. */
int kx_bzimage_payload(const struct kx_bzimage *image, struct kx_error *err);

#endif
