// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * May one of the two system calls be used? Known from what was read, never by trying: each attempt
 * takes one away from kexec_load_limit_*. The kernel's own checks are in kexec_load_permitted(),
 * kexec_load_check() (kernel/kexec.c), kexec_file_load() (kernel/kexec_file.c) and ima_load_data()
 * (security/integrity/ima/ima_main.c).
 */
#include <errno.h>
#include <stdio.h>

#include "allowed.h"
#include "base/overflow.h"
#include "cmdline.h"
#include "machine/machine.h"

struct question {
	const struct kx_machine *machine;
	enum kx_method method;
	bool for_crash;
	bool privileged; /* do not ask whether this process may */
};

/* One condition: KX_YES when it is no obstacle, else why. */
typedef enum kx_fact condition(const struct question *q, struct kx_error *why);

static enum kx_fact no(struct kx_error *why, const char *text)
{
	kx_fail(why, EPERM, "%s", text);
	return KX_NO;
}

static enum kx_fact not_known(struct kx_error *why, const char *text)
{
	kx_fail(why, ENODATA, "%s", text);
	return KX_UNKNOWN;
}

static enum kx_fact is_built_in(const struct question *q, struct kx_error *why)
{
	const struct kx_config *config = &q->machine->config;
	bool file = q->method == KX_METHOD_FILE_LOAD;
	const char *option = file ? "CONFIG_KEXEC_FILE" : "CONFIG_KEXEC";
	enum kx_fact built_in = file ? config->kexec_file : config->kexec;

	if (built_in == KX_NO) {
		kx_fail(why, ENOSYS, "the running kernel was built without %s (%s)", option,
			config->path);
		return KX_NO;
	}
	if (q->machine->kexec_core == KX_NO && built_in == KX_UNKNOWN)
		return no(why, "the running kernel was built without kexec: "
			       "/sys/kernel/kexec_loaded is not there");
	if (built_in == KX_YES)
		return KX_YES;
	kx_fail(why, ENODATA, "it is not known whether the running kernel has %s", option);
	return KX_UNKNOWN;
}

static enum kx_fact is_not_xen(const struct question *q, struct kx_error *why)
{
	if (q->machine->xen_dom0)
		return no(why, "this is a Xen dom0, where the hypervisor would have to start the "
			       "next kernel, which is not supported yet");
	if (q->machine->xen_pv)
		return no(why,
			  "this is a paravirtualised Xen guest, which cannot leave its kernel");
	return KX_YES;
}

static enum kx_fact has_capability(const struct question *q, struct kx_error *why)
{
	if (q->privileged)
		return KX_YES;
	if (q->machine->cap_sys_boot == KX_NO)
		return no(why, "this process does not have CAP_SYS_BOOT; run it as root, outside "
			       "of containers");
	if (q->machine->cap_sys_boot == KX_UNKNOWN)
		return not_known(why, "it is not known whether this process has CAP_SYS_BOOT");
	return KX_YES;
}

static enum kx_fact is_not_disabled(const struct question *q, struct kx_error *why)
{
	if (q->machine->load_disabled == KX_YES)
		return no(why, "kernel.kexec_load_disabled is 1, and stays so until the machine "
			       "is rebooted");
	return KX_YES;
}

static enum kx_fact is_within_limit(const struct question *q, struct kx_error *why)
{
	const struct kx_machine *machine = q->machine;
	bool none = q->for_crash ? machine->have_limit_panic && machine->limit_panic == 0
				 : machine->have_limit_reboot && machine->limit_reboot == 0;

	if (!none)
		return KX_YES;
	kx_fail(why, EPERM,
		"kernel.kexec_load_limit_%s is 0: no load is left until the machine is rebooted",
		q->for_crash ? "panic" : "reboot");
	return KX_NO;
}

static enum kx_fact is_not_locked_down(const struct question *q, struct kx_error *why)
{
	enum kx_lockdown lockdown = q->machine->lockdown;

	if (lockdown == KX_LOCKDOWN_NONE || lockdown == KX_LOCKDOWN_UNKNOWN)
		return KX_YES;
	kx_fail(why, EPERM,
		"the kernel is locked down (%s) and takes signed kernels only, by kexec_file_load",
		lockdown == KX_LOCKDOWN_INTEGRITY ? "integrity" : "confidentiality");
	return KX_NO;
}

/* Distributions lock the kernel down when Secure Boot is on, and only then by themselves. */
static enum kx_fact is_known_not_locked_down(const struct question *q, struct kx_error *why)
{
	const struct kx_machine *machine = q->machine;
	struct kx_word word;

