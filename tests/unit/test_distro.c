// SPDX-License-Identifier: GPL-2.0-or-later
/* Data files of distributions: each that is installed, and malformed ones named by their defect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/overflow.h"
#include "netboot/distro.h"
#include "util.h"

#define LEAST "title=T\nmirror=https://m/t\narch.x86_64=amd64\n"

static void check_bad(const char *text, int r, const char *why)
{
	struct kx_distro distro = { 0 };
	struct kx_error err = { 0 };

	assert_int_equal(kx_distro_parse("t.conf", kx_view_of(text, strlen(text)), &distro, &err),
			 r);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
	assert_null(distro.title);
}

static void test_malformed(void **state)
{
	check_bad("title", -EBADMSG, "t.conf:1: it is not KEY = VALUE");
	check_bad("# a\n\ntitle =\n", -EBADMSG, "t.conf:3: there is nothing behind");
	check_bad("titel=x", -EBADMSG, "t.conf:1: there is no such key");
	check_bad("release.=x", -EBADMSG, "no such key");
	check_bad("other.x=y", -EBADMSG, "no such key");
	check_bad("memory=lots", -EBADMSG, "t.conf:1: the value is malformed");
	check_bad("memory=1G5", -EBADMSG, "t.conf:1: the value is malformed");
	check_bad("mirror=https://m\nkernel=k\n", -EBADMSG, "no line \"title\"");
	check_bad("title=T\nkernel=k\n", -EBADMSG, "no line \"mirror\"");
	check_bad(LEAST, -EBADMSG, "no line \"kernel\"");
	check_bad("title=T\nmirror=https://m\nkernel=k\n", -EBADMSG, "no line \"arch.\"");
	check_bad(LEAST "kernel=k\nrelease-file=r\n", -EBADMSG, "no line \"sums\"");
	check_bad(LEAST "kernel=k\nsums-signature=r\n", -EBADMSG, "no line \"sums\"");
	check_bad(LEAST "kernel=k\nscript=s\n", -EBADMSG, "a script says itself");
}

static void test_caps(void **state)
{
	_cleanup_free_ char *large = calloc(1, KX_DISTRO_SIZE_MAX + 2);
	char *next;

	assert_non_null(large);
	memset(large, '\n', KX_DISTRO_SIZE_MAX + 1);
	check_bad(large, -E2BIG, "more than 65536");
	next = large;
	for (unsigned i = 0; i <= KX_DISTRO_PAIRS_MAX; i++)
		next += sprintf(next, "release.%u=x\n", i);
	check_bad(large, -E2BIG, "t.conf:65:");
}

static int order(const char *text, const struct kx_distro_choice *choice, bool serial,
		 struct kx_distro_order *ret, struct kx_error *err)
{
	_cleanup_(kx_distro_clear) struct kx_distro distro = { 0 };
	int r = kx_distro_parse("t.conf", kx_view_of(text, strlen(text)), &distro, err);

	return r < 0 ? r : kx_distro_order(&distro, choice, serial, ret, err);
}

static void test_order(void **state)
{
	const struct kx_distro_choice choice = { .release = "12", .arch = "x86_64" };
	_cleanup_(kx_distro_order_clear) struct kx_distro_order got = { 0 };
	struct kx_error err = { 0 };

	assert_int_equal(order(LEAST "release.12 = bookworm\n"
				     "kernel=d/${release}/${arch}/linux\n"
				     "initrd=d/${release}/i\ninitrd=https://o/x\n"
				     "sums=d/S\nsums-signature=d/S.asc\nrelease-file=R\n"
				     "cmdline=url=${mirror} $5 a=${release}\nserial=text\n",
			       &choice, true, &got, &err),
			 0);
	assert_string_equal(got.kernel, "https://m/t/d/bookworm/amd64/linux");
	assert_int_equal(got.initrds.count, 2);
	assert_string_equal(got.initrds.v[0], "https://m/t/d/bookworm/i");
	assert_string_equal(got.initrds.v[1], "https://o/x");
	assert_string_equal(got.sums, "https://m/t/d/S");
	assert_string_equal(got.sums_signature, "https://m/t/d/S.asc");
	assert_string_equal(got.release_file, "https://m/t/R");
	assert_string_equal(got.cmdline, "url=https://m/t $5 a=bookworm text");
}

static void check_order_fails(const char *text, const char *release, const char *mirror,
			      const char *arch, int r, const char *why)
{
	const struct kx_distro_choice choice = { release, mirror, arch };
	struct kx_distro_order got = { 0 };
	struct kx_error err = { 0 };

	assert_int_equal(order(text, &choice, false, &got, &err), r);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
	assert_null(got.mirror);
}

static void test_order_fails(void **state)
{
	static const char text[] = LEAST "kernel=k/${release}\n";

	check_order_fails(text, NULL, NULL, "x86_64", -EINVAL, "give it by --release");
	check_order_fails(text, "../../etc", NULL, "x86_64", -EINVAL, "no release's name");
	check_order_fails(text, "a/b", NULL, "x86_64", -EINVAL, "no release's name");
	check_order_fails(text, "a?b", NULL, "x86_64", -EINVAL, "no release's name");
	check_order_fails(text, "12", "nonsense", "x86_64", -EINVAL, "is no address");
	check_order_fails(text, "12", "https://m/a b", "x86_64", -EBADMSG, "a blank");
	check_order_fails(text, "12", NULL, "riscv64", -EOPNOTSUPP, "machine of type riscv64");
	check_order_fails(text, "12", NULL, NULL, -EOPNOTSUPP, "machine of type unknown");
	check_order_fails(LEAST "kernel=${arc}", "1", NULL, "x86_64", -EBADMSG, "placeholder");
	check_order_fails(LEAST "kernel=${arch", "1", NULL, "x86_64", -EBADMSG, "placeholder");
}

/* Each that is installed is good for this architecture, and by what it is trusted goes by https or is signed. */
static void check_installed(const char *name)
{
	const struct kx_distro_choice choice = { .arch = "x86_64" };
	_cleanup_(kx_distro_order_clear) struct kx_distro_order got = { 0 };
	struct kx_error err = { 0 };
	char path[256], text[16384];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.conf", TEST_DATA "/../../contrib/netboot", name);
	file = fopen(path, "r");
	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	if (order(text, &choice, true, &got, &err) < 0)
		fail_msg("%s: %s", name, err.text);
	assert_true(!strncmp(got.mirror, "https://", 8) || got.release_file || got.sums_signature);
	assert_true(got.script || (got.kernel && got.initrds.count == 1));
	assert_null(strchr(got.cmdline, '$'));
}

static void test_installed(void **state)
{
	static const char *const names[] = { "debian",    "ubuntu", "fedora",        "alpine",
					     "opensuse",  "arch",   "centos-stream", "rocky",
					     "almalinux", "nixos" };

	for (size_t i = 0; i < KX_ARRAY_SIZE(names); i++)
		check_installed(names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_malformed), cmocka_unit_test(test_caps),
		cmocka_unit_test(test_order),     cmocka_unit_test(test_order_fails),
		cmocka_unit_test(test_installed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
