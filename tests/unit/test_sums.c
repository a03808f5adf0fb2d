// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sums.h"
#include "url.h"
#include "util.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct kx_error err;

static int parse(const char *text, const char *where, struct kx_sums *ret)
{
	return kx_sums_parse(kx_view_of(text, strlen(text)), where, ret, &err);
}

/* "a" or "b", which checksum it has; "-" none, "!" several. */
static const char *found(const char *text, const char *where, const char *name)
{
	_cleanup_(kx_sums_clear) struct kx_sums sums = { 0 };
	const struct kx_sum *sum = NULL;
	int r = parse(text, where, &sums);

	if (r == 0)
		r = kx_sums_find(&sums, name, &sum, &err);
	if (r == -ENOTUNIQ)
		return "!";
	return r < 0 ? "-" : sum->digest[0] == 0xaa ? "a" : "b";
}

static void takes_each_way_of_writing(void **state)
{
	static const char *const texts[] = {
		A "  linux\n",
		A "  linux",
		A " *linux\n",
		A "  linux\r\n",
		A "  ./linux\n",
		A "  ././linux\n",
		"SHA256 (linux) = " A "\n",
		"# a comment\n\n" A "  linux\n",
		"Origin: Debian\nSHA256:\n " A " 123 linux\n",
		"MD5Sum:\n " B " 1 linux\nSHA256:\n " A "     123 linux\n",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA  linux\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_string_equal(found(texts[i], "/x/SHA256SUMS", "/x/linux"), "a");
}

static void leaves_out_what_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"linux\n",
		A "\n",
		A " linux\n",
		A "  \n",
		A "a  linux\n",
		"a" A "  linux\n",
		"SHA512 (linux) = " A "\n",
		"SHA256 () = " A "\n",
		"SHA256 (linux) = " A "a\n",
		" " A " 123 linux\n",
		"SHA512:\n " A " 123 linux\n",
		"SHA256:\nOther:\n " A " 123 linux\n",
		"SHA256:\n " A " linux\n",
		"SHA256:\n " A " 123\n",
		"\\" A "  li\\nux\n",
		"gaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  linux\n",
	};
	struct kx_sums sums = { 0 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(parse(texts[i], "sums", &sums), -EBADMSG);
		assert_string_equal(
			err.text,
			"cannot use sums: there is no SHA-256 checksum in it, as sha256sum "
			"writes them");
		kx_sums_clear(&sums);
	}
	assert_int_equal(kx_sums_parse(kx_view_of(A "  a\0b\n", 70), "sums", &sums, &err),
			 -EBADMSG);
	kx_sums_clear(&sums);
}

#define BASE "https://host/images/"

static void finds_below_its_own_directory_by_the_whole_path(void **state)
{
	static const char text[] = A "  ./netboot/linux\n" B "  linux\n";

	assert_string_equal(found(text, BASE "SHA256SUMS", BASE "netboot/linux"), "a");
	assert_string_equal(found(text, BASE "SHA256SUMS?x=/y", BASE "netboot/linux?z=/#m"), "a");
	assert_string_equal(found(text, BASE "SHA256SUMS", BASE "linux"), "b");
	assert_string_equal(found(text, BASE "SHA256SUMS", BASE "hd-media/linux"), "-");
	assert_string_equal(found(text, BASE "SHA256SUMS", BASE "x/netboot/linux"), "-");
}

static void finds_elsewhere_by_the_longest_end(void **state)
{
	static const char text[] = A "  netboot/linux\n" B "  linux\n" B "  gtk/netboot/xlinux\n";

	assert_string_equal(found(text, "/tmp/SHA256SUMS", BASE "netboot/linux"), "a");
	assert_string_equal(found(text, BASE "SHA256SUMS", "https://mirror/netboot/linux"), "a");
	assert_string_equal(found(text, "/tmp/SHA256SUMS", "/home/linux"), "b");
	assert_string_equal(found(text, "/tmp/SHA256SUMS", "linux"), "b");
	/* On whole components, and not the host's name. */
	assert_string_equal(found(text, "/tmp/SHA256SUMS", BASE "xnetboot/linux"), "b");
	assert_string_equal(found(text, "/tmp/SHA256SUMS", BASE "vlinux"), "-");
	assert_string_equal(found(A "  host\n", "/tmp/SHA256SUMS", "https://host"), "-");
}

static void two_checksums_of_one_name_are_none(void **state)
{
	assert_string_equal(found(A "  linux\n" B "  linux\n", "sums", "/x/linux"), "!");
	assert_string_equal(found(A "  linux\n" A "  linux\n", "sums", "/x/linux"), "a");
	assert_string_equal(found(A "  linux\n" B "  linux\n" B "  x/linux\n", "sums", "/x/linux"),
			    "b");
	assert_string_equal(found(B "  x/linux\n" A "  linux\n" B "  linux\n", "sums", "/x/linux"),
			    "b");
}

static void urls(void **state)
{
	static const struct {
		const char *url, *shown;
		bool is, fetched;
	} cases[] = {
		{ "http://host/a", "http://host/a", true, true },
		{ "HTTPS://host", "HTTPS://host", true, true },
		{ "ftp://u:p@host/a?b#c", "ftp://host/a", true, true },
		{ "http://u:p@q@host:80/a@b", "http://host:80/a@b", true, true },
		{ "http://u:p@host?x=/@y", "http://host", true, true },
		{ "file:///etc/passwd", "file:///etc/passwd", true, false },
		{ "httpx://host/a", "httpx://host/a", true, false },
		{ "/x://y", "/x://y", false, false },
		{ "://y", "://y", false, false },
		{ "1http://y", "1http://y", false, false },
		{ "a?b#c@d", "a?b#c@d", false, false },
		{ "", "", false, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(kx_url_text(cases[i].url).s, cases[i].shown);
		assert_int_equal(kx_url_is(cases[i].url), cases[i].is);
		assert_int_equal(kx_url_is_fetched(cases[i].url), cases[i].fetched);
	}
}

static void a_release_file_is_of_its_release(void **state)
{
	static const char text[] =
		"Origin: Debian\nSuite: oldstable\nCodename: bookworm\nSHA256:\n "
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef 7 main/x\n";
	const struct {
		const char *where;
		int r;
	} cases[] = {
		{ "http://h/debian/dists/bookworm/InRelease", 0 },
		{ "http://h/debian/dists/oldstable/InRelease", 0 },
		{ "/srv/InRelease", 0 },
		{ "http://h/debian/dists/trixie/InRelease", -EBADMSG },
		{ "http://h/debian/dists/book/InRelease", -EBADMSG },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kx_sums sums = { 0 };

		assert_int_equal(kx_sums_parse(kx_view_of(text, sizeof(text) - 1), cases[i].where,
					       &sums, &err),
				 cases[i].r);
		if (cases[i].r)
			assert_non_null(strstr(err.text, "of another release than"));
		kx_sums_clear(&sums);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_each_way_of_writing),
		cmocka_unit_test(leaves_out_what_is_none),
		cmocka_unit_test(finds_below_its_own_directory_by_the_whole_path),
		cmocka_unit_test(finds_elsewhere_by_the_longest_end),
		cmocka_unit_test(two_checksums_of_one_name_are_none),
		cmocka_unit_test(a_release_file_is_of_its_release),
		cmocka_unit_test(urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
