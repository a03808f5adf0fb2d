// SPDX-License-Identifier: GPL-2.0-or-later
/* What a verb's argument means, and an entry of the boot loader as the options of a load. */
#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/overflow.h"
#include "boot/choose.h"
#include "image.h"
#include "inputs.h"
#include "names.h"
#include "source.h"
#include "url.h"
#include "util.h"

/* ---- strings --------------------------------------------------------------------------------- */

static int keep(struct kx_choice *choice, const char *text, const char **ret)
{
	int r = kx_names_add(&choice->strings, text);

	if (r == 0)
		*ret = choice->strings.v[choice->strings.count - 1];
	return r;
}

/* Paths of entries are absolute in the tree, or in the image. */
static int keep_path(struct kx_choice *choice, const char *path, const char *args, const char **ret)
{
	_cleanup_free_ char *whole = NULL;

	if (asprintf(&whole, "%s%s%s%s", choice->before, path, args && *args ? " " : "",
		     args ? args : "") < 0) {
		whole = NULL;
		return -ENOMEM;
	}
	return keep(choice, whole, ret);
}

/* Adds a word or more to the end of a command line. */
static int add_words(char **line, const char *words)
{
	char *longer;

	if (!words || !*words)
		return 0;
	if (asprintf(&longer, "%s%s%s", *line ? *line : "", *line ? " " : "", words) < 0)
		return -ENOMEM;
	free(*line);
	*line = longer;
	return 0;
}

/* ---- an entry as options --------------------------------------------------------------------- */

/* Those of the command line come after the entry's. */
static int put_initrds(struct kx_choice *choice)
{
	const struct kx_boot_entry *entry = choice->entry;
	struct kx_args *args = &choice->args;
	size_t given = args->initrd_count, count = args->reuse_initrd ? 0 : entry->initrd_count;
	const char **initrds = calloc(count + given + 1, sizeof(*initrds));
	int r = 0;

	if (!initrds)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = keep_path(choice, entry->initrds[i], NULL, &initrds[i]);
	memcpy(initrds + count, args->initrds, given * sizeof(*initrds));
	free(args->initrds);
	args->initrds = initrds;
	args->initrd_count = count + given;
	return r;
}

static int put_modules(struct kx_choice *choice)
{
	const struct kx_boot_entry *entry = choice->entry;
	struct kx_args *args = &choice->args;
	size_t given = args->module_count, count = entry->module_count;
	const char **modules = calloc(count + given + 1, sizeof(*modules));
	int r = 0;

	if (!modules)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = keep_path(choice, entry->modules[i].path, entry->modules[i].args, &modules[i]);
	memcpy(modules + count, args->modules, given * sizeof(*modules));
	free(args->modules);
	args->modules = modules;
	args->module_count = count + given;
	return r;
}

/*
 * LoaderBootCountPath tells systemd-bless-boot.service of the next system which entry to call good, but it is that of the boot
 * before: and firmware lets nobody change it (UEFI, "SetVariable()": volatile variables are read-only once it has handed
 * over). So, as long as it would do harm, the service is told to stay away: systemd-debug-generator(8).
 */
static bool would_bless_another(const struct kx_choice *choice)
{
	const char *on_trial = choice->entries.on_trial;

	return on_trial &&
	       (!choice->entry->source_file || strcmp(choice->entry->source_file, on_trial) != 0);
}

#define KEEP_FROM_BLESSING "systemd.mask=systemd-bless-boot.service"

