// SPDX-License-Identifier: GPL-2.0-or-later
/* The smaller boot loaders' configuration, and kernels without any; malformed samples named by their defect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/overflow.h"
#include "boot/lines.h"
#include "boot/loaders.h"
#include "boot_files.h"
#include "util.h"

typedef int read_fn(const struct kx_boot_fs *fs, const char *device, const char *path,
		    struct kx_boot_entries *ret, struct kx_error *err);

/* The menu of one file. */
static void read_file(read_fn *read, const char *path, const char *text,
		      struct kx_boot_entries *ret)
{
	struct boot_files files = { 0 };
	const struct kx_boot_fs fs = boot_files_fs(&files);
	struct kx_error err = { 0 };

	boot_file(&files, path, text);
	assert_int_equal(read(&fs, "d", path, ret, &err), 0);
}

static size_t default_of(const struct kx_boot_entries *menu)
{
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < menu->count; i++) {
		if (!menu->v[i].is_default)
			continue;
		assert_int_equal(found, SIZE_MAX);
		found = i;
	}
	return found;
}

/* ---- paths ----------------------------------------------------------------------------------- */

static void test_paths(void **state)
{
	static const struct {
		const char *top, *folder, *path, *whole;
	} cases[] = {
		{ "", NULL, "/a/b", "/a/b" },
		{ "", NULL, "a//./b/", "/a/b" },
		{ "/boot", NULL, "/../../etc/x", "/boot/etc/x" },
		{ "/boot", "/extlinux", "../vmlinuz", "/boot/vmlinuz" },
		{ "/boot", "/extlinux", "/vmlinuz", "/boot/vmlinuz" },
		{ "/boot/", "/x", "", "/boot/x" },
		{ "", "/x", "", "/x" },
		{ "", NULL, "", "/" },
		{ "", NULL, "..", "/" },
		{ "", "/x", "\\EFI\\Linux\\a.efi", "/EFI/Linux/a.efi" },
		{ "", "/x", "a\\b/c", "/x/a\\b/c" },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *whole = NULL;

		assert_int_equal(kx_boot_path(cases[i].top, cases[i].folder, cases[i].path, &whole),
				 0);
		assert_string_equal(whole, cases[i].whole);
	}
}

/* ---- extlinux -------------------------------------------------------------------------------- */

static void test_extlinux(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };

	read_file(kx_extlinux_read, "/boot/extlinux/extlinux.conf",
		  "# comment\nDEFAULT two\nTIMEOUT 55\nAPPEND common\n"
		  "menu label not of an entry\n"
		  "LABEL one\n  MENU LABEL ^One\n  KERNEL ../vmlinuz\n  INITRD a.img,/b.img\n"
		  "label two\n\tlinux /k\n\tappend own initrd=/x,y\n\tfdt ../d.dtb\n"
		  "text help\nlabel not-one\nkernel no\nendtext\n"
		  "LABEL three\n  LINUX k\n  APPEND -\n  FDTDIR /dtbs\n",
		  &menu);
	assert_int_equal(menu.count, 3);
	assert_int_equal(default_of(&menu), 1);
	assert_int_equal(menu.timeout, 6);
	assert_string_equal(menu.v[0].id, "one");
	assert_string_equal(menu.v[0].title, "One");
	assert_string_equal(menu.v[0].kernel, "d:/boot/vmlinuz");
	assert_string_equal(menu.v[0].options, "common");
	assert_int_equal(menu.v[0].initrd_count, 2);
	assert_string_equal(menu.v[0].initrds[0], "d:/boot/extlinux/a.img");
	assert_string_equal(menu.v[0].initrds[1], "d:/b.img");
	assert_int_equal(menu.v[0].source_line, 6);
	assert_string_equal(menu.v[1].options, "own initrd=/x,y");
	assert_int_equal(menu.v[1].initrd_count, 2);
	assert_string_equal(menu.v[1].initrds[1], "d:/boot/extlinux/y");
	assert_string_equal(menu.v[1].devicetree, "d:/boot/d.dtb");
	assert_null(menu.v[2].options);
	assert_null(menu.v[2].devicetree);
	assert_null(menu.v[2].problem);
}

