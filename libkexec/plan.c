// SPDX-License-Identifier: LGPL-2.1-or-later
/* The frame of every plan: which format, which system call, which memory. What goes where is the format's. */
#include "plan.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "allowed.h"
#include "base/overflow.h"
#include "carry/carry.h"
#include "cmdline.h"
#include "crash/crash.h"
#include "format/format.h"
#include "hints.h"
#include "names.h"
#include "place.h"
#include "source.h"
#include "util.h"
#include "wire.h"

void *kx_plan_alloc(struct kx_plan *plan, size_t size, struct kx_error *err)
{
	void *p = calloc(1, size ? size : 1);

	if (!p) {
		kx_fail(err, ENOMEM, "out of memory for %s of plan", kx_size_text(size).s);
		return NULL;
	}
	return kx_plan_own(plan, p, err) < 0 ? NULL : p;
}

int kx_plan_own(struct kx_plan *plan, void *p, struct kx_error *err)
{
	if (plan->owned_count == KX_PLAN_OWNED_MAX) {
		free(p);
		return kx_fail(err, ENOSPC, "plan has more than %d buffers", KX_PLAN_OWNED_MAX);
	}
	plan->owned[plan->owned_count++] = p;
	return 0;
}

int kx_plan_keep_source(struct kx_plan *plan, const char *name, struct kx_view bytes,
			const struct kx_source **ret, struct kx_error *err)
{
	struct kx_source **at = &plan->sources[plan->source_count];
	int r;

	if (plan->source_count == KX_PLAN_SOURCE_MAX)
		return kx_fail(err, ENOSPC, "containers hold more than %d files",
			       KX_PLAN_SOURCE_MAX);
	r = kx_source_from_memory(name, bytes.data, bytes.size, at, err);
	if (r < 0)
		return r;
	plan->source_count++;
	*ret = *at;
	return 0;
}

void kx_plan_warn(struct kx_plan *plan, const char *format, ...)
{
	va_list args;
	char *text;

	if (plan->warning_count == KX_PLAN_WARNING_MAX)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0)
		plan->warnings[plan->warning_count++] = text;
	va_end(args);
}

/* Is it --mem-min or --mem-max that keeps it from a place? */
static bool is_bounded(const struct kx_plan *plan, const struct kx_place *place)
{
	return (plan->request.mem_min || plan->request.mem_max != UINT64_MAX) &&
	       kx_ranges_largest(&plan->free, 0, UINT64_MAX, place->align) >= place->size;
}

int kx_plan_no_room(const struct kx_plan *plan, const char *what, const struct kx_place *place,
		    struct kx_error *err)
{
	uint64_t largest = kx_ranges_largest(&plan->free, place->min, place->max, place->align);
	const char *remedy = "use a smaller kernel or initrd, or a machine with more memory";
	struct kx_crash_room crash = { 0 };
	char below[32] = "";

	if (place->max != UINT64_MAX)
		snprintf(below, sizeof(below), " and below %#" PRIx64, place->max);
	if (kx_plan_panic(plan)) {
		kx_crash_room(plan, &crash);
		remedy =
			"use a smaller kernel or initrd, or a larger crashkernel=, as `kexec crash "
			"size` says, and reboot";
	}
	if (is_bounded(plan, place))
		remedy = "widen --mem-min and --mem-max";
	return kx_fail(err, ENOSPC,
		       "no room for %s%s: need %s from %#" PRIx64 " up%s at a multiple of %#" PRIx64
		       "%s, largest free range there is %s; %s",
		       what, crash.where, kx_size_text(place->size).s, place->min, below,
		       place->align, crash.beside, kx_size_text(largest).s, remedy);
}

/*
 * Below this nothing is gained by a quiet place, and the highest is the safest: boot loaders and other payloads write below
 * the top of memory before they leave purgatory's stack and page tables.
 */
#define QUIET_MIN (UINT64_C(1) << 20)

