// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <errno.h>

#include "base/overflow.h"
#include "format/elf.h"
#include "fuzz.h"

static void require_phdr(struct kx_view file, const struct kx_elf *elf, size_t i)
{
	const struct kx_elf_phdr *ph = &elf->phdrs[i];
	struct kx_view content;
	uint64_t last;

	if (ph->filesz) {
		require(ph->offset <= file.size && ph->filesz <= file.size - ph->offset);
		content = kx_view_of(file.data + ph->offset, ph->filesz);
		touch(content);
	}
	if (ph->type != PT_LOAD || !ph->memsz)
		return;
	require(ph->filesz <= ph->memsz);
	require(!kx_add_overflow(ph->paddr, ph->memsz - 1, &last));
	for (size_t j = 0; j < i; j++) {
		const struct kx_elf_phdr *other = &elf->phdrs[j];

		if (other->type == PT_LOAD && other->memsz)
			require(other->paddr > last ||
				other->paddr + (other->memsz - 1) < ph->paddr);
	}
}

static void find_note(struct kx_view file, const struct kx_elf *elf, const char *name,
		      uint32_t type)
{
	struct kx_error err = { 0 };
	struct kx_view desc;
	int r = kx_elf_note(file, elf, name, type, &desc, &err);

	require(r == 0 || r == -ENOENT || r == -EBADMSG);
	if (r < 0) {
		require_message(&err);
		return;
	}
	require(inside(file, desc));
	touch(desc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_view file = kx_view_of(data, size);
	struct kx_error err = { 0 };
	struct kx_elf elf;
	int r = kx_elf_parse(file, &elf, &err);

	if (r < 0) {
		require(r == -ENOEXEC || r == -EBADMSG || r == -EOPNOTSUPP);
		require_message(&err);
		return 0;
	}
	require(elf.bits == 32 || elf.bits == 64);
	require(elf.phdr_count <= KX_ELF_PHDR_MAX);
	for (size_t i = 0; i < elf.phdr_count; i++)
		require_phdr(file, &elf, i);
	find_note(file, &elf, "Xen", 18);
	find_note(file, &elf, "", 0);
	return 0;
}
