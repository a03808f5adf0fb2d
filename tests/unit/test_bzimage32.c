// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernels by their 32-bit and real-mode entries: which is chosen, what goes where, every reason to refuse. */
#include "fixture_plan.h"

#include "abi/handoff.h"
#include "arch/x86/boot_params.h"
#include "arch/x86/entry.h"

#define PREF 0x1000000 /* what the sample says */

static const struct kx_handoff *handoff(const struct fixture *f)
{
	return f->plan->handoff;
}

static uint8_t *file(struct fixture *f)
{
	return f->file.data;
}

/* The usual sample without a 64-bit entry. */
static int setup_32(void **state)
{
	struct fixture *f;

	setup(state);
	f = *state;
	set_file(f, sample_bzimage());
	kx_put_le16(file(f) + SB_XLOADFLAGS, 0);
	sample_seal(&f->file);
	f->request.cmdline = "quiet";
	return 0;
}

/* As memdisk and grub.exe: an old protocol, not relocatable, no text of a Linux version. */
static void make_old(struct fixture *f, uint16_t version)
{
	kx_put_le16(file(f) + SB_VERSION, version);
	kx_put_le16(file(f) + SB_KERNEL_VERSION, 0);
	file(f)[SB_RELOCATABLE_KERNEL] = 0;
}

static int setup_old(void **state)
{
	setup_32(state);
	make_old(*state, 0x0203);
	return 0;
}

/* As memtest86+ 5: no HdrS, sizes that add up. */
static int setup_zimage(void **state)
{
	struct fixture *f;
	struct sample s = sample_new(5 * 512 + 1000);

	s.data[SB_SETUP_SECTS] = 4;
	kx_put_le16(s.data + SB_SYSSIZE, (1000 + 15) / 16);
	kx_put_le16(s.data + SB_BOOT_FLAG, 0xaa55);
	setup(state);
	f = *state;
	set_file(f, s);
	return 0;
}

static void add_initrd(struct fixture *f, const void *data, size_t size)
{
	static const struct kx_source *initrds[1];

	initrds[0] = add_source(f, "initrd", data, size);
	f->request.initrds = initrds;
	f->request.initrd_count = 1;
}

static void assert_real_mode(struct fixture *f, const char *why)
{
	assert_made(f);
	assert_string_equal(kx_plan_format(f->plan), "bzImage");
	assert_int_equal(handoff(f)->mode, KX_MODE_16);
	assert_says(segment(f, "setup")->why, why);
}

static void assert_32(struct fixture *f)
{
	assert_made(f);
	assert_string_equal(kx_plan_format(f->plan), "bzImage");
	assert_int_equal(handoff(f)->mode, KX_MODE_32);
}

/* ---- which entry ----------------------------------------------------------------------------- */

static void no_64_bit_entry_means_the_32_bit_one(void **state)
{
	struct fixture *f = *state;

	assert_32(f);
	kx_put_le16(file(f) + SB_XLOADFLAGS, 1);
	sample_seal(&f->file);
	assert_made(f);
	assert_string_equal(kx_plan_format(f->plan), "bzImage64");
	file(f)[SB_LOADFLAGS] = 0;
	sample_seal(&f->file);
	assert_refused(f, -EOPNOTSUPP, "try --real-mode");
}

static void entry_is_as_asked_for(void **state)
{
	struct fixture *f = *state;

	kx_put_le16(file(f) + SB_XLOADFLAGS, 0x7f);
	sample_seal(&f->file);
	f->request.entry = KX_ENTRY_32;
	assert_32(f);
	f->request.entry = KX_ENTRY_REAL_MODE;
	assert_real_mode(f, "asked for");
	f->request.entry = KX_ENTRY_AUTO;
	f->request.flags = KX_REQUEST_FORCE_REAL_MODE;
	assert_real_mode(f, "asked for");
	f->request.flags = 0;
	f->request.type = "bzImage";
	assert_32(f);
}

static void loaders_dressed_as_kernels_get_real_mode(void **state)
{
	struct fixture *f = *state;

	assert_32(f);
	kx_put_le32(file(f) + SB_CODE32_START, 0);
	assert_real_mode(f, "code32_start");
	f->request.entry = KX_ENTRY_32;
	assert_32(f);
	f->request.entry = KX_ENTRY_AUTO;
	kx_put_le32(file(f) + SB_CODE32_START, 0x100000);
	file(f)[SB_SETUP_SECTS] = 3;
	assert_real_mode(f, "too short");
	file(f)[SB_SETUP_SECTS] = 4;
	assert_32(f);
	kx_put_le16(file(f) + SB_KERNEL_VERSION, SB_VERSION_TEXT - 0x200);
	strcpy((char *)file(f) + SB_VERSION_TEXT, "MEMDISK 6.04");
	assert_real_mode(f, "memdisk");
}

