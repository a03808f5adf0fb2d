// SPDX-License-Identifier: LGPL-2.1-or-later
#include "boot/discover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/overflow.h"
#include "boot/grub.h"
#include "boot/loaders.h"
#include "util.h"

struct finder {
	const struct kx_volumes *volumes;
	const struct kx_boot_fs *fs;
	const struct kx_boot_system *system;
	struct kx_boot_entries *entries;
	struct kx_error *err;
	/* The place that is looked at, and what was found there: absolute on its device. */
	const char *device;
	char *path;
};

static bool exists(const struct finder *f, const char *device, const char *path)
{
	struct kx_boot_stat stat;

	return f->fs->stat(f->fs->ctx, device, path, &stat) == 0;
}

/* Is @path on some volume? The deepest first. On success f->device and f->path are set. */
static int find_on_volumes(struct finder *f, const char *path)
{
	for (size_t i = 0; i < f->volumes->count; i++) {
		const struct kx_volume *v = &f->volumes->v[i];

		if (!v->boots || !exists(f, v->name, path))
			continue;
		f->device = v->name;
		free(kx_steal(f->path));
		f->path = strdup(path);
		return f->path ? 1 : -ENOMEM;
	}
	return 0;
}

static int find_first(struct finder *f, const char *const *paths, size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = find_on_volumes(f, paths[i]);
	return r;
}

/* ---- systemd-boot and the specification's entries -------------------------------------------- */

static int read_conf(const struct finder *f, struct kx_loader_conf *conf)
{
	struct finder at = *f;
	_cleanup_free_ char *text = NULL;
	struct kx_error err = { 0 };
	size_t size;
	int r;

	at.path = NULL;
	r = find_on_volumes(&at, "/loader/loader.conf");
	if (r > 0)
		r = f->fs->read(f->fs->ctx, at.device, at.path, KX_BOOT_TEXT_MAX, &text, &size);
	free(at.path);
	if (r == 0 && text)
		r = kx_loader_conf_parse(kx_view_of(text, size), conf, &err);
	/* systemd-boot goes on without a file that it cannot read. */
	return r == -ENOMEM ? r : 0;
}

/*
 * Each folder once, by where it is in the tree: in a tree of which nobody knows what was mounted where, volumes find each other's
 * files.
 */
static int bls_places(const struct finder *f, struct kx_bls_place *places, size_t *ret_count)
{
	_cleanup_(kx_names_clear) struct kx_names seen = { 0 };
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->volumes->count; i++) {
		const struct kx_volume *v = &f->volumes->v[i];
		_cleanup_free_ char *folder = NULL;
		bool known = false;

		if (!v->boots)
			continue;
		r = f->fs->locate(f->fs->ctx, v->name, "/loader", &folder);
		for (size_t j = 0; r == 0 && j < seen.count; j++)
			known |= !strcmp(seen.v[j], folder);
		if (r == 0)
			r = kx_names_add(&seen, folder);
		if (r == 0 && !known)
			places[count++] = (struct kx_bls_place){ .device = v->name, .folder = "" };
	}
	*ret_count = count;
	return r;
}

static int read_bls(struct finder *f)
{
	_cleanup_free_ struct kx_bls_place *places = calloc(f->volumes->count + 1, sizeof(*places));
	_cleanup_(kx_loader_conf_clear) struct kx_loader_conf conf = { 0 };
	size_t count = 0;
	int r;

	if (!places)
		return -ENOMEM;
	r = read_conf(f, &conf);
	if (r == 0)
		r = bls_places(f, places, &count);
	if (r < 0)
		return r;
	return kx_bls_read(f->fs, places, count, f->system->arch, &f->system->vars, &conf,
			   f->entries, f->err);
}

static int on_boot_program(void *arg, const char *name)
{
	*(bool *)arg |= !strncasecmp(name, "systemd-boot", 12);
	return 0;
}

