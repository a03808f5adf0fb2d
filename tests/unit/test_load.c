// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan.h"
#include "source.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_sys.h"

#define ARCH_X86_64 (62ul << 16) /* KEXEC_ARCH_X86_64 */

/* Files in a directory of their own, a plan over them, a kernel that writes down. */
struct fixture {
	char dir[32];
	char kernel_path[64], initrd_path[64];
	struct kx_source *kernel, *initrds[2];
	const struct kx_source *initrd_list[2];
	struct kx_machine machine;
	struct kx_plan plan;
	uint8_t bytes[64], seed[16];
	int sealed;
	struct fake fake;
	struct kx_error err;
};

static struct fixture *sealed_fixture; /* the seal callback knows only the plan */

static void seal(struct kx_plan *plan)
{
	sealed_fixture->sealed++;
	/* Sealing comes last: the seed is there already. */
	assert_int_equal(sealed_fixture->seed[0], sealed_fixture->fake.random_answer ? 0 : 0x5a);
}

static void write_file(const char *path, const char *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static struct kx_source *open_file(struct fixture *f, const char *path)
{
	struct kx_source *source;

	assert_int_equal(kx_source_open(path, 0, &source, &f->err), 0);
	return source;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/kx-load-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->kernel_path, sizeof(f->kernel_path), "%s/kernel", f->dir);
	snprintf(f->initrd_path, sizeof(f->initrd_path), "%s/initrd", f->dir);
	write_file(f->kernel_path, "KERNEL", 6);
	write_file(f->initrd_path, "INITRD", 6);
	f->kernel = open_file(f, f->kernel_path);
	f->initrds[0] = open_file(f, f->initrd_path);
	f->initrd_list[0] = f->initrds[0];
	f->machine.arch = KX_ARCH_X86_64;
	sealed_fixture = f;
	f->plan = (struct kx_plan){
		.machine = &f->machine,
		.method = KX_METHOD_LOAD,
		.cmdline = (char *)"quiet",
		.placed = true,
		.start = 0x9f000,
		.segments = { { .name = "kernel",
				.buf = f->bytes,
				.bufsz = 10,
				.dest = 0x1000000,
				.memsz = 8192,
				.reserved = 16384 },
			      { .name = "purgatory",
				.buf = f->bytes + 16,
				.bufsz = 20,
				.dest = 0x9f000,
				.memsz = 4096,
				.reserved = 4096 } },
		.segment_count = 2,
		.seed = f->seed,
		.seed_size = sizeof(f->seed),
		.seal = seal,
	};
	f->plan.request = (struct kx_request){
		.kernel = f->kernel,
		.initrds = f->initrd_list,
		.initrd_count = 1,
		.cmdline = "quiet",
	};
	fake_init(&f->fake);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kx_source_free(f->kernel);
	kx_source_free(f->initrds[0]);
	kx_source_free(f->initrds[1]);
	unlink(f->kernel_path);
	unlink(f->initrd_path);
	rmdir(f->dir);
	fake_clear(&f->fake);
	free(f);
	return 0;
}

static int load(struct fixture *f)
{
	f->plan.asked = f->plan.request;
	return kx_plan_load(&f->fake.sys, &f->plan, &f->err);
}

static void assert_words(const struct fixture *f, const char *words)
{
	if (!strstr(f->err.text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, f->err.text);
}

/* ---- kexec_load ------------------------------------------------------------------------------ */

static void segments_are_handed_over_in_one_call(void **state)
{
	struct fixture *f = *state;
	const struct kx_sys_segment *segments = f->fake.segments;

	assert_int_equal(load(f), 0);
	assert_string_equal(f->fake.log, "random kexec_load");
	assert_int_equal(f->fake.entry, 0x9f000);
	assert_int_equal(f->fake.flags, ARCH_X86_64);
	assert_int_equal(f->fake.count, 2);
	assert_ptr_equal(segments[0].buf, f->bytes);
	assert_int_equal(segments[0].bufsz, 10);
	assert_int_equal((uintptr_t)segments[0].mem, 0x1000000);
	assert_int_equal(segments[0].memsz, 8192); /* not what is reserved */
	assert_int_equal((uintptr_t)segments[1].mem, 0x9f000);
}

static void seed_is_fresh_and_sealed_after(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f), 0);
	assert_int_equal(f->seed[15], 0x5a);
	assert_int_equal(f->sealed, 1);
}

