/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is particular to the plan of a crash kernel: where it may be, and what it is told of the dump. */
#ifndef KX_CRASH_H
#define KX_CRASH_H

#include "plan.h"

/* The segments that are part of the dump, and no RAM of the capture kernel. */
#define KX_SEGMENT_ELFCOREHDR "elfcorehdr"
#define KX_SEGMENT_BACKUP "backup"

/*
 * End of what a capture kernel has of conventional memory, for real mode and the start of other CPUs. With crashkernel=
 * kernels since 5.5 keep out of it (6f599d84231f, "x86/kdump: Always reserve the low 1M when the crashkernel option is
 * specified"). Before, it is copied away first.
 */
#define KX_CRASH_LOW_END (UINT64_C(1) << 20)

/*
 * Kept free in a command line for "elfcorehdr=0x… ", as kexec_file_load does in every one (MAX_ELFCOREHDR_STR_LEN,
 * arch/x86/kernel/kexec-bzimage64.c).
 */
#define KX_CRASH_CMDLINE_SPARE 31

/**
 * kx_crash_region() - where a crash kernel is loaded: of two parts the higher one
 *
 * The running kernel takes segments in crashk_res alone (sanity_check_segment_list() in kernel/kexec_core.c). Only when
 * that is above 4 GiB there is a second part, crashk_low_res, which the capture kernel has for DMA.
 *
 * Errors: -ENODATA when /proc/iomem tells nothing; -ENOSPC without crashkernel=.
 */
int kx_crash_region(const struct kx_machine *machine, struct kx_range *ret, struct kx_error *err);

/**
 * kx_crash_kept() - bytes that a capture kernel has, with those of crashkernel=,cma
 *
 * Errors: -ENODATA.
 */
int kx_crash_kept(const struct kx_machine *machine, uint64_t *ret);

/* Before anything else: is there such a place at all? Errors: -ENOSPC when it is known that there is none; -ENOMEM. */
int kx_crash_check(const struct kx_plan *plan, struct kx_error *err);

/* What was asked for and will not be, by either call: once it is known which. */
void kx_crash_warn(struct kx_plan *plan);

/**
 * kx_crash_begin() - plan->crash is what the capture kernel gets, plan->free of it where segments may go
 *
 * Errors: those of kx_crash_region(); -ENOMEM.
 */
int kx_crash_begin(struct kx_plan *plan, struct kx_error *err);

/**
 * kx_crash_describe() - the core headers as a segment, and the command line that says where they are
 *
 * Errors: -ENOSPC; -EOPNOTSUPP for what does not fit into 32-bit headers; -ENOMEM.
 */
int kx_crash_describe(struct kx_plan *plan, struct kx_error *err);

/**
 * kx_crash_check_rest() - is there something left for what the running kernel puts beside the segments?
 *
 * Errors: -ENOSPC; -ENOMEM.
 */
int kx_crash_check_rest(const struct kx_plan *plan, struct kx_error *err);

/**
 * struct kx_crash_fit - what is to be loaded
 * @kernel: init_size of its header
 * @align: its kernel_alignment
 * @initrd: all initrds, as they are
 */
struct kx_crash_fit {
	uint64_t kernel, align, initrd;
};

/**
 * kx_crash_fit_size() - how much of one region that may take, UINT64_MAX at most
 *
 * All that kexec_file_load may need, 3 MiB or so more than kernel and initrd; without so much no capture kernel could run.
 *
 * Errors: -ENOMEM.
 */
int kx_crash_fit_size(const struct kx_machine *machine, const struct kx_crash_fit *fit,
		      uint64_t *ret, struct kx_error *err);

/**
 * kx_crash_check_fit() - is there so much where a crash kernel is loaded?
 *
 * Return: 0 also when it is not known what is kept. Errors: -ENOSPC; -ENOMEM.
 */
int kx_crash_check_fit(const struct kx_machine *machine, const struct kx_crash_fit *fit,
		       struct kx_error *err);

/**
 * struct kx_crash_room - where there is no room, for a message
 * @where: " in the ... kept for a crash kernel"
 * @beside: ", beside ...", piece by piece; empty without any
 */
struct kx_crash_room {
	char where[96];
	char beside[256];
};

/* @ret: zero-initialised. */
void kx_crash_room(const struct kx_plan *plan, struct kx_crash_room *ret);

#endif