static int put_cmdline(struct kx_choice *choice)
{
	const struct kx_boot_entry *entry = choice->entry;
	struct kx_args *args = &choice->args;
	const char *edited = args->pick ? args->pick->cmdline : NULL;
	bool own = entry->source_kind && !strcmp(entry->source_kind, "bls2") && !edited;
	_cleanup_free_ char *line = NULL, *more = NULL;
	char profile[16];
	int r = 0;

	if (would_bless_another(choice) && !args->panic) {
		kx_say("note: %s was not found good yet by the running system; "
		       "\"" KEEP_FROM_BLESSING "\" keeps the next one from calling it so",
		       choice->entries.on_trial);
		r = add_words(&more, KEEP_FROM_BLESSING);
	}
	if (r == 0)
		r = add_words(&more, args->append);
	snprintf(profile, sizeof(profile), "@%u", entry->profile);
	if (r == 0 && entry->profile)
		r = add_words(&line, profile);
	/* In front, since behind "---" they would be the installed system's, too. */
	if (r == 0)
		r = add_words(&line, choice->words);
	/* An image has its own command line, unless it is given one. */
	if (r == 0 && !args->reuse_cmdline && (!own || more))
		r = add_words(&line, edited ? edited : entry->options);
	if (r == 0)
		r = add_words(&line, more);
	args->append = NULL;
	/* An image that is to have none is told so. */
	if (r == 0 && !line && edited)
		return keep(choice, "", &args->append);
	return r == 0 && line ? keep(choice, line, &args->append) : r;
}

static int put_operand(struct kx_choice *choice)
{
	struct kx_args *args = &choice->args;

	if (!args->operand_count)
		args->operand_count = 1;
	return keep_path(choice, choice->entry->kernel, NULL, &args->operands[0]);
}

static int check_entry(const struct kx_boot_entry *entry, struct kx_error *err)
{
	if (!entry->problem && entry->kernel)
		return 0;
	return kx_fail(err, EOPNOTSUPP, "cannot start \"%s\" from here: %s", entry->title,
		       entry->problem ? entry->problem : "it has no kernel");
}

static int put_entry(struct kx_choice *choice, struct kx_error *err)
{
	const struct kx_boot_entry *entry = choice->entry;
	struct kx_args *args = &choice->args;
	int r;

	r = check_entry(entry, err);
	if (r < 0)
		return r;
	if (entry->profile && args->reuse_cmdline)
		return kx_fail(err, EINVAL,
			       "--reuse-cmdline does not go with an entry that chooses a profile "
			       "of its image");
	r = put_operand(choice);
	if (r == 0)
		r = put_initrds(choice);
	if (r == 0)
		r = put_modules(choice);
	if (r == 0)
		r = put_cmdline(choice);
	if (r == 0 && entry->devicetree && !args->dtb)
		r = keep_path(choice, entry->devicetree, NULL, &args->dtb);
	return r < 0 ? kx_fail(err, -r, "out of memory") : 0;
}

/* ---- which one ------------------------------------------------------------------------------- */

static void say_entry(const struct kx_boot_entry *entry)
{
	kx_say("%s%s%s, with the id %s", entry->menu ? entry->menu : "", entry->menu ? " > " : "",
	       entry->title, entry->id);
}

static int say_several(const struct kx_choice *choice, const char *name, const size_t *found,
		       size_t count, struct kx_error *err)
{
	for (size_t i = 0; i < count; i++)
		say_entry(&choice->entries.v[found[i]]);
	return kx_fail(err, ENOTUNIQ, "\"%s\" is the name of %zu entries; give the id of one", name,
		       count);
}

void kx_say_notes(const struct kx_boot_entries *entries, const struct kx_volumes *volumes)
{
	for (size_t i = 0; i < volumes->notes.count; i++)
		kx_say("%s", volumes->notes.v[i]);
	for (size_t i = 0; i < entries->note_count; i++)
		kx_say("%s", entries->notes[i]);
}

/* What an image's menu has: it may be at an address, where `kexec list` does not look. */
static int say_none_of_image(const struct kx_choice *choice, const char *name, struct kx_error *err)
{
	for (size_t i = 0; i < choice->entries.count; i++)
		say_entry(&choice->entries.v[i]);
	return kx_fail(err, ENOENT, "%s has no entry of the name \"%s\"",
		       kx_url_text(choice->args.medium).s, name);
}

static int say_none(const struct kx_choice *choice, const char *name, struct kx_error *err)
{
	/* What could not be read may be why. */
	kx_say_notes(&choice->entries, &choice->volumes);
	if (name && choice->args.medium)
		return say_none_of_image(choice, name, err);
	if (name)
		return kx_fail(err, ENOENT,
			       "there is no entry and no file here of the name \"%s\"; `kexec "
			       "list` has the entries",
			       name);
	if (!choice->entries.count)
		return kx_fail(err, ENOENT,
			       "no boot entries found; is the boot partition mounted?");
	return kx_fail(err, ENOENT,
		       "the boot loader would start nothing by itself; give one of its entries, "
		       "as `kexec list` has them");
}

