// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_sys.h"

static void locks_syncs_stops_the_network_and_jumps(void **state)
{
	struct kx_error err = { 0 };
	struct fake fake;

	fake_init(&fake);
	fake.reboot_answer = -EINVAL;
	assert_int_equal(kx_exec(&fake.sys, 0, &err), -EINVAL);
	assert_string_equal(fake.log, "lock sync down reboot");
}

static void flags_leave_steps_out(void **state)
{
	struct kx_error err = { 0 };
	struct fake fake;

	fake_init(&fake);
	kx_exec(&fake.sys, KX_EXEC_NO_SYNC, &err);
	assert_string_equal(fake.log, "lock down reboot");
	fake_init(&fake);
	kx_exec(&fake.sys, KX_EXEC_KEEP_NETWORK, &err);
	assert_string_equal(fake.log, "lock sync reboot");
	fake_init(&fake);
	kx_exec(&fake.sys, KX_EXEC_NO_SYNC | KX_EXEC_KEEP_NETWORK, &err);
	assert_string_equal(fake.log, "lock reboot");
}

static void root_on_the_network_keeps_its_interfaces(void **state)
{
	struct kx_error err = { 0 };
	struct fake fake;

	fake_init(&fake);
	fake.network = 1;
	kx_exec(&fake.sys, 0, &err);
	assert_string_equal(fake.log, "lock sync reboot");
}

static void without_the_capability_nothing_is_taken_down(void **state)
{
	struct kx_error err = { 0 };
	struct fake fake;

	fake_init(&fake);
	fake.may_answer = -EPERM;
	assert_int_equal(kx_exec(&fake.sys, 0, &err), -EPERM);
	assert_string_equal(fake.log, "");
	assert_non_null(strstr(err.text, "CAP_SYS_BOOT is missing; run as root"));
}

static void what_is_best_effort_does_not_stop_the_jump(void **state)
{
	struct kx_error err = { 0 };
	struct fake fake;

	fake_init(&fake);
	fake.lock_answer = -ENOMEM;
	fake.down_answer = -EPERM;
	kx_exec(&fake.sys, 0, &err);
	assert_string_equal(fake.log, "lock sync down reboot");
}

static void assert_says(int answer, int code, const char *words)
{
	struct kx_error err = { 0 };
	struct fake fake;

	fake_init(&fake);
	fake.reboot_answer = answer;
	assert_int_equal(kx_exec(&fake.sys, 0, &err), code);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, err.text);
}

static void errors_say_what_to_do(void **state)
{
	assert_says(-EINVAL, -EINVAL, "load one with `kexec --load KERNEL`");
	assert_says(-EINVAL, -EINVAL, "PID namespace");
	assert_says(-EPERM, -EPERM, "CAP_SYS_BOOT is missing; run as root");
	assert_says(-EBUSY, -EBUSY, "try again");
	assert_says(-EIO, -EIO, "Input/output error");
	assert_says(0, -EIO, "the kernel returned from the jump");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locks_syncs_stops_the_network_and_jumps),
		cmocka_unit_test(flags_leave_steps_out),
		cmocka_unit_test(root_on_the_network_keeps_its_interfaces),
		cmocka_unit_test(without_the_capability_nothing_is_taken_down),
		cmocka_unit_test(what_is_best_effort_does_not_stop_the_jump),
		cmocka_unit_test(errors_say_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
