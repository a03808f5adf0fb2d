// SPDX-License-Identifier: LGPL-2.1-or-later
/* GRUB's commands that load what is to be booted. Here they only note it. */
#include "boot/grub_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* What a command cannot do; the entry will say so. */
static int refuse(struct kx_grub *g, int status, const char *why, const char *what)
{
	g->boot.problem = NULL;
	g->boot.refused = true;
	return kx_grub_complain(g, status, "%s: %s", what, why);
}

/* How a file is called in the tree, where that can be said. */
static const char *shown(struct kx_grub *g, const struct kx_grub_file *file)
{
	const struct kx_boot_fs *fs = g->config->fs;
	_cleanup_free_ char *path = NULL;

	if (fs->locate(fs->ctx, file->device, file->path, &path) < 0)
		return kx_grub_print(g, "(%s)%s", file->device, file->path);
	return kx_grub_copy(g, path, strlen(path));
}

/* The file, if it is there. */
static int find_file(struct kx_grub *g, const char *name, struct kx_grub_file *ret)
{
	const struct kx_boot_fs *fs = g->config->fs;
	struct kx_grub_file file = kx_grub_file_of(g, name);
	struct kx_boot_stat st;
	int r;

	if (!file.path)
		return KX_GRUB_NOT_FOUND;
	r = fs->stat(fs->ctx, file.device, file.path, &st);
	if (r == -ENODEV)
		return refuse(g, KX_GRUB_NOT_FOUND,
			      "it is on a device that is not to be found here",
			      kx_grub_print(g, "(%s)%s", file.device, file.path));
	if (r < 0 || st.directory)
		return refuse(g, KX_GRUB_NOT_FOUND, "no such file", shown(g, &file));
	*ret = file;
	return KX_GRUB_OK;
}

/* GRUB puts an argument with spaces into quotes, and a backslash before quotes and backslashes. */
static char *append_argument(char *to, const char *arg)
{
	bool quote = strchr(arg, ' ');

	if (quote)
		*to++ = '"';
	for (; *arg; arg++) {
		if (strchr("\\\"'", *arg))
			*to++ = '\\';
		*to++ = *arg;
	}
	if (quote)
		*to++ = '"';
	return to;
}

static const char *joined(struct kx_grub *g, struct kx_grub_args args)
{
	size_t size = 1;
	char *s, *to;

	for (int i = 0; i < args.count; i++)
		size += 2 * strlen(args.v[i]) + 3;
	if (size > 2 * KX_GRUB_VALUE_MAX) {
		kx_grub_end(g, E2BIG, "a command line of more than %d bytes", KX_GRUB_VALUE_MAX);
		return "";
	}
	s = to = kx_grub_get(g, size);
	for (int i = 0; s && i < args.count; i++) {
		if (i)
			*to++ = ' ';
		to = append_argument(to, args.v[i]);
	}
	return s ? s : "";
}

/* Options of a command itself, before its file. */
static struct kx_grub_args skip_options(struct kx_grub_args args)
{
	int n = 0;

	while (n < args.count && args.v[n][0] == '-' && args.v[n][1] == '-')
		n++;
	return kx_grub_args_from(args, n);
}

static int load_kernel(struct kx_grub *g, struct kx_grub_args args, enum kx_boot_type type)
{
	struct kx_grub_file file;
	int status;

	g->boot = (struct kx_grub_boot){ 0 };
	if (!args.count)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "no kernel named");
	status = find_file(g, args.v[0], &file);
	if (status)
		return status;
	file.args = joined(g, kx_grub_args_from(args, 1));
	g->boot.kernel = file;
	g->boot.type = type;
	return KX_GRUB_OK;
}

static int run_linux(struct kx_grub *g, struct kx_grub_args args)
{
	return load_kernel(g, args, KX_BOOT_LINUX);
}

static int run_multiboot(struct kx_grub *g, struct kx_grub_args args)
{
	return load_kernel(g, skip_options(args), KX_BOOT_MULTIBOOT);
}

static int add_file(struct kx_grub *g, const char *name, const char *args)
{
	struct kx_grub_file file;
	int status = find_file(g, name, &file);

	if (status)
		return status;
	if (g->boot.file_count >= KX_GRUB_FILES_MAX)
		return refuse(g, KX_GRUB_BAD_ARGUMENT, "too many files", name);
	file.args = args;
	g->boot.files[g->boot.file_count++] = file;
	return KX_GRUB_OK;
}

