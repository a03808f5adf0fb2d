// SPDX-License-Identifier: GPL-2.0-or-later
/* The Boot Loader Specification: entries, names, order, systemd-boot's default, and images. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/overflow.h"
#include "boot/bls.h"
#include "boot/version.h"
#include "boot_files.h"
#include "format/pe.h"
#include "sample_pe.h"
#include "util.h"

/* ---- versions -------------------------------------------------------------------------------- */

/* UAPI.10's examples, and pairs whose order systemd-analyze compare-versions was asked for. */
static void test_versions(void **state)
{
	static const struct {
		const char *a, *order, *b;
	} cases[] = {
		{ "11", "==", "11" },
		{ "systemd-123", "==", "systemd-123" },
		{ "bar-123", "<", "foo-123" },
		{ "123a", ">", "123" },
		{ "123.a", ">", "123" },
		{ "123.a", "<", "123.b" },
		{ "123a", ">", "123.a" },
		{ "11\xce\xb1", "==", "11\xce\xb2" },
		{ "A", "<", "a" },
		{ "", "<", "0" },
		{ "0.", ">", "0" },
		{ "0.0", ">", "0" },
		{ "0", ">", "~" },
		{ "", ">", "~" },
		{ "1_", "==", "1" },
		{ "_1", "==", "1" },
		{ "1_", "<", "1.2" },
		{ "1_2_3", ">", "1.3.3" },
		{ "1+2+3", ">", "1.3.3" },
		{ "007", "==", "7" },
		{ "5.10.0", ">", "5.9.0" },
		{ "6.1.0-10-amd64", ">", "6.1.0-9-amd64" },
		{ "6.12~rc1", "<", "6.12" },
		{ "1-", "<", "1." },
		{ "1^", ">", "1" },
		{ "^z", "<", "^0a9" },
		{ "a", "<", "1" },
		{ "1.", "<", "1.0" },
		{ "99999999999999999999999", "<", "100000000000000000000000" },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(cases); i++) {
		int order = kx_version_compare(cases[i].a, cases[i].b);

		if ((cases[i].order[0] == '<') != (order < 0) ||
		    (cases[i].order[0] == '=') != (order == 0))
			fail_msg("not %s %s %s", cases[i].a, cases[i].order, cases[i].b);
		assert_true((kx_version_compare(cases[i].b, cases[i].a) > 0) == (order < 0));
	}
	assert_int_equal(kx_version_compare(NULL, ""), 0);
}

/* ---- one entry ------------------------------------------------------------------------------- */

static void test_every_key(void **state)
{
	_cleanup_(kx_bls_clear) struct kx_bls bls = { 0 };
	struct kx_error err = { 0 };

	assert_int_equal(kx_bls_parse(kx_text_of("# comment\n"
						 "title\tA  B \n"
						 "version 1\nmachine-id m\nsort-key s\n"
						 "architecture x64\r\n"
						 "\n"
						 "efi /e\nuki /u\nprofile 1\n"
						 "linux /l\ninitrd /i1\ninitrd i2\n"
						 "options a=1  b\noptions\noptions \"c d\"\n"
						 "devicetree /d\ndevicetree-overlay /o1 /o2\n"
						 "grub_users u\ngrub_class k\ngrub_arg --x\n"
						 "no-such-key x\nversion\n"
						 "version 2"),
				      &bls, &err),
			 0);
	assert_string_equal(bls.title, "A  B");
	assert_string_equal(bls.version, "2");
	assert_string_equal(bls.machine_id, "m");
	assert_string_equal(bls.sort_key, "s");
	assert_string_equal(bls.architecture, "x64");
	assert_string_equal(bls.kernel, "/l");
	assert_int_equal(bls.initrd.count, 2);
	assert_string_equal(bls.initrd.v[1], "i2");
	assert_string_equal(bls.options, "a=1  b \"c d\"");
	assert_string_equal(bls.devicetree, "/d");
	assert_string_equal(bls.devicetree_overlay, "/o1 /o2");
	assert_string_equal(bls.grub_class, "k");
	assert_string_equal(bls.profile, "1");
}

