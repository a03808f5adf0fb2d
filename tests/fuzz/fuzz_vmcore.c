// SPDX-License-Identifier: GPL-2.0-or-later
/* A dump, of either format, as far as its log; and snappy's own format, of pages smaller than a dump has. */
#include <errno.h>

#include "fuzz.h"
#include "vmcore/core.h"
#include "vmcore/log.h"
#include "vmcore/vmcoreinfo.h"

/* A read past the end of memory is AddressSanitizer's to find. */
static ssize_t read_input(void *context, void *to, size_t size, uint64_t offset)
{
	const struct kx_view *file = context;

	require(size && offset + size > offset);
	if (offset >= file->size)
		return 0;
	size = size < file->size - offset ? size : file->size - offset;
	memcpy(to, file->data + offset, size);
	return (ssize_t)size;
}

/**
 * struct heard - what was handed out
 * @bytes: of text
 */
struct heard {
	uint64_t records, bytes;
};

static int hear(void *context, const struct kx_log_record *record)
{
	struct heard *heard = context;

	require(record->text.size <= KX_LOG_TEXT_MAX);
	require(record->level < 8);
	touch(record->text);
	touch(record->subsystem);
	touch(record->device);
	require(!memchr(record->device.data ? (const void *)record->device.data : "", 0,
			record->device.size));
	heard->records++;
	heard->bytes += record->text.size;
	return 0;
}

/* The first symbol, as the C library reads it. */
static void check_number(struct kx_view info)
{
	const char *line = memmem(info.data, info.size, "\nSYMBOL(", 8), *value, *close, *end;
	char name[64] = "", digits[32] = "", *rest;
	uint64_t found;

	if (!line)
		return;
	line += 8;
	end = memchr(line, '\n', info.size - (size_t)(line - (const char *)info.data));
	close = end ? memchr(line, ')', (size_t)(end - line)) : NULL;
	if (!close || close - line >= (ptrdiff_t)sizeof(name) || close[1] != '=')
		return;
	memcpy(name, line, (size_t)(close - line));
	value = close + 2;
	/* A name with a NUL in it is another one's beginning. */
	if (strlen(name) != (size_t)(close - line) || end - value >= (ptrdiff_t)sizeof(digits) ||
	    !kx_vmcoreinfo_number(info, "SYMBOL", name, &found))
		return;
	/* The same key may have been there in the first line. */
	if (info.size > 7 && !memcmp(info.data, "SYMBOL(", 7))
		return;
	memcpy(digits, value, (size_t)(end - value));
	errno = 0;
	require(strtoull(digits, &rest, 16) == found && !errno && !*rest);
}

static void read_log(struct kx_vmcore *core)
{
	struct kx_log_report report = { 0 };
	struct kx_error err = { 0 };
	struct heard heard = { 0 };
	int r = kx_log_read(core, hear, &heard, &report, &err);

	if (r < 0) {
		require(r == -ENODATA || r == -EBADMSG);
		require(!heard.records);
		require_message(&err);
		return;
	}
	require(report.records == heard.records);
	/* Nor is there more text than in the largest log. */
	require(heard.bytes <= UINT64_C(1) << 31);
}

/*
 * What is no dump is a page of the size that it begins with: in a dump every page of 4096 bytes must come out whole before
 * its last byte can be one too many.
 */
static void read_snappy(struct kx_view in)
{
	uint8_t *page;

	if (!in.size || !in.data[0] || in.data[0] & 0x80)
		return;
	page = malloc(in.data[0]);
	require(page);
	if (kx_snappy_page(in, page, in.data[0]))
		touch(kx_view_of(page, in.data[0]));
	free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_view file = kx_view_of(data, size);
	const struct kx_vmcore_io io = { .read = read_input, .context = &file, .size = size };
	struct kx_vmcore *core = NULL;
	struct kx_error err = { 0 };
	int r = kx_vmcore_open(&io, &core, &err);

	if (r < 0) {
		require(!core);
		require(r == -ENOEXEC || r == -EOPNOTSUPP || r == -EBADMSG || r == -ENODATA);
		require_message(&err);
		if (r == -ENOEXEC)
			read_snappy(file);
		return 0;
	}
	require(kx_vmcore_info(core).size && kx_vmcore_info(core).size <= KX_VMCOREINFO_MAX);
	require(kx_vmcore_word(core) == 4 || kx_vmcore_word(core) == 8);
	check_number(kx_vmcore_info(core));
	read_log(core);
	kx_vmcore_free(core);
	return 0;
}
