// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs between two kernels: checks that what the old one loaded is still what is in memory, and
 * starts the new one. When anything is wrong it says so and resets the machine; there is nobody
 * left to return to.
 */
#include "purgatory/purgatory.h"
#include "base/overflow.h"
#include "base/digest.h"

/* Where conventional memory ends at the latest. */
#define LOW_END 0xa0000

static struct {
	struct kx_console console;
	uint32_t flags;
	bool failing;
} state;

/* ---- failure --------------------------------------------------------------------------------- */

struct kx_console *kx_failure_begin(void)
{
	if (state.failing)
		kx_arch_reset(KX_HANDOFF_NO_PORT_IO);
	state.failing = true;
	kx_console_text(&state.console, "\nkexec: purgatory: ");
	return &state.console;
}

_Noreturn void kx_failure_end(void)
{
	kx_console_text(&state.console, "; resetting the machine\n");
	kx_console_drain(&state.console);
	if (state.console.screen)
		kx_arch_pause();
	kx_arch_reset(state.flags);
}

static _Noreturn void give_up(const char *what, const char *why)
{
	struct kx_console *console = kx_failure_begin();

	kx_console_text(console, what);
	kx_console_text(console, why);
	kx_failure_end();
}

/* ---- the hand-off block ---------------------------------------------------------------------- */

static bool console_is_sane(const struct kx_handoff_console *console)
{
	if (console->reg_shift > 3)
		return false;
	switch (console->kind) {
	case KX_CONSOLE_NONE:
		return true;
	case KX_CONSOLE_PORT:
		return console->base <= 0xffff - 7;
	case KX_CONSOLE_MMIO:
		return console->reg_width == 1 || console->reg_width == 4;
	}
	return false;
}

static bool ranges_are_sane(const struct kx_handoff_range *ranges, uint32_t count)
{
	uint64_t end;

	for (uint32_t i = 0; i < count; i++) {
		if (kx_add_overflow(ranges[i].start, ranges[i].size, &end))
			return false;
	}
	return true;
}

static bool entry_is_sane(const struct kx_handoff *handoff)
{
	uint32_t base = (uint32_t)handoff->cs << 4;

	switch (handoff->mode) {
	case KX_MODE_64:
		return true;
	case KX_MODE_32:
		return handoff->entry <= UINT32_MAX;
	case KX_MODE_16:
		return handoff->entry - base <= UINT16_MAX && handoff->low_page &&
		       handoff->low_page < LOW_END && !(handoff->low_page % 4096);
	}
	return false;
}

static bool rsdp_is_sane(const struct kx_handoff *handoff)
{
	uint64_t end;

	return !kx_add_overflow(handoff->rsdp, KX_RSDP_SIZE, &end) &&
	       !kx_add_overflow(handoff->rsdp_tags, KX_HANDOFF_RSDP_TAGS_SIZE, &end) &&
	       handoff->ebda < LOW_END && !(handoff->ebda % 16);
}

static bool backup_is_sane(const struct kx_handoff *handoff)
{
	uint64_t end;

	return !handoff->backup || (handoff->backup >= KX_HANDOFF_LOW_SIZE &&
				    !kx_add_overflow(handoff->backup, KX_HANDOFF_LOW_SIZE, &end));
}

const char *kx_handoff_problem(const struct kx_handoff *handoff)
{
	if (handoff->magic != KX_HANDOFF_MAGIC)
		return "wrong magic number";
	if (handoff->version != KX_HANDOFF_VERSION || handoff->size != KX_HANDOFF_SIZE)
		return "wrong version or size";
	if (handoff->sum != kx_handoff_sum(handoff))
		return "wrong sum";
	if (handoff->flags & ~KX_HANDOFF_FLAGS)
		return "unknown flag";
	if (handoff->map_count > KX_HANDOFF_MAPS || handoff->region_count > KX_HANDOFF_REGIONS)
		return "too many ranges";
	if (!ranges_are_sane(handoff->maps, handoff->map_count) ||
	    !ranges_are_sane(handoff->regions, handoff->region_count))
		return "a range past the end of the address space";
	if (handoff->check >= KX_DIGEST_KINDS)
		return "unknown kind of check";
	if (!entry_is_sane(handoff))
		return "an entry that its mode does not reach";
	if (!rsdp_is_sane(handoff))
		return "a place for ACPI's pointer where it cannot be";
	if (!backup_is_sane(handoff))
		return "a place for conventional memory where it cannot be";
	if (!console_is_sane(&handoff->console))
		return "unknown kind of console";
	return NULL;
}

/* ---- consoles -------------------------------------------------------------------------------- */

/*
 * A damaged block may still say where to report; if not, a PC has its first serial port at 0x3f8.
 */
