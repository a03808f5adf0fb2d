// SPDX-License-Identifier: GPL-2.0-or-later
#include "members.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/overflow.h"
#include "util.h"

/* ---- the archive's own bytes ----------------------------------------------------------------- */

#define BLOCK (64U << 10)

/**
 * struct reader - one pass over the archive
 * @bytes: the archive, where it is in memory
 * @at: the descriptor is shared with whoever started us, so its own offset is left alone
 * @failed: pread(2) did, with this
 */
struct reader {
	struct archive *a;
	const uint8_t *bytes;
	int fd, failed;
	int64_t at, size;
	uint8_t block[BLOCK];
};

static la_ssize_t from_memory(struct reader *r, const void **ret)
{
	int64_t left = r->at < r->size ? r->size - r->at : 0, got = left < BLOCK ? left : BLOCK;

	*ret = r->bytes + (left ? r->at : 0);
	r->at += got;
	return got;
}

static la_ssize_t on_read(struct archive *a, void *arg, const void **ret)
{
	struct reader *r = arg;
	ssize_t got;

	if (r->bytes)
		return from_memory(r, ret);
	got = kx_retry(pread(r->fd, r->block, BLOCK, r->at));
	if (got < 0) {
		archive_set_error(a, errno, "%s", strerror(errno));
		return -1;
	}
	r->at += got;
	*ret = r->block;
	return got;
}

static la_int64_t on_skip(struct archive *a, void *arg, la_int64_t count)
{
	struct reader *r = arg;
	int64_t left = r->size - r->at;

	if (count > left)
		count = left;
	if (count < 0)
		count = 0;
	r->at += count;
	return count;
}

static la_int64_t on_seek(struct archive *a, void *arg, la_int64_t offset, int whence)
{
	struct reader *r = arg;
	int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? r->at : r->size;

	if (__builtin_add_overflow(from, offset, &from) || from < 0) {
		archive_set_error(a, EINVAL, "an offset is outside of it");
		return ARCHIVE_FATAL;
	}
	r->at = from;
	return from;
}

static void close_reader(struct reader **r)
{
	if (*r)
		archive_read_free((*r)->a);
	free(*r);
}

/* libarchive's own readers of formats and compressions; none that would start a program. */
static int support(struct archive *a)
{
	int (*const all[])(struct archive *) = {
		archive_read_support_format_tar,  archive_read_support_format_cpio,
		archive_read_support_format_zip,  archive_read_support_format_iso9660,
		archive_read_support_format_ar,   archive_read_support_filter_gzip,
		archive_read_support_filter_xz,   archive_read_support_filter_lzma,
		archive_read_support_filter_zstd, archive_read_support_filter_bzip2,
		archive_read_support_filter_lz4,
	};
	int r = ARCHIVE_OK;

	for (size_t i = 0; r == ARCHIVE_OK && i < KX_ARRAY_SIZE(all); i++)
		r = all[i](a);
	return r;
}

static int fail_archive(struct archive *a, struct kx_error *err)
{
	const char *text = archive_error_string(a);

	return kx_fail(err, archive_errno(a) == ENOMEM ? ENOMEM : EBADMSG, "%s",
		       text ? text : "it is damaged");
}

static int open_reader(const struct kx_members *members, struct reader **ret, struct kx_error *err)
{
	_cleanup_(close_reader) struct reader *r = calloc(1, sizeof(*r));

	if (!r)
		return kx_fail(err, ENOMEM, "out of memory");
	r->fd = members->fd;
	r->bytes = members->bytes;
	r->size = (int64_t)members->file_size;
	r->a = archive_read_new();
	if (!r->a)
		return kx_fail(err, ENOMEM, "out of memory");
	if (support(r->a) != ARCHIVE_OK)
		return kx_fail(err, EOPNOTSUPP, "libarchive was built without what is needed: %s",
			       archive_error_string(r->a));
	archive_read_set_read_callback(r->a, on_read);
	archive_read_set_skip_callback(r->a, on_skip);
	archive_read_set_seek_callback(r->a, on_seek);
	archive_read_set_callback_data(r->a, r);
	if (archive_read_open1(r->a) != ARCHIVE_OK)
		return fail_archive(r->a, err);
	*ret = kx_steal(r);
	return 0;
}

