// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes where, which system call, and every reason to refuse. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "abi/handoff.h"
#include "arch/x86/boot_params.h"
#include "base/digest.h"
#include "fixture_machine.h"
#include "plan.h"
#include "sample_bzimage.h"
#include "source.h"
#include "sys.h"

#define PREF 0x1000000 /* what the sample says */
#define PARTS_MAX 20

struct fixture {
	struct fixture_machine machine;
	struct sample kernel;
	struct kx_source *sources[PARTS_MAX + 1];
	size_t source_count;
	struct kx_request request;
	struct kx_plan *plan;
	struct kx_error err;
};

static const struct kx_source *add_source(struct fixture *f, const char *name, const void *data,
					  size_t size)
{
	struct kx_source **at = &f->sources[f->source_count++];

	assert_int_equal(kx_source_from_memory(name, data, size, at, &f->err), 0);
	return *at;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fixture_machine_init(&f->machine);
	fixture_usual_iomem(&f->machine);
	f->kernel = sample_bzimage();
	f->request.kernel = add_source(f, "vmlinuz", f->kernel.data, f->kernel.size);
	f->request.cmdline = "quiet";
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kx_plan_free(f->plan);
	for (size_t i = 0; i < f->source_count; i++)
		kx_source_free(f->sources[i]);
	sample_free(&f->kernel);
	fixture_machine_clear(&f->machine);
	free(f);
	return 0;
}

static int make(struct fixture *f)
{
	kx_plan_free(f->plan);
	f->plan = NULL;
	f->err.text[0] = '\0';
	return kx_plan_make(&f->machine.m, &f->request, &f->plan, &f->err);
}

static void assert_made(struct fixture *f)
{
	int r = make(f);

	if (r < 0)
		fail_msg("%d: %s", r, f->err.text);
}

static void assert_refused(struct fixture *f, int code, const char *word)
{
	assert_int_equal(make(f), code);
	assert_null(f->plan);
	if (!strstr(f->err.text, word))
		fail_msg("\"%s\" does not say \"%s\"", f->err.text, word);
}

static const struct kx_segment *segment(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++)
		if (strcmp(kx_plan_segment(f->plan, i)->name, name) == 0)
			return kx_plan_segment(f->plan, i);
	fail_msg("no segment %s", name);
	return NULL;
}

static const uint8_t *boot_params(const struct fixture *f)
{
	return segment(f, "boot_params")->buf;
}

/* The data of setup_data node @type, whose length goes to *ret_size. */
static const uint8_t *setup_data(const struct fixture *f, uint32_t type, uint32_t *ret_size)
{
	const struct kx_segment *params = segment(f, "boot_params");
	const uint8_t *bp = params->buf;

	for (uint64_t at = kx_le64(bp + KX_BP_SETUP_DATA); at;
	     at = kx_le64(bp + at - params->dest)) {
		const uint8_t *node = bp + (at - params->dest);

		assert_in_range(at, params->dest, params->dest + params->bufsz - 16);
		*ret_size = kx_le32(node + 12);
		if (kx_le32(node + 8) == type)
			return node + 16;
	}
	return NULL;
}

static bool warned(const struct fixture *f, const char *word)
{
	for (size_t i = 0; i < kx_plan_warning_count(f->plan); i++)
		if (strstr(kx_plan_warning(f->plan, i), word))
			return true;
	return false;
}

static uint64_t cmdline_at(const uint8_t *bp)
{
	return kx_le32(bp + KX_BP_CMD_LINE_PTR) | (uint64_t)kx_le32(bp + KX_BP_EXT_CMD_LINE_PTR)
							  << 32;
}

static uint64_t ramdisk_at(const uint8_t *bp)
{
	return kx_le32(bp + KX_BP_RAMDISK_IMAGE) | (uint64_t)kx_le32(bp + KX_BP_EXT_RAMDISK_IMAGE)
							   << 32;
}

/* ---- placement ------------------------------------------------------------------------------- */

static void kernel_goes_to_its_preferred_address(void **state)
{
	struct fixture *f = *state;
	const struct kx_segment *kernel;

	assert_made(f);
	kernel = segment(f, "kernel");
	assert_int_equal(kernel->dest, PREF);
	assert_int_equal(kernel->reserved, 0x100000);
	assert_int_equal(kernel->bufsz, f->kernel.size - SB_SETUP_SIZE);
	assert_true(kernel->memsz < kernel->reserved);
	assert_int_equal(kx_plan_entry(f->plan), PREF + 0x200);
	assert_int_equal(kx_plan_method(f->plan), KX_METHOD_LOAD);
	assert_string_equal(kx_plan_format(f->plan), "bzImage64");
	assert_string_equal(kx_plan_arch(f->plan), "x86_64");
}

static void kernel_moves_up_when_its_address_is_taken(void **state)
{
	struct fixture *f = *state;

	f->request.mem_min = PREF + 1;
	assert_made(f);
	assert_int_equal(segment(f, "kernel")->dest, PREF + 0x200000);

	f->kernel.data[SB_RELOCATABLE_KERNEL] = 0;
	sample_seal(&f->kernel);
	assert_refused(f, -ENOSPC, "no room for kernel");
}

