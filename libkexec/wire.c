// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "allowed.h"
#include "arch/x86/entry.h"
#include "base/overflow.h"
#include "carry/carry.h"
#include "format/format.h"
#include "plan.h"
#include "source.h"
#include "util.h"

/* "KXPLAN01", the first letter in the lowest byte. */
#define MAGIC 0x31304e414c50584b

/* More than any machine's memory map has (E820_MAX_ENTRIES is 131 and 3 for each NUMA node). */
#define MEM_MAX 4096
/* An initrd of its own for each thing that a container may hold, beside those that were asked for. */
#define INITRD_MORE (2 * KX_PLAN_SOURCE_MAX)
/* So much is written, and given back, at a time. */
#define CHUNK (UINT64_C(2) << 20)

/* ---- one way or the other -------------------------------------------------------------------- */

/**
 * struct wire - where the next value is written to, or read from
 * @base: @size bytes of the head; with @writing of our own, else of the mapped file
 * @used: how many of them were written or read
 * @bad: there was no room for a value, or none left; all that were read from then on are zero
 */
struct wire {
	uint8_t *base;
	uint64_t size, used;
	bool writing, bad;
};

static void put_bytes(struct wire *wire, void *p, uint64_t size)
{
	if (wire->bad || size > wire->size - wire->used) {
		wire->bad = true;
		if (!wire->writing)
			memset(p, 0, size);
		return;
	}
	if (wire->writing)
		memcpy(wire->base + wire->used, p, size);
	else
		memcpy(p, wire->base + wire->used, size);
	wire->used += size;
}

static void put_u64(struct wire *wire, uint64_t *value)
{
	put_bytes(wire, value, sizeof(*value));
}

static void put_bool(struct wire *wire, bool *value)
{
	uint64_t number = *value;

	put_u64(wire, &number);
	*value = number != 0;
}

static void put_size(struct wire *wire, size_t *value)
{
	uint64_t number = *value;

	put_u64(wire, &number);
	*value = (size_t)number;
}

/* Escape sequences and what C1 has of them in UTF-8 do not reach a terminal. */
static void make_harmless(char *text)
{
	for (unsigned char *at = (unsigned char *)text; *at; at++)
		if (*at < ' ' || *at == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0))
			*at = '?';
}

/* @text becomes one in the mapped file, or NULL; when it is @raw, as it is. */
static void put_any_text(struct wire *wire, const char **text, bool raw)
{
	uint64_t size = wire->writing && *text ? strlen(*text) + 1 : 0;
	char *at;

	put_u64(wire, &size);
	at = (char *)wire->base + wire->used;
	if (wire->writing) {
		if (size)
			put_bytes(wire, (void *)(uintptr_t)*text, size);
		return;
	}
	*text = NULL;
	if (wire->bad || !size)
		return;
	if (size > wire->size - wire->used || strnlen(at, size) != size - 1) {
		wire->bad = true;
		return;
	}
	wire->used += size;
	if (!raw)
		make_harmless(at);
	*text = at;
}

static void put_text(struct wire *wire, const char **text)
{
	put_any_text(wire, text, false);
}

/* A text that the plan owns. */
static void put_owned_text(struct wire *wire, char **text)
{
	const char *at = *text;

	put_text(wire, &at);
	if (!wire->writing && at) {
		*text = strdup(at);
		wire->bad |= !*text;
	}
}

/* ---- where bytes are ------------------------------------------------------------------------- */

/**
 * struct place_of - bytes of one of the request's sources, or of the file
 * @from: 0 for nothing, 1 for the file, else 2 and the number of the source
 */
struct place_of {
	uint64_t from, offset, size;
};

static void put_place(struct wire *wire, struct place_of *place)
{
	put_u64(wire, &place->from);
	put_u64(wire, &place->offset);
	put_u64(wire, &place->size);
}