/* A bomb: also of what is only skipped, since that is unpacked all the same. */
static int grown_too_much(const struct kx_members *members, struct archive *a, uint64_t written,
			  struct kx_error *err)
{
	uint64_t out = (uint64_t)archive_filter_bytes(a, 0);

	if (written > out)
		out = written;
	if (out > KX_MEMBERS_BYTES_MAX ||
	    (out > KX_MEMBERS_RATIO_FROM && out / KX_MEMBERS_RATIO_MAX > members->file_size))
		return kx_fail(
			err, EFBIG,
			"%llu bytes became more than %llu, and there may be more; that is no "
			"archive of kernels",
			(unsigned long long)members->file_size, (unsigned long long)out);
	return 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* The next component of @path: 0 when there is none, else its length. */
static size_t component(const char **path)
{
	*path += strspn(*path, "/");
	return strcspn(*path, "/");
}

static bool is_parent(const char *at, size_t size)
{
	return size == 2 && !memcmp(at, "..", 2);
}

static bool is_self(const char *at, size_t size)
{
	return size == 1 && *at == '.';
}

/* Appends "/@at" to @path, or removes its last component for "..". Errors: -EXDEV; -ENAMETOOLONG. */
static int step(char path[KX_MEMBER_NAME_MAX], const char *at, size_t size)
{
	size_t used = strlen(path);
	char *slash = strrchr(path, '/');

	if (is_self(at, size))
		return 0;
	if (is_parent(at, size)) {
		if (!used)
			return -EXDEV;
		*(slash ? slash : path) = '\0';
		return 0;
	}
	if (size >= KX_MEMBER_NAME_MAX || used + size + 2 > KX_MEMBER_NAME_MAX)
		return -ENAMETOOLONG;
	if (used)
		path[used++] = '/';
	memcpy(path + used, at, size);
	path[used + size] = '\0';
	return 0;
}

/* Errors: -EINVAL for a ".." in it, which no name of a member needs. */
static int normalise(const char *name, char ret[KX_MEMBER_NAME_MAX])
{
	int r = 0;

	ret[0] = '\0';
	for (size_t size; r == 0 && (size = component(&name)) > 0; name += size)
		r = is_parent(name, size) ? -EINVAL : step(ret, name, size);
	return r;
}

static const struct kx_member *lookup(const struct kx_members *members, const char *name)
{
	/* Of a tar archive that was added to, the last one counts. */
	for (size_t i = members->count; i > 0; i--)
		if (!strcmp(members->v[i - 1].name, name))
			return &members->v[i - 1];
	for (size_t i = members->count; members->any_case && i > 0; i--)
		if (!strcasecmp(members->v[i - 1].name, name))
			return &members->v[i - 1];
	return NULL;
}

static bool is_folder(const struct kx_members *members, const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < members->count; i++)
		if (!size ||
		    (!strncmp(members->v[i].name, name, size) && members->v[i].name[size] == '/'))
			return true;
	return false;
}

/* ---- reading all of them --------------------------------------------------------------------- */

static enum kx_member_type type_of(struct archive_entry *entry)
{
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return KX_MEMBER_FILE;
	case AE_IFDIR:
		return KX_MEMBER_FOLDER;
	case AE_IFLNK:
		return KX_MEMBER_LINK;
	default:
		return KX_MEMBER_OTHER;
	}
}

static int set_target(struct archive_entry *entry, struct kx_member *m)
{
	const char *hard = archive_entry_hardlink(entry), *soft = archive_entry_symlink(entry);

	/* In a cpio archive the last of several links has the bytes. */
	if (hard && !archive_entry_size(entry)) {
		m->type = KX_MEMBER_LINK;
		return asprintf(&m->target, "/%s", hard) < 0 ? -ENOMEM : 0;
	}
	if (m->type != KX_MEMBER_LINK)
		return 0;
	m->target = strdup(soft ? soft : "");
	return m->target ? 0 : -ENOMEM;
}