/* Of several the last. */
static void test_what_starts(void **state)
{
	static const struct {
		const char *text, *kernel, *efi, *uki, *url;
	} cases[] = {
		{ "linux /l\nefi /e\n", NULL, "/e", NULL, NULL },
		{ "efi /e\nlinux /l\n", "/l", NULL, NULL, NULL },
		{ "uki /u\nlinux /l\nuki-url :u\nlinux\n", NULL, NULL, NULL, ":u" },
		{ "uki-url :u\nuki /u\noptions x\n", NULL, NULL, "/u", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_(kx_bls_clear) struct kx_bls bls = { 0 };
		struct kx_error err = { 0 };

		assert_int_equal(kx_bls_parse(kx_text_of(cases[i].text), &bls, &err), 0);
		assert_true(!bls.kernel == !cases[i].kernel && !bls.efi == !cases[i].efi);
		assert_true(!bls.uki == !cases[i].uki && !bls.uki_url == !cases[i].url);
	}
}

static void test_malformed_entries(void **state)
{
	static const char zero[] = "title a\0b\nlinux /l\n";
	struct kx_bls bls = { 0 };
	struct kx_error err = { 0 };
	char *many = calloc(KX_BOOT_VALUES_MAX + 1, 10);

	assert_int_equal(kx_bls_parse(kx_view_of(zero, sizeof(zero) - 1), &bls, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "zero byte"));
	assert_int_equal(kx_bls_parse(kx_text_of("title x\n"), &bls, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "nothing to start"));
	assert_int_equal(kx_bls_parse(kx_text_of(""), &bls, &err), -EBADMSG);
	for (unsigned i = 0; i <= KX_BOOT_VALUES_MAX; i++)
		strcat(many, "initrd i\n");
	assert_int_equal(kx_bls_parse(kx_text_of(many), &bls, &err), -EFBIG);
	memset(many, 0, strlen(many));
	for (unsigned i = 0; i <= KX_BOOT_VALUES_MAX; i++)
		strcat(many, "options\n");
	assert_int_equal(kx_bls_parse(kx_text_of(many), &bls, &err), -EFBIG);
	assert_null(bls.kernel);
	free(many);
}

static void check_name(const char *file, const char *id, int left, int done)
{
	struct kx_bls_name name;

	assert_int_equal(kx_bls_name(file, &name), 0);
	assert_string_equal(name.id, id);
	assert_int_equal(name.tries_left, left);
	if (left >= 0)
		assert_int_equal(name.tries_done, done);
	free(name.id);
}

static void test_boot_counters(void **state)
{
	check_name("x.conf", "x.conf", -1, 0);
	check_name("x+3.conf", "x.conf", 3, 0);
	check_name("x+3-1.efi", "x.efi", 3, 1);
	check_name("x+0-3.conf", "x.conf", 0, 3);
	check_name("6.1+deb13.conf", "6.1+deb13.conf", -1, 0);
	check_name("6.1+deb13+2.conf", "6.1+deb13.conf", 2, 0);
	check_name("x+.conf", "x+.conf", -1, 0);
	check_name("x+3-.conf", "x+3-.conf", -1, 0);
	check_name("x+-1.conf", "x+-1.conf", -1, 0);
	check_name("x.conf+3", "x.conf+3", -1, 0);
	check_name("x+99999999999999999999.conf", "x.conf", INT_MAX, 0);
}

static void test_architectures(void **state)
{
	assert_true(kx_bls_architecture("x64", "x86_64"));
	assert_true(kx_bls_architecture("X64", "x86_64"));
	assert_false(kx_bls_architecture("aa64", "x86_64"));
	assert_true(kx_bls_architecture("AA64", "aarch64"));
	assert_true(kx_bls_architecture("ia32", "i686"));
	assert_true(kx_bls_architecture(NULL, "x86_64"));
	assert_true(kx_bls_architecture("aa64", NULL));
}

/* ---- the menu -------------------------------------------------------------------------------- */

static const struct kx_bls_place esp = { .device = "esp", .folder = "" };

/* "/l" is there, whoever names it. */
static void read_menu(struct boot_files *files, const char *arch, const struct kx_loader_vars *vars,
		      const char *pattern, struct kx_boot_entries *ret)
{
	const struct kx_loader_vars none = { 0 };
	const struct kx_loader_conf conf = { .default_pattern = (char *)(uintptr_t)pattern };
	const struct kx_boot_fs fs = boot_files_fs(files);
	struct kx_error err = { 0 };

	boot_file(files, "/l", "");
	assert_int_equal(kx_bls_read(&fs, &esp, 1, arch, vars ? vars : &none, &conf, ret, &err), 0);
}

static void check_order(struct boot_files *files, const char *arch, const char *const *ids,
			size_t count)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };

	read_menu(files, arch, NULL, NULL, &menu);
	assert_int_equal(menu.count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(menu.v[i].id, ids[i]);
	assert_true(menu.v[0].is_default);
}

