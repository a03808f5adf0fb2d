// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crash/crash.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "abi/handoff.h"
#include "base/overflow.h"
#include "cmdline.h"
#include "crash/elfcore.h"
#include "names.h"
#include "util.h"

#define FOUR_GIB (UINT64_C(1) << 32)

/* Besides the entries that crash_elfcorehdr_size counts. */
#define ELF_HEADER_ROOM 64

static int no_reservation(struct kx_error *err)
{
	return kx_fail(err, ENOSPC,
		       "no memory is kept for a crash kernel (/proc/iomem has no \"Crash "
		       "kernel\"): put crashkernel=256M, or what `kexec crash size` says, on the "
		       "running kernel's command line and reboot");
}

int kx_crash_region(const struct kx_machine *machine, struct kx_range *ret, struct kx_error *err)
{
	_cleanup_(kx_ranges_clear) struct kx_ranges all = { 0 };

	if (machine->have_crash_size && !machine->crash_size)
		return no_reservation(err);
	if (!machine->iomem.have || machine->iomem.hidden)
		return kx_fail(err, ENODATA,
			       "where memory is kept for a crash kernel is not known: /proc/iomem "
			       "is not readable; run as root");
	if (kx_iomem_crash(&machine->iomem, &all) < 0)
		return kx_fail(err, ENOMEM, "out of memory");
	if (!all.count)
		return no_reservation(err);
	*ret = all.v[all.count - 1];
	return 0;
}

int kx_crash_kept(const struct kx_machine *machine, uint64_t *ret)
{
	uint64_t cma = kx_ranges_size(&machine->crash.cma), kept;

	if (!machine->have_crash_size || kx_add_overflow(machine->crash_size, cma, &kept))
		return -ENODATA;
	*ret = kept;
	return 0;
}

int kx_crash_check(const struct kx_plan *plan, struct kx_error *err)
{
	struct kx_error why = { 0 };
	struct kx_range region;
	int r = kx_crash_region(plan->machine, &region, &why);

	if (r == 0 || r == -ENODATA)
		return 0;
	*err = why;
	return r;
}

/* crashkernel=SIZE,cma, as reserve_crashkernel_cma() in kernel/crash_reserve.c has it. */
static bool wants_cma(const struct kx_machine *machine)
{
	const char *pos = machine->cmdline;
	struct kx_word word;

	while (pos && kx_cmdline_next(&pos, &word))
		if (kx_word_is(&word, "crashkernel") &&
		    memmem(word.raw, word.raw_size, ",cma", strlen(",cma")))
			return true;
	return false;
}

static int add_cma(struct kx_plan *plan)
{
	const struct kx_ranges *cma = &plan->machine->crash.cma;
	int r = 0;

	for (size_t i = 0; r == 0 && i < cma->count; i++)
		r = kx_ranges_add(&plan->crash, cma->v[i].start, cma->v[i].end);
	if (cma->count || !wants_cma(plan->machine))
		return r;
	if (kx_release_before(plan->machine, 6, 17))
		kx_plan_warn(plan,
			     "crashkernel=,cma came with Linux 6.17: unless this kernel got "
			     "it from there, nothing is kept by it; and if it is, the capture "
			     "kernel gets it by --kexec-file-syscall alone");
	else
		kx_plan_warn(plan, "the running kernel does not say where crashkernel=,cma is "
				   "(Linux 6.19): the capture kernel does not get it by "
				   "kexec_load, only by --kexec-file-syscall");
	return r;
}

