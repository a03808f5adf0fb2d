// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crash/elfcore.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/endian.h"
#include "base/overflow.h"
#include "format/elf.h"
#include "util.h"

int kx_elfcore_ram(const struct kx_machine *machine, uint64_t min, struct kx_ranges *ret)
{
	_cleanup_(kx_ranges_clear) struct kx_ranges ram = { 0 }, crash = { 0 };
	const struct kx_iomem *iomem = &machine->iomem;

	if (kx_iomem_crash(iomem, &crash) < 0)
		return -ENOMEM;
	/* "System RAM (kmem)", too: memory that a driver brought is used as any other. */
	for (size_t i = 0; i < iomem->count; i++)
		if (!strncmp(iomem->v[i].name, KX_IOMEM_RAM, strlen(KX_IOMEM_RAM)) &&
		    kx_ranges_add(&ram, iomem->v[i].start, iomem->v[i].end) < 0)
			return -ENOMEM;
	for (size_t i = 0; i < crash.count; i++)
		if (kx_ranges_remove(&ram, crash.v[i].start, crash.v[i].end) < 0)
			return -ENOMEM;
	if (kx_ranges_remove(&ram, 0, min) < 0)
		return -ENOMEM;
	*ret = ram;
	ram = (struct kx_ranges){ 0 };
	return 0;
}

/* ---- program headers ------------------------------------------------------------------------- */

struct phdrs {
	struct kx_elf_phdr *v;
	size_t count;
};

static void add_note(struct phdrs *phdrs, const struct kx_crash_note *note)
{
	if (!note->size)
		return;
	phdrs->v[phdrs->count++] = (struct kx_elf_phdr){
		.type = PT_NOTE,
		.offset = note->start,
		.paddr = note->start,
		.filesz = note->size,
		.memsz = note->size,
	};
}

static void add_load(struct phdrs *phdrs, uint64_t vaddr, uint64_t paddr, uint64_t size,
		     uint64_t offset)
{
	phdrs->v[phdrs->count++] = (struct kx_elf_phdr){
		.type = PT_LOAD,
		.flags = PF_R | PF_W | PF_X,
		.offset = offset,
		.vaddr = vaddr,
		.paddr = paddr,
		.filesz = size,
		.memsz = size,
	};
}

static void add_ram(struct phdrs *phdrs, const struct kx_elfcore *core, uint64_t start,
		    uint64_t end, uint64_t offset)
{
	const struct kx_kernel_map *map = &core->machine->crash.map;
	bool known = core->bits == 64 && map->have_direct;

	if (start < end)
		add_load(phdrs, known ? map->direct + start : 0, start, end - start, offset);
}

/* One piece of memory, cut where the backup begins and ends. */
static void add_range(struct phdrs *phdrs, const struct kx_elfcore *core,
		      const struct kx_range *range)
{
	uint64_t from = range->start > core->backup.start ? range->start : core->backup.start;
	uint64_t to = range->end < core->backup.end ? range->end : core->backup.end;

	if (from >= to) {
		add_ram(phdrs, core, range->start, range->end, range->start);
		return;
	}
	add_ram(phdrs, core, range->start, from, range->start);
	add_ram(phdrs, core, from, to, core->backup_at + (from - core->backup.start));
	add_ram(phdrs, core, to, range->end, to);
}

/* In the order in which the kernel has them. */
static int collect(const struct kx_elfcore *core, struct phdrs *ret, struct kx_error *err)
{
	const struct kx_crash *crash = &core->machine->crash;
	size_t most = crash->note_count + 2 + 3 * core->ram->count;

	ret->v = calloc(most, sizeof(*ret->v));
	if (!ret->v)
		return kx_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < crash->note_count; i++)
		add_note(ret, &crash->notes[i]);
	add_note(ret, &crash->vmcoreinfo);
	if (core->bits == 64 && crash->map.text_size)
		add_load(ret, crash->map.text, crash->map.text_phys, crash->map.text_size,
			 crash->map.text_phys);
	for (size_t i = 0; i < core->ram->count; i++)
		add_range(ret, core, &core->ram->v[i]);
	if (ret->count >= PN_XNUM)
		return kx_fail(err, ENOSPC,
			       "a dump of this machine has %zu pieces, at most %d can be described",
			       ret->count, PN_XNUM - 1);
	return 0;
}

/* ---- as bytes -------------------------------------------------------------------------------- */

static void put_ident(uint8_t *at, uint8_t class)
{
	static const uint8_t magic[SELFMAG] = { 0x7f, 'E', 'L', 'F' };

	memcpy(at, magic, sizeof(magic));
	at[EI_CLASS] = class;
	at[EI_DATA] = ELFDATA2LSB;
	at[EI_VERSION] = EV_CURRENT;
}

