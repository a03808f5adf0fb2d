/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images of discs: their own boot menus, and what their systems must be told to find themselves again. */
#ifndef KX_TOOL_IMAGE_H
#define KX_TOOL_IMAGE_H

#include <stdbool.h>

#include "boot/boot.h"
#include "tool.h"

/**
 * struct kx_image - an image and where it is; all strings are its own
 * @live: what in it finds its file systems once it runs: a name of the table in image.c; "" for not known
 * @label: of its volume; ""
 * @entries: its boot menu; paths are absolute in the image
 * @path: on the file system that it lies on
 * @uuid: of that file system; NULL for not known
 * @device: that is on; NULL when it is on no disk of this machine's
 */
struct kx_image {
	char *live, *label;
	struct kx_boot_entries entries;
	char *path, *uuid, *device;
};

/* Is this file an ISO 9660 image? Nothing else of it is looked at. */
bool kx_image_is(const char *file);

/**
 * kx_image_read() - its menu, by kexec-unpack, and where it is
 * @file: checked, if it is to be
 * @to_ram: it will be in memory, and on no disk
 * @ret: zero-initialised; to be cleared with kx_image_clear(), also after an error
 *
 * Errors: -ENOENT it has no menu; as kx_unpack_run().
 */
int kx_image_read(const struct kx_tool *tool, const struct kx_source *file, bool to_ram,
		  struct kx_image *ret, struct kx_error *err);

/**
 * kx_image_parse() - the menu as kexec-unpack says it, of which nothing is believed: zero-terminated strings, each "key=value"
 * @ret: as of kx_image_read(); where the image is comes from nobody else
 *
 * Errors: -EBADMSG, -E2BIG, -ENOMEM, all without a message.
 */
int kx_image_parse(struct kx_view text, struct kx_image *ret);

void kx_image_clear(struct kx_image *image);

/* Where its system will find it. */
enum kx_image_at {
	KX_IMAGE_ON_DISK,
	KX_IMAGE_AS_PMEM,   /* persistent memory: /dev/pmem0 */
	KX_IMAGE_IN_INITRD, /* a file in it, as /dev/loop0 */
};

/**
 * kx_image_drivers() - how an entry's system can find its image in memory
 * @file: the image
 * @ret_drivers: set when its initrd lacks what makes /dev/pmem0, and a package in the image has it: an archive to be added to the
 *		 initrd, to be freed with kx_source_free(); of whoever made the image
 *
 * All is looked for in the sandbox.
 *
 * Errors: as kx_unpack_run().
 */
int kx_image_drivers(const struct kx_tool *tool, const struct kx_source *file,
		     const struct kx_image *image, const struct kx_boot_entry *entry,
		     enum kx_image_at *ret, struct kx_source **ret_drivers, struct kx_error *err);

/**
 * kx_image_embed() - an archive for the initramfs with the image in it, and what sets up /dev/loop0
 * @ret: malloc'ed, *ret_size bytes
 *
 * Errors: -EFBIG an image of 4 GiB; -ENOMEM.
 */
int kx_image_embed(const struct kx_source *image, uint8_t **ret, size_t *ret_size,
		   struct kx_error *err);

/**
 * kx_image_words() - what a command line lacks for the image's system to find its medium
 * @options: the entry's
 * @given: the user has said something, and may know better
 * @ret: to be freed with free(); NULL for nothing
 *
 * Says what may go wrong.
 *
 * Errors: -EOPNOTSUPP it cannot be told, or will not find what it is on; -ENOMEM.
 */
int kx_image_words(const struct kx_image *image, const char *options, enum kx_image_at at,
		   bool given, char **ret, struct kx_error *err);

#endif
