// SPDX-License-Identifier: LGPL-2.1-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "carry/carry.h"

/* ---- which links ----------------------------------------------------------------------------- */

/* A VLAN on a bridge on a bond is three; what is deeper is a loop. */
#define DEPTH_MAX 8

static const struct kx_net_link *find(const struct kx_network *network, uint32_t index)
{
	for (size_t i = 0; index && i < network->link_count; i++)
		if (network->links[i].index == index)
			return &network->links[i];
	return NULL;
}

/* The next link that is part of @master, from @from on. */
static const struct kx_net_link *next_part(const struct kx_network *network,
					   const struct kx_net_link *master, size_t *from)
{
	while (*from < network->link_count) {
		const struct kx_net_link *link = &network->links[(*from)++];

		if (link->kind != KX_NET_OTHER && link->master == master->index && link != master)
			return link;
	}
	return NULL;
}

/* What stands for a bridge where it has one part. */
static const struct kx_net_link *only_part(const struct kx_network *network,
					   const struct kx_net_link *bridge)
{
	const struct kx_net_link *part;
	size_t from = 0;

	part = next_part(network, bridge, &from);
	return part && !next_part(network, bridge, &from) ? part : NULL;
}

static const struct kx_net_link *stand_in(const struct kx_network *network,
					  const struct kx_net_link *link)
{
	for (unsigned depth = 0; link && link->kind == KX_NET_BRIDGE; depth++) {
		const struct kx_net_link *part = only_part(network, link);

		if (!part || depth == DEPTH_MAX)
			return link;
		link = part;
	}
	return link;
}

static size_t position(const struct kx_keep *keep, const struct kx_net_link *link)
{
	for (size_t i = 0; link && i < keep->link_count; i++)
		if (keep->links[i].from == link)
			return i;
	return KX_KEEP_NONE;
}

static int need(struct kx_keep *keep, const struct kx_net_link *link, unsigned depth);

static int need_parts(struct kx_keep *keep, const struct kx_net_link *link, unsigned depth)
{
	const struct kx_net_link *part;
	size_t from = 0;
	bool any = false;
	int r = 0;

	while (r == 0 && (part = next_part(keep->network, link, &from))) {
		r = need(keep, part, depth);
		any = true;
	}
	return r == 0 && !any ? -ENODEV : r;
}

/* With all that it is built of, which comes first. Return: 0; -ENODEV when that is not all there; -E2BIG. */
static int need(struct kx_keep *keep, const struct kx_net_link *link, unsigned depth)
{
	int r = 0;

	if (!link || link->kind == KX_NET_OTHER || depth == DEPTH_MAX)
		return -ENODEV;
	if (position(keep, link) != KX_KEEP_NONE)
		return 0;
	if (link->kind == KX_NET_VLAN)
		r = need(keep, stand_in(keep->network, find(keep->network, link->lower)),
			 depth + 1);
	else if (link->kind != KX_NET_ETHERNET)
		r = need_parts(keep, link, depth + 1);
	if (r < 0)
		return r;
	if (keep->link_count == KX_KEEP_LINK_MAX)
		return -E2BIG;
	keep->links[keep->link_count] = (struct kx_keep_link){ .from = link,
							       .master = KX_KEEP_NONE,
							       .lower = KX_KEEP_NONE };
	memcpy(keep->links[keep->link_count++].name, link->name, sizeof(link->name));
	return 0;
}

static void tie(struct kx_keep *keep)
{
	const struct kx_network *network = keep->network;

	for (size_t i = 0; i < keep->link_count; i++) {
		struct kx_keep_link *link = &keep->links[i];

		link->master = position(keep, find(network, link->from->master));
		if (link->from->kind == KX_NET_VLAN)
			link->lower =
				position(keep, stand_in(network, find(network, link->from->lower)));
	}
}

/* ---- addresses and routes -------------------------------------------------------------------- */

/* The position of the link that stands for @index, added when it is not there yet; KX_KEEP_NONE for one that is not carried. */
static int link_of(struct kx_keep *keep, uint32_t index, size_t *ret)
{
	const struct kx_net_link *link = stand_in(keep->network, find(keep->network, index));
	int r = link && link->up && !link->loopback ? need(keep, link, 0) : -ENODEV;

	*ret = r < 0 ? KX_KEEP_NONE : position(keep, link);
	return r == -ENODEV ? 0 : r;
}

static int choose_addresses(struct kx_keep *keep)
{
	const struct kx_network *network = keep->network;
	size_t link = KX_KEEP_NONE;
	int r = 0;

	for (size_t i = 0; r == 0 && i < network->address_count; i++) {
		r = link_of(keep, network->addresses[i].index, &link);
		if (r < 0 || link == KX_KEEP_NONE)
			continue;
		if (keep->address_count == KX_KEEP_ADDRESS_MAX)
			return -E2BIG;
		keep->addresses[keep->address_count++] =
			(struct kx_keep_address){ &network->addresses[i], link };
	}
	return r;
}

/* Those of links without an address, too: an IPv4 route may be all that a link with IPv6 has. */
static int choose_routes(struct kx_keep *keep, bool defaults)
{
	const struct kx_network *network = keep->network;
	int r = 0;

	for (size_t i = 0; r == 0 && i < network->route_count; i++) {
		size_t link = KX_KEEP_NONE;

		if ((network->routes[i].prefix == 0) != defaults)
			continue;
		r = link_of(keep, network->routes[i].index, &link);
		if (r < 0 || link == KX_KEEP_NONE)
			continue;
		if (keep->route_count == KX_KEEP_ROUTE_MAX)
			return -E2BIG;
		keep->routes[keep->route_count++] =
			(struct kx_keep_route){ &network->routes[i], link };
	}
	return r;
}

