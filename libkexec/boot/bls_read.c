// SPDX-License-Identifier: LGPL-2.1-or-later
/* Entries of both types from their folders. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/overflow.h"
#include "boot/bls.h"
#include "format/pe.h"
#include "format/uki.h"
#include "util.h"

/* Unified kernel images of today are some 100 MiB. */
#define UKI_SIZE_MAX (1U << 30)
#define PROFILES_MAX 64U

/* An entry with what it is sorted by. */
struct item {
	struct kx_boot_entry entry;
	struct kx_bls_name name;
	char *sort_key, *machine_id;
};

struct reader {
	const struct kx_boot_fs *fs;
	const char *device, *folder, *arch;
	bool grub;
	struct item *items;
	size_t count;
};

static void item_clear(struct item *item)
{
	kx_boot_entry_clear(&item->entry);
	free(item->name.id);
	free(item->sort_key);
	free(item->machine_id);
	*item = (struct item){ 0 };
}

static void reader_clear(struct reader *reader)
{
	for (size_t i = 0; i < reader->count; i++)
		item_clear(&reader->items[i]);
	free(reader->items);
}

/* Takes over what @item holds. */
static int reader_add(struct reader *reader, struct item *item)
{
	struct item *items;

	if (reader->count >= KX_BOOT_ENTRIES_MAX)
		return -E2BIG;
	items = reallocarray(reader->items, reader->count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	reader->items = items;
	items[reader->count++] = *item;
	*item = (struct item){ 0 };
	return 0;
}

static void move(char **to, char **from)
{
	free(*to);
	*to = kx_steal(*from);
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && !strcasecmp(name + n - m, suffix);
}

/* "x.conf" is "x"; GRUB and titles know no suffix. */
static void cut_suffix(char *name)
{
	char *dot = strrchr(name, '.');

	if (dot)
		*dot = '\0';
}

/* A path of an entry: below the partition's root, and in the tree unless it is for GRUB. */
static int place_path(const struct reader *reader, const char *path, char **ret)
{
	_cleanup_free_ char *whole = NULL;
	int r = kx_boot_path("", NULL, path, &whole);

	if (r < 0)
		return r;
	if (!reader->grub)
		return reader->fs->locate(reader->fs->ctx, reader->device, whole, ret);
	*ret = kx_steal(whole);
	return 0;
}

static int set_problem(struct kx_boot_entry *entry, const char *text)
{
	if (entry->problem)
		return 0;
	entry->problem = strdup(text);
	return entry->problem ? 0 : -ENOMEM;
}

/* ---- type 1 ---------------------------------------------------------------------------------- */

static int add_initrd(const struct reader *reader, struct kx_boot_entry *entry, const char *path)
{
	_cleanup_free_ char *placed = NULL;
	int r = place_path(reader, path, &placed);

	return r < 0 ? r : kx_boot_strings_add(&entry->initrds, &entry->initrd_count, placed);
}

/* GRUB takes several in a line, among them variables that are empty unless tuned(8) sets them. */
static int add_initrds(const struct reader *reader, struct kx_boot_entry *entry, const char *line)
{
	_cleanup_(kx_names_clear) struct kx_names words = { 0 };
	int r;

	if (!reader->grub)
		return add_initrd(reader, entry, line);
	r = kx_boot_add_each(&words, kx_text_of(line), " \t");
	for (size_t i = 0; r == 0 && i < words.count; i++)
		if (words.v[i][0] != '$')
			r = add_initrd(reader, entry, words.v[i]);
	return r;
}

static int fill_files(const struct reader *reader, const struct kx_bls *bls,
		      struct kx_boot_entry *entry)
{
	const char *start = bls->kernel ? bls->kernel : bls->uki ? bls->uki : bls->efi;
	int r = 0;

	entry->type = bls->kernel ? KX_BOOT_LINUX
		      : bls->uki  ? KX_BOOT_UKI
		      : bls->efi  ? KX_BOOT_CHAINLOAD
				  : KX_BOOT_NONE;
	if (start)
		r = place_path(reader, start, &entry->kernel);
	for (size_t i = 0; r == 0 && i < bls->initrd.count; i++)
		r = add_initrds(reader, entry, bls->initrd.v[i]);
	if (r == 0 && bls->devicetree)
		r = place_path(reader, bls->devicetree, &entry->devicetree);
	return r;
}

static bool profile_number(const char *text, unsigned *ret)
{
	uint64_t number;

	if (!kx_text_u64(kx_text_of(text), 10, &number) || number >= PROFILES_MAX)
		return false;
	*ret = (unsigned)number;
	return true;
}

static int judge_type1(const struct kx_bls *bls, struct kx_boot_entry *entry)
{
	if (!bls->kernel && !bls->uki && bls->efi)
		return set_problem(entry, "is an EFI program, which only the firmware can start");
	if (!bls->kernel && !bls->uki)
		return set_problem(entry, "is loaded from the network; give its address to kexec");
	if (bls->profile && bls->uki && !profile_number(bls->profile, &entry->profile))
		return set_problem(entry, "chooses a profile of its image by what is no number");
	if (bls->devicetree_overlay)
		return set_problem(entry, "has device tree overlays, which are not built yet");
	return 0;
}

static int fill_type1(const struct reader *reader, struct kx_bls *bls, struct item *item)
{
	struct kx_boot_entry *entry = &item->entry;
	int r = fill_files(reader, bls, entry);

	if (r == 0)
		r = judge_type1(bls, entry);
	move(&entry->title, &bls->title);
	move(&entry->version, &bls->version);
	move(&entry->options, &bls->options);
	move(&entry->architecture, &bls->architecture);
	move(&entry->class, &bls->grub_class);
	move(&entry->users, &bls->grub_users);
	move(&item->sort_key, &bls->sort_key);
	move(&item->machine_id, &bls->machine_id);
	return r;
}

/* A file that nobody can make sense of is in the list, too: whoever misses an entry finds out why. */
static int read_type1(const struct reader *reader, const char *path, struct item *item,
		      bool *ret_keep)
{
	_cleanup_(kx_bls_clear) struct kx_bls bls = { 0 };
	_cleanup_free_ char *text = NULL;
	struct kx_error err = { 0 };
	size_t size;
	int r;

	r = reader->fs->read(reader->fs->ctx, reader->device, path, KX_BOOT_TEXT_MAX, &text, &size);
	if (r < 0)
		kx_fail(&err, -r, "cannot read its entry: %s", strerror(-r));
	else
		r = kx_bls_parse(kx_view_of(text, size), &bls, &err);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return set_problem(&item->entry, err.text);
	*ret_keep = kx_bls_architecture(bls.architecture, reader->arch);
	return fill_type1(reader, &bls, item);
}

static int finish(const struct reader *reader, const char *path, const char *kind,
		  struct item *item)
{
	struct kx_boot_entry *entry = &item->entry;

	entry->source_kind = kind;
	entry->id = strdup(item->name.id);
	if (!entry->id)
		return -ENOMEM;
	if (reader->grub)
		cut_suffix(entry->id);
	if (!entry->title)
		entry->title = strdup(entry->id);
	if (!entry->title)
		return -ENOMEM;
	return reader->fs->locate(reader->fs->ctx, reader->device, path, &entry->source_file);
}

static int on_type1(void *arg, const char *file)
{
	_cleanup_(item_clear) struct item item = { 0 };
	_cleanup_free_ char *path = NULL;
	struct reader *reader = arg;
	bool keep = true;
	int r;

	if (file[0] == '.' || !ends_with(file, ".conf"))
		return 0;
	if (asprintf(&path, "%s/loader/entries/%s", reader->folder, file) < 0)
		return -ENOMEM;
	r = kx_bls_name(file, &item.name);
	if (r == 0)
		r = read_type1(reader, path, &item, &keep);
	if (r == 0)
		r = finish(reader, path, "bls1", &item);
	return r < 0 || !keep ? r : reader_add(reader, &item);
}

/* ---- type 2 ---------------------------------------------------------------------------------- */

/* The value of KEY= in an os-release(5), without its quotes; false when there is none. */
static bool release_field(struct kx_view text, const char *key, struct kx_view *ret)
{
	struct kx_view line, name, value;

	while (kx_text_line(&text, &line)) {
		line = kx_text_trim(line);
		if (!kx_text_field(&line, '=', &name) || !kx_text_is(name, key))
			continue;
		value = line;
		if (value.size > 1 && (value.data[0] == '"' || value.data[0] == '\'') &&
		    value.data[value.size - 1] == value.data[0])
			value = kx_view_of(value.data + 1, value.size - 2);
		if (!value.size)
			continue;
		*ret = value;
		return true;
	}
	return false;
}

/* The first of the fields that is there. */
static int take_field(struct kx_view text, const char *const *fields, size_t count, char **ret)
{
	struct kx_view value;

	for (size_t i = 0; i < count; i++)
		if (release_field(text, fields[i], &value))
			return kx_boot_set(ret, value);
	return 0;
}

/* Which fields make title, version and sort key: as systemd-boot chooses, whose order it gives. */
static int fill_release(const struct kx_uki *uki, struct item *item)
{
	static const char *const titles[] = { "PRETTY_NAME", "IMAGE_ID", "NAME", "ID" };
	static const char *const versions[] = { "IMAGE_VERSION", "VERSION", "VERSION_ID",
						"BUILD_ID" };
	static const char *const sort_keys[] = { "IMAGE_ID", "ID" };
	struct kx_view release = uki->parts[KX_UKI_OSREL];
	int r;

	r = take_field(release, titles, KX_ARRAY_SIZE(titles), &item->entry.title);
	if (r == 0)
		r = take_field(release, versions, KX_ARRAY_SIZE(versions), &item->entry.version);
	if (r == 0)
		r = take_field(release, sort_keys, KX_ARRAY_SIZE(sort_keys), &item->sort_key);
	if (r == 0 && !item->entry.version && uki->has[KX_UKI_UNAME])
		r = kx_boot_set(&item->entry.version, kx_text_trim(uki->parts[KX_UKI_UNAME]));
	return r;
}

/* The name of a profile goes behind the image's: "x.efi@factory-reset", "Fedora (Factory Reset)". */
static int fill_profile(const struct kx_uki *uki, unsigned number, struct item *item)
{
	_cleanup_free_ char *id = NULL, *title = NULL;
	char *whole;
	struct kx_view value;
	int r = 0;

	if (!uki->profile_count)
		return 0;
	if (release_field(uki->parts[KX_UKI_PROFILE], "TITLE", &value))
		r = kx_boot_set(&title, value);
	if (r == 0 && release_field(uki->parts[KX_UKI_PROFILE], "ID", &value))
		r = kx_boot_set(&id, value);
	else if (r == 0 && asprintf(&id, "%u", number) < 0)
		r = -ENOMEM;
	if (r < 0)
		return r;
	if (title && item->entry.title) {
		if (asprintf(&whole, "%s (%s)", item->entry.title, title) < 0)
			return -ENOMEM;
		move(&item->entry.title, &whole);
	}
	if (!number)
		return 0;
	if (asprintf(&whole, "%s@%s", item->name.id, id) < 0)
		return -ENOMEM;
	move(&item->name.id, &whole);
	return 0;
}

static const char *uki_architecture(uint16_t machine)
{
	switch (machine) {
	case KX_PE_X86_64:
		return "x64";
	case KX_PE_I386:
		return "ia32";
	case KX_PE_ARM64:
		return "aa64";
	case KX_PE_RISCV64:
		return "riscv64";
	default:
		return NULL;
	}
}

static int fill_uki(const struct kx_uki *uki, unsigned profile, struct item *item)
{
	const char *architecture = uki_architecture(uki->machine);
	struct kx_view cmdline = uki->parts[KX_UKI_CMDLINE];
	int r;

	item->entry.type = KX_BOOT_UKI;
	item->entry.profile = profile;
	if (architecture) {
		item->entry.architecture = strdup(architecture);
		if (!item->entry.architecture)
			return -ENOMEM;
	}
	if (cmdline.size && !cmdline.data[cmdline.size - 1])
		cmdline.size--;
	r = uki->has[KX_UKI_CMDLINE] ? kx_boot_set(&item->entry.options, kx_text_trim(cmdline)) : 0;
	if (r == 0)
		r = fill_release(uki, item);
	return r < 0 ? r : fill_profile(uki, profile, item);
}

static int read_profile(struct reader *reader, struct kx_view file, const char *name,
			const char *path, unsigned profile, unsigned *ret_count)
{
	_cleanup_(item_clear) struct item item = { 0 };
	struct kx_error err = { 0 };
	struct kx_uki uki = { 0 };
	int r;

	r = kx_bls_name(name, &item.name);
	if (r < 0)
		return r;
	item.entry.type = KX_BOOT_UKI;
	r = kx_uki_parse(file, profile, &uki, &err);
	if (r == 0 && !uki.has[KX_UKI_LINUX])
		r = kx_fail(&err, ENOEXEC, "is an EFI program without a .linux section");
	if (r == 0)
		r = fill_uki(&uki, profile, &item);
	if (r == -EBADMSG && !err.text[0])
		kx_fail(&err, EBADMSG, "malformed UKI: there is a zero byte in its texts");
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		r = set_problem(&item.entry, err.text);
	*ret_count = uki.profile_count;
	if (r < 0 || !kx_bls_architecture(item.entry.architecture, reader->arch))
		return r;
	r = place_path(reader, path, &item.entry.kernel);
	if (r == 0)
		r = finish(reader, path, "bls2", &item);
	return r < 0 ? r : reader_add(reader, &item);
}

static int on_type2(void *arg, const char *file)
{
	_cleanup_free_ char *path = NULL, *data = NULL;
	struct reader *reader = arg;
	unsigned profiles = 1;
	size_t size = 0;
	int r;

	if (file[0] == '.' || !ends_with(file, ".efi"))
		return 0;
	if (asprintf(&path, "%s/EFI/Linux/%s", reader->folder, file) < 0)
		return -ENOMEM;
	r = reader->fs->read(reader->fs->ctx, reader->device, path, UKI_SIZE_MAX, &data, &size);
	if (r == -ENOMEM)
		return r;
	/* What cannot be read is an entry with a problem, as an empty file is. */
	for (unsigned i = 0; r != -ENOMEM && i < profiles && i < PROFILES_MAX; i++)
		r = read_profile(reader, kx_view_of(data, size), file, path, i, &profiles);
	return r;
}

/* ---- the menu -------------------------------------------------------------------------------- */

static struct kx_bls_key key_of(const struct item *item)
{
	return (struct kx_bls_key){ .sort_key = item->sort_key,
				    .machine_id = item->machine_id,
				    .version = item->entry.version,
				    .name = &item->name };
}

static int compare_items(const void *a, const void *b)
{
	struct kx_bls_key key_a = key_of(a), key_b = key_of(b);

	return kx_bls_compare(&key_a, &key_b);
}

static int compare_for_grub(const void *a, const void *b)
{
	struct kx_bls_key key_a = { .name = &((const struct item *)a)->name };
	struct kx_bls_key key_b = { .name = &((const struct item *)b)->name };

	return kx_bls_compare(&key_a, &key_b);
}

static int list_folder(struct reader *reader, const char *name, kx_boot_name_fn *each)
{
	_cleanup_free_ char *path = NULL;
	int r;

	if (asprintf(&path, "%s%s", reader->folder, name) < 0)
		return -ENOMEM;
	r = reader->fs->list(reader->fs->ctx, reader->device, path, each, reader);
	return r;
}

static int hand_over(struct reader *reader, struct kx_boot_entries *entries)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < reader->count; i++)
		r = kx_boot_entries_add(entries, &reader->items[i].entry);
	return r;
}

