// SPDX-License-Identifier: GPL-2.0-or-later
/* extlinux.conf, menu.lst, config.txt and a folder of kernels: each input as all of them. */
#include "boot/loaders.h"
#include "fuzz_boot.h"

typedef int read_fn(const struct kx_boot_fs *fs, const char *device, const char *path,
		    struct kx_boot_entries *ret, struct kx_error *err);

static int read_config_txt(const struct kx_boot_fs *fs, const char *device, const char *path,
			   struct kx_boot_entries *ret, struct kx_error *err)
{
	return kx_config_txt_read(fs, device, path, "Raspberry Pi 4 Model B", ret, err);
}

static int read_kernels(const struct kx_boot_fs *fs, const char *device, const char *path,
			struct kx_boot_entries *ret, struct kx_error *err)
{
	return kx_kernels_read(fs, device, "/boot", "ro", ret, err);
}

static void fuzz_reader(struct boot_files *files, read_fn *read, const char *device)
{
	const struct kx_boot_fs fs = boot_files_fs(files);
	struct kx_boot_entries menu = { 0 };
	struct kx_error err = { 0 };
	int r = read(&fs, "d", "/boot/config", &menu, &err);

	require(r == 0 || r == -EBADMSG || r == -E2BIG || r == -EFBIG || r == -ENOENT);
	if (r < 0) {
		require_message(&err);
		require(!menu.count);
		return;
	}
	require(require_menu(&menu, device) == (menu.count > 0));
	kx_boot_entries_clear(&menu);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(fuzz_files_clear) struct fuzz_files f = { 0 };

	fuzz_files_parse(kx_view_of(data, size), "/boot/config", &f);
	fuzz_reader(&f.files, kx_extlinux_read, "d:");
	/* Its paths have devices of their own. */
	fuzz_reader(&f.files, kx_menulst_read, "");
	fuzz_reader(&f.files, read_config_txt, "d:");
	fuzz_reader(&f.files, read_kernels, "d:");
	return 0;
}
