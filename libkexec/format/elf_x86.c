// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ELF kernels for x86, each entered in the mode of its class: vmlinux by boot_params (Documentation/arch/x86/boot.rst,
 * "64-bit Boot Protocol", "32-bit Boot Protocol"), others by ELF boot notes, or with nothing at all.
 */
#include "format.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "arch/x86/boot_params.h"
#include "arch/x86/entry.h"
#include "base/overflow.h"
#include "bzimage.h"
#include "elf_load.h"
#include "linux_x86.h"

#define LINUX_ALIGN (UINT64_C(2) << 20)

/*
 * ELF boot notes, as Etherboot defined them (its include/elf_boot.h): a header with its own checksum, then notes named
 * ELFBoot. A 32-bit kernel finds the signature in eax and the address in ebx; a 64-bit one the address in rdi.
 */
#define NOTES_SIGNATURE 0x0e1fb007
#define NOTES_HEADER 12
#define NOTES_NAME "ELFBoot"
enum { NOTE_LOADER_NAME = 2, NOTE_LOADER_VERSION = 3, NOTE_CMDLINE = 4 };

/* ---- what kind of file ----------------------------------------------------------------------- */

static int parse(struct kx_view file, uint16_t machine, unsigned bits, struct kx_elf *elf,
		 struct kx_error *err)
{
	int r = kx_elf_parse(file, elf, err);

	if (r < 0)
		return r;
	if (elf->machine != machine || elf->bits != bits)
		return kx_fail(err, ENOEXEC, "%u-bit ELF file for machine %u, need %u-bit for %u",
			       elf->bits, elf->machine, bits, machine);
	for (size_t i = 0; i < elf->phdr_count; i++)
		if (elf->phdrs[i].type == PT_INTERP)
			return kx_fail(err, EOPNOTSUPP,
				       "is a program for an operating system, not a kernel");
	if (elf->type != ET_EXEC && elf->type != ET_DYN)
		return kx_fail(err, EOPNOTSUPP,
			       elf->type == ET_REL
				       ? "is an object file or kernel module, not a kernel"
				       : "is no executable ELF file");
	return 0;
}

static int probe64(const struct kx_request *request, struct kx_view file, struct kx_error *err)
{
	struct kx_elf elf;

	return parse(file, EM_X86_64, 64, &elf, err);
}

static int probe32(const struct kx_request *request, struct kx_view file, struct kx_error *err)
{
	struct kx_elf elf;

	return parse(file, EM_386, 32, &elf, err);
}

/* vmlinux says so in its notes: include/linux/elfnote.h's users, and Xen's for its guests. */
static bool is_linux(struct kx_view file, const struct kx_elf *elf)
{
	static const struct {
		const char *name;
		uint32_t type;
	} notes[] = { { "Linux", 0x100 }, { "Linux", 0x101 } };
	struct kx_error ignored;
	struct kx_view desc;

	for (size_t i = 0; i < KX_ARRAY_SIZE(notes); i++)
		if (kx_elf_note(file, elf, notes[i].name, notes[i].type, &desc, &ignored) == 0)
			return true;
	/* XEN_ELFNOTE_GUEST_OS */
	return kx_elf_note(file, elf, "Xen", 6, &desc, &ignored) == 0 &&
	       kx_view_equals(desc, 0, "linux", 5);
}

static enum kx_args_style style_of(const struct kx_plan *plan, struct kx_view file,
				   const struct kx_elf *elf)
{
	if (plan->request.args != KX_ARGS_AUTO)
		return plan->request.args;
	return is_linux(file, elf) ? KX_ARGS_LINUX : KX_ARGS_ELF;
}

static int check(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	struct kx_elf elf;
	uint64_t entry;
	int r = kx_elf_parse(file, &elf, err);

	if (r == 0)
		r = kx_elf_physical_entry(&elf, &entry, err);
	if (r < 0)
		return r;
	if (style_of(plan, file, &elf) != KX_ARGS_LINUX) {
		if (kx_plan_panic(plan))
			return kx_fail(err, EOPNOTSUPP,
				       "this ELF kernel cannot be loaded for a panic: only Linux "
				       "reads a dump; if it is Linux, say so by --args-linux");
		if (plan->request.dtb)
			return kx_fail(
				err, EOPNOTSUPP,
				"this ELF kernel takes no device tree; if it is Linux, say so "
				"by --args-linux");
		if (plan->request.initrd_count)
			return kx_fail(err, EOPNOTSUPP,
				       "this ELF kernel takes no initrd; if it is Linux, say so by "
				       "--args-linux");
		return 0;
	}
	return kx_linux_check_cmdline(plan, KX_X86_CMDLINE_MAX, "this kernel", err);
}

static int file_load(const struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	return kx_fail(err, EOPNOTSUPP, "on x86 it takes no ELF kernel");
}

/* ---- arguments ------------------------------------------------------------------------------- */

/*
 * The setup header that a bzImage would have brought. vmlinux has none, and reads little of it: magic and version tell
 * that the rest is there.
 */
static const uint8_t setup_header[0x26c - KX_SETUP_HEADER_OFFSET] = {
	[0x1fe - KX_SETUP_HEADER_OFFSET] = 0x55, 0xaa, 0xeb, 0x6a, 'H', 'd', 'r', 'S', 0x0f, 0x02,
};