/* The sources of a request in one row; NULL past the end. */
static const struct kx_source *source_at(const struct kx_request *request, uint64_t i)
{
	if (i == 0)
		return request->kernel;
	if (--i < request->initrd_count)
		return request->initrds[i];
	i -= request->initrd_count;
	if (i < request->module_count)
		return request->modules[i].source;
	i -= request->module_count;
	if (i < request->companion_count)
		return request->companions[i];
	i -= request->companion_count;
	if (request->dtb && i-- == 0)
		return request->dtb;
	return i == 0 ? request->ramdisk : NULL;
}

bool kx_request_foreign(const struct kx_request *request)
{
	const struct kx_source *source;

	for (uint64_t i = 0; (source = source_at(request, i)); i++)
		if (kx_source_foreign(source))
			return true;
	for (size_t i = 0; i < request->add_count; i++)
		if (kx_source_foreign(request->adds[i].source))
			return true;
	return false;
}

static struct place_of find_place(const struct kx_request *request, const void *data, uint64_t size)
{
	const struct kx_source *source;

	for (uint64_t i = 0; size && (source = source_at(request, i)); i++) {
		struct kx_view all = kx_source_view(source);
		uint64_t offset = (uintptr_t)data - (uintptr_t)all.data;

		if ((uintptr_t)data >= (uintptr_t)all.data && offset < all.size &&
		    size <= all.size - offset)
			return (struct place_of){ 2 + i, offset, size };
	}
	return (struct place_of){ .from = size ? 1 : 0, .size = size };
}

/* ---- what both ways are about ---------------------------------------------------------------- */

/**
 * struct within - a place in a segment
 * @segment: its number, counted from 1; 0 for nowhere
 */
struct within {
	uint64_t segment, offset;
};

/**
 * struct head - what is in the file, beside the lists of texts and ranges
 * @places: of the segments' bytes
 * @kernel, @initrds: for kexec_file_load, whose files they are
 */
struct head {
	uint64_t magic, format, method;
	struct place_of places[KX_SEGMENT_MAX];
	struct within seed, seed_length;
	struct place_of kernel, *initrds;
	const char *kernel_name;
	size_t initrd_count;
};

static void put_segment(struct wire *wire, struct kx_segment *segment, struct place_of *place)
{
	put_text(wire, &segment->name);
	put_owned_text(wire, &segment->why);
	put_u64(wire, &segment->bufsz);
	put_u64(wire, &segment->dest);
	put_u64(wire, &segment->memsz);
	put_u64(wire, &segment->reserved);
	put_place(wire, place);
}

/* Counts are believed by nobody but the loop that fills a list which has room for them. */
static void put_count(struct wire *wire, size_t *count, size_t most)
{
	put_size(wire, count);
	if (*count > most) {
		wire->bad = true;
		*count = 0;
	}
}

static void put_segments(struct wire *wire, struct kx_plan *plan, struct head *head)
{
	put_count(wire, &plan->segment_count, KX_SEGMENT_MAX);
	for (size_t i = 0; i < plan->segment_count; i++)
		put_segment(wire, &plan->segments[i], &head->places[i]);
	put_u64(wire, &head->seed.segment);
	put_u64(wire, &head->seed.offset);
	put_u64(wire, &head->seed_length.segment);
	put_u64(wire, &head->seed_length.offset);
	put_size(wire, &plan->seed_size);
	put_u64(wire, &plan->times);
	put_bytes(wire, plan->enter, sizeof(plan->enter));
}

static void put_archive(struct wire *wire, const struct kx_plan *plan, struct kx_archive *archive)
{
	struct place_of place = { 0 };
	uint64_t left = (uint64_t)-archive->left;

	if (wire->writing)
		place = find_place(&plan->asked, kx_source_data(archive->source), 1);
	put_place(wire, &place);
	put_text(wire, &archive->format);
	put_u64(wire, &archive->size);
	put_u64(wire, &archive->unpacked_size);
	put_u64(wire, &left);
	if (wire->writing)
		return;
	/* Of an initrd within an image only the image can be named. */
	archive->source = place.from >= 2 ? source_at(&plan->asked, place.from - 2) : NULL;
	if (!archive->source)
		archive->source = plan->asked.kernel;
	archive->left = left < 4096 ? -(int)left : -EBADMSG;
	wire->bad |= !archive->format;
}

