// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans of crash kernels: where they go, what describes the dump, what the capture kernel is told. */
#include "fixture_plan.h"

#include <elf.h>
#include <inttypes.h>

#include "abi/handoff.h"
#include "arch/x86/zero_page.h"
#include "base/endian.h"
#include "crash/crash.h"
#include "crash/elfcore.h"
#include "fake_sys.h"
#include "sample_vmlinux.h"

#define REGION (512 * MIB)
#define REGION_END (640 * MIB)
#define TEXT UINT64_C(0xffffffff81000000)
#define DIRECT UINT64_C(0xffff888000000000)

static struct kx_crash_note notes[] = { { 0x30001000, 0x170 }, { 0x30002000, 0x170 } };

static void set_crash(struct fixture *f)
{
	struct kx_machine *m = &f->machine.m;

	fixture_iomem(&f->machine, REGION, REGION_END, 1, KX_IOMEM_CRASH);
	m->have_crash_size = true;
	m->crash_size = REGION_END - REGION;
	m->crash = (struct kx_crash){
		.notes = notes,
		.note_count = 2,
		.vmcoreinfo = { 0x30003000, 0x1024 },
		.map = { .text = TEXT,
			 .text_phys = 16 * MIB,
			 .text_size = 32 * MIB,
			 .have_direct = true,
			 .direct = DIRECT },
	};
	f->request.flags = KX_REQUEST_PANIC;
	f->request.cmdline = "console=ttyS0 -- single";
	f->request.method = KX_METHOD_LOAD;
}

static void use(struct fixture *f)
{
	set_crash(f);
	set_file(f, sample_bzimage());
}

/* The header of the core, of which Elf64_* are read in place: the test runs on little endian. */
static const Elf64_Ehdr *core_of(const struct fixture *f)
{
	return segment(f, "elfcorehdr")->buf;
}

static const Elf64_Phdr *phdr(const struct fixture *f, size_t i)
{
	const Elf64_Ehdr *core = core_of(f);

	assert_in_range(i, 0, core->e_phnum - 1);
	return (const Elf64_Phdr *)(core + 1) + i;
}

static void assert_phdr(const Elf64_Phdr *ph, uint32_t type, uint64_t vaddr, uint64_t paddr,
			uint64_t size)
{
	assert_int_equal(ph->p_type, type);
	assert_int_equal(ph->p_flags, type == PT_LOAD ? PF_R | PF_W | PF_X : 0);
	assert_int_equal(ph->p_vaddr, vaddr);
	assert_int_equal(ph->p_paddr, paddr);
	assert_int_equal(ph->p_offset, paddr);
	assert_int_equal(ph->p_filesz, size);
	assert_int_equal(ph->p_memsz, size);
}

static void assert_mem(const struct fixture *f, size_t i, uint64_t start, uint64_t end,
		       enum kx_mem_type type)
{
	const struct kx_mem *mem = kx_plan_mem(f->plan, i);

	assert_non_null(mem);
	assert_int_equal(mem->start, start);
	assert_int_equal(mem->end, end);
	assert_int_equal(mem->type, type);
}

/* ---- where ----------------------------------------------------------------------------------- */

static void all_is_in_the_region(void **state)
{
	struct fixture *f = *state;
	static const char initrd[5000] = "070701";
	const struct kx_source *initrds[1];

	use(f);
	initrds[0] = add_source(f, "initrd", initrd, sizeof(initrd));
	f->request.initrds = initrds;
	f->request.initrd_count = 1;
	assert_made(f);
	assert_true(kx_plan_placed(f->plan));
	assert_false(kx_plan_direct(f->plan));
	assert_int_equal(kx_plan_segment_count(f->plan), 5);
	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++) {
		const struct kx_segment *s = kx_plan_segment(f->plan, i);

		assert_in_range(s->dest, REGION, REGION_END - s->reserved);
	}
	assert_int_equal(segment(f, "kernel")->dest, REGION);
	assert_int_equal(segment(f, "initrd")->bufsz, sizeof(initrd));
}

