// SPDX-License-Identifier: GPL-2.0-or-later
/* Whole machines: what is read from captured trees, and what is unknown in them. */
#include "machine_tree.h"

static const struct kx_iomem_entry *iomem_find(const struct kx_machine *m, const char *name)
{
	for (size_t i = 0; i < m->iomem.count; i++)
		if (!strcmp(m->iomem.v[i].name, name))
			return &m->iomem.v[i];
	fail_msg("no %s in /proc/iomem", name);
	abort();
}

static void test_bios_machine(void **state)
{
	_machine_ struct kx_machine *m = machine_of("debian12-bios-q35");
	const struct kx_iomem_entry *crash;
	uint64_t size;

	assert_int_equal(m->arch, KX_ARCH_X86_64);
	assert_string_equal(kx_machine_arch(m), "x86_64");
	assert_string_equal(kx_machine_release(m), "6.1.0-50-cloud-amd64");
	assert_string_equal(m->cmdline,
			    "BOOT_IMAGE=/boot/vmlinuz-6.1.0-50-cloud-amd64 root=/dev/vda1 ro "
			    "console=tty0 console=ttyS0,115200n8 crashkernel=128M");
	assert_null(kx_machine_initrd_path(m));
	assert_true(m->iomem.have);
	assert_false(m->iomem.hidden);
	assert_int_equal(m->iomem.v[0].end, 0x1000);
	assert_string_equal(m->iomem.v[1].name, "System RAM");
	assert_int_equal(m->iomem.v[1].start, 0x1000);
	assert_int_equal(m->iomem.v[1].end, 0x9fc00);
	crash = iomem_find(m, "Crash kernel");
	assert_int_equal(crash->depth, 1);
	assert_int_equal(crash->end - crash->start, 128 << 20);
	assert_int_equal(kx_machine_crash_size(m, &size), 0);
	assert_int_equal(size, 128 << 20);
	assert_true(m->have_firmware_map);
	assert_int_equal(m->firmware_map.count, 9);
	assert_int_equal(m->firmware_map.v[0].type, KX_MEM_RAM);
	assert_int_equal(m->firmware_map.v[0].end, 0x9fc00);
	assert_true(m->mem_total > m->mem_available && m->mem_available > 700 << 20);
	assert_non_null(m->boot_params);
	assert_int_equal(m->acpi_rsdp, 0xf59e0);
	assert_false(m->efi.present);
	assert_null(m->fb_name);
	assert_int_equal(m->firmware_fb, KX_NO);
}

static void test_bios_machine_state(void **state)
{
	_machine_ struct kx_machine *m = machine_of("debian12-bios-q35");

	assert_int_equal(m->uart.kind, KX_UART_IO);
	assert_int_equal(m->uart.base, 0x3f8);
	assert_int_equal(m->uart.baud, 115200);
	assert_string_equal(m->uart.found, "console=");
	assert_int_equal(m->la57, KX_NO);
	assert_int_equal(m->sse42, KX_NO);
	assert_int_equal(m->guest, KX_YES);
	assert_string_equal(m->hypervisor, "KVM");
	assert_int_equal(m->confidential, KX_CC_NONE);
	assert_int_equal(m->lockdown, KX_LOCKDOWN_NONE);
	assert_int_equal(m->secure_boot, KX_NO);
	assert_int_equal(m->load_disabled, KX_NO);
	assert_false(m->have_limit_reboot);
	assert_int_equal(m->kexec_core, KX_YES);
	assert_int_equal(kx_machine_loaded(m), KX_NO);
	assert_int_equal(kx_machine_crash_loaded(m), KX_NO);
	assert_int_equal(m->cap_sys_boot, KX_YES);
	assert_int_equal(m->init_pid_ns, KX_YES);
	assert_int_equal(m->ima_appraises_kexec, KX_NO);
	assert_int_equal(m->ima_measures, KX_NO);
	assert_int_equal(m->kho_active, KX_NO);
	assert_int_equal(m->root_on_network, KX_NO);
	assert_string_equal(m->config.path, "/boot/config-6.1.0-50-cloud-amd64");
	assert_int_equal(m->config.kexec, KX_YES);
	assert_int_equal(m->config.kexec_file, KX_YES);
	assert_int_equal(m->config.kexec_sig, KX_YES);
	assert_int_equal(m->config.kexec_sig_force, KX_NO);
}

