// SPDX-License-Identifier: GPL-2.0-or-later
/* A kernel taken out of its bzImage: what is made of it, where it goes, and when it is left to its decompressor. */
#include "fixture_plan.h"
#include "sample_vmlinux.h"

#include "arch/x86/zero_page.h"
#include "base/overflow.h"
#include "format/bzimage.h"

static void set_kernel(struct fixture *f, struct sample vmlinux)
{
	struct sample s = sample_direct(vmlinux, sample_gzip);

	/* As much as it would take with its place and alignment. */
	kx_put_le32(s.data + SB_INIT_SIZE, 4 << 20);
	sample_seal(&s);
	set_file(f, s);
}

static struct fixture *begin(void **state)
{
	struct fixture *f = *state;

	set_kernel(f, sample_vmlinux(true));
	f->request.cmdline = "quiet";
	return f;
}

static void assert_direct(struct fixture *f)
{
	assert_made(f);
	if (!kx_plan_direct(f->plan))
		fail_msg("%s", kx_plan_direct_why(f->plan));
	assert_null(kx_plan_direct_why(f->plan));
}

/* What is loaded then is the file's own protected-mode code, all of which could be loaded before. */
static void assert_left(struct fixture *f, const char *why)
{
	assert_made(f);
	assert_false(kx_plan_direct(f->plan));
	assert_false(kx_plan_kaslr(f->plan));
	assert_says(kx_plan_direct_why(f->plan), why);
	assert_null(f->plan->vmlinux);
	assert_ptr_equal(segment(f, "kernel")->buf, f->file.data + SB_SETUP_SIZE);
	assert_int_equal(kx_plan_entry(f->plan), segment(f, "kernel")->dest + 0x200);
}

static uint8_t loadflags(struct fixture *f)
{
	return ((const uint8_t *)segment(f, "boot_params")->buf)[KX_BP_LOADFLAGS];
}

/* What the next kernel finds at the physical address of an offset in vmlinux. */
static const uint8_t *at(struct fixture *f, uint64_t offset)
{
	uint64_t address = kx_plan_segment(f->plan, 0)->dest + offset - SV_TEXT;

	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++) {
		const struct kx_segment *s = kx_plan_segment(f->plan, i);

		if (address >= s->dest && address - s->dest < s->bufsz)
			return (const uint8_t *)s->buf + (address - s->dest);
	}
	fail_msg("nothing at %#llx", (unsigned long long)offset);
	abort(); /* not reached; tells the compiler so */
}

static void nokaslr_is_the_linked_address(void **state)
{
	static const uint64_t starts[] = { SV_TEXT, SV_DATA, SV_PERCPU, SV_INIT };
	struct fixture *f = begin(state);
	struct sample same = sample_vmlinux(true);

	f->request.cmdline = "quiet nokaslr";
	assert_direct(f);
	assert_false(kx_plan_kaslr(f->plan));
	for (size_t i = 0; i < 4; i++) {
		const struct kx_segment *s = kx_plan_segment(f->plan, i);

		assert_string_equal(s->name, "kernel");
		assert_int_equal(s->dest, sv_paddr(starts[i]));
		assert_memory_equal(s->buf, same.data + starts[i], s->bufsz);
	}
	/* The bss is not loaded, but nothing else goes there. */
	assert_int_equal(kx_plan_segment(f->plan, 3)->bufsz, SV_BSS - SV_INIT);
	assert_int_equal(kx_plan_segment(f->plan, 3)->memsz, SV_BSS - SV_INIT);
	assert_int_equal(sv_paddr(SV_INIT) + kx_plan_segment(f->plan, 3)->reserved,
			 SV_START + SV_ALIGN);
	assert_int_equal(kx_plan_entry(f->plan), SV_START + SV_ENTRY);
	assert_int_equal(loadflags(f), KX_LOADED_HIGH);
	sample_free(&same);
}

static void a_taken_address_moves_the_kernel_not_its_map(void **state)
{
	struct fixture *f = begin(state);
	struct sample same = sample_vmlinux(true);

	f->request.cmdline = "nokaslr";
	f->request.mem_min = SV_START + 1;
	assert_direct(f);
	assert_int_equal(kx_plan_entry(f->plan), SV_START + SV_ALIGN + SV_ENTRY);
	assert_memory_equal(at(f, SV_TEXT), same.data + SV_TEXT, 0x1800);
	sample_free(&same);
}

