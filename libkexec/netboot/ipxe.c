// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The commands of ipxe.org/cmd that a menu uses. Nothing is loaded: what a script names as kernel and initrds is written down,
 * and starting it ends the script with that.
 *
 * A command that fails ends its script, unless "||" follows; ops that fail for good (see struct kx_netboot_ops), and what goes over
 * a cap, end all of them.
 */
#include "netboot/ipxe.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "machine/text.h"
#include "util.h"

enum stop {
	GO_ON,
	NEXT_LINE, /* goto: the rest of the line is left out */
	EXIT,      /* this script is over, with success or not */
	BOOT,      /* there is something to start */
	FATAL,     /* whatever "||" says */
};

struct image {
	char *name, *url, *args;
};

struct menu {
	char *name, *title;
	struct kx_netboot_item *items;
	size_t count, chosen;
	bool has_default;
};

/* A script that is running, inside another one or not. */
struct script {
	const char *url;
	struct kx_view text, rest;
	unsigned line;
};

struct ipxe {
	const struct kx_netboot_ops *ops;
	struct kx_ipxe_settings settings;
	struct image images[KX_IPXE_IMAGES_MAX];
	size_t image_count, kernel; /* the one that is selected; image_count for none */
	struct menu menus[KX_IPXE_MENUS_MAX];
	size_t menu_count;
	struct script *script;
	unsigned steps, depth;
	uint64_t work;
	enum stop stop;
	bool located; /* the error says where */
	char *next;   /* "chain --replace": which script comes in the place of this one */
	struct kx_netboot *ret;
	struct kx_error *err;
};

/* A command's words, and what its options say. */
struct words {
	char *v[KX_IPXE_WORDS_MAX];
	size_t count;
	const char *name, *timeout, *menu, *choice, *key, *bits;
	bool replace, gap, is_default, keep, allow;
	const char *ignored;
	bool ignored_flag;
};

static void image_clear(struct image *image)
{
	free(image->name);
	free(image->url);
	free(image->args);
	*image = (struct image){ 0 };
}

static void menu_clear(struct menu *menu)
{
	for (size_t i = 0; i < menu->count; i++) {
		free((char *)menu->items[i].name);
		free((char *)menu->items[i].text);
	}
	free(menu->items);
	free(menu->name);
	free(menu->title);
	*menu = (struct menu){ 0 };
}

static void ipxe_clear(struct ipxe *ipxe)
{
	kx_ipxe_settings_clear(&ipxe->settings);
	for (size_t i = 0; i < ipxe->image_count; i++)
		image_clear(&ipxe->images[i]);
	for (size_t i = 0; i < ipxe->menu_count; i++)
		menu_clear(&ipxe->menus[i]);
	free(ipxe->next);
}

static void words_clear(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->v[i]);
	*words = (struct words){ 0 };
}

/* ---- failure --------------------------------------------------------------------------------- */

static int end_all(struct ipxe *ipxe, int r)
{
	ipxe->stop = FATAL;
	return r;
}

static int no_memory(struct ipxe *ipxe)
{
	return end_all(ipxe, kx_fail(ipxe->err, ENOMEM, "out of memory"));
}