/* Each rule of "Sorting" decides one pair. */
static void test_order(void **state)
{
	struct boot_files files = { 0 };
	static const char *const ids[] = { "5.conf", "6.conf",  "3.conf", "4.conf",
					   "2.conf", "10.conf", "1.conf", "bad.conf" };

	boot_file(&files, "/loader/entries/1.conf", "linux l\nversion 99\n");
	boot_file(&files, "/loader/entries/10.conf", "linux l\nversion 1\n");
	boot_file(&files, "/loader/entries/2.conf", "linux l\nsort-key b\nmachine-id 1\n");
	boot_file(&files, "/loader/entries/3.conf",
		  "linux l\nsort-key a\nmachine-id 2\nversion 10\n");
	boot_file(&files, "/loader/entries/4.conf",
		  "linux l\nsort-key a\nmachine-id 2\nversion 9\n");
	boot_file(&files, "/loader/entries/5+1-2.conf",
		  "linux l\nsort-key a\nmachine-id 1\nversion 9\n");
	boot_file(&files, "/loader/entries/6.conf",
		  "linux l\nsort-key a\nmachine-id 1\nversion 8\n");
	boot_file(&files, "/loader/entries/bad+0-3.conf", "linux l\nsort-key a\nversion 99\n");
	boot_file(&files, "/loader/entries/.hidden.conf", "linux l\n");
	boot_file(&files, "/loader/entries/no.txt", "linux l\n");
	boot_file(&files, "/loader/entries/Auto-x.conf", "linux l\n");
	boot_file(&files, "/EFI/Linux/auto-x.efi", "");
	check_order(&files, NULL, ids, KX_ARRAY_SIZE(ids));
}

static void test_other_architectures_are_left_out(void **state)
{
	struct boot_files files = { 0 };
	static const char *const ids[] = { "b.conf", "a.conf" };

	boot_file(&files, "/loader/entries/a.conf", "linux l\narchitecture X64\n");
	boot_file(&files, "/loader/entries/b.conf", "linux l\n");
	boot_file(&files, "/loader/entries/c.conf", "linux l\narchitecture aa64\n");
	check_order(&files, "x86_64", ids, KX_ARRAY_SIZE(ids));
}

static void test_files_of_an_entry(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct boot_files files = { 0 };

	boot_file(&files, "/loader/entries/a.conf",
		  "linux a/../vmlinuz\ninitrd \\x\\i\ninitrd /j k\noptions q\n");
	boot_file(&files, "/loader/entries/b.conf", "title B\nefi /shell.efi\n");
	boot_file(&files, "/loader/entries/c.conf", "title C\n");
	boot_file(&files, "/loader/entries/d.conf", "uki-url http://x/y\n");
	boot_file(&files, "/loader/entries/e.conf", "linux l\ndevicetree-overlay o\n");
	boot_file(&files, "/loader/entries/f.conf", "uki u\nprofile 3\n");
	boot_file(&files, "/loader/entries/g.conf", "uki u\nprofile x\n");
	boot_file(&files, "/vmlinuz", "");
	boot_file(&files, "/shell.efi", "");
	boot_file(&files, "/u", "");
	read_menu(&files, NULL, NULL, NULL, &menu);
	assert_int_equal(menu.count, 7);
	assert_int_equal(menu.v[1].profile, 3);
	assert_null(menu.v[1].problem);
	assert_non_null(strstr(menu.v[0].problem, "no number"));
	assert_string_equal(menu.v[5].kernel, "esp:/vmlinuz");
	assert_string_equal(menu.v[5].initrds[0], "esp:/x/i");
	assert_string_equal(menu.v[5].initrds[1], "esp:/j k");
	assert_string_equal(menu.v[5].title, "a.conf");
	assert_string_equal(menu.v[5].source_file, "esp:/loader/entries/a.conf");
	assert_null(menu.v[5].problem);
	assert_int_equal(menu.v[4].type, KX_BOOT_CHAINLOAD);
	assert_non_null(strstr(menu.v[4].problem, "EFI program"));
	assert_int_equal(menu.v[6].type, KX_BOOT_NONE);
	assert_non_null(strstr(menu.v[6].problem, "nothing to start"));
	assert_non_null(strstr(menu.v[3].problem, "network"));
	assert_non_null(strstr(menu.v[2].problem, "overlays"));
}