/* Few: by insertion, so that what is equal keeps its order. */
static void sort_by_metric(struct kx_keep_route *v, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct kx_keep_route route = v[i];
		size_t at = i;

		for (; at && v[at - 1].from->metric > route.from->metric; at--)
			v[at] = v[at - 1];
		v[at] = route;
	}
}

int kx_keep_choose(const struct kx_network *network, struct kx_keep *ret, struct kx_error *err)
{
	int r;

	*ret = (struct kx_keep){ .network = network };
	if (!network->known)
		return kx_fail(err, ENODATA,
			       "cannot keep the network: this machine's is not known, since "
			       "rtnetlink did not answer or the capture was made without it; leave "
			       "--keep-network out");
	r = choose_addresses(ret);
	if (r == 0)
		r = choose_routes(ret, true);
	if (r == 0) {
		sort_by_metric(ret->routes, ret->route_count);
		r = choose_routes(ret, false);
	}
	if (r < 0)
		return kx_fail(err, -r,
			       "cannot keep the network: it has more than %d interfaces, %d "
			       "addresses or %d routes; take away what the next system does not "
			       "need",
			       KX_KEEP_LINK_MAX, KX_KEEP_ADDRESS_MAX, KX_KEEP_ROUTE_MAX);
	if (!ret->address_count)
		return kx_fail(err, ENODATA,
			       "cannot keep the network: no network card that is up has an address "
			       "of its own; leave --keep-network out, so that the next system asks "
			       "for one");
	tie(ret);
	return 0;
}

/* ---- questions ------------------------------------------------------------------------------- */

const struct kx_net_address *kx_keep_address(const struct kx_keep *keep, size_t link,
					     unsigned family)
{
	for (size_t i = 0; i < keep->address_count; i++)
		if (keep->addresses[i].link == link && keep->addresses[i].from->ip.family == family)
			return keep->addresses[i].from;
	return NULL;
}

const struct kx_net_route *kx_keep_gateway(const struct kx_keep *keep, size_t link, unsigned family)
{
	for (size_t i = 0; i < keep->route_count; i++) {
		const struct kx_net_route *route = keep->routes[i].from;

		if (keep->routes[i].link == link && !route->prefix && route->to.family == family &&
		    route->via.family)
			return route;
	}
	return NULL;
}

size_t kx_keep_main(const struct kx_keep *keep, unsigned family)
{
	for (size_t i = 0; i < keep->route_count; i++)
		if (!keep->routes[i].from->prefix && keep->routes[i].from->to.family == family &&
		    kx_keep_address(keep, keep->routes[i].link, family))
			return keep->routes[i].link;
	for (size_t i = 0; i < keep->address_count; i++)
		if (keep->addresses[i].from->ip.family == family)
			return keep->addresses[i].link;
	return KX_KEEP_NONE;
}

static bool in_network(const struct kx_net_address *address, const struct kx_ip *ip)
{
	unsigned whole = address->prefix / 8, rest = address->prefix % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	return address->ip.family == ip->family &&
	       memcmp(address->ip.bytes, ip->bytes, whole) == 0 &&
	       (!rest || ((address->ip.bytes[whole] ^ ip->bytes[whole]) & mask) == 0);
}

bool kx_keep_reaches(const struct kx_keep *keep, size_t link, const struct kx_ip *via)
{
	/* Link-local: every link reaches its own. */
	if (via->family == 6 && via->bytes[0] == 0xfe && (via->bytes[1] & 0xc0) == 0x80)
		return true;
	for (size_t i = 0; i < keep->address_count; i++)
		if (keep->addresses[i].link == link && in_network(keep->addresses[i].from, via))
			return true;
	return false;
}

const uint8_t *kx_keep_mac(const struct kx_net_link *link)
{
	if (link->have_permanent)
		return link->permanent;
	return link->have_mac && !link->master ? link->mac : NULL;
}

/* ---- text ------------------------------------------------------------------------------------ */

struct kx_ip_text kx_ip_text(const struct kx_ip *ip)
{
	struct kx_ip_text text = { "" };

	inet_ntop(ip->family == 6 ? AF_INET6 : AF_INET, ip->bytes, text.s, sizeof(text.s));
	return text;
}

struct kx_ip_text kx_ip_bracketed(const struct kx_ip *ip)
{
	struct kx_ip_text plain = kx_ip_text(ip), text = { "" };

	if (ip->family != 6)
		return plain;
	snprintf(text.s, sizeof(text.s), "[%.45s]", plain.s);
	return text;
}

struct kx_ip_text kx_ip_netmask(unsigned prefix)
{
	uint32_t bits = prefix ? ~UINT32_C(0) << (32 - prefix) : 0;
	struct kx_ip mask = { .family = 4,
			      .bytes = { (uint8_t)(bits >> 24), (uint8_t)(bits >> 16),
					 (uint8_t)(bits >> 8), (uint8_t)bits } };

	return kx_ip_text(&mask);
}

struct kx_ip_text kx_mac_text(const uint8_t *mac, char separator)
{
	struct kx_ip_text text = { "" };

	for (size_t i = 0; i < KX_NET_MAC_SIZE; i++)
		snprintf(text.s + 3 * i, sizeof(text.s) - 3 * i, "%02x%c", mac[i], separator);
	text.s[3 * KX_NET_MAC_SIZE - 1] = '\0';
	return text;
}
