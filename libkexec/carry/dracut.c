// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Words of dracut.cmdline(7), which systemd-network-generator(8) and NetworkManager's nm-initrd-generator(8) understand,
 * too. Cards are pinned to their addresses by ifname=.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "carry/carry.h"

/* ---- cards ----------------------------------------------------------------------------------- */

/* Is something built of the link? */
static bool has_more(const struct kx_keep *keep, size_t at)
{
	for (size_t i = 0; i < keep->link_count; i++)
		if (keep->links[i].lower == at)
			return true;
	return keep->links[at].master != KX_KEEP_NONE;
}

/*
 * The address by which its name is pinned; NULL for none. What is built of a card has its address, and systemd's reader would
 * have udev give both the name: then the next system's own name for the card has to be the one that it has here.
 */
static const uint8_t *pin(const struct kx_keep *keep, size_t at, bool full)
{
	const struct kx_net_link *link = keep->links[at].from;

	return link->kind == KX_NET_ETHERNET && !(full && has_more(keep, at)) ? kx_keep_mac(link)
									      : NULL;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool taken(const struct kx_keep *keep, const char *name)
{
	for (size_t i = 0; i < keep->link_count; i++)
		if (!strcmp(keep->links[i].name, name))
			return true;
	return false;
}

/* "eth0" is what the kernel may call another card just then: dracut.cmdline(7), ifname=. */
static void rename_card(struct kx_keep *keep, size_t at, bool full)
{
	struct kx_keep_link *link = &keep->links[at];
	char name[KX_NET_NAME_SIZE];

	if (strncmp(link->name, "eth", 3) != 0 || link->name[3] < '0' || link->name[3] > '9' ||
	    !pin(keep, at, full))
		return;
	snprintf(name, sizeof(name), "net%.12s", link->name + 3);
	if (!taken(keep, name))
		memcpy(link->name, name, sizeof(name));
}

/* The number of a VLAN is the end of its name, and said nowhere else. */
static int rename_vlan(struct kx_keep *keep, struct kx_keep_link *link, struct kx_error *err)
{
	const char *lower = keep->links[link->lower].name;
	char name[KX_NET_NAME_SIZE + 8];

	snprintf(name, sizeof(name), "%s.%u", lower, link->from->vlan_id);
	if (strlen(name) >= KX_NET_NAME_SIZE)
		snprintf(name, sizeof(name), "vlan%u", link->from->vlan_id);
	if (strcmp(link->name, name) != 0 && taken(keep, name))
		return kx_fail(err, EOPNOTSUPP,
			       "cannot keep the network: there is no name left for the VLAN %s in "
			       "words of dracut's; use --keep-network=networkd with an initrd that "
			       "has it",
			       link->from->name);
	memcpy(link->name, name, KX_NET_NAME_SIZE);
	return 0;
}

static int rename_links(struct kx_keep *keep, bool full, struct kx_error *err)
{
	int r = 0;

	for (size_t i = 0; i < keep->link_count; i++)
		rename_card(keep, i, full);
	for (size_t i = 0; r == 0 && i < keep->link_count; i++)
		if (keep->links[i].from->kind == KX_NET_VLAN)
			r = rename_vlan(keep, &keep->links[i], err);
	return r;
}

/* ---- links ----------------------------------------------------------------------------------- */

static void put_parts(const struct kx_keep *keep, size_t master, FILE *out)
{
	const char *separator = ":";

	for (size_t i = 0; i < keep->link_count; i++) {
		if (keep->links[i].master != master)
			continue;
		fprintf(out, "%s%s", separator, keep->links[i].name);
		separator = ",";
	}
}

static void put_bond(const struct kx_keep *keep, size_t at, FILE *out)
{
	const struct kx_net_bond *bond = &keep->links[at].from->bond;

	fprintf(out, "bond=%s", keep->links[at].name);
	put_parts(keep, at, out);
	fprintf(out, ":mode=%u,miimon=%u", bond->mode, bond->miimon ? bond->miimon : 100);
	if (bond->updelay)
		fprintf(out, ",updelay=%u", bond->updelay);
	if (bond->downdelay)
		fprintf(out, ",downdelay=%u", bond->downdelay);
	/* balance-xor, 802.3ad and balance-tlb hash; 802.3ad alone has a rate. */
	if (bond->mode == 2 || bond->mode == 4 || bond->mode == 5)
		fprintf(out, ",xmit_hash_policy=%u", bond->xmit_hash_policy);
	if (bond->mode == 4)
		fprintf(out, ",lacp_rate=%u", bond->lacp_rate);
	for (size_t i = 0; bond->primary && i < keep->link_count; i++)
		if (keep->links[i].from->index == bond->primary)
			fprintf(out, ",primary=%s", keep->links[i].name);
	if (keep->links[at].from->mtu != 1500)
		fprintf(out, ":%u", keep->links[at].from->mtu);
	fputc(' ', out);
}

static void put_link(const struct kx_keep *keep, size_t at, struct kx_render *to)
{
	FILE *out = to->words;
	const struct kx_keep_link *link = &keep->links[at];
	const uint8_t *mac = pin(keep, at, to->full);

	switch (link->from->kind) {
	case KX_NET_ETHERNET:
		if (mac)
			fprintf(out, "ifname=%s:%s ", link->name, kx_mac_text(mac, ':').s);
		else if (kx_keep_mac(link->from))
			fprintf(to->left, "that %s is the card %s; ", link->name,
				kx_mac_text(kx_keep_mac(link->from), ':').s);
		break;
	case KX_NET_BOND:
		put_bond(keep, at, out);
		break;
	case KX_NET_VLAN:
		fprintf(out, "vlan=%s:%s ", link->name, keep->links[link->lower].name);
		break;
	case KX_NET_BRIDGE:
		fprintf(out, "bridge=%s", link->name);
		put_parts(keep, at, out);
		fputc(' ', out);
		break;
	case KX_NET_OTHER:
		break;
	}
}

/* ---- addresses ------------------------------------------------------------------------------- */

/* Can this default route be the one in ip=? */
static const struct kx_net_route *gateway_of(const struct kx_keep *keep,
					     const struct kx_keep_address *address)
{
	unsigned family = address->from->ip.family;
	const struct kx_net_route *way = kx_keep_gateway(keep, address->link, family);

	/* Of several addresses of a family the first one brings it. */
	return way && way->via.family == family &&
			       kx_keep_address(keep, address->link, family) == address->from
		       ? way
		       : NULL;
}

/* The classic reader stops the boot at a second ip= of an interface. */
static bool is_said(const struct kx_keep *keep, size_t i, const struct kx_render *to)
{
	for (size_t before = 0; !to->full && before < i; before++)
		if (keep->addresses[before].link == keep->addresses[i].link)
			return false;
	return true;
}

/* Has the link an address of that family there? */
static bool is_family_said(const struct kx_keep *keep, size_t link, unsigned family,
			   const struct kx_render *to)
{
	for (size_t i = 0; i < keep->address_count; i++)
		if (keep->addresses[i].link == link && keep->addresses[i].from->ip.family == family)
			return is_said(keep, i, to);
	return false;
}

static void put_address(const struct kx_keep *keep, const struct kx_keep_address *address,
			FILE *out)
{
	const struct kx_net_address *from = address->from;
	const struct kx_keep_link *link = &keep->links[address->link];
	const struct kx_net_route *way = gateway_of(keep, address);

	fprintf(out, "ip=%s::%s:", kx_ip_bracketed(&from->ip).s,
		way ? kx_ip_bracketed(&way->via).s : "");
	if (from->ip.family == 4)
		fputs(kx_ip_netmask(from->prefix).s, out);
	else
		fprintf(out, "%u", from->prefix);
	fprintf(out, ":%s:%s:none", keep->network->host, link->name);
	if (link->from->mtu != 1500 && link->from->kind != KX_NET_BOND)
		fprintf(out, ":%u", link->from->mtu);
	fputc(' ', out);
}

/* ---- routes ---------------------------------------------------------------------------------- */

static void put_route(const struct kx_ip *to, unsigned prefix, const struct kx_ip *via,
		      const char *link, FILE *out)
{
	fprintf(out, to->family == 6 ? "rd.route=[%s/%u]:" : "rd.route=%s/%u:", kx_ip_text(to).s,
		prefix);
	fprintf(out, "%s:%s ", via->family ? kx_ip_bracketed(via).s : "", link);
}

/* Is there a route to that address alone, on the link? */
static bool has_host_route(const struct kx_keep *keep, const struct kx_ip *ip)
{
	for (size_t i = 0; i < keep->route_count; i++) {
		const struct kx_net_route *route = keep->routes[i].from;

		if (!route->via.family && route->to.family == ip->family &&
		    route->prefix == (ip->family == 4 ? 32 : 128) &&
		    !memcmp(route->to.bytes, ip->bytes, sizeof(ip->bytes)))
			return true;
	}
	return false;
}

/* A gateway outside of the network wants a route to itself first. */
static void reach(const struct kx_keep *keep, size_t link, const struct kx_ip *via, FILE *out)
{
	static const struct kx_ip none;

	if (via->family && !kx_keep_reaches(keep, link, via) && !has_host_route(keep, via))
		put_route(via, via->family == 4 ? 32 : 128, &none, keep->links[link].name, out);
}

static void put_way(const struct kx_keep *keep, const struct kx_keep_route *way,
		    struct kx_render *to)
{
	const struct kx_net_route *route = way->from;
	unsigned family = route->to.family;

	if ((route->via.family && route->via.family != family) ||
	    !is_family_said(keep, way->link, family, to)) {
		fprintf(to->left, "the route to %s/%u; ", kx_ip_text(&route->to).s, route->prefix);
		return;
	}
	reach(keep, way->link, &route->via, to->words);
	/* Said by ip= already. */
	if (kx_keep_gateway(keep, way->link, family) != route)
		put_route(&route->to, route->prefix, &route->via, keep->links[way->link].name,
			  to->words);
}

/* The IPv4 way out is one that these words cannot say. */
static int refuse_via(const struct kx_keep *keep, struct kx_error *err)
{
	size_t link = kx_keep_main(keep, 4);
	const struct kx_net_route *way =
		link == KX_KEEP_NONE ? NULL : kx_keep_gateway(keep, link, 4);

	if (!way || way->via.family == 4 || kx_keep_main(keep, 6) != KX_KEEP_NONE)
		return 0;
	return kx_fail(err, EOPNOTSUPP,
		       "cannot keep the network: the IPv4 gateway is an IPv6 address, %s, which "
		       "dracut's words cannot say; use --keep-network=networkd with an initrd that "
		       "has it",
		       kx_ip_text(&way->via).s);
}

static int render_named(const struct kx_keep *keep, struct kx_render *to, struct kx_error *err)
{
	int r = refuse_via(keep, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < keep->link_count; i++)
		put_link(keep, i, to);
	for (size_t i = 0; i < keep->address_count; i++) {
		const struct kx_keep_address *address = &keep->addresses[i];

		if (is_said(keep, i, to))
			put_address(keep, address, to->words);
		else
			fprintf(to->left, "%s/%u of %s; ", kx_ip_text(&address->from->ip).s,
				address->from->prefix, keep->links[address->link].name);
	}
	for (size_t i = 0; i < keep->route_count; i++)
		put_way(keep, &keep->routes[i], to);
	for (size_t i = 0; i < keep->network->dns_count; i++)
		fprintf(to->words, "nameserver=%s ", kx_ip_text(&keep->network->dns[i]).s);
	/* Or else it waits for a root file system that wants one. */
	fputs("rd.neednet=1 ", to->words);
	return 0;
}

static int render(const struct kx_keep *keep, struct kx_render *to, struct kx_error *err)
{
	struct kx_keep *named = malloc(sizeof(*named));
	int r;

	if (!named)
		return kx_fail(err, ENOMEM, "cannot keep the network: out of memory");
	*named = *keep;
	r = rename_links(named, to->full, err);
	if (r == 0)
		r = render_named(named, to, err);
	free(named);
	return r;
}

const struct kx_renderer kx_render_dracut = {
	.name = "dracut",
	.id = KX_KEEP_NETWORK_DRACUT,
	.mark = KX_LOOK_DRACUT,
	.render = render,
};
