/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libkexec and purgatory agree on: the header of the purgatory blob, which libkexec reads, and
 * the hand-off block inside the blob, which libkexec fills in. All fields are little endian, all
 * addresses physical.
 *
 * The blob is placed anywhere, page-aligned, and entered at its first byte. Its first bufsz bytes
 * are loaded and never written by purgatory, so they are part of what is checked; the rest up to
 * memsz is its stack and page tables. All of memsz belongs to its segment: where no segment goes,
 * the old kernel may keep the page tables that purgatory is entered with.
 *
 * What the loader does:
 *   1. check the blob header; place the blob in a segment of memsz bytes;
 *   2. fill in the block at handoff_offset, with everything to be checked as regions: the loaded
 *      bytes of each segment (never the padding), the blob itself as two regions around
 *      [digest, end of sum), see KX_HANDOFF_UNHASHED_*;
 *   3. last, when all bytes are final: digest = struct kx_digest of kind check over the regions in
 *      order, then sum = kx_handoff_sum(), then balance = kx_purgatory_balance().
 */
#ifndef KX_ABI_HANDOFF_H
#define KX_ABI_HANDOFF_H

/* "KXPURGAT" and "KXHANDOF", the first letter in the lowest byte. */
#define KX_PURGATORY_MAGIC 0x544147525550584b
#define KX_HANDOFF_MAGIC 0x464f444e4148584b
#define KX_HANDOFF_VERSION 4

#define KX_PURGATORY_HEADER_OFFSET 16
#define KX_HANDOFF_SIZE 1264

/*
 * Caps on the two lists: kexec_load takes 16 segments (KEXEC_SEGMENT_MAX), the blob and a split or
 * two come on top.
 */
#define KX_HANDOFF_MAPS 32
#define KX_HANDOFF_REGIONS 32

/*
 * Purgatory maps by 2-MiB pages and has this many page tables: one root, one more level with
 * 5-level paging, one for each 512 GiB and one for each 1 GiB that holds a byte of a region, a map,
 * a device or purgatory itself.
 */
#define KX_HANDOFF_PAGE_TABLES 64

/* Flags. Unknown ones make purgatory refuse the block. */
#define KX_HANDOFF_NO_PORT_IO (1 << 0) /* in, out, device memory fault: TDX, SEV-ES, SEV-SNP */
#define KX_HANDOFF_NO_CPUID (1 << 1)   /* so would cpuid; none is executed yet */
#define KX_HANDOFF_VGA_TEXT (1 << 2)   /* vga_base is an 80x25 text screen: print there too */
#define KX_HANDOFF_RESET_VGA (1 << 3)  /* set VGA text mode 3 first; needs port I/O */
#define KX_HANDOFF_PROGRESS (1 << 4)   /* report success as well, not only failure */
#define KX_HANDOFF_TEXT_MODE (1 << 5)  /* with KX_MODE_16: have the BIOS set text mode 3 */
#define KX_HANDOFF_FLAGS ((1 << 6) - 1)

/* How the next kernel is entered. */
#define KX_MODE_64 0 /* long mode, memory mapped one to one: regs in full */
#define KX_MODE_32 1 /* protected mode, flat segments, no paging: regs' lower halves */
#define KX_MODE_16 2 /* real mode, as after the BIOS: regs' lower halves, cs, ds, ss */

#define KX_CONSOLE_NONE 0
#define KX_CONSOLE_PORT 1 /* 8250 behind I/O ports base … base + 7 */
#define KX_CONSOLE_MMIO 2 /* 8250 in memory, registers 1 << reg_shift bytes apart */

/* Room for the RSDP at @rsdp_tags, and at @ebda with what comes before it. */
#define KX_HANDOFF_RSDP_TAGS_SIZE 80
#define KX_HANDOFF_EBDA_SIZE 1024
#define KX_HANDOFF_LOW_SIZE 0xa0000 /* conventional memory, from address 0 on */
#define KX_RSDP_SIZE 36             /* of ACPI 2.0 and later; before, its first 20 bytes */

/* What the first instructions read in struct kx_handoff. */
#define KX_HANDOFF_FLAGS_OFFSET 16
#define KX_HANDOFF_CONSOLE_OFFSET 176
#define KX_HANDOFF_CONSOLE_BASE_OFFSET 184

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/endian.h"

