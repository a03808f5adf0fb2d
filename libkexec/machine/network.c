// SPDX-License-Identifier: LGPL-2.1-or-later
/* The running system's network: asked for by rtnetlink, or read from a capture's dumps. */
#include "machine/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/overflow.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

/* ---- rtnetlink ------------------------------------------------------------------------------- */

/* More is a router's table, of which the first part does. */
#define DUMP_MAX (1U << 20)
/* What the kernel puts into one answer: NLMSG_GOODSIZE is at most this. */
#define ANSWER_MAX (64U << 10)
/* The kernel answers at once; nobody waits for one that does not. */
#define ANSWER_SECONDS 5

enum { DUMP_MORE, DUMP_DONE, DUMP_AGAIN };

/* How an answer ends: with the dump, with a failure, or to be continued. */
static int answer_end(struct kx_view answer, size_t *ret_size)
{
	uint32_t size;
	uint16_t type, flags;
	uint64_t at = 0;

	while (kx_view_le32(answer, at, &size) && kx_view_le16(answer, at + 4, &type) &&
	       kx_view_le16(answer, at + 6, &flags)) {
		*ret_size = (size_t)at;
		if (flags & NLM_F_DUMP_INTR)
			return DUMP_AGAIN;
		if (type == NLMSG_ERROR || size < sizeof(struct nlmsghdr))
			return -EIO;
		if (type == NLMSG_DONE)
			return DUMP_DONE;
		at += kx_align_up(size, NLMSG_ALIGNTO);
	}
	*ret_size = answer.size;
	return DUMP_MORE;
}

static int receive(int fd, struct kx_blob *blob)
{
	ssize_t got;
	size_t size = 0;
	int r = DUMP_MORE;

	while (r == DUMP_MORE && blob->size < DUMP_MAX) {
		got = kx_retry(recv(fd, blob->data + blob->size, ANSWER_MAX, 0));
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		r = answer_end(kx_view_of(blob->data + blob->size, (size_t)got), &size);
		blob->size += size;
	}
	return r;
}

static int dump(uint16_t type, struct kx_blob *ret)
{
	/* Generic as it is, this header is what each of the three requests begins with. */
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = type,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	_cleanup_(kx_closep) int fd = -1;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    kx_retry(send(fd, &request, sizeof(request), 0)) < 0)
		return -errno;
	ret->size = 0;
	return receive(fd, ret);
}

/* How often the tables may change while they are dumped. */
#define TRIES 4

static int ask(struct kx_root *root, uint16_t type, const char *path, struct kx_blob *ret)
{
	int r = DUMP_AGAIN;

	ret->data = malloc(DUMP_MAX + ANSWER_MAX + 1);
	if (!ret->data)
		return -ENOMEM;
	for (unsigned i = 0; r == DUMP_AGAIN && i < TRIES; i++)
		r = dump(type, ret);
	if (r >= 0 && root->save_fd >= 0)
		kx_save_file(root, path, ret);
	return r;
}

static int read_dump(struct kx_root *root, uint16_t type, const char *path,
		     struct kx_network *network, struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	int r = root->live ? ask(root, type, path, &blob)
			   : kx_root_read(root, path, DUMP_MAX + ANSWER_MAX, &blob);

	if (r < 0)
		return r;
	network->partial |= root->live && r == DUMP_MORE;
	r = kx_netlink_parse(kx_blob_view(&blob), network, err);
	if (r < 0)
		kx_error_prefix(err, "%s", path);
	return r;
}

/* ---- names ----------------------------------------------------------------------------------- */

#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."

static bool is_host(struct kx_view text)
{
	for (size_t i = 0; i < text.size; i++)
		if (!text.data[i] || !strchr(HOST_CHARACTERS, text.data[i]))
			return false;
	return text.size && text.size < KX_NET_HOST_SIZE && text.data[0] != '-' &&
	       text.data[0] != '.';
}

static void copy(struct kx_view text, char *to)
{
	memcpy(to, text.data, text.size);
	to[text.size] = '\0';
}

