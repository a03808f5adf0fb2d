// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which kernel runs on what, how it was started, and what it kept of its initrd. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/overflow.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

#define ARCH_FILE "/proc/sys/kernel/arch"

static const struct {
	const char *name;
	enum kx_arch_id id;
} arches[] = {
	{ "x86_64", KX_ARCH_X86_64 }, { "i386", KX_ARCH_I386 },       { "i486", KX_ARCH_I386 },
	{ "i586", KX_ARCH_I386 },     { "i686", KX_ARCH_I386 },       { "aarch64", KX_ARCH_ARM64 },
	{ "arm64", KX_ARCH_ARM64 },   { "riscv64", KX_ARCH_RISCV64 },
};

static enum kx_arch_id arch_of(const char *name)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(arches); i++)
		if (!strcmp(name, arches[i].name))
			return arches[i].id;
	return KX_ARCH_UNKNOWN;
}

/* The file is there from 6.1 on; before that uname(2) tells, and a capture gets the file that it
 * lacks. */
static int read_arch(struct kx_root *root, struct kx_machine *machine)
{
	struct utsname uts;
	int r = kx_root_line(root, ARCH_FILE, &machine->arch_name);

	if (r == -ENOENT && root->live && uname(&uts) >= 0) {
		machine->arch_name = strdup(uts.machine);
		r = machine->arch_name ? 0 : -ENOMEM;
		if (r >= 0 && root->save_fd >= 0)
			kx_save_file(
				root, ARCH_FILE,
				&(struct kx_blob){ (uint8_t *)uts.machine, strlen(uts.machine) });
	}
	if (r >= 0)
		machine->arch = arch_of(machine->arch_name);
	return r;
}

/* Kept by retain_initrd, from 6.6 on (init/initramfs.c). */
static int find_initrd(struct kx_root *root, struct kx_machine *machine)
{
	const char *prefix = root->live ? "" : machine->root;

	if (!kx_root_exists(root, "/sys/firmware/initrd"))
		return 0;
	if (asprintf(&machine->initrd_path, "%s/sys/firmware/initrd", prefix) >= 0)
		return 0;
	machine->initrd_path = NULL;
	return -ENOMEM;
}

int kx_read_system(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	int r;

	if (!kx_root_exists(root, "/proc/sys") && !kx_root_exists(root, "/proc/cmdline"))
		return kx_fail(err, ENOENT,
			       "cannot read the machine: there is no /proc below %s; "
			       "mount it, or name a directory made by kexec machine --save",
			       machine->root);
	r = read_arch(root, machine);
	if (r != -ENOMEM && r != -EBADMSG)
		r = kx_root_line(root, "/proc/sys/kernel/osrelease", &machine->release);
	if (r != -ENOMEM && r != -EBADMSG)
		r = kx_root_line(root, "/proc/cmdline", &machine->cmdline);
	if (r == -EBADMSG)
		return kx_fail(err, EBADMSG,
			       "a NUL byte in one of " ARCH_FILE
			       ", /proc/sys/kernel/osrelease and /proc/cmdline");
	if (r == -ENOMEM || find_initrd(root, machine) < 0)
		return kx_fail(err, ENOMEM, "out of memory");
	return 0;
}

/* "6.19.0-rc1" is 6.19. */
bool kx_release_before(const struct kx_machine *machine, unsigned long major, unsigned long minor)
{
	unsigned long its_major, its_minor;
	char *end;

	if (!machine->release)
		return false;
	its_major = strtoul(machine->release, &end, 10);
	its_minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return its_major < major || (its_major == major && its_minor < minor);
}
