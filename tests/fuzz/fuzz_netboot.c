// SPDX-License-Identifier: GPL-2.0-or-later
/* iPXE scripts and PXELINUX configurations: texts on a server, the first of which is begun with. */
#include "../unit/netboot_web.h"
#include "base/overflow.h"
#include "fuzz_boot.h"
#include "netboot/distro.h"
#include "netboot/ipxe.h"

#define SERVER "https://h"

static const struct kx_netboot_setting machine[] = {
	{ "net0/mac", "52:54:00:ab:cd:01" }, { "mac", "52:54:00:ab:cd:01" }, { "ip", "10.0.2.15" },
	{ "netmask", "255.255.255.0" },      { "buildarch", "x86_64" },      { "uuid", "deadbeef" },
	{ "serial", "${serial:hex}" },
};

static void require_url(const char *url)
{
	require(kx_url_is_whole(url) && strlen(url) <= KX_NETBOOT_URL_MAX);
	for (; *url; url++)
		require(*url > ' ' && *url < 0x7f);
}

/* Whoever is asked takes each item once, and then gives up: a script ends for reasons of its own. */
static int choose(void *ctx, const struct kx_netboot_menu *menu, size_t *ret, struct kx_error *err)
{
	struct web *web = ctx;

	require(menu->count && menu->count <= KX_NETBOOT_ITEMS_MAX && menu->title);
	require(menu->chosen < menu->count && menu->items[menu->chosen].name);
	for (size_t i = 0; i < menu->count; i++)
		require(menu->items[i].text);
	*ret = web->chosen++ % (menu->count + 1);
	return *ret == menu->count ? kx_fail(err, ECANCELED, "given up") : 0;
}

static void say(void *ctx, const char *text)
{
	require(strlen(text) <= KX_IPXE_WORDS_MAX * (KX_NETBOOT_STRING_MAX + 1UL));
}

static void check(struct web *web, const char *url)
{
	_cleanup_(kx_netboot_clear) struct kx_netboot got = { 0 };
	struct kx_netboot_ops ops = web_ops(web);
	struct kx_error err = { 0 };
	int r;

	ops.choose = choose;
	ops.say = say;
	r = kx_netboot_run(&ops, url, machine, KX_ARRAY_SIZE(machine), &got, &err);
	if (r < 0) {
		require_message(&err);
		require(!got.kernel && !got.initrds.count && !got.files.count && !got.cmdline);
		return;
	}
	require_url(got.kernel);
	require(got.cmdline && got.initrds.count <= KX_NETBOOT_INITRDS_MAX);
	for (size_t i = 0; i < got.initrds.count; i++)
		require_url(got.initrds.v[i]);
	require(got.files.count % 3 == 0);
	for (size_t i = 0; i < got.files.count; i += 3) {
		require_url(got.files.v[i]);
		require(*got.files.v[i + 1] && strlen(got.files.v[i + 2]) == 4);
	}
}

/* The data file of a distribution is root's own, but not all that is in it need be an address. */
static void check_distro(struct kx_view text)
{
	const struct kx_distro_choice choice = { .release = "12", .arch = "x86_64" };
	_cleanup_(kx_distro_order_clear) struct kx_distro_order order = { 0 };
	_cleanup_(kx_distro_clear) struct kx_distro distro = { 0 };
	struct kx_error err = { 0 };

	if (kx_distro_parse("d.conf", text, &distro, &err) < 0) {
		require_message(&err);
		require(!distro.title);
		return;
	}
	if (kx_distro_order(&distro, &choice, true, &order, &err) < 0) {
		require_message(&err);
		require(!order.mirror);
		return;
	}
	require_url(order.kernel ? order.kernel : order.script);
	for (size_t i = 0; i < order.initrds.count; i++)
		require_url(order.initrds.v[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(fuzz_files_clear) struct fuzz_files f = { 0 };
	char urls[WEB_MAX][128];
	struct web web = { .gone = SERVER "/gone" };

	fuzz_files_parse(kx_view_of(data, size), "/menu", &f);
	for (size_t i = 0; i < f.files.count && i < WEB_MAX; i++) {
		snprintf(urls[i], sizeof(urls[i]), SERVER "%s", f.paths[i]);
		web.v[i].url = urls[i];
		web.v[i].text = kx_view_of(f.files.v[i].data, f.files.v[i].size);
		web.count++;
	}
	check(&web, SERVER "/menu");
	check(&web, SERVER "/");
	check_distro(kx_view_of(data, size));
	return 0;
}
