/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The network as the running system has it: what the next system is given by --keep-network (libkexec/carry/). From
 * rtnetlink dumps (Documentation/userspace-api/netlink/intro.rst, include/uapi/linux/rtnetlink.h), which a capture keeps as
 * they came, and from resolv.conf(5).
 */
#ifndef KX_MACHINE_NETWORK_H
#define KX_MACHINE_NETWORK_H

#include "base/view.h"
#include "libkexec.h"

/* Most of each that are looked at; a router has more routes, none of which its own way out needs. */
#define KX_NET_LINK_MAX 1024
#define KX_NET_ADDRESS_MAX 4096
#define KX_NET_ROUTE_MAX 4096
/* MAXNS of resolv.h is 3; resolved takes more. */
#define KX_NET_DNS_MAX 4
#define KX_NET_SEARCH_SIZE 256
#define KX_NET_HOST_SIZE 254
/* IFNAMSIZ of include/uapi/linux/if.h. */
#define KX_NET_NAME_SIZE 16
#define KX_NET_MAC_SIZE 6

/* Where a capture has the three dumps. */
#define KX_NET_LINK_PATH "/netlink/link"
#define KX_NET_ADDRESS_PATH "/netlink/address"
#define KX_NET_ROUTE_PATH "/netlink/route"

/* In the order in which they are built, each of the ones before. */
enum kx_net_kind { KX_NET_OTHER, KX_NET_ETHERNET, KX_NET_BOND, KX_NET_VLAN, KX_NET_BRIDGE };

/* @family: 4, 6; 0 for none */
struct kx_ip {
	uint8_t family;
	uint8_t bytes[16];
};

/* Of a bond: numbers as Documentation/networking/bonding.rst has them; @primary: index of a link, 0 for none. */
struct kx_net_bond {
	uint8_t mode, xmit_hash_policy, lacp_rate;
	uint32_t miimon, updelay, downdelay, primary;
};

/**
 * struct kx_net_link - an interface
 * @name: fit for a command line or a file's name; a link of another name is KX_NET_OTHER
 * @mac: what it has now; with @have_mac
 * @permanent: what the card has, which a bond's slave does not show otherwise; with @have_permanent
 * @master: index of the bond or bridge that it is part of; 0 for none
 * @lower: of a VLAN, index of what it is on
 */
struct kx_net_link {
	uint32_t index, master, lower, mtu;
	char name[KX_NET_NAME_SIZE];
	enum kx_net_kind kind;
	bool up, loopback, have_mac, have_permanent;
	uint8_t mac[KX_NET_MAC_SIZE], permanent[KX_NET_MAC_SIZE];
	uint16_t vlan_id;
	struct kx_net_bond bond;
};

/* An address that is there to stay: not link-local, temporary, tentative or a duplicate. */
struct kx_net_address {
	uint32_t index;
	struct kx_ip ip;
	uint8_t prefix;
};

/**
 * struct kx_net_route - a unicast route of the main table, that is not there because of an address
 * @to: all zeros, with @prefix 0, for a default route
 * @via: may be of another family than @to (RTA_VIA); none for what is on the link
 * @onlink: the gateway is reached although no address says so
 */
struct kx_net_route {
	uint32_t index, metric;
	struct kx_ip to, via;
	uint8_t prefix;
	bool onlink;
};

/**
 * struct kx_network
 * @known: or else the rest says nothing
 * @partial: there is more than is looked at
 */
struct kx_network {
	bool known, partial;
	struct kx_net_link *links;
	struct kx_net_address *addresses;
	struct kx_net_route *routes;
	size_t link_count, address_count, route_count;
	struct kx_ip dns[KX_NET_DNS_MAX];
	size_t dns_count;
	char search[KX_NET_SEARCH_SIZE];
	char host[KX_NET_HOST_SIZE], domain[KX_NET_HOST_SIZE];
};

/**
 * kx_netlink_parse() - messages as rtnetlink sends them, added to @network
 *
 * What is not looked at is skipped. Errors: -EBADMSG; -ENOMEM.
 */
int kx_netlink_parse(struct kx_view dump, struct kx_network *network, struct kx_error *err);

/* resolv.conf(5): nameservers that are not this machine itself, and where names are searched. */
void kx_resolv_parse(struct kx_view text, struct kx_network *network);

/* "host.example.org": both parts, as far as they can be the name of a host. */
void kx_host_parse(struct kx_view name, struct kx_network *network);

void kx_network_clear(struct kx_network *network);

#endif
