// SPDX-License-Identifier: LGPL-2.1-or-later
#include "boot/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/overflow.h"
#include "boot/lines.h"
#include "boot/probe.h"
#include "util.h"

/* Where systems mount what is booted from, deepest first; the first four where fstab(5) does not say. */
static const char *const usual_tops[] = { "/boot/firmware", "/boot/efi", "/efi", "/boot", "" };

#define NAME_SIZE 32

void kx_volume_clear(struct kx_volume *v)
{
	char *const strings[] = { v->name, v->top,  v->subroot, v->device,    v->numbers,  v->type,
				  v->disk, v->uuid, v->label,   v->part_uuid, v->part_type };

	for (size_t i = 0; i < KX_ARRAY_SIZE(strings); i++)
		free(strings[i]);
	*v = (struct kx_volume){ 0 };
}

void kx_volumes_close(struct kx_volumes *volumes)
{
	kx_root_close(&volumes->root);
	kx_probe_unmount(volumes);
	for (size_t i = 0; i < volumes->count; i++)
		kx_volume_clear(&volumes->v[i]);
	free(volumes->v);
	kx_names_clear(&volumes->notes);
	*volumes = (struct kx_volumes)KX_VOLUMES_NONE;
}

int kx_volumes_add(struct kx_volumes *volumes, struct kx_volume *volume)
{
	struct kx_volume *v;
	char *name;

	if (volumes->count >= KX_VOLUMES_MAX)
		return -E2BIG;
	v = reallocarray(volumes->v, volumes->count + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	volumes->v = v;
	name = malloc(NAME_SIZE);
	if (!name)
		return -ENOMEM;
	snprintf(name, NAME_SIZE, "volume%zu", volumes->count);
	free(volume->name);
	volume->name = name;
	v[volumes->count++] = *volume;
	*volume = (struct kx_volume){ 0 };
	return 0;
}

/* ---- where a path is ------------------------------------------------------------------------- */

/* Of "hd0,gpt2", 2; 0 when it names no partition of the first disk. BIOS and GRUB begin with the disk they boot from. */
static unsigned partition_of(const char *device)
{
	const char *comma = strchr(device, ',');
	struct kx_view number;
	uint64_t value;

	if (strncmp(device, "hd0,", 4) != 0 || !comma)
		return 0;
	number = kx_text_of(comma + 1 + strcspn(comma + 1, "0123456789"));
	return kx_text_u64(number, 10, &value) && value <= UINT8_MAX ? (unsigned)value : 0;
}

const struct kx_volume *kx_volumes_root(const struct kx_volumes *volumes)
{
	for (size_t i = 0; i < volumes->count; i++)
		if (!*volumes->v[i].top)
			return &volumes->v[i];
	return NULL;
}

static bool on_boot_disk(const struct kx_volumes *volumes, const struct kx_volume *v)
{
	const struct kx_volume *root = kx_volumes_root(volumes);

	return !root || !root->disk || !v->disk || !strcmp(root->disk, v->disk);
}

static const struct kx_volume *find_volume(const struct kx_volumes *volumes, const char *device)
{
	unsigned number = partition_of(device);

	for (size_t i = 0; i < volumes->count; i++) {
		const struct kx_volume *v = &volumes->v[i];

		if (!strcmp(v->name, device) ||
		    (number && v->number == number && on_boot_disk(volumes, v)))
			return v;
	}
	return NULL;
}

/* What is left of @path below @folder; NULL when it is not below it. */
static const char *path_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return !strncmp(path, folder, n) && (!path[n] || path[n] == '/') ? path + n : NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a && b && !strcasecmp(a, b);
}

/* mountinfo has a device for all of them, fstab(5) one of these names. */
static bool same_device(const struct kx_volume *v, const struct kx_volume *w)
{
	return (v->device && w->device && !strcmp(v->device, w->device)) ||
	       same_text(v->uuid, w->uuid) || same_text(v->part_uuid, w->part_uuid) ||
	       (!v->uuid && v->label && w->label && !strcmp(v->label, w->label));
}

/* The volume that shows most closely what is at @path of the device of @v; NULL when none of its subvolumes does. */
static const struct kx_volume *find_subroot(const struct kx_volumes *volumes,
					    const struct kx_volume *v, const char *path)
{
	const struct kx_volume *found = NULL;

	for (size_t i = 0; i < volumes->count; i++) {
		const struct kx_volume *w = &volumes->v[i];

		if (w->subroot && *w->subroot && same_device(v, w) &&
		    path_below(path, w->subroot) &&
		    (!found || strlen(w->subroot) > strlen(found->subroot)))
			found = w;
	}
	return found;
}

