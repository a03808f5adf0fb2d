// SPDX-License-Identifier: GPL-2.0-or-later
/* ELF kernels on x86: which mode, which segments, which arguments. */
#include "fixture_plan.h"

#include "abi/handoff.h"
#include "arch/x86/boot_params.h"
#include "format/elf_load.h"
#include "sample_elf.h"

static struct sample_elf elf;

static void add_load(unsigned i, uint64_t vaddr, uint64_t paddr, uint64_t offset, uint64_t filesz,
		     uint64_t memsz)
{
	sample_elf_phdr(&elf, i,
			&(Elf64_Phdr){ .p_type = PT_LOAD,
				       .p_offset = offset,
				       .p_vaddr = vaddr,
				       .p_paddr = paddr,
				       .p_filesz = filesz,
				       .p_memsz = memsz });
}

/* One segment of 256 bytes at 16 MiB, entered 16 bytes into it. */
static void sample(struct fixture *f, unsigned bits)
{
	sample_elf_init(&elf, bits);
	memset(elf.data + SAMPLE_ELF_CONTENT, 0xc3, 512);
	add_load(0, 0x1000000, 0x1000000, SAMPLE_ELF_CONTENT, 256, 8192);
	if (bits == 64)
		SE_PUT64(&elf, Elf64_Ehdr, e_entry, 0x1000010);
	else
		SE_PUT32(&elf, Elf32_Ehdr, e_entry, 0x1000010);
	f->request.kernel = add_source(f, "vmlinux", elf.data, sizeof(elf.data));
}

/* Says that it is Linux, in the words of Linux' build salt. */
static void sample_linux(struct fixture *f, unsigned bits)
{
	size_t end;

	sample(f, bits);
	end = sample_elf_note(&elf, SAMPLE_ELF_CONTENT + 1024, "Linux", 0x100, "salt", 4, 4);
	sample_elf_phdr(&elf, 1,
			&(Elf64_Phdr){ .p_type = PT_NOTE,
				       .p_offset = SAMPLE_ELF_CONTENT + 1024,
				       .p_filesz = end - SAMPLE_ELF_CONTENT - 1024,
				       .p_align = 4 });
}

static const struct kx_handoff *handoff(const struct fixture *f)
{
	return f->plan->handoff;
}

static void linux_gets_boot_params(void **state)
{
	static const struct {
		unsigned bits;
		const char *format;
		uint32_t mode;
	} samples[] = {
		{ 64, "elf-x86_64", KX_MODE_64 },
		{ 32, "elf-x86", KX_MODE_32 },
	};
	struct fixture *f = *state;
	const struct kx_source *initrds[] = { add_source(f, "initrd", "INITRD", 6) };
	const uint8_t *bp;

	for (size_t i = 0; i < 2; i++) {
		sample_linux(f, samples[i].bits);
		f->request.initrds = initrds;
		f->request.initrd_count = 1;
		f->request.cmdline = "quiet";
		assert_made(f);
		assert_string_equal(kx_plan_format(f->plan), samples[i].format);
		assert_int_equal(handoff(f)->mode, samples[i].mode);
		assert_int_equal(handoff(f)->entry, 0x1000010);
		assert_int_equal(handoff(f)->regs.si, segment(f, "boot_params")->dest);
		assert_int_equal(handoff(f)->regs.bx | handoff(f)->regs.ax | handoff(f)->regs.di,
				 0);
		bp = segment(f, "boot_params")->buf;
		assert_int_equal(kx_le16(bp + 0x1fe), 0xaa55);
		assert_memory_equal(bp + 0x202, "HdrS\x0f\x02", 6);
		assert_int_equal(kx_le32(bp + KX_BP_RAMDISK_IMAGE), segment(f, "initrd")->dest);
		assert_int_equal(kx_le32(bp + KX_BP_RAMDISK_SIZE), 6);
		assert_int_equal(bp[KX_BP_LOADFLAGS], 1);
	}
}

static void xen_note_says_linux_too(void **state)
{
	struct fixture *f = *state;
	size_t end;

	sample(f, 64);
	end = sample_elf_note(&elf, SAMPLE_ELF_CONTENT + 1024, "Xen", 6, "linux", 6, 4);
	sample_elf_phdr(&elf, 1,
			&(Elf64_Phdr){ .p_type = PT_NOTE,
				       .p_offset = SAMPLE_ELF_CONTENT + 1024,
				       .p_filesz = end - SAMPLE_ELF_CONTENT - 1024,
				       .p_align = 4 });
	assert_made(f);
	segment(f, "boot_params");
	memcpy(elf.data + SAMPLE_ELF_CONTENT + 1024 + 16, "other", 6);
	assert_made(f);
	segment(f, "boot notes");
}

