/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captured machines of tests/data/machines, copied to where a test can change what it is about. */
#ifndef KX_MACHINE_TREE_H
#define KX_MACHINE_TREE_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "machine/machine.h"
#include "util.h"

#define TREE_SOURCE TEST_DATA "/machines/"

static inline int tree_remove_one(const char *path, const struct stat *st, int type,
				  struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void tree_remove_all(const char *path)
{
	nftw(path, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void tree_freep(char **root)
{
	if (*root)
		tree_remove_all(*root);
	free(*root);
}

#define _tree_ _cleanup_(tree_freep)

/* An empty directory; with _tree_ it goes away by itself. */
static inline char *tree_new(void)
{
	char *root = strdup("/tmp/kx-machine-XXXXXX");

	assert_non_null(mkdtemp(root));
	return root;
}

static inline char *tree_path(const char *root, const char *path)
{
	char *full;

	assert_true(asprintf(&full, "%s%s", root, path) > 0);
	return full;
}

/* Makes the folders above @path, and returns where it is. */
static inline char *tree_make_room(const char *root, const char *path)
{
	char *full = tree_path(root, path);

	for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
		*p = '/';
	}
	unlink(full);
	return full;
}

static inline void tree_write_bytes(const char *root, const char *path, const void *data,
				    size_t size)
{
	_cleanup_free_ char *full = tree_make_room(root, path);
	FILE *f = fopen(full, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static inline void tree_write(const char *root, const char *path, const char *text)
{
	tree_write_bytes(root, path, text, strlen(text));
}

static inline void tree_link(const char *root, const char *path, const char *target)
{
	_cleanup_free_ char *full = tree_make_room(root, path);

	assert_int_equal(symlink(target, full), 0);
}

static inline void tree_folder(const char *root, const char *path)
{
	_cleanup_free_ char *full = tree_make_room(root, path);

	assert_int_equal(mkdir(full, 0755), 0);
}

static inline void tree_remove(const char *root, const char *path)
{
	_cleanup_free_ char *full = tree_path(root, path);
	struct stat st;

	assert_int_equal(lstat(full, &st), 0);
	tree_remove_all(full);
}

/* The whole content of a file, with a NUL behind it. */
static inline char *tree_read(const char *root, const char *path, size_t *ret_size)
{
	_cleanup_free_ char *full = tree_path(root, path);
	FILE *f = fopen(full, "r");
	char *data = calloc(1, 1 << 20);

	assert_non_null(f);
	assert_non_null(data);
	*ret_size = fread(data, 1, (1 << 20) - 1, f);
	fclose(f);
	return data;
}

/* nftw() hands nothing through to its callback. */
static struct {
	const char *from, *to;
} tree_copying;

static inline int tree_copy_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *name = path + strlen(tree_copying.from);
	char target[PATH_MAX] = "";
	size_t size;

	(void)ftw;
	if (!*name || !strcmp(strrchr(name, '/'), "/.gitkeep"))
		return 0;
	if (type == FTW_D) {
		tree_folder(tree_copying.to, name);
	} else if (S_ISLNK(st->st_mode)) {
		assert_true(readlink(path, target, sizeof(target) - 1) > 0);
		tree_link(tree_copying.to, name, target);
	} else {
		_cleanup_free_ char *data = tree_read(tree_copying.from, name, &size);

		tree_write_bytes(tree_copying.to, name, data, size);
	}
	return 0;
}

static inline char *tree_copy(const char *name)
{
	_cleanup_free_ char *from = tree_path(TREE_SOURCE, name);
	char *to = tree_new();

	tree_copying.from = from;
	tree_copying.to = to;
	assert_int_equal(nftw(from, tree_copy_one, 16, FTW_PHYS), 0);
	return to;
}

static inline void machine_freep(struct kx_machine **machine)
{
	kx_machine_free(*machine);
}

#define _machine_ _cleanup_(machine_freep)

static inline struct kx_machine *machine_read(const char *root)
{
	struct kx_machine *machine = NULL;
	struct kx_error err = { "" };

	if (kx_machine_read(root, &machine, &err) < 0)
		fail_msg("%s", err.text);
	return machine;
}

static inline struct kx_machine *machine_of(const char *name)
{
	_cleanup_free_ char *root = tree_path(TREE_SOURCE, name);

	return machine_read(root);
}

/* Reading @root has to fail with -@code and a message that has @part in it. */
static inline void assert_unreadable(const char *root, int code, const char *part)
{
	struct kx_machine *machine = NULL;
	struct kx_error err = { "" };

	assert_int_equal(kx_machine_read(root, &machine, &err), -code);
	assert_null(machine);
	if (!strstr(err.text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, err.text);
}

#endif
