// SPDX-License-Identifier: GPL-2.0-or-later
/* What is seen in an initrd, and where files that are added to it go. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "carry/carry.h"
#include "cpio.h"
#include "sample_compress.h"
#include "util.h"

#define NO_LIMIT (UINT64_C(1) << 30)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct kx_cpio_file usr_merged[] = {
	{ "bin", S_IFLNK | 0777, { (const uint8_t *)"usr/bin", 7 } },
	{ "etc", S_IFDIR | 0755, { NULL, 0 } },
	{ "etc/link", S_IFLNK | 0777, { (const uint8_t *)"../usr/./lib/..//share", 22 } },
	{ "etc/root", S_IFLNK | 0777, { (const uint8_t *)"/", 1 } },
	{ "round", S_IFLNK | 0777, { (const uint8_t *)"round", 5 } },
	{ "./root-x7Yz", S_IFDIR | 0700, { NULL, 0 } },
	{ "usr", S_IFDIR | 0755, { NULL, 0 } },
	{ "usr/bin", S_IFDIR | 0755, { NULL, 0 } },
	{ "usr/lib", S_IFDIR | 0755, { NULL, 0 } },
	{ "usr/lib/dracut", S_IFDIR | 0755, { NULL, 0 } },
	{ "usr/lib/systemd/systemd-networkd", S_IFREG | 0755, { (const uint8_t *)"ELF", 3 } },
};

struct fixture {
	uint8_t *archive;
	size_t size;
	struct sample packed;
	struct kx_source *source;
	struct kx_look look;
	struct kx_overlay overlay;
	struct kx_error err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(
		kx_cpio_pack(usr_merged, COUNT(usr_merged), &f->archive, &f->size, &f->err), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	kx_look_clear(&f->look);
	kx_overlay_clear(&f->overlay);
	kx_source_free(f->source);
	free(f->archive);
	free(f->packed.data);
	free(f);
	return 0;
}

static void look_at(struct fixture *f, const void *data, size_t size, uint64_t max)
{
	const struct kx_source *source;

	kx_source_free(f->source);
	kx_look_clear(&f->look);
	assert_int_equal(kx_source_from_memory("initrd", data, size, &f->source, &f->err), 0);
	source = f->source;
	if (kx_look(&source, 1, max, &f->look, &f->err) < 0)
		fail_msg("%s", f->err.text);
}

static void sees_all(const struct kx_look *look)
{
	assert_true(look->whole);
	assert_string_equal(look->marks[KX_LOOK_DRACUT], "usr/lib/dracut");
	assert_string_equal(look->marks[KX_LOOK_NETWORKD], "usr/lib/systemd/systemd-networkd");
	assert_null(look->marks[KX_LOOK_INSTALLER]);
	assert_string_equal(look->home, "root-x7Yz");
}

static void test_look_plain(void **state)
{
	struct fixture *f = *state;

	look_at(f, f->archive, f->size, NO_LIMIT);
	sees_all(&f->look);
}

static void test_look_compressed(void **state)
{
	struct fixture *f = *state;

	f->packed = sample_gzip(f->archive, f->size);
	look_at(f, f->packed.data, f->packed.size, NO_LIMIT);
	sees_all(&f->look);
	look_at(f, f->packed.data, f->packed.size, f->size - 1);
	assert_false(f->look.whole);
	look_at(f, f->packed.data, f->packed.size / 2, NO_LIMIT);
	assert_false(f->look.whole);
}

static void test_look_cut_anywhere(void **state)
{
	struct fixture *f = *state;

	/* What follows the trailer is padding. */
	for (size_t cut = 1; cut < f->size - 8; cut++) {
		_cleanup_free_ uint8_t *part = malloc(cut);

		assert_non_null(part);
		memcpy(part, f->archive, cut);
		look_at(f, part, cut, NO_LIMIT);
		assert_false(f->look.whole);
	}
}

static void test_look_at_what_is_no_initrd(void **state)
{
	struct fixture *f = *state;

	look_at(f, "no archive at all", 17, NO_LIMIT);
	assert_false(f->look.whole);
	assert_int_equal(f->look.count, 0);
}

/* Its folders are below usr from Debian 13 on, and only there. */
static void test_look_at_the_installer(void **state)
{
	static const char *const paths[] = { "lib/debian-installer", "bin/netcfg",
					     "usr/lib/debian-installer", "usr/bin/netcfg" };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(paths); i++) {
		const struct kx_cpio_file file = { paths[i], S_IFDIR | 0755, { NULL, 0 } };
		_cleanup_free_ uint8_t *archive = NULL;
		size_t size;

		assert_int_equal(kx_cpio_pack(&file, 1, &archive, &size, &f->err), 0);
		look_at(f, archive, size, NO_LIMIT);
		assert_string_equal(f->look.marks[KX_LOOK_INSTALLER], paths[i]);
	}
}

