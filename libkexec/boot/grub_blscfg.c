// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The commands blscfg and uki: of each entry of loader/entries, or image of EFI/Linux, they make a script. There are two that are
 * called blscfg. Fedora's, of its module blscfg, is in no manual: it is after grub-core/commands/blscfg.c of github.com/rhboot/grub2.
 * GRUB's own, since 2.14, is in the module blsuki, as is uki: the manual's "blscfg" and "uki", and where they leave something open
 * what 2.14 was seen to do (tests/vm/test_grub_oracle.py).
 *
 * A grub.cfg tells which one it is for: `insmod blscfg` is Fedora's, whose grub-mkconfig writes that; `insmod blsuki`, and options,
 * are GRUB's own. Without any of these it is Fedora's, which others have, too.
 */
#include "boot/bls.h"
#include "boot/grub_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "util.h"

/* What names of files stand behind: Fedora's says what for GRUB's own goes without saying. */
static const char *device_of(const struct kx_grub *g)
{
	return g->modules.blsuki ? "" : "($root)";
}

/* A script being written; NULL when the evaluation has ended. */
struct script {
	struct kx_grub *g;
	char *text;
	size_t used, room;
};

static void write_bytes(struct script *s, const char *bytes, size_t size)
{
	char *larger;

	if (s->room - s->used <= size) {
		s->room = 2 * (s->used + size) + 256;
		larger = kx_grub_get(s->g, s->room);
		if (!larger) {
			*s = (struct script){ .g = s->g };
			return;
		}
		if (s->used)
			memcpy(larger, s->text, s->used);
		s->text = larger;
	}
	memcpy(s->text + s->used, bytes, size);
	s->used += size;
}

static void write_text(struct script *s, const char *text)
{
	write_bytes(s, text, strlen(text));
}

