// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The language is that of the SYSLINUX wiki's page "Config", and of doc/menu.txt for what begins with MENU; U-Boot's
 * doc/README.pxe for FDT and its kin.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/overflow.h"
#include "boot/lines.h"
#include "boot/loaders.h"
#include "util.h"

/* By which word a label names what it starts. */
enum starter {
	BY_KERNEL, /* the file's name says what it is */
	BY_LINUX,  /* a kernel, whatever its name is */
	BY_COM32,  /* a program for SYSLINUX */
	BY_OTHER,  /* a boot sector, a disk's image, … */
};

/* A label while it is read: its files as they are written. */
struct label {
	enum starter starter;
	char *name, *title, *kernel, *append, *fdt, *problem;
	struct kx_names initrds;
	bool given_initrd, menu_default;
	char *file;
	unsigned line, sysappend;
};

struct reader {
	const struct kx_boot_fs *fs;
	const char *device, *config;
	char *folder;
	/* The label that lines are about; none at the beginning. */
	struct label label;
	bool remote, in_label, in_text, has_menu;
	char *append, *default_name, *ontimeout;
	size_t menu_default;
	unsigned sysappend;
	size_t files, bytes;
	struct kx_boot_entries entries;
	/* Where the line stands. */
	const char *path;
	unsigned line, depth;
	struct kx_error *err;
};

static void label_clear(struct label *label)
{
	char *const strings[] = { label->name, label->title,   label->kernel, label->append,
				  label->fdt,  label->problem, label->file };

	for (size_t i = 0; i < KX_ARRAY_SIZE(strings); i++)
		free(strings[i]);
	kx_names_clear(&label->initrds);
	*label = (struct label){ 0 };
}

static void reader_clear(struct reader *reader)
{
	label_clear(&reader->label);
	free(reader->folder);
	free(reader->append);
	free(reader->default_name);
	free(reader->ontimeout);
	kx_boot_entries_clear(&reader->entries);
}

static int problem(struct label *label, const char *text)
{
	return label->problem ? 0 : kx_boot_set(&label->problem, kx_text_of(text));
}

/* ---- a label becomes an entry ---------------------------------------------------------------- */

/* To PXELINUX an address is whole as it is, and so is "server::file". */
static int whole_path(const struct reader *reader, const char *path, char **ret)
{
	if (!reader->remote || (!strstr(path, "::") && !strstr(path, "://")))
		return kx_boot_path("", reader->folder, path, ret);
	*ret = strdup(path);
	return *ret ? 0 : -ENOMEM;
}

static int place(const struct reader *reader, const char *path, char **ret)
{
	_cleanup_free_ char *whole = NULL;
	int r = whole_path(reader, path, &whole);

	return r < 0 ? r : reader->fs->locate(reader->fs->ctx, reader->device, whole, ret);
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n >= m && !strcasecmp(name + n - m, suffix);
}

/* mboot.c32 is given "xen.gz ARGS --- vmlinuz ARGS --- initrd". */
static int fill_multiboot(const struct reader *reader, struct kx_boot_entry *entry)
{
	_cleanup_free_ char *all = kx_steal(entry->options);
	char *rest = all;
	int r = 0;

	entry->type = KX_BOOT_MULTIBOOT;
	free(kx_steal(entry->kernel));
	for (bool first = true; r == 0 && rest; first = false) {
		_cleanup_free_ char *path = NULL, *part = NULL, *args = NULL;
		char *end = strstr(rest, "---");
		struct kx_view view = kx_view_of(rest, end ? (size_t)(end - rest) : strlen(rest));
		struct kx_view word = { 0 };

		rest = end ? end + 3 : NULL;
		if (!kx_text_word(&view, &word))
			continue;
		r = kx_text_dup(word, &part);
		if (r == 0)
			r = kx_text_dup(kx_text_trim(view), &args);
		if (r == 0)
			r = place(reader, part, &path);
		if (r == 0 && first) {
			entry->kernel = kx_steal(path);
			entry->options = kx_steal(args);
		} else if (r == 0) {
			r = kx_boot_modules_add(entry, path, args);
		}
	}
	if (r == 0 && !entry->kernel && !entry->problem)
		entry->problem = strdup("gives mboot.c32 nothing to start");
	return r == 0 && !entry->kernel && !entry->problem ? -ENOMEM : r;
}

/* SYSLINUX wiki, "Config", "KERNEL": which extensions mean no kernel, of which some do to one of the loaders alone. */
static bool is_kernels_name(const struct reader *reader, const char *name)
{
	static const struct {
		const char *extension, *config;
	} others[] = {
		{ ".c32", "" },
		{ ".com", "" },
		{ ".cbt", "" },
		{ ".bs", "syslinux.cfg" },
		{ ".bss", "syslinux.cfg" },
		{ ".bin", "isolinux.cfg" },
		{ ".img", "isolinux.cfg" },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(others); i++)
		if (ends_with(name, others[i].extension) &&
		    ends_with(reader->config, others[i].config))
			return false;
	return true;
}