static void warn_of_ignored(struct kx_plan *plan)
{
	const struct kx_request *request = &plan->request;
	const struct {
		const char *name;
		bool asked;
	} options[] = {
		{ "--elf32-core-headers", request->flags & KX_REQUEST_ELF32 },
		{ "--pass-memmap-cmdline", request->flags & KX_REQUEST_MEMMAP },
		{ "--mem-min", request->mem_min },
		{ "--mem-max", request->mem_max != UINT64_MAX },
	};
	char list[96] = "";
	size_t used = 0;

	for (size_t i = 0; i < KX_ARRAY_SIZE(options); i++)
		if (options[i].asked)
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
						 used ? ", " : "", options[i].name);
	if (used)
		kx_plan_warn(plan,
			     "kexec_file_load makes core headers, of 64 bits, and memory map by "
			     "itself, and places by itself; not heeded: %s",
			     list);
}

void kx_crash_warn(struct kx_plan *plan)
{
	if (plan->method == KX_METHOD_FILE_LOAD)
		warn_of_ignored(plan);
	if (plan->request.flags & KX_REQUEST_HOTPLUG && !plan->machine->crash.headers_size)
		kx_plan_warn(plan, "the running kernel does not follow hotplug by itself (Linux "
				   "6.6, CONFIG_CRASH_HOTPLUG): load again after each change of "
				   "memory or CPUs");
}

int kx_crash_begin(struct kx_plan *plan, struct kx_error *err)
{
	struct kx_range region = { 0 };
	int r = kx_crash_region(plan->machine, &region, err);

	if (r < 0)
		return r;
	kx_ranges_clear(&plan->crash);
	kx_ranges_clear(&plan->free);
	if (kx_iomem_crash(&plan->machine->iomem, &plan->crash) < 0 || add_cma(plan) < 0 ||
	    kx_ranges_add(&plan->free, region.start, region.end) < 0)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	if (plan->crash.v[0].start >= FOUR_GIB)
		kx_plan_warn(plan,
			     "nothing below 4 GiB is kept for the crash kernel: devices that "
			     "reach no further will not work in it; boot this machine without "
			     "crashkernel=0,low");
	return 0;
}

/* ---- core headers ---------------------------------------------------------------------------- */

static void warn_of_unknown(struct kx_plan *plan)
{
	const struct kx_crash *crash = &plan->machine->crash;

	if (!crash->vmcoreinfo.size)
		kx_plan_warn(plan, "/sys/kernel/vmcoreinfo is not readable: tools will not "
				   "understand the dump");
	if (!crash->note_count)
		kx_plan_warn(plan, "/sys/devices/system/cpu/cpu*/crash_notes are not readable: "
				   "registers will be missing in the dump");
	if (!crash->map.text_size || !crash->map.have_direct)
		kx_plan_warn(plan, "/proc/kcore does not tell where the kernel is in virtual "
				   "memory: the dump has physical addresses alone");
}

/* How much room the headers get, so that the running kernel can write them anew when memory or CPUs come and go. */
static uint64_t headers_room(struct kx_plan *plan, uint64_t size)
{
	uint64_t room = plan->machine->crash.headers_size + ELF_HEADER_ROOM;

	if (!(plan->request.flags & KX_REQUEST_HOTPLUG))
		return size;
	if (!plan->machine->crash.headers_size)
		return size;
	plan->hotplug = true;
	return room > size ? room : size;
}

static int add_headers(struct kx_plan *plan, uint8_t *bytes, size_t size, uint64_t *ret,
		       struct kx_error *err)
{
	struct kx_segment segment = { .name = KX_SEGMENT_ELFCOREHDR, .buf = bytes, .bufsz = size };
	struct kx_place place = { .align = KX_PAGE_SIZE, .max = UINT64_MAX };
	int r;

	segment.memsz = place.size = headers_room(plan, size);
	segment.unchecked = plan->hotplug;
	r = kx_plan_place(plan, "core headers", &place, &segment.dest, err);
	if (r < 0)
		return r;
	*ret = segment.dest;
	return kx_plan_add(plan, &segment, err, "describes the dump%s; %s",
			   plan->hotplug ? ", kept up to date by the running kernel" : "",
			   kx_plan_where(plan, size));
}

