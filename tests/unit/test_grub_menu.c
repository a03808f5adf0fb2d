// SPDX-License-Identifier: GPL-2.0-or-later
/* GRUB's menus and files: entries, submenus, defaults, environment blocks; and what never ends. */
#include "grub_fixture.h"

#define MENU                                                                               \
	"menuentry 'One' --class a --class b --id first --users root { linux /k one; }\n"  \
	"submenu 'Sub > menu' --id=sub {\n"                                                \
	" menuentry 'Two' { linux /k two; }\n"                                             \
	" submenu deep { menuentry 'a>b' --id three { linux /k three \"$chosen\"; }\n }\n" \
	"}\n"                                                                              \
	"menuentry 'Four' --unrestricted { linux /k four; initrd /i (hd1)/i; }\n"

static void assert_default(const char *value, const char *options)
{
	_cleanup_grub_ struct grub g = { 0 };
	_cleanup_free_ char *text = NULL;

	assert_true(asprintf(&text, MENU "set default='%s'\n", value) > 0);
	grub_read(&g, text);
	assert_int_equal(g.r, 0);
	assert_int_equal(g.menu.count, 4);
	assert_non_null(grub_default(&g));
	if (strcmp(grub_default(&g)->options, options) != 0)
		fail_msg("default %s is %s, not %s", value, grub_default(&g)->options, options);
}

static void test_default(void **state)
{
	assert_default("", "one");
	assert_default("2", "four");
	assert_default("Four", "four");
	assert_default("first", "one");
	assert_default("1>0", "two");
	assert_default("sub>Two", "two");
	assert_default("Sub >> menu>1>0", "three sub>deep>three");
	assert_default("sub>deep>a>>b", "three sub>deep>three");
	/* What is not there is the first. */
	assert_default("9", "one");
	assert_default("nosuch", "one");
	assert_default("sub>nosuch", "two");
	/* A number, whatever stands behind it. */
	assert_default("2x", "four");
	assert_default("0x2", "four");
}

static void test_what_an_entry_holds(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };
	const struct kx_boot_entry *v;

	grub_read(&g, MENU "set timeout=7\n");
	v = g.menu.v;
	assert_int_equal(g.menu.timeout, 7);
	assert_string_equal(v[0].id, "first");
	assert_string_equal(v[0].title, "One");
	assert_string_equal(v[0].class, "a b");
	assert_string_equal(v[0].users, "root");
	assert_null(v[0].menu);
	assert_int_equal(v[0].type, KX_BOOT_LINUX);
	assert_string_equal(v[0].kernel, "hd0:/k");
	assert_string_equal(v[0].source_file, "hd0:" CFG);
	assert_string_equal(v[0].source_kind, "grub");
	assert_int_equal(v[0].source_line, 1);
	assert_string_equal(v[1].id, "sub>Two");
	assert_string_equal(v[2].id, "sub>deep>three");
	assert_string_equal(v[2].menu, "Sub >> menu>deep");
	assert_int_equal(v[3].initrd_count, 2);
	assert_string_equal(v[3].initrds[0], "hd0:/i");
	assert_string_equal(v[3].initrds[1], "hd1:/i");
	assert_int_equal(g.menu.note_count, 0);
}

static void assert_timeout(const char *set, int timeout)
{
	_cleanup_grub_ struct grub g = { 0 };

	grub_read(&g, set);
	assert_int_equal(g.r, 0);
	if (g.menu.timeout != timeout)
		fail_msg("%s: %d", set, g.menu.timeout);
}

static void test_timeout(void **state)
{
	assert_timeout("", -1);
	assert_timeout("timeout=0", 0);
	assert_timeout("timeout=0x10", 16);
	assert_timeout("timeout=5s", 5);
	assert_timeout("timeout=-1", -1);
	/* What is no number is as none: for ever. */
	assert_timeout("timeout=", -1);
	assert_timeout("timeout=never", -1);
	assert_timeout("timeout=99999999999999", INT32_MAX);
}

static void assert_entry(const char *body, enum kx_boot_type type, const char *options,
			 const char *problem)
{
	_cleanup_grub_ struct grub g = { 0 };
	_cleanup_free_ char *text = NULL;

	assert_true(asprintf(&text, "menuentry e a1 'a 2' {\n%s\n}\n", body) > 0);
	grub_read(&g, text);
	assert_int_equal(g.r, 0);
	assert_int_equal(g.menu.count, 1);
	if (g.menu.v[0].type != type)
		fail_msg("%s: type %s", body, kx_boot_type_name(g.menu.v[0].type));
	if (options)
		assert_string_equal(g.menu.v[0].options, options);
	else
		assert_null(g.menu.v[0].options);
	if (!problem != !g.menu.v[0].problem || (problem && !strstr(g.menu.v[0].problem, problem)))
		fail_msg("%s: problem %s", body, g.menu.v[0].problem);
}

