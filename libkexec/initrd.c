// SPDX-License-Identifier: LGPL-2.1-or-later
#include "initrd.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/endian.h"
#include "base/overflow.h"
#include "compress/compress.h"
#include "cpio.h"
#include "source.h"
#include "util.h"

/*
 * Documentation/admin-guide/bootconfig.rst: [config][padding][size, le32][checksum, le32][magic], where size counts
 * config and padding, and checksum is the sum of their bytes.
 */
static const char bootconfig_magic[] = "#BOOTCONFIG\n";
#define MAGIC_SIZE (sizeof(bootconfig_magic) - 1)
#define TRAILER_SIZE (4 + 4 + MAGIC_SIZE)
/* The boot loader may have rounded the size up to a multiple of this: the magic is then followed by up to 3 bytes. */
#define BOOTCONFIG_ALIGN 4
/* The kernel takes less than this: XBC_DATA_MAX in include/linux/bootconfig.h. */
#define BOOTCONFIG_MAX (32 * 1024)

static uint32_t byte_sum(struct kx_view v)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < v.size; i++)
		sum += v.data[i];
	return sum;
}

/* Offset of the trailer in @file; false if it has none. */
static bool trailer_find(struct kx_view file, uint64_t *ret)
{
	for (unsigned beyond = 0; beyond < BOOTCONFIG_ALIGN; beyond++) {
		if (file.size < TRAILER_SIZE + beyond)
			return false;
		if (kx_view_equals(file, file.size - beyond - MAGIC_SIZE, bootconfig_magic,
				   MAGIC_SIZE)) {
			*ret = file.size - beyond - TRAILER_SIZE;
			return true;
		}
	}
	return false;
}

/* Cuts @file into what stands before the bootconfig, and the bootconfig; that is empty if there is none. */
static int bootconfig_split(const struct kx_source *source, struct kx_view *ret_before,
			    struct kx_view *ret_config, struct kx_error *err)
{
	struct kx_view file = kx_source_view(source), config;
	uint64_t trailer = 0;
	uint32_t size = 0, sum = 0;

	if (!trailer_find(file, &trailer)) {
		*ret_before = file;
		*ret_config = kx_view_of(NULL, 0);
		return 0;
	}
	if (!kx_view_le32(file, trailer, &size) || !kx_view_le32(file, trailer + 4, &sum) ||
	    size > BOOTCONFIG_MAX || size > trailer ||
	    !kx_view_sub(file, trailer - size, size, &config))
		return kx_fail(err, EBADMSG,
			       "%s: damaged bootconfig: it says that it has %" PRIu32
			       " bytes, of %" PRIu64 " in the file and %d at most; attach it "
			       "again with bootconfig -a",
			       kx_source_name(source), size, trailer, BOOTCONFIG_MAX);
	if (byte_sum(config) != sum)
		return kx_fail(err, EBADMSG,
			       "%s: damaged bootconfig: checksum is 0x%" PRIx32
			       ", the file says 0x%" PRIx32 "; attach it again with bootconfig -a",
			       kx_source_name(source), byte_sum(config), sum);
	*ret_before = kx_view_of(file.data, (size_t)(trailer - size));
	*ret_config = config;
	return 0;
}

int kx_initrd_archives(const struct kx_source *source, struct kx_view *ret, struct kx_error *err)
{
	struct kx_view config;

	return bootconfig_split(source, ret, &config, err);
}

/* Pads the text again, so that the trailer ends on a multiple of 4, and writes the trailer for it. */
static int bootconfig_copy(struct kx_view config, uint8_t **ret, size_t *ret_size,
			   struct kx_error *err)
{
	size_t padded = kx_align_up(config.size, BOOTCONFIG_ALIGN);
	uint8_t *copy = calloc(1, padded + TRAILER_SIZE);

	if (!copy)
		return kx_fail(err, ENOMEM, "cannot move the bootconfig: out of memory");
	if (config.size)
		memcpy(copy, config.data, config.size);
	kx_put_le32(copy + padded, (uint32_t)padded);
	kx_put_le32(copy + padded + 4, byte_sum(config));
	memcpy(copy + padded + 8, bootconfig_magic, MAGIC_SIZE);
	*ret = copy;
	*ret_size = padded + TRAILER_SIZE;
	return 0;
}

