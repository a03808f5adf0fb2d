// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries of the Boot Loader Specification: their files, names and order, loader.conf, and versions. */
#include "boot/bls.h"
#include "boot/version.h"
#include "fuzz_boot.h"

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

/* Each line against the one before it. */
static void fuzz_versions(struct kx_view text)
{
	_cleanup_free_ char *before = strdup("");
	struct kx_view line;

	for (unsigned i = 0; i < 16 && kx_text_line(&text, &line); i++) {
		char *version = strndup((const char *)line.data, line.size);

		require(kx_version_compare(version, version) == 0);
		require(sign(kx_version_compare(version, before)) ==
			-sign(kx_version_compare(before, version)));
		free(before);
		before = version;
	}
}

static void fuzz_name(const char *path)
{
	const char *file = strrchr(path, '/');
	struct kx_bls_name name;

	if (!file)
		return;
	require(kx_bls_name(file + 1, &name) == 0);
	require(strlen(name.id) <= strlen(file + 1));
	require(name.tries_left >= -1 && name.tries_done >= 0);
	require(name.tries_left < 0 ? !strcmp(name.id, file + 1) : !!strchr(file + 1, '+'));
	free(name.id);
}

static void fuzz_entry(struct kx_view text)
{
	struct kx_bls bls = { 0 };
	struct kx_error err = { 0 };
	int r = kx_bls_parse(text, &bls, &err);

	require(r == 0 || r == -EBADMSG || r == -EFBIG);
	if (r < 0)
		require_message(&err);
	else
		require(bls.kernel || bls.efi || bls.uki || bls.uki_url);
	kx_bls_clear(&bls);
}

/* In an order that every neighbour agrees with. */
static void fuzz_menu(struct boot_files *files, const struct kx_loader_conf *conf)
{
	static const struct kx_bls_place place = { .device = "esp", .folder = "" };
	const struct kx_boot_fs fs = boot_files_fs(files);
	const struct kx_loader_vars vars = { .oneshot = conf->timeout,
					     .last = conf->default_pattern };
	struct kx_boot_entries menu = { 0 };
	struct kx_error err = { 0 };
	size_t budget = KX_BLS_READ_MAX;

	require(kx_bls_read(&fs, &place, 1, "x86_64", &vars, conf, &menu, &err) == 0);
	require_menu(&menu, "esp:");
	kx_boot_entries_clear(&menu);
	if (kx_bls_read_grub(&fs, KX_BLS_FEDORA, "hd0", "/loader/entries", &budget, &menu) == 0)
		for (size_t i = 0; i < menu.count; i++)
			require(menu.v[i].problem || menu.v[i].kernel);
	kx_boot_entries_clear(&menu);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(kx_loader_conf_clear) struct kx_loader_conf conf = { 0 };
	_cleanup_(fuzz_files_clear) struct fuzz_files f = { 0 };
	struct kx_view input = kx_view_of(data, size);
	struct kx_error err = { 0 };

	fuzz_files_parse(input, "/loader/loader.conf", &f);
	fuzz_versions(input);
	for (size_t i = 0; i < f.files.count; i++) {
		fuzz_name(f.paths[i]);
		fuzz_entry(kx_view_of(f.files.v[i].data, f.files.v[i].size));
	}
	if (kx_loader_conf_parse(kx_view_of(f.files.v[0].data, f.files.v[0].size), &conf, &err) < 0)
		require_message(&err);
	fuzz_menu(&f.files, &conf);
	return 0;
}