static void put_range(struct wire *wire, struct kx_mem *mem)
{
	uint64_t type = (uint64_t)mem->type;

	put_u64(wire, &mem->start);
	put_u64(wire, &mem->end);
	put_u64(wire, &type);
	if (type >= KX_MEM_TYPE_COUNT || mem->start >= mem->end)
		wire->bad = true;
	mem->type = (enum kx_mem_type)(wire->bad ? 0 : type);
}

static void put_memory(struct wire *wire, struct kx_memmap *map)
{
	put_count(wire, &map->count, MEM_MAX);
	if (!wire->writing) {
		map->v = calloc(map->count + 1, sizeof(*map->v));
		map->room = map->count;
		wire->bad |= !map->v;
		map->count = map->v ? map->count : 0;
	}
	for (size_t i = 0; i < map->count; i++)
		put_range(wire, &map->v[i]);
}

static void put_hint(struct wire *wire, const struct kx_format *format, const struct kx_hint **hint)
{
	uint64_t i = wire->writing ? (uint64_t)(*hint - format->hints) : 0, count = 0;

	put_u64(wire, &i);
	while (format->hints && format->hints[count].word)
		count++;
	wire->bad |= i >= count;
	*hint = wire->bad ? NULL : &format->hints[i];
}

static void put_carried(struct wire *wire, struct kx_carried *carried)
{
	uint64_t mode = carried->mode;

	put_owned_text(wire, &carried->path);
	put_u64(wire, &carried->size);
	put_u64(wire, &mode);
	carried->mode = (uint32_t)mode;
	wire->bad |= !carried->path;
}

/* What is told of them; their bytes are in a segment, or in a file. */
static void put_carry(struct wire *wire, struct kx_plan *plan)
{
	put_text(wire, &plan->network);
	put_owned_text(wire, &plan->network_why);
	wire->bad |= plan->network && !plan->network_why;
	put_count(wire, &plan->carried_count, KX_OVERLAY_MAX);
	if (!wire->writing) {
		plan->carried = calloc(plan->carried_count + 1, sizeof(*plan->carried));
		wire->bad |= !plan->carried;
		plan->carried_count = plan->carried ? plan->carried_count : 0;
	}
	for (size_t i = 0; i < plan->carried_count; i++)
		put_carried(wire, &plan->carried[i]);
}

static void put_lists(struct wire *wire, struct kx_plan *plan)
{
	put_count(wire, &plan->archive_count, KX_INITRD_ARCHIVE_MAX);
	for (size_t i = 0; i < plan->archive_count; i++)
		put_archive(wire, plan, &plan->archives[i]);
	put_count(wire, &plan->hint_count, KX_PLAN_HINT_MAX);
	for (size_t i = 0; i < plan->hint_count; i++)
		put_hint(wire, plan->format, &plan->hints[i]);
	put_count(wire, &plan->warning_count, KX_PLAN_WARNING_MAX);
	for (size_t i = 0; i < plan->warning_count; i++) {
		put_owned_text(wire, &plan->warnings[i]);
		wire->bad |= !plan->warnings[i];
	}
	put_memory(wire, &plan->memmap);
	put_carry(wire, plan);
}

static void put_files(struct wire *wire, const struct kx_plan *plan, struct head *head)
{
	put_place(wire, &head->kernel);
	put_text(wire, &head->kernel_name);
	put_count(wire, &head->initrd_count, plan->asked.initrd_count + INITRD_MORE);
	for (size_t i = 0; i < head->initrd_count; i++)
		put_place(wire, &head->initrds[i]);
}