static void fixed_kernel_at_the_end_of_the_address_space(void **state)
{
	struct fixture *f = *state;

	file(f)[SB_RELOCATABLE_KERNEL] = 0;
	kx_put_le16(file(f) + SB_XLOADFLAGS, 3);
	kx_put_le64(file(f) + SB_PREF_ADDRESS, UINT64_MAX - 0x100000);
	sample_seal(&f->file);
	assert_refused(f, -EBADMSG, "kernel asks for 1 MiB at 0xffffffffffefffff");
	f->request.entry = KX_ENTRY_32;
	assert_32(f);
}

static void from_2_10_on_loaders_have_a_32_bit_entry(void **state)
{
	struct fixture *f = *state;

	kx_put_le32(file(f) + SB_CODE32_START, 0);
	sample_seal(&f->file);
	assert_32(f);
}

/* ---- UEFI ------------------------------------------------------------------------------------ */

static void what_needs_a_bios_is_refused_after_uefi(void **state)
{
	struct fixture *f = *state;

	f->machine.m.efi.present = true;
	f->machine.m.efi.bits = 64;
	assert_refused(f, -EOPNOTSUPP, "--entry-32bit");
	f->request.entry = KX_ENTRY_32;
	assert_32(f);
	f->request.entry = KX_ENTRY_REAL_MODE;
	assert_refused(f, -EOPNOTSUPP, "--force-real-mode");
	f->request.flags = KX_REQUEST_FORCE_REAL_MODE;
	assert_real_mode(f, "asked for");
	f->request.flags = 0;
	f->request.entry = KX_ENTRY_AUTO;
	kx_put_le32(file(f) + SB_CODE32_START, 0);
	assert_refused(f, -EOPNOTSUPP, "--force-real-mode");
}

static void linux_does_without_a_bios(void **state)
{
	struct fixture *f = *state;

	f->machine.m.efi.present = true;
	f->machine.m.efi.bits = 64;
	assert_32(f);
	make_old(f, 0x0204);
	assert_32(f);
}

static bool has_efi_info(struct fixture *f)
{
	static const uint8_t none[32];
	const uint8_t *params = NULL;

	assert_32(f);
	params = segment(f, "boot_params")->buf;
	assert_int_equal(kx_le64(params + KX_BP_ACPI_RSDP_ADDR), f->machine.m.acpi_rsdp);
	return memcmp(params + KX_BP_EFI_INFO, none, sizeof(none)) != 0;
}

static void only_linux_is_told_of_efi_that_linux_moved(void **state)
{
	struct fixture *f = *state;

	f->machine.m.efi = (struct kx_efi){ .present = true,
					    .bits = 64,
					    .fw_vendor = 1,
					    .config_table = 1,
					    .have_runtime_map = true };
	kx_put_le32(f->machine.boot_params + KX_BP_EFI_INFO, 0x34364c45); /* "EL64" */
	assert_true(has_efi_info(f));
	strcpy((char *)file(f) + SB_VERSION_TEXT, "Memtest86+ v6.10");
	sample_seal(&f->file);
	assert_false(has_efi_info(f));
}

/* ---- the 32-bit entry ------------------------------------------------------------------------ */

static void registers_of_the_32_bit_entry(void **state)
{
	struct fixture *f = *state;
	const struct kx_handoff_regs *regs;

	assert_32(f);
	regs = &handoff(f)->regs;
	assert_int_equal(handoff(f)->entry, PREF);
	assert_int_equal(regs->si, segment(f, "boot_params")->dest);
	assert_int_equal(regs->ax | regs->bx | regs->cx | regs->dx | regs->di | regs->bp | regs->sp,
			 0);
	assert_int_equal(handoff(f)->low_page, 0);
}