	if (machine->lockdown != KX_LOCKDOWN_UNKNOWN)
		return KX_YES;
	if (machine->secure_boot != KX_YES && !kx_cmdline_find(machine->cmdline, "lockdown", &word))
		return KX_YES;
	return not_known(why,
			 "it is not known whether the kernel is locked down, which Secure Boot "
			 "or lockdown= makes likely; mount securityfs");
}

static enum kx_fact needs_no_signature(const struct question *q, struct kx_error *why)
{
	if (q->machine->config.kexec_sig_force == KX_YES)
		return no(why, "the running kernel enforces signatures (CONFIG_KEXEC_SIG_FORCE), "
			       "which kexec_load cannot check");
	return KX_YES;
}

static enum kx_fact is_not_appraised(const struct question *q, struct kx_error *why)
{
	if (q->machine->ima_appraises_kexec == KX_YES)
		return no(why, "IMA appraises the kernel to be started, which it can do with "
			       "kexec_file_load only");
	return KX_YES;
}

static enum kx_fact has_no_measurements(const struct question *q, struct kx_error *why)
{
	if (q->machine->ima_measures == KX_YES)
		return no(why, "IMA has a measurement list, which only kexec_file_load carries "
			       "over");
	return KX_YES;
}

static enum kx_fact needs_no_handover(const struct question *q, struct kx_error *why)
{
	if (q->machine->kho_active == KX_YES)
		return no(why, "Kexec Handover is active, whose state only kexec_file_load "
			       "passes on");
	return KX_YES;
}

static condition *const for_both[] = { is_built_in, is_not_xen, has_capability, is_not_disabled,
				       is_within_limit };

/* What the kernel refuses by kexec_load alone. */
static condition *const for_load[] = { is_not_locked_down, is_not_appraised };

/* What it does not see, but what is lost, or not to be found out. */
static condition *const for_good_load[] = { is_known_not_locked_down, needs_no_signature,
					    has_no_measurements, needs_no_handover };

/* The first obstacle decides; without any, the first condition that is not known. */
static enum kx_fact ask(const struct question *q, condition *const *conditions, size_t count,
			struct kx_error *why, enum kx_fact so_far)
{
	for (size_t i = 0; i < count && so_far != KX_NO; i++) {
		struct kx_error reason = { "" };
		enum kx_fact fact = conditions[i](q, &reason);

		if (fact == KX_YES || (fact == KX_UNKNOWN && so_far == KX_UNKNOWN))
			continue;
		so_far = fact;
		*why = reason;
	}
	return so_far;
}

static enum kx_fact allowed_call(const struct question *q, struct kx_error *why)
{
	enum kx_fact fact = ask(q, for_both, KX_ARRAY_SIZE(for_both), why, KX_YES);

	if (q->method == KX_METHOD_LOAD)
		fact = ask(q, for_load, KX_ARRAY_SIZE(for_load), why, fact);
	return fact;
}

bool kx_load_is_second_best(const struct kx_machine *machine, struct kx_error *why)
{
	struct question q = { .machine = machine, .method = KX_METHOD_LOAD };

	return ask(&q, for_good_load, KX_ARRAY_SIZE(for_good_load), why, KX_YES) != KX_YES;
}

/* For people: a call that would lose something is not one to recommend. */
static enum kx_fact recommended_call(const struct question *q, struct kx_error *why)
{
	enum kx_fact fact = allowed_call(q, why);

	if (q->method == KX_METHOD_LOAD)
		fact = ask(q, for_good_load, KX_ARRAY_SIZE(for_good_load), why, fact);
	return fact;
}

enum kx_fact kx_allowed_by_system(const struct kx_machine *machine, enum kx_method method,
				  bool for_crash, struct kx_error *why)
{
	struct question q = { machine, method, for_crash, .privileged = true };

	return allowed_call(&q, why);
}

enum kx_fact kx_allowed(const struct kx_machine *machine, enum kx_method method, bool for_crash,
			struct kx_error *why)
{
	struct question q = { .machine = machine, .method = method, .for_crash = for_crash };
	struct kx_error load = { "" }, file = { "" };
	enum kx_fact by_load, by_file;

	why->text[0] = '\0';
	if (method != KX_METHOD_AUTO)
		return recommended_call(&q, why);
	q.method = KX_METHOD_LOAD;
	by_load = recommended_call(&q, &load);
	q.method = KX_METHOD_FILE_LOAD;
	by_file = recommended_call(&q, &file);
	if (by_load == KX_YES || by_file == KX_YES)
		return KX_YES;
	/* Both reasons in one text: each cut to its half. */
	snprintf(why->text, sizeof(why->text), "kexec_load: %.480s; kexec_file_load: %.480s",
		 load.text, file.text);
	return by_load == KX_NO && by_file == KX_NO ? KX_NO : KX_UNKNOWN;
}