static bool goes_quietly(const struct kx_plan *plan, uint64_t size)
{
	return plan->machine->free_pages.v && size >= QUIET_MIN && !kx_plan_panic(plan);
}

/* What may go anywhere goes where it disturbs least. */
static int find_place(const struct kx_plan *plan, const struct kx_place *place, uint64_t *ret)
{
	if (!place->low_first && goes_quietly(plan, place->size) &&
	    kx_place_quiet(&plan->machine->free_pages, &plan->free, place, ret) == 0)
		return 0;
	return kx_ranges_place(&plan->free, place, ret);
}

const char *kx_plan_where(const struct kx_plan *plan, uint64_t size)
{
	return goes_quietly(plan, size) ? "place with the least free memory" : "highest free place";
}

int kx_plan_place(struct kx_plan *plan, const char *what, const struct kx_place *place,
		  uint64_t *ret, struct kx_error *err)
{
	struct kx_place pages = *place;
	const struct kx_request *request = &plan->request;
	uint64_t at;

	if (!plan->placed) {
		*ret = KX_DEST_UNKNOWN;
		return 0;
	}
	if (pages.min < request->mem_min)
		pages.min = request->mem_min;
	if (request->mem_max != UINT64_MAX && pages.max > request->mem_max + 1)
		pages.max = request->mem_max + 1;
	if (kx_align_up_overflow(pages.size, KX_PAGE_SIZE, &pages.size) ||
	    find_place(plan, &pages, &at) < 0)
		return kx_plan_no_room(plan, what, &pages, err);
	if (kx_ranges_remove(&plan->free, at, at + pages.size) < 0)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	*ret = at;
	return 0;
}

int kx_plan_add(struct kx_plan *plan, const struct kx_segment *segment, struct kx_error *err,
		const char *why, ...)
{
	struct kx_segment *added = &plan->segments[plan->segment_count];
	va_list args;
	int r;

	if (plan->segment_count == KX_SEGMENT_MAX)
		return kx_fail(err, ENOSPC,
			       "plan needs more than the %d segments that kexec_load takes",
			       KX_SEGMENT_MAX);
	*added = *segment;
	added->memsz = kx_align_up(added->memsz, KX_PAGE_SIZE);
	added->reserved = kx_align_up(added->reserved, KX_PAGE_SIZE);
	if (added->reserved < added->memsz)
		added->reserved = added->memsz;
	va_start(args, why);
	r = vasprintf(&added->why, why, args);
	va_end(args);
	if (r < 0)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	plan->segment_count++;
	return 0;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Why segments cannot be placed on this machine; NULL if they can. */
static const char *map_problem(const struct kx_machine *machine)
{
	if (!machine->iomem.have)
		return "/proc/iomem could not be read; mount /proc";
	if (machine->iomem.hidden)
		return "/proc/iomem hides its addresses from us; run as root, with CAP_SYS_ADMIN";
	if (!machine->have_firmware_map)
		return "/sys/firmware/memmap could not be read; mount /sys, or use a kernel with "
		       "CONFIG_FIRMWARE_MEMMAP";
	return NULL;
}

/*
 * Free is what firmware and the running kernel both call RAM, since firmware does not know what the kernel carved out
 * later, and the kernel may have been told (mem=, memmap=) what firmware does not say. With add_efi_memmap the
 * kernel knows RAM that the firmware map lacks.
 */
int kx_plan_find_free(struct kx_plan *plan, struct kx_error *err)
{
	const struct kx_machine *machine = plan->machine;
	_cleanup_(kx_ranges_clear) struct kx_ranges kernel = { 0 }, firmware = { 0 };
	struct kx_word word;

	if (map_problem(machine)) {
		kx_plan_warn(plan, "where segments would go is not known: %s",
			     map_problem(machine));
		return 0;
	}
	if (kx_plan_panic(plan)) {
		plan->placed = true;
		return kx_crash_begin(plan, err);
	}
	if (kx_iomem_ram(&machine->iomem, &kernel) < 0 ||
	    kx_memmap_of_type(&machine->firmware_map, KX_MEM_RAM, &firmware) < 0)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	if (kx_cmdline_find(machine->cmdline, "add_efi_memmap", &word)) {
		plan->free = kernel;
		kernel = (struct kx_ranges){ 0 };
	} else if (kx_ranges_intersect(&kernel, &firmware, &plan->free) < 0) {
		return kx_fail(err, ENOMEM, "out of memory for plan");
	}
	plan->placed = true;
	return 0;
}

static void drop_segments(struct kx_plan *plan)
{
	for (size_t i = 0; i < plan->segment_count; i++)
		free(plan->segments[i].why);
	plan->segment_count = 0;
}

void kx_plan_forget_warnings(struct kx_plan *plan, size_t keep)
{
	for (size_t i = keep; i < plan->warning_count; i++)
		free(plan->warnings[i]);
	plan->warning_count = keep;
}

/* Random bytes that the next kernel alone is to know do not stay in freed memory. */
static void wipe_seed(struct kx_plan *plan)
{
	if (plan->seed)
		explicit_bzero(plan->seed, plan->seed_size);
	plan->seed = NULL;
}

void kx_plan_wipe(struct kx_plan *plan, void *data, size_t size)
{
	assert(plan->wiped_count < KX_PLAN_WIPED_MAX);
	plan->wiped[plan->wiped_count].data = data;
	plan->wiped[plan->wiped_count++].size = size;
}

/* Those that are dropped; which buffer it is in is told by where it begins. */
static void wipe_owned(struct kx_plan *plan, void *owned)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->wiped_count; i++) {
		if (plan->wiped[i].data == owned)
			explicit_bzero(owned, plan->wiped[i].size);
		else
			plan->wiped[kept++] = plan->wiped[i];
	}
	plan->wiped_count = kept;
}