static void all_of_it_stays_below_4_gib(void **state)
{
	struct fixture *f = *state;

	kx_memmap_add(&f->machine.m.firmware_map, 4 * GIB, 8 * GIB, KX_MEM_RAM);
	fixture_iomem(&f->machine, 4 * GIB, 8 * GIB, 0, "System RAM");
	add_initrd(f, "initrd", 6);
	kx_put_le32(file(f) + SB_INITRD_ADDR_MAX, UINT32_MAX);
	sample_seal(&f->file);
	assert_32(f);
	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++)
		assert_true(kx_plan_segment(f->plan, i)->dest < 4 * GIB);
	f->request.mem_min = 4 * GIB;
	assert_refused(f, -ENOSPC, "no room for kernel");
}

static void relocatable_kernel_moves_up_and_others_do_not(void **state)
{
	struct fixture *f = *state;

	f->request.mem_min = PREF + 1;
	assert_32(f);
	assert_int_equal(handoff(f)->entry, PREF + 0x200000);
	make_old(f, 0x0203);
	assert_refused(f, -ENOSPC, "no room for kernel");
	f->request.mem_min = 0;
	assert_32(f);
	assert_int_equal(handoff(f)->entry, 0x100000);
	assert_int_equal(segment(f, "kernel")->dest, 0x100000);
	assert_true(segment(f, "kernel")->reserved > segment(f, "kernel")->memsz);
	f->machine.iomem[4].start = 0x180000;
	assert_refused(f, -ENOSPC, "no room for kernel");
}

/* It is loaded at 1 MiB and moves itself to pref_address, where nothing may be then. */
static void where_a_fixed_kernel_moves_itself_stays_free(void **state)
{
	struct fixture *f = *state;

	file(f)[SB_RELOCATABLE_KERNEL] = 0;
	kx_put_le64(file(f) + SB_PREF_ADDRESS, GIB - 16 * MIB);
	kx_put_le32(file(f) + SB_INIT_SIZE, 14 * MIB);
	sample_seal(&f->file);
	add_initrd(f, "initrd", 6);
	assert_32(f);
	assert_int_equal(handoff(f)->entry, 0x100000);
	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++)
		assert_true(kx_plan_segment(f->plan, i)->dest < GIB - 16 * MIB);
	kx_put_le64(file(f) + SB_PREF_ADDRESS, 0x100000);
	sample_seal(&f->file);
	assert_32(f);
	assert_int_equal(segment(f, "kernel")->reserved, 14 * MIB);
}

static void relocatable_before_init_size_gets_room_to_grow(void **state)
{
	struct fixture *f = *state;

	kx_put_le16(file(f) + SB_VERSION, 0x0205);
	assert_32(f);
	assert_int_equal(handoff(f)->entry,
			 0x200000); /* the first multiple of its alignment from 1 MiB on */
	assert_true(segment(f, "kernel")->reserved >= 4 * segment(f, "kernel")->bufsz);
	kx_put_le32(file(f) + SB_KERNEL_ALIGNMENT, 0x1000);
	assert_32(f);
	assert_int_equal(handoff(f)->entry, 0x100000); /* not lower, where there is room too */
}

static void no_32_bit_entry_before_2_02(void **state)
{
	struct fixture *f = *state;

	kx_put_le16(file(f) + SB_VERSION, 0x0201);
	assert_refused(f, -EOPNOTSUPP, "2.01");
	f->request.entry = KX_ENTRY_REAL_MODE;
	assert_real_mode(f, "asked for");
}

static void kexec_file_load_takes_no_such_kernel(void **state)
{
	struct fixture *f = *state;

	f->request.method = KX_METHOD_FILE_LOAD;
	assert_refused(f, -EPERM, "64-bit entry only");
}

static void confidential_machines_stay_in_64_bit_mode(void **state)
{
	struct fixture *f = *state;

	f->machine.m.confidential = KX_CC_SEV;
	assert_refused(f, -EOPNOTSUPP, "64-bit entry");
}

static void old_kernels_take_255_characters_and_loaders_more(void **state)
{
	static char line[1537];
	struct fixture *f = *state;

	memset(line, 'x', 1535);
	line[1535] = '\0';
	f->request.cmdline = line;
	assert_32(f);
	line[1535] = 'x';
	assert_refused(f, -E2BIG, "takes 1535");
	kx_put_le16(file(f) + SB_KERNEL_VERSION, SB_VERSION_TEXT - 0x200);
	line[256] = '\0';
	assert_refused(f, -E2BIG, "256 bytes, this kernel takes 255");
	line[255] = '\0';
	assert_32(f);
}

/* ---- initrds --------------------------------------------------------------------------------- */

