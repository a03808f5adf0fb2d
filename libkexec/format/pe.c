// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pe.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/overflow.h"

enum {
	DOS_PE_OFFSET = 0x3c, /* "MS-DOS Stub" */
	/* "COFF File Header", from the signature on. */
	COFF_MACHINE = 4,
	COFF_SECTION_COUNT = 6,
	COFF_OPTIONAL_SIZE = 20,
	COFF_END = 24,
	/* "Optional Header": the table of directories follows its own count. */
	OPT_MAGIC_PE32 = 0x10b,
	OPT_MAGIC_PE32_PLUS = 0x20b,
	OPT_CHECKSUM = 64,
	OPT_DIRECTORIES_PE32 = 96,
	OPT_DIRECTORIES_PE32_PLUS = 112,
	DIRECTORY_SIZE = 8,
	DIRECTORY_CERTIFICATES = 4,
	/* "Section Table". */
	SECTION_SIZE = 40,
	SECTION_VIRTUAL_SIZE = 8,
	SECTION_RAW_SIZE = 16,
	SECTION_RAW_OFFSET = 20,
};

static int cut_short(struct kx_error *err, const char *what)
{
	return kx_fail(err, EBADMSG,
		       "truncated PE file: %s reaches past its end; copy the file again", what);
}

static int find_header(struct kx_view file, uint32_t *ret, struct kx_error *err)
{
	uint32_t at;

	if (!kx_view_equals(file, 0, "MZ", 2))
		return kx_fail(err, ENOEXEC, "no \"MZ\" at its start");
	if (!kx_view_le32(file, DOS_PE_OFFSET, &at) || !kx_view_equals(file, at, "PE\0", 4))
		return kx_fail(err, ENOEXEC, "\"MZ\", but no \"PE\" signature");
	*ret = at;
	return 0;
}

/* An image without an optional header, or with a short one, carries no certificates. */
static int find_certificates(struct kx_view file, struct kx_view optional, struct kx_pe *pe,
			     struct kx_error *err)
{
	uint32_t count, at, size;
	uint64_t table;
	uint16_t magic;

	if (!kx_view_le16(optional, 0, &magic) ||
	    (magic != OPT_MAGIC_PE32 && magic != OPT_MAGIC_PE32_PLUS))
		return 0;
	table = magic == OPT_MAGIC_PE32 ? OPT_DIRECTORIES_PE32 : OPT_DIRECTORIES_PE32_PLUS;
	if (!kx_view_le32(optional, table - 4, &count) || count <= DIRECTORY_CERTIFICATES)
		return 0;
	table += DIRECTORY_CERTIFICATES * DIRECTORY_SIZE;
	/* Unlike in other directories, the address is an offset in the file. */
	if (!kx_view_le32(optional, table, &at) || !kx_view_le32(optional, table + 4, &size))
		return cut_short(err, "the table of directories");
	if (size && !kx_view_sub(file, at, size, &pe->certificates))
		return cut_short(err, "the signature");
	pe->checksum_at = (size_t)(optional.data - file.data) + OPT_CHECKSUM;
	pe->directory_at = (size_t)(optional.data - file.data) + (size_t)table;
	return 0;
}

static int read_section(struct kx_view file, const uint8_t *header, struct kx_pe_section *section,
			struct kx_error *err)
{
	uint32_t virtual_size = kx_le32(header + SECTION_VIRTUAL_SIZE);
	uint32_t size = kx_le32(header + SECTION_RAW_SIZE);
	char what[32];

	memcpy(section->name, header, KX_PE_NAME_SIZE);
	/* The size in the file is rounded up; that in memory may be larger than what is in the file. */
	if (virtual_size && virtual_size < size)
		size = virtual_size;
	if (!size ||
	    kx_view_sub(file, kx_le32(header + SECTION_RAW_OFFSET), size, &section->content))
		return 0;
	snprintf(what, sizeof(what), "section %.8s", section->name);
	for (char *c = what; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return cut_short(err, what);
}

int kx_pe_parse(struct kx_view file, struct kx_pe *ret, struct kx_error *err)
{
	struct kx_view optional, table;
	struct kx_pe pe = { 0 };
	uint16_t count, size;
	uint32_t at = 0;
	int r = find_header(file, &at, err);

	if (r < 0)
		return r;
	if (!kx_view_le16(file, (uint64_t)at + COFF_MACHINE, &pe.machine) ||
	    !kx_view_le16(file, (uint64_t)at + COFF_SECTION_COUNT, &count) ||
	    !kx_view_le16(file, (uint64_t)at + COFF_OPTIONAL_SIZE, &size))
		return cut_short(err, "the file header");
	if (count > KX_PE_SECTION_MAX)
		return kx_fail(err, EOPNOTSUPP, "PE file with %u sections, at most %d", count,
			       KX_PE_SECTION_MAX);
	if (!kx_view_sub(file, (uint64_t)at + COFF_END, size, &optional) ||
	    !kx_view_sub(file, (uint64_t)at + COFF_END + size, (uint64_t)count * SECTION_SIZE,
			 &table))
		return cut_short(err, "the section table");
	r = find_certificates(file, optional, &pe, err);
	for (; r == 0 && pe.section_count < count; pe.section_count++)
		r = read_section(file, table.data + pe.section_count * SECTION_SIZE,
				 &pe.sections[pe.section_count], err);
	if (r == 0)
		*ret = pe;
	return r;
}
