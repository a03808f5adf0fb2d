// SPDX-License-Identifier: GPL-2.0-or-later
/* The running machine as iPXE names its parts: ipxe.org/cfg. */
#include "netboot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "carry/carry.h"
#include "machine/machine.h"
#include "machine/root.h"
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

static int add_ip(struct kx_facts *facts, const char *name, const struct kx_ip *ip)
{
	return ip->family == 4 ? add_copy(facts, name, kx_ip_text(ip).s) : 0;
}

/* A bond or a VLAN has the address that it shows, and that is what a server knows this machine by. */
static int add_mac(const struct kx_net_link *link, struct kx_facts *facts)
{
	return link->have_mac ? add_copy(facts, "net0/mac", kx_mac_text(link->mac, ':').s) : 0;
}

static int add_way(const struct kx_keep *keep, size_t link, struct kx_facts *facts)
{
	const struct kx_net_address *address = kx_keep_address(keep, link, 4);
	const struct kx_net_route *way = kx_keep_gateway(keep, link, 4);
	int r = add_mac(keep->links[link].from, facts);

	if (r == 0 && address)
		r = add_ip(facts, "net0/ip", &address->ip);
	if (r == 0 && address)
		r = add_copy(facts, "net0/netmask", kx_ip_netmask(address->prefix).s);
	return r == 0 && way ? add_ip(facts, "net0/gateway", &way->via) : r;
}

static int add_names(const struct kx_network *network, struct kx_facts *facts)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < network->dns_count; i++)
		if (network->dns[i].family == 4) {
			r = add_ip(facts, "net0/dns", &network->dns[i]);
			break;
		}
	if (r == 0 && network->host[0])
		r = add_copy(facts, "hostname", network->host);
	return r == 0 && network->domain[0] ? add_copy(facts, "domain", network->domain) : r;
}

static int add_network(const struct kx_network *network, struct kx_facts *facts)
{
	struct kx_keep *keep = malloc(sizeof(*keep));
	struct kx_error ignored = { 0 };
	size_t link;
	int r = 0;

	if (!keep)
		return -ENOMEM;
	if (kx_keep_choose(network, keep, &ignored) == 0) {
		link = kx_keep_main(keep, 4);
		if (link != KX_KEEP_NONE)
			r = add_way(keep, link, facts);
	}
	free(keep);
	return r == 0 ? add_names(network, facts) : r;
}

/* Where DHCP told iPXE to go on is where this script is: its host, without name, password and port. */
static int add_server(const char *url, struct kx_facts *facts)
{
	_cleanup_free_ char *host = NULL;
	const char *start = strstr(url, "://"), *at;

	if (!start)
		return 0;
	start += strlen("://");
	at = memrchr(start, '@', strcspn(start, "/?#"));
	if (at)
		start = at + 1;
	host = strndup(start, *start == '[' ? strcspn(start, "]") + 1 : strcspn(start, ":/?#"));
	return host ? add_copy(facts, "next-server", host) : -ENOMEM;
}

int kx_facts_read(const struct kx_tool *tool, const char *url, struct kx_facts *ret)
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
	if (r == 0)
		r = add_network(&machine->network, ret);
	return r == 0 ? add_server(url, ret) : r;
}

void kx_facts_clear(struct kx_facts *facts)
{
	for (size_t i = 0; i < facts->count; i++)
		free(facts->values[i]);
	*facts = (struct kx_facts){ 0 };
}
