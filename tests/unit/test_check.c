// SPDX-License-Identifier: GPL-2.0-or-later
/* What `kexec check` says, and which of the two calls may be used. */
#include "base/overflow.h"
#include "machine_tree.h"

/* A machine on which everything is possible. */
static struct kx_machine good(void)
{
	struct kx_machine m = {
		.arch = KX_ARCH_X86_64,
		.mem_total = UINT64_C(4) << 30,
		.mem_available = UINT64_C(3) << 30,
		.have_firmware_map = true,
		.guest = KX_NO,
		.lockdown = KX_LOCKDOWN_NONE,
		.secure_boot = KX_NO,
		.load_disabled = KX_NO,
		.have_limit_reboot = true,
		.limit_reboot = -1,
		.have_limit_panic = true,
		.limit_panic = -1,
		.kexec_core = KX_YES,
		.cap_sys_boot = KX_YES,
		.init_pid_ns = KX_YES,
		.ima_appraises_kexec = KX_NO,
		.ima_measures = KX_NO,
		.kho_active = KX_NO,
		.config = { .kexec = KX_YES, .kexec_file = KX_YES, .kexec_sig_force = KX_NO },
	};

	m.iomem.have = true;
	m.config.path = (char *)(uintptr_t) "/boot/config-6.1";
	m.release = (char *)(uintptr_t) "6.1";
	return m;
}

static void assert_allowed(const struct kx_machine *m, enum kx_method method, bool for_crash,
			   enum kx_fact expected, const char *why)
{
	struct kx_error err = { "x" };
	enum kx_fact fact = kx_allowed(m, method, for_crash, &err);

	if (fact != expected)
		fail_msg("%s is %s: %s", kx_method_name(method), kx_fact_name(fact), err.text);
	if (!why)
		assert_string_equal(err.text, "");
	else if (!strstr(err.text, why))
		fail_msg("\"%s\" is not in \"%s\"", why, err.text);
}

#define LOAD KX_METHOD_LOAD
#define FILE_LOAD KX_METHOD_FILE_LOAD
#define AUTO KX_METHOD_AUTO

static void test_all_allowed(void **state)
{
	struct kx_machine m = good();

	assert_allowed(&m, LOAD, false, KX_YES, NULL);
	assert_allowed(&m, FILE_LOAD, false, KX_YES, NULL);
	assert_allowed(&m, AUTO, true, KX_YES, NULL);
}

/* What forbids kexec_load alone. */
static void assert_load_only(const struct kx_machine *m, const char *why)
{
	assert_allowed(m, LOAD, false, KX_NO, why);
	assert_allowed(m, FILE_LOAD, false, KX_YES, NULL);
	assert_allowed(m, AUTO, false, KX_YES, NULL);
}

static void test_what_forbids_kexec_load(void **state)
{
	struct kx_machine m = good();

	m.lockdown = KX_LOCKDOWN_INTEGRITY;
	assert_load_only(&m, "locked down (integrity)");
	m.lockdown = KX_LOCKDOWN_CONFIDENTIALITY;
	assert_load_only(&m, "locked down (confidentiality)");
	m = good();
	m.config.kexec_sig_force = KX_YES;
	assert_load_only(&m, "CONFIG_KEXEC_SIG_FORCE");
	m = good();
	m.ima_appraises_kexec = KX_YES;
	assert_load_only(&m, "IMA appraises");
	m = good();
	m.ima_measures = KX_YES;
	assert_load_only(&m, "measurement list");
	m = good();
	m.kho_active = KX_YES;
	assert_load_only(&m, "Kexec Handover is active");
	m = good();
	m.config.kexec = KX_NO;
	assert_load_only(&m, "without CONFIG_KEXEC (/boot/config-6.1)");
}

static void assert_neither(const struct kx_machine *m, const char *why)
{
	assert_allowed(m, LOAD, false, KX_NO, why);
	assert_allowed(m, FILE_LOAD, false, KX_NO, why);
	assert_allowed(m, AUTO, false, KX_NO, "; kexec_file_load: ");
}

