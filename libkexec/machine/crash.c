// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where a panic leaves its notes: Documentation/ABI/testing/sysfs-devices-system-cpu (crash_notes, drivers/base/cpu.c)
 * and sysfs-kernel-kexec-kdump (vmcoreinfo, crash_elfcorehdr_size, crash_cma_ranges; kernel/ksysfs.c, kexec_core.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/overflow.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

#define CPUS "/sys/devices/system/cpu"

int kx_vmcoreinfo_parse(struct kx_view text, struct kx_crash_note *ret, struct kx_error *err)
{
	struct kx_view rest = text, start, size;
	struct kx_crash_note note = { 0 };

	if (!kx_text_word(&rest, &start) || !kx_text_word(&rest, &size) ||
	    !kx_text_u64(start, 16, &note.start) || !kx_text_u64(size, 16, &note.size))
		return kx_malformed(err, "/sys/kernel/vmcoreinfo", text, "ADDRESS SIZE");
	*ret = note;
	return 0;
}

static int read_vmcoreinfo(struct kx_root *root, struct kx_crash *crash, struct kx_error *err)
{
	_cleanup_free_ char *line = NULL;
	int r = kx_root_line(root, "/sys/kernel/vmcoreinfo", &line);

	return r < 0 ? r : kx_vmcoreinfo_parse(kx_text_of(line), &crash->vmcoreinfo, err);
}

/* crash_notes is hexadecimal without 0x, its size decimal. */
static int read_note(struct kx_root *root, const char *cpu, struct kx_crash_note *ret,
		     struct kx_error *err)
{
	_cleanup_free_ char *line = NULL;
	struct kx_crash_note note = { 0 };
	char path[64];
	int r;

	if (snprintf(path, sizeof(path), CPUS "/%s/crash_notes", cpu) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = kx_root_line(root, path, &line);
	if (r < 0)
		return r;
	if (!kx_text_u64(kx_text_of(line), 16, &note.start))
		return kx_malformed(err, path, kx_text_of(line), "an address");
	if (snprintf(path, sizeof(path), CPUS "/%s/crash_notes_size", cpu) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = kx_root_u64(root, path, &note.size);
	if (r == -EBADMSG)
		return kx_fail(err, EBADMSG, "%s is not a number", path);
	if (r == 0)
		*ret = note;
	return r;
}

static bool is_cpu(const char *name)
{
	uint64_t number;

	return kx_text_starts(kx_text_of(name), "cpu") &&
	       kx_text_u64(kx_text_of(name + strlen("cpu")), 10, &number);
}

/* Each CPU that the kernel has registered; one that is offline panics no less once it is back. */
static int read_notes(struct kx_root *root, struct kx_crash *crash, struct kx_error *err)
{
	_cleanup_(kx_names_clear) struct kx_names names = { 0 };
	_cleanup_free_ struct kx_crash_note *notes = NULL;
	size_t count = 0;
	int r = kx_root_list(root, CPUS, &names);

	if (r < 0)
		return r;
	notes = calloc(names.count + 1, sizeof(*notes));
	if (!notes)
		return -ENOMEM;
	for (size_t i = 0; i < names.count; i++) {
		if (!is_cpu(names.v[i]))
			continue;
		r = read_note(root, names.v[i], &notes[count], err);
		if (r == -EBADMSG || r == -ENOMEM)
			return r;
		count += r == 0;
	}
	crash->notes = kx_steal(notes);
	crash->note_count = count;
	return 0;
}

/* Since 6.19 in a folder of its own, before beside the others. */
static int read_headers_size(struct kx_root *root, struct kx_crash *crash, struct kx_error *err)
{
	int r = kx_root_u64(root, "/sys/kernel/kexec/crash_elfcorehdr_size", &crash->headers_size);

	if (r == -ENOENT)
		r = kx_root_u64(root, "/sys/kernel/crash_elfcorehdr_size", &crash->headers_size);
	return r == -EBADMSG ? kx_fail(err, EBADMSG, "crash_elfcorehdr_size is not a number") : r;
}

int kx_crash_cma_parse(struct kx_view text, struct kx_ranges *ret, struct kx_error *err)
{
	_cleanup_(kx_ranges_clear) struct kx_ranges ranges = { 0 };
	struct kx_view line, start, rest;
	uint64_t from, end;

	while (kx_text_line(&text, &line)) {
		rest = line;
		if (!kx_text_field(&rest, '-', &start) || !kx_text_u64(start, 16, &from) ||
		    !kx_text_u64(rest, 16, &end) || end < from || kx_add_overflow(end, 1, &end))
			return kx_malformed(err, "crash_cma_ranges", line, "START-LAST");
		if (kx_ranges_add(&ranges, from, end) < 0)
			return kx_fail(err, ENOMEM, "out of memory");
	}
	*ret = ranges;
	ranges = (struct kx_ranges){ 0 };
	return 0;
}

static int read_cma(struct kx_root *root, struct kx_crash *crash, struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	int r = kx_root_read(root, "/sys/kernel/kexec/crash_cma_ranges", KX_CAP_VALUE, &blob);

	return r < 0 ? r : kx_crash_cma_parse(kx_blob_view(&blob), &crash->cma, err);
}

int kx_read_crash(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	static int (*const parts[])(struct kx_root *, struct kx_crash *, struct kx_error *) = {
		read_vmcoreinfo,
		read_notes,
		read_headers_size,
		read_cma,
	};
	int worst = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int r = parts[i](root, &machine->crash, err);

		if (r == -ENOMEM || r == -EBADMSG)
			worst = r;
	}
	return worst;
}