/* Filled by purgatory. */
static int add_backup(struct kx_plan *plan, struct kx_elfcore *core, struct kx_error *err)
{
	struct kx_segment segment = { .name = KX_SEGMENT_BACKUP,
				      .buf = "",
				      .memsz = KX_HANDOFF_LOW_SIZE };
	struct kx_place place = { .size = KX_HANDOFF_LOW_SIZE,
				  .align = KX_PAGE_SIZE,
				  .max = UINT64_MAX };
	int r = kx_plan_place(plan, "a copy of conventional memory", &place, &segment.dest, err);

	if (r < 0)
		return r;
	plan->backup = plan->placed ? segment.dest : 0;
	core->backup = (struct kx_range){ 0, KX_HANDOFF_LOW_SIZE };
	core->backup_at = segment.dest;
	return kx_plan_add(plan, &segment, err,
			   "purgatory copies conventional memory to it, where this old kernel has "
			   "things to dump; %s",
			   kx_plan_where(plan, segment.memsz));
}

/* In front, since what is behind "--" is not for the kernel. */
static int say_where(struct kx_plan *plan, uint64_t headers, struct kx_error *err)
{
	char *cmdline;

	if (!plan->placed)
		return 0;
	if (asprintf(&cmdline, "elfcorehdr=0x%" PRIx64 "%s%s", headers, *plan->cmdline ? " " : "",
		     plan->cmdline) < 0)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	free(plan->cmdline);
	plan->cmdline = cmdline;
	return 0;
}

/* What of memory is in the dump: not what belongs to processes by crashkernel=,cma and to the capture kernel then. */
static int dumped_ram(const struct kx_machine *machine, uint64_t min, struct kx_ranges *ram)
{
	const struct kx_ranges *cma = &machine->crash.cma;
	int r = kx_elfcore_ram(machine, min, ram);

	for (size_t i = 0; r == 0 && i < cma->count; i++)
		r = kx_ranges_remove(ram, cma->v[i].start, cma->v[i].end);
	return r;
}

int kx_crash_describe(struct kx_plan *plan, struct kx_error *err)
{
	_cleanup_(kx_ranges_clear) struct kx_ranges ram = { 0 };
	struct kx_elfcore core = {
		.machine = plan->machine,
		.ram = &ram,
		.bits = plan->request.flags & KX_REQUEST_ELF32 ? 32 : 64,
	};
	bool old = kx_release_before(plan->machine, 5, 5);
	uint64_t headers = 0;
	uint8_t *bytes;
	size_t size;
	int r;

	if (dumped_ram(plan->machine, old ? 0 : KX_CRASH_LOW_END, &ram) < 0)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	r = old ? add_backup(plan, &core, err) : 0;
	if (r == 0)
		r = kx_elfcore_make(&core, &bytes, &size, err);
	if (r == 0)
		r = kx_plan_own(plan, bytes, err);
	if (r == 0)
		r = add_headers(plan, bytes, size, &headers, err);
	if (r < 0)
		return r;
	warn_of_unknown(plan);
	return say_where(plan, headers, err);
}

/* ---- what the running kernel adds --------------------------------------------------------------- */

/* Code, a copy of VMCOREINFO, and the upper levels of page tables, with room to spare. */
#define CONTROL_PAGES 64

/*
 * It maps all memory one to one, by page tables in the holes between segments, which is what it calls a segment's memsz:
 * kimage_alloc_crash_control_pages() in kernel/kexec_core.c. Large pages take one for each GiB.
 */
static int control_memory(const struct kx_machine *machine, uint64_t *ret, struct kx_error *err)
{
	_cleanup_(kx_ranges_clear) struct kx_ranges ram = { 0 };

	if (kx_elfcore_ram(machine, 0, &ram) < 0)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	*ret = ((kx_ranges_size(&ram) >> 30) + CONTROL_PAGES) * KX_PAGE_SIZE;
	return 0;
}

