// SPDX-License-Identifier: GPL-2.0-or-later
/* One fact each: a captured machine with one thing changed. */
#include <elf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/overflow.h"
#include "base/endian.h"
#include "machine/readers.h"
#include "machine_tree.h"
#include "sample_compress.h"

/* ---- serial ports ---------------------------------------------------------------------------- */

static void assert_uart(const char *root, const char *cmdline, enum kx_uart_kind kind,
			uint64_t base, uint32_t baud, const char *found)
{
	_machine_ struct kx_machine *m = NULL;

	tree_write(root, "/proc/cmdline", cmdline);
	m = machine_read(root);
	if (m->uart.kind != kind || m->uart.base != base || m->uart.baud != baud)
		fail_msg("%s: kind %d, base 0x%llx, %u baud", cmdline, m->uart.kind,
			 (unsigned long long)m->uart.base, m->uart.baud);
	if (found)
		assert_string_equal(m->uart.found, found);
}

static void test_uart_of_cmdline(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");

	assert_uart(root, "console=ttyS0\n", KX_UART_IO, 0x3f8, 0, "console=");
	assert_uart(root, "console=ttyS1,9600n8\n", KX_UART_IO, 0x2f8, 9600, "console=");
	assert_uart(root, "console=ttyS3,9600 console=ttyS2\n", KX_UART_IO, 0x3e8, 0, "console=");
	assert_uart(root, "console=ttyS2 console=tty0\n", KX_UART_IO, 0x3e8, 0, "console=");
	assert_uart(root, "console=ttyS4\n", KX_UART_NONE, 0, 0, NULL); /* no fifth on a PC */
	assert_uart(root, "console=ttyS\n", KX_UART_NONE, 0, 0, NULL);
	assert_uart(root, "console=ttyS256\n", KX_UART_NONE, 0, 0, NULL);
	assert_uart(root, "console=tty0 console quiet\n", KX_UART_NONE, 0, 0, NULL);
	assert_uart(root, "console=uart8250,io,0x2f8,57600n8\n", KX_UART_IO, 0x2f8, 57600,
		    "console=");
	assert_uart(root, "console=uart,mmio,0xfe000000\n", KX_UART_MMIO, 0xfe000000, 0,
		    "console=");
	assert_uart(root, "console=ttyS0,99999999999999999999\n", KX_UART_IO, 0x3f8, 0, "console=");
	assert_uart(root, "earlycon=uart8250,mmio32,0xfedc9000,115200\n", KX_UART_MMIO, 0xfedc9000,
		    115200, "earlycon=");
	assert_uart(root, "earlycon=uart8250,mmio32\n", KX_UART_NONE, 0, 0, NULL);
	assert_uart(root, "earlycon=pl011,mmio32,0x9000000\n", KX_UART_NONE, 0, 0, NULL);
	assert_uart(root, "earlycon=uart,io,0x10000\n", KX_UART_NONE, 0, 0, NULL);
	assert_uart(root, "earlycon=uart,disk,0x3f8\n", KX_UART_NONE, 0, 0, NULL);
	assert_uart(root, "earlyprintk=serial\n", KX_UART_IO, 0x3f8, 0, "earlyprintk=");
	assert_uart(root, "earlyprintk=serial,ttyS1,115200\n", KX_UART_IO, 0x2f8, 115200,
		    "earlyprintk=");
	assert_uart(root, "earlyprintk=serial,0x1020,9600,keep\n", KX_UART_IO, 0x1020, 9600,
		    "earlyprintk=");
	assert_uart(root, "earlyprintk=serial,0x10000\n", KX_UART_NONE, 0, 0, NULL);
	assert_uart(root, "earlyprintk=ttyS1,9600\n", KX_UART_IO, 0x2f8, 9600, "earlyprintk=");
	assert_uart(root, "earlyprintk=vga earlyprintk=\n", KX_UART_NONE, 0, 0, NULL);
	assert_uart(root, "console=ttyS1 earlyprintk=ttyS0\n", KX_UART_IO, 0x2f8, 0, "console=");
	assert_uart(root, "earlyprintk=ttyS0 console=ttyS1\n", KX_UART_IO, 0x2f8, 0, "console=");
}

static void set_tty(const char *root, const char *io_type, const char *port, const char *iomem,
		    const char *shift)
{
	tree_write(root, "/sys/class/tty/ttyS0/io_type", io_type);
	tree_write(root, "/sys/class/tty/ttyS0/port", port);
	tree_write(root, "/sys/class/tty/ttyS0/iomem_base", iomem);
	tree_write(root, "/sys/class/tty/ttyS0/iomem_reg_shift", shift);
}

static void test_uart_of_driver(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	_machine_ struct kx_machine *m = NULL;
	const char *cmdline = "console=ttyS0\n";

	set_tty(root, "0\n", "0x1020\n", "0x0\n", "0\n");
	assert_uart(root, cmdline, KX_UART_IO, 0x1020, 0, NULL);
	set_tty(root, "0\n", "0x10200\n", "0x0\n", "0\n");
	assert_uart(root, cmdline, KX_UART_NONE, 0, 0, NULL);
	set_tty(root, "0\n", "0x0\n", "0x0\n", "0\n"); /* a driver without a port */
	assert_uart(root, cmdline, KX_UART_NONE, 0, 0, NULL);
	set_tty(root, "2\n", "0x0\n", "0xFE000000\n", "0\n");
	assert_uart(root, cmdline, KX_UART_MMIO, 0xfe000000, 0, NULL);
	set_tty(root, "7\n", "0x0\n", "0xFE000000\n", "1\n");
	assert_uart(root, cmdline, KX_UART_MMIO, 0xfe000000, 0, NULL);
	set_tty(root, "6\n", "0x0\n", "0xFE000000\n", "2\n"); /* big-endian */
	assert_uart(root, cmdline, KX_UART_NONE, 0, 0, NULL);
	set_tty(root, "3\n", "0x0\n", "0xFE000000\n", "9\n");
	assert_uart(root, cmdline, KX_UART_NONE, 0, 0, NULL);
	set_tty(root, "3\n", "0x0\n", "0xFE000000\n", "2\n");
	tree_write(root, "/proc/cmdline", cmdline);
	m = machine_read(root);
	assert_int_equal(m->uart.access_width, 4);
	assert_int_equal(m->uart.reg_shift, 2);
}