/* A fixed array of the plan that holds a text. */
static void put_array(struct wire *wire, char *array, size_t size)
{
	put_bytes(wire, array, size);
	array[size - 1] = 0;
	if (!wire->writing)
		make_harmless(array);
}

static const struct kx_format *format_at(uint64_t at)
{
	for (size_t i = 0; kx_formats[i]; i++)
		if (i == at)
			return kx_formats[i];
	return NULL;
}

static void put_plan(struct wire *wire, struct kx_plan *plan, struct head *head)
{
	const char *cmdline = plan->cmdline;

	put_u64(wire, &head->magic);
	put_u64(wire, &head->format);
	put_u64(wire, &head->method);
	plan->format = format_at(head->format);
	wire->bad |= !plan->format || head->magic != MAGIC;
	if (wire->bad)
		return;
	put_array(wire, plan->containers, sizeof(plan->containers));
	put_owned_text(wire, &plan->method_why);
	put_owned_text(wire, &plan->forbidden);
	put_any_text(wire, &cmdline, true);
	if (!wire->writing)
		plan->cmdline = cmdline ? strdup(cmdline) : NULL;
	put_bool(wire, &plan->placed);
	put_bool(wire, &plan->direct);
	put_bool(wire, &plan->random);
	put_array(wire, plan->direct_why, sizeof(plan->direct_why));
	put_files(wire, plan, head);
	put_segments(wire, plan, head);
	put_lists(wire, plan);
	wire->bad |= !plan->cmdline || !plan->method_why;
}

/* ---- writing --------------------------------------------------------------------------------- */

static struct within find_within(const struct kx_plan *plan, const void *p)
{
	for (size_t i = 0; p && i < plan->segment_count; i++) {
		const struct kx_segment *segment = &plan->segments[i];
		uint64_t offset = (uintptr_t)p - (uintptr_t)segment->buf;

		if ((uintptr_t)p >= (uintptr_t)segment->buf && offset < segment->bufsz)
			return (struct within){ i + 1, offset };
	}
	return (struct within){ 0 };
}

/* What is written once is needed no more: so a large initrd, unpacked, is in memory once and a little. */
static void give_back(const uint8_t *data, uint64_t size)
{
	uintptr_t start = kx_align_up((uintptr_t)data, KX_PAGE_SIZE);
	uintptr_t end = kx_align_down((uintptr_t)data + size, KX_PAGE_SIZE);

	if (start < end)
		madvise((void *)start, end - start, MADV_DONTNEED); /* NOLINT: of @data */
}

/* Do two segments use the same bytes? Then none of them is given back. */
static bool is_shared(const struct kx_plan *plan)
{
	for (size_t i = 0; i < plan->segment_count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct kx_segment *a = &plan->segments[i], *b = &plan->segments[k];

			if ((uintptr_t)a->buf < (uintptr_t)b->buf + b->bufsz &&
			    (uintptr_t)b->buf < (uintptr_t)a->buf + a->bufsz)
				return true;
		}
	return false;
}

/* Is it part of what may hold keys, and so overwritten before it goes back? */
static bool is_wiped(const struct kx_plan *plan, const uint8_t *data)
{
	for (size_t i = 0; i < plan->wiped_count; i++)
		if ((uintptr_t)data - (uintptr_t)plan->wiped[i].data < plan->wiped[i].size)
			return true;
	return false;
}

static int write_all(int fd, const uint8_t *data, uint64_t size, uint64_t at, struct kx_error *err)
{
	while (size) {
		ssize_t n = kx_retry(pwrite(fd, data, size < CHUNK ? size : CHUNK, (off_t)at));

		if (n <= 0)
			return kx_fail(err, n < 0 ? errno : EIO,
				       "cannot hand the plan on: its file in memory: %m");
		data += n;
		at += (uint64_t)n;
		size -= (uint64_t)n;
	}
	return 0;
}

/* In chunks at page boundaries of the memory, so that each is given back as a whole. */
static int write_data(int fd, const uint8_t *data, uint64_t size, uint64_t at, bool once,
		      struct kx_error *err)
{
	int r = 0;

