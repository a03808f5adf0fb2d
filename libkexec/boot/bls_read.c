// SPDX-License-Identifier: LGPL-2.1-or-later
/* Entries of both types from their folders. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#include "base/overflow.h"
#include "boot/bls.h"
#include "boot/version.h"
#include "format/pe.h"
#include "format/uki.h"
#include "util.h"

/* Unified kernel images of today are some 100 MiB. */
#define UKI_SIZE_MAX (1U << 30)
#define PROFILES_MAX 64U

/*
 * An entry with what it is sorted by.
 *
 * @profile_id: of a profile but the first of its image
 * @kernel_version: the entry's version is its kernel's, which is for people only
 * @dropped: systemd-boot's menu does not have it, so it is the last here, and never the default
 */
struct item {
	struct kx_boot_entry entry;
	struct kx_bls_name name;
	char *sort_key, *machine_id, *profile_id;
	bool kernel_version, dropped;
};

/*
 * @folder: that is being read, absolute on @device
 * @budget: how many bytes more may be read
 * @grub: it is read as GRUB does it, by @command
 */
struct reader {
	const struct kx_boot_fs *fs;
	const char *device, *folder, *arch;
	size_t *budget;
	bool grub;
	enum kx_bls_command command;
	struct item *items;
	size_t count;
};