static int choose(const char *name, struct kx_choice *choice, struct kx_error *err)
{
	_cleanup_free_ size_t *found = calloc(choice->entries.count + 1, sizeof(*found));
	size_t count;

	if (!found)
		return kx_fail(err, ENOMEM, "out of memory");
	count = kx_boot_match(&choice->entries, name, found);
	if (count > 1)
		return say_several(choice, name ? name : "default", found, count, err);
	if (!count && name && kx_order_is_file(name))
		return 0;
	if (!count)
		return say_none(choice, name, err);
	choice->entry = &choice->entries.v[found[0]];
	return 0;
}

/* The list is read again when something is done with it. */
static int choose_picked(const struct kx_tool *tool, const struct kx_pick *pick,
			 struct kx_choice *choice, struct kx_error *err)
{
	int r = kx_boot_list(tool->root, &choice->entries, &choice->volumes, err);

	if (r < 0)
		return r;
	if (pick->index >= choice->entries.count ||
	    strcmp(choice->entries.v[pick->index].id, pick->id) != 0)
		return kx_fail(err, ENOENT,
			       "the boot loader's entries have changed since they were listed; "
			       "start again to see them");
	choice->entry = &choice->entries.v[pick->index];
	return put_entry(choice, err);
}

/* "Debian GNU/Linux" is a title, and yet a file by its form. */
static int refuse_title(const struct kx_tool *tool, const char *name, struct kx_choice *choice,
			struct kx_error *err)
{
	_cleanup_free_ size_t *found = NULL;
	struct kx_error ignored = { 0 };
	size_t count;

	if (kx_order_is_file(name) ||
	    kx_boot_list(tool->root, &choice->entries, &choice->volumes, &ignored) < 0)
		return 0;
	found = calloc(choice->entries.count + 1, sizeof(*found));
	count = found ? kx_boot_match(&choice->entries, name, found) : 0;
	if (!count)
		return 0;
	if (count > 1)
		return say_several(choice, name, found, count, err);
	return kx_fail(err, ENOENT,
		       "there is no file %s; the entry of that title, with a \"/\" in it, is "
		       "chosen by its id, %s",
		       name, choice->entries.v[found[0]].id);
}

/* ---- images of discs ------------------------------------------------------------------------- */