/**
 * struct kx_purgatory_header - at KX_PURGATORY_HEADER_OFFSET in the blob
 * @magic: KX_PURGATORY_MAGIC
 * @version: KX_HANDOFF_VERSION
 * @handoff_offset: of struct kx_handoff in the blob
 * @bufsz: bytes to load, the size of the blob
 * @memsz: bytes of its segment, a multiple of 4096
 */
struct kx_purgatory_header {
	uint64_t magic;
	uint32_t version;
	uint32_t handoff_offset;
	uint32_t bufsz;
	uint32_t memsz;
};

/* Bytes start … start + size - 1. */
struct kx_handoff_range {
	uint64_t start;
	uint64_t size;
};

/**
 * struct kx_handoff_console - an 8250-compatible serial port
 * @kind: KX_CONSOLE_*
 * @reg_shift: with KX_CONSOLE_MMIO, registers are 1 << reg_shift bytes apart, at most 3; else 0
 * @reg_width: with KX_CONSOLE_MMIO, bytes of one access: 1 or 4
 * @divisor: base clock / 16 / baud, 115200 / baud on a PC; 0 leaves the port as it is
 * @base: of the registers, an I/O port or a physical address
 */
struct kx_handoff_console {
	uint32_t kind;
	uint8_t reg_shift;
	uint8_t reg_width;
	uint16_t divisor;
	uint64_t base;
};

/* "KXTIMES1", the first letter in the lowest byte; and a type of struct setup_data that nobody else has. */
#define KX_TIMES_MAGIC 0x3153454d4954584b
#define KX_TIMES_SETUP_TYPE 0x4b585431

/**
 * struct kx_times - the time stamp counter on the way from kernel to kernel
 * @magic: KX_TIMES_MAGIC
 * @loaded: when the next kernel was loaded
 * @entered, @left: when purgatory began and ended; 0 until it does
 *
 * It is the data of a struct setup_data (Documentation/x86/boot.rst), which the next kernel shows below
 * /sys/kernel/boot_params/setup_data.
 */
struct kx_times {
	uint64_t magic;
	uint64_t loaded;
	uint64_t entered;
	uint64_t left;
};

/**
 * struct kx_handoff_regs - what the next kernel finds in its registers; those not named are zero
 * @sp: 0 for somewhere in purgatory's own stack, not with KX_MODE_16
 */
struct kx_handoff_regs {
	uint64_t ax, bx, cx, dx, si, di, bp, sp;
};

/**
 * struct kx_handoff - what purgatory is to do
 * @magic: KX_HANDOFF_MAGIC
 * @version: KX_HANDOFF_VERSION
 * @size: KX_HANDOFF_SIZE
 * @flags: KX_HANDOFF_*
 * @map_count: entries used in @maps
 * @region_count: entries used in @regions
 * @mode: KX_MODE_*; all but KX_MODE_64 need purgatory and @entry below 4 GiB
 * @entry: address at which the next kernel is entered; with KX_MODE_16 that of cs:ip, so
 *	@cs * 16 … @cs * 16 + 0xffff
 * @regs: its registers; Linux: si is the address of boot_params, the others 0
 * @low_page: with KX_MODE_16, a page below 640 KiB, in @maps, that purgatory may overwrite; else 0
 * @cs, @ds, @ss: with KX_MODE_16, segment registers; es, fs and gs get @ds
 * @check: which digest @digest is, an enum kx_digest_kind; KX_DIGEST_CRC32C only where CPUID has SSE4.2
 * @enc_mask: bit to set in every page table entry that maps RAM, 0 for none (SEV; not SME, where
 *	kexec's pages are decrypted, and not TDX, whose bit marks shared pages)
 * @times: physical address of a struct kx_times, which is in no region but mapped; 0 for none
 * @vga_base: physical address of the text screen, with KX_HANDOFF_VGA_TEXT
 * @rsdp: physical address of ACPI's RSDP, in @maps, if it is to be copied; 0 to search where a BIOS has it
 * @rsdp_tags: KX_HANDOFF_RSDP_TAGS_SIZE bytes of multiboot2 information, loaded as end tags: after the check the first
 *	becomes one with the old RSDP, the next one with the new RSDP, as far as there is any; 0 for none
 * @ebda: KX_HANDOFF_EBDA_SIZE bytes in conventional memory, at a multiple of 16, that become an extended BIOS data area
 *	with the RSDP in it, for a kernel that looks for it only there on a machine without a BIOS; 0 for none
 * @backup: KX_HANDOFF_LOW_SIZE bytes, in @maps, that conventional memory is copied to, since the next kernel is to dump what
 *	the old one had there; 0 for none
 * @console: where to report
 * @maps: what the next kernel needs mapped at its entry beyond @regions: the kernel up to
 *	init_size, boot_params, command line
 * @regions: the bytes to check, in this order
 * @digest: over all regions, by @check
 * @sum: kx_handoff_sum() of this block
 * @balance: makes all 64-bit words of the blob's first bufsz bytes add up to 0. Purgatory's first instructions check that,
 *	since only intact code can be trusted to check anything else
 */
