// SPDX-License-Identifier: GPL-2.0-or-later
#include "menu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/overflow.h"
#include "boot/bls.h"
#include "boot/grub.h"
#include "boot/loaders.h"
#include "util.h"

/* What GRUB would call where the image itself lies: the only device that is not the image. */
#define HOST "host"

/**
 * struct image - an image as a device
 * @uuid, @label: as GRUB has them of ISO 9660; empty where there is no volume descriptor
 */
struct image {
	const struct kx_members *members;
	const struct kx_image_place *place;
	char uuid[24], label[33];
};

/* ---- as a file system ------------------------------------------------------------------------ */

/* ECMA-119, 8.4: the primary volume descriptor is in the first sector behind the system area. */
#define SECTOR 2048
#define PVD_AT (16 * SECTOR)
#define PVD_LABEL 40
#define PVD_CREATED 813
#define PVD_MODIFIED 830
/* "1999123123595900", and a time zone that nobody shows. */
#define PVD_TIME 16

/* "1999-12-31-23-59-59-00", as GRUB and libblkid write it. */
static void put_uuid(char uuid[24], const char *time)
{
	snprintf(uuid, 24, "%.4s-%.2s-%.2s-%.2s-%.2s-%.2s-%.2s", time, time + 4, time + 6, time + 8,
		 time + 10, time + 12, time + 14);
}

static void identify(struct image *image)
{
	char sector[SECTOR];
	size_t size = sizeof(image->label) - 1;
	const char *time = sector + PVD_MODIFIED;

	if (pread(image->members->fd, sector, SECTOR, PVD_AT) != SECTOR ||
	    memcmp(sector, "\1CD001", 6) != 0)
		return;
	if (!memcmp(time, "0000000000000000", PVD_TIME) || !*time)
		time = sector + PVD_CREATED;
	put_uuid(image->uuid, time);
	memcpy(image->label, sector + PVD_LABEL, size);
	while (size > 0 && (image->label[size - 1] == ' ' || !image->label[size - 1]))
		image->label[--size] = '\0';
}

static int find(const struct image *image, const char *device, const char *path,
		const struct kx_member **ret)
{
	struct kx_error ignored = { 0 };

	if (!strcmp(device, HOST))
		return -ENOENT;
	*ret = NULL;
	return kx_members_find(image->members, path, ret, &ignored);
}

struct buffer {
	char *data;
	size_t size;
};

static int into_buffer(void *arg, const void *data, size_t size, uint64_t at)
{
	struct buffer *buffer = arg;

	if (at > buffer->size || size > buffer->size - at)
		return -EFBIG;
	memcpy(buffer->data + at, data, size);
	return 0;
}

static int fs_read(void *ctx, const char *device, const char *path, size_t max, char **ret,
		   size_t *ret_size)
{
	const struct image *image = ctx;
	const struct kx_member *member;
	struct kx_error ignored = { 0 };
	struct buffer buffer = { 0 };
	int r = find(image, device, path, &member);

	if (r < 0)
		return r;
	if (!member || member->type == KX_MEMBER_FOLDER)
		return -EISDIR;
	if (member->size > max)
		return -EFBIG;
	buffer.size = (size_t)member->size;
	buffer.data = calloc(1, buffer.size + 1);
	if (!buffer.data)
		return -ENOMEM;
	r = kx_members_copy(image->members, member, max, into_buffer, &buffer, &ignored);
	if (r < 0) {
		free(buffer.data);
		return r;
	}
	*ret = buffer.data;
	*ret_size = buffer.size;
	return 0;
}

static int fs_stat(void *ctx, const char *device, const char *path, struct kx_boot_stat *ret)
{
	const struct kx_member *member;
	int r = find(ctx, device, path, &member);

	if (r < 0)
		return r;
	*ret = (struct kx_boot_stat){ .directory = true };
	if (member)
		*ret = (struct kx_boot_stat){ .directory = member->type == KX_MEMBER_FOLDER,
					      .size = member->size,
					      .mtime = member->mtime };
	return 0;
}

/* Of a folder that a link leads to, nothing is listed: no menu lies behind one. */
static int fs_list(void *ctx, const char *device, const char *path, kx_boot_name_fn *each,
		   void *arg)
{
	const struct image *image = ctx;
	const struct kx_member *folder;
	size_t size;
	int r = find(image, device, path, &folder);

	if (r < 0)
		return r;
	path += strspn(path, "/");
	size = strlen(path);
	for (size_t i = 0; r == 0 && i < image->members->count; i++) {
		const char *name = image->members->v[i].name;

		if (size && (strncmp(name, path, size) != 0 || name[size] != '/'))
			continue;
		name += size ? size + 1 : 0;
		if (*name && !strchr(name, '/'))
			r = each(arg, name);
	}
	return r;
}

