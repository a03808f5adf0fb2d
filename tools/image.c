// SPDX-License-Identifier: GPL-2.0-or-later
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/overflow.h"
#include "boot/volumes.h"
#include "cmdline.h"
#include "setup.h"
#include "source.h"
#include "unpack.h"
#include "url.h"
#include "util.h"

/* ---- what its system is told ----------------------------------------------------------------- */

/**
 * struct live - a framework by which an image's system finds its file systems
 * @disk: the words for an image in a file: %f is its path, %u its file system's UUID; NULL: it cannot be told
 * @pmem: those for one in memory, as /dev/pmem0; "" where it looks at every block device; NULL: it does not look there
 * @initrd: those for one that is /dev/loop0 before its scripts run; NULL where nothing can see to that
 */
struct live {
	const char *name, *disk, *pmem, *initrd;
};

/*
 * casper: casper(7), "iso-scan/filename"; live-boot: live-boot(7), "findiso=", "live-media="; archiso: its
 * docs/README.bootparams, "img_dev=", "img_loop=", "archisodevice="; dracut: dracut.cmdline(7), "iso-scan/filename=", its root=live:
 * is found by label; nixos: nixos/modules/system/boot/stage-1-init.sh, "findiso"; linuxrc: github.com/openSUSE/linuxrc, url.c: without a
 * device url_mount() tries each of them, and a path that is a file is mounted, too (url_mount_disk()); "/" is the device itself.
 */
static const struct live lives[] = {
	{ "casper", "iso-scan/filename=%f", "", "live-media=/dev/loop0" },
	{ "live-boot", "findiso=%f", "live-media=/dev/pmem0", "live-media=/dev/loop0" },
	{ "archiso", "img_dev=/dev/disk/by-uuid/%u img_loop=%f", "archisodevice=/dev/pmem0", NULL },
	{ "dracut", "iso-scan/filename=%f", "", NULL },
	{ "nixos", "findiso=%f", "", NULL },
	{ "linuxrc", "install=hd:%f", "install=hd:/?device=pmem0", NULL },
	{ "debian-installer", NULL, NULL, NULL },
};

static const struct live *find_live(const char *name)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(lives); i++)
		if (!strcmp(lives[i].name, name))
			return &lives[i];
	return NULL;
}

/* A path with white space in it would be several words. */
static int fill_in(const struct kx_image *image, const char *words, char **ret)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	for (; *words; words++) {
		if (*words != '%')
			fputc(*words, out);
		else
			fputs(*++words == 'f' ? image->path : image->uuid, out);
	}
	if (fclose(out))
		return -ENOMEM;
	*ret = kx_steal(text);
	return 0;
}

/* Are all of these parameters there already, with a value, as loopback.cfg sets them? */
static bool is_told(const char *options, const char *words)
{
	struct kx_word word, there;

	while (kx_cmdline_next(&words, &word)) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)word.name_size, word.name);
		if (!kx_cmdline_find(options, name, &there) || !there.value_size)
			return false;
	}
	return true;
}

static int cannot_tell(const struct kx_image *image, enum kx_image_at at, struct kx_error *err)
{
	if (at == KX_IMAGE_IN_INITRD)
		return kx_fail(err, EOPNOTSUPP,
			       "the initrd of this entry has no driver of persistent memory "
			       "(nd_e820 and nd_pmem), and %s does not look for its medium in an "
			       "initrd; leave --to-ram out, or say by --append what it needs",
			       image->live);
	return kx_fail(err, EOPNOTSUPP,
		       "the system on this image, of %s, cannot be told that its medium is %s; "
		       "%s, or say by --append what it needs",
		       image->live, at == KX_IMAGE_AS_PMEM ? "in memory" : "an image in a file",
		       !strcmp(image->live, "debian-installer")
			       ? "take its installer for the network by `kexec netboot debian`"
			       : "use it from a disc");
}

/* What needs a program to be set up is there in few live systems. */
static const char *why_unsure(const struct kx_image *image)
{
	if (!strncmp(image->device, "/dev/mapper/", 12) || !strncmp(image->device, "/dev/dm-", 8))
		return "LVM or encryption";
	if (!strncmp(image->device, "/dev/md", 7))
		return "RAID";
	return NULL;
}