static void test_loaders(void **state)
{
	assert_entry("linux /k", KX_BOOT_LINUX, NULL, NULL);
	assert_entry("linux16 /k a 'b c' \"d\\\"\"", KX_BOOT_LINUX, "a \"b c\" d\\\"", NULL);
	assert_entry("linux /k $1 \"$2\" $#", KX_BOOT_LINUX, "e a1 3", NULL);
	assert_entry("linux /k a; linux (hd0)/k b", KX_BOOT_LINUX, "b", NULL);
	assert_entry("linux /no", KX_BOOT_NONE, NULL, "hd0:/no: no such file");
	assert_entry("linux (nodev)/k", KX_BOOT_NONE, NULL, "(nodev)/k");
	assert_entry("set root=nodev; linux /k", KX_BOOT_NONE, NULL, "(nodev)/k");
	assert_entry("if linux /no; then true; else linux /k b; fi", KX_BOOT_LINUX, "b", NULL);
	assert_entry("linux /k; initrd /no", KX_BOOT_LINUX, NULL, "/no");
	assert_entry("linux /k; initrd newc:x:/i", KX_BOOT_LINUX, NULL, "newc");
	assert_entry("initrd /i", KX_BOOT_NONE, NULL, "before a kernel");
	assert_entry("linux /k; devicetree /i", KX_BOOT_LINUX, NULL, NULL);
	assert_entry("linux /k; nosuch", KX_BOOT_LINUX, NULL, NULL);
	assert_entry("linux", KX_BOOT_NONE, NULL, "no kernel");
	assert_entry("multiboot /k a; module /i b c; module --nounzip /i", KX_BOOT_MULTIBOOT, "a",
		     NULL);
	assert_entry("multiboot2 --quirk-bad-kludge /k", KX_BOOT_MULTIBOOT, NULL, NULL);
	assert_entry("module /i", KX_BOOT_NONE, NULL, "before a kernel");
	assert_entry("chainloader +1", KX_BOOT_CHAINLOAD, NULL, "firmware");
	assert_entry("chainloader /EFI/x.efi", KX_BOOT_CHAINLOAD, NULL, "/EFI/x.efi");
	assert_entry("ntldr /bootmgr", KX_BOOT_CHAINLOAD, NULL, "only GRUB");
	assert_entry("fwsetup", KX_BOOT_NONE, NULL, "firmware");
	assert_entry("configfile /x.cfg", KX_BOOT_NONE, NULL, "another menu: /x.cfg");
	assert_entry("true", KX_BOOT_NONE, NULL, "nothing");
	assert_entry("linux /k; boot; linux /no", KX_BOOT_LINUX, NULL, NULL);
	assert_entry("probe -s u -u hd0; linux /k $u", KX_BOOT_LINUX, "uuid-of-hd0", NULL);
	/* It would be started with a wrong command line. */
	assert_entry("probe -s u -u un; linux /k root=$u", KX_BOOT_LINUX, "root=", "probe");
}

static void test_entries_leave_nothing_behind(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	grub_read(&g, "function f { linux /k old; }\nx=1\n"
		      "menuentry a { x=2; y=3; linux /k $x; }\nmenuentry b { linux /k $x$y; }\n"
		      "submenu s { function f { linux /k new; }\n menuentry c { f; }\n }\n"
		      "x=1; export z; z=5\nsubmenu t { menuentry d { linux /k \"<$x$z>\"; }\n }\n");
	assert_int_equal(g.menu.count, 4);
	assert_string_equal(g.menu.v[0].options, "2");
	assert_string_equal(g.menu.v[1].options, "1");
	assert_string_equal(g.menu.v[2].options, "old");
	/* Only what is exported is there in a submenu. */
	assert_string_equal(g.menu.v[3].options, "<5>");
}

static void test_entries_leave_no_state_behind(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	grub_read(&g, "menuentry a { insmod regexp; false; }\n"
		      "menuentry b { linux /k st=$?; initrd /boot/grub/g*; }\n"
		      "submenu s { insmod regexp; true; false; }\n"
		      "menuentry c { linux /k st=$?; initrd /boot/grub/g*; }\n");
	assert_int_equal(g.menu.count, 3);
	for (size_t i = 1; i < 3; i++) {
		assert_string_equal(g.menu.v[i].options, "st=0");
		assert_non_null(strstr(g.menu.v[i].problem, "/boot/grub/g*: no such file"));
	}
}

static void test_entries_may_add_entries(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	grub_read(&g, "menuentry a { menuentry b { linux /k b; }\n submenu c { true; }\n }\n"
		      "menuentry d { linux /k d; }\n"
		      "submenu s { menuentry e { menuentry f { true; }\n linux /k e; }\n }\n");
	assert_int_equal(g.menu.count, 3);
	assert_string_equal(g.menu.v[1].options, "d");
	assert_string_equal(g.menu.v[2].options, "e");
}

/* Another system's: its files may have the names of ours. */
static void test_os_prober(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };
	static const char windows[] = "belongs to another system";

	grub_read(
		&g,
		"menuentry 'X (on /dev/sdb1)' --class os { search --set=root -u Y; linux /k b; }\n"
		"menuentry W --class os --id osprober-efi-9 { linux /k; }\n"
		"submenu S --id osprober-gnulinux-advanced-9 {\n"
		" menuentry L --id osprober-gnulinux-/k--9 { linux /k; save_env x; }\n"
		" menuentry M { linux /k; }\n}\n"
		"menuentry 'Debian (on /dev/sda1)' { linux /k ours; }\n"
		"menuentry Debian --class os --class gnu { linux /k ours; }\nfallback=5\n");
	assert_int_equal(g.menu.count, 6);
	for (size_t i = 0; i < 4; i++) {
		assert_non_null(strstr(g.menu.v[i].problem, windows));
		assert_null(g.menu.v[i].kernel);
		assert_int_equal(g.menu.v[i].effect_count, 0);
	}
	assert_int_equal(g.menu.v[1].type, KX_BOOT_CHAINLOAD);
	assert_int_equal(g.menu.v[2].type, KX_BOOT_LINUX);
	assert_string_equal(g.menu.v[2].id, "osprober-gnulinux-advanced-9>osprober-gnulinux-/k--9");
	assert_null(g.menu.v[4].problem);
	assert_null(g.menu.v[5].problem);
	/* It is what a reboot would start all the same. */
	assert_true(g.menu.v[0].is_default);
}