static void check_extlinux_default(const char *head, size_t wanted)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	_cleanup_free_ char *text = NULL;

	assert_true(asprintf(&text,
			     "%s\nlabel a\nlinux k\nlabel b\nlinux k\n%s\nlabel c\nlinux k\n", head,
			     strstr(head, "MARK") ? "menu default" : "") > 0);
	read_file(kx_extlinux_read, "/x.cfg", text, &menu);
	assert_int_equal(default_of(&menu), wanted);
}

static void test_extlinux_default(void **state)
{
	check_extlinux_default("", 0);
	check_extlinux_default("default C", 2);
	check_extlinux_default("default gone", 0);
	check_extlinux_default("default vesamenu.c32 MARK", 1);
	check_extlinux_default("ui menu.c32\ndefault c\nMARK", 1);
	check_extlinux_default("default c\nMARK", 2);
	check_extlinux_default("MARK", 1);
	check_extlinux_default("default gone\nMARK", 1);
	check_extlinux_default("ontimeout c\ndefault a", 2);
}

static void test_extlinux_includes(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct boot_files files = { 0 };
	const struct kx_boot_fs fs = boot_files_fs(&files);
	struct kx_error err = { 0 };

	boot_file(&files, "/s/syslinux.cfg",
		  "include a.cfg\nmenu include b.cfg tag\ninclude gone\n");
	boot_file(&files, "/s/a.cfg", "label a\nkernel k\n");
	boot_file(&files, "/s/b.cfg", "append of a\nlabel b\nkernel k\n");
	assert_int_equal(kx_extlinux_read(&fs, "d", "/s/syslinux.cfg", &menu, &err), 0);
	assert_int_equal(menu.count, 2);
	assert_string_equal(menu.v[0].options, "of a");
	assert_string_equal(menu.v[1].source_file, "d:/s/b.cfg");
	assert_int_equal(menu.v[1].source_line, 2);
}

static void test_extlinux_including_itself(void **state)
{
	struct kx_boot_entries menu = { 0 };
	struct boot_files files = { 0 };
	const struct kx_boot_fs fs = boot_files_fs(&files);
	struct kx_error err = { 0 };

	boot_file(&files, "/a.cfg", "label x\nkernel k\ninclude a.cfg\ninclude a.cfg\n");
	assert_int_equal(kx_extlinux_read(&fs, "d", "/a.cfg", &menu, &err), -E2BIG);
	assert_non_null(strstr(err.text, "include itself"));
	assert_int_equal(menu.count, 0);
}

/* Each file once, but more of them than anybody writes. */
static void test_extlinux_including_too_much(void **state)
{
	struct kx_boot_entries menu = { 0 };
	struct boot_files files = { 0 };
	const struct kx_boot_fs fs = boot_files_fs(&files);
	struct kx_error err = { 0 };
	char *big = malloc(KX_BOOT_TEXT_MAX + 1);
	_cleanup_free_ char *text = calloc(300, 16);

	for (unsigned i = 0; i < 300; i++)
		strcat(text, "include b.cfg\n");
	boot_file(&files, "/a.cfg", text);
	boot_file(&files, "/b.cfg", "#\n");
	assert_int_equal(kx_extlinux_read(&fs, "d", "/a.cfg", &menu, &err), -E2BIG);
	memset(big, '\n', KX_BOOT_TEXT_MAX);
	big[KX_BOOT_TEXT_MAX] = '\0';
	files.v[1].data = big;
	files.v[1].size = KX_BOOT_TEXT_MAX;
	assert_int_equal(kx_extlinux_read(&fs, "d", "/a.cfg", &menu, &err), -E2BIG);
	assert_non_null(strstr(err.text, "bytes"));
	free(big);
}

