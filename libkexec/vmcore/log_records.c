// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The log of 3.5 to 5.9: records one after the other in log_buf (Linux 5.9 kernel/printk/printk.c, the comment before struct
 * printk_log; "struct log" until 3.10). A record is a header, text, dictionary, and padding; where there is no room for the
 * next one before the end of the buffer there is a header of length 0.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/overflow.h"
#include "log_reader.h"
#include "vmcoreinfo.h"

/* Records begin at multiples of this, or of 8. */
#define ALIGNMENT 4
/* After damage a record is looked for in so many places in all; a page that is not in the dump is one. */
#define SEARCH_MAX 4096
/*
 * No more is left free before the end of the buffer: a record that did not fit, of LOG_LINE_MAX (1024) bytes of text and a
 * dictionary of 128, and a header; in a small buffer a text takes a quarter of it at most (MAX_LOG_TAKE_PART).
 */
#define FREE_MAX UINT64_C(2048)
#define FREE_PART 4

/* LOG_NEWLINE, LOG_PREFIX and LOG_CONT: the line ends, has a time of its own, is a piece of a line. */
enum { NEWLINE = 2, PREFIX = 4, PIECE = 8 };

/* @dict_len is followed by facility, flags and level; in 3.5 by a level of 16 bits, which so passes for a facility. */
struct layout {
	uint64_t size, ns, len, text_len, dict_len;
};

struct buffer {
	struct kx_log_reader *reader;
	struct layout at;
	uint64_t start, size, search_left;
	unsigned flags_before;
};

struct header {
	uint8_t bytes[KX_LOG_STRUCT_MAX];
	uint64_t len, text_len, dict_len;
};

static int read_layout(struct buffer *buffer)
{
	struct layout *at = &buffer->at;
	uint64_t unused;
	bool old =
		kx_vmcoreinfo_number(kx_vmcore_info(buffer->reader->core), "SIZE", "log", &unused);
	const struct kx_log_fact facts[] = {
#define FACT(kind, field, to) \
	{ kind, old ? "log" field : "printk_log" field, &at->to, KX_LOG_STRUCT_MAX }
		FACT("SIZE", "", size),
		FACT("OFFSET", ".ts_nsec", ns),
		FACT("OFFSET", ".len", len),
		FACT("OFFSET", ".text_len", text_len),
		FACT("OFFSET", ".dict_len", dict_len),
#undef FACT
	};

	return kx_log_facts(buffer->reader, facts, KX_ARRAY_SIZE(facts));
}

static int read_header(struct buffer *buffer, uint64_t index, struct header *ret)
{
	struct kx_log_reader *reader = buffer->reader;
	struct kx_view bytes = kx_view_of(ret->bytes, buffer->at.size);

	if (kx_vmcore_read(reader->core, buffer->start + index, ret->bytes, bytes.size) < 0)
		return -ENODATA;
	ret->len = kx_log_field(reader, bytes, buffer->at.len, 2);
	ret->text_len = kx_log_field(reader, bytes, buffer->at.text_len, 2);
	ret->dict_len = kx_log_field(reader, bytes, buffer->at.dict_len, 2);
	return 0;
}

/* Only padding may be in it beyond what it says that it has. */
static bool is_record(const struct buffer *buffer, const struct header *header, uint64_t room)
{
	uint64_t content = buffer->at.size + header->text_len + header->dict_len;

	return buffer->at.size && header->len >= content && header->len - content < 8 &&
	       header->len % ALIGNMENT == 0 && header->len <= room;
}

/* The value of @key in a dictionary, which is "KEY=VALUE" each with a NUL behind it. */
static struct kx_view entry_of(struct kx_view dict, const char *key)
{
	size_t size = strlen(key);

	while (dict.size) {
		const uint8_t *end = memchr(dict.data, 0, dict.size);
		size_t length = end ? (size_t)(end - dict.data) : dict.size;

		if (length >= size && kx_view_equals(dict, 0, key, size))
			return kx_view_of(dict.data + size, length - size);
		dict = end ? kx_view_of(end + 1, dict.size - length - 1) : kx_view_of(NULL, 0);
	}
	return dict;
}