/* What setting, expanding and resolving cannot do, no script can go on after, but for one that is malformed. */
static int judge(struct ipxe *ipxe, int r)
{
	return r == -ENOMEM || r == -E2BIG ? end_all(ipxe, r) : r;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* The words from @from on, with one blank between; NULL without memory. */
static char *joined(const struct words *words, size_t from)
{
	size_t size = 1;
	char *out, *next;

	for (size_t i = from; i < words->count; i++)
		size += strlen(words->v[i]) + 1;
	out = calloc(size, 1);
	for (next = out; out && from < words->count; from++) {
		next = stpcpy(next, next == out ? "" : " ");
		next = stpcpy(next, words->v[from]);
	}
	return out;
}

#define OFFSET(field) offsetof(struct words, field)

/* @field takes the word behind the option, or is true. */
struct option {
	const char *name;
	size_t field;
	char letter;
	bool takes;
};

#define TAKES(letter, name, field)                \
	{                                         \
		name, OFFSET(field), letter, true \
	}
#define FLAG(letter, name, field)                  \
	{                                          \
		name, OFFSET(field), letter, false \
	}
#define END                       \
	{                         \
		NULL, 0, 0, false \
	}

static const struct option image_options[] = {
	TAKES('n', "name", name),         TAKES('t', "timeout", timeout),
	FLAG('q', "quiet", ignored_flag), FLAG('a', "autofree", ignored_flag),
	FLAG('r', "replace", replace),    END
};
static const struct option menu_options[] = { TAKES('n', "name", menu),
					      FLAG('d', "delete", ignored_flag), END };
static const struct option item_options[] = {
	TAKES('m', "menu", menu),          TAKES('k', "key", key), FLAG('d', "default", is_default),
	FLAG('s', "secret", ignored_flag), FLAG('g', "gap", gap),  END
};
static const struct option choose_options[] = {
	TAKES('m', "menu", menu),       TAKES('d', "default", choice),
	TAKES('t', "timeout", timeout), TAKES('r', "retimeout", ignored),
	FLAG('k', "keep", keep),        END
};
static const struct option prompt_options[] = { TAKES('k', "key", key),
						TAKES('t', "timeout", timeout), END };
static const struct option read_options[] = { TAKES('t', "timeout", timeout), END };
static const struct option verify_options[] = { TAKES('s', "signer", ignored),
						TAKES('t', "timeout", timeout),
						FLAG('k', "keep", ignored_flag),
						FLAG('q', "quiet", ignored_flag), END };
static const struct option trust_options[] = { FLAG('a', "allow", allow),
					       FLAG('p', "permanent", ignored_flag), END };
static const struct option echo_options[] = { FLAG('n', "n", ignored_flag), END };
static const struct option cpuid_options[] = { FLAG('e', "ext", replace),
					       FLAG('c', "ecx", is_default), END };
static const struct option no_options[] = { END };

/* Which option the word is, and where its value begins in it, NULL for in the next one. */
static const struct option *find_option(const struct option *options, const char *word,
					const char **ret_value)
{
	for (; options->letter; options++) {
		size_t n = strlen(options->name);

		*ret_value = NULL;
		if (word[1] == '-' && !strncmp(word + 2, options->name, n) &&
		    (!word[2 + n] || word[2 + n] == '=')) {
			*ret_value = word[2 + n] ? word + 3 + n : NULL;
			return options;
		}
		if (word[1] == options->letter) {
			*ret_value = word[2] ? word + 2 : NULL;
			return options;
		}
	}
	return NULL;
}

/* Options come before all else: *ret_first is the first word behind them. */
static int parse_options(struct ipxe *ipxe, const struct option *options, struct words *words,
			 size_t *ret_first)
{
	size_t i = 1;

	while (i < words->count && words->v[i][0] == '-') {
		const char *value, *word = words->v[i];
		const struct option *option;

		i++;
		if (!strcmp(word, "--"))
			break;
		option = find_option(options, word, &value);
		if (!option)
			return kx_fail(ipxe->err, EBADMSG, "%s has no option %s", words->v[0],
				       word);
		if (option->takes && !value) {
			if (i == words->count)
				return kx_fail(ipxe->err, EBADMSG, "%s: %s lacks its value",
					       words->v[0], word);
			value = words->v[i++];
		}
		if (option->takes)
			*(const char **)(void *)((char *)words + option->field) = value;
		else
			*(bool *)((char *)words + option->field) = true;
	}
	*ret_first = i;
	return 0;
}

static uint64_t milliseconds(const char *text)
{
	uint64_t value = 0;

	if (text && !kx_text_u64(kx_text_of(text), 0, &value))
		return 0;
	return value;
}

/* ---- images ---------------------------------------------------------------------------------- */

static size_t find_image(const struct ipxe *ipxe, const char *name)
{
	size_t i = 0;

	while (i < ipxe->image_count && strcmp(ipxe->images[i].name, name) != 0)
		i++;
	return i;
}

/* What is behind the last slash of the path. */
static char *name_of(const char *url)
{
	size_t end = strcspn(url, "?#"), start = end;

	while (start && url[start - 1] != '/')
		start--;
	return strndup(url + start, end - start);
}

static int put_image(struct ipxe *ipxe, char **url, size_t *ret)
{
	char *name = name_of(*url);

	if (!name)
		return no_memory(ipxe);
	if (ipxe->image_count == KX_IPXE_IMAGES_MAX) {
		free(name);
		return end_all(
			ipxe, kx_fail(ipxe->err, E2BIG, "more than %u images", KX_IPXE_IMAGES_MAX));
	}
	if (ipxe->kernel == ipxe->image_count)
		ipxe->kernel++;
	*ret = ipxe->image_count++;
	ipxe->images[*ret] = (struct image){ .name = name, .url = kx_steal(*url) };
	return 0;
}

static void drop_image(struct ipxe *ipxe, size_t i)
{
	image_clear(&ipxe->images[i]);
	ipxe->image_count--;
	memmove(ipxe->images + i, ipxe->images + i + 1,
		(ipxe->image_count - i) * sizeof(*ipxe->images));
	if (ipxe->kernel == i)
		ipxe->kernel = ipxe->image_count;
	else if (ipxe->kernel > i)
		ipxe->kernel--;
}

static int resolve(struct ipxe *ipxe, const char *reference, char **ret)
{
	return judge(ipxe, kx_url_resolve(ipxe->script->url, reference, ret, ipxe->err));
}

/* The image of that name, else what is at that address. @again: even if there is one of that name. */
static int acquire(struct ipxe *ipxe, const char *reference, bool again, size_t *ret)
{
	_cleanup_free_ char *url = NULL;
	size_t found = again ? ipxe->image_count : find_image(ipxe, reference);
	int r;

	if (found < ipxe->image_count) {
		*ret = found;
		return 0;
	}
	r = resolve(ipxe, reference, &url);
	if (r == 0)
		r = judge(ipxe, ipxe->ops->probe(ipxe->ops->ctx, url, ipxe->err));
	return r == 0 ? put_image(ipxe, &url, ret) : r;
}

/* Its name and its arguments, as far as they are given. */
static int describe(struct ipxe *ipxe, struct image *image, const struct words *words, size_t args)
{
	if (words->name) {
		free(image->name);
		image->name = strdup(words->name);
	}
	if (args < words->count) {
		free(image->args);
		image->args = joined(words, args);
	}
	return image->name && (args >= words->count || image->args) ? 0 : no_memory(ipxe);
}

static int run_kernel(struct ipxe *ipxe, struct words *words, size_t first)
{
	size_t image = 0;
	int r = acquire(ipxe, words->v[first], false, &image);

	if (r == 0)
		r = describe(ipxe, &ipxe->images[image], words, first + 1);
	if (r == 0)
		ipxe->kernel = image;
	return r;
}

static int run_initrd(struct ipxe *ipxe, struct words *words, size_t first)
{
	size_t image = 0;
	int r = acquire(ipxe, words->v[first], true, &image);

	return r == 0 ? describe(ipxe, &ipxe->images[image], words, first + 1) : r;
}

static int run_imgargs(struct ipxe *ipxe, struct words *words, size_t first)
{
	size_t image = 0;
	int r = acquire(ipxe, words->v[first], false, &image);

	if (r < 0)
		return r;
	free(kx_steal(ipxe->images[image].args));
	return describe(ipxe, &ipxe->images[image], words, first + 1);
}

/* iPXE's keys are in iPXE. What vouches for an image here is what vouches for all that a script names. */
static void say_unverified(struct ipxe *ipxe, const char *url)
{
	char text[KX_URL_TEXT_MAX + 160];

	snprintf(text, sizeof(text),
		 "warning: %s: signatures for iPXE are not looked at; how an image is fetched, or "
		 "its checksum, vouches for it",
		 kx_url_text(url).s);
	ipxe->ops->say(ipxe->ops->ctx, text);
}

static int run_imgverify(struct ipxe *ipxe, struct words *words, size_t first)
{
	size_t image = 0;
	int r = acquire(ipxe, words->v[first], false, &image);

	if (r == 0)
		say_unverified(ipxe, ipxe->images[image].url);
	return r;
}

/* After it iPXE would start nothing that imgverify has not been content with; --allow takes that back. */
static int run_imgtrust(struct ipxe *ipxe, struct words *words, size_t first)
{
	if (!words->allow)
		say_unverified(ipxe, ipxe->script->url);
	return 0;
}

static int run_imgfree(struct ipxe *ipxe, struct words *words, size_t first)
{
	if (first == words->count)
		while (ipxe->image_count)
			drop_image(ipxe, ipxe->image_count - 1);
	for (; first < words->count; first++) {
		size_t image = find_image(ipxe, words->v[first]);

		if (image == ipxe->image_count)
			return kx_fail(ipxe->err, ENOENT, "there is no image %s",
				       kx_url_text(words->v[first]).s);
		drop_image(ipxe, image);
	}
	return 0;
}

/* ---- boot and chain -------------------------------------------------------------------------- */

/* ipxe.org/cmd/initrd: "PATH mode=755", in octal; folders are made whatever "mkdir=" says. */
static int fill_file(struct ipxe *ipxe, const struct image *image, struct kx_netboot *ret)
{
	struct kx_view rest = kx_text_of(image->args), path = { 0 }, word;
	_cleanup_free_ char *place = NULL;
	unsigned mode = 0644;
	char text[8];
	int r;

	if (!kx_text_word(&rest, &path))
		return 0;
	while (kx_text_word(&rest, &word))
		if (kx_text_starts(word, "mode="))
			mode = (unsigned)strtoul((const char *)word.data + strlen("mode="), NULL,
						 8);
	snprintf(text, sizeof(text), "%04o", mode & 0777);
	r = kx_text_dup(path, &place);
	if (r == 0)
		r = kx_names_add(&ret->files, image->url);
	if (r == 0)
		r = kx_names_add(&ret->files, place);
	return r == 0 ? kx_names_add(&ret->files, text) : r;
}

static int fill_initrds(struct ipxe *ipxe, struct kx_netboot *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ipxe->image_count; i++) {
		const struct image *image = &ipxe->images[i];

		if (i == ipxe->kernel)
			continue;
		r = image->args && *image->args ? fill_file(ipxe, image, ret)
						: kx_names_add(&ret->initrds, image->url);
	}
	return r < 0 ? no_memory(ipxe) : 0;
}

