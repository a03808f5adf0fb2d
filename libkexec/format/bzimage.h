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
 * @payload: the protected-mode code: syssize * 16 bytes from protocol 2.04 on, else to the end of the file; up to 15
 *	     bytes less in loaders dressed as kernels
 * @compressed: payload_offset and payload_length's bytes within @payload (2.08); empty if none
 * @kernel_version: the text that the field of this name points to, "6.1.0-50-amd64 (debian-kernel@…) #1 SMP …";
 *		    without NUL, empty if there is none
 * @code32_start: where the protected-mode code is linked to run when it is not moved
 * @initrd_addr_max: highest address an initrd may occupy, 0x37ffffff before 2.03
 * @kernel_alignment: a power of two, or 0 when unknown (before 2.05, or in a kernel that is not relocatable)
 * @min_alignment: as a power of two, 0 when unknown (before 2.10); not above @kernel_alignment
 * @relocatable: false before 2.05
 * @cmdline_size: longest command line without its NUL, 255 before 2.06
 * @pref_address: 0 for none, and before 2.10
 * @init_size: bytes needed from the place where the kernel runs on, at least @payload's; 0 unknown, before 2.10
 * @handover_offset: of the EFI handover entry; 0 before 2.11
 */
struct kx_bzimage {
	uint16_t version;
	struct kx_view setup_header;
	struct kx_view setup;
	struct kx_view payload;
	struct kx_view compressed;
	struct kx_view kernel_version;
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
 * @ret: its views point into @file
 *
 * Errors: -ENOEXEC when boot flag 0xaa55 or "HdrS" is missing; -EBADMSG when truncated or contradictory;
 * -EOPNOTSUPP for protocols other than 2.xx.
 */
int kx_bzimage_parse(struct kx_view file, struct kx_bzimage *ret, struct kx_error *err);

/**
 * kx_bzimage_crc() - check the CRC-32 that protocol 2.08 and later may carry at the end of setup + syssize * 16
 * @ret_checked: true if there is a sum and it is right; false if the file carries none
 *
 * The PE checksum and the certificate directory entry are taken as zero, since signing rewrites them.
 *
 * None is normal. The file carries none when the stored value is 0; when the protocol is older than 2.08; when the
 * kernel's own version text says 6.15 or later, where Linux stopped writing it; and when there is neither a Linux
 * version text nor a compressed payload, since loaders dressed as kernels (memtest86+, iPXE) do not write it either.
 * (Linux still keeps the place, as zeros; but should it ever end in data, that must not pass for a wrong sum. The price
 * is that damage to the version text alone, which nothing but people reads, may go unseen.)
 *
 * Errors: -EBADMSG, both sums in @err.
 */
int kx_bzimage_crc(struct kx_view file, const struct kx_bzimage *image, bool *ret_checked,
		   struct kx_error *err);

/**
 * kx_bzimage_payload() - what can be checked without a CRC-32: needed only where kx_bzimage_crc() found none
 *
 * That the PE header agrees with syssize about where the kernel ends, and that the compressed payload passes its own
 * format's checks; it is decompressed piece by piece and not kept. Files without a payload pass.
 *
 * Errors: -EBADMSG; -ENOMEM.
 */
int kx_bzimage_payload(const struct kx_bzimage *image, struct kx_error *err);

/**
 * kx_bzimage_unpack() - the same checks, and the payload is kept: vmlinux, and what the kernel's build put behind it
 * @ret: malloc'ed, *ret_size bytes
 *
 * The most memory that it takes is these bytes and the format's own history (for zstd and lz4, none).
 *
 * Errors: as kx_bzimage_payload(); -EBADMSG, too, when there is no payload, or none in a known compression format.
 */
int kx_bzimage_unpack(const struct kx_bzimage *image, uint8_t **ret, uint64_t *ret_size,
		      struct kx_error *err);

#endif