static void kernel_without_above_4g_stays_below(void **state)
{
	struct fixture *f = *state;

	kx_memmap_add(&f->machine.m.firmware_map, 4 * GIB, 8 * GIB, KX_MEM_RAM);
	fixture_iomem(&f->machine, 4 * GIB, 8 * GIB, 0, "System RAM");
	assert_made(f);
	assert_true(segment(f, "boot_params")->dest > 4 * GIB);
	f->request.mem_min = 2 * GIB;
	assert_made(f);
	assert_true(segment(f, "kernel")->dest >= 4 * GIB);

	kx_put_le16(f->kernel.data + SB_XLOADFLAGS, 1);
	sample_seal(&f->kernel);
	assert_refused(f, -ENOSPC, "--mem-min");
	f->request.mem_min = 0;
	assert_made(f);
	for (size_t i = 0; i + 1 < kx_plan_segment_count(f->plan); i++)
		assert_true(kx_plan_segment(f->plan, i)->dest < 4 * GIB);
}

static void nothing_overlaps_or_leaves_ram(void **state)
{
	static const uint8_t initrd[3 * 4096 + 5] = { 0 };
	struct fixture *f = *state;
	const struct kx_source *initrds[] = { add_source(f, "initrd", initrd, sizeof(initrd)) };

	f->request.initrds = initrds;
	f->request.initrd_count = 1;
	fixture_iomem(&f->machine, 0, 0, 0, "nothing");
	assert_made(f);
	assert_int_equal(kx_plan_segment_count(f->plan), 4);
	for (size_t i = 0; i < 4; i++) {
		const struct kx_segment *a = kx_plan_segment(f->plan, i);

		assert_int_equal(a->dest % 4096, 0);
		assert_int_equal(a->memsz % 4096, 0);
		assert_true(a->bufsz <= a->memsz && a->memsz <= a->reserved);
		assert_true(a->dest >= 0x1000 && a->dest + a->reserved <= GIB - 2 * MIB);
		for (size_t j = 0; j < i; j++) {
			const struct kx_segment *b = kx_plan_segment(f->plan, j);

			assert_true(a->dest + a->reserved <= b->dest ||
				    b->dest + b->reserved <= a->dest);
		}
	}
}

static void mem_max_is_obeyed(void **state)
{
	struct fixture *f = *state;

	f->request.mem_max = 64 * MIB - 1;
	assert_made(f);
	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++) {
		const struct kx_segment *s = kx_plan_segment(f->plan, i);

		assert_true(s->dest + s->reserved <= 64 * MIB);
	}
	f->request.mem_max = 0xffff;
	assert_refused(f, -ENOSPC, "--mem-max");
}

static void what_only_one_map_calls_ram_is_not_used(void **state)
{
	struct fixture *f = *state;

	/* The kernel has carved the top of RAM out; firmware knows nothing about what the kernel sees above 4 GiB. */
	f->machine.iomem[4].end = 512 * MIB;
	fixture_iomem(&f->machine, 512 * MIB, GIB - 2 * MIB, 0, "Reserved");
	fixture_iomem(&f->machine, 4 * GIB, 5 * GIB, 0, "System RAM");
	fixture_iomem(&f->machine, 600 * MIB, 700 * MIB, 0, "System RAM (kmem)");
	assert_made(f);
	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++)
		assert_true(kx_plan_segment(f->plan, i)->dest < 512 * MIB);
}

static void hidden_memory_map_makes_an_unplaced_plan(void **state)
{
	struct fixture *f = *state;

	f->machine.m.iomem.hidden = true;
	f->machine.m.cap_sys_boot = KX_NO;
	assert_made(f);
	assert_false(kx_plan_placed(f->plan));
	assert_int_equal(segment(f, "kernel")->dest, KX_DEST_UNKNOWN);
	assert_int_equal(kx_plan_entry(f->plan), 0);
	assert_true(warned(f, "not known"));
}

/* ---- initrd ---------------------------------------------------------------------------------- */

static void initrd_parts_are_segments_one_after_the_other(void **state)
{
	static const uint8_t first[4097] = { 1 }, second[100] = { 2 };
	struct fixture *f = *state;
	const struct kx_source *initrds[] = { add_source(f, "a", first, sizeof(first)),
					      add_source(f, "b", second, sizeof(second)) };
	const struct kx_segment *a, *b;

	f->request.initrds = initrds;
	f->request.initrd_count = 2;
	assert_made(f);
	a = kx_plan_segment(f->plan, 1);
	b = kx_plan_segment(f->plan, 2);
	assert_string_equal(b->name, "initrd");
	assert_ptr_equal(a->buf, first);
	assert_int_equal(b->dest, a->dest + 8192);
	assert_int_equal(ramdisk_at(boot_params(f)), a->dest);
	assert_int_equal(kx_le32(boot_params(f) + KX_BP_RAMDISK_SIZE), 8192 + 100);
}

static void too_many_parts_are_joined(void **state)
{
	static const uint8_t part[PARTS_MAX] = { 7, 8, 9 };
	struct fixture *f = *state;
	const struct kx_source *initrds[PARTS_MAX];
	const struct kx_segment *joined;

	for (size_t i = 0; i < PARTS_MAX; i++)
		initrds[i] = add_source(f, "part", part, 3);
	f->request.initrds = initrds;
	f->request.initrd_count = PARTS_MAX;
	assert_made(f);
	joined = kx_plan_segment(f->plan, 1);
	assert_int_equal(kx_plan_segment_count(f->plan), 4);
	assert_int_equal(joined->bufsz, (PARTS_MAX - 1) * 4096 + 3);
	for (size_t i = 0; i < PARTS_MAX; i++)
		assert_memory_equal((const uint8_t *)joined->buf + i * 4096, part, 3);
}

static void put_bootconfig(uint8_t *at)
{
	uint32_t sum = 0;

	memcpy(at, "a = b\n\0\0", 8);
	for (int i = 0; i < 8; i++)
		sum += at[i];
	kx_put_le32(at + 8, 8);
	kx_put_le32(at + 12, sum);
	memcpy(at + 16, "#BOOTCONFIG\n", 12);
}

