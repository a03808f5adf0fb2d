// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rtnetlink messages. Numbers are in the order of the machine that sent them, which is little-endian on each that is planned
 * for; what came from the wire (VLAN protocols, addresses) is not.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "machine/network.h"

#define MESSAGE_HEADER 16
#define ATTRIBUTE_HEADER 4

/* ---- attributes ------------------------------------------------------------------------------ */

/* The highest attribute that is looked at: IFLA_PERM_ADDRESS. */
#define ATTRIBUTE_MAX IFLA_PERM_ADDRESS

/* Payloads by their types; without data if absent. The last one of a type counts, as in the kernel. */
struct attributes {
	struct kx_view v[ATTRIBUTE_MAX + 1];
};

/* What a message or attribute holds, from @at on. */
static bool attributes_read(struct kx_view in, uint64_t at, struct attributes *ret)
{
	uint16_t size, type;
	struct kx_view payload;

	*ret = (struct attributes){ 0 };
	while (at + ATTRIBUTE_HEADER <= in.size) {
		if (!kx_view_le16(in, at, &size) || !kx_view_le16(in, at + 2, &type) ||
		    size < ATTRIBUTE_HEADER ||
		    !kx_view_sub(in, at + ATTRIBUTE_HEADER, size - ATTRIBUTE_HEADER, &payload))
			return false;
		type &= NLA_TYPE_MASK;
		if (type <= ATTRIBUTE_MAX && payload.size)
			ret->v[type] = payload;
		at += NLA_ALIGN(size);
	}
	return true;
}

/* 0 when it is not there. */
static uint32_t number(const struct attributes *in, unsigned type)
{
	uint32_t value = 0;
	uint16_t half = 0;
	uint8_t byte = 0;

	if (kx_view_le32(in->v[type], 0, &value))
		return value;
	if (kx_view_le16(in->v[type], 0, &half))
		return half;
	kx_view_u8(in->v[type], 0, &byte);
	return byte;
}

static bool text_is(struct kx_view text, const char *what)
{
	return kx_view_equals(text, 0, what, strlen(what)) &&
	       (text.size == strlen(what) || !text.data[strlen(what)]);
}

static bool mac(struct kx_view from, uint8_t *ret)
{
	static const uint8_t none[KX_NET_MAC_SIZE];

	if (from.size != KX_NET_MAC_SIZE || !memcmp(from.data, none, sizeof(none)))
		return false;
	memcpy(ret, from.data, KX_NET_MAC_SIZE);
	return true;
}

/* @family: AF_INET or AF_INET6 */
static bool address(struct kx_view from, unsigned family, struct kx_ip *ret)
{
	size_t size = family == AF_INET ? 4 : 16;

	if ((family != AF_INET && family != AF_INET6) || from.size != size)
		return false;
	*ret = (struct kx_ip){ .family = family == AF_INET ? 4 : 6 };
	memcpy(ret->bytes, from.data, size);
	return true;
}

/* One more element of an array that doubles at powers of two. */
static int room(void **v, size_t count, size_t size)
{
	void *bigger;

	if (count & (count - 1))
		return 0;
	bigger = reallocarray(*v, count ? 2 * count : 1, size);
	if (!bigger)
		return -ENOMEM;
	*v = bigger;
	return 0;
}

/* ---- links ----------------------------------------------------------------------------------- */

