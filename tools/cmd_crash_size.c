// SPDX-License-Identifier: GPL-2.0-or-later
/* kexec crash size: how much memory the capture kernel needs, and giving back what is more than that. */
#include "cmd_crash.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/overflow.h"
#include "cmdline.h"
#include "crash/crash.h"
#include "format/bzimage.h"
#include "json.h"
#include "machine/machine.h"
#include "names.h"
#include "ranges.h"
#include "source.h"
#include "util.h"

/* What kdump's scripts give a capture kernel on x86: one processor, since others gain little and cost memory. */
#define USUAL_WORDS "nr_cpus=1"

/* Most that is unpacked of an initrd to look at it, where it is not known how much memory there is. */
#define UNPACK_MAX (1024 * MIB)

/* ---- which kernel it is about ---------------------------------------------------------------- */

/* Where those who load crash kernels keep them; %s is the running kernel's release. */
static const struct {
	const char *kernel, *initrd, *whose;
} places[] = {
	{ "/var/lib/kdump/vmlinuz", "/var/lib/kdump/initrd.img", "kdump-tools' links" },
	{ "/boot/vmlinuz-%s", "/boot/initramfs-%skdump.img", "the running kernel, kdump's initrd" },
	{ "/boot/vmlinuz-%s", "/boot/initrd-%s-kdump", "the running kernel, kdump's initrd" },
	{ "/boot/vmlinuz-%s", "/boot/initrd.img-%s", "the running kernel and its initrd" },
	{ "/boot/vmlinuz-%s", "/boot/initramfs-%s.img", "the running kernel and its initrd" },
	{ "/boot/vmlinuz-%s", "/boot/initrd-%s", "the running kernel and its initrd" },
};

/* NULL if there is no such file. */
static char *find_file(const char *root, const char *pattern, const char *release)
{
	const char *mark = strstr(pattern, "%s");
	char *path;

	if (mark && !release)
		return NULL;
	if (asprintf(&path, "%s%.*s%s%s", strcmp(root, "/") ? root : "",
		     (int)(mark ? mark - pattern : (ptrdiff_t)strlen(pattern)), pattern,
		     mark ? release : "", mark ? mark + 2 : "") < 0)
		return NULL;
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static int find_files(const char *root, const char *release, struct kx_target *target,
		      struct kx_error *err)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(places); i++) {
		target->kernel = find_file(root, places[i].kernel, release);
		target->initrd = find_file(root, places[i].initrd, release);
		if (target->kernel && target->initrd) {
			target->found = places[i].whose;
			return 0;
		}
		free(target->kernel);
		free(target->initrd);
		target->kernel = target->initrd = NULL;
	}
	return kx_fail(err, ENOENT,
		       "no capture kernel is found, in /var/lib/kdump or of the running kernel in "
		       "/boot; give it by --kernel and --initrd");
}

/* As for a load by kexec -p: what is given, or what kdump's scripts would give. */
static int open_files(const struct kx_tool *tool, const struct kx_machine *machine,
		      const struct kx_args *args, struct kx_target *target, struct kx_error *err)
{
	const char *kernel = args->kernel ? args->kernel : target->kernel;
	const char *initrd = target->initrd;
	struct kx_args load = *args;

	load.operands = &kernel;
	load.operand_count = 1;
	load.panic = 1;
	if (initrd) {
		load.initrds = &initrd;
		load.initrd_count = 1;
	}
	if (!args->append) {
		load.append = USUAL_WORDS;
		load.reuse_cmdline = machine->cmdline != NULL;
	}
	return kx_order_make(tool, machine, &load, &target->order, err);
}

static int look_at_kernel(struct kx_target *target, struct kx_error *err)
{
	const struct kx_source *kernel = target->order.kernel;
	struct kx_bzimage image;
	int r = kx_bzimage_parse(kx_source_view(kernel), &image, err);

	if (r == -ENOEXEC || (r == 0 && !image.init_size))
		return kx_fail(err, EOPNOTSUPP,
			       "%s: only a bzImage of boot protocol 2.10 or later says how much "
			       "memory it takes; give the kernel itself",
			       kx_source_name(kernel));
	if (r < 0) {
		kx_error_prefix(err, "%s", kx_source_name(kernel));
		return r;
	}
	target->load.kernel = target->fit.kernel = image.init_size;
	target->fit.align = image.kernel_alignment;
	return 0;
}