/* The moved trailer must live as long as the plan, not as the layout: ASan tells. */
static void bootconfig_ends_the_last_segment(void **state)
{
	static uint8_t first[16 + 28] = { 1 };
	static const uint8_t second[16] = { 2 };
	struct fixture *f = *state;
	const struct kx_source *initrds[] = { add_source(f, "a", first, sizeof(first)),
					      add_source(f, "b", second, sizeof(second)) };
	const struct kx_segment *last;
	const uint8_t *end;

	put_bootconfig(first + 16);
	f->request.initrds = initrds;
	f->request.initrd_count = 2;
	assert_made(f);
	last = kx_plan_segment(f->plan, kx_plan_segment_count(f->plan) - 3);
	assert_string_equal(last->name, "initrd");
	end = (const uint8_t *)last->buf + last->bufsz;
	assert_memory_equal(end - 12, "#BOOTCONFIG\n", 12);
	assert_int_equal(ramdisk_at(boot_params(f)) + kx_le32(boot_params(f) + KX_BP_RAMDISK_SIZE),
			 last->dest + last->bufsz);
}

/* ---- boot_params ----------------------------------------------------------------------------- */

static void boot_params_are_built_field_by_field(void **state)
{
	struct fixture *f = *state;
	const struct kx_segment *params;
	const uint8_t *bp;
	uint32_t size;

	memset(f->machine.boot_params, 0xa5, KX_BOOT_PARAMS_SIZE);
	f->machine.boot_params[KX_BP_SCREEN_IS_VGA] = 1;
	f->machine.boot_params[KX_BP_EDDBUF_ENTRIES] = 2;
	assert_made(f);
	params = segment(f, "boot_params");
	bp = params->buf;
	assert_int_equal(bp[KX_BP_SENTINEL], 0);
	assert_int_equal(bp[KX_BP_TYPE_OF_LOADER], 0xd0);
	assert_memory_equal(bp + KX_BP_HDR + 17, "HdrS", 4);
	assert_int_equal(kx_le64(bp + KX_BP_ACPI_RSDP_ADDR), 0xf5a40);
	assert_int_equal(bp[KX_BP_SECURE_BOOT], 0xa5);
	assert_int_equal(bp[KX_BP_EDDBUF_ENTRIES], 2);
	assert_int_equal(bp[KX_BP_EDID_INFO + 5], 0xa5);
	assert_int_equal(bp[KX_BP_APM_BIOS_INFO], 0xa5);
	assert_int_equal(kx_le32(bp + KX_BP_CC_BLOB_ADDRESS), 0);
	assert_int_equal(kx_le32(bp + KX_BP_EFI_INFO), 0);
	assert_int_equal(kx_le64(bp + 0x58), 0); /* tboot_addr: never inherited */
	assert_int_equal(bp[KX_BP_E820_ENTRIES], 5);
	assert_int_equal(kx_le32(bp + KX_BP_ALT_MEM_K), (GIB - 3 * MIB) >> 10);
	assert_string_equal((const char *)bp + (cmdline_at(bp) - params->dest), "quiet");
	assert_non_null(setup_data(f, KX_SETUP_RNG_SEED, &size));
	assert_int_equal(size, 32);
	assert_int_equal(f->plan->seed_size, 32);
	assert_ptr_equal(setup_data(f, KX_SETUP_RNG_SEED, &size), f->plan->seed);
}

static void device_tree_goes_through_setup_data(void **state)
{
	struct fixture *f = *state;
	const uint8_t *data;
	uint32_t size;

	f->request.dtb = add_source(f, "dtb", "tree", 5);
	assert_made(f);
	data = setup_data(f, KX_SETUP_DTB, &size);
	assert_non_null(data);
	assert_int_equal(size, 5);
	assert_memory_equal(data, "tree", 5);
	f->request.dtb = add_source(f, "dtb", "never read", 3 * MIB);
	assert_refused(f, -EFBIG, "dtb: device tree of 3 MiB");
}

static void screen_info_needs_a_firmware_driver(void **state)
{
	struct fixture *f = *state;
	uint8_t *old = f->machine.boot_params;

	memset(old, 0x77, KX_BP_SCREEN_INFO_SIZE);
	old[KX_BP_SCREEN_IS_VGA] = 0x70;
	f->machine.m.fb_name = (char *)(uintptr_t) "amdgpudrmfb";
	f->machine.m.firmware_fb = KX_NO;
	assert_made(f);
	assert_int_equal(boot_params(f)[0x12], 0);
	assert_true(warned(f, "amdgpudrmfb"));

	f->request.flags = KX_REQUEST_REUSE_VIDEO;
	assert_made(f);
	assert_int_equal(boot_params(f)[0x12], 0x77);

	f->request.flags = 0;
	f->machine.m.firmware_fb = KX_YES;
	assert_made(f);
	assert_int_equal(boot_params(f)[0x12], 0x77);
	assert_false(warned(f, "dark"));

	/* A frame buffer that nothing drives is no text screen. */
	f->machine.m.fb_name = NULL;
	f->machine.m.firmware_fb = KX_NO;
	assert_made(f);
	assert_int_equal(boot_params(f)[0x12], 0);
	old[KX_BP_SCREEN_IS_VGA] = 1;
	assert_made(f);
	assert_int_equal(boot_params(f)[0x12], 0x77);
}

/* ---- EFI ------------------------------------------------------------------------------------- */