	while (r == 0 && size) {
		uint64_t part = CHUNK - (uintptr_t)data % KX_PAGE_SIZE;

		part = part < size ? part : size;
		r = write_all(fd, data, part, at, err);
		if (once)
			give_back(data, part);
		data += part;
		at += part;
		size -= part;
	}
	return r;
}

/* Not the request's own: that the reader has. */
static int write_place(struct place_of *place, const void *data, bool once, uint64_t *end, int fd,
		       struct kx_error *err)
{
	if (place->from != 1)
		return 0;
	place->offset = *end;
	*end += kx_align_up(place->size, KX_PAGE_SIZE);
	return write_data(fd, data, place->size, place->offset, once, err);
}

static int write_segments(const struct kx_plan *plan, struct head *head, uint64_t *end, int fd,
			  struct kx_error *err)
{
	bool shared = is_shared(plan);
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->segment_count; i++) {
		const struct kx_segment *segment = &plan->segments[i];

		if (!segment->buf)
			continue;
		head->places[i] = find_place(&plan->asked, segment->buf, segment->bufsz);
		r = write_place(&head->places[i], segment->buf,
				!shared && !is_wiped(plan, segment->buf), end, fd, err);
	}
	return r;
}

static int write_source(const struct kx_plan *plan, const struct kx_source *source,
			struct place_of *place, uint64_t *end, int fd, struct kx_error *err)
{
	*place = find_place(&plan->asked, kx_source_data(source), kx_source_size(source));
	return write_place(place, kx_source_data(source), false, end, fd, err);
}

static int write_files(const struct kx_plan *plan, struct head *head, uint64_t *end, int fd,
		       struct kx_error *err)
{
	const struct kx_request *request = &plan->request;
	int r;

	head->initrds = calloc(request->initrd_count + 1, sizeof(*head->initrds));
	if (!head->initrds)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	if (plan->method != KX_METHOD_FILE_LOAD)
		return 0;
	head->initrd_count = request->initrd_count;
	head->kernel_name = kx_source_name(request->kernel);
	r = write_source(plan, request->kernel, &head->kernel, end, fd, err);
	for (size_t i = 0; r == 0 && i < request->initrd_count; i++)
		r = write_source(plan, request->initrds[i], &head->initrds[i], end, fd, err);
	return r;
}

static int write_head(struct kx_plan *plan, struct head *head, int fd, struct kx_error *err)
{
	_cleanup_free_ uint8_t *bytes = malloc(KX_WIRE_DATA_AT);
	struct wire wire = { .base = bytes, .size = KX_WIRE_DATA_AT, .writing = true };

	if (!bytes)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	while (kx_formats[head->format] != plan->format)
		head->format++;
	put_plan(&wire, plan, head);
	if (wire.bad)
		return kx_fail(err, E2BIG,
			       "cannot hand the plan on: it is longer than %" PRIu64 " bytes",
			       KX_WIRE_DATA_AT);
	return write_all(fd, bytes, wire.used, 0, err);
}

