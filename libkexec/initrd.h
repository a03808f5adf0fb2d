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

/* Most compressed archives that are unpacked: a distribution has one, and a user adds few. */
#define KX_INITRD_ARCHIVE_MAX 4

/**
 * struct kx_initrd_part
 * @offset: within the whole initrd; a multiple of @align
 * @owned: what @bytes are, from malloc(); NULL when they are in a source
 */
struct kx_initrd_part {
	struct kx_view bytes;
	uint64_t offset;
	void *owned;
};

/**
 * struct kx_initrd - parts to be laid out one after the other; gaps are zero
 * @size: of the whole, in bytes: what the kernel is to be told, since it looks for a bootconfig right before the end
 * @untouched: one source, to be passed on as it is
 * @archives: what was found compressed, unless it was not looked for
 */
struct kx_initrd {
	struct kx_initrd_part *parts;
	size_t count;
	uint64_t size;
	bool untouched;
	struct kx_archive archives[KX_INITRD_ARCHIVE_MAX];
	size_t archive_count;
};

/**
 * kx_initrd_layout() - find out where each part goes
 * @sources: must outlive @ret, whose parts point into them
 * @align: 4 for one file; the page size to give each part a segment of its own
 * @unpack_max: most bytes that compressed archives may take when unpacked; 0 to leave all as they are
 * @ret: to be cleared with kx_initrd_clear()
 *
 * A bootconfig at the end of any source but the last is moved to the very end. Its padding, which counts as part of
 * it, and so its size depend on where it stands; both are made anew.
 *
 * Compressed archives are unpacked where they hold an archive; what is before, between and behind them stays where it
 * is. From the first thing in a source on that is neither an archive nor zero bytes, the source is passed as it is: a
 * compressed archive that is damaged or does not fit stays compressed, with the reason in @archives.
 *
 * Errors, with the file's name in @err: -EBADMSG when a bootconfig is damaged; -EOPNOTSUPP when two sources carry one;
 * -ENOMEM; -EFBIG.
 */
int kx_initrd_layout(const struct kx_source *const *sources, size_t count, uint64_t align,
		     uint64_t unpack_max, struct kx_initrd *ret, struct kx_error *err);
/* Where in @bytes, from @at on, something stands that is not zero; not far behind long padding. */
uint64_t kx_initrd_skip_zeros(struct kx_view bytes, uint64_t at);

/* What of an initrd may be archives: all but a bootconfig. Errors: -EBADMSG when that is damaged. */
int kx_initrd_archives(const struct kx_source *source, struct kx_view *ret, struct kx_error *err);

void kx_initrd_clear(struct kx_initrd *initrd);

/**
 * kx_initrd_unpack_max() - how much may be unpacked on this machine
 * @taken: what else the load takes of that: what is in this process, and what the kernel will keep
 *
 * Half of what MemAvailable has over 256 MiB, or over @taken and 64 MiB where that is more: unpacked bytes are there twice,
 * here and now in this process and in what the kernel keeps of the load, and then in the next kernel as initrd and as
 * files. The rest is for the kernel and for what runs beside it.
 *
 * Return: at least 1, so that what is left as it is gets noticed.
 */
uint64_t kx_initrd_unpack_max(uint64_t mem_available, uint64_t taken);

#endif