static void make_efi(struct fixture *f, struct kx_efi_desc *map, size_t count)
{
	uint8_t *info = f->machine.boot_params + KX_BP_EFI_INFO;

	f->machine.m.efi = (struct kx_efi){ .present = true,
					    .bits = 64,
					    .fw_vendor = 0x1111,
					    .runtime = 0x4444,
					    .config_table = 0x2222,
					    .smbios = 0x3333,
					    .have_runtime_map = true,
					    .runtime_map = map,
					    .runtime_map_count = count };
	kx_put_le32(info, 0x34364c45);
	kx_put_le32(info + 0x04, 0x7f000018);
	kx_put_le32(info + 0x18, 1);
	kx_put_le32(info + 0x08, 48);
	kx_put_le32(info + 0x0c, 1);
}

static void efi_state_is_handed_over(void **state)
{
	struct kx_efi_desc map[] = { { 5, 0x7f00000, 0xfffffffefde00000, 16, 1ull << 63 | 8 },
				     { 6, 0x7e00000, 0xfffffffefdc00000, 8, 1ull << 63 } };
	struct fixture *f = *state;
	const struct kx_segment *params;
	const uint8_t *bp, *efi, *esd, *desc;
	uint32_t size;

	make_efi(f, map, 2);
	assert_made(f);
	params = segment(f, "boot_params");
	bp = params->buf;
	efi = bp + KX_BP_EFI_INFO;
	assert_memory_equal(efi, "EL64", 4);
	assert_int_equal(kx_le32(efi + 0x04), 0x7f000018);
	assert_int_equal(kx_le32(efi + 0x18), 1);
	assert_int_equal(kx_le32(efi + 0x08), 48);
	assert_int_equal(kx_le32(efi + 0x14), 96);
	desc = bp + (kx_le32(efi + 0x10) - params->dest) + 48;
	assert_int_equal(kx_le32(desc), 6);
	assert_int_equal(kx_le64(desc + 8), 0x7e00000);
	assert_int_equal(kx_le64(desc + 16), 0xfffffffefdc00000);
	assert_int_equal(kx_le64(desc + 24), 8);
	assert_int_equal(kx_le64(desc + 32), 1ull << 63);
	esd = setup_data(f, KX_SETUP_EFI, &size);
	assert_non_null(esd);
	assert_int_equal(size, 96);
	assert_int_equal(kx_le64(esd), 0x1111);
	assert_int_equal(kx_le64(esd + 8), 0x4444);
	assert_int_equal(kx_le64(esd + 16), 0x2222);
	assert_int_equal(kx_le64(esd + 24), 0x3333);
}

static void assert_no_efi(struct fixture *f, const char *why)
{
	uint32_t size;

	assert_made(f);
	assert_int_equal(kx_le32(boot_params(f) + KX_BP_EFI_INFO), 0);
	assert_null(setup_data(f, KX_SETUP_EFI, &size));
	assert_int_equal(kx_le64(boot_params(f) + KX_BP_ACPI_RSDP_ADDR), 0xf5a40);
	assert_true(warned(f, why));
}

static void efi_that_cannot_be_handed_over_is_left_out(void **state)
{
	struct kx_efi_desc map[] = { { 5, 0x7f00000, 0xfffffffefde00000, 16, 8 } };
	struct fixture *f = *state;

	make_efi(f, map, 1);
	f->request.flags = KX_REQUEST_NO_EFI;
	assert_no_efi(f, "--noefi");
	f->request.flags = 0;
	f->machine.m.efi.bits = 32;
	assert_no_efi(f, "32-bit");
	make_efi(f, map, 1);
	f->machine.m.efi.have_runtime_map = false;
	assert_no_efi(f, "efi=noruntime");
	make_efi(f, map, 1);
	f->machine.m.efi.config_table = 0;
	assert_no_efi(f, "table addresses");
	make_efi(f, map, 1);
	kx_put_le32(f->machine.boot_params + KX_BP_EFI_INFO, 0);
	assert_no_efi(f, "boot_params");
}

/* ---- purgatory ------------------------------------------------------------------------------- */

static const struct kx_handoff *handoff(const struct fixture *f)
{
	return f->plan->handoff;
}

/* What purgatory will read at @address. */
static const uint8_t *loaded(const struct fixture *f, uint64_t address, uint64_t size)
{
	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++) {
		const struct kx_segment *s = kx_plan_segment(f->plan, i);

		if (address >= s->dest && address + size <= s->dest + s->bufsz)
			return (const uint8_t *)s->buf + (address - s->dest);
	}
	fail_msg("%#llx is not loaded", (unsigned long long)address);
	return NULL;
}