static void drop_owned(struct kx_plan *plan, size_t keep)
{
	for (size_t i = keep; i < plan->owned_count; i++)
		wipe_owned(plan, plan->owned[i]);
	for (size_t i = keep; i < plan->owned_count; i++)
		free(plan->owned[i]);
	plan->owned_count = keep;
}

struct kx_plan_mark kx_plan_mark(const struct kx_plan *plan)
{
	return (struct kx_plan_mark){ plan->warning_count, plan->owned_count };
}

int kx_plan_restart(struct kx_plan *plan, const struct kx_plan_mark *mark, struct kx_error *err)
{
	drop_segments(plan);
	kx_plan_forget_warnings(plan, mark->warning_count);
	wipe_seed(plan);
	drop_owned(plan, mark->owned_count);
	kx_ranges_clear(&plan->free);
	kx_memmap_clear(&plan->memmap);
	plan->archive_count = 0;
	return kx_plan_find_free(plan, err);
}

uint64_t kx_plan_memsz(const struct kx_plan *plan)
{
	uint64_t total = 0;

	for (size_t i = 0; i < plan->segment_count; i++)
		total += plan->segments[i].memsz;
	return total;
}

/*
 * The kernel refuses more than half of RAM (sanity_check_segment_list() in kernel/kexec_core.c); more than what is
 * available would end in the OOM killer.
 */
int kx_plan_check_memory(const struct kx_plan *plan, uint64_t need, struct kx_error *err)
{
	const struct kx_machine *machine = plan->machine;
	enum kx_method method = plan->method;

	if (method == KX_METHOD_LOAD && machine->mem_total && need > machine->mem_total / 2)
		return kx_fail(
			err, ENOSPC,
			"loading needs %s, kexec_load takes at most half of this machine's %s; %s",
			kx_size_text(need).s, kx_size_text(machine->mem_total).s,
			plan->request.ramdisk ? "leave --to-ram out" : "use a smaller initrd");
	/* It is copied straight to where it was kept room for. */
	if (kx_plan_panic(plan) && method == KX_METHOD_LOAD)
		return 0;
	if (machine->mem_available && need > machine->mem_available)
		return kx_fail(err, ENOSPC,
			       "loading needs %s of memory, %s of %s are available; "
			       "use a smaller initrd or stop what uses memory",
			       kx_size_text(need).s, kx_size_text(machine->mem_available).s,
			       kx_size_text(machine->mem_total).s);
	return 0;
}