int kx_wire_write(struct kx_plan *plan, int fd, struct kx_error *err)
{
	struct head head = { .magic = MAGIC, .method = plan->method };
	uint64_t end = KX_WIRE_DATA_AT;
	int r;

	if (kx_plan_panic(plan))
		return kx_fail(err, EOPNOTSUPP, "a crash kernel's plan is not handed on");
	/* The reader's purgatory is its own. */
	while (plan->method == KX_METHOD_LOAD && plan->segment_count > plan->before_purgatory)
		free(plan->segments[--plan->segment_count].why);
	head.seed = find_within(plan, plan->seed);
	head.seed_length = find_within(plan, plan->seed_length);
	plan->seed = NULL;
	r = write_files(plan, &head, &end, fd, err);
	if (r == 0)
		r = write_segments(plan, &head, &end, fd, err);
	if (r == 0)
		r = write_head(plan, &head, fd, err);
	free(head.initrds);
	return r;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int wrong(struct kx_error *err, const char *what)
{
	return kx_fail(err, EBADMSG,
		       "the process that read what is not trusted gave back a plan that cannot be "
		       "right: %s; nothing was loaded; do not trust these files",
		       what);
}

/* NULL for bytes that are not there. */
static const void *bytes_of(const struct kx_plan *plan, const struct place_of *place)
{
	struct kx_view all = kx_view_of(plan->wire, plan->wire_size);
	const struct kx_source *source;

	if (place->from == 0 || place->size == 0)
		return NULL;
	if (place->from > 1) {
		source = source_at(&plan->asked, place->from - 2);
		if (!source)
			return NULL;
		all = kx_source_view(source);
	} else if (place->offset < KX_WIRE_DATA_AT) {
		return NULL;
	}
	if (place->offset > all.size || place->size > all.size - place->offset)
		return NULL;
	return all.data + place->offset;
}

static const char *check_sizes(const struct kx_segment *segment)
{
	if (!segment->name || !*segment->name || strlen(segment->name) > 32 || !segment->why)
		return "a segment without a name";
	if (segment->memsz % KX_PAGE_SIZE || segment->reserved % KX_PAGE_SIZE || !segment->memsz)
		return "a segment whose size is no number of pages";
	if (segment->bufsz > segment->memsz || segment->memsz > segment->reserved)
		return "a segment with more bytes than it has room for";
	return NULL;
}

/* Free is what this machine has, without what is reserved and what other segments have: so they lie apart. */
static const char *check_place(const struct kx_plan *plan, const struct kx_segment *segment)
{
	uint64_t end;

	if (!plan->placed)
		return segment->dest == KX_DEST_UNKNOWN ? NULL : "a place on an unknown machine";
	if (segment->dest % KX_PAGE_SIZE || kx_add_overflow(segment->dest, segment->reserved, &end))
		return "a segment at no page's address";
	if (segment->dest < plan->request.mem_min || end - 1 > plan->request.mem_max)
		return "a segment outside of --mem-min and --mem-max";
	if (!kx_ranges_contain(&plan->free, segment->dest, end))
		return "a segment that is not in free memory";
	return NULL;
}

static int read_segment(struct kx_plan *plan, struct kx_segment *segment,
			const struct place_of *place, struct kx_error *err)
{
	const char *problem = check_sizes(segment);

	if (!problem)
		problem = check_place(plan, segment);
	segment->buf = bytes_of(plan, place);
	if (!problem && (place->size != segment->bufsz || (segment->bufsz && !segment->buf)))
		problem = "a segment whose bytes are not there";
	if (problem)
		return wrong(err, problem);
	if (!segment->buf)
		segment->buf = "";
	if (plan->placed &&
	    kx_ranges_remove(&plan->free, segment->dest, segment->dest + segment->reserved) < 0)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	return 0;
}

/* What is to be written to is in the file, which is mapped so that it can be: a source is not. */
static void *writable(const struct kx_plan *plan, const struct head *head,
		      const struct within *within, uint64_t size)
{
	const struct kx_segment *segment;

	if (!within->segment || within->segment > plan->segment_count)
		return NULL;
	segment = &plan->segments[within->segment - 1];
	if (head->places[within->segment - 1].from != 1 || within->offset > segment->bufsz ||
	    size > segment->bufsz - within->offset)
		return NULL;
	return (uint8_t *)(uintptr_t)segment->buf + within->offset;
}

static int read_seed(struct kx_plan *plan, const struct head *head, struct kx_error *err)
{
	if (!head->seed.segment)
		return 0;
	plan->seed_length = writable(plan, head, &head->seed_length, 4);
	if (!plan->seed_length || !plan->seed_size || plan->seed_size > KX_PAGE_SIZE)
		return wrong(err, "random bytes for nowhere");
	plan->seed = writable(plan, head, &head->seed, plan->seed_size);
	return plan->seed ? 0 : wrong(err, "random bytes for nowhere");
}

/* The load's time is written, too. */
static int check_times(const struct kx_plan *plan, const struct head *head, struct kx_error *err)
{
	for (size_t i = 0; plan->times && plan->placed && i < plan->segment_count; i++) {
		const struct kx_segment *segment = &plan->segments[i];
		struct within within = { i + 1, plan->times - segment->dest };

		if (plan->times >= segment->dest && plan->times - segment->dest < segment->memsz)
			return writable(plan, head, &within, sizeof(struct kx_times))
				       ? 0
				       : wrong(err, "times for nowhere");
	}
	return plan->times && plan->placed ? wrong(err, "times for nowhere") : 0;
}

static int read_segments(struct kx_plan *plan, const struct head *head, struct kx_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->segment_count; i++)
		r = read_segment(plan, &plan->segments[i], &head->places[i], err);
	if (r == 0)
		r = read_seed(plan, head, err);
	if (r == 0)
		r = check_times(plan, head, err);
	if (r == 0)
		r = kx_x86_enter(plan, err);
	return r < 0 ? r : kx_plan_check_memory(plan, kx_plan_memsz(plan), err);
}

