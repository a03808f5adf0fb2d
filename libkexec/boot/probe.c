// SPDX-License-Identifier: LGPL-2.1-or-later
#include "boot/probe.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/overflow.h"
#include "boot/lines.h"
#include "util.h"

/* ---- one device ------------------------------------------------------------------------------ */

static void probe_freep(blkid_probe *probe)
{
	blkid_free_probe(*probe);
}

static int take(blkid_probe probe, const char *name, char **field)
{
	const char *value;

	if (*field || blkid_probe_lookup_value(probe, name, &value, NULL) < 0)
		return 0;
	*field = strdup(value);
	return *field ? 0 : -ENOMEM;
}

/* What the device itself says; nothing at all when it cannot be read. */
static int probe_device(struct kx_volume *v, char **ret_type)
{
	_cleanup_(probe_freep) blkid_probe probe = blkid_new_probe_from_filename(v->device);
	_cleanup_free_ char *number = NULL;
	uint64_t value;
	int r;

	if (!probe)
		return 0;
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL |
							 BLKID_SUBLKS_TYPE);
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS);
	if (blkid_do_safeprobe(probe) < 0)
		return 0;
	r = take(probe, "UUID", &v->uuid);
	if (r == 0)
		r = take(probe, "LABEL", &v->label);
	if (r == 0)
		r = take(probe, "TYPE", ret_type);
	if (r == 0)
		r = take(probe, "PART_ENTRY_UUID", &v->part_uuid);
	if (r == 0)
		r = take(probe, "PART_ENTRY_TYPE", &v->part_type);
	if (r == 0)
		r = take(probe, "PART_ENTRY_NUMBER", &number);
	if (r == 0 && number && kx_text_u64(kx_text_of(number), 10, &value) && value <= UINT8_MAX)
		v->number = (unsigned)value;
	return r;
}

/* "My\x20Disk" */
static void unescape(char *name)
{
	char *out = name;

	for (const char *p = name; *p; out++) {
		struct kx_view hex = kx_view_of(p + 2, 2);
		uint64_t c;

		if (p[0] == '\\' && p[1] == 'x' && p[2] && p[3] && kx_text_u64(hex, 16, &c) && c) {
			*out = (char)c;
			p += 4;
		} else {
			*out = *p++;
		}
	}
	*out = '\0';
}

/* udev(7) makes links for everybody, with what is no plain character as "\x20". */
static int probe_links(struct kx_root *root, struct kx_volume *v)
{
	const struct {
		const char *folder;
		char **field;
	} kinds[] = {
		{ "/dev/disk/by-uuid", &v->uuid },
		{ "/dev/disk/by-label", &v->label },
		{ "/dev/disk/by-partuuid", &v->part_uuid },
	};
	const char *name = strrchr(v->device, '/');

	for (size_t i = 0; i < KX_ARRAY_SIZE(kinds); i++) {
		_cleanup_(kx_names_clear) struct kx_names names = { 0 };

		if (*kinds[i].field || kx_root_list(root, kinds[i].folder, &names) < 0)
			continue;
		for (size_t j = 0; j < names.count && !*kinds[i].field; j++) {
			_cleanup_free_ char *path = NULL, *target = NULL;
			const char *end;

			if (asprintf(&path, "%s/%s", kinds[i].folder, names.v[j]) < 0)
				return -ENOMEM;
			if (kx_root_link(root, path, &target) < 0)
				continue;
			end = strrchr(target, '/');
			if (!end || !name || strcmp(end, name) != 0)
				continue;
			*kinds[i].field = kx_steal(names.v[j]);
			unescape(*kinds[i].field);
		}
	}
	return 0;
}

/* "../../devices/…/block/sda/sda2" in sysfs: a partition is in its disk. */
static int probe_disk(struct kx_root *root, struct kx_volume *v)
{
	_cleanup_free_ char *path = NULL, *target = NULL;
	struct kx_view rest, part = { 0 }, last = { 0 };
	const char *name = strrchr(v->device, '/');
	uint64_t number;

	if (!name || asprintf(&path, "/sys/class/block%s/partition", name) < 0)
		return name ? -ENOMEM : 0;
	if (kx_root_u64(root, path, &number) < 0 || number > UINT8_MAX)
		return 0;
	v->number = (unsigned)number;
	*strrchr(path, '/') = '\0';
	if (kx_root_link(root, path, &target) < 0)
		return 0;
	rest = kx_text_of(target);
	while (kx_text_field(&rest, '/', &part) && rest.size)
		last = part;
	return last.size ? kx_boot_set(&v->disk, last) : 0;
}

/*
 * Without an initrd the kernel mounts the root, by a name that it makes for itself (init/do_mounts.c: "/dev/root"), and which
 * nobody has a file of.
 */
static int name_device(struct kx_root *root, struct kx_volume *v)
{
	_cleanup_free_ char *path = NULL, *target = NULL;
	const char *name;
	char *device;

	if (strcmp(v->device, "/dev/root") != 0 || !v->numbers)
		return 0;
	if (asprintf(&path, "/sys/dev/block/%s", v->numbers) < 0)
		return -ENOMEM;
	if (kx_root_link(root, path, &target) < 0)
		return 0;
	name = strrchr(target, '/');
	if (asprintf(&device, "/dev/%s", name ? name + 1 : target) < 0)
		return -ENOMEM;
	free(v->device);
	v->device = device;
	return 0;
}

static int probe(struct kx_root *root, struct kx_volume *v, char **ret_type)
{
	int r = probe_device(v, ret_type);

	if (r == 0)
		r = probe_links(root, v);
	return r < 0 ? r : probe_disk(root, v);
}