static void test_extlinux_cannot(void **state)
{
	static const struct {
		const char *lines, *problem;
	} cases[] = {
		{ "localboot 0x80", "firmware" },
		{ "menu label x", "nothing" },
		{ "kernel chain.c32", "SYSLINUX" },
		{ "com32 /linux", "SYSLINUX" },
		{ "boot /linux", "SYSLINUX" },
		{ "fdimage /dos.img", "SYSLINUX" },
		{ "config other.cfg", "another configuration" },
		{ "linux k\nfdtoverlays o", "overlays" },
		{ "kernel mboot.c32", "nothing to start" },
		{ "localboot 0\nkernel mboot.c32", "firmware" },
		{ "kernel image.itb#conf-1", "FIT" },
		{ "localboot 0\nkernel image.itb#conf-1#more", "firmware" },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(cases); i++) {
		_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
		char text[256];

		snprintf(text, sizeof(text), "label x\n%s\n", cases[i].lines);
		read_file(kx_extlinux_read, "/x.cfg", text, &menu);
		assert_int_equal(menu.count, 1);
		assert_non_null(menu.v[0].problem);
		assert_non_null(strstr(menu.v[0].problem, cases[i].problem));
	}
}

/* But for a file of that very name. */
static void test_extlinux_configuration_of_fit(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct boot_files files = { 0 };
	const struct kx_boot_fs fs = boot_files_fs(&files);
	struct kx_error err = { 0 };

	boot_file(&files, "/x.cfg", "label a\nkernel k#1\nlabel b\nkernel k#2\n");
	boot_file(&files, "/k#2", "kernel");
	assert_int_equal(kx_extlinux_read(&fs, "d", "/x.cfg", &menu, &err), 0);
	assert_string_equal(menu.v[0].kernel, "d:/k");
	assert_non_null(menu.v[0].problem);
	assert_string_equal(menu.v[1].kernel, "d:/k#2");
	assert_null(menu.v[1].problem);
}

static enum kx_boot_type type_of(const char *config, const char *line)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	char text[256];

	snprintf(text, sizeof(text), "label x\n%s\n", line);
	read_file(kx_extlinux_read, config, text, &menu);
	assert_int_equal(menu.count, 1);
	assert_true(!menu.v[0].problem == (menu.v[0].type == KX_BOOT_LINUX));
	return menu.v[0].type;
}

/* "make install" has vmlinuz-6.1.0, Debian memtest86+x64.bin; and a name says nothing behind LINUX. */
static void test_extlinux_kernels_names(void **state)
{
	static const char conf[] = "/extlinux/extlinux.conf", isolinux[] = "/isolinux/isolinux.cfg",
			  syslinux[] = "/syslinux/syslinux.cfg";

	assert_int_equal(type_of(conf, "kernel /vmlinuz-6.1.0"), KX_BOOT_LINUX);
	assert_int_equal(type_of(conf, "kernel /memtest86+x64.bin"), KX_BOOT_LINUX);
	assert_int_equal(type_of(conf, "kernel /kernel.img"), KX_BOOT_LINUX);
	assert_int_equal(type_of(conf, "kernel /x.bss"), KX_BOOT_LINUX);
	assert_int_equal(type_of(conf, "kernel /x.com"), KX_BOOT_CHAINLOAD);
	assert_int_equal(type_of(conf, "linux /vmlinuz.efi"), KX_BOOT_LINUX);
	assert_int_equal(type_of(conf, "linux /x.c32"), KX_BOOT_LINUX);
	assert_int_equal(type_of(isolinux, "kernel /x.img"), KX_BOOT_CHAINLOAD);
	assert_int_equal(type_of(isolinux, "kernel /x.bss"), KX_BOOT_LINUX);
	assert_int_equal(type_of(isolinux, "linux /x.img"), KX_BOOT_LINUX);
	assert_int_equal(type_of(syslinux, "kernel /x.bss"), KX_BOOT_CHAINLOAD);
	assert_int_equal(type_of(syslinux, "kernel /x.bin"), KX_BOOT_LINUX);
}