/* init's word to a person, not to the decompressor, which looks at the whole line. */
static void nokaslr_counts_wherever_it_stands(void **state)
{
	struct fixture *f = begin(state);

	f->request.cmdline = "quiet -- nokaslr";
	assert_direct(f);
	assert_false(kx_plan_kaslr(f->plan));
	assert_int_equal(segment(f, "kernel")->dest, SV_START);
	f->request.cmdline = "quiet nokaslr=1";
	assert_direct(f);
	assert_true(kx_plan_kaslr(f->plan));
}

/* One shift for all, of which the low bits are zero; the place goes by another number. */
static void kaslr_moves_map_and_place(void **state)
{
	struct fixture *f = begin(state);
	uint64_t shift;

	assert_direct(f);
	assert_true(kx_plan_kaslr(f->plan));
	shift = kx_le64(at(f, SV_REL64_TEXT)) - sv_vaddr(SV_DATA);
	assert_true(shift && shift % SV_ALIGN == 0 && shift < KX_X86_KERNEL_IMAGE_SIZE);
	assert_int_equal(kx_le64(at(f, SV_REL64_PERCPU)), sv_vaddr(SV_TEXT) + shift);
	assert_int_equal(kx_le32(at(f, SV_REL32_INIT)), shift);
	assert_int_equal(kx_le32(at(f, SV_INVERSE)),
			 (uint32_t)(0x10 - sv_vaddr(SV_INVERSE) - shift));
	assert_true(segment(f, "kernel")->dest != SV_START);
	assert_int_equal(segment(f, "kernel")->dest % SV_ALIGN, 0);
	assert_int_equal(kx_plan_entry(f->plan), segment(f, "kernel")->dest + SV_ENTRY);
	assert_int_equal(loadflags(f), KX_LOADED_HIGH | KX_KASLR_FLAG);
}

/* The same seed, the same plan; another, another. */
static void the_seed_is_all_that_is_random(void **state)
{
	struct fixture *f = begin(state);
	uint64_t first, shift;

	assert_direct(f);
	first = kx_plan_entry(f->plan);
	shift = kx_le32(at(f, SV_REL32_INIT));
	assert_direct(f);
	assert_int_equal(kx_plan_entry(f->plan), first);
	assert_int_equal(kx_le32(at(f, SV_REL32_INIT)), shift);
	f->request.kaslr_seed[KX_KASLR_SEED_SIZE - 1] = 1;
	assert_direct(f);
	assert_true(kx_plan_entry(f->plan) != first);
	assert_true(kx_le32(at(f, SV_REL32_INIT)) != shift);
}

/* Over many seeds: within free RAM and the rules of the command line, over nothing else. */
static void every_avoided_range_is_avoided(void **state)
{
	struct fixture *f = begin(state);
	bool low = false, high = false;
	char *initrd = calloc(1, 3 * MIB);

	f->request.initrds =
		(const struct kx_source *[]){ add_source(f, "initrd", initrd, 3 * MIB) };
	f->request.initrd_count = 1;
	f->request.cmdline = "mem=900M memmap=100M$200M";
	f->request.mem_max = 700 * MIB - 1;
	for (unsigned i = 0; i < 300; i++) {
		const struct kx_segment *first, *last;

		kx_put_le32(f->request.kaslr_seed, i);
		assert_direct(f);
		first = segment(f, "kernel");
		last = first + 3;
		assert_in_range(first->dest, SV_START, 700 * MIB - SV_ALIGN);
		assert_int_equal(last->dest + last->reserved, first->dest + SV_ALIGN);
		assert_true(first->dest + SV_ALIGN <= 200 * MIB || first->dest >= 300 * MIB);
		for (size_t j = 0; j < kx_plan_segment_count(f->plan); j++) {
			const struct kx_segment *s = kx_plan_segment(f->plan, j);

			assert_true((s >= first && s <= last) ||
				    s->dest + s->reserved <= first->dest ||
				    s->dest >= first->dest + SV_ALIGN);
		}
		low |= first->dest < 200 * MIB;
		high |= first->dest >= 300 * MIB;
	}
	assert_true(low && high);
	free(initrd);
}