static void assert_every_loaded_byte_checked(struct fixture *f, enum kx_digest_kind kind)
{
	static const uint8_t initrd[5000] = { 1, 2, 3 };
	const struct kx_source *initrds[] = { add_source(f, "initrd", initrd, sizeof(initrd)) };
	uint64_t bytes = 0, hashed = 0, words = 0;
	const struct kx_segment *purgatory;
	struct kx_digest digest;
	uint8_t expected[KX_DIGEST_SIZE];

	f->request.initrds = initrds;
	f->request.initrd_count = 1;
	assert_made(f);
	f->plan->seal(f->plan);
	assert_int_equal(handoff(f)->check, kind);
	kx_digest_init(&digest, kind, NULL);
	for (uint32_t i = 0; i < handoff(f)->region_count; i++) {
		const struct kx_handoff_range *region = &handoff(f)->regions[i];

		kx_digest_region(&digest, loaded(f, region->start, region->size), region->size);
		hashed += region->size;
	}
	kx_digest_final(&digest, expected);
	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++)
		bytes += kx_plan_segment(f->plan, i)->bufsz;
	assert_memory_equal(expected, handoff(f)->digest, sizeof(expected));
	assert_int_equal(hashed, bytes - KX_HANDOFF_UNHASHED_SIZE - sizeof(struct kx_times));
	assert_int_equal(handoff(f)->sum, kx_handoff_sum(handoff(f)));
	purgatory = segment(f, "purgatory");
	for (size_t i = 0; i < purgatory->bufsz; i += 8)
		words += kx_le64((const uint8_t *)purgatory->buf + i);
	assert_int_equal(words, 0);
	assert_int_equal(handoff(f)->entry, PREF + 0x200);
	assert_int_equal(handoff(f)->mode, KX_MODE_64);
	assert_int_equal(handoff(f)->regs.si, segment(f, "boot_params")->dest);
	assert_int_equal(f->plan->start, segment(f, "purgatory")->dest);
}

static void purgatory_checks_every_loaded_byte(void **state)
{
	struct fixture *f = *state;

	assert_every_loaded_byte_checked(f, KX_DIGEST_MADD); /* not known to have SSE4.2 */
	f->machine.m.sse42 = KX_NO;
	assert_every_loaded_byte_checked(f, KX_DIGEST_MADD);
	f->machine.m.sse42 = KX_YES;
	assert_every_loaded_byte_checked(f, KX_DIGEST_CRC32C);
	f->request.check = KX_CHECK_SHA256;
	assert_every_loaded_byte_checked(f, KX_DIGEST_SHA256);
}

static void times_are_in_a_node_of_their_own(void **state)
{
	struct fixture *f = *state;
	const uint8_t *times;
	uint32_t size;

	assert_made(f);
	times = setup_data(f, KX_TIMES_SETUP_TYPE, &size);
	assert_non_null(times);
	assert_int_equal(size, sizeof(struct kx_times));
	assert_int_equal(kx_le64(times), KX_TIMES_MAGIC);
	assert_ptr_equal(loaded(f, handoff(f)->times, size), times);
	f->plan->seal(f->plan);
	assert_int_equal(kx_le64(times + offsetof(struct kx_times, entered)), 0);
	assert_int_equal(kx_le64(times + offsetof(struct kx_times, left)), 0);

	/* Reading the counter may need help there that purgatory cannot give. */
	f->machine.m.confidential = KX_CC_SEV_ES;
	assert_made(f);
	assert_null(setup_data(f, KX_TIMES_SETUP_TYPE, &size));
	assert_int_equal(handoff(f)->times, 0);
}

/* Its stack and page tables too, or the running kernel may keep its own page tables there. */
static void purgatory_is_loaded_whole(void **state)
{
	struct fixture *f = *state;
	struct kx_purgatory_header header;

	assert_made(f);
	memcpy(&header, (const uint8_t *)segment(f, "purgatory")->buf + KX_PURGATORY_HEADER_OFFSET,
	       sizeof(header));
	assert_int_equal(segment(f, "purgatory")->memsz, header.memsz);
}

static void purgatory_maps_what_the_kernel_needs(void **state)
{
	struct fixture *f = *state;
	bool kernel = false, low = false;

	assert_made(f);
	for (uint32_t i = 0; i < handoff(f)->map_count; i++) {
		const struct kx_handoff_range *map = &handoff(f)->maps[i];

		kernel |= map->start == PREF && map->size == 0x100000;
		low |= map->start == 0 && map->size == 4 * GIB;
	}
	assert_true(kernel);
	assert_true(low); /* where firmware keeps its tables */
}

static void assert_hinted(struct fixture *f, const char *cmdline, const char *expected,
			  size_t count)
{
	f->request.cmdline = cmdline;
	assert_made(f);
	assert_string_equal(kx_plan_cmdline(f->plan), expected);
	assert_int_equal(kx_plan_hint_count(f->plan), count);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(strstr(expected, kx_plan_hint(f->plan, i)->word));
		assert_non_null(kx_plan_hint(f->plan, i)->why);
	}
	assert_null(kx_plan_hint(f->plan, count));
}

#define HINTS "cryptomgr.notests no_timer_check kexec.hints=cryptomgr.notests,no_timer_check"

static void hints_are_added_when_asked_for(void **state)
{
	struct fixture *f = *state;

	assert_hinted(f, "ro", "ro", 0);
	f->request.fast = KX_FAST_HINTS;
	assert_hinted(f, "ro", "ro " HINTS, 2);
	assert_hinted(f, NULL, HINTS, 2);
	assert_hinted(f, "ro -- single", "ro " HINTS " -- single", 2);
	assert_hinted(f, "-- single", HINTS " -- single", 2);
	assert_hinted(f, "no_timer_check ro",
		      "no_timer_check ro cryptomgr.notests kexec.hints=cryptomgr.notests", 1);
	assert_hinted(f, "no_timer_check cryptomgr.notests=0", "no_timer_check cryptomgr.notests=0",
		      0);
}

/* The sample kernel takes 2047 bytes, kexec_file_load 31 less of them; HINTS and a blank are 79. */
static void hints_that_do_not_fit_are_left_out(void **state)
{
	struct fixture *f = *state;
	char cmdline[2048] = "", expected[2048];

	f->request.fast = KX_FAST_HINTS;
	memset(cmdline, 'x', 2047 - 31 - 1 - strlen(HINTS));
	snprintf(expected, sizeof(expected), "%s " HINTS, cmdline);
	assert_hinted(f, cmdline, expected, 2);
	strcat(cmdline, "x");
	assert_hinted(f, cmdline, cmdline, 0);
	assert_true(warned(f, "no hints are added"));
	assert_true(warned(f, "has 2017 bytes, this kernel takes 2016"));
	memset(cmdline, 'x', 2047);
	assert_hinted(f, cmdline, cmdline, 0);
}