static int give(struct buffer *buffer, uint64_t index, const struct header *header)
{
	struct kx_log_reader *reader = buffer->reader;
	struct kx_view bytes = kx_view_of(header->bytes, buffer->at.size), dict;
	struct kx_log_record record = { .has_time = true };
	unsigned flags, before = buffer->flags_before;

	if (header->text_len + header->dict_len > KX_LOG_TEXT_MAX ||
	    kx_vmcore_read(reader->core, buffer->start + index + buffer->at.size, reader->text,
			   header->text_len + header->dict_len) < 0) {
		reader->report.damaged++;
		return 0;
	}
	record.ns = kx_log_field(reader, bytes, buffer->at.ns, 8);
	flags = kx_log_priority(reader, bytes, buffer->at.dict_len + 2, &record);
	record.text = kx_view_of(reader->text, header->text_len);
	dict = kx_view_of(reader->text + header->text_len, header->dict_len);
	record.subsystem = entry_of(dict, "SUBSYSTEM=");
	record.device = entry_of(dict, "DEVICE=");
	record.open = flags & PIECE && !(flags & NEWLINE);
	record.joins = before & PIECE && !(before & NEWLINE) && flags & PIECE && !(flags & PREFIX);
	buffer->flags_before = flags;
	return kx_log_give(reader, &record);
}

/* What is in the way of the next record counts as one that is damaged. */
static uint64_t search(struct buffer *buffer, uint64_t index, uint64_t end)
{
	struct header header;

	buffer->reader->report.damaged++;
	buffer->flags_before = 0;
	for (; index < end && buffer->search_left; buffer->search_left--) {
		if (read_header(buffer, index, &header) < 0)
			index += kx_log_rest_of_page(buffer->start + index);
		else if (is_record(buffer, &header, end - index))
			return index;
		else
			index += ALIGNMENT;
	}
	if (index < end)
		buffer->reader->report.cut = "too much of it is damaged or not in the dump";
	return end;
}

/* A header of length 0 ends the records where the buffer's end follows soon; else something has written zeros. */
static bool is_end(const struct buffer *buffer, uint64_t index, uint64_t end)
{
	uint64_t room = end - index;

	return end == buffer->size && room <= FREE_MAX && room <= buffer->size / FREE_PART;
}

/* The records in [@index, @end). */
static int read_part(struct buffer *buffer, uint64_t index, uint64_t end)
{
	struct header header;
	int r = 0;

	while (index < end && !r && !buffer->reader->report.cut) {
		bool there = !read_header(buffer, index, &header);

		if (there && !header.len && is_end(buffer, index, end))
			return 0;
		if (!there || !is_record(buffer, &header, end - index)) {
			index = search(buffer, index + ALIGNMENT, end);
			continue;
		}
		r = give(buffer, index, &header);
		index += header.len;
	}
	return r;
}

int kx_log_records(struct kx_log_reader *reader)
{
	struct buffer buffer = { .reader = reader, .search_left = SEARCH_MAX };
	uint64_t address = 0, first = 0, next = 0;
	size_t word = kx_vmcore_word(reader->core);
	int r;

	if (!kx_log_symbol(reader, "log_first_idx", &address))
		return -ENOENT;
	r = read_layout(&buffer);
	if (!r)
		r = kx_log_variable(reader, "log_buf", word, &buffer.start);
	if (!r)
		r = kx_log_variable(reader, "log_buf_len", 4, &buffer.size);
	if (!r)
		r = kx_log_variable(reader, "log_first_idx", 4, &first);
	if (!r)
		r = kx_log_variable(reader, "log_next_idx", 4, &next);
	if (r < 0)
		return r;
	if (!kx_is_pow2(buffer.size) || first > buffer.size || next > buffer.size)
		return kx_fail(reader->err, EBADMSG,
			       "damaged log: records from %" PRIu64 " to %" PRIu64 " of %" PRIu64
			       " bytes, need a power of two and both within it",
			       first, next, buffer.size);
	if (first <= next)
		return read_part(&buffer, first, next);
	r = read_part(&buffer, first, buffer.size);
	return r ? r : read_part(&buffer, 0, next);
}
