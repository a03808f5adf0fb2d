// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel says of kexec: sysctls (Documentation/admin-guide/sysctl/kernel.rst; the limits
 * came with 6.3), sysfs (Documentation/ABI/testing/sysfs-kernel-kexec-kdump, since 6.19 a folder;
 * before, files beside each other), and Kexec Handover (Documentation/admin-guide/mm/kho.rst,
 * from 6.16 on).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmdline.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

/* -1, the default, is no limit. */
static int read_limit(struct kx_root *root, const char *path, bool *ret_have, int *ret_limit,
		      struct kx_error *err)
{
	_cleanup_free_ char *line = NULL;
	uint64_t value;
	int r;

	r = kx_root_line(root, path, &line);
	if (r < 0)
		return r;
	if (kx_text_is(kx_text_of(line), "-1"))
		*ret_limit = -1;
	else if (kx_text_u64(kx_text_of(line), 10, &value) && value <= INT_MAX)
		*ret_limit = (int)value;
	else
		return kx_malformed(err, path, kx_text_of(line), "-1 or a count");
	*ret_have = true;
	return 0;
}

static int read_kexec_value(struct kx_root *root, const char *name, uint64_t *ret)
{
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/sys/kernel/kexec/%s", name);
	r = kx_root_u64(root, path, ret);
	if (r != -ENOENT)
		return r;
	snprintf(path, sizeof(path), "/sys/kernel/kexec_%s", name);
	return kx_root_u64(root, path, ret);
}

static int bad_value(struct kx_error *err, const char *name)
{
	return kx_fail(err, EBADMSG, "/sys/kernel/kexec/%s is not a number", name);
}

/* Where sysfs is mounted, a missing file means that neither call is built in. */
static int read_loaded(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	uint64_t value;
	int r;

	r = read_kexec_value(root, "loaded", &value);
	if (r == -EBADMSG)
		return bad_value(err, "loaded");
	if (r >= 0)
		machine->loaded = value ? KX_YES : KX_NO;
	if (r >= 0)
		machine->kexec_core = KX_YES;
	else if (r == -ENOENT && kx_root_exists(root, "/sys/kernel"))
		machine->kexec_core = KX_NO;
	r = read_kexec_value(root, "crash_loaded", &value);
	if (r == -EBADMSG)
		return bad_value(err, "crash_loaded");
	if (r >= 0)
		machine->crash_loaded = value ? KX_YES : KX_NO;
	r = read_kexec_value(root, "crash_size", &value);
	if (r == -EBADMSG)
		return bad_value(err, "crash_size");
	if (r >= 0) {
		machine->have_crash_size = true;
		machine->crash_size = value;
	}
	return 0;
}

int kx_read_kexec_state(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	int r = kx_root_fact(root, "/proc/sys/kernel/kexec_load_disabled", &machine->load_disabled);

	if (r == -EBADMSG)
		return kx_fail(err, EBADMSG,
			       "/proc/sys/kernel/kexec_load_disabled is not a number");
	r = read_limit(root, "/proc/sys/kernel/kexec_load_limit_reboot",
		       &machine->have_limit_reboot, &machine->limit_reboot, err);
	if (r != -EBADMSG)
		r = read_limit(root, "/proc/sys/kernel/kexec_load_limit_panic",
			       &machine->have_limit_panic, &machine->limit_panic, err);
	return r == -EBADMSG ? r : read_loaded(root, machine, err);
}

/*
 * Is there state to hand over, which only kexec_file_load passes on? Up to 6.18 there is none for
 * a kernel that is loaded before 1 was written to finalize (kho_fill_kimage()). Since 6.19 the load
 * attaches it where handover is on, and finalizing may come later (d7255959b69a, "kho: allow kexec
 * load before KHO finalization"); finalize is there only where handover is on, and is gone in 7.1
 * ("kho: remove finalize state and clients").
 */
int kx_read_handover(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	const struct kx_config *config = &machine->config;
	uint64_t finalized;
	struct kx_word word;
	int r;

	machine->kho_active = KX_NO;
	if (config->kho == KX_NO)
		return 0;
	r = kx_root_u64(root, "/sys/kernel/debug/kho/out/finalize", &finalized);
	if (r == -EBADMSG)
		return kx_fail(err, EBADMSG, "/sys/kernel/debug/kho/out/finalize is not a number");
	if (r >= 0)
		machine->kho_active =
			finalized || !kx_release_before(machine, 6, 19) ? KX_YES : KX_NO;
	else if (kx_cmdline_flag(machine->cmdline, "kho", config->kho_default == KX_YES))
		machine->kho_active = KX_YES;
	else if (config->kho == KX_UNKNOWN && !kx_cmdline_find(machine->cmdline, "kho", &word))
		machine->kho_active = KX_UNKNOWN;
	return 0;
}
