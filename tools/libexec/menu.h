/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot menu that an image brings with it, read in the sandbox. */
#ifndef KX_IMAGE_MENU_H
#define KX_IMAGE_MENU_H

#include "members.h"

/**
 * struct kx_image_place - where the image will be found by what it starts; "" for what is not known
 * @path: on its file system; "" when it is on no disk that the next system will see
 * @uuid: of that file system
 * @platform: GRUB's: "efi" or "pc"
 * @arch: as uname(2) has it
 */
struct kx_image_place {
	const char *path, *uuid, *platform, *arch;
};

/**
 * kx_image_menu() - entries of loopback.cfg, or else of the first of GRUB's, systemd-boot's and SYSLINUX's that has some
 * @ret: to be freed with free(): strings "key=value", each with a zero behind it. "live" names what finds the image's file
 *	 systems once it runs (tools/image.c), "label" is the volume's, "note" what is wrong with the menu; then of each entry
 *	 "entry", its id, and what it has of "type", "title", "menu", "linux", "initrd", "options", "version",
 *	 "architecture", "problem", "file", "kind", "default"
 *
 * Errors: -ENOENT no menu; -EBADMSG one that cannot be read; -E2BIG; -ENOMEM.
 */
int kx_image_menu(const struct kx_members *members, const struct kx_image_place *place, char **ret,
		  size_t *ret_size, struct kx_error *err);

#endif