static int add(struct kx_members *members, struct archive_entry *entry, struct kx_error *err)
{
	const char *path = archive_entry_pathname(entry);
	char name[KX_MEMBER_NAME_MAX];
	struct kx_member *m;

	if (!path || normalise(path, name) < 0 || !*name)
		return 0;
	members->name_bytes += strlen(name);
	if (members->count >= KX_MEMBERS_MAX || members->name_bytes > KX_MEMBERS_NAMES_MAX)
		return kx_fail(err, EFBIG, "it has more than %d members, or very long names",
			       KX_MEMBERS_MAX);
	if (!(members->count & (members->count - 1))) {
		m = reallocarray(members->v, members->count ? 2 * members->count : 1, sizeof(*m));
		if (!m)
			return kx_fail(err, ENOMEM, "out of memory");
		members->v = m;
	}
	m = &members->v[members->count];
	*m = (struct kx_member){ .name = strdup(name),
				 .type = type_of(entry),
				 .mtime = archive_entry_mtime(entry) };
	if (archive_entry_size(entry) > 0)
		m->size = (uint64_t)archive_entry_size(entry);
	members->count++;
	if (!m->name || set_target(entry, m) < 0)
		return kx_fail(err, ENOMEM, "out of memory");
	return 0;
}

/* 0 at the end, 1 for an entry. What libarchive only warns of, it has repaired. */
static int next(const struct kx_members *members, struct archive *a, struct archive_entry **ret,
		struct kx_error *err)
{
	int r = archive_read_next_header(a, ret);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return fail_archive(a, err);
	r = grown_too_much(members, a, 0, err);
	return r < 0 ? r : 1;
}

static int read_all(struct kx_members *members, struct kx_error *err)
{
	_cleanup_(close_reader) struct reader *reader = NULL;
	struct archive_entry *entry;
	int r = open_reader(members, &reader, err);

	if (r < 0)
		return r;
	while ((r = next(members, reader->a, &entry, err)) > 0) {
		r = add(members, entry, err);
		if (r < 0)
			return r;
	}
	members->any_case = archive_format(reader->a) == ARCHIVE_FORMAT_ISO9660;
	return r;
}

int kx_members_read(int fd, struct kx_members *ret, struct kx_error *err)
{
	struct kx_members members = { .fd = fd };
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return kx_fail(err, errno, "cannot look at it: %m");
	members.file_size = (uint64_t)st.st_size;
	r = read_all(&members, err);
	if (r == 0)
		*ret = members;
	else
		kx_members_clear(&members);
	return r;
}

void kx_members_clear(struct kx_members *members)
{
	for (size_t i = 0; i < members->count; i++) {
		free(members->v[i].name);
		free(members->v[i].target);
	}
	free(members->v);
	*members = (struct kx_members){ .fd = -1 };
}

/* ---- finding one ----------------------------------------------------------------------------- */

