// SPDX-License-Identifier: LGPL-2.1-or-later
#include "initrd.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/endian.h"
#include "base/overflow.h"
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

static int part_add(struct kx_initrd *initrd, struct kx_view bytes, uint64_t align,
		    struct kx_error *err)
{
	uint64_t offset, end;

	if (!bytes.size)
		return 0;
	if (kx_align_up_overflow(initrd->size, align, &offset) ||
	    kx_add_overflow(offset, bytes.size, &end))
		return kx_fail(err, EFBIG, "the initrds together are larger than any memory");
	initrd->parts[initrd->count++] = (struct kx_initrd_part){ bytes, offset };
	initrd->size = end;
	return 0;
}

/* Where a bootconfig was found that is not at the end of the last source. */
struct bootconfig_owner {
	const struct kx_source *source;
	struct kx_view config;
};

static int source_add(struct kx_initrd *initrd, const struct kx_source *source, bool last,
		      uint64_t align, struct bootconfig_owner *owner, struct kx_error *err)
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
		return part_add(initrd, before, align, err);
	}
	return part_add(initrd, kx_source_view(source), align, err);
}

static int layout(const struct kx_source *const *sources, size_t count, uint64_t align,
		  struct kx_initrd *initrd, struct kx_error *err)
{
	struct bootconfig_owner owner = { 0 };
	size_t size = 0;
	int r;

	/* One for each source, and one for a bootconfig. */
	initrd->parts = calloc(count + 1, sizeof(*initrd->parts));
	if (!initrd->parts)
		return kx_fail(err, ENOMEM, "cannot lay out the initrds: out of memory");
	for (size_t i = 0; i < count; i++) {
		r = source_add(initrd, sources[i], i + 1 == count, align, &owner, err);
		if (r < 0)
			return r;
	}
	initrd->untouched = count == 1;
	if (!owner.source)
		return 0;
	r = bootconfig_copy(owner.config, &initrd->bootconfig, &size, err);
	if (r < 0)
		return r;
	return part_add(initrd, kx_view_of(initrd->bootconfig, size), align, err);
}

int kx_initrd_layout(const struct kx_source *const *sources, size_t count, uint64_t align,
		     struct kx_initrd *ret, struct kx_error *err)
{
	_cleanup_(kx_initrd_clear) struct kx_initrd initrd = { 0 };
	int r = layout(sources, count, align, &initrd, err);

	if (r < 0)
		return r;
	*ret = initrd;
	initrd = (struct kx_initrd){ 0 };
	return 0;
}

void kx_initrd_clear(struct kx_initrd *initrd)
{
	free(initrd->parts);
	free(initrd->bootconfig);
	*initrd = (struct kx_initrd){ 0 };
}