static void hints_are_not_for_every_format(void **state)
{
	struct fixture *f = *state;

	f->request.fast = KX_FAST_HINTS;
	f->request.entry = KX_ENTRY_32;
	assert_hinted(f, "ro", "ro", 0);
	assert_true(
		warned(f, "no hints are added, although asked for: there are none for bzImage"));
}

static void no_checks_means_no_regions(void **state)
{
	struct fixture *f = *state;

	f->request.check = KX_CHECK_NONE;
	assert_made(f);
	assert_int_equal(handoff(f)->region_count, 0);
	assert_int_equal(handoff(f)->check, KX_DIGEST_NONE);
}

static void console_is_the_users_or_the_machines(void **state)
{
	struct fixture *f = *state;

	assert_made(f);
	assert_int_equal(handoff(f)->console.kind, KX_CONSOLE_NONE);
	assert_true(handoff(f)->flags & KX_HANDOFF_VGA_TEXT);

	f->machine.m.uart = (struct kx_uart){
		.kind = KX_UART_MMIO, .base = 0xfe032000, .reg_shift = 2, .access_width = 4
	};
	assert_made(f);
	assert_int_equal(handoff(f)->console.kind, KX_CONSOLE_MMIO);
	assert_int_equal(handoff(f)->console.base, 0xfe032000);
	assert_int_equal(handoff(f)->console.reg_shift, 2);
	assert_int_equal(handoff(f)->console.divisor, 0);
	f->machine.m.uart.baud = 115200; /* by a clock that is not known */
	assert_made(f);
	assert_int_equal(handoff(f)->console.divisor, 0);

	f->request.serial_port = 0x2f8;
	f->request.serial_baud = 9600;
	assert_made(f);
	assert_int_equal(handoff(f)->console.kind, KX_CONSOLE_PORT);
	assert_int_equal(handoff(f)->console.base, 0x2f8);
	assert_int_equal(handoff(f)->console.divisor, 12);

	f->machine.m.uart.kind = KX_UART_NONE;
	f->request.serial_port = 0;
	f->request.flags = KX_REQUEST_CONSOLE_SERIAL;
	assert_made(f);
	assert_int_equal(handoff(f)->console.base, 0x3f8);
	assert_true(handoff(f)->flags & KX_HANDOFF_PROGRESS);
}

static void confidential_guests_get_no_port_io(void **state)
{
	struct fixture *f = *state;
	uint32_t size;

	f->machine.m.confidential = KX_CC_SEV_SNP;
	f->machine.m.c_bit = 51;
	assert_made(f);
	assert_null(setup_data(f, KX_SETUP_CC_BLOB, &size));
	kx_put_le32(f->machine.boot_params + KX_BP_CC_BLOB_ADDRESS, 0x1234);
	assert_made(f);
	assert_int_equal(handoff(f)->flags, KX_HANDOFF_NO_PORT_IO | KX_HANDOFF_NO_CPUID);
	assert_int_equal(handoff(f)->enc_mask, UINT64_C(1) << 51);
	assert_int_equal(kx_le32(setup_data(f, KX_SETUP_CC_BLOB, &size)), 0x1234);
	assert_int_equal(size, 4);
}

/* ---- which system call ----------------------------------------------------------------------- */

static void lockdown_leads_to_kexec_file_load(void **state)
{
	struct fixture *f = *state;

	f->machine.m.lockdown = KX_LOCKDOWN_INTEGRITY;
	assert_made(f);
	assert_int_equal(kx_plan_method(f->plan), KX_METHOD_FILE_LOAD);
	assert_non_null(strstr(kx_plan_method_why(f->plan), "locked down"));
	assert_false(kx_plan_placed(f->plan));
	assert_int_equal(kx_plan_segment_count(f->plan), 1);

	f->request.method = KX_METHOD_LOAD;
	assert_refused(f, -EPERM, "locked down");
}

static void a_plan_to_look_at_is_made_but_not_loaded(void **state)
{
	const struct kx_sys nothing = { 0 };
	struct fixture *f = *state;

	f->machine.m.lockdown = KX_LOCKDOWN_INTEGRITY;
	f->request.method = KX_METHOD_LOAD;
	f->request.flags = KX_REQUEST_EXPLAIN;
	assert_made(f);
	assert_true(kx_plan_placed(f->plan));
	assert_non_null(strstr(kx_plan_forbidden(f->plan), "locked down"));
	assert_int_equal(kx_plan_load(&nothing, f->plan, &f->err), -EPERM);
	assert_non_null(strstr(f->err.text, "locked down"));
	f->machine.m.lockdown = KX_LOCKDOWN_NONE;
	assert_made(f);
	assert_null(kx_plan_forbidden(f->plan));
}

static void both_reasons_are_given(void **state)
{
	struct fixture *f = *state;

	f->machine.m.lockdown = KX_LOCKDOWN_INTEGRITY;
	f->request.dtb = add_source(f, "dtb", "tree", 5);
	assert_refused(f, -EPERM, "locked down");
	assert_non_null(strstr(f->err.text, "device tree"));
}

