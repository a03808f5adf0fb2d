/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kexec and kexec-fetch agree on. */
#ifndef KX_TOOL_FETCH_PROTOCOL_H
#define KX_TOOL_FETCH_PROTOCOL_H

/* Descriptors of kexec-fetch: the address, since everybody sees arguments; the file to fill, where it reports, certificates. */
#define FETCH_FD_ADDRESS 0
#define FETCH_FD_BODY 3
#define FETCH_FD_REPORT 4
#define FETCH_FD_CACERT 5

/* The longest line of a report. */
#define FETCH_LINE_MAX 1024

/* How often a file is asked for, in all. */
#define FETCH_TRIES_MAX 40

#endif
