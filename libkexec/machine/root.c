// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "machine/root.h"
#include "machine/text.h"
#include "netboot/netboot.h" /* kx_url_text() */
#include "util.h"

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int kx_root_open(const char *path, struct kx_root *ret, struct kx_error *err)
{
	struct kx_root root = KX_ROOT_NONE;

	root.fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root.fd < 0)
		return kx_fail(err, errno, "cannot open the machine's root directory %s: %m",
			       kx_url_text(path).s);
	root.live = !strcmp(path, "/");
	*ret = root;
	return 0;
}

void kx_root_close(struct kx_root *root)
{
	if (root->fd >= 0)
		close(root->fd);
	root->fd = -1;
}

/*
 * For kernels before 5.6, and sandboxes, that do not have openat2(2): one component after the
 * other, and no links at all. Captures made by kx_machine_save() need none.
 */
static int open_without_links(int root_fd, const char *path, int flags)
{
	_cleanup_(kx_closep) int folder = -1;
	int fd = root_fd;

	while (*path) {
		size_t n = strcspn(path, "/");
		bool last = !path[n];
		char name[NAME_MAX + 1];
		int next;

		if (n > NAME_MAX)
			return -ENAMETOOLONG;
		if (n == 2 && !memcmp(path, "..", 2))
			return -EXDEV;
		memcpy(name, path, n);
		name[n] = '\0';
		next = openat(fd, n ? name : ".",
			      (last ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC) | O_NOFOLLOW);
		if (next < 0)
			return -errno;
		if (last)
			return next;
		kx_closep(&folder);
		fd = folder = next;
		path += n + 1;
	}
	return -ENOENT;
}

static int root_open_at(const struct kx_root *root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC | O_NONBLOCK),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	while (*path == '/')
		path++;
	if (root->live) {
		fd = openat(root->fd, path, (int)how.flags);
		return fd < 0 ? -errno : (int)fd;
	}
	if (flags & O_PATH)
		how.flags &= ~(uint64_t)O_NONBLOCK;
	fd = syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
	if (fd >= 0)
		return (int)fd;
	if (errno == ENOSYS || errno == EPERM)
		return open_without_links(root->fd, path, (int)how.flags);
	return -errno;
}

int kx_root_file(struct kx_root *root, const char *path)
{
	return root_open_at(root, path, O_RDONLY);
}

int kx_root_path(struct kx_root *root, const char *path)
{
	return root_open_at(root, path, O_PATH);
}

void kx_blob_clear(struct kx_blob *blob)
{
	free(blob->data);
	*blob = (struct kx_blob){ 0 };
}

/* Makes room for at least one more byte and the final NUL, but for no more than @max and these two.
 */
static int blob_grow(struct kx_blob *blob, size_t *room, size_t max)
{
	size_t want = *room ? *room * 2 : 4096;
	uint8_t *data;

	if (*room > blob->size + 1)
		return 0;
	if (want > max + 2)
		want = max + 2;
	data = realloc(blob->data, want);
	if (!data)
		return -ENOMEM;
	blob->data = data;
	*room = want;
	return 0;
}

/* procfs and sysfs files have no size that could be trusted: read until there is no more. */
static int blob_fill(int fd, size_t max, struct kx_blob *blob)
{
	size_t room = 0;
	ssize_t n;
	int r;

	do {
		r = blob_grow(blob, &room, max);
		if (r < 0)
			return r;
		n = read(fd, blob->data + blob->size, room - blob->size - 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			blob->size += (size_t)n;
	} while (n && blob->size <= max);
	blob->data[blob->size] = '\0';
	return 0;
}

static int root_read_some(struct kx_root *root, const char *path, size_t max, bool head,
			  struct kx_blob *ret)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	_cleanup_(kx_closep) int fd = -1;
	struct stat st;
	int r;

	fd = root_open_at(root, path, O_RDONLY);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	r = blob_fill(fd, max, &blob);
	if (r < 0)
		return r;
	if (blob.size > max && !head)
		return -EFBIG;
	if (blob.size > max) {
		blob.size = max;
		blob.data[max] = '\0';
	}
	if (root->save_fd >= 0)
		kx_save_file(root, path, &blob);
	*ret = blob;
	blob = (struct kx_blob){ 0 };
	return 0;
}

