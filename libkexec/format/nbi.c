// SPDX-License-Identifier: LGPL-2.1-or-later
#include "nbi.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arch/x86/boot_params.h"
#include "arch/x86/entry.h"
#include "base/overflow.h"
#include "elf_load.h"
#include "format.h"

/* Section 5, with Ken Yap's addition of the 32-bit call. */
#define MAGIC 0x1b031336
#define FLAG_LINEAR (UINT32_C(1) << 31)
#define RECORD_LAST (UINT32_C(1) << 26)
#define RECORD_UNDEFINED 0xf8000000

/* ---- parsing --------------------------------------------------------------------------------------------------- */

/* Bits 0 to 3 and 4 to 7 count 32-bit words, of the record and of the vendor's behind it. */
static uint32_t record_size(uint32_t flags)
{
	return ((flags & 0xf) + (flags >> 4 & 0xf)) * 4;
}

static int malformed(struct kx_error *err, const char *what, uint64_t found)
{
	return kx_fail(err, EBADMSG, "malformed NBI image: %s is %#" PRIx64, what, found);
}

static int read_record(struct kx_view file, struct kx_view head, uint32_t at, uint64_t data,
		       struct kx_nbi_record *record, struct kx_error *err)
{
	uint32_t flags, length;
	struct kx_view fields;

	if (!kx_view_sub(head, at, 16, &fields))
		return malformed(err, "the end of its records, of 512 bytes,", at + UINT64_C(16));
	flags = kx_le32(fields.data);
	if ((flags & 0xf) < 4 || flags & RECORD_UNDEFINED)
		return malformed(err, "a record's flags", flags);
	record->base = (enum kx_nbi_base)(flags >> 24 & 3);
	record->address = kx_le32(fields.data + 4);
	length = kx_le32(fields.data + 8);
	record->memory = kx_le32(fields.data + 12);
	if (record->memory < length)
		return malformed(err, "a record's memory length", record->memory);
	if (!kx_view_sub(file, data, length, &record->bytes))
		return kx_fail(err, EBADMSG,
			       "truncated NBI image: %zu bytes, its records say %" PRIu64
			       "; copy the file again",
			       file.size, data + length);
	return 0;
}

static int read_records(struct kx_view file, struct kx_view head, uint32_t at, struct kx_nbi *nbi,
			struct kx_error *err)
{
	uint64_t data = KX_NBI_HEADER_SIZE;
	uint32_t flags;
	int r;

	do {
		r = read_record(file, head, at, data, &nbi->records[nbi->record_count], err);
		if (r < 0)
			return r;
		data += nbi->records[nbi->record_count++].bytes.size;
		flags = kx_le32(head.data + at);
		at += record_size(flags);
	} while (!(flags & RECORD_LAST));
	return 0;
}

int kx_nbi_parse(struct kx_view file, struct kx_nbi *ret, struct kx_error *err)
{
	struct kx_nbi nbi = { 0 };
	struct kx_view head;
	uint32_t magic, flags;
	int r;

	if (!kx_view_le32(file, 0, &magic) || magic != MAGIC)
		return kx_fail(err, ENOEXEC, "no magic number 0x%x", MAGIC);
	if (!kx_view_sub(file, 0, KX_NBI_HEADER_SIZE, &head))
		return kx_fail(err, EBADMSG, "truncated NBI image: %zu bytes, its header has %d",
			       file.size, KX_NBI_HEADER_SIZE);
	flags = kx_le32(head.data + 4);
	if ((flags & 0xf) < 4)
		return malformed(err, "the header's flags", flags);
	nbi.location = (uint32_t)kx_le16(head.data + 10) * 16 + kx_le16(head.data + 8);
	nbi.linear = flags & FLAG_LINEAR;
	nbi.entry = kx_le32(head.data + 12);
	r = read_records(file, head, record_size(flags), &nbi, err);
	if (r == 0)
		*ret = nbi;
	return r;
}

static int probe(const struct kx_request *request, struct kx_view file, struct kx_error *err)
{
	struct kx_nbi nbi = { 0 };

	return kx_nbi_parse(file, &nbi, err);
}

static int check(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	struct kx_nbi nbi = { 0 };
	int r = kx_nbi_parse(file, &nbi, err);

	if (r < 0)
		return r;
	if (plan->request.initrd_count || *plan->cmdline)
		return kx_fail(err, EOPNOTSUPP,
			       "an NBI image takes neither an initrd nor a command line; it holds "
			       "its own");
	if (!nbi.linear && plan->machine->efi.present &&
	    !(plan->request.flags & KX_REQUEST_FORCE_REAL_MODE))
		return kx_fail(err, EOPNOTSUPP,
			       "NBI image is entered in real mode, and this machine was booted by "
			       "UEFI: there is no BIOS "
			       "to call; --force-real-mode tries it");
	return 0;
}

static int file_load(const struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	return kx_fail(err, EOPNOTSUPP, "it takes no NBI image");
}

/* ---- placement ------------------------------------------------------------------------------------------------- */

/* One past the last writeable location in memory, as a 32-bit loader sees it: of the RAM that 1 MiB is in. */
static uint64_t top_of(const struct kx_memmap *map)
{
	for (size_t i = 0; i < map->count; i++)
		if (map->v[i].type == KX_MEM_RAM && map->v[i].start <= 0x100000 &&
		    map->v[i].end > 0x100000)
			return map->v[i].end < KX_X86_FOUR_GIB ? map->v[i].end : KX_X86_FOUR_GIB;
	return 0;
}