static void foreign_initrd_is_passed_on_byte_for_byte(void **state)
{
	static const char image[4097] = "\1CD001, not an archive";
	struct fixture *f = *state;
	const struct kx_segment *initrd;
	const uint8_t *bp;

	kx_put_le32(file(f) + SB_INITRD_ADDR_MAX, 0x1fffffff);
	add_initrd(f, image, sizeof(image));
	assert_32(f);
	initrd = segment(f, "initrd");
	assert_int_equal(initrd->bufsz, sizeof(image));
	assert_memory_equal(initrd->buf, image, sizeof(image));
	assert_int_equal(initrd->dest,
			 0x1fffe000); /* its last byte may be at 0x1fffffff, no further */
	bp = segment(f, "boot_params")->buf;
	assert_int_equal(kx_le32(bp + KX_BP_RAMDISK_IMAGE), initrd->dest);
	assert_int_equal(kx_le32(bp + KX_BP_RAMDISK_SIZE), sizeof(image));

	f->request.entry = KX_ENTRY_REAL_MODE;
	assert_real_mode(f, "asked for");
	bp = segment(f, "setup")->buf;
	assert_int_equal(segment(f, "initrd")->dest, 0x1fffe000);
	assert_int_equal(kx_le32(bp + KX_BP_RAMDISK_IMAGE), 0x1fffe000);
	assert_int_equal(kx_le32(bp + KX_BP_RAMDISK_SIZE), sizeof(image));
}

static void thirteen_initrds_fit_beside_the_rest(void **state)
{
	const struct kx_source *initrds[13];
	struct fixture *f = *state;

	for (size_t i = 0; i < 13; i++)
		initrds[i] = add_source(f, "part", "part", 4);
	f->request.initrds = initrds;
	f->request.entry = KX_ENTRY_REAL_MODE;
	for (f->request.initrd_count = 11; f->request.initrd_count <= 13; f->request.initrd_count++)
		assert_made(f);
	f->request.initrds = NULL;
}

/* ---- real mode ------------------------------------------------------------------------------- */

static void real_mode_layout(void **state)
{
	struct fixture *f = *state;
	const struct kx_segment *block;
	const uint8_t *setup;

	f->request.entry = KX_ENTRY_REAL_MODE;
	file(f)[SB_LOADFLAGS] = 0x61;
	assert_real_mode(f, "asked for");
	block = segment(f, "setup");
	setup = block->buf;
	assert_int_equal(segment(f, "kernel")->dest, 0x100000);
	assert_in_range(block->dest, 0x3000, 0x90000 - block->memsz);
	assert_memory_equal(setup, file(f), 0x1f1);
	assert_int_equal(setup[KX_BP_TYPE_OF_LOADER], 0xd0);
	assert_int_equal(setup[KX_BP_LOADFLAGS], 0xe1); /* its own, and CAN_USE_HEAP */
	assert_int_equal(kx_le16(setup + 0x224), 0xe000 - 0x200);
	assert_int_equal(kx_le32(setup + KX_BP_CMD_LINE_PTR), block->dest + 0x10000);
	assert_string_equal((const char *)setup + 0x10000, "quiet");

	assert_int_equal(handoff(f)->entry, block->dest + 0x200);
	assert_int_equal(handoff(f)->cs, block->dest / 16 + 0x20);
	assert_int_equal(handoff(f)->ds, block->dest / 16);
	assert_int_equal(handoff(f)->ss, block->dest / 16);
	assert_int_equal(handoff(f)->regs.sp, 0xfff0);
	assert_int_equal(handoff(f)->low_page, segment(f, "trampoline")->dest);
	assert_in_range(handoff(f)->low_page, 0x3000, 0x9f000);
}

/* A payload that prints by the BIOS is not seen while the display shows pixels. */
static void real_mode_gets_a_text_screen(void **state)
{
	struct fixture *f = *state;

	f->request.entry = KX_ENTRY_REAL_MODE;
	assert_made(f);
	assert_false(handoff(f)->flags & KX_HANDOFF_TEXT_MODE);
	f->machine.m.fb_name = (char *)(uintptr_t) "VESA VGA";
	assert_made(f);
	assert_true(handoff(f)->flags & KX_HANDOFF_TEXT_MODE);
	f->request.entry = KX_ENTRY_32;
	assert_made(f);
	assert_false(handoff(f)->flags & KX_HANDOFF_TEXT_MODE);
	/* After a boot by UEFI there is no BIOS to ask for it. */
	f->request.entry = KX_ENTRY_REAL_MODE;
	f->request.flags = KX_REQUEST_FORCE_REAL_MODE;
	f->machine.m.efi.present = true;
	assert_made(f);
	assert_false(handoff(f)->flags & KX_HANDOFF_TEXT_MODE);
}