/* The image is the medium that its menu was made for, so whatever it looks for is there, but for the image's own file. */
static int fs_search(void *ctx, enum kx_boot_search by, const char *value, char **ret_device)
{
	const struct image *image = ctx;
	const struct kx_image_place *place = image->place;
	const struct kx_member *member;
	bool host = by == KX_BOOT_BY_FILE
			    ? *place->path && !strcmp(value, place->path)
			    : by == KX_BOOT_BY_UUID && *place->uuid && !strcmp(value, place->uuid);

	if (!host && by == KX_BOOT_BY_FILE && find(image, "", value, &member) < 0)
		return -ENODEV;
	*ret_device = strdup(host ? HOST : "cd0");
	return *ret_device ? 0 : -ENOMEM;
}

static int fs_identify(void *ctx, enum kx_boot_search by, const char *device, char **ret)
{
	const struct image *image = ctx;
	bool host = !strcmp(device, HOST);
	const char *value = by == KX_BOOT_BY_LABEL ? (host ? "" : image->label)
			    : host                 ? image->place->uuid
						   : image->uuid;

	if (!*value)
		return -ENODATA;
	*ret = strdup(value);
	return *ret ? 0 : -ENOMEM;
}

static int fs_locate(void *ctx, const char *device, const char *path, char **ret)
{
	*ret = strdup(path);
	return *ret ? 0 : -ENOMEM;
}

/* ---- which menu ------------------------------------------------------------------------------ */

enum kind { LOOPBACK, GRUB, BLS, SYSLINUX };

/*
 * Where distributions have them, those first that are made for our case. loopback.cfg is GRUB's for images in files, by
 * https://supergrubdisk.org/wiki/Loopback.cfg, with the path in iso_path. openSUSE's installer is in boot/x86_64/loader.
 */
static const struct {
	const char *path;
	enum kind kind;
} menus[] = {
	{ "/boot/grub/loopback.cfg", LOOPBACK },
	{ "/boot/grub2/loopback.cfg", LOOPBACK },
	{ "/boot/grub/grub.cfg", GRUB },
	{ "/boot/grub2/grub.cfg", GRUB },
	{ "/EFI/BOOT/grub.cfg", GRUB },
	{ "/EFI/boot/grub.cfg", GRUB },
	{ "/loader/entries", BLS },
	{ "/isolinux/isolinux.cfg", SYSLINUX },
	{ "/boot/isolinux/isolinux.cfg", SYSLINUX },
	{ "/boot/x86_64/loader/isolinux.cfg", SYSLINUX },
	{ "/boot/syslinux/isolinux.cfg", SYSLINUX },
	{ "/boot/syslinux/syslinux.cfg", SYSLINUX },
	{ "/syslinux/isolinux.cfg", SYSLINUX },
	{ "/syslinux/syslinux.cfg", SYSLINUX },
	{ "/isolinux.cfg", SYSLINUX },
	{ "/syslinux.cfg", SYSLINUX },
};

/* Entries of the image's own loader/entries alone. */
static int read_bls(const struct kx_boot_fs *fs, const char *arch, struct kx_boot_entries *ret,
		    struct kx_error *err)
{
	static const struct kx_bls_place place = { .device = "cd0", .folder = "" };
	const struct kx_loader_vars vars = { 0 };
	_cleanup_(kx_loader_conf_clear) struct kx_loader_conf conf = { 0 };
	_cleanup_free_ char *text = NULL;
	struct kx_error ignored = { 0 };
	size_t size;

	if (fs->read(fs->ctx, "cd0", "/loader/loader.conf", KX_BOOT_TEXT_MAX, &text, &size) == 0)
		kx_loader_conf_parse(kx_view_of(text, size), &conf, &ignored);
	return kx_bls_read(fs, &place, 1, *arch ? arch : NULL, &vars, &conf, ret, err);
}

/* iso_path is loopback.cfg's, but there are images whose grub.cfg goes by it, too. */
static int read_grub(const struct kx_boot_fs *fs, const struct image *image, const char *path,
		     struct kx_boot_entries *ret, struct kx_error *err)
{
	const char *const variables[] = { "iso_path", image->place->path, NULL };
	const bool efi = !strcmp(image->place->platform, "efi");
	const struct kx_grub_config config = {
		.fs = fs,
		.device = "cd0",
		.path = path,
		.platform = image->place->platform,
		.cpu = efi ? "x86_64" : "i386",
		.variables = *image->place->path ? variables : NULL,
	};

	return kx_grub_read(&config, ret, err);
}

static int read_menu(const struct kx_boot_fs *fs, const struct image *image, size_t i,
		     struct kx_boot_entries *ret, struct kx_error *err)
{
	struct kx_boot_stat stat;

	if (menus[i].kind == LOOPBACK && !*image->place->path)
		return 0;
	if (fs->stat(fs->ctx, "", menus[i].path, &stat) < 0)
		return 0;
	switch (menus[i].kind) {
	case BLS:
		return read_bls(fs, image->place->arch, ret, err);
	case SYSLINUX:
		return kx_extlinux_read(fs, "cd0", menus[i].path, ret, err);
	default:
		return read_grub(fs, image, menus[i].path, ret, err);
	}
}