/* ---- overlay --------------------------------------------------------------------------------- */

static void add(struct fixture *f, const char *path, const char *content)
{
	if (kx_overlay_add(&f->overlay, path, 0640, kx_view_of(content, strlen(content)), NULL,
			   &f->err) < 0)
		fail_msg("%s", f->err.text);
}

/* "d755 etc, f640 etc/motd=text" */
static void packs(struct fixture *f, const char *expected)
{
	_cleanup_free_ uint8_t *archive = NULL;
	struct kx_cpio_member member = { 0 };
	char text[1024] = "";
	uint64_t at = 0;
	size_t size = 0;

	if (kx_overlay_pack(&f->overlay, &f->look, &archive, &size, &f->err) < 0)
		fail_msg("%s", f->err.text);
	while (kx_cpio_next(kx_view_of(archive, size), &at, &member) && !member.last) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "%s%c%o %s%s%.*s", used ? ", " : "",
			 S_ISDIR(member.mode) ? 'd' : 'f', member.mode & 07777,
			 (const char *)member.name.data, member.content.size ? "=" : "",
			 (int)member.content.size, (const char *)member.content.data);
	}
	assert_true(member.last);
	assert_string_equal(text, expected);
}

static void test_folders_are_made_once(void **state)
{
	struct fixture *f = *state;

	look_at(f, f->archive, f->size, NO_LIMIT);
	add(f, "/etc/ssh/a", "1");
	add(f, "//etc//ssh/b", "2");
	add(f, "root/.ssh/authorized_keys", "3");
	add(f, "tmp/x", "4");
	packs(f, "d755 etc/ssh, f640 etc/ssh/a=1, f640 etc/ssh/b=2, d700 root, d700 root/.ssh, "
		 "f640 root/.ssh/authorized_keys=3, d1777 tmp, f640 tmp/x=4");
}

/* The kernel would put an empty directory in the place of a link, and nothing in /bin would be found. */
static void test_links_are_followed(void **state)
{
	struct fixture *f = *state;

	look_at(f, f->archive, f->size, NO_LIMIT);
	add(f, "/bin/tool", "1");
	add(f, "/etc/link/new/x", "2");
	add(f, "/etc/root/srv/y", "3");
	packs(f, "f640 usr/bin/tool=1, d755 usr/share, d755 usr/share/new, f640 usr/share/new/x=2, "
		 "d755 srv, f640 srv/y=3");
}

static void test_circle(void **state)
{
	struct fixture *f = *state;
	uint8_t *archive;
	size_t size;

	look_at(f, f->archive, f->size, NO_LIMIT);
	add(f, "/round/x", "1");
	assert_int_equal(kx_overlay_pack(&f->overlay, &f->look, &archive, &size, &f->err), -ELOOP);
}

/* Of an initrd that cannot be read, what is a link nowadays is left alone. */
static void test_unknown_initrd(void **state)
{
	struct fixture *f = *state;

	look_at(f, "no archive at all", 17, NO_LIMIT);
	add(f, "/lib/x/y", "1");
	add(f, "/etc/motd", "2");
	packs(f, "d755 lib/x, f640 lib/x/y=1, d755 etc, f640 etc/motd=2");
}

static void test_paths_that_are_none(void **state)
{
	static const char *const paths[] = { "",       "/",  "/etc/", "/../x", "/etc/../../x",
					     "/a/./b", "/.." };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(paths); i++) {
		assert_int_equal(kx_overlay_add(&f->overlay, paths[i], 0644, kx_view_of("", 0),
						strdup("owned"), &f->err),
				 -EINVAL);
		assert_int_equal(f->overlay.count, 0);
	}
}

static void test_too_many_files(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < KX_OVERLAY_MAX; i++)
		add(f, "/x", "");
	assert_int_equal(kx_overlay_add(&f->overlay, "/x", 0644, kx_view_of("", 0), NULL, &f->err),
			 -EFBIG);
}

/* ---- dropbear -------------------------------------------------------------------------------- */

struct bytes {
	uint8_t v[1024];
	size_t size;
};

static void put_number(struct bytes *to, uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		to->v[to->size++] = (uint8_t)(value >> shift);
}

static void put_bytes(struct bytes *to, const void *data, size_t size)
{
	put_number(to, (uint32_t)size);
	memcpy(to->v + to->size, data, size);
	to->size += size;
}

static void put_text(struct bytes *to, const char *text)
{
	put_bytes(to, text, strlen(text));
}

/* A file of OpenSSH's with these strings as its key; @wrong: what is wrong with it. */
enum wrong { NOTHING, CIPHER, TWO_KEYS, CHECK, OLD };

