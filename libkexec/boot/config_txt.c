// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Raspberry Pi documentation, "config.txt": "Boot options", "Conditional filters". Lines of at most 98 characters there;
 * no such limit here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "boot/lines.h"
#include "boot/loaders.h"
#include "util.h"

/* What a filter of models wants to see in the device tree's model, one of several; of those that run 64-bit kernels. */
static const struct {
	const char *filter, *model;
} models[] = {
	{ "[pi2]", "Raspberry Pi 2" },
	{ "[pi3]", "Raspberry Pi 3" },
	{ "[pi3]", "Compute Module 3" },
	{ "[pi3+]", "Raspberry Pi 3 Model A Plus" },
	{ "[pi3+]", "Raspberry Pi 3 Model B Plus" },
	{ "[pi4]", "Raspberry Pi 4" },
	{ "[pi4]", "Compute Module 4" },
	{ "[pi400]", "Raspberry Pi 400" },
	{ "[cm4]", "Compute Module 4" },
	{ "[cm4s]", "Compute Module 4S" },
	{ "[pi5]", "Raspberry Pi 5" },
	{ "[pi5]", "Compute Module 5" },
	{ "[pi500]", "Raspberry Pi 500" },
	{ "[cm5]", "Compute Module 5" },
	{ "[pi0]", "Raspberry Pi Zero 2" },
	{ "[pi0w]", "Raspberry Pi Zero 2" },
	{ "[pi02]", "Raspberry Pi Zero 2" },
};

struct config {
	char *kernel, *cmdline, *prefix;
	struct kx_names initrds;
	uint64_t auto_initramfs, arm_64bit;
	bool skipped; /* a line about the kernel is in a section for a machine that is not known */
};

static void config_clear(struct config *config)
{
	free(config->kernel);
	free(config->cmdline);
	free(config->prefix);
	kx_names_clear(&config->initrds);
}

/*
 * struct filters - which lines count
 *
 * Those of one kind replace each other, those of two kinds must both hold. Of any but models nobody here knows.
 */
struct filters {
	enum kx_fact model, other;
};

static enum kx_fact applies(const struct filters *filters)
{
	if (filters->model == KX_NO)
		return KX_NO;
	return filters->model == KX_YES && filters->other == KX_YES ? KX_YES : KX_UNKNOWN;
}

static bool is_models(struct kx_view header, const char *model, enum kx_fact *ret)
{
	bool known = kx_text_is(header, "[none]");
	enum kx_fact fact = KX_NO;

	for (size_t i = 0; i < KX_ARRAY_SIZE(models); i++) {
		if (!kx_text_is(header, models[i].filter))
			continue;
		known = true;
		if (!model || strstr(model, models[i].model))
			fact = model ? KX_YES : KX_UNKNOWN;
	}
	if (known)
		*ret = fact;
	return known;
}

static void begin_section(struct kx_view header, const char *model, struct filters *filters)
{
	if (kx_text_is(header, "[all]"))
		*filters = (struct filters){ KX_YES, KX_YES };
	else if (!is_models(header, model, &filters->model))
		filters->other = KX_UNKNOWN;
}

static int config_line(struct config *config, struct kx_view key, struct kx_view value, bool *known)
{
	*known = true;
	if (kx_text_is(key, "kernel"))
		return kx_boot_set(&config->kernel, value);
	if (kx_text_is(key, "cmdline"))
		return kx_boot_set(&config->cmdline, value);
	if (kx_text_is(key, "os_prefix"))
		return kx_boot_set(&config->prefix, value);
	if (kx_text_is(key, "ramfsfile")) {
		kx_names_clear(&config->initrds);
		return kx_boot_add_each(&config->initrds, value, ",");
	}
	if (kx_text_is(key, "auto_initramfs"))
		*known = kx_text_u64(value, 10, &config->auto_initramfs);
	else if (kx_text_is(key, "arm_64bit"))
		*known = kx_text_u64(value, 10, &config->arm_64bit);
	else
		*known = false;
	return 0;
}