static unsigned count_cpus(const struct kx_machine *machine, const char *cmdline)
{
	unsigned cpus = machine->possible_cpus ? machine->possible_cpus : 1;
	struct kx_word word;
	uint64_t limit;

	if (!kx_cmdline_find(cmdline, "nr_cpus", &word) || !word.value)
		return cpus;
	limit = strtoull(word.value, NULL, 0);
	return limit && limit < cpus ? (unsigned)limit : cpus;
}

static uint64_t memory_of(const struct kx_machine *machine)
{
	_cleanup_(kx_ranges_clear) struct kx_ranges ram = { 0 };

	if (machine->iomem.hidden || kx_iomem_ram(&machine->iomem, &ram) < 0 || !ram.count)
		return machine->mem_total;
	return kx_ranges_size(&ram);
}

int kx_target_make(const struct kx_tool *tool, const struct kx_machine *machine,
		   const struct kx_args *args, struct kx_target *ret, struct kx_error *err)
{
	uint64_t unpack_max = machine->mem_available ? machine->mem_available / 2 : UNPACK_MAX;
	const struct kx_request *request = &ret->order.request;
	struct kx_word word;
	int r = 0;

	if (!args->kernel && (args->machine || args->initrd_count))
		return kx_fail(err, ENOENT, "which kernel? give it by --kernel");
	if (!args->kernel)
		r = find_files(tool->root, machine->release, ret, err);
	if (r == 0)
		r = open_files(tool, machine, args, ret, err);
	if (r == 0)
		r = look_at_kernel(ret, err);
	if (r == 0)
		r = kx_crash_initrd_size(request->initrds, request->initrd_count, unpack_max,
					 &ret->load, &ret->guessed, err);
	if (r < 0)
		return r;
	ret->fit.initrd = ret->load.initrd_packed;
	ret->load.cpus = count_cpus(machine, ret->order.cmdline);
	ret->load.ram = memory_of(machine);
	ret->load.rootfs_is_tmpfs = !kx_cmdline_find(ret->order.cmdline, "root", &word);
	return kx_crash_estimate(&ret->load, &ret->need, err);
}

void kx_target_clear(struct kx_target *target)
{
	kx_order_clear(&target->order);
	free(target->kernel);
	free(target->initrd);
	*target = (struct kx_target){ 0 };
}

/* ---- the answer ------------------------------------------------------------------------------ */

int kx_crash_answer(const struct kx_machine *machine, const struct kx_target *target,
		    uint64_t needed, uint64_t recommended)
{
	struct kx_error err = { 0 };
	uint64_t kept = 0;
	int status = KX_EXIT_YES;

	if (kx_crash_kept(machine, &kept) < 0) {
		kx_fail(&err, ENODATA,
			"how much is kept for a crash kernel is not known: "
			"/sys/kernel/kexec_crash_size is not readable");
		status = KX_EXIT_ERROR;
	} else if (kept < needed || kx_crash_check_fit(machine, &target->fit, &err) < 0) {
		status = KX_EXIT_NO;
	} else if (kept < recommended) {
		status = KX_EXIT_WARNINGS;
	}
	if (err.text[0])
		kx_say("%s", err.text);
	return status;
}

void kx_target_print(const struct kx_target *target)
{
	const struct kx_request *request = &target->order.request;

	printf("%-*s", COLUMN, "kernel");
	kx_text_put(stdout, kx_source_name(request->kernel));
	printf("%s%s%s\n", target->found ? " (" : "", target->found ? target->found : "",
	       target->found ? ")" : "");
	for (size_t i = 0; i < request->initrd_count; i++) {
		printf("%-*s", COLUMN, "initrd");
		kx_text_put(stdout, kx_source_name(request->initrds[i]));
		putchar('\n');
	}
	printf("%-*s", COLUMN, "command line");
	kx_text_put(stdout, target->order.cmdline);
	putchar('\n');
}

