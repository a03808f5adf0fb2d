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
	uint64_t offset; /* within the whole initrd; a multiple of @align */
};

/**
 * struct kx_initrd - parts to be laid out one after the other; gaps are zero
 * @count: at most one more than there are sources
 * @size: of the whole, in bytes: what the kernel is to be told, since it looks for a bootconfig right before the end
 * @bootconfig: the bytes of the last part if that is a bootconfig from an earlier source, allocated; else NULL
 * @untouched: one source, to be passed on as it is
 */
struct kx_initrd {
	struct kx_initrd_part *parts;
	size_t count;
	uint64_t size;
	uint8_t *bootconfig;
	bool untouched;
};

/**
 * kx_initrd_layout() - find out where each part goes
 * @sources: must outlive @ret, whose parts point into them
 * @align: 4 for one file; the page size to give each part a segment of its own
 * @ret: to be cleared with kx_initrd_clear()
 *
 * A bootconfig at the end of any source but the last is moved to the very end. Its padding, which counts as part of
 * it, and so its size depend on where it stands; both are made anew.
 *
 * Errors, with the file's name in @err: -EBADMSG when a bootconfig is damaged; -EOPNOTSUPP when two sources carry one;
 * -ENOMEM; -EFBIG.
 */
int kx_initrd_layout(const struct kx_source *const *sources, size_t count, uint64_t align,
		     struct kx_initrd *ret, struct kx_error *err);
void kx_initrd_clear(struct kx_initrd *initrd);

#endif