/* "initramfs FILE followkernel" is the one line without "=". */
static int any_line(struct config *config, struct kx_view line, enum kx_fact fact)
{
	struct config ignored = { 0 }, *into = fact == KX_YES ? config : &ignored;
	struct kx_view key = { 0 }, rest = line, word = { 0 };
	bool known = false;
	int r = 0;

	if (kx_text_word(&rest, &word) && kx_text_is(word, "initramfs") &&
	    kx_text_word(&rest, &word)) {
		known = true;
		kx_names_clear(&into->initrds);
		r = kx_boot_add_each(&into->initrds, word, ",");
	} else if (kx_text_field(&line, '=', &key)) {
		r = config_line(into, kx_text_trim(key), kx_text_trim(line), &known);
	}
	config->skipped |= known && fact == KX_UNKNOWN;
	config_clear(&ignored);
	return r;
}

struct reader {
	const struct kx_boot_fs *fs;
	const char *device;
	const char *model;
	char *folder;
	struct config config;
	struct filters filters;
	unsigned files;
	struct kx_error *err;
};

static void reader_clear(struct reader *reader)
{
	config_clear(&reader->config);
	free(reader->folder);
}

static int parse(struct reader *reader, struct kx_view text);

/* The lines of another file, in the place of this one. */
static int include(struct reader *reader, struct kx_view name)
{
	_cleanup_free_ char *file = NULL, *path = NULL, *text = NULL;
	size_t size;
	int r;

	if (++reader->files > KX_CONFIG_TXT_FILES_MAX)
		return kx_fail(reader->err, E2BIG,
			       "config.txt: includes more than %u files; does one of them include "
			       "itself?",
			       KX_CONFIG_TXT_FILES_MAX);
	r = kx_text_dup(name, &file);
	if (r == 0)
		r = kx_boot_path("", reader->folder, file, &path);
	if (r < 0)
		return r;
	r = reader->fs->read(reader->fs->ctx, reader->device, path, KX_BOOT_TEXT_MAX, &text, &size);
	/* The firmware goes on without it. */
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	return parse(reader, kx_view_of(text, size));
}

static int parse(struct reader *reader, struct kx_view text)
{
	struct kx_view line, rest, word = { 0 };
	int r = 0;

	while (r == 0 && kx_text_line(&text, &line)) {
		line = kx_text_trim(line);
		rest = line;
		if (!line.size || line.data[0] == '#')
			continue;
		if (line.data[0] == '[')
			begin_section(line, reader->model, &reader->filters);
		else if (!kx_text_word(&rest, &word) || !kx_text_is(word, "include"))
			r = any_line(&reader->config, line, applies(&reader->filters));
		else if (applies(&reader->filters) == KX_YES)
			r = include(reader, kx_text_trim(rest));
		else
			reader->config.skipped |= applies(&reader->filters) == KX_UNKNOWN;
	}
	return r;
}

/* ---- the entry ------------------------------------------------------------------------------- */

static int whole_path(const struct reader *reader, const char *name, char **ret)
{
	_cleanup_free_ char *prefixed = NULL;
	const char *prefix = reader->config.prefix;

	if (asprintf(&prefixed, "%s%s", prefix ? prefix : "", name) < 0)
		return -ENOMEM;
	return kx_boot_path("", reader->folder, prefixed, ret);
}

static int locate(const struct reader *reader, const char *name, char **ret)
{
	_cleanup_free_ char *path = NULL;
	int r = whole_path(reader, name, &path);

	return r < 0 ? r : reader->fs->locate(reader->fs->ctx, reader->device, path, ret);
}

static bool exists(const struct reader *reader, const char *name)
{
	_cleanup_free_ char *path = NULL;
	struct kx_boot_stat stat;

	return whole_path(reader, name, &path) == 0 &&
	       reader->fs->stat(reader->fs->ctx, reader->device, path, &stat) == 0;
}

/* "Boot options", "kernel": which names the firmware tries by itself. */
static const char *default_kernel(const struct reader *reader, const char *model)
{
	enum kx_fact five = KX_UNKNOWN;

	if (!reader->config.arm_64bit)
		return exists(reader, "kernel7l.img") ? "kernel7l.img" : "kernel7.img";
	(void)is_models(kx_text_of("[pi5]"), model, &five);
	if ((five == KX_YES || !exists(reader, "kernel8.img")) && exists(reader, "kernel_2712.img"))
		return "kernel_2712.img";
	return "kernel8.img";
}

