// SPDX-License-Identifier: GPL-2.0-or-later
/* File systems of a tree, and which boot loader's menu counts in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/overflow.h"
#include "boot/discover.h"
#include "boot/probe.h"
#include "machine_tree.h"
#include "util.h"

/* ---- tables ---------------------------------------------------------------------------------- */

static bool has(const struct kx_volumes *volumes, const char *top)
{
	for (size_t i = 0; i < volumes->count; i++)
		if (!strcmp(volumes->v[i].top, top))
			return true;
	return false;
}

static const struct kx_volume *at(const struct kx_volumes *volumes, const char *top)
{
	size_t i = 0;

	while (i < volumes->count && strcmp(volumes->v[i].top, top) != 0)
		i++;
	if (i == volumes->count)
		fail_msg("nothing at %s", top);
	return &volumes->v[i];
}

static void test_mountinfo(void **state)
{
	_cleanup_(kx_volumes_close) struct kx_volumes volumes = KX_VOLUMES_NONE;

	assert_int_equal(
		kx_mountinfo_parse(
			kx_text_of("22 1 0:5 / /proc rw - proc proc rw\n"
				   "23 1 0:33 /@ / rw,relatime shared:1 - btrfs /dev/sda2 rw\n"
				   "24 23 0:33 /@home /home rw - btrfs /dev/sda2 rw\n"
				   "25 23 8:1 / /boot/efi rw master:3 propagate_from:2 - vfat "
				   "/dev/sda1 rw\n"
				   "26 23 8:1 /sub /mnt/bind rw - vfat /dev/sda1 rw\n"
				   "27 23 8:3 / /with\\040blank\\134 rw - ext4 /dev/sda3 rw\n"
				   "28 23 7:1 / /snap/x ro - squashfs /dev/loop1 ro\n"
				   "29 23 8:4 / /boot rw - ext4 /dev/old rw\n"
				   "30 23 8:5 / /boot rw - ext4 /dev/new rw\n"),
			&volumes),
		0);
	assert_int_equal(volumes.count, 5);
	assert_string_equal(volumes.v[volumes.count - 1].top, "");
	assert_string_equal(at(&volumes, "")->subroot, "/@");
	assert_string_equal(at(&volumes, "/boot/efi")->device, "/dev/sda1");
	assert_string_equal(at(&volumes, "/boot/efi")->type, "vfat");
	assert_string_equal(at(&volumes, "/boot")->device, "/dev/new");
	assert_true(has(&volumes, "/with blank\\"));
	assert_false(has(&volumes, "/mnt/bind"));
	assert_true(at(&volumes, "")->boots);
	assert_true(at(&volumes, "/boot/efi")->boots);
	assert_false(at(&volumes, "/home")->boots);
	for (size_t i = 0; i < volumes.count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "volume%zu", i);
		assert_string_equal(volumes.v[i].name, name);
	}
}

/* Ubuntu's GRUB writes "/@/boot/…", openSUSE's the path in the default subvolume. */
static void test_subvolumes(void **state)
{
	_cleanup_(kx_volumes_close) struct kx_volumes volumes = KX_VOLUMES_NONE;
	struct kx_boot_fs fs = kx_volumes_fs(&volumes);
	static const char *const paths[][2] = {
		{ "/@/boot/k", "/boot/k" },
		{ "/boot/k", "/boot/k" },
		{ "/@home/k", "/home/k" },
		{ "/@homeless/k", "/@homeless/k" },
	};

	volumes.live = true;
	assert_int_equal(
		kx_mountinfo_parse(kx_text_of("1 1 0:3 /@ / rw - btrfs /dev/sda2 rw\n"
					      "2 1 0:3 /@home /home rw - btrfs /dev/sda2 rw\n"),
				   &volumes),
		0);
	volumes.v[0].number = 2;
	for (size_t i = 0; i < KX_ARRAY_SIZE(paths); i++) {
		_cleanup_free_ char *path = NULL;

		assert_int_equal(fs.locate(fs.ctx, "hd0,gpt2", paths[i][0], &path), 0);
		assert_string_equal(path, paths[i][1]);
	}
	assert_int_equal(fs.locate(fs.ctx, "hd0,gpt3", "/k", &(char *){ NULL }), -ENODEV);
	assert_int_equal(fs.locate(fs.ctx, "hd1,gpt2", "/k", &(char *){ NULL }), -ENODEV);
}