/* A file of the request itself, which keeps its descriptor, or bytes. */
static int read_file(struct kx_plan *plan, const struct place_of *place, const char *name,
		     const struct kx_source **ret, struct kx_error *err)
{
	const struct kx_source *whole =
		place->from > 1 ? source_at(&plan->asked, place->from - 2) : NULL;
	const void *bytes = bytes_of(plan, place);

	if (!bytes)
		return wrong(err, "a file that is not there");
	if (whole && place->size == kx_source_size(whole)) {
		*ret = whole;
		return 0;
	}
	return kx_plan_keep_source(plan, name, kx_view_of(bytes, place->size), ret, err);
}

static int read_files(struct kx_plan *plan, const struct head *head, struct kx_error *err)
{
	const struct kx_source **initrds;
	int r;

	for (size_t i = 0; i < plan->segment_count; i++) {
		plan->segments[i].buf = NULL;
		if (!plan->segments[i].name || !plan->segments[i].why ||
		    plan->segments[i].reserved > KX_SOURCE_MAX)
			return wrong(err, "a file of that size");
		if (plan->segments[i].dest != KX_DEST_UNKNOWN || plan->placed)
			return wrong(err, "places, which only the running kernel knows");
	}
	initrds = kx_plan_alloc(plan, (head->initrd_count + 1) * sizeof(struct kx_source *), err);
	if (!initrds)
		return -ENOMEM;
	r = read_file(plan, &head->kernel, head->kernel_name ? head->kernel_name : "kernel",
		      &plan->request.kernel, err);
	for (size_t i = 0; r == 0 && i < head->initrd_count; i++)
		r = read_file(plan, &head->initrds[i], "initrd", &initrds[i], err);
	plan->request.initrds = initrds;
	plan->request.initrd_count = head->initrd_count;
	return r;
}

static int check_cmdline(const struct kx_plan *plan, struct kx_error *err)
{
	for (const char *at = plan->cmdline; *at; at++)
		if ((unsigned char)*at < ' ' && *at != '\t' && *at != '\n')
			return wrong(err, "control characters in the command line");
	return 0;
}

static int check_method(struct kx_plan *plan, const struct head *head, struct kx_error *err)
{
	const struct kx_request *asked = &plan->asked;
	struct kx_error why = { 0 };

	if (head->method != KX_METHOD_LOAD && head->method != KX_METHOD_FILE_LOAD)
		return wrong(err, "an unknown system call");
	if (asked->method != KX_METHOD_AUTO && asked->method != head->method)
		return wrong(err, "another system call than the one asked for");
	plan->method = (enum kx_method)head->method;
	if (asked->ramdisk && plan->method != KX_METHOD_LOAD)
		return wrong(err, "a system call that takes no image");
	if (plan->forbidden && !(asked->flags & KX_REQUEST_EXPLAIN))
		return wrong(err, "one that is not to be loaded");
	if (plan->machine->xen_dom0 || plan->machine->arch != plan->format->arch)
		return wrong(err, "one for another machine");
	if (!plan->forbidden &&
	    kx_allowed_by_system(plan->machine, plan->method, false, &why) == KX_NO)
		return wrong(err, "a system call that this machine does not allow");
	return 0;
}

