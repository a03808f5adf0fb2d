// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The command blscfg of Fedora's GRUB and its descendants': of each entry of loader/entries it makes a script. What it
 * does is not in any manual; it is after grub-core/commands/blscfg.c of github.com/rhboot/grub2.
 */
#include "boot/grub_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* A script being written; NULL when the evaluation has ended. */
struct script {
	struct kx_grub *g;
	const char *device; /* "($root)": what names of files stand behind */
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

/* Variables are replaced as text, whose quotes count then: "$x" with a blank behind it, and any that was there is eaten. */
static void write_expanded(struct script *s, const char *text)
{
	const char *end;
	char *name;

	for (; *text; text = end) {
		end = text + 1;
		if (*text == '\\' && *end)
			end++;
		while (*text == '$' && (isalnum((unsigned char)*end) || *end == '_'))
			end++;
		if (*text != '$' || end == text + 1) {
			write_bytes(s, text, (size_t)(end - text));
			continue;
		}
		name = kx_grub_copy(s->g, text + 1, (size_t)(end - text - 1));
		if (!name)
			return;
		if (kx_grub_env_value(s->g->env, name)) {
			write_text(s, kx_grub_value(s->g, name));
			write_text(s, " ");
		}
		end += *end == ' ';
	}
}

/* " ($root)/dir/NAME", in the folder of @beside. */
static void write_beside(struct script *s, const char *beside, const char *name, size_t size)
{
	const char *slash = strrchr(beside, '/');

	write_text(s, " ");
	write_text(s, s->device);
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
		write_text(s, " ");
		write_text(s, s->device);
		write_text(s, entry->initrds[i]);
	}
	write_text(s, "\n");
}

static void write_devicetree(struct script *s, const struct kx_boot_entry *entry)
{
	const char *name = kx_grub_value(s->g, "devicetree");

	if (!entry->devicetree && !*name)
		return;
	write_text(s, "devicetree");
	if (entry->devicetree) {
		write_text(s, " ");
		write_text(s, s->device);
		write_expanded(s, entry->devicetree);
	} else {
		write_beside(s, entry->kernel, name, strlen(name));
	}
	write_text(s, "\n");
}

/* What is of no use here is left out: load_video, gfxpayload, insmod. */
static const char *script_of(struct kx_grub *g, const char *device,
			     const struct kx_boot_entry *entry)
{
	struct script s = { .g = g, .device = device };

	if (!strcmp(kx_grub_value(g, "save_default"), "true"))
		write_text(&s, "savedefault\n");
	write_text(&s, "linux ");
	write_text(&s, device);
	write_text(&s, entry->kernel);
	write_text(&s, " ");
	write_expanded(&s,
		       entry->options ? entry->options : kx_grub_value(g, "default_kernelopts"));
	write_text(&s, "\n");
	write_initrds(&s, entry);
	write_devicetree(&s, entry);
	return g->flow == KX_GRUB_FAILED ? NULL : s.text;
}

/* Whose lines of users may be "$grub_users". */
static const char *users_of(struct kx_grub *g, const struct kx_boot_entry *entry)
{
	struct script s = { .g = g };

	if (!entry->users)
		return NULL;
	write_expanded(&s, entry->users);
	while (s.used && s.text[s.used - 1] == ' ')
		s.text[--s.used] = 0;
	return s.used ? s.text : NULL;
}

/* Takes over what @found holds. The evaluation may have ended. */
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
	item->hidden = item->bls->type != KX_BOOT_LINUX || !item->bls->kernel;
	item->id = kx_grub_print(g, "%s", item->bls->id ? item->bls->id : "");
	item->title = item->bls->title ? kx_grub_print(g, "%s", item->bls->title) : item->id;
	item->class = item->bls->class ? kx_grub_print(g, "%s", item->bls->class) : NULL;
	item->users = users_of(g, item->bls);
	item->script = item->hidden ? "" : script_of(g, device, item->bls);
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

int kx_grub_blscfg(struct kx_grub *g, struct kx_grub_args args)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries found = { 0 };
	const char *variable = *kx_grub_value(g, "boot") ? "boot" : "root";
	const char *device = kx_grub_value(g, variable);
	const char *prefix = kx_grub_print(g, "($%s)", variable);
	int r;

	if (!g->config->blscfg)
		return kx_grub_complain(g, KX_GRUB_INVALID, "no such command: blscfg");
	if (args.count == 1 && args.v[0][0] == '(')
		return kx_grub_complain(g, KX_GRUB_INVALID,
					"blscfg of another folder is not supported: %s", args.v[0]);
	r = g->config->blscfg(g->config->fs->ctx, device, &found);
	if (r < 0)
		return kx_grub_complain(g, KX_GRUB_NOT_FOUND, "blscfg: (%s)/loader/entries: %s",
					device, strerror(-r));
	for (size_t i = 0, number = 0; prefix && i < found.count && kx_grub_step(g); i++) {
		bool kernel = found.v[i].type == KX_BOOT_LINUX;

		if (is_wanted(g, args, &found.v[i], kernel ? number : SIZE_MAX))
			add_item(g, prefix, &found.v[i]);
		number += kernel;
	}
	return KX_GRUB_OK;
}