/* ---- format ---------------------------------------------------------------------------------- */

static int type_unknown(const char *type, struct kx_error *err)
{
	char names[256] = "";
	size_t used = 0;

	for (size_t i = 0; kx_formats[i] && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, " %s",
					 kx_formats[i]->name);
	return kx_fail(err, EOPNOTSUPP, "type %s is not supported; supported are:%s", type, names);
}

/* "no known kernel format:", and a line for each. */
static void add_reason(struct kx_error *all, const struct kx_format *format,
		       const struct kx_error *reason)
{
	size_t used = strlen(all->text);

	snprintf(all->text + used, sizeof(all->text) - used, "\n  %s: %.200s", format->name,
		 reason->text);
}

static int find_format(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	const char *type = plan->request.type;
	struct kx_error all = { .text = "no known kernel format:" };
	bool known = !type;

	for (size_t i = 0; kx_formats[i]; i++) {
		const struct kx_format *format = kx_formats[i];
		bool wanted = !type || strcmp(type, format->name) == 0;
		struct kx_error reason = { 0 };
		int r;

		/* What was asked for may be in a container. */
		if (!wanted && !format->unwrap)
			continue;
		r = format->probe(&plan->request, file, &reason);
		if (r == 0) {
			plan->format = format;
			return 0;
		}
		if (r != -ENOEXEC) {
			*err = reason;
			return r;
		}
		known |= wanted;
		if (wanted)
			add_reason(&all, format, &reason);
	}
	if (!known)
		return type_unknown(type, err);
	*err = all;
	return -ENOEXEC;
}

static void note_container(struct kx_plan *plan)
{
	size_t used = strlen(plan->containers);

	snprintf(plan->containers + used, sizeof(plan->containers) - used, "%s%s", used ? ", " : "",
		 plan->format->name);
	if (plan->request.type && strcmp(plan->request.type, plan->format->name) == 0)
		plan->request.type = NULL;
}

/* The format of what is to be started, out of as many containers as it may be in. */
static int unwrap(struct kx_plan *plan, struct kx_error *err)
{
	for (unsigned depth = 0; depth <= KX_PLAN_UNWRAP_MAX; depth++) {
		struct kx_view file = kx_source_view(plan->request.kernel);
		int r = find_format(plan, file, err);

		if (r == 0 && !plan->format->unwrap)
			return 0;
		if (r == 0)
			r = plan->format->unwrap(plan, file, err);
		if (r < 0)
			return r;
		note_container(plan);
	}
	return kx_fail(err, EOPNOTSUPP, "is wrapped in more than %d containers",
		       KX_PLAN_UNWRAP_MAX);
}

static const char *arch_of(enum kx_arch_id arch)
{
	static const char *const names[] = { "unknown", "x86_64", "i386", "aarch64", "riscv64" };

	return names[arch];
}

static int check_arch(const struct kx_plan *plan, struct kx_error *err)
{
	enum kx_arch_id arch = plan->machine->arch;

	if (arch == plan->format->arch)
		return 0;
	return kx_fail(err, EOPNOTSUPP, "is a kernel for %s, this machine is %s",
		       arch_of(plan->format->arch),
		       plan->machine->arch_name ? plan->machine->arch_name : arch_of(arch));
}

