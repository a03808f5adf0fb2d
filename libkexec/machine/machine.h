/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Facts about a running system. Read once by machine/, under a root directory that tests replace; no other part of
 * the library reads /proc or /sys. Unknown is a value of its own: KX_UNKNOWN, NULL, or a have_* that is false.
 */
#ifndef KX_MACHINE_H
#define KX_MACHINE_H

#include "libkexec.h"
#include "machine/network.h"
#include "memmap.h"
#include "ranges.h"

enum kx_arch_id { KX_ARCH_UNKNOWN, KX_ARCH_X86_64, KX_ARCH_I386, KX_ARCH_ARM64, KX_ARCH_RISCV64 };

/* What keeps a guest's memory from its host; decides what purgatory may do. */
enum kx_confidential { KX_CC_NONE, KX_CC_SEV, KX_CC_SEV_ES, KX_CC_SEV_SNP, KX_CC_TDX };

enum kx_lockdown {
	KX_LOCKDOWN_UNKNOWN,
	KX_LOCKDOWN_NONE,
	KX_LOCKDOWN_INTEGRITY,
	KX_LOCKDOWN_CONFIDENTIALITY
};

/* struct boot_params, the "zero page": Documentation/x86/zero-page.rst. */
#define KX_BOOT_PARAMS_SIZE 4096

/* One top-level or nested line of /proc/iomem. */
struct kx_iomem_entry {
	uint64_t start, end; /* half-open */
	unsigned depth;      /* 0: top level; two spaces a level in the file */
	char *name;
};

/* /proc/iomem; without privileges the kernel prints zeros for all addresses: then @hidden. */
struct kx_iomem {
	struct kx_iomem_entry *v;
	size_t count;
	bool have;
	bool hidden;
};

/* This exact name; "System RAM (kmem)" and its like belong to a driver. */
#define KX_IOMEM_RAM "System RAM"

/* All top-level entries of that name. Errors: -ENOMEM. */
int kx_iomem_ram(const struct kx_iomem *iomem, struct kx_ranges *ret);

/* What is kept for a crash kernel by crashkernel=: it is in System RAM, and of two parts one is below 4 GiB. */
#define KX_IOMEM_CRASH "Crash kernel"

/* All entries of that name, at any depth. Errors: -ENOMEM. */
int kx_iomem_crash(const struct kx_iomem *iomem, struct kx_ranges *ret);

/* One EFI memory descriptor, from /sys/firmware/efi/runtime-map/N (UEFI 2.10, 7.2.3 GetMemoryMap). */
struct kx_efi_desc {
	uint32_t type;
	uint64_t phys, virt, pages, attribute;
};

/**
 * struct kx_efi - firmware state as the running kernel knows it
 * @present: /sys/firmware/efi exists
 * @bits: fw_platform_size, 64 or 32; 0 unknown
 * @fw_vendor, @runtime, @config_table: physical addresses from /sys/firmware/efi; 0 unknown
 * @acpi20, @acpi, @smbios: from /sys/firmware/efi/systab; 0 absent
 * @runtime_map: with @have_runtime_map; absent when the running kernel was started with efi=noruntime
 */
struct kx_efi {
	bool present;
	unsigned bits;
	uint64_t fw_vendor, runtime, config_table;
	uint64_t acpi20, acpi, smbios;
	bool have_runtime_map;
	struct kx_efi_desc *runtime_map;
	size_t runtime_map_count;
};

/* System management tables, /sys/firmware/dmi/tables (DSP0134); absent with @size 0. */
struct kx_smbios {
	uint8_t major, minor;
	uint8_t *tables;
	size_t size;
};

enum kx_uart_kind { KX_UART_NONE, KX_UART_IO, KX_UART_MMIO };

/* A 16550-compatible serial port that purgatory could print on. */
struct kx_uart {
	enum kx_uart_kind kind;
	uint64_t base;
	uint32_t reg_shift;    /* registers are 1 << reg_shift bytes apart */
	uint32_t access_width; /* bytes per register access; 1 for I/O ports */
	uint32_t baud;         /* 0: leave as it is */
	const char *found;     /* "console=", "/proc/consoles", "SPCR" */
};

/* What the running kernel was built with; from the first configuration file that is there. */
struct kx_config {
	char *path; /* NULL: none found */
	enum kx_fact kexec, kexec_file, kexec_sig, kexec_sig_force, ima_kexec, kho;
	enum kx_fact kho_default;      /* handover is on unless kho=off */
	enum kx_fact lockdown, ima;    /* built in at all */
	enum kx_fact ima_secure_boot;  /* IMA asks for the state of Secure Boot */
	enum kx_fact ima_arch_policy;  /* and then has rules of its own */
	enum kx_fact ima_write_policy; /* IMA's policy can be replaced more than once */
};

#define KX_FREE_STEP (UINT64_C(512) << 10)
#define KX_FREE_END (UINT64_C(1) << 32)
#define KX_FREE_SAMPLES (KX_FREE_END / KX_FREE_STEP)

/* A page that the allocator has; one that it had late, and so, if it still has it, hands out first. */
enum kx_free { KX_FREE_NOT, KX_FREE, KX_FREE_LATELY };

/**
 * struct kx_free_pages - which pages the running kernel has free, by samples
 * @v: KX_FREE_SAMPLES times enum kx_free, of the page at each multiple of KX_FREE_STEP; NULL if unknown
 * @count: how many up to the last one that is RAM
 * @above: about how many bytes are free above KX_FREE_END
 * @next: what the allocator hands out next in large pages, after which it goes on upwards; 0 unknown
 *
 * Only of the system that runs: a capture has none.
 */
struct kx_free_pages {
	uint8_t *v;
	size_t count;
	uint64_t above;
	uint64_t next;
};