/* With ,high the lower part is for DMA, and takes no segment. */
static void of_two_regions_the_higher_one(void **state)
{
	struct fixture *f = *state;

	use(f);
	fixture_iomem(&f->machine, 4 * GIB, 4 * GIB + 128 * MIB, 1, KX_IOMEM_CRASH);
	assert_made(f);
	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++)
		assert_in_range(kx_plan_segment(f->plan, i)->dest, 4 * GIB, 4 * GIB + 128 * MIB);
	assert_mem(f, 2, REGION, REGION_END, KX_MEM_RAM);
	assert_mem(f, 5, 4 * GIB, segment(f, "elfcorehdr")->dest, KX_MEM_RAM);
	assert_int_equal(kx_plan_warning_count(f->plan), 0);
	f->machine.iomem[f->machine.m.iomem.count - 2].depth = 2;
	f->machine.iomem[f->machine.m.iomem.count - 2].name = (char *)(uintptr_t) "";
	assert_made(f);
	assert_true(warned(f, "crashkernel=0,low"));
}

/* The capture kernel's RAM, no part of the dump, and no place for segments: processes use it until the panic. */
static void memory_by_cma(void **state)
{
	static struct kx_range range = { 256 * MIB, 320 * MIB };
	static char cmdline[] = "crashkernel=128M crashkernel=64M,cma", release[] = "6.12.3";
	struct fixture *f = *state;
	uint64_t kept;

	use(f);
	f->machine.m.cmdline = cmdline;
	assert_made(f);
	assert_true(warned(f, "where crashkernel=,cma is"));
	f->machine.m.release = release;
	assert_made(f);
	assert_true(warned(f, "crashkernel=,cma came with Linux 6.17"));
	f->machine.m.release = NULL;
	f->machine.m.crash.cma = (struct kx_ranges){ .v = &range, .count = 1 };
	assert_made(f);
	assert_int_equal(kx_plan_warning_count(f->plan), 0);
	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++)
		assert_in_range(kx_plan_segment(f->plan, i)->dest, REGION, REGION_END);
	assert_mem(f, 2, range.start, range.end, KX_MEM_RAM);
	for (size_t i = 0; i < core_of(f)->e_phnum; i++)
		if (phdr(f, i)->p_type == PT_LOAD && phdr(f, i)->p_vaddr != TEXT)
			assert_true(phdr(f, i)->p_paddr + phdr(f, i)->p_memsz <= range.start ||
				    phdr(f, i)->p_paddr >= range.end);
	assert_int_equal(kx_crash_kept(&f->machine.m, &kept), 0);
	assert_int_equal(kept, REGION_END - REGION + 64 * MIB);
}

static void without_reservation(void **state)
{
	struct fixture *f = *state;

	use(f);
	f->machine.m.iomem.count--;
	assert_refused(f, -ENOSPC, "crashkernel=256M");
	f->machine.m.have_crash_size = false;
	assert_refused(f, -ENOSPC, "crashkernel=256M");
	fixture_iomem(&f->machine, REGION, REGION_END, 1, KX_IOMEM_CRASH);
	assert_made(f);
	f->machine.m.have_crash_size = true;
	f->machine.m.crash_size = 0;
	assert_refused(f, -ENOSPC, "crashkernel=256M");
}

/* What is hidden may be there: kexec_file_load finds out by itself. */
static void hidden_map(void **state)
{
	struct fixture *f = *state;

	use(f);
	f->machine.m.iomem.hidden = true;
	assert_made(f);
	assert_false(kx_plan_placed(f->plan));
	assert_int_equal(segment(f, "elfcorehdr")->dest, KX_DEST_UNKNOWN);
	assert_string_equal(kx_plan_cmdline(f->plan), "console=ttyS0 -- single");
	f->request.method = KX_METHOD_FILE_LOAD;
	assert_made(f);
}

static void too_small_a_region(void **state)
{
	struct fixture *f = *state;
	size_t size = 40 * MIB;
	char *initrd = calloc(1, size);
	const struct kx_source *initrds[2];

	use(f);
	snprintf(initrd, size, "070701");
	f->machine.iomem[f->machine.m.iomem.count - 1].end = REGION + 41 * MIB;
	initrds[0] = initrds[1] = add_source(f, "initrd", initrd, size);
	f->request.initrds = initrds;
	f->request.initrd_count = 2;
	assert_refused(f, -ENOSPC,
		       "needs 1 MiB for itself and 80 MiB for its initrd, 41 MiB are kept");
	f->request.initrd_count = 1;
	assert_refused(f, -ENOSPC, "no room for initrd in the 41 MiB kept for a crash kernel");
	assert_says(f->err.text, "need 40 MiB from 0 up");
	assert_says(f->err.text,
		    "beside elfcorehdr 4 KiB, kernel 1 MiB, largest free range there is 39.9 MiB");
	assert_says(f->err.text, "larger crashkernel=");
	free(initrd);
}