/* A kernel without what was asked for would not be what was asked for. */
static int check_options(const struct kx_plan *plan, struct kx_error *err)
{
	const struct kx_format *format = plan->format;

	if (kx_plan_panic(plan) && !format->captures)
		return kx_fail(err, EOPNOTSUPP,
			       "%s cannot be loaded for a panic: only Linux reads a dump; give a "
			       "bzImage, vmlinux or unified kernel image",
			       format->name);
	if (plan->request.ramdisk &&
	    (!format->captures || kx_plan_panic(plan) || plan->request.entry == KX_ENTRY_REAL_MODE))
		return kx_fail(err, EOPNOTSUPP,
			       "an image in memory is for Linux alone, by its 32-bit or 64-bit "
			       "entry, and not for a panic; leave --to-ram out");
	if (plan->request.module_count && !format->takes_modules)
		return kx_fail(
			err, EOPNOTSUPP,
			"%s takes no modules, only multiboot kernels do; leave --module out, or "
			"give the file by --initrd",
			format->name);
	if (plan->request.entry != KX_ENTRY_AUTO && !format->takes_entry)
		return kx_fail(err, EOPNOTSUPP,
			       "%s has no other entry, only bzImage has; leave --entry-32bit and "
			       "--real-mode out",
			       format->name);
	if (plan->request.args != KX_ARGS_AUTO && !format->takes_args)
		return kx_fail(
			err, EOPNOTSUPP,
			"%s has its own way to be given arguments, only ELF kernels have "
			"several; leave --args-linux, --args-elf and --args-none out, or say "
			"--type=elf-x86",
			format->name);
	return 0;
}

/* ---- which system call ----------------------------------------------------------------------- */

static int set_method(struct kx_plan *plan, enum kx_method method, const char *why,
		      struct kx_error *err)
{
	plan->method = method;
	plan->method_why = strdup(why);
	return plan->method_why ? 0 : kx_fail(err, ENOMEM, "out of memory for plan");
}

/* Can kexec_load be used at all? */
static enum kx_fact may_load(const struct kx_plan *plan, struct kx_error *why)
{
	return kx_allowed_by_system(plan->machine, KX_METHOD_LOAD,
				    plan->request.flags & KX_REQUEST_PANIC, why);
}

/* Should it be, where there is a choice? Somebody without privileges asks for the plan of somebody with them. */
static bool is_load_best(const struct kx_plan *plan, struct kx_error *why)
{
	const char *problem = map_problem(plan->machine);

	if (may_load(plan, why) == KX_NO || kx_load_is_second_best(plan->machine, why))
		return false;
	if (!problem || plan->machine->cap_sys_boot != KX_YES)
		return true;
	kx_fail(why, ENODATA, "where segments would go is not known: %s", problem);
	return false;
}

static enum kx_fact may_file_load(const struct kx_plan *plan, struct kx_view file,
				  struct kx_error *why)
{
	if (plan->request.ramdisk) {
		kx_fail(why, EOPNOTSUPP, "it makes the memory map itself, with no image in it");
		return KX_NO;
	}
	if (plan->format->file_load(plan, file, why) < 0)
		return KX_NO;
	return kx_allowed_by_system(plan->machine, KX_METHOD_FILE_LOAD,
				    plan->request.flags & KX_REQUEST_PANIC, why);
}

static int choose_load(struct kx_plan *plan, struct kx_error *err)
{
	struct kx_error why = { 0 };

	if (may_load(plan, &why) == KX_NO)
		return kx_fail(err, EPERM, "kexec_load cannot be used: %s", why.text);
	if (kx_load_is_second_best(plan->machine, &why))
		kx_plan_warn(plan, "kexec_load was asked for, although %s", why.text);
	return set_method(plan, KX_METHOD_LOAD, "asked for", err);
}

static int choose_allowed(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	bool automatic = plan->request.method == KX_METHOD_AUTO;
	struct kx_error load = { 0 }, file_load = { 0 };

	if (plan->request.method == KX_METHOD_LOAD)
		return choose_load(plan, err);
	if (automatic && is_load_best(plan, &load))
		return set_method(plan, KX_METHOD_LOAD, "nothing forbids it", err);
	if (may_file_load(plan, file, &file_load) != KX_NO)
		return set_method(plan, KX_METHOD_FILE_LOAD, automatic ? load.text : "asked for",
				  err);
	if (!automatic)
		return kx_fail(err, EPERM, "kexec_file_load cannot be used: %s", file_load.text);
	return kx_fail(err, EPERM,
		       "kexec_load cannot be used: %.480s; nor can kexec_file_load: %.480s",
		       load.text, file_load.text);
}