static int map(struct kx_plan *plan, int fd, struct kx_error *err)
{
	struct stat st;
	void *at;

	if (fstat(fd, &st) < 0)
		return kx_fail(err, errno, "cannot read the plan: %m");
	if (st.st_size <= 0)
		return wrong(err, "none at all");
	/* Bytes that are written to before the load, such as the seed, are this process's own; keys are overwritten in the file. */
	at = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
		  plan->asked.add_count ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return kx_fail(err, errno, "cannot read the plan: %m");
	plan->wire = at;
	plan->wire_size = (size_t)st.st_size;
	return 0;
}

static void wipe(const struct kx_plan *plan, const void *data, uint64_t size)
{
	uint64_t at = (uintptr_t)data - (uintptr_t)plan->wire;

	if ((uintptr_t)data < (uintptr_t)plan->wire || at >= plan->wire_size)
		return;
	/* A plan that is no good may say more than there is. */
	explicit_bzero((uint8_t *)plan->wire + at,
		       size < plan->wire_size - at ? size : plan->wire_size - at);
}

void kx_wire_wipe(const struct kx_plan *plan)
{
	if (!plan->wire || !plan->asked.add_count)
		return;
	for (size_t i = 0; i < plan->segment_count; i++)
		wipe(plan, plan->segments[i].buf, plan->segments[i].bufsz);
	for (size_t i = 0; i < plan->source_count; i++)
		wipe(plan, kx_source_data(plan->sources[i]), kx_source_size(plan->sources[i]));
}

static int read_plan(struct kx_plan *plan, struct head *head, struct kx_error *err)
{
	struct wire wire = { .base = plan->wire, .size = plan->wire_size };
	int r;

	if (wire.size > KX_WIRE_DATA_AT)
		wire.size = KX_WIRE_DATA_AT;
	put_plan(&wire, plan, head);
	if (wire.bad)
		return wrong(err, "it is cut, or was never written");
	r = check_method(plan, head, err);
	if (r == 0)
		r = check_cmdline(plan, err);
	return r;
}

/* Whether it is placed, and where it can be, is for this process to say, and not for the other one. */
static int read_load(struct kx_plan *plan, const struct head *head, struct kx_error *err)
{
	bool placed = plan->placed;
	size_t said = plan->warning_count;
	int r = kx_plan_find_free(plan, err);

	kx_plan_forget_warnings(plan, said);
	if (r == 0 && plan->placed != placed)
		r = wrong(err, "it says otherwise than this machine whether memory is known");
	return r < 0 ? r : read_segments(plan, head, err);
}

int kx_wire_read(const struct kx_machine *machine, const struct kx_request *request, int fd,
		 struct kx_plan **ret, struct kx_error *err)
{
	struct head head = { 0 };
	struct kx_plan *plan = kx_plan_new(machine, request, err);
	int r;

	if (!plan)
		return -ENOMEM;
	free(kx_steal(plan->cmdline));
	head.initrds = calloc(request->initrd_count + INITRD_MORE, sizeof(*head.initrds));
	r = head.initrds ? map(plan, fd, err) : kx_fail(err, ENOMEM, "out of memory for plan");
	if (r == 0)
		r = read_plan(plan, &head, err);
	if (r == 0 && plan->method == KX_METHOD_LOAD)
		r = read_load(plan, &head, err);
	else if (r == 0)
		r = read_files(plan, &head, err);
	free(head.initrds);
	if (r < 0)
		kx_plan_free(plan);
	else
		*ret = plan;
	return r;
}
