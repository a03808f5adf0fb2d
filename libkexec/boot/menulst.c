// SPDX-License-Identifier: LGPL-2.1-or-later
/* The commands are those of the manual of GRUB 0.97, "The list of available commands"; "uuid" and "findiso" are Debian's. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "boot/lines.h"
#include "boot/loaders.h"
#include "util.h"

/* "default saved" reads a number that grub-set-default wrote beside the menu, with blank lines to keep its size. */
#define SAVED_MAX 4096

struct reader {
	const struct kx_boot_fs *fs;
	const char *device, *path;
	char *root; /* the device of paths without one */
	bool in_entry;
	bool saved;
	uint64_t wanted;
	struct kx_boot_entry entry;
	struct kx_boot_entries entries;
};

static void reader_clear(struct reader *reader)
{
	free(reader->root);
	kx_boot_entry_clear(&reader->entry);
	kx_boot_entries_clear(&reader->entries);
}

static int problem(struct reader *reader, const char *what, const char *why)
{
	if (!reader->in_entry || reader->entry.problem)
		return 0;
	if (asprintf(&reader->entry.problem, "%s%s", what, why) >= 0)
		return 0;
	reader->entry.problem = NULL;
	return -ENOMEM;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* As GRUB 2 writes it: partitions count from 1 there, from 0 here. */
static int partition_name(struct kx_view device, char **ret)
{
	struct kx_view rest = device, disk = { 0 }, name = { 0 };
	uint64_t number;

	if (!kx_text_field(&rest, ',', &disk) || !kx_text_field(&rest, ',', &name) ||
	    !kx_text_u64(name, 10, &number) || number > UINT8_MAX)
		return kx_text_dup(device, ret);
	if (memchr(disk.data, '\0', disk.size))
		return -EBADMSG;
	return asprintf(ret, "%.*s,%u", (int)disk.size, (const char *)disk.data,
			(unsigned)number + 1) < 0
		       ? -ENOMEM
		       : 0;
}

/* Takes "(hd0,0)" off the front of a path. */
static int split_device(struct kx_view *path, char **ret_device)
{
	struct kx_view device;

	if (!path->size || path->data[0] != '(' || !memchr(path->data, ')', path->size))
		return 0;
	*path = kx_view_of(path->data + 1, path->size - 1);
	if (!kx_text_field(path, ')', &device))
		return -EBADMSG;
	return partition_name(device, ret_device);
}

/* A file in the tree; NULL, and the entry has its problem, when its device is not here. */
static int locate(struct reader *reader, struct kx_view word, char **ret)
{
	_cleanup_free_ char *device = NULL, *name = NULL, *path = NULL;
	int r = split_device(&word, &device);

	if (r == 0)
		r = kx_text_dup(word, &name);
	if (r == 0)
		r = kx_boot_path("", NULL, name, &path);
	if (r < 0)
		return r;
	r = reader->fs->locate(reader->fs->ctx,
			       device         ? device
			       : reader->root ? reader->root
					      : reader->device,
			       path, ret);
	if (r == -ENODEV || r == -ENOENT)
		return problem(reader,
			       device         ? device
			       : reader->root ? reader->root
					      : "the device of this file",
			       " is none of this machine's file systems");
	return r;
}

/* ---- entries --------------------------------------------------------------------------------- */

static int end_entry(struct reader *reader)
{
	struct kx_boot_entry *entry = &reader->entry;
	int r = 0;

	if (!reader->in_entry)
		return 0;
	if (entry->type == KX_BOOT_NONE)
		r = problem(reader, "says nothing of a kernel", "");
	if (r == 0 && entry->module_count)
		entry->type = KX_BOOT_MULTIBOOT;
	if (r == 0)
		r = kx_boot_entries_add(&reader->entries, entry);
	reader->in_entry = false;
	free(kx_steal(reader->root));
	return r;
}

/* Entries have no names but their numbers. */
static int begin_entry(struct reader *reader, unsigned line, struct kx_view title)
{
	struct kx_boot_entry *entry = &reader->entry;
	int r = end_entry(reader);

	if (r < 0)
		return r;
	reader->in_entry = true;
	entry->source_kind = "menu.lst";
	entry->source_line = line;
	if (asprintf(&entry->id, "%zu", reader->entries.count) < 0) {
		entry->id = NULL;
		return -ENOMEM;
	}
	r = kx_boot_set(&entry->title, title);
	if (r == 0)
		r = reader->fs->locate(reader->fs->ctx, reader->device, reader->path,
				       &entry->source_file);
	return r;
}

static int root_line(struct reader *reader, struct kx_view value)
{
	struct kx_view word = { 0 };

	if (!kx_text_word(&value, &word))
		return 0;
	free(kx_steal(reader->root));
	return split_device(&word, &reader->root);
}

static int uuid_line(struct reader *reader, struct kx_view value)
{
	_cleanup_free_ char *uuid = NULL;
	int r;

	/* Debian's root by a UUID takes either. */
	if (value.size && value.data[0] == '(')
		return root_line(reader, value);
	r = kx_text_dup(value, &uuid);
	if (r < 0)
		return r;
	free(kx_steal(reader->root));
	r = reader->fs->search(reader->fs->ctx, KX_BOOT_BY_UUID, uuid, &reader->root);
	if (r == -ENOMEM)
		return r;
	return r < 0 ? problem(reader, uuid, " is none of this machine's file systems") : 0;
}

/* "kernel --type=… /vmlinuz options" */
static int kernel_line(struct reader *reader, struct kx_view value)
{
	struct kx_boot_entry *entry = &reader->entry;
	struct kx_view word = { 0 };
	char *path = NULL;
	int r;

	do {
		if (!kx_text_word(&value, &word))
			return 0;
	} while (kx_text_starts(word, "--"));
	entry->type = KX_BOOT_LINUX;
	r = locate(reader, word, &path);
	free(entry->kernel);
	entry->kernel = path;
	value = kx_text_trim(value);
	return r == 0 && value.size ? kx_boot_set(&entry->options, value) : r;
}

static int initrd_line(struct reader *reader, struct kx_view value)
{
	struct kx_boot_entry *entry = &reader->entry;
	_cleanup_free_ char *path = NULL;
	struct kx_view word;
	int r;

	if (!kx_text_word(&value, &word))
		return 0;
	r = locate(reader, word, &path);
	if (r < 0 || !path)
		return r;
	return kx_boot_strings_add(&entry->initrds, &entry->initrd_count, path);
}

static int module_line(struct reader *reader, struct kx_view value)
{
	_cleanup_free_ char *path = NULL, *args = NULL;
	struct kx_view word;
	int r;

	if (!kx_text_word(&value, &word))
		return 0;
	r = locate(reader, word, &path);
	if (r == 0)
		r = kx_text_dup(kx_text_trim(value), &args);
	return r < 0 || !path ? r : kx_boot_modules_add(&reader->entry, path, args);
}

static int entry_line(struct reader *reader, struct kx_view key, struct kx_view value)
{
	if (kx_text_is(key, "root") || kx_text_is(key, "rootnoverify"))
		return root_line(reader, value);
	if (kx_text_is(key, "uuid"))
		return uuid_line(reader, value);
	if (kx_text_is(key, "kernel"))
		return kernel_line(reader, value);
	if (kx_text_is(key, "initrd"))
		return initrd_line(reader, value);
	if (kx_text_is(key, "module") || kx_text_is(key, "modulenounzip"))
		return module_line(reader, value);
	if (kx_text_is(key, "chainloader")) {
		reader->entry.type = KX_BOOT_CHAINLOAD;
		return problem(reader, "starts another boot loader, which kexec cannot", "");
	}
	if (kx_text_is(key, "configfile"))
		return problem(reader, "leads to another configuration file", "");
	return 0;
}

static int any_line(struct reader *reader, unsigned line, struct kx_view key, struct kx_view value)
{
	uint64_t seconds;

	if (kx_text_is(key, "title"))
		return begin_entry(reader, line, value);
	if (reader->in_entry)
		return entry_line(reader, key, value);
	if (kx_text_is(key, "default")) {
		reader->saved = kx_text_is(value, "saved");
		if (!kx_text_u64(value, 10, &reader->wanted))
			reader->wanted = 0;
	} else if (kx_text_is(key, "timeout")) {
		if (kx_text_u64(value, 10, &seconds) && seconds <= INT_MAX)
			reader->entries.timeout = (int)seconds;
	}
	return 0;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* "key=value" is as good as with a blank: "default=0". */
static void cut_equals(struct kx_view *key, struct kx_view *value)
{
	struct kx_view rest = *key, name;

	if (!memchr(key->data, '=', key->size) || !kx_text_field(&rest, '=', &name) || !name.size)
		return;
	*key = name;
	*value = kx_text_trim(
		kx_view_of(rest.data, (size_t)(value->data + value->size - rest.data)));
}

static void read_saved(struct reader *reader)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	struct kx_view view, word;
	size_t size;

	if (!reader->saved || kx_boot_path("", reader->path, "../default", &path) < 0 ||
	    reader->fs->read(reader->fs->ctx, reader->device, path, SAVED_MAX, &text, &size) < 0)
		return;
	view = kx_view_of(text, size);
	if (!kx_text_word(&view, &word) || !kx_text_u64(word, 10, &reader->wanted))
		reader->wanted = 0;
}

static void mark_default(struct reader *reader)
{
	struct kx_boot_entries *entries = &reader->entries;

	read_saved(reader);
	if (reader->wanted >= entries->count)
		reader->wanted = 0;
	if (entries->count)
		entries->v[reader->wanted].is_default = true;
}

int kx_menulst_read(const struct kx_boot_fs *fs, const char *device, const char *path,
		    struct kx_boot_entries *ret, struct kx_error *err)
{
	_cleanup_(reader_clear) struct reader reader = {
		.fs = fs,
		.device = device,
		.path = path,
		.entries = { .timeout = -1 },
	};
	_cleanup_free_ char *text = NULL;
	struct kx_view rest, key, value;
	unsigned line = 0;
	size_t size;
	int r;

	r = fs->read(fs->ctx, device, path, KX_BOOT_TEXT_MAX, &text, &size);
	if (r < 0)
		return kx_fail(err, -r, "cannot read %s: %s", path, strerror(-r));
	rest = kx_view_of(text, size);
	while (r == 0 && kx_boot_line(&rest, &line, &key, &value)) {
		cut_equals(&key, &value);
		r = any_line(&reader, line, key, value);
	}
	if (r == 0)
		r = end_entry(&reader);
	if (r < 0)
		return kx_fail(err, -r, "%s:%u: %s", path, line,
			       r == -EBADMSG ? "malformed: there is a zero byte" : strerror(-r));
	mark_default(&reader);
	*ret = reader.entries;
	reader.entries = (struct kx_boot_entries){ 0 };
	return 0;
}