static int check_place(const struct kx_image *image, const char *words, struct kx_error *err)
{
	const char *unsure;

	if (!image->device)
		return kx_fail(err, EOPNOTSUPP,
			       "the image is on no disk of this machine that its system could find "
			       "it on (in memory, or on the network); load it with --to-ram");
	if (!image->uuid && strstr(words, "%u"))
		return kx_fail(err, EOPNOTSUPP,
			       "the UUID of the file system on %s is not known, by which the "
			       "image's system would find it; load it with --to-ram",
			       image->device);
	if (strpbrk(image->path, " \t\n\""))
		return kx_fail(err, EINVAL,
			       "the path \"%s\" cannot be on a command line; give the image a name "
			       "without blanks",
			       image->path);
	unsure = why_unsure(image);
	if (unsure)
		kx_say("warning: the image is on %s, which is %s: if its system does not set that "
		       "up, it will not find it; --to-ram makes sure",
		       image->device, unsure);
	return 0;
}

static const char *words_of(const struct live *live, enum kx_image_at at)
{
	switch (at) {
	case KX_IMAGE_AS_PMEM:
		return live->pmem;
	case KX_IMAGE_IN_INITRD:
		return live->initrd;
	default:
		return live->disk;
	}
}

int kx_image_words(const struct kx_image *image, const char *options, enum kx_image_at at,
		   bool given, char **ret, struct kx_error *err)
{
	const struct live *live = find_live(image->live);
	const char *words = live ? words_of(live, at) : "";
	int r;

	*ret = NULL;
	if (!live && !given)
		kx_say("warning: what the system on this image looks for is not known; if it needs "
		       "more than its initrd, say by --append where the image is");
	if (!words)
		return given ? 0 : cannot_tell(image, at, err);
	if (at == KX_IMAGE_ON_DISK && *words) {
		r = check_place(image, words, err);
		if (r < 0)
			return r;
	}
	if (is_told(options, words))
		return 0;
	r = fill_in(image, words, ret);
	return r < 0 ? kx_fail(err, ENOMEM, "out of memory") : 0;
}

/* ---- in memory ------------------------------------------------------------------------------- */

/* The file's bytes stay as long as the loop device is there, also when the initramfs is emptied. */
#define FILE_PATH KX_SETUP_FOLDER "/image.iso"
#define LOOP                          \
	"modprobe loop 2>/dev/null\n" \
	"losetup /dev/loop0 /" FILE_PATH "\n"

int kx_image_embed(const struct kx_source *image, uint8_t **ret, size_t *ret_size,
		   struct kx_error *err)
{
	const struct kx_cpio_file file = { .path = FILE_PATH, .content = kx_source_view(image) };

	return kx_setup_pack(LOOP, &file, 1, ret, ret_size, err);
}

/* More initrds than any entry has. */
#define INITRDS_MAX 6

static int run_drivers(const struct kx_tool *tool, const struct kx_source *file,
		       const struct kx_boot_entry *entry, struct kx_source **ret,
		       struct kx_error *err)
{
	const char *words[INITRDS_MAX + 3] = { "drivers", entry->kernel };

	for (size_t i = 0; i < entry->initrd_count && i < INITRDS_MAX; i++)
		words[i + 2] = entry->initrds[i];
	return kx_unpack_run(tool, file, kx_source_name(file), words, ret, err);
}

int kx_image_drivers(const struct kx_tool *tool, const struct kx_source *file,
		     const struct kx_image *image, const struct kx_boot_entry *entry,
		     enum kx_image_at *ret, struct kx_source **ret_drivers, struct kx_error *err)
{
	const struct live *live = find_live(image->live);
	struct kx_source *answer = NULL;
	struct kx_view text;
	int r = run_drivers(tool, file, entry, &answer, err);

	if (r < 0)
		return r;
	text = kx_source_view(answer);
	*ret = KX_IMAGE_IN_INITRD;
	if (kx_view_equals(text, 0, "pmem", 4)) {
		*ret = KX_IMAGE_AS_PMEM;
	} else if (kx_cpio_starts(text, 0) && (!live || live->initrd)) {
		*ret = KX_IMAGE_AS_PMEM;
		*ret_drivers = kx_steal(answer);
	}
	kx_source_free(answer);
	return 0;
}

/* ---- where it is ----------------------------------------------------------------------------- */

