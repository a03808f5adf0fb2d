// SPDX-License-Identifier: LGPL-2.1-or-later
/* GRUB's menus: what is in them, which entry is the default, what each comes to. */
#include "boot/grub_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "util.h"

/* ---- menuentry and submenu --------------------------------------------------------------------- */

struct kx_grub_item *kx_grub_new_item(struct kx_grub *g)
{
	struct kx_grub_item *item;

	if (g->menu->count >= KX_BOOT_ENTRIES_MAX) {
		kx_grub_end(g, E2BIG, "more than %d entries", KX_BOOT_ENTRIES_MAX);
		return NULL;
	}
	item = kx_grub_get(g, sizeof(*item));
	if (!item)
		return NULL;
	*g->menu->end = item;
	g->menu->end = &item->next;
	g->menu->count++;
	return item;
}

static void free_menu(struct kx_grub_menu *menu)
{
	for (struct kx_grub_item *item = menu->first; item; item = item->next) {
		if (item->bls)
			kx_boot_entry_clear(item->bls);
		free(item->bls);
	}
	*menu = (struct kx_grub_menu){ .end = &menu->first };
}

/* The value of --NAME VALUE or --NAME=VALUE at *@i, or NULL. */
static char *option_value(struct kx_grub_args args, int *i, const char *name)
{
	char *word = args.v[*i];
	size_t n = strlen(name);

	if (word[0] != '-' || word[1] != '-' || strncmp(word + 2, name, n) != 0)
		return NULL;
	if (word[2 + n] == '=')
		return word + 3 + n;
	return !word[2 + n] && *i + 1 < args.count ? args.v[++*i] : NULL;
}

/* Takes an option; false when the word is none. *ret_bad: its value is missing. */
static bool item_option(struct kx_grub *g, struct kx_grub_item *item, struct kx_grub_args args,
			int *i, bool *ret_bad)
{
	static const char *const names[] = { "id", "users", "class", "hotkey", "source" };
	const char *value;

	if (!strcmp(args.v[*i], "--unrestricted"))
		return true;
	value = option_value(args, i, "id");
	if (value)
		return (item->id = value);
	value = option_value(args, i, "users");
	if (value)
		return (item->users = value);
	value = option_value(args, i, "class");
	if (value) {
		item->class = item->class ? kx_grub_print(g, "%s %s", item->class, value) : value;
		return true;
	}
	for (size_t j = 0; j < KX_ARRAY_SIZE(names); j++) {
		if (option_value(args, i, names[j]))
			return true;
		*ret_bad |= !strncmp(args.v[*i], "--", 2) && !strcmp(args.v[*i] + 2, names[j]);
	}
	return false;
}

int kx_grub_add_menu_item(struct kx_grub *g, const struct kx_grub_command *command,
			  struct kx_grub_args args, bool submenu)
{
	struct kx_grub_item found = { .command = command, .submenu = submenu };
	struct kx_grub_item *item;
	bool options = true, bad = false;

	for (int i = 0; i < args.count; i++) {
		if (options && !strcmp(args.v[i], "--")) {
			options = false;
			continue;
		}
		if (options && item_option(g, &found, args, &i, &bad))
			continue;
		if (!kx_grub_args_add(g, &found.args, args.v[i]))
			return KX_GRUB_BAD_ARGUMENT;
	}
	if (bad)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT,
					"an option of a menu entry without its value");
	if (!found.args.count)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "a menu entry without a title");
	if (!command->block)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "a menu entry without { }: %s",
					found.args.v[0]);
	found.title = found.args.v[0];
	if (!found.id)
		found.id = found.title;
	item = kx_grub_new_item(g);
	if (!item)
		return KX_GRUB_BAD_ARGUMENT;
	*item = found;
	return KX_GRUB_OK;
}

/* ---- what an entry comes to -------------------------------------------------------------------- */

static int locate(struct kx_grub *g, const struct kx_grub_file *file, char **ret)
{
	const struct kx_boot_fs *fs = g->config->fs;

	if (!file->path)
		return 0;
	return fs->locate(fs->ctx, file->device, file->path, ret);
}

