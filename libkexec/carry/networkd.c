// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files for systemd-networkd: systemd.link(5), systemd.netdev(5), systemd.network(5). They go to /etc, since what an initrd
 * has in /run is covered by a file system of systemd's. All of the network can be said so.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "carry/carry.h"

/* One file being written. */
struct text {
	FILE *out;
	char *data;
	size_t size;
};

static int text_open(struct text *text, struct kx_error *err)
{
	text->out = open_memstream(&text->data, &text->size);
	return text->out ? 0 : kx_fail(err, ENOMEM, "cannot keep the network: out of memory");
}

/* Into the overlay as "10-kexec-NAME.KIND". */
static int text_close(struct text *text, const char *name, const char *kind, struct kx_render *to,
		      struct kx_error *err)
{
	bool ok = !ferror(text->out);
	char path[80];

	ok &= fclose(text->out) == 0;
	if (!ok) {
		free(text->data);
		return kx_fail(err, ENOMEM, "cannot keep the network: out of memory");
	}
	snprintf(path, sizeof(path), "/etc/systemd/network/10-kexec-%s.%s", name, kind);
	return kx_overlay_add(to->overlay, path, 0644, kx_view_of(text->data, text->size),
			      text->data, err);
}

/* What the kernel may call another card just then is left to it: systemd.link(5), Name=. */
static bool is_kernels_name(const char *name)
{
	return !strncmp(name, "eth", 3) && name[3] >= '0' && name[3] <= '9';
}

static int put_link(const struct kx_keep_link *link, struct kx_render *to, struct kx_error *err)
{
	const uint8_t *mac = kx_keep_mac(link->from);
	struct text text = { 0 };
	int r;

	if (link->from->kind != KX_NET_ETHERNET || !mac)
		return 0;
	r = text_open(&text, err);
	if (r < 0)
		return r;
	fprintf(text.out, "[Match]\n%s=%s\n\n[Link]\n",
		link->from->have_permanent ? "PermanentMACAddress" : "MACAddress",
		kx_mac_text(mac, ':').s);
	if (!is_kernels_name(link->name))
		fprintf(text.out, "Name=%s\n", link->name);
	fprintf(text.out, "MTUBytes=%u\n", link->from->mtu);
	return text_close(&text, link->name, "link", to, err);
}

/* systemd.netdev(5), [Bond]; in the order of the kernel's numbers (Documentation/networking/bonding.rst). */
static void put_bond(const struct kx_net_bond *bond, FILE *out)
{
	static const char *const modes[] = { "balance-rr", "active-backup", "balance-xor",
					     "broadcast",  "802.3ad",       "balance-tlb",
					     "balance-alb" };
	static const char *const policies[] = { "layer2", "layer3+4", "layer2+3", "encap2+3",
						"encap3+4" };
	bool hashes = bond->mode == 2 || bond->mode == 4 || bond->mode == 5;

	fprintf(out, "\n[Bond]\nMode=%s\n", bond->mode < 7 ? modes[bond->mode] : modes[0]);
	fprintf(out, "MIIMonitorSec=%ums\n", bond->miimon ? bond->miimon : 100);
	if (bond->updelay)
		fprintf(out, "UpDelaySec=%ums\n", bond->updelay);
	if (bond->downdelay)
		fprintf(out, "DownDelaySec=%ums\n", bond->downdelay);
	if (hashes && bond->xmit_hash_policy < 5)
		fprintf(out, "TransmitHashPolicy=%s\n", policies[bond->xmit_hash_policy]);
	if (bond->mode == 4)
		fprintf(out, "LACPTransmitRate=%s\n", bond->lacp_rate ? "fast" : "slow");
}

static int put_netdev(const struct kx_keep_link *link, struct kx_render *to, struct kx_error *err)
{
	static const char *const kinds[] = { NULL, NULL, "bond", "vlan", "bridge" };
	const struct kx_net_link *from = link->from;
	struct text text = { 0 };
	int r;

	if (!kinds[from->kind])
		return 0;
	r = text_open(&text, err);
	if (r < 0)
		return r;
	fprintf(text.out, "[NetDev]\nName=%s\nKind=%s\nMTUBytes=%u\n", link->name,
		kinds[from->kind], from->mtu);
	if (from->have_mac)
		fprintf(text.out, "MACAddress=%s\n", kx_mac_text(from->mac, ':').s);
	if (from->kind == KX_NET_VLAN)
		fprintf(text.out, "\n[VLAN]\nId=%u\n", from->vlan_id);
	if (from->kind == KX_NET_BOND)
		put_bond(&from->bond, text.out);
	return text_close(&text, link->name, "netdev", to, err);
}

