// SPDX-License-Identifier: GPL-2.0-or-later
#include "unpack.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "inputs.h"
#include "names.h"
#include "source.h"
#include "tool.h"
#include "util.h"

#define WORDS_MAX 8
/* The program has ten minutes of a processor. */
#define SECONDS_MAX 3600

/* A descriptor of the archive's bytes: what came from a pipe has none yet. */
static int archive_fd(const struct kx_source *archive, struct kx_error *err)
{
	int fd = kx_source_fd(archive);

	if (fd < 0)
		return kx_memory_file_of("archive", kx_source_view(archive), err);
	fd = dup(fd);
	return fd < 0 ? kx_fail(err, errno, "cannot open it again: %m") : fd;
}

static int errno_of(int status)
{
	switch (status) {
	case KX_UNPACK_NOT_FOUND:
		return ENOENT;
	case KX_UNPACK_TOO_BIG:
	case 128 + SIGXFSZ:
		return EFBIG;
	default:
		return EBADMSG;
	}
}

static const char *why(int status, const struct kx_error *err)
{
	if (status == 128 + SIGXCPU || status == 128 + SIGKILL)
		return "it took too much time or memory; is it meant to harm?";
	if (status == 128 + SIGXFSZ)
		return "it has more bytes than there is memory for, here and in the kernel's copy";
	return err->text;
}

static int wait_for(struct kx_child *child, struct kx_error *err)
{
	struct kx_error said = { 0 };
	int status = kx_child_wait(child, &said);

	return status == 0 ? 0 : kx_fail(err, errno_of(status), "%s", why(status, &said));
}

static int run(const struct kx_tool *tool, int from, int to, uint64_t max, const char *const *words,
	       struct kx_error *err)
{
	struct kx_child child = KX_CHILD_NONE;
	const char *argv[WORDS_MAX + 2] = { 0 };
	_cleanup_free_ char *program = NULL;
	const struct kx_child_plan plan = {
		.argv = argv,
		.fds = { from, -1, -1, to },
		.fd_count = KX_UNPACK_OUT + 1,
		.max_file = max,
		.seconds = SECONDS_MAX,
	};
	int r;

	if (asprintf(&program, "%s/kexec-unpack", tool->libexec) < 0) {
		program = NULL;
		return kx_fail(err, ENOMEM, "out of memory");
	}
	argv[0] = program;
	for (size_t i = 0; i < WORDS_MAX && words[i]; i++)
		argv[i + 1] = words[i];
	if (access(program, X_OK) < 0)
		return kx_fail(err, EOPNOTSUPP,
			       "%s is not there: reading archives and images is a program of its "
			       "own, which is installed with kexec where libarchive is",
			       program);
	r = kx_child_start(&plan, &child, err);
	return r < 0 ? r : wait_for(&child, err);
}

static int run_within(const struct kx_tool *tool, const struct kx_source *archive, const char *name,
		      uint64_t max, const char *const *words, struct kx_source **ret,
		      struct kx_error *err)
{
	_cleanup_(kx_closep) int from = -1, to = -1;
	struct kx_error said = { 0 };
	int r = 0;

	from = archive_fd(archive, &said);
	r = from;
	if (r >= 0) {
		to = kx_memory_file("member", &said);
		r = to;
	}
	if (r >= 0)
		r = run(tool, from, to, max, words, &said);
	if (r == 0)
		r = kx_memory_file_seal(to, &said);
	if (r < 0)
		return kx_fail(err, -r, "cannot read %s: %s", name, said.text);
	r = kx_source_from_fd(name, to, ret, err);
	to = -1;
	return r;
}

int kx_unpack_run(const struct kx_tool *tool, const struct kx_source *archive, const char *name,
		  const char *const *words, struct kx_source **ret, struct kx_error *err)
{
	return run_within(tool, archive, name, kx_room(tool, 0), words, ret, err);
}

int kx_unpack(const struct kx_tool *tool, const struct kx_source *archive, const char *member,
	      uint64_t loaded, struct kx_source **ret, struct kx_error *err)
{
	const uint64_t room = kx_room(tool, loaded);
	char max[24];
	const char *const words[] = { "get", member, max, NULL };
	_cleanup_free_ char *name = NULL;

	snprintf(max, sizeof(max), "%" PRIu64, room);
	if (asprintf(&name, "%s#%s", kx_source_name(archive), member) < 0) {
		name = NULL;
		return kx_fail(err, ENOMEM, "out of memory");
	}
	return run_within(tool, archive, name, room, words, ret, err);
}

int kx_unpack_list(const struct kx_tool *tool, const struct kx_source *archive,
		   struct kx_names *ret, struct kx_error *err)
{
	static const char *const words[] = { "list", NULL };
	struct kx_names names = { 0 };
	struct kx_source *text = NULL;
	struct kx_view view;
	int r = kx_unpack_run(tool, archive, kx_source_name(archive), words, &text, err);

	if (r < 0)
		return r;
	view = kx_source_view(text);
	while (r == 0 && view.size) {
		const uint8_t *end = memchr(view.data, 0, view.size);

		if (!end)
			break;
		r = kx_names_add(&names, (const char *)view.data);
		view.size -= (size_t)(end + 1 - view.data);
		view.data = end + 1;
	}
	kx_source_free(text);
	if (r < 0) {
		kx_names_clear(&names);
		return kx_fail(err, ENOMEM, "out of memory");
	}
	*ret = names;
	return 0;
}
