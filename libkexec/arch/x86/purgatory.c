// SPDX-License-Identifier: LGPL-2.1-or-later
/* Puts purgatory into the plan and tells it, through abi/handoff.h, what to check and where to go. */
#include "entry.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "abi/handoff.h"
#include "base/overflow.h"
#include "machine/x86/cpuid.h"

extern const uint8_t kx_purgatory_x86_64[], kx_purgatory_x86_64_end[];

#define VGA_TEXT_BASE 0xb8000 /* colour text, every VGA */
#define UART_CLOCK 115200     /* 1.8432 MHz / 16, every PC */

static void put_range(struct kx_handoff_range *at, uint64_t start, uint64_t size)
{
	at->start = htole64(start);
	at->size = htole64(size);
}

static void add_map(struct kx_handoff *handoff, uint64_t start, uint64_t size)
{
	uint32_t count = le32toh(handoff->map_count);

	put_range(&handoff->maps[count], start, size);
	handoff->map_count = htole32(count + 1);
}

static void add_region(struct kx_handoff *handoff, uint64_t start, uint64_t size)
{
	uint32_t count = le32toh(handoff->region_count);

	put_range(&handoff->regions[count], start, size);
	handoff->region_count = htole32(count + 1);
}

/*
 * boot.rst asks for the kernel up to init_size, boot_params and the command line. Decompressors read more: ACPI tables in
 * 5.0 to 5.9, EFI's tables from 5.19 on, the first MiB in all; and what they do not find mapped resets the machine.
 * Firmware keeps all of it below 4 GiB, which is what the 32-bit entry maps too (arch/x86/boot/compressed/head_64.S).
 */
static void put_maps(struct kx_handoff *handoff, const struct kx_plan *plan)
{
	add_map(handoff, 0, KX_X86_FOUR_GIB);
	if (handoff->rsdp)
		add_map(handoff, le64toh(handoff->rsdp), KX_RSDP_SIZE);
	for (size_t i = 0; i < plan->segment_count; i++)
		add_map(handoff, plan->segments[i].dest, plan->segments[i].reserved);
}

static void put_console(struct kx_handoff *handoff, const struct kx_plan *plan)
{
	const struct kx_request *request = &plan->request;
	struct kx_uart uart = plan->machine->uart;
	struct kx_handoff_console *console = &handoff->console;

	if (request->serial_port ||
	    (uart.kind == KX_UART_NONE && (request->flags & KX_REQUEST_CONSOLE_SERIAL)))
		uart = (struct kx_uart){
			.kind = KX_UART_IO,
			.base = request->serial_port ? request->serial_port : 0x3f8,
		};
	if (request->serial_baud)
		uart.baud = request->serial_baud;
	if (uart.kind == KX_UART_NONE)
		return;
	console->kind = htole32(uart.kind == KX_UART_IO ? KX_CONSOLE_PORT : KX_CONSOLE_MMIO);
	console->reg_shift = (uint8_t)uart.reg_shift;
	console->reg_width = uart.access_width == 4 ? 4 : 1;
	if (uart.baud && (uart.kind == KX_UART_IO || request->serial_baud))
		console->divisor = htole16((uint16_t)(UART_CLOCK / uart.baud));
	console->base = htole64(uart.base);
}

/*
 * Memory that the host cannot read comes with instructions that trap to a handler, and there is none in purgatory:
 * with SEV-ES, SEV-SNP and TDX, port I/O and CPUID are among them.
 */
static uint32_t flags_for(const struct kx_plan *plan, const struct kx_x86_entry *entry)
{
	const struct kx_machine *machine = plan->machine;
	bool bios_text = !machine->efi.present && !machine->fb_name;
	uint32_t flags = 0;

	if (machine->confidential >= KX_CC_SEV_ES)
		return KX_HANDOFF_NO_PORT_IO | KX_HANDOFF_NO_CPUID;
	if (bios_text || (plan->request.flags & KX_REQUEST_CONSOLE_VGA))
		flags |= KX_HANDOFF_VGA_TEXT;
	if (plan->request.flags & (KX_REQUEST_CONSOLE_SERIAL | KX_REQUEST_CONSOLE_VGA))
		flags |= KX_HANDOFF_PROGRESS;
	if (plan->request.flags & KX_REQUEST_RESET_VGA)
		flags |= KX_HANDOFF_RESET_VGA;
	if (entry->mode == KX_MODE_16 && machine->fb_name && !machine->efi.present)
		flags |= KX_HANDOFF_TEXT_MODE;
	return flags;
}