static void test_uart_not_on_other_machines_by_number(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");

	tree_write(root, "/proc/sys/kernel/arch", "aarch64\n");
	assert_uart(root, "console=ttyS1\n", KX_UART_NONE, 0, 0, NULL);
}

static void test_uart_of_consoles(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");

	tree_write(root, "/proc/consoles",
		   "tty0                 -WU (EC  p  )    4:1\n\n"
		   "ttyS1                -W- (E   p a)    4:65\n");
	assert_uart(root, "quiet\n", KX_UART_IO, 0x2f8, 0, "/proc/consoles");
}

static void test_uart_of_spcr(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	uint8_t table[80] = "SPCR", sum = 0;

	kx_put_le32(table + 4, 80);
	table[40] = 1;
	kx_put_le64(table + 44, 0x2f8);
	table[58] = 3;
	for (unsigned i = 0; i < 80; i++)
		sum = (uint8_t)(sum + table[i]);
	table[9] = (uint8_t)-sum;
	tree_write_bytes(root, "/sys/firmware/acpi/tables/SPCR", table, sizeof(table));
	assert_uart(root, "quiet\n", KX_UART_IO, 0x2f8, 9600, "SPCR");
	table[58] = 4; /* a wrong checksum, as firmware has it, is no reason to fail */
	tree_write_bytes(root, "/sys/firmware/acpi/tables/SPCR", table, sizeof(table));
	assert_uart(root, "quiet\n", KX_UART_NONE, 0, 0, NULL);
}

/* ---- the processor --------------------------------------------------------------------------- */

static void set_flags(const char *root, const char *flags)
{
	_cleanup_free_ char *text = tree_path("flags\t\t: fpu ", flags);

	tree_write(root, "/proc/cpuinfo", text);
}

static void assert_confidential(const char *root, enum kx_confidential kind, unsigned c_bit)
{
	_machine_ struct kx_machine *m = machine_read(root);

	assert_int_equal(m->confidential, kind);
	assert_int_equal(m->c_bit, c_bit);
}

static void test_confidential_by_flags(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");

	set_flags(root, "sev sev_es sev_snp\n"); /* a host that can have such guests */
	assert_confidential(root, KX_CC_NONE, 0);
	set_flags(root, "hypervisor sev sev_es sev_snp\n");
	assert_confidential(root, KX_CC_SEV_SNP, 0);
	set_flags(root, "hypervisor sev sev_es\n");
	assert_confidential(root, KX_CC_SEV_ES, 0);
	set_flags(root, "hypervisor sev\n");
	assert_confidential(root, KX_CC_SEV, 0);
	set_flags(root, "hypervisor tdx_guest\n");
	assert_confidential(root, KX_CC_TDX, 0);
	set_flags(root, "hypervisor\n");
	assert_confidential(root, KX_CC_NONE, 0);
}

static void test_confidential_by_cpuid(void **state)
{
	_tree_ char *root = tree_copy("sev-snp");

	tree_write(root, "/kexec-next/cpuid-8000001f", "0x2 0x6f\n");
	assert_confidential(root, KX_CC_SEV, 47);
	tree_write(root, "/kexec-next/cpuid-8000001f", "0xa 0x6f\n");
	assert_confidential(root, KX_CC_SEV_ES, 47);
	tree_write(root, "/kexec-next/cpuid-8000001f", "0x1 0x6f\n"); /* SME alone */
	assert_confidential(root, KX_CC_NONE, 0);
	tree_write(root, "/kexec-next/cpuid-8000001f", "0x1a\n");
	assert_confidential(root, KX_CC_NONE, 0);
	tree_write(root, "/kexec-next/cpuid-8000001f", "0x10000001a 0x1\n");
	assert_confidential(root, KX_CC_NONE, 0);
	set_flags(root, "x\n"); /* a host */
	tree_write(root, "/kexec-next/cpuid-8000001f", "0x1a 0x173\n");
	assert_confidential(root, KX_CC_NONE, 0);
}

static void test_confidential_by_kernel(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	uint8_t boot_params[KX_BOOT_PARAMS_SIZE] = { 0 };

	kx_put_le32(boot_params + 0x13c, 0x1000);
	tree_write_bytes(root, "/sys/kernel/boot_params/data", boot_params, sizeof(boot_params));
	assert_confidential(root, KX_CC_SEV_SNP, 0);
	tree_remove(root, "/sys/kernel/boot_params/data");
	assert_confidential(root, KX_CC_NONE, 0);
	tree_folder(root, "/sys/devices/platform/sev-guest");
	assert_confidential(root, KX_CC_SEV_SNP, 0);
}

static void test_five_levels(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	_machine_ struct kx_machine *m = NULL;

	set_flags(root, "la57 sse4_2\n");
	m = machine_read(root);
	assert_int_equal(m->la57, KX_YES);
	assert_int_equal(m->sse42, KX_YES);
	assert_int_equal(m->guest, KX_NO);
}

/* ---- hypervisors ----------------------------------------------------------------------------- */

static void assert_hypervisor(const char *root, const char *vendor, const char *product,
			      const char *name)
{
	_machine_ struct kx_machine *m = NULL;

	tree_write(root, "/sys/devices/virtual/dmi/id/sys_vendor", vendor);
	tree_write(root, "/sys/devices/virtual/dmi/id/product_name", product);
	m = machine_read(root);
	if (name)
		assert_string_equal(m->hypervisor, name);
	else
		assert_null(m->hypervisor);
}

