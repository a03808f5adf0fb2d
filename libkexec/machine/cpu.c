// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The processor: /proc/cpuinfo's flags, and whether the host is kept out of this guest's memory.
 *
 * The flags sev, sev_es and sev_snp name what a host offers. Kernels hide them in most guests,
 * because the register that says so on a host reads as zero there (early_detect_mem_encrypt() in
 * arch/x86/kernel/cpu/amd.c). In a guest leaf 0x8000001f of CPUID decides, which hypervisors fill
 * in for encrypted guests only; only the live system can be asked, so a capture keeps the answer in
 * a file of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "arch/x86/zero_page.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "machine/x86/cpuid.h"
#include "util.h"

/* Enough for the first processor; each takes some 1.5 KiB. */
#define CAP_CPUINFO (16U << 10)

#define CPUID_FILE "/kexec-next/cpuid-8000001f"

#define LA57_FILE "/kexec-next/cpuid-la57"

/* Bits of EAX; bits 5:0 of EBX are the position of the encryption bit. */
enum { EAX_SEV = 1 << 1, EAX_SEV_ES = 1 << 3, EAX_SEV_SNP = 1 << 4 };

struct kx_view kx_cpuinfo_flags(struct kx_view text)
{
	struct kx_view line, name;

	while (kx_text_line(&text, &line)) {
		if (!kx_text_field(&line, ':', &name))
			continue;
		if (kx_text_is(kx_text_trim(name), "flags"))
			return line;
	}
	return kx_view_of("", 0);
}

static bool read_saved_cpuid(struct kx_root *root, uint32_t *eax, uint32_t *ebx)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_view rest, first, second;
	uint64_t a, b;

	if (kx_root_read(root, CPUID_FILE, KX_CAP_VALUE, &blob) < 0)
		return false;
	rest = kx_blob_view(&blob);
	if (!kx_text_word(&rest, &first) || !kx_text_word(&rest, &second) ||
	    !kx_text_u64(first, 16, &a) || !kx_text_u64(second, 16, &b) || a > UINT32_MAX ||
	    b > UINT32_MAX)
		return false;
	*eax = (uint32_t)a;
	*ebx = (uint32_t)b;
	return true;
}

static bool read_cpuid(struct kx_root *root, uint32_t *eax, uint32_t *ebx)
{
	struct kx_blob blob = { 0 };
	char text[32];

	if (!root->live)
		return read_saved_cpuid(root, eax, ebx);
	if (!kx_cpuid_encryption(eax, ebx))
		return false;
	if (root->save_fd >= 0) {
		blob.size = (size_t)snprintf(text, sizeof(text), "0x%x 0x%x\n", *eax, *ebx);
		blob.data = (uint8_t *)text;
		kx_save_file(root, CPUID_FILE, &blob);
	}
	return true;
}

static enum kx_confidential sev_of_eax(uint32_t eax)
{
	if (!(eax & EAX_SEV))
		return KX_CC_NONE;
	if (eax & EAX_SEV_SNP)
		return KX_CC_SEV_SNP;
	return eax & EAX_SEV_ES ? KX_CC_SEV_ES : KX_CC_SEV;
}

/* What the kernel shows when CPUID says nothing. */
static enum kx_confidential sev_of_kernel(struct kx_root *root, const struct kx_machine *machine,
					  struct kx_view flags)
{
	if (kx_text_has_word(flags, "sev_snp") ||
	    kx_root_exists(root, "/sys/devices/platform/sev-guest") ||
	    (machine->boot_params && kx_le32(machine->boot_params + KX_BP_CC_BLOB_ADDRESS)))
		return KX_CC_SEV_SNP;
	if (kx_text_has_word(flags, "sev_es"))
		return KX_CC_SEV_ES;
	return kx_text_has_word(flags, "sev") ? KX_CC_SEV : KX_CC_NONE;
}

static void find_confidential(struct kx_root *root, struct kx_machine *machine,
			      struct kx_view flags)
{
	uint32_t eax = 0, ebx = 0;

	if (kx_text_has_word(flags, "tdx_guest")) {
		machine->confidential = KX_CC_TDX;
		return;
	}
	if (machine->guest != KX_YES)
		return;
	if (read_cpuid(root, &eax, &ebx))
		machine->confidential = sev_of_eax(eax);
	if (machine->confidential != KX_CC_NONE)
		machine->c_bit = ebx & 0x3f;
	else
		machine->confidential = sev_of_kernel(root, machine, flags);
}

/* /proc/cpuinfo hides the flag where the kernel does not use it (early_identify_cpu() in arch/x86/kernel/cpu/common.c). */
static enum kx_fact la57_possible(struct kx_root *root)
{
	_cleanup_(kx_blob_clear) struct kx_blob saved = { 0 };
	struct kx_blob blob = { .data = (uint8_t *)"0\n", .size = 2 };

	if (!root->live) {
		if (kx_root_read(root, LA57_FILE, KX_CAP_VALUE, &saved) < 0 || !saved.size)
			return KX_UNKNOWN;
		return saved.data[0] == '1' ? KX_YES : KX_NO;
	}
	if (kx_cpuid_la57())
		blob.data = (uint8_t *)"1\n";
	if (root->save_fd >= 0)
		kx_save_file(root, LA57_FILE, &blob);
	return blob.data[0] == '1' ? KX_YES : KX_NO;
}

int kx_read_cpu(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_view flags;
	int r;

	r = kx_root_read_head(root, "/proc/cpuinfo", CAP_CPUINFO, &blob);
	if (r < 0)
		return r;
	flags = kx_cpuinfo_flags(kx_blob_view(&blob));
	if (!flags.size)
		return 0;
	machine->sse42 = kx_text_has_word(flags, "sse4_2") ? KX_YES : KX_NO;
	machine->la57 = kx_text_has_word(flags, "la57") ? KX_YES : KX_NO;
	machine->la57_possible = la57_possible(root);
	machine->guest = kx_text_has_word(flags, "hypervisor") ? KX_YES : KX_NO;
	find_confidential(root, machine, flags);
	return 0;
}
