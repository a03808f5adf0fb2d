// SPDX-License-Identifier: GPL-2.0-or-later
#include "signatures.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/overflow.h"
#include "format/pe.h"

/* ---- PE -------------------------------------------------------------------------------------- */

enum {
	/* "PE Format", "The Attribute Certificate Table": WIN_CERTIFICATE */
	CERTIFICATE_REVISION = 4,
	CERTIFICATE_TYPE = 6,
	CERTIFICATE_HEADER = 8,
	REVISION_2 = 0x200,
	TYPE_PKCS_SIGNED_DATA = 2,
	CHECKSUM_SIZE = 4,
	DIRECTORY_ENTRY_SIZE = 8,
};

static int malformed(struct kx_error *err, const char *what)
{
	return kx_fail(err, EBADMSG, "malformed signature: %s; copy the file again", what);
}

static int add_signature(struct kx_view entry, struct kx_signatures *ret, struct kx_error *err)
{
	uint16_t revision, type;
	struct kx_view message;

	if (!kx_view_le16(entry, CERTIFICATE_REVISION, &revision) ||
	    !kx_view_le16(entry, CERTIFICATE_TYPE, &type) ||
	    !kx_view_from(entry, CERTIFICATE_HEADER, &message))
		return malformed(err, "an entry of its table is shorter than its header");
	if (revision != REVISION_2 || type != TYPE_PKCS_SIGNED_DATA)
		return 0;
	if (ret->count == KX_SIGNATURE_MAX)
		return kx_fail(err, E2BIG, "has more than %d signatures", KX_SIGNATURE_MAX);
	ret->signatures[ret->count++] = message;
	return 0;
}

/* Each entry begins at a multiple of 8 bytes. */
static int read_table(struct kx_view table, struct kx_signatures *ret, struct kx_error *err)
{
	int r = 0;

	while (r == 0 && table.size >= CERTIFICATE_HEADER) {
		uint32_t size = kx_le32(table.data);
		struct kx_view entry;

		if (size < CERTIFICATE_HEADER || !kx_view_sub(table, 0, size, &entry))
			return malformed(err, "an entry of its table reaches past its end");
		r = add_signature(entry, ret, err);
		if (!kx_view_from(table, kx_align_up(size, 8), &table))
			break;
	}
	return r;
}

/* @from up to @to; false when they overlap what was before. */
static bool add_part(struct kx_view file, uint64_t from, uint64_t to, struct kx_signatures *ret)
{
	return to >= from && kx_view_sub(file, from, to - from, &ret->parts[ret->part_count++]);
}

static bool split(struct kx_view file, const struct kx_pe *pe, struct kx_signatures *ret)
{
	uint64_t table = (uint64_t)(pe->certificates.data - file.data);

	return add_part(file, 0, pe->checksum_at, ret) &&
	       add_part(file, pe->checksum_at + CHECKSUM_SIZE, pe->directory_at, ret) &&
	       add_part(file, pe->directory_at + DIRECTORY_ENTRY_SIZE, table, ret);
}

static int check_size(uint64_t signed_size, struct kx_error *err)
{
	if (signed_size >= KX_SIGNED_MIN)
		return 0;
	return kx_fail(err, EBADMSG,
		       "what is signed of it, %" PRIu64 " bytes, is too little for a kernel",
		       signed_size);
}

int kx_signatures_of_pe(struct kx_view file, struct kx_signatures *ret, struct kx_error *err)
{
	struct kx_signatures found = { 0 };
	struct kx_pe pe;
	uint64_t table;
	int r = kx_pe_parse(file, &pe, err);

	if (r < 0)
		return r;
	if (!pe.certificates.size)
		return kx_fail(err, ENODATA, "carries no signature");
	table = (uint64_t)(pe.certificates.data - file.data);
	/* Where the table is, is not signed: in the middle it would move what is behind it, and headers and readers go by offsets. */
	if (table + pe.certificates.size != file.size)
		return malformed(err, "its table does not end where the file does");
	if (!split(file, &pe, &found))
		return malformed(err, "its table lies in the file's header");
	r = check_size(table, err);
	if (r < 0)
		return r;
	r = read_table(pe.certificates, &found, err);
	if (r == 0 && !found.count)
		r = kx_fail(err, ENODATA, "carries no signature of a known kind");
	if (r == 0)
		*ret = found;
	return r;
}

/* ---- appended -------------------------------------------------------------------------------- */

static const char magic[] = "~Module signature appended~\n";

enum {
	MAGIC_SIZE = sizeof(magic) - 1,
	/* include/linux/module_signature.h: algo, hash, id_type, signer_len, key_id_len, three zeros, sig_len big-endian */
	INFO_SIZE = 12,
	INFO_ID_TYPE = 2,
	INFO_SIGNATURE_SIZE = 8,
	ID_PKCS7 = 2,
};

int kx_signatures_appended(struct kx_view file, struct kx_signatures *ret, struct kx_error *err)
{
	uint64_t end = file.size;
	const uint8_t *info;
	uint32_t size;
	int r;

	if (end < MAGIC_SIZE || !kx_view_equals(file, end - MAGIC_SIZE, magic, MAGIC_SIZE))
		return kx_fail(err, ENODATA, "carries no signature");
	end -= MAGIC_SIZE;
	if (end < INFO_SIZE)
		return malformed(err, "the file begins within it");
	end -= INFO_SIZE;
	info = file.data + end;
	if (info[INFO_ID_TYPE] != ID_PKCS7)
		return kx_fail(err, EOPNOTSUPP, "its appended signature is of type %u, not PKCS#7",
			       info[INFO_ID_TYPE]);
	size = (uint32_t)info[INFO_SIGNATURE_SIZE] << 24 | info[INFO_SIGNATURE_SIZE + 1] << 16 |
	       info[INFO_SIGNATURE_SIZE + 2] << 8 | info[INFO_SIGNATURE_SIZE + 3];
	if (!size || size > end)
		return malformed(err, "it is larger than the file");
	r = check_size(end - size, err);
	if (r < 0)
		return r;
	*ret = (struct kx_signatures){ .part_count = 1, .count = 1 };
	ret->signatures[0] = kx_view_of(file.data + end - size, size);
	ret->parts[0] = kx_view_of(file.data, end - size);
	return 0;
}
