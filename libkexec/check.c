// SPDX-License-Identifier: LGPL-2.1-or-later
/* Can this machine kexec? One function for each condition, one table for their order. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "machine/machine.h"
#include "names.h"
#include "util.h"

/* A distribution's kernel and initrd together, with what kexec needs beside them. */
#define MEMORY_TIGHT (UINT64_C(256) << 20)

/* The functions set the verdict; strings that could not be allocated stay NULL, which kx_check()
 * notices. */
static void say(char **ret, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(char **ret, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(ret, format, args) < 0)
		*ret = NULL;
	va_end(args);
}

/* Neither option of the pair is an obstacle while the other one is there. */
static void check_option(const struct kx_machine *machine, enum kx_fact option, enum kx_fact other,
			 const char *name, const char *call, struct kx_finding *f)
{
	const struct kx_config *config = &machine->config;

	f->verdict = KX_YES;
	if (option == KX_YES) {
		say(&f->found, "%s=y in %s", name, config->path);
	} else if (option == KX_NO) {
		f->verdict = other == KX_NO ? KX_NO : KX_YES;
		f->warning = other != KX_NO;
		say(&f->found, "%s is not set in %s", name, config->path);
		say(&f->remedy, "boot a kernel built with %s=y to have %s", name, call);
	} else if (machine->kexec_core == KX_NO) {
		f->verdict = KX_NO;
		say(&f->found, "no configuration found; sysfs has no kexec_loaded, so neither "
			       "call is built in");
		say(&f->remedy, "boot a kernel built with %s=y", name);
	} else {
		f->verdict = KX_UNKNOWN;
		say(&f->found, "no configuration found; %s",
		    machine->kexec_core == KX_YES ? "sysfs has kexec_loaded, so at least one of "
						    "the two calls is built in"
						  : "sysfs could not be read either");
		say(&f->remedy, "install the configuration as /boot/config-%s",
		    machine->release ? machine->release : "RELEASE");
	}
}

static void check_config_kexec(const struct kx_machine *machine, struct kx_finding *f)
{
	check_option(machine, machine->config.kexec, machine->config.kexec_file, "CONFIG_KEXEC",
		     "kexec_load", f);
}

static void check_config_kexec_file(const struct kx_machine *machine, struct kx_finding *f)
{
	check_option(machine, machine->config.kexec_file, machine->config.kexec,
		     "CONFIG_KEXEC_FILE", "kexec_file_load", f);
}

static void check_signature(const struct kx_machine *machine, struct kx_finding *f)
{
	const struct kx_config *config = &machine->config;

	f->verdict = KX_YES;
	if (!config->path) {
		f->verdict = KX_UNKNOWN;
		say(&f->found, "no configuration found");
	} else if (config->kexec_sig_force == KX_YES) {
		f->warning = true;
		say(&f->found, "CONFIG_KEXEC_SIG_FORCE=y: only signed kernels are taken, by "
			       "kexec_file_load");
		say(&f->remedy, "use a kernel that is signed with a key this one trusts");
	} else {
		say(&f->found, "signatures are %s",
		    config->kexec_sig == KX_YES ? "checked only when the kernel is locked down"
						: "not checked");
	}
}

static void check_disabled(const struct kx_machine *machine, struct kx_finding *f)
{
	f->verdict = KX_YES;
	if (machine->load_disabled == KX_YES) {
		f->verdict = KX_NO;
		say(&f->found, "1: nothing more can be loaded");
		say(&f->remedy, "reboot, and do not set kernel.kexec_load_disabled in "
				"/etc/sysctl.d before kexec has loaded");
	} else if (machine->load_disabled == KX_NO) {
		say(&f->found, "0");
	} else if (machine->kexec_core == KX_NO) {
		say(&f->found, "this kernel has no such switch");
	} else {
		f->verdict = KX_UNKNOWN;
		say(&f->found, "/proc/sys/kernel/kexec_load_disabled could not be read");
	}
}

static void check_limit(bool have, int limit, const char *what, struct kx_finding *f)
{
	f->verdict = KX_YES;
	if (!have) {
		say(&f->found, "this kernel has no such limit");
	} else if (limit < 0) {
		say(&f->found, "no limit");
	} else if (limit > 0) {
		f->warning = limit == 1;
		say(&f->found, "%d more to load", limit);
	} else {
		f->verdict = KX_NO;
		say(&f->found, "0: no %s kernel can be loaded any more", what);
		say(&f->remedy, "reboot; the limit cannot be raised on a running kernel");
	}
}

static void check_limit_reboot(const struct kx_machine *machine, struct kx_finding *f)
{
	check_limit(machine->have_limit_reboot, machine->limit_reboot, "next", f);
}

/* Crash kernels are another matter: without them a kexec still works. */
static void check_limit_panic(const struct kx_machine *machine, struct kx_finding *f)
{
	check_limit(machine->have_limit_panic, machine->limit_panic, "crash", f);
	if (f->verdict != KX_NO)
		return;
	f->verdict = KX_YES;
	f->warning = true;
}