static int start_kernel(struct ipxe *ipxe)
{
	_cleanup_(kx_netboot_clear) struct kx_netboot out = { 0 };
	const struct image *kernel = &ipxe->images[ipxe->kernel];
	int r = fill_initrds(ipxe, &out);

	if (r < 0)
		return end_all(ipxe, r);
	out.kernel = strdup(kernel->url);
	out.cmdline = strdup(kernel->args ? kernel->args : "");
	if (!out.kernel || !out.cmdline)
		return no_memory(ipxe);
	*ipxe->ret = out;
	out = (struct kx_netboot){ 0 };
	ipxe->stop = BOOT;
	return 0;
}

static int run_script(struct ipxe *ipxe, const char *url, struct kx_view text);

/* In the place of the running script it begins when that has ended. */
static int start_script(struct ipxe *ipxe, size_t image, struct kx_view text, bool replace)
{
	_cleanup_free_ char *url = kx_steal(ipxe->images[image].url);

	drop_image(ipxe, image);
	if (!replace)
		return run_script(ipxe, url, text);
	ipxe->next = kx_steal(url);
	ipxe->stop = EXIT;
	return 0;
}

/* A script, or what else can be started; which it is, only its content tells. */
static int start_image(struct ipxe *ipxe, size_t image, bool replace)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	if (image == ipxe->kernel)
		return start_kernel(ipxe);
	r = ipxe->ops->get(ipxe->ops->ctx, ipxe->images[image].url, &text, &size, ipxe->err);
	if (r < 0 && r != -EFBIG) {
		drop_image(ipxe, image);
		return judge(ipxe, r);
	}
	if (r == 0 && kx_ipxe_is(kx_view_of(text, size)))
		return start_script(ipxe, image, kx_view_of(text, size), replace);
	ipxe->err->text[0] = '\0';
	ipxe->kernel = image;
	return start_kernel(ipxe);
}

