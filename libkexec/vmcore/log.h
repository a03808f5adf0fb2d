/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's log in a dump. How printk keeps it has changed twice; VMCOREINFO tells by the names that it has:
 *
 *	log_end				text (until 3.4)
 *	log_first_idx			records one after the other, of struct log or printk_log (3.5 to 5.9)
 *	prb				a ring of descriptors and one of texts (5.10 and later)
 *
 * Nothing in it is believed: a record is handed out only when it is whole and everything about it agrees.
 */
#ifndef KX_LOG_H
#define KX_LOG_H

#include "vmcore.h"

/* The longest text of one record, in bytes: text_len has 16 bits. */
#define KX_LOG_TEXT_MAX 65535u

/**
 * struct kx_log_record - one message
 * @seq: its number, when @has_seq
 * @ns: when, in nanoseconds since boot, when @has_time
 * @facility, @level: as in syslog(3), when @has_level
 * @caller: thread (or processor, with the highest bit set) that printed it, when @has_caller
 * @joins: its text goes on in the line of the record before
 * @open: the next one may join
 * @text: any bytes; may be of several lines
 * @subsystem, @device: which it is about, as in /dev/kmsg; empty if none
 */
struct kx_log_record {
	bool has_seq, has_time, has_level, has_caller, joins, open;
	uint64_t seq, ns;
	uint8_t facility, level;
	uint32_t caller;
	struct kx_view text, subsystem, device;
};

/**
 * struct kx_log_report - what became of it
 * @records: were handed out
 * @damaged: were there, but could not be read, as far as that can be counted
 * @cut: why the end was not reached; NULL if it was
 */
struct kx_log_report {
	uint64_t records, damaged;
	const char *cut;
};

/* Anything but 0 ends the reading, and becomes its result. The record's bytes are gone when it returns. */
typedef int (*kx_log_each)(void *context, const struct kx_log_record *record);

/**
 * kx_log_read() - hand out the messages, oldest first
 *
 * Errors: -ENODATA when VMCOREINFO does not say where the log is, or that place is not in the dump; -EBADMSG when what is
 * there cannot be a log; -ENOMEM; what @each returns. *ret is filled in except for these.
 */
int kx_log_read(struct kx_vmcore *core, kx_log_each each, void *context, struct kx_log_report *ret,
		struct kx_error *err);

#endif
