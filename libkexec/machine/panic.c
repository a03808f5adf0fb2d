// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What decides whether there is a panic, and what becomes of it: Documentation/admin-guide/sysctl/kernel.rst and vm.rst,
 * kernel-parameters.txt for crash_kexec_post_notifiers. And how many processors a panic may find.
 */
#include <errno.h>

#include "base/overflow.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

static const struct {
	const char *name, *path;
} settings[KX_PANIC_SETTING_COUNT] = {
	[KX_PANIC_ON_OOPS] = { "kernel.panic_on_oops", "/proc/sys/kernel/panic_on_oops" },
	[KX_PANIC_POST_NOTIFIERS] = { "crash_kexec_post_notifiers",
				      "/sys/module/kernel/parameters/crash_kexec_post_notifiers" },
	[KX_PANIC_TIMEOUT] = { "kernel.panic", "/proc/sys/kernel/panic" },
	[KX_PANIC_ON_WARN] = { "kernel.panic_on_warn", "/proc/sys/kernel/panic_on_warn" },
	[KX_PANIC_ON_RCU_STALL] = { "kernel.panic_on_rcu_stall",
				    "/proc/sys/kernel/panic_on_rcu_stall" },
	[KX_PANIC_ON_OOM] = { "vm.panic_on_oom", "/proc/sys/vm/panic_on_oom" },
	[KX_PANIC_UNKNOWN_NMI] = { "kernel.unknown_nmi_panic",
				   "/proc/sys/kernel/unknown_nmi_panic" },
	[KX_PANIC_IO_NMI] = { "kernel.panic_on_io_nmi", "/proc/sys/kernel/panic_on_io_nmi" },
	[KX_PANIC_UNRECOVERED_NMI] = { "kernel.panic_on_unrecovered_nmi",
				       "/proc/sys/kernel/panic_on_unrecovered_nmi" },
	[KX_PANIC_HUNG_TASK] = { "kernel.hung_task_panic", "/proc/sys/kernel/hung_task_panic" },
	[KX_PANIC_SOFT_LOCKUP] = { "kernel.softlockup_panic", "/proc/sys/kernel/softlockup_panic" },
	[KX_PANIC_HARD_LOCKUP] = { "kernel.hardlockup_panic", "/proc/sys/kernel/hardlockup_panic" },
};

const char *kx_panic_setting_name(enum kx_panic_setting setting)
{
	return settings[setting].name;
}

/* The same documents. */
const char *kx_panic_setting_note(enum kx_panic_setting setting, int64_t value)
{
	static const char *const without[KX_PANIC_SETTING_COUNT] = {
		[KX_PANIC_ON_OOPS] = "an oops that the kernel survives leaves no dump",
		[KX_PANIC_UNKNOWN_NMI] = "an NMI from outside, as by a button, leaves no dump",
		[KX_PANIC_IO_NMI] = "an I/O error that comes as an NMI leaves no dump",
		[KX_PANIC_UNRECOVERED_NMI] = "an NMI that nobody handles leaves no dump",
		[KX_PANIC_HUNG_TASK] = "a hung task leaves no dump",
		[KX_PANIC_SOFT_LOCKUP] = "a soft lockup leaves no dump",
		[KX_PANIC_HARD_LOCKUP] = "a hard lockup leaves no dump",
		[KX_PANIC_ON_RCU_STALL] = "a stall of RCU leaves no dump",
	};

	if (setting == KX_PANIC_POST_NOTIFIERS)
		return value ? "what is to be told of a panic is told first, and if that hangs "
			       "there is no dump"
			     : NULL;
	return value ? NULL : without[setting];
}

/* A number that may be negative, or Y or N. */
static bool parse_setting(struct kx_view text, int64_t *ret)
{
	bool negative = kx_text_starts(text, "-");
	struct kx_view digits = text;
	uint64_t value;

	if (kx_text_is(text, "Y") || kx_text_is(text, "N")) {
		*ret = kx_text_is(text, "Y");
		return true;
	}
	if ((negative && !kx_view_from(text, 1, &digits)) || !kx_text_u64(digits, 10, &value) ||
	    value > INT32_MAX)
		return false;
	*ret = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

int kx_read_panic(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(settings); i++) {
		struct kx_setting *setting = &machine->panic[i];
		_cleanup_free_ char *line = NULL;

		if (kx_root_line(root, settings[i].path, &line) < 0)
			continue;
		if (!parse_setting(kx_text_of(line), &setting->value))
			return kx_malformed(err, settings[i].path, kx_text_of(line),
					    "a number, Y or N");
		setting->have = true;
	}
	return 0;
}

/* "0-3,8": Documentation/admin-guide/cputopology.rst; the highest is what counts, as numbers may have gaps. */
int kx_read_possible_cpus(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	static const char path[] = "/sys/devices/system/cpu/possible";
	_cleanup_free_ char *line = NULL;
	struct kx_view rest, part, first;
	uint64_t count = 0, last;

	if (kx_root_line(root, path, &line) < 0)
		return 0;
	rest = kx_text_of(line);
	while (kx_text_field(&rest, ',', &part)) {
		struct kx_view number = part;

		if (kx_text_field(&part, '-', &first))
			number = part.size ? part : first;
		if (!kx_text_u64(number, 10, &last) || last > UINT16_MAX)
			return kx_malformed(err, path, kx_text_of(line), "numbers such as 0-3");
		if (last + 1 > count)
			count = last + 1;
	}
	machine->possible_cpus = (unsigned)count;
	return 0;
}
