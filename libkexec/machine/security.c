// SPDX-License-Identifier: LGPL-2.1-or-later
/* What protects the kernel from its own root: lockdown, Secure Boot, IMA. */
#include <errno.h>
#include <stdlib.h>

#include "arch/x86/zero_page.h"
#include "base/overflow.h"
#include "cmdline.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

/* "none [integrity] confidentiality": the word in brackets holds (security/lockdown/lockdown.c). */
static int lockdown_of(struct kx_view text, enum kx_lockdown *ret, struct kx_error *err)
{
	static const char *const names[] = { [KX_LOCKDOWN_NONE] = "[none]",
					     [KX_LOCKDOWN_INTEGRITY] = "[integrity]",
					     [KX_LOCKDOWN_CONFIDENTIALITY] = "[confidentiality]" };

	for (int i = KX_LOCKDOWN_NONE; i <= KX_LOCKDOWN_CONFIDENTIALITY; i++) {
		if (!kx_text_has_word(text, names[i]))
			continue;
		*ret = i;
		return 0;
	}
	return kx_malformed(err, "/sys/kernel/security/lockdown", kx_text_trim(text),
			    "one word in brackets");
}

/* enum efi_secureboot_mode of include/linux/efi.h */
enum { SECURE_BOOT_OFF = 2, SECURE_BOOT_ON = 3 };

static enum kx_fact secure_boot_of_boot_params(const struct kx_machine *machine)
{
	uint8_t mode = machine->boot_params ? machine->boot_params[KX_BP_SECURE_BOOT] : 0;

	if (mode == SECURE_BOOT_ON)
		return KX_YES;
	return mode == SECURE_BOOT_OFF ? KX_NO : KX_UNKNOWN;
}

/* An efivarfs file: four bytes of attributes, then the value
 * (Documentation/filesystems/efivarfs.rst). */
static enum kx_fact secure_boot_of_variable(struct kx_root *root)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	uint8_t value;
	int r;

	/* GUID of EFI_GLOBAL_VARIABLE: UEFI 2.10, 3.3. */
	r = kx_root_read(
		root, "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
		KX_CAP_VALUE, &blob);
	if (r < 0 || blob.size != 5 || !kx_view_u8(kx_blob_view(&blob), 4, &value))
		return KX_UNKNOWN;
	return value ? KX_YES : KX_NO;
}

/* What the kernel's EFI stub found counts first: it is what the kernel itself goes by. */
static enum kx_fact find_secure_boot(struct kx_root *root, const struct kx_machine *machine)
{
	enum kx_fact fact;

	if (!machine->efi.present)
		return KX_NO;
	fact = secure_boot_of_boot_params(machine);
	return fact == KX_UNKNOWN ? secure_boot_of_variable(root) : fact;
}

/* A file of securityfs is missing: because the kernel lacks the feature, and not because nobody mounted securityfs? */
static bool is_not_there(struct kx_root *root, enum kx_fact built_in)
{
	return built_in == KX_NO || kx_root_exists(root, "/sys/kernel/security/lsm");
}

int kx_read_lockdown(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	int r;

	machine->secure_boot = find_secure_boot(root, machine);
	r = kx_root_read(root, "/sys/kernel/security/lockdown", KX_CAP_VALUE, &blob);
	if (r >= 0)
		return lockdown_of(kx_blob_view(&blob), &machine->lockdown, err);
	if (r == -ENOENT && is_not_there(root, machine->config.lockdown))
		machine->lockdown = KX_LOCKDOWN_NONE;
	return r;
}

/* A rule of IMA's policy that appraises the kernel to be started
 * (Documentation/ABI/testing/ima_policy). */
static bool rule_appraises_kexec(struct kx_view rule)
{
	struct kx_view action;

	return kx_text_word(&rule, &action) && kx_text_is(action, "appraise") &&
	       kx_text_has_word(rule, "func=KEXEC_KERNEL_CHECK");
}

static enum kx_fact policy_appraises_kexec(struct kx_view policy)
{
	struct kx_view rule;