static size_t name_size(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

/* The value of a variable and a blank. False where there is none such. */
static bool write_variable(struct script *s, const char *name, size_t size)
{
	char *copy = kx_grub_copy(s->g, name, size);
	const char *value = copy ? kx_grub_env_value(s->g->env, copy) : NULL;

	if (!value)
		return false;
	write_text(s, value);
	write_text(s, " ");
	return true;
}

/* Where the next variable begins, from @at on, which is in @text; or the end. Braces are none of its; backslashes are Fedora's. */
static const char *find_variable(const struct kx_grub *g, const char *text, const char *at)
{
	while (*at && (*at != '$' || (!g->modules.blsuki && at > text && at[-1] == '\\')))
		at++;
	return at;
}

/*
 * Variables are replaced as text, whose quotes count then, and which has a blank behind it; one that was there is eaten. GRUB does
 * so by places from and to, which are the same for one character: a text of one is left out, as is a name of one that has no
 * text behind it. False where GRUB comes to nothing at all, which is not the same as to an empty text.
 */
static bool write_expanded(struct script *s, const char *text)
{
	const char *at = text, *end;
	bool any = false, last;
	size_t n;

	for (;; at = end + (*end == ' ')) {
		end = find_variable(s->g, text, at);
		if (end != text && end != at + 1) {
			write_bytes(s, at, (size_t)(end - at));
			any = true;
		}
		if (!*end)
			return any;
		do {
			at = end + 1;
			n = name_size(at);
			end = at + n;
			last = !*end || *end == '$';
			if (!last || n != 1)
				any |= write_variable(s, at, n);
			if (last && n != 1 && !any)
				return false;
		} while (*end == '$');
		if (!*end)
			return any;
	}
}

/* NULL for nothing. */
static const char *expanded(struct kx_grub *g, const char *text)
{
	struct script s = { .g = g };

	if (!text || !write_expanded(&s, text))
		return NULL;
	return s.text ? s.text : "";
}

/* The name of a file, behind a blank. */
static void write_file(struct script *s, const char *name)
{
	write_text(s, " ");
	write_text(s, device_of(s->g));
	write_text(s, name);
}

/* " ($root)/dir/NAME", in the folder of @beside. */
static void write_beside(struct script *s, const char *beside, const char *name, size_t size)
{
	const char *slash = strrchr(beside, '/');

	write_file(s, "");
	write_bytes(s, beside, slash ? (size_t)(slash + 1 - beside) : 0);
	write_bytes(s, name, size);
}

/* What the menu says of all its entries, which only Fedora's knows. */
static const char *for_all(const struct kx_grub *g, const char *variable)
{
	return g->modules.blsuki ? "" : kx_grub_value(g, variable);
}

static void write_initrds(struct script *s, const struct kx_boot_entry *entry)
{
	const char *early = for_all(s->g, "early_initrd");
	size_t n;

	if (!*early && !entry->initrd_count)
		return;
	write_text(s, "initrd");
	for (early += strspn(early, " "); *early; early += strspn(early, " ")) {
		n = strcspn(early, " ");
		write_beside(s, entry->initrd_count ? entry->initrds[0] : entry->kernel, early, n);
		early += n;
	}
	for (size_t i = 0; i < entry->initrd_count; i++)
		write_file(s, entry->initrds[i]);
	write_text(s, "\n");
}

static void write_devicetree(struct script *s, const struct kx_boot_entry *entry)
{
	const char *own = expanded(s->g, entry->devicetree);
	const char *name = own ? own : expanded(s->g, for_all(s->g, "devicetree"));

	if (!name)
		return;
	write_text(s, "devicetree");
	write_beside(s, own ? "" : entry->kernel, name, strlen(name));
	write_text(s, "\n");
}

static bool saves_default(const struct kx_grub *g)
{
	static const char *const no[] = { "", "0", "false", "disable", "no" };
	const char *value = kx_grub_value(g, "blsuki_save_default");
	bool saves = true;

	if (!g->modules.blsuki)
		return !strcmp(kx_grub_value(g, "save_default"), "true");
	for (size_t i = 0; i < KX_ARRAY_SIZE(no); i++)
		saves &= strcmp(value, no[i]) != 0;
	return saves;
}

/* What is of no use here is left out: load_video, gfxpayload, insmod; and the chainloader of a UKI, which is started without. */
static const char *script_of(struct kx_grub *g, const struct kx_boot_entry *entry)
{
	const char *options = expanded(g, entry->options);
	struct script s = { .g = g };

	write_text(&s, saves_default(g) ? "savedefault\n" : "");
	if (entry->type == KX_BOOT_UKI)
		return s.text;
	if (!options)
		options = expanded(g, for_all(g, "default_kernelopts"));
	write_text(&s, "linux");
	write_file(&s, entry->kernel);
	write_text(&s, " ");
	write_text(&s, options ? options : "");
	write_text(&s, "\n");
	write_initrds(&s, entry);
	write_devicetree(&s, entry);
	return g->flow == KX_GRUB_FAILED ? NULL : s.text;
}

/*
 * Takes over what @found holds. @device: where the command uki found it; NULL for an entry of blscfg, which knows no key "uki",
 * so that an entry with that key names no kernel. The evaluation may have ended.
 */
static void add_item(struct kx_grub *g, const char *device, struct kx_boot_entry *found)
{
	struct kx_grub_item *item = kx_grub_new_item(g);

	if (!item)
		return;
	item->bls = malloc(sizeof(*item->bls));
	if (!item->bls) {
		kx_grub_end(g, ENOMEM, "cannot allocate memory for an entry");
		return;
	}
	*item->bls = *found;
	*found = (struct kx_boot_entry){ 0 };
	item->device = device;
	item->hidden = item->device ? !!item->bls->problem
				    : item->bls->type != KX_BOOT_LINUX || !item->bls->kernel;
	item->id = kx_grub_print(g, "%s", item->bls->id ? item->bls->id : "");
	item->title = item->bls->title ? kx_grub_print(g, "%s", item->bls->title) : item->id;
	item->class = item->bls->class ? kx_grub_print(g, "%s", item->bls->class) : NULL;
	item->users = expanded(g, item->bls->users);
	item->script = item->hidden ? "" : script_of(g, item->bls);
	if (item->id && item->title)
		kx_grub_args_add(g, &item->args, (char *)(uintptr_t)item->title);
}

/* ---- which entries ----------------------------------------------------------------------------- */

/**
 * struct wanted - what a command is to look for, and what of it goes into the menu
 * @path: of a folder or file, as it was given; NULL for where entries usually are
 * @fall_back: there, too, when there are none in @path
 * @defaults: the default; @others: what is not; @id: the one of this name; NULL
 */
struct wanted {
	enum kx_bls_command command;
	const char *path;
	bool fall_back, defaults, others;
	const char *id;
};

/* What an id and the suffix of its file's name make, for blsuki; else the id. */
static bool is_named(struct kx_grub *g, enum kx_bls_command command,
		     const struct kx_boot_entry *entry, const char *name)
{
	const char *id = entry->id ? entry->id : "";

	if (command == KX_BLS_BLSUKI)
		id = kx_grub_print(g, "%s.conf", id);
	return id && !strcmp(name, id);
}

/* Is it the default? By its number among those that were found, too; for blsuki that must be nothing but a number. */
static bool is_default(struct kx_grub *g, enum kx_bls_command command,
		       const struct kx_boot_entry *entry, size_t number)
{
	const char *wanted = kx_grub_value(g, "default");
	char *end;
	unsigned long n = strtoul(wanted, &end, 0);

	if (is_named(g, command, entry, wanted) || (entry->title && !strcmp(wanted, entry->title)))
		return true;
	return end != wanted && n == number && (command == KX_BLS_FEDORA || !*end);
}

/* Fedora's remembers what is in the menu already. */
static bool is_there(const struct kx_grub *g, const struct kx_boot_entry *entry)
{
	for (const struct kx_grub_item *item = g->menu->first; item; item = item->next)
		if (item->bls && entry->id && !strcmp(item->id, entry->id))
			return true;
	return false;
}

static bool is_wanted(struct kx_grub *g, const struct wanted *wanted,
		      const struct kx_boot_entry *entry, size_t number)
{
	if (wanted->command == KX_BLS_FEDORA && is_there(g, entry))
		return false;
	if (wanted->id && is_named(g, wanted->command, entry, wanted->id))
		return true;
	return is_default(g, wanted->command, entry, number) ? wanted->defaults : wanted->others;
}

/*
 * Those of @folder. What is read counts as all that is read. Errors: those of kx_bls_read_grub(), and the evaluation has ended
 * with -E2BIG.
 */
static int read_folder(struct kx_grub *g, enum kx_bls_command command, const char *device,
		       const char *folder, struct kx_boot_entries *ret)
{
	size_t budget = KX_GRUB_READ_MAX - g->bytes_read;
	int r = kx_bls_read_grub(g->config->fs, command, device, folder, &budget, ret);

	g->bytes_read = KX_GRUB_READ_MAX - budget;
	if (r == -E2BIG)
		return kx_grub_end(g, E2BIG,
				   "blscfg: there are more than %d entries, or with them more than "
				   "%d MiB have been read",
				   KX_BOOT_ENTRIES_MAX, KX_GRUB_READ_MAX >> 20);
	return r;
}

/* Puts what is wanted of @place into the menu; where that is no folder, of where entries usually are. */
static int add_wanted(struct kx_grub *g, const struct wanted *wanted, struct kx_grub_file place)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries found = { 0 };
	const char *usual = wanted->command == KX_BLS_UKI ? "/EFI/Linux" : "/loader/entries";
	const char *first = place.path ? place.path : usual;
	bool again = wanted->fall_back;
	const char *ukis = wanted->command == KX_BLS_UKI ? place.device : NULL;
	int r = read_folder(g, wanted->command, place.device, first, &found);

	if (wanted->command == KX_BLS_FEDORA && !wanted->path) {
		usual = "/boot/loader/entries";
		again = r < 0 && r != -ENOMEM;
	}
	if (again && !found.count && g->flow != KX_GRUB_FAILED)
		r = read_folder(g, wanted->command, place.device, usual, &found);
	if (g->flow == KX_GRUB_FAILED)
		return g->failure;
	if (r == -ENODEV)
		return kx_grub_complain(g, KX_GRUB_NO_DEVICE, "blscfg: no such device: %s",
					place.device);
	/* GRUB finds none, and is content. */
	if (r < 0)
		return kx_grub_complain(g, KX_GRUB_OK, "blscfg: (%s)%s: %s", place.device, first,
					strerror(-r));
	for (size_t i = 0; i < found.count && kx_grub_step(g); i++)
		if (is_wanted(g, wanted, &found.v[i], i))
			add_item(g, ukis, &found.v[i]);
	return KX_GRUB_OK;
}