/* The machine that will run it is the one that it is loaded on. */
static enum kx_digest_kind digest_kind(const struct kx_plan *plan)
{
	if (plan->request.check == KX_CHECK_NONE)
		return KX_DIGEST_NONE;
	if (plan->request.check == KX_CHECK_SHA256)
		return KX_DIGEST_SHA256;
	return plan->machine->sse42 == KX_YES ? KX_DIGEST_CRC32C : KX_DIGEST_MADD;
}

/* All of it but for @times, if it lies within. */
static void add_segment(struct kx_handoff *handoff, const struct kx_segment *segment,
			uint64_t times)
{
	uint64_t end = segment->dest + segment->bufsz, after = times + sizeof(struct kx_times);

	if (!times || times < segment->dest || times >= end) {
		add_region(handoff, segment->dest, segment->bufsz);
		return;
	}
	add_region(handoff, segment->dest, times - segment->dest);
	add_region(handoff, after, end - after);
}

/* All bytes that are loaded, in the order of the segments; purgatory, the last, without what is computed from them. */
static void put_regions(struct kx_handoff *handoff, const struct kx_plan *plan,
			size_t handoff_offset)
{
	const struct kx_segment *purgatory = &plan->segments[plan->segment_count - 1];
	uint64_t unhashed = handoff_offset + KX_HANDOFF_UNHASHED_OFFSET;
	uint64_t after = unhashed + KX_HANDOFF_UNHASHED_SIZE;

	if (plan->request.check == KX_CHECK_NONE)
		return;
	for (size_t i = 0; i + 1 < plan->segment_count; i++)
		if (!plan->segments[i].unchecked)
			add_segment(handoff, &plan->segments[i], plan->times);
	add_region(handoff, purgatory->dest, unhashed);
	add_region(handoff, purgatory->dest + after, purgatory->bufsz - after);
}

/* What is loaded to @address, a region's start. */
static uint8_t *bytes_at(const struct kx_plan *plan, uint64_t address, uint64_t size)
{
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct kx_segment *segment = &plan->segments[i];

		if (address >= segment->dest && address - segment->dest <= segment->bufsz &&
		    size <= segment->bufsz - (address - segment->dest))
			return (uint8_t *)(uintptr_t)segment->buf + (address - segment->dest);
	}
	return NULL;
}

static void note_load(const struct kx_plan *plan)
{
	uint8_t *times = bytes_at(plan, plan->times, sizeof(struct kx_times));

	if (plan->times && times)
		kx_put_le64(times + offsetof(struct kx_times, loaded), kx_cpuid_ticks());
}

static void seal(struct kx_plan *plan)
{
	struct kx_handoff *handoff = plan->handoff;
	const struct kx_segment *purgatory = &plan->segments[plan->segment_count - 1];
	const uint8_t *blob = purgatory->buf;
	struct kx_digest digest;

	note_load(plan);
	kx_digest_init(&digest, digest_kind(plan), kx_cpuid_digest(digest_kind(plan)));
	for (uint32_t i = 0; i < le32toh(handoff->region_count); i++) {
		uint64_t size = le64toh(handoff->regions[i].size);

		kx_digest_region(&digest, bytes_at(plan, le64toh(handoff->regions[i].start), size),
				 size);
	}
	kx_digest_final(&digest, handoff->digest);
	handoff->sum = htole64(kx_handoff_sum(handoff));
	handoff->balance = 0;
	handoff->balance = htole64(kx_purgatory_balance(blob, purgatory->bufsz));
}

static void put_entry(struct kx_handoff *handoff, const struct kx_x86_entry *entry)
{
	const struct kx_handoff_regs *regs = &entry->regs;

	handoff->mode = htole32(entry->mode);
	handoff->entry = htole64(entry->ip);
	handoff->regs = (struct kx_handoff_regs){
		.ax = htole64(regs->ax),
		.bx = htole64(regs->bx),
		.cx = htole64(regs->cx),
		.dx = htole64(regs->dx),
		.si = htole64(regs->si),
		.di = htole64(regs->di),
		.bp = htole64(regs->bp),
		.sp = htole64(regs->sp),
	};
	handoff->cs = htole16(entry->cs);
	handoff->ds = htole16(entry->ds);
	handoff->ss = htole16(entry->ss);
}

