// SPDX-License-Identifier: LGPL-2.1-or-later
#include "log.h"

#include <errno.h>
#include <inttypes.h>

#include "base/overflow.h"
#include "log_reader.h"
#include "util.h"
#include "vmcoreinfo.h"

int kx_log_give(struct kx_log_reader *reader, const struct kx_log_record *record)
{
	reader->report.records++;
	return reader->each(reader->context, record);
}

bool kx_log_symbol(const struct kx_log_reader *reader, const char *name, uint64_t *ret)
{
	return kx_vmcoreinfo_number(kx_vmcore_info(reader->core), "SYMBOL", name, ret);
}

int kx_log_facts(const struct kx_log_reader *reader, const struct kx_log_fact *facts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct kx_log_fact *fact = &facts[i];
		uint64_t value;

		if (!kx_vmcoreinfo_number(kx_vmcore_info(reader->core), fact->kind, fact->name,
					  &value))
			return kx_fail(reader->err, ENODATA, "its VMCOREINFO has no %s(%s)",
				       fact->kind, fact->name);
		if (value > fact->max)
			return kx_fail(reader->err, EBADMSG,
				       "malformed VMCOREINFO: %s(%s) is %" PRIu64
				       ", at most %" PRIu64,
				       fact->kind, fact->name, value, fact->max);
		*fact->to = value;
	}
	return 0;
}

int kx_log_variable(const struct kx_log_reader *reader, const char *name, size_t size,
		    uint64_t *ret)
{
	uint8_t bytes[8];
	uint64_t at;

	if (!kx_log_symbol(reader, name, &at))
		return kx_fail(reader->err, ENODATA, "its VMCOREINFO has no SYMBOL(%s)", name);
	if (kx_vmcore_read(reader->core, at, bytes, size) < 0)
		return kx_fail(reader->err, ENODATA,
			       "%s, at 0x%" PRIx64
			       ", is not in the dump; without it the log cannot "
			       "be found",
			       name, at);
	*ret = kx_vmcore_decode(reader->core, bytes, size);
	return 0;
}

uint64_t kx_log_field(const struct kx_log_reader *reader, struct kx_view bytes, uint64_t at,
		      size_t size)
{
	return kx_view_has(bytes, at, size) ? kx_vmcore_decode(reader->core, bytes.data + at, size)
					    : 0;
}

unsigned kx_log_priority(const struct kx_log_reader *reader, struct kx_view bytes, uint64_t at,
			 struct kx_log_record *record)
{
	unsigned fields = (unsigned)kx_log_field(reader, bytes, at + 1, 1);
	/* Where the first bits of a byte are depends on the byte order. */
	bool big = kx_vmcore_decode(reader->core, "\0\1", 2) == 1;

	record->has_level = true;
	record->facility = (uint8_t)kx_log_field(reader, bytes, at, 1);
	record->level = (uint8_t)(big ? fields & 7 : fields >> 5);
	return big ? fields >> 3 : fields & 31;
}

int kx_log_read(struct kx_vmcore *core, kx_log_each each, void *context, struct kx_log_report *ret,
		struct kx_error *err)
{
	/* Newest first: a kernel that has a newer one may still have names of the older. */
	static int (*const kinds[])(struct kx_log_reader *) = { kx_log_lockless, kx_log_records,
								kx_log_plain };
	_cleanup_free_ uint8_t *text = malloc(KX_LOG_TEXT_MAX);
	struct kx_log_reader reader = {
		.core = core, .each = each, .context = context, .err = err, .text = text
	};
	int r = -ENOENT;

	if (!text)
		return kx_fail(err, ENOMEM, "no memory to read the log");
	for (size_t i = 0; i < KX_ARRAY_SIZE(kinds) && r == -ENOENT; i++)
		r = kinds[i](&reader);
	if (r == -ENOENT)
		return kx_fail(err, ENODATA,
			       "its VMCOREINFO names no log that is known here: neither prb, nor "
			       "log_first_idx, nor log_end");
	if (!r)
		*ret = reader.report;
	return r;
}
