// SPDX-License-Identifier: GPL-2.0-or-later
/* What only the next kernel is to know is not left in memory that a plan gave back; free() is replaced to see that. */
#include "fixture_plan.h"
#include "sample_vmlinux.h"

#include <malloc.h>

#include "fake_sys.h"
#include "util.h"

static uint8_t secret[KX_KASLR_SEED_SIZE];
static unsigned left_over;

void __real_free(void *p);
void __wrap_free(void *p);

void __wrap_free(void *p)
{
	size_t size = p ? malloc_usable_size(p) : 0;

	if (secret[0] && memmem(p, size, secret, sizeof(secret)))
		left_over++;
	__real_free(p);
}

static void load_and_free(struct fixture *f, uint8_t watched, uint8_t seed)
{
	struct fake fake;

	memset(f->request.kaslr_seed, seed, sizeof(f->request.kaslr_seed));
	assert_made(f);
	assert_true(kx_plan_direct(f->plan));
	fake_init(&fake);
	assert_int_equal(kx_plan_load(&fake.sys, f->plan, &f->err), 0);
	fake_clear(&fake);
	left_over = 0;
	memset(secret, watched, sizeof(secret));
	kx_plan_free(kx_steal(f->plan));
	memset(secret, 0, sizeof(secret));
	assert_int_equal(left_over, 0);
}

/* The two of a load: for the kernel's place, and 0x5a for its random number generator. */
static void no_seed_is_left(void **state)
{
	struct fixture *f = *state;

	set_file(f, sample_direct(sample_vmlinux(true), sample_gzip));
	load_and_free(f, 0xa7, 0xa7);
	load_and_free(f, 0x5a, 0xa7);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_seed_is_left, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