static int judge_kernel(const struct reader *reader, const struct label *label,
			struct kx_boot_entry *entry)
{
	enum starter starter = label->starter;

	if ((starter == BY_KERNEL || starter == BY_COM32) && ends_with(entry->kernel, "/mboot.c32"))
		return fill_multiboot(reader, entry);
	entry->type = KX_BOOT_LINUX;
	if (starter == BY_LINUX || (starter == BY_KERNEL && is_kernels_name(reader, entry->kernel)))
		return 0;
	entry->type = KX_BOOT_CHAINLOAD;
	if (!entry->problem)
		entry->problem = strdup("is a program for SYSLINUX or the firmware, which kexec "
					"cannot start");
	return entry->problem ? 0 : -ENOMEM;
}

/* An "initrd=" among the options counts where there is no line of its own. */
static int find_initrds(struct label *label, const char *options)
{
	struct kx_view rest = kx_text_of(options), word, name;
	int r = 0;

	while (r == 0 && !label->given_initrd && kx_text_word(&rest, &word)) {
		if (!kx_text_starts(word, "initrd=") || !kx_text_field(&word, '=', &name))
			continue;
		kx_names_clear(&label->initrds);
		r = kx_boot_add_each(&label->initrds, word, ",");
	}
	return r;
}

/* U-Boot's doc/README.pxe, "kernel": "image.itb#configuration" of a FIT image, unless there is a file of that name. */
static int cut_configuration(const struct reader *reader, struct label *label,
			     struct kx_boot_entry *entry)
{
	char *hash = label->kernel ? strchr(label->kernel, '#') : NULL;
	_cleanup_free_ char *whole = NULL;
	struct kx_boot_stat stat;

	/* At an address it is a member of an archive. */
	if (!hash || hash == label->kernel || reader->remote)
		return 0;
	if (kx_boot_path("", reader->folder, label->kernel, &whole) < 0)
		return -ENOMEM;
	if (reader->fs->stat(reader->fs->ctx, reader->device, whole, &stat) == 0)
		return 0;
	*hash = '\0';
	if (!entry->problem)
		entry->problem = strdup("chooses a configuration of a FIT image, which is not "
					"built yet");
	return entry->problem ? 0 : -ENOMEM;
}

static int fill_files(const struct reader *reader, struct label *label, struct kx_boot_entry *entry)
{
	int r = entry->options ? find_initrds(label, entry->options) : 0;

	if (r == 0)
		r = cut_configuration(reader, label, entry);
	if (r == 0 && label->kernel)
		r = place(reader, label->kernel, &entry->kernel);
	/* For U-Boot "-" is none. */
	if (r == 0 && label->fdt && strcmp(label->fdt, "-") != 0)
		r = place(reader, label->fdt, &entry->devicetree);
	if (r == 0 && entry->kernel)
		r = judge_kernel(reader, label, entry);
	for (size_t i = 0; r == 0 && i < label->initrds.count; i++) {
		_cleanup_free_ char *path = NULL;

		r = place(reader, label->initrds.v[i], &path);
		if (r == 0)
			r = kx_boot_strings_add(&entry->initrds, &entry->initrd_count, path);
	}
	return r;
}

/* "^" marks the key of an entry in a menu; "^^" stands for itself nowhere. */
static void drop_caret(char *title)
{
	char *caret = title ? strchr(title, '^') : NULL;

	if (caret)
		memmove(caret, caret + 1, strlen(caret));
}

static int fill_names(struct label *label, struct kx_boot_entry *entry)
{
	entry->id = kx_steal(label->name);
	drop_caret(label->title);
	entry->title = label->title ? kx_steal(label->title) : strdup(entry->id);
	entry->source_file = kx_steal(label->file);
	entry->source_line = label->line;
	entry->sysappend = label->sysappend;
	entry->problem = kx_steal(label->problem);
	entry->source_kind = "extlinux";
	return entry->title ? 0 : -ENOMEM;
}

static int end_label(struct reader *reader)
{
	_cleanup_(kx_boot_entry_clear) struct kx_boot_entry entry = { 0 };
	struct label *label = &reader->label;
	const char *append = label->append ? label->append : reader->append;
	int r;

	if (!reader->in_label)
		return 0;
	reader->in_label = false;
	if (!label->kernel && !label->problem) {
		r = problem(label, "says nothing of a kernel");
		if (r < 0)
			return r;
	}
	if (append && strcmp(append, "-") != 0) {
		entry.options = strdup(append);
		if (!entry.options)
			return -ENOMEM;
	}
	r = fill_names(label, &entry);
	if (r == 0)
		r = fill_files(reader, label, &entry);
	if (r == 0 && label->menu_default)
		reader->menu_default = reader->entries.count;
	if (r == 0)
		r = kx_boot_entries_add(&reader->entries, &entry);
	label_clear(label);
	return r;
}

