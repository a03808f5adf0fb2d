// SPDX-License-Identifier: GPL-2.0-or-later
/* NBI images, and where their records go. */
#include "format/nbi.h"
#include "fuzz_plan.h"

static void try_plan(struct kx_view file, const struct kx_nbi *nbi)
{
	struct kx_source *source = source_of(file.data, file.size);
	struct kx_request request = { .kernel = source,
				      .method = KX_METHOD_LOAD,
				      .type = "nbi-x86" };
	struct kx_plan *plan = plan_on_usual_machine(&request);

	require(!plan || is_loaded(plan, nbi->location, kx_view_of(file.data, KX_NBI_HEADER_SIZE)));
	for (size_t i = 0; plan && i < nbi->record_count; i++) {
		const struct kx_nbi_record *record = &nbi->records[i];

		if (record->base == KX_NBI_ABSOLUTE && record->bytes.size)
			require(is_loaded(plan, record->address, record->bytes));
	}
	kx_plan_free(plan);
	kx_source_free(source);
}

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
	try_plan(file, &nbi);
	return 0;
}