static void check_default(const struct kx_loader_vars *vars, const char *pattern, const char *id)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct boot_files files = { 0 };
	size_t found = 0;

	boot_file(&files, "/loader/entries/arch.conf", "linux l\n");
	boot_file(&files, "/loader/entries/Fedora-1.conf", "linux l\n");
	boot_file(&files, "/loader/entries/fedora-2.conf", "linux l\n");
	read_menu(&files, NULL, vars, pattern, &menu);
	for (size_t i = 0; i < menu.count; i++) {
		if (!menu.v[i].is_default)
			continue;
		found++;
		assert_string_equal(menu.v[i].id, id);
		assert_true(!menu.v[i].problem == !!strncmp(id, "auto-", 5));
	}
	assert_int_equal(found, 1);
}

static void test_default(void **state)
{
	static char one[] = "fedora-1.conf", other[] = "arch.conf", gone[] = "gone.conf",
		    saved[] = "@saved";

	check_default(NULL, NULL, "fedora-2.conf");
	check_default(NULL, "arch.conf", "arch.conf");
	/* The whole name. */
	check_default(NULL, "arch", "fedora-2.conf");
	check_default(NULL, "arch\\.conf", "arch.conf");
	check_default(NULL, "arch\\", "fedora-2.conf");
	check_default(NULL, "a*", "arch.conf");
	check_default(NULL, "FEDORA-?.conf", "fedora-2.conf");
	check_default(NULL, "fedora-[01].conf", "Fedora-1.conf");
	/* Neither negated sets nor classes. */
	check_default(NULL, "[!x]rch.conf", "fedora-2.conf");
	check_default(NULL, "[^x]rch.conf", "fedora-2.conf");
	check_default(NULL, "[!a]rch.conf", "arch.conf");
	check_default(NULL, "[[:alpha:]]rch.conf", "fedora-2.conf");
	check_default(NULL, "[]a]rch.conf", "arch.conf");
	check_default(NULL, "[arch.conf", "fedora-2.conf");
	check_default(NULL, "gone*", "fedora-2.conf");
	check_default(&(struct kx_loader_vars){ .default_id = one }, "arch.conf", "Fedora-1.conf");
	check_default(&(struct kx_loader_vars){ .default_id = gone }, "arch.conf", "arch.conf");
	check_default(&(struct kx_loader_vars){ .default_id = one, .oneshot = other }, NULL,
		      "arch.conf");
	check_default(&(struct kx_loader_vars){ .last = one }, "@saved", "Fedora-1.conf");
	check_default(&(struct kx_loader_vars){ .last = one }, NULL, "fedora-2.conf");
	check_default(&(struct kx_loader_vars){ .last = one, .default_id = saved }, "arch.conf",
		      "Fedora-1.conf");
	check_default(NULL, "@saved", "fedora-2.conf");
}

/* Windows, the firmware's setup and their like are where a normal reboot goes, and nothing else is. */
static void test_default_is_systemd_boots_own(void **state)
{
	static char windows[] = "auto-windows", setup[] = "auto-reboot-to-firmware-setup",
		    gone[] = "gone.conf", file[] = "auto-*";

	check_default(NULL, "auto-windows", "auto-windows");
	check_default(&(struct kx_loader_vars){ .oneshot = setup, .default_id = windows }, NULL,
		      "auto-reboot-to-firmware-setup");
	check_default(&(struct kx_loader_vars){ .oneshot = gone, .default_id = windows },
		      "arch.conf", "auto-windows");
	check_default(&(struct kx_loader_vars){ .oneshot = file }, "arch.conf", "arch.conf");
}

