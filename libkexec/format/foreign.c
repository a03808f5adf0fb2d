// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files that people give by mistake, or that no format of ours takes any more: recognised so that the message can say
 * what the file is and what would work. Tried last; nothing is loaded by these.
 */
#include "format.h"

#include <errno.h>
#include <string.h>

#include "base/overflow.h"

/* "BeoB": kexec-tools' beoboot-x86; no tool has made such files since Scyld Beowulf of the early 2000s. */
static int beoboot_probe(const struct kx_request *request, struct kx_view file,
			 struct kx_error *err)
{
	if (!kx_view_equals(file, 0, "BeoB", 4))
		return kx_fail(err, ENOEXEC, "no \"BeoB\" at its start");
	return kx_fail(err, EOPNOTSUPP,
		       "is a Beoboot image, which is no longer supported; extract its kernel and "
		       "initrd, and load those");
}

const struct kx_format kx_format_beoboot = {
	.name = "beoboot-x86",
	.summary = "Beoboot image: recognised, not supported any more",
	.probe = beoboot_probe,
};

static const struct {
	uint32_t offset;
	uint8_t size;
	const char *magic;
	const char *what;
} foreign[] = {
	{ 0x38, 4, "ARM\x64", "is a kernel for arm64 (Image), which this machine cannot run" },
	{ 0x38, 4, "RSC\x05", "is a kernel for RISC-V (Image), which this machine cannot run" },
	{ 0x24, 4, "\x18\x28\x6f\x01",
	  "is a kernel for 32-bit ARM (zImage), which this machine cannot run" },
	{ 0, 4, "\x27\x05\x19\x56",
	  "is a U-Boot image (uImage); unpack it with dumpimage and load the kernel" },
	{ 0, 4, "\xd0\x0d\xfe\xed",
	  "is a device tree or FIT image; give a device tree by --dtb, or load a FIT's kernel" },
	{ 0x8001, 5, "CD001",
	  "is an ISO image; load memdisk or grub.exe, and give the image by --initrd, "
	  "or load the kernel and initrd in it" },
	{ 0, 6, "070701", "is an initrd (cpio archive), not a kernel; give it by --initrd" },
	{ 0, 6, "070702", "is an initrd (cpio archive), not a kernel; give it by --initrd" },
	{ 0, 8, "!<arch>\n",
	  "is a Debian package or static library; unpack it with dpkg-deb -x and load the vmlinuz "
	  "in it" },
	{ 0, 4, "\xed\xab\xee\xdb",
	  "is an RPM package; unpack it with rpm2cpio and load the vmlinuz in it" },
	{ 257, 5, "ustar", "is a tar archive; unpack it and load the kernel in it" },
	{ 0, 4, "PK\3\4", "is a ZIP archive; unpack it and load the kernel in it" },
	{ 0, 2, "#!", "is a script, not a kernel" },
	{ 0, 4, "hsqs", "is a squashfs image, a file system; load the kernel that belongs to it" },
	{ 0, 4, "QFI\xfb", "is a QEMU disk image (qcow2); load the kernel in it" },
	{ 0x438, 2, "\x53\xef",
	  "is an ext2, ext3 or ext4 file system; mount it and load the kernel in it" },
};

/* Case does not matter to HTML, nor white space in front. */
static bool is_html(struct kx_view file)
{
	static const char *const starts[] = { "<!doctype html", "<html", "<head", "<?xml" };
	size_t at = 0;
	char head[16] = "";

	while (at < file.size && at < 64 && strchr(" \t\r\n", file.data[at]) && file.data[at])
		at++;
	for (size_t i = 0; i + 1 < sizeof(head) && at + i < file.size; i++)
		head[i] = (char)(file.data[at + i] | 0x20);
	for (size_t i = 0; i < KX_ARRAY_SIZE(starts); i++) {
		size_t same = 0;

		while (starts[i][same] && head[same] == (starts[i][same] | 0x20))
			same++;
		if (!starts[i][same])
			return true;
	}
	return false;
}

/* 0x55 0xaa, and the jump that a file system's boot sector begins with, or a partition that is there and well. */
static bool is_boot_sector(struct kx_view file)
{
	uint8_t status, type;

	if (!kx_view_equals(file, 510, "\x55\xaa", 2))
		return false;
	if (kx_view_equals(file, 0, "\xeb", 1) && kx_view_equals(file, 2, "\x90", 1))
		return true;
	return kx_view_u8(file, 446, &status) && kx_view_u8(file, 446 + 4, &type) &&
	       !(status & 0x7f) && type;
}

static int foreign_probe(const struct kx_request *request, struct kx_view file,
			 struct kx_error *err)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(foreign); i++)
		if (kx_view_equals(file, foreign[i].offset, foreign[i].magic, foreign[i].size))
			return kx_fail(err, EOPNOTSUPP, "%s", foreign[i].what);
	if (is_html(file))
		return kx_fail(
			err, EOPNOTSUPP,
			"is a web page, not a kernel: the download failed; get the file again");
	if (is_boot_sector(file))
		return kx_fail(err, EOPNOTSUPP,
			       "is a disk image or boot sector, not a kernel; load memdisk and "
			       "give the image by --initrd");
	return kx_fail(err, ENOEXEC, "nothing else that is known either");
}

const struct kx_format kx_format_foreign = {
	.name = "foreign",
	.summary = "files of other kinds: recognised, to say what they are",
	.probe = foreign_probe,
};
