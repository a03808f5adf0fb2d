/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Etherboot's tagged images: "Draft Net Boot Image Proposal 0.3", J. Honan and G. Kuhlmann, June 15, 1997. */
#ifndef KX_NBI_H
#define KX_NBI_H

#include "base/view.h"
#include "libkexec.h"

/* Section 5: header and records lie in the first 512 bytes, a record has at least 16. */
#define KX_NBI_HEADER_SIZE 512
#define KX_NBI_RECORD_MAX ((KX_NBI_HEADER_SIZE - 16) / 16)

/* What a record's load address is to be added to, or subtracted from. */
enum kx_nbi_base {
	KX_NBI_ABSOLUTE = 0,
	KX_NBI_AFTER_LAST = 1,
	KX_NBI_BELOW_TOP = 2,
	KX_NBI_BELOW_LAST = 3
};

/* @bytes: within the file; @memory: bytes it occupies, at least those of @bytes */
struct kx_nbi_record {
	enum kx_nbi_base base;
	uint32_t address;
	uint64_t memory;
	struct kx_view bytes;
};

/**
 * struct kx_nbi - an image
 * @location: linear address for the first 512 bytes
 * @linear: @entry is called in 32-bit mode; else it is a far address, cs in the upper half
 */
struct kx_nbi {
	uint32_t location;
	bool linear;
	uint32_t entry;
	size_t record_count;
	struct kx_nbi_record records[KX_NBI_RECORD_MAX];
};

/* Errors: -ENOEXEC without the magic number; -EBADMSG malformed. */
int kx_nbi_parse(struct kx_view file, struct kx_nbi *ret, struct kx_error *err);

#endif