/* Where the default subvolume is mounted, as far as anybody can tell: deepest first, so that is the root if it is on it. */
static const struct kx_volume *find_default(const struct kx_volumes *volumes,
					    const struct kx_volume *v)
{
	const struct kx_volume *found = v;

	for (size_t i = 0; v->subroot && i < volumes->count; i++)
		if (volumes->v[i].subroot && same_device(v, &volumes->v[i]))
			found = &volumes->v[i];
	return found;
}

/*
 * @path on the device of @v as a path in the tree. Of a btrfs several subvolumes are mounted: GRUB names them at the beginning
 * of the path, or means the default one, which is what the root is on.
 */
static int path_on(const struct kx_volumes *volumes, const struct kx_volume *v, const char *path,
		   char **ret)
{
	const struct kx_volume *on = v->subroot ? find_subroot(volumes, v, path) : NULL;

	if (on)
		return kx_boot_path(on->top, NULL, path_below(path, on->subroot), ret);
	return kx_boot_path(find_default(volumes, v)->top, NULL, path, ret);
}

const struct kx_volume *kx_volumes_holding(const struct kx_volumes *volumes, const char *path,
					   const char **ret_path)
{
	const struct kx_volume *deepest = NULL;

	for (size_t i = 0; i < volumes->count; i++) {
		const struct kx_volume *v = &volumes->v[i];

		if (path_below(path, v->top) && (!deepest || strlen(v->top) > strlen(deepest->top)))
			deepest = v;
	}
	/* Of a file system of which only a part is there, as a subvolume, more would have to be known. */
	if (!deepest || !deepest->device || !deepest->type ||
	    (deepest->subroot && *deepest->subroot))
		return NULL;
	*ret_path = path_below(path, deepest->top);
	return deepest;
}

/* Nobody knows where a file system of another machine would have been. */
static int path_anywhere(struct kx_volumes *volumes, const struct kx_volume *first,
			 const char *path, char **ret)
{
	_cleanup_free_ char *found = NULL;
	int r;

	if (!first)
		first = kx_volumes_root(volumes);
	if (!first)
		return -ENODEV;
	for (size_t i = 0; i <= volumes->count; i++) {
		const struct kx_volume *v = i ? &volumes->v[i - 1] : first;

		free(kx_steal(found));
		r = path_on(volumes, v, path, &found);
		if (r < 0)
			return r;
		if (kx_root_exists(&volumes->root, found)) {
			*ret = kx_steal(found);
			return 0;
		}
	}
	return path_on(volumes, first, path, ret);
}

static int resolve(struct kx_volumes *volumes, const char *device, const char *path, char **ret)
{
	const struct kx_volume *v = find_volume(volumes, device);

	if (!volumes->live)
		return path_anywhere(volumes, v, path, ret);
	return v ? path_on(volumes, v, path, ret) : -ENODEV;
}

int kx_volumes_shown(const struct kx_volumes *volumes, const char *path, char **ret)
{
	const char *rest = NULL;
	const struct kx_volume *v = volumes->scratch && path_below(path, volumes->scratch)
					    ? kx_volumes_holding(volumes, path, &rest)
					    : NULL;

	if (v)
		return asprintf(ret, "(%s)%s", v->device, rest) < 0 ? -ENOMEM : 0;
	*ret = strdup(path);
	return *ret ? 0 : -ENOMEM;
}

/* ---- operations ------------------------------------------------------------------------------ */

static int fs_read(void *ctx, const char *device, const char *path, size_t max, char **ret,
		   size_t *ret_size)
{
	struct kx_volumes *volumes = ctx;
	_cleanup_free_ char *whole = NULL;
	struct kx_blob blob = { 0 };
	int r = resolve(volumes, device, path, &whole);

	if (r == 0)
		r = kx_root_read(&volumes->root, whole, max, &blob);
	if (r < 0)
		return r;
	*ret = (char *)blob.data;
	*ret_size = blob.size;
	return 0;
}

static int fs_map(void *ctx, const char *device, const char *path, size_t max, void **ret,
		  size_t *ret_size)
{
	struct kx_volumes *volumes = ctx;
	_cleanup_(kx_closep) int fd = -1;
	_cleanup_free_ char *whole = NULL;
	struct stat st;
	int r = resolve(volumes, device, path, &whole);

	if (r < 0)
		return r;
	fd = kx_root_file(&volumes->root, whole);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return -EINVAL;
	if ((uint64_t)st.st_size > max)
		return -EFBIG;
	*ret = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (*ret == MAP_FAILED)
		return -errno;
	*ret_size = (size_t)st.st_size;
	return 0;
}