void kx_host_parse(struct kx_view name, struct kx_network *network)
{
	struct kx_view host;

	name = kx_text_trim(name);
	if (!is_host(name) || !kx_text_field(&name, '.', &host) || kx_text_is(host, "localhost"))
		return;
	copy(host, network->host);
	if (is_host(name))
		copy(name, network->domain);
}

/* "127.0.0.53" is resolved's own, of which the next system has none. */
static bool is_elsewhere(const struct kx_ip *ip)
{
	return ip->family == 4 ? ip->bytes[0] != 127 && ip->bytes[0]
			       : memcmp(ip->bytes, &in6addr_loopback, 16) != 0 &&
					 ip->bytes[0] != 0xfe; /* link-local: of which link? */
}

static bool ip_read(struct kx_view text, struct kx_ip *ret)
{
	char copied[INET6_ADDRSTRLEN];
	struct kx_ip ip = { 0 };

	if (text.size >= sizeof(copied))
		return false;
	copy(text, copied);
	if (inet_pton(AF_INET, copied, ip.bytes) == 1)
		ip.family = 4;
	else if (inet_pton(AF_INET6, copied, ip.bytes) == 1)
		ip.family = 6;
	*ret = ip;
	return ip.family;
}

static void search_read(struct kx_view line, struct kx_network *network)
{
	struct kx_view word;
	size_t used = 0;

	network->search[0] = '\0';
	while (kx_text_word(&line, &word)) {
		if (!is_host(word) || used + word.size + 2 > sizeof(network->search))
			continue;
		if (used)
			network->search[used++] = ' ';
		copy(word, network->search + used);
		used += word.size;
	}
}

void kx_resolv_parse(struct kx_view text, struct kx_network *network)
{
	struct kx_view line, key, value;
	struct kx_ip ip;

	while (kx_text_line(&text, &line)) {
		if (!kx_text_word(&line, &key))
			continue;
		if (kx_text_is(key, "search") || kx_text_is(key, "domain"))
			search_read(line, network);
		if (kx_text_is(key, "nameserver") && kx_text_word(&line, &value) &&
		    ip_read(value, &ip) && is_elsewhere(&ip) && network->dns_count < KX_NET_DNS_MAX)
			network->dns[network->dns_count++] = ip;
	}
}

/* Where a stub stands in resolv.conf, what it asks is beside: systemd-resolved.service(8), NetworkManager.conf(5). */
static void read_names(struct kx_root *root, struct kx_network *network)
{
	static const char *const paths[] = {
		"/etc/resolv.conf",
		"/run/systemd/resolve/resolv.conf",
		"/run/NetworkManager/no-stub-resolv.conf",
	};
	_cleanup_free_ char *host = NULL;

	for (size_t i = 0; i < KX_ARRAY_SIZE(paths) && !network->dns_count; i++) {
		_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };

		if (kx_root_read(root, paths[i], KX_CAP_VALUE, &blob) >= 0)
			kx_resolv_parse(kx_blob_view(&blob), network);
	}
	if (kx_root_line(root, "/proc/sys/kernel/hostname", &host) >= 0)
		kx_host_parse(kx_text_of(host), network);
	if (!network->domain[0] && network->search[0]) {
		struct kx_view search = kx_text_of(network->search), first;

		if (kx_text_word(&search, &first))
			copy(first, network->domain);
	}
}

int kx_read_network(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	struct kx_network *network = &machine->network;
	int r = read_dump(root, RTM_GETLINK, KX_NET_LINK_PATH, network, err);

	if (r >= 0)
		r = read_dump(root, RTM_GETADDR, KX_NET_ADDRESS_PATH, network, err);
	if (r >= 0)
		r = read_dump(root, RTM_GETROUTE, KX_NET_ROUTE_PATH, network, err);
	if (r < 0) {
		kx_network_clear(network);
		return r;
	}
	network->known = true;
	read_names(root, network);
	return 0;
}