void kx_target_json(struct json_object *json, const struct kx_target *target)
{
	const struct kx_request *request = &target->order.request;
	struct json_object *initrds = json_object_new_array();

	kx_json_string(json, "kernel", kx_source_name(request->kernel));
	for (size_t i = 0; i < request->initrd_count; i++)
		json_object_array_add(initrds, kx_json_text(kx_source_name(request->initrds[i])));
	json_object_object_add(json, "initrds", initrds);
	kx_json_string(json, "cmdline", target->order.cmdline);
}

static void print_size(const struct kx_target *target, uint64_t reserved, bool known)
{
	const struct kx_crash_need *need = &target->need;

	kx_target_print(target);
	putchar('\n');
	for (unsigned i = 0; i < KX_CRASH_PIECE_COUNT; i++)
		printf("%-*s%-12s%s\n", COLUMN, kx_crash_piece_name(i),
		       kx_size_text(need->pieces[i]).s, kx_crash_piece_rule(i));
	if (target->guessed)
		printf("%-*s%s of the initrd cannot be unpacked here; four times as much is "
		       "assumed\n",
		       COLUMN, "guessed", kx_size_text(target->guessed).s);
	printf("\n%-*s%-12swhile the initrd is there packed and unpacked\n", COLUMN, "to start",
	       kx_size_text(need->unpacking).s);
	printf("%-*s%-12swithout the packed initrd, with programs\n", COLUMN, "to dump",
	       kx_size_text(need->dumping).s);
	if (need->half)
		printf("%-*s%-12sfor files may take half of it: there is no root=\n", COLUMN,
		       "to hold files", kx_size_text(need->half).s);
	printf("%-*s%s\n", COLUMN, "needed", kx_size_text(need->needed).s);
	printf("%-*s%s\n", COLUMN, "reserved", known ? kx_size_text(reserved).s : "unknown");
	printf("%-*scrashkernel=%" PRIu64 "M\n", COLUMN, "recommended", need->recommended / MIB);
}

static void print_size_json(const struct kx_target *target, uint64_t reserved, bool known)
{
	struct json_object *json = kx_json_new(), *pieces = json_object_new_array();
	const struct kx_crash_need *need = &target->need;

	kx_target_json(json, target);
	for (unsigned i = 0; i < KX_CRASH_PIECE_COUNT; i++) {
		struct json_object *item = json_object_new_object();

		kx_json_string(item, "name", kx_crash_piece_name(i));
		kx_json_size(item, "size", need->pieces[i]);
		kx_json_string(item, "rule", kx_crash_piece_rule(i));
		json_object_array_add(pieces, item);
	}
	json_object_object_add(json, "pieces", pieces);
	kx_json_size(json, "guessed", target->guessed);
	kx_json_size(json, "unpacking", need->unpacking);
	kx_json_size(json, "dumping", need->dumping);
	kx_json_size(json, "half", need->half);
	kx_json_size(json, "needed", need->needed);
	kx_json_size(json, "recommended", need->recommended);
	if (known)
		kx_json_size(json, "reserved", reserved);
	else
		kx_json_string(json, "reserved", NULL);
	kx_json_print(stdout, json);
}

static int answer_size(const struct kx_machine *machine, const struct kx_args *args,
		       const struct kx_target *target)
{
	struct kx_error err = { 0 };
	uint64_t reserved = 0;
	bool known = kx_crash_kept(machine, &reserved) == 0;

	if (args->json)
		print_size_json(target, reserved, known);
	else
		print_size(target, reserved, known);
	if (known && reserved < target->need.needed) {
		kx_crash_too_small(&target->need, reserved, &err);
		kx_say("%s", err.text);
	}
	return kx_crash_answer(machine, target, target->need.needed, target->need.recommended);
}

/* ---- giving back ----------------------------------------------------------------------------- */

