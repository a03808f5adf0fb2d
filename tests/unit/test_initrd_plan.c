// SPDX-License-Identifier: GPL-2.0-or-later
/* Initrds that are unpacked while a plan is made: when they are, and when not. */
#include "fixture_plan.h"
#include "initrd.h"

/* A kernel, and @count times the same compressed archive of @size bytes, freed by the caller when the plan was looked at. */
static struct sample request(struct fixture *f, size_t size, size_t count)
{
	static const struct kx_source *initrds[FIXTURE_SOURCES];
	struct sample plain = sample_archive(size), packed = sample_gzip(plain.data, plain.size);

	set_file(f, sample_bzimage());
	for (size_t i = 0; i < count; i++)
		initrds[i] = add_source(f, "initrd", packed.data, packed.size);
	f->request.initrds = initrds;
	f->request.initrd_count = count;
	sample_free(&plain);
	return packed;
}

static void expect_unpacked(const struct fixture *f, size_t size)
{
	assert_int_equal(segment(f, "initrd")->bufsz, size);
	assert_int_equal(kx_plan_archive_count(f->plan), 1);
	assert_int_equal(kx_plan_archive(f->plan, 0)->unpacked_size, size);
	assert_null(kx_archive_left_text(kx_plan_archive(f->plan, 0)->left));
}

static void expect_left(const struct fixture *f, const struct sample *packed, int why)
{
	assert_ptr_equal(segment(f, "initrd")->buf, packed->data);
	assert_int_equal(segment(f, "initrd")->bufsz, packed->size);
	assert_int_equal(kx_plan_archive_count(f->plan), why ? 1 : 0);
	if (why)
		assert_int_equal(kx_plan_archive(f->plan, 0)->left, why);
}

static void is_unpacked(void **state)
{
	struct fixture *f = *state;
	struct sample packed = request(f, 10 * MIB, 1);

	assert_made(f);
	expect_unpacked(f, 10 * MIB);
	sample_free(&packed);
}

static void is_left_when_told_so(void **state)
{
	struct fixture *f = *state;
	struct sample packed = request(f, 10 * MIB, 1);

	f->request.flags = KX_REQUEST_INITRD_AS_IS;
	assert_made(f);
	expect_left(f, &packed, 0);
	sample_free(&packed);
}

/* Of 276 MiB that are available, 20 are over 256. */
static void is_left_when_memory_is_short(void **state)
{
	struct fixture *f = *state;
	struct sample packed = request(f, 10 * MIB, 1);

	f->machine.m.mem_available = 276 * MIB - 1;
	assert_made(f);
	expect_left(f, &packed, -EFBIG);
	f->machine.m.mem_available = 276 * MIB;
	assert_made(f);
	expect_unpacked(f, 10 * MIB);
	f->machine.m.mem_available = 0;
	assert_made(f);
	expect_left(f, &packed, -EFBIG);
	sample_free(&packed);
}

/* A plain archive of zeros, which take no memory here, before the one that could be unpacked. */
static struct sample request_behind(struct fixture *f, size_t plain_size, size_t size)
{
	static const struct kx_source *both[2];
	struct sample packed = request(f, size, 1);

	both[0] = add_source(f, "plain", calloc(1, plain_size), plain_size);
	both[1] = f->request.initrds[0];
	f->request.initrds = both;
	f->request.initrd_count = 2;
	return packed;
}

static void free_behind(struct fixture *f, struct sample *packed)
{
	free((void *)(uintptr_t)kx_source_data(f->request.initrds[0]));
	sample_free(packed);
}

/* kexec_load takes half of all memory: with the plain one, the other fits as it is only. */
static void is_left_when_half_of_memory_would_not_hold_it(void **state)
{
	struct fixture *f = *state;
	struct sample packed = request_behind(f, 20 * MIB, 14 * MIB);

	f->machine.m.mem_total = 64 * MIB;
	assert_made(f);
	assert_int_equal(kx_plan_archive(f->plan, 0)->left, -EFBIG);
	f->machine.m.mem_total = 80 * MIB;
	assert_made(f);
	assert_int_equal(kx_plan_archive(f->plan, 0)->left, 0);
	free_behind(f, &packed);
}

/* The old kernel's copy of the plain one is more than the 256 MiB that are kept free anyway. */
static void is_left_when_the_rest_takes_the_memory(void **state)
{
	struct fixture *f = *state;
	struct sample packed = request_behind(f, 300 * MIB, 20 * MIB);

	f->machine.m.mem_available = (300 + 64 + 40) * MIB;
	assert_made(f);
	assert_int_equal(kx_plan_archive(f->plan, 0)->left, -EFBIG);
	f->machine.m.mem_available += 2 * MIB;
	assert_made(f);
	assert_int_equal(kx_plan_archive(f->plan, 0)->left, 0);
	free_behind(f, &packed);
}

/* What mem= leaves to the next kernel is less than what this machine has. */
static void is_left_when_the_next_kernel_gets_less_memory(void **state)
{
	struct fixture *f = *state;
	struct sample packed = request(f, 10 * MIB, 1);

	f->request.cmdline = "quiet mem=512M";
	assert_made(f);
	expect_left(f, &packed, 0);
	sample_free(&packed);
}

/* Between the kernel and this limit there is room for what is compressed, and not for the rest. */
static void is_left_where_there_is_no_place(void **state)
{
	struct fixture *f = *state;
	struct sample packed = request(f, 100 * MIB, 1);

	f->request.mem_max = 64 * MIB;
	assert_made(f);
	expect_left(f, &packed, -ENOSPC);
	sample_free(&packed);
}

/* They would have to be joined, which takes their memory twice. */
static void many_are_left(void **state)
{
	struct fixture *f = *state;
	struct sample packed = request(f, MIB, 13);

	assert_made(f);
	assert_int_equal(kx_plan_archive(f->plan, 0)->left, -ENOSPC);
	assert_int_equal(segment(f, "initrd")->bufsz, 12 * 4096 + packed.size);
	sample_free(&packed);
}

static void damaged_is_warned_of(void **state)
{
	struct fixture *f = *state;
	struct sample packed = request(f, 10 * MIB, 1);

	packed.data[packed.size - 6] ^= 1; /* the CRC */
	assert_made(f);
	expect_left(f, &packed, -EBADMSG);
	assert_true(warned(f, "initrd: its gzip archive is damaged"));
	sample_free(&packed);
}

/* The running kernel reads the file itself. */
static void kexec_file_load_gets_the_file(void **state)
{
	struct fixture *f = *state;
	struct sample packed = request(f, 10 * MIB, 1);

	f->request.method = KX_METHOD_FILE_LOAD;
	assert_made(f);
	assert_int_equal(segment(f, "initrd")->bufsz, packed.size);
	assert_int_equal(kx_plan_archive_count(f->plan), 0);
	sample_free(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_unpacked),
		TEST(is_left_when_told_so),
		TEST(is_left_when_memory_is_short),
		TEST(is_left_when_half_of_memory_would_not_hold_it),
		TEST(is_left_when_the_rest_takes_the_memory),
		TEST(is_left_when_the_next_kernel_gets_less_memory),
		TEST(is_left_where_there_is_no_place),
		TEST(many_are_left),
		TEST(damaged_is_warned_of),
		TEST(kexec_file_load_gets_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