/* Nor where pages come from that the load will take: what was freed lately, and some MiB behind what is unpacked. */
static void what_is_handed_out_next_is_avoided(void **state)
{
	struct fixture *f = begin(state);
	static uint8_t samples[KX_FREE_SAMPLES];
	char *initrd = calloc(1, 3 * MIB);

	memset(samples, KX_FREE, GIB / KX_FREE_STEP);
	memset(samples + 20 * MIB / KX_FREE_STEP, KX_FREE_LATELY, 4 * MIB / KX_FREE_STEP);
	f->machine.m.free_pages = (struct kx_free_pages){ .v = samples,
							  .count = GIB / KX_FREE_STEP,
							  .next = 30 * MIB };
	f->request.initrds =
		(const struct kx_source *[]){ add_source(f, "initrd", initrd, 3 * MIB) };
	f->request.initrd_count = 1;
	f->request.mem_max = 48 * MIB - 1;
	for (unsigned i = 0; i < 300; i++) {
		uint64_t at;

		kx_put_le32(f->request.kaslr_seed, i);
		assert_direct(f);
		at = segment(f, "kernel")->dest;
		assert_true(at + SV_ALIGN <= 20 * MIB || at >= 24 * MIB);
		assert_true(at + SV_ALIGN <= 31 * MIB || at >= 33 * MIB);
	}
	f->machine.m.free_pages = (struct kx_free_pages){ 0 };
	free(initrd);
}

/* Then the physical address is where the kernel would stay by itself, and the virtual one is random all the same. */
static void no_random_place_is_no_reason_to_stop(void **state)
{
	struct fixture *f = begin(state);

	f->request.cmdline = "mem=17M";
	assert_direct(f);
	assert_int_equal(segment(f, "kernel")->dest, SV_START);
	assert_true(kx_le32(at(f, SV_REL32_INIT)));
	assert_int_equal(loadflags(f), KX_LOADED_HIGH | KX_KASLR_FLAG);
}

/* As built without CONFIG_RANDOMIZE_BASE. */
static void a_kernel_without_relocations_is_not_moved_in_its_map(void **state)
{
	struct fixture *f = begin(state);

	set_kernel(f, sample_vmlinux_elf());
	assert_direct(f);
	assert_false(kx_plan_kaslr(f->plan));
	assert_int_equal(segment(f, "kernel")->dest, SV_START);
	assert_int_equal(loadflags(f), KX_LOADED_HIGH);
}

static struct sample pack_lzo(const void *data, size_t size)
{
	return sample_lzo(data, size, 4096);
}

static struct sample pack_lz4(const void *data, size_t size)
{
	return sample_lz4(data, size, 8 << 20);
}

static void every_codec(void **state)
{
	static struct sample (*const pack[])(const void *data, size_t size) = {
		sample_gzip, sample_xz, sample_zstd, sample_lzma, sample_bzip2, pack_lz4, pack_lzo,
	};
	struct fixture *f = begin(state);
	struct sample same = sample_vmlinux(false);

	f->request.cmdline = "nokaslr";
	for (size_t i = 0; i < KX_ARRAY_SIZE(pack); i++) {
		set_file(f, sample_direct(sample_vmlinux(false), pack[i]));
		assert_direct(f);
		assert_int_equal(f->plan->vmlinux_size, same.size);
		assert_memory_equal(f->plan->vmlinux, same.data, same.size);
	}
	sample_free(&same);
}

/* Without a sum in the file the payload has to be decompressed to check it: once, and it is kept. */
static void a_damaged_payload_is_refused_where_nothing_else_tells(void **state)
{
	struct fixture *f = begin(state);

	kx_put_le32(f->file.data + sample_body(&f->file) - 4, 0);
	assert_direct(f);
	f->file.data[SB_SETUP_SIZE + SB_PAYLOAD + 200] ^= 1;
	assert_refused(f, -EBADMSG, "damaged gzip data");
	f->request.fast = KX_FAST_NONE;
	assert_refused(f, -EBADMSG, "damaged gzip data");
	f->request.fast = KX_FAST_SAFE;
	f->request.flags = KX_REQUEST_FORCE_CRC;
	assert_left(f, "damaged gzip data");
}

/* Decompressed to be checked, before it was known that the running kernel will load it: no memory is held for that. */
static void kexec_file_load_keeps_nothing_unpacked(void **state)
{
	struct fixture *f = begin(state);

	kx_put_le32(f->file.data + sample_body(&f->file) - 4, 0);
	f->machine.m.lockdown = KX_LOCKDOWN_INTEGRITY;
	assert_made(f);
	assert_int_equal(kx_plan_method(f->plan), KX_METHOD_FILE_LOAD);
	assert_null(f->plan->vmlinux);
}

