// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kexec-unpack get MEMBER MAX | list | drivers KERNEL INITRD … | menu …: what is in the archive or image on descriptor 0, to descriptor 3. Started by
 * kexec, and of no use without it. All that it reads may be hostile, so that it gives up everything before the first byte.
 *
 * list: of each name its type, a blank, its size, a blank, the name, and a zero.
 * drivers: "pmem" when these members, an entry's initrds, have the drivers of persistent memory; else an archive for the initramfs, of
 * initramfs-tools, that has them and loads them, when a package in the image has them for that kernel; else "none".
 * menu: see menu.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/overflow.h"
#include "cpio.h"
#include "format/bzimage.h"
#include "initrd.h"
#include "members.h"
#include "menu.h"
#include "sandbox.h"
#include "setup.h"
#include "unpack.h"
#include "util.h"

/* Bounds for what libarchive's readers may take: xz at its highest level takes 65 MiB, names and folders the rest. */
#define MEMORY_MAX (UINT64_C(1) << 30)
#define SECONDS_MAX 600
/* An entry's, as they are and unpacked; a live system's has tens of megabytes, as a package of Debian's kernel. */
#define INITRDS_MAX 6
#define FILE_MAX (UINT64_C(256) << 20)
#define UNPACKED_MAX (UINT64_C(512) << 20)
/* One module; with symbols for debuggers libnvdimm has half of one MiB. */
#define DRIVER_MAX (UINT64_C(8) << 20)
/* __NEW_UTS_LEN of Linux's include/uapi/linux/utsname.h, with a zero. */
#define RELEASE_MAX 65

static int write_out(void *arg, const void *data, size_t size, uint64_t at)
{
	const uint8_t *from = data;

	while (size > 0) {
		ssize_t put = kx_retry(pwrite(KX_UNPACK_OUT, from, size, (off_t)at));

		if (put < 0)
			return kx_fail(arg, errno, "cannot keep what was unpacked: %m");
		from += put;
		at += (uint64_t)put;
		size -= (size_t)put;
	}
	return 0;
}

static int get(const struct kx_members *members, const char *path, uint64_t max,
	       struct kx_error *err)
{
	const struct kx_member *member = NULL;
	int r = kx_members_find(members, path, &member, err);

	if (r == 0 && !member)
		r = kx_fail(err, EISDIR, "\"%s\" is a folder", path);
	return r < 0 ? r : kx_members_copy(members, member, max, write_out, err, err);
}

static int put_text(const char *text, size_t size, struct kx_error *err)
{
	return write_out(err, text, size, 0);
}

static int list(const struct kx_members *members, struct kx_error *err)
{
	static const char types[] = {
		[KX_MEMBER_FILE] = 'f',
		[KX_MEMBER_FOLDER] = 'd',
		[KX_MEMBER_LINK] = 'l',
		[KX_MEMBER_OTHER] = '?',
	};
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return kx_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < members->count; i++) {
		const struct kx_member *m = &members->v[i];

		fprintf(out, "%c %llu %s%c", types[m->type], (unsigned long long)m->size, m->name,
			0);
	}
	if (fclose(out))
		return kx_fail(err, ENOMEM, "out of memory");
	return put_text(text, size, err);
}

static bool has_text(struct kx_view bytes, const char *text)
{
	return bytes.size && memmem(bytes.data, bytes.size, text, strlen(text));
}

/* As a file, or in the list of what the kernel has built in; modules.order has those that are left out, too. */
static bool is_driver(const struct kx_cpio_member *member, const char *path)
{
	return has_text(member->name, path) ||
	       (has_text(member->name, "/modules.builtin") && has_text(member->content, path));
}

/* Archives that are not compressed, one behind the other. */
static bool has_driver(struct kx_view bytes, const char *path)
{
	struct kx_cpio_member member;
	uint64_t at = 0;

	while (kx_cpio_next(bytes, &at, &member)) {
		if (is_driver(&member, path))
			return true;
		if (member.last)
			at = kx_initrd_skip_zeros(bytes, at);
	}
	return false;
}

static bool has_drivers(const struct kx_initrd *initrd)
{
	static const char *const paths[] = { "/drivers/nvdimm/nd_e820.ko",
					     "/drivers/nvdimm/nd_pmem.ko" };
	size_t found = 0;

	for (size_t i = 0; i < KX_ARRAY_SIZE(paths); i++)
		for (size_t j = 0; j < initrd->count; j++)
			if (has_driver(initrd->parts[j].bytes, paths[i])) {
				found++;
				break;
			}
	return found == KX_ARRAY_SIZE(paths);
}