/* Who only wants to know what a file is and where it would go gets an answer on any machine. */
static int choose_method(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	enum kx_method asked = plan->request.method;
	int r = choose_allowed(plan, file, err);

	if (r != -EPERM || !(plan->request.flags & KX_REQUEST_EXPLAIN))
		return r;
	plan->forbidden = strdup(err->text);
	if (!plan->forbidden)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	return set_method(plan, asked == KX_METHOD_FILE_LOAD ? asked : KX_METHOD_LOAD,
			  "if it were allowed here", err);
}

/* ---- the plan -------------------------------------------------------------------------------- */

uint64_t kx_request_initrd_size(const struct kx_request *request)
{
	uint64_t total = 0;

	for (size_t i = 0; i < request->initrd_count; i++)
		if (kx_add_overflow(total, kx_source_size(request->initrds[i]), &total))
			return UINT64_MAX;
	return total;
}

/* The kernel places by itself; what is known beforehand is what there is to place. */
static int plan_file_load(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	const char *why = "placed by the running kernel";
	uint64_t initrd = kx_request_initrd_size(&plan->request), twice;
	struct kx_segment segment = {
		.name = "kernel",
		.bufsz = file.size,
		.memsz = file.size,
		.dest = KX_DEST_UNKNOWN,
	};
	int r;

	free(kx_steal(plan->vmlinux));
	/* The files are read whole into the kernel before their bytes go to pages of their own. */
	if (kx_add_overflow(file.size, initrd, &twice) || kx_mul_overflow(twice, 2, &twice))
		return kx_fail(err, EFBIG, "kernel and initrd are too large");
	r = kx_plan_check_memory(plan, twice, err);
	if (r == 0)
		r = kx_plan_add(plan, &segment, err, "%s", why);
	segment.name = "initrd";
	segment.bufsz = segment.memsz = initrd;
	if (r == 0 && initrd)
		r = kx_plan_add(plan, &segment, err, "%s", why);
	return r;
}

static uint64_t given_size(const struct kx_request *request)
{
	uint64_t total = kx_request_initrd_size(request);

	if (request->ramdisk && kx_add_overflow(total, kx_source_size(request->ramdisk), &total))
		return UINT64_MAX;
	return total;
}

static int plan_load(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	int r;

	/* Before anything is read: an initrd or image that can never fit. */
	r = kx_plan_check_memory(plan, given_size(&plan->request), err);
	if (r == 0)
		r = kx_plan_find_free(plan, err);
	if (r == 0 && kx_plan_panic(plan))
		r = kx_crash_describe(plan, err);
	if (r == 0)
		r = plan->format->plan(plan, file, err);
	if (r == 0 && kx_plan_panic(plan))
		r = kx_crash_check_rest(plan, err);
	if (r == 0)
		r = kx_plan_check_memory(plan, kx_plan_memsz(plan), err);
	return r;
}

static int add_hints(struct kx_plan *plan, struct kx_error *err)
{
	if (plan->format->hints)
		return kx_hints_add(plan, plan->format->hints, err);
	kx_plan_warn(plan, "no hints are added, although asked for: there are none for %s",
		     plan->format->name);
	return 0;
}

/* What it is, and that it can run here. */
static int identify(struct kx_plan *plan, struct kx_error *err)
{
	int r = kx_plan_panic(plan) ? kx_crash_check(plan, err) : 0;

	if (r == 0)
		r = unwrap(plan, err);
	if (r == 0)
		r = check_arch(plan, err);
	if (r < 0)
		kx_error_prefix(err, "%s", kx_source_name(plan->request.kernel));
	return r;
}

