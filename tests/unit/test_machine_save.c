// SPDX-License-Identifier: GPL-2.0-or-later
/* A capture of a machine is that machine again, without what is nobody's business. */
#include "machine_tree.h"

/* But for the lines about KASLR, which are gone in @b. */
static void assert_same_machine(const struct kx_machine *a, const struct kx_machine *b)
{
	size_t j = 0;

	assert_string_equal(a->arch_name, b->arch_name);
	assert_string_equal(a->release, b->release);
	for (size_t i = 0; i < a->iomem.count; i++) {
		if (!strncmp(a->iomem.v[i].name, "Kernel ", 7))
			continue;
		assert_string_equal(a->iomem.v[i].name, b->iomem.v[j].name);
		assert_int_equal(a->iomem.v[i].start, b->iomem.v[j].start);
		assert_int_equal(a->iomem.v[i].end, b->iomem.v[j].end);
		assert_int_equal(a->iomem.v[i].depth, b->iomem.v[j].depth);
		j++;
	}
	assert_int_equal(j, b->iomem.count);
	assert_int_equal(a->iomem.hidden, b->iomem.hidden);
	assert_int_equal(a->firmware_map.count, b->firmware_map.count);
	for (size_t i = 0; i < a->firmware_map.count; i++) {
		assert_int_equal(a->firmware_map.v[i].start, b->firmware_map.v[i].start);
		assert_int_equal(a->firmware_map.v[i].end, b->firmware_map.v[i].end);
		assert_int_equal(a->firmware_map.v[i].type, b->firmware_map.v[i].type);
	}
	assert_int_equal(!a->boot_params, !b->boot_params);
	if (a->boot_params)
		assert_memory_equal(a->boot_params, b->boot_params, KX_BOOT_PARAMS_SIZE);
	assert_int_equal(a->efi.runtime_map_count, b->efi.runtime_map_count);
	for (size_t i = 0; i < a->efi.runtime_map_count; i++) {
		assert_int_equal(a->efi.runtime_map[i].type, b->efi.runtime_map[i].type);
		assert_int_equal(a->efi.runtime_map[i].phys, b->efi.runtime_map[i].phys);
		assert_int_equal(a->efi.runtime_map[i].virt, b->efi.runtime_map[i].virt);
		assert_int_equal(a->efi.runtime_map[i].pages, b->efi.runtime_map[i].pages);
		assert_int_equal(a->efi.runtime_map[i].attribute, b->efi.runtime_map[i].attribute);
	}
	assert_int_equal(a->efi.present, b->efi.present);
	assert_int_equal(a->efi.config_table, b->efi.config_table);
	assert_int_equal(a->efi.runtime, b->efi.runtime);
	assert_int_equal(a->efi.fw_vendor, b->efi.fw_vendor);
	assert_int_equal(a->efi.bits, b->efi.bits);
	assert_int_equal(a->efi.smbios, b->efi.smbios);
}

static void assert_same_state(const struct kx_machine *a, const struct kx_machine *b)
{
	assert_int_equal(a->mem_total, b->mem_total);
	assert_int_equal(a->acpi_rsdp, b->acpi_rsdp);
	assert_int_equal(a->firmware_fb, b->firmware_fb);
	assert_int_equal(a->uart.kind, b->uart.kind);
	assert_int_equal(a->uart.base, b->uart.base);
	assert_int_equal(a->uart.baud, b->uart.baud);
	assert_int_equal(a->la57, b->la57);
	assert_int_equal(a->guest, b->guest);
	assert_int_equal(a->confidential, b->confidential);
	assert_int_equal(a->c_bit, b->c_bit);
	assert_int_equal(a->xen_dom0, b->xen_dom0);
	assert_int_equal(a->xen_pv, b->xen_pv);
	assert_int_equal(!a->hypervisor, !b->hypervisor);
	assert_int_equal(a->lockdown, b->lockdown);
	assert_int_equal(a->secure_boot, b->secure_boot);
	assert_int_equal(a->load_disabled, b->load_disabled);
	assert_int_equal(a->have_limit_reboot, b->have_limit_reboot);
	assert_int_equal(a->limit_panic, b->limit_panic);
	assert_int_equal(a->kexec_core, b->kexec_core);
	assert_int_equal(a->loaded, b->loaded);
	assert_int_equal(a->crash_loaded, b->crash_loaded);
	assert_int_equal(a->crash_size, b->crash_size);
	assert_int_equal(a->cap_sys_boot, b->cap_sys_boot);
	assert_int_equal(a->init_pid_ns, b->init_pid_ns);
	assert_int_equal(a->ima_appraises_kexec, b->ima_appraises_kexec);
	assert_int_equal(a->ima_measures, b->ima_measures);
	assert_int_equal(a->kho_active, b->kho_active);
	assert_int_equal(a->root_on_network, b->root_on_network);
	assert_int_equal(a->config.kexec, b->config.kexec);
	assert_int_equal(a->config.kexec_sig, b->config.kexec_sig);
	assert_int_equal(a->config.ima_secure_boot, b->config.ima_secure_boot);
	assert_int_equal(!a->config.path, !b->config.path);
	if (a->config.path)
		assert_string_equal(a->config.path, b->config.path);
	assert_int_equal(!a->initrd_path, !b->initrd_path);
}

