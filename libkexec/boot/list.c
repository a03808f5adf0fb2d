// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the running system says of itself, and its list of entries. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/overflow.h"
#include "boot/discover.h"
#include "boot/probe.h"
#include "util.h"

/* efivarfs: four bytes of attributes, then the value, here text in UTF-16LE with a zero at its end. */
static int read_variable(struct kx_root *root, const char *name, char **ret)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	_cleanup_free_ char *path = NULL;
	char *text;
	size_t n = 0;
	int r;

	if (asprintf(&path, KX_LOADER_VARIABLE, name) < 0)
		return -ENOMEM;
	r = kx_root_read(root, path, KX_CAP_VALUE, &blob);
	if (r < 0)
		return r;
	text = malloc(blob.size / 2 + 1);
	if (!text)
		return -ENOMEM;
	for (size_t at = 4; at + 2 <= blob.size && kx_le16(blob.data + at); at += 2) {
		uint16_t c = kx_le16(blob.data + at);

		/* Names of entries are ASCII. */
		text[n++] = c < 0x80 ? (char)c : '?';
	}
	text[n] = '\0';
	free(*ret);
	*ret = text;
	return 0;
}

int kx_loader_vars_read(struct kx_root *root, struct kx_loader_vars *ret)
{
	_cleanup_(kx_loader_vars_clear) struct kx_loader_vars vars = { 0 };
	const struct {
		const char *name;
		char **field;
	} fields[] = {
		{ "LoaderInfo", &vars.info },
		{ "LoaderDevicePartUUID", &vars.part_uuid },
		{ "LoaderEntryOneShot", &vars.oneshot },
		{ "LoaderEntryDefault", &vars.default_id },
		{ "LoaderEntryLastBooted", &vars.last },
		{ "LoaderBootCountPath", &vars.count_path },
		{ "LoaderConfigTimeout", &vars.timeout },
		{ "LoaderConfigTimeoutOneShot", &vars.timeout_once },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(fields); i++)
		if (read_variable(root, fields[i].name, fields[i].field) == -ENOMEM)
			return -ENOMEM;
	*ret = vars;
	vars = (struct kx_loader_vars){ 0 };
	return 0;
}

/* The running system's, without what its loader added. */
static int read_cmdline(char **ret)
{
	struct kx_machine *machine;
	struct kx_error err = { 0 };
	int r = kx_machine_read("/", &machine, &err);

	if (r < 0)
		return r;
	r = kx_cmdline_reuse(machine, false, ret, &err);
	kx_machine_free(machine);
	return r;
}

static int read_system(struct kx_volumes *volumes, char **cmdline, char **model,
		       struct kx_boot_system *system)
{
	int r;

	r = kx_root_line(&volumes->root, "/proc/device-tree/model", model);
	if (r == -ENOMEM)
		return r;
	system->model = *model;
	if (!volumes->live)
		return 0;
	system->efi = kx_root_exists(&volumes->root, "/sys/firmware/efi") ? KX_YES : KX_NO;
	r = kx_loader_vars_read(&volumes->root, &system->vars);
	if (r < 0)
		return r;
	r = read_cmdline(cmdline);
	system->cmdline = *cmdline;
	return r == -ENOMEM ? r : kx_probe_boot_partitions(volumes, system->vars.part_uuid);
}

int kx_boot_list(const char *root, struct kx_boot_entries *ret, struct kx_volumes *ret_close,
		 struct kx_error *err)
{
	_cleanup_(kx_volumes_close) struct kx_volumes volumes = KX_VOLUMES_NONE;
	_cleanup_free_ char *cmdline = NULL, *model = NULL;
	struct kx_boot_system system = { 0 };
	struct kx_boot_fs fs;
	struct utsname name;
	int r = kx_volumes_open(root, &volumes, err);

	if (r < 0)
		return r;
	r = read_system(&volumes, &cmdline, &model, &system);
	if (r < 0)
		kx_fail(err, -r, "cannot read boot entries: %s", strerror(-r));
	if (r == 0 && volumes.live && uname(&name) == 0)
		system.arch = name.machine;
	fs = kx_volumes_fs(&volumes);
	if (r == 0)
		r = kx_boot_discover(&volumes, &fs, &system, ret, err);
	kx_loader_vars_clear(&system.vars);
	if (r < 0)
		return r;
	*ret_close = volumes;
	volumes = (struct kx_volumes)KX_VOLUMES_NONE;
	return 0;
}