static void test_fallback(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	grub_read(&g, "menuentry a { linux /no; }\nmenuentry b { linux /no; }\n"
		      "menuentry c { linux /k c; }\nfallback='1 9 2'\n");
	assert_string_equal(grub_default(&g)->options, "c");
}

static void test_bad_entries_are_left_out(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	grub_read(&g, "menuentry { true; }\nmenuentry x\nmenuentry y --class { true; }\n"
		      "menuentry z -- --id q { linux /k $2 $3; }\n");
	assert_int_equal(g.menu.count, 1);
	assert_string_equal(g.menu.v[0].options, "--id q");
	assert_int_equal(g.menu.note_count, 3);
	assert_ptr_equal(strstr(g.menu.notes[1], "hd0:" CFG ":2: "), g.menu.notes[1]);
}

/* ---- files ------------------------------------------------------------------------------------- */

static void test_source_and_configfile(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	boot_file(&g.files, "/a.cfg", "x=sourced\nfalse\n");
	boot_file(&g.files, "/b.cfg", "menuentry m { linux /k \"$x\" \"$y\"; }\n");
	grub_read(&g, "source /a.cfg; z=$?\nexport y; y=$z\nmenuentry n { linux /k n; }\n"
		      "configfile /no.cfg\nconfigfile /b.cfg\nmenuentry o { linux /k o; }\n");
	assert_int_equal(g.menu.count, 1);
	assert_string_equal(g.menu.v[0].options, " 0");
	assert_string_equal(g.menu.v[0].source_file, "hd0:/b.cfg");
}

static void test_configfile_of_a_configfile(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	boot_file(&g.files, "/a.cfg", "menuentry a { linux /k a; }\nconfigfile /b.cfg\n");
	boot_file(&g.files, "/b.cfg", "menuentry b { linux /k b; }\n");
	grub_read(&g, "configfile /a.cfg\nmenuentry c { linux /k c; }\n");
	assert_int_equal(g.menu.count, 1);
	assert_string_equal(g.menu.v[0].options, "b");
}

static void test_submenu_of_another_file(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	boot_file(&g.files, "/m.cfg", "menuentry m { linux /k m; }\n");
	grub_read(&g, "default='s>m'\nsubmenu s { menuentry lost { linux /k no; }\n"
		      "configfile /m.cfg; }\nmenuentry n { linux /k n; }\n");
	assert_int_equal(g.menu.count, 2);
	assert_string_equal(g.menu.v[0].id, "s>m");
	assert_string_equal(grub_default(&g)->options, "m");
	assert_string_equal(g.menu.v[1].options, "n");
}

#define BLOCK(text) "# GRUB Environment Block\n" text "########"

static void test_environment_block(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };
	_cleanup_free_ char *value = NULL;
	const char block[] = BLOCK("a=1\n#c=2\nb=x y\\\\z\n");

	boot_file(&g.files, "/boot/grub/grubenv", BLOCK("saved_entry=b\nnext_entry=c\n"));
	grub_read(&g, "load_env\nif [ \"$next_entry\" ]; then default=$next_entry; next_entry=; "
		      "save_env next_entry; else default=$saved_entry; fi\n"
		      "menuentry a { linux /k a; }\nmenuentry b { linux /k b; }\n"
		      "menuentry c { saved_entry=$chosen; save_env saved_entry; linux /k c; }\n");
	assert_string_equal(grub_default(&g)->options, "c");
	assert_int_equal(g.menu.effect_count, 1);
	assert_string_equal(g.menu.effects[0].file, "hd0:/boot/grub/grubenv");
	assert_string_equal(g.menu.effects[0].name, "next_entry");
	assert_string_equal(g.menu.effects[0].value, "");
	assert_int_equal(g.menu.v[0].effect_count, 0);
	assert_int_equal(g.menu.v[2].effect_count, 1);
	assert_string_equal(g.menu.v[2].effects[0].value, "c");

	assert_int_equal(kx_grub_env_get(block, strlen(block), "b", &value), 0);
	assert_string_equal(value, "x y\\z");
	assert_int_equal(kx_grub_env_get(block, strlen(block), "c", &value), -ENOENT);
	assert_int_equal(kx_grub_env_get("x", 1, "c", &value), -EBADMSG);
}

/* What a submenu's body writes down is written when it is chosen. */
static void test_effects_of_submenus(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };
	const struct kx_boot_entry *v;

	boot_file(&g.files, "/boot/grub/grubenv", BLOCK("x=1\n"));
	grub_read(&g,
		  "save_env top\n"
		  "submenu s { save_env outer; submenu t { save_env inner\n"
		  " menuentry a { linux /k; save_env own; }\n }\n menuentry b { linux /k; }\n}\n"
		  "menuentry c { linux /k; }\n");
	v = g.menu.v;
	assert_int_equal(g.menu.count, 3);
	assert_int_equal(g.menu.effect_count, 1);
	assert_string_equal(g.menu.effects[0].name, "top");
	assert_int_equal(v[0].effect_count, 3);
	assert_string_equal(v[0].effects[0].name, "outer");
	assert_string_equal(v[0].effects[1].name, "inner");
	assert_string_equal(v[0].effects[2].name, "own");
	assert_int_equal(v[1].effect_count, 1);
	assert_int_equal(v[2].effect_count, 0);
}

