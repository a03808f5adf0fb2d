/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an initramfs of initramfs-tools is given to set up before it looks for a medium. */
#ifndef KX_TOOL_SETUP_H
#define KX_TOOL_SETUP_H

#include "cpio.h"

/* Where its files are, and how many there are at most. */
#define KX_SETUP_FOLDER "kexec"
#define KX_SETUP_FILES 4

/**
 * kx_setup_pack() - an archive for the initramfs: files, and a script that is obeyed when /dev is there
 * @script: of the shell, read by /init itself
 * @files: in KX_SETUP_FOLDER, with it in their paths
 * @ret: malloc'ed, *ret_size bytes
 *
 * Errors: as kx_cpio_pack(); -EINVAL too many files.
 */
int kx_setup_pack(const char *script, const struct kx_cpio_file *files, size_t count, uint8_t **ret,
		  size_t *ret_size, struct kx_error *err);

#endif
