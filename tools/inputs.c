// SPDX-License-Identifier: GPL-2.0-or-later
#include "inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "machine/machine.h"
#include "machine/readers.h"
#include "machine/root.h"
#include "names.h"
#include "source.h"
#include "unpack.h"
#include "url.h"
#include "util.h"

/* ---- names ----------------------------------------------------------------------------------- */

/*
 * Where the member begins in "FILE#MEMBER", or NULL. A fragment is no part of an address that a server sees (RFC 3986, 3.5). Of a path, a
 * file that is there under the whole name wins, and then the shortest part that is one; both may have a "#". But what is within @medium,
 * which may be NULL, was checked with it, whatever else has such a name now.
 */
static const char *member_of(const char *medium, const char *name)
{
	const char *mark = strchr(name, '#');
	size_t size = medium ? strlen(medium) : 0;

	if (size && !strncmp(name, medium, size) && (!name[size] || name[size] == '#'))
		return name[size] ? name + size + 1 : NULL;
	if (kx_url_is(name))
		return mark ? mark + 1 : NULL;
	if (access(name, F_OK) == 0)
		return NULL;
	for (; mark; mark = strchr(mark + 1, '#')) {
		_cleanup_free_ char *file = strndup(name, (size_t)(mark - name));

		if (!file || access(file, F_OK) == 0 || !strchr(mark + 1, '#'))
			break;
	}
	return mark ? mark + 1 : NULL;
}

/* Without the member. NULL without memory. */
static char *file_of(const char *medium, const char *name)
{
	const char *member = member_of(medium, name);

	return member ? strndup(name, (size_t)(member - 1 - name)) : strdup(name);
}

bool kx_order_is_file(const char *name)
{
	_cleanup_free_ char *file = file_of(NULL, name);

	return file && access(file, F_OK) == 0;
}

/* ---- memory ----------------------------------------------------------------------------------- */

uint64_t kx_room(const struct kx_tool *tool, uint64_t loaded)
{
	_cleanup_(kx_root_close) struct kx_root root = KX_ROOT_NONE;
	struct kx_machine now = { 0 };
	struct kx_error ignored = { 0 };
	struct sysinfo info;
	uint64_t left;

	if (kx_root_open(tool->root, &root, &ignored) == 0)
		kx_read_meminfo(&root, &now, &ignored);
	left = now.mem_available;
	if (!left && sysinfo(&info) == 0)
		left = (uint64_t)info.totalram * info.mem_unit;
	return left > loaded + 2 ? (left - loaded) / 2 : 1;
}

int kx_inputs_keep(const struct kx_inputs *inputs, struct kx_source *source, struct kx_error *err)
{
	uint64_t room = kx_room(inputs->tool, inputs->loaded);

	if (!kx_source_sealed(source) && kx_source_size(source) > room)
		return kx_fail(err, ENOSPC,
			       "cannot check %s: what is checked is kept in memory, and it has %s, "
			       "where there is room for %s; stop what uses memory",
			       kx_source_name(source), kx_size_text(kx_source_size(source)).s,
			       kx_size_text(room).s);
	return kx_source_seal(source, err);
}

/* ---- memory first ---------------------------------------------------------------------------- */

/**
 * struct need - what a load takes
 * @fetched: bytes that come from the network; they are there twice, as they came and in the kernel's copy
 * @local: bytes of files that are here
 * @kept: bytes of these that are kept in memory, since they are checked
 * @unknown: how many servers do not say
 */
struct need {
	struct kx_inputs *inputs;
	uint64_t fetched, local, kept;
	unsigned fetches, unknown;
	struct kx_names seen;
};

static bool is_seen(const struct need *need, const char *file)
{
	for (size_t i = 0; i < need->seen.count; i++)
		if (!strcmp(need->seen.v[i], file))
			return true;
	return false;
}

/* What is checked cannot be changed afterwards. */
static bool is_kept(const struct kx_inputs *inputs, const char *name)
{
	return kx_trust_checks(&inputs->trust) &&
	       !(inputs->on_disk && !strcmp(name, inputs->medium));
}

static int add_fetch(struct need *need, const char *file, struct kx_error *err)
{
	uint64_t size = 0;
	int r = kx_trust_allows(&need->inputs->trust, file, err);

	if (r == 0)
		r = kx_fetch_size(need->inputs->tool, &need->inputs->trust.fetch, file, &size, err);
	if (r < 0)
		return r;
	need->fetches++;
	need->unknown += !size;
	if (__builtin_add_overflow(need->fetched, size, &need->fetched))
		need->fetched = UINT64_MAX;
	return 0;
}

