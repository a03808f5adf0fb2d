// SPDX-License-Identifier: LGPL-2.1-or-later
#include "boot/effects.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/bls.h"
#include "boot/grub.h"
#include "boot/probe.h"
#include "util.h"

static int problem(struct kx_names *problems, const char *what, int r)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s: %s", what,
		     r == -EBADMSG  ? "no environment block of GRUB"
		     : r == -ENOSPC ? "no room in it"
				    : strerror(-r)) < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return kx_names_add(problems, text);
}

/* ---- the note -------------------------------------------------------------------------------- */

/* Its fields in their order, each with a zero behind it; what is there has "=" in front. */
#define FIELDS 6

static void put_effect(FILE *out, const struct kx_boot_effect *effect, const char *device,
		       const char *type, const char *path)
{
	const char *const fields[FIELDS] = { effect->file, effect->name, effect->value,
					     device,       type,         path };

	for (size_t i = 0; i < FIELDS; i++) {
		if (fields[i])
			fprintf(out, "=%s", fields[i]);
		fputc(0, out);
	}
}

static void put_effects(FILE *out, const struct kx_volumes *volumes,
			const struct kx_boot_effect *effects, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct kx_boot_effect *effect = &effects[i];
		const struct kx_volume *on = NULL;
		const char *path = NULL;

		if (volumes && effect->file)
			on = kx_volumes_holding(volumes, effect->file, &path);
		if (on)
			put_effect(out, effect, on->device, on->type, path);
		else
			put_effect(out, effect, effect->device, effect->type, effect->path);
	}
}

/* Root's alone: who writes it chooses what root writes where. */
static int create(const char *root, const char *path, FILE **ret)
{
	char folder[4096];
	FILE *out;
	int fd;

	snprintf(folder, sizeof(folder), "%s/run", root);
	(void)mkdir(folder, 0755);
	snprintf(folder, sizeof(folder), "%s" KX_EFFECTS_FOLDER, root);
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	out = fdopen(fd, "w");
	if (!out) {
		close(fd);
		return -ENOMEM;
	}
	*ret = out;
	return 0;
}

static int write_note(const char *root, const struct kx_volumes *volumes,
		      const struct kx_effects *menu, const struct kx_effects *entry)
{
	char path[4096];
	FILE *out = NULL;
	bool bad;
	int r;

	snprintf(path, sizeof(path), "%s" KX_EFFECTS_FILE, root);
	(void)unlink(path);
	if (!menu->count && !entry->count)
		return 0;
	r = create(root, path, &out);
	if (r < 0)
		return r;
	put_effects(out, volumes, menu->v, menu->count);
	put_effects(out, volumes, entry->v, entry->count);
	bad = fflush(out) == EOF;
	if (fclose(out) == EOF || bad) {
		r = errno ? -errno : -EIO;
		(void)unlink(path);
		return r;
	}
	return 0;
}

int kx_effects_note(const char *root, const struct kx_volumes *volumes,
		    const struct kx_boot_entries *entries, const struct kx_boot_entry *entry)
{
	struct kx_effects menu = { 0 }, own = { 0 };

	if (entry) {
		menu = (struct kx_effects){ .v = entries->effects, .count = entries->effect_count };
		own = (struct kx_effects){ .v = entry->effects, .count = entry->effect_count };
	}
	return write_note(root, volumes, &menu, &own);
}

/* NULL for none; the bytes are followed by a zero, whatever is in them. */
static bool take_text(struct kx_view *rest, const char **ret)
{
	const char *text = (const char *)rest->data;
	size_t size = rest->size ? strnlen(text, rest->size) : 0;

	if (size >= rest->size || (size && *text != '='))
		return false;
	*ret = size ? text + 1 : NULL;
	*rest = kx_view_of(rest->data + size + 1, rest->size - size - 1);
	return true;
}