/* That it can be started as asked for. */
static int examine(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	int r = plan->request.fast == KX_FAST_HINTS ? add_hints(plan, err) : 0;

	if (r == 0)
		r = check_options(plan, err);
	if (r == 0)
		r = plan->format->check(plan, file, err);
	if (r < 0)
		kx_error_prefix(err, "%s", kx_source_name(plan->request.kernel));
	return r;
}

static int make(struct kx_plan *plan, struct kx_error *err)
{
	struct kx_view file;
	int r;

	if (plan->machine->xen_dom0)
		return kx_fail(err, EOPNOTSUPP,
			       "this is a Xen dom0, where the hypervisor would have to be %s; that "
			       "is not built yet",
			       kx_plan_panic(plan)
				       ? "given the crash kernel, since it is what runs "
					 "on after a panic"
				       : "asked");
	r = identify(plan, err);
	if (r == 0)
		r = kx_carry(plan, err);
	file = kx_source_view(plan->request.kernel);
	if (r == 0)
		r = examine(plan, file, err);
	if (r < 0)
		return r;
	r = choose_method(plan, file, err);
	if (r == 0 && plan->machine->cap_sys_boot == KX_NO)
		kx_plan_warn(plan,
			     "loading needs CAP_SYS_BOOT, which is missing here; run as root");
	if (r == 0 && plan->method == KX_METHOD_FILE_LOAD && plan->unsigned_inside)
		kx_plan_warn(plan, "the running kernel checks the signature of the kernel inside "
				   "the container, not the "
				   "container's, and there is none: where signatures are demanded "
				   "this load is refused; "
				   "sign .linux itself");
	if (r == 0 && kx_plan_panic(plan))
		kx_crash_warn(plan);
	if (r == 0)
		r = plan->method == KX_METHOD_LOAD ? plan_load(plan, file, err)
						   : plan_file_load(plan, file, err);
	return r;
}

struct kx_plan *kx_plan_new(const struct kx_machine *machine, const struct kx_request *request,
			    struct kx_error *err)
{
	struct kx_plan *plan = calloc(1, sizeof(*plan));

	if (plan)
		plan->cmdline = strdup(request->cmdline ? request->cmdline : "");
	if (!plan || !plan->cmdline) {
		free(plan);
		kx_fail(err, ENOMEM, "out of memory for plan");
		return NULL;
	}
	plan->machine = machine;
	plan->asked = *request;
	plan->request = *request;
	if (!plan->request.mem_max)
		plan->request.mem_max = UINT64_MAX;
	return plan;
}

int kx_plan_make(const struct kx_machine *machine, const struct kx_request *request,
		 struct kx_plan **ret, struct kx_error *err)
{
	struct kx_plan *plan = kx_plan_new(machine, request, err);
	int r;

	if (!plan)
		return -ENOMEM;
	r = make(plan, err);
	if (r < 0) {
		kx_plan_free(plan);
		return r;
	}
	*ret = plan;
	return 0;
}

void kx_plan_free(struct kx_plan *plan)
{
	if (!plan)
		return;
	kx_wire_wipe(plan);
	drop_segments(plan);
	kx_plan_forget_warnings(plan, 0);
	for (size_t i = 0; i < plan->source_count; i++)
		kx_source_free(plan->sources[i]);
	wipe_seed(plan);
	drop_owned(plan, 0);
	explicit_bzero(plan->asked.kaslr_seed, sizeof(plan->asked.kaslr_seed));
	explicit_bzero(plan->request.kaslr_seed, sizeof(plan->request.kaslr_seed));
	kx_ranges_clear(&plan->free);
	kx_ranges_clear(&plan->crash);
	kx_memmap_clear(&plan->memmap);
	free(plan->vmlinux);
	if (plan->wire)
		munmap(plan->wire, plan->wire_size);
	free(plan->method_why);
	free(plan->forbidden);
	free(plan->cmdline);
	free(plan->plain_cmdline);
	free(plan->network_why);
	for (size_t i = 0; i < plan->carried_count; i++)
		free(plan->carried[i].path);
	free(plan->carried);
	free(plan);
}