static void test_hypervisors(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");

	assert_hypervisor(root, "VMware, Inc.\n", "VMware7,1\n", "VMware");
	assert_hypervisor(root, "Microsoft Corporation\n", "Virtual Machine\n", "Hyper-V");
	assert_hypervisor(root, "Red Hat\n", "KVM\n", "KVM");
	assert_hypervisor(root, "BHYVE\n", "BHYVE\n", "bhyve");
	assert_hypervisor(root, "Somebody\n", "Something\n", NULL);
	tree_write(root, "/sys/hypervisor/type", "xen\n");
	tree_write(root, "/sys/hypervisor/guest_type", "HVM\n");
	assert_hypervisor(root, "Xen\n", "HVM domU\n", "Xen");
	tree_write(root, "/sys/hypervisor/type", "zen\n");
	set_flags(root, "no hypervisors\n");
	assert_hypervisor(root, "Microsoft Corporation\n", "Surface Laptop\n", NULL);
}

/* ---- the screen ------------------------------------------------------------------------------ */

static void assert_fb(const char *root, const char *text, enum kx_fact firmware, const char *name)
{
	_machine_ struct kx_machine *m = NULL;

	tree_write(root, "/proc/fb", text);
	m = machine_read(root);
	assert_int_equal(m->firmware_fb, firmware);
	if (name)
		assert_string_equal(m->fb_name, name);
	else
		assert_null(m->fb_name);
}

static void test_frame_buffers(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");

	assert_fb(root, "0 VESA VGA\n", KX_YES, "VESA VGA");
	assert_fb(root, "0 simple\n", KX_YES, "simple");
	assert_fb(root, "0 simpledrmdrmfb\n", KX_YES, "simpledrmdrmfb");
	assert_fb(root, "0 amdgpudrmfb\n", KX_NO, "amdgpudrmfb");
	assert_fb(root, "0 amdgpudrmfb\n1 EFI VGA\n", KX_YES, "amdgpudrmfb");
	assert_fb(root, "\n", KX_NO, NULL);
}

/* ---- locks ----------------------------------------------------------------------------------- */

#define BIOS_CONFIG "/boot/config-6.1.0-50-cloud-amd64"