/* ECMA-119, 8.1: a volume descriptor in the first sector behind the system area. */
#define ID_AT (16 * 2048 + 1)
#define ID "CD001"

bool kx_image_is(const char *file)
{
	_cleanup_(kx_closep) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char id[sizeof(ID) - 1];
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       pread(fd, id, sizeof(id), ID_AT) == (ssize_t)sizeof(id) &&
	       !memcmp(id, ID, sizeof(id));
}

static bool same_device(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev;
}

/* The deepest file system that has @path, which may still be on another one that is no disk's. */
static const struct kx_volume *holding(const struct kx_volumes *volumes, const char *path,
				       const char **ret_rest)
{
	for (size_t i = 0; i < volumes->count; i++) {
		const struct kx_volume *v = &volumes->v[i];
		size_t size = strlen(v->top);

		if (strncmp(path, v->top, size) != 0 || path[size] != '/')
			continue;
		*ret_rest = path + size;
		return !volumes->live || same_device(*v->top ? v->top : "/", path) ? v : NULL;
	}
	return NULL;
}

static int copy(const char *from, char **ret)
{
	*ret = from ? strdup(from) : NULL;
	return from && !*ret ? -ENOMEM : 0;
}

/* Something that is still there when another system runs. */
static bool is_disk(const char *device)
{
	return device && !strncmp(device, "/dev/", 5) && strncmp(device, "/dev/loop", 9) != 0 &&
	       strncmp(device, "/dev/ram", 8) != 0 && strncmp(device, "/dev/zram", 9) != 0;
}

static int find_place(const struct kx_tool *tool, const char *file, struct kx_image *image,
		      struct kx_error *err)
{
	_cleanup_(kx_volumes_close) struct kx_volumes volumes = KX_VOLUMES_NONE;
	_cleanup_free_ char *path = realpath(file, NULL);
	const struct kx_volume *v;
	const char *rest = NULL;
	int r;

	if (kx_url_is(file))
		return 0;
	if (!path)
		return kx_fail(err, errno, "cannot find %s: %m", file);
	r = kx_volumes_open(tool->root, &volumes, err);
	if (r < 0)
		return r;
	v = holding(&volumes, path, &rest);
	if (!v || (volumes.live && !is_disk(v->device)))
		return 0;
	if (asprintf(&image->path, "%s%s", v->subroot ? v->subroot : "", rest) < 0)
		image->path = NULL;
	if (!image->path || copy(v->device ? v->device : "a disk", &image->device) < 0 ||
	    copy(v->uuid, &image->uuid) < 0)
		return kx_fail(err, ENOMEM, "out of memory");
	return 0;
}

/* ---- its menu -------------------------------------------------------------------------------- */

struct reader {
	struct kx_image *image;
	struct kx_boot_entry entry;
	bool open;
};

static int close_entry(struct reader *r)
{
	if (!r->open)
		return 0;
	r->open = false;
	/* What everything that shows or chooses entries takes for granted. */
	if (!r->entry.title && copy(r->entry.id, &r->entry.title) < 0)
		return -ENOMEM;
	if (!r->entry.source_kind)
		r->entry.source_kind = "image";
	return kx_boot_entries_add(&r->image->entries, &r->entry);
}

static int open_entry(struct reader *r, const char *id)
{
	int error = close_entry(r);

	r->open = error == 0;
	return error == 0 ? copy(id, &r->entry.id) : error;
}

static int set_once(char **field, const char *value)
{
	return *field ? -EBADMSG : copy(value, field);
}

static enum kx_boot_type type_of(const char *name)
{
	for (int type = KX_BOOT_LINUX; type <= KX_BOOT_CHAINLOAD; type++)
		if (!strcmp(name, kx_boot_type_name((enum kx_boot_type)type)))
			return (enum kx_boot_type)type;
	return KX_BOOT_NONE;
}

static const char *kind_of(const char *name)
{
	static const char *const kinds[] = { "grub", "bls1", "bls2", "extlinux" };

	for (size_t i = 0; i < KX_ARRAY_SIZE(kinds); i++)
		if (!strcmp(name, kinds[i]))
			return kinds[i];
	return "image";
}

