// SPDX-License-Identifier: GPL-2.0-or-later
/* What is understood of rtnetlink dumps and resolv.conf, and how it is told to the next system. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "carry/carry.h"
#include "sample_netlink.h"
#include "util.h"

/* A dump being written, and what is made of it. */
struct fixture {
	struct sample_netlink dump;
	struct kx_network network;
	struct kx_keep keep;
	struct kx_overlay overlay;
	char *words, *left;
	struct kx_error err;
	bool full;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->dump.data = calloc(1, SN_SIZE);
	assert_non_null(f->dump.data);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	kx_network_clear(&f->network);
	kx_overlay_clear(&f->overlay);
	free(f->words);
	free(f->left);
	free(f->dump.data);
	free(f);
	return 0;
}

static void parse(struct fixture *f)
{
	if (kx_netlink_parse(sn_view(&f->dump), &f->network, &f->err) < 0)
		fail_msg("%s", f->err.text);
	f->network.known = true;
}

static int render(struct fixture *f, const struct kx_renderer *renderer)
{
	struct kx_render to = { .overlay = &f->overlay, .full = f->full };
	size_t ignored, ignored_too;
	int r;

	parse(f);
	r = kx_keep_choose(&f->network, &f->keep, &f->err);
	to.words = open_memstream(&f->words, &ignored);
	to.left = open_memstream(&f->left, &ignored_too);
	if (r == 0)
		r = renderer->render(&f->keep, &to, &f->err);
	fclose(to.words);
	fclose(to.left);
	return r;
}

static void says(struct fixture *f, const struct kx_renderer *renderer, const char *words)
{
	if (render(f, renderer) < 0)
		fail_msg("%s", f->err.text);
	assert_string_equal(f->words, words);
}

static void refuses(struct fixture *f, const struct kx_renderer *renderer, const char *why)
{
	assert_int_equal(render(f, renderer), -EOPNOTSUPP);
	if (!strstr(f->err.text, why))
		fail_msg("\"%s\" is not in: %s", why, f->err.text);
}

static void file_is(struct fixture *f, const char *name, const char *content)
{
	for (size_t i = 0; i < f->overlay.count; i++) {
		const struct kx_overlay_file *file = &f->overlay.v[i];
		_cleanup_free_ char *text =
			strndup((const char *)file->content.data, file->content.size);

		if (!strcmp(strrchr(file->path, '/') + 1, name)) {
			assert_string_equal(text, content);
			return;
		}
	}
	fail_msg("there is no %s", name);
}

/* A server with one card, as most are. */
static void usual(struct fixture *f)
{
	sn_card(&f->dump, 2, "lan0");
	sn_address(&f->dump, 2, "192.0.2.15", 24, IFA_F_PERMANENT);
	sn_route(&f->dump, 2, "0.0.0.0", 0, "192.0.2.1", 0);
	kx_resolv_parse(kx_view_of("nameserver 192.0.2.53\n", 22), &f->network);
	kx_host_parse(kx_view_of("server.example.org", 18), &f->network);
}

/* ---- dumps ----------------------------------------------------------------------------------- */

static void test_links(void **state)
{
	struct fixture *f = *state;
	const struct kx_net_link *v;

	sn_card(&f->dump, 2, "lan0");
	sn_vlan(&f->dump, 3, "lan0.5", 2, 5);
	sn_bond(&f->dump, 4, "bond0", 4, 100);
	sn_slave(&f->dump, 5, "lan1", 4);
	sn_link(&f->dump, 6, "br0");
	sn_kind(&f->dump, "bridge");
	sn_end(&f->dump);
	sn_link(&f->dump, 7, "wg0");
	sn_kind(&f->dump, "wireguard");
	sn_end(&f->dump);
	parse(f);
	v = f->network.links;
	assert_int_equal(f->network.link_count, 6);
	assert_int_equal(v[0].kind, KX_NET_ETHERNET);
	assert_true(v[0].up && v[0].have_mac && v[0].have_permanent);
	assert_int_equal(v[0].permanent[5], 2);
	assert_int_equal(v[0].mtu, 1500);
	assert_int_equal(v[1].kind, KX_NET_VLAN);
	assert_int_equal(v[1].vlan_id, 5);
	assert_int_equal(v[1].lower, 2);
	assert_int_equal(v[2].kind, KX_NET_BOND);
	assert_int_equal(v[2].bond.mode, 4);
	assert_int_equal(v[2].bond.miimon, 100);
	assert_int_equal(v[3].kind, KX_NET_ETHERNET);
	assert_int_equal(v[3].master, 4);
	assert_int_equal(v[3].permanent[5], 0xf5);
	assert_int_equal(v[4].kind, KX_NET_BRIDGE);
	assert_int_equal(v[5].kind, KX_NET_OTHER);
}