static int stat_whole(struct kx_volumes *volumes, const char *whole, struct stat *ret)
{
	_cleanup_(kx_closep) int fd = kx_root_path(&volumes->root, whole);

	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

static int fs_stat(void *ctx, const char *device, const char *path, struct kx_boot_stat *ret)
{
	_cleanup_free_ char *whole = NULL;
	struct stat st = { 0 };
	int r = resolve(ctx, device, path, &whole);

	if (r == 0)
		r = stat_whole(ctx, whole, &st);
	if (r < 0)
		return r;
	*ret = (struct kx_boot_stat){ .directory = S_ISDIR(st.st_mode),
				      .size = (uint64_t)st.st_size,
				      .mtime = st.st_mtime };
	return 0;
}

static int fs_list(void *ctx, const char *device, const char *path, kx_boot_name_fn *each,
		   void *arg)
{
	_cleanup_(kx_names_clear) struct kx_names names = { 0 };
	struct kx_volumes *volumes = ctx;
	_cleanup_free_ char *whole = NULL;
	int r = resolve(volumes, device, path, &whole);

	if (r == 0)
		r = kx_root_list(&volumes->root, whole, &names);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = each(arg, names.v[i]);
	return r;
}

static bool answers(struct kx_volumes *volumes, const struct kx_volume *v, enum kx_boot_search by,
		    const char *value)
{
	_cleanup_free_ char *path = NULL;
	struct stat st;

	switch (by) {
	case KX_BOOT_BY_UUID:
		return v->uuid && !strcasecmp(v->uuid, value);
	case KX_BOOT_BY_LABEL:
		return v->label && !strcmp(v->label, value);
	case KX_BOOT_BY_FILE: /* GRUB opens it, which takes no directory */
		return path_on(volumes, v, value, &path) == 0 &&
		       stat_whole(volumes, path, &st) == 0 && S_ISREG(st.st_mode);
	}
	return false;
}

static int fs_search(void *ctx, enum kx_boot_search by, const char *value, char **ret_device)
{
	struct kx_volumes *volumes = ctx;
	const char *name = NULL;

	for (size_t i = 0; !name && i < volumes->count; i++)
		if (answers(volumes, &volumes->v[i], by, value))
			name = volumes->v[i].name;
	if (!name && volumes->live) {
		int r = kx_probe_search(volumes, by, value);

		if (r < 0)
			return r;
		name = volumes->v[volumes->count - 1].name;
	}
	if (!name && by == KX_BOOT_BY_FILE)
		return -ENODEV;
	*ret_device = strdup(name ? name : "tree");
	return *ret_device ? 0 : -ENOMEM;
}

static int fs_identify(void *ctx, enum kx_boot_search by, const char *device, char **ret)
{
	const struct kx_volume *v = find_volume(ctx, device);
	const char *value = !v || by == KX_BOOT_BY_FILE ? NULL
			    : by == KX_BOOT_BY_UUID     ? v->uuid
							: v->label;

	if (!value)
		return v ? -ENODATA : -ENODEV;
	*ret = strdup(value);
	return *ret ? 0 : -ENOMEM;
}

static int fs_locate(void *ctx, const char *device, const char *path, char **ret)
{
	return resolve(ctx, device, path, ret);
}

struct kx_boot_fs kx_volumes_fs(struct kx_volumes *volumes)
{
	return (struct kx_boot_fs){ .ctx = volumes,
				    .read = fs_read,
				    .map = fs_map,
				    .stat = fs_stat,
				    .list = fs_list,
				    .search = fs_search,
				    .identify = fs_identify,
				    .locate = fs_locate };
}

/* ---- which there are ------------------------------------------------------------------------- */

/* proc(5): blanks and backslashes are octal, "\040". */
static void unescape(char *text)
{
	char *out = text;

	for (const char *p = text; *p; out++) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
		    p[3] >= '0' && p[3] <= '7') {
			*out = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
			p += 4;
		} else {
			*out = *p++;
		}
	}
	*out = '\0';
}

static int set_unescaped(char **field, struct kx_view word)
{
	int r = kx_boot_set(field, word);

	if (r == 0)
		unescape(*field);
	return r;
}

/* "/" is "" as a top and as a subroot. */
static void cut_slash(char *path)
{
	if (!strcmp(path, "/"))
		*path = '\0';
}

