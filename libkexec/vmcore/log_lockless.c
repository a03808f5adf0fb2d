// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The log of 5.10 and later (Linux kernel/printk/printk_ringbuffer.h, its names and its introduction;
 * Documentation/admin-guide/kdump/gdbmacros.txt). Descriptors are numbered; number N is in place N modulo their count, and
 * tells its own number and state. It tells where in the ring of texts its block begins and ends, in positions that also
 * only grow. A block begins with the number of its descriptor.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/overflow.h"
#include "log_reader.h"

/* There is a descriptor for each 32 bytes of text, PRB_AVGBITS. */
#define COUNT_BITS_MAX (KX_LOG_BITS_MAX - 5)
/* After so many descriptors in a row that are none, or pages of them that are missing, the rest is not looked at. */
#define MISSES_MAX 4096

/* The two highest bits of state_var. */
enum { COMMITTED = 1, FINALIZED = 2 };

/* Positions of a block that is none: no text, or no room for one. */
enum { NO_TEXT = 3 };

/* Offsets and sizes. */
struct layout {
	uint64_t size, desc_ring, text_ring;
	uint64_t count_bits, descs, infos, head_id, tail_id;
	uint64_t size_bits, data, counter;
	uint64_t desc_size, state, position, begin, next;
	uint64_t info_size, seq, ns, text_len, caller, dev_info;
	uint64_t subsystem, subsystem_size, device, device_size;
};

struct ring {
	struct kx_log_reader *reader;
	struct layout at;
	size_t word;
	uint64_t descs, infos, head, tail, data, id_mask;
	unsigned count_bits, size_bits;
	uint64_t text_left;
};

/* One descriptor with what belongs to it. */
struct entry {
	uint64_t id, state, begin, next;
	uint8_t info[KX_LOG_STRUCT_MAX];
};

static int read_layout(struct ring *ring)
{
	struct layout *at = &ring->at;
	const struct kx_log_fact facts[] = {
#define FACT(kind, name, to) { #kind, #name, &at->to, KX_LOG_STRUCT_MAX }
		FACT(SIZE, printk_ringbuffer, size),
		FACT(OFFSET, printk_ringbuffer.desc_ring, desc_ring),
		FACT(OFFSET, printk_ringbuffer.text_data_ring, text_ring),
		FACT(OFFSET, prb_desc_ring.count_bits, count_bits),
		FACT(OFFSET, prb_desc_ring.descs, descs),
		FACT(OFFSET, prb_desc_ring.infos, infos),
		FACT(OFFSET, prb_desc_ring.head_id, head_id),
		FACT(OFFSET, prb_desc_ring.tail_id, tail_id),
		FACT(OFFSET, prb_data_ring.size_bits, size_bits),
		FACT(OFFSET, prb_data_ring.data, data),
		FACT(OFFSET, atomic_long_t.counter, counter),
		FACT(SIZE, prb_desc, desc_size),
		FACT(OFFSET, prb_desc.state_var, state),
		FACT(OFFSET, prb_desc.text_blk_lpos, position),
		FACT(OFFSET, prb_data_blk_lpos.begin, begin),
		FACT(OFFSET, prb_data_blk_lpos.next, next),
		FACT(SIZE, printk_info, info_size),
		FACT(OFFSET, printk_info.seq, seq),
		FACT(OFFSET, printk_info.ts_nsec, ns),
		FACT(OFFSET, printk_info.text_len, text_len),
		FACT(OFFSET, printk_info.caller_id, caller),
		FACT(OFFSET, printk_info.dev_info, dev_info),
		FACT(OFFSET, dev_printk_info.subsystem, subsystem),
		FACT(LENGTH, printk_info_subsystem, subsystem_size),
		FACT(OFFSET, dev_printk_info.device, device),
		FACT(LENGTH, printk_info_device, device_size),
#undef FACT
	};

	return kx_log_facts(ring->reader, facts, KX_ARRAY_SIZE(facts));
}

static int check_bits(struct ring *ring, uint64_t count_bits, uint64_t size_bits)
{
	if (count_bits > COUNT_BITS_MAX || size_bits > KX_LOG_BITS_MAX)
		return kx_fail(ring->reader->err, EBADMSG,
			       "damaged log: 2^%" PRIu64 " descriptors and 2^%" PRIu64
			       " bytes of text, at most 2^%d and 2^%d",
			       count_bits, size_bits, COUNT_BITS_MAX, KX_LOG_BITS_MAX);
	ring->count_bits = (unsigned)count_bits;
	ring->size_bits = (unsigned)size_bits;
	ring->text_left = UINT64_C(1) << size_bits;
	return 0;
}

