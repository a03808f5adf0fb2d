// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /proc/kcore is a core dump of the running kernel (fs/proc/kcore.c): its program headers say where the image is, and
 * where all memory is, in virtual and, since 4.17, in physical addresses. Nothing but the headers is read, and nothing of
 * them is saved.
 */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/endian.h"
#include "machine/readers.h"
#include "util.h"

/* A header for each range of memory, and a handful more; and enough to bound the work. */
#define PHDR_MAX 4096

/* Documentation/x86/x86_64/mm.rst: the kernel's image is in here, modules behind it; the direct map is below. */
#define IMAGE_START UINT64_C(0xffffffff80000000)
#define IMAGE_END UINT64_C(0xffffffffc0000000)
#define KERNEL_HALF UINT64_C(0xff00000000000000)

static void note_header(const uint8_t *ph, struct kx_kernel_map *map, bool *contradicts)
{
	uint64_t vaddr = kx_le64(ph + offsetof(Elf64_Phdr, p_vaddr));
	uint64_t paddr = kx_le64(ph + offsetof(Elf64_Phdr, p_paddr));
	uint64_t size = kx_le64(ph + offsetof(Elf64_Phdr, p_memsz));

	/* What has no one physical address says -1. */
	if (kx_le32(ph) != PT_LOAD || paddr == UINT64_MAX || vaddr < KERNEL_HALF || !size)
		return;
	/* Before 4.17 all say 0, where no kernel is. */
	if (vaddr >= IMAGE_START && !paddr)
		return;
	if (vaddr >= IMAGE_START && vaddr < IMAGE_END) {
		map->text = vaddr;
		map->text_phys = paddr;
		map->text_size = size;
	} else if (vaddr < IMAGE_START) {
		*contradicts |= map->have_direct && map->direct != vaddr - paddr;
		map->have_direct = true;
		map->direct = vaddr - paddr;
	}
}

int kx_kcore_parse(struct kx_view head, struct kx_kernel_map *ret, struct kx_error *err)
{
	struct kx_kernel_map map = { 0 };
	bool contradicts = false;
	struct kx_view phdrs;
	uint16_t count = 0, size = 0;

	if (!kx_view_equals(head, 0, "\177ELF\2\1", 6) ||
	    !kx_view_le16(head, offsetof(Elf64_Ehdr, e_phnum), &count) ||
	    !kx_view_le16(head, offsetof(Elf64_Ehdr, e_phentsize), &size) ||
	    size != sizeof(Elf64_Phdr) ||
	    !kx_view_sub(head, sizeof(Elf64_Ehdr), (uint64_t)count * size, &phdrs))
		return kx_fail(err, EBADMSG, "/proc/kcore: no 64-bit ELF headers");
	for (size_t i = 0; i < count; i++)
		note_header(phdrs.data + i * size, &map, &contradicts);
	if (contradicts)
		map.have_direct = false;
	*ret = map;
	return 0;
}

static ssize_t read_all(int fd, uint8_t *to, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, to + done, size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int kx_read_kernel_map(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	_cleanup_(kx_closep) int fd = kx_root_file(root, "/proc/kcore");
	_cleanup_free_ uint8_t *head = NULL;
	Elf64_Ehdr first;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read_all(fd, (uint8_t *)&first, sizeof(first));
	if (n != sizeof(first) || le16toh(first.e_phnum) > PHDR_MAX)
		return n < 0 ? (int)n : kx_fail(err, EBADMSG, "/proc/kcore: no ELF header");
	n = (ssize_t)(sizeof(first) + le16toh(first.e_phnum) * sizeof(Elf64_Phdr));
	head = malloc((size_t)n);
	if (!head)
		return -ENOMEM;
	n = read_all(fd, head, (size_t)n);
	return n < 0 ? (int)n
		     : kx_kcore_parse(kx_view_of(head, (size_t)n), &machine->crash.map, err);
}
