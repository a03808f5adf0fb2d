/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the questions of `kexec crash` share. */
#ifndef KX_TOOL_CMD_CRASH_H
#define KX_TOOL_CMD_CRASH_H

#include <json-c/json.h>

#include "crash/crash.h"
#include "crash/size.h"
#include "tool.h"

#define MIB (UINT64_C(1) << 20)
/* Where their answers begin. */
#define COLUMN 16

/**
 * struct kx_target - the capture kernel that it is about
 * @found: how its files were found, for a person; NULL where they were given
 * @order: its files and its command line
 * @load, @need: what it is and what it needs
 * @fit: what of it is loaded, into one region
 * @guessed: bytes of compressed archives whose files could only be guessed
 */
struct kx_target {
	const char *found;
	char *kernel, *initrd;
	struct kx_order order;
	struct kx_crash_load load;
	struct kx_crash_need need;
	struct kx_crash_fit fit;
	uint64_t guessed;
};

/**
 * kx_target_make() - find and open its files, and estimate what it needs
 * @ret: zero-initialised; to be cleared with kx_target_clear(), also after an error
 *
 * Errors: -ENOENT when no files were given or found; -EOPNOTSUPP for kernels other than a bzImage; those of opening a
 * source and of kx_crash_estimate().
 */
int kx_target_make(const struct kx_tool *tool, const struct kx_machine *machine,
		   const struct kx_args *args, struct kx_target *ret, struct kx_error *err);
void kx_target_clear(struct kx_target *target);

/* Which files and command line: as text, and into @json. */
void kx_target_print(const struct kx_target *target);
void kx_target_json(struct json_object *json, const struct kx_target *target);

int kx_crash_size(const struct kx_tool *tool, const struct kx_machine *machine,
		  const struct kx_args *args);
int kx_crash_test(const struct kx_tool *tool, const struct kx_machine *machine,
		  const struct kx_args *args);

/**
 * kx_crash_answer() - is what is kept enough for @target? As exit status. Said is what its figures do not show
 * @needed, @recommended: bytes, by rules or measured
 */
int kx_crash_answer(const struct kx_machine *machine, const struct kx_target *target,
		    uint64_t needed, uint64_t recommended);

#endif
