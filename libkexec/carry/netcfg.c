// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Answers for netcfg of Debian's installer: its templates, and the installation guide's "Preseeding" (B.4.3). One card, one
 * address, of IPv4 or IPv6; a gateway outside of its network is reached on the link.
 */
#include <errno.h>

#include "carry/carry.h"

/* The kernel strips the quotes, and the installer's first script takes the value from its environment. */
static void put_dns(const struct kx_network *network, FILE *out)
{
	fputs("netcfg/get_nameservers=\"", out);
	for (size_t i = 0; i < network->dns_count; i++)
		fprintf(out, "%s%s", i ? " " : "", kx_ip_text(&network->dns[i]).s);
	fputs("\" ", out);
}

/* The interface whose link-layer address BOOTIF= is, rather than the first with a link. */
static void put_card(const struct kx_net_link *link, FILE *out)
{
	const uint8_t *mac = kx_keep_mac(link);

	fputs("interface=auto ", out);
	if (mac)
		fprintf(out, "BOOTIF=01-%s ", kx_mac_text(mac, '-').s);
}

static int render(const struct kx_keep *keep, struct kx_render *to, struct kx_error *err)
{
	const struct kx_network *network = keep->network;
	const struct kx_net_address *address = NULL;
	const struct kx_net_route *way;
	unsigned family;
	size_t link = 0;
	int r = kx_render_card(keep, "Debian's installer", true, &link, &address, err);

	if (r < 0)
		return r;
	family = address->ip.family;
	way = kx_keep_gateway(keep, link, family);
	if (way && way->via.family != family)
		return kx_fail(err, EOPNOTSUPP,
			       "cannot keep the network: the IPv4 gateway is an IPv6 address, %s, "
			       "which Debian's installer does not take; configure it by hand there",
			       kx_ip_text(&way->via).s);
	fputs("netcfg/disable_autoconfig=true netcfg/confirm_static=true ", to->words);
	put_card(keep->links[link].from, to->words);
	fprintf(to->words, "netcfg/get_ipaddress=%s", kx_ip_text(&address->ip).s);
	if (family == 4)
		fprintf(to->words, " netcfg/get_netmask=%s ", kx_ip_netmask(address->prefix).s);
	else
		fprintf(to->words, "/%u ", address->prefix);
	fprintf(to->words, "netcfg/get_gateway=%s ", way ? kx_ip_text(&way->via).s : "none");
	if (!way)
		fputs("netcfg/no_default_route=true ", to->words);
	put_dns(network, to->words);
	if (network->host[0])
		fprintf(to->words, "hostname=%s ", network->host);
	/* Without one it would ask. */
	fprintf(to->words, "domain=%s ", network->domain);
	kx_render_rest(keep, link, address, way, to);
	return 0;
}

const struct kx_renderer kx_render_netcfg = {
	.name = "debian-installer",
	.id = KX_KEEP_NETWORK_INSTALLER,
	.mark = KX_LOOK_INSTALLER,
	.render = render,
};