static void others_get_boot_notes(void **state)
{
	struct fixture *f = *state;
	const struct kx_segment *notes;
	const uint8_t *p;
	uint32_t sum = 0;

	f->request.cmdline = "a b";
	sample(f, 32);
	assert_made(f);
	notes = segment(f, "boot notes");
	assert_int_equal(handoff(f)->regs.ax, 0x0e1fb007);
	assert_int_equal(handoff(f)->regs.bx, notes->dest);
	assert_in_range(notes->dest, 0x1000, UINT32_MAX);
	p = notes->buf;
	assert_int_equal(kx_le32(p), 0x0e1fb007);
	assert_int_equal(kx_le32(p + 4), notes->bufsz);
	assert_int_equal(kx_le16(p + 10), 3);
	for (size_t i = 0; i < notes->bufsz; i += 2)
		sum += kx_le16(p + i);
	assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
	assert_non_null(
		memmem(p, notes->bufsz, "\x08\0\0\0\x04\0\0\0\x04\0\0\0ELFBoot\0a b\0", 24));

	sample(f, 64);
	assert_made(f);
	assert_int_equal(handoff(f)->regs.di, segment(f, "boot notes")->dest);
	assert_int_equal(handoff(f)->regs.ax | handoff(f)->regs.bx, 0);
}

static void style_can_be_asked_for(void **state)
{
	struct fixture *f = *state;

	sample(f, 64);
	f->request.args = KX_ARGS_LINUX;
	assert_made(f);
	segment(f, "boot_params");
	f->request.args = KX_ARGS_NONE;
	assert_made(f);
	assert_int_equal(kx_plan_segment_count(f->plan), 2);
	assert_int_equal(kx_plan_warning_count(f->plan), 0);
	f->request.cmdline = "quiet";
	assert_made(f);
	assert_non_null(strstr(kx_plan_warning(f->plan, 0), "not handed over"));
	f->request.dtb = f->request.kernel;
	assert_refused(f, -EOPNOTSUPP, "takes no device tree");
	f->request.dtb = NULL;
	f->request.entry = KX_ENTRY_32;
	assert_refused(f, -EOPNOTSUPP, "elf-x86_64 has no other entry");
	f->request.entry = KX_ENTRY_AUTO;
	sample_linux(f, 64);
	f->request.args = KX_ARGS_ELF;
	assert_made(f);
	segment(f, "boot notes");
}

static void virtual_entry_is_translated(void **state)
{
	struct fixture *f = *state;

	sample(f, 32);
	add_load(0, 0xc0000000, 0x1000000, SAMPLE_ELF_CONTENT, 256, 8192);
	SE_PUT32(&elf, Elf32_Ehdr, e_entry, 0xc0000010);
	assert_made(f);
	assert_int_equal(handoff(f)->entry, 0x1000010);
	/* Physical, where no virtual address is meant: x86_64's vmlinux. */
	SE_PUT32(&elf, Elf32_Ehdr, e_entry, 0x1000020);
	assert_made(f);
	assert_int_equal(handoff(f)->entry, 0x1000020);
	SE_PUT32(&elf, Elf32_Ehdr, e_entry, 0x1002000);
	assert_refused(f, -EBADMSG, "no segment holds its entry 0x1002000");
	SE_PUT32(&elf, Elf32_Ehdr, e_entry, 0xbfffffff);
	assert_refused(f, -EBADMSG, "no segment holds its entry 0xbfffffff");
}

/* Two that share a page, in the wrong order, and one apart. */
static void segments_that_share_a_page_become_one(void **state)
{
	struct fixture *f = *state;
	const struct kx_segment *s;

	sample(f, 64);
	elf.data[SAMPLE_ELF_CONTENT + 300] = 0x11;
	add_load(0, 0x1000100, 0x1000100, SAMPLE_ELF_CONTENT, 256, 256);
	add_load(1, 0x2000000, 0x2000000, SAMPLE_ELF_CONTENT, 16, 16);
	add_load(2, 0x1000010, 0x1000010, SAMPLE_ELF_CONTENT + 300, 4, 16);
	assert_made(f);
	s = kx_plan_segment(f->plan, 0);
	assert_int_equal(s->dest, 0x1000000);
	assert_int_equal(s->bufsz, 0x200);
	assert_int_equal(s->memsz, 4096);
	assert_int_equal(((const uint8_t *)s->buf)[0], 0);
	assert_int_equal(((const uint8_t *)s->buf)[0x10], 0x11);
	assert_int_equal(((const uint8_t *)s->buf)[0x14], 0);
	assert_int_equal(((const uint8_t *)s->buf)[0x100], 0xc3);
	s = kx_plan_segment(f->plan, 1);
	assert_int_equal(s->dest, 0x2000000);
	assert_ptr_equal(s->buf, elf.data + SAMPLE_ELF_CONTENT);
}

static void bss_is_reserved_and_zeroed(void **state)
{
	struct fixture *f = *state;

	sample(f, 64);
	assert_made(f);
	assert_int_equal(kx_plan_segment(f->plan, 0)->bufsz, 256);
	assert_int_equal(kx_plan_segment(f->plan, 0)->memsz, 8192);
}

