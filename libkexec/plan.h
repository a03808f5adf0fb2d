/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan from the inside: what formats and architectures fill in. */
#ifndef KX_PLAN_H
#define KX_PLAN_H

#include "base/view.h"
#include "libkexec.h"
#include "machine/machine.h"
#include "ranges.h"

struct kx_format;

#define KX_PLAN_WARNING_MAX 16

/**
 * struct kx_plan - see kx_plan_make()
 * @free: what segments may still use while the plan is being made
 * @owned: buffers that segments point to, freed with the plan
 * @seed: where kx_plan_load() puts fresh random bytes; NULL for nowhere
 * @seal: called after that, by kx_plan_load(): puts the checksum into purgatory; NULL for none
 */
struct kx_plan {
	const struct kx_machine *machine;
	struct kx_request request;
	const struct kx_format *format;
	enum kx_method method;
	char *method_why;
	char *cmdline;
	bool placed;
	uint64_t entry;
	uint64_t start; /* purgatory's entry: what kexec_load is given */
	struct kx_segment segments[KX_SEGMENT_MAX];
	size_t segment_count;
	struct kx_ranges free;
	struct kx_memmap memmap;
	char *warnings[KX_PLAN_WARNING_MAX];
	size_t warning_count;
	void *owned[KX_SEGMENT_MAX * 2];
	size_t owned_count;
	uint8_t *seed;
	size_t seed_size;
	void (*seal)(struct kx_plan *plan);
	uint8_t *seal_at;
};

/* Ownership passes to the plan. Errors: -ENOSPC when there are too many, @p is then freed. */
int kx_plan_own(struct kx_plan *plan, void *p, struct kx_error *err);

int kx_plan_warn(struct kx_plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * kx_plan_add() - add a segment
 * @segment: dest must be page-aligned; memsz and reserved are rounded up to pages; why is copied
 *
 * Takes [dest, dest + reserved) out of plan->free.
 *
 * Errors: -ENOSPC over KX_SEGMENT_MAX or when the place is not free; -ENOMEM.
 */
int kx_plan_add(struct kx_plan *plan, const struct kx_segment *segment, struct kx_error *err);

#endif