/* Where distributions put what starts an image on a BIOS machine. */
static const char *find_memdisk(void)
{
	static const char *const places[] = {
		"/usr/lib/syslinux/memdisk",
		"/usr/share/syslinux/memdisk",
		"/usr/lib/syslinux/bios/memdisk",
		"/boot/memdisk",
		"/boot/grub.exe",
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(places); i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	return NULL;
}

/* memdisk's documentation (doc/memdisk.txt): "iso". GRUB4DOS has the image as (rd): its README_GRUB4DOS.txt, "map --mem". */
static const char *memdisk_words(const char *memdisk)
{
	return strcasestr(memdisk, "grub")
		       ? "--config-file=map --mem (rd)+1 (0xff); map --hook; chainloader (0xff)"
		       : "iso";
}

/* All of the image is the initrd, and what reads it takes the place of the BIOS's disc. */
static int put_disc(const char *file, struct kx_choice *choice, struct kx_error *err)
{
	struct kx_args *args = &choice->args;
	const char *memdisk = args->memdisk ? args->memdisk : find_memdisk();

	if (!memdisk)
		return kx_fail(err, ENOENT,
			       "%s has no menu of a Linux system; other systems are started by "
			       "memdisk (package syslinux-common) or GRUB4DOS's grub.exe on a BIOS "
			       "machine, and neither was found: give it by --memdisk FILE",
			       kx_url_text(file).s);
	if (args->initrd_count)
		return kx_fail(
			err, EINVAL,
			"%s is started by %s, which takes no other initrd: leave --initrd out",
			kx_url_text(file).s, memdisk);
	free(args->initrds);
	args->initrds = calloc(1, sizeof(*args->initrds));
	if (!args->initrds)
		return kx_fail(err, ENOMEM, "out of memory");
	/* There it is in any case, as all initrds are. */
	args->to_ram = 0;
	args->initrds[args->initrd_count++] = file;
	args->operands[0] = memdisk;
	if (!args->append)
		args->append = memdisk_words(memdisk);
	return 0;
}

/* As persistent memory, or else, where that would not be seen, in an initrd of its own. */
static int put_in_memory(const struct kx_tool *tool, const struct kx_source *source,
			 const struct kx_image *image, struct kx_choice *choice,
			 enum kx_image_at *ret, struct kx_error *err)
{
	struct kx_args *args = &choice->args;
	int r = kx_image_drivers(tool, source, image, choice->entry, ret, &choice->drivers, err);

	if (r < 0)
		return r;
	args->drivers = choice->drivers;
	*(*ret == KX_IMAGE_AS_PMEM ? &args->ramdisk : &args->embedded) = args->operands[0];
	return 0;
}

static void say_in_memory(const struct kx_source *source, const struct kx_choice *choice,
			  enum kx_image_at at)
{
	if (choice->drivers)
		kx_say("note: the initrd of this entry has no driver of persistent memory; those "
		       "of its kernel's package in the image are added");
	kx_say(at == KX_IMAGE_AS_PMEM
		       ? "note: %s of memory stay the image's until firmware resets the machine; "
			 "the load takes more than twice as much"
		       : "note: neither the initrd of this entry nor a package in the image has "
			 "drivers of persistent memory, so the image's %s become part of it; the "
			 "load takes more than three times as much",
	       kx_size_text(kx_source_size(source)).s);
}

/* Its entries' files are its members. */
static int put_member(const struct kx_tool *tool, const struct kx_source *source,
		      struct kx_image *image, const char *name, struct kx_choice *choice,
		      struct kx_error *err)
{
	enum kx_image_at at = KX_IMAGE_ON_DISK;
	const struct kx_args *args = &choice->args;
	_cleanup_free_ char *before = NULL;
	int r;

	choice->entries = image->entries;
	image->entries = (struct kx_boot_entries){ 0 };
	kx_say_notes(&choice->entries, &choice->volumes);
	r = choose(name, choice, err);
	/* A file here of that name is no entry of it. */
	if (r == 0 && !choice->entry)
		r = say_none(choice, name, err);
	if (r == 0)
		r = check_entry(choice->entry, err);
	if (r < 0)
		return r;
	if (asprintf(&before, "%s#", args->operands[0]) < 0)
		before = NULL;
	if (!before || keep(choice, before, &choice->before) < 0)
		return kx_fail(err, ENOMEM, "out of memory");
	r = args->to_ram ? put_in_memory(tool, source, image, choice, &at, err) : 0;
	if (r == 0)
		r = kx_image_words(image, choice->entry->options, at, args->append, &choice->words,
				   err);
	if (r == 0 && args->to_ram)
		say_in_memory(source, choice, at);
	return r < 0 ? r : put_entry(choice, err);
}

static bool is_linux(const struct kx_boot_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		if (entries->v[i].kernel && !entries->v[i].problem)
			return true;
	return false;
}

/* Checked before anything of it is read, its menu included, and kept until its files are taken out of it. */
static int hold_image(const struct kx_tool *tool, struct kx_choice *choice, struct kx_source **ret,
		      struct kx_error *err)
{
	_cleanup_(kx_machine_freep) struct kx_machine *machine = NULL;
	struct kx_args *args = &choice->args;
	int r = kx_machine_read(tool->root, &machine, err);

	args->medium = args->operands[0];
	choice->inputs = calloc(1, sizeof(*choice->inputs));
	if (r == 0 && !choice->inputs)
		r = kx_fail(err, ENOMEM, "out of memory");
	if (r == 0)
		r = kx_inputs_begin(tool, machine, args, choice->inputs, err);
	if (r == 0)
		r = kx_inputs_hold(choice->inputs, args->operands[0], ret, err);
	if (r == 0)
		r = kx_trust_any(&choice->inputs->trust, *ret, err);
	args->inputs = choice->inputs;
	return r;
}

/* An address by its name, before all of it is fetched. */
static bool is_image(const char *name)
{
	const char *path;
	size_t size;

	if (!kx_url_is(name))
		return kx_image_is(name);
	path = kx_url_path(name, &size);
	return !strchr(name, '#') && size > 4 && !strncasecmp(path + size - 4, ".iso", 4);
}

static int refuse_image(const char *url, struct kx_error *err)
{
	return kx_fail(
		err, EOPNOTSUPP,
		"cannot start %s: the system on an image of a disc needs that after the start; "
		"give --to-ram, which keeps it in memory, or --memdisk FILE where it is not Linux, "
		"or fetch it to a disk first",
		kx_url_text(url).s);
}

/* All of it is loaded now: as any other file, which is kept when it is checked. */
static int put_other(struct kx_choice *choice, struct kx_error *err)
{
	struct kx_args *args = &choice->args;

	if (choice->inputs->on_disk) {
		kx_inputs_clear(choice->inputs);
		args->inputs = NULL;
	}
	args->medium = NULL;
	return put_disc(args->operands[0], choice, err);
}

static int put_image(const struct kx_tool *tool, struct kx_choice *choice, struct kx_error *err)
{
	_cleanup_(kx_image_clear) struct kx_image image = { 0 };
	struct kx_args *args = &choice->args;
	const char *name = args->operand_count > 1 ? args->operands[1] : NULL;
	struct kx_source *source = NULL;
	int r;

	/* The rest are ours, not kernels too many. */
	args->operand_count = 1;
	if (kx_url_is(args->operands[0]) && !args->to_ram && !args->memdisk)
		return refuse_image(args->operands[0], err);
	if (args->memdisk)
		return put_disc(args->operands[0], choice, err);
	r = hold_image(tool, choice, &source, err);
	if (r < 0)
		return r;
	r = kx_image_read(tool, source, args->to_ram, &image, err);
	if (r == -ENOENT || (r == 0 && !is_linux(&image.entries)))
		return put_other(choice, err);
	return r < 0 ? r : put_member(tool, source, &image, name, choice, err);
}

int kx_choice_find(const struct kx_tool *tool, const struct kx_args *args, struct kx_choice *ret,
		   struct kx_error *err)
{
	const char *name = args->operand_count ? args->operands[0] : NULL;
	enum kx_boot_word word = name ? kx_boot_word(name) : KX_BOOT_WORD_NAME;
	int r = kx_args_copy(args, &ret->args);

	if (r < 0)
		return kx_fail(err, -r, "out of memory");
	if (args->netboot)
		return kx_netboot_find(tool, ret, err);
	ret->before = strcmp(tool->root, "/") ? tool->root : "";
	if (args->pick)
		return choose_picked(tool, args->pick, ret, err);
	if (name && is_image(name))
		return put_image(tool, ret, err);
	if (args->to_ram || args->memdisk)
		return kx_fail(err, EINVAL,
			       "--to-ram and --memdisk go with an image of a disc; %s is none",
			       name ? kx_url_text(name).s : "an entry of the boot loader");
	if (word == KX_BOOT_WORD_ADDRESS)
		return 0;
	if (word == KX_BOOT_WORD_FILE)
		return strcmp(name, "-") ? refuse_title(tool, name, ret, err) : 0;
	r = kx_boot_list(tool->root, &ret->entries, &ret->volumes, err);
	/* Without any entries a file here is as good as ever. */
	if (r < 0 && (!name || !kx_order_is_file(name)))
		return r;
	if (r == 0)
		r = choose(name, ret, err);
	else
		r = 0;
	return r == 0 && ret->entry ? put_entry(ret, err) : r;
}

void kx_choice_clear(struct kx_choice *choice)
{
	kx_args_clear(&choice->args);
	kx_boot_entries_clear(&choice->entries);
	kx_volumes_close(&choice->volumes);
	kx_names_clear(&choice->strings);
	kx_source_free(choice->drivers);
	if (choice->inputs)
		kx_inputs_clear(choice->inputs);
	free(choice->inputs);
	free(choice->words);
	*choice = (struct kx_choice)KX_CHOICE_NONE;
}
