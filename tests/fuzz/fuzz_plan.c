// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any file, by the type that the first byte chooses (compression has its own fuzzer): what a plan puts into memory is
 * in RAM, apart, and readable to its last byte.
 */
#include <errno.h>

#include "../unit/fixture_machine.h"
#include "fuzz.h"

static const char *const types[] = {
	"bzImage64", "bzImage", "multiboot2-x86", "multiboot-x86", "elf-x86_64",
	"elf-x86",   "uki",     "nbi-x86",        "zboot",
};

static void require_segment(const struct kx_plan *plan, size_t i)
{
	const struct kx_segment *s = kx_plan_segment(plan, i);

	require(s->bufsz <= s->memsz && s->memsz <= s->reserved);
	require(s->dest % 4096 == 0 && s->memsz % 4096 == 0);
	touch(kx_view_of(s->buf, s->bufsz));
	require(s->dest >= 0x1000 && s->dest + s->memsz <= GIB - 2 * MIB);
	require(s->dest + s->memsz <= 0xa0000 || s->dest >= 0x100000);
	for (size_t j = 0; j < i; j++) {
		const struct kx_segment *other = kx_plan_segment(plan, j);

		require(other->dest + other->reserved <= s->dest ||
			s->dest + s->reserved <= other->dest);
	}
}

static void make(const struct kx_machine *machine, const struct kx_request *request)
{
	struct kx_error err = { 0 };
	struct kx_plan *plan;
	int r = kx_plan_make(machine, request, &plan, &err);

	if (r < 0) {
		require(r != -ENOMEM && r != -EINVAL);
		require(err.text[0] && memchr(err.text, 0, sizeof(err.text)));
		return;
	}
	require(kx_plan_placed(plan));
	for (size_t i = 0; i < kx_plan_segment_count(plan); i++)
		require_segment(plan, i);
	kx_plan_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kx_error none;
	struct kx_request request = { .method = KX_METHOD_LOAD };
	struct fixture_machine f;
	struct kx_source *source;
	struct kx_error err = none;

	if (size < 2)
		return 0;
	request.entry = (enum kx_entry_mode)((data[0] >> 6) % 3);
	request.type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
	require(kx_source_from_memory("file", data + 1, size - 1, &source, &err) == 0);
	request.kernel = source;
	fixture_machine_init(&f);
	fixture_usual_iomem(&f);
	make(&f.m, &request);
	fixture_machine_clear(&f);
	kx_source_free(source);
	return 0;
}