static size_t make_key(const char *const *strings, enum wrong wrong, char *to)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct bytes inner = { 0 }, blob = { .v = "openssh-key-v1", .size = 15 };
	char *start = to;

	put_number(&inner, 7);
	put_number(&inner, wrong == CHECK ? 8 : 7);
	for (; *strings; strings++)
		put_text(&inner, *strings);
	put_text(&inner, "comment");
	put_text(&blob, wrong == CIPHER ? "aes256-ctr" : "none");
	put_text(&blob, "none");
	put_text(&blob, "");
	put_number(&blob, wrong == TWO_KEYS ? 2 : 1);
	put_text(&blob, "public");
	put_bytes(&blob, inner.v, inner.size);
	to = stpcpy(to, wrong == OLD ? "-----BEGIN RSA PRIVATE KEY-----\n"
				     : "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	for (size_t i = 0; i < blob.size; i += 3) {
		uint32_t three =
			(uint32_t)blob.v[i] << 16 | (uint32_t)blob.v[i + 1] << 8 | blob.v[i + 2];

		for (size_t n = 0; n < 4; n++)
			*to++ = i + n > blob.size ? '=' : letters[three >> (18 - 6 * n) & 63];
		if (i % 48 == 45)
			*to++ = '\n';
	}
	return (size_t)(stpcpy(to, "\n-----END OPENSSH PRIVATE KEY-----\n") - start);
}

static void converted(const char *const *from, const char *const *to, const char *file)
{
	char text[4096];
	size_t size = make_key(from, NOTHING, text), got_size = 0;
	struct bytes wanted = { 0 };
	const char *name = NULL;
	uint8_t *got = NULL;

	assert_int_equal(kx_dropbear_key(kx_view_of(text, size), &got, &got_size, &name), 0);
	for (; *to; to++)
		put_text(&wanted, *to);
	assert_int_equal(got_size, wanted.size);
	assert_memory_equal(got, wanted.v, wanted.size);
	assert_string_equal(name, file);
	free(got);
}

static const char *const rsa[] = { "ssh-rsa", "n!", "e", "ddd", "inverse", "p", "qq", NULL };

static void test_dropbear_key(void **state)
{
	converted((const char *const[]){ "ssh-ed25519", "public", "private+public", NULL },
		  (const char *const[]){ "ssh-ed25519", "private+public", NULL },
		  "dropbear_ed25519_host_key");
	converted((const char *const[]){ "ecdsa-sha2-nistp384", "nistp384", "Q", "d", NULL },
		  (const char *const[]){ "ecdsa-sha2-nistp384", "nistp384", "Q", "d", NULL },
		  "dropbear_ecdsa_host_key");
	converted(rsa, (const char *const[]){ "ssh-rsa", "e", "n!", "ddd", "p", "qq", NULL },
		  "dropbear_rsa_host_key");
}

static int fails(const char *const *strings, enum wrong wrong)
{
	char text[4096];
	size_t size = make_key(strings, wrong, text);
	const char *name = NULL;
	uint8_t *got = NULL;
	int r = kx_dropbear_key(kx_view_of(text, size), &got, &size, &name);

	assert_null(got);
	assert_null(name);
	return r;
}

static void test_key_that_dropbear_has_not(void **state)
{
	assert_int_equal(fails(rsa, CIPHER), -EOPNOTSUPP);
	assert_int_equal(fails(rsa, OLD), -EOPNOTSUPP);
	assert_int_equal(fails(rsa, TWO_KEYS), -EBADMSG);
	assert_int_equal(fails(rsa, CHECK), -EBADMSG);
	assert_int_equal(fails((const char *const[]){ "ssh-dss", "p", NULL }, NOTHING),
			 -EOPNOTSUPP);
	assert_int_equal(fails((const char *const[]){ "ssh-rsa", "n", "e", NULL }, NOTHING),
			 -EBADMSG);
}

static void test_key_cut_anywhere(void **state)
{
	char text[4096];
	size_t size = make_key(rsa, NOTHING, text);

	for (size_t i = 0; i < size - 60; i++) {
		char *copy = malloc(i + 1);
		uint8_t *got = NULL;
		const char *name = NULL;
		size_t got_size;

		assert_non_null(copy);
		memcpy(copy, text, i);
		assert_true(kx_dropbear_key(kx_view_of(copy, i), &got, &got_size, &name) < 0);
		free(copy);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_look_plain),
		TEST(test_look_compressed),
		TEST(test_look_cut_anywhere),
		TEST(test_look_at_what_is_no_initrd),
		TEST(test_look_at_the_installer),
		TEST(test_folders_are_made_once),
		TEST(test_links_are_followed),
		TEST(test_circle),
		TEST(test_unknown_initrd),
		TEST(test_paths_that_are_none),
		TEST(test_too_many_files),
		TEST(test_dropbear_key),
		TEST(test_key_that_dropbear_has_not),
		TEST(test_key_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