/* Names of other characters exist, and have no place in what is rendered of them. */
static bool name_read(struct kx_view from, char *ret)
{
	static const char fit[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "._-@+";
	char name[KX_NET_NAME_SIZE] = "";
	size_t size = from.size && !from.data[from.size - 1] ? from.size - 1 : from.size;

	if (!size || size >= sizeof(name))
		return false;
	memcpy(name, from.data, size);
	if (strspn(name, fit) != size || !strcmp(name, ".") || !strcmp(name, "..") ||
	    name[0] == '-')
		return false;
	memcpy(ret, name, sizeof(name));
	return true;
}

static bool bond_read(struct kx_view data, struct kx_net_bond *ret)
{
	struct attributes in;

	if (!attributes_read(data, 0, &in))
		return false;
	*ret = (struct kx_net_bond){
		.mode = (uint8_t)number(&in, IFLA_BOND_MODE),
		.xmit_hash_policy = (uint8_t)number(&in, IFLA_BOND_XMIT_HASH_POLICY),
		.lacp_rate = (uint8_t)number(&in, IFLA_BOND_AD_LACP_RATE),
		.miimon = number(&in, IFLA_BOND_MIIMON),
		.updelay = number(&in, IFLA_BOND_UPDELAY),
		.downdelay = number(&in, IFLA_BOND_DOWNDELAY),
		.primary = number(&in, IFLA_BOND_PRIMARY),
	};
	return true;
}

static bool vlan_read(struct kx_view data, struct kx_net_link *link)
{
	static const uint8_t qinq[] = { 0x88, 0xa8 };
	struct attributes in;

	if (!attributes_read(data, 0, &in))
		return false;
	link->vlan_id = (uint16_t)number(&in, IFLA_VLAN_ID);
	/* 802.1ad: what is rendered here can say 802.1Q alone. */
	if (!kx_view_equals(in.v[IFLA_VLAN_PROTOCOL], 0, qinq, sizeof(qinq)))
		link->kind = KX_NET_VLAN;
	return true;
}

static bool info_read(struct kx_view info, struct kx_net_link *link)
{
	struct attributes in, slave;
	struct kx_view kind;

	if (!attributes_read(info, 0, &in))
		return false;
	kind = in.v[IFLA_INFO_KIND];
	if (text_is(in.v[IFLA_INFO_SLAVE_KIND], "bond")) {
		if (!attributes_read(in.v[IFLA_INFO_SLAVE_DATA], 0, &slave))
			return false;
		link->have_permanent |= mac(slave.v[IFLA_BOND_SLAVE_PERM_HWADDR], link->permanent);
	}
	/* A card has no kind. */
	if (!kind.size)
		return true;
	link->kind = KX_NET_OTHER;
	if (text_is(kind, "bridge"))
		link->kind = KX_NET_BRIDGE;
	if (text_is(kind, "vlan"))
		return vlan_read(in.v[IFLA_INFO_DATA], link);
	if (text_is(kind, "bond")) {
		link->kind = KX_NET_BOND;
		return bond_read(in.v[IFLA_INFO_DATA], &link->bond);
	}
	return true;
}

/* struct ifinfomsg */
static bool link_read(struct kx_view message, struct kx_net_link *ret)
{
	struct attributes in;
	uint32_t flags = 0;
	uint16_t type = 0;

	if (!kx_view_le16(message, 2, &type) || !kx_view_le32(message, 4, &ret->index) ||
	    !kx_view_le32(message, 8, &flags) ||
	    !attributes_read(message, sizeof(struct ifinfomsg), &in))
		return false;
	ret->kind = type == ARPHRD_ETHER ? KX_NET_ETHERNET : KX_NET_OTHER;
	ret->up = flags & IFF_UP;
	ret->loopback = flags & IFF_LOOPBACK;
	ret->mtu = number(&in, IFLA_MTU);
	ret->master = number(&in, IFLA_MASTER);
	ret->lower = number(&in, IFLA_LINK);
	ret->have_mac = mac(in.v[IFLA_ADDRESS], ret->mac);
	ret->have_permanent = mac(in.v[IFLA_PERM_ADDRESS], ret->permanent);
	if (!info_read(in.v[IFLA_LINKINFO], ret))
		return false;
	if (!name_read(in.v[IFLA_IFNAME], ret->name) || type != ARPHRD_ETHER)
		ret->kind = KX_NET_OTHER;
	return true;
}

static int link_add(struct kx_view message, struct kx_network *network)
{
	struct kx_net_link link = { 0 };

	if (!link_read(message, &link))
		return -EBADMSG;
	if (network->link_count == KX_NET_LINK_MAX) {
		network->partial = true;
		return 0;
	}
	if (room((void **)&network->links, network->link_count, sizeof(link)) < 0)
		return -ENOMEM;
	network->links[network->link_count++] = link;
	return 0;
}

/* ---- addresses ------------------------------------------------------------------------------- */

static bool stays(const struct kx_ip *ip, uint32_t flags)
{
	static const uint8_t loopback[16] = { [15] = 1 };
	const uint8_t *b = ip->bytes;

	if (ip->family == 4)
		return b[0] != 127 && !(b[0] == 169 && b[1] == 254);
	/* For IPv4 this bit says "secondary". */
	return !(flags & (IFA_F_TEMPORARY | IFA_F_TENTATIVE | IFA_F_DADFAILED)) &&
	       !(b[0] == 0xfe && (b[1] & 0xc0) == 0x80) &&
	       memcmp(b, loopback, sizeof(loopback)) != 0;
}

/* struct ifaddrmsg */
static int address_add(struct kx_view message, struct kx_network *network)
{
	struct kx_net_address found = { 0 };
	uint8_t family = 0, flags = 0;
	struct attributes in;

	if (!kx_view_u8(message, 0, &family) || !kx_view_u8(message, 1, &found.prefix) ||
	    !kx_view_u8(message, 2, &flags) || !kx_view_le32(message, 4, &found.index) ||
	    !attributes_read(message, sizeof(struct ifaddrmsg), &in))
		return -EBADMSG;
	/* Of a point-to-point link IFA_ADDRESS is the other end. */
	if (!address(in.v[IFA_LOCAL], family, &found.ip) &&
	    !address(in.v[IFA_ADDRESS], family, &found.ip))
		return 0;
	if (found.prefix > (found.ip.family == 4 ? 32 : 128))
		return -EBADMSG;
	if (!stays(&found.ip, flags | number(&in, IFA_FLAGS)))
		return 0;
	if (network->address_count == KX_NET_ADDRESS_MAX) {
		network->partial = true;
		return 0;
	}
	if (room((void **)&network->addresses, network->address_count, sizeof(found)) < 0)
		return -ENOMEM;
	network->addresses[network->address_count++] = found;
	return 0;
}

/* ---- routes ---------------------------------------------------------------------------------- */

/* struct rtvia: the family, and an address of it */
static void via_read(const struct attributes *in, unsigned family, struct kx_ip *ret)
{
	struct kx_view via = in->v[RTA_VIA], rest;
	uint16_t other = 0;

	if (kx_view_le16(via, 0, &other) && kx_view_from(via, 2, &rest))
		address(rest, other, ret);
	else
		address(in->v[RTA_GATEWAY], family, ret);
}

/* struct rtnexthop: of several ways, the first one. */
static bool first_way(struct kx_view ways, unsigned family, struct kx_net_route *route)
{
	struct attributes in;
	struct kx_view way;
	uint16_t size = 0;
	uint8_t flags = 0;

	if (!kx_view_le16(ways, 0, &size) || size < sizeof(struct rtnexthop) ||
	    !kx_view_sub(ways, 0, size, &way) || !kx_view_u8(way, 2, &flags) ||
	    !kx_view_le32(way, 4, &route->index) ||
	    !attributes_read(way, sizeof(struct rtnexthop), &in))
		return false;
	route->onlink |= flags & RTNH_F_ONLINK;
	via_read(&in, family, &route->via);
	return true;
}

/* Where no packet is to go: link-local and multicast, which every link has by itself. */
static bool by_itself(const struct kx_net_route *route)
{
	const uint8_t *b = route->to.bytes;

	if (!route->prefix)
		return false;
	if (route->to.family == 4)
		return (b[0] & 0xf0) == 0xe0 || (b[0] == 169 && b[1] == 254);
	return b[0] == 0xff || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
}

/* struct rtmsg. Return: 1 if it is none of ours. */
static int route_read(struct kx_view message, struct kx_net_route *route)
{
	uint8_t family = 0, protocol = 0, type = 0;
	struct attributes in;
	uint32_t flags = 0;

	if (!kx_view_u8(message, 0, &family) || !kx_view_u8(message, 1, &route->prefix) ||
	    !kx_view_u8(message, 5, &protocol) || !kx_view_u8(message, 7, &type) ||
	    !kx_view_le32(message, 8, &flags) ||
	    !attributes_read(message, sizeof(struct rtmsg), &in))
		return -EBADMSG;
	if ((family != AF_INET && family != AF_INET6) || type != RTN_UNICAST ||
	    (flags & RTM_F_CLONED) || protocol == RTPROT_KERNEL ||
	    number(&in, RTA_TABLE) != RT_TABLE_MAIN)
		return 1;
	route->to.family = family == AF_INET ? 4 : 6;
	if (route->prefix > (route->to.family == 4 ? 32 : 128) ||
	    (route->prefix && !address(in.v[RTA_DST], family, &route->to)))
		return -EBADMSG;
	route->index = number(&in, RTA_OIF);
	route->metric = number(&in, RTA_PRIORITY);
	route->onlink = flags & RTNH_F_ONLINK;
	if (!in.v[RTA_MULTIPATH].size)
		via_read(&in, family, &route->via);
	else if (!first_way(in.v[RTA_MULTIPATH], family, route))
		return -EBADMSG;
	return by_itself(route);
}

static int route_add(struct kx_view message, struct kx_network *network)
{
	struct kx_net_route route = { 0 };
	int r = route_read(message, &route);

	if (r != 0)
		return r < 0 ? r : 0;
	if (network->route_count == KX_NET_ROUTE_MAX) {
		network->partial = true;
		return 0;
	}
	if (room((void **)&network->routes, network->route_count, sizeof(route)) < 0)
		return -ENOMEM;
	network->routes[network->route_count++] = route;
	return 0;
}

/* ---- messages -------------------------------------------------------------------------------- */

static int message_add(unsigned type, struct kx_view message, struct kx_network *network)
{
	switch (type) {
	case RTM_NEWLINK:
		return link_add(message, network);
	case RTM_NEWADDR:
		return address_add(message, network);
	case RTM_NEWROUTE:
		return route_add(message, network);
	default:
		return 0;
	}
}

int kx_netlink_parse(struct kx_view dump, struct kx_network *network, struct kx_error *err)
{
	struct kx_view message;
	uint64_t at = 0;
	uint32_t size;
	uint16_t type;
	int r;

	while (at < dump.size) {
		r = -EBADMSG;
		if (kx_view_le32(dump, at, &size) && kx_view_le16(dump, at + 4, &type) &&
		    size >= MESSAGE_HEADER &&
		    kx_view_sub(dump, at + MESSAGE_HEADER, size - MESSAGE_HEADER, &message))
			r = message_add(type, message, network);
		if (r == -ENOMEM)
			return kx_fail(err, ENOMEM, "cannot read the network: out of memory");
		if (r < 0)
			return kx_fail(err, -r, "damaged rtnetlink message at offset %" PRIu64, at);
		at += kx_align_up(size, NLMSG_ALIGNTO);
	}
	return 0;
}

void kx_network_clear(struct kx_network *network)
{
	free(network->links);
	free(network->addresses);
	free(network->routes);
	*network = (struct kx_network){ 0 };
}