/* Whoever mounts what he boots from a second time still boots from it. */
static void test_bind_mounts_hide_nothing(void **state)
{
	_cleanup_(kx_volumes_close) struct kx_volumes volumes = KX_VOLUMES_NONE;
	struct kx_boot_fs fs = kx_volumes_fs(&volumes);
	static const char *const paths[][2] = {
		{ "/@boot/k", "/boot/k" },
		{ "/@/boot/k", "/boot/k" },
		{ "/@/efi/x/k", "/boot/firmware/k" },
		{ "/k", "/k" },
	};

	volumes.live = true;
	assert_int_equal(
		kx_mountinfo_parse(
			kx_text_of("1 1 0:3 /@ / rw - btrfs /dev/sda2 rw\n"
				   "2 1 0:3 /@boot /boot rw - btrfs /dev/sda2 rw\n"
				   "3 1 0:3 / /mnt/top rw - btrfs /dev/sda2 rw\n"
				   "4 1 8:1 / /boot/efi rw - vfat /dev/sda1 rw\n"
				   "5 1 8:1 / /mnt rw - vfat /dev/sda1 rw\n"
				   "6 1 8:1 / /efi rw - vfat /dev/sda1 rw\n"
				   "7 1 0:3 /@/efi/x /boot/firmware rw - btrfs /dev/sda2 rw\n"),
			&volumes),
		0);
	assert_true(at(&volumes, "/boot")->boots);
	assert_true(at(&volumes, "/efi")->boots);
	assert_false(has(&volumes, "/boot/efi"));
	assert_false(has(&volumes, "/mnt"));
	for (size_t i = 0; i < KX_ARRAY_SIZE(paths); i++) {
		_cleanup_free_ char *path = NULL;

		assert_int_equal(fs.locate(fs.ctx, at(&volumes, "")->name, paths[i][0], &path), 0);
		assert_string_equal(path, paths[i][1]);
	}
}

/* Nobody can use a path that is gone when it is read. */
static void test_private_mounts_are_shown_by_device(void **state)
{
	static char scratch[] = "/run/kexec-x";
	static const char *const paths[][2] = {
		{ "/run/kexec-x/10/vmlinuz", "(/dev/sda10)/vmlinuz" },
		{ "/run/kexec-x/1/vmlinuz", "(/dev/sda1)/vmlinuz" },
		{ "/boot/vmlinuz", "/boot/vmlinuz" },
	};
	_cleanup_(kx_volumes_close) struct kx_volumes volumes = KX_VOLUMES_NONE;

	assert_int_equal(
		kx_mountinfo_parse(kx_text_of("1 1 8:1 / /run/kexec-x/1 rw - ext4 /dev/sda1 rw\n"
					      "1 1 8:2 / /run/kexec-x/10 rw - ext4 /dev/sda10 rw\n"
					      "2 1 8:3 / /boot rw - ext4 /dev/sda3 rw\n"),
				   &volumes),
		0);
	volumes.scratch = scratch;
	for (size_t i = 0; i < KX_ARRAY_SIZE(paths); i++) {
		_cleanup_free_ char *shown = NULL;

		assert_int_equal(kx_volumes_shown(&volumes, paths[i][0], &shown), 0);
		assert_string_equal(shown, paths[i][1]);
	}
	volumes.scratch = NULL;
}

static void test_malformed_mountinfo(void **state)
{
	static const char *const lines[] = {
		"",
		"22\n",
		"22 1 0:5 / /proc\n",
		"22 1 0:5 / /proc rw shared:1\n",
		"22 1 0:5 / /proc rw - proc\n",
	};

	for (size_t i = 1; i < KX_ARRAY_SIZE(lines); i++) {
		_cleanup_(kx_volumes_close) struct kx_volumes volumes = KX_VOLUMES_NONE;

		assert_int_equal(kx_mountinfo_parse(kx_text_of(lines[i]), &volumes), -EBADMSG);
	}
}