static int run_initrd(struct kx_grub *g, struct kx_grub_args args)
{
	int status;

	if (!args.count)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "no initrd named");
	if (g->boot.type != KX_BOOT_LINUX)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "an initrd before a kernel");
	g->boot.file_count = 0;
	for (int i = 0; i < args.count; i++) {
		if (!strncmp(args.v[i], "newc:", 5))
			return refuse(g, KX_GRUB_BAD_ARGUMENT,
				      "an archive that GRUB would make of files is not supported",
				      args.v[i]);
		status = add_file(g, args.v[i], "");
		if (status)
			return status;
	}
	return KX_GRUB_OK;
}

static int run_module(struct kx_grub *g, struct kx_grub_args args)
{
	struct kx_grub_args named = skip_options(args);

	if (!named.count)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "no module named");
	if (g->boot.type != KX_BOOT_MULTIBOOT)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "a module before a kernel");
	return add_file(g, named.v[0], joined(g, kx_grub_args_from(named, 1)));
}

static int run_devicetree(struct kx_grub *g, struct kx_grub_args args)
{
	struct kx_grub_file file;
	int status;

	if (!args.count) {
		g->boot.devicetree = (struct kx_grub_file){ 0 };
		return KX_GRUB_OK;
	}
	status = find_file(g, args.v[0], &file);
	if (!status)
		g->boot.devicetree = file;
	return status;
}

/* Another boot loader, by its file or, as "+1", by the first sectors of a device. */
static int run_chainloader(struct kx_grub *g, struct kx_grub_args args)
{
	struct kx_grub_args named = skip_options(args);
	struct kx_grub_file file;

	g->boot = (struct kx_grub_boot){ 0 };
	if (!named.count)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "no boot loader named");
	file = kx_grub_file_of(g, named.v[0]);
	if (!file.path)
		return KX_GRUB_NOT_FOUND;
	g->boot.type = KX_BOOT_CHAINLOAD;
	if (file.path[strspn(file.path, "/0123456789")] != '+')
		g->boot.kernel = file;
	refuse(g, KX_GRUB_OK, "another boot loader, which needs the firmware",
	       g->boot.kernel.path ? shown(g, &file)
				   : kx_grub_print(g, "(%s)%s", file.device, file.path));
	return KX_GRUB_OK;
}

static int run_foreign(struct kx_grub *g, struct kx_grub_args args)
{
	g->boot = (struct kx_grub_boot){ .type = KX_BOOT_CHAINLOAD };
	return refuse(g, KX_GRUB_OK, "a kernel of another system, which only GRUB can start",
		      args.count ? args.v[0] : "");
}

static int run_firmware(struct kx_grub *g, struct kx_grub_args args)
{
	/* Asked outside of any entry, whether there is to be one. */
	if (args.count && !strcmp(args.v[0], "--is-supported"))
		return KX_GRUB_OK;
	g->boot = (struct kx_grub_boot){ 0 };
	kx_grub_complain(g, KX_GRUB_OK, "it is for the firmware: setup, reset or power off");
	if (g->entry)
		g->flow = KX_GRUB_STOP;
	return KX_GRUB_OK;
}

static int run_boot(struct kx_grub *g, struct kx_grub_args args)
{
	if (g->boot.type == KX_BOOT_NONE)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "nothing to boot has been loaded");
	g->flow = KX_GRUB_STOP;
	g->booted = !g->entry;
	return KX_GRUB_OK;
}

const struct kx_grub_builtin kx_grub_loaders[] = {
	{ "boot", run_boot },
	{ "chainloader", run_chainloader },
	{ "devicetree", run_devicetree },
	{ "fwsetup", run_firmware },
	{ "halt", run_firmware },
	{ "initrd", run_initrd },
	{ "initrd16", run_initrd },
	{ "initrdefi", run_initrd },
	{ "kfreebsd", run_foreign },
	{ "knetbsd", run_foreign },
	{ "kopenbsd", run_foreign },
	{ "legacy_kernel", run_foreign },
	{ "linux", run_linux },
	{ "linux16", run_linux },
	{ "linuxefi", run_linux },
	{ "module", run_module },
	{ "module2", run_module },
	{ "multiboot", run_multiboot },
	{ "multiboot2", run_multiboot },
	{ "ntldr", run_foreign },
	{ "plan9", run_foreign },
	{ "reboot", run_firmware },
	{ "truecrypt", run_foreign },
	{ "xnu_kernel", run_foreign },
	{ "xnu_kernel64", run_foreign },
	{ 0 },
};