static const char *base_of(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

/* How much of both is the same at the beginning and at the end. */
static size_t likeness(const char *a, const char *b)
{
	size_t m = strlen(a), n = strlen(b), start = 0, end = 0;

	while (start < m && start < n && a[start] == b[start])
		start++;
	while (end + start < m && end + start < n && a[m - end - 1] == b[n - end - 1])
		end++;
	return start + end;
}

/* Names of files in it that somebody may have meant. */
#define NEAR_MAX 3

static bool is_near(const char *name, const char *wanted)
{
	const char *a = base_of(name), *b = base_of(wanted);

	return !strcasecmp(a, b) || (*b && likeness(a, b) + 2 >= strlen(b)) || strstr(a, b);
}

static int not_found(const struct kx_members *members, const char *path, struct kx_error *err)
{
	char near[512] = "";
	size_t used = 0, count = 0;

	for (size_t i = 0; i < members->count && count < NEAR_MAX; i++) {
		const struct kx_member *m = &members->v[i];

		if (m->type == KX_MEMBER_FOLDER || !is_near(m->name, path) ||
		    strlen(m->name) + 3 > sizeof(near) - used)
			continue;
		used += (size_t)snprintf(near + used, sizeof(near) - used, "%s%s",
					 count++ ? ", " : "", m->name);
	}
	return kx_fail(err, ENOENT, "there is no member \"%s\" in it%s%s", path,
		       count ? "; it has " : "", near);
}

struct walk {
	char at[KX_MEMBER_NAME_MAX];
	char rest[2 * KX_MEMBER_NAME_MAX];
	unsigned links;
};

/* What is left to walk becomes the link's target and what came behind it. */
static int follow(struct walk *w, const struct kx_member *link, const char *behind)
{
	char rest[sizeof(w->rest)];
	char *slash = strrchr(w->at, '/');

	if (++w->links > KX_MEMBER_LINKS_MAX)
		return -ELOOP;
	if ((size_t)snprintf(rest, sizeof(rest), "%s/%s", link->target, behind) >= sizeof(rest))
		return -ENAMETOOLONG;
	memcpy(w->rest, rest, strlen(rest) + 1);
	if (link->target[0] == '/')
		w->at[0] = '\0';
	else
		*(slash ? slash : w->at) = '\0';
	return 0;
}

static int walk(const struct kx_members *members, struct walk *w)
{
	const char *rest = w->rest;
	size_t size;
	int r = 0;

	while (r == 0 && (size = component(&rest)) > 0) {
		const struct kx_member *m;

		r = step(w->at, rest, size);
		rest += size;
		m = r == 0 ? lookup(members, w->at) : NULL;
		if (m && m->type == KX_MEMBER_LINK) {
			r = follow(w, m, rest);
			rest = w->rest;
		}
	}
	return r;
}

int kx_members_find(const struct kx_members *members, const char *path,
		    const struct kx_member **ret, struct kx_error *err)
{
	struct walk *w = calloc(1, sizeof(*w));
	const struct kx_member *found = NULL;
	int r;

	if (!w)
		return kx_fail(err, ENOMEM, "out of memory");
	r = normalise(path, w->rest);
	if (r == 0)
		r = walk(members, w);
	if (r == 0)
		found = lookup(members, w->at);
	if (r == -EINVAL)
		kx_fail(err, EINVAL, "\"%s\": there is no \"..\" in the names of members", path);
	else if (r == -EXDEV)
		kx_fail(err, EXDEV, "\"%s\" is a link out of the archive", path);
	else if (r < 0)
		kx_fail(err, -r, "\"%s\": %s", path, strerror(-r));
	else if (!found && !is_folder(members, w->at))
		r = not_found(members, path, err);
	else
		*ret = found;
	free(w);
	return r;
}

/* ---- one member's bytes ---------------------------------------------------------------------- */

static int copy_data(const struct kx_members *members, struct archive *a,
		     const struct kx_member *member, uint64_t max, kx_member_sink *sink, void *arg,
		     struct kx_error *err)
{
	uint64_t total = 0;
	const void *data;
	size_t size;
	la_int64_t at;
	int r;

	while ((r = archive_read_data_block(a, &data, &size, &at)) == ARCHIVE_OK) {
		if (at < 0 || kx_add_overflow((uint64_t)at, size, &total) || total > max)
			return kx_fail(err, EFBIG, "\"%s\" has more than %llu bytes", member->name,
				       (unsigned long long)max);
		r = grown_too_much(members, a, total, err);
		if (r == 0)
			r = sink(arg, data, size, (uint64_t)at);
		if (r < 0)
			return r;
	}
	if (r != ARCHIVE_EOF)
		return fail_archive(a, err);
	if (member->size && total > member->size)
		return kx_fail(err, EBADMSG, "\"%s\" has more than its %llu bytes", member->name,
			       (unsigned long long)member->size);
	if (member->size && total < member->size)
		return kx_fail(err, EBADMSG, "\"%s\" is cut: %llu of %llu bytes; copy it again",
			       member->name, (unsigned long long)total,
			       (unsigned long long)member->size);
	return 0;
}

static bool is_named(const struct kx_member *member, struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry);
	char name[KX_MEMBER_NAME_MAX];

	return path && normalise(path, name) == 0 && !strcmp(name, member->name);
}

