// SPDX-License-Identifier: LGPL-2.1-or-later
/* Snappy's raw format (google/snappy, format_description.txt): the size, then literals and copies of what came before. */
#include <string.h>

#include "core.h"

/* A size of seven bits in each byte, the highest bit set in all but the last. */
static bool read_size(struct kx_view *in, uint32_t *ret)
{
	uint32_t size = 0;
	uint8_t byte = 0x80;

	for (unsigned shift = 0; byte & 0x80; shift += 7) {
		if (shift > 28 || !kx_view_u8(*in, 0, &byte))
			return false;
		size |= (uint32_t)(byte & 0x7f) << shift;
		kx_view_from(*in, 1, in);
	}
	*ret = size;
	return true;
}

/* @count little-endian bytes. */
static bool read_number(struct kx_view *in, unsigned count, uint32_t *ret)
{
	uint32_t number = 0;

	if (!kx_view_has(*in, 0, count))
		return false;
	for (unsigned i = 0; i < count; i++)
		number |= (uint32_t)in->data[i] << 8 * i;
	*ret = number;
	return kx_view_from(*in, count, in);
}

/* A length above 60 is in the one to four bytes that follow. */
static bool literal(struct kx_view *in, uint8_t tag, uint8_t *out, size_t room, size_t *at)
{
	uint32_t length = tag >> 2;

	if (length >= 60 && !read_number(in, length - 59, &length))
		return false;
	if (length >= room - *at || !kx_view_has(*in, 0, (uint64_t)length + 1))
		return false;
	memcpy(out + *at, in->data, (size_t)length + 1);
	*at += (size_t)length + 1;
	return kx_view_from(*in, (uint64_t)length + 1, in);
}

static bool copy(struct kx_view *in, uint8_t tag, uint8_t *out, size_t room, size_t *at)
{
	unsigned kind = tag & 3;
	size_t length = (tag >> 2) + 1u;
	uint32_t offset;

	if (!read_number(in, kind == 3 ? 4 : kind, &offset))
		return false;
	if (kind == 1) {
		length = (tag >> 2 & 7) + 4u;
		offset |= (uint32_t)(tag >> 5) << 8;
	}
	if (!offset || offset > *at || length > room - *at)
		return false;
	/* They may overlap, and then repeat. */
	for (size_t i = 0; i < length; i++, (*at)++)
		out[*at] = out[*at - offset];
	return true;
}

bool kx_snappy_page(struct kx_view in, uint8_t *out, size_t size)
{
	uint32_t said;
	size_t at = 0;
	uint8_t tag;

	if (!read_size(&in, &said) || said != size)
		return false;
	while (at < size) {
		bool done;

		if (!kx_view_u8(in, 0, &tag) || !kx_view_from(in, 1, &in))
			return false;
		done = tag & 3 ? copy(&in, tag, out, size, &at) : literal(&in, tag, out, size, &at);
		if (!done)
			return false;
	}
	return !in.size;
}