int kx_root_read(struct kx_root *root, const char *path, size_t max, struct kx_blob *ret)
{
	return root_read_some(root, path, max, false, ret);
}

int kx_root_read_head(struct kx_root *root, const char *path, size_t max, struct kx_blob *ret)
{
	return root_read_some(root, path, max, true, ret);
}

int kx_root_line(struct kx_root *root, const char *path, char **ret)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_view rest, line;
	int r;

	r = kx_root_read(root, path, KX_CAP_VALUE, &blob);
	if (r < 0)
		return r;
	rest = kx_blob_view(&blob);
	if (!kx_text_line(&rest, &line))
		line = kx_view_of("", 0);
	return kx_text_dup(kx_text_trim(line), ret);
}

int kx_root_u64(struct kx_root *root, const char *path, uint64_t *ret)
{
	_cleanup_free_ char *line = NULL;
	int r;

	r = kx_root_line(root, path, &line);
	if (r < 0)
		return r;
	return kx_text_u64(kx_text_of(line), 0, ret) ? 0 : -EBADMSG;
}

int kx_root_fact(struct kx_root *root, const char *path, enum kx_fact *ret)
{
	uint64_t value;
	int r;

	r = kx_root_u64(root, path, &value);
	if (r < 0)
		return r;
	*ret = value ? KX_YES : KX_NO;
	return 0;
}

int kx_root_link(struct kx_root *root, const char *path, char **ret)
{
	_cleanup_(kx_closep) int fd = -1;
	char target[PATH_MAX];
	ssize_t n;
	char *copy;

	fd = root_open_at(root, path, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	n = readlinkat(fd, "", target, sizeof(target));
	if (n < 0)
		return errno == ENOENT ? -EINVAL : -errno;
	copy = strndup(target, (size_t)n);
	if (!copy)
		return -ENOMEM;
	if (root->save_fd >= 0)
		kx_save_link(root, path, copy);
	*ret = copy;
	return 0;
}

bool kx_root_exists(struct kx_root *root, const char *path)
{
	_cleanup_(kx_closep) int fd = -1;
	struct stat st;

	fd = root_open_at(root, path, O_PATH);
	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	if (root->save_fd >= 0) {
		if (S_ISDIR(st.st_mode))
			kx_save_folder(root, path);
		else
			kx_save_file(root, path, &(struct kx_blob){ 0 });
	}
	return true;
}

void kx_names_clear(struct kx_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct kx_names){ 0 };
}

int kx_names_add(struct kx_names *names, const char *name)
{
	char **v, *copy;

	if (names->count == KX_CAP_NAMES)
		return -EFBIG;
	v = reallocarray(names->v, names->count + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	names->v = v;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	names->v[names->count++] = copy;
	return 0;
}

static int name_compare(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

static int names_fill(DIR *dir, struct kx_names *names)
{
	struct dirent *entry;
	int r;

	while ((errno = 0, entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		r = kx_names_add(names, entry->d_name);
		if (r < 0)
			return r;
	}
	return -errno;
}

int kx_root_list(struct kx_root *root, const char *path, struct kx_names *ret)
{
	_cleanup_(kx_names_clear) struct kx_names names = { 0 };
	_cleanup_(closedirp) DIR *dir = NULL;
	int fd, r;

	fd = root_open_at(root, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	r = names_fill(dir, &names);
	if (r < 0)
		return r;
	if (names.count)
		qsort(names.v, names.count, sizeof(*names.v), name_compare);
	if (root->save_fd >= 0)
		kx_save_folder(root, path);
	*ret = names;
	names = (struct kx_names){ 0 };
	return 0;
}
