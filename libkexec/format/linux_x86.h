/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What bzImage64 and bzImage share: the same file by other entries. */
#ifndef KX_LINUX_X86_H
#define KX_LINUX_X86_H

#include "bzimage.h"
#include "plan.h"

/* Errors: -E2BIG; @who takes at most @max bytes. */
int kx_linux_check_cmdline(const struct kx_plan *plan, size_t max, const char *who,
			   struct kx_error *err);

/**
 * kx_linux_check_capture() - can it run in the memory kept for a crash kernel, as far as that is known?
 *
 * Errors: -EOPNOTSUPP for a kernel that is not relocatable and runs elsewhere; -ENOSPC with what it needs.
 */
int kx_linux_check_capture(const struct kx_plan *plan, const struct kx_bzimage *image,
			   struct kx_error *err);

/**
 * kx_linux_check_sums() - the file's own checks, unless --force-crc
 * @keep: keep what had to be decompressed for it in plan->vmlinux
 *
 * Errors: -EBADMSG; -ENOMEM.
 */
int kx_linux_check_sums(struct kx_plan *plan, struct kx_view file, const struct kx_bzimage *image,
			bool keep, struct kx_error *err);

/**
 * kx_linux_place_relocatable() - the kernel at its pref_address if that is free, else at the next aligned place above
 * @max: end of what its entry reaches
 *
 * Errors: -ENOSPC; -ENOMEM.
 */
int kx_linux_place_relocatable(struct kx_plan *plan, const struct kx_bzimage *image, uint64_t max,
			       uint64_t *ret, struct kx_error *err);

/**
 * kx_linux_place_fixed() - the kernel where the boot protocol has it: at 1 MiB with LOADED_HIGH, else at 64 KiB
 *
 * Keeps the place free too that a kernel which is not relocatable then moves itself to.
 *
 * Errors: -ENOSPC; -ENOMEM.
 */
int kx_linux_place_fixed(struct kx_plan *plan, const struct kx_bzimage *image, uint64_t *ret,
			 struct kx_error *err);

/**
 * kx_zimage_parse() - the boot protocol before 2.00, without "HdrS" (boot.rst, "old" kernels)
 *
 * A boot sector with 0xaa55 whose own two sizes add up to the file's: nothing else says what it is.
 *
 * Errors: -ENOEXEC.
 */
int kx_zimage_parse(struct kx_view file, struct kx_bzimage *ret, struct kx_error *err);

/* Is there a reason to think that only the real-mode entry works? NULL, or why. */
const char *kx_linux_wants_real_mode(const struct kx_bzimage *image);

/**
 * kx_linux_plan_real_mode() - place kernel, initrd, real-mode code with its command line, and purgatory
 *
 * Errors: -ENOSPC; -ENOMEM; -EOPNOTSUPP.
 */
int kx_linux_plan_real_mode(struct kx_plan *plan, const struct kx_bzimage *image,
			    struct kx_error *err);

#endif