static void test_uefi_machine(void **state)
{
	_machine_ struct kx_machine *m = machine_of("debian12-ovmf");
	const struct kx_efi *efi = &m->efi;

	assert_true(efi->present);
	assert_int_equal(efi->bits, 64);
	assert_int_equal(efi->fw_vendor, 0x7f52aa18);
	assert_int_equal(efi->runtime, 0x7f5ebb98);
	assert_int_equal(efi->config_table, 0x7f5ebc98);
	assert_int_equal(efi->acpi20, 0x7f77d014);
	assert_int_equal(efi->smbios, 0x7f520000);
	assert_int_equal(m->acpi_rsdp, efi->acpi20);
	assert_true(efi->have_runtime_map);
	assert_int_equal(efi->runtime_map_count, 8);
	assert_int_equal(efi->runtime_map[0].type, 0xb);
	assert_int_equal(efi->runtime_map[0].phys, 0xffc00000);
	assert_int_equal(efi->runtime_map[0].pages, 0x400);
	assert_true(efi->runtime_map[0].virt == 0xfffffffeffc00000);
	assert_true(efi->runtime_map[0].attribute == 0x8000000000000001);
	assert_string_equal(m->fb_name, "EFI VGA");
	assert_int_equal(m->firmware_fb, KX_YES);
	assert_int_equal(m->secure_boot, KX_NO);
}

static void test_newest_kernel(void **state)
{
	_machine_ struct kx_machine *m = machine_of("debian-sid-kho");

	assert_int_equal(m->loaded, KX_NO); /* from the folder /sys/kernel/kexec */
	assert_true(m->have_crash_size);
	assert_true(m->have_limit_reboot && m->have_limit_panic);
	assert_int_equal(m->limit_reboot, -1);
	assert_int_equal(m->kho_active, KX_YES);
	assert_non_null(strstr(kx_machine_initrd_path(m), "debian-sid-kho/sys/firmware/initrd"));
	assert_null(m->config.path);
	assert_int_equal(m->config.kexec, KX_UNKNOWN);
}

static void test_laptop_under_secure_boot(void **state)
{
	_machine_ struct kx_machine *m = machine_of("laptop-uefi-lockdown");

	assert_int_equal(m->secure_boot, KX_YES);
	assert_int_equal(m->lockdown, KX_LOCKDOWN_INTEGRITY);
	assert_int_equal(m->ima_appraises_kexec, KX_YES);
	assert_int_equal(m->firmware_fb, KX_NO);
	assert_string_equal(m->fb_name, "i915drmfb");
	assert_int_equal(m->uart.kind, KX_UART_NONE);
	assert_int_equal(m->guest, KX_NO);
	assert_null(m->hypervisor);
	assert_int_equal(m->root_on_network, KX_NO); /* through LVM and LUKS */
}

static void test_xen_dom0(void **state)
{
	_machine_ struct kx_machine *m = machine_of("xen-dom0");

	assert_true(m->xen_dom0);
	assert_true(m->xen_pv);
	assert_string_equal(m->hypervisor, "Xen");
	assert_int_equal(m->uart.kind, KX_UART_NONE);
}

static void test_xen_dom0_without_xenfs(void **state)
{
	_tree_ char *root = tree_copy("xen-dom0");
	_machine_ struct kx_machine *with = NULL, *without = NULL;

	tree_remove(root, "/proc/xen");
	with = machine_read(root);
	assert_true(with->xen_dom0);
	tree_write(root, "/sys/hypervisor/properties/features", "00002705\n");
	tree_write(root, "/sys/hypervisor/guest_type", "PVH\n");
	without = machine_read(root);
	assert_false(without->xen_dom0);
	assert_false(without->xen_pv);
}

static void test_sev_snp_guest(void **state)
{
	_machine_ struct kx_machine *m = machine_of("sev-snp");

	assert_int_equal(m->confidential, KX_CC_SEV_SNP);
	assert_int_equal(m->c_bit, 51);
	assert_string_equal(m->hypervisor, "KVM");
}

static void test_esrt_carved_out(void **state)
{
	_machine_ struct kx_machine *m = machine_of("esrt-carved");
	bool carved = false;

	for (size_t i = 0; i < m->iomem.count; i++)
		if (m->iomem.v[i].start == 0x7ec1f000)
			carved = !strcmp(m->iomem.v[i].name, "Reserved");
	assert_true(carved);
	for (size_t i = 0; i < m->firmware_map.count; i++)
		if (m->firmware_map.v[i].start <= 0x7ec1f000 &&
		    m->firmware_map.v[i].end > 0x7ec1f000)
			assert_int_equal(m->firmware_map.v[i].type, KX_MEM_RAM);
}

