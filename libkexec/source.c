// SPDX-License-Identifier: LGPL-2.1-or-later
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/overflow.h"
#include "netboot/netboot.h" /* kx_url_text() */
#include "util.h"

enum source_kind { BORROWED, ALLOCATED, MAPPED };

/**
 * struct kx_source
 * @fd: of a mapped file; -1 otherwise
 * @foreign: see kx_source_foreign()
 * @opened: what fstat(2) said when the file was mapped
 */
struct kx_source {
	char *name;
	enum source_kind kind;
	void *data;
	size_t size;
	int fd;
	bool foreign;
	struct stat opened;
};

static int source_new(const char *name, struct kx_source **ret, struct kx_error *err)
{
	struct kx_source *source = calloc(1, sizeof(*source));

	if (source) {
		source->fd = -1;
		source->name = strdup(name);
	}
	if (!source || !source->name) {
		free(source);
		return kx_fail(err, ENOMEM, "cannot open %s: out of memory", name);
	}
	*ret = source;
	return 0;
}

static void source_freep(struct kx_source **source)
{
	kx_source_free(*source);
}

static int too_large(const char *name, uint64_t max, struct kx_error *err)
{
	return kx_fail(err, EFBIG,
		       "cannot read %s: more than %" PRIu64 " bytes, the most allowed here", name,
		       max);
}

static int is_empty(const char *name, struct kx_error *err)
{
	return kx_fail(err, ENODATA, "cannot use %s: it is empty", name);
}

/* Doubles the room, but not past @max, which the caller has not reached yet. */
static int grow(struct kx_source *source, size_t *room, uint64_t max, struct kx_error *err)
{
	uint64_t want = *room ? (uint64_t)*room * 2 : 64 * 1024;
	void *bigger;

	if (want > max)
		want = max;
	bigger = want <= SIZE_MAX ? realloc(source->data, (size_t)want) : NULL;
	if (!bigger)
		return kx_fail(err, ENOMEM, "cannot read %s: no memory for %" PRIu64 " bytes",
			       source->name, want);
	source->data = bigger;
	*room = (size_t)want;
	return 0;
}

/* Has the input more after @max bytes of it? */
static int expect_end(struct kx_source *source, int fd, uint64_t max, struct kx_error *err)
{
	char beyond;
	ssize_t got = kx_retry(read(fd, &beyond, 1));

	if (got < 0)
		return kx_fail(err, errno, "cannot read %s: %m", source->name);
	return got ? too_large(source->name, max, err) : 0;
}

static int read_to_end(struct kx_source *source, int fd, uint64_t max, struct kx_error *err)
{
	size_t room = 0;
	ssize_t got;
	int r;

	source->kind = ALLOCATED;
	do {
		if (source->size == max)
			return expect_end(source, fd, max, err);
		if (source->size == room) {
			r = grow(source, &room, max, err);
			if (r < 0)
				return r;
		}
		got = kx_retry(read(fd, (char *)source->data + source->size, room - source->size));
		if (got < 0)
			return kx_fail(err, errno, "cannot read %s: %m", source->name);
		source->size += (size_t)got;
	} while (got);
	return source->size ? 0 : is_empty(source->name, err);
}

/* -ENODEV when the file system cannot map, as sysfs; without a message. */
static int map(struct kx_source *source, int fd, const struct stat *st, uint64_t max,
	       struct kx_error *err)
{
	void *data;

	if ((uint64_t)st->st_size > max)
		return too_large(source->name, max, err);
	if ((uint64_t)st->st_size > SIZE_MAX)
		return too_large(source->name, SIZE_MAX, err);
	data = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED && errno == ENODEV)
		return -ENODEV;
	if (data == MAP_FAILED)
		return kx_fail(err, errno, "cannot map %s: %m", source->name);
	source->kind = MAPPED;
	source->data = data;
	source->size = (size_t)st->st_size;
	source->opened = *st;
	return 0;
}

/* Opening a device can do things: a watchdog starts, a tape rewinds. So devices are refused before and after open(2). */
static int refuse_type(const char *name, mode_t mode, struct kx_error *err)
{
	if (S_ISDIR(mode))
		return kx_fail(err, EISDIR, "cannot read %s: it is a directory, need a file", name);
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return kx_fail(err, EINVAL, "cannot read %s: it is a device, need a file or a pipe",
			       name);
	return 0;
}

/* An address may be given where only a file is looked for, and what is secret in it is shown no more than elsewhere. */
int kx_source_not_opened(const char *path, struct kx_error *err)
{
	if (errno == ENOENT && kx_url_is_whole(path))
		return kx_fail(err, ENOENT,
			       "cannot open %s: it is an address, need a file; fetch it to a file "
			       "first",
			       kx_url_text(path).s);
	return kx_fail(err, errno, "cannot open %s: %m", path);
}

static int open_file(const char *path, int *ret_fd, struct kx_error *err)
{
	struct stat st;
	int fd, r;

	if (stat(path, &st) < 0)
		return kx_source_not_opened(path, err);
	r = refuse_type(path, st.st_mode, err);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return kx_source_not_opened(path, err);
	*ret_fd = fd;
	return 0;
}

/* Files in /proc say that they are 0 bytes long: what says so is read to see. */
static int fill(struct kx_source *source, int fd, bool may_map, uint64_t max, struct kx_error *err)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return kx_fail(err, errno, "cannot read %s: %m", source->name);
	r = refuse_type(source->name, st.st_mode, err);
	if (r < 0)
		return r;
	if (may_map && S_ISREG(st.st_mode) && st.st_size > 0) {
		r = map(source, fd, &st, max, err);
		if (r != -ENODEV)
			return r;
	}
	return read_to_end(source, fd, max, err);
}