/* It has none of those, and so a normal reboot starts another. */
static void test_default_is_none_that_systemd_boot_drops(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct boot_files files = { 0 };
	struct sample s = sample_pe(KX_PE_X86_64);

	sample_pe_text(&s, ".linux", "kernel");
	boot_file(&files, "/loader/entries/good.conf", "linux /l\ninitrd /gone\n");
	boot_file(&files, "/loader/entries/zz-gone.conf", "sort-key a\nlinux /gone\n");
	boot_file(&files, "/loader/entries/zz-efi.conf", "efi /gone.efi\n");
	boot_file(&files, "/loader/entries/zz-junk.conf", "title only\n");
	boot_file_bytes(&files, "/EFI/Linux/zz.efi", s.data, s.size);
	read_menu(&files, NULL, NULL, "zz-*", &menu);
	assert_int_equal(menu.count, 5);
	assert_string_equal(menu.v[0].id, "good.conf");
	for (size_t i = 0; i < menu.count; i++)
		assert_true(menu.v[i].is_default == !i);
	sample_free(&s);
}

/* ---- what systemd-boot writes down ----------------------------------------------------------- */

static void read_two(const struct kx_loader_vars *vars, const char *pattern,
		     struct kx_boot_entries *menu)
{
	struct boot_files files = { 0 };

	boot_file(&files, "/loader/entries/b.conf", "linux l\n");
	boot_file(&files, "/loader/entries/a+2-1.conf", "linux l\n");
	read_menu(&files, NULL, vars, pattern, menu);
	assert_int_equal(menu->count, 2);
	assert_string_equal(menu->v[1].id, "a.conf");
}

static void test_choice_for_once_is_taken_out(void **state)
{
	static char one[] = "a.conf";
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries none = { 0 }, menu = { 0 };

	read_two(NULL, NULL, &none);
	assert_int_equal(none.effect_count, 0);
	read_two(&(struct kx_loader_vars){ .oneshot = one }, NULL, &menu);
	assert_int_equal(menu.effect_count, 1);
	assert_null(menu.effects[0].file);
	assert_string_equal(menu.effects[0].name, "LoaderEntryOneShot");
	assert_null(menu.effects[0].value);
	assert_int_equal(menu.v[0].effect_count + menu.v[1].effect_count, 0);
}

static void check_timeout(const struct kx_loader_vars *vars, char *conf, int seconds)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	const struct kx_loader_conf loader = { .timeout = conf };
	struct boot_files files = { 0 };
	const struct kx_boot_fs fs = boot_files_fs(&files);
	struct kx_error err = { 0 };

	assert_int_equal(kx_bls_read(&fs, &esp, 1, NULL, vars, &loader, &menu, &err), 0);
	assert_int_equal(menu.timeout, seconds);
	assert_int_equal(menu.effect_count, !!vars->timeout_once);
	if (menu.effect_count)
		assert_string_equal(menu.effects[0].name, "LoaderConfigTimeoutOneShot");
}

static void test_timeouts(void **state)
{
	static char force[] = "menu-force", hidden[] = "menu-hidden", five[] = "5", bad[] = "x",
		    huge[] = "99999999999";

	check_timeout(&(struct kx_loader_vars){ 0 }, NULL, 0);
	check_timeout(&(struct kx_loader_vars){ 0 }, five, 5);
	check_timeout(&(struct kx_loader_vars){ 0 }, force, -1);
	check_timeout(&(struct kx_loader_vars){ 0 }, bad, 0);
	check_timeout(&(struct kx_loader_vars){ 0 }, huge, INT_MAX);
	check_timeout(&(struct kx_loader_vars){ .timeout = hidden }, five, 0);
	check_timeout(&(struct kx_loader_vars){ .timeout = bad }, five, 5);
	check_timeout(&(struct kx_loader_vars){ .timeout = hidden, .timeout_once = force }, five,
		      -1);
}