static void test_extlinux_without_a_timeout_or_tree(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };

	read_file(kx_extlinux_read, "/x.cfg", "label a\nlinux k\nfdt -\n", &menu);
	assert_int_equal(menu.timeout, -1);
	assert_null(menu.v[0].devicetree);
}

static void test_extlinux_multiboot(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };

	read_file(kx_extlinux_read, "/x.cfg",
		  "label xen\nkernel /s/mboot.c32\n"
		  "append xen.gz dom0_mem=1G --- vmlinuz root=/dev/sda1 ro --- initrd.img\n",
		  &menu);
	assert_int_equal(menu.v[0].type, KX_BOOT_MULTIBOOT);
	assert_string_equal(menu.v[0].kernel, "d:/xen.gz");
	assert_string_equal(menu.v[0].options, "dom0_mem=1G");
	assert_int_equal(menu.v[0].module_count, 2);
	assert_string_equal(menu.v[0].modules[0].path, "d:/vmlinuz");
	assert_string_equal(menu.v[0].modules[0].args, "root=/dev/sda1 ro");
	assert_string_equal(menu.v[0].modules[1].args, "");
}

/* ---- menu.lst -------------------------------------------------------------------------------- */

static void test_menulst(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };

	read_file(kx_menulst_read, "/boot/grub/menu.lst",
		  "default=1\ntimeout 7\nkernel not in an entry\n"
		  "title A\nroot (hd0,4)\nkernel --type=linux /k ro  quiet\ninitrd /i\n"
		  "title B b\nkernel (hd1,0)/x.gz a\nmodule /m1 b c\nmodulenounzip (hd0,1)/m2\n"
		  "title C\nrootnoverify (hd0,0)\nchainloader +1\n"
		  "title D\nroot (nd)\nkernel /k\n"
		  "title E\nuuid 1234\nkernel /k\n"
		  "title F\nuuid none\nkernel /k\n"
		  "title G\nconfigfile /x\n",
		  &menu);
	assert_int_equal(menu.count, 7);
	assert_int_equal(default_of(&menu), 1);
	assert_int_equal(menu.timeout, 7);
	assert_string_equal(menu.v[0].kernel, "hd0,5:/k");
	assert_string_equal(menu.v[0].options, "ro  quiet");
	assert_string_equal(menu.v[0].initrds[0], "hd0,5:/i");
	assert_int_equal(menu.v[0].source_line, 4);
	assert_string_equal(menu.v[1].id, "1");
	assert_string_equal(menu.v[1].title, "B b");
	assert_int_equal(menu.v[1].type, KX_BOOT_MULTIBOOT);
	assert_string_equal(menu.v[1].kernel, "hd1,1:/x.gz");
	assert_string_equal(menu.v[1].modules[0].path, "d:/m1");
	assert_string_equal(menu.v[1].modules[0].args, "b c");
	assert_string_equal(menu.v[1].modules[1].path, "hd0,2:/m2");
	assert_int_equal(menu.v[2].type, KX_BOOT_CHAINLOAD);
	assert_non_null(strstr(menu.v[2].problem, "another boot loader"));
	assert_string_equal(menu.v[3].kernel, "nd:/k");
	assert_string_equal(menu.v[4].kernel, "1234:/k");
	assert_non_null(strstr(menu.v[5].problem, "none of this machine's"));
	assert_non_null(strstr(menu.v[6].problem, "another configuration"));
}

static void test_menulst_devices_that_are_not_here(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };

	read_file(kx_menulst_read, "/m", "title A\nkernel (no)/k\ninitrd (no,0)/i\nmodule (no)/m\n",
		  &menu);
	assert_null(menu.v[0].kernel);
	assert_int_equal(menu.v[0].initrd_count, 0);
	assert_int_equal(menu.v[0].module_count, 0);
	assert_string_equal(menu.v[0].problem, "no is none of this machine's file systems");
}

