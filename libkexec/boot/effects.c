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

/* File, name and value of each, with a zero behind it; what is there has "=" in front. */
static void put_text(FILE *out, const char *text)
{
	if (text)
		fprintf(out, "=%s", text);
	fputc(0, out);
}

static void put_effects(FILE *out, const struct kx_boot_effect *effects, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put_text(out, effects[i].file);
		put_text(out, effects[i].name);
		put_text(out, effects[i].value);
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

int kx_effects_note(const char *root, const struct kx_boot_entries *entries,
		    const struct kx_boot_entry *entry)
{
	char path[4096];
	FILE *out = NULL;
	bool bad;
	int r;

	snprintf(path, sizeof(path), "%s" KX_EFFECTS_FILE, root);
	(void)unlink(path);
	if (!entry || !(entries->effect_count + entry->effect_count))
		return 0;
	r = create(root, path, &out);
	if (r < 0)
		return r;
	put_effects(out, entries->effects, entries->effect_count);
	put_effects(out, entry->effects, entry->effect_count);
	bad = fflush(out) == EOF;
	if (fclose(out) == EOF || bad) {
		r = errno ? -errno : -EIO;
		(void)unlink(path);
		return r;
	}
	return 0;
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

static int parse_note(struct kx_view rest, struct kx_effects *effects)
{
	int r = 0;

	while (r == 0 && rest.size) {
		const char *file = NULL, *name = NULL, *value = NULL;

		if (!take_text(&rest, &file) || !take_text(&rest, &name) ||
		    !take_text(&rest, &value) || !name)
			return -EBADMSG;
		r = kx_boot_effects_add(&effects->v, &effects->count, file, name, value);
	}
	return r;
}

static int read_note(const char *root, struct kx_effects *effects)
{
	_cleanup_(kx_root_close) struct kx_root at = KX_ROOT_NONE;
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_error err;
	int r = kx_root_open(root, &at, &err);

	if (r == 0)
		r = kx_root_read(&at, KX_EFFECTS_FILE, KX_CAP_FILE, &blob);
	if (r == 0)
		r = parse_note(kx_blob_view(&blob), effects);
	return r == -ENOENT ? 0 : r;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int open_file(const char *root, const char *file, int *ret)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s%s", root, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	*ret = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	return *ret < 0 ? -errno : 0;
}

int kx_effects_open(const char *root, struct kx_effects *ret, struct kx_names *problems)
{
	_cleanup_(kx_effects_close) struct kx_effects effects = { 0 };
	int r = read_note(root, &effects);

	if (r < 0)
		return r;
	effects.fds = malloc((effects.count + 1) * sizeof(*effects.fds));
	if (!effects.fds)
		return -ENOMEM;
	for (size_t i = 0; i < effects.count; i++)
		effects.fds[i] = -1;
	for (size_t i = 0; i < effects.count; i++) {
		const char *file = effects.v[i].file;

		r = file ? open_file(root, file, &effects.fds[i]) : 0;
		if (r < 0 && problem(problems, file, r) == -ENOMEM)
			return -ENOMEM;
	}
	*ret = effects;
	effects = (struct kx_effects){ 0 };
	return 0;
}

void kx_effects_close(struct kx_effects *effects)
{
	for (size_t i = 0; effects->fds && i < effects->count; i++)
		kx_closep(&effects->fds[i]);
	free(effects->fds);
	kx_boot_effects_clear(effects->v, effects->count);
	*effects = (struct kx_effects){ 0 };
}

/* ---- writing --------------------------------------------------------------------------------- */

/* In place, since GRUB knows the block by the sectors that it is in. */
static int write_block(int fd, const struct kx_boot_effect *effect)
{
	_cleanup_free_ char *block = NULL;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > KX_GRUB_FILE_MAX)
		return -EBADMSG;
	block = malloc((size_t)st.st_size + 1);
	if (!block)
		return -ENOMEM;
	if (pread(fd, block, (size_t)st.st_size, 0) != st.st_size)
		return -EIO;
	r = kx_grub_env_edit(block, (size_t)st.st_size, effect->name, effect->value);
	if (r < 0)
		return r;
	if (pwrite(fd, block, (size_t)st.st_size, 0) != st.st_size || fsync(fd) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

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

/* UEFI, "SetVariable()": kept, and for boot services and the running system. In front of the value, as efivarfs has it. */
#define ATTRIBUTES 7

/* In UTF-16LE with a zero at its end. What is not ASCII is in no entry's name. */
static int write_value(const char *path, const char *value)
{
	_cleanup_(kx_closep) int fd = -1;
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t length = strlen(value), size = 4 + 2 * (length + 1);

	for (size_t i = 0; i < length; i++)
		if (value[i] & 0x80)
			return -EINVAL;
	bytes = calloc(1, size);
	if (!bytes)
		return -ENOMEM;
	bytes[0] = ATTRIBUTES;
	for (size_t i = 0; i < length; i++)
		bytes[4 + 2 * i] = (uint8_t)value[i];
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	/* The file system sets a variable by one write of all of it. */
	return write(fd, bytes, size) == (ssize_t)size ? 0 : -errno;
}

static int write_variable(const char *root, const struct kx_boot_effect *effect)
{
	_cleanup_free_ char *below = NULL, *path = NULL;

	if (asprintf(&below, KX_LOADER_VARIABLE, effect->name) < 0) {
		below = NULL;
		return -ENOMEM;
	}
	if (asprintf(&path, "%s%s", root, below) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	make_mutable(path);
	if (effect->value)
		return write_value(path, effect->value);
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

int kx_effects_write(const char *root, const struct kx_effects *effects, struct kx_names *problems)
{
	int r = 0;

	for (size_t i = 0; r != -ENOMEM && i < effects->count; i++) {
		const struct kx_boot_effect *effect = &effects->v[i];

		if (effect->file && effects->fds[i] < 0)
			continue; /* that was said when it could not be opened */
		r = effect->file ? write_block(effects->fds[i], effect)
				 : write_variable(root, effect);
		if (r < 0 && r != -ENOMEM)
			r = problem(problems, effect->file ? effect->file : effect->name, r);
	}
	kx_effects_note(root, NULL, NULL);
	return r == -ENOMEM ? r : 0;
}