static void what_needs_the_decompressor(void **state)
{
	struct fixture *f = begin(state);
	struct kx_machine *m = &f->machine.m;

	f->request.fast = KX_FAST_NONE;
	assert_left(f, "asked for, by --fast=none");
	f->request.fast = KX_FAST_HINTS;
	assert_direct(f);
	m->confidential = KX_CC_SEV;
	assert_left(f, "confidential virtual machine");
	m->confidential = KX_CC_NONE;
	f->request.cmdline = "memmap=64K@0,exactmap";
	assert_left(f, "memmap=exactmap");
	f->request.cmdline = "movable_node";
	assert_left(f, "movable_node");
	f->request.cmdline = "mem_encrypt=on";
	assert_left(f, "mem_encrypt=on");
	f->request.cmdline = "mem_encrypt=off";
	assert_direct(f);
	f->request.cmdline = "quiet";
	m->mem_available = 30 * MIB;
	assert_left(f, "not enough memory");
	m->mem_available = 0;
	m->mem_total = 7 * MIB;
	f->request.cmdline = "quiet";
	assert_left(f, "not enough memory");
	m->mem_total = GIB;
	assert_direct(f);
	f->file.data[SB_RELOCATABLE_KERNEL] = 0;
	sample_seal(&f->file);
	assert_left(f, "not relocatable");
}

/* Capable, in use, wanted: only where the last two agree does nothing have to be switched. */
static void levels_of_page_tables(void **state)
{
	struct fixture *f = begin(state);
	struct kx_machine *m = &f->machine.m;

	m->la57 = KX_NO;
	m->la57_possible = KX_YES;
	assert_left(f, "between 4 and 5 levels");
	f->request.cmdline = "no5lvl";
	assert_direct(f);
	m->la57 = KX_YES;
	assert_left(f, "between 4 and 5 levels");
	f->request.cmdline = "quiet";
	assert_direct(f);
	kx_put_le16(f->file.data + SB_XLOADFLAGS, 0x3f);
	sample_seal(&f->file);
	assert_left(f, "between 4 and 5 levels");
	m->la57 = KX_NO;
	assert_direct(f);
}

struct unusual {
	size_t at;
	unsigned size;
	uint64_t value;
	const char *why;
};

#define PHDR(i, field) (sizeof(Elf64_Ehdr) + (i) * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, field))
#define EHDR(field) offsetof(Elf64_Ehdr, field)

static void unusual_payloads(void **state)
{
	static const struct unusual cases[] = {
		{ 0, 1, 0, "no kernel in ELF" },
		{ EI_CLASS, 1, ELFCLASS32, "no " },
		{ EHDR(e_machine), 2, EM_386, "no 64-bit kernel" },
		{ EHDR(e_type), 2, ET_DYN, "no 64-bit kernel" },
		{ EHDR(e_entry), 8, SV_START - 1, "its entry is outside" },
		{ EHDR(e_entry), 8, SV_START + SV_ALIGN, "its entry is outside" },
		{ EHDR(e_shoff), 8, UINT64_MAX, "section headers are cut off" },
		{ EHDR(e_shoff), 8, SV_END + 64, "section headers are cut off" },
		{ EHDR(e_shstrndx), 2, 0xff00, "section headers are cut off" },
		{ PHDR(0, p_align), 8, 0x1000, "not aligned" },
		{ PHDR(0, p_align), 8, 0, "not aligned" },
		{ PHDR(0, p_paddr), 8, SV_START - SV_ALIGN, "not where they should be" },
		{ PHDR(1, p_paddr), 8, SV_START + 0x1000, "" },
		{ PHDR(3, p_paddr), 8, SV_START + 0x6001, "not aligned" },
		{ PHDR(1, p_paddr), 8, SV_START + 0x8000, "not where they should be" },
		{ PHDR(3, p_paddr), 8, UINT64_C(1) << 30, "" },
		{ PHDR(3, p_memsz), 8, UINT64_C(1) << 30, "too large" },
		{ PHDR(3, p_filesz), 8, 0, "" },
		{ SV_END, 4, 1, "no relocations" },
		{ SV_END + 8, 4, 0, "tables" },
	};
	struct fixture *f = begin(state);

	for (size_t i = 0; i < KX_ARRAY_SIZE(cases); i++) {
		struct sample s = sample_vmlinux(true);
		uint8_t value[8];

		kx_put_le64(value, cases[i].value);
		memcpy(s.data + cases[i].at, value, cases[i].size);
		set_kernel(f, s);
		assert_left(f, cases[i].why);
	}
}

