/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words that are added to a command line for a faster start, and marked so that --reuse-cmdline takes them out again. */
#ifndef KX_HINTS_H
#define KX_HINTS_H

#include "libkexec.h"

/*
 * Stands behind the words added, and names them: "kexec.hints=one,two". A name with a dot is a module's parameter to the
 * kernel: of an unknown module it is neither warned of nor given to init (unknown_bootoption() in init/main.c).
 */
#define KX_HINTS_MARK "kexec.hints"

struct kx_plan;

/* A Linux kernel's on x86; ends with a NULL word. */
extern const struct kx_hint kx_hints_x86[];

/**
 * kx_hints_add() - put @hints into the plan's command line, before "--", and their mark behind them
 *
 * A parameter that is there already stays as it is.
 *
 * Errors: -ENOMEM.
 */
int kx_hints_add(struct kx_plan *plan, const struct kx_hint *hints, struct kx_error *err);

/* Take the hints out again, with a warning, where the command line with them has more than @max bytes. */
void kx_hints_fit(struct kx_plan *plan, size_t max);

#endif