static int run_boot(struct ipxe *ipxe, struct words *words, size_t first)
{
	size_t image = ipxe->kernel;
	int r = 0;

	if (first < words->count)
		r = acquire(ipxe, words->v[first], false, &image);
	else if (image == ipxe->image_count)
		return kx_fail(ipxe->err, ENOENT, "%s: no kernel was named before", words->v[0]);
	if (r == 0)
		r = describe(ipxe, &ipxe->images[image], words, first + 1);
	return r == 0 ? start_image(ipxe, image, words->replace) : r;
}

static int run_exit(struct ipxe *ipxe, struct words *words, size_t first)
{
	uint64_t status = 0;

	if (first < words->count && !kx_text_u64(kx_text_of(words->v[first]), 0, &status))
		return kx_fail(ipxe->err, EBADMSG, "exit: %s is not a number", words->v[first]);
	ipxe->stop = EXIT;
	return status ? kx_fail(ipxe->err, ECANCELED, "it ended with the status %llu",
				(unsigned long long)status)
		      : 0;
}

/* ---- settings -------------------------------------------------------------------------------- */

static int run_set(struct ipxe *ipxe, struct words *words, size_t first)
{
	_cleanup_free_ char *value = joined(words, first + 1);

	if (!value)
		return no_memory(ipxe);
	return judge(ipxe, kx_ipxe_set(&ipxe->settings, words->v[first], value, ipxe->err));
}

static int run_clear(struct ipxe *ipxe, struct words *words, size_t first)
{
	return judge(ipxe, kx_ipxe_set(&ipxe->settings, words->v[first], NULL, ipxe->err));
}

static int run_inc(struct ipxe *ipxe, struct words *words, size_t first)
{
	const char *now = kx_ipxe_get(&ipxe->settings, words->v[first]);
	uint64_t by = 1, sum;
	char text[24];

	if (first + 1 < words->count && !kx_text_u64(kx_text_of(words->v[first + 1]), 0, &by))
		return kx_fail(ipxe->err, EBADMSG, "inc: %s is not a number", words->v[first + 1]);
	sum = milliseconds(now) + by;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)sum);
	return judge(ipxe, kx_ipxe_set(&ipxe->settings, words->v[first], text, ipxe->err));
}

static int run_read(struct ipxe *ipxe, struct words *words, size_t first)
{
	const char *now = kx_ipxe_get(&ipxe->settings, words->v[first]);
	_cleanup_free_ char *value = NULL;
	int r = ipxe->ops->read(ipxe->ops->ctx, words->v[first], now ? now : "",
				milliseconds(words->timeout), &value, ipxe->err);

	if (r < 0)
		return r == -ECANCELED ? r : end_all(ipxe, r);
	return judge(ipxe, kx_ipxe_set(&ipxe->settings, words->v[first], value, ipxe->err));
}

/* Names are resolved by whoever fetches something, so a name is as good as its address. */
static int run_nslookup(struct ipxe *ipxe, struct words *words, size_t first)
{
	return judge(ipxe,
		     kx_ipxe_set(&ipxe->settings, words->v[first], words->v[first + 1], ipxe->err));
}

static int run_isset(struct ipxe *ipxe, struct words *words, size_t first)
{
	return *words->v[first] ? 0 : kx_fail(ipxe->err, ENOENT, "isset: it is not set");
}

static int run_iseq(struct ipxe *ipxe, struct words *words, size_t first)
{
	if (!strcmp(words->v[first], words->v[first + 1]))
		return 0;
	return kx_fail(ipxe->err, ERANGE, "iseq: %s is not %s", kx_url_text(words->v[first]).s,
		       kx_url_text(words->v[first + 1]).s);
}

/* Intel's manual, CPUID, leaf 0x80000001, EDX bit 29: 64-bit mode. It is what scripts ask for. */
static int run_cpuid(struct ipxe *ipxe, struct words *words, size_t first)
{
	const char *arch = kx_ipxe_get(&ipxe->settings, "buildarch");

	if (!words->replace || words->is_default || strcmp(words->v[first], "29") != 0)
		return kx_fail(ipxe->err, EOPNOTSUPP,
			       "cpuid is understood for 64-bit mode alone, as --ext 29");
	return arch && !strcmp(arch, "x86_64") ? 0
					       : kx_fail(ipxe->err, ENOENT, "cpuid: not 64-bit");
}

/* ---- menus ----------------------------------------------------------------------------------- */

static struct menu *find_menu(struct ipxe *ipxe, const char *name)
{
	for (size_t i = 0; i < ipxe->menu_count; i++)
		if (!strcmp(ipxe->menus[i].name, name ? name : ""))
			return &ipxe->menus[i];
	return NULL;
}