int kx_crash_check_rest(const struct kx_plan *plan, struct kx_error *err)
{
	uint64_t there = kx_ranges_size(&plan->free), need = 0;

	int r;

	if (!plan->placed)
		return 0;
	r = control_memory(plan->machine, &need, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->segment_count; i++)
		there += plan->segments[i].reserved - plan->segments[i].memsz;
	if (there >= need)
		return 0;
	return kx_fail(err, ENOSPC,
		       "%s of what is kept for a crash kernel are left beside its segments, the "
		       "running kernel needs %s there; use a smaller kernel or initrd, or a larger "
		       "crashkernel=, as `kexec crash size` says, and reboot",
		       kx_size_text(there).s, kx_size_text(need).s);
}

/*
 * Core headers, unless the kernel says that they are larger; purgatory; boot_params with command line and EFI's memory map;
 * before Linux 5.5 a copy of 640 KiB. Tens of KiB were seen, but for that copy.
 */
#define PLACED_BESIDE (UINT64_C(1) << 20)

/*
 * bzImage64_load() in arch/x86/kernel/kexec-bzimage64.c places these from the region's end down, then init_size at the next
 * multiple of kernel_alignment below, by which almost as much can be lost, then the initrd; the rest must do for control
 * pages. All of it is in one region, so that sums tell: what they let pass has a place.
 */
int kx_crash_fit_size(const struct kx_machine *machine, const struct kx_crash_fit *fit,
		      uint64_t *ret, struct kx_error *err)
{
	uint64_t size = 0;
	int r = control_memory(machine, &size, err);

	if (r < 0)
		return r;
	size += PLACED_BESIDE + (fit->align > KX_PAGE_SIZE ? fit->align - KX_PAGE_SIZE : 0);
	if (kx_add_overflow(size, machine->crash.headers_size, &size) ||
	    kx_add_overflow(size, fit->kernel, &size) || kx_add_overflow(size, fit->initrd, &size))
		size = UINT64_MAX;
	*ret = size;
	return 0;
}

int kx_crash_check_fit(const struct kx_machine *machine, const struct kx_crash_fit *fit,
		       struct kx_error *err)
{
	struct kx_error why = { 0 };
	struct kx_range region = { 0 };
	uint64_t need = 0;
	int r = kx_crash_region(machine, &region, &why);

	if (r == -ENODATA)
		return 0;
	if (r < 0) {
		*err = why;
		return r;
	}
	r = kx_crash_fit_size(machine, fit, &need, err);
	if (r < 0 || need <= region.end - region.start)
		return r;
	return kx_fail(err, ENOSPC,
		       "the kernel needs %s, its initrd %s and what goes with them up to %s, %s "
		       "are kept for a crash kernel to be loaded in; use a smaller kernel or "
		       "initrd, or a larger crashkernel=, as `kexec crash size` says, and reboot",
		       kx_size_text(fit->kernel).s, kx_size_text(fit->initrd).s,
		       kx_size_text(need - fit->kernel - fit->initrd).s,
		       kx_size_text(region.end - region.start).s);
}

/* ---- when it does not fit -------------------------------------------------------------------- */

void kx_crash_room(const struct kx_plan *plan, struct kx_crash_room *ret)
{
	struct kx_range region = { 0 };
	struct kx_error ignored = { 0 };
	size_t used = 0, size = sizeof(ret->beside);

	kx_crash_region(plan->machine, &region, &ignored);
	snprintf(ret->where, sizeof(ret->where), " in the %s kept for a crash kernel at 0x%" PRIx64,
		 kx_size_text(region.end - region.start).s, region.start);
	for (size_t i = 0; i < plan->segment_count && used < size; i++)
		used += (size_t)snprintf(ret->beside + used, size - used, ", %s%s %s",
					 used ? "" : "beside ", plan->segments[i].name,
					 kx_size_text(plan->segments[i].reserved).s);
}
