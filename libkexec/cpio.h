/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Archives for the kernel's initramfs: Documentation/driver-api/early-userspace/buffer-format.rst, "newc". */
#ifndef KX_CPIO_H
#define KX_CPIO_H

#include "base/view.h"
#include "libkexec.h"

/* @path: without a leading slash; @mode: type and permissions, as st_mode; @content: empty for a directory */
struct kx_cpio_file {
	const char *path;
	uint32_t mode;
	struct kx_view content;
};

/**
 * kx_cpio_pack() - make an archive
 * @files: directories before what is in them
 * @ret: malloc'ed, *ret_size bytes
 *
 * Owners and times are 0, so that the same files make the same archive.
 *
 * Errors: -EFBIG for a file of 4 GiB or more; -ENOMEM.
 */
int kx_cpio_pack(const struct kx_cpio_file *files, size_t count, uint8_t **ret, size_t *ret_size,
		 struct kx_error *err);

/* Is what is at @offset of @bytes the header of a member? */
bool kx_cpio_starts(struct kx_view bytes, uint64_t offset);

/* @name: with its NUL; @last: the trailer, which is no file */
struct kx_cpio_member {
	struct kx_view name;
	uint32_t mode;
	struct kx_view content;
	bool last;
};

/**
 * kx_cpio_next() - the member at *at, whose archive starts at a multiple of 4 of @bytes
 * @at: moved to the next one, behind padding that may be missing at the end
 *
 * Return: false when there is none, or not a whole one.
 */
bool kx_cpio_next(struct kx_view bytes, uint64_t *at, struct kx_cpio_member *ret);

/**
 * kx_cpio_end() - walk through the archive at @start
 * @ret: offset behind its last member, "TRAILER!!!"
 *
 * Reads headers and names only.
 *
 * Return: false when it is not an archive, or not a whole one.
 */
bool kx_cpio_end(struct kx_view bytes, uint64_t start, uint64_t *ret);

/**
 * kx_cpio_measure() - the same, with what its files take
 * @block: a power of two: what the size of each file is rounded up to
 * @ret_members: files, directories and all else but the trailer
 */
bool kx_cpio_measure(struct kx_view bytes, uint64_t start, uint64_t block, uint64_t *ret_end,
		     uint64_t *ret_content, uint64_t *ret_members);

#endif