/* Containers mount by the thousand. */
static void test_very_many_mounts(void **state)
{
	_cleanup_(kx_volumes_close) struct kx_volumes volumes = KX_VOLUMES_NONE;
	char *text = malloc(64 * 2000), *p = text;

	p += sprintf(p, "1 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
	for (unsigned i = 0; i < 1000; i++)
		p += sprintf(p, "1 1 8:2 / /a%u rw - ext4 /dev/sd%u rw\n", i, i);
	assert_int_equal(kx_mountinfo_parse(kx_text_of(text), &volumes), 0);
	assert_int_equal(volumes.count, KX_VOLUMES_MAX);
	assert_true(has(&volumes, ""));
	free(text);
}

static void test_fstab(void **state)
{
	_cleanup_(kx_volumes_close) struct kx_volumes volumes = KX_VOLUMES_NONE;

	assert_int_equal(kx_fstab_parse(kx_text_of("# <file system> <mount point>\n"
						   "UUID=1234-abcd / ext4 defaults 0 1\n"
						   "LABEL=my\\040boot\t/boot ext4 defaults 0 2\n"
						   "PARTUUID=aa /efi vfat defaults\n"
						   "/dev/sda4 /boot/efi\n"
						   "UUID=x /home ext4 defaults\n"
						   "UUID=y none swap sw 0 0\n"
						   "UUID=z\n"),
					&volumes),
			 0);
	assert_int_equal(volumes.count, 4);
	assert_string_equal(at(&volumes, "")->uuid, "1234-abcd");
	assert_string_equal(at(&volumes, "/boot")->label, "my boot");
	assert_string_equal(at(&volumes, "/efi")->part_uuid, "aa");
	assert_string_equal(at(&volumes, "/boot/efi")->device, "/dev/sda4");
	assert_null(at(&volumes, "")->subroot);
}

static void test_mounts_write_nothing(void **state)
{
	assert_string_equal(kx_probe_mount_options("ext4"), "noload");
	assert_string_equal(kx_probe_mount_options("xfs"), "norecovery");
	assert_string_equal(kx_probe_mount_options("btrfs"), "norecovery");
	assert_string_equal(kx_probe_mount_options("vfat"), "");
	assert_null(kx_probe_mount_options("reiserfs"));
	assert_null(kx_probe_mount_options(""));
}

/* ---- a tree ---------------------------------------------------------------------------------- */

struct tree {
	char *dir;
	struct kx_volumes volumes;
	struct kx_boot_fs fs;
};

static int set_up(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	tree->dir = tree_new();
	tree->volumes = (struct kx_volumes)KX_VOLUMES_NONE;
	*state = tree;
	return 0;
}

static int tear_down(void **state)
{
	struct tree *tree = *state;

	kx_volumes_close(&tree->volumes);
	tree_freep(&tree->dir);
	free(tree);
	return 0;
}

static void open_tree(struct tree *tree)
{
	struct kx_error err = { 0 };

	kx_volumes_close(&tree->volumes);
	assert_int_equal(kx_volumes_open(tree->dir, &tree->volumes, &err), 0);
	tree->fs = kx_volumes_fs(&tree->volumes);
}

static void check_locate(struct tree *tree, const char *device, const char *path, const char *where)
{
	_cleanup_free_ char *found = NULL;

	assert_int_equal(tree->fs.locate(tree->fs.ctx, device, path, &found), 0);
	assert_string_equal(found, where);
}

static char *search(struct tree *tree, enum kx_boot_search by, const char *value)
{
	char *device = NULL;

	assert_int_equal(tree->fs.search(tree->fs.ctx, by, value, &device), 0);
	return device;
}

static void test_where_files_are(void **state)
{
	struct tree *tree = *state;
	_cleanup_free_ char *boot = NULL, *file = NULL, *other = NULL, *gone = NULL;

	tree_write(tree->dir, "/etc/fstab",
		   "UUID=r / ext4\nUUID=B /boot ext4\n/dev/x /boot/efi vfat\n");
	tree_write(tree->dir, "/boot/vmlinuz", "");
	tree_write(tree->dir, "/boot/efi/EFI/x.efi", "");
	tree_write(tree->dir, "/vmlinuz", "");
	open_tree(tree);
	boot = search(tree, KX_BOOT_BY_UUID, "b");
	check_locate(tree, boot, "/vmlinuz", "/boot/vmlinuz");
	/* Not where fstab has it, but there. */
	check_locate(tree, boot, "/EFI/x.efi", "/boot/efi/EFI/x.efi");
	check_locate(tree, boot, "/../../gone", "/boot/gone");
	check_locate(tree, "hd0,gpt9", "/boot/vmlinuz", "/boot/vmlinuz");
	other = search(tree, KX_BOOT_BY_UUID, "of another system");
	check_locate(tree, other, "/EFI/x.efi", "/boot/efi/EFI/x.efi");
	/* Nothing else answers, so it is the tree, from its root on; not so above. */
	check_locate(tree, other, "/vmlinuz", "/vmlinuz");
	file = search(tree, KX_BOOT_BY_FILE, "/EFI/x.efi");
	check_locate(tree, file, "/gone", "/boot/efi/gone");
	assert_int_equal(tree->fs.search(tree->fs.ctx, KX_BOOT_BY_FILE, "/gone", &gone), -ENODEV);
	assert_int_equal(tree->fs.search(tree->fs.ctx, KX_BOOT_BY_FILE, "/EFI", &gone), -ENODEV);
}

/* Ubuntu's installer on a btrfs: the paths of its grub.cfg begin with "/@". */
static void test_subvolumes_of_a_tree(void **state)
{
	struct tree *tree = *state;
	_cleanup_free_ char *device = NULL;

	tree_write(tree->dir, "/etc/fstab",
		   "UUID=B / btrfs defaults,subvol=@ 0 1\n"
		   "UUID=B /boot btrfs subvol=/@boot\n"
		   "UUID=E /efi vfat umask=0077\n");
	tree_write(tree->dir, "/boot/vmlinuz", "");
	tree_write(tree->dir, "/vmlinuz", "");
	open_tree(tree);
	device = search(tree, KX_BOOT_BY_UUID, "b");
	check_locate(tree, device, "/@/vmlinuz", "/vmlinuz");
	check_locate(tree, device, "/@boot/vmlinuz", "/boot/vmlinuz");
	check_locate(tree, device, "/@/boot/vmlinuz", "/boot/vmlinuz");
}

/* Who may not read the disk has udev's links, in which not every character is itself. */
static void test_labels_from_links(void **state)
{
	struct tree *tree = *state;

	tree_link(tree->dir, "/dev/disk/by-label/My\\x20Disk\\x2", "../../kx-no-such-disk1");
	tree_link(tree->dir, "/dev/disk/by-uuid/12-34", "../../kx-no-such-disk1");
	tree_link(tree->dir, "/dev/disk/by-uuid/56-78", "../../kx-no-such-disk2");
	tree_write(tree->dir, "/etc/fstab", "/dev/kx-no-such-disk1 / ext4\n");
	open_tree(tree);
	assert_int_equal(kx_probe_volumes(&tree->volumes), 0);
	assert_string_equal(at(&tree->volumes, "")->label, "My Disk\\x2");
	assert_string_equal(at(&tree->volumes, "")->uuid, "12-34");
}

static void probe_mounts(struct tree *tree, const char *mountinfo)
{
	struct kx_error err = { 0 };

	kx_volumes_close(&tree->volumes);
	assert_int_equal(kx_root_open(tree->dir, &tree->volumes.root, &err), 0);
	assert_int_equal(kx_mountinfo_parse(kx_text_of(mountinfo), &tree->volumes), 0);
	assert_int_equal(kx_probe_volumes(&tree->volumes), 0);
}

/* Of a system that was started without an initrd. */
static void test_root_that_the_kernel_mounted(void **state)
{
	struct tree *tree = *state;

	tree_link(tree->dir, "/sys/dev/block/8:2",
		  "../../devices/block/kx-no-such-disk/kx-no-such-disk2");
	tree_link(tree->dir, "/dev/disk/by-uuid/12-34", "../../kx-no-such-disk2");
	probe_mounts(tree, "1 0 8:2 / / rw - ext4 /dev/root rw\n"
			   "3 1 8:2 / /efi rw - vfat /dev/kx-no-such-disk3 rw\n");
	assert_string_equal(at(&tree->volumes, "")->device, "/dev/kx-no-such-disk2");
	assert_string_equal(at(&tree->volumes, "")->uuid, "12-34");
	assert_string_equal(at(&tree->volumes, "/efi")->device, "/dev/kx-no-such-disk3");
	/* Of a btrfs these are nobody's. */
	probe_mounts(tree, "1 0 0:31 / / rw - btrfs /dev/root rw\n");
	assert_string_equal(at(&tree->volumes, "")->device, "/dev/root");
}

/* A link of the tree's leads nowhere out of it. */
static void test_tree_is_not_left(void **state)
{
	struct tree *tree = *state;
	_cleanup_free_ char *text = NULL, *device = NULL;
	size_t size;

	tree_link(tree->dir, "/boot/link", "/etc/target");
	tree_link(tree->dir, "/boot/up", "../../../../../../etc/target");
	tree_write(tree->dir, "/etc/target", "inside");
	open_tree(tree);
	device = strdup(tree->volumes.v[0].name);
	assert_int_equal(tree->fs.read(tree->fs.ctx, device, "/link", 100, &text, &size), 0);
	assert_memory_equal(text, "inside", 6);
	free(text);
	text = NULL;
	assert_int_equal(tree->fs.read(tree->fs.ctx, device, "/up", 100, &text, &size), 0);
	assert_memory_equal(text, "inside", 6);
}

/* ---- which loader counts --------------------------------------------------------------------- */

static void check_kind_of(struct tree *tree, const struct kx_boot_system *system, const char *kind)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct kx_error err = { 0 };

	open_tree(tree);
	assert_int_equal(kx_boot_discover(&tree->volumes, &tree->fs, system, &menu, &err), 0);
	if (kind) {
		assert_true(menu.count > 0);
		assert_string_equal(menu.v[0].source_kind, kind);
	} else {
		assert_int_equal(menu.count, 0);
	}
}