static void check_saved(const char *saved, size_t wanted)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct boot_files files = { 0 };
	const struct kx_boot_fs fs = boot_files_fs(&files);
	struct kx_error err = { 0 };

	boot_file(&files, "/grub/menu.lst",
		  "default saved\ntitle A\nkernel /a\ntitle B\nkernel /b\nsavedefault\n");
	if (saved)
		boot_file(&files, "/grub/default", saved);
	assert_int_equal(kx_menulst_read(&fs, "d", "/grub/menu.lst", &menu, &err), 0);
	assert_int_equal(default_of(&menu), wanted);
}

static void test_menulst_saved(void **state)
{
	check_saved(NULL, 0);
	check_saved("1\n\n\n", 1);
	check_saved("0\n", 0);
	check_saved("7\n", 0);
	check_saved("x\n", 0);
	check_saved("", 0);
}

/* ---- config.txt ------------------------------------------------------------------------------ */

static const struct kx_boot_entry *read_pi(struct boot_files *files, const char *model,
					   struct kx_boot_entries *ret)
{
	const struct kx_boot_fs fs = boot_files_fs(files);
	struct kx_error err = { 0 };

	assert_int_equal(kx_config_txt_read(&fs, "d", "/fw/config.txt", model, ret, &err), 0);
	assert_int_equal(ret->count, 1);
	assert_true(ret->v[0].is_default);
	return &ret->v[0];
}

static void test_config_txt(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct boot_files files = { 0 };
	const struct kx_boot_entry *entry;

	boot_file(
		&files, "/fw/config.txt",
		"# x\n kernel = k.img \ncmdline=c.txt\nos_prefix=os/\ninitramfs a,b followkernel\n"
		"[none]\nkernel=no\n[all]\ndtoverlay=x\n");
	boot_file(&files, "/fw/os/c.txt", "root=/dev/x ro\nsecond line\n");
	entry = read_pi(&files, NULL, &menu);
	assert_string_equal(entry->kernel, "d:/fw/os/k.img");
	assert_string_equal(entry->options, "root=/dev/x ro");
	assert_int_equal(entry->initrd_count, 2);
	assert_string_equal(entry->initrds[1], "d:/fw/os/b");
	assert_null(entry->devicetree);
	assert_int_equal(menu.note_count, 0);
}

static void check_pi_kernel(const char *text, const char *model, const char *kernel, unsigned notes)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct boot_files files = { 0 };

	boot_file(&files, "/fw/config.txt", text);
	boot_file(&files, "/fw/kernel8.img", "");
	boot_file(&files, "/fw/kernel_2712.img", "");
	boot_file(&files, "/fw/initramfs8", "");
	assert_string_equal(read_pi(&files, model, &menu)->kernel + 5, kernel);
	assert_int_equal(menu.note_count, notes);
	assert_int_equal(menu.v[0].initrd_count,
			 strstr(text, "auto_initramfs=1") && !strcmp(kernel, "/kernel8.img"));
}