static int begin_label(struct reader *reader, struct kx_view name)
{
	int r = end_label(reader);

	if (r == 0)
		r = kx_boot_set(&reader->label.name, name);
	if (r == 0)
		r = reader->fs->locate(reader->fs->ctx, reader->device, reader->path,
				       &reader->label.file);
	if (r < 0)
		return r;
	reader->label.line = reader->line;
	reader->label.sysappend = reader->sysappend;
	reader->in_label = true;
	return 0;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static int read_file(struct reader *reader, const char *path);

static int include(struct reader *reader, struct kx_view value)
{
	_cleanup_free_ char *name = NULL, *path = NULL;
	const char *outer = reader->path;
	unsigned line = reader->line;
	struct kx_view file = value;
	int r;

	/* MENU INCLUDE may have a tag behind the file. */
	if (!kx_text_word(&value, &file))
		return 0;
	r = kx_text_dup(file, &name);
	if (r == 0)
		r = whole_path(reader, name, &path);
	if (r == 0)
		r = read_file(reader, path);
	reader->path = outer;
	reader->line = line;
	return r;
}

static int menu_line(struct reader *reader, struct kx_view value)
{
	struct kx_view key;

	if (!kx_text_word(&value, &key))
		return 0;
	value = kx_text_trim(value);
	if (kx_boot_is(key, "include"))
		return include(reader, value);
	if (!reader->in_label)
		return 0;
	if (kx_boot_is(key, "label"))
		return kx_boot_set(&reader->label.title, value);
	if (kx_boot_is(key, "default"))
		reader->label.menu_default = true;
	return 0;
}

static int label_line(struct reader *reader, struct kx_view key, struct kx_view value)
{
	static const struct {
		const char *key;
		enum starter starter;
	} starters[] = {
		{ "kernel", BY_KERNEL }, { "linux", BY_LINUX }, { "com32", BY_COM32 },
		{ "boot", BY_OTHER },    { "bss", BY_OTHER },   { "pxe", BY_OTHER },
		{ "fdimage", BY_OTHER },
	};
	struct label *label = &reader->label;

	for (size_t i = 0; i < KX_ARRAY_SIZE(starters); i++) {
		if (!kx_boot_is(key, starters[i].key))
			continue;
		label->starter = starters[i].starter;
		return kx_boot_set(&label->kernel, value);
	}
	if (kx_boot_is(key, "initrd")) {
		label->given_initrd = true;
		kx_names_clear(&label->initrds);
		return kx_boot_add_each(&label->initrds, value, ", \t");
	}
	if (kx_boot_is(key, "fdt") || kx_boot_is(key, "devicetree"))
		return kx_boot_set(&label->fdt, value);
	if (kx_boot_is(key, "fdtoverlays") || kx_boot_is(key, "devicetree-overlay"))
		return problem(label, "has device tree overlays, which are not built yet");
	if (kx_boot_is(key, "localboot"))
		return problem(label, "leaves the choice to the firmware");
	if (kx_boot_is(key, "config"))
		return problem(label, "leads to another configuration file");
	return 0;
}

static int default_line(struct reader *reader, struct kx_view value)
{
	struct kx_view word = { 0 };
	int r;

	/* With options behind it, it is a kernel's name; no label has that. */
	r = kx_boot_set(&reader->default_name, kx_text_word(&value, &word) ? word : value);
	reader->has_menu |= r == 0 && ends_with(reader->default_name, ".c32");
	return r;
}

static int any_line(struct reader *reader, struct kx_view key, struct kx_view value)
{
	uint64_t tenths, bits;

	if (reader->in_text) {
		reader->in_text = !kx_boot_is(key, "endtext");
		return 0;
	}
	if (kx_boot_is(key, "text")) {
		reader->in_text = kx_boot_is(value, "help");
		return 0;
	}
	if (kx_boot_is(key, "label"))
		return begin_label(reader, value);
	if (kx_boot_is(key, "include"))
		return include(reader, value);
	if (kx_boot_is(key, "menu"))
		return menu_line(reader, value);
	if (kx_boot_is(key, "default"))
		return default_line(reader, value);
	reader->has_menu |= kx_boot_is(key, "ui");
	if (kx_boot_is(key, "ontimeout"))
		return kx_boot_set(&reader->ontimeout, value);
	if (kx_boot_is(key, "append"))
		return kx_boot_set(reader->in_label ? &reader->label.append : &reader->append,
				   value);
	/* PXELINUX's older name is the first. */
	if ((kx_boot_is(key, "ipappend") || kx_boot_is(key, "sysappend")) &&
	    kx_text_u64(value, 0, &bits))
		*(reader->in_label ? &reader->label.sysappend : &reader->sysappend) =
			(unsigned)bits;
	if (kx_boot_is(key, "timeout") && kx_text_u64(value, 10, &tenths) && tenths < 1000000)
		reader->entries.timeout = tenths ? (int)((tenths + 9) / 10) : -1;
	return reader->in_label ? label_line(reader, key, value) : 0;
}

static int read_lines(struct reader *reader, struct kx_view text)
{
	struct kx_view key, value;
	int r = 0;

	reader->line = 0;
	while (r == 0 && kx_boot_line(&text, &reader->line, &key, &value)) {
		r = any_line(reader, key, value);
		if (r == -EBADMSG && !reader->err->text[0])
			kx_fail(reader->err, EBADMSG, "%s:%u: malformed: there is a zero byte",
				reader->path, reader->line);
	}
	return r;
}

static int read_file(struct reader *reader, const char *path)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	if (reader->depth == KX_EXTLINUX_DEPTH_MAX || reader->files == KX_EXTLINUX_FILES_MAX)
		return kx_fail(reader->err, E2BIG,
			       "%s:%u: includes %s: more than %u files, or one inside another more "
			       "than %u deep; does one of them include itself?",
			       reader->path, reader->line, path, KX_EXTLINUX_FILES_MAX,
			       KX_EXTLINUX_DEPTH_MAX);
	r = reader->fs->read(reader->fs->ctx, reader->device, path, KX_BOOT_TEXT_MAX, &text, &size);
	/* The loader goes on without a file that it includes. */
	if (r < 0 && r != -ENOMEM && reader->depth)
		return 0;
	if (r < 0)
		return kx_fail(reader->err, -r, "cannot read %s: %s", path, strerror(-r));
	reader->bytes += size;
	if (reader->bytes > KX_EXTLINUX_READ_MAX)
		return kx_fail(reader->err, E2BIG, "%s: with what it includes, more than %u bytes",
			       path, KX_EXTLINUX_READ_MAX);
	reader->files++;
	reader->depth++;
	reader->path = path;
	r = read_lines(reader, kx_view_of(text, size));
	reader->depth--;
	return r;
}