static void test_what_is_started_is_saved(void **state)
{
	static char one[] = "a.conf", info[] = "systemd-boot 252", saved[] = "@saved";
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 }, once = { 0 };
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries other = { 0 }, tree = { 0 };

	read_two(&(struct kx_loader_vars){ .info = info }, "@saved", &menu);
	assert_int_equal(menu.v[1].effect_count, 1);
	assert_null(menu.v[1].effects[0].file);
	assert_string_equal(menu.v[1].effects[0].name, "LoaderEntryLastBooted");
	assert_string_equal(menu.v[1].effects[0].value, "a.conf");
	assert_int_equal(menu.v[0].effect_count, 1);
	/* Not what is chosen for once. */
	read_two(&(struct kx_loader_vars){ .info = info, .oneshot = one, .default_id = saved },
		 NULL, &once);
	assert_int_equal(once.v[1].effect_count, 0);
	assert_int_equal(once.v[0].effect_count, 1);
	/* Not where another default goes before, and not without the boot loader. */
	read_two(&(struct kx_loader_vars){ .info = info, .default_id = one }, "@saved", &other);
	assert_int_equal(other.v[1].effect_count, 0);
	read_two(NULL, "@saved", &tree);
	assert_int_equal(tree.v[1].effect_count, 0);
}

static void test_entry_on_trial(void **state)
{
	static char counted[] = "\\loader\\entries\\a+2-1.conf",
		    good[] = "\\loader\\entries\\a+1-2.conf";
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 }, blessed = { 0 };

	read_two(&(struct kx_loader_vars){ .count_path = counted }, NULL, &menu);
	assert_string_equal(menu.on_trial, "esp:/loader/entries/a+2-1.conf");
	assert_string_equal(menu.on_trial, menu.v[1].source_file);
	read_two(&(struct kx_loader_vars){ .count_path = good }, NULL, &blessed);
	assert_null(blessed.on_trial);
}

static void test_loader_conf(void **state)
{
	static const char zero[] = "default a\0b\n";
	_cleanup_(kx_loader_conf_clear) struct kx_loader_conf conf = { 0 };
	struct kx_error err = { 0 };

	assert_int_equal(kx_loader_conf_parse(kx_view_of(zero, sizeof(zero) - 1), &conf, &err),
			 -EBADMSG);
	assert_int_equal(kx_loader_conf_parse(kx_text_of("#default x\ntimeout menu-force\n"
							 "default a-*\neditor no\ndefault\n"),
					      &conf, &err),
			 0);
	assert_string_equal(conf.default_pattern, "a-*");
	assert_string_equal(conf.timeout, "menu-force");
}

/* ---- images ---------------------------------------------------------------------------------- */

static void test_unified_kernel_image(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct sample s = sample_pe(KX_PE_X86_64);
	struct boot_files files = { 0 };

	sample_pe_text(&s, ".osrel",
		       "ID=arch\nPRETTY_NAME=\"Arch Linux\"\nBUILD_ID=rolling\nNAME=x\n");
	sample_pe_text(&s, ".uname", "6.12.1-arch1-1");
	sample_pe_text(&s, ".cmdline", "root=/dev/sda2 rw\n");
	sample_pe_text(&s, ".linux", "kernel");
	boot_file_bytes(&files, "/EFI/Linux/arch+2-1.efi", s.data, s.size);
	boot_file_bytes(&files, "/EFI/Linux/cut.EFI", s.data, s.size / 3);
	boot_file(&files, "/EFI/Linux/empty.efi", "");
	read_menu(&files, "x86_64", NULL, NULL, &menu);
	assert_int_equal(menu.count, 3);
	assert_string_equal(menu.v[0].id, "arch.efi");
	assert_string_equal(menu.v[0].title, "Arch Linux");
	assert_string_equal(menu.v[0].version, "rolling");
	assert_string_equal(menu.v[0].options, "root=/dev/sda2 rw");
	assert_string_equal(menu.v[0].architecture, "x64");
	assert_string_equal(menu.v[0].kernel, "esp:/EFI/Linux/arch+2-1.efi");
	assert_string_equal(menu.v[0].source_kind, "bls2");
	assert_int_equal(menu.v[0].type, KX_BOOT_UKI);
	assert_null(menu.v[0].problem);
	assert_non_null(menu.v[1].problem);
	assert_non_null(menu.v[2].problem);
	sample_free(&s);
}

