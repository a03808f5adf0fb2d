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
 *   3. last, when all bytes are final: digest = SHA-256 over the regions in order, then
 *      sum = kx_handoff_sum(), then balance = kx_purgatory_balance().
 */
#ifndef KX_ABI_HANDOFF_H
#define KX_ABI_HANDOFF_H

/* "KXPURGAT" and "KXHANDOF", the first letter in the lowest byte. */
#define KX_PURGATORY_MAGIC 0x544147525550584b
#define KX_HANDOFF_MAGIC 0x464f444e4148584b
#define KX_HANDOFF_VERSION 3

#define KX_PURGATORY_HEADER_OFFSET 16
#define KX_HANDOFF_SIZE 1248

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
#define KX_RSDP_SIZE 36 /* of ACPI 2.0 and later; before, its first 20 bytes */

/* What the first instructions read in struct kx_handoff. */
#define KX_HANDOFF_FLAGS_OFFSET 16
#define KX_HANDOFF_CONSOLE_OFFSET 160
#define KX_HANDOFF_CONSOLE_BASE_OFFSET 168

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

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
 * @region_count: entries used in @regions; 0, with the digest of the empty message, means no check
 * @mode: KX_MODE_*; all but KX_MODE_64 need purgatory and @entry below 4 GiB
 * @entry: address at which the next kernel is entered; with KX_MODE_16 that of cs:ip, so
 *	@cs * 16 … @cs * 16 + 0xffff
 * @regs: its registers; Linux: si is the address of boot_params, the others 0
 * @low_page: with KX_MODE_16, a page below 640 KiB, in @maps, that purgatory may overwrite; else 0
 * @cs, @ds, @ss: with KX_MODE_16, segment registers; es, fs and gs get @ds
 * @reserved: 0
 * @enc_mask: bit to set in every page table entry that maps RAM, 0 for none (SEV; not SME, where
 *	kexec's pages are decrypted, and not TDX, whose bit marks shared pages)
 * @vga_base: physical address of the text screen, with KX_HANDOFF_VGA_TEXT
 * @rsdp: physical address of ACPI's RSDP, in @maps, if it is to be copied; 0 to search where a BIOS has it
 * @rsdp_tags: KX_HANDOFF_RSDP_TAGS_SIZE bytes of multiboot2 information, loaded as end tags: after the check the first
 *	becomes one with the old RSDP, the next one with the new RSDP, as far as there is any; 0 for none
 * @ebda: KX_HANDOFF_EBDA_SIZE bytes in conventional memory, at a multiple of 16, that become an extended BIOS data area
 *	with the RSDP in it, for a kernel that looks for it only there on a machine without a BIOS; 0 for none
 * @console: where to report
 * @maps: what the next kernel needs mapped at its entry beyond @regions: the kernel up to
 *	init_size, boot_params, command line
 * @regions: the bytes to check, in this order
 * @digest: SHA-256 over all regions
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
	uint16_t reserved;
	uint64_t enc_mask;
	uint64_t vga_base;
	uint64_t rsdp;
	uint64_t rsdp_tags;
	uint64_t ebda;
	struct kx_handoff_console console;
	struct kx_handoff_range maps[KX_HANDOFF_MAPS];
	struct kx_handoff_range regions[KX_HANDOFF_REGIONS];
	uint8_t digest[32];
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
_Static_assert(offsetof(struct kx_handoff, maps) == 176, "part of the ABI");
_Static_assert(offsetof(struct kx_handoff, regions) == 688, "part of the ABI");
_Static_assert(offsetof(struct kx_handoff, digest) == 1200, "part of the ABI");
_Static_assert(offsetof(struct kx_handoff, balance) + 8 == KX_HANDOFF_SIZE, "part of the ABI");

/**
 * kx_handoff_sum() - checksum of the block, so that purgatory knows whether to trust the rest
 * @block: KX_HANDOFF_SIZE bytes, of which the last 16, sum and balance, are not counted
 *
 * FNV-1a, 64 bits (draft-eastlake-fnv): any change of a single byte changes the result.
 */
static inline uint64_t kx_handoff_sum(const void *block)
{
	const uint8_t *p = (const uint8_t *)block;
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < offsetof(struct kx_handoff, sum); i++)
		sum = (sum ^ p[i]) * 0x100000001b3;
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

	for (size_t i = 0; i < size; i++)
		sum += (uint64_t)p[i] << (i % 8 * 8);
	return -sum;
}

#endif
#endif