static int take_of_entry(struct reader *r, const char *key, const char *value)
{
	struct kx_boot_entry *entry = &r->entry;
	const struct {
		const char *key;
		char **field;
	} texts[] = {
		{ "title", &entry->title },     { "menu", &entry->menu },
		{ "linux", &entry->kernel },    { "options", &entry->options },
		{ "version", &entry->version }, { "architecture", &entry->architecture },
		{ "problem", &entry->problem }, { "file", &entry->source_file },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(texts); i++)
		if (!strcmp(key, texts[i].key))
			return set_once(texts[i].field, value);
	if (!strcmp(key, "initrd"))
		return kx_boot_strings_add(&entry->initrds, &entry->initrd_count, value);
	if (!strcmp(key, "type"))
		entry->type = type_of(value);
	else if (!strcmp(key, "kind"))
		entry->source_kind = kind_of(value);
	else if (!strcmp(key, "default"))
		entry->is_default = true;
	return 0;
}

static int take(struct reader *r, const char *key, const char *value)
{
	struct kx_image *image = r->image;

	if (!strcmp(key, "entry"))
		return open_entry(r, value);
	if (r->open)
		return take_of_entry(r, key, value);
	if (!strcmp(key, "live"))
		return set_once(&image->live, value);
	if (!strcmp(key, "label"))
		return set_once(&image->label, value);
	if (!strcmp(key, "note"))
		return kx_boot_strings_add(&image->entries.notes, &image->entries.note_count,
					   value);
	return 0;
}

int kx_image_parse(struct kx_view text, struct kx_image *ret)
{
	struct reader reader = { .image = ret };
	int r = 0;

	while (r == 0 && text.size) {
		const uint8_t *end = memchr(text.data, 0, text.size);
		const char *line = (const char *)text.data,
			   *equals = end ? strchr(line, '=') : NULL;
		char key[16] = "";

		if (!equals || (size_t)(equals - line) >= sizeof(key)) {
			r = -EBADMSG;
			break;
		}
		memcpy(key, line, (size_t)(equals - line));
		r = take(&reader, key, equals + 1);
		text.size -= (size_t)(end + 1 - text.data);
		text.data = end + 1;
	}
	if (r == 0)
		r = close_entry(&reader);
	kx_boot_entry_clear(&reader.entry);
	return r;
}

/* GRUB would wait for somebody, who would find the first one marked. */
static void find_default(struct kx_boot_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		if (entries->v[i].is_default)
			return;
	for (size_t i = 0; i < entries->count; i++) {
		if (entries->v[i].problem || !entries->v[i].kernel)
			continue;
		entries->v[i].is_default = true;
		return;
	}
}

static int unpack_menu(const struct kx_tool *tool, const struct kx_source *file,
		       struct kx_image *image, bool to_ram, struct kx_error *err)
{
	_cleanup_free_ char *efi = NULL;
	struct kx_source *text = NULL;
	struct utsname name = { 0 };
	int r;

	(void)uname(&name);
	if (asprintf(&efi, "%s/sys/firmware/efi", tool->root) < 0)
		efi = NULL;
	const char *const words[] = {
		"menu",
		!to_ram && image->path ? image->path : "",
		image->uuid ? image->uuid : "",
		efi && access(efi, F_OK) == 0 ? "efi" : "pc",
		name.machine,
		NULL,
	};
	r = kx_unpack_run(tool, file, kx_source_name(file), words, &text, err);
	if (r < 0)
		return r;
	r = kx_image_parse(kx_source_view(text), image);
	kx_source_free(text);
	return r < 0 ? kx_fail(err, -r, "cannot read the menu of %s: %s", kx_source_name(file),
			       strerror(-r))
		     : 0;
}

int kx_image_read(const struct kx_tool *tool, const struct kx_source *file, bool to_ram,
		  struct kx_image *ret, struct kx_error *err)
{
	int r = find_place(tool, kx_source_name(file), ret, err);

	if (r == 0)
		r = unpack_menu(tool, file, ret, to_ram, err);
	if (r == 0 && (!ret->live || !ret->label))
		r = kx_fail(err, EBADMSG, "cannot read the menu of %s", kx_source_name(file));
	if (r == 0)
		find_default(&ret->entries);
	return r;
}

void kx_image_clear(struct kx_image *image)
{
	kx_boot_entries_clear(&image->entries);
	free(image->live);
	free(image->label);
	free(image->path);
	free(image->uuid);
	free(image->device);
	*image = (struct kx_image){ 0 };
}
