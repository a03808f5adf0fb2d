// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crash/size.h"

#include <errno.h>
#include <inttypes.h>

#include "base/overflow.h"
#include "cpio.h"
#include "initrd.h"
#include "names.h"
#include "source.h"
#include "util.h"

#define MIB (UINT64_C(1) << 20)

/*
 * Alignment to kernel_alignment (2 MiB), boot_params, purgatory and core headers; what a kernel has allocated when it
 * starts init, beyond what grows with memory, up to 3 MiB in 5.10 to 7.x; and what it keeps free while it unpacks, up to 4.
 */
#define KERNEL_OWN (12 * MIB)

/*
 * What grows with memory: struct page, 64 bytes for each 4 KiB, is 1/64 of it; hash tables and the like took up to as much
 * as 1/50 in 5.10 to 7.x. Of all the memory that is kept, so that of the rest it is more.
 */
#define TABLES_PART 7
#define TABLES_WHOLE 192

/* 0.25 MiB in Debian's kernels before drivers, whose queues are for each processor. */
#define PER_CPU (1 * MIB)

/* init, udev, the modules that it loads, makedumpfile: chosen, not measured. */
#define PROGRAMS (48 * MIB)

/*
 * makedumpfile(8), --cyclic-buffer: two bitmaps with a bit for each page of 4 KiB; where they have less, it goes over the
 * dump several times.
 */
#define BITMAPS_PER_RAM (8 * 4096 / 2)
#define BITMAPS_MAX (128 * MIB)

/* What is rarely more than a quarter of the archive that it was made from. */
#define GUESS 4

/* An inode and a directory entry for each file. */
#define PER_FILE 1024
#define PAGE 4096

static const struct {
	const char *name, *rule;
} pieces[KX_CRASH_PIECE_COUNT] = {
	[KX_CRASH_KERNEL] = { "kernel", "init_size of its header" },
	[KX_CRASH_KERNEL_OWN] = { "kernel's own", "alignment, first allocations, what stays free" },
	[KX_CRASH_TABLES] = { "tables", "7/192 of the memory that is kept" },
	[KX_CRASH_CPUS] = { "processors", "1 MiB each" },
	[KX_CRASH_PACKED] = { "initrd", "as loaded, until it is unpacked" },
	[KX_CRASH_UNPACKED] = { "files", "the initrd unpacked, in whole pages" },
	[KX_CRASH_PROGRAMS] = { "programs", "init, drivers, makedumpfile" },
	[KX_CRASH_BITMAPS] = { "bitmaps", "1/16384 of the machine's memory" },
};

const char *kx_crash_piece_name(enum kx_crash_piece piece)
{
	return pieces[piece].name;
}

const char *kx_crash_piece_rule(enum kx_crash_piece piece)
{
	return pieces[piece].rule;
}

/* ---- the rules ------------------------------------------------------------------------------- */

/* Of the pieces in @set, with the tables for so much memory. */
static bool sum(const struct kx_crash_need *need, unsigned set, uint64_t *ret)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < KX_CRASH_PIECE_COUNT; i++)
		if (set & 1U << i && kx_add_overflow(total, need->pieces[i], &total))
			return false;
	if (kx_mul_overflow(total, TABLES_WHOLE, &total))
		return false;
	*ret = total / (TABLES_WHOLE - TABLES_PART);
	return true;
}

static uint64_t largest(const struct kx_crash_need *need)
{
	uint64_t size = need->unpacking > need->dumping ? need->unpacking : need->dumping;

	return size > need->half ? size : need->half;
}

/* Files in tmpfs get half of what the kernel has left when it starts: init_rootfs() in init/do_mounts.c, tmpfs(5). */
static bool find_half(struct kx_crash_need *need, const struct kx_crash_load *load)
{
	struct kx_crash_need twice = *need;

	return !load->rootfs_is_tmpfs ||
	       (!kx_mul_overflow(load->initrd_unpacked, 2, &twice.pieces[KX_CRASH_UNPACKED]) &&
		sum(&twice, 1U << KX_CRASH_KERNEL | 1U << KX_CRASH_UNPACKED, &need->half));
}