/* ---- what a plan says ------------------------------------------------------------------------ */

const char *kx_plan_arch(const struct kx_plan *plan)
{
	return arch_of(plan->format->arch);
}

const char *kx_plan_format(const struct kx_plan *plan)
{
	return plan->format->name;
}

const char *kx_plan_containers(const struct kx_plan *plan)
{
	return plan->containers;
}

const char *kx_plan_cmdline(const struct kx_plan *plan)
{
	return plan->cmdline;
}

enum kx_method kx_plan_method(const struct kx_plan *plan)
{
	return plan->method;
}

const char *kx_plan_method_why(const struct kx_plan *plan)
{
	return plan->method_why;
}

const char *kx_plan_forbidden(const struct kx_plan *plan)
{
	return plan->forbidden;
}

bool kx_plan_placed(const struct kx_plan *plan)
{
	return plan->placed;
}

uint64_t kx_plan_entry(const struct kx_plan *plan)
{
	return plan->placed ? plan->entry : 0;
}

const char *kx_plan_entry_mode(const struct kx_plan *plan)
{
	return plan->entry_mode;
}

bool kx_plan_direct(const struct kx_plan *plan)
{
	return plan->direct;
}

const char *kx_plan_direct_why(const struct kx_plan *plan)
{
	return *plan->direct_why ? plan->direct_why : NULL;
}

bool kx_plan_kaslr(const struct kx_plan *plan)
{
	return plan->random;
}

bool kx_plan_crash_region(const struct kx_plan *plan, uint64_t *ret_start, uint64_t *ret_size)
{
	struct kx_error ignored;
	struct kx_range region;

	if (!kx_plan_panic(plan) || kx_crash_region(plan->machine, &region, &ignored) < 0)
		return false;
	*ret_start = region.start;
	*ret_size = region.end - region.start;
	return true;
}

size_t kx_plan_segment_count(const struct kx_plan *plan)
{
	return plan->segment_count;
}

const struct kx_segment *kx_plan_segment(const struct kx_plan *plan, size_t i)
{
	return i < plan->segment_count ? &plan->segments[i] : NULL;
}

size_t kx_plan_warning_count(const struct kx_plan *plan)
{
	return plan->warning_count;
}

const char *kx_plan_warning(const struct kx_plan *plan, size_t i)
{
	return i < plan->warning_count ? plan->warnings[i] : NULL;
}

size_t kx_plan_archive_count(const struct kx_plan *plan)
{
	return plan->archive_count;
}

const struct kx_archive *kx_plan_archive(const struct kx_plan *plan, size_t i)
{
	return i < plan->archive_count ? &plan->archives[i] : NULL;
}

size_t kx_plan_hint_count(const struct kx_plan *plan)
{
	return plan->hint_count;
}

const struct kx_hint *kx_plan_hint(const struct kx_plan *plan, size_t i)
{
	return i < plan->hint_count ? plan->hints[i] : NULL;
}

const char *kx_plan_network(const struct kx_plan *plan, const char **ret_why)
{
	if (plan->network)
		*ret_why = plan->network_why;
	return plan->network;
}

size_t kx_plan_carried_count(const struct kx_plan *plan)
{
	return plan->carried_count;
}

const struct kx_carried *kx_plan_carried(const struct kx_plan *plan, size_t i)
{
	return i < plan->carried_count ? &plan->carried[i] : NULL;
}

size_t kx_plan_mem_count(const struct kx_plan *plan)
{
	return plan->memmap.count;
}

const struct kx_mem *kx_plan_mem(const struct kx_plan *plan, size_t i)
{
	return i < plan->memmap.count ? &plan->memmap.v[i] : NULL;
}