/* The running kernel would take the old crash kernel out before it finds that there is no room beside it. */
static void too_small_a_region_for_kexec_file_load(void **state)
{
	const uint64_t beside = 2 * MIB - 4096 + MIB + 64 * 4096;
	struct fixture *f = *state;
	size_t size = 8 * MIB;
	char *initrd = calloc(1, size);
	const struct kx_source *initrds[1];
	struct kx_iomem_entry *region;

	use(f);
	f->request.method = KX_METHOD_FILE_LOAD;
	initrds[0] = add_source(f, "initrd", initrd, size);
	f->request.initrds = initrds;
	f->request.initrd_count = 1;
	region = &f->machine.iomem[f->machine.m.iomem.count - 1];
	region->end = REGION + 9 * MIB + beside;
	assert_made(f);
	region->end -= 4096;
	assert_refused(
		f, -EPERM,
		"the kernel needs 1 MiB, its initrd 8 MiB and what goes with them up to 3.2 MiB");
	assert_says(f->err.text, "larger crashkernel=");
	region->end += 4096;
	f->machine.m.crash.headers_size = 4096;
	assert_refused(f, -EPERM, "larger crashkernel=");
	f->machine.m.crash.headers_size = UINT64_MAX - 4095;
	assert_refused(f, -EPERM, "larger crashkernel=");
	f->machine.m.iomem.hidden = true;
	assert_made(f);
	free(initrd);
}

/* What keeps it out is told by its own name. */
static void no_room_for_other_reasons(void **state)
{
	struct fixture *f = *state;

	use(f);
	f->request.mem_max = REGION - 1;
	assert_refused(f, -ENOSPC, "and below 0x20000000 at");
	assert_says(f->err.text, "; widen --mem-min and --mem-max");
	f->request.mem_max = 0;
	f->request.mem_min = REGION_END;
	assert_refused(f, -ENOSPC, "from 0x28000000 up");
	assert_says(f->err.text, "; widen --mem-min and --mem-max");
}

static void nothing_left_for_the_running_kernel(void **state)
{
	struct fixture *f = *state;
	struct kx_iomem_entry *region;

	set_crash(f);
	set_file(f, sample_vmlinux_elf());
	f->request.args = KX_ARGS_LINUX;
	region = &f->machine.iomem[f->machine.m.iomem.count - 1];
	region->end = REGION + MIB;
	assert_made(f);
	region->end = segment(f, "kernel")->dest + 10 * 4096;
	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++)
		region->end += segment(f, kx_plan_segment(f->plan, i)->name)->reserved;
	assert_refused(f, -ENOSPC, "the running kernel needs 256 KiB there");
}

/* What is available is no limit: nothing is allocated. Half of memory is one that the kernel has for any load. */
static void little_memory_is_enough(void **state)
{
	struct fixture *f = *state;

	use(f);
	f->machine.m.mem_total = MIB;
	f->machine.m.mem_available = 4096;
	assert_made(f);
	f->machine.m.mem_total = 64 << 10;
	assert_refused(f, -ENOSPC, "kexec_load takes at most half of this machine's 64 KiB");
	f->machine.m.mem_total = MIB;
	f->request.flags = 0;
	assert_refused(f, -ENOSPC, "available");
}

/* ---- what ------------------------------------------------------------------------------------ */

static void kernel_must_be_relocatable(void **state)
{
	struct fixture *f = *state;

	use(f);
	f->file.data[0x234] = 0;
	sample_seal(&f->file);
	assert_refused(f, -EOPNOTSUPP, "not relocatable and runs at 0x1000000");
	f->request.method = KX_METHOD_FILE_LOAD;
	assert_refused(f, -EOPNOTSUPP, "not relocatable");
	f->request.method = KX_METHOD_LOAD;
	fixture_iomem(&f->machine, 0, 0, 1, "");
	f->machine.iomem[f->machine.m.iomem.count - 2].start = 16 * MIB;
	f->machine.iomem[f->machine.m.iomem.count - 2].end = 32 * MIB;
	assert_made(f);
	assert_int_equal(segment(f, "kernel")->dest, 16 * MIB);
}