/* Takes @owned over, even when it fails. */
static int part_add(struct kx_initrd *initrd, struct kx_view bytes, void *owned, uint64_t align,
		    struct kx_error *err)
{
	uint64_t offset, end;

	if (kx_align_up_overflow(initrd->size, align, &offset) ||
	    kx_add_overflow(offset, bytes.size, &end)) {
		free(owned);
		return kx_fail(err, EFBIG, "the initrds together are larger than any memory");
	}
	if (!bytes.size) {
		free(owned);
		return 0;
	}
	initrd->parts[initrd->count++] = (struct kx_initrd_part){ bytes, offset, owned };
	initrd->size = end;
	return 0;
}

/* ---- compressed archives --------------------------------------------------------------------- */

/* What is being laid out, and how; @unpack_max is what is left of it. */
struct layout {
	struct kx_initrd *initrd;
	uint64_t align;
	uint64_t unpack_max;
};

/* A source on its way into the layout: its bytes that may be archives, up to @done in the layout, up to @at looked at. */
struct reader {
	const struct kx_source *source;
	struct kx_view archives;
	uint64_t done;
	uint64_t at;
};

/* Behind more zero bytes than this no archive is looked for: those who pad do so to a page or a disk's block. */
#define PADDING_MAX (1 << 20)

uint64_t kx_initrd_skip_zeros(struct kx_view bytes, uint64_t at)
{
	uint64_t end = bytes.size - at > PADDING_MAX ? at + PADDING_MAX : bytes.size;

	while (at < end && !bytes.data[at])
		at++;
	return at;
}

/*
 * The compressed archive that comes next, as init/initramfs.c finds it: behind zero bytes and plain archives, which start
 * at a multiple of 4. NULL if there is none.
 */
static const struct kx_codec *next_compressed(struct reader *from)
{
	struct kx_view rest = { 0 };

	do {
		from->at = kx_initrd_skip_zeros(from->archives, from->at);
	} while (from->at % 4 == 0 && kx_cpio_end(from->archives, from->at, &from->at));
	return kx_view_from(from->archives, from->at, &rest) ? kx_codec_find(rest) : NULL;
}

/* Puts the archive, unpacked, behind what stands before it. Return: 0; 1 when it stays as it is; -EFBIG. */
static int unpack(struct layout *to, struct reader *from, const struct kx_codec *codec,
		  struct kx_error *err)
{
	struct kx_initrd *initrd = to->initrd;
	struct kx_view before = { 0 }, rest = { 0 };
	struct kx_error why = { 0 };
	uint64_t size = 0, used = 0;
	uint8_t *data = NULL;
	int r;

	kx_view_sub(from->archives, from->done, from->at - from->done, &before);
	kx_view_from(from->archives, from->at, &rest);
	r = kx_codec_unpack(codec, rest, to->unpack_max, &data, &size, &used, &why);
	if (r == 0 && !kx_cpio_starts(kx_view_of(data, size), 0)) {
		free(data);
		return 1;
	}
	initrd->archives[initrd->archive_count++] = (struct kx_archive){
		.source = from->source,
		.format = codec->name,
		.size = r < 0 ? rest.size : used,
		.unpacked_size = size,
		.left = r == -ENOMEM ? -EFBIG : r,
	};
	if (r < 0)
		return 1;
	to->unpack_max -= size;
	from->done = from->at = kx_initrd_skip_zeros(from->archives, from->at + used);
	r = part_add(initrd, before, NULL, to->align, err);
	if (r < 0)
		free(data);
	return r < 0 ? r : part_add(initrd, kx_view_of(data, size), data, to->align, err);
}

/* @bytes of @source, of which the first @archives_size may be archives. */
static int bytes_add(struct layout *to, const struct kx_source *source, struct kx_view bytes,
		     size_t archives_size, struct kx_error *err)
{
	struct reader from = { .source = source,
			       .archives = kx_view_of(bytes.data, archives_size) };
	const struct kx_codec *codec;
	struct kx_view rest = { 0 };
	int r = 0;

	while (r == 0 && to->unpack_max && to->initrd->archive_count < KX_INITRD_ARCHIVE_MAX &&
	       (codec = next_compressed(&from)))
		r = unpack(to, &from, codec, err);
	if (r < 0)
		return r;
	kx_view_from(bytes, from.done, &rest);
	return part_add(to->initrd, rest, NULL, to->align, err);
}