/* In their own order, however they are called: the last may well be the one that deletes everything. */
static void test_profiles(void **state)
{
	static const struct {
		const char *id, *title, *options;
	} profiles[] = {
		{ "os.efi", "An OS (Main)", "normal" },
		{ "os.efi@factory", "An OS (Factory reset)", "reset" },
		{ "os.efi@x", "An OS (x)", NULL },
		{ "os.efi@3", "An OS (Profile #4)", NULL },
	};
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct sample s = sample_pe(KX_PE_X86_64);
	struct boot_files files = { 0 };

	sample_pe_text(&s, ".osrel", "ID=os\nNAME='An OS'\n");
	sample_pe_text(&s, ".uname", "6.1");
	sample_pe_text(&s, ".linux", "kernel");
	sample_pe_text(&s, ".profile", "ID=main\nTITLE=Main\n");
	sample_pe_text(&s, ".cmdline", "normal");
	sample_pe_text(&s, ".profile", "ID=factory\nTITLE=\"Factory reset\"\n");
	sample_pe_text(&s, ".cmdline", "reset");
	sample_pe_text(&s, ".profile", "ID=x\n");
	sample_pe_text(&s, ".profile", "");
	boot_file_bytes(&files, "/EFI/Linux/os.efi", s.data, s.size);
	read_menu(&files, NULL, NULL, NULL, &menu);
	assert_int_equal(menu.count, KX_ARRAY_SIZE(profiles));
	for (unsigned i = 0; i < menu.count; i++) {
		const struct kx_boot_entry *entry = &menu.v[i];

		assert_string_equal(entry->kernel, "esp:/EFI/Linux/os.efi");
		assert_string_equal(entry->version, "6.1");
		assert_string_equal(entry->id, profiles[i].id);
		assert_string_equal(entry->title, profiles[i].title);
		assert_int_equal(entry->profile, i);
		assert_true(entry->is_default == !i);
		if (profiles[i].options)
			assert_string_equal(entry->options, profiles[i].options);
		else
			assert_null(entry->options);
	}
	sample_free(&s);
}

/* Of one system without a version: by name, whatever kernels they have. */
static void test_kernel_version_is_no_order(void **state)
{
	struct boot_files files = { 0 };
	static const char *const ids[] = { "b.efi", "a.efi" };
	struct sample new = sample_pe(KX_PE_X86_64), old = sample_pe(KX_PE_X86_64);

	sample_pe_text(&new, ".osrel", "ID=debian\n");
	sample_pe_text(&new, ".uname", "6.12");
	sample_pe_text(&new, ".linux", "kernel");
	sample_pe_text(&old, ".osrel", "ID=debian\n");
	sample_pe_text(&old, ".uname", "6.1");
	sample_pe_text(&old, ".linux", "kernel");
	boot_file_bytes(&files, "/EFI/Linux/a.efi", new.data, new.size);
	boot_file_bytes(&files, "/EFI/Linux/b.efi", old.data, old.size);
	check_order(&files, NULL, ids, KX_ARRAY_SIZE(ids));
	sample_free(&new);
	sample_free(&old);
}

static void test_texts_that_nobody_wrote(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct sample s = sample_pe(KX_PE_X86_64);
	struct boot_files files = { 0 };
	_cleanup_free_ char *huge = malloc(KX_BOOT_TEXT_MAX + 1);

	memset(huge, 'x', KX_BOOT_TEXT_MAX + 1);
	sample_pe_text(&s, ".osrel", "ID=os\n");
	sample_pe_text(&s, ".linux", "kernel");
	sample_pe_section(&s, ".cmdline", huge, KX_BOOT_TEXT_MAX + 1);
	boot_file_bytes(&files, "/EFI/Linux/a.efi", s.data, s.size);
	read_menu(&files, NULL, NULL, NULL, &menu);
	assert_int_equal(menu.count, 1);
	assert_non_null(strstr(menu.v[0].problem, "1048577 bytes"));
	sample_free(&s);
}

/* ---- for GRUB -------------------------------------------------------------------------------- */

