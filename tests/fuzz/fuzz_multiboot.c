// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "abi/handoff.h"
#include "base/overflow.h"
#include "format/multiboot.h"
#include "fuzz.h"
#include "fuzz_plan.h"

#define MODULE "module"

/* The usual one, but booted by UEFI, and with SMBIOS tables. */
static const struct kx_machine *efi_machine(void)
{
	static uint8_t tables[5] = "smb";
	static struct kx_machine machine;

	machine = *usual_machine();
	machine.efi.present = true;
	machine.smbios = (struct kx_smbios){ .major = 3, .tables = tables, .size = 5 };
	return &machine;
}

/* ---- plans ----------------------------------------------------------------------------------- */

static void require_information1(const struct kx_segment *info)
{
	const uint8_t *p = info->buf;
	uint32_t cmdline = kx_le32(p + 16) - (uint32_t)info->dest, modules = kx_le32(p + 24);

	require(cmdline < info->bufsz && memchr(p + cmdline, 0, info->bufsz - cmdline));
	require(modules > info->dest && modules + 16 <= info->dest + info->bufsz);
	require(kx_le32(p + 20) == 1);
	p += modules - info->dest;
	require(kx_le32(p + 4) - kx_le32(p) == strlen(MODULE));
}

static void require_information2(const struct kx_segment *info, const struct kx_handoff *handoff,
				 const struct kx_multiboot *header, uint64_t load_base)
{
	const uint8_t *p = info->buf;
	size_t at = 8;
	bool told = false;

	require(kx_le32(p) == info->bufsz && info->bufsz % 8 == 0);
	for (; kx_le32(p + at); at += kx_align_up(kx_le32(p + at + 4), 8)) {
		require(kx_le32(p + at + 4) >= 8 && kx_le32(p + at + 4) < info->bufsz - at - 8);
		if (kx_le32(p + at) == 21) {
			told = true;
			require(kx_align_down(kx_le32(p + at + 8), KX_PAGE_SIZE) == load_base);
		}
	}
	require(told == header->relocatable);
	require(handoff->rsdp_tags == info->dest + at);
	require(at + KX_HANDOFF_RSDP_TAGS_SIZE + 8 == info->bufsz);
	for (; at < info->bufsz; at += 8)
		require(kx_le64(p + at) == UINT64_C(8) << 32);
}

/* Where the kernel begins; each of its segments is where its header lets it be. */
static uint64_t kernel_base(const struct kx_plan *plan)
{
	uint64_t base = UINT64_MAX;

	for (size_t i = 0; i < kx_plan_segment_count(plan); i++) {
		const struct kx_segment *s = kx_plan_segment(plan, i);

		if (!strcmp(s->name, "kernel") && s->dest < base)
			base = s->dest;
	}
	return base;
}

static void require_plan(const struct kx_plan *plan, const struct kx_multiboot *header, bool efi)
{
	const struct kx_handoff *handoff = plan->handoff;
	const struct kx_segment *info = segment_of(plan, "boot info");
	const struct kx_segment *ebda = segment_of(plan, "ebda");
	uint64_t base = kernel_base(plan);

	require(info && info->bufsz <= info->memsz && handoff->regs.bx == info->dest);
	require(handoff->mode == KX_MODE_32 && handoff->entry < UINT64_C(1) << 32);
	require(efi == !!ebda && (!efi || (ebda->dest == handoff->ebda && ebda->dest >= 0x40000)));
	if (header->relocatable && !header->has_entry && !header->has_addresses)
		require(base % KX_PAGE_SIZE == 0 && base < header->where.max);
	if (handoff->regs.ax == 0x2badb002)
		require_information1(info);
	else if (header->has_addresses)
		require_information2(info, handoff, header,
				     kx_align_down(header->load_addr, KX_PAGE_SIZE));
	else
		require_information2(info, handoff, header, base);
}

static void try_plan(const char *type, struct kx_view file, const struct kx_multiboot *header)
{
	struct kx_source *kernel = source_of(file.data, file.size);
	struct kx_source *module = source_of(MODULE, strlen(MODULE));
	struct kx_module modules[] = { { .source = module, .args = "args" } };
	struct kx_request request = { .method = KX_METHOD_LOAD,
				      .kernel = kernel,
				      .type = type,
				      .cmdline = "opts",
				      .modules = modules,
				      .module_count = 1 };

	for (int efi = 0; efi < 2; efi++) {
		struct kx_plan *plan = plan_on(efi ? efi_machine() : usual_machine(), &request);

		if (plan && *kx_plan_containers(plan) == '\0')
			require_plan(plan, header, efi);
		kx_plan_free(plan);
	}
	kx_source_free(kernel);
	kx_source_free(module);
}

/* ---- headers --------------------------------------------------------------------------------- */

static void try(const char *type, kx_multiboot_parser *parse, struct kx_view file, uint32_t magic,
		uint64_t align, uint64_t end)
{
	struct kx_multiboot header = { 0 };
	struct kx_error err = { 0 };
	int r = parse(file, &header, &err);

	require(r == 0 || r == -ENOEXEC || r == -EBADMSG || r == -EOPNOTSUPP);
	if (r < 0) {
		require_message(&err);
		return;
	}
	require(header.offset % align == 0);
	require(kx_view_has(file, header.offset, 12) && header.offset + 12 <= end);
	require(kx_le32(file.data + header.offset) == magic);
	if (magic == 0x1badb002)
		require(kx_le32(file.data + header.offset) +
				kx_le32(file.data + header.offset + 4) +
				kx_le32(file.data + header.offset + 8) ==
			0);
	/* Nothing that is not in the file. */
	require(!header.has_addresses || kx_view_has(file, header.offset, 32));
	if (magic == 0x1badb002)
		require(!(kx_le32(file.data + header.offset + 4) & 0xfff8));
	if (header.relocatable)
		require(header.where.align >= KX_PAGE_SIZE &&
			!(header.where.align & (header.where.align - 1)) &&
			header.where.max <= UINT64_C(1) << 32);
	try_plan(type, file, &header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_view file = kx_view_of(data, size);

	try("multiboot-x86", kx_multiboot_parse, file, 0x1badb002, 4, 8192);
	try("multiboot2-x86", kx_multiboot2_parse, file, 0xe85250d6, 8, 32768);
	return 0;
}