static int add_name(struct need *need, const char *name, struct kx_error *err)
{
	_cleanup_free_ char *file = file_of(need->inputs->medium, name);
	struct stat st;

	if (!file)
		return kx_fail(err, ENOMEM, "out of memory");
	if (is_seen(need, file))
		return 0;
	if (kx_names_add(&need->seen, file) < 0)
		return kx_fail(err, ENOMEM, "out of memory");
	if (kx_url_is(file))
		return add_fetch(need, file, err);
	if (!strcmp(file, "-"))
		return 0;
	/* Before anything is fetched. */
	if (stat(file, &st) < 0)
		return kx_source_not_opened(file, err);
	if (S_ISREG(st.st_mode)) {
		need->local += (uint64_t)st.st_size;
		if (is_kept(need->inputs, file))
			need->kept += (uint64_t)st.st_size;
	}
	return 0;
}

static int add_all(struct need *need, const struct kx_args *args, struct kx_error *err)
{
	int r = args->operand_count ? add_name(need, args->operands[0], err) : 0;

	for (size_t i = 0; r == 0 && i < args->initrd_count; i++)
		r = add_name(need, args->initrds[i], err);
	for (size_t i = 0; r == 0 && i < args->placed_count; i += 3)
		r = add_name(need, args->placed[i], err);
	for (size_t i = 0; r == 0 && i < args->module_count; i++) {
		_cleanup_free_ char *file =
			strndup(args->modules[i], strcspn(args->modules[i], " "));

		r = file ? add_name(need, file, err) : kx_fail(err, ENOMEM, "out of memory");
	}
	if (r == 0 && args->ramdisk)
		r = add_name(need, args->ramdisk, err);
	return r == 0 && args->dtb ? add_name(need, args->dtb, err) : r;
}