/* "(device" is none. */
static bool names_device(const char *path)
{
	return path && path[0] == '(' && strchr(path, ')');
}

/* ---- Fedora's ---------------------------------------------------------------------------------- */

/* Of one argument, "(device)/folder" or "(device)/entry.conf" is where they are; else it says which of them. */
static int run_fedora(struct kx_grub *g, struct kx_grub_args args)
{
	const char *word = args.count == 1 ? args.v[0] : NULL;
	struct wanted wanted = { .path = word && word[0] == '(' ? word : NULL };
	struct kx_grub_file place = { .device = kx_grub_value(g, "root") };
	const char *folder = kx_grub_value(g, "blsdir");

	if (wanted.path && !names_device(word))
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "blscfg: no such folder: %s",
					word);
	wanted.defaults = !word || wanted.path || !strcmp(word, "default");
	wanted.others = !word || wanted.path || !strcmp(word, "non-default");
	wanted.id = wanted.defaults || wanted.others ? NULL : word;
	if (wanted.path)
		place = kx_grub_file_of(g, wanted.path);
	else if (*folder)
		place.path = folder;
	return add_wanted(g, &wanted, place);
}

/* ---- GRUB's own -------------------------------------------------------------------------------- */

/* The manual's "blscfg". */
static const struct {
	const char *name;
	char letter;
	bool value;
} options[] = {
	{ "path", 'p', true },
	{ "entry", 'e', true },
	{ "enable-fallback", 'f', false },
	{ "show-default", 'd', false },
	{ "show-non-default", 'n', false },
};