static size_t same_names_before(const struct kx_members *members, const struct kx_member *member)
{
	size_t count = 0;

	for (const struct kx_member *m = members->v; m < member; m++)
		count += !strcmp(m->name, member->name);
	return count;
}

int kx_members_copy(const struct kx_members *members, const struct kx_member *member, uint64_t max,
		    kx_member_sink *sink, void *arg, struct kx_error *err)
{
	_cleanup_(close_reader) struct reader *reader = NULL;
	size_t before = same_names_before(members, member);
	struct archive_entry *entry;
	int r;

	if (member->type != KX_MEMBER_FILE)
		return kx_fail(err, EISDIR, "\"%s\" is no file", member->name);
	if (member->size > max)
		return kx_fail(err, EFBIG, "\"%s\" has %llu bytes, more than the %llu allowed",
			       member->name, (unsigned long long)member->size,
			       (unsigned long long)max);
	r = open_reader(members, &reader, err);
	while (r == 0 && (r = next(members, reader->a, &entry, err)) > 0) {
		r = 0;
		if (is_named(member, entry) && !before--)
			return copy_data(members, reader->a, member, max, sink, arg, err);
	}
	return r < 0 ? r : kx_fail(err, EBADMSG, "\"%s\" is gone", member->name);
}

/* ---- several members, in one pass ------------------------------------------------------------ */

static int into_memory(void *arg, const void *data, size_t size, uint64_t at)
{
	struct kx_wanted *wanted = arg;

	if (at > wanted->size || size > wanted->size - at)
		return -EFBIG;
	memcpy(wanted->data + at, data, size);
	return 0;
}

static int make_room(const struct kx_member *member, uint64_t max, struct kx_wanted *ret,
		     struct kx_error *err)
{
	if (member->size > max)
		return kx_fail(err, EFBIG, "\"%s\" is larger than is read here", member->name);
	ret->size = (size_t)member->size;
	ret->data = malloc(ret->size + 1);
	return ret->data ? 0 : kx_fail(err, ENOMEM, "out of memory");
}

int kx_members_load(const struct kx_members *members, const struct kx_member *member, uint64_t max,
		    struct kx_wanted *ret, struct kx_error *err)
{
	int r = make_room(member, max, ret, err);

	return r < 0 ? r : kx_members_copy(members, member, max, into_memory, ret, err);
}

static int take(const struct kx_members *archive, struct archive *a, struct archive_entry *entry,
		const char *name, uint64_t max, struct kx_wanted *ret, struct kx_error *err)
{
	int64_t size = archive_entry_size(entry);
	const struct kx_member member = { .name = (char *)name,
					  .size = size > 0 ? (uint64_t)size : 0 };
	int r = make_room(&member, max, ret, err);

	ret->name = strdup(name);
	if (r == 0 && !ret->name)
		r = kx_fail(err, ENOMEM, "out of memory");
	return r < 0 ? r : copy_data(archive, a, &member, max, into_memory, ret, err);
}

static struct kx_wanted *is_wanted(struct kx_wanted *wanted, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!wanted[i].data && !fnmatch(wanted[i].pattern, name, 0))
			return &wanted[i];
	return NULL;
}

int kx_members_take(struct kx_view bytes, uint64_t max, struct kx_wanted *wanted, size_t count,
		    struct kx_error *err)
{
	const struct kx_members archive = { .fd = -1,
					    .bytes = bytes.data,
					    .file_size = bytes.size };
	_cleanup_(close_reader) struct reader *reader = NULL;
	struct archive_entry *entry;
	size_t left = count;
	int r = open_reader(&archive, &reader, err);

	while (r == 0 && left && (r = next(&archive, reader->a, &entry, err)) > 0) {
		char name[KX_MEMBER_NAME_MAX];
		const char *path = archive_entry_pathname(entry);
		struct kx_wanted *one = NULL;

		r = 0;
		if (path && type_of(entry) == KX_MEMBER_FILE && normalise(path, name) == 0)
			one = is_wanted(wanted, count, name);
		if (!one)
			continue;
		r = take(&archive, reader->a, entry, name, max, one, err);
		left--;
	}
	return r < 0 ? r : 0;
}
