// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a menu of the network comes to where every address that it names is a file:
 *
 *     print_netboot DIR URL [NAME=VALUE]... [-- CHOICE...]
 *
 * DIR/HOST/PATH is what is at https://HOST/PATH. Of another host there is all that is named, and none of it is a text. A choice is an
 * item's name, or what is typed; without one left the default is taken.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netboot/netboot.h"

struct world {
	const char *dir;
	char **choices;
};

static int get(void *ctx, const char *url, char **ret, size_t *ret_size, struct kx_error *err)
{
	const struct world *world = ctx;
	const char *path = strstr(url, "://");
	char name[4096];
	FILE *file;

	snprintf(name, sizeof(name), "%s/%s", world->dir, path ? path + 3 : url);
	file = fopen(name, "re");
	name[strlen(world->dir) + 1 + strcspn(path ? path + 3 : url, "/")] = '\0';
	if (!file && access(name, F_OK) == 0)
		return kx_fail(err, ENOENT, "cannot get %s: 404", url);
	if (!file)
		return kx_fail(err, EFBIG, "%s: it is no text", url);
	*ret = calloc(KX_NETBOOT_TEXT_MAX, 1);
	if (!*ret)
		abort();
	*ret_size = fread(*ret, 1, KX_NETBOOT_TEXT_MAX, file);
	fclose(file);
	return 0;
}

static int probe(void *ctx, const char *url, struct kx_error *err)
{
	return 0;
}

static int choose(void *ctx, const struct kx_netboot_menu *menu, size_t *ret, struct kx_error *err)
{
	struct world *world = ctx;
	const char *wanted = *world->choices ? *world->choices++ : NULL;

	*ret = menu->chosen;
	for (size_t i = 0; i < menu->count; i++)
		if (wanted && menu->items[i].name && !strcmp(menu->items[i].name, wanted))
			*ret = i;
	printf("menu: %s: %s of %zu\n", menu->title, menu->items[*ret].name, menu->count);
	if (wanted && strcmp(menu->items[*ret].name, wanted) != 0)
		return kx_fail(err, ENOENT, "there is no item %s", wanted);
	return 0;
}

static int prompt(void *ctx, const char *text, const char *key, uint64_t timeout,
		  struct kx_error *err)
{
	printf("prompt: %s\n", text);
	return kx_fail(err, ECANCELED, "no key was pressed");
}

static int read_line(void *ctx, const char *setting, const char *now, uint64_t timeout, char **ret,
		     struct kx_error *err)
{
	struct world *world = ctx;
	const char *typed = *world->choices ? *world->choices++ : now;

	printf("read: %s: %s\n", setting, typed);
	*ret = strdup(typed);
	return *ret ? 0 : kx_fail(err, ENOMEM, "out of memory");
}

static void say(void *ctx, const char *text)
{
	printf("%s\n", text);
}

int main(int argc, char **argv)
{
	struct world world = { .dir = argc > 1 ? argv[1] : "." };
	const struct kx_netboot_ops ops = {
		.ctx = &world,
		.get = get,
		.probe = probe,
		.choose = choose,
		.prompt = prompt,
		.read = read_line,
		.say = say,
	};
	struct kx_netboot_setting settings[64];
	struct kx_netboot netboot = { 0 };
	struct kx_error err = { 0 };
	size_t count = 0;
	int i = 3;

	for (; i < argc && strcmp(argv[i], "--") != 0 && count < 64; i++) {
		settings[count].name = strsep(&argv[i], "=");
		settings[count++].value = argv[i];
	}
	world.choices = argv + (i < argc ? i + 1 : argc);
	if (kx_netboot_run(&ops, argv[2], settings, count, &netboot, &err) < 0) {
		printf("error: %s\n", err.text);
		return 1;
	}
	printf("kernel: %s\n", netboot.kernel);
	for (size_t n = 0; n < netboot.initrds.count; n++)
		printf("initrd: %s\n", netboot.initrds.v[n]);
	for (size_t n = 0; n + 2 < netboot.files.count; n += 3)
		printf("file: %s as %s, %s\n", netboot.files.v[n], netboot.files.v[n + 1],
		       netboot.files.v[n + 2]);
	printf("cmdline: %s\n", netboot.cmdline);
	kx_netboot_clear(&netboot);
	return 0;
}
