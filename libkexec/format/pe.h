/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PE/COFF images, read through a bounded view (Microsoft, "PE Format"; section names below are from there). */
#ifndef KX_PE_H
#define KX_PE_H

#include "base/view.h"
#include "libkexec.h"

/* What the Windows loader takes; enough to bound the work on a hostile file. */
#define KX_PE_SECTION_MAX 96
#define KX_PE_NAME_SIZE 8

/* "Machine Types" */
enum { KX_PE_I386 = 0x14c, KX_PE_X86_64 = 0x8664, KX_PE_ARM64 = 0xaa64, KX_PE_RISCV64 = 0x5064 };

/**
 * struct kx_pe_section - one section
 * @name: without the zero bytes that fill it up
 * @content: what the file has of it, without the zero bytes that fill up its last block
 */
struct kx_pe_section {
	char name[KX_PE_NAME_SIZE + 1];
	struct kx_view content;
};

/**
 * struct kx_pe - an image; all views lie within the file
 * @machine: KX_PE_* or another
 * @certificates: the attribute certificate table: empty in a file that is not signed
 * @checksum_at, @directory_at: where in the file the checksum is (4 bytes) and the directory's entry of that table (8 bytes); 0 in
 *	an image that has none
 */
struct kx_pe {
	uint16_t machine;
	struct kx_view certificates;
	size_t checksum_at, directory_at;
	size_t section_count;
	struct kx_pe_section sections[KX_PE_SECTION_MAX];
};

/**
 * kx_pe_parse() - read headers and section table
 *
 * Errors: -ENOEXEC no "MZ", or no "PE" signature where the DOS header says; -EBADMSG malformed; -EOPNOTSUPP more than
 * KX_PE_SECTION_MAX sections.
 */
int kx_pe_parse(struct kx_view file, struct kx_pe *ret, struct kx_error *err);

#endif
