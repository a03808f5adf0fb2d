// SPDX-License-Identifier: LGPL-2.1-or-later
#include "relocs.h"

#include <errno.h>
#include <inttypes.h>

#include "base/endian.h"

#define ENTRY_SIZE 4
#define IMAGE_SIZE KX_X86_KERNEL_IMAGE_SIZE
#define MAP_LOW ((uint32_t)KX_X86_KERNEL_MAP)

/* ---- reading --------------------------------------------------------------------------------- */

/* The entries up to the next zero, or the end. */
static struct kx_view cut_table(struct kx_view *rest)
{
	struct kx_view table = kx_view_of(rest->data, 0);

	while (table.size < rest->size && kx_le32(rest->data + table.size))
		table.size += ENTRY_SIZE;
	*rest = kx_view_of(rest->data + table.size, rest->size - table.size);
	return table;
}

int kx_relocs_read(struct kx_view tail, struct kx_relocs *ret, struct kx_error *err)
{
	struct kx_view tables[3], rest = tail;
	size_t count = 0;

	if (!tail.size) {
		*ret = (struct kx_relocs){ 0 };
		return 0;
	}
	if (tail.size % ENTRY_SIZE || kx_le32(tail.data))
		return kx_fail(err, EBADMSG, "%zu bytes behind the kernel are no relocations",
			       tail.size);
	while (rest.size && count < 3) {
		rest = kx_view_of(rest.data + ENTRY_SIZE, rest.size - ENTRY_SIZE);
		tables[count++] = cut_table(&rest);
	}
	if (rest.size || count < 2 || !tables[0].size || !tables[count - 1].size)
		return kx_fail(err, EBADMSG,
			       "relocations of %zu%s tables, need two or three that are not empty",
			       count, rest.size ? " and more" : "");
	*ret = (struct kx_relocs){ .add64 = tables[0], .add32 = tables[count - 1] };
	if (count == 3)
		ret->sub32 = tables[1];
	return 0;
}

/* ---- applying -------------------------------------------------------------------------------- */

/* An address in a kernel's image, as linked; or, in code that runs before there are page tables, its physical one. */
static inline bool is_address64(uint64_t value)
{
	return value - KX_X86_KERNEL_MAP <= IMAGE_SIZE || value <= IMAGE_SIZE;
}

/* The same, cut to 32 bits. */
static inline bool is_address32(uint32_t value)
{
	return (value & ~MAP_LOW) <= IMAGE_SIZE;
}

/* An address in per-CPU data less one in the kernel. */
static inline bool is_difference(uint32_t value)
{
	return value - (uint32_t)(MAP_LOW - IMAGE_SIZE) <= IMAGE_SIZE;
}

static int outside(const char *table, uint32_t entry, struct kx_error *err)
{
	return kx_fail(err, EBADMSG, "%s relocation at 0x%" PRIx32 " is outside of the kernel",
		       table, entry);
}

static int no_address(const char *table, uint32_t entry, uint64_t value, struct kx_error *err)
{
	return kx_fail(err, EBADMSG,
		       "%s relocation at 0x%" PRIx32 " is of 0x%" PRIx64
		       ", which is no address of a kernel",
		       table, entry, value);
}

/*
 * The place that @entry names, @width bytes; NULL if it is not all in one part. An entry is a virtual address cut to 32
 * bits, so its physical one is MAP_LOW below. Entries ascend: the next is in the same @part but for a few.
 */
static inline uint8_t *find_place(const struct kx_relocs_image *image, size_t *part, uint32_t entry,
				  uint64_t width)
{
	const struct kx_relocs_part *at = &image->parts[*part];
	uint32_t address = entry - MAP_LOW;

	if (__builtin_expect(at->size < width || address - at->start > at->size - width, 0)) {
		for (*part = 0; *part < image->count; ++*part) {
			at = &image->parts[*part];
			if (at->size >= width && address - at->start <= at->size - width)
				return at->bytes + (address - at->start);
		}
		*part = 0;
		return NULL;
	}
	return at->bytes + (address - at->start);
}

static int add64(struct kx_view table, const struct kx_relocs_image *image, uint64_t shift,
		 struct kx_error *err)
{
	size_t part = 0;

	for (size_t at = 0; at < table.size; at += ENTRY_SIZE) {
		uint32_t entry = kx_le32(table.data + at);
		uint8_t *place = find_place(image, &part, entry, 8);
		uint64_t value;

		if (!place)
			return outside("64-bit", entry, err);
		value = kx_le64(place);
		if (!is_address64(value))
			return no_address("64-bit", entry, value, err);
		kx_put_le64(place, value + shift);
	}
	return 0;
}

/* Both tables of 32 bits: @add is what is added, @is_known what must be found there before. */
static inline int move32(const char *name, struct kx_view table,
			 const struct kx_relocs_image *image, uint32_t add,
			 bool (*is_known)(uint32_t value), struct kx_error *err)
{
	size_t part = 0;

	for (size_t at = 0; at < table.size; at += ENTRY_SIZE) {
		uint32_t entry = kx_le32(table.data + at), value;
		uint8_t *place = find_place(image, &part, entry, 4);

		if (!place)
			return outside(name, entry, err);
		value = kx_le32(place);
		if (!is_known(value))
			return no_address(name, entry, value, err);
		kx_put_le32(place, value + add);
	}
	return 0;
}

int kx_relocs_apply(const struct kx_relocs *relocs, const struct kx_relocs_image *image,
		    uint64_t shift, struct kx_error *err)
{
	uint32_t add = (uint32_t)shift;
	int r = move32("32-bit", relocs->add32, image, add, is_address32, err);

	if (r == 0)
		r = move32("inverse 32-bit", relocs->sub32, image, -add, is_difference, err);
	return r < 0 ? r : add64(relocs->add64, image, shift, err);
}