static void nothing_is_put_below_0x3000(void **state)
{
	struct fixture *f = *state;

	f->request.entry = KX_ENTRY_REAL_MODE;
	f->request.mem_max = 0x2fff;
	assert_refused(f, -ENOSPC, "no room");
	fixture_iomem(&f->machine, 0, 0, 0, "nothing");
	f->request.mem_max = 0;
	f->machine.iomem[1].start = 0;
	f->machine.iomem[1].end = 0x3000;
	assert_refused(f, -ENOSPC, "no room for real-mode code");
}

static void no_page_for_the_way_to_real_mode(void **state)
{
	struct fixture *f = *state;

	f->request.entry = KX_ENTRY_REAL_MODE;
	f->machine.iomem[1].start = 0x20000;
	f->machine.iomem[1].end = 0x31000;
	fixture_iomem(&f->machine, 0x1000, 0x3000, 0, "System RAM"); /* the BIOS's and DOS's */
	assert_refused(f, -ENOSPC, "no room for the way to real mode");
}

static void setup_code_must_fit(void **state)
{
	struct fixture *f = *state;
	struct sample s = sample_new(80 * 512);

	memcpy(s.data, f->file.data, 1024);
	s.data[SB_SETUP_SECTS] = 62;
	set_file(f, s);
	f->request.entry = KX_ENTRY_REAL_MODE;
	assert_made(f);
	kx_put_le16(f->file.data + SB_VERSION, 0x0201);
	s.data[SB_SETUP_SECTS] = 71;
	assert_refused(f, -EOPNOTSUPP, "room for 36352");
	s.data[SB_SETUP_SECTS] = 70;
	assert_made(f);
}

/* boot.rst: the block is at 0x90000, and the command line's offset counts from there. */
static void before_2_02_the_layout_is_fixed(void **state)
{
	struct fixture *f = *state;
	const struct kx_segment *block;
	const uint8_t *setup;

	for (uint16_t version = 0x0200; version < 0x0202; version++) {
		kx_put_le16(file(f) + SB_VERSION, version);
		f->request.entry = KX_ENTRY_REAL_MODE;
		assert_real_mode(f, "asked for");
		block = segment(f, "setup");
		setup = block->buf;
		assert_int_equal(block->dest, 0x90000);
		assert_true(block->dest + block->memsz <= 0x9a000);
		assert_int_equal(kx_le16(setup + 0x20), 0xa33f);
		assert_string_equal((const char *)setup + kx_le16(setup + 0x22), "quiet");
		assert_int_equal(kx_le32(setup + KX_BP_CMD_LINE_PTR), 0);
		assert_int_equal(setup[KX_BP_LOADFLAGS], version == 0x0200 ? 0x01 : 0x81);
		assert_int_equal(kx_le16(setup + 0x224), version == 0x0200 ? 0 : 0x9000 - 0x200);
		assert_int_equal(handoff(f)->regs.sp, 0x9800);
	}
}

static void without_loaded_high_the_kernel_is_low(void **state)
{
	struct fixture *f = *state;

	f->request.entry = KX_ENTRY_REAL_MODE;
	file(f)[SB_LOADFLAGS] = 0;
	assert_real_mode(f, "asked for");
	assert_int_equal(segment(f, "kernel")->dest, 0x10000);
	assert_int_equal(segment(f, "kernel")->reserved, segment(f, "kernel")->memsz);
}

/* ---- before protocol 2.00 -------------------------------------------------------------------- */

static void zimage_is_known_by_its_sizes(void **state)
{
	struct fixture *f = *state;

	f->request.cmdline = "old";
	assert_real_mode(f, "before 2.00");
	assert_int_equal(segment(f, "kernel")->dest, 0x10000);
	assert_int_equal(segment(f, "kernel")->bufsz, 1000);
	assert_int_equal(segment(f, "setup")->dest, 0x90000);
	assert_memory_equal((const uint8_t *)segment(f, "setup")->buf + 0x200, file(f) + 0x200,
			    2048);
	assert_string_equal((const char *)segment(f, "setup")->buf + 0x9800, "old");
	assert_int_equal(handoff(f)->cs, 0x9020);

	file(f)[SB_SYSSIZE]++;
	assert_refused(f, -ENOEXEC, "do not add up");
	file(f)[SB_SYSSIZE] -= 2;
	assert_refused(f, -ENOEXEC, "do not add up");
	file(f)[SB_SYSSIZE]++;
	file(f)[SB_BOOT_FLAG] = 0;
	assert_refused(f, -ENOEXEC, "no boot flag");
}

