/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The readers, one for each kind of fact; kx_machine_read() calls them in an order in which each
 * finds what it needs.
 *
 * Every reader fills in its own part of the machine, which says unknown before. A file that cannot
 * be read leaves it so and is not an error. Errors: -EBADMSG when a file is malformed; -ENOMEM.
 */
#ifndef KX_MACHINE_READERS_H
#define KX_MACHINE_READERS_H

#include "machine/machine.h"
#include "machine/root.h"

int kx_read_system(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_config(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_iomem(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_firmware_memmap(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_meminfo(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_boot_params(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_efi(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_acpi(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_fb(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_cpu(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_hypervisor(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_console(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_kexec_state(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_lockdown(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_process(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_ima(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_handover(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_mounts(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_free_pages(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_panic(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_possible_cpus(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_crash(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_kernel_map(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_network(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);
int kx_read_smbios(struct kx_root *root, struct kx_machine *machine, struct kx_error *err);

/* ---- parsers of untrusted text and tables: pure, fuzzed -------------------------------------- */

/* Lines of one /proc/iomem; more than any machine has, and enough to bound the work on a hostile
 * file. */
#define KX_IOMEM_MAX (1U << 18)

/**
 * kx_iomem_parse() - the whole of /proc/iomem
 * @ret: to be cleared with kx_iomem_clear()
 *
 * Errors: -EBADMSG with the line's number; -ENOMEM.
 */
int kx_iomem_parse(struct kx_view text, struct kx_iomem *ret, struct kx_error *err);
void kx_iomem_clear(struct kx_iomem *iomem);

/**
 * kx_firmware_memmap_parse() - one entry of /sys/firmware/memmap
 * @start, @last, @type: the contents of the three files; @last is the last address of the range
 *
 * A type whose name is not known becomes KX_MEM_UNKNOWN. Errors: -EBADMSG; -ENOMEM.
 */
int kx_firmware_memmap_parse(struct kx_view start, struct kx_view last, struct kx_view type,
			     struct kx_memmap *map, struct kx_error *err);

/* /sys/firmware/efi/systab. Errors: -EBADMSG. */
int kx_efi_systab_parse(struct kx_view text, struct kx_efi *efi, struct kx_error *err);

/**
 * kx_spcr_parse() - ACPI's Serial Port Console Redirection table
 *
 * Errors: -ENOEXEC when it is another table; -EBADMSG when it is too short or its checksum is
 * wrong; -EOPNOTSUPP for ports that are not compatible with a 16550.
 */
int kx_spcr_parse(struct kx_view table, struct kx_uart *ret, struct kx_error *err);

/* What the processor says of itself in /proc/cpuinfo: the words behind "flags"; empty when there is
 * no such line. */
struct kx_view kx_cpuinfo_flags(struct kx_view text);

/* A kernel configuration, one option a line. Errors: -EBADMSG when there is no option in it. */
int kx_config_parse(struct kx_view text, struct kx_config *config, struct kx_error *err);
/* Is it a line about an option that kx_config_parse() looks at? */
bool kx_config_line_counts(struct kx_view line);

/* /sys/kernel/vmcoreinfo: "0x000000007f5c1000 1024", both hexadecimal. Errors: -EBADMSG. */
int kx_vmcoreinfo_parse(struct kx_view text, struct kx_crash_note *ret, struct kx_error *err);

/* crash_cma_ranges: lines "66000000-75ffffff". Errors: -EBADMSG; -ENOMEM. */
int kx_crash_cma_parse(struct kx_view text, struct kx_ranges *ret, struct kx_error *err);

/**
 * kx_kcore_parse() - the beginning of /proc/kcore: an ELF header and its program headers
 *
 * What is not among them, or contradicts itself, stays unknown. Errors: -EBADMSG when it is no such file.
 */
int kx_kcore_parse(struct kx_view head, struct kx_kernel_map *ret, struct kx_error *err);

/* "@path is "@found", expected @expected", with @found made fit for a terminal. Return: -EBADMSG.
 */
int kx_malformed(struct kx_error *err, const char *path, struct kx_view found,
		 const char *expected);

#endif
