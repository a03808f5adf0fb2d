// SPDX-License-Identifier: LGPL-2.1-or-later
#include "carry/carry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "cmdline.h"
#include "format/format.h"
#include "initrd.h"
#include "plan.h"
#include "source.h"
#include "util.h"

/* In the order in which an initrd that several understand is given to one. */
static const struct kx_renderer *const renderers[] = { &kx_render_netcfg, &kx_render_dracut,
						       &kx_render_networkd, &kx_render_kernel };

/* Where it is not known how much memory there is. */
#define LOOK_MAX (UINT64_C(512) << 20)

static int no_memory(struct kx_error *err)
{
	return kx_fail(err, ENOMEM, "out of memory for plan");
}

/* ---- which way to say it --------------------------------------------------------------------- */

static const struct kx_renderer *find_renderer(enum kx_keep_network asked,
					       const struct kx_look *look)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(renderers); i++)
		if (asked == KX_KEEP_NETWORK_AUTO ? look->marks[renderers[i]->mark] != NULL
						  : asked == renderers[i]->id)
			return renderers[i];
	/* What the kernel understands, most initrds do, too. */
	return &kx_render_kernel;
}

static int note_why(struct kx_plan *plan, const struct kx_renderer *renderer,
		    const struct kx_look *look)
{
	const char *mark = look->marks[renderer->mark];
	bool automatic = plan->request.keep_network == KX_KEEP_NETWORK_AUTO;

	plan->network = renderer->name;
	return asprintf(&plan->network_why, "%s%s",
			!automatic    ? "asked for"
			: mark        ? "the initrd has /"
			: look->whole ? "the initrd has nothing that is known to want it otherwise"
				      : "the initrd could not be looked into, and most take it so",
			automatic && mark ? mark : "") < 0
		       ? -ENOMEM
		       : 0;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* Is there a word of that name among @words? */
static bool names(const char *words, const struct kx_word *word)
{
	struct kx_word ours;

	while (kx_cmdline_next(&words, &ours))
		if (ours.name_size == word->name_size &&
		    !memcmp(ours.name, word->name, word->name_size))
			return true;
	return false;
}

/* The plan's command line without the words that @words say anew, so that nothing is said twice. */
static int drop_old(struct kx_plan *plan, const char *words)
{
	size_t part = kx_cmdline_kernel_part(plan->cmdline);
	_cleanup_free_ char *line = strndup(plan->cmdline, part);
	char *kept = calloc(1, strlen(plan->cmdline) + 2), *end = kept;
	const char *rest = line;
	bool dropped = false;
	struct kx_word word;

	if (!line || !kept) {
		free(kept);
		return -ENOMEM;
	}
	while (kx_cmdline_next(&rest, &word)) {
		if (names(words, &word)) {
			dropped = true;
			continue;
		}
		end = mempcpy(end, word.raw, word.raw_size);
		*end++ = ' ';
	}
	if (!dropped) {
		free(kept);
		return 0;
	}
	memcpy(end, plan->cmdline + part, strlen(plan->cmdline + part) + 1);
	if (!plan->cmdline[part] && end > kept)
		end[-1] = '\0';
	free(plan->cmdline);
	plan->cmdline = kept;
	kx_plan_warn(plan, "what the command line said of the network is taken out of it for "
			   "--keep-network");
	return 0;
}

static int put_words(struct kx_plan *plan, const char *words)
{
	char *line;
	int r = drop_old(plan, words);

	if (r < 0 || !*words)
		return r;
	line = kx_cmdline_insert(plan->cmdline, words);
	if (!line)
		return -ENOMEM;
	free(plan->cmdline);
	plan->cmdline = line;
	return 0;
}

/* ---- the network ----------------------------------------------------------------------------- */

/* @text ends with what stands between two items. */
static void cut(char *text, const char *separator)
{
	size_t size = strlen(text), n = strlen(separator);

	if (size >= n && !strcmp(text + size - n, separator))
		text[size - n] = '\0';
}

static void warn_left(struct kx_plan *plan, char *left, bool partial)
{
	cut(left, "; ");
	if (*left)
		kx_plan_warn(plan,
			     "--keep-network=%s cannot say, and the next system goes without: "
			     "%.800s",
			     plan->network, left);
	if (partial)
		kx_plan_warn(plan, "this machine has more links, addresses or routes than are "
				   "looked at; --keep-network may lack some");
}

static int close_text(FILE *text)
{
	bool ok = text && !ferror(text);

	return text && fclose(text) == 0 && ok ? 0 : -ENOMEM;
}

static int render(struct kx_plan *plan, const struct kx_look *look, const struct kx_keep *keep,
		  struct kx_overlay *overlay, struct kx_error *err)
{
	const struct kx_renderer *renderer = find_renderer(plan->request.keep_network, look);
	_cleanup_free_ char *words = NULL, *left = NULL;
	struct kx_render to = { .overlay = overlay,
				.full = look->marks[KX_LOOK_DRACUT_FULL] &&
					!look->marks[KX_LOOK_DRACUT_CLASSIC] };
	size_t ignored, ignored_too;
	int written, r = note_why(plan, renderer, look);

	to.words = open_memstream(&words, &ignored);
	to.left = open_memstream(&left, &ignored_too);
	if (r == 0 && to.words && to.left)
		r = renderer->render(keep, &to, err);
	else
		r = no_memory(err);
	written = close_text(to.words);
	if (close_text(to.left) < 0 || written < 0)
		r = r < 0 ? r : no_memory(err);
	if (r < 0)
		return r;
	cut(words, " ");
	if (put_words(plan, words) < 0)
		return no_memory(err);
	warn_left(plan, left, keep->network->partial);
	return 0;
}

static int carry_network(struct kx_plan *plan, const struct kx_look *look,
			 struct kx_overlay *overlay, struct kx_error *err)
{
	struct kx_keep *keep = malloc(sizeof(*keep));
	int r;

	if (!keep)
		return no_memory(err);
	r = kx_keep_choose(&plan->machine->network, keep, err);
	if (r == 0)
		r = render(plan, look, keep, overlay, err);
	free(keep);
	return r;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int put_key(const struct kx_add *add, const char *folder, struct kx_overlay *overlay,
		   struct kx_error *err)
{
	char path[KX_LOOK_HOME_SIZE + 64];

	snprintf(path, sizeof(path), "%s/.ssh/authorized_keys", folder);
	return kx_overlay_add(overlay, path, 0600, kx_source_view(add->source), NULL, err);
}

/* Where the ssh server of the next system looks: sshd_config(5), dropbear(8); the installer's user lives in "/". */
static int put_authorized(const struct kx_add *add, const struct kx_look *look,
			  struct kx_overlay *overlay, struct kx_error *err)
{
	int r = put_key(add, "root", overlay, err);

	if (r == 0 && look->home[0])
		r = put_key(add, look->home, overlay, err);
	if (r == 0 && look->marks[KX_LOOK_INSTALLER])
		r = put_key(add, "", overlay, err);
	if (r == 0 && look->marks[KX_LOOK_DROPBEAR])
		r = kx_overlay_add(overlay, "etc/dropbear/authorized_keys", 0600,
				   kx_source_view(add->source), NULL, err);
	return r;
}

static bool is_host_key(const char *path)
{
	static const char start[] = "/etc/ssh/ssh_host_", end[] = "_key";
	size_t size = strlen(path);

	return !strncmp(path, start, strlen(start)) && size > strlen(start) + strlen(end) &&
	       !strcmp(path + size - strlen(end), end);
}

/* So that dropbear shows the keys that OpenSSH shows here. */
static int put_host_key(struct kx_plan *plan, const struct kx_add *add, struct kx_overlay *overlay,
			struct kx_error *err)
{
	uint8_t *key = NULL;
	const char *file = NULL;
	char path[64];
	size_t size = 0;
	int r = kx_dropbear_key(kx_source_view(add->source), &key, &size, &file);

	if (r == -ENOMEM)
		return no_memory(err);
	if (r < 0) {
		kx_plan_warn(plan,
			     "the initrd has dropbear, which cannot be given %s (%s): it shows "
			     "another key in its place",
			     add->path,
			     r == -EBADMSG ? "it is malformed"
					   : "it has a passphrase, an older format, or is of a "
					     "kind that dropbear has not");
		return 0;
	}
	snprintf(path, sizeof(path), "etc/dropbear/%s", file);
	return kx_overlay_add(overlay, path, 0600, kx_view_of(key, size), key, err);
}

static int carry_files(struct kx_plan *plan, const struct kx_look *look, struct kx_overlay *overlay,
		       struct kx_error *err)
{
	const struct kx_request *request = &plan->request;
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->add_count; i++) {
		const struct kx_add *add = &request->adds[i];

		r = add->path ? kx_overlay_add(overlay, add->path, add->mode,
					       kx_source_view(add->source), NULL, err)
			      : put_authorized(add, look, overlay, err);
		if (r == 0 && look->marks[KX_LOOK_DROPBEAR] && add->path && is_host_key(add->path))
			r = put_host_key(plan, add, overlay, err);
	}
	return r;
}

/* ---- the overlay ----------------------------------------------------------------------------- */

static int list_files(struct kx_plan *plan, const struct kx_overlay *overlay, struct kx_error *err)
{
	plan->carried = calloc(overlay->count + 1, sizeof(*plan->carried));
	if (!plan->carried)
		return no_memory(err);
	for (size_t i = 0; i < overlay->count; i++) {
		const struct kx_overlay_file *file = &overlay->v[i];
		char *path;

		if (asprintf(&path, "/%s", file->path) < 0)
			return no_memory(err);
		plan->carried[plan->carried_count++] =
			(struct kx_carried){ path, file->content.size, file->mode };
	}
	return 0;
}

/* One more initrd, behind the others: there it adds to them, and takes the place of what they have. */
static int append(struct kx_plan *plan, struct kx_view archive, struct kx_error *err)
{
	size_t count = plan->request.initrd_count;
	const struct kx_source **all = kx_plan_alloc(plan, (count + 1) * sizeof(*all), err);
	int r;

	if (!all)
		return -ENOMEM;
	if (count)
		memcpy(all, plan->request.initrds, count * sizeof(*all));
	r = kx_plan_keep_source(plan, "what is carried over", archive, &all[count], err);
	if (r < 0)
		return r;
	plan->request.initrds = all;
	plan->request.initrd_count = count + 1;
	return 0;
}

static int put_overlay(struct kx_plan *plan, const struct kx_look *look,
		       const struct kx_overlay *overlay, struct kx_error *err)
{
	uint8_t *archive = NULL;
	size_t size = 0;
	int r = list_files(plan, overlay, err);

	if (r < 0 || !overlay->count)
		return r;
	r = kx_overlay_pack(overlay, look, &archive, &size, err);
	if (r == 0)
		r = kx_plan_own(plan, archive, err);
	if (r < 0)
		return r;
	kx_plan_wipe(plan, archive, size);
	return append(plan, kx_view_of(archive, size), err);
}

static int carry(struct kx_plan *plan, const struct kx_look *look, struct kx_overlay *overlay,
		 struct kx_error *err)
{
	int r = 0;

	if (plan->request.keep_network != KX_KEEP_NETWORK_NO)
		r = carry_network(plan, look, overlay, err);
	if (r == 0)
		r = carry_files(plan, look, overlay, err);
	if (r == 0)
		r = put_overlay(plan, look, overlay, err);
	return r;
}

int kx_carry(struct kx_plan *plan, struct kx_error *err)
{
	const struct kx_request *request = &plan->request;
	uint64_t available = plan->machine->mem_available;
	struct kx_overlay *overlay;
	struct kx_look look = { 0 };
	int r;

	if (request->keep_network == KX_KEEP_NETWORK_NO && !request->add_count)
		return 0;
	if (!plan->format->captures)
		return kx_fail(err, EOPNOTSUPP,
			       "%s: %s takes no initrd of Linux's, by which the network and files "
			       "are carried over; leave --keep-network, --add and --ssh-keys out",
			       kx_source_name(request->kernel), plan->format->name);
	overlay = calloc(1, sizeof(*overlay));
	if (!overlay)
		return no_memory(err);
	r = kx_look(request->initrds, request->initrd_count,
		    available ? kx_initrd_unpack_max(available, 0) : LOOK_MAX, &look, err);
	if (r == 0)
		r = carry(plan, &look, overlay, err);
	kx_look_clear(&look);
	kx_overlay_clear(overlay);
	free(overlay);
	return r;
}