/* Hidden facts are unknown: no address is zero because somebody may not see it. */
static void test_unprivileged(void **state)
{
	_machine_ struct kx_machine *m = machine_of("unprivileged");

	assert_true(m->iomem.have);
	assert_true(m->iomem.hidden);
	for (size_t i = 0; i < m->iomem.count; i++)
		assert_int_equal(m->iomem.v[i].end, 0);
	assert_int_equal(m->cap_sys_boot, KX_NO);
	assert_true(m->have_firmware_map);
}

static void test_next_to_nothing(void **state)
{
	_tree_ char *root = tree_new();
	_machine_ struct kx_machine *m = NULL;
	uint64_t size;

	tree_folder(root, "/proc/sys");
	m = machine_read(root);
	assert_int_equal(m->arch, KX_ARCH_UNKNOWN);
	assert_null(kx_machine_arch(m));
	assert_null(kx_machine_release(m));
	assert_null(m->cmdline);
	assert_false(m->iomem.have);
	assert_false(m->have_firmware_map);
	assert_int_equal(m->firmware_fb, KX_UNKNOWN);
	assert_int_equal(m->la57, KX_UNKNOWN);
	assert_int_equal(m->sse42, KX_UNKNOWN);
	assert_int_equal(m->guest, KX_UNKNOWN);
	assert_int_equal(m->lockdown, KX_LOCKDOWN_UNKNOWN);
	assert_int_equal(m->load_disabled, KX_UNKNOWN);
	assert_int_equal(m->kexec_core, KX_UNKNOWN);
	assert_int_equal(m->loaded, KX_UNKNOWN);
	assert_int_equal(kx_machine_crash_size(m, &size), -ENODATA);
	assert_int_equal(m->cap_sys_boot, KX_UNKNOWN);
	assert_int_equal(m->init_pid_ns, KX_UNKNOWN);
	assert_int_equal(m->ima_appraises_kexec, KX_UNKNOWN);
	assert_int_equal(m->ima_measures, KX_UNKNOWN);
	assert_int_equal(m->kho_active, KX_UNKNOWN);
	assert_int_equal(m->root_on_network, KX_UNKNOWN);
	assert_null(m->config.path);
	assert_int_equal(m->uart.kind, KX_UART_NONE);
}

static void test_this_machine(void **state)
{
	_machine_ struct kx_machine *m = machine_read("/");

	assert_non_null(m->release);
	assert_non_null(m->arch_name);
	assert_true(m->mem_total > 0);
}

static void test_kernel_without_kexec(void **state)
{
	_tree_ char *root = tree_new();
	_machine_ struct kx_machine *m = NULL;

	tree_folder(root, "/proc/sys");
	tree_folder(root, "/sys/kernel");
	m = machine_read(root);
	assert_int_equal(m->kexec_core, KX_NO);
}

static void test_many_entries(void **state)
{
	_tree_ char *root = tree_new();
	_machine_ struct kx_machine *m = NULL;

	tree_folder(root, "/proc/sys");
	for (unsigned i = 0; i < 300; i++) {
		char path[64], text[32];

		snprintf(path, sizeof(path), "/sys/firmware/memmap/%u/start", 299 - i);
		snprintf(text, sizeof(text), "0x%x000\n", i * 2);
		tree_write(root, path, text);
		snprintf(path, sizeof(path), "/sys/firmware/memmap/%u/end", 299 - i);
		snprintf(text, sizeof(text), "0x%xfff\n", i * 2);
		tree_write(root, path, text);
		snprintf(path, sizeof(path), "/sys/firmware/memmap/%u/type", 299 - i);
		tree_write(root, path, i % 2 ? "System RAM\n" : "Reserved\n");
	}
	m = machine_read(root);
	assert_int_equal(m->firmware_map.count, 300);
	for (size_t i = 0; i < 300; i++) {
		assert_int_equal(m->firmware_map.v[i].start, i * 0x2000);
		assert_int_equal(m->firmware_map.v[i].type, i % 2 ? KX_MEM_RAM : KX_MEM_RESERVED);
	}
}

/* A map with a hole in it would be worse than none. */
static void test_memmap_entry_unreadable(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	_machine_ struct kx_machine *m = NULL;

	tree_remove(root, "/sys/firmware/memmap/3/end");
	m = machine_read(root);
	assert_false(m->have_firmware_map);
	assert_int_equal(m->firmware_map.count, 0);
}