/* The last one takes its place, and leaves nothing behind. */
static void drop_menu(struct ipxe *ipxe, struct menu *menu)
{
	struct menu *last = &ipxe->menus[--ipxe->menu_count];

	menu_clear(menu);
	*menu = *last;
	*last = (struct menu){ 0 };
}

static int run_menu(struct ipxe *ipxe, struct words *words, size_t first)
{
	const char *name = words->menu ? words->menu : "";
	struct menu *menu = find_menu(ipxe, name);

	if (!menu && ipxe->menu_count == KX_IPXE_MENUS_MAX)
		return end_all(ipxe,
			       kx_fail(ipxe->err, E2BIG, "more than %u menus", KX_IPXE_MENUS_MAX));
	if (menu)
		menu_clear(menu);
	else
		menu = &ipxe->menus[ipxe->menu_count++];
	menu->name = strdup(name);
	menu->title = joined(words, first);
	if (menu->name && menu->title)
		return 0;
	drop_menu(ipxe, menu);
	return no_memory(ipxe);
}

static int no_menu(struct ipxe *ipxe, const struct words *words)
{
	return kx_fail(ipxe->err, ENOENT, "%s: there is no menu %s", words->v[0],
		       words->menu ? words->menu : "here");
}

static int add_item(struct ipxe *ipxe, struct menu *menu, char **name, char **text)
{
	struct kx_netboot_item *grown;

	if (menu->count == KX_NETBOOT_ITEMS_MAX)
		return end_all(ipxe, kx_fail(ipxe->err, E2BIG, "a menu of more than %u lines",
					     KX_NETBOOT_ITEMS_MAX));
	grown = reallocarray(menu->items, menu->count + 1, sizeof(*grown));
	if (!grown)
		return no_memory(ipxe);
	menu->items = grown;
	menu->items[menu->count++] =
		(struct kx_netboot_item){ .name = kx_steal(*name), .text = kx_steal(*text) };
	return 0;
}

static int run_item(struct ipxe *ipxe, struct words *words, size_t first)
{
	_cleanup_free_ char *name = NULL, *text = NULL;
	struct menu *menu = find_menu(ipxe, words->menu);
	bool named = !words->gap && first < words->count;

	if (!menu)
		return no_menu(ipxe, words);
	if (named)
		name = strdup(words->v[first]);
	text = joined(words, first + named);
	if (!text || (named && !name))
		return no_memory(ipxe);
	if (named && words->is_default) {
		menu->chosen = menu->count;
		menu->has_default = true;
	}
	return add_item(ipxe, menu, &name, &text);
}

/* The one that is asked for, else the one that says so itself, else the first that can be. */
static bool find_default(const struct menu *menu, const char *wanted, size_t *ret)
{
	bool found = false;

	for (size_t i = menu->count; i-- > 0;) {
		if (!menu->items[i].name)
			continue;
		*ret = i;
		found = true;
	}
	for (size_t i = 0; wanted && i < menu->count; i++)
		if (menu->items[i].name && !strcmp(menu->items[i].name, wanted))
			*ret = i;
	if (!wanted && menu->has_default)
		*ret = menu->chosen;
	return found;
}

static int ask(struct ipxe *ipxe, const struct menu *menu, const struct words *words, size_t *ret)
{
	struct kx_netboot_menu shown = {
		.title = menu->title,
		.items = menu->items,
		.count = menu->count,
		.timeout = milliseconds(words->timeout),
	};
	int r;

	if (!find_default(menu, words->choice, &shown.chosen))
		return kx_fail(ipxe->err, ENOENT, "choose: nothing in the menu can be chosen");
	r = ipxe->ops->choose(ipxe->ops->ctx, &shown, ret, ipxe->err);
	if (r < 0 && r != -ECANCELED)
		return end_all(ipxe, r);
	if (r == 0 && (*ret >= menu->count || !menu->items[*ret].name))
		return kx_fail(ipxe->err, ECANCELED, "choose: nothing was chosen");
	return r;
}

static int run_choose(struct ipxe *ipxe, struct words *words, size_t first)
{
	struct menu *menu = find_menu(ipxe, words->menu);
	size_t chosen = 0;
	int r;

	if (!menu)
		return no_menu(ipxe, words);
	r = ask(ipxe, menu, words, &chosen);
	if (r == 0)
		r = judge(ipxe, kx_ipxe_set(&ipxe->settings, words->v[first],
					    menu->items[chosen].name, ipxe->err));
	if (!words->keep)
		drop_menu(ipxe, menu);
	return r;
}

static int run_prompt(struct ipxe *ipxe, struct words *words, size_t first)
{
	_cleanup_free_ char *text = joined(words, first);
	int r;

	if (!text)
		return no_memory(ipxe);
	r = ipxe->ops->prompt(ipxe->ops->ctx, text, words->key, milliseconds(words->timeout),
			      ipxe->err);
	return r < 0 && r != -ECANCELED ? end_all(ipxe, r) : r;
}

static int run_echo(struct ipxe *ipxe, struct words *words, size_t first)
{
	_cleanup_free_ char *text = joined(words, first);

	if (!text)
		return no_memory(ipxe);
	ipxe->ops->say(ipxe->ops->ctx, text);
	return 0;
}

/* ---- goto ------------------------------------------------------------------------------------ */