static uint64_t resolve(const struct kx_nbi_record *record, const struct kx_piece *last,
			uint64_t top)
{
	switch (record->base) {
	case KX_NBI_AFTER_LAST:
		return last->start + last->size + record->address;
	case KX_NBI_BELOW_TOP:
		return top - record->address;
	case KX_NBI_BELOW_LAST:
		return last->start - record->address;
	default:
		return record->address;
	}
}

static bool overlap(const struct kx_piece *a, const struct kx_piece *b)
{
	return a->start < b->start + b->size && b->start < a->start + a->size;
}

/* The 512 bytes first, then each record; where one says memory only, there is nothing to load. */
static int place_all(struct kx_plan *plan, struct kx_view file, const struct kx_nbi *nbi,
		     struct kx_error *err)
{
	struct kx_piece pieces[KX_NBI_RECORD_MAX + 1] = {
		{ nbi->location, KX_NBI_HEADER_SIZE, kx_view_of(file.data, KX_NBI_HEADER_SIZE) }
	};
	uint64_t top = top_of(&plan->memmap);
	struct kx_piece last = pieces[0];
	size_t count = 1;

	for (size_t i = 0; i < nbi->record_count; i++) {
		const struct kx_nbi_record *record = &nbi->records[i];

		last = (struct kx_piece){ resolve(record, &last, top), record->memory,
					  record->bytes };
		if (last.start > KX_X86_FOUR_GIB || last.start + last.size > KX_X86_FOUR_GIB)
			return malformed(err, "a record's address", last.start);
		for (size_t j = 0; j < count; j++)
			if (last.size && overlap(&last, &pieces[j]))
				return malformed(err, "an address that two records share",
						 last.start);
		if (last.size)
			pieces[count++] = last;
	}
	return kx_place_pieces(plan, pieces, count, err);
}

/*
 * Section 5: on the stack, above the return address, is a far pointer to the header. With the 32-bit call it is
 * Etherboot's own header (of which there is none here), the image's, and the reply of a BOOTP server (none either).
 * Who returns gets to the processor's reset vector, or resets by a fault.
 */
static void fill_stack(uint8_t *top, const struct kx_nbi *nbi)
{
	if (nbi->linear) {
		kx_put_le32(top + 8, nbi->location);
		return;
	}
	kx_put_le16(top, 0xfff0);
	kx_put_le16(top + 2, 0xf000);
	kx_put_le16(top + 4, (uint16_t)(nbi->location & 0xf));
	kx_put_le16(top + 6, (uint16_t)(nbi->location >> 4));
}

static int add_stack(struct kx_plan *plan, const struct kx_nbi *nbi, uint64_t *ret,
		     struct kx_error *err)
{
	struct kx_place place = { .size = KX_PAGE_SIZE,
				  .align = KX_PAGE_SIZE,
				  .min = KX_X86_LOW_MIN,
				  .max = KX_X86_LOW_MAX };
	struct kx_segment segment = { .name = "stack",
				      .bufsz = KX_PAGE_SIZE,
				      .memsz = KX_PAGE_SIZE };
	uint8_t *buf = kx_plan_alloc(plan, KX_PAGE_SIZE, err);
	int r;

	if (!buf)
		return -ENOMEM;
	fill_stack(buf + KX_PAGE_SIZE - 16, nbi);
	segment.buf = buf;
	r = kx_plan_place(plan, "stack", &place, &segment.dest, err);
	if (r < 0)
		return r;
	*ret = segment.dest;
	return kx_plan_add(plan, &segment, err, "stack with the address of the image's header");
}

static int plan(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	struct kx_x86_entry entry = { 0 };
	uint64_t stack = 0;
	struct kx_nbi nbi = { 0 };
	int r = kx_nbi_parse(file, &nbi, err);

	if (r == 0 && kx_x86_next_memmap(plan->machine, &plan->memmap) < 0)
		r = kx_fail(err, ENOMEM, "out of memory for plan");
	if (r == 0)
		r = place_all(plan, file, &nbi, err);
	if (r == 0)
		r = add_stack(plan, &nbi, &stack, err);
	if (r < 0)
		return r;
	if (nbi.linear) {
		entry = (struct kx_x86_entry){ .mode = KX_MODE_32, .ip = nbi.entry };
		entry.regs.sp = stack + KX_PAGE_SIZE - 16;
	} else {
		entry = (struct kx_x86_entry){ .mode = KX_MODE_16,
					       .cs = (uint16_t)(nbi.entry >> 16) };
		entry.ip = (uint64_t)entry.cs * 16 + (nbi.entry & 0xffff);
		entry.ds = entry.ss = (uint16_t)(stack >> 4);
		entry.regs.sp = KX_PAGE_SIZE - 16;
	}
	return kx_x86_purgatory(plan, &entry, err);
}

const struct kx_format kx_format_nbi = {
	.name = "nbi-x86",
	.summary = "Etherboot's tagged (NBI) image",
	.arch = KX_ARCH_X86_64,
	.probe = probe,
	.check = check,
	.file_load = file_load,
	.plan = plan,
};
