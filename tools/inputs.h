/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a load is made of, wherever it is: paths, standard input, addresses, and members of archives at either. */
#ifndef KX_TOOL_INPUTS_H
#define KX_TOOL_INPUTS_H

#include "trust.h"

/* An archive, kept while more of its members may be asked for. */
struct kx_held {
	char *name;
	struct kx_source *source;
};

/**
 * struct kx_inputs - all that are opened for one load
 * @trust: what they are checked by
 * @fetched: the name of one that came from an address before, as a descriptor; NULL for none
 */
struct kx_inputs {
	const struct kx_tool *tool;
	struct kx_trust trust;
	const char *fetched;
	struct kx_held *held;
	size_t held_count;
};

/**
 * kx_inputs_begin() - before the first of them is opened
 * @ret: zero-initialised; to be cleared with kx_inputs_clear(), also after an error
 *
 * Gets the lists of checksums. Then, if anything else is to be fetched, asks how large it is, and says what all of it takes and what memory
 * there is, before the first byte comes.
 *
 * Errors: what kx_trust_begin() and kx_trust_allows() say; -ENOSPC there is not memory enough; -ENOMEM.
 */
int kx_inputs_begin(const struct kx_tool *tool, const struct kx_machine *machine,
		    const struct kx_args *args, struct kx_inputs *ret, struct kx_error *err);
void kx_inputs_clear(struct kx_inputs *inputs);

/**
 * kx_inputs_hold() - an archive or image, opened and checked once, however many of its members are asked for
 * @name: of it, or of one of its members
 * @ret: borrowed from @inputs
 *
 * Errors: as kx_order_open().
 */
int kx_inputs_hold(struct kx_inputs *inputs, const char *name, struct kx_source **ret,
		   struct kx_error *err);

#endif