static void entries(void **state)
{
	struct fixture *f = *state;

	use(f);
	f->request.entry = KX_ENTRY_REAL_MODE;
	assert_refused(f, -EOPNOTSUPP, "real mode after a panic");
	f->request.entry = KX_ENTRY_32;
	assert_made(f);
	assert_in_range(segment(f, "kernel")->dest, REGION, REGION_END);
	assert_mem(f, 2, REGION, segment(f, "elfcorehdr")->dest, KX_MEM_RAM);
}

static void vmlinux_is_moved(void **state)
{
	struct fixture *f = *state;

	set_crash(f);
	set_file(f, sample_vmlinux_elf());
	assert_refused(f, -EOPNOTSUPP, "only Linux reads a dump");
	f->request.args = KX_ARGS_LINUX;
	assert_made(f);
	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++)
		assert_in_range(kx_plan_segment(f->plan, i)->dest, REGION, REGION_END);
	assert_int_equal(kx_plan_entry(f->plan), REGION + SV_ENTRY);
	f->machine.iomem[f->machine.m.iomem.count - 1].end = REGION + 5 * 4096;
	assert_refused(f, -ENOSPC, "no room for kernel in the 20 KiB kept for a crash kernel");
	assert_says(f->err.text, "larger crashkernel=");
}

static void other_formats(void **state)
{
	struct fixture *f = *state;

	use(f);
	f->request.type = "multiboot-x86";
	assert_true(make(f) < 0);
	f->machine.m.xen_dom0 = true;
	f->request.type = NULL;
	assert_refused(f, -EOPNOTSUPP, "Xen dom0");
}

/* ---- the dump -------------------------------------------------------------------------------- */

