// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernels with signatures in them and behind them. */
#include "fuzz.h"

#include <errno.h>

#include "libexec/signatures.h"

static void check(struct kx_view file, const struct kx_signatures *found)
{
	const uint8_t *end = file.data;
	uint64_t covered = 0;

	require(found->count && found->count <= KX_SIGNATURE_MAX);
	require(found->part_count && found->part_count <= KX_SIGNED_PART_MAX);
	for (size_t i = 0; i < found->part_count; i++) {
		require(inside(file, found->parts[i]));
		if (!found->parts[i].size)
			continue;
		/* In their order, none twice. */
		require(found->parts[i].data >= end);
		end = found->parts[i].data + found->parts[i].size;
		covered += found->parts[i].size;
	}
	for (size_t i = 0; i < found->count; i++) {
		require(inside(file, found->signatures[i]));
		touch(found->signatures[i]);
	}
	require(covered <= file.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_view file = kx_view_of(data, size);
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
	return 0;
}