static void test_what_forbids_both(void **state)
{
	struct kx_machine m = good();

	m.load_disabled = KX_YES;
	assert_neither(&m, "kernel.kexec_load_disabled is 1");
	m = good();
	m.limit_reboot = 0;
	assert_neither(&m, "kernel.kexec_load_limit_reboot is 0");
	assert_allowed(&m, LOAD, true, KX_YES, NULL);
	m = good();
	m.limit_panic = 0;
	assert_allowed(&m, LOAD, true, KX_NO, "kernel.kexec_load_limit_panic is 0");
	assert_allowed(&m, FILE_LOAD, true, KX_NO, "kernel.kexec_load_limit_panic is 0");
	assert_allowed(&m, LOAD, false, KX_YES, NULL);
	m.have_limit_panic = false;
	assert_allowed(&m, LOAD, true, KX_YES, NULL);
	m = good();
	m.cap_sys_boot = KX_NO;
	assert_neither(&m, "CAP_SYS_BOOT");
	m = good();
	m.xen_dom0 = true;
	assert_neither(&m, "Xen dom0");
	m = good();
	m.xen_pv = true;
	assert_neither(&m, "paravirtualised");
	m = good();
	m.config = (struct kx_config){ 0 };
	m.kexec_core = KX_NO;
	assert_neither(&m, "built without kexec");
}

static void test_file_load_not_built_in(void **state)
{
	struct kx_machine m = good();

	m.config.kexec_file = KX_NO;
	assert_allowed(&m, FILE_LOAD, false, KX_NO, "CONFIG_KEXEC_FILE");
	assert_allowed(&m, LOAD, false, KX_YES, NULL);
	m.lockdown = KX_LOCKDOWN_INTEGRITY;
	assert_allowed(&m, AUTO, false, KX_NO, "kexec_load: the kernel is locked down");
	assert_allowed(&m, AUTO, false, KX_NO, "kexec_file_load: the running kernel was built");
}

static void test_one_load_left_is_enough(void **state)
{
	struct kx_machine m = good();

	m.limit_reboot = 1;
	assert_allowed(&m, LOAD, false, KX_YES, NULL);
}

static void test_what_is_not_known(void **state)
{
	struct kx_machine m = good();

	m.config = (struct kx_config){ 0 };
	assert_allowed(&m, LOAD, false, KX_UNKNOWN, "CONFIG_KEXEC");
	assert_allowed(&m, AUTO, false, KX_UNKNOWN, "CONFIG_KEXEC_FILE");
	m.lockdown = KX_LOCKDOWN_INTEGRITY; /* a known obstacle counts more */
	assert_allowed(&m, LOAD, false, KX_NO, "locked down");
	assert_allowed(&m, AUTO, false, KX_UNKNOWN, "locked down");
	m = good();
	m.cap_sys_boot = KX_UNKNOWN;
	assert_allowed(&m, FILE_LOAD, false, KX_UNKNOWN, "CAP_SYS_BOOT");
	m = good();
	m.lockdown = KX_LOCKDOWN_UNKNOWN;
	assert_allowed(&m, LOAD, false, KX_YES, NULL);
	m.secure_boot = KX_YES;
	assert_allowed(&m, LOAD, false, KX_UNKNOWN, "Secure Boot or lockdown=");
}

/* ---- the report ------------------------------------------------------------------------------ */

static const char *const ids[] = {
	"config.kexec",
	"config.kexec_file",
	"config.kexec_sig",
	"sysctl.kexec_load_disabled",
	"sysctl.kexec_load_limit_reboot",
	"sysctl.kexec_load_limit_panic",
	"lockdown",
	"secure_boot",
	"ima",
	"handover",
	"capability",
	"pid_namespace",
	"xen",
	"confidential",
	"hypervisor",
	"memory",
	"memory_map",
	"kexec_load",
	"kexec_file_load",
};

static void test_order_is_stable(void **state)
{
	struct kx_machine m = good();
	struct kx_report report;
	struct kx_error err;

	assert_int_equal(kx_check(&m, &report, &err), 0);
	assert_int_equal(report.count, KX_ARRAY_SIZE(ids));
	for (size_t i = 0; i < report.count; i++) {
		const struct kx_finding *f = &report.findings[i];

		assert_string_equal(f->id, ids[i]);
		if (f->verdict != KX_YES || f->warning || f->remedy)
			fail_msg("%s: %s", f->id, f->found);
	}
	kx_report_clear(&report);
	assert_int_equal(report.count, 0);
}

static const struct kx_finding *find(const struct kx_report *report, const char *id)
{
	for (size_t i = 0; i < report->count; i++)
		if (!strcmp(report->findings[i].id, id))
			return &report->findings[i];
	fail_msg("no finding %s", id);
	abort();
}