static void fill(struct kx_handoff *handoff, const struct kx_plan *plan,
		 const struct kx_x86_entry *entry)
{
	const struct kx_machine *machine = plan->machine;

	handoff->magic = htole64(KX_HANDOFF_MAGIC);
	handoff->version = htole32(KX_HANDOFF_VERSION);
	handoff->size = htole32(KX_HANDOFF_SIZE);
	handoff->flags = htole32(flags_for(plan, entry));
	put_entry(handoff, entry);
	handoff->check = htole16((uint16_t)digest_kind(plan));
	handoff->enc_mask = htole64(machine->c_bit ? UINT64_C(1) << machine->c_bit : 0);
	handoff->times = htole64(plan->times);
	handoff->vga_base = htole64(VGA_TEXT_BASE);
	if (entry->rsdp_tags || entry->ebda)
		handoff->rsdp = htole64(machine->acpi_rsdp);
	handoff->rsdp_tags = htole64(entry->rsdp_tags);
	handoff->ebda = htole64(entry->ebda);
	handoff->backup = htole64(plan->backup);
	put_maps(handoff, plan);
	put_console(handoff, plan);
}

/* Each GiB above the first four that a segment touches takes a page table; 4 GiB and all levels above have the rest. */
static int check_page_tables(const struct kx_plan *plan, struct kx_error *err)
{
	uint64_t most = KX_HANDOFF_PAGE_TABLES - 16, need = 0;

	for (size_t i = 0; plan->placed && i < plan->segment_count; i++) {
		const struct kx_segment *segment = &plan->segments[i];

		need += ((segment->dest + segment->reserved - 1) >> 30) - (segment->dest >> 30) + 1;
	}
	if (need <= most)
		return 0;
	return kx_fail(
		err, ENOSPC,
		"kernel and initrd lie in %llu different GiB of memory, purgatory can map %llu; "
		"use a smaller initrd",
		(unsigned long long)need, (unsigned long long)most);
}

/*
 * Without long mode there is no encrypted memory, and virtual machines whose host cannot read their memory have no way
 * out of long mode.
 */
static int check_mode(const struct kx_plan *plan, const struct kx_x86_entry *entry,
		      struct kx_error *err)
{
	if (entry->mode == KX_MODE_64 || plan->machine->confidential == KX_CC_NONE)
		return 0;
	return kx_fail(err, EOPNOTSUPP,
		       "this confidential virtual machine cannot leave 64-bit mode, which the "
		       "kernel's entry needs; use a kernel with a 64-bit entry");
}

/* The page in real mode's reach that purgatory leaves protected mode in. It copies its code there by itself. */
static int place_low_page(struct kx_plan *plan, struct kx_handoff *handoff, struct kx_error *err)
{
	struct kx_place place = { .size = KX_PAGE_SIZE,
				  .align = KX_PAGE_SIZE,
				  .min = KX_X86_LOW_MIN,
				  .max = KX_X86_LOW_MAX };
	struct kx_segment segment = { .name = "trampoline", .buf = "", .memsz = KX_PAGE_SIZE };
	int r = kx_plan_place(plan, "the way to real mode", &place, &segment.dest, err);

	if (r < 0)
		return r;
	handoff->low_page = htole64(segment.dest);
	return kx_plan_add(plan, &segment, err,
			   "where purgatory switches to real mode; filled by it");
}

static const char *const mode_names[] = {
	[KX_MODE_32] = "32-bit protected mode",
	[KX_MODE_16] = "real mode",
};

