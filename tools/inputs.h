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
 * @medium: the name of the image of a disc that the load is out of; NULL for none
 * @on_disk: its system will read it from its disk: so it is checked there, and not kept
 * @loaded: bytes of those that were opened, of which the kernel makes a copy
 */
struct kx_inputs {
	const struct kx_tool *tool;
	struct kx_trust trust;
	const char *medium;
	bool on_disk;
	uint64_t loaded;
	struct kx_held *held;
	size_t held_count;
};

/**
 * kx_room() - the most bytes that one more input may have
 * @loaded: of those that there are
 *
 * Half of what is available now, less what the kernel's copies of the others will take: it makes one of this, too.
 */
uint64_t kx_room(const struct kx_tool *tool, uint64_t loaded);

/**
 * kx_inputs_keep() - what is checked next stays as it is: see kx_source_seal()
 *
 * Errors: -ENOSPC there is no memory for a copy.
 */
int kx_inputs_keep(const struct kx_inputs *inputs, struct kx_source *source, struct kx_error *err);

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

/**
 * kx_inputs_again() - another source of the same open file
 *
 * Errors: -EMFILE; as kx_source_from_fd().
 */
int kx_inputs_again(const struct kx_source *source, struct kx_source **ret, struct kx_error *err);

#endif