static void check_lockdown(const struct kx_machine *machine, struct kx_finding *f)
{
	static const char *const names[] = { [KX_LOCKDOWN_NONE] = "none",
					     [KX_LOCKDOWN_INTEGRITY] = "integrity",
					     [KX_LOCKDOWN_CONFIDENTIALITY] = "confidentiality" };

	f->verdict = KX_YES;
	if (machine->lockdown == KX_LOCKDOWN_UNKNOWN) {
		f->verdict = KX_UNKNOWN;
		say(&f->found, "/sys/kernel/security/lockdown could not be read");
		say(&f->remedy, "mount -t securityfs securityfs /sys/kernel/security");
		return;
	}
	say(&f->found, "%s", names[machine->lockdown]);
	if (machine->lockdown == KX_LOCKDOWN_NONE)
		return;
	f->warning = true;
	if (machine->config.kexec_file == KX_NO)
		f->verdict = KX_NO;
	say(&f->remedy, "use a kernel that is signed with a key this one trusts; it goes by "
			"kexec_file_load");
}

static void check_secure_boot(const struct kx_machine *machine, struct kx_finding *f)
{
	f->verdict = KX_YES;
	if (machine->secure_boot == KX_UNKNOWN)
		say(&f->found, "not known: efivarfs could not be read");
	else
		say(&f->found, "%s", machine->secure_boot == KX_YES ? "on" : "off");
}

static void check_ima(const struct kx_machine *machine, struct kx_finding *f)
{
	f->verdict = KX_YES;
	if (machine->ima_appraises_kexec == KX_YES) {
		f->warning = true;
		say(&f->found, "appraises the kernel to be started");
		say(&f->remedy, "use a kernel file with an IMA signature; it goes by "
				"kexec_file_load");
	} else if (machine->ima_measures == KX_YES) {
		say(&f->found, "has a measurement list, which kexec_file_load carries over");
	} else if (machine->ima_appraises_kexec == KX_UNKNOWN) {
		f->verdict = KX_UNKNOWN;
		say(&f->found, "the policy could not be read");
	} else {
		say(&f->found, "asks for nothing");
	}
}

static void check_handover(const struct kx_machine *machine, struct kx_finding *f)
{
	f->verdict = machine->kho_active == KX_UNKNOWN ? KX_UNKNOWN : KX_YES;
	if (machine->kho_active == KX_UNKNOWN)
		say(&f->found, "not known: no configuration found");
	else if (machine->kho_active == KX_YES)
		say(&f->found, "active: kexec_file_load passes its state on");
	else
		say(&f->found, "not active");
}

static void check_capability(const struct kx_machine *machine, struct kx_finding *f)
{
	f->verdict = machine->cap_sys_boot;
	if (f->verdict == KX_YES) {
		say(&f->found, "CAP_SYS_BOOT is there");
	} else if (f->verdict == KX_NO) {
		say(&f->found, "CAP_SYS_BOOT is missing");
		say(&f->remedy, "run as root; in a container, run it outside or grant "
				"CAP_SYS_BOOT");
	} else {
		say(&f->found, "/proc/self/status could not be read");
	}
}

static void check_pid_namespace(const struct kx_machine *machine, struct kx_finding *f)
{
	f->verdict = machine->init_pid_ns;
	if (f->verdict == KX_YES) {
		say(&f->found, "the first one");
	} else if (f->verdict == KX_NO) {
		say(&f->found, "a nested one: the kernel refuses to start another kernel from it");
		say(&f->remedy, "run kexec --exec outside of the container: nsenter --target 1 "
				"--pid --mount, with the host's PID namespace shared");
	} else {
		say(&f->found, "/proc/self/ns/pid could not be read");
	}
}

static void check_xen(const struct kx_machine *machine, struct kx_finding *f)
{
	f->verdict = KX_YES;
	if (machine->xen_dom0 || machine->xen_pv) {
		f->verdict = KX_NO;
		say(&f->found, machine->xen_dom0 ? "this is a Xen dom0: the hypervisor would "
						   "have to start the next kernel"
						 : "this is a paravirtualised Xen guest");
		say(&f->remedy, machine->xen_dom0 ? "reboot; Xen's own interface is not "
						    "supported yet"
						  : "reboot, or run the guest as PVH or HVM");
	} else {
		say(&f->found, "no dom0 and no paravirtualised guest");
	}
}

static void check_confidential(const struct kx_machine *machine, struct kx_finding *f)
{
	static const char *const names[] = { [KX_CC_SEV] = "SEV",
					     [KX_CC_SEV_ES] = "SEV-ES",
					     [KX_CC_SEV_SNP] = "SEV-SNP",
					     [KX_CC_TDX] = "TDX" };

	f->verdict = KX_YES;
	if (machine->confidential == KX_CC_NONE) {
		say(&f->found, "not a confidential guest");
		return;
	}
	f->warning = true;
	say(&f->found, "a confidential guest (%s)", names[machine->confidential]);
	say(&f->remedy,
	    "the next kernel must support %s; nothing is printed between the two "
	    "kernels",
	    names[machine->confidential]);
}