static void file_load_leaves_room_for_elfcorehdr(void **state)
{
	char cmdline[2048];
	struct fixture *f = *state;

	memset(cmdline, 'x', sizeof(cmdline));
	cmdline[2047] = '\0';
	f->request.cmdline = cmdline;
	f->request.method = KX_METHOD_FILE_LOAD;
	assert_refused(f, -EPERM, "2016");
	cmdline[2016] = '\0';
	assert_made(f);
}

/* Each loses something by kexec_load that the kernel would not complain about: -a avoids it, -c does as it is told. */
static void what_kexec_load_would_lose_decides_only_by_itself(void **state)
{
	struct fixture *f = *state;
	struct kx_machine *m = &f->machine.m, old = *m;

	for (int i = 0; i < 5; i++) {
		*m = old;
		m->config.kexec_sig_force = i == 0 ? KX_YES : KX_NO;
		m->ima_measures = i == 1 ? KX_YES : KX_NO;
		m->kho_active = i == 2 ? KX_YES : KX_NO;
		m->secure_boot = i == 3 ? KX_YES : KX_NO;
		if (i == 4)
			m->cmdline = (char *)(uintptr_t) "quiet lockdown=integrity";
		f->request.method = KX_METHOD_AUTO;
		assert_made(f);
		assert_int_equal(kx_plan_method(f->plan), KX_METHOD_FILE_LOAD);
		f->request.method = KX_METHOD_LOAD;
		assert_made(f);
		assert_int_equal(kx_plan_method(f->plan), KX_METHOD_LOAD);
		assert_true(warned(f, "although"));
	}
	m->ima_appraises_kexec = KX_YES;
	assert_refused(f, -EPERM, "IMA");
}

static void without_a_memory_map_root_uses_kexec_file_load(void **state)
{
	struct fixture *f = *state;

	f->machine.m.have_firmware_map = false;
	assert_made(f);
	assert_int_equal(kx_plan_method(f->plan), KX_METHOD_FILE_LOAD);
	assert_non_null(strstr(kx_plan_method_why(f->plan), "CONFIG_FIRMWARE_MEMMAP"));
	f->request.method = KX_METHOD_LOAD;
	assert_made(f);
	assert_false(kx_plan_placed(f->plan));
}

static void missing_capability_is_a_warning(void **state)
{
	struct fixture *f = *state;

	f->machine.m.cap_sys_boot = KX_NO;
	assert_made(f);
	assert_true(warned(f, "CAP_SYS_BOOT"));
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void long_command_line_is_refused_with_both_numbers(void **state)
{
	char cmdline[2049];
	struct fixture *f = *state;

	memset(cmdline, 'x', sizeof(cmdline));
	cmdline[2048] = '\0';
	f->request.cmdline = cmdline;
	assert_refused(f, -E2BIG, "2048");
	assert_non_null(strstr(f->err.text, "2047"));
	cmdline[2047] = '\0';
	assert_made(f);
}

static void what_does_not_fit_is_refused_with_numbers(void **state)
{
	struct fixture *f = *state;
	const struct kx_source *initrds[1];

	/* Never read: it is only as large as it says. */
	initrds[0] = add_source(f, "huge", f, 3 * GIB);
	f->request.initrds = initrds;
	f->request.initrd_count = 1;
	assert_refused(f, -ENOSPC, "3 GiB");
	assert_non_null(strstr(f->err.text, "half"));
	f->request.method = KX_METHOD_FILE_LOAD;
	assert_refused(f, -ENOSPC, "6 GiB");

	f->request.initrd_count = 0;
	f->request.method = KX_METHOD_AUTO;
	f->machine.m.mem_available = 4096;
	assert_refused(f, -ENOSPC, "4 KiB");
}

/* The kernel has all of the upper half free: what is large goes below it, what is small to the top. */
static void what_is_large_goes_where_little_is_free(void **state)
{
	static const uint8_t initrd[3 * MIB] = { 1 };
	static uint8_t samples[KX_FREE_SAMPLES];
	struct fixture *f = *state;
	const struct kx_source *initrds[] = { add_source(f, "initrd", initrd, sizeof(initrd)) };

	for (size_t i = 0; i < GIB / KX_FREE_STEP; i++)
		samples[i] = i < GIB / 2 / KX_FREE_STEP ? KX_FREE_NOT : KX_FREE;
	f->machine.m.free_pages =
		(struct kx_free_pages){ .v = samples, .count = GIB / KX_FREE_STEP };
	f->request.initrds = initrds;
	f->request.initrd_count = 1;
	assert_made(f);
	assert_int_equal(segment(f, "initrd")->dest, GIB / 2 - sizeof(initrd));
	assert_non_null(strstr(segment(f, "initrd")->why, "least free memory"));
	assert_in_range(segment(f, "purgatory")->dest, GIB - 4 * MIB, GIB);
	assert_in_range(segment(f, "boot_params")->dest, GIB - 4 * MIB, GIB);
	assert_non_null(strstr(segment(f, "boot_params")->why, "highest free place"));
}

static void initrd_beyond_purgatorys_page_tables_is_refused(void **state)
{
	struct fixture *f = *state;
	/* Of zeros that take no memory; its end is looked at. */
	size_t size = 60 * GIB;
	void *zeros =
		mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	const struct kx_source *initrds[] = { add_source(f, "huge", zeros, size) };

	assert_ptr_not_equal(zeros, MAP_FAILED);
	f->machine.m.mem_total = f->machine.m.mem_available = 200 * GIB;
	kx_memmap_add(&f->machine.m.firmware_map, 4 * GIB, 200 * GIB, KX_MEM_RAM);
	fixture_iomem(&f->machine, 4 * GIB, 200 * GIB, 0, "System RAM");
	f->request.initrds = initrds;
	f->request.initrd_count = 1;
	assert_refused(f, -ENOSPC, "purgatory can map 48");
	munmap(zeros, size);
}

static void five_level_paging_needs_a_kernel_that_knows_it(void **state)
{
	struct fixture *f = *state;

	f->machine.m.la57 = KX_YES;
	assert_made(f);
	kx_put_le16(f->kernel.data + SB_XLOADFLAGS, 3);
	sample_seal(&f->kernel);
	assert_refused(f, -EOPNOTSUPP, "5-level");
}

static void other_machines_are_refused(void **state)
{
	struct fixture *f = *state;

	f->machine.m.arch = KX_ARCH_ARM64;
	f->machine.m.arch_name = (char *)(uintptr_t) "aarch64";
	assert_refused(f, -EOPNOTSUPP, "aarch64");
	f->machine.m.arch = KX_ARCH_X86_64;
	f->machine.m.xen_dom0 = true;
	assert_refused(f, -EOPNOTSUPP, "Xen");
	f->machine.m.xen_dom0 = false;
	f->request.flags = KX_REQUEST_PANIC;
	assert_refused(f, -ENOSPC, "crashkernel=");
}

static void damage_is_refused_unless_forced(void **state)
{
	struct fixture *f = *state;

	f->kernel.data[SB_SETUP_SIZE + SB_PAYLOAD + 40] ^= 1;
	assert_refused(f, -EBADMSG, "vmlinuz: ");
	f->request.flags = KX_REQUEST_FORCE_CRC;
	assert_made(f);
}

static void unknown_files_and_types_are_refused(void **state)
{
	struct fixture *f = *state;

	f->request.type = "nonsense";
	assert_refused(f, -EOPNOTSUPP, "bzImage64");
	f->request.type = "bzImage64";
	assert_made(f);
	f->request.type = NULL;
	f->request.kernel = add_source(f, "text", "hello, world", 12);
	assert_refused(f, -ENOEXEC, "text: no known kernel format:\n  bzImage64: ");
	f->request.type = "bzImage64";
	assert_refused(f, -ENOEXEC, "text: ");
}

static void no_option_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct kx_module module = { add_source(f, "/boot/module", "M", 1), NULL };

	f->request.modules = &module;
	f->request.module_count = 1;
	assert_refused(f, -EOPNOTSUPP, "bzImage64 takes no modules");
	f->request.module_count = 0;
	f->request.args = KX_ARGS_NONE;
	assert_refused(f, -EOPNOTSUPP, "bzImage64 has its own way to be given arguments");
}