/* With auto_initramfs: of kernel8.img it is initramfs8. */
static int auto_initramfs(const struct reader *reader, const char *kernel,
			  struct kx_boot_entry *entry)
{
	_cleanup_free_ char *name = NULL, *path = NULL;
	struct kx_view variant = kx_text_of(kernel);
	int r;

	if (!reader->config.auto_initramfs || reader->config.initrds.count ||
	    !kx_text_starts(variant, "kernel") || !strchr(kernel, '.'))
		return 0;
	if (asprintf(&name, "initramfs%.*s", (int)strcspn(kernel + 6, "."), kernel + 6) < 0)
		return -ENOMEM;
	if (!exists(reader, name))
		return 0;
	r = locate(reader, name, &path);
	return r < 0 ? r : kx_boot_strings_add(&entry->initrds, &entry->initrd_count, path);
}

static int read_cmdline(const struct reader *reader, struct kx_boot_entry *entry)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	const char *name = reader->config.cmdline ? reader->config.cmdline : "cmdline.txt";
	struct kx_view rest, line;
	size_t size;
	int r = whole_path(reader, name, &path);

	if (r < 0)
		return r;
	r = reader->fs->read(reader->fs->ctx, reader->device, path, KX_BOOT_TEXT_MAX, &text, &size);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return 0;
	rest = kx_view_of(text, size);
	return kx_text_line(&rest, &line) ? kx_boot_set(&entry->options, kx_text_trim(line)) : 0;
}

static int fill(const struct reader *reader, const char *model, struct kx_boot_entry *entry)
{
	const struct config *config = &reader->config;
	const char *kernel = config->kernel ? config->kernel : default_kernel(reader, model);
	int r = locate(reader, kernel, &entry->kernel);

	entry->type = KX_BOOT_LINUX;
	entry->source_kind = "config.txt";
	entry->is_default = true;
	for (size_t i = 0; r == 0 && i < config->initrds.count; i++) {
		_cleanup_free_ char *path = NULL;

		r = locate(reader, config->initrds.v[i], &path);
		if (r == 0)
			r = kx_boot_strings_add(&entry->initrds, &entry->initrd_count, path);
	}
	if (r == 0)
		r = auto_initramfs(reader, kernel, entry);
	if (r == 0)
		r = read_cmdline(reader, entry);
	if (r == 0)
		r = kx_boot_set(&entry->id, kx_text_of("config.txt"));
	if (r == 0)
		r = kx_boot_set(&entry->title, kx_text_of("Raspberry Pi firmware's choice"));
	return r;
}

int kx_config_txt_read(const struct kx_boot_fs *fs, const char *device, const char *path,
		       const char *model, struct kx_boot_entries *ret, struct kx_error *err)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries entries = { .timeout = -1 };
	_cleanup_(kx_boot_entry_clear) struct kx_boot_entry entry = { 0 };
	_cleanup_(reader_clear) struct reader reader = {
		.fs = fs,
		.device = device,
		.model = model,
		.config = { .arm_64bit = 1 },
		.filters = { KX_YES, KX_YES },
		.err = err,
	};
	_cleanup_free_ char *text = NULL;
	const char *slash = strrchr(path, '/');
	size_t size = 0;
	int r;

	r = fs->read(fs->ctx, device, path, KX_BOOT_TEXT_MAX, &text, &size);
	if (r < 0)
		return kx_fail(err, -r, "cannot read %s: %s", path, strerror(-r));
	reader.folder = strndup(path, slash ? (size_t)(slash - path) : 0);
	r = reader.folder ? parse(&reader, kx_view_of(text, size)) : -ENOMEM;
	if (r == 0)
		r = fs->locate(fs->ctx, device, path, &entry.source_file);
	if (r == 0)
		r = fill(&reader, model, &entry);
	if (r == 0 && reader.config.skipped)
		r = kx_boot_strings_add(
			&entries.notes, &entries.note_count,
			"config.txt: what it says for some models, or under other conditions, was "
			"left out, since nobody here knows whether they hold");
	if (r == 0)
		r = kx_boot_entries_add(&entries, &entry);
	if (r < 0 && err->text[0])
		return r;
	if (r < 0)
		return kx_fail(err, -r, "%s: %s", path,
			       r == -EBADMSG ? "malformed: there is a zero byte" : strerror(-r));
	*ret = entries;
	entries = (struct kx_boot_entries){ 0 };
	return 0;
}