static uint64_t add_sizes(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static int judge(const struct need *need, const struct kx_machine *machine,
		 const struct kx_args *args, struct kx_error *err)
{
	uint64_t copy = args->panic ? 0 : add_sizes(need->fetched, need->local);
	uint64_t all = add_sizes(add_sizes(need->fetched, need->kept), copy);
	uint64_t available = machine->mem_available;

	kx_say("%s%s to fetch; all of it needs %s of memory with the kernel's copy, %s of %s are "
	       "available",
	       need->unknown ? "at least " : "", kx_size_text(need->fetched).s, kx_size_text(all).s,
	       kx_size_text(available).s, kx_size_text(machine->mem_total).s);
	if (available && all > available)
		return kx_fail(err, ENOSPC,
			       "not fetched: %s of memory are needed, %s are available; stop what "
			       "uses memory, or take something smaller",
			       kx_size_text(all).s, kx_size_text(available).s);
	/* sanity_check_segment_list() in kernel/kexec_core.c */
	if (args->method != KX_METHOD_FILE_LOAD && machine->mem_total &&
	    copy > machine->mem_total / 2)
		return kx_fail(
			err, ENOSPC,
			"not fetched: the kernel takes at most half of this machine's %s for "
			"what is loaded, and this is %s; take something smaller",
			kx_size_text(machine->mem_total).s, kx_size_text(copy).s);
	return 0;
}

static int memory_first(struct kx_inputs *inputs, const struct kx_machine *machine,
			const struct kx_args *args, struct kx_error *err)
{
	struct need need = { .inputs = inputs };
	int r = add_all(&need, args, err);

	if (r == 0 && need.fetches)
		r = judge(&need, machine, args, err);
	kx_names_clear(&need.seen);
	return r;
}

int kx_inputs_begin(const struct kx_tool *tool, const struct kx_machine *machine,
		    const struct kx_args *args, struct kx_inputs *ret, struct kx_error *err)
{
	int r;

	ret->tool = tool;
	ret->medium = args->medium;
	ret->on_disk = args->medium && !args->to_ram;
	r = kx_trust_begin(tool, args, &ret->trust, err);
	return r < 0 ? r : memory_first(ret, machine, args, err);
}

void kx_inputs_clear(struct kx_inputs *inputs)
{
	for (size_t i = 0; i < inputs->held_count; i++) {
		free(inputs->held[i].name);
		kx_source_free(inputs->held[i].source);
	}
	free(inputs->held);
	kx_trust_clear(&inputs->trust);
	*inputs = (struct kx_inputs){ 0 };
}

/* ---- opening --------------------------------------------------------------------------------- */

static int open_file(const char *path, uint64_t max, struct kx_source **ret, struct kx_error *err)
{
	char what[256];
	int r;

	snprintf(what, sizeof(what), "reading %s", strcmp(path, "-") ? path : "standard input");
	kx_progress_begin(what);
	r = kx_source_open(path, max, ret, err);
	kx_progress_end();
	return r;
}

int kx_order_open_file(const char *path, struct kx_source **ret, struct kx_error *err)
{
	return open_file(path, 0, ret, err);
}

static int open_local(struct kx_inputs *inputs, const char *name, struct kx_source **ret,
		      struct kx_error *err)
{
	/* What comes by a pipe has no size yet that could be judged, and is in memory. */
	uint64_t max = strcmp(name, "-") ? 0 : kx_room(inputs->tool, inputs->loaded);
	int r = open_file(name, max, ret, err);

	if (r == 0 && is_kept(inputs, name)) {
		r = kx_inputs_keep(inputs, *ret, err);
		if (r < 0)
			kx_source_free(kx_steal(*ret));
	}
	return r;
}

int kx_inputs_again(const struct kx_source *source, struct kx_source **ret, struct kx_error *err)
{
	int fd, r = kx_source_unchanged(source, err);

	if (r < 0)
		return r;
	fd = dup(kx_source_fd(source));
	return fd < 0 ? kx_fail(err, errno, "cannot open %s again: %m",
				kx_url_text(kx_source_name(source)).s)
		      : kx_source_from_fd(kx_source_name(source), fd, ret, err);
}

static struct kx_source *find_held(const struct kx_inputs *inputs, const char *file)
{
	for (size_t i = 0; i < inputs->held_count; i++)
		if (!strcmp(inputs->held[i].name, file))
			return inputs->held[i].source;
	return NULL;
}

/* Whole, and checked. */
static int open_whole(struct kx_inputs *inputs, const char *name, struct kx_source **ret,
		      struct kx_error *err)
{
	struct kx_fetch_options options = inputs->trust.fetch;
	struct kx_source *source;
	int r;

	if (kx_url_is(name)) {
		options.max = kx_room(inputs->tool, inputs->loaded);
		r = kx_trust_allows(&inputs->trust, name, err);
		if (r == 0)
			r = kx_fetch(inputs->tool, &options, name, &source, err);
	} else {
		r = open_local(inputs, name, &source, err);
	}
	if (r < 0)
		return r;
	r = kx_trust_check(&inputs->trust, name, source, err);
	if (r < 0)
		kx_source_free(source);
	else
		*ret = source;
	return r;
}

int kx_inputs_hold(struct kx_inputs *inputs, const char *name, struct kx_source **ret,
		   struct kx_error *err)
{
	_cleanup_free_ char *file = file_of(inputs->medium, name);
	struct kx_held *more;
	int r;

	if (!file)
		return kx_fail(err, ENOMEM, "out of memory");
	*ret = find_held(inputs, file);
	if (*ret)
		return 0;
	more = reallocarray(inputs->held, inputs->held_count + 1, sizeof(*more));
	if (!more)
		return kx_fail(err, ENOMEM, "out of memory");
	inputs->held = more;
	r = open_whole(inputs, file, ret, err);
	if (r == 0)
		more[inputs->held_count++] = (struct kx_held){ kx_steal(file), *ret };
	return r;
}

/* Of an archive that is checked. */
static int open_member(struct kx_inputs *inputs, const char *name, const char *member,
		       struct kx_source **ret, struct kx_error *err)
{
	struct kx_source *archive;
	int r = kx_inputs_hold(inputs, name, &archive, err);

	if (r < 0)
		return r;
	r = kx_unpack(inputs->tool, archive, member, inputs->loaded, ret, err);
	/* What was read is what was checked. */
	if (r == 0) {
		r = kx_source_unchanged(archive, err);
		if (r < 0)
			kx_source_free(kx_steal(*ret));
	}
	return r;
}

int kx_order_open(struct kx_inputs *inputs, const char *name, struct kx_source **ret,
		  struct kx_error *err)
{
	const char *member = member_of(inputs->medium, name);
	const struct kx_source *held = member ? NULL : find_held(inputs, name);
	int r;

	if (member)
		r = open_member(inputs, name, member, ret, err);
	else if (held)
		r = kx_inputs_again(held, ret, err);
	else
		r = open_whole(inputs, name, ret, err);
	if (r == 0)
		inputs->loaded += kx_source_size(*ret);
	return r;
}