static void no_randomness_no_load(void **state)
{
	struct fixture *f = *state;

	f->fake.random_answer = -ENOSYS;
	assert_int_equal(load(f), -ENOSYS);
	assert_string_equal(f->fake.log, "random");
	assert_int_equal(f->sealed, 0);
	assert_words(f, "random bytes");
}

/* Early after a boot: no seed, rather than one that the next kernel believes to be good. */
static void weak_randomness_is_not_handed_on(void **state)
{
	struct fixture *f = *state;
	uint8_t length[4] = { 16, 0, 0, 0 };

	f->plan.seed_length = length;
	assert_int_equal(load(f), 0);
	assert_int_equal(length[0], 16);
	f->fake.random_answer = 1;
	assert_int_equal(load(f), 0);
	assert_int_equal(length[0], 0);
	for (size_t i = 0; i < sizeof(f->seed); i++)
		assert_int_equal(f->seed[i], 0);
	assert_int_equal(f->sealed, 2);
}

static void plan_without_seed_and_seal_loads(void **state)
{
	struct fixture *f = *state;

	f->plan.seed = NULL;
	f->plan.seal = NULL;
	assert_int_equal(load(f), 0);
	assert_string_equal(f->fake.log, "kexec_load");
}

static void panic_sets_the_crash_flag(void **state)
{
	struct fixture *f = *state;

	f->plan.request.flags = KX_REQUEST_PANIC;
	assert_int_equal(load(f), 0);
	assert_int_equal(f->fake.flags, ARCH_X86_64 | 1);
}

static void plan_that_is_not_placed_is_never_loaded(void **state)
{
	struct fixture *f = *state;

	f->plan.placed = false;
	assert_int_equal(load(f), -EACCES);
	assert_string_equal(f->fake.log, "");
	assert_words(f, "run as root");
}

static void changed_file_is_never_loaded(void **state)
{
	struct fixture *f = *state;

	write_file(f->initrd_path, "OTHER BYTES", 11);
	assert_int_equal(load(f), -ESTALE);
	assert_string_equal(f->fake.log, "");
	assert_words(f, f->initrd_path);
}

/* The kernel would answer the same, but could not say which of its reasons it was. */
static void no_capability_no_call(void **state)
{
	struct fixture *f = *state;

	f->machine.cap_sys_boot = KX_NO;
	assert_int_equal(load(f), -EPERM);
	assert_string_equal(f->fake.log, "");
	assert_words(f, "does not have CAP_SYS_BOOT");
}

static void lockdown_is_named_when_it_is_known(void **state)
{
	struct fixture *f = *state;

	f->plan.method = KX_METHOD_FILE_LOAD;
	f->machine.lockdown = KX_LOCKDOWN_INTEGRITY;
	f->fake.file_load_answer = -EPERM;
	assert_int_equal(load(f), -EPERM);
	assert_words(f, "the kernel is locked down");
	assert_words(f, f->kernel_path);
}

static void kernel_in_a_container_must_itself_be_signed(void **state)
{
	static const int answers[] = { -EPERM, -ENODATA, -ELIBBAD };
	struct fixture *f = *state;

	f->plan.method = KX_METHOD_FILE_LOAD;
	f->plan.unsigned_inside = true;
	f->machine.lockdown = KX_LOCKDOWN_INTEGRITY;
	for (size_t i = 0; i < 3; i++) {
		fake_clear(&f->fake);
		fake_init(&f->fake);
		f->fake.file_load_answer = answers[i];
		assert_int_equal(load(f), answers[i]);
		assert_words(f, "has no signature of its own");
		assert_words(f, f->kernel_path);
	}
}