static void save(const char *root, const char *dir)
{
	struct kx_error err = { "" };

	if (kx_machine_save(root, dir, &err) < 0)
		fail_msg("%s", err.text);
}

/* The names of all files below a directory, one a line. */
static char *tree_list(const char *root)
{
	_cleanup_free_ char *command = NULL;
	char *text = calloc(1, 1 << 16);
	FILE *f;
	size_t n;

	assert_true(asprintf(&command,
			     "cd '%s' && find . ! -type d ! -name .gitkeep | LC_ALL=C sort",
			     root) > 0);
	f = popen(command, "r");
	assert_non_null(f);
	n = fread(text, 1, (1 << 16) - 1, f);
	assert_true(n > 0);
	assert_int_equal(pclose(f), 0);
	return text;
}

static const char *const captures[] = {
	"debian12-bios-q35",    "debian12-ovmf", "debian-sid-kho", "esrt-carved",
	"laptop-uefi-lockdown", "sev-snp",       "unprivileged",   "xen-dom0",
};

static void test_round_trip_of_captures(void **state)
{
	for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
		_cleanup_free_ char *from = tree_path(TREE_SOURCE, captures[i]);
		_tree_ char *to = tree_new();
		_machine_ struct kx_machine *a = machine_read(from), *b = NULL;

		save(from, to);
		b = machine_read(to);
		assert_string_equal(a->cmdline, b->cmdline);
		assert_same_machine(a, b);
		assert_same_state(a, b);
	}
}

/* A capture of a capture has the same files: nothing is copied that is not read, nothing read that is not copied. */
static void test_a_second_capture_has_the_same_files(void **state)
{
	for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
		_cleanup_free_ char *from = tree_path(TREE_SOURCE, captures[i]);
		_cleanup_free_ char *before = NULL, *after = NULL;
		_tree_ char *first = tree_new(), *second = tree_new();

		save(from, first);
		save(first, second);
		before = tree_list(first);
		after = tree_list(second);
		assert_string_equal(before, after);
	}
}

static void test_round_trip_of_this_machine(void **state)
{
	_tree_ char *to = tree_new();
	_machine_ struct kx_machine *a = NULL, *b = NULL;

	save("/", to);
	a = machine_read("/");
	b = machine_read(to);
	assert_same_machine(a, b);
	assert_same_state(a, b);
}

static const struct {
	const char *word;
	const char *saved; /* NULL: as it is */
} words[] = {
	{ "root=/dev/sda1", NULL },
	{ "rd.iscsi.password=hunter2", "rd.iscsi.password=" },
	{ "rd.luks.name=x", NULL },
	{ "rd.luks.key=hunter2", "rd.luks.key=" },
	{ "wifi_psk=hunter2", "wifi_psk=" },
	{ "apikey=hunter2", "apikey=" },
	{ "nfs.auth=hunter2", "nfs.auth=" },
	{ "api_token=hunter2", "api_token=" },
	{ "x.SECRET=hunter2", "x.SECRET=" },
	{ "x.PASSWD=hunter2", "x.PASSWD=" },
	{ "rng_seed=hunter2", "rng_seed=" },
	{ "systemd.set_credential=a:hunter2", "systemd.set_credential=" },
	{ "Password=\"hunter2 hunter2\"", "Password=" },
	{ "\"passphrase=hunter2 hunter2\"", "passphrase=" },
	{ "cifsroot=//s/x,user=u,pass=hunter2", "cifsroot=" },
	{ "netroot=iscsi:u:hunter2@192.0.2.1", "netroot=" },
	{ "proxy=http://u:hunter2@192.0.2.1/", "proxy=" },
	{ "ds=nocloud;s=http://u:hunter2@192.0.2.1/", "ds=" },
	{ "url=https://hunter2@192.0.2.1/", "url=" },
	{ "iommu.passthrough=1", "iommu.passthrough=" },
	{ "rootflags=subvol=@", NULL },
	{ "crashkernel=512M-2G:64M@16M", NULL },
	{ "ds=nocloud;s=http://192.0.2.1/", NULL },
	{ "monkey", NULL },
	{ "console=ttyS0,115200", NULL },
};