static void assert_finding(const struct kx_machine *m, const char *id, enum kx_fact verdict,
			   bool warning, const char *found, const char *remedy)
{
	_cleanup_(kx_report_clear) struct kx_report report = { 0 };
	const struct kx_finding *f;
	struct kx_error err;

	assert_int_equal(kx_check(m, &report, &err), 0);
	f = find(&report, id);
	if (f->verdict != verdict || f->warning != warning || !strstr(f->found, found))
		fail_msg("%s: %s, warning %d, %s", id, kx_fact_name(f->verdict), f->warning,
			 f->found);
	if (remedy && (!f->remedy || !strstr(f->remedy, remedy)))
		fail_msg("%s: remedy %s", id, f->remedy);
	if (!remedy)
		assert_null(f->remedy);
}

static void test_configuration(void **state)
{
	struct kx_machine m = good();

	m.config.kexec = KX_NO;
	assert_finding(&m, "config.kexec", KX_YES, true, "is not set in /boot/config-6.1",
		       "CONFIG_KEXEC=y");
	assert_finding(&m, "kexec_load", KX_YES, true, "without CONFIG_KEXEC", NULL);
	m.config.kexec_file = KX_NO;
	assert_finding(&m, "config.kexec", KX_NO, false, "is not set", "to have kexec_load");
	assert_finding(&m, "config.kexec_file", KX_NO, false, "is not set", "kexec_file_load");
	assert_finding(&m, "kexec_load", KX_NO, false, "without CONFIG_KEXEC", NULL);
	m.config = (struct kx_config){ 0 };
	assert_finding(&m, "config.kexec", KX_UNKNOWN, false, "sysfs has kexec_loaded",
		       "/boot/config-6.1");
	assert_finding(&m, "config.kexec_sig", KX_UNKNOWN, false, "no configuration", NULL);
	m.release = NULL;
	m.kexec_core = KX_UNKNOWN;
	assert_finding(&m, "config.kexec_file", KX_UNKNOWN, false, "could not be read either",
		       "/boot/config-RELEASE");
	m.kexec_core = KX_NO;
	assert_finding(&m, "config.kexec", KX_NO, false, "sysfs has no kexec_loaded",
		       "CONFIG_KEXEC=y");
	m = good();
	m.config.kexec_sig_force = KX_YES;
	assert_finding(&m, "config.kexec_sig", KX_YES, true, "only signed kernels", "signed");
	m.config.kexec_sig_force = KX_NO;
	m.config.kexec_sig = KX_YES;
	assert_finding(&m, "config.kexec_sig", KX_YES, false, "only when the kernel is locked",
		       NULL);
}

static void test_sysctls(void **state)
{
	struct kx_machine m = good();

	m.load_disabled = KX_YES;
	assert_finding(&m, "sysctl.kexec_load_disabled", KX_NO, false, "1", "reboot");
	m.load_disabled = KX_UNKNOWN;
	assert_finding(&m, "sysctl.kexec_load_disabled", KX_UNKNOWN, false, "could not be", NULL);
	m.kexec_core = KX_NO;
	assert_finding(&m, "sysctl.kexec_load_disabled", KX_YES, false, "no such switch", NULL);
	m.limit_reboot = 0;
	assert_finding(&m, "sysctl.kexec_load_limit_reboot", KX_NO, false, "0: no next", "reboot");
	m.limit_reboot = 1;
	assert_finding(&m, "sysctl.kexec_load_limit_reboot", KX_YES, true, "1 more", NULL);
	m.limit_reboot = 2;
	assert_finding(&m, "sysctl.kexec_load_limit_reboot", KX_YES, false, "2 more", NULL);
	m.have_limit_reboot = false;
	assert_finding(&m, "sysctl.kexec_load_limit_reboot", KX_YES, false, "no such limit", NULL);
	m.limit_panic = 0;
	assert_finding(&m, "sysctl.kexec_load_limit_panic", KX_YES, true, "0: no crash", "reboot");
}

static void test_locks(void **state)
{
	struct kx_machine m = good();

	m.lockdown = KX_LOCKDOWN_INTEGRITY;
	assert_finding(&m, "lockdown", KX_YES, true, "integrity", "signed");
	m.config.kexec_file = KX_NO;
	assert_finding(&m, "lockdown", KX_NO, true, "integrity", "signed");
	m.lockdown = KX_LOCKDOWN_UNKNOWN;
	assert_finding(&m, "lockdown", KX_UNKNOWN, false, "could not be read", "securityfs");
	m.secure_boot = KX_YES;
	assert_finding(&m, "secure_boot", KX_YES, false, "on", NULL);
	m.secure_boot = KX_UNKNOWN;
	assert_finding(&m, "secure_boot", KX_YES, false, "not known", NULL);
	m.ima_appraises_kexec = KX_YES;
	assert_finding(&m, "ima", KX_YES, true, "appraises", "IMA signature");
	m.ima_appraises_kexec = KX_UNKNOWN;
	assert_finding(&m, "ima", KX_UNKNOWN, false, "could not be read", NULL);
	m.ima_measures = KX_YES;
	assert_finding(&m, "ima", KX_YES, false, "measurement list", NULL);
	m.kho_active = KX_YES;
	assert_finding(&m, "handover", KX_YES, false, "active: ", NULL);
	m.kho_active = KX_UNKNOWN;
	assert_finding(&m, "handover", KX_UNKNOWN, false, "not known", NULL);
}