static void test_config_txt_kernels(void **state)
{
	check_pi_kernel("auto_initramfs=1\n", NULL, "/kernel8.img", 0);
	check_pi_kernel("", "Raspberry Pi 4 Model B Rev 1.4", "/kernel8.img", 0);
	check_pi_kernel("auto_initramfs=1\n", "Raspberry Pi 5 Model B Rev 1.0", "/kernel_2712.img",
			0);
	check_pi_kernel("", "Raspberry Pi Compute Module 5 Rev 1.0", "/kernel_2712.img", 0);
	check_pi_kernel("arm_64bit=0\n", NULL, "/kernel7.img", 0);
	check_pi_kernel("[pi4]\nkernel=four\n[pi5]\nkernel=five\n[all]\n", "Raspberry Pi 4 B",
			"/four", 0);
	check_pi_kernel("[pi4]\nkernel=four\n", NULL, "/kernel8.img", 1);
	check_pi_kernel("[pi4]\nkernel=four\n[cm4]\nkernel=cm\n[pi5]\nkernel=five\n",
			"Raspberry Pi Compute Module 4 Rev 1.0", "/cm", 0);
	check_pi_kernel("[pi3]\nkernel=three\n", "Raspberry Pi Compute Module 3 Plus Rev 1.0",
			"/three", 0);
	/* Filters of two kinds must both hold, those of one replace each other. */
	check_pi_kernel("[EDID=X]\n[pi4]\nkernel=x\n", "Raspberry Pi 4 B", "/kernel8.img", 1);
	check_pi_kernel("[EDID=X]\n[pi5]\nkernel=x\n", "Raspberry Pi 4 B", "/kernel8.img", 0);
	check_pi_kernel("[EDID=X]\n[all]\n[pi4]\nkernel=x\n", "Raspberry Pi 4 B", "/x", 0);
	check_pi_kernel("[gpio4=1]\nkernel=x\n", "Raspberry Pi 4 B", "/kernel8.img", 1);
}

static void test_config_txt_includes(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct boot_files files = { 0 };
	const struct kx_boot_fs fs = boot_files_fs(&files);
	struct kx_error err = { 0 };

	boot_file(&files, "/fw/config.txt",
		  "include gone.txt\ninclude a.txt\n[none]\ninclude b.txt\n");
	boot_file(&files, "/fw/a.txt", "[pi4]\nkernel=a.img\n[all]\n");
	boot_file(&files, "/fw/b.txt", "kernel=b.img\n");
	assert_string_equal(read_pi(&files, "Raspberry Pi 4", &menu)->kernel, "d:/fw/a.img");
	files.v[1].data = "include a.txt\n";
	files.v[1].size = 14;
	assert_int_equal(kx_config_txt_read(&fs, "d", "/fw/config.txt", NULL,
					    &(struct kx_boot_entries){ 0 }, &err),
			 -E2BIG);
	assert_non_null(strstr(err.text, "include itself"));
}

/* ---- kernels --------------------------------------------------------------------------------- */

static void read_kernels(const char *const *names, size_t count, const char *options,
			 struct kx_boot_entries *ret)
{
	struct boot_files files = { 0 };
	const struct kx_boot_fs fs = boot_files_fs(&files);
	struct kx_error err = { 0 };

	for (size_t i = 0; i < count; i++)
		boot_file(&files, names[i], "");
	assert_int_equal(kx_kernels_read(&fs, "d", "/boot", options, ret, &err), 0);
}

static void test_kernels(void **state)
{
	static const char *const names[] = {
		"/boot/vmlinuz-6.1.0-9",
		"/boot/vmlinuz-6.1.0-10",
		"/boot/initrd.img-6.1.0-9",
		"/boot/initramfs-6.1.0-9.img",
		"/boot/vmlinuz-linux",
		"/boot/initramfs-linux.img",
		"/boot/vmlinuz-0-rescue-abc",
		"/boot/initramfs-0-rescue-abc.img",
		"/boot/vmlinuz",
		"/boot/vmlinuz-6.1.0-10.old",
		"/boot/Image-5.10",
		"/boot/initrd-5.10",
		"/boot/System.map-6.1.0-9",
		"/boot/vmlinuz.old",
		"/boot/config-6.1.0-9",
		"/boot/vmlinuzx",
	};
	static const char *const order[] = { "6.1.0-10", "6.1.0-9",      "5.10",
					     "linux",    "0-rescue-abc", NULL };
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };

	read_kernels(names, KX_ARRAY_SIZE(names), "ro", &menu);
	assert_int_equal(menu.count, KX_ARRAY_SIZE(order));
	for (size_t i = 0; i < menu.count; i++)
		if (order[i])
			assert_string_equal(menu.v[i].version, order[i]);
		else
			assert_null(menu.v[i].version);
	assert_int_equal(default_of(&menu), 0);
	assert_int_equal(menu.v[0].initrd_count, 0);
	assert_int_equal(menu.v[1].initrd_count, 1);
	assert_string_equal(menu.v[1].initrds[0], "d:/boot/initrd.img-6.1.0-9");
	assert_string_equal(menu.v[2].initrds[0], "d:/boot/initrd-5.10");
	assert_string_equal(menu.v[3].initrds[0], "d:/boot/initramfs-linux.img");
	assert_string_equal(menu.v[1].options, "ro");
	assert_null(menu.v[1].problem);
}