static void item_clear(struct item *item)
{
	kx_boot_entry_clear(&item->entry);
	free(item->name.id);
	free(item->sort_key);
	free(item->machine_id);
	free(item->profile_id);
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

/* All that is read stays, or a copy of it does. */
static int spend(const struct reader *reader, size_t size)
{
	if (size > *reader->budget)
		return -E2BIG;
	*reader->budget -= size;
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

/* A path of an entry: below the partition's root and in the tree; for GRUB as it is. */
static int place_path(const struct reader *reader, const char *path, char **ret)
{
	_cleanup_free_ char *whole = NULL;
	int r;

	if (reader->grub) {
		*ret = strdup(path);
		return *ret ? 0 : -ENOMEM;
	}
	r = kx_boot_path("", NULL, path, &whole);
	return r < 0 ? r : reader->fs->locate(reader->fs->ctx, reader->device, whole, ret);
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
		r = add_initrd(reader, entry, bls->initrd.v[i]);
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

/* Is what it starts there? An initrd that is not is found out too late by the boot loader. */
static bool can_start(const struct reader *reader, const struct kx_bls *bls)
{
	const char *start = bls->kernel ? bls->kernel : bls->uki ? bls->uki : bls->efi;
	_cleanup_free_ char *path = NULL;
	struct kx_boot_stat stat;

	return !start || (kx_boot_path("", NULL, start, &path) == 0 &&
			  reader->fs->stat(reader->fs->ctx, reader->device, path, &stat) == 0);
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
		r = spend(reader, size);
	if (r == 0 && reader->grub)
		r = kx_bls_parse_grub(kx_view_of(text, size), reader->command, &bls, &err);
	else if (r == 0)
		r = kx_bls_parse(kx_view_of(text, size), &bls, &err);
	if (r == -ENOMEM || r == -E2BIG)
		return r;
	item->dropped = r < 0;
	if (r < 0)
		return set_problem(&item->entry, err.text);
	item->dropped = !can_start(reader, &bls);
	*ret_keep = kx_bls_architecture(bls.architecture, reader->arch);
	return fill_type1(reader, &bls, item);
}

static int finish(const struct reader *reader, const char *path, const char *kind,
		  struct item *item)
{
	struct kx_boot_entry *entry = &item->entry;

	entry->source_kind = kind;
	if (asprintf(&entry->id, "%s%s%s", item->name.id, item->profile_id ? "@" : "",
		     item->profile_id ? item->profile_id : "") < 0) {
		entry->id = NULL;
		return -ENOMEM;
	}
	if (reader->grub && reader->command != KX_BLS_UKI)
		cut_suffix(entry->id);
	if (!entry->title)
		entry->title = strdup(reader->grub && entry->kernel ? entry->kernel : entry->id);
	if (!entry->title)
		return -ENOMEM;
	return reader->fs->locate(reader->fs->ctx, reader->device, path, &entry->source_file);
}

/* GRUB counts no tries: what stands in a name is part of it. */
static int name_of(const struct reader *reader, const char *file, struct kx_bls_name *ret)
{
	if (!reader->grub)
		return kx_bls_name(file, ret);
	*ret = (struct kx_bls_name){ .id = strdup(file), .tries_left = -1 };
	return ret->id ? 0 : -ENOMEM;
}

/*
 * systemd-boot keeps the names that begin with "auto-" for its own entries. To GRUB upper case is another suffix, and its module
 * blsuki knows no hidden files.
 */
static bool is_entrys_name(const struct reader *reader, const char *file, const char *suffix)
{
	bool hidden = file[0] == '.' && !(reader->grub && reader->command != KX_BLS_FEDORA);

	if (hidden || !ends_with(file, suffix))
		return false;
	return reader->grub ? !strcmp(strrchr(file, '.'), suffix)
			    : strncasecmp(file, "auto-", 5) != 0;
}

static int on_type1(void *arg, const char *file)
{
	_cleanup_(item_clear) struct item item = { 0 };
	_cleanup_free_ char *path = NULL;
	struct reader *reader = arg;
	bool keep = true;
	int r;

	if (!is_entrys_name(reader, file, ".conf"))
		return 0;
	if (asprintf(&path, "%s/%s", reader->folder, file) < 0)
		return -ENOMEM;
	r = name_of(reader, file, &item.name);
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
	if (r < 0 || item->entry.version || !uki->has[KX_UKI_UNAME])
		return r;
	item->kernel_version = true;
	return kx_boot_set(&item->entry.version, kx_text_trim(uki->parts[KX_UKI_UNAME]));
}

/* What systemd-boot calls a profile: its title, else for all but the first its id, else its number. */
static int profile_title(const struct kx_uki *uki, unsigned number, const char *id, char **ret)
{
	struct kx_view value;

	if (release_field(uki->parts[KX_UKI_PROFILE], "TITLE", &value))
		return kx_boot_set(ret, value);
	if (number && id)
		return kx_boot_set(ret, kx_text_of(id));
	return number && asprintf(ret, "Profile #%u", number + 1) < 0 ? -ENOMEM : 0;
}

/* It goes behind the image's: "x.efi@factory-reset", "Fedora (Factory Reset)". */
static int fill_profile(const struct kx_uki *uki, unsigned number, struct item *item)
{
	_cleanup_free_ char *id = NULL, *title = NULL;
	char *whole;
	struct kx_view value;
	int r = 0;

	if (!uki->profile_count)
		return 0;
	if (release_field(uki->parts[KX_UKI_PROFILE], "ID", &value))
		r = kx_boot_set(&id, value);
	if (r == 0)
		r = profile_title(uki, number, id, &title);
	if (r < 0)
		return r;
	if (title && item->entry.title) {
		if (asprintf(&whole, "%s (%s)", item->entry.title, title) < 0)
			return -ENOMEM;
		move(&item->entry.title, &whole);
	}
	if (number && !id && asprintf(&id, "%u", number) < 0)
		return -ENOMEM;
	if (number)
		move(&item->profile_id, &id);
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
	return r < 0 ? r : fill_release(uki, item);
}

/* Of texts that nobody can have written. Errors also: -E2BIG of all entries. */
static int check_texts(const struct reader *reader, const struct kx_uki *uki, struct kx_error *err)
{
	static const enum kx_uki_part texts[] = { KX_UKI_OSREL, KX_UKI_CMDLINE, KX_UKI_UNAME,
						  KX_UKI_PROFILE };

	int r = 0;

	for (size_t i = 0; r == 0 && i < KX_ARRAY_SIZE(texts); i++) {
		if (uki->parts[texts[i]].size > KX_BOOT_TEXT_MAX)
			return kx_fail(err, EFBIG,
				       "malformed UKI: one of its texts has %zu bytes, at most %u",
				       uki->parts[texts[i]].size, KX_BOOT_TEXT_MAX);
		r = spend(reader, uki->parts[texts[i]].size);
	}
	return r;
}

static int read_profile(struct reader *reader, struct kx_view file, const char *name,
			const char *path, unsigned profile, unsigned *ret_count)
{
	_cleanup_(item_clear) struct item item = { 0 };
	struct kx_error err = { 0 };
	struct kx_uki uki = { 0 };
	int r;

	r = name_of(reader, name, &item.name);
	if (r < 0)
		return r;
	item.entry.type = KX_BOOT_UKI;
	r = kx_uki_parse(file, profile, &uki, &err);
	if (r == 0 && !uki.has[KX_UKI_LINUX])
		r = kx_fail(&err, ENOEXEC, "is an EFI program without a .linux section");
	if (r == 0 && reader->grub && !uki.has[KX_UKI_OSREL])
		r = kx_fail(&err, ENOEXEC, "has no .osrel section, by which GRUB knows it");
	if (r == 0)
		r = check_texts(reader, &uki, &err);
	if (r == 0)
		r = fill_uki(&uki, profile, &item);
	if (r == 0 && !reader->grub)
		r = fill_profile(&uki, profile, &item);
	if (r == -EBADMSG && !err.text[0])
		kx_fail(&err, EBADMSG, "malformed UKI: there is a zero byte in its texts");
	if (r == -ENOMEM || r == -E2BIG)
		return r;
	/* Without any name of a system, systemd-boot has nothing to show. */
	item.dropped = r < 0 || !item.entry.title;
	if (r < 0)
		r = set_problem(&item.entry, err.text);
	*ret_count = reader->grub ? 1 : uki.profile_count;
	if (r < 0 || !kx_bls_architecture(item.entry.architecture, reader->arch))
		return r;
	r = place_path(reader, path, &item.entry.kernel);
	if (r == 0)
		r = finish(reader, path, "bls2", &item);
	return r < 0 ? r : reader_add(reader, &item);
}

static int read_profiles(struct reader *reader, struct kx_view image, const char *file,
			 const char *path)
{
	unsigned profiles = 1;
	int r = 0;

	/* What cannot be read is an entry with a problem, as an empty file is. */
	for (unsigned i = 0; r == 0 && i < profiles && i < PROFILES_MAX; i++)
		r = read_profile(reader, image, file, path, i, &profiles);
	return r;
}

static int on_type2(void *arg, const char *file)
{
	_cleanup_free_ char *path = NULL, *data = NULL;
	struct reader *reader = arg;
	const struct kx_boot_fs *fs = reader->fs;
	void *map = NULL;
	size_t size = 0;
	int r;

	if (!is_entrys_name(reader, file, ".efi"))
		return 0;
	if (asprintf(&path, "%s/%s", reader->folder, file) < 0)
		return -ENOMEM;
	/* Kernel and initrd in it are not looked at. */
	if (fs->map)
		r = fs->map(fs->ctx, reader->device, path, UKI_SIZE_MAX, &map, &size);
	else
		r = fs->read(fs->ctx, reader->device, path, UKI_SIZE_MAX, &data, &size);
	if (r == -ENOMEM)
		return r;
	r = read_profiles(reader, kx_view_of(map ? map : data, size), file, path);
	if (map)
		munmap(map, size);
	return r;
}

/* ---- the menu -------------------------------------------------------------------------------- */

static struct kx_bls_key key_of(const struct item *item)
{
	return (struct kx_bls_key){ .sort_key = item->sort_key,
				    .machine_id = item->machine_id,
				    .version = item->kernel_version ? NULL : item->entry.version,
				    .name = &item->name,
				    .profile = item->profile_id ? item->entry.profile : 0 };
}

static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	struct kx_bls_key key_a = key_of(x), key_b = key_of(y);

	if (x->dropped != y->dropped)
		return x->dropped ? 1 : -1;
	return kx_bls_compare(&key_a, &key_b);
}

static int compare_for_fedora(const void *a, const void *b)
{
	return kx_bls_compare_grub(((const struct item *)a)->entry.id,
				   ((const struct item *)b)->entry.id);
}

static int compare_for_blsuki(const void *a, const void *b)
{
	return kx_version_compare_files(((const struct item *)b)->name.id,
					((const struct item *)a)->name.id);
}

static int list_folder(struct reader *reader, const char *above, const char *name,
		       kx_boot_name_fn *each)
{
	_cleanup_free_ char *path = NULL;
	int r;

	if (asprintf(&path, "%s%s", above, name) < 0)
		return -ENOMEM;
	reader->folder = path;
	r = reader->fs->list(reader->fs->ctx, reader->device, path, each, reader);
	reader->folder = NULL;
	return r;
}

static int hand_over(struct reader *reader, struct kx_boot_entries *entries)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < reader->count; i++)
		r = kx_boot_entries_add(entries, &reader->items[i].entry);
	return r;
}