static void check_hypervisor(const struct kx_machine *machine, struct kx_finding *f)
{
	f->verdict = KX_YES;
	if (machine->hypervisor)
		say(&f->found, "%s", machine->hypervisor);
	else if (machine->guest == KX_YES)
		say(&f->found, "one without a known name");
	else
		say(&f->found, "%s", machine->guest == KX_NO ? "none" : "not known");
}

/* The kernel refuses a load of more than half of its memory: sanity_check_segment_list() of
 * kernel/kexec_core.c. */
static void check_memory(const struct kx_machine *machine, struct kx_finding *f)
{
	f->verdict = KX_YES;
	if (!machine->mem_total) {
		f->verdict = KX_UNKNOWN;
		say(&f->found, "/proc/meminfo could not be read");
		return;
	}
	say(&f->found, "%s available of %s; the kernel takes a load of %s at most",
	    kx_size_text(machine->mem_available).s, kx_size_text(machine->mem_total).s,
	    kx_size_text(machine->mem_total / 2).s);
	f->warning = machine->mem_available < MEMORY_TIGHT;
	if (f->warning)
		say(&f->remedy, "free some memory first: kernel and initrd are held twice while "
				"they are loaded");
}

static void check_memory_map(const struct kx_machine *machine, struct kx_finding *f)
{
	f->verdict = KX_YES;
	if (!machine->iomem.have || machine->iomem.hidden) {
		f->verdict = KX_UNKNOWN;
		say(&f->found, "%s",
		    machine->iomem.hidden ? "/proc/iomem hides addresses from this user"
					  : "/proc/iomem could not be read");
		say(&f->remedy, "run as root");
	} else if (!machine->have_firmware_map) {
		f->warning = machine->arch == KX_ARCH_X86_64 || machine->arch == KX_ARCH_I386;
		say(&f->found, "%zu lines in /proc/iomem, no /sys/firmware/memmap",
		    machine->iomem.count);
	} else {
		say(&f->found, "%zu lines in /proc/iomem, %zu entries in /sys/firmware/memmap",
		    machine->iomem.count, machine->firmware_map.count);
	}
}

static void check_call(const struct kx_machine *machine, enum kx_method method,
		       struct kx_finding *f)
{
	struct kx_error why;

	f->verdict = kx_allowed(machine, method, false, &why);
	say(&f->found, "%s", f->verdict == KX_YES ? "can be used" : why.text);
	/* One of the two is enough. */
	if (f->verdict != KX_NO || kx_allowed(machine, KX_METHOD_AUTO, false, &why) == KX_NO)
		return;
	f->verdict = KX_YES;
	f->warning = true;
}

static void check_load(const struct kx_machine *machine, struct kx_finding *f)
{
	check_call(machine, KX_METHOD_LOAD, f);
}

static void check_file_load(const struct kx_machine *machine, struct kx_finding *f)
{
	check_call(machine, KX_METHOD_FILE_LOAD, f);
}

static const struct {
	const char *id;
	void (*check)(const struct kx_machine *machine, struct kx_finding *f);
} checks[] = {
	{ "config.kexec", check_config_kexec },
	{ "config.kexec_file", check_config_kexec_file },
	{ "config.kexec_sig", check_signature },
	{ "sysctl.kexec_load_disabled", check_disabled },
	{ "sysctl.kexec_load_limit_reboot", check_limit_reboot },
	{ "sysctl.kexec_load_limit_panic", check_limit_panic },
	{ "lockdown", check_lockdown },
	{ "secure_boot", check_secure_boot },
	{ "ima", check_ima },
	{ "handover", check_handover },
	{ "capability", check_capability },
	{ "pid_namespace", check_pid_namespace },
	{ "xen", check_xen },
	{ "confidential", check_confidential },
	{ "hypervisor", check_hypervisor },
	{ "memory", check_memory },
	{ "memory_map", check_memory_map },
	{ "kexec_load", check_load },
	{ "kexec_file_load", check_file_load },
};

int kx_check(const struct kx_machine *machine, struct kx_report *ret, struct kx_error *err)
{
	_cleanup_(kx_report_clear) struct kx_report report = { 0 };

	report.findings = calloc(KX_ARRAY_SIZE(checks), sizeof(*report.findings));
	if (!report.findings)
		return kx_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < KX_ARRAY_SIZE(checks); i++) {
		struct kx_finding *f = &report.findings[report.count++];

		f->id = checks[i].id;
		checks[i].check(machine, f);
		if (!f->found)
			return kx_fail(err, ENOMEM, "out of memory");
	}
	*ret = report;
	report = (struct kx_report){ 0 };
	return 0;
}

void kx_report_clear(struct kx_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->findings[i].found);
		free(report->findings[i].remedy);
	}
	free(report->findings);
	*report = (struct kx_report){ 0 };
}