int kx_x86_purgatory(struct kx_plan *plan, const struct kx_x86_entry *entry, struct kx_error *err)
{
	static const char *const modes[] = {
		[KX_MODE_64] = "",
		[KX_MODE_32] = " in 32-bit mode",
		[KX_MODE_16] = " in real mode",
	};
	size_t size = (size_t)(kx_purgatory_x86_64_end - kx_purgatory_x86_64);
	struct kx_segment segment = { .name = "purgatory", .bufsz = size };
	struct kx_place place = { .align = KX_PAGE_SIZE,
				  .max = entry->mode == KX_MODE_64 ? UINT64_MAX : KX_X86_FOUR_GIB };
	struct kx_purgatory_header header;
	uint8_t *blob;
	int r = check_mode(plan, entry, err);

	if (r < 0)
		return r;
	plan->before_purgatory = plan->segment_count;
	memcpy(plan->enter, entry, sizeof(*entry));
	blob = kx_plan_alloc(plan, size, err);
	if (!blob)
		return -ENOMEM;
	memcpy(blob, kx_purgatory_x86_64, size);
	memcpy(&header, blob + KX_PURGATORY_HEADER_OFFSET, sizeof(header));
	if (le64toh(header.magic) != KX_PURGATORY_MAGIC ||
	    le32toh(header.version) != KX_HANDOFF_VERSION)
		return kx_fail(err, EBADMSG,
			       "this library was built with another version of purgatory");
	/*
	 * All of it, stack and page tables included: where no segment goes, the running kernel may keep the page tables
	 * that purgatory is entered with (kimage_alloc_normal_control_pages() in kernel/kexec_core.c).
	 */
	segment.memsz = place.size = le32toh(header.memsz);
	segment.buf = blob;
	plan->handoff = blob + le32toh(header.handoff_offset);
	if (entry->mode == KX_MODE_16)
		r = place_low_page(plan, plan->handoff, err);
	if (r < 0)
		return r;
	fill(plan->handoff, plan, entry);

	r = kx_plan_place(plan, "purgatory", &place, &segment.dest, err);
	if (r == 0)
		r = kx_plan_add(plan, &segment, err,
				"checks the other segments, then enters the kernel%s",
				modes[entry->mode]);
	if (r == 0)
		r = check_page_tables(plan, err);
	if (r < 0)
		return r;
	put_regions(plan->handoff, plan, le32toh(header.handoff_offset));
	plan->seal = seal;
	plan->start = segment.dest;
	plan->entry = entry->ip;
	plan->entry_mode = mode_names[entry->mode];
	return 0;
}

_Static_assert(sizeof(struct kx_x86_entry) <= KX_PLAN_ENTER_SIZE, "room for it in a plan");

/* Is all of it in one segment? */
static bool is_kept(const struct kx_plan *plan, uint64_t start, uint64_t size)
{
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct kx_segment *segment = &plan->segments[i];

		if (start >= segment->dest && start - segment->dest <= segment->memsz &&
		    size <= segment->memsz - (start - segment->dest))
			return true;
	}
	return false;
}

static const char *entry_problem(const struct kx_plan *plan, const struct kx_x86_entry *entry)
{
	if (entry->mode > KX_MODE_16)
		return "an unknown mode";
	if (!plan->placed)
		return NULL;
	if (!is_kept(plan, entry->ip, 1))
		return "an entry outside of what is loaded";
	if (entry->mode == KX_MODE_32 && entry->ip >= KX_X86_FOUR_GIB)
		return "an entry that its mode cannot reach";
	if (entry->mode == KX_MODE_16 && entry->ip - entry->cs * UINT64_C(16) > UINT16_MAX)
		return "an entry that its mode cannot reach";
	if (entry->rsdp_tags && !is_kept(plan, entry->rsdp_tags, KX_HANDOFF_RSDP_TAGS_SIZE))
		return "tags outside of what is loaded";
	if (entry->ebda && (entry->ebda % 16 || entry->ebda >= KX_X86_LOW_MAX ||
			    !is_kept(plan, entry->ebda, KX_HANDOFF_EBDA_SIZE)))
		return "a BIOS data area outside of what is loaded";
	return NULL;
}

int kx_x86_enter(struct kx_plan *plan, struct kx_error *err)
{
	struct kx_x86_entry entry;
	const char *problem;

	memcpy(&entry, plan->enter, sizeof(entry));
	problem = entry_problem(plan, &entry);
	if (problem)
		return kx_fail(err, EBADMSG,
			       "the process that read what is not trusted gave back a plan with "
			       "%s; nothing was loaded; do not trust these files",
			       problem);
	return kx_x86_purgatory(plan, &entry, err);
}