static void check_kind(struct tree *tree, const struct kx_loader_vars *vars, const char *kind)
{
	struct kx_boot_system system = { 0 };

	if (vars)
		system.vars = *vars;
	check_kind_of(tree, &system, kind);
}

static void test_which_loader_counts(void **state)
{
	static char grub[] = "GRUB 2.12", systemd[] = "systemd-boot 257";
	struct tree *tree = *state;

	check_kind(tree, NULL, NULL);
	tree_write(tree->dir, "/boot/vmlinuz-1", "");
	check_kind(tree, NULL, "files");
	tree_write(tree->dir, "/boot/firmware/config.txt", "");
	check_kind(tree, NULL, "config.txt");
	tree_write(tree->dir, "/efi/loader/entries/a.conf", "linux /l\n");
	check_kind(tree, NULL, "bls1");
	tree_write(tree->dir, "/boot/grub/menu.lst", "title a\n");
	check_kind(tree, NULL, "menu.lst");
	tree_write(tree->dir, "/boot/extlinux/extlinux.conf", "label a\n");
	check_kind(tree, NULL, "extlinux");
	tree_write(tree->dir, "/boot/grub/grub.cfg", "# no entries\n");
	check_kind(tree, NULL, "extlinux");
	tree_write(tree->dir, "/boot/grub/grub.cfg", "menuentry a { linux /vmlinuz }\n");
	check_kind(tree, NULL, "grub");
	check_kind(tree, &(struct kx_loader_vars){ .info = systemd }, "bls1");
	/* Without GRUB's file it would be systemd-boot's; with it, it is of times past. */
	tree_write(tree->dir, "/efi/loader/loader.conf", "");
	check_kind(tree, NULL, "grub");
	tree_write(tree->dir, "/boot/grub/grub.cfg", "# no entries\n");
	check_kind(tree, NULL, "bls1");
	check_kind_of(tree, &(struct kx_boot_system){ .efi = KX_NO }, "extlinux");
	tree_write(tree->dir, "/boot/grub/grub.cfg", "menuentry a { linux /vmlinuz }\n");
	tree_write(tree->dir, "/efi/EFI/systemd/systemd-bootx64.efi", "");
	check_kind(tree, NULL, "bls1");
	check_kind_of(tree, &(struct kx_boot_system){ .efi = KX_NO }, "grub");
	check_kind(tree, &(struct kx_loader_vars){ .info = grub }, "grub");
}