static int parse_effect(struct kx_view *rest, struct kx_effects *effects)
{
	const char *fields[FIELDS] = { 0 };
	struct kx_boot_effect *effect;
	int r;

	for (size_t i = 0; i < FIELDS; i++)
		if (!take_text(rest, &fields[i]))
			return -EBADMSG;
	if (!fields[1] || !fields[3] != !fields[4] || !fields[3] != !fields[5])
		return -EBADMSG;
	r = kx_boot_effects_add(&effects->v, &effects->count, fields[0], fields[1], fields[2]);
	if (r < 0 || !fields[3])
		return r;
	effect = &effects->v[effects->count - 1];
	effect->device = strdup(fields[3]);
	effect->type = strdup(fields[4]);
	effect->path = strdup(fields[5]);
	return effect->device && effect->type && effect->path ? 0 : -ENOMEM;
}

static int parse_note(struct kx_view rest, struct kx_effects *effects)
{
	int r = 0;

	while (r == 0 && rest.size)
		r = parse_effect(&rest, effects);
	return r;
}

int kx_effects_read(const char *root, struct kx_effects *ret)
{
	_cleanup_(kx_root_close) struct kx_root at = KX_ROOT_NONE;
	_cleanup_(kx_effects_clear) struct kx_effects effects = { 0 };
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_error err;
	int r = kx_root_open(root, &at, &err);

	if (r == 0)
		r = kx_root_read(&at, KX_EFFECTS_FILE, KX_CAP_FILE, &blob);
	if (r == 0)
		r = parse_note(kx_blob_view(&blob), &effects);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	effects.was = calloc(effects.count + 1, sizeof(*effects.was));
	effects.done = calloc(effects.count + 1, sizeof(*effects.done));
	if (!effects.was || !effects.done)
		return -ENOMEM;
	*ret = effects;
	effects = (struct kx_effects){ 0 };
	return 0;
}

void kx_effects_clear(struct kx_effects *effects)
{
	for (size_t i = 0; effects->was && i < effects->count; i++)
		kx_blob_clear(&effects->was[i]);
	free(effects->was);
	free(effects->done);
	kx_boot_effects_clear(effects->v, effects->count);
	*effects = (struct kx_effects){ 0 };
}

/* ---- GRUB's environment block ---------------------------------------------------------------- */

