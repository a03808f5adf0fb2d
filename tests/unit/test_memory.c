// SPDX-License-Identifier: GPL-2.0-or-later
/* What a plan does with memory, and without: free() and aligned_alloc() are replaced to see that. */
#include "fixture_plan.h"
#include "sample_vmlinux.h"

#include <malloc.h>

#include "fake_sys.h"
#include "util.h"

static uint8_t secret[KX_KASLR_SEED_SIZE];
static unsigned left_over;

void real_free(void *p) __asm__("__real_free");
void watched_free(void *p) __asm__("__wrap_free");

void watched_free(void *p)
{
	if (p && secret[0] && memmem(p, malloc_usable_size(p), secret, sizeof(secret)))
		left_over++;
	real_free(p);
}

/* What a kernel is unpacked to, to be kept; and so many bytes cannot be had to look at it, 0 for all can. */
static bool no_memory;
static size_t missing;

void *real_malloc(size_t size) __asm__("__real_malloc");
void *maybe_malloc(size_t size) __asm__("__wrap_malloc");
void *real_aligned_alloc(size_t align, size_t size) __asm__("__real_aligned_alloc");
void *maybe_aligned_alloc(size_t align, size_t size) __asm__("__wrap_aligned_alloc");

void *maybe_malloc(size_t size)
{
	return missing && size == missing ? NULL : real_malloc(size);
}

void *maybe_aligned_alloc(size_t align, size_t size)
{
	return no_memory ? NULL : real_aligned_alloc(align, size);
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

/* Neither where the kernel is to be unpacked, nor where that is also how it is checked. */
static void no_memory_leaves_the_kernel_to_its_decompressor(void **state)
{
	struct fixture *f = *state;
	struct sample vmlinux = sample_vmlinux(true);
	size_t size = vmlinux.size;

	set_file(f, sample_direct(vmlinux, sample_gzip));
	for (int i = 0; i < 2; i++) {
		no_memory = true;
		assert_made(f);
		no_memory = false;
		assert_false(kx_plan_direct(f->plan));
		assert_non_null(strstr(kx_plan_direct_why(f->plan), "no memory for"));
		assert_int_equal(f->plan->vmlinux_size, 0);
		kx_put_le32(f->file.data + sample_body(&f->file) - 4, 0); /* no sum: unpacked */
	}
	no_memory = true;
	missing = size;
	assert_made(f);
	assert_true(warned(f, "not checked, since there is no memory"));
	missing = 0;
	f->file.data[SB_SETUP_SIZE + SB_PAYLOAD + 200] ^= 1;
	assert_refused(f, -EBADMSG, "damaged gzip data");
	no_memory = false;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_seed_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(no_memory_leaves_the_kernel_to_its_decompressor,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
