/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One format, one file, one line in format/table.c. */
#ifndef KX_FORMAT_H
#define KX_FORMAT_H

#include "base/view.h"
#include "libkexec.h"
#include "machine/machine.h"
#include "plan.h"

/**
 * struct kx_format - a kind of kernel file
 * @name: as in kexec-tools' --type
 * @arch: the machine it runs on
 * @hints: what KX_FAST_HINTS adds to the command line; NULL for nothing
 * @takes_modules, @takes_entry, @takes_args: the request's modules, entry or args mean something to it; else they are
 *	refused
 * @captures: it is Linux, and can be started in the memory kept for a crash kernel
 * @file_load: can the kernel's own kexec_file_load take it? (0, or why not in @err)
 * @probe: pure, by magic, header and what the request wants: 0 it is mine; -ENOEXEC not mine; -EBADMSG mine but
 *	   malformed; -EOPNOTSUPP mine but not supported; with a reason in @err
 * @unwrap: NULL, or the file is a container: puts what is in it into plan->request (kx_plan_keep_source()), for
 *	    which a format is looked for again; @check, @file_load and @plan are not called then
 * @check: the whole file, before either call: lengths, checksums, the command line's length; may keep in
 *	   the plan what it had to unpack
 * @plan: place segments for kexec_load; plan->free is what may be used
 */
struct kx_format {
	const char *name;
	const char *summary;
	enum kx_arch_id arch;
	const struct kx_hint *hints;
	bool takes_modules, takes_entry, takes_args, captures;
	int (*probe)(const struct kx_request *request, struct kx_view file, struct kx_error *err);
	int (*unwrap)(struct kx_plan *plan, struct kx_view file, struct kx_error *err);
	int (*check)(struct kx_plan *plan, struct kx_view file, struct kx_error *err);
	int (*file_load)(const struct kx_plan *plan, struct kx_view file, struct kx_error *err);
	int (*plan)(struct kx_plan *plan, struct kx_view file, struct kx_error *err);
};

extern const struct kx_format *const kx_formats[]; /* NULL-terminated, in the order of probing */

extern const struct kx_format kx_format_bzimage;
extern const struct kx_format kx_format_bzimage64;
extern const struct kx_format kx_format_multiboot2;
extern const struct kx_format kx_format_multiboot;
extern const struct kx_format kx_format_elf_x86_64;
extern const struct kx_format kx_format_elf_x86;
extern const struct kx_format kx_format_nbi;
extern const struct kx_format kx_format_beoboot;
extern const struct kx_format kx_format_foreign;
extern const struct kx_format kx_format_uki;
extern const struct kx_format kx_format_zboot;
extern const struct kx_format kx_format_compressed;

#endif