	while (kx_text_line(&policy, &rule))
		if (rule_appraises_kexec(rule))
			return KX_YES;
	return KX_NO;
}

/* ima_policy="secure_boot|tcb": is @name one of them? */
static bool cmdline_has_policy(const char *cmdline, const char *name)
{
	struct kx_view list, policy;
	struct kx_word word;

	if (!kx_cmdline_find(cmdline, "ima_policy", &word) || !word.value)
		return false;
	list = kx_view_of(word.value, word.value_size);
	while (kx_text_field(&list, '|', &policy))
		if (kx_text_is(kx_text_trim(policy), name))
			return true;
	return false;
}

/*
 * Most kernels do not let the policy be read, so what built it counts too: the command line, and
 * the rules that an architecture adds under Secure Boot unless kexec checks signatures by itself
 * (security/integrity/ima/ima_efi.c). ima_load_data() refuses kexec_load under Secure Boot as well
 * when signatures can be checked.
 */
static bool ima_must_appraise(const struct kx_machine *machine)
{
	const struct kx_config *config = &machine->config;

	if (cmdline_has_policy(machine->cmdline, "secure_boot"))
		return true;
	return machine->secure_boot == KX_YES && config->ima_secure_boot == KX_YES &&
	       (config->kexec_sig == KX_YES || config->ima_arch_policy == KX_YES);
}

/* Nothing is appraised with ima_appraise=off, log or fix. */
static bool ima_enforces(const char *cmdline)
{
	struct kx_word word;

	return !kx_cmdline_find(cmdline, "ima_appraise", &word) ||
	       !(kx_word_has_value(&word, "off") || kx_word_has_value(&word, "log") ||
		 kx_word_has_value(&word, "fix"));
}

/*
 * Kernels that let the policy be written once, and never read, take the file away when it has been
 * (ima_release_policy() in security/integrity/ima/ima_fs.c): while it is there, only what was built
 * in holds.
 */
static bool policy_is_built_in(struct kx_root *root, const struct kx_config *config)
{
	return config->ima_write_policy == KX_NO &&
	       kx_root_exists(root, "/sys/kernel/security/ima/policy");
}

static enum kx_fact find_ima_appraisal(struct kx_root *root, const struct kx_machine *machine)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };

	if (ima_must_appraise(machine))
		return KX_YES;
	if (!ima_enforces(machine->cmdline))
		return KX_NO;
	if (kx_root_read(root, "/sys/kernel/security/ima/policy", KX_CAP_FILE, &blob) >= 0)
		return policy_appraises_kexec(kx_blob_view(&blob));
	return policy_is_built_in(root, &machine->config) ? KX_NO : KX_UNKNOWN;
}

/*
 * The list's first entry is there on every kernel with IMA and says only how the machine was
 * booted. The list is handed on by kexec_file_load alone, and only by kernels with CONFIG_IMA_KEXEC
 * (security/integrity/ima/ima_kexec.c).
 */
static int read_ima_list(struct kx_root *root, struct kx_machine *machine)
{
	uint64_t count;
	int r;

	if (machine->config.ima_kexec == KX_NO) {
		machine->ima_measures = KX_NO;
		return 0;
	}
	r = kx_root_u64(root, "/sys/kernel/security/ima/runtime_measurements_count", &count);
	if (r >= 0)
		machine->ima_measures = count > 1 ? KX_YES : KX_NO;
	return r;
}

int kx_read_ima(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	int r;

	if (!kx_root_exists(root, "/sys/kernel/security/ima")) {
		if (!is_not_there(root, machine->config.ima))
			return 0;
		machine->ima_appraises_kexec = KX_NO;
		machine->ima_measures = KX_NO;
		return 0;
	}
	machine->ima_appraises_kexec = find_ima_appraisal(root, machine);
	r = read_ima_list(root, machine);
	return r == -EBADMSG ? kx_fail(err, EBADMSG,
				       "/sys/kernel/security/ima/runtime_measurements_count is "
				       "not a number")
			     : r;
}
