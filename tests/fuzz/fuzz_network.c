// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rtnetlink dumps and resolv.conf, and what each renderer makes of them. An input is a dump, then, behind the last line
 * "resolv", text. Nothing that comes out may end a word, a line or a file's name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carry/carry.h"
#include "fuzz.h"

static const struct kx_renderer *const renderers[] = { &kx_render_kernel, &kx_render_netcfg,
						       &kx_render_dracut, &kx_render_networkd };

/* Words that the kernel cuts as they were meant. */
static void check_words(const char *words, size_t size)
{
	bool quoted = false;

	require(strlen(words) == size);
	for (size_t i = 0; i < size; i++) {
		require(words[i] >= ' ' && words[i] < 0x7f);
		quoted ^= words[i] == '"';
	}
	require(!quoted && (!size || words[size - 1] == ' '));
}

static void check_files(const struct kx_overlay *overlay)
{
	for (size_t i = 0; i < overlay->count; i++) {
		const struct kx_overlay_file *file = &overlay->v[i];

		require(!strncmp(file->path, "etc/systemd/network/10-kexec-", 29));
		require(!strchr(file->path + 20, '/'));
		require(!memchr(file->content.data, '\0', file->content.size));
	}
}

static void check_keep(const struct kx_keep *keep)
{
	require(keep->address_count && keep->link_count);
	for (size_t i = 0; i < keep->link_count; i++) {
		const struct kx_keep_link *link = &keep->links[i];

		require(link->from->kind != KX_NET_OTHER && *link->name);
		require(link->from->kind != KX_NET_VLAN || link->lower < i);
		require(link->lower == KX_KEEP_NONE || link->lower < keep->link_count);
		require(link->master == KX_KEEP_NONE || link->master < keep->link_count);
	}
	for (size_t i = 0; i < keep->address_count; i++)
		require(keep->addresses[i].link < keep->link_count);
	for (size_t i = 0; i < keep->route_count; i++)
		require(keep->routes[i].link < keep->link_count);
}

static void render(const struct kx_keep *keep, const struct kx_renderer *renderer, bool full)
{
	struct kx_overlay *overlay = calloc(1, sizeof(*overlay));
	char *words = NULL, *left = NULL;
	size_t size = 0, left_size = 0;
	struct kx_render to = { .overlay = overlay, .full = full };
	struct kx_error err = { 0 };

	to.words = open_memstream(&words, &size);
	to.left = open_memstream(&left, &left_size);
	require(overlay && to.words && to.left);
	if (renderer->render(keep, &to, &err) < 0)
		require(*err.text);
	else
		require(fflush(to.words) == 0);
	fclose(to.words);
	fclose(to.left);
	if (!*err.text)
		check_words(words, size);
	check_files(overlay);
	kx_overlay_clear(overlay);
	free(overlay);
	free(words);
	free(left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char mark[] = "\nresolv\n";
	const uint8_t *text = memmem(data, size, mark, sizeof(mark) - 1);
	size_t dump = text ? (size_t)(text - data) : size;
	struct kx_network network = { .known = true };
	struct kx_keep *keep = malloc(sizeof(*keep));
	struct kx_error err = { 0 };

	require(keep);
	if (text) {
		struct kx_view rest =
			kx_view_of(text + sizeof(mark) - 1, size - dump - (sizeof(mark) - 1));

		kx_resolv_parse(rest, &network);
		kx_host_parse(rest, &network);
	}
	if (kx_netlink_parse(kx_view_of(data, dump), &network, &err) == 0 &&
	    kx_keep_choose(&network, keep, &err) == 0) {
		check_keep(keep);
		for (size_t i = 0; i < sizeof(renderers) / sizeof(renderers[0]); i++)
			for (int full = 0; full < 2; full++)
				render(keep, renderers[i], full);
	} else {
		require(*err.text);
	}
	kx_network_clear(&network);
	free(keep);
	return 0;
}