static void core_headers(void **state)
{
	struct fixture *f = *state;
	const Elf64_Ehdr *core;

	use(f);
	assert_made(f);
	core = core_of(f);
	assert_memory_equal(core->e_ident, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", EI_NIDENT);
	assert_int_equal(core->e_type, ET_CORE);
	assert_int_equal(core->e_machine, EM_X86_64);
	assert_int_equal(core->e_phoff, sizeof(*core));
	assert_int_equal(core->e_phentsize, sizeof(Elf64_Phdr));
	assert_int_equal(core->e_phnum, 6);
	assert_phdr(phdr(f, 0), PT_NOTE, 0, 0x30001000, 0x170);
	assert_phdr(phdr(f, 1), PT_NOTE, 0, 0x30002000, 0x170);
	assert_phdr(phdr(f, 2), PT_NOTE, 0, 0x30003000, 0x1024);
	assert_phdr(phdr(f, 3), PT_LOAD, TEXT, 16 * MIB, 32 * MIB);
	assert_phdr(phdr(f, 4), PT_LOAD, DIRECT + MIB, MIB, REGION - MIB);
	assert_phdr(phdr(f, 5), PT_LOAD, DIRECT + REGION_END, REGION_END,
		    GIB - 2 * MIB - REGION_END);
	assert_int_equal(segment(f, "elfcorehdr")->bufsz, sizeof(*core) + 6 * sizeof(Elf64_Phdr));
	assert_int_equal(kx_plan_warning_count(f->plan), 0);
}

/* What a kernel before 5.5 has in conventional memory is copied away. */
static void backup_for_old_kernels(void **state)
{
	static char release[16];
	struct fixture *f = *state;
	uint64_t at;

	use(f);
	snprintf(release, sizeof(release), "5.4.0");
	f->machine.m.release = release;
	assert_made(f);
	assert_int_equal(core_of(f)->e_phnum, 7);
	at = segment(f, "backup")->dest;
	assert_in_range(at, REGION, REGION_END - 0xa0000);
	assert_int_equal(segment(f, "backup")->memsz, 0xa0000);
	assert_int_equal(phdr(f, 4)->p_paddr, 0x1000);
	assert_int_equal(phdr(f, 4)->p_vaddr, DIRECT + 0x1000);
	assert_int_equal(phdr(f, 4)->p_filesz, 0x9f000);
	assert_int_equal(phdr(f, 4)->p_offset, at + 0x1000);
	assert_phdr(phdr(f, 5), PT_LOAD, DIRECT + MIB, MIB, REGION - MIB);
	assert_int_equal(((struct kx_handoff *)f->plan->handoff)->backup, at);
	for (size_t i = 0; i < kx_plan_mem_count(f->plan); i++)
		assert_true(kx_plan_mem(f->plan, i)->end <= at ||
			    kx_plan_mem(f->plan, i)->start >= at + 0xa0000);
	snprintf(release, sizeof(release), "5.5.0");
	assert_made(f);
	assert_int_equal(core_of(f)->e_phnum, 6);
	assert_int_equal(((struct kx_handoff *)f->plan->handoff)->backup, 0);
}

static void memory_of_drivers_is_dumped(void **state)
{
	struct fixture *f = *state;

	use(f);
	fixture_iomem(&f->machine, 8 * GIB, 9 * GIB, 2, "System RAM (kmem)");
	assert_made(f);
	assert_phdr(phdr(f, 6), PT_LOAD, DIRECT + 8 * GIB, 8 * GIB, GIB);
}

static void what_is_not_known_is_said(void **state)
{
	struct fixture *f = *state;

	use(f);
	f->machine.m.crash = (struct kx_crash){ 0 };
	assert_made(f);
	assert_int_equal(core_of(f)->e_phnum, 2);
	assert_phdr(phdr(f, 0), PT_LOAD, 0, MIB, REGION - MIB);
	assert_true(warned(f, "/sys/kernel/vmcoreinfo"));
	assert_true(warned(f, "crash_notes"));
	assert_true(warned(f, "/proc/kcore"));
}

static void headers_of_32_bits(void **state)
{
	struct fixture *f = *state;
	const Elf32_Ehdr *core;
	const Elf32_Phdr *ph;

	use(f);
	f->request.flags |= KX_REQUEST_ELF32;
	assert_made(f);
	core = segment(f, "elfcorehdr")->buf;
	ph = (const Elf32_Phdr *)(core + 1);
	assert_memory_equal(core->e_ident, "\177ELF\1\1\1", 7);
	assert_int_equal(core->e_machine, EM_X86_64);
	assert_int_equal(core->e_phoff, sizeof(*core));
	assert_int_equal(core->e_phentsize, sizeof(*ph));
	assert_int_equal(core->e_phnum, 5);
	assert_int_equal(ph[2].p_type, PT_NOTE);
	assert_int_equal(ph[2].p_offset, 0x30003000);
	assert_int_equal(ph[3].p_type, PT_LOAD);
	assert_int_equal(ph[3].p_paddr, MIB);
	assert_int_equal(ph[3].p_filesz, REGION - MIB);
	assert_int_equal(ph[3].p_memsz, REGION - MIB);
	assert_int_equal(ph[3].p_vaddr, 0);
	fixture_iomem(&f->machine, 4 * GIB - MIB, 4 * GIB, 0, "System RAM");
	assert_made(f);
	fixture_iomem(&f->machine, 4 * GIB, 4 * GIB + 4096, 0, "System RAM");
	assert_refused(f, -EOPNOTSUPP, "up to 0x100001000; leave --elf32-core-headers out");
}

static void command_line_says_where(void **state)
{
	struct fixture *f = *state;
	char wanted[80];

	use(f);
	assert_made(f);
	snprintf(wanted, sizeof(wanted), "elfcorehdr=0x%" PRIx64 " console=ttyS0 -- single",
		 segment(f, "elfcorehdr")->dest);
	assert_string_equal(kx_plan_cmdline(f->plan), wanted);
	f->request.cmdline = NULL;
	assert_made(f);
	*strchr(wanted, ' ') = '\0';
	assert_string_equal(kx_plan_cmdline(f->plan), wanted);
}

static void command_line_keeps_room(void **state)
{
	struct fixture *f = *state;
	char line[2048];

	use(f);
	memset(line, 'x', sizeof(line));
	line[2047 - KX_CRASH_CMDLINE_SPARE] = '\0';
	f->request.cmdline = line;
	assert_made(f);
	line[2047 - KX_CRASH_CMDLINE_SPARE] = 'x';
	line[2047 - KX_CRASH_CMDLINE_SPARE + 1] = '\0';
	assert_refused(f, -E2BIG, "takes 2016");
}

/* ---- what the capture kernel has ------------------------------------------------------------- */

static void memory_map(void **state)
{
	struct fixture *f = *state;
	const struct kx_segment *params;
	const uint8_t *bp;

	use(f);
	kx_memmap_add(&f->machine.m.firmware_map, 2 * GIB, 3 * GIB, KX_MEM_PMEM);
	assert_made(f);
	assert_int_equal(kx_plan_mem_count(f->plan), 5);
	assert_mem(f, 0, 0, 0xa0000, KX_MEM_RAM);
	assert_mem(f, 1, 0xf0000, MIB, KX_MEM_RESERVED);
	assert_mem(f, 2, REGION, segment(f, "elfcorehdr")->dest, KX_MEM_RAM);
	assert_mem(f, 3, GIB - 2 * MIB, GIB - MIB, KX_MEM_ACPI);
	assert_mem(f, 4, GIB - MIB, GIB, KX_MEM_NVS);
	params = segment(f, "boot_params");
	bp = params->buf;
	assert_int_equal(bp[KX_BP_E820_ENTRIES], 5);
	assert_int_equal(kx_le64(bp + KX_BP_E820_TABLE + 40), REGION);
	assert_int_equal(kx_le32(bp + KX_BP_E820_TABLE + 40 + 16), 1);
}

static void memory_map_on_the_command_line(void **state)
{
	struct fixture *f = *state;
	char wanted[300], line[1950];

	use(f);
	f->request.flags |= KX_REQUEST_MEMMAP;
	assert_made(f);
	snprintf(wanted, sizeof(wanted),
		 "memmap=exactmap memmap=0xa0000@0 memmap=0x10000$0xf0000 "
		 "memmap=0x7fff000@0x20000000 "
		 "memmap=0x100000#0x3fe00000 memmap=0x100000%%0x3ff00000+4 elfcorehdr=0x%" PRIx64
		 " console=ttyS0 -- single",
		 segment(f, "elfcorehdr")->dest);
	assert_string_equal(kx_plan_cmdline(f->plan), wanted);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	f->request.cmdline = line;
	assert_refused(f, -E2BIG, "leave --pass-memmap-cmdline out");
	f->request.flags &= ~(unsigned)KX_REQUEST_MEMMAP;
	assert_made(f);
}

static void hotplug(void **state)
{
	struct fixture *f = *state;
	struct fake fake;

	use(f);
	f->request.flags |= KX_REQUEST_HOTPLUG;
	assert_made(f);
	assert_true(warned(f, "Linux 6.6"));
	assert_int_equal(segment(f, "elfcorehdr")->memsz, 4096);
	assert_false(segment(f, "elfcorehdr")->unchecked);

	f->machine.m.crash.headers_size = 20 * 4096;
	assert_made(f);
	assert_int_equal(kx_plan_warning_count(f->plan), 0);
	assert_int_equal(segment(f, "elfcorehdr")->memsz, 21 * 4096);
	assert_true(segment(f, "elfcorehdr")->unchecked);
	fake_init(&fake);
	assert_int_equal(kx_plan_load(&fake.sys, f->plan, &f->err), 0);
	assert_int_equal(fake.flags & 0xffff, 5);
	fake_clear(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_in_the_region),
		TEST(of_two_regions_the_higher_one),
		TEST(memory_by_cma),
		TEST(without_reservation),
		TEST(hidden_map),
		TEST(too_small_a_region),
		TEST(too_small_a_region_for_kexec_file_load),
		TEST(no_room_for_other_reasons),
		TEST(nothing_left_for_the_running_kernel),
		TEST(little_memory_is_enough),
		TEST(kernel_must_be_relocatable),
		TEST(entries),
		TEST(vmlinux_is_moved),
		TEST(other_formats),
		TEST(core_headers),
		TEST(backup_for_old_kernels),
		TEST(memory_of_drivers_is_dumped),
		TEST(what_is_not_known_is_said),
		TEST(headers_of_32_bits),
		TEST(command_line_says_where),
		TEST(command_line_keeps_room),
		TEST(memory_map),
		TEST(memory_map_on_the_command_line),
		TEST(hotplug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