/* ---- the default ----------------------------------------------------------------------------- */

static size_t find_label(const struct kx_boot_entries *entries, const char *name)
{
	size_t i = 0;

	while (i < entries->count && (!name || strcasecmp(entries->v[i].id, name) != 0))
		i++;
	return i;
}

/*
 * ONTIMEOUT is for nobody at the keyboard. A menu (menu.c32, vesamenu.c32) starts what has MENU DEFAULT; without one, DEFAULT
 * counts, and U-Boot takes MENU DEFAULT where there is none. The first is what it takes then (of SYSLINUX "linux" would be a
 * file).
 */
static void mark_default(struct reader *reader)
{
	struct kx_boot_entries *entries = &reader->entries;
	size_t found = find_label(entries, reader->ontimeout);

	if (found == entries->count && reader->has_menu && reader->menu_default < found)
		found = reader->menu_default;
	if (found == entries->count)
		found = find_label(entries, reader->default_name);
	if (found == entries->count && reader->menu_default < found)
		found = reader->menu_default;
	if (found == entries->count)
		found = 0;
	if (entries->count)
		entries->v[found].is_default = true;
}

/* Takes @folder over. @device: NULL for a server. */
static int read_config(const struct kx_boot_fs *fs, const char *device, char *folder,
		       const char *path, struct kx_boot_entries *ret, struct kx_error *err)
{
	_cleanup_(reader_clear) struct reader reader = {
		.fs = fs,
		.device = device ? device : "",
		.remote = !device,
		.config = path,
		.path = path,
		.folder = folder,
		.menu_default = SIZE_MAX,
		.entries = { .timeout = -1 },
		.err = err,
	};
	int r = reader.folder ? read_file(&reader, path) : -ENOMEM;

	if (r == 0)
		r = end_label(&reader);
	if (r < 0)
		return err->text[0] ? r : kx_fail(err, -r, "%s: %s", path, strerror(-r));
	mark_default(&reader);
	*ret = reader.entries;
	reader.entries = (struct kx_boot_entries){ 0 };
	return 0;
}

int kx_extlinux_read(const struct kx_boot_fs *fs, const char *device, const char *path,
		     struct kx_boot_entries *ret, struct kx_error *err)
{
	const char *slash = strrchr(path, '/');

	return read_config(fs, device, strndup(path, slash ? (size_t)(slash - path) : 0), path, ret,
			   err);
}

int kx_pxelinux_read(const struct kx_boot_fs *fs, const char *folder, const char *path,
		     struct kx_boot_entries *ret, struct kx_error *err)
{
	return read_config(fs, NULL, strdup(folder), path, ret, err);
}