static void boot_sectors_are_no_zimages(void **state)
{
	struct fixture *f = *state;
	struct sample s = sample_new(512);

	kx_put_le16(s.data + SB_BOOT_FLAG, 0xaa55);
	set_file(f, s);
	assert_refused(f, -ENOEXEC, "do not add up");
	s.data[SB_SETUP_SECTS] = 1;
	assert_refused(f, -ENOEXEC, "do not add up");
	set_file(f, sample_new(511));
	assert_refused(f, -ENOEXEC, "no boot flag");
	s = sample_new(66 * 512 + 16);
	kx_put_le16(s.data + SB_BOOT_FLAG, 0xaa55);
	kx_put_le16(s.data + SB_SYSSIZE, 1);
	s.data[SB_SETUP_SECTS] = 65;
	set_file(f, s);
	assert_refused(f, -ENOEXEC, "do not add up");
	s = sample_new(512 + 16);
	kx_put_le16(s.data + SB_BOOT_FLAG, 0xaa55);
	kx_put_le16(s.data + SB_SYSSIZE, 1);
	set_file(f, s);
	assert_refused(f, -ENOEXEC, "do not add up");
}

static void zimage_has_one_entry_and_no_initrd(void **state)
{
	struct fixture *f = *state;

	f->request.entry = KX_ENTRY_32;
	assert_refused(f, -EOPNOTSUPP, "1.00");
	f->request.entry = KX_ENTRY_AUTO;
	add_initrd(f, "initrd", 6);
	assert_refused(f, -EOPNOTSUPP, "no initrd");
}

#define TEST_WITH(set_up, name) cmocka_unit_test_setup_teardown(name, set_up, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_WITH(setup_32, no_64_bit_entry_means_the_32_bit_one),
		TEST_WITH(setup_32, entry_is_as_asked_for),
		TEST_WITH(setup_old, loaders_dressed_as_kernels_get_real_mode),
		TEST_WITH(setup_32, fixed_kernel_at_the_end_of_the_address_space),
		TEST_WITH(setup_32, from_2_10_on_loaders_have_a_32_bit_entry),
		TEST_WITH(setup_old, what_needs_a_bios_is_refused_after_uefi),
		TEST_WITH(setup_32, linux_does_without_a_bios),
		TEST_WITH(setup_32, only_linux_is_told_of_efi_that_linux_moved),
		TEST_WITH(setup_32, registers_of_the_32_bit_entry),
		TEST_WITH(setup_32, all_of_it_stays_below_4_gib),
		TEST_WITH(setup_32, relocatable_kernel_moves_up_and_others_do_not),
		TEST_WITH(setup_32, where_a_fixed_kernel_moves_itself_stays_free),
		TEST_WITH(setup_32, relocatable_before_init_size_gets_room_to_grow),
		TEST_WITH(setup_old, no_32_bit_entry_before_2_02),
		TEST_WITH(setup_32, kexec_file_load_takes_no_such_kernel),
		TEST_WITH(setup_32, confidential_machines_stay_in_64_bit_mode),
		TEST_WITH(setup_old, old_kernels_take_255_characters_and_loaders_more),
		TEST_WITH(setup_old, foreign_initrd_is_passed_on_byte_for_byte),
		TEST_WITH(setup_32, thirteen_initrds_fit_beside_the_rest),
		TEST_WITH(setup_old, real_mode_layout),
		TEST_WITH(setup_old, real_mode_gets_a_text_screen),
		TEST_WITH(setup_old, nothing_is_put_below_0x3000),
		TEST_WITH(setup_old, no_page_for_the_way_to_real_mode),
		TEST_WITH(setup_old, setup_code_must_fit),
		TEST_WITH(setup_old, before_2_02_the_layout_is_fixed),
		TEST_WITH(setup_old, without_loaded_high_the_kernel_is_low),
		TEST_WITH(setup_zimage, zimage_is_known_by_its_sizes),
		TEST_WITH(setup_zimage, boot_sectors_are_no_zimages),
		TEST_WITH(setup_zimage, zimage_has_one_entry_and_no_initrd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