/* A name is put into a command line and into a file's name. */
static void test_names_that_do_not_fit(void **state)
{
	static const char *const names[] = { "a b", "a/b", "a:b", "a,b", "..", "-a", "a\"b", "" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		sn_card(&f->dump, (uint32_t)i + 2, names[i]);
	parse(f);
	for (size_t i = 0; i < f->network.link_count; i++)
		assert_int_equal(f->network.links[i].kind, KX_NET_OTHER);
}

static void test_addresses_that_stay(void **state)
{
	struct fixture *f = *state;

	sn_address(&f->dump, 2, "192.0.2.15", 24, 0);
	sn_address(&f->dump, 2, "192.0.2.16", 24, IFA_F_SECONDARY);
	sn_address(&f->dump, 2, "2001:db8::15", 64, 0);
	sn_address(&f->dump, 1, "127.0.0.1", 8, 0);
	sn_address(&f->dump, 1, "::1", 128, 0);
	sn_address(&f->dump, 2, "169.254.1.1", 16, 0);
	sn_address(&f->dump, 2, "fe80::1", 64, 0);
	sn_address(&f->dump, 2, "2001:db8::77", 64, IFA_F_TEMPORARY);
	sn_address(&f->dump, 2, "2001:db8::78", 64, IFA_F_TENTATIVE);
	sn_address(&f->dump, 2, "2001:db8::79", 64, IFA_F_DADFAILED);
	parse(f);
	assert_int_equal(f->network.address_count, 3);
	assert_string_equal(kx_ip_text(&f->network.addresses[1].ip).s, "192.0.2.16");
	assert_string_equal(kx_ip_text(&f->network.addresses[2].ip).s, "2001:db8::15");
}

static void test_routes(void **state)
{
	struct fixture *f = *state;
	struct rtmsg *head;
	const struct kx_net_route *v;

	sn_route(&f->dump, 2, "0.0.0.0", 0, "192.0.2.1", 0);
	sn_route(&f->dump, 2, "0.0.0.0", 0, "fe80::1", 0);
	sn_route(&f->dump, 2, "198.51.100.0", 24, "203.0.113.1", RTNH_F_ONLINK);
	sn_route(&f->dump, 2, "ff02::", 16, NULL, 0);
	sn_route(&f->dump, 2, "fe80::", 64, NULL, 0);
	sn_route(&f->dump, 2, "10.0.0.0", 8, NULL, RTM_F_CLONED);
	sn_route(&f->dump, 2, "10.0.0.0", 8, NULL, 0);
	head = (void *)(f->dump.data + f->dump.start + 16);
	head->rtm_protocol = RTPROT_KERNEL;
	sn_route(&f->dump, 2, "10.0.0.0", 8, NULL, 0);
	head = (void *)(f->dump.data + f->dump.start + 16);
	head->rtm_type = RTN_BLACKHOLE;
	parse(f);
	v = f->network.routes;
	assert_int_equal(f->network.route_count, 3);
	assert_int_equal(v[0].prefix, 0);
	assert_string_equal(kx_ip_text(&v[0].via).s, "192.0.2.1");
	assert_int_equal(v[1].to.family, 4);
	assert_string_equal(kx_ip_text(&v[1].via).s, "fe80::1");
	assert_true(v[2].onlink && !v[0].onlink);
}

/* Of several ways the first one: struct rtnexthop. */
static void test_route_with_several_ways(void **state)
{
	struct fixture *f = *state;
	struct rtmsg head = { .rtm_family = AF_INET, .rtm_type = RTN_UNICAST };
	struct rtnexthop way = { .rtnh_len = sizeof(way) + 8,
				 .rtnh_flags = RTNH_F_ONLINK,
				 .rtnh_ifindex = 3 };

	sn_begin(&f->dump, RTM_NEWROUTE, &head, sizeof(head));
	sn_u32(&f->dump, RTA_TABLE, RT_TABLE_MAIN);
	sn_begin_nest(&f->dump, RTA_MULTIPATH);
	sn_put(&f->dump, &way, sizeof(way));
	sn_ip(&f->dump, RTA_GATEWAY, "192.0.2.9");
	sn_end_nest(&f->dump);
	sn_end(&f->dump);
	parse(f);
	assert_int_equal(f->network.route_count, 1);
	assert_int_equal(f->network.routes[0].index, 3);
	assert_true(f->network.routes[0].onlink);
	assert_string_equal(kx_ip_text(&f->network.routes[0].via).s, "192.0.2.9");
}

static void test_cut_anywhere(void **state)
{
	struct fixture *f = *state;
	size_t size;

	sn_bond(&f->dump, 4, "bond0", 4, 100);
	sn_slave(&f->dump, 5, "lan1", 4);
	size = f->dump.size;
	for (size_t cut = 1; cut < size; cut++) {
		_cleanup_free_ uint8_t *part = malloc(cut);
		int r;

		assert_non_null(part);
		memcpy(part, f->dump.data, cut);
		r = kx_netlink_parse(kx_view_of(part, cut), &f->network, &f->err);
		assert_int_equal(r, cut == kx_le32(f->dump.data) ? 0 : -EBADMSG);
		kx_network_clear(&f->network);
	}
}

static void malformed(struct fixture *f, size_t at, uint16_t value)
{
	uint16_t was = kx_le16(f->dump.data + at);

	kx_put_le16(f->dump.data + at, value);
	assert_int_equal(kx_netlink_parse(sn_view(&f->dump), &f->network, &f->err), -EBADMSG);
	assert_non_null(strstr(f->err.text, "damaged"));
	kx_network_clear(&f->network);
	kx_put_le16(f->dump.data + at, was);
}

static void test_malformed(void **state)
{
	struct fixture *f = *state;

	sn_address(&f->dump, 2, "192.0.2.15", 24, 0);
	malformed(f, 0, 15);                 /* a message shorter than its header */
	malformed(f, 0, 20);                 /* than what its type begins with */
	malformed(f, 16 + 8, 3);             /* an attribute shorter than its header */
	malformed(f, 16 + 8, 0xffff);        /* longer than the message */
	malformed(f, 16, AF_INET | 33 << 8); /* a prefix longer than the address */
}

static void test_more_than_is_looked_at(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i <= KX_NET_ROUTE_MAX; i++)
		sn_route(&f->dump, 2, "10.0.0.0", 8, NULL, 0);
	parse(f);
	assert_int_equal(f->network.route_count, KX_NET_ROUTE_MAX);
	assert_true(f->network.partial);
}