/* Nothing of it is on a disk. */
static int add_own(struct kx_boot_entries *entries, const char *id)
{
	_cleanup_(kx_boot_entry_clear) struct kx_boot_entry entry = {
		.id = strdup(id),
		.title = strdup(id),
		.type = KX_BOOT_CHAINLOAD,
		.source_kind = "systemd-boot",
		.is_default = true,
	};

	if (!entry.id || !entry.title)
		return -ENOMEM;
	if (set_problem(&entry,
			"is an entry of systemd-boot's own, which only it and the firmware can "
			"start") < 0)
		return -ENOMEM;
	return kx_boot_entries_add(entries, &entry);
}

/* The first @count are those that systemd-boot has. */
static int mark_default(struct kx_boot_entries *entries, size_t count,
			const struct kx_loader_vars *vars, const struct kx_loader_conf *conf)
{
	_cleanup_free_ const char **ids = calloc(count + 1, sizeof(*ids));
	const char *own = NULL;
	size_t found;

	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		ids[i] = entries->v[i].id;
	found = kx_loader_default(ids, count, vars, conf, &own);
	if (own)
		return add_own(entries, own);
	if (found < count)
		entries->v[found].is_default = true;
	return 0;
}

/*
 * systemd-boot takes what is for once out before it shows its menu, and where the default is "@saved" it writes down what
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
	if (r == 0 && vars->timeout_once)
		r = kx_boot_effects_add(&entries->effects, &entries->effect_count, NULL,
					"LoaderConfigTimeoutOneShot", NULL);
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
		r = list_folder(reader, places[i].folder, "/loader/entries", on_type1);
		if (r != -ENOMEM && r != -E2BIG)
			r = list_folder(reader, places[i].folder, "/EFI/Linux", on_type2);
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
	size_t budget = KX_BLS_READ_MAX;
	_cleanup_(
		reader_clear) struct reader reader = { .fs = fs, .arch = arch, .budget = &budget };
	int r = read_places(&reader, places, count);
	size_t shown = 0;

	for (size_t i = 0; i < reader.count; i++)
		shown += !reader.items[i].dropped;
	if (r == 0 && reader.count)
		qsort(reader.items, reader.count, sizeof(*reader.items), compare_items);
	if (r == 0)
		r = hand_over(&reader, &entries);
	if (r == 0)
		r = mark_default(&entries, shown, vars, conf);
	if (r == 0)
		r = add_effects(&entries, vars, conf);
	if (r == 0)
		r = find_on_trial(fs, places, count, vars, &entries.on_trial);
	if (r == -E2BIG)
		return kx_fail(err, E2BIG,
			       "cannot read boot entries: there are more than %d, or more than %u "
			       "MiB of them",
			       KX_BOOT_ENTRIES_MAX, KX_BLS_READ_MAX >> 20);
	if (r < 0)
		return kx_fail(err, -r, "cannot read boot entries: %s", strerror(-r));
	entries.timeout = kx_loader_timeout(vars, conf);
	*ret = entries;
	entries = (struct kx_boot_entries){ 0 };
	return 0;
}

/* @path as it is written, "." and ".." and slashes too many included. */
static int read_grub(struct reader *reader, const char *path)
{
	_cleanup_free_ char *whole = NULL;
	struct kx_boot_stat stat;
	bool uki = reader->command == KX_BLS_UKI;
	kx_boot_name_fn *on_name = uki ? on_type2 : on_type1;
	char *slash;
	int r = kx_boot_path("", NULL, path, &whole);

	if (r < 0)
		return r;
	if (!ends_with(whole, uki ? ".efi" : ".conf"))
		return list_folder(reader, whole, "", on_name);
	r = reader->fs->stat(reader->fs->ctx, reader->device, whole, &stat);
	if (r < 0)
		return r;
	slash = strrchr(whole, '/');
	*slash = '\0';
	reader->folder = whole;
	r = on_name(reader, slash + 1);
	reader->folder = NULL;
	return r;
}

int kx_bls_read_grub(const struct kx_boot_fs *fs, enum kx_bls_command command, const char *device,
		     const char *path, size_t *budget, struct kx_boot_entries *ret)
{
	_cleanup_(reader_clear) struct reader reader = {
		.fs = fs, .device = device, .budget = budget, .grub = true, .command = command
	};
	int r = read_grub(&reader, path);

	if (r < 0)
		return r;
	if (reader.count)
		qsort(reader.items, reader.count, sizeof(*reader.items),
		      command == KX_BLS_FEDORA ? compare_for_fedora : compare_for_blsuki);
	return hand_over(&reader, ret);
}