static void test_load_env_refuses(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	boot_file(&g.files, "/bad", "a=1\n");
	boot_file(&g.files, "/good", BLOCK("a=1\nb=2\n"));
	grub_read(&g, "load_env -f /bad; x=$?\nload_env; y=$?\nload_env --file /good b; z=$?\n"
		      "save_env -f /no a; w=$?\nmenuentry a { linux /k $x$y$z$w \"$a\" $b; }\n");
	assert_string_equal(g.menu.v[0].options, "18505  2");
}

/* ---- blscfg: after grub-core/commands/blscfg.c of github.com/rhboot/grub2 ----------------------- */

#define ENTRIES "/loader/entries/"
#define FEDORA                                                                                     \
	"title Fedora\nversion 6.5\nlinux /k\ninitrd /i $tuned_initrd\n"                           \
	"options root=xy $kernelopts 'qq' a=\"b c\"\ngrub_users $users\ngrub_arg --unrestricted\n" \
	"grub_class fedora\ngrub_class os\n"

/* What the options of the one entry come to. */
static void assert_bls_options(const char *options, const char *before, const char *expected)
{
	_cleanup_grub_ struct grub g = { 0 };
	_cleanup_free_ char *entry = NULL, *script = NULL;

	assert_true(asprintf(&entry, "linux /k\noptions %s\n", options) > 0);
	assert_true(asprintf(&script, "%s\nblscfg\n", before) > 0);
	boot_file(&g.files, ENTRIES "a.conf", entry);
	grub_read(&g, script);
	assert_int_equal(g.menu.count, 1);
	if (!g.menu.v[0].options || strcmp(g.menu.v[0].options, expected) != 0)
		fail_msg("%s, %s gives %s", options, before, g.menu.v[0].options);
}

static void test_blscfg(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	boot_file(&g.files, ENTRIES "4f-6.5.conf", FEDORA);
	grub_read(&g,
		  "menuentry a { linux /k a; }\nkernelopts='ro quiet'\nusers='root joe'\nblscfg\n"
		  "default=4f-6.5\n");
	assert_int_equal(g.menu.count, 2);
	assert_string_equal(grub_default(&g)->title, "Fedora");
	assert_string_equal(grub_default(&g)->options, "root=xy ro quiet qq \"a=b c\"");
	assert_string_equal(grub_default(&g)->kernel, "hd0:/k");
	assert_int_equal(grub_default(&g)->initrd_count, 1);
	assert_string_equal(grub_default(&g)->initrds[0], "hd0:/i");
	assert_string_equal(grub_default(&g)->version, "6.5");
	assert_string_equal(grub_default(&g)->class, "fedora os");
	assert_string_equal(grub_default(&g)->users, "root joe ");
	assert_string_equal(grub_default(&g)->source_kind, "bls1");
	assert_string_equal(grub_default(&g)->source_file, "hd0:" ENTRIES "4f-6.5.conf");
	grub_clear(&g);
	g.files.count = 1;
	grub_read(&g, "menuentry a { linux /no; }\nblscfg\nfallback='9 Fedora'\n");
	assert_string_equal(grub_default(&g)->title, "Fedora");
}

/* GRUB makes a text of the entry, and so do its variables' values become words and quotes. */
static void test_blscfg_variables(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	boot_file(&g.files, ENTRIES "4f-6.5.conf", FEDORA);
	boot_file(&g.files, "/e1", "early");
	boot_file(&g.files, "/dtb", "tree");
	boot_file(&g.files, "/boot/grub/grubenv", BLOCK("x=1\n"));
	grub_read(&g, "kernelopts='dyndbg=\"file a.c +p\" ro'\ntuned_initrd='(hd1)/e1'\n"
		      "early_initrd='e1'; devicetree=dtb; save_default=true\n"
		      "function savedefault { saved=$chosen; save_env saved; }\nblscfg\n");
	assert_int_equal(g.menu.count, 1);
	assert_null(g.menu.v[0].problem);
	assert_string_equal(g.menu.v[0].options, "root=xy \"dyndbg=file a.c +p\" ro qq \"a=b c\"");
	assert_int_equal(g.menu.v[0].initrd_count, 3);
	assert_string_equal(g.menu.v[0].initrds[0], "hd0:/e1");
	assert_string_equal(g.menu.v[0].initrds[1], "hd0:/i");
	assert_string_equal(g.menu.v[0].initrds[2], "hd1:/e1");
	assert_string_equal(g.menu.v[0].devicetree, "hd0:/dtb");
	assert_int_equal(g.menu.v[0].effect_count, 1);
	assert_string_equal(g.menu.v[0].effects[0].value, "4f-6.5");
}

