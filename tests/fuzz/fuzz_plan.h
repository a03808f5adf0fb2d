/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A usual machine, and what holds for each plan made on it: for the fuzzers of what makes plans. */
#ifndef KX_FUZZ_PLAN_H
#define KX_FUZZ_PLAN_H

#include <errno.h>

#include "../unit/fixture_machine.h"
#include "fuzz.h"
#include "source.h"

/* One for all inputs: making it takes as long as a plan does. */
static inline const struct kx_machine *usual_machine(void)
{
	static struct fixture_machine f;

	if (!f.m.have_firmware_map) {
		fixture_machine_init(&f);
		fixture_usual_iomem(&f);
	}
	return &f.m;
}

static inline struct kx_source *source_of(const void *data, size_t size)
{
	struct kx_source *source = NULL;
	struct kx_error err = { 0 };

	require(kx_source_from_memory("input", data, size, &source, &err) == 0);
	return source;
}

/* Nothing in page 0, nor in what firmware keeps; readable to the last byte. */
static inline void require_segment(const struct kx_segment *s)
{
	require(s->bufsz <= s->memsz && s->memsz <= s->reserved);
	require(s->dest % 4096 == 0 && s->memsz % 4096 == 0);
	require(s->dest >= 0x1000 && s->dest + s->memsz <= GIB - 2 * MIB);
	require(s->dest + s->memsz <= 0xa0000 || s->dest >= 0x100000);
	touch(kx_view_of(s->buf, s->bufsz));
}

static inline void require_apart(const struct kx_plan *plan)
{
	for (size_t i = 0; i < kx_plan_segment_count(plan); i++) {
		const struct kx_segment *a = kx_plan_segment(plan, i);

		for (size_t j = 0; j < i; j++) {
			const struct kx_segment *b = kx_plan_segment(plan, j);

			require(b->dest + b->reserved <= a->dest ||
				a->dest + a->reserved <= b->dest);
		}
	}
}

/*
 * Is there, at any depth, what may be taken for compressed data? That is fuzz_compress's: memory for a large window takes
 * longer than a hundred plans.
 */
static inline bool may_be_compressed(struct kx_view file)
{
	static const char *const magics[] = { "\x5d\0\0", "\x28\xb5\x2f\xfd", "BZh",
					      "\x04\x22\x4d\x18", "\xfd\x37zXZ" };
	static const size_t sizes[] = { 3, 4, 3, 4, 5 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (file.size && memmem(file.data, file.size, magics[i], sizes[i]))
			return true;
	return false;
}

/* NULL when it is refused, which must be the file's fault, and said; or not looked at. */
static inline struct kx_plan *plan_on(const struct kx_machine *machine,
				      const struct kx_request *request)
{
	struct kx_error err = { 0 };
	struct kx_plan *plan;
	int r;

	if (may_be_compressed(kx_source_view(request->kernel)))
		return NULL;
	r = kx_plan_make(machine, request, &plan, &err);
	if (r < 0) {
		require(r != -ENOMEM && r != -EINVAL);
		require(err.text[0] && memchr(err.text, 0, sizeof(err.text)));
		return NULL;
	}
	require(kx_plan_placed(plan));
	for (size_t i = 0; i < kx_plan_segment_count(plan); i++)
		require_segment(kx_plan_segment(plan, i));
	require_apart(plan);
	return plan;
}

static inline struct kx_plan *plan_on_usual_machine(const struct kx_request *request)
{
	return plan_on(usual_machine(), request);
}

/* The first segment of this name, or NULL. */
static inline const struct kx_segment *segment_of(const struct kx_plan *plan, const char *name)
{
	for (size_t i = 0; i < kx_plan_segment_count(plan); i++)
		if (!strcmp(kx_plan_segment(plan, i)->name, name))
			return kx_plan_segment(plan, i);
	return NULL;
}

/* Is @bytes what the plan puts at @at? */
static inline bool is_loaded(const struct kx_plan *plan, uint64_t at, struct kx_view bytes)
{
	for (size_t i = 0; i < kx_plan_segment_count(plan); i++) {
		const struct kx_segment *s = kx_plan_segment(plan, i);

		if (at >= s->dest && at - s->dest < s->bufsz)
			return kx_view_equals(kx_view_of(s->buf, s->bufsz), at - s->dest,
					      bytes.data, bytes.size);
	}
	return false;
}

#endif