/* bootctl(1) installs its loader as EFI/systemd/systemd-boot*.efi. Of a system that a BIOS has started, it is a leftover. */
static int try_systemd_boot(struct finder *f)
{
	bool found = false;

	for (size_t i = 0; f->system->efi != KX_NO && !found && i < f->volumes->count; i++)
		if (f->volumes->v[i].boots)
			f->fs->list(f->fs->ctx, f->volumes->v[i].name, "/EFI/systemd",
				    on_boot_program, &found);
	return found ? read_bls(f) : 0;
}

/* It makes these files, too, which nobody else does; but they stay when GRUB comes after it. */
static int try_marked(struct finder *f)
{
	static const char *const marks[] = { "/loader/loader.conf", "/loader/entries.srel" };
	int r = f->system->efi != KX_NO ? find_first(f, marks, KX_ARRAY_SIZE(marks)) : 0;

	return r > 0 ? read_bls(f) : r;
}

/* ---- GRUB 2 ---------------------------------------------------------------------------------- */

/* GRUB's manual, "grub_cpu". */
static const char *grub_cpu(const struct kx_boot_system *system)
{
	static const struct {
		const char *uname, *grub;
	} cpus[] = {
		{ "aarch64", "arm64" },           { "armv7l", "arm" }, { "riscv64", "riscv64" },
		{ "loongarch64", "loongarch64" }, { "i686", "i386" },
	};

	for (size_t i = 0; system->arch && i < KX_ARRAY_SIZE(cpus); i++)
		if (!strcmp(system->arch, cpus[i].uname))
			return cpus[i].grub;
	return system->efi == KX_YES ? "x86_64" : "i386";
}

/* The file system that boot loaders for UEFI are on. */
static const char *find_esp(const struct finder *f)
{
	for (size_t i = 0; i < f->volumes->count; i++)
		if (f->volumes->v[i].boots && exists(f, f->volumes->v[i].name, "/EFI"))
			return f->volumes->v[i].name;
	return NULL;
}

static int read_grub(struct finder *f)
{
	const struct kx_grub_config config = {
		.fs = f->fs,
		.device = f->device,
		.path = f->path,
		.esp = find_esp(f),
		.platform = f->system->efi == KX_YES ? "efi" : "pc",
		.cpu = grub_cpu(f->system),
	};

	return kx_grub_read(&config, f->entries, f->err);
}

struct vendors {
	char *paths[16];
	size_t count;
};

static int on_vendor(void *arg, const char *name)
{
	struct vendors *vendors = arg;

	if (vendors->count < KX_ARRAY_SIZE(vendors->paths) &&
	    asprintf(&vendors->paths[vendors->count], "/EFI/%s/grub.cfg", name) >= 0)
		vendors->count++;
	return 0;
}

/* Distributions have their configuration, or a few lines that lead to it, beside GRUB on the ESP. */
static int find_grub_on_esp(struct finder *f)
{
	struct vendors vendors = { 0 };
	int r = 0;

	for (size_t i = 0; i < f->volumes->count; i++)
		if (f->volumes->v[i].boots)
			f->fs->list(f->fs->ctx, f->volumes->v[i].name, "/EFI", on_vendor, &vendors);
	for (size_t i = 0; r == 0 && i < vendors.count; i++)
		r = find_on_volumes(f, vendors.paths[i]);
	for (size_t i = 0; i < vendors.count; i++)
		free(vendors.paths[i]);
	return r;
}

static int try_grub(struct finder *f)
{
	static const char *const paths[] = { "/grub/grub.cfg", "/grub2/grub.cfg",
					     "/boot/grub/grub.cfg", "/boot/grub2/grub.cfg" };
	int r = find_first(f, paths, KX_ARRAY_SIZE(paths));

	if (r == 0)
		r = find_grub_on_esp(f);
	return r > 0 ? read_grub(f) : r;
}

/* ---- the others ------------------------------------------------------------------------------ */

static int try_extlinux(struct finder *f)
{
	static const char *const paths[] = {
		"/extlinux/extlinux.conf",
		"/boot/extlinux/extlinux.conf",
		"/extlinux.conf",
		"/boot/extlinux.conf",
		"/syslinux/extlinux.conf",
		"/syslinux/syslinux.cfg",
		"/boot/syslinux/extlinux.conf",
		"/boot/syslinux/syslinux.cfg",
		"/EFI/syslinux/syslinux.cfg",
		"/EFI/BOOT/syslinux.cfg",
		"/syslinux.cfg",
		"/isolinux/isolinux.cfg",
	};
	int r = find_first(f, paths, KX_ARRAY_SIZE(paths));

	return r > 0 ? kx_extlinux_read(f->fs, f->device, f->path, f->entries, f->err) : r;
}

