// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What people give by mistake: kernels for other machines. Nothing here is ever loaded; it is named, so that the answer
 * is not "unknown". Machines that formats here are for are theirs to name.
 */
#include "format.h"

#include <errno.h>
#include <string.h>

#include "base/overflow.h"

/* ELF's e_machine (gABI, chapter 4) and PE's Machine (PE/COFF, "Machine Types"). */
struct machine_name {
	uint16_t id;
	const char *name;
};

static const struct machine_name elf_machines[] = {
	{ 8, "mips" }, { 20, "ppc" },      { 21, "ppc64" },    { 22, "s390x" },
	{ 40, "arm" }, { 183, "aarch64" }, { 243, "riscv64" }, { 258, "loongarch64" },
};

static const struct machine_name pe_machines[] = {
	{ 0x01c2, "arm" },
	{ 0xaa64, "aarch64" },
	{ 0x5064, "riscv64" },
	{ 0x6264, "loongarch64" },
};

static const char *find(const struct machine_name *names, size_t count, uint16_t id)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].id == id)
			return names[i].name;
	return NULL;
}

static int say(struct kx_error *err, const char *what, const char *machine)
{
	if (!machine)
		return 0;
	return kx_fail(err, EOPNOTSUPP, "%s for %s cannot be loaded here", what, machine);
}

int kx_format_foreign(struct kx_view file, struct kx_error *err)
{
	uint16_t machine;
	uint32_t pe;

	/* Documentation/arm64/booting.rst, Documentation/riscv/boot-image-header.rst: magic2 of both */
	if (kx_view_equals(file, 56, "ARM\x64", 4))
		return say(err, "a kernel image", "aarch64");
	if (kx_view_equals(file, 56, "RSC\x05", 4))
		return say(err, "a kernel image", "riscv64");
	if (kx_view_equals(file, 0,
			   "\x7f"
			   "ELF",
			   4) &&
	    kx_view_le16(file, 18, &machine))
		return say(err, "an ELF file",
			   find(elf_machines, KX_ARRAY_SIZE(elf_machines), machine));
	if (kx_view_equals(file, 0, "MZ", 2) && kx_view_le32(file, 0x3c, &pe) &&
	    kx_view_equals(file, pe, "PE\0\0", 4) && kx_view_le16(file, (uint64_t)pe + 4, &machine))
		return say(err, "an EFI program",
			   find(pe_machines, KX_ARRAY_SIZE(pe_machines), machine));
	return 0;
}
