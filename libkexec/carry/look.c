// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/overflow.h"
#include "carry/carry.h"
#include "compress/compress.h"
#include "cpio.h"
#include "initrd.h"
#include "source.h"
#include "util.h"

/* By what each is known: paths that its packages have had for years. */
static const struct {
	enum kx_look_mark mark;
	const char *path;
} marks[] = {
	{ KX_LOOK_INSTALLER, "lib/debian-installer" },
	{ KX_LOOK_INSTALLER, "bin/netcfg" },
	{ KX_LOOK_INSTALLER, "usr/lib/debian-installer" }, /* from Debian 13 on */
	{ KX_LOOK_INSTALLER, "usr/bin/netcfg" },
	{ KX_LOOK_DRACUT, "usr/lib/dracut" },
	{ KX_LOOK_DRACUT, "lib/dracut" },
	{ KX_LOOK_DRACUT_FULL, "usr/libexec/nm-initrd-generator" },
	{ KX_LOOK_DRACUT_FULL, "usr/lib/systemd/systemd-network-generator" },
	{ KX_LOOK_DRACUT_FULL, "lib/systemd/systemd-network-generator" },
	{ KX_LOOK_DRACUT_FULL, "usr/lib/NetworkManager/nm-initrd-generator" },
	{ KX_LOOK_DRACUT_CLASSIC, "usr/sbin/ifup" },
	{ KX_LOOK_DRACUT_CLASSIC, "sbin/ifup" },
	{ KX_LOOK_NETWORKD, "usr/lib/systemd/systemd-networkd" },
	{ KX_LOOK_NETWORKD, "lib/systemd/systemd-networkd" },
	{ KX_LOOK_INITRAMFS, "conf/initramfs.conf" },
	{ KX_LOOK_INITRAMFS, "scripts/init-top" },
	{ KX_LOOK_DROPBEAR, "etc/dropbear" },
	{ KX_LOOK_DROPBEAR, "usr/sbin/dropbear" },
};

static char *member_path(struct kx_view name)
{
	const char *text = (const char *)name.data;
	size_t size = strnlen(text, name.size), skip = 0;

	while (skip < size && (text[skip] == '/' ||
			       (text[skip] == '.' && skip + 1 < size && text[skip + 1] == '/')))
		skip++;
	return strndup(text + skip, size - skip);
}

/* Debian's dropbear-initramfs gives root a home of a random name. */
static void note_home(const char *path, struct kx_look *look)
{
	if (!strncmp(path, "root-", 5) && !strchr(path, '/') && strlen(path) < sizeof(look->home))
		memcpy(look->home, path, strlen(path) + 1);
}

/* Takes @path and @target over. */
static int entry_add(struct kx_look *look, char *path, char *target)
{
	struct kx_look_entry *v = look->v;

	if (look->count == KX_LOOK_MAX)
		look->whole = false;
	/* Room for one more is needed at 0 and at powers of two. */
	else if (!(look->count & (look->count - 1)))
		v = reallocarray(look->v, look->count ? 2 * look->count : 1, sizeof(*v));
	if (v)
		look->v = v;
	if (!v || look->count == KX_LOOK_MAX) {
		free(path);
		free(target);
		return v ? 0 : -ENOMEM;
	}
	look->v[look->count++] = (struct kx_look_entry){ path, target };
	return 0;
}

static int member_add(const struct kx_cpio_member *member, struct kx_look *look)
{
	char *path = member_path(member->name), *target = NULL;

	if (!path)
		return -ENOMEM;
	for (size_t i = 0; i < KX_ARRAY_SIZE(marks); i++)
		if (!strcmp(path, marks[i].path))
			look->marks[marks[i].mark] = marks[i].path;
	if (S_ISDIR(member->mode))
		note_home(path, look);
	/* A longer one leads nowhere: the kernel that unpacks it has no such paths either. */
	if (S_ISLNK(member->mode) && member->content.size && member->content.size < PATH_MAX) {
		target = strndup((const char *)member->content.data, member->content.size);
		if (!target) {
			free(path);
			return -ENOMEM;
		}
	} else if (!S_ISDIR(member->mode)) {
		free(path);
		return 0;
	}
	return entry_add(look, path, target);
}

/* Archives that are not compressed, one behind the other. *at: up to where. */
static int read_plain(struct kx_view bytes, uint64_t *at, struct kx_look *look)
{
	struct kx_cpio_member member;
	uint64_t next;
	int r = 0;

	for (;;) {
		*at = kx_initrd_skip_zeros(bytes, *at);
		if (*at % 4 != 0 || !kx_cpio_starts(bytes, *at))
			return 0;
		next = *at;
		do {
			if (!kx_cpio_next(bytes, &next, &member)) {
				look->whole = false;
				return 0;
			}
			r = member.last ? 0 : member_add(&member, look);
		} while (r == 0 && !member.last);
		if (r < 0)
			return r;
		*at = next < bytes.size ? next : bytes.size;
	}
}

/* The compressed archive at *at. Return: 0, with *at behind it; 1 if it stays unknown; -ENOMEM. */
static int read_compressed(const struct kx_codec *codec, struct kx_view bytes, uint64_t max,
			   uint64_t *at, struct kx_look *look)
{
	_cleanup_free_ uint8_t *data = NULL;
	uint64_t size = 0, used = 0, inner = 0;
	struct kx_error ignored = { 0 };
	struct kx_view rest = { 0 };
	int r;

	kx_view_from(bytes, *at, &rest);
	if (kx_codec_unpack(codec, rest, max, &data, &size, &used, &ignored) < 0)
		return 1;
	*at += used;
	r = read_plain(kx_view_of(data, size), &inner, look);
	if (r == 0 && inner != size)
		look->whole = false;
	return r;
}

static int read_source(struct kx_view bytes, uint64_t max, struct kx_look *look)
{
	const struct kx_codec *codec;
	struct kx_view rest = { 0 };
	uint64_t at = 0;
	int r;

	/* As many as the layout unpacks. */
	for (unsigned i = 0; i <= KX_INITRD_ARCHIVE_MAX; i++) {
		r = read_plain(bytes, &at, look);
		if (r < 0 || at == bytes.size)
			return r;
		codec = kx_view_from(bytes, at, &rest) ? kx_codec_find(rest) : NULL;
		r = codec ? read_compressed(codec, bytes, max, &at, look) : 1;
		if (r != 0)
			break;
	}
	look->whole = false;
	return r < 0 ? r : 0;
}

int kx_look(const struct kx_source *const *sources, size_t count, uint64_t unpack_max,
	    struct kx_look *ret, struct kx_error *err)
{
	struct kx_look look = { .whole = true };
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct kx_view archives = { 0 };

		r = kx_initrd_archives(sources[i], &archives, err);
		if (r == 0 && read_source(archives, unpack_max, &look) < 0)
			r = kx_fail(err, ENOMEM, "cannot look into %s: out of memory",
				    kx_source_name(sources[i]));
	}
	if (r < 0) {
		kx_look_clear(&look);
		return r;
	}
	*ret = look;
	return 0;
}

void kx_look_clear(struct kx_look *look)
{
	for (size_t i = 0; i < look->count; i++) {
		free(look->v[i].path);
		free(look->v[i].target);
	}
	free(look->v);
	*look = (struct kx_look){ 0 };
}
