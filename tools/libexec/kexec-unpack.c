// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kexec-unpack get MEMBER MAX | list | drivers INITRD … | menu …: what is in the archive or image on descriptor 0, to descriptor 3. Started by
 * kexec, and of no use without it. All that it reads may be hostile, so that it gives up everything before the first byte.
 *
 * list: of each name its type, a blank, its size, a blank, the name, and a zero.
 * drivers: "pmem" when these members, an entry's initrds, have the drivers of persistent memory, else "none".
 * menu: see menu.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/overflow.h"
#include "initrd.h"
#include "members.h"
#include "menu.h"
#include "sandbox.h"
#include "unpack.h"
#include "util.h"

/* Bounds for what libarchive's readers may take: xz at its highest level takes 65 MiB, names and folders the rest. */
#define MEMORY_MAX (UINT64_C(1) << 30)
#define SECONDS_MAX 600
/* An entry's, as they are and unpacked; a live system's has tens of megabytes. */
#define INITRDS_MAX 6
#define INITRD_MAX (UINT64_C(256) << 20)
#define UNPACKED_MAX (UINT64_C(512) << 20)

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

/*
 * "pmem" when both drivers of persistent memory are among the files of these initrds, or in the list of what the kernel has
 * built in (modules.builtin): with their folder in front, so that no other text is taken for them.
 */
static bool has_drivers(const struct kx_initrd *initrd)
{
	static const char *const names[] = { "/drivers/nvdimm/nd_e820.ko",
					     "/drivers/nvdimm/nd_pmem.ko" };
	size_t found = 0;

	for (size_t i = 0; i < KX_ARRAY_SIZE(names); i++)
		for (size_t j = 0; j < initrd->count; j++)
			if (memmem(initrd->parts[j].bytes.data, initrd->parts[j].bytes.size,
				   names[i], strlen(names[i]))) {
				found++;
				break;
			}
	return found == KX_ARRAY_SIZE(names);
}

struct file {
	uint8_t *data;
	size_t size;
};

static int into_file(void *arg, const void *data, size_t size, uint64_t at)
{
	struct file *file = arg;

	if (at > file->size || size > file->size - at)
		return -EFBIG;
	memcpy(file->data + at, data, size);
	return 0;
}

static int read_initrd(const struct kx_members *members, const char *path, struct kx_source **ret,
		       struct kx_error *err)
{
	const struct kx_member *member = NULL;
	struct file file = { 0 };
	int r = kx_members_find(members, path, &member, err);

	if (r < 0 || !member)
		return r < 0 ? r : kx_fail(err, EISDIR, "\"%s\" is a folder", path);
	if (member->size > INITRD_MAX)
		return kx_fail(err, EFBIG, "\"%s\" is too large for an initrd", path);
	file.size = (size_t)member->size;
	file.data = malloc(file.size + 1);
	if (!file.data)
		return kx_fail(err, ENOMEM, "out of memory");
	r = kx_members_copy(members, member, INITRD_MAX, into_file, &file, err);
	/* It lives as long as this process. */
	return r < 0 ? r : kx_source_from_memory(path, file.data, file.size, ret, err);
}

static int drivers(const struct kx_members *members, char **paths, size_t count,
		   struct kx_error *err)
{
	struct kx_source *sources[INITRDS_MAX] = { 0 };
	struct kx_initrd initrd = { 0 };
	bool found;
	int r = 0;

	if (count > INITRDS_MAX)
		return kx_fail(err, EINVAL, "more initrds than an entry has");
	for (size_t i = 0; r == 0 && i < count; i++)
		r = read_initrd(members, paths[i], &sources[i], err);
	if (r == 0)
		r = kx_initrd_layout((const struct kx_source *const *)sources, count, 4,
				     UNPACKED_MAX, &initrd, err);
	if (r < 0)
		return r;
	found = has_drivers(&initrd);
	return put_text(found ? "pmem" : "none", 4, err);
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
