// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kernels with signatures in them and behind them. An input is without most of the bytes that at least are signed: zeros are put
 * in behind its headers.
 */
#include "fuzz.h"

#include <errno.h>

#include "fuzz_signatures.h"
#include "libexec/signatures.h"

static void check(struct kx_view file, const struct kx_signatures *found)
{
	const uint8_t *end = file.data;
	uint64_t left_out = 0;

	require(found->count && found->count <= KX_SIGNATURE_MAX);
	require(found->part_count && found->part_count <= KX_SIGNED_PART_MAX);
	for (size_t i = 0; i < found->part_count; i++) {
		require(inside(file, found->parts[i]));
		if (!found->parts[i].size)
			continue;
		/* In their order, none twice. */
		require(found->parts[i].data >= end);
		left_out += (uint64_t)(found->parts[i].data - end);
		end = found->parts[i].data + found->parts[i].size;
	}
	/* All up to the signatures, but the checksum and the table's place. */
	require(left_out <= 4 + 8);
	require(end - file.data >= KX_SIGNED_MIN);
	for (size_t i = 0; i < found->count; i++) {
		require(inside(file, found->signatures[i]));
		require(found->signatures[i].data >= end);
		touch(found->signatures[i]);
	}
}

/* Exactly as long as it is, for AddressSanitizer. */
static uint8_t *padded(const uint8_t *data, size_t size)
{
	size_t head = size < FUZZ_PADDING_AT ? size : FUZZ_PADDING_AT;
	uint8_t *file = calloc(1, size + FUZZ_PADDING);

	if (!file)
		abort();
	if (head)
		memcpy(file, data, head);
	if (size > head)
		memcpy(file + head + FUZZ_PADDING, data + head, size - head);
	return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *content = padded(data, size);
	struct kx_view file = kx_view_of(content, size + FUZZ_PADDING);
	struct kx_signatures found;
	struct kx_error err = { 0 };
	int r = kx_signatures_of_pe(file, &found, &err);

	if (r == 0)
		check(file, &found);
	else
		require_message(&err);
	require(r == 0 || r == -ENOEXEC || r == -ENODATA || r == -EBADMSG || r == -E2BIG ||
		r == -EOPNOTSUPP);
	err = (struct kx_error){ 0 };
	r = kx_signatures_appended(file, &found, &err);
	if (r == 0)
		check(file, &found);
	else
		require_message(&err);
	require(r == 0 || r == -ENODATA || r == -EBADMSG || r == -EOPNOTSUPP);
	free(content);
	return 0;
}