static int mark_default(struct kx_boot_entries *entries, const struct kx_loader_vars *vars,
			const struct kx_loader_conf *conf)
{
	_cleanup_free_ const char **ids = calloc(entries->count + 1, sizeof(*ids));
	size_t found;

	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < entries->count; i++)
		ids[i] = entries->v[i].id;
	found = kx_loader_default(ids, entries->count, vars, conf);
	if (found < entries->count)
		entries->v[found].is_default = true;
	return 0;
}

/*
 * systemd-boot takes LoaderEntryOneShot out before it shows its menu, and where the default is "@saved" it writes down what
 * it starts, unless that was the one-shot choice.
 */
static int add_effects(struct kx_boot_entries *entries, const struct kx_loader_vars *vars,
		       const struct kx_loader_conf *conf)
{
	const char *pattern = vars->default_id ? vars->default_id : conf->default_pattern;
	int r = 0;

	if (vars->oneshot)
		r = kx_boot_effects_add(&entries->effects, &entries->effect_count, NULL,
					"LoaderEntryOneShot", NULL);
	if (!vars->info || !pattern || strcmp(pattern, "@saved") != 0)
		return r;
	for (size_t i = 0; r == 0 && i < entries->count; i++) {
		struct kx_boot_entry *entry = &entries->v[i];

		if (!vars->oneshot || strcmp(vars->oneshot, entry->id) != 0)
			r = kx_boot_effects_add(&entry->effects, &entry->effect_count, NULL,
						"LoaderEntryLastBooted", entry->id);
	}
	return r;
}