static void open_last_resort(const struct kx_handoff *handoff)
{
	static const struct kx_handoff_console com1 = { .kind = KX_CONSOLE_PORT, .base = 0x3f8 };
	const struct kx_handoff_console *uart = &handoff->console;

	if (uart->kind != KX_CONSOLE_PORT || !console_is_sane(uart))
		uart = &com1;
	kx_console_add_uart(&state.console, uart);
}

/* Before our page tables are entered: what is reached through I/O ports. */
static void open_ports(const struct kx_handoff *handoff)
{
	if (handoff->flags & KX_HANDOFF_NO_PORT_IO)
		return;
	if (handoff->flags & KX_HANDOFF_RESET_VGA)
		kx_arch_reset_vga();
	if (handoff->console.kind == KX_CONSOLE_PORT)
		kx_console_add_uart(&state.console, &handoff->console);
}

/* Afterwards: what is reached through memory. Where ports trap to nobody, so does device memory. */
static void open_memory(const struct kx_handoff *handoff)
{
	if (handoff->flags & KX_HANDOFF_NO_PORT_IO)
		return;
	if (handoff->console.kind == KX_CONSOLE_MMIO)
		kx_console_add_uart(&state.console, &handoff->console);
	if (handoff->flags & KX_HANDOFF_VGA_TEXT)
		kx_console_add_screen(&state.console, handoff->vga_base);
}

/* Sent before it returns: the next kernel may reprogram the port. */
static void progress(const char *text)
{
	if (!(state.flags & KX_HANDOFF_PROGRESS))
		return;
	kx_console_text(&state.console, text);
	kx_console_drain(&state.console);
}

/* ---- the check ------------------------------------------------------------------------------- */

static void digest_regions(const struct kx_handoff *handoff, uint8_t ret[KX_DIGEST_SIZE])
{
	enum kx_digest_kind kind = (enum kx_digest_kind)handoff->check;
	struct kx_digest digest;

	kx_digest_init(&digest, kind, kx_arch_digest(kind));
	for (uint32_t i = 0; i < handoff->region_count; i++)
		kx_digest_region(&digest, (const void *)(uintptr_t)handoff->regions[i].start,
				 handoff->regions[i].size);
	kx_digest_final(&digest, ret);
}

static bool digests_differ(const uint8_t *a, const uint8_t *b)
{
	uint8_t difference = 0;

	for (unsigned i = 0; i < KX_DIGEST_SIZE; i++)
		difference |= a[i] ^ b[i];
	return difference;
}

static void check(const struct kx_handoff *handoff)
{
	uint8_t found[KX_DIGEST_SIZE];
	struct kx_console *console;

	digest_regions(handoff, found);
	if (!digests_differ(found, handoff->digest))
		return;
	console = kx_failure_begin();
	kx_console_text(console, "checksum mismatch: memory has ");
	kx_console_text(console, kx_digest_name((enum kx_digest_kind)handoff->check));
	kx_console_text(console, " ");
	kx_console_bytes(console, found, 8);
	kx_console_text(console, "..., loaded was ");
	kx_console_bytes(console, handoff->digest, 8);
	kx_console_text(console,
			"...: something overwrote the new kernel after it was loaded; "
			"load it again, and if this repeats with kexec -e, first stop devices "
			"that still write to memory (unload their drivers)");
	kx_failure_end();
}

/* What the next kernel overwrites of the memory that it is to dump. */
static void back_up(uint8_t *memory, const struct kx_handoff *handoff)
{
	if (handoff->backup)
		__builtin_memcpy(memory + handoff->backup, memory, KX_HANDOFF_LOW_SIZE);
}

/* For `kexec last`, in the next kernel. */
static void note_times(const struct kx_handoff *handoff, uint64_t entered)
{
	struct kx_times *times = (struct kx_times *)(uintptr_t)handoff->times;

	if (!times)
		return;
	times->entered = entered;
	times->left = kx_arch_ticks();
}

_Noreturn void kx_purgatory_main(const struct kx_handoff *handoff)
{
	const char *problem = kx_handoff_problem(handoff);
	uint64_t entered;

	if (problem) {
		open_last_resort(handoff);
		give_up("the hand-off block is damaged: ", problem);
	}
	entered = handoff->times ? kx_arch_ticks() : 0;
	state.flags = handoff->flags;
	open_ports(handoff);
	problem = kx_arch_map(handoff);
	if (problem)
		give_up("cannot map what was loaded: ", problem);
	open_memory(handoff);
	progress("\nkexec: purgatory: checking what was loaded\n");
	check(handoff);
	back_up(kx_arch_memory(), handoff);
	kx_rsdp_copy(kx_arch_memory(), handoff);
	progress("kexec: purgatory: starting the next kernel\n");
	note_times(handoff, entered);
	kx_arch_start(handoff);
}