static void put_64(uint8_t *at, const struct phdrs *phdrs)
{
	put_ident(at, ELFCLASS64);
	kx_put_le16(at + offsetof(Elf64_Ehdr, e_type), ET_CORE);
	kx_put_le16(at + offsetof(Elf64_Ehdr, e_machine), EM_X86_64);
	kx_put_le32(at + offsetof(Elf64_Ehdr, e_version), EV_CURRENT);
	kx_put_le64(at + offsetof(Elf64_Ehdr, e_phoff), sizeof(Elf64_Ehdr));
	kx_put_le16(at + offsetof(Elf64_Ehdr, e_ehsize), sizeof(Elf64_Ehdr));
	kx_put_le16(at + offsetof(Elf64_Ehdr, e_phentsize), sizeof(Elf64_Phdr));
	kx_put_le16(at + offsetof(Elf64_Ehdr, e_phnum), (uint16_t)phdrs->count);
	at += sizeof(Elf64_Ehdr);
	for (size_t i = 0; i < phdrs->count; i++, at += sizeof(Elf64_Phdr)) {
		const struct kx_elf_phdr *ph = &phdrs->v[i];

		kx_put_le32(at + offsetof(Elf64_Phdr, p_type), ph->type);
		kx_put_le32(at + offsetof(Elf64_Phdr, p_flags), ph->flags);
		kx_put_le64(at + offsetof(Elf64_Phdr, p_offset), ph->offset);
		kx_put_le64(at + offsetof(Elf64_Phdr, p_vaddr), ph->vaddr);
		kx_put_le64(at + offsetof(Elf64_Phdr, p_paddr), ph->paddr);
		kx_put_le64(at + offsetof(Elf64_Phdr, p_filesz), ph->filesz);
		kx_put_le64(at + offsetof(Elf64_Phdr, p_memsz), ph->memsz);
	}
}

/* The machine stays that of the dump: the capture kernel, 64-bit too, takes no other (elf_check_arch()). */
static void put_32(uint8_t *at, const struct phdrs *phdrs)
{
	put_ident(at, ELFCLASS32);
	kx_put_le16(at + offsetof(Elf32_Ehdr, e_type), ET_CORE);
	kx_put_le16(at + offsetof(Elf32_Ehdr, e_machine), EM_X86_64);
	kx_put_le32(at + offsetof(Elf32_Ehdr, e_version), EV_CURRENT);
	kx_put_le32(at + offsetof(Elf32_Ehdr, e_phoff), sizeof(Elf32_Ehdr));
	kx_put_le16(at + offsetof(Elf32_Ehdr, e_ehsize), sizeof(Elf32_Ehdr));
	kx_put_le16(at + offsetof(Elf32_Ehdr, e_phentsize), sizeof(Elf32_Phdr));
	kx_put_le16(at + offsetof(Elf32_Ehdr, e_phnum), (uint16_t)phdrs->count);
	at += sizeof(Elf32_Ehdr);
	for (size_t i = 0; i < phdrs->count; i++, at += sizeof(Elf32_Phdr)) {
		const struct kx_elf_phdr *ph = &phdrs->v[i];

		kx_put_le32(at + offsetof(Elf32_Phdr, p_type), ph->type);
		kx_put_le32(at + offsetof(Elf32_Phdr, p_flags), ph->flags);
		kx_put_le32(at + offsetof(Elf32_Phdr, p_offset), (uint32_t)ph->offset);
		kx_put_le32(at + offsetof(Elf32_Phdr, p_paddr), (uint32_t)ph->paddr);
		kx_put_le32(at + offsetof(Elf32_Phdr, p_filesz), (uint32_t)ph->filesz);
		kx_put_le32(at + offsetof(Elf32_Phdr, p_memsz), (uint32_t)ph->memsz);
	}
}

static int check_32(const struct phdrs *phdrs, struct kx_error *err)
{
	for (size_t i = 0; i < phdrs->count; i++) {
		const struct kx_elf_phdr *ph = &phdrs->v[i];
		uint64_t end = ph->paddr + ph->filesz;

		if (ph->paddr <= UINT32_MAX && ph->offset <= UINT32_MAX &&
		    end <= (uint64_t)UINT32_MAX + 1 && ph->filesz <= UINT32_MAX)
			continue;
		return kx_fail(err, EOPNOTSUPP,
			       "32-bit core headers reach up to 4 GiB, and this machine has memory "
			       "up to 0x%" PRIx64 "; leave --elf32-core-headers out",
			       end);
	}
	return 0;
}

int kx_elfcore_make(const struct kx_elfcore *core, uint8_t **ret, size_t *ret_size,
		    struct kx_error *err)
{
	bool wide = core->bits == 64;
	size_t header = wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	size_t entry = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	struct phdrs phdrs = { 0 };
	_cleanup_free_ uint8_t *bytes = NULL;
	int r = collect(core, &phdrs, err);

	if (r == 0 && !wide)
		r = check_32(&phdrs, err);
	if (r == 0) {
		bytes = calloc(1, header + phdrs.count * entry);
		r = bytes ? 0 : kx_fail(err, ENOMEM, "out of memory");
	}
	if (bytes && wide)
		put_64(bytes, &phdrs);
	else if (bytes)
		put_32(bytes, &phdrs);
	free(phdrs.v);
	if (r < 0)
		return r;
	*ret = kx_steal(bytes);
	*ret_size = header + phdrs.count * entry;
	return 0;
}