/* ---- layout ---------------------------------------------------------------------------------- */

/* Where a bootconfig was found that is not at the end of the last source. */
struct bootconfig_owner {
	const struct kx_source *source;
	struct kx_view config;
};

static int source_add(struct layout *to, const struct kx_source *source, bool last,
		      struct bootconfig_owner *owner, struct kx_error *err)
{
	struct kx_view before = { 0 }, config = { 0 };
	int r = bootconfig_split(source, &before, &config, err);

	if (r < 0)
		return r;
	if (config.data && owner->source)
		return kx_fail(err, EOPNOTSUPP,
			       "both %s and %s carry a bootconfig, and a kernel takes one; remove "
			       "the other with bootconfig -d",
			       kx_source_name(owner->source), kx_source_name(source));
	if (config.data && !last) {
		*owner = (struct bootconfig_owner){ source, config };
		return bytes_add(to, source, before, before.size, err);
	}
	return bytes_add(to, source, kx_source_view(source), before.size, err);
}

static int layout(const struct kx_source *const *sources, size_t count, struct layout *to,
		  struct kx_error *err)
{
	struct bootconfig_owner owner = { 0 };
	struct kx_initrd *initrd = to->initrd;
	uint8_t *bootconfig = NULL;
	size_t size = 0;
	int r;

	/* One for each source, and for each archive itself and what is before it, and one for a bootconfig. */
	initrd->parts = calloc(count + 2 * KX_INITRD_ARCHIVE_MAX + 1, sizeof(*initrd->parts));
	if (!initrd->parts)
		return kx_fail(err, ENOMEM, "cannot lay out the initrds: out of memory");
	for (size_t i = 0; i < count; i++) {
		r = source_add(to, sources[i], i + 1 == count, &owner, err);
		if (r < 0)
			return r;
	}
	initrd->untouched = count == 1 && initrd->count == 1 && !initrd->parts[0].owned;
	if (!owner.source)
		return 0;
	r = bootconfig_copy(owner.config, &bootconfig, &size, err);
	if (r < 0)
		return r;
	return part_add(initrd, kx_view_of(bootconfig, size), bootconfig, to->align, err);
}

int kx_initrd_layout(const struct kx_source *const *sources, size_t count, uint64_t align,
		     uint64_t unpack_max, struct kx_initrd *ret, struct kx_error *err)
{
	_cleanup_(kx_initrd_clear) struct kx_initrd initrd = { 0 };
	struct layout to = { .initrd = &initrd, .align = align, .unpack_max = unpack_max };
	int r = layout(sources, count, &to, err);

	if (r < 0)
		return r;
	*ret = initrd;
	initrd = (struct kx_initrd){ 0 };
	return 0;
}

void kx_initrd_clear(struct kx_initrd *initrd)
{
	for (size_t i = 0; i < initrd->count; i++)
		free(initrd->parts[i].owned);
	free(initrd->parts);
	*initrd = (struct kx_initrd){ 0 };
}

/* What the next kernel and this system keep for themselves. */
#define UNPACK_SPARE (UINT64_C(256) << 20)
/* How much of that is for this system. */
#define SYSTEM_SPARE (UINT64_C(64) << 20)

uint64_t kx_initrd_unpack_max(uint64_t mem_available, uint64_t taken)
{
	uint64_t spare;

	if (kx_add_overflow(taken, SYSTEM_SPARE, &spare))
		return 1;
	if (spare < UNPACK_SPARE)
		spare = UNPACK_SPARE;
	return mem_available > spare && mem_available - spare > 2 ? (mem_available - spare) / 2 : 1;
}

const char *kx_archive_left_text(int left)
{
	switch (left) {
	case 0:
		return NULL;
	case -EFBIG:
		return "unpacked it would take too much memory";
	case -ENOSPC:
		return "unpacked there is no place for it";
	case -EOPNOTSUPP:
		return "this program cannot unpack it";
	default:
		return "it is damaged";
	}
}