static void test_lockdown(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	struct kx_machine *m;

	tree_write(root, "/sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
	m = machine_read(root);
	assert_int_equal(m->lockdown, KX_LOCKDOWN_CONFIDENTIALITY);
	kx_machine_free(m);
	tree_write(root, "/sys/kernel/security/lockdown", "none integrity confidentiality\n");
	assert_unreadable(root, EBADMSG, "/sys/kernel/security/lockdown");
	tree_remove(root, "/sys/kernel/security/lockdown");
	tree_write(root, BIOS_CONFIG, "CONFIG_SECURITY_LOCKDOWN_LSM=y\n");
	m = machine_read(root);
	assert_int_equal(m->lockdown, KX_LOCKDOWN_UNKNOWN);
	kx_machine_free(m);
	tree_write(root, BIOS_CONFIG, "# CONFIG_SECURITY_LOCKDOWN_LSM is not set\n");
	m = machine_read(root);
	assert_int_equal(m->lockdown, KX_LOCKDOWN_NONE);
	kx_machine_free(m);
	tree_remove(root, BIOS_CONFIG);
	tree_write(root, "/sys/kernel/security/lsm", "capability,yama\n");
	m = machine_read(root);
	assert_int_equal(m->lockdown, KX_LOCKDOWN_NONE);
	kx_machine_free(m);
}

static void assert_secure_boot(const char *root, enum kx_fact expected)
{
	_machine_ struct kx_machine *m = machine_read(root);

	assert_int_equal(m->secure_boot, expected);
}

static void test_secure_boot(void **state)
{
	static const char variable[] =
		"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
	_tree_ char *root = tree_copy("debian12-ovmf");
	uint8_t boot_params[KX_BOOT_PARAMS_SIZE] = { [0x1ec] = 3 };

	tree_write_bytes(root, "/sys/kernel/boot_params/data", boot_params, sizeof(boot_params));
	assert_secure_boot(root, KX_YES);
	boot_params[0x1ec] = 0;
	tree_write_bytes(root, "/sys/kernel/boot_params/data", boot_params, sizeof(boot_params));
	assert_secure_boot(root, KX_UNKNOWN);
	tree_write_bytes(root, variable, "\6\0\0\0\1", 5);
	assert_secure_boot(root, KX_YES);
	tree_write_bytes(root, variable, "\6\0\0\0\0", 5);
	assert_secure_boot(root, KX_NO);
	tree_write_bytes(root, variable, "\6\0\0\0", 4);
	assert_secure_boot(root, KX_UNKNOWN);
	tree_write_bytes(root, variable, "\6\0\0\0\1\1", 6);
	assert_secure_boot(root, KX_UNKNOWN);
	boot_params[0x1ec] = 2;
	tree_write_bytes(root, "/sys/kernel/boot_params/data", boot_params, sizeof(boot_params));
	tree_write_bytes(root, variable, "\6\0\0\0\1", 5);
	assert_secure_boot(root, KX_NO);
}

static void assert_ima(const char *root, enum kx_fact appraises, enum kx_fact measures)
{
	_machine_ struct kx_machine *m = machine_read(root);

	assert_int_equal(m->ima_appraises_kexec, appraises);
	assert_int_equal(m->ima_measures, measures);
}

#define IMA "/sys/kernel/security/ima"

static void test_ima_policy(void **state)
{
	_tree_ char *root = tree_copy("debian12-ovmf");

	tree_write(root, IMA "/policy",
		   "dont_appraise fsmagic=0x9fa0\nappraise func=MODULE_CHECK\n"
		   "appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig\n");
	assert_ima(root, KX_YES, KX_NO);
	tree_write(root, "/proc/cmdline", "ima_appraise=fix\n");
	assert_ima(root, KX_NO, KX_NO);
	tree_write(root, "/proc/cmdline", "quiet\n");
	tree_write(root, IMA "/policy", "measure func=KEXEC_KERNEL_CHECK\n");
	assert_ima(root, KX_NO, KX_NO);
	tree_write(root, "/proc/cmdline", "ima_policy=\"tcb|secure_boot\"\n");
	assert_ima(root, KX_YES, KX_NO);
	tree_write(root, "/proc/cmdline", "ima_policy=tcb\n");
	assert_ima(root, KX_NO, KX_NO);
	tree_remove(root, IMA "/policy"); /* one of its own was loaded, and cannot be read */
	assert_ima(root, KX_UNKNOWN, KX_NO);
}

static void test_ima_list(void **state)
{
	_tree_ char *root = tree_copy("debian12-ovmf");

	tree_write(root, "/boot/config-6.1.0-50-amd64", "CONFIG_KEXEC=y\nCONFIG_IMA_KEXEC=y\n");
	tree_write(root, IMA "/runtime_measurements_count", "1\n");
	assert_ima(root, KX_NO, KX_NO);
	tree_write(root, IMA "/runtime_measurements_count", "2\n");
	assert_ima(root, KX_NO, KX_YES);
	tree_write(root, IMA "/runtime_measurements_count", "many\n");
	assert_unreadable(root, EBADMSG, "runtime_measurements_count");
	tree_remove(root, IMA "/runtime_measurements_count");
	assert_ima(root, KX_NO, KX_UNKNOWN);
}

static void test_no_ima(void **state)
{
	_tree_ char *root = tree_copy("debian12-ovmf");

	tree_remove(root, IMA);
	tree_write(root, "/sys/kernel/security/lsm", "capability\n");
	assert_ima(root, KX_NO, KX_NO);
	tree_remove(root, "/sys/kernel/security");
	tree_write(root, "/boot/config-6.1.0-50-amd64", "CONFIG_IMA=y\n");
	assert_ima(root, KX_UNKNOWN, KX_UNKNOWN);
	tree_write(root, "/boot/config-6.1.0-50-amd64", "# CONFIG_IMA is not set\n");
	assert_ima(root, KX_NO, KX_NO);
}

/* ---- kexec's own state ----------------------------------------------------------------------- */

static void test_sysctls(void **state)
{
	_tree_ char *root = tree_copy("debian-sid-kho");
	struct kx_machine *m;

	tree_write(root, "/proc/sys/kernel/kexec_load_disabled", "1\n");
	tree_write(root, "/proc/sys/kernel/kexec_load_limit_reboot", "0\n");
	tree_write(root, "/proc/sys/kernel/kexec_load_limit_panic", "3\n");
	m = machine_read(root);
	assert_int_equal(m->load_disabled, KX_YES);
	assert_int_equal(m->limit_reboot, 0);
	assert_int_equal(m->limit_panic, 3);
	kx_machine_free(m);
	tree_write(root, "/proc/sys/kernel/kexec_load_limit_reboot", "-2\n");
	assert_unreadable(root, EBADMSG, "kexec_load_limit_reboot");
	tree_write(root, "/proc/sys/kernel/kexec_load_limit_reboot", "4294967295\n");
	assert_unreadable(root, EBADMSG, "kexec_load_limit_reboot");
	tree_write(root, "/proc/sys/kernel/kexec_load_limit_reboot", "1\n");
	tree_write(root, "/proc/sys/kernel/kexec_load_limit_panic", "\n");
	assert_unreadable(root, EBADMSG, "kexec_load_limit_panic");
	tree_write(root, "/proc/sys/kernel/kexec_load_limit_panic", "1\n");
	tree_write(root, "/proc/sys/kernel/kexec_load_disabled", "no\n");
	assert_unreadable(root, EBADMSG, "kexec_load_disabled");
}

/* ---- what a dump is described by ------------------------------------------------------------- */

#define CPUS "/sys/devices/system/cpu"

static void test_crash_notes(void **state)
{
	_tree_ char *root = tree_copy("debian-sid-kho");
	struct kx_machine *m;

	tree_write(root, CPUS "/cpu0/crash_notes", "3ec36600\n");
	tree_write(root, CPUS "/cpu0/crash_notes_size", "368\n");
	tree_write(root, CPUS "/cpu10/crash_notes", "13ec76600\n");
	tree_write(root, CPUS "/cpu10/crash_notes_size", "368\n");
	tree_write(root, CPUS "/cpu11/online", "1\n");
	tree_write(root, CPUS "/cpufreq/crash_notes", "1\n");
	tree_write(root, "/sys/kernel/vmcoreinfo", "0x000000000c1c4000 1024\n");
	tree_write(root, "/sys/kernel/crash_elfcorehdr_size", "917616\n");
	m = machine_read(root);
	assert_int_equal(m->crash.note_count, 2);
	assert_int_equal(m->crash.notes[0].start, 0x3ec36600);
	assert_int_equal(m->crash.notes[0].size, 368);
	assert_int_equal(m->crash.notes[1].start, 0x13ec76600);
	assert_int_equal(m->crash.vmcoreinfo.start, 0xc1c4000);
	assert_int_equal(m->crash.vmcoreinfo.size, 0x1024);
	assert_int_equal(m->crash.headers_size, 917616);
	assert_int_equal(m->crash.map.text_size, 0);
	kx_machine_free(m);
	tree_write(root, "/sys/kernel/kexec/crash_elfcorehdr_size", "4096\n");
	m = machine_read(root);
	assert_int_equal(m->crash.headers_size, 4096);
	kx_machine_free(m);
	tree_write(root, "/sys/kernel/kexec/crash_elfcorehdr_size", "large\n");
	assert_unreadable(root, EBADMSG, "crash_elfcorehdr_size");
	tree_write(root, "/sys/kernel/kexec/crash_elfcorehdr_size", "1\n");
	tree_write(root, "/sys/kernel/kexec/crash_cma_ranges",
		   "66000000-75ffffff\n100000000-10fffffff\n");
	m = machine_read(root);
	assert_int_equal(m->crash.cma.count, 2);
	assert_int_equal(m->crash.cma.v[0].start, 0x66000000);
	assert_int_equal(m->crash.cma.v[0].end, 0x76000000);
	assert_int_equal(m->crash.cma.v[1].end, 0x110000000);
	kx_machine_free(m);
	tree_write(root, "/sys/kernel/kexec/crash_cma_ranges", "66000000-65ffffff\n");
	assert_unreadable(root, EBADMSG, "crash_cma_ranges");
	tree_write(root, "/sys/kernel/kexec/crash_cma_ranges", "");
	tree_write(root, "/sys/kernel/vmcoreinfo", "0x000000000c1c4000\n");
	assert_unreadable(root, EBADMSG, "/sys/kernel/vmcoreinfo");
	tree_write(root, "/sys/kernel/vmcoreinfo", "0x1 0x2\n");
	tree_write(root, CPUS "/cpu0/crash_notes", "here\n");
	assert_unreadable(root, EBADMSG, "cpu0/crash_notes");
	tree_write(root, CPUS "/cpu0/crash_notes", "1\n");
	tree_write(root, CPUS "/cpu0/crash_notes_size", "x\n");
	assert_unreadable(root, EBADMSG, "cpu0/crash_notes_size");
}

/* A header of /proc/kcore with these PT_LOADs: virtual address, physical address, size. */
static size_t make_kcore(uint8_t *out, const uint64_t (*loads)[3], uint16_t count)
{
	Elf64_Ehdr ehdr = { .e_ident = "\177ELF\2\1\1",
			    .e_phentsize = sizeof(Elf64_Phdr),
			    .e_phnum = count };

	memcpy(out, &ehdr, sizeof(ehdr));
	for (size_t i = 0; i < count; i++) {
		Elf64_Phdr ph = { .p_type = PT_LOAD,
				  .p_vaddr = loads[i][0],
				  .p_paddr = loads[i][1],
				  .p_memsz = loads[i][2] };

		memcpy(out + sizeof(ehdr) + i * sizeof(ph), &ph, sizeof(ph));
	}
	return sizeof(ehdr) + count * sizeof(Elf64_Phdr);
}

static void test_kernel_map(void **state)
{
	_tree_ char *root = tree_copy("debian-sid-kho");
	uint64_t loads[][3] = {
		{ 0xffffffff98a00000, 0x1d200000, 0x2830000 },      /* text */
		{ 0xffffb94a80000000, UINT64_MAX, 0x1fffffffffff }, /* vmalloc */
		{ 0xffffffffc0000000, UINT64_MAX, 0x3f000000 },     /* modules */
		{ 0xffff8a15c0001000, 0x1000, 0x9e000 },
		{ 0xffff8a15c0100000, 0x100000, 0x3fe00000 },
		{ 0xffffffffff600000, UINT64_MAX, 0x1000 }, /* vsyscall */
	};
	struct kx_kernel_map map = { 0 };
	struct kx_error err = { 0 };
	struct kx_machine *m;
	uint8_t kcore[512];
	size_t size = make_kcore(kcore, loads, 6);

	tree_write_bytes(root, "/proc/kcore", kcore, size);
	m = machine_read(root);
	assert_int_equal(m->crash.map.text, 0xffffffff98a00000);
	assert_int_equal(m->crash.map.text_phys, 0x1d200000);
	assert_int_equal(m->crash.map.text_size, 0x2830000);
	assert_true(m->crash.map.have_direct);
	assert_int_equal(m->crash.map.direct, 0xffff8a15c0000000);
	kx_machine_free(m);

	assert_int_equal(kx_kcore_parse(kx_view_of(kcore, size - 1), &map, &err), -EBADMSG);
	assert_int_equal(kx_kcore_parse(kx_view_of(kcore, 63), &map, &err), -EBADMSG);
	loads[4][1] += 4096;
	make_kcore(kcore, loads, 6);
	assert_int_equal(kx_kcore_parse(kx_view_of(kcore, size), &map, &err), 0);
	assert_false(map.have_direct);
	loads[0][1] = 0;
	make_kcore(kcore, loads, 6);
	assert_int_equal(kx_kcore_parse(kx_view_of(kcore, size), &map, &err), 0);
	assert_int_equal(map.text_size, 0);
	kcore[4] = 1;
	assert_int_equal(kx_kcore_parse(kx_view_of(kcore, size), &map, &err), -EBADMSG);
	tree_write(root, "/proc/kcore", "no core\n");
	assert_unreadable(root, EBADMSG, "/proc/kcore");
}

static void test_loaded(void **state)
{
	_tree_ char *root = tree_copy("debian-sid-kho");
	uint64_t size;
	struct kx_machine *m;

	tree_write(root, "/sys/kernel/kexec/loaded", "1\n");
	tree_write(root, "/sys/kernel/kexec/crash_loaded", "1\n");
	tree_write(root, "/sys/kernel/kexec/crash_size", "268435456\n");
	tree_write(root, "/sys/kernel/kexec_loaded", "0\n"); /* the older path comes second */
	m = machine_read(root);
	assert_int_equal(kx_machine_loaded(m), KX_YES);
	assert_int_equal(kx_machine_crash_loaded(m), KX_YES);
	assert_int_equal(kx_machine_crash_size(m, &size), 0);
	assert_int_equal(size, 256 << 20);
	kx_machine_free(m);
	tree_write(root, "/sys/kernel/kexec/crash_size", "x\n");
	assert_unreadable(root, EBADMSG, "crash_size");
	tree_write(root, "/sys/kernel/kexec/crash_loaded", "x\n");
	assert_unreadable(root, EBADMSG, "crash_loaded");
	tree_write(root, "/sys/kernel/kexec/loaded", "x\n");
	assert_unreadable(root, EBADMSG, "kexec/loaded");
}

static void assert_kho(const char *root, const char *cmdline, enum kx_fact expected)
{
	_machine_ struct kx_machine *m = NULL;

	tree_write(root, "/proc/cmdline", cmdline);
	m = machine_read(root);
	if (m->kho_active != expected)
		fail_msg("%s: %s", cmdline, kx_fact_name(m->kho_active));
}

static void test_handover(void **state)
{
	_tree_ char *root = tree_copy("debian-sid-kho");
	const char *config = "/usr/lib/modules/7.2.13+deb14-cloud-amd64/config";

	assert_kho(root, "quiet\n", KX_UNKNOWN);
	assert_kho(root, "kho=off\n", KX_NO);
	assert_kho(root, "kho=on\n", KX_YES);
	tree_write(root, config, "CONFIG_KEXEC_HANDOVER=y\n");
	assert_kho(root, "quiet\n", KX_NO);
	assert_kho(root, "kho=1\n", KX_YES);
	tree_write(root, config,
		   "CONFIG_KEXEC_HANDOVER=y\nCONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y\n");
	assert_kho(root, "quiet\n", KX_YES);
	assert_kho(root, "kho=n\n", KX_NO);
	tree_write(root, "/sys/kernel/debug/kho/out/finalize", "1\n");
	assert_kho(root, "kho=on\n", KX_YES);
	tree_write(root, config, "# CONFIG_KEXEC_HANDOVER is not set\n");
	assert_kho(root, "kho=on\n", KX_NO);
	tree_write(root, config, "CONFIG_KEXEC_HANDOVER=y\n");
	tree_write(root, "/sys/kernel/debug/kho/out/finalize", "\n");
	assert_unreadable(root, EBADMSG, "finalize");
}

/* A file that says "not finalized" says something only where finalization was required. */
static void test_handover_not_finalized(void **state)
{
	static const struct {
		const char *release;
		enum kx_fact expected;
	} cases[] = {
		{ "6.16.0\n", KX_NO },
		{ "6.18.99-1-amd64\n", KX_NO },
		{ "6.19.0-rc1\n", KX_YES },
		{ "6.20\n", KX_YES },
		{ "7.0.3+deb14-amd64\n", KX_YES },
		{ "10.1.0\n", KX_YES },
	};
	_tree_ char *root = tree_copy("debian-sid-kho");

	tree_write(root, "/sys/kernel/debug/kho/out/finalize", "0\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tree_write(root, "/proc/sys/kernel/osrelease", cases[i].release);
		assert_kho(root, "kho=on\n", cases[i].expected);
	}
	tree_write(root, "/proc/sys/kernel/osrelease", "6.18.0\n");
	tree_write(root, "/sys/kernel/debug/kho/out/finalize", "1\n");
	assert_kho(root, "kho=on\n", KX_YES);
}

/* ---- the process ----------------------------------------------------------------------------- */

static void test_process(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	struct kx_machine *m;

	tree_write(root, "/proc/self/status", "Name:\tkexec\nCapEff:\t0000000000400000\n");
	m = machine_read(root);
	assert_int_equal(m->cap_sys_boot, KX_YES);
	kx_machine_free(m);
	tree_write(root, "/proc/self/status", "CapEff:\t000001ffffbfffff\nNSpid:\t12\t1\n");
	tree_link(root, "/proc/self/ns/pid", "pid:[4026532000]");
	m = machine_read(root);
	assert_int_equal(m->cap_sys_boot, KX_NO);
	assert_int_equal(m->init_pid_ns, KX_NO);
	kx_machine_free(m);
	tree_remove(root, "/proc/self/ns");
	m = machine_read(root);
	assert_int_equal(m->init_pid_ns, KX_NO);
	kx_machine_free(m);
	tree_write(root, "/proc/self/status", "NSpid:\t12\n");
	m = machine_read(root);
	assert_int_equal(m->cap_sys_boot, KX_UNKNOWN);
	assert_int_equal(m->init_pid_ns, KX_UNKNOWN);
	kx_machine_free(m);
	tree_write(root, "/proc/self/status", "CapEff:\tall\n");
	assert_unreadable(root, EBADMSG, "CapEff is \"all\"");
}

/* Root in a user namespace of its own has every capability there, and none that the kernel asks for. */
static void test_user_namespace(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	_machine_ struct kx_machine *m = NULL;

	tree_write(root, "/proc/self/uid_map", "         0       1000          1\n");
	m = machine_read(root);
	assert_int_equal(m->cap_sys_boot, KX_NO);
}

/* ---- the configuration ----------------------------------------------------------------------- */

static void write_gzip(const char *root, const char *path, const char *text)
{
	struct sample s = sample_gzip(text, strlen(text));

	tree_write_bytes(root, path, (const char *)s.data, s.size);
	sample_free(&s);
}

static void assert_config(const char *root, const char *path, enum kx_fact kexec)
{
	_machine_ struct kx_machine *m = machine_read(root);

	if (path)
		assert_string_equal(m->config.path, path);
	else
		assert_null(m->config.path);
	assert_int_equal(m->config.kexec, kexec);
}

static void test_config_places(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	size_t size;

	tree_write(root, "/lib/modules/6.1.0-50-cloud-amd64/config", "CONFIG_A=y\n");
	tree_write(root, "/usr/lib/modules/6.1.0-50-cloud-amd64/config", "CONFIG_KEXEC=y\n");
	write_gzip(root, "/proc/config.gz", "CONFIG_KEXEC=y\n");
	assert_config(root, "/proc/config.gz", KX_YES);
	{
		_cleanup_free_ char *gz = tree_read(root, "/proc/config.gz", &size);

		tree_write_bytes(root, "/proc/config.gz", gz, size - 8); /* without its checksum */
	}
	assert_config(root, "/boot/config-6.1.0-50-cloud-amd64", KX_YES);
	tree_remove(root, "/boot");
	assert_config(root, "/usr/lib/modules/6.1.0-50-cloud-amd64/config", KX_YES);
	tree_remove(root, "/usr");
	assert_config(root, "/lib/modules/6.1.0-50-cloud-amd64/config", KX_NO);
	tree_remove(root, "/proc/config.gz");
	tree_write(root, "/boot/config-a/b", "CONFIG_KEXEC=y\n");
	tree_write(root, "/proc/sys/kernel/osrelease", "a/b\n");
	assert_config(root, NULL, KX_UNKNOWN);
	tree_write(root, "/proc/sys/kernel/osrelease", "..\n");
	assert_config(root, NULL, KX_UNKNOWN);
}

static void test_config_with_nothing_in_it(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");

	tree_remove(root, "/boot");
	tree_write(root, "/lib/modules/6.1.0-50-cloud-amd64/config", "nothing\n");
	assert_unreadable(root, EBADMSG, "names no option");
}

/* ---- the root file system -------------------------------------------------------------------- */

static void assert_root(const char *root, const char *mountinfo, enum kx_fact expected)
{
	_machine_ struct kx_machine *m = NULL;

	tree_write(root, "/proc/self/mountinfo", mountinfo);
	m = machine_read(root);
	if (m->root_on_network != expected)
		fail_msg("%s: %s", mountinfo, kx_fact_name(m->root_on_network));
}

static void test_root_by_type(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");

	assert_root(root, "22 1 0:20 / / rw - nfs4 server:/export rw,vers=4.2\n", KX_YES);
	assert_root(root, "22 1 0:20 / / rw - tmpfs tmpfs rw\n", KX_NO);
	assert_root(root, "22 1 0:20 / / rw - 9p root rw,trans=virtio\n", KX_UNKNOWN);
	assert_root(root, "22 1 0:20 / / rw - 9p root rw,trans=tcp\n", KX_YES);
	assert_root(root, "22 1 0:20 / / rw - overlay overlay rw,lowerdir=/a\n", KX_UNKNOWN);
	assert_root(root, "22 1 0:20 / /home rw - nfs server:/home rw\n", KX_UNKNOWN);
	assert_root(root,
		    "1 1 0:2 / / rw - rootfs rootfs rw\n"
		    "22 1 0:20 / / rw shared:1 master:2 - nfs server:/export rw\n",
		    KX_YES);
	assert_root(root, "22 1 0:20 / / rw\n", KX_UNKNOWN);
	assert_root(root, "22 1 0:20 / / rw -\n", KX_UNKNOWN);
	assert_root(root, "22 1\n", KX_UNKNOWN);
}

#define SDA "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"

static void test_root_by_device(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");

	assert_root(root, SDA, KX_UNKNOWN);
	tree_link(root, "/sys/dev/block/8:1", "../../devices/pci0/ata1/host0/block/sda/sda1");
	assert_root(root, SDA, KX_NO);
	tree_link(root, "/sys/dev/block/8:1",
		  "../../devices/platform/host3/session1/target3:0:0/3:0:0:1/block/sda/sda1");
	assert_root(root, SDA, KX_YES);
	tree_link(root, "/sys/dev/block/43:0", "../../devices/virtual/block/nbd0");
	assert_root(root, "22 1 43:0 / / rw - ext4 /dev/nbd0 rw\n", KX_YES);
	tree_link(root, "/sys/class/block/vda1", "../../devices/pci0/virtio0/block/vda/vda1");
	assert_root(root, "22 1 0:30 / / rw - btrfs /dev/vda1 rw\n", KX_NO);
	assert_root(root, "22 1 0:30 / / rw - btrfs /dev/mapper/crypt rw\n", KX_UNKNOWN);
}

#define DM "22 1 254:0 / / rw - ext4 /dev/mapper/root rw\n"

static void test_root_on_stacked_devices(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");

	tree_link(root, "/sys/dev/block/254:0", "../../devices/virtual/block/dm-0");
	tree_link(root, "/sys/class/block/dm-0/slaves/sda3", "../../pci0/ata1/block/sda/sda3");
	assert_root(root, DM, KX_NO);
	tree_link(root, "/sys/class/block/dm-0/slaves/dm-1", "../../dm-1");
	tree_link(root, "/sys/class/block/dm-1/slaves/rbd0", "../../../virtual/block/rbd0");
	assert_root(root, DM, KX_YES);
	tree_write(root, "/sys/class/block/dm-1/slaves/rbd0", "not a link");
	assert_root(root, DM, KX_UNKNOWN);
	tree_link(root, "/sys/class/block/dm-1/slaves/rbd0", "../../dm-1"); /* a loop */
	assert_root(root, DM, KX_UNKNOWN);
	/* Loops beside each other, which would be 20^8 ways. */
	for (unsigned i = 0; i < 20; i++) {
		char link[64];

		snprintf(link, sizeof(link), "/sys/class/block/dm-1/slaves/loop%u", i);
		tree_link(root, link, "../../dm-1");
	}
	assert_root(root, DM, KX_UNKNOWN);
}

/* ---- SMBIOS ---------------------------------------------------------------------------------- */

static void assert_smbios(const char *root, const char *entry, size_t size, int major, int minor)
{
	_machine_ struct kx_machine *m = NULL;

	tree_write_bytes(root, "/sys/firmware/dmi/tables/smbios_entry_point", entry, size);
	tree_write(root, "/sys/firmware/dmi/tables/DMI", "tables");
	m = machine_read(root);
	assert_int_equal(m->smbios.size, 6);
	assert_memory_equal(m->smbios.tables, "tables", 6);
	assert_int_equal(m->smbios.major, major);
	assert_int_equal(m->smbios.minor, minor);
}

static void test_smbios(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");

	assert_smbios(root, "_SM3_\0\x18\3\7\0", 10, 3, 7);
	assert_smbios(root, "_SM_\0\x1f\2\x08", 8, 2, 8);
	assert_smbios(root, "_DMI_\0\0\0\0\0\0\0\0\0\x23", 15, 2, 3);
}

/* ---- malformed captures ---------------------------------------------------------------------- */

static const struct {
	const char *machine, *path, *text, *part;
} bad_files[] = {
	{ "debian12-bios-q35", "/proc/iomem", "garbage\n", "/proc/iomem: line 1" },
	{ "debian12-bios-q35", "/sys/firmware/memmap/2/start", "?\n",
	  "/sys/firmware/memmap: start" },
	{ "debian12-bios-q35", "/proc/meminfo", "MemTotal: lots kB\n", "/proc/meminfo" },
	{ "debian12-bios-q35", "/proc/meminfo", "MemAvailable:\n", "/proc/meminfo" },
	{ "debian12-bios-q35", "/proc/meminfo", "MemTotal: 18446744073709551615 kB\n",
	  "/proc/meminfo" },
	{ "debian12-bios-q35", "/sys/kernel/boot_params/data", "short",
	  "has 5 bytes, expected 4096" },
	{ "debian12-bios-q35", "/sys/firmware/dmi/tables/smbios_entry_point", "_SM3_\1\2",
	  "expected an SMBIOS entry point" },
	{ "debian12-ovmf", "/sys/firmware/efi/systab", "ACPI20=here\n", "systab" },
	{ "debian12-ovmf", "/sys/firmware/efi/fw_vendor", "\n", "/sys/firmware/efi/fw_vendor" },
	{ "debian12-ovmf", "/sys/firmware/efi/fw_platform_size", "x\n", "fw_platform_size" },
	{ "debian12-ovmf", "/sys/firmware/efi/runtime-map/1/type", "0x100000000\n",
	  "expected 32 bits" },
	{ "debian12-ovmf", "/sys/firmware/efi/runtime-map/1/num_pages", "\n",
	  "runtime-map/1/num_pages" },
};

static void test_malformed_captures(void **state)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(bad_files); i++) {
		_tree_ char *root = tree_copy(bad_files[i].machine);

		tree_write(root, bad_files[i].path, bad_files[i].text);
		assert_unreadable(root, EBADMSG, bad_files[i].part);
	}
}