/* A mapped file stays open, for kexec_file_load and to see whether it changes. */
static struct kx_source *keep(struct kx_source **source, int *fd)
{
	if ((*source)->kind == MAPPED) {
		(*source)->fd = *fd;
		*fd = -1;
	}
	return kx_steal(*source);
}

int kx_source_open(const char *path, uint64_t max, struct kx_source **ret, struct kx_error *err)
{
	_cleanup_(source_freep) struct kx_source *source = NULL;
	_cleanup_(kx_closep) int fd = -1;
	bool standard_input = !strcmp(path, "-");
	int r;

	if (!max || max > KX_SOURCE_MAX)
		max = KX_SOURCE_MAX;
	r = source_new(standard_input ? "standard input" : path, &source, err);
	if (r < 0)
		return r;
	if (!standard_input) {
		r = open_file(path, &fd, err);
		if (r < 0)
			return r;
	}
	/* Somebody may have read part of standard input already, so it is read from where it stands. */
	r = fill(source, standard_input ? STDIN_FILENO : fd, !standard_input, max, err);
	if (r < 0)
		return r;
	*ret = keep(&source, &fd);
	return 0;
}

int kx_source_from_fd(const char *name, int fd, struct kx_source **ret, struct kx_error *err)
{
	_cleanup_(source_freep) struct kx_source *source = NULL;
	_cleanup_(kx_closep) int owned = fd;
	int r = source_new(name, &source, err);

	if (r == 0)
		r = fill(source, owned, true, KX_SOURCE_MAX, err);
	if (r < 0)
		return r;
	source->foreign = true;
	*ret = keep(&source, &owned);
	return 0;
}

int kx_source_from_memory(const char *name, const void *data, size_t size, struct kx_source **ret,
			  struct kx_error *err)
{
	struct kx_source *source = NULL;
	int r = source_new(name, &source, err);

	if (!source)
		return r;
	source->data = (void *)data;
	source->size = size;
	*ret = source;
	return 0;
}

void kx_source_free(struct kx_source *source)
{
	if (!source)
		return;
	if (source->kind == MAPPED)
		munmap(source->data, source->size);
	if (source->kind == ALLOCATED)
		free(source->data);
	kx_closep(&source->fd);
	free(source->name);
	free(source);
}

const char *kx_source_name(const struct kx_source *source)
{
	return source->name;
}

const void *kx_source_data(const struct kx_source *source)
{
	return source->data;
}

size_t kx_source_size(const struct kx_source *source)
{
	return source->size;
}

struct kx_view kx_source_view(const struct kx_source *source)
{
	return kx_view_of(source->data, source->size);
}

int kx_source_fd(const struct kx_source *source)
{
	return source->fd;
}

bool kx_source_foreign(const struct kx_source *source)
{
	return source->foreign;
}

static void swap(struct kx_source *a, struct kx_source *b)
{
	struct kx_source other = *a;

	*a = *b;
	*b = other;
}

static int copy_to(int fd, const struct kx_source *source, struct kx_error *err)
{
	const uint8_t *data = source->data;

	for (size_t at = 0; at < source->size;) {
		ssize_t n = kx_retry(write(fd, data + at, source->size - at));

		if (n <= 0)
			return kx_fail(err, n < 0 ? errno : EIO,
				       "cannot keep a copy of %s in memory: %m", source->name);
		at += (size_t)n;
	}
	return 0;
}

bool kx_source_sealed(const struct kx_source *source)
{
	int seals = source->kind == MAPPED ? fcntl(source->fd, F_GET_SEALS) : F_SEAL_WRITE;

	return seals >= 0 && (seals & F_SEAL_WRITE);
}

int kx_source_seal(struct kx_source *source, struct kx_error *err)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	_cleanup_(source_freep) struct kx_source *copy = NULL;
	_cleanup_(kx_closep) int fd = -1;
	int r;

	if (kx_source_sealed(source))
		return 0;
	fd = memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return kx_fail(err, errno, "cannot make a file in memory for %s: %m", source->name);
	r = copy_to(fd, source, err);
	if (r == 0 && fcntl(fd, F_ADD_SEALS, seals) < 0)
		r = kx_fail(err, errno, "cannot keep %s from being changed: %m", source->name);
	if (r < 0)
		return r;
	r = kx_source_from_fd(source->name, fd, &copy, err);
	fd = -1;
	if (r < 0)
		return r;
	/* It came from where it came from; the cleanup is the file's. */
	copy->foreign = source->foreign;
	swap(source, copy);
	return 0;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

int kx_source_unchanged(const struct kx_source *source, struct kx_error *err)
{
	const struct stat *was = &source->opened;
	struct stat now;

	if (source->kind != MAPPED)
		return 0;
	if (fstat(source->fd, &now) < 0)
		return kx_fail(err, errno, "cannot check %s: %m", source->name);
	if (now.st_dev == was->st_dev && now.st_ino == was->st_ino && now.st_size == was->st_size &&
	    same_time(now.st_mtim, was->st_mtim) && same_time(now.st_ctim, was->st_ctim))
		return 0;
	return kx_fail(err, ESTALE, "%s changed while it was being read; run the command again",
		       source->name);
}
