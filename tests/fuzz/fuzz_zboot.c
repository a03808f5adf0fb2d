// SPDX-License-Identifier: GPL-2.0-or-later
/* EFI zboot images, taken apart; what is in them is fuzz_compress's. */
#include "format/format.h"
#include "fuzz_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_view file = kx_view_of(data, size), inner;
	struct kx_source *source = source_of(data, size);
	struct kx_plan plan = { .request = { .kernel = source } };
	struct kx_error err = { 0 };
	int r = kx_format_zboot.probe(&plan.request, file, &err);

	require(r == 0 || r == -ENOEXEC || r == -EBADMSG);
	if (r < 0)
		require_message(&err);
	require(kx_format_zboot.unwrap(&plan, file, &err) == r);
	require(plan.source_count == (r == 0));
	inner = kx_source_view(plan.request.kernel);
	if (r == 0) {
		require(inside(file, inner) && inner.size);
		require(inner.data >= data + 0x40);
		touch(inner);
		kx_source_free(plan.sources[0]);
	}
	kx_source_free(source);
	return 0;
}
