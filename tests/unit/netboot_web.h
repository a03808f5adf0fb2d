/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct kx_netboot_ops over texts that a test makes up, for the readers of menus and their fuzzer. */
#ifndef NETBOOT_WEB_H
#define NETBOOT_WEB_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netboot/netboot.h"

#define WEB_MAX 16
#define WEB_CHOICES_MAX 8

/**
 * struct web - what is to be had, and who sits at the keyboard
 * @gone: an address that nothing can be had from
 * @choices: an item of each menu by its name; when they are used up, the default; "" gives up
 * @refuse: what a menu without anybody to ask returns; 0 for the default
 * @key: somebody presses one
 * @log: what was shown and asked
 */
struct web {
	struct {
		const char *url;
		struct kx_view text;
	} v[WEB_MAX];
	size_t count;
	const char *gone;
	const char *choices[WEB_CHOICES_MAX];
	size_t chosen;
	int refuse;
	bool key;
	char log[65536];
	size_t used;
};

static inline void web_add(struct web *web, const char *url, const char *text)
{
	if (web->count == WEB_MAX)
		abort();
	web->v[web->count].url = url;
	web->v[web->count++].text = kx_view_of(text, strlen(text));
}

static inline void web_log(struct web *web, const char *what, const char *text)
{
	int n = snprintf(web->log + web->used, sizeof(web->log) - web->used, "%s%s\n", what, text);

	if (n > 0 && web->used + (size_t)n < sizeof(web->log))
		web->used += (size_t)n;
	else
		web->log[web->used] = '\0';
}

static int web_get(void *ctx, const char *url, char **ret, size_t *ret_size, struct kx_error *err)
{
	const struct web *web = ctx;

	for (size_t i = 0; i < web->count; i++) {
		char *copy;

		if (strcmp(web->v[i].url, url) != 0)
			continue;
		/* Of exactly its size, so that AddressSanitizer sees a read past the end. */
		copy = malloc(web->v[i].text.size ? web->v[i].text.size : 1);
		if (!copy)
			return kx_fail(err, ENOMEM, "out of memory");
		if (web->v[i].text.size)
			memcpy(copy, web->v[i].text.data, web->v[i].text.size);
		*ret = copy;
		*ret_size = web->v[i].text.size;
		return 0;
	}
	if (strstr(url, "vmlinuz"))
		return kx_fail(err, EFBIG, "%s: no text", url);
	return kx_fail(err, ENOENT, "cannot get %s: 404", url);
}

static int web_probe(void *ctx, const char *url, struct kx_error *err)
{
	const struct web *web = ctx;

	if (web->gone && !strcmp(url, web->gone))
		return kx_fail(err, ENOENT, "cannot get %s: 404", url);
	return 0;
}

static int web_choose(void *ctx, const struct kx_netboot_menu *menu, size_t *ret,
		      struct kx_error *err)
{
	struct web *web = ctx;
	const char *wanted = NULL;

	web_log(web, "menu ", menu->title);
	for (size_t i = 0; i < menu->count; i++)
		web_log(web, i == menu->chosen ? "* " : "  ", menu->items[i].text);
	if (web->refuse)
		return kx_fail(err, -web->refuse, "nobody to ask");
	if (web->chosen < WEB_CHOICES_MAX)
		wanted = web->choices[web->chosen++];
	*ret = menu->chosen;
	for (size_t i = 0; wanted && i < menu->count; i++)
		if (menu->items[i].name && !strcmp(menu->items[i].name, wanted))
			*ret = i;
	return wanted && !*wanted ? kx_fail(err, ECANCELED, "given up") : 0;
}

static int web_prompt(void *ctx, const char *text, const char *key, uint64_t timeout,
		      struct kx_error *err)
{
	struct web *web = ctx;

	web_log(web, "prompt ", text);
	return web->key ? 0 : kx_fail(err, ECANCELED, "no key was pressed");
}

static int web_read(void *ctx, const char *setting, const char *now, uint64_t timeout, char **ret,
		    struct kx_error *err)
{
	struct web *web = ctx;
	const char *typed = web->chosen < WEB_CHOICES_MAX ? web->choices[web->chosen++] : NULL;

	char number[32];

	web_log(web, "read ", setting);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)timeout);
	if (timeout)
		web_log(web, "for ms ", number);
	if (web->refuse)
		return kx_fail(err, -web->refuse, "nobody to ask");
	if (typed && !*typed)
		return kx_fail(err, ECANCELED, "given up");
	*ret = strdup(typed ? typed : now);
	return *ret ? 0 : kx_fail(err, ENOMEM, "out of memory");
}

static void web_say(void *ctx, const char *text)
{
	web_log(ctx, "", text);
}

static inline struct kx_netboot_ops web_ops(struct web *web)
{
	return (struct kx_netboot_ops){
		.ctx = web,
		.get = web_get,
		.probe = web_probe,
		.choose = web_choose,
		.prompt = web_prompt,
		.read = web_read,
		.say = web_say,
	};
}

#endif