static void test_resolv(void **state)
{
	static const char text[] = "# nameserver 192.0.2.1\nnameserver 127.0.0.53\n"
				   "nameserver  192.0.2.53 \nnameserver fe80::1%lan0\n"
				   "nameserver 2001:db8::53\nnameserver 192.0.2.5x\n"
				   "search example.org bad\"one corp.example.org\noptions edns0";
	struct fixture *f = *state;

	kx_resolv_parse(kx_view_of(text, strlen(text)), &f->network);
	assert_int_equal(f->network.dns_count, 2);
	assert_string_equal(kx_ip_text(&f->network.dns[0]).s, "192.0.2.53");
	assert_string_equal(kx_ip_text(&f->network.dns[1]).s, "2001:db8::53");
	assert_string_equal(f->network.search, "example.org corp.example.org");
}

static void test_host(void **state)
{
	struct fixture *f = *state;

	kx_host_parse(kx_view_of("(none)", 6), &f->network);
	kx_host_parse(kx_view_of("localhost", 9), &f->network);
	assert_string_equal(f->network.host, "");
	kx_host_parse(kx_view_of("a.b.c\n", 6), &f->network);
	assert_string_equal(f->network.host, "a");
	assert_string_equal(f->network.domain, "b.c");
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static void test_nothing_to_keep(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(kx_keep_choose(&f->network, &f->keep, &f->err), -ENODATA);
	assert_non_null(strstr(f->err.text, "is not known"));
	sn_card(&f->dump, 2, "lan0");
	parse(f);
	assert_int_equal(kx_keep_choose(&f->network, &f->keep, &f->err), -ENODATA);
	assert_non_null(strstr(f->err.text, "no network card"));
}

/* Links that are on each other, as no kernel has them. */
static void test_circles(void **state)
{
	struct fixture *f = *state;

	sn_vlan(&f->dump, 2, "one", 3, 1);
	sn_vlan(&f->dump, 3, "two", 2, 2);
	sn_address(&f->dump, 2, "192.0.2.15", 24, 0);
	sn_link(&f->dump, 4, "br0");
	sn_u32(&f->dump, IFLA_MASTER, 5);
	sn_kind(&f->dump, "bridge");
	sn_end(&f->dump);
	sn_link(&f->dump, 5, "br1");
	sn_u32(&f->dump, IFLA_MASTER, 4);
	sn_kind(&f->dump, "bridge");
	sn_end(&f->dump);
	sn_address(&f->dump, 4, "192.0.2.16", 24, 0);
	parse(f);
	assert_int_equal(kx_keep_choose(&f->network, &f->keep, &f->err), -ENODATA);
}

/* docker0 and the like; a bridge with one card is the card. */
static void test_bridges(void **state)
{
	struct fixture *f = *state;

	usual(f);
	sn_link(&f->dump, 3, "docker0");
	sn_kind(&f->dump, "bridge");
	sn_end(&f->dump);
	sn_address(&f->dump, 3, "172.17.0.1", 16, 0);
	sn_link(&f->dump, 4, "vmbr0");
	sn_kind(&f->dump, "bridge");
	sn_end(&f->dump);
	sn_link(&f->dump, 5, "lan1");
	sn_u32(&f->dump, IFLA_MASTER, 4);
	sn_end(&f->dump);
	sn_link(&f->dump, 6, "tap0");
	sn_u32(&f->dump, IFLA_MASTER, 4);
	sn_kind(&f->dump, "tun");
	sn_end(&f->dump);
	sn_address(&f->dump, 4, "198.51.100.2", 24, 0);
	parse(f);
	assert_int_equal(kx_keep_choose(&f->network, &f->keep, &f->err), 0);
	assert_int_equal(f->keep.link_count, 2);
	assert_string_equal(f->keep.links[1].name, "lan1");
	assert_int_equal(f->keep.address_count, 2);
	assert_int_equal(f->keep.addresses[1].link, 1);
}

static void test_lowest_metric_is_the_way_out(void **state)
{
	struct fixture *f = *state;

	sn_card(&f->dump, 2, "lan0");
	sn_card(&f->dump, 3, "lan1");
	sn_address(&f->dump, 2, "192.0.2.15", 24, 0);
	sn_address(&f->dump, 3, "198.51.100.2", 24, 0);
	sn_route(&f->dump, 2, "0.0.0.0", 0, "192.0.2.1", 0);
	f->dump.size = f->dump.start;
	{
		struct rtmsg head = { .rtm_family = AF_INET, .rtm_type = RTN_UNICAST };

		sn_begin(&f->dump, RTM_NEWROUTE, &head, sizeof(head));
		sn_u32(&f->dump, RTA_TABLE, RT_TABLE_MAIN);
		sn_u32(&f->dump, RTA_OIF, 2);
		sn_u32(&f->dump, RTA_PRIORITY, 600);
		sn_ip(&f->dump, RTA_GATEWAY, "192.0.2.1");
		sn_end(&f->dump);
	}
	sn_route(&f->dump, 3, "0.0.0.0", 0, "198.51.100.1", 0);
	parse(f);
	assert_int_equal(kx_keep_choose(&f->network, &f->keep, &f->err), 0);
	assert_int_equal(kx_keep_main(&f->keep, 4), 1);
	assert_int_equal(kx_keep_main(&f->keep, 6), KX_KEEP_NONE);
}

/* ---- words ----------------------------------------------------------------------------------- */

static void test_kernel(void **state)
{
	struct fixture *f = *state;

	usual(f);
	says(f, &kx_render_kernel,
	     "ip=192.0.2.15::192.0.2.1:255.255.255.0:server::none:192.0.2.53 "
	     "BOOTIF=01-52-54-00-00-00-02 ");
	assert_string_equal(f->left, "");
}

static void test_kernel_says_what_it_leaves(void **state)
{
	struct fixture *f = *state;

	usual(f);
	sn_address(&f->dump, 2, "2001:db8::15", 64, 0);
	sn_route(&f->dump, 2, "::", 0, "fe80::1", 0);
	sn_vlan(&f->dump, 3, "lan0.5", 2, 5);
	sn_address(&f->dump, 3, "10.0.5.1", 24, 0);
	assert_int_equal(render(f, &kx_render_kernel), 0);
	assert_string_equal(f->left, "2001:db8::15/64 of lan0; 10.0.5.1/24 of lan0.5; the route to "
				     "::/0; ");
}

static void test_kernel_refuses(void **state)
{
	struct fixture *f = *state;

	sn_card(&f->dump, 2, "lan0");
	sn_address(&f->dump, 2, "192.0.2.15", 32, 0);
	sn_route(&f->dump, 2, "0.0.0.0", 0, "172.31.1.1", RTNH_F_ONLINK);
	refuses(f, &kx_render_kernel, "the gateway 172.31.1.1 is outside of 192.0.2.15/32");
}

static void test_installer(void **state)
{
	struct fixture *f = *state;

	sn_card(&f->dump, 2, "lan0");
	sn_address(&f->dump, 2, "192.0.2.15", 32, 0);
	sn_route(&f->dump, 2, "172.31.1.1", 32, NULL, 0);
	sn_route(&f->dump, 2, "0.0.0.0", 0, "172.31.1.1", 0);
	kx_resolv_parse(kx_view_of("nameserver 192.0.2.53\nnameserver ::2", 37), &f->network);
	kx_host_parse(kx_view_of("server.example.org", 18), &f->network);
	says(f, &kx_render_netcfg,
	     "netcfg/disable_autoconfig=true netcfg/confirm_static=true interface=auto "
	     "BOOTIF=01-52-54-00-00-00-02 netcfg/get_ipaddress=192.0.2.15 "
	     "netcfg/get_netmask=255.255.255.255 netcfg/get_gateway=172.31.1.1 "
	     "netcfg/get_nameservers=\"192.0.2.53 ::2\" hostname=server domain=example.org ");
	assert_string_equal(f->left, "");
}

static void test_installer_with_ipv6(void **state)
{
	struct fixture *f = *state;

	sn_card(&f->dump, 2, "lan0");
	sn_address(&f->dump, 2, "2001:db8::15", 64, 0);
	sn_route(&f->dump, 2, "::", 0, "fe80::1", 0);
	assert_int_equal(render(f, &kx_render_netcfg), 0);
	assert_non_null(strstr(f->words, " netcfg/get_ipaddress=2001:db8::15/64 "));
	assert_non_null(strstr(f->words, " netcfg/get_gateway=fe80::1 "));
	assert_null(strstr(f->words, "netmask"));
}

/* A bond of two cards, a VLAN on it, and both of them with addresses; one way is IPv4 by IPv6. */
static void elaborate(struct fixture *f)
{
	sn_bond(&f->dump, 4, "bond0", 4, 50);
	sn_slave(&f->dump, 2, "lan0", 4);
	sn_slave(&f->dump, 3, "eth1", 4);
	sn_vlan(&f->dump, 5, "mgmt", 4, 5);
	sn_address(&f->dump, 4, "192.0.2.15", 24, 0);
	sn_address(&f->dump, 4, "2001:db8::15", 64, 0);
	sn_address(&f->dump, 5, "10.0.5.1", 24, 0);
	sn_route(&f->dump, 4, "0.0.0.0", 0, "192.0.2.1", 0);
	sn_route(&f->dump, 4, "::", 0, "2001:db8:1::1", RTNH_F_ONLINK);
	sn_route(&f->dump, 5, "10.1.0.0", 16, "10.0.5.254", 0);
	sn_route(&f->dump, 4, "10.2.0.0", 16, "fe80::9", 0);
	kx_resolv_parse(kx_view_of("nameserver 192.0.2.53\nsearch a.b\n", 33), &f->network);
}

static void test_bond_is_refused(void **state)
{
	struct fixture *f = *state;

	elaborate(f);
	refuses(f, &kx_render_netcfg, "the way out is bond0, a bond, and Debian's installer");
}

static void test_dracut(void **state)
{
	struct fixture *f = *state;

	f->full = true;
	elaborate(f);
	says(f, &kx_render_dracut,
	     "bond=bond0:lan0,eth1:mode=4,miimon=50,xmit_hash_policy=0,lacp_rate=0 "
	     "vlan=bond0.5:bond0 ip=192.0.2.15::192.0.2.1:255.255.255.0::bond0:none "
	     "ip=[2001:db8::15]::[2001:db8:1::1]:64::bond0:none "
	     "ip=10.0.5.1:::255.255.255.0::bond0.5:none "
	     "rd.route=[2001:db8:1::1/128]::bond0 rd.route=10.1.0.0/16:10.0.5.254:bond0.5 "
	     "nameserver=192.0.2.53 rd.neednet=1 ");
	assert_string_equal(f->left,
			    "that lan0 is the card 52:54:00:00:00:f2; that eth1 is the card "
			    "52:54:00:00:00:f3; the route to 10.2.0.0/16; ");
}

/* Its shell dies of a second ip= for an interface. */
static void test_classic_dracut(void **state)
{
	struct fixture *f = *state;

	elaborate(f);
	assert_int_equal(render(f, &kx_render_dracut), 0);
	assert_null(strstr(f->words, "2001"));
	assert_non_null(strstr(f->words,
			       "ifname=lan0:52:54:00:00:00:f2 ifname=net1:52:54:00:00:00:f3 "
			       "bond=bond0:lan0,net1:mode=4,"));
	assert_string_equal(
		f->left, "2001:db8::15/64 of bond0; the route to ::/0; the route to 10.2.0.0/16; ");
}

static void test_networkd(void **state)
{
	struct fixture *f = *state;

	elaborate(f);
	says(f, &kx_render_networkd, "");
	assert_string_equal(f->left, "");
	assert_int_equal(f->overlay.count, 2 + 2 + 4);
	file_is(f, "10-kexec-lan0.link",
		"[Match]\nPermanentMACAddress=52:54:00:00:00:f2\n\n[Link]\nName=lan0\n"
		"MTUBytes=1500\n");
	file_is(f, "10-kexec-eth1.network",
		"[Match]\nPermanentMACAddress=52:54:00:00:00:f3\nType=ether\nKind=!*\n\n"
		"[Network]\nDHCP=no\nIPv6AcceptRA=no\nBond=bond0\n");
	file_is(f, "10-kexec-bond0.netdev",
		"[NetDev]\nName=bond0\nKind=bond\nMTUBytes=1500\nMACAddress=52:54:00:00:00:04\n\n"
		"[Bond]\nMode=802.3ad\nMIIMonitorSec=50ms\nTransmitHashPolicy=layer2\n"
		"LACPTransmitRate=slow\n");
	file_is(f, "10-kexec-mgmt.netdev",
		"[NetDev]\nName=mgmt\nKind=vlan\nMTUBytes=1500\nMACAddress=52:54:00:00:00:05\n\n"
		"[VLAN]\nId=5\n");
	file_is(f, "10-kexec-bond0.network",
		"[Match]\nName=bond0\n\n[Network]\nDHCP=no\nIPv6AcceptRA=no\nVLAN=mgmt\n"
		"DNS=192.0.2.53\nDomains=a.b\nAddress=192.0.2.15/24\nAddress=2001:db8::15/64\n\n"
		"[Route]\nDestination=0.0.0.0/0\nGateway=192.0.2.1\n\n"
		"[Route]\nDestination=::/0\nGateway=2001:db8:1::1\nGatewayOnLink=yes\n\n"
		"[Route]\nDestination=10.2.0.0/16\nGateway=fe80::9\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_links),
		TEST(test_names_that_do_not_fit),
		TEST(test_addresses_that_stay),
		TEST(test_routes),
		TEST(test_route_with_several_ways),
		TEST(test_cut_anywhere),
		TEST(test_malformed),
		TEST(test_more_than_is_looked_at),
		TEST(test_resolv),
		TEST(test_host),
		TEST(test_nothing_to_keep),
		TEST(test_circles),
		TEST(test_bridges),
		TEST(test_lowest_metric_is_the_way_out),
		TEST(test_kernel),
		TEST(test_kernel_says_what_it_leaves),
		TEST(test_kernel_refuses),
		TEST(test_installer),
		TEST(test_installer_with_ipv6),
		TEST(test_bond_is_refused),
		TEST(test_dracut),
		TEST(test_classic_dracut),
		TEST(test_networkd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