static int compare_depth(const void *a, const void *b)
{
	size_t x = strlen(((const struct kx_volume *)a)->top);
	size_t y = strlen(((const struct kx_volume *)b)->top);

	return (x < y) - (x > y);
}

/* The deepest first, and so named. */
static void sort(struct kx_volumes *volumes)
{
	if (!volumes->count)
		return;
	qsort(volumes->v, volumes->count, sizeof(*volumes->v), compare_depth);
	for (size_t i = 0; i < volumes->count; i++)
		snprintf(volumes->v[i].name, NAME_SIZE, "volume%zu", i);
}

static struct kx_volume *find_top(struct kx_volumes *volumes, const char *top)
{
	for (size_t i = 0; i < volumes->count; i++)
		if (!strcmp(volumes->v[i].top, top))
			return &volumes->v[i];
	return NULL;
}

static bool is_usual(const char *top)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(usual_tops); i++)
		if (!strcmp(top, usual_tops[i]))
			return true;
	return false;
}

/* Adds it, or puts it in the place of what else is at its top. */
static int put_volume(struct kx_volumes *volumes, struct kx_volume *volume)
{
	struct kx_volume *old = find_top(volumes, volume->top);
	char *name;

	volume->boots = is_usual(volume->top);
	if (!old)
		return kx_volumes_add(volumes, volume);
	name = kx_steal(old->name);
	kx_volume_clear(old);
	*old = *volume;
	old->name = name;
	*volume = (struct kx_volume){ 0 };
	return 0;
}

/* "36 35 98:0 /subroot /mnt rw,noatime master:1 - ext4 /dev/sda1 rw" */
static int mountinfo_line(struct kx_view line, struct kx_volume *v)
{
	struct kx_view word = { 0 };
	int r = 0;

	for (unsigned i = 0; r == 0 && i < 5; i++) {
		if (!kx_text_word(&line, &word))
			return -EBADMSG;
		if (i == 2)
			r = kx_boot_set(&v->numbers, word);
		else if (i == 3)
			r = set_unescaped(&v->subroot, word);
		else if (i == 4)
			r = set_unescaped(&v->top, word);
	}
	do {
		if (r == 0 && !kx_text_word(&line, &word))
			return -EBADMSG;
	} while (r == 0 && !kx_text_is(word, "-"));
	if (r < 0)
		return r;
	if (!kx_text_word(&line, &word))
		return -EBADMSG;
	r = set_unescaped(&v->type, word);
	if (r == 0 && !kx_text_word(&line, &word))
		return -EBADMSG;
	if (r < 0)
		return r;
	cut_slash(v->top);
	cut_slash(v->subroot);
	return set_unescaped(&v->device, word);
}

/*
 * Is all that @v shows at @w, too, and @v so of no use? Where a system usually mounts what it boots from, it is; of two that show
 * the same, that one is kept, or else the one with the shorter path.
 */
static bool is_shown(const struct kx_volume *v, const struct kx_volume *w)
{
	if (!w->device || !v->device || strcmp(w->device, v->device) != 0 ||
	    !path_below(v->subroot, w->subroot))
		return false;
	if (strlen(w->subroot) < strlen(v->subroot))
		return !v->boots;
	return v->boots != w->boots ? w->boots : strlen(w->top) < strlen(v->top);
}

/* Bind mounts show what is mounted elsewhere. The root stays, whatever it is. */
static void drop_doubles(struct kx_volumes *volumes)
{
	bool drop[KX_VOLUMES_MAX] = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < volumes->count; i++)
		for (size_t j = 0; *volumes->v[i].top && j < volumes->count; j++)
			drop[i] |= i != j && is_shown(&volumes->v[i], &volumes->v[j]);
	for (size_t i = 0; i < volumes->count; i++)
		if (drop[i])
			kx_volume_clear(&volumes->v[i]);
		else
			volumes->v[kept++] = volumes->v[i];
	volumes->count = kept;
}

/* A machine full of containers has thousands of mounts that are none of ours. The root's is, whatever it is. */
static bool may_boot(const struct kx_volume *v)
{
	return !*v->top ||
	       (!strncmp(v->device, "/dev/", 5) && strncmp(v->device, "/dev/loop", 9) != 0);
}

int kx_mountinfo_parse(struct kx_view text, struct kx_volumes *volumes)
{
	struct kx_view line;
	int r = 0;

	while (r == 0 && kx_text_line(&text, &line)) {
		struct kx_volume v = { 0 };

		r = mountinfo_line(line, &v);
		if (r == 0 && may_boot(&v))
			r = put_volume(volumes, &v);
		kx_volume_clear(&v);
	}
	if (r < 0 && r != -E2BIG)
		return r;
	drop_doubles(volumes);
	sort(volumes);
	return 0;
}

