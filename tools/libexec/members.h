/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in an archive or an image. Only ever used in a sandbox: libarchive reads hostile bytes here. */
#ifndef KX_MEMBERS_H
#define KX_MEMBERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/view.h"
#include "libkexec.h"

/* More than the largest installation image has (Debian's first Blu-ray: 20 thousand). */
#define KX_MEMBERS_MAX 200000
#define KX_MEMBERS_NAMES_MAX (64U << 20)
#define KX_MEMBER_NAME_MAX 4096U
/* As ELOOP of path_resolution(7), if lower. */
#define KX_MEMBER_LINKS_MAX 16
/*
 * What an archive may unpack to, members that nobody asked for included; and how many bytes one of its bytes may become once
 * that is more than a little: deflate makes 1032 of one at best, a kernel with its initrds two or three.
 */
#define KX_MEMBERS_BYTES_MAX (UINT64_C(64) << 30)
#define KX_MEMBERS_RATIO_MAX 500
#define KX_MEMBERS_RATIO_FROM (UINT64_C(64) << 20)

enum kx_member_type { KX_MEMBER_FILE, KX_MEMBER_FOLDER, KX_MEMBER_LINK, KX_MEMBER_OTHER };

/**
 * struct kx_member - one name in it
 * @name: "a/b": no slash in front or behind, no "." or ".." in it
 * @target: of a link, as it is written; of a hard link with a slash in front
 */
struct kx_member {
	char *name;
	char *target;
	uint64_t size;
	int64_t mtime;
	enum kx_member_type type;
};

/**
 * struct kx_members - all names, in the archive's order
 * @fd: the archive, borrowed; -1 when it is in memory, at @bytes
 * @any_case: names of ISO 9660 without extensions, for which upper and lower case are the same
 */
struct kx_members {
	int fd;
	const uint8_t *bytes;
	uint64_t file_size, name_bytes;
	struct kx_member *v;
	size_t count;
	bool any_case;
};

/**
 * kx_members_read() - all names in a tar, cpio, zip or ar archive or an ISO 9660 image, also compressed
 * @fd: can be read at any offset
 *
 * Names with ".." in them are left out.
 *
 * Errors: -EBADMSG damaged or no archive; -EFBIG more than any archive of that size has; -ENOMEM.
 */
int kx_members_read(int fd, struct kx_members *ret, struct kx_error *err);
void kx_members_clear(struct kx_members *members);

/**
 * kx_members_find() - follow @path, and links inside the archive
 * @ret: NULL for a folder that only its members' names tell of
 *
 * Errors: -ENOENT; -EINVAL ".." in @path; -ELOOP; -EXDEV a link out of the archive; -ENOMEM. All with a message.
 */
int kx_members_find(const struct kx_members *members, const char *path,
		    const struct kx_member **ret, struct kx_error *err);

/* Takes bytes of a member; anything but 0 ends it and is what it returns. */
typedef int kx_member_sink(void *arg, const void *data, size_t size, uint64_t at);

/**
 * kx_members_copy() - all of a file in it
 * @max: the most bytes it may have
 *
 * Errors: -EISDIR no file; -EBADMSG damaged or cut; -EFBIG over @max, or grown too much; what @sink returns; -ENOMEM.
 */
int kx_members_copy(const struct kx_members *members, const struct kx_member *member, uint64_t max,
		    kx_member_sink *sink, void *arg, struct kx_error *err);

/**
 * struct kx_wanted - a file in memory, which lives as long as the process
 * @pattern: as fnmatch(3) without flags, of kx_members_take()
 * @name: what it was; NULL for none
 */
struct kx_wanted {
	const char *pattern;
	char *name;
	uint8_t *data;
	size_t size;
};

/**
 * kx_members_load() - all of a file in it
 * @ret: its @data and @size
 *
 * Errors: as kx_members_copy().
 */
int kx_members_load(const struct kx_members *members, const struct kx_member *member, uint64_t max,
		    struct kx_wanted *ret, struct kx_error *err);

/**
 * kx_members_take() - several files of an archive in memory, in one pass that ends with the last of them
 * @max: the most bytes that each may have
 * @wanted: of each pattern the first file; what is not there stays without @data
 *
 * Errors: as kx_members_read() and kx_members_copy().
 */
int kx_members_take(struct kx_view bytes, uint64_t max, struct kx_wanted *wanted, size_t count,
		    struct kx_error *err);

#endif