static void test_memmap_empty(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	_machine_ struct kx_machine *m = NULL;

	tree_remove(root, "/sys/firmware/memmap");
	tree_folder(root, "/sys/firmware/memmap");
	m = machine_read(root);
	assert_false(m->have_firmware_map);
}

static void test_runtime_map_entry_unreadable(void **state)
{
	_tree_ char *root = tree_copy("debian12-ovmf");
	_machine_ struct kx_machine *m = NULL;

	tree_remove(root, "/sys/firmware/efi/runtime-map/2/virt_addr");
	m = machine_read(root);
	assert_false(m->efi.have_runtime_map);
	assert_int_equal(m->efi.runtime_map_count, 0);
	assert_int_equal(m->efi.acpi20, 0x7f77d014);
}

static void test_noruntime(void **state)
{
	_tree_ char *root = tree_copy("debian12-ovmf");
	_machine_ struct kx_machine *m = NULL;

	tree_remove(root, "/sys/firmware/efi/runtime-map");
	tree_write(root, "/sys/firmware/efi/fw_platform_size", "32\n");
	m = machine_read(root);
	assert_true(m->efi.present);
	assert_false(m->efi.have_runtime_map);
	assert_int_equal(m->efi.bits, 32);
}

static void test_rsdp_in_order(void **state)
{
	_tree_ char *root = tree_copy("debian12-ovmf");
	uint8_t boot_params[KX_BOOT_PARAMS_SIZE] = { [0x070] = 0x70, 0xa0, 0x07 };
	struct kx_machine *m;

	tree_write(root, "/proc/cmdline", "quiet acpi_rsdp=7e000014\n");
	tree_write_bytes(root, "/sys/kernel/boot_params/data", boot_params, sizeof(boot_params));
	tree_write(root, "/sys/firmware/efi/systab", "ACPI20=0x1014\nACPI=0x2014\n");
	m = machine_read(root);
	assert_int_equal(m->acpi_rsdp, 0x1014);
	kx_machine_free(m);
	tree_write(root, "/sys/firmware/efi/systab", "ACPI=0x2014\nUNHEARD=of\n");
	m = machine_read(root);
	assert_int_equal(m->acpi_rsdp, 0x2014);
	kx_machine_free(m);
	tree_remove(root, "/sys/firmware/efi/systab");
	m = machine_read(root);
	assert_int_equal(m->acpi_rsdp, 0x7a070);
	kx_machine_free(m);
	tree_remove(root, "/sys/kernel/boot_params/data");
	m = machine_read(root);
	assert_int_equal(m->acpi_rsdp, 0x7e000014);
	kx_machine_free(m);
	tree_write(root, "/proc/cmdline", "quiet\n");
	m = machine_read(root);
	assert_int_equal(m->acpi_rsdp, 0);
	kx_machine_free(m);
}

static void test_initrd_of_this_machine_has_no_prefix(void **state)
{
	_machine_ struct kx_machine *m = machine_read("/");

	if (kx_machine_initrd_path(m))
		assert_string_equal(kx_machine_initrd_path(m), "/sys/firmware/initrd");
}

static void test_no_such_root(void **state)
{
	assert_unreadable("/nowhere/at/all", ENOENT, "/nowhere/at/all");
}

static void test_no_proc(void **state)
{
	_tree_ char *root = tree_new();

	assert_unreadable(root, ENOENT, "there is no /proc below");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bios_machine),
		cmocka_unit_test(test_bios_machine_state),
		cmocka_unit_test(test_uefi_machine),
		cmocka_unit_test(test_newest_kernel),
		cmocka_unit_test(test_laptop_under_secure_boot),
		cmocka_unit_test(test_xen_dom0),
		cmocka_unit_test(test_xen_dom0_without_xenfs),
		cmocka_unit_test(test_sev_snp_guest),
		cmocka_unit_test(test_esrt_carved_out),
		cmocka_unit_test(test_unprivileged),
		cmocka_unit_test(test_next_to_nothing),
		cmocka_unit_test(test_this_machine),
		cmocka_unit_test(test_kernel_without_kexec),
		cmocka_unit_test(test_many_entries),
		cmocka_unit_test(test_memmap_entry_unreadable),
		cmocka_unit_test(test_memmap_empty),
		cmocka_unit_test(test_runtime_map_entry_unreadable),
		cmocka_unit_test(test_noruntime),
		cmocka_unit_test(test_rsdp_in_order),
		cmocka_unit_test(test_initrd_of_this_machine_has_no_prefix),
		cmocka_unit_test(test_no_such_root),
		cmocka_unit_test(test_no_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
