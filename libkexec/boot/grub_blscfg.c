// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The command blscfg of Fedora's GRUB and its descendants': of each entry of loader/entries it makes a script. What it
 * does is not in any manual; it is after grub-core/commands/blscfg.c of github.com/rhboot/grub2.
 */
#include "boot/bls.h"
#include "boot/grub_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* What names of files stand behind. */
#define DEVICE "($root)"

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

/* Where the next variable begins, from @at on, which is in @text; or the end. Braces are none of its. */
static const char *find_variable(const char *text, const char *at)
{
	while (*at && (*at != '$' || (at > text && at[-1] == '\\')))
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
		end = find_variable(text, at);
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

/* " ($root)/dir/NAME", in the folder of @beside. */
static void write_beside(struct script *s, const char *beside, const char *name, size_t size)
{
	const char *slash = strrchr(beside, '/');

	write_text(s, " " DEVICE);
	write_bytes(s, beside, slash ? (size_t)(slash + 1 - beside) : 0);
	write_bytes(s, name, size);
}

static void write_initrds(struct script *s, const struct kx_boot_entry *entry)
{
	const char *early = kx_grub_value(s->g, "early_initrd");
	size_t n;

	if (!*early && !entry->initrd_count)
		return;
	write_text(s, "initrd");
	for (early += strspn(early, " "); *early; early += strspn(early, " ")) {
		n = strcspn(early, " ");
		write_beside(s, entry->initrd_count ? entry->initrds[0] : entry->kernel, early, n);
		early += n;
	}
	for (size_t i = 0; i < entry->initrd_count; i++) {
		write_text(s, " " DEVICE);
		write_text(s, entry->initrds[i]);
	}
	write_text(s, "\n");
}

static void write_devicetree(struct script *s, const struct kx_boot_entry *entry)
{
	const char *own = expanded(s->g, entry->devicetree);
	const char *name = own ? own : expanded(s->g, kx_grub_value(s->g, "devicetree"));

	if (!name)
		return;
	write_text(s, "devicetree");
	write_beside(s, own ? "" : entry->kernel, name, strlen(name));
	write_text(s, "\n");
}

/* What is of no use here is left out: load_video, gfxpayload, insmod. */
static const char *script_of(struct kx_grub *g, const struct kx_boot_entry *entry)
{
	const char *options = expanded(g, entry->options);
	struct script s = { .g = g };

	if (!options)
		options = expanded(g, kx_grub_value(g, "default_kernelopts"));
	if (!strcmp(kx_grub_value(g, "save_default"), "true"))
		write_text(&s, "savedefault\n");
	write_text(&s, "linux " DEVICE);
	write_text(&s, entry->kernel);
	write_text(&s, " ");
	write_text(&s, options ? options : "");
	write_text(&s, "\n");
	write_initrds(&s, entry);
	write_devicetree(&s, entry);
	return g->flow == KX_GRUB_FAILED ? NULL : s.text;
}

/* Takes over what @found holds. The evaluation may have ended. */
static void add_item(struct kx_grub *g, struct kx_boot_entry *found)
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
	item->hidden = item->bls->type != KX_BOOT_LINUX || !item->bls->kernel;
	item->id = kx_grub_print(g, "%s", item->bls->id ? item->bls->id : "");
	item->title = item->bls->title ? kx_grub_print(g, "%s", item->bls->title) : item->id;
	item->class = item->bls->class ? kx_grub_print(g, "%s", item->bls->class) : NULL;
	item->users = expanded(g, item->bls->users);
	item->script = item->hidden ? "" : script_of(g, item->bls);
	if (item->id && item->title)
		kx_grub_args_add(g, &item->args, (char *)(uintptr_t)item->title);
}

/* Is it the default? By its number among @found, too. */
static bool is_default(const struct kx_grub *g, const struct kx_boot_entry *entry, size_t number)
{
	const char *wanted = kx_grub_value(g, "default");
	char *end;
	unsigned long n = strtoul(wanted, &end, 0);

	return (entry->id && !strcmp(wanted, entry->id)) ||
	       (entry->title && !strcmp(wanted, entry->title)) || (end != wanted && n == number);
}

/* Without an argument all that are not in the menu already, else those that it says. */
static bool is_wanted(const struct kx_grub *g, struct kx_grub_args args,
		      const struct kx_boot_entry *entry, size_t number)
{
	for (const struct kx_grub_item *item = g->menu->first; item; item = item->next)
		if (item->bls && entry->id && !strcmp(item->id, entry->id))
			return false;
	if (args.count != 1)
		return true;
	if (!strcmp(args.v[0], "default"))
		return is_default(g, entry, number);
	if (!strcmp(args.v[0], "non-default"))
		return !is_default(g, entry, number);
	return entry->id && !strcmp(args.v[0], entry->id);
}

/*
 * Those of @folder, or of where they usually are. What is read counts as all that is read. Errors: those of
 * kx_bls_read_grub(), and the evaluation has ended with -E2BIG.
 */
static int find_entries(struct kx_grub *g, const char *device, const char *folder,
			struct kx_boot_entries *ret)
{
	size_t budget = KX_GRUB_READ_MAX - g->bytes_read;
	const char *first = folder ? folder : kx_grub_value(g, "blsdir");
	int r;

	r = kx_bls_read_grub(g->config->fs, device, *first ? first : "/loader/entries", &budget,
			     ret);
	if (r < 0 && r != -ENOMEM && r != -E2BIG && !folder)
		r = kx_bls_read_grub(g->config->fs, device, "/boot/loader/entries", &budget, ret);
	g->bytes_read = KX_GRUB_READ_MAX - budget;
	if (r == -E2BIG)
		return kx_grub_end(g, E2BIG,
				   "blscfg: there are more than %d entries, or with them more than "
				   "%d MiB have been read",
				   KX_BOOT_ENTRIES_MAX, KX_GRUB_READ_MAX >> 20);
	return r;
}

/* "(device)/folder" or "(device)/entry.conf" as the one argument are where they are, and all of them are wanted. */
int kx_grub_blscfg(struct kx_grub *g, struct kx_grub_args args)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries found = { 0 };
	struct kx_grub_file place = { .device = kx_grub_value(g, "root") };
	int r;

	if (args.count == 1 && args.v[0][0] == '(') {
		if (!strchr(args.v[0], ')'))
			return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT,
						"blscfg: no such folder: %s", args.v[0]);
		place = kx_grub_file_of(g, args.v[0]);
		args.count = 0;
	}
	r = find_entries(g, place.device, place.path, &found);
	if (g->flow == KX_GRUB_FAILED)
		return g->failure;
	if (r == -ENODEV)
		return kx_grub_complain(g, KX_GRUB_NO_DEVICE, "blscfg: no such device: %s",
					place.device);
	/* GRUB finds none, and is content. */
	if (r < 0)
		return kx_grub_complain(g, KX_GRUB_OK, "blscfg: (%s)%s: %s", place.device,
					place.path ? place.path : "/loader/entries", strerror(-r));
	for (size_t i = 0; i < found.count && kx_grub_step(g); i++)
		if (is_wanted(g, args, &found.v[i], i))
			add_item(g, &found.v[i]);
	return KX_GRUB_OK;
}
