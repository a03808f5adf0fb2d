// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vmcore.h"

#include <errno.h>
#include <string.h>

#include "core.h"
#include "util.h"
#include "vmcoreinfo.h"

/* What makedumpfile writes to a pipe begins so (its -F). */
#define FLATTENED "makedumpfile"

static void freep(struct kx_vmcore **core)
{
	kx_vmcore_free(*core);
}

void kx_vmcore_free(struct kx_vmcore *core)
{
	if (!core)
		return;
	kx_kdump_free(core->kdump);
	free(core->segments);
	free((void *)(uintptr_t)core->info.data);
	free(core);
}

int kx_vmcore_keep_info(struct kx_vmcore *core, uint64_t offset, uint64_t size)
{
	_cleanup_free_ uint8_t *text = NULL;
	int r;

	if (!size || size > KX_VMCOREINFO_MAX)
		return -ENODATA;
	text = malloc(size);
	if (!text)
		return -ENOMEM;
	r = kx_vmcore_read_file(core, offset, text, size);
	if (r < 0)
		return r;
	free((void *)(uintptr_t)core->info.data);
	core->info = kx_view_of(kx_steal(text), size);
	return 0;
}

static int open_format(struct kx_vmcore *core, struct kx_error *err)
{
	char magic[sizeof(FLATTENED) - 1] = "";
	int r = kx_elf_core_open(core, err);

	if (r == -ENOEXEC)
		r = kx_kdump_open(core, err);
	if (r != -ENOEXEC)
		return r;
	if (!kx_vmcore_read_file(core, 0, magic, sizeof(magic)) &&
	    !memcmp(magic, FLATTENED, sizeof(magic)))
		return kx_fail(
			err, EOPNOTSUPP,
			"it is in makedumpfile's flattened format, which can only be read in "
			"order; put it in order with: makedumpfile -R NEW < DUMP");
	return kx_fail(err, ENOEXEC,
		       "it is no dump: neither an ELF core file nor made by makedumpfile");
}

/* A kernel of 32 bits may have headers of 64, and the other way round: a kernel's own address tells. */
static void find_word(struct kx_vmcore *core)
{
	uint64_t text;

	core->word = core->wide_file ? 8 : 4;
	if (kx_vmcoreinfo_number(core->info, "SYMBOL", "_stext", &text))
		core->word = text > UINT32_MAX ? 8 : 4;
}

int kx_vmcore_open(const struct kx_vmcore_io *io, struct kx_vmcore **ret, struct kx_error *err)
{
	_cleanup_(freep) struct kx_vmcore *core = calloc(1, sizeof(*core));
	int r;

	if (!core)
		return kx_fail(err, ENOMEM, "no memory to read a dump");
	core->io = *io;
	r = open_format(core, err);
	if (r < 0)
		return r;
	if (!core->info.size)
		return kx_fail(
			err, ENODATA,
			"it has no VMCOREINFO, without which nothing in it can be found; QEMU "
			"writes it with -device vmcoreinfo");
	find_word(core);
	kx_x86_prepare(core);
	*ret = kx_steal(core);
	return 0;
}

struct kx_view kx_vmcore_info(const struct kx_vmcore *core)
{
	return core->info;
}

uint64_t kx_vmcore_missing(const struct kx_vmcore *core)
{
	return core->missing;
}

size_t kx_vmcore_word(const struct kx_vmcore *core)
{
	return core->word;
}

uint64_t kx_vmcore_decode(const struct kx_vmcore *core, const void *p, size_t size)
{
	const uint8_t *b = p;
	uint64_t number = 0;

	for (size_t i = 0; i < size; i++)
		number |= (uint64_t)b[i] << 8 * (core->big ? size - 1 - i : i);
	return number;
}

int kx_vmcore_read_phys(struct kx_vmcore *core, uint64_t pa, void *to, size_t size)
{
	return core->kdump ? kx_kdump_read(core, pa, to, size)
			   : kx_elf_core_read(core, pa, to, size);
}

int kx_vmcore_read(struct kx_vmcore *core, uint64_t va, void *to, size_t size)
{
	uint8_t *out = to;

	while (size) {
		uint64_t pa, run;
		size_t part;
		int r;

		if (!kx_elf_core_translate(core, va, &pa, &run) &&
		    !kx_x86_translate(core, va, &pa, &run))
			return -ENODATA;
		part = run < size ? (size_t)run : size;
		r = kx_vmcore_read_phys(core, pa, out, part);
		if (r < 0)
			return r;
		out += part;
		va += part;
		size -= part;
	}
	return 0;
}