static void addresses_must_be_free_ram(void **state)
{
	struct fixture *f = *state;

	sample(f, 64);
	add_load(0, 0x1000000, 0xf0000, SAMPLE_ELF_CONTENT, 256, 256);
	assert_refused(
		f, -ENOSPC,
		"no room for kernel: the file says that it runs at 0xf0000 to 0xf0fff, where "
		"this machine has no RAM; it is made for a ROM");
	add_load(0, 0x1000000, 0x0, SAMPLE_ELF_CONTENT, 256, 256);
	assert_refused(f, -ENOSPC, "0x0 to 0xfff, which the running kernel keeps");
	add_load(0, 0x1000000, UINT64_MAX - 255, SAMPLE_ELF_CONTENT, 256, 256);
	assert_refused(f, -EBADMSG, "past the address space");
	SE_PUT64(&elf, Elf64_Ehdr, e_entry, 0x1000000);
	add_load(0, 0x1000000, 0x1000000, SAMPLE_ELF_CONTENT, 0, 0);
	assert_refused(f, -EBADMSG, "no segment holds its entry");
}

/* What says that it does not mind is moved when its address is taken, and only then. */
static void position_independent_files_move(void **state)
{
	struct fixture *f = *state;

	sample(f, 32);
	SE_PUT16(&elf, Elf64_Ehdr, e_type, ET_DYN);
	assert_made(f);
	assert_int_equal(kx_plan_segment(f->plan, 0)->dest, 0x1000000);
	add_load(0, 0, 0, SAMPLE_ELF_CONTENT, 256, 8192);
	SE_PUT32(&elf, Elf32_Ehdr, e_entry, 0x10);
	assert_made(f);
	assert_int_equal(kx_plan_segment(f->plan, 0)->dest, 0x100000);
	assert_int_equal(handoff(f)->entry, 0x100010);
	add_load(0, 0, 0, SAMPLE_ELF_CONTENT, 256, 0xf0000000);
	assert_refused(f, -ENOSPC, "up and below 0x100000000 at");
	sample(f, 64);
	SE_PUT16(&elf, Elf64_Ehdr, e_type, ET_DYN);
	add_load(0, UINT64_MAX - 255, UINT64_MAX - 255, SAMPLE_ELF_CONTENT, 256, 256);
	SE_PUT64(&elf, Elf64_Ehdr, e_entry, UINT64_MAX - 255);
	assert_refused(f, -EBADMSG, "do not fit the address space");
}

static void other_files_are_refused(void **state)
{
	struct fixture *f = *state;

	sample(f, 64);
	SE_PUT16(&elf, Elf64_Ehdr, e_machine, EM_AARCH64);
	assert_refused(f, -ENOEXEC, "64-bit ELF file for machine 183, need 64-bit for 62");
	SE_PUT16(&elf, Elf64_Ehdr, e_machine, EM_X86_64);
	SE_PUT16(&elf, Elf64_Ehdr, e_type, ET_REL);
	assert_refused(f, -EOPNOTSUPP, "object file or kernel module");
	SE_PUT16(&elf, Elf64_Ehdr, e_type, ET_CORE);
	assert_refused(f, -EOPNOTSUPP, "no executable");
	SE_PUT16(&elf, Elf64_Ehdr, e_type, ET_DYN);
	assert_made(f);
	sample_elf_phdr(&elf, 1,
			&(Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = 0, .p_filesz = 8 });
	assert_refused(f, -EOPNOTSUPP, "program for an operating system");
}

static void arguments_that_cannot_be_passed(void **state)
{
	struct fixture *f = *state;
	const struct kx_source *initrds[] = { add_source(f, "initrd", "INITRD", 6) };
	char cmdline[2049];

	sample(f, 64);
	f->request.initrds = initrds;
	f->request.initrd_count = 1;
	assert_refused(f, -EOPNOTSUPP, "takes no initrd");
	f->request.args = KX_ARGS_LINUX;
	memset(cmdline, 'x', sizeof(cmdline));
	cmdline[2048] = '\0';
	f->request.cmdline = cmdline;
	assert_refused(f, -E2BIG, "2048 bytes, this kernel takes 2047");
	cmdline[2047] = '\0';
	assert_made(f);
	f->request.method = KX_METHOD_FILE_LOAD;
	assert_refused(f, -EPERM, "it takes no ELF kernel");
}

static void confidential_guests_stay_in_64_bit_mode(void **state)
{
	struct fixture *f = *state;

	f->machine.m.confidential = KX_CC_SEV;
	sample(f, 32);
	assert_refused(f, -EOPNOTSUPP, "cannot leave 64-bit mode");
	sample(f, 64);
	assert_made(f);
}

static void empty_lists_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(kx_place_pieces(f->plan, NULL, 0, &f->err), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(linux_gets_boot_params),
		TEST(xen_note_says_linux_too),
		TEST(others_get_boot_notes),
		TEST(style_can_be_asked_for),
		TEST(virtual_entry_is_translated),
		TEST(segments_that_share_a_page_become_one),
		TEST(bss_is_reserved_and_zeroed),
		TEST(addresses_must_be_free_ram),
		TEST(position_independent_files_move),
		TEST(other_files_are_refused),
		TEST(arguments_that_cannot_be_passed),
		TEST(confidential_guests_stay_in_64_bit_mode),
		TEST(empty_lists_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
