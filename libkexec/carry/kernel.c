// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * "ip=", as the kernel itself has it (Documentation/admin-guide/nfs/nfsroot.rst), klibc's ipconfig for Debian's
 * initramfs-tools, and many others after them. One card, one IPv4 address.
 *
 * No device is named: what a card is called before udev has seen it is not known, and after it depends on the system.
 * BOOTIF= (pxelinux's, syslinux's doc/pxelinux.txt) says which card by its address; the kernel takes the first that has a
 * link.
 */
#include <errno.h>
#include <string.h>

#include "carry/carry.h"

static void leave(const struct kx_keep *keep, const struct kx_keep_address *address, FILE *to)
{
	fprintf(to, "%s/%u of %s; ", kx_ip_text(&address->from->ip).s, address->from->prefix,
		keep->links[address->link].name);
}

void kx_render_rest(const struct kx_keep *keep, size_t link, const struct kx_net_address *said,
		    const struct kx_net_route *way, struct kx_render *to)
{
	for (size_t i = 0; i < keep->address_count; i++)
		if (keep->addresses[i].from != said)
			leave(keep, &keep->addresses[i], to->left);
	for (size_t i = 0; i < keep->route_count; i++) {
		const struct kx_net_route *route = keep->routes[i].from;

		/* What leads to the gateway on the link is made for it again. */
		if (route == way ||
		    (way && !route->via.family && !memcmp(&route->to, &way->via, sizeof(way->via))))
			continue;
		fprintf(to->left, "the route to %s/%u; ", kx_ip_text(&route->to).s, route->prefix);
	}
	if (keep->links[link].from->mtu != 1500)
		fprintf(to->left, "the MTU %u; ", keep->links[link].from->mtu);
}

int kx_render_card(const struct kx_keep *keep, const char *name, bool ipv6, size_t *ret_link,
		   const struct kx_net_address **ret, struct kx_error *err)
{
	static const char *const kinds[] = { "interface", "card", "bond", "VLAN", "bridge" };
	size_t link = kx_keep_main(keep, 4);
	unsigned family = 4;

	if (link == KX_KEEP_NONE && ipv6) {
		family = 6;
		link = kx_keep_main(keep, 6);
	}
	if (link == KX_KEEP_NONE)
		return kx_fail(err, EOPNOTSUPP,
			       "cannot keep the network: %s takes an IPv4 address, and this "
			       "machine has none; use --keep-network=dracut or =networkd with an "
			       "initrd that understands it",
			       name);
	if (keep->links[link].from->kind != KX_NET_ETHERNET)
		return kx_fail(err, EOPNOTSUPP,
			       "cannot keep the network: the way out is %s, a %s, and %s takes no "
			       "more than a card; use --keep-network=dracut or =networkd with an "
			       "initrd that understands it",
			       keep->links[link].name, kinds[keep->links[link].from->kind], name);
	*ret_link = link;
	*ret = kx_keep_address(keep, link, family);
	return 0;
}

static int render(const struct kx_keep *keep, struct kx_render *to, struct kx_error *err)
{
	const struct kx_network *network = keep->network;
	const struct kx_net_address *address = NULL;
	const struct kx_net_route *way;
	const uint8_t *mac;
	size_t link = 0, dns = 0;
	int r = kx_render_card(keep, "ip=", false, &link, &address, err);

	if (r < 0)
		return r;
	way = kx_keep_gateway(keep, link, 4);
	if (way && (way->via.family != 4 || !kx_keep_reaches(keep, link, &way->via)))
		return kx_fail(err, EOPNOTSUPP,
			       "cannot keep the network: the gateway %s is outside of %s/%u, which "
			       "ip= cannot say; use --keep-network=dracut or =networkd with an "
			       "initrd that understands it",
			       kx_ip_text(&way->via).s, kx_ip_text(&address->ip).s,
			       address->prefix);
	fprintf(to->words, "ip=%s::%s:%s:%s::none", kx_ip_text(&address->ip).s,
		way ? kx_ip_text(&way->via).s : "", kx_ip_netmask(address->prefix).s,
		network->host);
	for (size_t i = 0; i < network->dns_count; i++)
		if (network->dns[i].family == 4 && dns++ < 2)
			fprintf(to->words, ":%s", kx_ip_text(&network->dns[i]).s);
	fputc(' ', to->words);
	mac = kx_keep_mac(keep->links[link].from);
	/* 01: the hardware's type, ARPHRD_ETHER. */
	if (mac)
		fprintf(to->words, "BOOTIF=01-%s ", kx_mac_text(mac, '-').s);
	kx_render_rest(keep, link, address, way, to);
	return 0;
}

const struct kx_renderer kx_render_kernel = {
	.name = "kernel",
	.id = KX_KEEP_NETWORK_KERNEL,
	.mark = KX_LOOK_INITRAMFS,
	.render = render,
};