static void one_failed_call_is_not_tried_again(void **state)
{
	static const struct {
		int answer;
		const char *words;
	} cases[] = {
		{ -EPERM, "kexec_load failed: Operation not permitted" },
		{ -EPERM, "`kexec check`" },
		{ -EBUSY, "try again when it has ended" },
		{ -ENOMEM, "use a smaller initrd" },
		{ -ENOSYS, "built without it" },
		{ -EADDRNOTAVAIL, "memory map changed" },
		{ -EINVAL, "report it" },
		{ -EIO, "kexec_load failed: Input/output error" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *f = *state;

		fake_init(&f->fake);
		f->fake.load_answer = cases[i].answer;
		assert_int_equal(load(f), cases[i].answer);
		assert_string_equal(f->fake.log, "random kexec_load");
		assert_words(f, cases[i].words);
	}
}

/* ---- kexec_file_load ------------------------------------------------------------------------- */

static void untouched_files_go_by_their_own_descriptors(void **state)
{
	struct fixture *f = *state;

	f->plan.method = KX_METHOD_FILE_LOAD;
	f->plan.placed = false;
	assert_int_equal(load(f), 0);
	assert_string_equal(f->fake.log, "kexec_file_load");
	assert_int_equal(f->fake.kernel_fd, kx_source_fd(f->kernel));
	assert_int_equal(f->fake.initrd_fd, kx_source_fd(f->initrds[0]));
	assert_string_equal(f->fake.cmdline, "quiet");
	assert_int_equal(f->fake.flags, 0);
}

static void no_initrd_is_said(void **state)
{
	struct fixture *f = *state;

	f->plan.method = KX_METHOD_FILE_LOAD;
	f->plan.request.initrd_count = 0;
	assert_int_equal(load(f), 0);
	assert_int_equal(f->fake.initrd_fd, -1);
	assert_int_equal(f->fake.flags, 4); /* KEXEC_FILE_NO_INITRAMFS */
}

static void bytes_without_a_file_become_one(void **state)
{
	struct fixture *f = *state;

	kx_source_free(f->kernel);
	assert_int_equal(kx_source_from_memory("pipe", "PIPED", 5, &f->kernel, &f->err), 0);
	f->plan.request.kernel = f->kernel;
	f->plan.method = KX_METHOD_FILE_LOAD;
	assert_int_equal(load(f), 0);
	assert_int_equal(f->fake.kernel_size, 5);
	assert_memory_equal(f->fake.kernel, "PIPED", 5);
	assert_int_equal(fcntl(f->fake.kernel_fd, F_GETFD), -1); /* closed again */
}

static void several_initrds_become_one_file_padded_to_four(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(kx_source_from_memory("two", "SECOND", 6, &f->initrds[1], &f->err), 0);
	f->initrd_list[1] = f->initrds[1];
	f->plan.request.initrd_count = 2;
	f->plan.method = KX_METHOD_FILE_LOAD;
	assert_int_equal(load(f), 0);
	assert_int_equal(f->fake.initrd_size, 14);
	assert_memory_equal(f->fake.initrd, "INITRD\0\0SECOND", 14);
	assert_int_equal(f->fake.flags, 0);
}

static void file_load_errors_say_what_to_do(void **state)
{
	static const struct {
		int answer;
		const char *words;
	} cases[] = {
		{ -EPERM, "kexec_file_load failed: Operation not permitted" },
		{ -EKEYREJECTED, "does not match a key" },
		{ -ENOKEY, "enrol its key" },
		{ -ENODATA, "carries no signature" },
		{ -ELIBBAD, "signature is malformed or missing" },
		{ -ENOPKG, "algorithm" },
		{ -ENOEXEC, "try -c" },
		{ -EACCES, "IMA" },
		{ -EADDRNOTAVAIL, "finds no place" },
	};
	struct fixture *f = *state;

	f->plan.method = KX_METHOD_FILE_LOAD;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_clear(&f->fake);
		fake_init(&f->fake);
		f->fake.file_load_answer = cases[i].answer;
		assert_int_equal(load(f), cases[i].answer);
		assert_string_equal(f->fake.log, "kexec_file_load");
		assert_words(f, cases[i].words);
	}
}