static void put_match(const struct kx_keep_link *link, FILE *out)
{
	const uint8_t *mac = kx_keep_mac(link->from);

	if (link->from->kind == KX_NET_ETHERNET && mac && is_kernels_name(link->name))
		/* VLANs have their card's address, too. */
		fprintf(out, "[Match]\n%s=%s\nType=ether\nKind=!*\n",
			link->from->have_permanent ? "PermanentMACAddress" : "MACAddress",
			kx_mac_text(mac, ':').s);
	else
		fprintf(out, "[Match]\nName=%s\n", link->name);
}

/* What it is part of, and what is on it. */
static void put_ties(const struct kx_keep *keep, size_t at, FILE *out)
{
	size_t master = keep->links[at].master;

	if (master != KX_KEEP_NONE) {
		const struct kx_keep_link *link = &keep->links[master];

		fprintf(out, "%s=%s\n", link->from->kind == KX_NET_BOND ? "Bond" : "Bridge",
			link->name);
		if (link->from->kind == KX_NET_BOND &&
		    link->from->bond.primary == keep->links[at].from->index)
			fputs("PrimarySlave=yes\n", out);
	}
	for (size_t i = 0; i < keep->link_count; i++)
		if (keep->links[i].lower == at)
			fprintf(out, "VLAN=%s\n", keep->links[i].name);
}

static void put_route(const struct kx_keep *keep, const struct kx_keep_route *way, FILE *out)
{
	const struct kx_net_route *route = way->from;

	fprintf(out, "\n[Route]\nDestination=%s/%u\n", kx_ip_text(&route->to).s, route->prefix);
	if (route->via.family) {
		fprintf(out, "Gateway=%s\n", kx_ip_text(&route->via).s);
		if (route->onlink || !kx_keep_reaches(keep, way->link, &route->via))
			fputs("GatewayOnLink=yes\n", out);
	} else if (route->to.family == 4)
		fputs("Scope=link\n", out);
	if (route->metric)
		fprintf(out, "Metric=%u\n", route->metric);
}

static void put_names(const struct kx_network *network, FILE *out)
{
	for (size_t i = 0; i < network->dns_count; i++)
		fprintf(out, "DNS=%s\n", kx_ip_text(&network->dns[i]).s);
	if (network->search[0])
		fprintf(out, "Domains=%s\n", network->search);
}

static int put_network(const struct kx_keep *keep, size_t at, struct kx_render *to,
		       struct kx_error *err)
{
	size_t main4 = kx_keep_main(keep, 4),
	       main = main4 == KX_KEEP_NONE ? kx_keep_main(keep, 6) : main4;
	struct text text = { 0 };
	int r = text_open(&text, err);

	if (r < 0)
		return r;
	put_match(&keep->links[at], text.out);
	fputs("\n[Network]\nDHCP=no\nIPv6AcceptRA=no\n", text.out);
	put_ties(keep, at, text.out);
	if (at == main)
		put_names(keep->network, text.out);
	for (size_t i = 0; i < keep->address_count; i++)
		if (keep->addresses[i].link == at)
			fprintf(text.out, "Address=%s/%u\n",
				kx_ip_text(&keep->addresses[i].from->ip).s,
				keep->addresses[i].from->prefix);
	for (size_t i = 0; i < keep->route_count; i++)
		if (keep->routes[i].link == at)
			put_route(keep, &keep->routes[i], text.out);
	return text_close(&text, keep->links[at].name, "network", to, err);
}

static int render(const struct kx_keep *keep, struct kx_render *to, struct kx_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < keep->link_count; i++) {
		r = put_link(&keep->links[i], to, err);
		if (r == 0)
			r = put_netdev(&keep->links[i], to, err);
		if (r == 0)
			r = put_network(keep, i, to, err);
	}
	return r;
}

const struct kx_renderer kx_render_networkd = {
	.name = "networkd",
	.id = KX_KEEP_NETWORK_NETWORKD,
	.mark = KX_LOOK_NETWORKD,
	.render = render,
};