static void test_nul_in_a_line(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");

	tree_write_bytes(root, "/proc/fb", "0 a\0b\n", 6);
	assert_unreadable(root, EBADMSG, "/proc/fb");
	tree_write_bytes(root, "/proc/cmdline", "a\0b\n", 4);
	assert_unreadable(root, EBADMSG, "/proc/cmdline");
}

/* ---- the way files are read ------------------------------------------------------------------ */

static void test_links_do_not_lead_out(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35"), *outside = tree_new();
	_cleanup_free_ char *target = tree_path(outside, "/secret");
	struct kx_machine *m;

	tree_write(outside, "/secret", "stolen");
	tree_link(root, "/proc/cmdline", target);
	m = machine_read(root);
	assert_null(m->cmdline);
	kx_machine_free(m);
	tree_link(root, "/proc/cmdline", "../../../../../../../../../../../../../../secret");
	m = machine_read(root);
	assert_null(m->cmdline);
	kx_machine_free(m);
	tree_write(root, "/inside", "fine");
	tree_link(root, "/proc/cmdline", "/inside");
	m = machine_read(root);
	assert_string_equal(m->cmdline, "fine");
	kx_machine_free(m);
}

static void test_only_regular_files(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	_cleanup_free_ char *fifo = tree_make_room(root, "/proc/cmdline");
	_machine_ struct kx_machine *m = NULL;

	assert_int_equal(mkfifo(fifo, 0600), 0);
	tree_remove(root, "/proc/iomem");
	tree_folder(root, "/proc/iomem");
	m = machine_read(root);
	assert_null(m->cmdline);
	assert_false(m->iomem.have);
}