static void test_kernels_without_a_command_line(void **state)
{
	static const char *const names[] = { "/boot/vmlinuz-6.1" };
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };

	read_kernels(names, 1, NULL, &menu);
	assert_non_null(strstr(menu.v[0].problem, "/etc/kernel/cmdline"));
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void test_files_that_are_none(void **state)
{
	static read_fn *const readers[] = { kx_extlinux_read, kx_menulst_read };
	static const char zero[] = "label a\nlinux k\0k\ntitle a\0b\n";

	for (size_t i = 0; i < KX_ARRAY_SIZE(readers); i++) {
		struct kx_boot_entries menu = { 0 };
		struct boot_files files = { 0 };
		const struct kx_boot_fs fs = boot_files_fs(&files);
		struct kx_error err = { 0 };

		assert_int_equal(readers[i](&fs, "d", "/gone", &menu, &err), -ENOENT);
		assert_non_null(strstr(err.text, "/gone"));
		boot_file_bytes(&files, "/zero", zero, sizeof(zero) - 1);
		err.text[0] = '\0';
		assert_int_equal(readers[i](&fs, "d", "/zero", &menu, &err), -EBADMSG);
		assert_non_null(strstr(err.text, "zero byte"));
		boot_file(&files, "/empty", "");
		assert_int_equal(readers[i](&fs, "d", "/empty", &menu, &err), 0);
		assert_int_equal(menu.count, 0);
	}
}

static void test_more_entries_than_any_menu(void **state)
{
	struct kx_boot_entries menu = { 0 };
	struct boot_files files = { 0 };
	const struct kx_boot_fs fs = boot_files_fs(&files);
	struct kx_error err = { 0 };
	_cleanup_free_ char *text = malloc(KX_BOOT_ENTRIES_MAX * 10 + 20);
	char *p = text;

	for (unsigned i = 0; i <= KX_BOOT_ENTRIES_MAX; i++)
		p = stpcpy(p, i % 2 ? "label b\n" : "label a\n");
	boot_file(&files, "/many", text);
	assert_int_equal(kx_extlinux_read(&fs, "d", "/many", &menu, &err), -E2BIG);
	p = text;
	for (unsigned i = 0; i <= KX_BOOT_ENTRIES_MAX; i++)
		p = stpcpy(p, "title a\n");
	files.v[0].size = strlen(text);
	assert_int_equal(kx_menulst_read(&fs, "d", "/many", &menu, &err), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_extlinux),
		cmocka_unit_test(test_extlinux_default),
		cmocka_unit_test(test_extlinux_includes),
		cmocka_unit_test(test_extlinux_including_itself),
		cmocka_unit_test(test_extlinux_including_too_much),
		cmocka_unit_test(test_extlinux_cannot),
		cmocka_unit_test(test_extlinux_configuration_of_fit),
		cmocka_unit_test(test_extlinux_kernels_names),
		cmocka_unit_test(test_extlinux_without_a_timeout_or_tree),
		cmocka_unit_test(test_extlinux_multiboot),
		cmocka_unit_test(test_menulst),
		cmocka_unit_test(test_menulst_devices_that_are_not_here),
		cmocka_unit_test(test_menulst_saved),
		cmocka_unit_test(test_config_txt),
		cmocka_unit_test(test_config_txt_kernels),
		cmocka_unit_test(test_config_txt_includes),
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_kernels_without_a_command_line),
		cmocka_unit_test(test_files_that_are_none),
		cmocka_unit_test(test_more_entries_than_any_menu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
