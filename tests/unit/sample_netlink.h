/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink dumps, message by message: include/uapi/linux/rtnetlink.h, if_link.h, if_addr.h. */
#ifndef SAMPLE_NETLINK_H
#define SAMPLE_NETLINK_H

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/endian.h"
#include "base/view.h"

#define SN_SIZE (1 << 20)

/* @start: of the message that is being written; @nests: of the attributes that it is in */
struct sample_netlink {
	uint8_t *data;
	size_t size, start, nests[4], depth;
};

static inline void sn_put(struct sample_netlink *s, const void *data, size_t size)
{
	memcpy(s->data + s->size, data, size);
	s->size += size;
	while (s->size % 4)
		s->data[s->size++] = 0;
}

static inline void sn_attribute(struct sample_netlink *s, unsigned type, const void *data,
				size_t size)
{
	uint8_t header[4];

	kx_put_le16(header, (uint16_t)(size + 4));
	kx_put_le16(header + 2, (uint16_t)type);
	sn_put(s, header, sizeof(header));
	if (size)
		sn_put(s, data, size);
}

static inline void sn_u32(struct sample_netlink *s, unsigned type, uint32_t value)
{
	uint8_t bytes[4];

	kx_put_le32(bytes, value);
	sn_attribute(s, type, bytes, sizeof(bytes));
}

static inline void sn_text(struct sample_netlink *s, unsigned type, const char *text)
{
	sn_attribute(s, type, text, strlen(text) + 1);
}

/* "10.0.2.15", "2001:db8::1" */
static inline void sn_ip(struct sample_netlink *s, unsigned type, const char *text)
{
	uint8_t ip[16];
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	if (inet_pton(family, text, ip) == 1)
		sn_attribute(s, type, ip, family == AF_INET ? 4 : 16);
}

static inline void sn_begin_nest(struct sample_netlink *s, unsigned type)
{
	s->nests[s->depth++] = s->size;
	sn_attribute(s, type | NLA_F_NESTED, NULL, 0);
}

static inline void sn_end_nest(struct sample_netlink *s)
{
	size_t at = s->nests[--s->depth];

	kx_put_le16(s->data + at, (uint16_t)(s->size - at));
}

static inline void sn_begin(struct sample_netlink *s, unsigned type, const void *head, size_t size)
{
	uint8_t header[16] = { 0 };

	s->start = s->size;
	kx_put_le16(header + 4, (uint16_t)type);
	sn_put(s, header, sizeof(header));
	sn_put(s, head, size);
}

static inline void sn_end(struct sample_netlink *s)
{
	kx_put_le32(s->data + s->start, (uint32_t)(s->size - s->start));
}

/* An interface that is up; its message is left open. The last byte of its MAC address is its index. */
static inline void sn_link(struct sample_netlink *s, uint32_t index, const char *name)
{
	struct ifinfomsg head = { .ifi_type = ARPHRD_ETHER,
				  .ifi_index = (int)index,
				  .ifi_flags = IFF_UP };
	uint8_t mac[6] = { 0x52, 0x54, 0, 0, 0, (uint8_t)index };

	sn_begin(s, RTM_NEWLINK, &head, sizeof(head));
	sn_text(s, IFLA_IFNAME, name);
	sn_u32(s, IFLA_MTU, 1500);
	sn_attribute(s, IFLA_ADDRESS, mac, sizeof(mac));
}

static inline void sn_card(struct sample_netlink *s, uint32_t index, const char *name)
{
	uint8_t mac[6] = { 0x52, 0x54, 0, 0, 0, (uint8_t)index };

	sn_link(s, index, name);
	sn_attribute(s, IFLA_PERM_ADDRESS, mac, sizeof(mac));
	sn_end(s);
}

static inline void sn_kind(struct sample_netlink *s, const char *kind)
{
	sn_begin_nest(s, IFLA_LINKINFO);
	sn_text(s, IFLA_INFO_KIND, kind);
	sn_end_nest(s);
}