/* expand_val() there, with what is wrong in it. */
static void test_blscfg_expands(void **state)
{
	assert_bls_options("ab $xx cd", "xx='1 2'", "ab 1 2 cd");
	assert_bls_options("ab $no cd", "", "ab cd");
	assert_bls_options("$no cd", "", "cd");
	assert_bls_options("$xx$yy,z", "xx=1; yy=2", "1 2 ,z");
	/* One character is lost, as is the name of one at the end. */
	assert_bls_options("$xx 3", "xx=1", "1");
	assert_bls_options("$xx 33", "xx=1", "1 33");
	assert_bls_options("ab $x", "x=1", "ab");
	assert_bls_options("ab $x cd", "x=1", "ab 1 cd");
	/* Nothing at all is not the same as an empty text. */
	assert_bls_options("$no", "default_kernelopts='by default'", "by default");
	assert_bls_options("$no$xx", "xx=1; default_kernelopts='by default'", "by default");
	assert_bls_options("3", "default_kernelopts='$xx ro'; xx=1", "1 ro");
	/* A backslash before it, even if that has one before it. */
	assert_bls_options("ab \\$xx", "xx=1", "ab $xx");
	assert_bls_options("ab \\\\$xx", "xx=1", "ab \\\\1");
}

static void assert_bls_order(const char *first, const char *second)
{
	_cleanup_free_ char *a = NULL, *b = NULL;

	for (int i = 0; i < 2; i++) {
		_cleanup_grub_ struct grub g = { 0 };

		free(a);
		free(b);
		assert_true(asprintf(&a, ENTRIES "%s.conf", i ? first : second) > 0);
		assert_true(asprintf(&b, ENTRIES "%s.conf", i ? second : first) > 0);
		boot_file(&g.files, a, "linux /k\n");
		boot_file(&g.files, b, "linux /k\n");
		grub_read(&g, "blscfg\n");
		assert_int_equal(g.menu.count, 2);
		assert_string_equal(g.menu.v[0].id, first);
		assert_string_equal(g.menu.v[1].id, second);
	}
}

/* As rpm compares name, version and release. */
static void test_blscfg_order(void **state)
{
	assert_bls_order("m-6.10.0-1.fc41.x86_64", "m-6.9.12-200.fc40.x86_64");
	assert_bls_order("m-6.9.12-200.fc40.x86_64", "m-6.9.12-99.fc41.x86_64");
	assert_bls_order("m-6.9.12-1.fc41.x86_64", "m-0-rescue");
	assert_bls_order("m-5.14.0-70.13.1.el9", "m-5.14.0-70.el9");
	assert_bls_order("m-6.1.0-1", "m-6.1.0~rc1-1");
	assert_bls_order("m-6.1.0-1+debug", "m-6.1.0-1");
	assert_bls_order("m-6.1.0-1.1", "m-6.1.0-1+debug");
	/* By the suffix .conf, too, it would be the other way round. */
	assert_bls_order("m-6.1.0-1.a", "m-6.1.0-1");
	assert_bls_order("n", "m-2");
	assert_bls_order("m-2", "m");
	assert_bls_order("m-010", "m-9");
	assert_bls_order("m-1-a-1", "m-2-1");
}

/* A line's key ends at a blank, and only if there is none at a tab; and a line without a value ends the file. */
static void test_blscfg_lines(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	boot_file(&g.files, ENTRIES "d.conf",
		  " # a comment\nlinux /k\r\noptions first\noptions second\ntitle one\n"
		  "title two\n");
	boot_file(&g.files, ENTRIES "c.conf", "linux /k\n\noptions lost\n");
	boot_file(&g.files, ENTRIES "b.conf", "linux\t/k\noptions\troot=x ro\ntitle\tTab\n");
	boot_file(&g.files, ENTRIES "a.conf", "title none\n");
	boot_file(&g.files, ENTRIES "A.CONF", "linux /k\n");
	grub_read(&g, "blscfg\n");
	assert_int_equal(g.menu.count, 4);
	assert_string_equal(g.menu.v[0].kernel, "hd0:/k");
	assert_string_equal(g.menu.v[0].options, "first");
	assert_string_equal(g.menu.v[0].title, "one");
	assert_null(g.menu.v[1].options);
	assert_string_equal(g.menu.v[2].title, "Tab");
	assert_null(g.menu.v[2].options);
	assert_non_null(strstr(g.menu.v[3].problem, "nothing to start"));
}

/* What has no kernel has no place in GRUB's menu. */
static void add_three(struct grub *g)
{
	boot_file(&g->files, ENTRIES "5.conf", "title Program\nefi /x.efi\n");
	boot_file(&g->files, ENTRIES "4f-6.5.conf", FEDORA);
	boot_file(&g->files, ENTRIES "3.conf", "linux /k\n");
}

static void test_blscfg_without_a_kernel(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	add_three(&g);
	grub_read(&g, "default_kernelopts='by default'\nblscfg\ndefault=0\n");
	assert_int_equal(g.menu.count, 3);
	assert_string_equal(grub_default(&g)->title, "Fedora");
	assert_string_equal(g.menu.v[0].id, "5");
	assert_non_null(strstr(g.menu.v[0].problem, "EFI program"));
	assert_string_equal(g.menu.v[2].title, "/k");
	assert_string_equal(g.menu.v[2].options, "by default");
}

/* Neither blscfg knows the key "uki": GRUB's images are those that its command uki finds. */
static void test_blscfg_of_a_uki(void **state)
{
	static const char *const scripts[] = { "blscfg\n", "insmod blsuki\nblscfg\n" };

	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		_cleanup_grub_ struct grub g = { 0 };

		boot_file(&g.files, ENTRIES "a.conf", "title Image\nuki /EFI/Linux/a.efi\n");
		grub_read(&g, scripts[i]);
		assert_int_equal(g.menu.count, 1);
		assert_null(g.menu.v[0].kernel);
		assert_non_null(strstr(g.menu.v[0].problem, "names no kernel"));
	}
}