static void take_option(struct wanted *wanted, char letter, const char *value)
{
	if (letter == 'p')
		wanted->path = value;
	else if (letter == 'e')
		wanted->id = value;
	wanted->fall_back |= letter == 'f';
	wanted->defaults |= letter == 'd';
	wanted->others |= letter == 'n';
}

/* Which one of the options; their count for none. */
static size_t find_long(const char *name, size_t size)
{
	size_t i = 0;

	while (i < KX_ARRAY_SIZE(options) &&
	       (strncmp(options[i].name, name, size) != 0 || options[i].name[size]))
		i++;
	return i;
}

static size_t find_letter(char letter)
{
	size_t i = 0;

	while (i < KX_ARRAY_SIZE(options) && options[i].letter != letter)
		i++;
	return i;
}

/* "--path=DIR", "--path DIR", "-p DIR", "-df", at args.v[*i]. False for what GRUB does not take. */
static bool parse_option(struct wanted *wanted, struct kx_grub_args args, int *i)
{
	const char *word = args.v[*i], *value = NULL;
	bool is_long = word[0] == '-' && word[1] == '-';
	size_t n;

	if (word[0] != '-' || !word[1] || !strcmp(word, "--"))
		return false;
	for (word++; !is_long && word[1]; word++) {
		n = find_letter(*word);
		if (n == KX_ARRAY_SIZE(options) || options[n].value)
			return false;
		take_option(wanted, *word, NULL);
	}
	if (is_long) {
		n = strcspn(++word, "=");
		value = word[n] ? word + n + 1 : NULL;
		n = find_long(word, n);
	} else {
		n = find_letter(*word);
	}
	if (n == KX_ARRAY_SIZE(options))
		return false;
	if (options[n].value && !value && *i + 1 < args.count &&
	    (!is_long || args.v[*i + 1][0] != '-'))
		value = args.v[++*i];
	take_option(wanted, options[n].letter, value);
	return !value == !options[n].value;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n >= m && !strcmp(name + n - m, suffix);
}