static void test_too_large_is_unknown(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	_cleanup_free_ char *big = malloc(65537);
	_machine_ struct kx_machine *m = NULL;

	memset(big, 'a', 65537);
	tree_write_bytes(root, "/proc/cmdline", big, 65537);
	m = machine_read(root);
	assert_null(m->cmdline);
	tree_write_bytes(root, "/proc/cmdline", big, 65536);
	kx_machine_free(m);
	m = machine_read(root);
	assert_int_equal(strlen(m->cmdline), 65536);
}

/* From here on openat2(2) is a system call that this process does not have, as before Linux 5.6. */
static void take_openat2_away(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = KX_ARRAY_SIZE(code), .filter = code };

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* The last one: what it does cannot be taken back. */
static void test_without_openat2(void **state)
{
	_tree_ char *root = tree_copy("debian12-ovmf"), *outside = tree_new();
	_cleanup_free_ char *target = tree_path(outside, "/secret");
	struct kx_machine *m;

	take_openat2_away();
	m = machine_read(root);
	assert_string_equal(m->fb_name, "EFI VGA");
	assert_int_equal(m->efi.runtime_map_count, 8);
	assert_int_equal(m->init_pid_ns, KX_YES);
	assert_int_equal(m->cap_sys_boot, KX_YES);
	kx_machine_free(m);
	tree_write(outside, "/secret", "stolen");
	tree_link(root, "/proc/fb", target);
	m = machine_read(root);
	assert_null(m->fb_name);
	kx_machine_free(m);
	tree_remove(root, "/sys/firmware/memmap");
	tree_write(outside, "/memmap/0/start", "0x0\n");
	tree_write(outside, "/memmap/0/end", "0xfff\n");
	tree_write(outside, "/memmap/0/type", "Reserved\n");
	free(target);
	target = tree_path(outside, "/memmap");
	tree_link(root, "/sys/firmware/memmap", target);
	m = machine_read(root);
	assert_false(m->have_firmware_map);
	kx_machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uart_of_cmdline),
		cmocka_unit_test(test_uart_of_driver),
		cmocka_unit_test(test_uart_not_on_other_machines_by_number),
		cmocka_unit_test(test_uart_of_consoles),
		cmocka_unit_test(test_uart_of_spcr),
		cmocka_unit_test(test_confidential_by_flags),
		cmocka_unit_test(test_confidential_by_cpuid),
		cmocka_unit_test(test_confidential_by_kernel),
		cmocka_unit_test(test_five_levels),
		cmocka_unit_test(test_hypervisors),
		cmocka_unit_test(test_frame_buffers),
		cmocka_unit_test(test_lockdown),
		cmocka_unit_test(test_secure_boot),
		cmocka_unit_test(test_ima_policy),
		cmocka_unit_test(test_ima_list),
		cmocka_unit_test(test_no_ima),
		cmocka_unit_test(test_sysctls),
		cmocka_unit_test(test_crash_notes),
		cmocka_unit_test(test_kernel_map),
		cmocka_unit_test(test_loaded),
		cmocka_unit_test(test_handover),
		cmocka_unit_test(test_handover_not_finalized),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_user_namespace),
		cmocka_unit_test(test_config_places),
		cmocka_unit_test(test_config_with_nothing_in_it),
		cmocka_unit_test(test_root_by_type),
		cmocka_unit_test(test_root_by_device),
		cmocka_unit_test(test_root_on_stacked_devices),
		cmocka_unit_test(test_smbios),
		cmocka_unit_test(test_malformed_captures),
		cmocka_unit_test(test_nul_in_a_line),
		cmocka_unit_test(test_links_do_not_lead_out),
		cmocka_unit_test(test_only_regular_files),
		cmocka_unit_test(test_too_large_is_unknown),
		cmocka_unit_test(test_without_openat2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