/* What decides whether there is a panic, and what becomes of it. */
enum kx_panic_setting {
	KX_PANIC_ON_OOPS,
	KX_PANIC_POST_NOTIFIERS,
	KX_PANIC_TIMEOUT,
	KX_PANIC_ON_WARN,
	KX_PANIC_ON_RCU_STALL,
	KX_PANIC_ON_OOM,
	KX_PANIC_UNKNOWN_NMI,
	KX_PANIC_IO_NMI,
	KX_PANIC_UNRECOVERED_NMI,
	KX_PANIC_HUNG_TASK,
	KX_PANIC_SOFT_LOCKUP,
	KX_PANIC_HARD_LOCKUP,
	KX_PANIC_SETTING_COUNT
};

/* Its value, with Y and N as 1 and 0; with @have. */
struct kx_setting {
	bool have;
	int64_t value;
};

/* As the kernel's documentation calls it: "kernel.panic_on_oops". */
const char *kx_panic_setting_name(enum kx_panic_setting setting);

/* What this value means for a dump, where it keeps one from being made; else NULL. */
const char *kx_panic_setting_note(enum kx_panic_setting setting, int64_t value);

/* Where the running kernel writes ELF notes when it panics. */
struct kx_crash_note {
	uint64_t start, size;
};

/**
 * struct kx_kernel_map - where the running kernel has itself and all memory in its address space, from /proc/kcore
 * @text: virtual address of its image, @text_size bytes at the physical address @text_phys; size 0 unknown
 * @direct: virtual address of physical address 0; with @have_direct
 *
 * Only of the system that runs: it is what KASLR hides, and a capture has none.
 */
struct kx_kernel_map {
	uint64_t text, text_phys, text_size;
	bool have_direct;
	uint64_t direct;
};

/**
 * struct kx_crash - what a dump of the running kernel is described by
 * @notes: of each CPU, from /sys/devices/system/cpu/cpuN/crash_notes
 * @vmcoreinfo: from /sys/kernel/vmcoreinfo; size 0 unknown
 * @headers_size: from crash_elfcorehdr_size: bytes that the kernel needs to describe a dump anew after hotplug; 0 if it
 *	cannot, before 6.6 or without CONFIG_CRASH_HOTPLUG
 * @cma: by crashkernel=,cma the capture kernel's too, but in use by the running system until then, and no part of the
 *	dump; from crash_cma_ranges, which is there since 6.19
 */
struct kx_crash {
	struct kx_crash_note *notes;
	size_t note_count;
	struct kx_crash_note vmcoreinfo;
	uint64_t headers_size;
	struct kx_ranges cma;
	struct kx_kernel_map map;
};

struct kx_machine {
	char *root;
	enum kx_arch_id arch;
	char *arch_name; /* as uname -m */
	char *release;
	char *cmdline; /* without the final newline */
	char *initrd_path;

	struct kx_iomem iomem;
	struct kx_memmap firmware_map; /* /sys/firmware/memmap, sorted; with have_firmware_map */
	bool have_firmware_map;
	uint64_t mem_total, mem_available; /* bytes, /proc/meminfo; 0 unknown */
	struct kx_free_pages free_pages;

	uint8_t *
		boot_params; /* KX_BOOT_PARAMS_SIZE bytes of /sys/kernel/boot_params/data, or NULL */
	char *fb_name; /* first line of /proc/fb without its number, e.g. "EFI VGA"; NULL none */
	/* A DRM driver or another native driver took the firmware's frame buffer over. */
	enum kx_fact firmware_fb;
	struct kx_efi efi;
	uint64_t
		acpi_rsdp; /* EFI systab, then boot_params, then acpi_rsdp=; 0 where firmware is to be searched */
	struct kx_smbios smbios;
	struct kx_uart uart;
	enum kx_fact la57;          /* 5-level paging in use */
	enum kx_fact la57_possible; /* and whether the processor can, whatever the kernel does */
	enum kx_fact sse42;         /* has the crc32 instruction */

	enum kx_fact guest; /* runs under a hypervisor */
	enum kx_confidential confidential;
	unsigned c_bit; /* SEV: position of the encryption bit in page table entries; 0 none */
	bool xen_dom0;
	bool xen_pv;
	char *hypervisor; /* "KVM", "Xen" …; NULL none or unknown */

	enum kx_lockdown lockdown;
	enum kx_fact secure_boot;
	enum kx_fact load_disabled;               /* kernel.kexec_load_disabled */
	bool have_limit_reboot, have_limit_panic; /* kernel.kexec_load_limit_*, -1 is no limit */
	int limit_reboot, limit_panic;
	enum kx_fact kexec_core; /* sysfs shows that one of the two calls is built in */
	enum kx_fact loaded, crash_loaded;
	bool have_crash_size;
	uint64_t crash_size;
	struct kx_crash crash;
	struct kx_setting panic[KX_PANIC_SETTING_COUNT];
	unsigned possible_cpus; /* that may ever be online; 0 unknown */
	enum kx_fact cap_sys_boot;
	enum kx_fact init_pid_ns;         /* reboot(2) fails in any other PID namespace */
	enum kx_fact ima_appraises_kexec; /* IMA policy appraises KEXEC_KERNEL_CHECK */
	enum kx_fact ima_measures;        /* a measurement list that must be carried over */
	enum kx_fact kho_active;          /* kexec handover has state to carry */
	enum kx_fact root_on_network;
	struct kx_config config;
	struct kx_network network;
};

/* Is the running kernel older than that? One that is not known is taken for a newer one. */
bool kx_release_before(const struct kx_machine *machine, unsigned long major, unsigned long minor);

#endif