static int try_menulst(struct finder *f)
{
	static const char *const paths[] = { "/grub/menu.lst", "/grub/grub.conf",
					     "/boot/grub/menu.lst", "/boot/grub/grub.conf" };
	int r = find_first(f, paths, KX_ARRAY_SIZE(paths));

	return r > 0 ? kx_menulst_read(f->fs, f->device, f->path, f->entries, f->err) : r;
}

static int try_config_txt(struct finder *f)
{
	static const char *const paths[] = { "/config.txt" };
	int r = find_first(f, paths, KX_ARRAY_SIZE(paths));

	return r > 0 ? kx_config_txt_read(f->fs, f->device, f->path, f->system->model, f->entries,
					  f->err)
		     : r;
}

/* All words, with one blank between. */
static int join_words(struct kx_view text, char **ret)
{
	_cleanup_free_ char *line = malloc(text.size + 1);
	struct kx_view word = { 0 };
	size_t used = 0;

	if (!line)
		return -ENOMEM;
	while (kx_text_word(&text, &word)) {
		if (used)
			line[used++] = ' ';
		memcpy(line + used, word.data, word.size);
		used += word.size;
	}
	return kx_boot_set(ret, kx_view_of(line, used));
}

/* kernel-install(8) reads its command line there, in as many lines as one likes. */
static int kernel_cmdline(const struct finder *f, char **ret)
{
	static const char *const paths[] = { "/etc/kernel/cmdline", "/usr/lib/kernel/cmdline" };
	const struct kx_volume *root = kx_volumes_root(f->volumes);

	for (size_t i = 0; i < KX_ARRAY_SIZE(paths); i++) {
		_cleanup_free_ char *text = NULL;
		size_t size;
		int r = f->fs->read(f->fs->ctx, root ? root->name : "", paths[i], KX_BOOT_TEXT_MAX,
				    &text, &size);

		if (r == -ENOMEM)
			return r;
		if (r < 0)
			continue;
		return join_words(kx_view_of(text, size), ret);
	}
	if (!f->system->cmdline)
		return 0;
	*ret = strdup(f->system->cmdline);
	return *ret ? 0 : -ENOMEM;
}

static int try_kernels(struct finder *f)
{
	_cleanup_free_ char *options = NULL;
	int r = kernel_cmdline(f, &options);

	for (size_t i = 0; r == 0 && !f->entries->count && i < 2 * f->volumes->count; i++) {
		const struct kx_volume *v = &f->volumes->v[i / 2];
		const char *folder = i % 2 ? "/boot" : "";

		if (v->boots && exists(f, v->name, *folder ? folder : "/"))
			r = kx_kernels_read(f->fs, v->name, folder, options, f->entries, f->err);
	}
	return r;
}

/* ---- what is found --------------------------------------------------------------------------- */

static int missing(struct kx_volumes *volumes, struct kx_boot_entry *entry, const char *path)
{
	_cleanup_free_ char *shown = NULL;

	if (!path || entry->problem || kx_root_exists(&volumes->root, path))
		return 0;
	if (kx_volumes_shown(volumes, path, &shown) < 0)
		return -ENOMEM;
	if (asprintf(&entry->problem, "%s is not there", shown) >= 0)
		return 0;
	entry->problem = NULL;
	return -ENOMEM;
}

static int check_files(struct kx_volumes *volumes, struct kx_boot_entry *entry)
{
	int r = missing(volumes, entry, entry->kernel);

	for (size_t i = 0; r == 0 && i < entry->initrd_count; i++)
		r = missing(volumes, entry, entry->initrds[i]);
	for (size_t i = 0; r == 0 && i < entry->module_count; i++)
		r = missing(volumes, entry, entry->modules[i].path);
	return r < 0 ? r : missing(volumes, entry, entry->devicetree);
}