/* Does the next line continue this one? Takes the "\" off it, and a carriage return anyway. */
static bool continues(struct kx_view *line)
{
	while (line->size && line->data[line->size - 1] == '\r')
		line->size--;
	if (!line->size || line->data[line->size - 1] != '\\')
		return false;
	line->size--;
	return true;
}

/* Cuts a line with those that continue it off *rest. Its pieces are still apart: "\" and newline are in it. */
static bool next_line(struct kx_view *rest, unsigned *number, struct kx_view *ret)
{
	const uint8_t *start = rest->data;
	struct kx_view line;

	if (!kx_text_line(rest, &line))
		return false;
	++*number;
	while (continues(&line) && kx_text_line(rest, &line))
		++*number;
	*ret = kx_view_of(start, (size_t)(line.data - start) + line.size);
	return true;
}

/* The label at the beginning of @line, which is cut off; empty for none. */
static struct kx_view label_of(struct kx_view *line)
{
	struct kx_view copy = kx_text_trim(*line), label;

	if (!copy.size || copy.data[0] != ':' || !kx_text_word(&copy, &label))
		return kx_view_of(NULL, 0);
	*line = copy;
	return kx_view_of(label.data + 1, label.size - 1);
}

static int run_goto(struct ipxe *ipxe, struct words *words, size_t first)
{
	struct script *script = ipxe->script;
	struct kx_view rest = script->text, line;
	unsigned number = 0;

	for (;;) {
		struct kx_view here = rest;
		unsigned before = number;

		if (!next_line(&rest, &number, &line))
			return kx_fail(ipxe->err, ENOENT, "goto: there is no label %s",
				       words->v[first]);
		ipxe->work += line.size + 1;
		if (!kx_text_starts(kx_text_trim(line), ":") ||
		    !kx_text_is(label_of(&line), words->v[first]))
			continue;
		script->rest = here;
		script->line = before;
		ipxe->stop = NEXT_LINE;
		return 0;
	}
}

/* ---- a command ------------------------------------------------------------------------------- */

static int run_nothing(struct ipxe *ipxe, struct words *words, size_t first)
{
	return 0;
}

static int run_refuse(struct ipxe *ipxe, struct words *words, size_t first)
{
	return kx_fail(ipxe->err, EOPNOTSUPP,
		       "%s is left to firmware and iPXE itself: kexec cannot do it", words->v[0]);
}

struct command {
	const char *name;
	int (*run)(struct ipxe *ipxe, struct words *words, size_t first);
	const struct option *options; /* NULL: any words will do */
	size_t min, max;
};

/* What sets up the network and the screen finds both set up, and what shows something is for iPXE's own shell. */
static const struct command commands[] = {
	{ "kernel", run_kernel, image_options, 1, SIZE_MAX },
	{ "imgselect", run_kernel, image_options, 1, SIZE_MAX },
	{ "imgload", run_kernel, image_options, 1, SIZE_MAX },
	{ "initrd", run_initrd, image_options, 1, SIZE_MAX },
	{ "module", run_initrd, image_options, 1, SIZE_MAX },
	{ "imgfetch", run_initrd, image_options, 1, SIZE_MAX },
	{ "imgargs", run_imgargs, image_options, 1, SIZE_MAX },
	{ "imgtrust", run_imgtrust, trust_options, 0, 0 },
	{ "imgverify", run_imgverify, verify_options, 2, 2 },
	{ "imgfree", run_imgfree, no_options, 0, SIZE_MAX },
	{ "boot", run_boot, image_options, 0, SIZE_MAX },
	{ "imgexec", run_boot, image_options, 0, SIZE_MAX },
	{ "chain", run_boot, image_options, 0, SIZE_MAX },
	{ "exit", run_exit, no_options, 0, 1 },
	{ "set", run_set, no_options, 1, SIZE_MAX },
	{ "clear", run_clear, no_options, 1, 1 },
	{ "inc", run_inc, no_options, 1, 2 },
	{ "read", run_read, read_options, 1, 1 },
	{ "nslookup", run_nslookup, no_options, 2, 2 },
	{ "isset", run_isset, no_options, 1, 1 },
	{ "iseq", run_iseq, no_options, 2, 2 },
	{ "cpuid", run_cpuid, cpuid_options, 1, 1 },
	{ "goto", run_goto, no_options, 1, 1 },
	{ "menu", run_menu, menu_options, 0, SIZE_MAX },
	{ "item", run_item, item_options, 0, SIZE_MAX },
	{ "choose", run_choose, choose_options, 1, 1 },
	{ "prompt", run_prompt, prompt_options, 0, SIZE_MAX },
	{ "echo", run_echo, echo_options, 0, SIZE_MAX },
	{ "dhcp", run_nothing, NULL, 0, 0 },
	{ "ifopen", run_nothing, NULL, 0, 0 },
	{ "ifclose", run_nothing, NULL, 0, 0 },
	{ "ifconf", run_nothing, NULL, 0, 0 },
	{ "ifstat", run_nothing, NULL, 0, 0 },
	{ "iflinkwait", run_nothing, NULL, 0, 0 },
	{ "route", run_nothing, NULL, 0, 0 },
	{ "ntp", run_nothing, NULL, 0, 0 },
	{ "sync", run_nothing, NULL, 0, 0 },
	{ "sleep", run_nothing, NULL, 0, 0 },
	{ "ping", run_nothing, NULL, 0, 0 },
	{ "vcreate", run_nothing, NULL, 0, 0 },
	{ "vdestroy", run_nothing, NULL, 0, 0 },
	{ "ipstat", run_nothing, NULL, 0, 0 },
	{ "nstat", run_nothing, NULL, 0, 0 },
	{ "imgstat", run_nothing, NULL, 0, 0 },
	{ "md5sum", run_nothing, NULL, 0, 0 },
	{ "sha1sum", run_nothing, NULL, 0, 0 },
	{ "certstat", run_nothing, NULL, 0, 0 },
	{ "shim", run_nothing, NULL, 0, 0 },
	{ "show", run_nothing, NULL, 0, 0 },
	{ "colour", run_nothing, NULL, 0, 0 },
	{ "cpair", run_nothing, NULL, 0, 0 },
	{ "console", run_nothing, NULL, 0, 0 },
	{ "reboot", run_refuse, NULL, 0, 0 },
	{ "poweroff", run_refuse, NULL, 0, 0 },
	{ "shell", run_refuse, NULL, 0, 0 },
	{ "config", run_refuse, NULL, 0, 0 },
	{ "login", run_refuse, NULL, 0, 0 },
	{ "param", run_refuse, NULL, 0, 0 },
	{ "params", run_refuse, NULL, 0, 0 },
	{ "autoboot", run_refuse, NULL, 0, 0 },
	{ "pxebs", run_refuse, NULL, 0, 0 },
	{ "sanboot", run_refuse, NULL, 0, 0 },
	{ "sanhook", run_refuse, NULL, 0, 0 },
	{ "imgextract", run_refuse, NULL, 0, 0 },
};

