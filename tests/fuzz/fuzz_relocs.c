// SPDX-License-Identifier: GPL-2.0-or-later
/* The relocations of a kernel, read and applied to three small pieces of it: nothing but what they name may change. */
#include <errno.h>

#include "arch/x86/relocs.h"
#include "base/overflow.h"
#include "fuzz.h"

/* One after the other, apart, and too small for most. */
static const struct {
	uint64_t start, size;
} pieces[] = { { 0x1000000, 64 }, { 0x1000040, 40 }, { 0x1400000, 7 } };

#define PIECES KX_ARRAY_SIZE(pieces)
#define IMAGE_SIZE (64 + 40 + 7)

struct copies {
	uint8_t *piece[PIECES];
};

static void copies_make(struct copies *c, const uint8_t *data)
{
	for (size_t i = 0; i < PIECES; i++) {
		c->piece[i] = malloc(pieces[i].size);
		require(c->piece[i]);
		memcpy(c->piece[i], data, pieces[i].size);
		data += pieces[i].size;
	}
}

static void copies_free(struct copies *c)
{
	for (size_t i = 0; i < PIECES; i++)
		free(c->piece[i]);
}

/* Puts back, from @old, what the entries of @table name: each must be all in one piece. */
static void undo(struct kx_view table, uint64_t width, const uint8_t *old, struct copies *c)
{
	for (size_t at = 0; at < table.size; at += 4) {
		uint64_t address = kx_le32(table.data + at) - (uint64_t)0x80000000;
		const uint8_t *from = old;
		bool found = false;

		for (size_t i = 0; i < PIECES; from += pieces[i++].size)
			if (address >= pieces[i].start &&
			    address + width <= pieces[i].start + pieces[i].size) {
				memcpy(c->piece[i] + (address - pieces[i].start),
				       from + (address - pieces[i].start), width);
				found = true;
			}
		require(found);
	}
}

static void require_same(const uint8_t *old, const struct copies *c)
{
	for (size_t i = 0; i < PIECES; old += pieces[i++].size)
		require(memcmp(c->piece[i], old, pieces[i].size) == 0);
}

static void apply(const struct kx_relocs *relocs, const uint8_t *old, uint64_t shift)
{
	struct kx_relocs_image image = { .count = PIECES };
	struct kx_error err = { 0 };
	struct copies c;
	int r;

	copies_make(&c, old);
	for (size_t i = 0; i < PIECES; i++)
		image.parts[i] =
			(struct kx_relocs_part){ pieces[i].start, pieces[i].size, c.piece[i] };
	r = kx_relocs_apply(relocs, &image, shift, &err);
	require(r == 0 || r == -EBADMSG);
	if (r < 0) {
		require_message(&err);
	} else {
		if (shift) {
			undo(relocs->add32, 4, old, &c);
			undo(relocs->sub32, 4, old, &c);
			undo(relocs->add64, 8, old, &c);
		}
		require_same(old, &c);
	}
	copies_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_relocs relocs = { 0 };
	struct kx_error err = { 0 };
	struct kx_view tail;
	int r;

	if (size < IMAGE_SIZE)
		return 0;
	tail = kx_view_of(data + IMAGE_SIZE, size - IMAGE_SIZE);
	r = kx_relocs_read(tail, &relocs, &err);
	if (r < 0) {
		require(r == -EBADMSG);
		require_message(&err);
		return 0;
	}
	require(inside(tail, relocs.add64) && inside(tail, relocs.sub32) &&
		inside(tail, relocs.add32));
	/* A table of three may be empty, and looks then as if it were not there. */
	require(!tail.size ||
		tail.size - relocs.add64.size - relocs.sub32.size - relocs.add32.size <= 12);
	apply(&relocs, data, 0);
	apply(&relocs, data, 0x3e00000);
	return 0;
}