static int copy_files(struct kx_grub *g, struct kx_boot_entry *entry)
{
	int r = locate(g, &g->boot.kernel, &entry->kernel);

	if (!r)
		r = locate(g, &g->boot.devicetree, &entry->devicetree);
	for (size_t i = 0; !r && i < g->boot.file_count; i++) {
		_cleanup_free_ char *path = NULL;

		r = locate(g, &g->boot.files[i], &path);
		if (r < 0)
			break;
		r = g->boot.type == KX_BOOT_MULTIBOOT
			    ? kx_boot_modules_add(entry, path, g->boot.files[i].args)
			    : kx_boot_strings_add(&entry->initrds, &entry->initrd_count, path);
	}
	return r;
}

static int set_string(char **to, const char *s)
{
	char *copy = s ? strdup(s) : NULL;

	if (s && !copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

/* From what the commands have been told to the entry. */
static int finish_entry(struct kx_grub *g, struct kx_boot_entry *entry)
{
	const char *problem = g->boot.problem;
	int r = copy_files(g, entry);

	entry->type = g->boot.type;
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		problem = kx_grub_print(g, "(%s)%s: %s", g->boot.kernel.device, g->boot.kernel.path,
					strerror(-r));
		r = 0;
	} else if (g->boot.type == KX_BOOT_NONE && !problem) {
		problem = "it loads nothing that could be started";
	} else if (g->boot.type != KX_BOOT_NONE && !g->boot.refused) {
		problem = g->doubt;
	}
	if (g->boot.kernel.args && *g->boot.kernel.args)
		r = set_string(&entry->options, g->boot.kernel.args);
	return r < 0 ? r : set_string(&entry->problem, problem);
}

/* "sub>entry"; GRUB takes > twice for one that is part of a name. */
static char *path_of(struct kx_grub *g, const char *above, const char *name)
{
	char *path = kx_grub_get(g, strlen(above) + 2 * strlen(name) + 2);
	char *to = path;

	if (!path)
		return NULL;
	to = stpcpy(to, above);
	if (*above)
		*to++ = '>';
	for (; *name; name++) {
		*to++ = *name;
		if (*name == '>')
			*to++ = '>';
	}
	return path;
}

/* Where a menu is, and what leads there. */
struct level {
	const char *ids;
	const char *titles;
	unsigned depth;
};

static int describe_bls(const struct kx_grub_item *item, struct kx_boot_entry *entry)
{
	entry->version = kx_steal(item->bls->version);
	entry->architecture = kx_steal(item->bls->architecture);
	entry->source_file = kx_steal(item->bls->source_file);
	if (!item->hidden)
		return 0;
	return set_string(&entry->problem, item->bls->problem
						   ? item->bls->problem
						   : "GRUB passes it over, as it names no kernel");
}

static int describe(struct kx_grub *g, const struct kx_grub_item *item, const struct level *level,
		    struct kx_boot_entry *entry)
{
	const struct kx_boot_fs *fs = g->config->fs;
	char *id = path_of(g, level->ids, item->id);
	struct kx_grub_file file;
	int r = id ? set_string(&entry->id, id) : g->failure;

	entry->source_kind = item->bls ? item->bls->source_kind : "grub";
	if (!r)
		r = set_string(&entry->title, item->title);
	if (!r && *level->titles)
		r = set_string(&entry->menu, level->titles);
	if (!r)
		r = set_string(&entry->class, item->class);
	if (!r)
		r = set_string(&entry->users, item->users);
	if (!r && item->bls)
		r = describe_bls(item, entry);
	if (r < 0 || !item->command)
		return r;
	entry->source_line = item->command->line;
	file = kx_grub_file_of(g, item->command->file);
	if (!file.path)
		return g->failure;
	fs->locate(fs->ctx, file.device, file.path, &entry->source_file);
	return 0;
}

/* What is in @text as a whole word. */
static bool has_word(const char *text, const char *word)
{
	size_t n;

	for (; text && *text; text += n + strspn(text + n, " ")) {
		n = strcspn(text, " ");
		if (n == strlen(word) && !strncmp(text, word, n))
			return true;
	}
	return false;
}

/*
 * What os-prober found, as grub-mkconfig writes it down: with such ids, or in a title of the class "os" the device of the
 * other system, "Debian GNU/Linux 12 (on /dev/sdb1)".
 */
static bool is_of_another_system(const struct kx_grub_item *item, const struct level *level)
{
	const char *device = strstr(item->title, " /dev/");

	return !strncmp(item->id, "osprober-", 9) || !strncmp(level->ids, "osprober-", 9) ||
	       strstr(level->ids, ">osprober-") ||
	       (has_word(item->class, "os") && device && strchr(device, ')'));
}

/*
 * Its files are on a disk of the other system, which is not looked for: where that is not there they would be taken for
 * this system's, which has files of the same names.
 */
static void refuse_another_system(struct kx_grub *g, const struct kx_grub_item *item)
{
	bool kernel = !strncmp(item->id, "osprober-gnulinux-", 18);

	g->boot.type = kernel ? KX_BOOT_LINUX : KX_BOOT_CHAINLOAD;
	g->boot.refused = true;
	g->boot.problem =
		"belongs to another system, which os-prober found: start it from the boot "
		"loader";
}

/* The environment of an entry's body: that of its menu, or what of it is exported, for a submenu. */
static bool enter(struct kx_grub *g, const struct kx_grub_item *item, const struct level *level,
		  struct kx_grub_env *env, const char *rest)
{
	char *chosen;

	if (kx_grub_env_copy(&g->arena, g->env, item->submenu, env) < 0) {
		kx_grub_get(g, KX_GRUB_MEMORY_MAX);
		return false;
	}
	g->env = env;
	g->boot = (struct kx_grub_boot){ 0 };
	g->doubt = NULL;
	g->steps = 0;
	g->at = item->command;
	chosen = path_of(g, level->ids, item->id);
	if (!chosen)
		return false;
	kx_grub_set(g, "chosen", chosen);
	kx_grub_set(g, "default", rest);
	if (kx_grub_env_export(&g->arena, env, "chosen") < 0)
		return false;
	return g->flow != KX_GRUB_FAILED;
}

/* As a function's body, but line by line. */
static void run_script(struct kx_grub *g, const struct kx_grub_item *item, struct kx_grub_args args)
{
	g->args = &args;
	kx_grub_run_text(g, item->bls->source_file ? item->bls->source_file : item->id,
			 item->script, strlen(item->script));
	g->args = NULL;
	if (g->flow == KX_GRUB_RETURN)
		g->flow = KX_GRUB_GO_ON;
	if (item->device)
		g->boot = (struct kx_grub_boot){ .type = KX_BOOT_UKI,
						 .kernel = { item->device, item->bls->kernel,
							     item->bls->options } };
}

static void run_body(struct kx_grub *g, const struct kx_grub_item *item)
{
	struct kx_grub_args args = kx_grub_args_from(item->args, 0);
	char **copy;

	/* shift and setparams change them. */
	copy = kx_grub_get(g, (size_t)args.count * sizeof(*copy));
	if (!copy)
		return;
	memcpy(copy, args.v, (size_t)args.count * sizeof(*copy));
	args.v = copy;
	if (item->bls)
		run_script(g, item, args);
	else
		kx_grub_call(g, item->command->block, args);
	if (g->flow == KX_GRUB_STOP)
		g->flow = KX_GRUB_GO_ON;
}

static int add(struct kx_grub *g, struct kx_boot_entry *entry)
{
	int r = kx_boot_entries_add(g->out, entry);

	if (r == -E2BIG)
		return kx_grub_end(g, E2BIG, "more than %d entries", KX_BOOT_ENTRIES_MAX);
	return r < 0 ? kx_grub_end(g, -r, "cannot allocate memory for an entry") : 0;
}

/*
 * What running an entry's body must not leave behind. Menu entries that it adds are its own: all that it allocates goes
 * with it.
 */
struct scope {
	struct kx_grub_env *env;
	struct kx_grub_function *functions;
	struct kx_grub_menu *outer, menu;
	struct kx_grub_mark mark;
	int status;
	struct kx_grub_modules modules;
};

static void scope_open(struct kx_grub *g, struct scope *scope)
{
	*scope = (struct scope){ g->env,
				 g->functions,
				 g->menu,
				 { .end = &scope->menu.first },
				 kx_grub_arena_mark(&g->arena),
				 g->status,
				 g->modules };
	g->menu = &scope->menu;
}

static void scope_close(struct kx_grub *g, struct scope *scope)
{
	free_menu(g->menu);
	g->menu = scope->outer;
	g->functions = scope->functions;
	g->env = scope->env;
	g->status = scope->status;
	g->modules = scope->modules;
	g->at = NULL;
	kx_grub_arena_release(&g->arena, scope->mark);
}

static void evaluate_entry(struct kx_grub *g, const struct kx_grub_item *item,
			   const struct level *level)
{
	_cleanup_(kx_boot_entry_clear) struct kx_boot_entry entry = { 0 };
	struct kx_grub_env env;
	struct scope scope;
	int r = 0;

	scope_open(g, &scope);
	g->entry = &entry;
	if (enter(g, item, level, &env, "")) {
		if (is_of_another_system(item, level))
			refuse_another_system(g, item);
		else
			run_body(g, item);
		if (g->flow != KX_GRUB_FAILED)
			r = finish_entry(g, &entry);
		if (!r && g->flow != KX_GRUB_FAILED)
			r = describe(g, item, level, &entry);
		if (r < 0)
			kx_grub_end(g, ENOMEM, "cannot allocate memory for an entry");
		else if (g->flow != KX_GRUB_FAILED)
			add(g, &entry);
	}
	g->entry = NULL;
	g->boot = (struct kx_grub_boot){ 0 };
	scope_close(g, &scope);
}

/* ---- the default ------------------------------------------------------------------------------- */

/* A name up to a single >; what is behind that is for the submenu. */
static char *first_name(struct kx_grub *g, const char *s, const char **rest)
{
	char *name = kx_grub_get(g, strlen(s) + 1);
	char *to = name;

	for (; name && *s; s++) {
		if (*s == '>' && s[1] != '>')
			break;
		s += *s == '>';
		*to++ = *s;
	}
	*rest = *s ? s + 1 : s;
	return name;
}

/* @item, or the next one that GRUB shows. */
static struct kx_grub_item *shown(struct kx_grub_item *item)
{
	while (item && item->hidden)
		item = item->next;
	return item;
}

static struct kx_grub_item *find_named(const struct kx_grub_menu *menu, const char *name, bool ids,
				       bool titles)
{
	struct kx_grub_item *item = shown(menu->first);

	while (item && !(ids && !strcmp(item->id, name)) && !(titles && !strcmp(item->title, name)))
		item = shown(item->next);
	return item;
}

static struct kx_grub_item *find_number(const struct kx_grub_menu *menu, unsigned long n)
{
	struct kx_grub_item *item = shown(menu->first);

	for (; n && item; n--)
		item = shown(item->next);
	return item;
}

/*
 * The one that is meant; NULL if there is none such. A number is one whatever stands behind it, and goes before ids and titles. Not
 * so in Fedora's GRUB (grub-core/normal/menu.c there), which is told by its blscfg, since there ids begin with digits.
 */
static struct kx_grub_item *find_item(const struct kx_grub *g, const struct kx_grub_menu *menu,
				      const char *name)
{
	bool digit = *name >= '0' && *name <= '9', bls = false;
	struct kx_grub_item *found;
	char *end;
	unsigned long n = strtoul(name, &end, 0);

	for (const struct kx_grub_item *item = menu->first; item; item = item->next)
		bls |= !!item->bls;
	if (!bls || g->modules.blsuki)
		return digit ? find_number(menu, n) : find_named(menu, name, true, true);
	found = find_named(menu, name, true, false);
	if (!found)
		found = find_named(menu, name, false, true);
	return found || !digit || *end ? found : find_number(menu, n);
}

static void evaluate_menu(struct kx_grub *g, struct kx_grub_menu *menu, const struct level *level,
			  bool has_default);

/* Puts copies before those that @entry has. */
static int prepend_effects(const struct kx_boot_effect *v, size_t count,
			   struct kx_boot_entry *entry)
{
	struct kx_boot_effect *own = entry->effects;
	size_t own_count = entry->effect_count;
	int r = 0;

	entry->effects = NULL;
	entry->effect_count = 0;
	for (size_t i = 0; r == 0 && i < count + own_count; i++) {
		const struct kx_boot_effect *e = i < count ? &v[i] : &own[i - count];

		r = kx_boot_effects_add(&entry->effects, &entry->effect_count, e->file, e->name,
					e->value);
	}
	kx_boot_effects_clear(own, own_count);
	return r;
}

/*
 * What a submenu's body would write down, of the effects from @first on, is written when one of its entries is chosen,
 * which are those from @entry on.
 */
static void give_effects(struct kx_grub *g, size_t first, size_t entry)
{
	struct kx_boot_entries *out = g->out;
	size_t count = out->effect_count - first;
	int r = 0;

	g->steps = 0;
	for (size_t i = entry; count && r == 0 && i < out->count; i++) {
		g->steps_total += count;
		if (kx_grub_step(g))
			r = prepend_effects(&out->effects[first], count, &out->v[i]);
	}
	if (r < 0)
		kx_grub_end(g, ENOMEM, "cannot allocate memory for what save_env would write");
	while (out->effect_count > first)
		kx_boot_effect_clear(&out->effects[--out->effect_count]);
}

static void evaluate_submenu(struct kx_grub *g, const struct kx_grub_item *item,
			     const struct level *level, bool is_default, const char *rest)
{
	struct kx_grub_env env;
	struct scope scope;
	struct level inner = { .depth = level->depth + 1 };
	size_t effects = g->out->effect_count, entries = g->out->count;

	if (inner.depth > 16) {
		kx_grub_end(g, E2BIG, "more than 16 submenus inside one another");
		return;
	}
	scope_open(g, &scope);
	inner.ids = path_of(g, level->ids, item->id);
	inner.titles = path_of(g, level->titles, item->title);
	if (inner.ids && inner.titles && enter(g, item, level, &env, rest)) {
		run_body(g, item);
		if (g->flow != KX_GRUB_FAILED)
			evaluate_menu(g, g->menu, &inner, is_default);
	}
	give_effects(g, effects, entries);
	scope_close(g, &scope);
}

static bool is_bootable(const struct kx_grub *g, size_t index)
{
	return index < g->out->count && g->out->v[index].type != KX_BOOT_NONE;
}

/* Which of the entries is the default's? Where nothing can be loaded, GRUB goes on with those of `fallback`. */
static void mark_default(struct kx_grub *g, const struct kx_grub_menu *menu,
			 const struct kx_grub_item *item)
{
	_cleanup_free_ char *names = strdup(kx_grub_value(g, "fallback"));
	const struct kx_grub_item *other;
	char *at = names, *name;

	if (!names) {
		kx_grub_end(g, ENOMEM, "cannot allocate memory for a name");
		return;
	}
	if (!item->submenu && !is_bootable(g, item->out)) {
		while ((name = strsep(&at, " "))) {
			other = *name ? find_item(g, menu, name) : NULL;
			if (other && !other->submenu && is_bootable(g, other->out)) {
				item = other;
				break;
			}
		}
	}
	if (!item->submenu && item->out < g->out->count)
		g->out->v[item->out].is_default = true;
}

static void evaluate_menu(struct kx_grub *g, struct kx_grub_menu *menu, const struct level *level,
			  bool has_default)
{
	const char *rest = "";
	char *name = first_name(g, kx_grub_value(g, "default"), &rest);
	struct kx_grub_item *chosen = name && *name ? find_item(g, menu, name) : NULL;

	if (!chosen)
		chosen = shown(menu->first);
	for (struct kx_grub_item *item = menu->first; item && g->flow == KX_GRUB_GO_ON;
	     item = item->next) {
		bool is_default = has_default && item == chosen;

		item->out = (unsigned)g->out->count;
		if (item->submenu)
			evaluate_submenu(g, item, level, is_default, is_default ? rest : "");
		else
			evaluate_entry(g, item, level);
	}
	if (has_default && chosen && g->flow == KX_GRUB_GO_ON)
		mark_default(g, menu, chosen);
}

/* ---- the whole --------------------------------------------------------------------------------- */

/* A file's menu is one of its own, in an environment of what is exported. GRUB stays there if there is anything in it. */
void kx_grub_configfile(struct kx_grub *g, const char *name)
{
	struct kx_grub_env *env = kx_grub_get(g, sizeof(*env)), *before = g->env;
	struct kx_grub_menu *menu = kx_grub_get(g, sizeof(*menu)), *outer = g->menu;
	struct kx_grub_args *args = g->args;
	const char *file, *directory;
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (!env || !menu)
		return;
	if (g->entry) {
		g->boot = (struct kx_grub_boot){ .refused = true };
		g->boot.problem = kx_grub_print(g, "it shows another menu: %s", name);
		g->flow = KX_GRUB_STOP;
		return;
	}
	if (kx_grub_read_file(g, name, &text, &size) < 0 ||
	    kx_grub_env_copy(&g->arena, before, true, env) < 0)
		return;
	menu->end = &menu->first;
	name = kx_grub_full_name(g, name);
	if (!name)
		return;
	g->env = env;
	g->menu = menu;
	g->args = NULL;
	file = kx_grub_value(g, "config_file");
	directory = kx_grub_value(g, "config_directory");
	kx_grub_set_config(g, name);
	kx_grub_run_text(g, name, text, size);
	/* These are only for the time of reading. */
	kx_grub_set(g, "config_file", file);
	kx_grub_set(g, "config_directory", directory);
	g->args = args;
	/* Its own, or that of a file that it went on to. */
	if (g->menu->first) {
		free_menu(outer);
		if (g->flow == KX_GRUB_GO_ON)
			g->flow = KX_GRUB_STOP;
		return;
	}
	g->env = before;
	g->menu = outer;
}

/* Variables that are there before the first line runs: what 2.06 on a PC shows. */
static const struct {
	const char *name, *value;
} initial[] = {
	{ "color_highlight", "black/light-gray" },
	{ "color_normal", "light-gray/black" },
	{ "feature_200_final", "y" },
	{ "feature_all_video_module", "y" },
	{ "feature_chainloader_bpb", "y" },
	{ "feature_default_font_path", "y" },
	{ "feature_menuentry_id", "y" },
	{ "feature_menuentry_options", "y" },
	{ "feature_nativedisk_cmd", "y" },
	{ "feature_ntldr", "y" },
	{ "feature_platform_search_hint", "y" },
	{ "feature_timeout_style", "y" },
	{ "lang", "" },
	{ "locale_dir", "" },
	{ "pager", "" },
	{ "secondary_locale_dir", "" },
};

static void set_exported(struct kx_grub *g, const char *name, const char *value)
{
	if (!value)
		return;
	kx_grub_set(g, name, value);
	if (g->flow != KX_GRUB_FAILED && kx_grub_env_export(&g->arena, g->env, name) < 0)
		kx_grub_get(g, KX_GRUB_MEMORY_MAX);
}

/* @name has a slash, since kx_grub_full_name() put one there. */
void kx_grub_set_config(struct kx_grub *g, const char *name)
{
	set_exported(g, "config_file", name);
	set_exported(g, "config_directory",
		     kx_grub_copy(g, name, (size_t)(strrchr(name, '/') - name)));
}

static void set_initial(struct kx_grub *g)
{
	const struct kx_grub_config *config = g->config;
	const char *name, *device;

	for (size_t i = 0; i < KX_ARRAY_SIZE(initial); i++)
		set_exported(g, initial[i].name, initial[i].value);
	set_exported(g, "grub_platform", config->platform ? config->platform : "pc");
	set_exported(g, "grub_cpu", config->cpu ? config->cpu : "i386");
	for (const char *const *v = config->variables; v && *v; v += 2)
		set_exported(g, v[0], v[1]);
	device = kx_grub_copy(g, config->device, strlen(config->device));
	set_exported(g, "root", device);
	name = kx_grub_full_name(g, config->path);
	if (!name)
		return;
	kx_grub_set_config(g, name);
	set_exported(g, "prefix", kx_grub_value(g, "config_directory"));
}

/* A configuration without a menu that ends in `boot`. */
static void add_booted(struct kx_grub *g)
{
	_cleanup_(kx_boot_entry_clear) struct kx_boot_entry entry = { .is_default = true };
	struct kx_grub_item item = { .id = "boot", .title = "boot" };
	const struct level top = { "", "", 0 };
	int r = finish_entry(g, &entry);

	if (!r)
		r = describe(g, &item, &top, &entry);
	if (r < 0)
		kx_grub_end(g, ENOMEM, "cannot allocate memory for an entry");
	else
		add(g, &entry);
}

/* Seconds; for ever where that is no number. */
static int timeout_of(struct kx_grub *g)
{
	const char *text = kx_grub_value(g, "timeout"), *end;
	int64_t n;

	if (!*text)
		return -1;
	n = kx_grub_number(g, text, &end);
	if (end == text || n < 0)
		return -1;
	return n < INT_MAX ? (int)n : INT_MAX;
}

static void evaluate(struct kx_grub *g, const char *text, size_t size)
{
	const struct level top = { "", "", 0 };

	set_initial(g);
	if (g->flow == KX_GRUB_GO_ON)
		kx_grub_run_text(g, kx_grub_value(g, "config_file"), text, size);
	if (g->flow == KX_GRUB_FAILED)
		return;
	g->flow = KX_GRUB_GO_ON;
	kx_grub_set(g, "config_file", NULL);
	kx_grub_set(g, "config_directory", NULL);
	g->args = NULL;
	g->loops = 0;
	g->at = NULL;
	g->out->timeout = timeout_of(g);
	if (g->booted)
		add_booted(g);
	else if (g->menu->first)
		evaluate_menu(g, g->menu, &top, true);
}

int kx_grub_read(const struct kx_grub_config *config, struct kx_boot_entries *ret,
		 struct kx_error *err)
{
	const struct kx_boot_fs *fs = config->fs;
	struct kx_boot_entries out = { 0 };
	struct kx_grub_env env = { .count = 0 };
	struct kx_grub_menu menu = { .end = &menu.first };
	struct kx_grub g = {
		.config = config, .out = &out, .env = &env, .menu = &menu, .err = err
	};
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	g.steps_max = config->steps_max ? config->steps_max : KX_GRUB_STEPS_MAX;
	r = fs->read(fs->ctx, config->device, config->path, KX_GRUB_FILE_MAX, &text, &size);
	if (r == -EFBIG)
		return kx_fail(err, E2BIG, "%s: more than %d MiB", config->path,
			       KX_GRUB_FILE_MAX >> 20);
	if (r < 0)
		return kx_fail(err, -r, "cannot read %s: %s", config->path, strerror(-r));
	evaluate(&g, text, size);
	free_menu(g.menu);
	kx_grub_arena_clear(&g.arena);
	if (g.flow == KX_GRUB_FAILED) {
		kx_boot_entries_clear(&out);
		return g.failure;
	}
	*ret = out;
	return 0;
}