static int show(const struct kx_volumes *volumes, char **path)
{
	char *shown;

	if (!*path)
		return 0;
	if (kx_volumes_shown(volumes, *path, &shown) < 0)
		return -ENOMEM;
	free(*path);
	*path = shown;
	return 0;
}

static int show_entry(const struct kx_volumes *volumes, struct kx_boot_entry *entry)
{
	int r = show(volumes, &entry->kernel);

	for (size_t i = 0; r == 0 && i < entry->initrd_count; i++)
		r = show(volumes, &entry->initrds[i]);
	for (size_t i = 0; r == 0 && i < entry->module_count; i++)
		r = show(volumes, &entry->modules[i].path);
	if (r == 0)
		r = show(volumes, &entry->devicetree);
	return r < 0 ? r : show(volumes, &entry->source_file);
}

int kx_boot_show(const struct kx_volumes *volumes, struct kx_boot_entries *entries)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < entries->count; i++)
		r = show_entry(volumes, &entries->v[i]);
	return r;
}

static int (*const readers[])(struct finder *f) = {
	try_systemd_boot, try_grub, try_marked,     try_extlinux,
	try_menulst,      read_bls, try_config_txt, try_kernels,
};

/* The place of the loader that left its name; behind the last when none did. */
static size_t named_reader(const struct kx_loader_vars *vars)
{
	int (*named)(struct finder * f) = NULL;
	size_t i = 0;

	if (vars->info && !strncasecmp(vars->info, "systemd-boot", 12))
		named = read_bls;
	else if (vars->info && !strncasecmp(vars->info, "grub", 4))
		named = try_grub;
	while (i < KX_ARRAY_SIZE(readers) && readers[i] != named)
		i++;
	return i;
}

static int try_reader(struct finder *f, size_t i, struct kx_error *first_err, int *first)
{
	char **notes = kx_steal(f->entries->notes);
	size_t count = f->entries->note_count;
	int r;

	f->entries->note_count = 0;
	kx_boot_entries_clear(f->entries);
	f->entries->timeout = -1;
	*f->err = (struct kx_error){ 0 };
	r = readers[i](f);
	if (r < 0 && !f->err->text[0])
		kx_fail(f->err, -r, "cannot read boot entries: %s", strerror(-r));
	if (r < 0 && !*first) {
		*first = r;
		*first_err = *f->err;
	}
	for (size_t j = 0; j < count; j++) {
		if (kx_boot_strings_add(&f->entries->notes, &f->entries->note_count, notes[j]) < 0)
			r = -ENOMEM;
		free(notes[j]);
	}
	free(notes);
	if (r < 0 && r != -ENOMEM)
		return kx_boot_strings_add(&f->entries->notes, &f->entries->note_count,
					   f->err->text);
	return r;
}

int kx_boot_discover(struct kx_volumes *volumes, const struct kx_boot_fs *fs,
		     const struct kx_boot_system *system, struct kx_boot_entries *ret,
		     struct kx_error *err)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries entries = { 0 };
	struct finder f = {
		.volumes = volumes,
		.fs = fs,
		.system = system,
		.entries = &entries,
		.err = err,
	};
	size_t named = named_reader(&system->vars);
	struct kx_error first_err = { 0 };
	int r = 0, first = 0;

	if (named < KX_ARRAY_SIZE(readers))
		r = try_reader(&f, named, &first_err, &first);
	for (size_t i = 0; r == 0 && !entries.count && i < KX_ARRAY_SIZE(readers); i++)
		if (i != named)
			r = try_reader(&f, i, &first_err, &first);
	free(f.path);
	for (size_t i = 0; r == 0 && i < entries.count; i++)
		r = check_files(volumes, &entries.v[i]);
	if (r < 0)
		return kx_fail(err, -r, "cannot list boot entries: %s", strerror(-r));
	*err = first_err;
	if (first && !entries.count)
		return first;
	*err = (struct kx_error){ 0 };
	*ret = entries;
	entries = (struct kx_boot_entries){ 0 };
	return 0;
}