static int read_member(const struct kx_members *members, const char *path, struct kx_wanted *ret,
		       struct kx_error *err)
{
	const struct kx_member *member = NULL;
	int r = kx_members_find(members, path, &member, err);

	if (r < 0 || !member)
		return r < 0 ? r : kx_fail(err, EISDIR, "\"%s\" is a folder", path);
	return kx_members_load(members, member, FILE_MAX, ret, err);
}

static int read_initrd(const struct kx_members *members, const char *path, struct kx_source **ret,
		       struct kx_error *err)
{
	struct kx_wanted file = { 0 };
	int r = read_member(members, path, &file, err);

	return r < 0 ? r : kx_source_from_memory(path, file.data, file.size, ret, err);
}

/* The first word of what the kernel says of itself is what uname(2) would say; "" for none. */
static int release_of(const struct kx_members *members, const char *kernel, char ret[RELEASE_MAX],
		      struct kx_error *err)
{
	struct kx_error ignored = { 0 };
	struct kx_wanted file = { 0 };
	struct kx_bzimage image;
	size_t size = 0;
	int r = read_member(members, kernel, &file, err);

	if (r == 0 && kx_bzimage_parse(kx_view_of(file.data, file.size), &image, &ignored) == 0) {
		const uint8_t *text = image.kernel_version.data;

		while (size < image.kernel_version.size && text[size] > ' ')
			size++;
		if (size < RELEASE_MAX)
			memcpy(ret, text, size);
		else
			size = 0;
	}
	ret[size] = '\0';
	free(file.data);
	return r;
}

/* linux-image-RELEASE_VERSION_ARCH.deb, or linux-modules-…, where a distribution has taken the modules out of that. */
static bool is_package_of(const char *member, const char *release)
{
	static const char *const kinds[] = { "linux-modules-", "linux-image-" };
	const char *slash = strrchr(member, '/'), *name = slash ? slash + 1 : member;
	size_t size = strlen(name), length = strlen(release);

	if (size < 4 || strcmp(name + size - 4, ".deb") != 0)
		return false;
	for (size_t i = 0; i < KX_ARRAY_SIZE(kinds); i++) {
		size_t kind = strlen(kinds[i]);

		if (!strncmp(name, kinds[i], kind) && !strncmp(name + kind, release, length) &&
		    name[kind + length] == '_')
			return true;
	}
	return false;
}

/* In the order in which they need one another: "depends" of their own .modinfo, from Linux 5.10 to 7.2. */
static const char *const patterns[] = {
	"*/drivers/nvdimm/libnvdimm.ko*",
	"*/drivers/nvdimm/nd_btt.ko*",
	"*/drivers/nvdimm/nd_pmem.ko*",
	"*/drivers/nvdimm/nd_e820.ko*",
};

#define DRIVER_COUNT KX_ARRAY_SIZE(patterns)
_Static_assert(DRIVER_COUNT <= KX_SETUP_FILES, "all of them fit into the archive");

/* deb(5): an ar archive, of which the tar archive "data.tar", compressed or not, has the files. */
static int read_package(const struct kx_members *members, const struct kx_member *package,
			struct kx_wanted drivers[DRIVER_COUNT], struct kx_error *err)
{
	struct kx_wanted deb = { 0 }, data = { .pattern = "data.tar*" };
	int r = kx_members_load(members, package, FILE_MAX, &deb, err);

	if (r == 0)
		r = kx_members_take(kx_view_of(deb.data, deb.size), FILE_MAX, &data, 1, err);
	free(deb.data);
	if (r == 0 && data.data)
		r = kx_members_take(kx_view_of(data.data, data.size), DRIVER_MAX, drivers,
				    DRIVER_COUNT, err);
	free(data.data);
	return r;
}

/* By their paths, since the initramfs knows of no others than its own: kmod's modprobe, or insmod of busybox. */
#define LOAD                                            \
	"for driver in /" KX_SETUP_FOLDER "/*.ko*; do " \
	"modprobe \"$driver\" || insmod \"$driver\"; "  \
	"done 2>/dev/null\n"

static int put_drivers(const struct kx_wanted drivers[DRIVER_COUNT], struct kx_error *err)
{
	struct kx_cpio_file files[DRIVER_COUNT] = { 0 };
	_cleanup_free_ uint8_t *archive = NULL;
	char paths[DRIVER_COUNT][64];
	size_t size, count = 0;
	int r;

	for (size_t i = 0; i < DRIVER_COUNT; i++) {
		if (!drivers[i].data)
			continue;
		snprintf(paths[i], sizeof(paths[i]), KX_SETUP_FOLDER "/%zu-%s", i,
			 strrchr(drivers[i].name, '/') + 1);
		files[count].path = paths[i];
		files[count++].content = kx_view_of(drivers[i].data, drivers[i].size);
	}
	r = kx_setup_pack(LOAD, files, count, &archive, &size, err);
	return r < 0 ? r : put_text((const char *)archive, size, err);
}

