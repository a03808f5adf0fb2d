/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one way in which facts are read: bounded, below a root directory that tests replace, and
 * never out of it. With a place to save to, all that is read is copied there, so that a capture
 * holds what kx_machine_read() looks at, and nothing else.
 */
#ifndef KX_MACHINE_ROOT_H
#define KX_MACHINE_ROOT_H

#include "base/view.h"
#include "libkexec.h"

/* One value or a few lines: what sysfs can show in a page, with room to spare. */
#define KX_CAP_VALUE (64U << 10)
/* Files that grow with the machine: a large server's /proc/iomem has some 100 KiB. */
#define KX_CAP_FILE (16U << 20)
/* Entries of one directory. */
#define KX_CAP_NAMES 65536U

/**
 * struct kx_root - a root directory
 * @fd: the directory
 * @live: it is "/": symbolic links lead where the system says. In a captured one they do not lead
 * out of it.
 * @save_fd: what is read is copied below this directory; -1 for not at all
 * @save_err: the first thing that went wrong while saving, 0 for nothing; the text is in
 * @save_error
 */
struct kx_root {
	int fd;
	bool live;
	int save_fd;
	int save_err;
	struct kx_error save_error;
};

#define KX_ROOT_NONE                    \
	{                               \
		.fd = -1, .save_fd = -1 \
	}

/* Errors: what open(2) says. */
int kx_root_open(const char *path, struct kx_root *ret, struct kx_error *err);
void kx_root_close(struct kx_root *root);

/**
 * struct kx_blob - the content of a file, owned; a NUL follows it
 */
struct kx_blob {
	uint8_t *data;
	size_t size;
};

void kx_blob_clear(struct kx_blob *blob);

static inline struct kx_view kx_blob_view(const struct kx_blob *blob)
{
	return kx_view_of(blob->data, blob->size);
}

/**
 * kx_root_read() - read a regular file whole
 * @path: absolute
 * @max: more than this is -EFBIG
 *
 * Errors: -ENOENT, -EACCES and what the system says; -EINVAL for what is not a regular file;
 * -EFBIG; -ENOMEM.
 */
int kx_root_read(struct kx_root *root, const char *path, size_t max, struct kx_blob *ret);

/* As kx_root_read(), but only the first @max bytes, however many there are. */
int kx_root_read_head(struct kx_root *root, const char *path, size_t max, struct kx_blob *ret);

/* A descriptor for reading parts of a file, of which nothing is saved. Errors: what open(2) says. */
int kx_root_file(struct kx_root *root, const char *path);

/* The same for stat(2) and its kin only, which needs no permission to read. */
int kx_root_path(struct kx_root *root, const char *path);

/* The first line, without white space at its end. Errors also: -EBADMSG for a NUL in it. */
int kx_root_line(struct kx_root *root, const char *path, char **ret);

/* The first line as a number, decimal or with 0x. Errors also: -EBADMSG. */
int kx_root_u64(struct kx_root *root, const char *path, uint64_t *ret);

/* "0" is KX_NO, any other number KX_YES; untouched unless it could be read. Return: as
 * kx_root_u64(). */
int kx_root_fact(struct kx_root *root, const char *path, enum kx_fact *ret);

/* Where a symbolic link says it leads. */
int kx_root_link(struct kx_root *root, const char *path, char **ret);

/* Is there something at @path? */
bool kx_root_exists(struct kx_root *root, const char *path);

/**
 * struct kx_names - what is in a directory, without "." and "..", in the order of strverscmp(3)
 */
struct kx_names {
	char **v;
	size_t count;
};

/* Errors: what the system says; -EFBIG over KX_CAP_NAMES; -ENOMEM. */
int kx_root_list(struct kx_root *root, const char *path, struct kx_names *ret);
/* Adds a copy. Errors: -EFBIG over KX_CAP_NAMES; -ENOMEM. */
int kx_names_add(struct kx_names *names, const char *name);
void kx_names_clear(struct kx_names *names);

/* save.c: copies for struct kx_root's save_fd, each as far as it may be shown. */
void kx_save_file(struct kx_root *root, const char *path, const struct kx_blob *blob);
void kx_save_link(struct kx_root *root, const char *path, const char *target);
void kx_save_folder(struct kx_root *root, const char *path);

#endif