/*
 * Where @wanted says; a folder's name is "(device)/folder" or begins with a slash, and what is neither does not count. Return: a
 * status.
 */
static int find_place(struct kx_grub *g, const struct wanted *wanted, const char *device,
		      struct kx_grub_file *ret)
{
	const struct kx_boot_fs *fs = g->config->fs;
	const char *path = wanted->path;
	bool file = path && ends_in(path, wanted->command == KX_BLS_UKI ? ".efi" : ".conf");
	struct kx_boot_stat st;

	*ret = (struct kx_grub_file){ .device = device };
	if (path && path[0] == '(' && !names_device(path))
		return KX_GRUB_BAD_ARGUMENT;
	if (!path || (path[0] != '(' && path[0] != '/'))
		return file ? KX_GRUB_BAD_FILENAME : KX_GRUB_OK;
	if (!file && path[0] == '/') {
		ret->path = path;
		return KX_GRUB_OK;
	}
	*ret = kx_grub_file_of(g, path);
	if (!ret->path || (file && fs->stat(fs->ctx, ret->device, ret->path, &st) < 0))
		return KX_GRUB_NOT_FOUND;
	return KX_GRUB_OK;
}

static int run_blsuki(struct kx_grub *g, enum kx_bls_command command, const char *device,
		      struct kx_grub_args args)
{
	struct wanted wanted = { .command = command };
	struct kx_grub_file place;
	int status;

	if (args.count && !strcmp(args.v[args.count - 1], "--"))
		args.count--;
	for (int i = 0; i < args.count; i++)
		if (!parse_option(&wanted, args, &i))
			return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT,
						"blscfg and uki do not take %s",
						args.v[i < args.count ? i : args.count - 1]);
	if (!wanted.defaults && !wanted.others && !wanted.id)
		wanted.defaults = wanted.others = true;
	status = find_place(g, &wanted, device, &place);
	if (status)
		return kx_grub_complain(g, status, "no such file or folder: %s", wanted.path);
	return add_wanted(g, &wanted, place);
}

int kx_grub_blscfg(struct kx_grub *g, struct kx_grub_args args)
{
	for (int i = 0; i < args.count; i++)
		g->modules.blsuki |= args.v[i][0] == '-';
	if (!g->modules.blsuki)
		return run_fedora(g, args);
	return run_blsuki(g, KX_BLS_BLSUKI, kx_grub_value(g, "root"), args);
}

/* Only GRUB for UEFI has it. Without a device it is about the ESP that GRUB was started from. */
int kx_grub_uki(struct kx_grub *g, struct kx_grub_args args)
{
	const struct kx_grub_config *config = g->config;

	if (!config->platform || strcmp(config->platform, "efi") != 0)
		return kx_grub_complain(g, KX_GRUB_OK, "no such command: uki");
	if (!config->esp)
		return kx_grub_complain(g, KX_GRUB_NO_DEVICE, "uki: no EFI system partition");
	g->modules.blsuki |= !g->modules.blscfg;
	return run_blsuki(g, KX_BLS_UKI, config->esp, args);
}
