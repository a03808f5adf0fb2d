// SPDX-License-Identifier: GPL-2.0-or-later
/* What a verb's argument means, and an entry of the boot loader as the options of a load. */
#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot/choose.h"
#include "util.h"

/* ---- strings --------------------------------------------------------------------------------- */

static int keep(struct kx_choice *choice, const char *text, const char **ret)
{
	int r = kx_names_add(&choice->strings, text);

	if (r == 0)
		*ret = choice->strings.v[choice->strings.count - 1];
	return r;
}

/* Paths of entries are absolute in the tree. */
static int keep_path(const struct kx_tool *tool, struct kx_choice *choice, const char *path,
		     const char *args, const char **ret)
{
	_cleanup_free_ char *whole = NULL;

	if (asprintf(&whole, "%s%s%s%s", strcmp(tool->root, "/") ? tool->root : "", path,
		     args && *args ? " " : "", args ? args : "") < 0) {
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
static int put_initrds(const struct kx_tool *tool, struct kx_choice *choice)
{
	const struct kx_boot_entry *entry = choice->entry;
	struct kx_args *args = &choice->args;
	size_t given = args->initrd_count, count = args->reuse_initrd ? 0 : entry->initrd_count;
	const char **initrds = calloc(count + given + 1, sizeof(*initrds));
	int r = 0;

	if (!initrds)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = keep_path(tool, choice, entry->initrds[i], NULL, &initrds[i]);
	memcpy(initrds + count, args->initrds, given * sizeof(*initrds));
	free(args->initrds);
	args->initrds = initrds;
	args->initrd_count = count + given;
	return r;
}

static int put_modules(const struct kx_tool *tool, struct kx_choice *choice)
{
	const struct kx_boot_entry *entry = choice->entry;
	struct kx_args *args = &choice->args;
	size_t given = args->module_count, count = entry->module_count;
	const char **modules = calloc(count + given + 1, sizeof(*modules));
	int r = 0;

	if (!modules)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = keep_path(tool, choice, entry->modules[i].path, entry->modules[i].args,
			      &modules[i]);
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

static int put_operand(const struct kx_tool *tool, struct kx_choice *choice)
{
	struct kx_args *args = &choice->args;

	if (!args->operand_count)
		args->operand_count = 1;
	return keep_path(tool, choice, choice->entry->kernel, NULL, &args->operands[0]);
}

static int put_entry(const struct kx_tool *tool, struct kx_choice *choice, struct kx_error *err)
{
	const struct kx_boot_entry *entry = choice->entry;
	struct kx_args *args = &choice->args;
	int r;

	if (entry->problem || !entry->kernel)
		return kx_fail(err, EOPNOTSUPP, "cannot start \"%s\" from here: %s", entry->title,
			       entry->problem ? entry->problem : "it has no kernel");
	if (entry->profile && args->reuse_cmdline)
		return kx_fail(err, EINVAL,
			       "--reuse-cmdline does not go with an entry that chooses a profile "
			       "of its image");
	r = put_operand(tool, choice);
	if (r == 0)
		r = put_initrds(tool, choice);
	if (r == 0)
		r = put_modules(tool, choice);
	if (r == 0)
		r = put_cmdline(choice);
	if (r == 0 && entry->devicetree && !args->dtb)
		r = keep_path(tool, choice, entry->devicetree, NULL, &args->dtb);
	return r < 0 ? kx_fail(err, -r, "out of memory") : 0;
}

/* ---- which one ------------------------------------------------------------------------------- */

static int say_several(const struct kx_choice *choice, const char *name, const size_t *found,
		       size_t count, struct kx_error *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct kx_boot_entry *entry = &choice->entries.v[found[i]];

		kx_say("%s%s%s, with the id %s", entry->menu ? entry->menu : "",
		       entry->menu ? " > " : "", entry->title, entry->id);
	}
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

static int say_none(const struct kx_choice *choice, const char *name, struct kx_error *err)
{
	/* What could not be read may be why. */
	kx_say_notes(&choice->entries, &choice->volumes);
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

static int choose(const struct kx_tool *tool, const char *name, struct kx_choice *choice,
		  struct kx_error *err)
{
	_cleanup_free_ size_t *found = calloc(choice->entries.count + 1, sizeof(*found));
	size_t count;

	if (!found)
		return kx_fail(err, ENOMEM, "out of memory");
	count = kx_boot_match(&choice->entries, name, found);
	if (count > 1)
		return say_several(choice, name ? name : "default", found, count, err);
	if (!count && name && access(name, F_OK) == 0)
		return 0;
	if (!count)
		return say_none(choice, name, err);
	choice->entry = &choice->entries.v[found[0]];
	return put_entry(tool, choice, err);
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
	return put_entry(tool, choice, err);
}

static int copy_args(const struct kx_args *args, struct kx_args *ret)
{
	size_t size = sizeof(const char *);
	const char **initrds = calloc(args->initrd_count + 1, size);
	const char **modules = calloc(args->module_count + 1, size);
	const char **adds = calloc(args->add_count + 1, size);
	const char **operands = calloc(args->operand_count + 1, size);

	*ret = *args;
	ret->initrds = initrds;
	ret->modules = modules;
	ret->adds = adds;
	ret->operands = operands;
	if (!initrds || !modules || !adds || !operands)
		return -ENOMEM;
	memcpy(initrds, args->initrds, args->initrd_count * size);
	memcpy(modules, args->modules, args->module_count * size);
	memcpy(adds, args->adds, args->add_count * size);
	memcpy(operands, args->operands, args->operand_count * size);
	return 0;
}

/* "Debian GNU/Linux" is a title, and yet a file by its form. */
static int refuse_title(const struct kx_tool *tool, const char *name, struct kx_choice *choice,
			struct kx_error *err)
{
	_cleanup_free_ size_t *found = NULL;
	struct kx_error ignored = { 0 };
	size_t count;

	if (access(name, F_OK) == 0 ||
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

int kx_choice_find(const struct kx_tool *tool, const struct kx_args *args, struct kx_choice *ret,
		   struct kx_error *err)
{
	const char *name = args->operand_count ? args->operands[0] : NULL;
	enum kx_boot_word word = name ? kx_boot_word(name) : KX_BOOT_WORD_NAME;
	int r = copy_args(args, &ret->args);

	if (r < 0)
		return kx_fail(err, -r, "out of memory");
	if (args->pick)
		return choose_picked(tool, args->pick, ret, err);
	if (word == KX_BOOT_WORD_ADDRESS)
		return kx_fail(err, EOPNOTSUPP,
			       "cannot load %s: loading from an address is not built yet; fetch "
			       "it first, then give the file",
			       name);
	if (word == KX_BOOT_WORD_FILE)
		return strcmp(name, "-") ? refuse_title(tool, name, ret, err) : 0;
	r = kx_boot_list(tool->root, &ret->entries, &ret->volumes, err);
	/* Without any entries a file here is as good as ever. */
	if (r < 0 && (!name || access(name, F_OK) < 0))
		return r;
	return r < 0 ? 0 : choose(tool, name, ret, err);
}

void kx_choice_clear(struct kx_choice *choice)
{
	kx_args_clear(&choice->args);
	kx_boot_entries_clear(&choice->entries);
	kx_volumes_close(&choice->volumes);
	kx_names_clear(&choice->strings);
	*choice = (struct kx_choice)KX_CHOICE_NONE;
}
