/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several initrds as one. The kernel accepts any number of archives one after the other, with zero bytes between them
 * (Documentation/driver-api/early-userspace/buffer-format.rst), uncompressed ones aligned to 4 bytes; a bootconfig
 * must be the very last thing (Documentation/admin-guide/bootconfig.rst).
 */
#ifndef KX_INITRD_H
#define KX_INITRD_H

#include "base/view.h"
#include "libkexec.h"

struct kx_initrd_part {
	struct kx_view bytes;
	uint64_t offset; /* within the whole initrd; a multiple of @align but for a bootconfig */
};

/**
 * struct kx_initrd - parts to be laid out one after the other; gaps are zero
 * @bootconfig: a trailer that was moved to the end, allocated; or empty when it is where it was
 * @size: of the whole, in bytes, without anything after the last byte that counts
 */
struct kx_initrd {
	struct kx_initrd_part *parts;
	size_t count;
	uint64_t size;
	uint8_t *bootconfig;
	bool untouched; /* one part, nothing moved */
};

/**
 * kx_initrd_layout() - find out where each part goes
 * @align: 4 for one file; the page size to give each part a segment of its own
 *
 * Errors: -EBADMSG when a bootconfig trailer is damaged, -EOPNOTSUPP when two parts carry one; -ENOMEM; -EFBIG.
 */
int kx_initrd_layout(const struct kx_source *const *sources, size_t count, uint64_t align,
		     struct kx_initrd *ret, struct kx_error *err);
void kx_initrd_clear(struct kx_initrd *initrd);

#endif