/* An id, then a title, then a number that is nothing else. */
static void test_blscfg_default(void **state)
{
	static const char *const cases[][2] = {
		{ "5", "4f-6.5" }, { "1", "3" },       { "3", "3" },      { "Fedora", "4f-6.5" },
		{ "/k", "3" },     { "1x", "4f-6.5" }, { "9", "4f-6.5" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_grub_ struct grub g = { 0 };
		_cleanup_free_ char *script = NULL;

		add_three(&g);
		assert_true(asprintf(&script, "blscfg\ndefault=%s\n", cases[i][0]) > 0);
		grub_read(&g, script);
		assert_string_equal(grub_default(&g)->id, cases[i][1]);
	}
}

static void test_blscfg_chooses(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	add_three(&g);
	grub_read(&g, "default=3\nblscfg default\nmenuentry m { linux /k m; }\nblscfg non-default\n"
		      "blscfg\n");
	assert_int_equal(g.menu.count, 4);
	assert_string_equal(g.menu.v[0].id, "3");
	assert_true(g.menu.v[0].is_default);
	assert_string_equal(g.menu.v[1].id, "m");
	assert_string_equal(g.menu.v[3].id, "4f-6.5");
	grub_clear(&g);
	g.files.count = 3;
	grub_read(&g, "bls_import 4f-6.5\n");
	assert_int_equal(g.menu.count, 1);
	assert_string_equal(g.menu.v[0].id, "4f-6.5");
	grub_clear(&g);
	g.files.count = 3;
	/* By its number, for which what has no kernel counts. */
	grub_read(&g, "default=1\nblscfg default\n");
	assert_int_equal(g.menu.count, 1);
	assert_string_equal(g.menu.v[0].id, "4f-6.5");
}

/* Other folders; files of theirs are on $root all the same. */
static void test_blscfg_folders(void **state)
{
	static const char *const cases[][2] = {
		{ "blscfg", "fallback" },
		{ "blsdir=/dir/; blscfg", "dir" },
		{ "blsdir=/none; blscfg", "fallback" },
		{ "blscfg (hd1)/dir", "dir" },
		{ "blscfg (hd1)/dir/x.conf", "x" },
		{ "blscfg (hd1)/none; out=$?", NULL },
		{ "blscfg (hd1)/none.conf; out=$?", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_grub_ struct grub g = { 0 };
		_cleanup_free_ char *script = NULL;
		const char *expected = cases[i][1];

		boot_file(&g.files, "/boot/loader/entries/fallback.conf", "linux /k\n");
		boot_file(&g.files, "/dir/dir.conf", "linux /k\n");
		boot_file(&g.files, "/dir/x.conf", "linux /k\n");
		assert_true(asprintf(&script, "boot=hd7\n%s\nmenuentry end { linux /k $out; }\n",
				     cases[i][0]) > 0);
		grub_read(&g, script);
		assert_int_equal(g.menu.note_count, !expected);
		assert_string_equal(expected ? g.menu.v[g.menu.count - 2].id : g.menu.v[0].options,
				    expected ? expected : "0");
		assert_string_equal(g.menu.v[0].kernel, "hd0:/k");
	}
}

static void test_blscfg_on_no_device(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	grub_read(&g,
		  "blscfg (none)/dir; a=$?\nblscfg (x; b=$?\nmenuentry m { linux /k $a.$b; }\n");
	assert_string_equal(grub_default(&g)->options, "12.18");
	assert_int_equal(g.menu.note_count, 2);
}

static void test_blscfg_inside(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	/* Of what is thrown away, too, nothing is leaked. */
	boot_file(&g.files, ENTRIES "4f-6.5.conf", FEDORA);
	boot_file(&g.files, "/b.cfg", "menuentry m { linux /k m; }\n");
	grub_read(&g, "blscfg\nconfigfile /b.cfg\n");
	assert_string_equal(grub_default(&g)->options, "m");
	grub_clear(&g);
	g.files.count = 1;
	grub_read(&g, "submenu s { blscfg; }\n");
	assert_string_equal(grub_default(&g)->id, "s>4f-6.5");
}

/* ---- blscfg and uki of GRUB's own module: the oracle has each case ------------------------------ */

/* What @script leads to: the ids of the menu, with a blank behind each. */
static void assert_ids(const char *script, const char *expected)
{
	_cleanup_grub_ struct grub g = { 0 };
	char ids[256] = "";

	boot_file(&g.files, "/boot/loader/entries/fallback.conf", "linux /k\n");
	boot_file(&g.files, ENTRIES "usual.conf", "linux /k\n");
	boot_file(&g.files, "/dir/a-1+1.conf", "linux /k\n");
	boot_file(&g.files, "/dir/a-1.conf", "linux /k\ntitle T\n");
	boot_file(&g.files, "/dir/a-b-1.conf", "linux /k\n");
	grub_read(&g, script);
	for (size_t i = 0; i < g.menu.count; i++) {
		assert_true(strlen(ids) + strlen(g.menu.v[i].id) + 2 < sizeof(ids));
		strcat(strcat(ids, g.menu.v[i].id), " ");
	}
	if (strcmp(ids, expected) != 0)
		fail_msg("%s gives %s", script, ids);
}

static void test_blsuki_options(void **state)
{
	assert_ids("insmod blsuki; blscfg", "usual ");
	assert_ids("blscfg -p /dir", "a-b-1 a-1+1 a-1 ");
	assert_ids("blscfg --path=(hd0)/dir -f", "a-b-1 a-1+1 a-1 ");
	assert_ids("blscfg --path /none", "");
	assert_ids("blscfg -fp /none", "usual ");
	assert_ids("blscfg -p /dir/a-1.conf; blscfg -p /dir/a-1.conf", "a-1 a-1 ");
	assert_ids("default=T; blscfg -dp /dir; blscfg -p /dir -n", "a-1 a-b-1 a-1+1 ");
	assert_ids("default=1x; blscfg -dp /dir", "");
	assert_ids("blscfg -p /dir -e a-1.conf; blscfg -p /dir -e a-b-1", "a-1 ");
	assert_ids("blscfg -p /dir -x", "");
	assert_ids("blscfg -p", "");
	assert_ids("blscfg -p /dir x", "");
	assert_ids("blscfg -p none.conf -f", "");
}

/* A number is one, whatever stands behind it; but not in Fedora's GRUB, which may have both modules. */
static void test_blsuki_default(void **state)
{
	static const char *const cases[][2] = { { "insmod blsuki; blscfg", "five" },
						{ "insmod blscfg; insmod blsuki; blscfg", "four" },
						{ "blscfg", "four" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_grub_ struct grub g = { 0 };
		_cleanup_free_ char *script = NULL;

		boot_file(&g.files, ENTRIES "0a.conf", "linux /k\noptions four\n");
		boot_file(&g.files, ENTRIES "1a.conf", "linux /k\noptions five\n");
		assert_true(asprintf(&script, "default=0a\n%s\n", cases[i][0]) > 0);
		grub_read(&g, script);
		assert_string_equal(grub_default(&g)->options, cases[i][1]);
	}
}

/* GRUB for a BIOS has no such command. */
static void test_uki_on_a_bios(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	boot_file(&g.files, "/EFI/Linux/a.efi", "MZ");
	grub_read(&g, "uki\n");
	assert_int_equal(g.menu.count, 0);
	assert_int_equal(g.menu.note_count, 1);
	assert_non_null(strstr(g.menu.notes[0], "no such command: uki"));
}

/* A loop of blscfg reads no more than GRUB's other files together. */
static void test_blscfg_reads_not_for_ever(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };
	_cleanup_free_ char *comment = malloc(900 << 10);

	memset(comment, 'x', 900 << 10);
	memcpy(comment, "linux /k\n#", 10);
	boot_file_bytes(&g.files, ENTRIES "a.conf", comment, 900 << 10);
	grub_read(&g, "while true; do blscfg; done\n");
	assert_int_equal(g.r, -E2BIG);
	assert_non_null(strstr(g.err.text, "more than 8 MiB"));
}

/* ---- what never ends --------------------------------------------------------------------------- */

static void assert_too_much(const char *text, const char *words)
{
	_cleanup_grub_ struct grub g = { 0 };

	boot_file(&g.files, "/self.cfg", "source /self.cfg\n");
	boot_file(&g.files, "/config.cfg", "configfile /config.cfg\n");
	grub_read(&g, text);
	if (g.r != -E2BIG || !strstr(g.err.text, words) || !strstr(g.err.text, ".cfg:"))
		fail_msg("%.80s: %d, %s", text, g.r, g.err.text);
	assert_null(g.menu.v);
}

static void test_endless(void **state)
{
	assert_too_much("while true; do true; done\n", "does it ever end");
	assert_too_much("menuentry a {\n while true; do true; done\n}\n", CFG ":2");
	assert_too_much("function f { f; }\nf\n", "inside one another");
	assert_too_much("source /self.cfg\n", "include itself");
	assert_too_much("configfile /config.cfg\n", "include itself");
	assert_too_much("x='eval \"$x\"'; eval \"$x\"\n", "inside one another");
	assert_too_much("x=aaaaaaaa; while true; do x=$x$x; done\n", "bytes");
	assert_too_much("while true; do n=x$n; eval \"v$n=1\"; done\n", "");
	assert_too_much("while true; do menuentry a { true; }; done\n", "4096 entries");
	assert_too_much(
		"submenu a { submenu b { menuentry c { while true; do true; done; }; }\n }\n",
		"does it ever end");
}

/* Menus that make the next one: as deep as anybody likes, and each evaluated. */
static void test_deep_submenus(void **state)
{
	assert_too_much("function s { submenu x { s; }; }\ns\n", "submenus");
	assert_too_much("function s { submenu x { s; }; submenu y { s; }; }\ns\n", "");
}

static char *repeated(const char *piece, size_t times, const char *end)
{
	size_t n = strlen(piece);
	char *s = malloc(n * times + strlen(end) + 1), *to = s;

	assert_non_null(s);
	for (size_t i = 0; i < times; i++, to += n)
		memcpy(to, piece, n);
	strcpy(to, end);
	return s;
}

static void test_deep(void **state)
{
	_cleanup_free_ char *blocks = repeated("menuentry x { ", 5000, "\n");
	_cleanup_free_ char *ifs = repeated("if true; then ", 5000, "\n");
	_cleanup_free_ char *elifs = repeated("elif false; then true; ", 5000, "fi\n");
	_cleanup_free_ char *all = NULL;
	_cleanup_free_ char *parentheses = repeated("( ", 5000, "]\n");
	_cleanup_free_ char *test = NULL;

	assert_true(asprintf(&all, "if false; then true; %s", elifs) > 0);
	assert_true(asprintf(&test, "[ %s", parentheses) > 0);
	assert_too_much(blocks, "too deep");
	assert_too_much(ifs, "too deep");
	assert_too_much(all, "too deep");
	assert_too_much(test, "parentheses");
}

static void test_large(void **state)
{
	_cleanup_free_ char *word = repeated("x", 100000, "\n");
	_cleanup_free_ char *file = repeated("# a line of a comment\n", 200000, "\n");
	_cleanup_free_ char *words = repeated("a ", 1000000, "\n");
	_cleanup_grub_ struct grub g = { 0 };

	assert_too_much(word, "");
	assert_too_much(words, "");
	grub_read(&g, file);
	assert_int_equal(g.r, -E2BIG);
	assert_non_null(strstr(g.err.text, "4 MiB"));
}

/* libc's matcher takes a time that grows with the square of what it is given. */
static void test_regexp_is_counted(void **state)
{
	_cleanup_free_ char *subject = repeated("a", 4000, "");
	_cleanup_free_ char *turns = repeated(" i", 10, "");
	_cleanup_free_ char *text = NULL;

	assert_true(asprintf(&text, "for i in %s; do regexp '(.*)(.*)(.*)x' %s; done\n", turns,
			     subject) > 0);
	assert_too_much(text, "does it ever end");
}

static void test_no_file(void **state)
{
	const struct kx_boot_fs fs = boot_files_fs(&(struct boot_files){ .count = 0 });
	const struct kx_grub_config config = { .fs = &fs, .device = "hd0", .path = CFG };
	struct kx_boot_entries menu = { 0 };
	struct kx_error err = { "" };

	assert_int_equal(kx_grub_read(&config, &menu, &err), -ENOENT);
	assert_non_null(strstr(err.text, CFG));
}

/* NUL bytes, a file that ends anywhere, control characters in complaints. */
static void test_bytes(void **state)
{
	const char whole[] =
		"menuentry \"a $x ${y}\" --id 'q' { if [ -f /k ]; then linux /k \\\n b; fi; }\n";

	for (size_t n = 0; n < sizeof(whole); n++) {
		_cleanup_grub_ struct grub g = { 0 };

		grub_read_bytes(&g, whole, n);
		assert_int_equal(g.r, 0);
	}
	for (size_t n = 0; n < 2; n++) {
		const char bytes[] = "t \0 x\n\x1b[31m a\nmenuentry a { linux /k a; }\n";
		_cleanup_grub_ struct grub g = { 0 };

		grub_read_bytes(&g, bytes, sizeof(bytes) - 1 + n);
		assert_int_equal(g.r, 0);
		assert_int_equal(g.menu.count, 1);
		assert_true(g.menu.note_count > 1);
		for (size_t i = 0; i < g.menu.note_count; i++)
			assert_null(strchr(g.menu.notes[i], 0x1b));
	}
}

static void test_boot_without_a_menu(void **state)
{
	_cleanup_grub_ struct grub g = { 0 };

	grub_read(&g, "chainloader +1\nboot\n");
	assert_int_equal(grub_default(&g)->type, KX_BOOT_CHAINLOAD);
	assert_non_null(strstr(grub_default(&g)->problem, "another boot loader"));
	grub_clear(&g);
	g.files.count = 0;
	grub_read(&g, "linux /k a\ninitrd /i\nboot\nmenuentry x { linux /k b; }\n");
	assert_int_equal(g.menu.count, 1);
	assert_string_equal(grub_default(&g)->options, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_what_an_entry_holds),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_loaders),
		cmocka_unit_test(test_entries_leave_nothing_behind),
		cmocka_unit_test(test_entries_leave_no_state_behind),
		cmocka_unit_test(test_entries_may_add_entries),
		cmocka_unit_test(test_os_prober),
		cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_bad_entries_are_left_out),
		cmocka_unit_test(test_source_and_configfile),
		cmocka_unit_test(test_configfile_of_a_configfile),
		cmocka_unit_test(test_submenu_of_another_file),
		cmocka_unit_test(test_environment_block),
		cmocka_unit_test(test_effects_of_submenus),
		cmocka_unit_test(test_load_env_refuses),
		cmocka_unit_test(test_blscfg),
		cmocka_unit_test(test_blscfg_variables),
		cmocka_unit_test(test_blscfg_of_a_uki),
		cmocka_unit_test(test_blscfg_expands),
		cmocka_unit_test(test_blscfg_order),
		cmocka_unit_test(test_blscfg_lines),
		cmocka_unit_test(test_blscfg_without_a_kernel),
		cmocka_unit_test(test_blscfg_default),
		cmocka_unit_test(test_blscfg_chooses),
		cmocka_unit_test(test_blscfg_folders),
		cmocka_unit_test(test_blscfg_on_no_device),
		cmocka_unit_test(test_blscfg_inside),
		cmocka_unit_test(test_blsuki_options),
		cmocka_unit_test(test_blsuki_default),
		cmocka_unit_test(test_uki_on_a_bios),
		cmocka_unit_test(test_blscfg_reads_not_for_ever),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_deep_submenus),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_regexp_is_counted),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_boot_without_a_menu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