static void check_grub_cpu(struct tree *tree, const char *arch, enum kx_fact efi, const char *cpu)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	const struct kx_boot_system system = { .arch = arch, .efi = efi };
	struct kx_error err = { 0 };

	open_tree(tree);
	assert_int_equal(kx_boot_discover(&tree->volumes, &tree->fs, &system, &menu, &err), 0);
	assert_string_equal(menu.v[0].title, cpu);
}

static void test_grub_of_each_machine(void **state)
{
	struct tree *tree = *state;

	tree_write(tree->dir, "/boot/grub/grub.cfg",
		   "menuentry \"$grub_cpu $grub_platform\" { linux /vmlinuz; }\n");
	check_grub_cpu(tree, "x86_64", KX_YES, "x86_64 efi");
	check_grub_cpu(tree, "x86_64", KX_NO, "i386 pc");
	check_grub_cpu(tree, NULL, KX_NO, "i386 pc");
	check_grub_cpu(tree, "i686", KX_YES, "i386 efi");
	check_grub_cpu(tree, "aarch64", KX_YES, "arm64 efi");
	check_grub_cpu(tree, "riscv64", KX_YES, "riscv64 efi");
	check_grub_cpu(tree, "armv7l", KX_YES, "arm efi");
}

static void test_one_boot_partition(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct kx_boot_system system = { 0 };
	struct kx_error err = { 0 };
	struct tree *tree = *state;

	tree_write(tree->dir, "/loader/entries/a.conf", "linux /l/k\ninitrd /gone\n");
	tree_write(tree->dir, "/l/k", "");
	open_tree(tree);
	assert_int_equal(kx_boot_discover(&tree->volumes, &tree->fs, &system, &menu, &err), 0);
	assert_int_equal(menu.count, 1);
	assert_string_equal(menu.v[0].kernel, "/l/k");
	assert_string_equal(menu.v[0].problem, "/gone is not there");
}