/* Whoever finds an entry good renames its file, so the one that is counted by is not there any more. */
static int find_on_trial(const struct kx_boot_fs *fs, const struct kx_bls_place *places,
			 size_t count, const struct kx_loader_vars *vars, char **ret)
{
	_cleanup_free_ char *path = vars->count_path ? strdup(vars->count_path) : NULL;
	struct kx_boot_stat stat;
	int r = 0;

	if (!path)
		return vars->count_path ? -ENOMEM : 0;
	for (char *p = path; *p; p++)
		*p = *p == '\\' ? '/' : *p;
	for (size_t i = 0; r == 0 && !*ret && i < count; i++)
		if (fs->stat(fs->ctx, places[i].device, path, &stat) == 0)
			r = fs->locate(fs->ctx, places[i].device, path, ret);
	return r == -ENOMEM ? r : 0;
}

static int read_places(struct reader *reader, const struct kx_bls_place *places, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int r;

		reader->device = places[i].device;
		reader->folder = places[i].folder;
		r = list_folder(reader, "/loader/entries", on_type1);
		if (r != -ENOMEM && r != -E2BIG)
			r = list_folder(reader, "/EFI/Linux", on_type2);
		if (r == -ENOMEM || r == -E2BIG)
			return r;
	}
	return 0;
}