int kx_probe_volumes(struct kx_volumes *volumes)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < volumes->count; i++) {
		_cleanup_free_ char *type = NULL;

		if (!volumes->v[i].device || strncmp(volumes->v[i].device, "/dev/", 5) != 0)
			continue;
		r = name_device(&volumes->root, &volumes->v[i]);
		if (r == 0)
			r = probe(&volumes->root, &volumes->v[i], &type);
	}
	return r;
}

/* ---- partitions that are not mounted --------------------------------------------------------- */

static bool is_type(const struct kx_volume *v, const char *gpt, const char *mbr)
{
	return v->part_type && (!strcasecmp(v->part_type, gpt) || !strcasecmp(v->part_type, mbr));
}

static struct kx_volume *find_mounted(struct kx_volumes *volumes, const struct kx_volume *v)
{
	for (size_t i = 0; i < volumes->count; i++)
		if (volumes->v[i].device && !strcmp(volumes->v[i].device, v->device))
			return &volumes->v[i];
	return NULL;
}

struct search {
	struct kx_volumes *volumes;
	const char *disk, *part_uuid;
	const char *gpt, *mbr;
	struct kx_volume found;
	char *type;
	unsigned matches;
	bool sure;
};

/* Is it the partition that is looked for? The one that the boot loader named, else on the root's disk, else the only one. */
static void consider(struct search *search, struct kx_volume *v, char **type)
{
	bool sure = search->part_uuid ? v->part_uuid && !strcasecmp(v->part_uuid, search->part_uuid)
		    : search->disk    ? v->disk && !strcmp(v->disk, search->disk)
				      : false;
	struct kx_volume other = search->found;
	char *other_type = search->type;

	if (!is_type(v, search->gpt, search->mbr) || search->sure)
		return;
	search->sure = sure;
	search->matches++;
	search->found = *v;
	search->type = *type;
	*v = other;
	*type = other_type;
}

static int search_partitions(struct search *search)
{
	_cleanup_(kx_names_clear) struct kx_names names = { 0 };
	int r = kx_root_list(&search->volumes->root, "/sys/class/block", &names);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		struct kx_volume v = { 0 };
		char *type = NULL;

		if (asprintf(&v.device, "/dev/%s", names.v[i]) < 0)
			return -ENOMEM;
		r = probe_disk(&search->volumes->root, &v);
		if (r == 0 && v.number)
			r = probe(&search->volumes->root, &v, &type);
		if (r == 0 && v.number)
			consider(search, &v, &type);
		kx_volume_clear(&v);
		free(type);
	}
	return r;
}

static int note(struct kx_volumes *volumes, const struct kx_volume *v, int r)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s: is not mounted, and cannot be looked at: %s%s", v->device,
		     strerror(-r),
		     r == -EPERM || r == -EACCES ? "; run as root, or mount it" : "") < 0)
		return -ENOMEM;
	/* Each entry of GRUB's looks for its own. */
	for (size_t i = 0; i < volumes->notes.count; i++)
		if (!strcmp(volumes->notes.v[i], text))
			return 0;
	return kx_names_add(&volumes->notes, text);
}

static int find_partition(struct search *search)
{
	struct kx_volumes *volumes = search->volumes;
	int r = search_partitions(search);
	bool found = r == 0 && search->found.device && (search->sure || search->matches == 1);
	struct kx_volume *mounted = found ? find_mounted(volumes, &search->found) : NULL;

	/* Wherever that is, the system boots from it. */
	if (mounted)
		mounted->boots = true;
	if (found && !mounted) {
		search->found.boots = true;
		r = kx_probe_mount(volumes, &search->found, search->type ? search->type : "");
		if (r < 0 && r != -ENOMEM)
			r = note(volumes, &search->found, r);
	}
	kx_volume_clear(&search->found);
	free(search->type);
	return r;
}

int kx_probe_boot_partitions(struct kx_volumes *volumes, const char *part_uuid)
{
	const struct kx_volume *root = kx_volumes_root(volumes);
	/* Volumes move when one is added. */
	_cleanup_free_ char *copy = root && root->disk ? strdup(root->disk) : NULL;
	struct search esp = { .volumes = volumes,
			      .disk = copy,
			      .part_uuid = part_uuid,
			      .gpt = KX_PARTTYPE_ESP,
			      .mbr = KX_PARTTYPE_ESP_MBR };
	struct search xbootldr = { .volumes = volumes,
				   .disk = copy,
				   .gpt = KX_PARTTYPE_XBOOTLDR,
				   .mbr = KX_PARTTYPE_XBOOTLDR_MBR };
	int r = find_partition(&esp);

	return r < 0 ? r : find_partition(&xbootldr);
}

int kx_probe_search(struct kx_volumes *volumes, enum kx_boot_search by, const char *value)
{
	_cleanup_free_ char *type = NULL, *device = NULL;
	struct kx_volume v = { 0 };
	int r;

	if (by == KX_BOOT_BY_FILE)
		return -ENODEV;
	device = blkid_evaluate_tag(by == KX_BOOT_BY_UUID ? "UUID" : "LABEL", value, NULL);
	if (!device)
		return -ENODEV;
	v.device = kx_steal(device);
	r = find_mounted(volumes, &v) ? -ENODEV : probe(&volumes->root, &v, &type);
	if (r == 0 && !type && access(v.device, R_OK) < 0)
		r = -errno;
	if (r == 0)
		r = kx_probe_mount(volumes, &v, type ? type : "");
	if (r < 0 && r != -ENOMEM && r != -ENODEV && note(volumes, &v, r) == 0)
		r = -ENODEV;
	kx_volume_clear(&v);
	return r;
}