int kx_crash_estimate(const struct kx_crash_load *load, struct kx_crash_need *ret,
		      struct kx_error *err)
{
	const unsigned always = 1U << KX_CRASH_KERNEL | 1U << KX_CRASH_KERNEL_OWN |
				1U << KX_CRASH_CPUS | 1U << KX_CRASH_UNPACKED;
	const unsigned dump = 1U << KX_CRASH_PROGRAMS | 1U << KX_CRASH_BITMAPS;
	uint64_t bitmaps = load->ram / BITMAPS_PER_RAM;
	struct kx_crash_need need = { .pieces = {
					      [KX_CRASH_KERNEL] = load->kernel,
					      [KX_CRASH_KERNEL_OWN] = KERNEL_OWN,
					      [KX_CRASH_CPUS] = load->cpus * PER_CPU,
					      [KX_CRASH_PACKED] = load->initrd_packed,
					      [KX_CRASH_UNPACKED] = load->initrd_unpacked,
					      [KX_CRASH_PROGRAMS] = PROGRAMS,
					      [KX_CRASH_BITMAPS] =
						      bitmaps < BITMAPS_MAX ? bitmaps : BITMAPS_MAX,
				      } };

	if (!sum(&need, always | 1U << KX_CRASH_PACKED, &need.unpacking) ||
	    !sum(&need, always | dump, &need.dumping) || !find_half(&need, load))
		return kx_fail(err, EFBIG, "kernel and initrd are larger than any memory");
	need.needed = largest(&need);
	need.pieces[KX_CRASH_TABLES] = need.needed / TABLES_WHOLE * TABLES_PART;
	need.recommended = kx_crash_recommend(need.needed);
	*ret = need;
	return 0;
}

uint64_t kx_crash_recommend(uint64_t needed)
{
	uint64_t size;

	if (kx_add_overflow(needed, needed / 8, &size) ||
	    kx_align_up_overflow(size, 16 * MIB, &size))
		return UINT64_MAX;
	return size;
}

int kx_crash_too_small(const struct kx_crash_need *need, uint64_t reserved, struct kx_error *err)
{
	const bool unpacking = need->needed == need->unpacking;
	char text[512] = "";
	size_t used = 0;

	for (unsigned i = 0; i < KX_CRASH_PIECE_COUNT && used < sizeof(text); i++) {
		if (!need->pieces[i] ||
		    (i == KX_CRASH_PACKED ? !unpacking : unpacking && i >= KX_CRASH_PROGRAMS))
			continue;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %s",
					 used ? ", " : "", pieces[i].name,
					 kx_size_text(need->pieces[i]).s);
	}
	return kx_fail(
		err, ENOSPC,
		"%s kept for a crash kernel, about %s needed%s (%s); boot with "
		"crashkernel=%" PRIu64 "M, or use a smaller initrd",
		reserved ? kx_size_text(reserved).s : "no memory is", kx_size_text(need->needed).s,
		need->needed == need->half ? ", twice the files since there is no root= (tmpfs)"
					   : "",
		text, need->recommended / MIB);
}

/* ---- initrds --------------------------------------------------------------------------------- */

/* What of @part is archives, as files; the rest, if not zero bytes, is compressed. */
static void count_files(struct kx_view part, uint64_t *files, uint64_t *rest)
{
	uint64_t at = 0, start, content, members;

	while (at < part.size) {
		start = at;
		if (!part.data[at]) {
			at++;
			continue;
		}
		if (!kx_cpio_measure(part, start, PAGE, &at, &content, &members)) {
			*rest += part.size - start;
			return;
		}
		*files += content + members * PER_FILE;
	}
}

int kx_crash_initrd_size(const struct kx_source *const *initrds, size_t count, uint64_t unpack_max,
			 struct kx_crash_load *load, uint64_t *ret_guessed, struct kx_error *err)
{
	_cleanup_(kx_initrd_clear) struct kx_initrd initrd = { 0 };
	uint64_t packed = 0, files = 0, rest = 0, guess;
	int r = kx_initrd_layout(initrds, count, 4, unpack_max, &initrd, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		packed += kx_source_size(initrds[i]);
	for (size_t i = 0; i < initrd.count; i++)
		count_files(initrd.parts[i].bytes, &files, &rest);
	if (kx_mul_overflow(rest, GUESS, &guess) || kx_add_overflow(files, guess, &files))
		return kx_fail(err, EFBIG, "the initrds together are larger than any memory");
	load->initrd_packed = packed;
	load->initrd_unpacked = files;
	*ret_guessed = rest;
	return 0;
}