static int missing(const struct image *image, struct kx_boot_entry *entry, const char *path)
{
	const struct kx_member *member;

	if (!path || entry->problem || find(image, "", path, &member) == 0)
		return 0;
	if (asprintf(&entry->problem, "%s is not in the image", path) >= 0)
		return 0;
	entry->problem = NULL;
	return -ENOMEM;
}

/* How many of them can be booted. */
static int check_files(const struct image *image, struct kx_boot_entries *entries)
{
	int r = 0, good = 0;

	for (size_t i = 0; r == 0 && i < entries->count; i++) {
		struct kx_boot_entry *entry = &entries->v[i];

		r = missing(image, entry, entry->kernel);
		for (size_t j = 0; r == 0 && j < entry->initrd_count; j++)
			r = missing(image, entry, entry->initrds[j]);
		good += !entry->problem && entry->kernel;
	}
	return r < 0 ? r : good;
}

/* The first menu with something to boot; what else there is says why there is none. */
static int choose_menu(const struct kx_boot_fs *fs, const struct image *image,
		       struct kx_boot_entries *ret, struct kx_error *err)
{
	struct kx_error first = { 0 };
	int r, failed = 0;

	for (size_t i = 0; i < KX_ARRAY_SIZE(menus); i++) {
		struct kx_boot_entries entries = { .timeout = -1 };
		struct kx_error why = { 0 };

		r = read_menu(fs, image, i, &entries, &why);
		if (r == 0)
			r = check_files(image, &entries);
		if (r > 0 || (r == 0 && entries.count && !ret->count)) {
			kx_boot_entries_clear(ret);
			*ret = entries;
		} else {
			kx_boot_entries_clear(&entries);
		}
		if (r > 0)
			return 0;
		if (r < 0 && !failed) {
			failed = r;
			first = why;
		}
	}
	if (ret->count)
		return 0;
	if (failed)
		return kx_fail(err, -failed, "%s", first.text[0] ? first.text : strerror(-failed));
	return kx_fail(err, ENOENT, "it has no boot menu of GRUB, systemd-boot or ISOLINUX");
}

/* ---- what finds the image again -------------------------------------------------------------- */

/* By what lies in it, which each framework's own documentation names: tools/image.c has what they are told. */
static const struct {
	const char *path, *live;
} lives[] = {
	{ "/casper", "casper" },
	{ "/live", "live-boot" },
	{ "/arch", "archiso" },
	{ "/nix-store.squashfs", "nixos" },
	{ "/LiveOS", "dracut" },
	{ "/images/install.img", "dracut" },
	{ "/boot/x86_64/loader/linux", "linuxrc" },
	{ "/install.amd", "debian-installer" },
	{ "/install.386", "debian-installer" },
};

static const char *live_of(const struct image *image)
{
	const struct kx_member *member;

	for (size_t i = 0; i < KX_ARRAY_SIZE(lives); i++)
		if (find(image, "", lives[i].path, &member) == 0)
			return lives[i].live;
	return "";
}

/* ---- as text --------------------------------------------------------------------------------- */

static void put(FILE *out, const char *key, const char *value)
{
	if (value)
		fprintf(out, "%s=%s%c", key, value, 0);
}

static void put_entry(FILE *out, const struct kx_boot_entry *entry)
{
	put(out, "entry", entry->id);
	put(out, "type", kx_boot_type_name(entry->type));
	put(out, "title", entry->title);
	put(out, "menu", entry->menu);
	put(out, "linux", entry->kernel);
	for (size_t i = 0; i < entry->initrd_count; i++)
		put(out, "initrd", entry->initrds[i]);
	put(out, "options", entry->options);
	put(out, "version", entry->version);
	put(out, "architecture", entry->architecture);
	put(out, "problem", entry->problem);
	put(out, "file", entry->source_file);
	put(out, "kind", entry->source_kind);
	put(out, "default", entry->is_default ? "yes" : NULL);
}

static int put_all(const struct image *image, const struct kx_boot_entries *entries, char **ret,
		   size_t *ret_size)
{
	FILE *out = open_memstream(ret, ret_size);

	if (!out)
		return -ENOMEM;
	put(out, "live", live_of(image));
	put(out, "label", image->label);
	for (size_t i = 0; i < entries->note_count; i++)
		put(out, "note", entries->notes[i]);
	for (size_t i = 0; i < entries->count; i++)
		put_entry(out, &entries->v[i]);
	return fclose(out) ? -ENOMEM : 0;
}

int kx_image_menu(const struct kx_members *members, const struct kx_image_place *place, char **ret,
		  size_t *ret_size, struct kx_error *err)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries entries = { 0 };
	struct image image = { .members = members, .place = place };
	const struct kx_boot_fs fs = {
		.ctx = &image,
		.read = fs_read,
		.stat = fs_stat,
		.list = fs_list,
		.search = fs_search,
		.identify = fs_identify,
		.locate = fs_locate,
	};
	int r;

	identify(&image);
	r = choose_menu(&fs, &image, &entries, err);
	if (r < 0)
		return r;
	r = put_all(&image, &entries, ret, ret_size);
	return r < 0 ? kx_fail(err, ENOMEM, "out of memory") : 0;
}
