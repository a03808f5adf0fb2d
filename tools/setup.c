// SPDX-License-Identifier: GPL-2.0-or-later
#include "setup.h"

#include <errno.h>
#include <string.h>

#include "base/overflow.h"

#define FOLDER 0040755
#define FILE_MODE 0100644

/*
 * Read by the /init of initramfs-tools(7), which casper and live-boot are scripts of, when /dev is there and before anything
 * looks for a medium.
 */
#define SCRIPT_PATH "conf/conf.d/kexec"

int kx_setup_pack(const char *script, const struct kx_cpio_file *files, size_t count, uint8_t **ret,
		  size_t *ret_size, struct kx_error *err)
{
	struct kx_cpio_file all[4 + KX_SETUP_FILES] = {
		{ .path = "conf", .mode = FOLDER },
		{ .path = "conf/conf.d", .mode = FOLDER },
		{ SCRIPT_PATH, FILE_MODE, kx_view_of(script, strlen(script)) },
		{ .path = KX_SETUP_FOLDER, .mode = FOLDER },
	};

	if (count > KX_SETUP_FILES)
		return kx_fail(err, EINVAL, "too many files for an initramfs");
	for (size_t i = 0; i < count; i++) {
		all[4 + i] = files[i];
		all[4 + i].mode = FILE_MODE;
	}
	return kx_cpio_pack(all, 4 + count, ret, ret_size, err);
}