static int read_ring(struct ring *ring)
{
	struct kx_log_reader *reader = ring->reader;
	const struct layout *at = &ring->at;
	uint8_t bytes[KX_LOG_STRUCT_MAX];
	struct kx_view rb = kx_view_of(bytes, at->size);
	uint64_t address;
	int r = kx_log_variable(reader, "prb", ring->word, &address);

	if (r < 0)
		return r;
	if (kx_vmcore_read(reader->core, address, bytes, at->size) < 0)
		return kx_fail(reader->err, ENODATA,
			       "the log's ring buffer, at 0x%" PRIx64 ", is not in the dump",
			       address);
	ring->descs = kx_log_field(reader, rb, at->desc_ring + at->descs, ring->word);
	ring->infos = kx_log_field(reader, rb, at->desc_ring + at->infos, ring->word);
	ring->head =
		kx_log_field(reader, rb, at->desc_ring + at->head_id + at->counter, ring->word);
	ring->tail =
		kx_log_field(reader, rb, at->desc_ring + at->tail_id + at->counter, ring->word);
	ring->data = kx_log_field(reader, rb, at->text_ring + at->data, ring->word);
	return check_bits(ring, kx_log_field(reader, rb, at->desc_ring + at->count_bits, 4),
			  kx_log_field(reader, rb, at->text_ring + at->size_bits, 4));
}

/* The place of descriptor @id among them, and its address. */
static uint64_t place_of(const struct ring *ring, uint64_t id)
{
	return id & ((UINT64_C(1) << ring->count_bits) - 1);
}

static uint64_t address_of(const struct ring *ring, uint64_t id)
{
	return ring->descs + place_of(ring, id) * ring->at.desc_size;
}

static bool read_desc(struct ring *ring, uint64_t id, struct entry *entry)
{
	struct kx_log_reader *reader = ring->reader;
	const struct layout *at = &ring->at;
	uint64_t state;
	uint8_t bytes[KX_LOG_STRUCT_MAX];
	struct kx_view desc = kx_view_of(bytes, at->desc_size);

	if (kx_vmcore_read(reader->core, address_of(ring, id), bytes, at->desc_size) < 0)
		return false;
	state = kx_log_field(reader, desc, at->state + at->counter, ring->word);
	entry->id = state & ring->id_mask;
	entry->state = state >> (8 * ring->word - 2);
	entry->begin = kx_log_field(reader, desc, at->position + at->begin, ring->word);
	entry->next = kx_log_field(reader, desc, at->position + at->next, ring->word);
	return true;
}

/* Where the block is, without the number it begins with. False for positions that no block has. */
static bool block_of(const struct ring *ring, const struct entry *entry, uint64_t *ret_at,
		     uint64_t *ret_size)
{
	uint64_t size = UINT64_C(1) << ring->size_bits;
	uint64_t mask = ring->word == 8 ? UINT64_MAX : UINT32_MAX;
	uint64_t length = (entry->next - entry->begin) & mask;
	uint64_t at = entry->begin & (size - 1);

	if ((entry->begin | entry->next) & (ring->word - 1) || length > size)
		return false;
	/* One that would reach past the end is at the beginning instead. */
	if (at + length > size) {
		at = 0;
		length = entry->next & (size - 1);
	}
	if (length < ring->word)
		return false;
	*ret_at = at + ring->word;
	*ret_size = length - ring->word;
	return true;
}

static bool read_info(struct ring *ring, struct entry *entry)
{
	uint64_t at = ring->infos + place_of(ring, entry->id) * ring->at.info_size;

	return kx_vmcore_read(ring->reader->core, at, entry->info, ring->at.info_size) == 0;
}

static bool read_text(struct ring *ring, const struct entry *entry, struct kx_view *ret)
{
	struct kx_log_reader *reader = ring->reader;
	struct kx_view info = kx_view_of(entry->info, ring->at.info_size);
	uint64_t size = kx_log_field(reader, info, ring->at.text_len, 2), at, room;
	uint8_t id[8];

	if (entry->begin == NO_TEXT && entry->next == NO_TEXT) {
		*ret = kx_view_of(NULL, 0);
		return true;
	}
	if (!block_of(ring, entry, &at, &room) ||
	    kx_vmcore_read(reader->core, ring->data + at - ring->word, id, ring->word) < 0 ||
	    kx_vmcore_decode(reader->core, id, ring->word) != entry->id)
		return false;
	size = size < room ? size : room;
	if (kx_vmcore_read(reader->core, ring->data + at, reader->text, size) < 0)
		return false;
	*ret = kx_view_of(reader->text, size);
	return true;
}

