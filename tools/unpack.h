/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of archives and images, without unpacking anything to a disk: by kexec-unpack, which runs in a sandbox. */
#ifndef KX_TOOL_UNPACK_H
#define KX_TOOL_UNPACK_H

#include <stdint.h>

#include "libkexec.h"

struct kx_tool;
struct kx_names;

/* Between kexec and kexec-unpack: its output, and its exit statuses besides 0 and 1. */
#define KX_UNPACK_OUT 3
enum { KX_UNPACK_NOT_FOUND = 4, KX_UNPACK_TOO_BIG = 5 };

/**
 * kx_unpack() - one file out of an archive or image: tar, cpio, zip, ar, ISO 9660, also compressed
 * @archive: any source
 * @member: its name in it; "./a" and "/a" are "a"; links are followed inside the archive
 * @loaded: see kx_room(), which is how large it may be
 * @ret: to be freed with kx_source_free(); named "ARCHIVE#MEMBER"
 *
 * Errors: -ENOENT no such member: @err has names that are near; -EFBIG more than there is memory for, or a bomb; -EBADMSG a damaged
 * archive, or none; -EOPNOTSUPP kexec-unpack is not installed; those of starting it; -ENOMEM.
 */
int kx_unpack(const struct kx_tool *tool, const struct kx_source *archive, const char *member,
	      uint64_t loaded, struct kx_source **ret, struct kx_error *err);

/**
 * kx_unpack_list() - what is in it
 * @ret: of each name "f 1234 a/b": type, size and name; types are f, d for a folder, l for a link, ? for others
 *
 * Errors: as kx_unpack().
 */
int kx_unpack_list(const struct kx_tool *tool, const struct kx_source *archive,
		   struct kx_names *ret, struct kx_error *err);

/**
 * kx_unpack_run() - kexec-unpack over an archive
 * @words: its arguments, ends with NULL
 * @ret: what it gave back, sealed; of whoever reads it, to be believed nothing
 */
int kx_unpack_run(const struct kx_tool *tool, const struct kx_source *archive, const char *name,
		  const char *const *words, struct kx_source **ret, struct kx_error *err);

#endif
