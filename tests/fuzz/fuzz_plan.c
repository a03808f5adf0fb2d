// SPDX-License-Identifier: GPL-2.0-or-later
/* Any file, by the type and the entry that the first byte chooses. */
#include "fuzz_plan.h"

static const char *const types[] = {
	"bzImage64", "bzImage", "multiboot2-x86", "multiboot-x86", "elf-x86_64",
	"elf-x86",   "uki",     "nbi-x86",        "zboot",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_request request = { .method = KX_METHOD_LOAD };
	struct kx_source *source;

	if (size < 2)
		return 0;
	request.entry = (enum kx_entry_mode)((data[0] >> 6) % 3);
	request.type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
	request.kernel = source = source_of(data + 1, size - 1);
	kx_plan_free(plan_on_usual_machine(&request));
	kx_source_free(source);
	return 0;
}
