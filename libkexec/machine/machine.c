// SPDX-License-Identifier: LGPL-2.1-or-later
#include "machine/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "machine/readers.h"
#include "machine/save.h"
#include "machine/text.h"
#include "util.h"

/* In an order in which each finds the facts that it builds on. */
static int (*const readers[])(struct kx_root *, struct kx_machine *, struct kx_error *) = {
	kx_read_system,      kx_read_config,        kx_read_iomem,      kx_read_firmware_memmap,
	kx_read_meminfo,     kx_read_boot_params,   kx_read_efi,        kx_read_acpi,
	kx_read_fb,          kx_read_cpu,           kx_read_hypervisor, kx_read_console,
	kx_read_kexec_state, kx_read_lockdown,      kx_read_process,    kx_read_ima,
	kx_read_handover,    kx_read_mounts,        kx_read_smbios,     kx_read_free_pages,
	kx_read_panic,       kx_read_possible_cpus, kx_read_crash,      kx_read_kernel_map,
	kx_read_network,
};

static void machine_freep(struct kx_machine **machine)
{
	kx_machine_free(*machine);
}

/*
 * What a running kernel prints in a way that is not understood here is unknown, as what it hides;
 * what somebody wrote down wrongly is an error.
 */
static bool is_fatal(const struct kx_root *root, size_t reader, int r)
{
	return r == -ENOMEM || (r == -EBADMSG && !root->live) ||
	       (r == -ENOENT && readers[reader] == kx_read_system);
}

int kx_machine_read_root(struct kx_root *root, const char *path, struct kx_machine **ret,
			 struct kx_error *err)
{
	_cleanup_(machine_freep) struct kx_machine *machine = calloc(1, sizeof(*machine));

	if (machine)
		machine->root = strdup(path);
	if (!machine || !machine->root)
		return kx_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < KX_ARRAY_SIZE(readers); i++) {
		struct kx_error why = { "" };
		int r = readers[i](root, machine, &why);

		if (r >= 0 || !is_fatal(root, i, r))
			continue;
		*err = why;
		if (!err->text[0])
			return kx_fail(err, -r, "cannot read the machine: %s", strerror(-r));
		return r;
	}
	*ret = kx_steal(machine);
	return 0;
}

int kx_machine_read(const char *path, struct kx_machine **ret, struct kx_error *err)
{
	_cleanup_(kx_root_close) struct kx_root root = KX_ROOT_NONE;
	int r = kx_root_open(path, &root, err);

	return r < 0 ? r : kx_machine_read_root(&root, path, ret, err);
}

void kx_machine_free(struct kx_machine *machine)
{
	if (!machine)
		return;
	free(machine->root);
	free(machine->arch_name);
	free(machine->release);
	free(machine->cmdline);
	free(machine->initrd_path);
	kx_iomem_clear(&machine->iomem);
	kx_memmap_clear(&machine->firmware_map);
	free(machine->free_pages.v);
	free(machine->boot_params);
	free(machine->fb_name);
	free(machine->efi.runtime_map);
	free(machine->smbios.tables);
	free(machine->hypervisor);
	free(machine->crash.notes);
	kx_ranges_clear(&machine->crash.cma);
	free(machine->config.path);
	kx_network_clear(&machine->network);
	free(machine);
}

int kx_malformed(struct kx_error *err, const char *path, struct kx_view found, const char *expected)
{
	char text[64];
	size_t n = found.size < sizeof(text) - 1 ? found.size : sizeof(text) - 1;

	for (size_t i = 0; i < n; i++)
		text[i] = found.data[i] >= ' ' && found.data[i] < 0x7f ? (char)found.data[i] : '?';
	text[n] = '\0';
	return kx_fail(err, EBADMSG, "%s is \"%s\", expected %s", path, text, expected);
}

const char *kx_machine_arch(const struct kx_machine *machine)
{
	return machine->arch_name;
}

const char *kx_machine_release(const struct kx_machine *machine)
{
	return machine->release;
}

const char *kx_machine_initrd_path(const struct kx_machine *machine)
{
	return machine->initrd_path;
}

enum kx_fact kx_machine_loaded(const struct kx_machine *machine)
{
	return machine->loaded;
}

enum kx_fact kx_machine_crash_loaded(const struct kx_machine *machine)
{
	return machine->crash_loaded;
}

int kx_machine_crash_size(const struct kx_machine *machine, uint64_t *ret)
{
	if (!machine->have_crash_size)
		return -ENODATA;
	*ret = machine->crash_size;
	return 0;
}