static void test_unreadable_configuration_is_noted(void **state)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries menu = { 0 };
	struct kx_boot_system system = { 0 };
	struct kx_error err = { 0 };
	struct tree *tree = *state;

	tree_write(tree->dir, "/boot/extlinux/extlinux.conf", "include extlinux.conf\n");
	open_tree(tree);
	assert_int_equal(kx_boot_discover(&tree->volumes, &tree->fs, &system, &menu, &err), -E2BIG);
	assert_non_null(strstr(err.text, "include itself"));
	tree_write(tree->dir, "/boot/vmlinuz-1", "");
	assert_int_equal(kx_boot_discover(&tree->volumes, &tree->fs, &system, &menu, &err), 0);
	assert_string_equal(menu.v[0].source_kind, "files");
	assert_int_equal(menu.note_count, 1);
}

/* ---- variables ------------------------------------------------------------------------------- */

static void test_loader_variables(void **state)
{
	static const char one_shot[] = "\7\0\0\0a\0.\0c\0\0\0x\0", cut[] = "\7\0\0",
			  odd[] = "\7\0\0\0a\0\351\0b";
	_cleanup_(kx_loader_vars_clear) struct kx_loader_vars vars = { 0 };
	_cleanup_(kx_root_close) struct kx_root root = KX_ROOT_NONE;
	struct kx_error err = { 0 };
	struct tree *tree = *state;

#define EFIVAR(name) "/sys/firmware/efi/efivars/" name "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
	tree_write_bytes(tree->dir, EFIVAR("LoaderEntryOneShot"), one_shot, sizeof(one_shot) - 1);
	tree_write_bytes(tree->dir, EFIVAR("LoaderInfo"), cut, sizeof(cut) - 1);
	tree_write_bytes(tree->dir, EFIVAR("LoaderEntryDefault"), odd, sizeof(odd) - 1);
	tree_write_bytes(tree->dir, EFIVAR("LoaderEntrySelected"), one_shot, sizeof(one_shot) - 1);
	assert_int_equal(kx_root_open(tree->dir, &root, &err), 0);
	assert_int_equal(kx_loader_vars_read(&root, &vars), 0);
	assert_string_equal(vars.oneshot, "a.c");
	assert_string_equal(vars.info, "");
	assert_string_equal(vars.default_id, "a?");
	/* What was started is not what was saved: it may have been for once. */
	assert_null(vars.last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mountinfo),
		cmocka_unit_test(test_subvolumes),
		cmocka_unit_test(test_bind_mounts_hide_nothing),
		cmocka_unit_test(test_private_mounts_are_shown_by_device),
		cmocka_unit_test(test_malformed_mountinfo),
		cmocka_unit_test(test_very_many_mounts),
		cmocka_unit_test(test_fstab),
		cmocka_unit_test(test_mounts_write_nothing),
		cmocka_unit_test_setup_teardown(test_where_files_are, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_subvolumes_of_a_tree, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_labels_from_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_root_that_the_kernel_mounted, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_tree_is_not_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_which_loader_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_grub_of_each_machine, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_boot_partition, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unreadable_configuration_is_noted, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_loader_variables, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
