// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ELF kernels in memory: each byte of a PT_LOAD segment must be where its program header says. The first byte chooses
 * class, arguments, initrd, and in its upper four bits the length of the command line.
 */
#include <elf.h>

#include "format/elf.h"
#include "format/elf_load.h"
#include "fuzz_plan.h"

/* Is @at in memory that the plan fills? */
static bool is_filled(const struct kx_plan *plan, uint64_t at)
{
	for (size_t i = 0; i < kx_plan_segment_count(plan); i++) {
		const struct kx_segment *s = kx_plan_segment(plan, i);

		if (at >= s->dest && at - s->dest < s->memsz)
			return true;
	}
	return false;
}

/* A position-independent file may have been moved, all of it by the same distance: the entry tells by how much. */
static void require_plan(const struct kx_plan *plan, struct kx_view file)
{
	struct kx_error err = { 0 };
	struct kx_elf elf = { 0 };
	uint64_t entry, moved;

	require(kx_elf_parse(file, &elf, &err) == 0);
	require(kx_elf_physical_entry(&elf, &entry, &err) == 0);
	moved = kx_plan_entry(plan) - entry;
	require(!moved || elf.type == ET_DYN);
	require(is_filled(plan, kx_plan_entry(plan)));
	for (size_t i = 0; i < elf.phdr_count; i++) {
		const struct kx_elf_phdr *ph = &elf.phdrs[i];

		if (ph->type != PT_LOAD || !ph->memsz)
			continue;
		require(is_filled(plan, ph->paddr + moved));
		require(is_filled(plan, ph->paddr + moved + (ph->memsz - 1)));
		if (ph->filesz)
			require(is_loaded(plan, ph->paddr + moved,
					  kx_view_of(file.data + ph->offset, ph->filesz)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t archive[] = "070701";
	char cmdline[16] = "";
	struct kx_request request = { .method = KX_METHOD_LOAD, .cmdline = cmdline };
	const struct kx_source *initrds[1];
	struct kx_source *kernel, *initrd;
	struct kx_view file;
	struct kx_plan *plan;

	if (!kx_view_from(kx_view_of(data, size), 1, &file))
		return 0;
	memset(cmdline, 'x', data[0] >> 4);
	kernel = source_of(file.data, file.size);
	initrds[0] = initrd = source_of(archive, sizeof(archive));
	request.kernel = kernel;
	request.type = data[0] & 1 ? "elf-x86_64" : "elf-x86";
	request.args = (enum kx_args_style)(data[0] >> 1 & 3);
	request.initrds = initrds;
	request.initrd_count = data[0] >> 3 & 1;
	plan = plan_on_usual_machine(&request);
	if (plan && *kx_plan_containers(plan) == '\0')
		require_plan(plan, file);
	kx_plan_free(plan);
	kx_source_free(kernel);
	kx_source_free(initrd);
	return 0;
}