/* All words on one line, as they are or as they are to be saved; to be freed. */
static char *command_line(bool saved)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		fprintf(f, "%s%s", i ? " " : "",
			saved && words[i].saved ? words[i].saved : words[i].word);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void test_secrets_stay_behind(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35"), *to = tree_new();
	_cleanup_free_ char *grep = NULL, *before = command_line(false),
			    *after = command_line(true);
	_machine_ struct kx_machine *m = NULL;

	tree_write(root, "/proc/cmdline", before);
	tree_write(root, "/sys/kernel/boot_params/setup_data/0/data", "hunter2");
	tree_write(root, "/sys/firmware/efi/efivars/LoaderSystemToken-4a67b082", "hunter2");
	tree_write(root, "/proc/self/status", "Name: hunter2\nCapEff:\t0\n");
	tree_write(root, "/proc/self/mountinfo",
		   "1 1 0:2 / / rw - rootfs rootfs rw\n"
		   "2 1 0:3 / /mnt rw - cifs //s/x rw,password=hunter2\n");
	tree_write(root, "/boot/config-6.1.0-50-cloud-amd64",
		   "CONFIG_KEXEC=y\nCONFIG_CMDLINE=\"password=hunter2\"\n");
	save(root, to);
	m = machine_read(to);
	assert_string_equal(m->cmdline, after);
	assert_true(asprintf(&grep, "grep -rq hunter2 '%s'", to) > 0);
	assert_int_equal(WEXITSTATUS(system(grep)), 1);
}

static void test_kaslr_stays_behind(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35"), *to = tree_new();
	_cleanup_free_ char *text = NULL;
	size_t size;

	tree_write(root, "/proc/iomem",
		   "00100000-3fffffff : System RAM\n"
		   "  2e000000-2effffff : Kernel code\n"
		   "  2f000000-2f7fffff : Kernel rodata\n"
		   "  2f800000-2fafffff : Kernel data\n"
		   "  2fe00000-2fffffff : Kernel bss\n"
		   "  30000000-37ffffff : Crash kernel\n");
	save(root, to);
	text = tree_read(to, "/proc/iomem", &size);
	assert_string_equal(text, "00100000-3fffffff : System RAM\n"
				  "  30000000-37ffffff : Crash kernel\n");
}

static void test_configuration_is_saved_as_text(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35"), *to = tree_new();
	_machine_ struct kx_machine *m = NULL;

	/* A kernel that says nothing of kexec at all. */
	tree_write(root, "/boot/config-6.1.0-50-cloud-amd64",
		   "CONFIG_A=y\n# CONFIG_KEXEC is not set\n");
	save(root, to);
	m = machine_read(to);
	assert_int_equal(m->config.kexec, KX_NO);
}

static void test_only_into_an_empty_place(void **state)
{
	_cleanup_free_ char *from = tree_path(TREE_SOURCE, "debian12-bios-q35");
	_tree_ char *to = tree_new();
	_cleanup_free_ char *fresh = tree_path(to, "/fresh"), *deep = tree_path(to, "/a/b"),
			    *file = tree_path(to, "/file");
	struct kx_error err = { "" };
	struct stat st;

	save(from, fresh);
	assert_int_equal(stat(fresh, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(kx_machine_save(from, fresh, &err), -EEXIST);
	assert_non_null(strstr(err.text, "not empty"));
	assert_int_equal(kx_machine_save(from, deep, &err), -ENOENT);
	tree_write(to, "/file", "");
	assert_int_equal(kx_machine_save(from, file, &err), -ENOTDIR);
	assert_int_equal(kx_machine_save("/nowhere", deep, &err), -ENOENT);
}

static void test_malformed_machine_is_not_saved(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35"), *to = tree_new();
	struct kx_error err = { "" };

	tree_write(root, "/proc/iomem", "?\n");
	assert_int_equal(kx_machine_save(root, to, &err), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip_of_captures),
		cmocka_unit_test(test_a_second_capture_has_the_same_files),
		cmocka_unit_test(test_round_trip_of_this_machine),
		cmocka_unit_test(test_secrets_stay_behind),
		cmocka_unit_test(test_kaslr_stays_behind),
		cmocka_unit_test(test_configuration_is_saved_as_text),
		cmocka_unit_test(test_only_into_an_empty_place),
		cmocka_unit_test(test_malformed_machine_is_not_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
