// SPDX-License-Identifier: GPL-2.0-or-later
/* Menus of the network, asked by number: it works on any terminal, and over any serial line. */
#include "netboot.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/text.h"
#include "util.h"

#define ANSWER_MAX 256

/* ---- --choose -------------------------------------------------------------------------------- */

static bool same(const char *a, struct kx_view b)
{
	return a && kx_text_is(b, a);
}

/* The next name of --choose. */
static bool next_given(struct kx_asker *asker, struct kx_view *ret)
{
	struct kx_view rest = kx_text_of(asker->left);

	if (!kx_text_field(&rest, ',', ret))
		return false;
	asker->left += ret->size + (asker->left[ret->size] == ',');
	return true;
}

/* It is an item's name or its whole text. */
static int choose_given(struct kx_asker *asker, const struct kx_netboot_menu *menu, size_t *ret,
			struct kx_error *err)
{
	struct kx_view name = { 0 };

	if (!next_given(asker, &name))
		return kx_fail(err, EOPNOTSUPP,
			       "the menu \"%s\" asks for a choice, too; add its name to --choose",
			       menu->title);
	for (size_t i = 0; i < menu->count; i++) {
		const struct kx_netboot_item *item = &menu->items[i];

		if (!item->name || (!same(item->name, name) && !same(item->text, name)))
			continue;
		*ret = i;
		return 0;
	}
	return kx_fail(err, EINVAL, "--choose: the menu \"%s\" has nothing of the name %.*s",
		       menu->title, (int)name.size, (const char *)name.data);
}

/* ---- at a terminal --------------------------------------------------------------------------- */

static void show(const struct kx_netboot_menu *menu)
{
	unsigned number = 0;

	fputs("\n", stderr);
	kx_text_put(stderr, menu->title);
	fputs("\n", stderr);
	for (size_t i = 0; i < menu->count; i++) {
		if (menu->items[i].name)
			fprintf(stderr, " %c%3u  ", i == menu->chosen ? '*' : ' ', ++number);
		else
			fputs("       ", stderr);
		kx_text_put(stderr, menu->items[i].text);
		fputs("\n", stderr);
	}
}

/* A line, without its end. Return: false when the time is over. An empty line at the end of input. */
static bool read_answer(uint64_t timeout, char answer[ANSWER_MAX])
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int wait = !timeout ? -1 : timeout > INT32_MAX ? INT32_MAX : (int)timeout;

	answer[0] = '\0';
	if (kx_retry(poll(&in, 1, wait)) == 0)
		return false;
	if (!fgets(answer, ANSWER_MAX, stdin))
		snprintf(answer, ANSWER_MAX, "q");
	answer[strcspn(answer, "\r\n")] = '\0';
	return true;
}

/* The item of this number, counting those that can be chosen, or of this name. */
static bool find_answer(const struct kx_netboot_menu *menu, const char *answer, size_t *ret)
{
	uint64_t wanted = 0, number = 0;

	if (!kx_text_u64(kx_text_of(answer), 10, &wanted))
		wanted = 0;
	for (size_t i = 0; i < menu->count; i++)
		if (menu->items[i].name && ++number == wanted) {
			*ret = i;
			return true;
		}
	/* Numbers are what is shown, so no name takes the place of one. */
	for (size_t i = 0; i < menu->count; i++)
		if (menu->items[i].name && !strcmp(menu->items[i].name, answer)) {
			*ret = i;
			return true;
		}
	return false;
}

static int ask(const struct kx_netboot_menu *menu, size_t *ret, struct kx_error *err)
{
	uint64_t timeout = menu->timeout;
	char answer[ANSWER_MAX];

	show(menu);
	for (;;) {
		fputs("number, Enter for *, q to leave", stderr);
		if (timeout)
			fprintf(stderr, " (* in %" PRIu64 " s)", (timeout + 999) / 1000);
		fputs(": ", stderr);
		*ret = menu->chosen;
		if (!read_answer(timeout, answer)) {
			fputs("\n", stderr);
			return 0;
		}
		/* Somebody is there, and gets all the time. */
		timeout = 0;
		if (!strcmp(answer, "q"))
			return kx_fail(err, ECANCELED, "the menu \"%s\" was left", menu->title);
		if (!*answer || find_answer(menu, answer, ret))
			return 0;
		fputs("there is no such number; ", stderr);
	}
}

/* ---- what the menus want --------------------------------------------------------------------- */

static bool somebody_there(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

int kx_ask_choose(struct kx_asker *asker, const struct kx_netboot_menu *menu, size_t *ret,
		  struct kx_error *err)
{
	if (asker->left)
		return choose_given(asker, menu, ret, err);
	if (somebody_there())
		return ask(menu, ret, err);
	if (!menu->timeout)
		return kx_fail(err, EOPNOTSUPP,
			       "the menu \"%s\" asks for a choice, and there is no terminal; give "
			       "it by --choose, as --choose=%s",
			       menu->title, menu->items[menu->chosen].name);
	*ret = menu->chosen;
	kx_say("the menu \"%s\" would wait %" PRIu64 " s for \"%s\", which is taken", menu->title,
	       (menu->timeout + 999) / 1000, menu->items[menu->chosen].text);
	return 0;
}

static int read_given(struct kx_asker *asker, const char *setting, char **ret, struct kx_error *err)
{
	struct kx_view text = { 0 };

	if (!next_given(asker, &text))
		return kx_fail(err, EOPNOTSUPP,
			       "the script asks for a text, too, as \"%s\"; add it to --choose",
			       setting);
	*ret = strndup((const char *)text.data, text.size);
	return *ret ? 0 : kx_fail(err, ENOMEM, "out of memory");
}

/* Nobody types anything where nobody is, which a script that has a time for that knows how to go on after. */
int kx_ask_read(struct kx_asker *asker, const char *setting, const char *now, uint64_t timeout,
		char **ret, struct kx_error *err)
{
	char answer[ANSWER_MAX];

	if (asker->left)
		return read_given(asker, setting, ret, err);
	if (!somebody_there())
		return kx_fail(err, timeout ? ECANCELED : EOPNOTSUPP,
			       "the script asks for a text, as \"%s\", and there is no terminal; "
			       "give it by --choose",
			       setting);
	kx_text_put(stderr, setting);
	fputs(" [", stderr);
	kx_text_put(stderr, now);
	fputs("], Enter to leave it so", stderr);
	if (timeout)
		fprintf(stderr, " (given up in %" PRIu64 " s)", (timeout + 999) / 1000);
	fputs(": ", stderr);
	if (!read_answer(timeout, answer) || feof(stdin))
		return kx_fail(err, ECANCELED, "nothing was typed for \"%s\"", setting);
	*ret = strdup(*answer ? answer : now);
	return *ret ? 0 : kx_fail(err, ENOMEM, "out of memory");
}

/* A key that has a time to be pressed in leads somewhere else; without such a time it says "go on". */
int kx_ask_prompt(struct kx_asker *asker, const char *text, const char *key, uint64_t timeout,
		  struct kx_error *err)
{
	char answer[ANSWER_MAX];

	kx_text_put(stderr, text);
	fputs("\n", stderr);
	if (timeout && (asker->left || !somebody_there()))
		return kx_fail(err, ECANCELED, "prompt: no key was pressed");
	if (asker->left || !somebody_there())
		return 0;
	if (key)
		fputs("Enter for that key, or q and Enter to go on without: ", stderr);
	if (!read_answer(timeout, answer) || !strcmp(answer, "q"))
		return kx_fail(err, ECANCELED, "prompt: no key was pressed");
	return 0;
}
