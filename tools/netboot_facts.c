// SPDX-License-Identifier: GPL-2.0-or-later
/* The running machine as iPXE names its parts: ipxe.org/cfg. */
#include "netboot.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "machine/root.h"
#include "machine/text.h"
#include "util.h"

/* Takes @value over; NULL is nothing to add. */
static int add(struct kx_facts *facts, const char *name, char *value)
{
	if (!value || facts->count == KX_FACTS_MAX) {
		free(value);
		return 0;
	}
	facts->values[facts->count] = value;
	facts->v[facts->count++] = (struct kx_netboot_setting){ name, value };
	return 0;
}

static int add_copy(struct kx_facts *facts, const char *name, const char *value)
{
	char *copy = strdup(value);

	return copy ? add(facts, name, copy) : -ENOMEM;
}

static char *first_line(struct kx_root *root, const char *path)
{
	char *line = NULL;

	return kx_root_line(root, path, &line) < 0 ? NULL : line;
}

static int add_dmi(struct kx_root *root, struct kx_facts *facts)
{
	static const struct {
		const char *name, *path;
	} dmi[] = {
		{ "uuid", "/sys/class/dmi/id/product_uuid" },
		{ "serial", "/sys/class/dmi/id/product_serial" },
		{ "manufacturer", "/sys/class/dmi/id/sys_vendor" },
		{ "product", "/sys/class/dmi/id/product_name" },
		{ "asset", "/sys/class/dmi/id/chassis_asset_tag" },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < KX_ARRAY_SIZE(dmi); i++)
		r = add(facts, dmi[i].name, first_line(root, dmi[i].path));
	return r;
}

static int add_kind(struct kx_root *root, const struct kx_machine *machine, struct kx_facts *facts)
{
	const char *arch = kx_machine_arch(machine);
	int r = add_copy(facts, "platform",
			 kx_root_exists(root, "/sys/firmware/efi") ? "efi" : "pcbios");

	if (r == 0 && arch)
		r = add_copy(facts, "buildarch", !strcmp(arch, "aarch64") ? "arm64" : arch);
	return r;
}

/* ---- the interface that leads out ------------------------------------------------------------ */

/*
 * Lines "eth0 DESTINATION GATEWAY FLAGS …", addresses as the machine keeps them, in hexadecimal (net/ipv4/fib_trie.c): the one with
 * the destination 0 is the default route.
 */
static bool default_route(struct kx_root *root, char interface[IFNAMSIZ], struct in_addr *ret)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_view rest, line, name, word;
	uint64_t to, gateway;

	if (kx_root_read(root, "/proc/net/route", KX_CAP_VALUE, &blob) < 0)
		return false;
	rest = kx_blob_view(&blob);
	while (kx_text_line(&rest, &line)) {
		if (!kx_text_word(&line, &name) || name.size >= IFNAMSIZ ||
		    !kx_text_word(&line, &word) || !kx_text_u64(word, 16, &to) || to ||
		    !kx_text_word(&line, &word) || !kx_text_u64(word, 16, &gateway))
			continue;
		memcpy(interface, name.data, name.size);
		interface[name.size] = '\0';
		ret->s_addr = (in_addr_t)gateway;
		return true;
	}
	return false;
}

static int add_address(struct kx_facts *facts, const char *name, struct in_addr address)
{
	char text[INET_ADDRSTRLEN];

	return address.s_addr && inet_ntop(AF_INET, &address, text, sizeof(text))
		       ? add_copy(facts, name, text)
		       : 0;
}

static struct in_addr ipv4_of(const struct sockaddr *address)
{
	struct sockaddr_in in = { 0 };

	if (address && address->sa_family == AF_INET)
		memcpy(&in, address, sizeof(in));
	return in.sin_addr;
}

/* Of this system alone: another root has no addresses. */
static int add_addresses(struct kx_facts *facts, const char *interface)
{
	struct ifaddrs *all = NULL;
	int r = 0;

	if (getifaddrs(&all) < 0)
		return 0;
	for (struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (strcmp(i->ifa_name, interface) != 0 || !ipv4_of(i->ifa_addr).s_addr)
			continue;
		r = add_address(facts, "ip", ipv4_of(i->ifa_addr));
		if (r == 0)
			r = add_address(facts, "netmask", ipv4_of(i->ifa_netmask));
		break;
	}
	freeifaddrs(all);
	return r;
}

static int add_network(struct kx_root *root, struct kx_facts *facts)
{
	char interface[IFNAMSIZ], path[64];
	struct in_addr gateway = { 0 };
	char *mac;
	int r;

	if (!default_route(root, interface, &gateway))
		return 0;
	snprintf(path, sizeof(path), "/sys/class/net/%s/address", interface);
	mac = first_line(root, path);
	r = mac ? add_copy(facts, "net0/mac", mac) : 0;
	if (r == 0)
		r = add(facts, "mac", mac);
	else
		free(mac);
	if (r == 0)
		r = add_address(facts, "gateway", gateway);
	return r == 0 ? add_addresses(facts, interface) : r;
}

int kx_facts_read(const struct kx_tool *tool, struct kx_facts *ret)
{
	_cleanup_(kx_machine_freep) struct kx_machine *machine = NULL;
	_cleanup_(kx_root_close) struct kx_root root = KX_ROOT_NONE;
	struct kx_error ignored = { 0 };
	int r = kx_root_open(tool->root, &root, &ignored);

	if (r < 0 || kx_machine_read(tool->root, &machine, &ignored) < 0)
		return r == -ENOMEM ? r : 0;
	r = add_kind(&root, machine, ret);
	if (r == 0)
		r = add_dmi(&root, ret);
	return r == 0 ? add_network(&root, ret) : r;
}

void kx_facts_clear(struct kx_facts *facts)
{
	for (size_t i = 0; i < facts->count; i++)
		free(facts->values[i]);
	*facts = (struct kx_facts){ 0 };
}