/* ---- unload ---------------------------------------------------------------------------------- */

static void unload_takes_one_call(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(kx_unload(&f->fake.sys, NULL, false, &f->err), 0);
	assert_string_equal(f->fake.log, "kexec_load");
	assert_int_equal(f->fake.count, 0);
	assert_int_equal(f->fake.flags, 0);
	assert_int_equal(kx_unload(&f->fake.sys, NULL, true, &f->err), 0);
	assert_int_equal(f->fake.flags, 1);
}

static void unload_falls_back_where_kexec_load_is_denied_or_missing(void **state)
{
	static const int answers[] = { -EPERM, -ENOSYS };
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		fake_init(&f->fake);
		f->fake.load_answer = answers[i];
		assert_int_equal(kx_unload(&f->fake.sys, NULL, false, &f->err), 0);
		assert_string_equal(f->fake.log, "kexec_load kexec_file_load");
		assert_int_equal(f->fake.flags, 1); /* KEXEC_FILE_UNLOAD */
		assert_int_equal(f->fake.kernel_fd, -1);
		assert_int_equal(kx_unload(&f->fake.sys, NULL, true, &f->err), 0);
		assert_int_equal(f->fake.flags, 3);
	}
}

/* A call that is refused would use up the last of kexec_load_limit_reboot. */
static void unload_chooses_the_call_by_what_is_known(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(kx_unload(&f->fake.sys, &f->machine, false, &f->err), 0);
	assert_string_equal(f->fake.log, "kexec_load");
	fake_init(&f->fake);
	f->machine.lockdown = KX_LOCKDOWN_INTEGRITY;
	assert_int_equal(kx_unload(&f->fake.sys, &f->machine, false, &f->err), 0);
	assert_string_equal(f->fake.log, "kexec_file_load");
	fake_init(&f->fake);
	f->machine.lockdown = KX_LOCKDOWN_NONE;
	f->machine.config.kexec = KX_NO;
	assert_int_equal(kx_unload(&f->fake.sys, &f->machine, true, &f->err), 0);
	assert_string_equal(f->fake.log, "kexec_file_load");
	fake_init(&f->fake);
	f->machine.xen_dom0 = true;
	assert_int_equal(kx_unload(&f->fake.sys, &f->machine, false, &f->err), -EOPNOTSUPP);
	assert_string_equal(f->fake.log, "");
	assert_words(f, "Xen dom0");
}

static void unload_says_why_it_failed(void **state)
{
	struct fixture *f = *state;

	f->fake.load_answer = -EBUSY;
	assert_int_equal(kx_unload(&f->fake.sys, NULL, false, &f->err), -EBUSY);
	assert_string_equal(f->fake.log, "kexec_load");
	assert_words(f, "another kexec operation");
	f->fake.load_answer = f->fake.file_load_answer = -EPERM;
	assert_int_equal(kx_unload(&f->fake.sys, NULL, false, &f->err), -EPERM);
	assert_words(f, "CAP_SYS_BOOT");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(segments_are_handed_over_in_one_call),
		TEST(seed_is_fresh_and_sealed_after),
		TEST(no_randomness_no_load),
		TEST(weak_randomness_is_not_handed_on),
		TEST(no_capability_no_call),
		TEST(lockdown_is_named_when_it_is_known),
		TEST(kernel_in_a_container_must_itself_be_signed),
		TEST(plan_without_seed_and_seal_loads),
		TEST(panic_sets_the_crash_flag),
		TEST(plan_that_is_not_placed_is_never_loaded),
		TEST(changed_file_is_never_loaded),
		TEST(one_failed_call_is_not_tried_again),
		TEST(untouched_files_go_by_their_own_descriptors),
		TEST(no_initrd_is_said),
		TEST(bytes_without_a_file_become_one),
		TEST(several_initrds_become_one_file_padded_to_four),
		TEST(file_load_errors_say_what_to_do),
		TEST(unload_takes_one_call),
		TEST(unload_falls_back_where_kexec_load_is_denied_or_missing),
		TEST(unload_chooses_the_call_by_what_is_known),
		TEST(unload_says_why_it_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
