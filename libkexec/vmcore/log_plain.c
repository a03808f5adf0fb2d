// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The log until 3.4: characters in log_buf, of which log_end were ever written and logged_chars are there (Linux 3.4
 * kernel/printk.c, the names that it gives to VMCOREINFO). A line begins with "<LEVEL>", and with "[SECONDS.MICROSECONDS] " where
 * the kernel was told to.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/overflow.h"
#include "log_reader.h"

/* In bytes; the most that was ever configured is 2 MiB, and log_buf_len= makes few larger. */
#define LENGTH_MAX (UINT64_C(1) << 27)
#define PIECE 4096

/* A line on its way. */
struct line {
	struct kx_log_reader *reader;
	size_t size;
};

/* A decimal number at the beginning of *text, which then begins behind it. */
static bool read_number(struct kx_view *text, uint64_t *ret)
{
	uint64_t number = 0;
	uint8_t c;
	size_t i = 0;

	for (; kx_view_u8(*text, i, &c) && c >= '0' && c <= '9'; i++)
		if (kx_mul_overflow(number, 10, &number) ||
		    kx_add_overflow(number, c - '0', &number))
			return false;
	*ret = number;
	return i && kx_view_from(*text, i, text);
}

static bool skip(struct kx_view *text, const char *what)
{
	return kx_view_equals(*text, 0, what, 1) && kx_view_from(*text, 1, text);
}

/* "<13>": facility and level, as in syslog(2). */
static void take_level(struct kx_view *text, struct kx_log_record *record)
{
	struct kx_view rest = *text;
	uint64_t priority;

	if (!skip(&rest, "<") || !read_number(&rest, &priority) || priority > 0x7ff ||
	    !skip(&rest, ">"))
		return;
	record->has_level = true;
	record->facility = (uint8_t)(priority >> 3);
	record->level = priority & 7;
	*text = rest;
}

/* "[   12.345678] "; six digits, since that is what is written again. */
static void take_time(struct kx_view *text, struct kx_log_record *record)
{
	struct kx_view rest = *text, after;
	uint64_t seconds, microseconds, ns;

	if (!skip(&rest, "["))
		return;
	while (skip(&rest, " "))
		;
	if (!read_number(&rest, &seconds) || !skip(&rest, "."))
		return;
	after = rest;
	if (!read_number(&after, &microseconds) || rest.size - after.size != 6 ||
	    !skip(&after, "]") || !skip(&after, " ") || kx_mul_overflow(seconds, 1000000000, &ns) ||
	    kx_add_overflow(ns, microseconds * 1000, &ns))
		return;
	record->has_time = true;
	record->ns = ns;
	*text = after;
}

static int give(struct line *line)
{
	struct kx_log_record record = { .text = kx_view_of(line->reader->text, line->size) };

	line->size = 0;
	take_level(&record.text, &record);
	take_time(&record.text, &record);
	return kx_log_give(line->reader, &record);
}

/* No kernel writes NUL into its log: what is nothing else was not in the dump. There is one byte at least. */
static bool is_empty(const uint8_t *bytes, size_t size)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, size - 1);
}

static int add(struct line *line, const uint8_t *bytes, size_t size)
{
	int r = 0;

	for (size_t i = 0; i < size && !r; i++) {
		if (bytes[i] != '\n')
			line->reader->text[line->size++] = bytes[i];
		if (bytes[i] == '\n' || line->size == KX_LOG_TEXT_MAX)
			r = give(line);
	}
	return r;
}

/* The characters in [@at, @end) of memory. */
static int read_part(struct line *line, uint64_t at, uint64_t end)
{
	uint8_t bytes[PIECE];
	int r = 0;

	while (at < end && !r) {
		uint64_t size = PIECE - at % PIECE;

		size = size < end - at ? size : end - at;
		if (kx_vmcore_read(line->reader->core, at, bytes, size) < 0 ||
		    is_empty(bytes, size)) {
			line->reader->report.damaged++;
			r = line->size ? give(line) : 0;
		} else {
			r = add(line, bytes, size);
		}
		at += size;
	}
	return r;
}

static int read_buffer(struct kx_log_reader *reader, uint64_t start, uint64_t size,
		       uint64_t written, uint64_t there)
{
	struct line line = { .reader = reader };
	uint64_t from = (written - there) & (size - 1), first = size - from;
	int r;

	first = first < there ? first : there;
	r = read_part(&line, start + from, start + from + first);
	if (!r)
		r = read_part(&line, start, start + (there - first));
	return r || !line.size ? r : give(&line);
}

int kx_log_plain(struct kx_log_reader *reader)
{
	uint64_t address = 0, start = 0, size = 0, written = 0, there = 0;
	int r;

	if (!kx_log_symbol(reader, "log_end", &address))
		return -ENOENT;
	r = kx_log_variable(reader, "log_buf", kx_vmcore_word(reader->core), &start);
	if (!r)
		r = kx_log_variable(reader, "log_buf_len", 4, &size);
	if (!r)
		r = kx_log_variable(reader, "log_end", 4, &written);
	if (!r)
		r = kx_log_variable(reader, "logged_chars", 4, &there);
	if (r < 0)
		return r;
	if (!kx_is_pow2(size) || size > LENGTH_MAX || start > UINT64_MAX - size)
		return kx_fail(reader->err, EBADMSG,
			       "damaged log: a buffer of %" PRIu64 " bytes at 0x%" PRIx64
			       ", need a power of two and at most %" PRIu64,
			       size, start, LENGTH_MAX);
	return read_buffer(reader, start, size, written, there < size ? there : size);
}