#define SHDR(i, field) (SV_SECTIONS + (i) * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, field))

/* Too short for a table, at an end that is not aligned: not the same as nothing there, which is a kernel that stays. */
static void a_tail_that_is_no_table(void **state)
{
	struct fixture *f = begin(state);

	for (unsigned missing = 0; missing < 8; missing++) {
		struct sample s = sample_vmlinux_elf();

		/* The names of sections are the last thing in the file. */
		kx_put_le64(s.data + SHDR(4, sh_size), 64 - missing);
		set_kernel(f, s);
		if (missing)
			assert_left(f, "relocations");
		else
			assert_direct(f);
	}
}

/* What is not cleared by the kernel itself has to be loaded, zero or not. */
static void only_a_bss_is_left_out(void **state)
{
	struct fixture *f = begin(state);
	struct sample s = sample_vmlinux(true);

	s.data[SV_SCRATCH] = 1;
	set_kernel(f, s);
	assert_direct(f);
	assert_int_equal(kx_plan_segment(f->plan, 3)->bufsz, 0x3000);
	s = sample_vmlinux(true);
	s.data[SV_NAMES + 12 + 5] = 'x';
	set_kernel(f, s);
	assert_direct(f);
	assert_int_equal(kx_plan_segment(f->plan, 3)->bufsz, 0x3000);
}

/* A bzImage fits where the kernel with its larger memory does not: then that is loaded, with all that comes after it. */
static void no_room_leaves_the_kernel_to_its_decompressor(void **state)
{
	struct fixture *f = begin(state);
	char *initrd = calloc(1, 6 * MIB);

	f->request.initrds =
		(const struct kx_source *[]){ add_source(f, "initrd", initrd, 6 * MIB) };
	f->request.initrd_count = 1;
	/* The sample's init_size made small, which would not be true of a kernel. */
	kx_put_le32(f->file.data + SB_INIT_SIZE, 0x20000);
	sample_seal(&f->file);
	f->request.mem_min = SV_START;
	f->request.mem_max = SV_START + 7 * MIB;
	assert_left(f, "no room for");
	assert_int_equal(f->plan->segment_count, 4);
	assert_int_equal(f->plan->owned_count, 2); /* boot_params, purgatory */
	assert_int_equal(f->plan->vmlinux_size, 0);
	/* Now what is missing is room for purgatory, after boot_params were made, and they are made once more. */
	f->request.cmdline = "nokaslr";
	f->request.mem_max = SV_START + 8 * MIB + 0x4000;
	assert_left(f, "no room for purgatory");
	assert_int_equal(f->plan->owned_count, 2);
	free(initrd);
}

static void a_hidden_memory_map(void **state)
{
	struct fixture *f = begin(state);

	f->machine.m.iomem.hidden = true;
	f->machine.m.cap_sys_boot = KX_NO;
	assert_direct(f);
	assert_int_equal(segment(f, "kernel")->dest, KX_DEST_UNKNOWN);
	assert_int_equal(kx_plan_entry(f->plan), 0);
}

static void kexec_file_load_takes_the_file(void **state)
{
	struct fixture *f = begin(state);

	f->request.method = KX_METHOD_FILE_LOAD;
	f->machine.m.config.kexec_file = KX_YES;
	assert_made(f);
	assert_false(kx_plan_direct(f->plan));
	assert_null(kx_plan_direct_why(f->plan));
	assert_null(f->plan->vmlinux);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nokaslr_is_the_linked_address),
		TEST(nokaslr_counts_wherever_it_stands),
		TEST(a_taken_address_moves_the_kernel_not_its_map),
		TEST(kaslr_moves_map_and_place),
		TEST(the_seed_is_all_that_is_random),
		TEST(every_avoided_range_is_avoided),
		TEST(what_is_handed_out_next_is_avoided),
		TEST(no_random_place_is_no_reason_to_stop),
		TEST(a_kernel_without_relocations_is_not_moved_in_its_map),
		TEST(every_codec),
		TEST(a_damaged_payload_is_refused_where_nothing_else_tells),
		TEST(kexec_file_load_keeps_nothing_unpacked),
		TEST(what_needs_the_decompressor),
		TEST(levels_of_page_tables),
		TEST(unusual_payloads),
		TEST(a_tail_that_is_no_table),
		TEST(only_a_bss_is_left_out),
		TEST(no_room_leaves_the_kernel_to_its_decompressor),
		TEST(a_hidden_memory_map),
		TEST(kexec_file_load_takes_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