struct kx_handoff {
	uint64_t magic;
	uint32_t version;
	uint32_t size;
	uint32_t flags;
	uint32_t map_count;
	uint32_t region_count;
	uint32_t mode;
	uint64_t entry;
	struct kx_handoff_regs regs;
	uint64_t low_page;
	uint16_t cs, ds, ss;
	uint16_t check;
	uint64_t enc_mask;
	uint64_t times;
	uint64_t vga_base;
	uint64_t rsdp;
	uint64_t rsdp_tags;
	uint64_t ebda;
	uint64_t backup;
	struct kx_handoff_console console;
	struct kx_handoff_range maps[KX_HANDOFF_MAPS];
	struct kx_handoff_range regions[KX_HANDOFF_REGIONS];
	uint8_t digest[KX_DIGEST_SIZE];
	uint64_t sum;
	uint64_t balance;
};

/*
 * What no region may contain, since it is computed from the regions: digest, sum and balance, the
 * end of the block.
 */
#define KX_HANDOFF_UNHASHED_OFFSET offsetof(struct kx_handoff, digest)
#define KX_HANDOFF_UNHASHED_SIZE (KX_HANDOFF_SIZE - KX_HANDOFF_UNHASHED_OFFSET)

_Static_assert(sizeof(struct kx_purgatory_header) == 24, "part of the ABI");
_Static_assert(sizeof(struct kx_handoff) == KX_HANDOFF_SIZE, "part of the ABI");
_Static_assert(offsetof(struct kx_handoff, flags) == KX_HANDOFF_FLAGS_OFFSET, "part of the ABI");
_Static_assert(offsetof(struct kx_handoff, entry) == 32, "part of the ABI");
_Static_assert(offsetof(struct kx_handoff, low_page) == 104, "part of the ABI");
_Static_assert(offsetof(struct kx_handoff, console) == KX_HANDOFF_CONSOLE_OFFSET,
	       "part of the ABI");
_Static_assert(offsetof(struct kx_handoff, maps) == 192, "part of the ABI");
_Static_assert(offsetof(struct kx_handoff, regions) == 704, "part of the ABI");
_Static_assert(offsetof(struct kx_handoff, digest) == 1216, "part of the ABI");
_Static_assert(offsetof(struct kx_handoff, balance) + 8 == KX_HANDOFF_SIZE, "part of the ABI");

/**
 * kx_handoff_sum() - checksum of the block, so that purgatory knows whether to trust the rest
 * @block: KX_HANDOFF_SIZE bytes, of which the last 16, sum and balance, are not counted
 *
 * FNV-1a's constants (draft-eastlake-fnv) over 64-bit words, with a rotation so that high bits are not lost: any change
 * of a single word changes the result.
 */
static inline uint64_t kx_handoff_sum(const void *block)
{
	const uint8_t *p = (const uint8_t *)block;
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < offsetof(struct kx_handoff, sum); i += 8) {
		sum = (sum ^ kx_le64(p + i)) * 0x100000001b3;
		sum = sum << 29 | sum >> 35;
	}
	return sum;
}

/**
 * kx_purgatory_balance() - what balance must be for this blob, in which it is 0
 * @size: bufsz, a multiple of 8
 */
static inline uint64_t kx_purgatory_balance(const void *blob, size_t size)
{
	const uint8_t *p = (const uint8_t *)blob;
	uint64_t sum = 0;

	for (size_t i = 0; i < size; i += 8)
		sum += kx_le64(p + i);
	return -sum;
}

#endif
#endif
