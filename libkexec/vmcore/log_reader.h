/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the readers of the three kinds of log share; log.h is what others use. */
#ifndef KX_LOG_READER_H
#define KX_LOG_READER_H

#include "log.h"

/* Kernels write a page of VMCOREINFO and no structure of the log is larger, in bytes. */
#define KX_LOG_STRUCT_MAX 4096u
/* log_buf_len is a power of two of 32 bits. */
#define KX_LOG_BITS_MAX 31

/**
 * struct kx_log_reader - one reading
 * @text: room for KX_LOG_TEXT_MAX bytes
 */
struct kx_log_reader {
	struct kx_vmcore *core;
	kx_log_each each;
	void *context;
	struct kx_log_report report;
	struct kx_error *err;
	uint8_t *text;
};

/* Hands it out, and counts. */
int kx_log_give(struct kx_log_reader *reader, const struct kx_log_record *record);

/* The bytes from @address to the end of its page: what is left out of a dump is whole pages. */
static inline uint64_t kx_log_rest_of_page(uint64_t address)
{
	return 4096 - address % 4096;
}

/* The address of a symbol that VMCOREINFO has. */
bool kx_log_symbol(const struct kx_log_reader *reader, const char *name, uint64_t *ret);

/**
 * struct kx_log_fact - a number that VMCOREINFO must have
 * @max: the most that it may be
 */
struct kx_log_fact {
	const char *kind, *name;
	uint64_t *to, max;
};

/* Errors: -ENODATA without one; -EBADMSG when it is too large. */
int kx_log_facts(const struct kx_log_reader *reader, const struct kx_log_fact *facts, size_t count);

/* The variable called @name, of @size bytes. Errors: -ENODATA. */
int kx_log_variable(const struct kx_log_reader *reader, const char *name, size_t size,
		    uint64_t *ret);

/* The number of @size bytes at @at of @bytes; 0 past their end, which KX_LOG_STRUCT_MAX and facts keep it from. */
uint64_t kx_log_field(const struct kx_log_reader *reader, struct kx_view bytes, uint64_t at,
		      size_t size);

/*
 * Takes apart the three numbers behind a record's lengths: facility, of 8 bits, then flags of 5 bits and level of 3 bits in
 * one byte. Returns the flags.
 */
unsigned kx_log_priority(const struct kx_log_reader *reader, struct kx_view bytes, uint64_t at,
			 struct kx_log_record *record);

/* One for each kind. -ENOENT, without a message, when VMCOREINFO has none of that kind; else as kx_log_read(). */
int kx_log_lockless(struct kx_log_reader *reader);
int kx_log_records(struct kx_log_reader *reader);
int kx_log_plain(struct kx_log_reader *reader);

#endif
