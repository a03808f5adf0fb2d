// SPDX-License-Identifier: LGPL-2.1-or-later
/* The words for values that people and programs read. */
#include "libkexec.h"
#include "names.h"

#include "base/overflow.h"

const char *kx_fact_name(enum kx_fact fact)
{
	static const char *const names[] = { "unknown", "no", "yes" };

	return names[fact];
}

const char *kx_method_name(enum kx_method method)
{
	static const char *const names[] = { "auto", "kexec_load", "kexec_file_load" };

	return names[method];
}

/* The strings of /sys/firmware/memmap: e820_type_to_string() in arch/x86/kernel/e820.c. */
const char *kx_mem_type_name(enum kx_mem_type type)
{
	static const char *const names[KX_MEM_TYPE_COUNT] = {
		[KX_MEM_UNKNOWN] = "Unknown E820 type",
		[KX_MEM_RAM] = "System RAM",
		[KX_MEM_RESERVED] = "Reserved",
		[KX_MEM_ACPI] = "ACPI Tables",
		[KX_MEM_NVS] = "ACPI Non-volatile Storage",
		[KX_MEM_UNUSABLE] = "Unusable memory",
		[KX_MEM_PMEM] = "Persistent Memory",
		[KX_MEM_PRAM] = "Persistent Memory (legacy)",
		[KX_MEM_SOFT_RESERVED] = "Soft Reserved",
	};

	return names[type];
}

struct kx_size_text kx_size_text(uint64_t size)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	struct kx_size_text text;
	size_t unit = 0;
	uint64_t tenths = 0;

	while (size >= 1024 && unit + 1 < KX_ARRAY_SIZE(units)) {
		tenths = (size % 1024) * 10 / 1024;
		size /= 1024;
		unit++;
	}
	if (tenths)
		snprintf(text.s, sizeof(text.s), "%llu.%llu %s", (unsigned long long)size,
			 (unsigned long long)tenths, units[unit]);
	else
		snprintf(text.s, sizeof(text.s), "%llu %s", (unsigned long long)size, units[unit]);
	return text;
}