static int add_linux_args(struct kx_plan *plan, uint64_t max, uint64_t *ret, struct kx_error *err)
{
	struct kx_bzimage image = { .setup_header = kx_view_of(setup_header, sizeof(setup_header)),
				    .loadflags = KX_LOADED_HIGH };
	struct kx_place place = { .align = KX_PAGE_SIZE, .max = max };
	uint64_t initrd = 0, initrd_size = 0;
	int r = kx_x86_place_initrd(plan, max, NULL, &initrd, &initrd_size, err);

	return r < 0 ? r : kx_x86_boot_params(plan, &image, initrd, initrd_size, &place, ret, err);
}

static size_t note_size(const char *text)
{
	return 12 + sizeof(NOTES_NAME) + (size_t)kx_align_up(strlen(text) + 1, 4);
}

static uint8_t *put_note(uint8_t *at, uint32_t type, const char *text)
{
	kx_put_le32(at, sizeof(NOTES_NAME));
	kx_put_le32(at + 4, (uint32_t)strlen(text) + 1);
	kx_put_le32(at + 8, type);
	memcpy(at + 12, NOTES_NAME, sizeof(NOTES_NAME));
	memcpy(at + 12 + sizeof(NOTES_NAME), text, strlen(text) + 1);
	return at + note_size(text);
}

/* As IP's: ones' complement of the ones' complement sum of 16-bit words (RFC 1071); @size is even. */
static uint16_t checksum(const uint8_t *p, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i += 2)
		sum += kx_le16(p + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static int add_notes(struct kx_plan *plan, uint64_t max, uint64_t *ret, struct kx_error *err)
{
	struct kx_place place = { .align = KX_PAGE_SIZE, .max = max };
	struct kx_segment segment = { .name = "boot notes" };
	uint8_t *buf, *at;
	int r;

	place.size = segment.bufsz = segment.memsz = NOTES_HEADER + note_size("kexec-next") +
						     note_size(KX_VERSION) +
						     note_size(plan->cmdline);
	buf = kx_plan_alloc(plan, segment.bufsz, err);
	if (!buf)
		return -ENOMEM;
	kx_put_le32(buf, NOTES_SIGNATURE);
	kx_put_le32(buf + 4, (uint32_t)segment.bufsz);
	kx_put_le16(buf + 10, 3);
	at = put_note(buf + NOTES_HEADER, NOTE_LOADER_NAME, "kexec-next");
	at = put_note(at, NOTE_LOADER_VERSION, KX_VERSION);
	put_note(at, NOTE_CMDLINE, plan->cmdline);
	kx_put_le16(buf + 8, checksum(buf, segment.bufsz));
	segment.buf = buf;
	r = kx_plan_place(plan, "boot notes", &place, &segment.dest, err);
	if (r < 0)
		return r;
	*ret = segment.dest;
	return kx_plan_add(plan, &segment, err, "command line as an ELF boot note");
}

/* ---- plan ------------------------------------------------------------------------------------ */

static int add_args(struct kx_plan *plan, enum kx_args_style style, struct kx_x86_entry *entry,
		    struct kx_error *err)
{
	bool wide = entry->mode == KX_MODE_64;
	uint64_t max = wide ? UINT64_MAX : KX_X86_FOUR_GIB, notes = 0;
	int r;

	if (style == KX_ARGS_NONE) {
		if (*plan->cmdline)
			kx_plan_warn(plan,
				     "the command line is not handed over, as --args-none says");
		return 0;
	}
	if (style == KX_ARGS_LINUX)
		return add_linux_args(plan, max, &entry->regs.si, err);
	r = add_notes(plan, max, &notes, err);
	entry->regs.di = wide ? notes : 0;
	entry->regs.ax = wide ? 0 : NOTES_SIGNATURE;
	entry->regs.bx = wide ? 0 : notes;
	return r;
}

/*
 * 64-bit Linux runs wherever it is entered, at a multiple of 2 MiB (__startup_64() in arch/x86/kernel/head64.c): what says
 * where it goes is the place kept for it.
 */
static int relocate(struct kx_plan *plan, struct kx_elf *elf, struct kx_error *err)
{
	struct kx_place where = { .align = LINUX_ALIGN, .max = UINT64_MAX, .low_first = true };

	return kx_elf_relocate(plan, elf, kx_plan_panic(plan) ? &where : NULL, err);
}

static int plan(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	struct kx_x86_entry entry = { .mode = KX_MODE_64 };
	struct kx_elf elf;
	int r = kx_elf_parse(file, &elf, err);

	if (r == 0)
		r = relocate(plan, &elf, err);
	if (r == 0)
		r = kx_elf_physical_entry(&elf, &entry.ip, err);
	if (r == 0)
		r = kx_x86_find_memmap(plan, err);
	if (r == 0)
		r = kx_elf_place(plan, file, &elf, err);
	if (r < 0)
		return r;
	if (elf.bits == 32)
		entry.mode = KX_MODE_32;
	r = add_args(plan, style_of(plan, file, &elf), &entry, err);
	return r < 0 ? r : kx_x86_purgatory(plan, &entry, err);
}

const struct kx_format kx_format_elf_x86_64 = {
	.name = "elf-x86_64",
	.summary = "64-bit ELF kernel, such as vmlinux",
	.arch = KX_ARCH_X86_64,
	.takes_args = true,
	.captures = true,
	.probe = probe64,
	.check = check,
	.file_load = file_load,
	.plan = plan,
};

const struct kx_format kx_format_elf_x86 = {
	.name = "elf-x86",
	.summary = "32-bit ELF kernel",
	.arch = KX_ARCH_X86_64,
	.takes_args = true,
	.probe = probe32,
	.check = check,
	.file_load = file_load,
	.plan = plan,
};