static int run_words(struct ipxe *ipxe, struct words *words)
{
	const struct command *command = commands;
	size_t first = 1;
	int r = 0;

	if (++ipxe->steps > KX_IPXE_STEPS_MAX || ipxe->work > KX_IPXE_WORK_MAX)
		return end_all(ipxe, kx_fail(ipxe->err, E2BIG,
					     "more than %u commands: it goes round in circles",
					     KX_IPXE_STEPS_MAX));
	if (!words->count)
		return 0;
	while (command < commands + KX_ARRAY_SIZE(commands) &&
	       strcmp(command->name, words->v[0]) != 0)
		command++;
	if (command == commands + KX_ARRAY_SIZE(commands))
		return kx_fail(ipxe->err, EOPNOTSUPP, "there is no command %s", words->v[0]);
	if (command->options)
		r = parse_options(ipxe, command->options, words, &first);
	if (r == 0 && command->options &&
	    (words->count - first < command->min || words->count - first > command->max))
		r = kx_fail(ipxe->err, EBADMSG, "%s takes %zu to %zu words, not %zu", words->v[0],
			    command->min,
			    command->max < KX_IPXE_WORDS_MAX ? command->max : KX_IPXE_WORDS_MAX,
			    words->count - first);
	return r == 0 ? command->run(ipxe, words, first) : r;
}

/* ---- a line ---------------------------------------------------------------------------------- */

static int add_word(struct ipxe *ipxe, struct words *words, const char *word)
{
	int r;

	if (words->count == KX_IPXE_WORDS_MAX)
		return end_all(ipxe, kx_fail(ipxe->err, E2BIG, "a command of more than %u words",
					     KX_IPXE_WORDS_MAX));
	r = kx_ipxe_expand(&ipxe->settings, word, &ipxe->work, &words->v[words->count], ipxe->err);
	words->count += r == 0;
	return judge(ipxe, r);
}

enum then { IF_GOOD, IF_BAD, ANYWAY, NO_MORE };

/* One command of the line, of which settings are put in only if it is run. */
static enum then cut_command(struct kx_view *line, struct kx_view *ret)
{
	static const char *const ends[] = { [IF_GOOD] = "&&", [IF_BAD] = "||", [ANYWAY] = ";" };
	struct kx_view rest = *line, word;

	while (kx_text_word(&rest, &word)) {
		size_t before = (size_t)(word.data - line->data);

		for (size_t i = 0; i < KX_ARRAY_SIZE(ends); i++) {
			if (!kx_text_is(word, ends[i]))
				continue;
			*ret = kx_view_of(line->data, before);
			*line = rest;
			return (enum then)i;
		}
		if (word.data[0] == '#') {
			*ret = kx_view_of(line->data, before);
			return NO_MORE;
		}
	}
	*ret = *line;
	return NO_MORE;
}

static int run_command(struct ipxe *ipxe, struct kx_view command)
{
	_cleanup_(words_clear) struct words words = { 0 };
	struct kx_view word;
	int r = 0;

	ipxe->err->text[0] = '\0';
	ipxe->located = false;
	while (r == 0 && kx_text_word(&command, &word)) {
		_cleanup_free_ char *copy = NULL;

		r = kx_text_dup(word, &copy);
		if (r == -EBADMSG)
			return end_all(ipxe, kx_fail(ipxe->err, EBADMSG, "there is a zero byte"));
		r = r < 0 ? no_memory(ipxe) : add_word(ipxe, &words, copy);
	}
	return r == 0 ? run_words(ipxe, &words) : r;
}

