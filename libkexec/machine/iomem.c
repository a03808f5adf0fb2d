// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /proc/iomem, as r_show() in kernel/resource.c prints it: two blanks a level, first and last
 * address in hexadecimal, " : " and a name. Readers without CAP_SYS_ADMIN get zeros for all
 * addresses.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

void kx_iomem_clear(struct kx_iomem *iomem)
{
	for (size_t i = 0; i < iomem->count; i++)
		free(iomem->v[i].name);
	free(iomem->v);
	*iomem = (struct kx_iomem){ 0 };
}

static int iomem_named(const struct kx_iomem *iomem, const char *name, unsigned max_depth,
		       struct kx_ranges *ret)
{
	_cleanup_(kx_ranges_clear) struct kx_ranges set = { 0 };

	for (size_t i = 0; i < iomem->count; i++) {
		const struct kx_iomem_entry *entry = &iomem->v[i];

		if (entry->depth <= max_depth && strcmp(entry->name, name) == 0 &&
		    kx_ranges_add(&set, entry->start, entry->end) < 0)
			return -ENOMEM;
	}
	*ret = set;
	set = (struct kx_ranges){ 0 };
	return 0;
}

int kx_iomem_ram(const struct kx_iomem *iomem, struct kx_ranges *ret)
{
	return iomem_named(iomem, KX_IOMEM_RAM, 0, ret);
}

int kx_iomem_crash(const struct kx_iomem *iomem, struct kx_ranges *ret)
{
	return iomem_named(iomem, KX_IOMEM_CRASH, UINT_MAX, ret);
}

static int iomem_add(struct kx_iomem *iomem, size_t *room, const struct kx_iomem_entry *entry)
{
	if (iomem->count == *room) {
		size_t want = *room ? *room * 2 : 64;
		struct kx_iomem_entry *v = reallocarray(iomem->v, want, sizeof(*v));

		if (!v)
			return -ENOMEM;
		iomem->v = v;
		*room = want;
	}
	iomem->v[iomem->count++] = *entry;
	return 0;
}

/* "00001000-0009fbff : System RAM" without its indentation. The name is left to the caller. */
static bool iomem_parse_range(struct kx_view line, struct kx_iomem_entry *entry,
			      struct kx_view *ret_name)
{
	struct kx_view start, last;

	if (!kx_text_field(&line, '-', &start) || !kx_text_u64(start, 16, &entry->start) ||
	    !kx_text_field(&line, ' ', &last) || !kx_text_u64(last, 16, &entry->end))
		return false;
	if (entry->end < entry->start || kx_add_overflow(entry->end, 1, &entry->end))
		return false;
	return kx_text_starts(line, ": ") && kx_view_from(line, 2, ret_name) && ret_name->size;
}

static int iomem_parse_line(struct kx_view line, unsigned max_depth, struct kx_iomem_entry *ret)
{
	struct kx_iomem_entry entry = { 0 };
	struct kx_view name;
	size_t blanks = 0;

	while (blanks < line.size && line.data[blanks] == ' ')
		blanks++;
	if (blanks % 2 || blanks / 2 > max_depth)
		return -EBADMSG;
	entry.depth = (unsigned)(blanks / 2);
	if (!kx_view_from(line, blanks, &line) || !iomem_parse_range(line, &entry, &name))
		return -EBADMSG;
	*ret = entry;
	return kx_text_dup(name, &ret->name);
}

/* The last address is 0 too, which half-open is 1: no address is left that somebody could take for
 * one. */
static void iomem_note_hidden(struct kx_iomem *iomem)
{
	for (size_t i = 0; i < iomem->count; i++)
		if (iomem->v[i].start || iomem->v[i].end > 1)
			return;
	for (size_t i = 0; i < iomem->count; i++)
		iomem->v[i].end = 0;
	iomem->hidden = true;
}

static int iomem_bad_line(struct kx_view line, size_t number, struct kx_error *err)
{
	char where[48];

	snprintf(where, sizeof(where), "/proc/iomem: line %zu", number);
	return kx_malformed(err, where, line, "START-END : NAME with START not above END");
}

int kx_iomem_parse(struct kx_view text, struct kx_iomem *ret, struct kx_error *err)
{
	_cleanup_(kx_iomem_clear) struct kx_iomem iomem = { .have = true };
	unsigned max_depth = 0;
	struct kx_view line;
	size_t room = 0;
	int r;

	if (!text.size || text.data[text.size - 1] != '\n')
		return kx_fail(err, EBADMSG,
			       "/proc/iomem: the last line has no end after %zu bytes", text.size);
	while (kx_text_line(&text, &line)) {
		struct kx_iomem_entry entry;

		if (iomem.count == KX_IOMEM_MAX)
			return kx_fail(err, EBADMSG, "/proc/iomem: more than %u lines",
				       KX_IOMEM_MAX);
		r = iomem_parse_line(line, max_depth, &entry);
		if (r == -EBADMSG)
			return iomem_bad_line(line, iomem.count + 1, err);
		if (r < 0)
			return kx_fail(err, ENOMEM, "out of memory");
		max_depth = entry.depth + 1;
		r = iomem_add(&iomem, &room, &entry);
		if (r < 0) {
			free(entry.name);
			return kx_fail(err, ENOMEM, "out of memory");
		}
	}
	iomem_note_hidden(&iomem);
	*ret = iomem;
	iomem = (struct kx_iomem){ 0 };
	return 0;
}

int kx_read_iomem(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	int r = kx_root_read(root, "/proc/iomem", KX_CAP_FILE, &blob);

	return r < 0 ? r : kx_iomem_parse(kx_blob_view(&blob), &machine->iomem, err);
}