static inline void sn_vlan(struct sample_netlink *s, uint32_t index, const char *name,
			   uint32_t lower, uint16_t id)
{
	uint8_t bytes[2];

	kx_put_le16(bytes, id);
	sn_link(s, index, name);
	sn_u32(s, IFLA_LINK, lower);
	sn_begin_nest(s, IFLA_LINKINFO);
	sn_text(s, IFLA_INFO_KIND, "vlan");
	sn_begin_nest(s, IFLA_INFO_DATA);
	sn_attribute(s, IFLA_VLAN_ID, bytes, sizeof(bytes));
	sn_end_nest(s);
	sn_end_nest(s);
	sn_end(s);
}

static inline void sn_bond(struct sample_netlink *s, uint32_t index, const char *name, uint8_t mode,
			   uint32_t miimon)
{
	sn_link(s, index, name);
	sn_begin_nest(s, IFLA_LINKINFO);
	sn_text(s, IFLA_INFO_KIND, "bond");
	sn_begin_nest(s, IFLA_INFO_DATA);
	sn_attribute(s, IFLA_BOND_MODE, &mode, 1);
	sn_u32(s, IFLA_BOND_MIIMON, miimon);
	sn_end_nest(s);
	sn_end_nest(s);
	sn_end(s);
}

/* A card in a bond, which has the bond's address; its own ends in 0xf0 + @index. */
static inline void sn_slave(struct sample_netlink *s, uint32_t index, const char *name,
			    uint32_t master)
{
	uint8_t mac[6] = { 0x52, 0x54, 0, 0, 0, (uint8_t)(0xf0 + index) };

	sn_link(s, index, name);
	sn_u32(s, IFLA_MASTER, master);
	sn_begin_nest(s, IFLA_LINKINFO);
	sn_text(s, IFLA_INFO_SLAVE_KIND, "bond");
	sn_begin_nest(s, IFLA_INFO_SLAVE_DATA);
	sn_attribute(s, IFLA_BOND_SLAVE_PERM_HWADDR, mac, sizeof(mac));
	sn_end_nest(s);
	sn_end_nest(s);
	sn_end(s);
}

static inline void sn_address(struct sample_netlink *s, uint32_t index, const char *ip,
			      uint8_t prefix, uint8_t flags)
{
	struct ifaddrmsg head = { .ifa_family = strchr(ip, ':') ? AF_INET6 : AF_INET,
				  .ifa_prefixlen = prefix,
				  .ifa_flags = flags,
				  .ifa_index = index };

	sn_begin(s, RTM_NEWADDR, &head, sizeof(head));
	sn_ip(s, IFA_ADDRESS, ip);
	sn_end(s);
}

/* @to: "0.0.0.0" and "::" for a default route; @via: NULL for none, maybe of the other family */
static inline void sn_route(struct sample_netlink *s, uint32_t index, const char *to,
			    uint8_t prefix, const char *via, unsigned flags)
{
	struct rtmsg head = { .rtm_family = strchr(to, ':') ? AF_INET6 : AF_INET,
			      .rtm_dst_len = prefix,
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = RTPROT_STATIC,
			      .rtm_type = RTN_UNICAST,
			      .rtm_flags = flags };
	uint8_t other[18] = { AF_INET6 };

	sn_begin(s, RTM_NEWROUTE, &head, sizeof(head));
	sn_u32(s, RTA_TABLE, RT_TABLE_MAIN);
	sn_u32(s, RTA_OIF, index);
	if (prefix)
		sn_ip(s, RTA_DST, to);
	if (via && !strchr(via, ':') == !strchr(to, ':'))
		sn_ip(s, RTA_GATEWAY, via);
	else if (via && inet_pton(AF_INET6, via, other + 2) == 1)
		sn_attribute(s, RTA_VIA, other, sizeof(other));
	sn_end(s);
}

static inline struct kx_view sn_view(const struct sample_netlink *s)
{
	return kx_view_of(s->data, s->size);
}

#endif
