/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine, a request with a kernel file made by the test, and the plan for it. */
#ifndef FIXTURE_PLAN_H
#define FIXTURE_PLAN_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fixture_machine.h"
#include "plan.h"
#include "sample_bzimage.h"
#include "source.h"

#define FIXTURE_SOURCES 40

struct fixture {
	struct fixture_machine machine;
	struct sample file; /* the kernel file, freed by the fixture */
	struct kx_source *sources[FIXTURE_SOURCES];
	size_t source_count;
	struct kx_request request;
	struct kx_plan *plan;
	struct kx_error err;
};

static inline const struct kx_source *add_source(struct fixture *f, const char *name,
						 const void *data, size_t size)
{
	struct kx_source **at = &f->sources[f->source_count++];

	assert_int_equal(kx_source_from_memory(name, data, size, at, &f->err), 0);
	return *at;
}

/* Takes @file over as the kernel. */
static inline void set_file(struct fixture *f, struct sample file)
{
	sample_free(&f->file);
	f->file = file;
	f->request.kernel = add_source(f, "file", f->file.data, f->file.size);
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fixture_machine_init(&f->machine);
	fixture_usual_iomem(&f->machine);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	kx_plan_free(f->plan);
	for (size_t i = 0; i < f->source_count; i++)
		kx_source_free(f->sources[i]);
	sample_free(&f->file);
	fixture_machine_clear(&f->machine);
	free(f);
	return 0;
}

static inline int make(struct fixture *f)
{
	kx_plan_free(f->plan);
	f->plan = NULL;
	f->err.text[0] = '\0';
	return kx_plan_make(&f->machine.m, &f->request, &f->plan, &f->err);
}

static inline void assert_made(struct fixture *f)
{
	int r = make(f);

	if (r < 0)
		fail_msg("%d: %s", r, f->err.text);
}

static inline void assert_says(const char *text, const char *word)
{
	if (!strstr(text, word))
		fail_msg("\"%s\" does not say \"%s\"", text, word);
}

static inline void assert_refused(struct fixture *f, int code, const char *word)
{
	int r = make(f);

	if (r != code)
		fail_msg("%d, not %d: %s", r, code, f->err.text);
	assert_null(f->plan);
	assert_says(f->err.text, word);
}

static inline const struct kx_segment *segment(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++)
		if (strcmp(kx_plan_segment(f->plan, i)->name, name) == 0)
			return kx_plan_segment(f->plan, i);
	fail_msg("no segment %s", name);
	abort(); /* not reached; tells the compiler so */
}

static inline bool warned(const struct fixture *f, const char *word)
{
	for (size_t i = 0; i < kx_plan_warning_count(f->plan); i++)
		if (strstr(kx_plan_warning(f->plan, i), word))
			return true;
	return false;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

#endif