/* Out of a package of the kernel in the same image, or else "none". */
static int find_drivers(const struct kx_members *members, const char *kernel, struct kx_error *err)
{
	struct kx_wanted drivers[DRIVER_COUNT] = { 0 };
	char release[RELEASE_MAX];
	int r = release_of(members, kernel, release, err);

	for (size_t i = 0; i < DRIVER_COUNT; i++)
		drivers[i].pattern = patterns[i];
	for (size_t i = 0; r == 0 && *release && i < members->count; i++) {
		if (!is_package_of(members->v[i].name, release))
			continue;
		r = read_package(members, &members->v[i], drivers, err);
		if (r == 0 && drivers[DRIVER_COUNT - 1].data && drivers[DRIVER_COUNT - 2].data)
			return put_drivers(drivers, err);
	}
	return r < 0 ? r : put_text("none", 4, err);
}

static int drivers(const struct kx_members *members, char **paths, size_t count,
		   struct kx_error *err)
{
	struct kx_source *sources[INITRDS_MAX] = { 0 };
	struct kx_initrd initrd = { 0 };
	bool found;
	int r = 0;

	if (!count || --count > INITRDS_MAX)
		return kx_fail(err, EINVAL, "more initrds than an entry has");
	for (size_t i = 0; r == 0 && i < count; i++)
		r = read_initrd(members, paths[i + 1], &sources[i], err);
	if (r == 0)
		r = kx_initrd_layout((const struct kx_source *const *)sources, count, 4,
				     UNPACKED_MAX, &initrd, err);
	if (r < 0)
		return r;
	found = has_drivers(&initrd);
	kx_initrd_clear(&initrd);
	return found ? put_text("pmem", 4, err) : find_drivers(members, paths[0], err);
}

static int menu(const struct kx_members *members, char **words, struct kx_error *err)
{
	const struct kx_image_place place = {
		.path = words[0],
		.uuid = words[1],
		.platform = words[2],
		.arch = words[3],
	};
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int r = kx_image_menu(members, &place, &text, &size, err);

	return r < 0 ? r : put_text(text, size, err);
}

static int run(int argc, char **argv, struct kx_error *err)
{
	struct kx_members members = { .fd = -1 };
	int r = kx_members_read(STDIN_FILENO, &members, err);

	if (r < 0)
		return r;
	if (argc == 4 && !strcmp(argv[1], "get"))
		r = get(&members, argv[2], strtoull(argv[3], NULL, 10), err);
	else if (argc == 2 && !strcmp(argv[1], "list"))
		r = list(&members, err);
	else if (argc >= 2 && !strcmp(argv[1], "drivers"))
		r = drivers(&members, argv + 2, (size_t)argc - 2, err);
	else if (argc == 6 && !strcmp(argv[1], "menu"))
		r = menu(&members, argv + 2, err);
	else
		r = kx_fail(err, EINVAL, "kexec-unpack is started by kexec");
	kx_members_clear(&members);
	return r;
}

/* Address sanitizer's shadow is larger than any machine's memory. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define HAS_SHADOW
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_SHADOW
#endif

static int limit(struct kx_error *err)
{
	const struct rlimit seconds = { SECONDS_MAX, SECONDS_MAX };
	const struct rlimit memory = { MEMORY_MAX, MEMORY_MAX };
	int r = setrlimit(RLIMIT_CPU, &seconds);

#ifndef HAS_SHADOW
	if (r == 0)
		r = setrlimit(RLIMIT_AS, &memory);
#else
	(void)memory;
#endif
	return r < 0 ? kx_fail(err, errno, "cannot limit itself: %m") : 0;
}

int main(int argc, char **argv)
{
	struct kx_error err = { 0 };
	int r = limit(&err);

	if (r == 0)
		r = kx_sandbox_enter(KX_SANDBOX_PARSER, &err);
	if (r == 0)
		r = run(argc, argv, &err);
	if (r < 0)
		dprintf(STDERR_FILENO, "%s\n", err.text);
	/* Nothing is left to be written, and what sanitizers do at an ordinary end is not allowed here. */
	_exit(r == 0         ? 0
	      : r == -ENOENT ? KX_UNPACK_NOT_FOUND
	      : r == -EFBIG  ? KX_UNPACK_TOO_BIG
			     : 1);
}