/* Of what kexec_crash_size counts, what is no place for the kernel: before Linux 6.5 it is the other part alone. */
static uint64_t lower_part(const struct kx_machine *machine)
{
	struct kx_error unknown = { 0 };
	struct kx_range region = { 0 };

	if (kx_crash_region(machine, &region, &unknown) < 0 ||
	    machine->crash_size <= region.end - region.start)
		return 0;
	return machine->crash_size - (region.end - region.start);
}

/*
 * Of two parts the upper one becomes smaller first, unless it goes as a whole (crash_shrink_memory() in kernel/kexec_core.c):
 * what is left of it must still take the kernel.
 */
static int keep_a_place(const struct kx_machine *machine, const struct kx_target *target,
			bool exact, uint64_t *wanted, struct kx_error *err)
{
	uint64_t low = lower_part(machine), need = 0, least;
	int r = kx_crash_fit_size(machine, &target->fit, &need, err);

	if (r < 0 || *wanted <= low || *wanted - low >= need)
		return r;
	if (kx_add_overflow(low, need, &least))
		least = UINT64_MAX;
	if (exact)
		return kx_fail(err, EINVAL,
			       "%s would be too little: %s of it are the lower part, and the upper "
			       "one must take the kernel; give at least %s",
			       kx_size_text(*wanted).s, kx_size_text(low).s, kx_size_text(least).s);
	kx_say("the kernel is loaded in the upper part alone: %s are kept rather than %s",
	       kx_size_text(least).s, kx_size_text(*wanted).s);
	*wanted = least;
	return 0;
}

static int wanted_size(const struct kx_tool *tool, const struct kx_machine *machine,
		       const struct kx_args *args, uint64_t *ret, struct kx_error *err)
{
	_cleanup_(kx_target_clear) struct kx_target target = { 0 };
	const char *text = args->shrink, *end = text + strlen(text);
	bool exact = strcmp(text, "recommended") != 0;
	uint64_t wanted = 0;
	int r;

	if (exact && (!kx_cmdline_size(&text, end, &wanted) || text != end))
		return kx_fail(
			err, EINVAL,
			"--shrink=%s is not a size; give one such as 192M, or \"recommended\"",
			args->shrink);
	*ret = wanted;
	if (exact && !lower_part(machine))
		return 0;
	r = kx_target_make(tool, machine, args, &target, err);
	if (r < 0)
		return exact ? 0 : r; /* for what kernel is not known */
	*ret = exact ? wanted : target.need.recommended;
	return lower_part(machine) ? keep_a_place(machine, &target, exact, ret, err) : 0;
}

static int shrink(const struct kx_tool *tool, const struct kx_machine *machine,
		  const struct kx_args *args, struct kx_error *err)
{
	_cleanup_(kx_machine_freep) struct kx_machine *after = NULL;
	uint64_t wanted = 0, old = 0, now = 0;
	int r;

	if (args->machine)
		return kx_fail(err, EINVAL, "--shrink is for this machine, not for a saved one");
	r = wanted_size(tool, machine, args, &wanted, err);
	if (r == 0)
		r = kx_crash_shrink(tool->sys, machine, wanted, err);
	if (r == 0)
		r = kx_machine_read(tool->root, &after, err);
	if (r < 0)
		return r;
	if (kx_machine_crash_size(machine, &old) < 0 || kx_machine_crash_size(after, &now) < 0)
		return kx_fail(err, ENODATA, "how much is kept now is not known");
	printf("%-*s%s, before %s\n", COLUMN, "reserved", kx_size_text(now).s, kx_size_text(old).s);
	return 0;
}

int kx_crash_size(const struct kx_tool *tool, const struct kx_machine *machine,
		  const struct kx_args *args)
{
	_cleanup_(kx_target_clear) struct kx_target target = { 0 };
	struct kx_error err = { 0 };
	int r = args->shrink ? shrink(tool, machine, args, &err)
			     : kx_target_make(tool, machine, args, &target, &err);

	if (r < 0) {
		kx_say("%s", err.text);
		return args->shrink && r == -EEXIST ? KX_EXIT_NO : KX_EXIT_ERROR;
	}
	return args->shrink ? KX_EXIT_YES : answer_size(machine, args, &target);
}
