// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "format/nbi.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_view file = kx_view_of(data, size);
	struct kx_error err = { 0 };
	struct kx_nbi nbi;
	int r = kx_nbi_parse(file, &nbi, &err);

	if (r < 0) {
		require(r == -ENOEXEC || r == -EBADMSG);
		require_message(&err);
		return 0;
	}
	require(nbi.record_count >= 1 && nbi.record_count <= KX_NBI_RECORD_MAX);
	require(nbi.location < 0x110000);
	for (size_t i = 0; i < nbi.record_count; i++) {
		const struct kx_nbi_record *record = &nbi.records[i];

		require(inside(file, record->bytes));
		require(record->bytes.size <= record->memory);
		require(!record->bytes.size || record->bytes.data >= data + KX_NBI_HEADER_SIZE);
		touch(record->bytes);
	}
	return 0;
}
