// SPDX-License-Identifier: LGPL-2.1-or-later
/* Kernels that lie about, where no boot loader's configuration says more. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "boot/lines.h"
#include "boot/loaders.h"
#include "boot/version.h"
#include "util.h"

/* Debian, Fedora, SUSE, Arch, Alpine: vmlinuz; others' own names. */
static const char *const prefixes[] = { "vmlinuz", "vmlinux", "Image", "bzImage", "kernel" };

/* Of each version, in the order in which they are looked for: "%s" is it, with a dash in front. */
static const struct {
	const char *front, *back;
} initrds[] = {
	{ "initrd.img", "" }, { "initramfs", ".img" },       { "initrd", "" },
	{ "initramfs", "" },  { "initramfs-genkernel", "" }, { "initrd", ".img" },
};

struct kernel {
	char *name;
	const char *version; /* in @name, with its dash; "" for none */
};

struct reader {
	const struct kx_boot_fs *fs;
	const char *device, *folder, *options;
	struct kernel *kernels;
	size_t count;
};

static void reader_clear(struct reader *reader)
{
	for (size_t i = 0; i < reader->count; i++)
		free(reader->kernels[i].name);
	free(reader->kernels);
}

/* Where the version begins, "" when there is none; NULL for what is no kernel. Backups are none. */
static const char *version_in(const char *name)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(prefixes); i++) {
		size_t n = strlen(prefixes[i]);
		const char *rest = name + n;

		if (strncmp(name, prefixes[i], n) != 0 || (*rest && *rest != '-'))
			continue;
		return strstr(rest, ".old") || strstr(rest, ".bak") || strstr(rest, ".hmac") ||
				       strstr(rest, ".sig")
			       ? NULL
			       : rest;
	}
	return NULL;
}

static int on_name(void *arg, const char *name)
{
	struct reader *reader = arg;
	const char *version = version_in(name);
	struct kernel *kernels, kernel;

	if (!version)
		return 0;
	if (reader->count >= KX_BOOT_ENTRIES_MAX)
		return -E2BIG;
	kernels = reallocarray(reader->kernels, reader->count + 1, sizeof(*kernels));
	if (!kernels)
		return -ENOMEM;
	reader->kernels = kernels;
	kernel.name = strdup(name);
	if (!kernel.name)
		return -ENOMEM;
	kernel.version = kernel.name + (version - name);
	kernels[reader->count++] = kernel;
	return 0;
}

/* Newest first, and last what is there to rescue others, and links to the others. */
static int compare(const void *a, const void *b)
{
	const struct kernel *x = a, *y = b;
	int order = (int)!*x->version - (int)!*y->version;

	if (!order)
		order = !!strstr(x->version, "rescue") - !!strstr(y->version, "rescue");
	if (!order)
		order = kx_version_compare(y->version, x->version);
	return order ? order : strcmp(x->name, y->name);
}

/* 1 and *ret_path when there is a file; 0 when not. */
static int find(const struct reader *reader, const char *name, char **ret_path)
{
	_cleanup_free_ char *path = NULL;
	struct kx_boot_stat stat;
	int r;

	if (asprintf(&path, "%s/%s", reader->folder, name) < 0)
		return -ENOMEM;
	r = reader->fs->stat(reader->fs->ctx, reader->device, path, &stat);
	if (r == -ENOMEM)
		return r;
	if (r < 0 || stat.directory)
		return 0;
	r = reader->fs->locate(reader->fs->ctx, reader->device, path, ret_path);
	return r < 0 ? r : 1;
}

static int find_initrd(const struct reader *reader, const struct kernel *kernel,
		       struct kx_boot_entry *entry)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < KX_ARRAY_SIZE(initrds); i++) {
		_cleanup_free_ char *name = NULL, *path = NULL;

		if (asprintf(&name, "%s%s%s", initrds[i].front, kernel->version, initrds[i].back) <
		    0)
			return -ENOMEM;
		r = find(reader, name, &path);
		if (r > 0 && kx_boot_strings_add(&entry->initrds, &entry->initrd_count, path) < 0)
			return -ENOMEM;
	}
	return r < 0 ? r : 0;
}

static int fill(const struct reader *reader, const struct kernel *kernel,
		struct kx_boot_entry *entry)
{
	int r;

	entry->type = KX_BOOT_LINUX;
	entry->source_kind = "files";
	entry->id = strdup(kernel->name);
	if (!entry->id)
		return -ENOMEM;
	r = find(reader, kernel->name, &entry->kernel);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = kx_boot_set(&entry->source_file, kx_text_of(entry->kernel));
	if (r == 0 && *kernel->version)
		r = kx_boot_set(&entry->version, kx_text_of(kernel->version + 1));
	if (r == 0 && asprintf(&entry->title, "Linux %s",
			       entry->version ? entry->version : kernel->name) < 0) {
		entry->title = NULL;
		r = -ENOMEM;
	}
	if (r == 0 && reader->options)
		r = kx_boot_set(&entry->options, kx_text_of(reader->options));
	else if (r == 0)
		r = kx_boot_set(&entry->problem,
				kx_text_of("its command line is not known; give one with "
					   "--command-line, or write it to /etc/kernel/cmdline"));
	return r < 0 ? r : find_initrd(reader, kernel, entry);
}

int kx_kernels_read(const struct kx_boot_fs *fs, const char *device, const char *folder,
		    const char *options, struct kx_boot_entries *ret, struct kx_error *err)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries entries = { .timeout = -1 };
	_cleanup_(reader_clear) struct reader reader = {
		.fs = fs,
		.device = device,
		.folder = folder,
		.options = options,
	};
	int r = fs->list(fs->ctx, device, *folder ? folder : "/", on_name, &reader);

	if (r == 0 && reader.count)
		qsort(reader.kernels, reader.count, sizeof(*reader.kernels), compare);
	for (size_t i = 0; r == 0 && i < reader.count; i++) {
		_cleanup_(kx_boot_entry_clear) struct kx_boot_entry entry = { 0 };

		r = fill(&reader, &reader.kernels[i], &entry);
		if (r == 0)
			r = kx_boot_entries_add(&entries, &entry);
		else if (r == -ENOENT) /* a folder of that name, or a link to nowhere */
			r = 0;
	}
	if (r < 0)
		return kx_fail(err, -r, "cannot read %s: %s", folder, strerror(-r));
	if (entries.count)
		entries.v[0].is_default = true;
	*ret = entries;
	entries = (struct kx_boot_entries){ 0 };
	return 0;
}