/* In place, since GRUB knows the block by the sectors that it is in. */
static int put_block(int fd, const void *block, size_t size)
{
	if (pwrite(fd, block, size, 0) != (ssize_t)size || fsync(fd) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

static int write_block(const char *path, const struct kx_boot_effect *effect, struct kx_blob *was)
{
	_cleanup_(kx_closep) int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	_cleanup_free_ char *block = NULL;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > KX_GRUB_FILE_MAX)
		return -EBADMSG;
	was->size = (size_t)st.st_size;
	was->data = malloc(was->size);
	block = malloc(was->size);
	if (!was->data || !block)
		return -ENOMEM;
	if (pread(fd, was->data, was->size, 0) != (ssize_t)was->size)
		return -EIO;
	memcpy(block, was->data, was->size);
	r = kx_grub_env_edit(block, was->size, effect->name, effect->value);
	return r < 0 ? r : put_block(fd, block, was->size);
}

static int undo_block(const char *path, const struct kx_blob *was)
{
	_cleanup_(kx_closep) int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : put_block(fd, was->data, was->size);
}

/* ---- EFI variables --------------------------------------------------------------------------- */

/* Documentation/filesystems/efivarfs.rst: variables are immutable files, lest an rm -rf takes the machine's settings. */
static void make_mutable(const char *path)
{
	_cleanup_(kx_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	int flags;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & FS_IMMUTABLE_FL))
		return;
	flags &= ~FS_IMMUTABLE_FL;
	(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* The file system sets a variable by one write of all of it. */
static int put_variable(const char *path, const void *bytes, size_t size)
{
	_cleanup_(kx_closep) int fd = -1;

	make_mutable(path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	return write(fd, bytes, size) == (ssize_t)size ? 0 : -errno;
}

static int delete_variable(const char *path)
{
	make_mutable(path);
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* UEFI, "SetVariable()": kept, and for boot services and the running system. In front of the value, as efivarfs has it. */
#define ATTRIBUTES 7

/* In UTF-16LE with a zero at its end. What is not ASCII is in no entry's name. */
static int put_text_variable(const char *path, const char *value)
{
	size_t length = strlen(value), size = 4 + 2 * (length + 1);
	_cleanup_free_ uint8_t *bytes = calloc(1, size);

	if (!bytes)
		return -ENOMEM;
	bytes[0] = ATTRIBUTES;
	for (size_t i = 0; i < length; i++) {
		if (value[i] & 0x80)
			return -EINVAL;
		bytes[4 + 2 * i] = (uint8_t)value[i];
	}
	return put_variable(path, bytes, size);
}

static int write_variable(const char *path, const struct kx_boot_effect *effect,
			  struct kx_blob *was)
{
	_cleanup_(kx_root_close) struct kx_root root = KX_ROOT_NONE;
	struct kx_error ignored = { 0 };
	int r = kx_root_open("/", &root, &ignored);

	if (r == 0)
		r = kx_root_read(&root, path, KX_CAP_VALUE, was);
	if (r < 0 && r != -ENOENT)
		return r;
	return effect->value ? put_text_variable(path, effect->value) : delete_variable(path);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int undo_one(const char *path, const struct kx_boot_effect *effect,
		    const struct kx_blob *was)
{
	if (effect->file)
		return undo_block(path, was);
	return was->data ? put_variable(path, was->data, was->size) : delete_variable(path);
}

/* One effect, there or back. */
struct turn {
	const struct kx_boot_effect *effect;
	struct kx_blob *was;
	bool undo;
};

static int take(const struct turn *turn, const char *root, const char *below)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s%s", strcmp(root, "/") ? root : "", below) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	if (turn->undo)
		return undo_one(path, turn->effect, turn->was);
	return turn->effect->file ? write_block(path, turn->effect, turn->was)
				  : write_variable(path, turn->effect, turn->was);
}

static int take_on_device(void *arg, const char *top)
{
	const struct turn *turn = arg;

	return take(turn, top, turn->effect->path);
}

/* What was unmounted since, or by us, is not there: so it is looked for on its device. */
static int take_where_it_is(const char *root, struct turn turn)
{
	const struct kx_boot_effect *effect = turn.effect;
	_cleanup_free_ char *variable = NULL;
	int r, again;

	if (!effect->file && asprintf(&variable, KX_LOADER_VARIABLE, effect->name) < 0) {
		variable = NULL;
		return -ENOMEM;
	}
	r = take(&turn, root, effect->file ? effect->file : variable);
	if ((r != -ENOENT && r != -EROFS) || !effect->device)
		return r;
	again = kx_mount_to_write(effect->device, effect->type, take_on_device, &turn);
	/* The root file system stays read-only, and that says more. */
	return again == -EBUSY ? r : again;
}

int kx_effects_write(const char *root, struct kx_effects *effects, struct kx_names *problems)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < effects->count; i++) {
		const struct kx_boot_effect *effect = &effects->v[i];

		r = take_where_it_is(root, (struct turn){ effect, &effects->was[i], false });
		effects->done[i] = r == 0;
		if (r < 0)
			r = problem(problems, effect->file ? effect->file : effect->name, r);
	}
	kx_effects_note(root, NULL, NULL, NULL);
	return r;
}

/* The last first, since a file may be there more than once. */
void kx_effects_undo(const char *root, const struct kx_effects *effects)
{
	const struct kx_effects none = { 0 };

	for (size_t i = effects->count; i--;)
		if (effects->done[i])
			take_where_it_is(root,
					 (struct turn){ &effects->v[i], &effects->was[i], true });
	(void)write_note(root, NULL, effects, &none);
}