/* What "||" lets a script go on after may be why it does not get where it should. */
static void say_refused(struct ipxe *ipxe)
{
	char text[KX_ERROR_TEXT_MAX + sizeof("warning: ")];

	kx_error_prefix(ipxe->err, "%s:%u", kx_url_text(ipxe->script->url).s, ipxe->script->line);
	snprintf(text, sizeof(text), "warning: %s", ipxe->err->text);
	ipxe->ops->say(ipxe->ops->ctx, text);
}

static int run_line(struct ipxe *ipxe, struct kx_view line)
{
	enum then then = ANYWAY;
	int r = 0;

	while (then != NO_MORE && ipxe->stop == GO_ON) {
		bool run = then == ANYWAY || (then == IF_GOOD) == (r == 0);
		struct kx_view command;

		then = cut_command(&line, &command);
		if (run)
			r = run_command(ipxe, command);
		if (run && r == -EOPNOTSUPP && then == IF_BAD && ipxe->stop != FATAL)
			say_refused(ipxe);
	}
	if (ipxe->stop == NEXT_LINE)
		ipxe->stop = GO_ON;
	return r;
}

/* Without the "\" and the newline before what continues it. */
static int run_pieces(struct ipxe *ipxe, struct kx_view line)
{
	_cleanup_free_ char *whole = malloc(line.size + 1);
	struct kx_view piece;
	size_t used = 0;

	if (!whole)
		return no_memory(ipxe);
	while (kx_text_line(&line, &piece)) {
		continues(&piece);
		if (piece.size)
			memcpy(whole + used, piece.data, piece.size);
		used += piece.size;
	}
	line = kx_view_of(whole, used);
	label_of(&line);
	return run_line(ipxe, line);
}

/* ---- a script -------------------------------------------------------------------------------- */

bool kx_ipxe_is(struct kx_view text)
{
	return text.size > strlen("#!ipxe") &&
	       (kx_text_starts(text, "#!ipxe") || kx_text_starts(text, "#!gpxe")) &&
	       isspace(text.data[strlen("#!ipxe")]);
}

static int run_lines(struct ipxe *ipxe, struct script *script)
{
	struct kx_view line;
	int r = 0;

	while (r == 0 && ipxe->stop == GO_ON) {
		unsigned number = script->line + 1;

		if (!next_line(&script->rest, &script->line, &line))
			break;
		ipxe->work += line.size + 1;
		r = run_pieces(ipxe, line);
		if (r < 0 && !ipxe->located)
			kx_error_prefix(ipxe->err, "%s:%u", kx_url_text(script->url).s, number);
		ipxe->located = r < 0;
	}
	return r;
}

static int run_one(struct ipxe *ipxe, const char *url, struct kx_view text)
{
	struct script script = { .url = url, .text = text, .rest = text };
	struct script *outer = ipxe->script;
	int r;

	ipxe->script = &script;
	r = judge(ipxe, kx_ipxe_set(&ipxe->settings, "cwuri", url, ipxe->err));
	if (r == 0)
		r = run_lines(ipxe, &script);
	ipxe->script = outer;
	if (ipxe->stop == EXIT)
		ipxe->stop = GO_ON;
	return r;
}

/* The one that "chain --replace" put in the place of the one before. */
static int run_next(struct ipxe *ipxe)
{
	_cleanup_free_ char *url = kx_steal(ipxe->next), *text = NULL;
	size_t size;
	int r;

	r = ipxe->ops->get(ipxe->ops->ctx, url, &text, &size, ipxe->err);
	return r == 0 ? run_one(ipxe, url, kx_view_of(text, size)) : judge(ipxe, r);
}

static int run_script(struct ipxe *ipxe, const char *url, struct kx_view text)
{
	const char *outer = ipxe->script ? ipxe->script->url : NULL;
	int r;

	if (ipxe->depth == KX_IPXE_DEPTH_MAX)
		return end_all(ipxe,
			       kx_fail(ipxe->err, E2BIG,
				       "%s: scripts inside one another more than %u deep; does "
				       "one of them chain itself?",
				       kx_url_text(url).s, KX_IPXE_DEPTH_MAX));
	ipxe->depth++;
	r = run_one(ipxe, url, text);
	while (r == 0 && ipxe->next)
		r = run_next(ipxe);
	ipxe->depth--;
	if (outer && r == 0 && ipxe->stop == GO_ON)
		r = judge(ipxe, kx_ipxe_set(&ipxe->settings, "cwuri", outer, ipxe->err));
	return r;
}

int kx_ipxe_run(const struct kx_netboot_ops *ops, const char *url, struct kx_view script,
		const struct kx_netboot_setting *settings, size_t count, struct kx_netboot *ret,
		struct kx_error *err)
{
	_cleanup_(ipxe_clear) struct ipxe ipxe = { .ops = ops, .ret = ret, .err = err };
	int r = 0;

	if (!kx_ipxe_is(script))
		return kx_fail(err, EBADMSG, "%s is no iPXE script: it does not begin with #!ipxe",
			       kx_url_text(url).s);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = kx_ipxe_set(&ipxe.settings, settings[i].name, settings[i].value, err);
	if (r == 0)
		r = run_script(&ipxe, url, script);
	if (r < 0 || ipxe.stop == BOOT)
		return r;
	return kx_fail(err, ECANCELED, "%s ends without starting anything", kx_url_text(url).s);
}