int kx_bls_read(const struct kx_boot_fs *fs, const struct kx_bls_place *places, size_t count,
		const char *arch, const struct kx_loader_vars *vars,
		const struct kx_loader_conf *conf, struct kx_boot_entries *ret,
		struct kx_error *err)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries entries = { 0 };
	_cleanup_(reader_clear) struct reader reader = { .fs = fs, .arch = arch };
	int r = read_places(&reader, places, count);

	if (r == 0 && reader.count)
		qsort(reader.items, reader.count, sizeof(*reader.items), compare_items);
	if (r == 0)
		r = hand_over(&reader, &entries);
	if (r == 0)
		r = mark_default(&entries, vars, conf);
	if (r == 0)
		r = add_effects(&entries, vars, conf);
	if (r == 0)
		r = find_on_trial(fs, places, count, vars, &entries.on_trial);
	if (r < 0)
		return kx_fail(err, -r, "cannot read boot entries: %s", strerror(-r));
	*ret = entries;
	entries = (struct kx_boot_entries){ 0 };
	return 0;
}

int kx_bls_read_grub(const struct kx_boot_fs *fs, const char *device, struct kx_boot_entries *ret)
{
	static const char *const folders[] = { "", "/boot" };
	_cleanup_(reader_clear) struct reader reader = { .fs = fs, .device = device, .grub = true };
	int r = -ENOENT;

	for (size_t i = 0; r < 0 && r != -ENOMEM && r != -E2BIG && i < KX_ARRAY_SIZE(folders);
	     i++) {
		reader.folder = folders[i];
		r = list_folder(&reader, "/loader/entries", on_type1);
	}
	if (r < 0)
		return r;
	if (reader.count)
		qsort(reader.items, reader.count, sizeof(*reader.items), compare_for_grub);
	return hand_over(&reader, ret);
}