/* A string in at most @size bytes. */
static struct kx_view string_at(struct kx_view info, uint64_t at, uint64_t size)
{
	struct kx_view field = { 0 };
	size_t length = 0;

	if (!kx_view_sub(info, at, size, &field))
		return field;
	while (length < field.size && field.data[length])
		length++;
	return kx_view_of(field.data, length);
}

static int give(struct ring *ring, const struct entry *entry, struct kx_view text)
{
	struct kx_log_reader *reader = ring->reader;
	const struct layout *at = &ring->at;
	struct kx_view info = kx_view_of(entry->info, at->info_size);
	struct kx_log_record record = {
		.has_seq = true,
		.has_time = true,
		.has_caller = true,
		.seq = kx_log_field(reader, info, at->seq, 8),
		.ns = kx_log_field(reader, info, at->ns, 8),
		.caller = (uint32_t)kx_log_field(reader, info, at->caller, 4),
		.text = text,
		.subsystem = string_at(info, at->dev_info + at->subsystem, at->subsystem_size),
		.device = string_at(info, at->dev_info + at->device, at->device_size),
	};

	kx_log_priority(reader, info, at->text_len + 2, &record);
	return kx_log_give(reader, &record);
}

/* How many descriptors, from @id on, begin in the page in which it does: if they are missing, all of them are. */
static uint64_t lost_with(const struct ring *ring, uint64_t id)
{
	uint64_t there = (UINT64_C(1) << ring->count_bits) - place_of(ring, id);
	uint64_t lost = (kx_log_rest_of_page(address_of(ring, id)) - 1) / ring->at.desc_size + 1;

	return lost < there ? lost : there;
}

/*
 * A descriptor that a writer was about to take still has the number that it had one round before; one that it holds, or whose
 * text was overwritten, has no message. Neither is damage.
 */
static int read_entry(struct ring *ring, uint64_t id, uint64_t *ret_damaged)
{
	uint64_t round = UINT64_C(1) << ring->count_bits;
	struct kx_view text = { 0 };
	struct entry entry;

	*ret_damaged = 0;
	if (!read_desc(ring, id, &entry)) {
		*ret_damaged = lost_with(ring, id);
		return 0;
	}
	if (entry.id != id) {
		*ret_damaged = entry.id != ((id - round) & ring->id_mask);
		return 0;
	}
	if (entry.state != COMMITTED && entry.state != FINALIZED)
		return 0;
	if (!read_info(ring, &entry) || !read_text(ring, &entry, &text)) {
		*ret_damaged = 1;
		return 0;
	}
	/* Blocks do not overlap: more text than there is room for comes from damage alone. */
	if (text.size > ring->text_left) {
		ring->reader->report.cut = "its texts overlap";
		return 0;
	}
	ring->text_left -= text.size;
	return give(ring, &entry, text);
}

static int read_entries(struct ring *ring)
{
	struct kx_log_report *report = &ring->reader->report;
	uint64_t count = ((ring->head - ring->tail) & ring->id_mask) + 1, misses = 0;
	uint64_t id = ring->tail & ring->id_mask;
	uint64_t damaged;
	int r = 0;

	/* The head is what was written last. */
	if (count > UINT64_C(1) << ring->count_bits) {
		count = UINT64_C(1) << ring->count_bits;
		id = (ring->head - count + 1) & ring->id_mask;
	}
	for (uint64_t step; count && !r && !report->cut; count -= step) {
		r = read_entry(ring, id, &damaged);
		damaged = damaged < count ? damaged : count;
		step = damaged ? damaged : 1;
		id = (id + step) & ring->id_mask;
		report->damaged += damaged;
		misses = damaged ? misses + 1 : 0;
		if (misses == MISSES_MAX)
			report->cut =
				"too many descriptors in a row are damaged or not in the dump";
	}
	return r;
}

int kx_log_lockless(struct kx_log_reader *reader)
{
	struct ring ring = { .reader = reader, .word = kx_vmcore_word(reader->core) };
	uint64_t address;
	int r;

	if (!kx_log_symbol(reader, "prb", &address))
		return -ENOENT;
	ring.id_mask = (ring.word == 8 ? UINT64_MAX : UINT32_MAX) >> 2;
	r = read_layout(&ring);
	if (!r)
		r = read_ring(&ring);
	return r < 0 ? r : read_entries(&ring);
}