/* "noatime,subvol=@": which subvolume of a btrfs it is, as mountinfo would have it. */
static int set_subvolume(struct kx_volume *v, struct kx_view options)
{
	_cleanup_free_ char *name = NULL;
	struct kx_view option = { 0 }, key = { 0 };
	int r = 0;

	while (r == 0 && kx_text_field(&options, ',', &option)) {
		if (!kx_text_starts(option, "subvol=") || !kx_text_field(&option, '=', &key))
			continue;
		r = set_unescaped(&name, option);
		free(kx_steal(v->subroot));
		if (r == 0)
			r = kx_boot_path("", NULL, name, &v->subroot);
	}
	if (v->subroot)
		cut_slash(v->subroot);
	return r;
}

/* "UUID=… /boot ext4 defaults 0 2" */
static int fstab_line(struct kx_view spec, struct kx_view rest, struct kx_volumes *volumes)
{
	struct kx_volume v = { 0 };
	struct kx_view top = { 0 }, tag = { 0 }, type = { 0 }, options = { 0 };
	int r;

	if (!kx_text_word(&rest, &top))
		return 0;
	r = set_unescaped(&v.top, top);
	if (r == 0) {
		cut_slash(v.top);
		if (kx_text_starts(spec, "/dev/"))
			r = set_unescaped(&v.device, spec);
		else if (kx_text_field(&spec, '=', &tag) && kx_text_is(tag, "UUID"))
			r = kx_boot_set(&v.uuid, spec);
		else if (kx_text_is(tag, "LABEL"))
			r = set_unescaped(&v.label, spec);
		else if (kx_text_is(tag, "PARTUUID"))
			r = kx_boot_set(&v.part_uuid, spec);
	}
	if (r == 0 && kx_text_word(&rest, &type) && kx_text_word(&rest, &options))
		r = set_subvolume(&v, options);
	if (r == 0 && is_usual(v.top))
		r = put_volume(volumes, &v);
	kx_volume_clear(&v);
	return r;
}

int kx_fstab_parse(struct kx_view text, struct kx_volumes *volumes)
{
	struct kx_view spec, rest;
	unsigned line = 0;
	int r = 0;

	while (r == 0 && kx_boot_line(&text, &line, &spec, &rest))
		r = fstab_line(spec, rest, volumes);
	sort(volumes);
	return r;
}

static int read_table(struct kx_volumes *volumes, const char *path,
		      int (*parse)(struct kx_view text, struct kx_volumes *volumes))
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	int r = kx_root_read(&volumes->root, path, KX_BOOT_TEXT_MAX, &blob);

	return r < 0 ? r : parse(kx_blob_view(&blob), volumes);
}

/* What may be a partition of its own, of which nobody says that it is. */
static int guess_tops(struct kx_volumes *volumes)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < KX_ARRAY_SIZE(usual_tops); i++) {
		const char *top = usual_tops[i];
		struct kx_volume v = { 0 };

		if (find_top(volumes, top) || (*top && !kx_root_exists(&volumes->root, top)))
			continue;
		v.top = strdup(top);
		r = v.top ? put_volume(volumes, &v) : -ENOMEM;
		kx_volume_clear(&v);
	}
	sort(volumes);
	return r;
}

static int find_volumes(struct kx_volumes *volumes)
{
	int r;

	if (volumes->live) {
		r = read_table(volumes, "/proc/self/mountinfo", kx_mountinfo_parse);
		return r == 0 ? kx_probe_volumes(volumes) : r;
	}
	r = read_table(volumes, "/etc/fstab", kx_fstab_parse);
	/* Not to be had, or not to be understood: there are the usual places. */
	return r == -ENOMEM ? r : guess_tops(volumes);
}

int kx_volumes_open(const char *path, struct kx_volumes *ret, struct kx_error *err)
{
	struct kx_volumes volumes = KX_VOLUMES_NONE;
	int r = kx_root_open(path, &volumes.root, err);

	if (r < 0)
		return r;
	volumes.live = volumes.root.live;
	r = find_volumes(&volumes);
	if (r < 0) {
		kx_volumes_close(&volumes);
		return kx_fail(err, -r, "%s: cannot find its file systems: %s", path, strerror(-r));
	}
	*ret = volumes;
	return 0;
}
