// SPDX-License-Identifier: LGPL-2.1-or-later
/* Is the root file system on the network? /proc/self/mountinfo (proc(5)), and what its block device
 * stands on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

/* Stacked block devices (crypt on LVM on RAID on multipath …) are not followed any deeper. */
#define BLOCK_DEPTH 8
/* Nor wider than so many links in all: in a saved machine they may lead in circles, at each depth anew. */
#define BLOCK_LINKS 256

/* @links: that may still be followed */
struct walk {
	struct kx_root *root;
	unsigned links;
};

struct mount {
	struct kx_view device, type, source, options;
};

static const char *const network_types[] = {
	"nfs",        "nfs4", "cifs",  "smb3", "ceph",   "fuse.ceph", "fuse.glusterfs",
	"fuse.sshfs", "afs",  "ocfs2", "gfs2", "lustre", "beegfs",
};

/* What in a device's place in sysfs shows that its blocks come over the network. */
static const char *const network_devices[] = {
	"/session", /* iSCSI: …/hostN/sessionN/… (drivers/scsi/scsi_transport_iscsi.c) */
	"/nvme-fabrics/", "/block/nbd", "/block/rbd", "/block/drbd",
};

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue" */
static bool mount_parse(struct kx_view line, struct mount *ret, struct kx_view *ret_where)
{
	struct kx_view word;
	struct mount mount;

	for (unsigned i = 0; i < 5; i++) {
		if (!kx_text_word(&line, &word))
			return false;
		if (i == 2)
			mount.device = word;
	}
	*ret_where = word;
	do {
		if (!kx_text_word(&line, &word))
			return false;
	} while (!kx_text_is(word, "-"));
	if (!kx_text_word(&line, &mount.type) || !kx_text_word(&line, &mount.source) ||
	    !kx_text_word(&line, &mount.options))
		return false;
	*ret = mount;
	return true;
}

/* The last line with "/": what was mounted over the others. */
static bool mount_find_root(struct kx_view text, struct mount *ret)
{
	struct kx_view line, where;
	struct mount mount;
	bool found = false;

	while (kx_text_line(&text, &line)) {
		if (!mount_parse(line, &mount, &where) || !kx_text_is(where, "/"))
			continue;
		*ret = mount;
		found = true;
	}
	return found;
}

static bool type_is_network(const struct mount *mount)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(network_types); i++)
		if (kx_text_is(mount->type, network_types[i]))
			return true;
	return kx_text_is(mount->type, "9p") && (kx_text_contains(mount->options, "trans=tcp") ||
						 kx_text_contains(mount->options, "trans=rdma"));
}

static bool place_is_network(const char *place)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(network_devices); i++)
		if (strstr(place, network_devices[i]))
			return true;
	return false;
}

static enum kx_fact block_on_network(struct walk *walk, const char *place, unsigned depth);

/* Links in /sys/class/block/NAME/slaves lead to what NAME stands on. */
static enum kx_fact slaves_on_network(struct walk *walk, const char *name, unsigned depth)
{
	_cleanup_(kx_names_clear) struct kx_names slaves = { 0 };
	_cleanup_free_ char *folder = NULL;
	enum kx_fact all = KX_NO;

	if (asprintf(&folder, "/sys/class/block/%s/slaves", name) < 0)
		return KX_UNKNOWN;
	/* Partitions have none. */
	if (kx_root_list(walk->root, folder, &slaves) < 0)
		return KX_NO;
	for (size_t i = 0; i < slaves.count; i++) {
		_cleanup_free_ char *link = NULL, *place = NULL;
		enum kx_fact one = KX_UNKNOWN;

		if (asprintf(&link, "%s/%s", folder, slaves.v[i]) >= 0 &&
		    kx_root_link(walk->root, link, &place) >= 0)
			one = block_on_network(walk, place, depth + 1);
		if (one == KX_YES)
			return KX_YES;
		if (one == KX_UNKNOWN)
			all = KX_UNKNOWN;
	}
	return all;
}

static enum kx_fact block_on_network(struct walk *walk, const char *place, unsigned depth)
{
	const char *name = strrchr(place, '/');

	if (place_is_network(place))
		return KX_YES;
	if (!name || !name[1] || depth == BLOCK_DEPTH || !walk->links)
		return KX_UNKNOWN;
	walk->links--;
	return slaves_on_network(walk, name + 1, depth);
}

/* File systems with a device number of their own, as btrfs, name the block device as their source.
 */
static int root_device_link(const struct mount *mount, char *path, size_t size)
{
	const char dev[] = "/dev/";
	struct kx_view name;
	int n;

	if (!kx_text_starts(mount->device, "0:"))
		n = snprintf(path, size, "/sys/dev/block/%.*s", (int)mount->device.size,
			     mount->device.data);
	else if (kx_text_starts(mount->source, dev) &&
		 kx_view_from(mount->source, sizeof(dev) - 1, &name) &&
		 !memchr(name.data, '/', name.size))
		n = snprintf(path, size, "/sys/class/block/%.*s", (int)name.size, name.data);
	else
		return -ENOENT;
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static enum kx_fact mount_on_network(struct kx_root *root, const struct mount *mount)
{
	static const char *const in_memory[] = { "tmpfs", "ramfs", "rootfs" };
	_cleanup_free_ char *place = NULL;
	struct walk walk = { root, BLOCK_LINKS };
	char path[128];

	if (type_is_network(mount))
		return KX_YES;
	for (size_t i = 0; i < KX_ARRAY_SIZE(in_memory); i++)
		if (kx_text_is(mount->type, in_memory[i]))
			return KX_NO;
	if (root_device_link(mount, path, sizeof(path)) < 0 || kx_root_link(root, path, &place) < 0)
		return KX_UNKNOWN;
	return block_on_network(&walk, place, 0);
}

int kx_read_mounts(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct mount mount;
	int r;

	r = kx_root_read(root, "/proc/self/mountinfo", KX_CAP_FILE, &blob);
	if (r < 0)
		return r;
	if (mount_find_root(kx_blob_view(&blob), &mount))
		machine->root_on_network = mount_on_network(root, &mount);
	return 0;
}

enum kx_fact kx_root_on_network(const char *path)
{
	_cleanup_(kx_root_close) struct kx_root root = KX_ROOT_NONE;
	struct kx_machine machine = { 0 };
	struct kx_error err = { 0 };

	if (kx_root_open(path, &root, &err) < 0 || kx_read_mounts(&root, &machine, &err) < 0)
		return KX_UNKNOWN;
	return machine.root_on_network;
}