static void test_process(void **state)
{
	struct kx_machine m = good();

	m.cap_sys_boot = KX_NO;
	assert_finding(&m, "capability", KX_NO, false, "missing", "run as root");
	m.cap_sys_boot = KX_UNKNOWN;
	assert_finding(&m, "capability", KX_UNKNOWN, false, "could not be read", NULL);
	m.init_pid_ns = KX_NO;
	assert_finding(&m, "pid_namespace", KX_NO, false, "nested", "outside of the container");
	m.init_pid_ns = KX_UNKNOWN;
	assert_finding(&m, "pid_namespace", KX_UNKNOWN, false, "could not be read", NULL);
}

static void test_virtual_machines(void **state)
{
	struct kx_machine m = good();

	m.xen_dom0 = true;
	assert_finding(&m, "xen", KX_NO, false, "dom0", "not supported yet");
	m.xen_dom0 = false;
	m.xen_pv = true;
	assert_finding(&m, "xen", KX_NO, false, "paravirtualised", "PVH");
	m = good();
	m.confidential = KX_CC_TDX;
	assert_finding(&m, "confidential", KX_YES, true, "TDX", "must support TDX");
	m.confidential = KX_CC_SEV_SNP;
	assert_finding(&m, "confidential", KX_YES, true, "SEV-SNP", "must support");
	m.guest = KX_YES;
	assert_finding(&m, "hypervisor", KX_YES, false, "without a known name", NULL);
	m.hypervisor = (char *)(uintptr_t) "KVM";
	assert_finding(&m, "hypervisor", KX_YES, false, "KVM", NULL);
	m = good();
	m.guest = KX_UNKNOWN;
	assert_finding(&m, "hypervisor", KX_YES, false, "not known", NULL);
}

static void test_memory(void **state)
{
	struct kx_machine m = good();

	assert_finding(&m, "memory", KX_YES, false,
		       "3 GiB available of 4 GiB; the kernel takes a load of 2 GiB at most", NULL);
	m.mem_available = 100 << 20;
	assert_finding(&m, "memory", KX_YES, true, "100 MiB available", "free some memory");
	m.mem_total = 0;
	assert_finding(&m, "memory", KX_UNKNOWN, false, "could not be read", NULL);
	m.iomem.hidden = true;
	assert_finding(&m, "memory_map", KX_UNKNOWN, false, "hides addresses", "run as root");
	m.iomem = (struct kx_iomem){ 0 };
	assert_finding(&m, "memory_map", KX_UNKNOWN, false, "could not be read", "run as root");
	m = good();
	m.have_firmware_map = false;
	assert_finding(&m, "memory_map", KX_YES, true, "no /sys/firmware/memmap", NULL);
	m.arch = KX_ARCH_ARM64;
	assert_finding(&m, "memory_map", KX_YES, false, "no /sys/firmware/memmap", NULL);
}

static void test_captured_machines(void **state)
{
	_machine_ struct kx_machine *bios = machine_of("debian12-bios-q35"),
				    *laptop = machine_of("laptop-uefi-lockdown"),
				    *xen = machine_of("xen-dom0"),
				    *user = machine_of("unprivileged");

	assert_allowed(bios, LOAD, false, KX_YES, NULL);
	assert_allowed(bios, FILE_LOAD, false, KX_YES, NULL);
	assert_load_only(laptop, "locked down (integrity)");
	assert_neither(xen, "Xen dom0");
	assert_neither(user, "CAP_SYS_BOOT");
	assert_finding(user, "memory_map", KX_UNKNOWN, false, "hides addresses", "root");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_allowed),
		cmocka_unit_test(test_what_forbids_kexec_load),
		cmocka_unit_test(test_what_forbids_both),
		cmocka_unit_test(test_file_load_not_built_in),
		cmocka_unit_test(test_one_load_left_is_enough),
		cmocka_unit_test(test_what_is_not_known),
		cmocka_unit_test(test_order_is_stable),
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_sysctls),
		cmocka_unit_test(test_locks),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_virtual_machines),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_captured_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