static void test_grub_knows_no_sort_key(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct boot_files files = { 0 };
	const struct kx_boot_fs fs = boot_files_fs(&files);
	size_t budget = 100;

	assert_int_equal(kx_bls_read_grub(&fs, KX_BLS_FEDORA, "hd0", "/entries", &budget, &menu),
			 -ENOENT);
	boot_file(&files, "/entries/m-5.9.conf", "linux /l\nsort-key a\n");
	boot_file(&files, "/entries/m-5.10.conf",
		  "linux /l\ninitrd /a $tuned_initrd\toptional\noptions $kernelopts x\n");
	boot_file(&files, "/entries/n+0-3.conf", "linux $l\n");
	assert_int_equal(kx_bls_read_grub(&fs, KX_BLS_FEDORA, "hd0", "/entries/", &budget, &menu),
			 0);
	assert_int_equal(budget, 100 - 20 - 64 - 9);
	assert_int_equal(menu.count, 3);
	/* Nor does it know counters. */
	assert_string_equal(menu.v[0].id, "n+0-3");
	assert_string_equal(menu.v[0].title, "$l");
	assert_string_equal(menu.v[2].id, "m-5.9");
	assert_string_equal(menu.v[1].id, "m-5.10");
	assert_string_equal(menu.v[1].kernel, "/l");
	assert_int_equal(menu.v[1].initrd_count, 1);
	assert_string_equal(menu.v[1].initrds[0], "/a $tuned_initrd\toptional");
	assert_string_equal(menu.v[1].options, "$kernelopts x");
	kx_boot_entries_clear(&menu);
	assert_int_equal(kx_bls_read_grub(&fs, KX_BLS_FEDORA, "hd0", "/entries", &budget, &menu),
			 -E2BIG);
	assert_int_equal(menu.count, 0);
}

/* By the names of their files; and a profile is nothing to it. */
static void test_grub_finds_images(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct sample s = sample_pe(KX_PE_X86_64), nameless = sample_pe(KX_PE_X86_64);
	struct boot_files files = { 0 };
	const struct kx_boot_fs fs = boot_files_fs(&files);
	size_t budget = 1000;

	sample_pe_text(&nameless, ".linux", "kernel");
	boot_file_bytes(&files, "/EFI/Linux/none.efi", nameless.data, nameless.size);
	sample_pe_text(&s, ".linux", "kernel");
	sample_pe_text(&s, ".osrel", "PRETTY_NAME=\"The OS\"\n");
	sample_pe_text(&s, ".cmdline", "ro quiet");
	boot_file_bytes(&files, "/EFI/Linux/a-9.efi", s.data, s.size);
	boot_file_bytes(&files, "/EFI/Linux/a-10+3.efi", s.data, s.size);
	boot_file_bytes(&files, "/EFI/Linux/A.EFI", s.data, s.size);
	assert_int_equal(kx_bls_read_grub(&fs, KX_BLS_UKI, "hd0", "/EFI/Linux", &budget, &menu), 0);
	assert_int_equal(menu.count, 3);
	assert_string_equal(menu.v[0].id, "none.efi");
	assert_non_null(strstr(menu.v[0].problem, "no .osrel section"));
	assert_string_equal(menu.v[1].id, "a-10+3.efi");
	assert_string_equal(menu.v[2].id, "a-9.efi");
	assert_string_equal(menu.v[2].title, "The OS");
	assert_string_equal(menu.v[2].options, "ro quiet");
	assert_string_equal(menu.v[2].kernel, "/EFI/Linux/a-9.efi");
	assert_null(menu.v[2].problem);
	sample_free(&s);
	sample_free(&nameless);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_what_starts),
		cmocka_unit_test(test_malformed_entries),
		cmocka_unit_test(test_boot_counters),
		cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_other_architectures_are_left_out),
		cmocka_unit_test(test_files_of_an_entry),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_default_is_systemd_boots_own),
		cmocka_unit_test(test_default_is_none_that_systemd_boot_drops),
		cmocka_unit_test(test_choice_for_once_is_taken_out),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_what_is_started_is_saved),
		cmocka_unit_test(test_entry_on_trial),
		cmocka_unit_test(test_loader_conf),
		cmocka_unit_test(test_unified_kernel_image),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_kernel_version_is_no_order),
		cmocka_unit_test(test_texts_that_nobody_wrote),
		cmocka_unit_test(test_grub_knows_no_sort_key),
		cmocka_unit_test(test_grub_finds_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
