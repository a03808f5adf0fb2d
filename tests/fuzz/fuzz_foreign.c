// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that are recognised, but never loaded. The first byte says where in the file the rest is: at its start, or so
 * far in that it reaches an ISO image's magic number.
 */
#include "format/format.h"
#include "fuzz_plan.h"

#define FAR 0x7f00

static void probe(const struct kx_format *format, struct kx_view file)
{
	struct kx_request request = { 0 };
	struct kx_error err = { 0 };
	int r = format->probe(&request, file, &err);

	require(r == -ENOEXEC || r == -EOPNOTSUPP);
	require_message(&err);
	require(!format->plan && !format->unwrap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = size && data[0] & 1 ? FAR : 0;
	uint8_t *copy;

	if (!size)
		return 0;
	/* Of just its size, so that a read past the end is seen. */
	copy = calloc(1, at + size - 1 ? at + size - 1 : 1);
	require(copy);
	memcpy(copy + at, data + 1, size - 1);
	probe(&kx_format_beoboot, kx_view_of(copy, at + size - 1));
	probe(&kx_format_foreign, kx_view_of(copy, at + size - 1));
	free(copy);
	return 0;
}