static void kernels_for_other_machines_are_named(void **state)
{
	static const struct {
		size_t at;
		const char *magic;
		size_t size;
		const char *says;
	} files[] = {
		{ 56, "ARM\x64", 4, "Image: is a kernel for arm64 (Image)" },
		{ 56, "RSC\x05", 4, "Image: is a kernel for RISC-V (Image)" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		uint8_t bytes[64] = { 0 };

		memcpy(bytes + files[i].at, files[i].magic, files[i].size);
		f->request.kernel = add_source(f, "Image", bytes, sizeof(bytes));
		assert_refused(f, -EOPNOTSUPP, files[i].says);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kernel_goes_to_its_preferred_address),
		TEST(kernel_moves_up_when_its_address_is_taken),
		TEST(kernel_without_above_4g_stays_below),
		TEST(nothing_overlaps_or_leaves_ram),
		TEST(mem_max_is_obeyed),
		TEST(what_only_one_map_calls_ram_is_not_used),
		TEST(hidden_memory_map_makes_an_unplaced_plan),
		TEST(initrd_parts_are_segments_one_after_the_other),
		TEST(too_many_parts_are_joined),
		TEST(bootconfig_ends_the_last_segment),
		TEST(boot_params_are_built_field_by_field),
		TEST(device_tree_goes_through_setup_data),
		TEST(screen_info_needs_a_firmware_driver),
		TEST(efi_state_is_handed_over),
		TEST(efi_that_cannot_be_handed_over_is_left_out),
		TEST(purgatory_checks_every_loaded_byte),
		TEST(times_are_in_a_node_of_their_own),
		TEST(purgatory_is_loaded_whole),
		TEST(purgatory_maps_what_the_kernel_needs),
		TEST(hints_are_added_when_asked_for),
		TEST(hints_that_do_not_fit_are_left_out),
		TEST(hints_are_not_for_every_format),
		TEST(no_checks_means_no_regions),
		TEST(console_is_the_users_or_the_machines),
		TEST(confidential_guests_get_no_port_io),
		TEST(lockdown_leads_to_kexec_file_load),
		TEST(a_plan_to_look_at_is_made_but_not_loaded),
		TEST(both_reasons_are_given),
		TEST(file_load_leaves_room_for_elfcorehdr),
		TEST(what_kexec_load_would_lose_decides_only_by_itself),
		TEST(without_a_memory_map_root_uses_kexec_file_load),
		TEST(missing_capability_is_a_warning),
		TEST(long_command_line_is_refused_with_both_numbers),
		TEST(what_does_not_fit_is_refused_with_numbers),
		TEST(what_is_large_goes_where_little_is_free),
		TEST(initrd_beyond_purgatorys_page_tables_is_refused),
		TEST(five_level_paging_needs_a_kernel_that_knows_it),
		TEST(other_machines_are_refused),
		TEST(damage_is_refused_unless_forced),
		TEST(unknown_files_and_types_are_refused),
		TEST(no_option_is_dropped),
		TEST(kernels_for_other_machines_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
