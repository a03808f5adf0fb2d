/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan from the inside: what formats and architectures fill in. */
#ifndef KX_PLAN_H
#define KX_PLAN_H

#include "base/view.h"
#include "initrd.h"
#include "libkexec.h"
#include "machine/machine.h"
#include "ranges.h"

struct kx_format;

#define KX_PLAN_WARNING_MAX 16
#define KX_PLAN_OWNED_MAX (2 * KX_SEGMENT_MAX)
#define KX_PLAN_SOURCE_MAX 16
/* Containers within containers. */
#define KX_PLAN_UNWRAP_MAX 4
#define KX_PLAN_CONTAINERS_SIZE 96
#define KX_PLAN_DIRECT_WHY_SIZE 256
#define KX_PLAN_HINT_MAX 8
#define KX_PLAN_ENTER_SIZE 128
/* The archive of what is carried over, and a copy of it. */
#define KX_PLAN_WIPED_MAX 2

/* Every architecture's kexec page size that we plan for today. */
#define KX_PAGE_SIZE 4096

/**
 * struct kx_plan - see kx_plan_make()
 * @asked: the request as it was made: whose files must not have changed when the plan is loaded
 * @request: what is planned for: @asked, or what was found in its containers
 * @containers: names of the formats that the kernel was wrapped in, separated by ", "
 * @unsigned_inside: the kernel came out of a signed or unsigned container, and has no signature of its own
 * @forbidden: why this machine does not load it, NULL when it does
 * @placed: false when the memory map is hidden: dest is then KX_DEST_UNKNOWN in every segment
 * @entry: of the next kernel
 * @entry_mode: in words; NULL for 64-bit mode, the usual one
 * @start: what kexec_load is told to enter: purgatory
 * @vmlinux: @vmlinux_size bytes of a bzImage's payload, once it has been decompressed; the kernel's segments when @direct
 * @direct, @random: see kx_plan_direct(), kx_plan_kaslr()
 * @direct_why: see kx_plan_direct_why(); empty for NULL
 * @free: what segments may still use while the plan is being made
 * @crash: of a crash kernel, what is kept for it
 * @backup: where purgatory copies conventional memory to, which the capture kernel uses itself; 0 for nowhere
 * @hotplug: the running kernel keeps the core headers up to date
 * @memmap: what the next kernel is told about memory
 * @archives: see kx_plan_archive()
 * @hints: see kx_plan_hint()
 * @plain_cmdline: with @hints, the command line without them
 * @times: physical address of a struct kx_times (abi/handoff.h) in a segment; 0 for none
 * @seed: @seed_size bytes in a segment for fresh random bytes, put there by kx_plan_load(); NULL for nowhere
 * @seed_length: how many there are, le32, in the same segment
 * @seal: called by kx_plan_load() when all other bytes are final, to fill in checksums; NULL for none
 * @handoff: what @seal works on, within an owned buffer
 * @before_purgatory: how many segments there were when purgatory was added
 * @enter: how it was told to go on, a struct of the architecture's
 * @wire: @wire_size bytes of a mapped file, for a plan that another process made: see wire.h
 * @owned: buffers that live as long as the plan
 * @sources: what was found in containers, lives as long
 * @network, @network_why: see kx_plan_network()
 * @carried: see kx_plan_carried()
 * @wiped: parts of @owned that may hold keys: see kx_plan_wipe()
 */
struct kx_plan {
	const struct kx_machine *machine;
	struct kx_request asked;
	struct kx_request request;
	const struct kx_format *format;
	char containers[KX_PLAN_CONTAINERS_SIZE];
	bool unsigned_inside;
	enum kx_method method;
	char *method_why;
	char *forbidden;
	char *cmdline, *plain_cmdline;
	const struct kx_hint *hints[KX_PLAN_HINT_MAX];
	size_t hint_count;
	bool placed;
	uint64_t entry;
	const char *entry_mode;
	uint64_t start;
	uint8_t *vmlinux;
	uint64_t vmlinux_size;
	bool direct, random;
	char direct_why[KX_PLAN_DIRECT_WHY_SIZE];
	struct kx_segment segments[KX_SEGMENT_MAX];
	size_t segment_count;
	struct kx_ranges free;
	struct kx_ranges crash;
	uint64_t backup;
	bool hotplug;
	struct kx_memmap memmap;
	struct kx_archive archives[KX_INITRD_ARCHIVE_MAX];
	size_t archive_count;
	char *warnings[KX_PLAN_WARNING_MAX];
	size_t warning_count;
	uint64_t times;
	void *seed;
	size_t seed_size;
	uint8_t *seed_length;
	void (*seal)(struct kx_plan *plan);
	void *handoff;
	size_t before_purgatory;
	uint8_t enter[KX_PLAN_ENTER_SIZE];
	void *wire;
	size_t wire_size;
	void *owned[KX_PLAN_OWNED_MAX];
	size_t owned_count;
	struct kx_source *sources[KX_PLAN_SOURCE_MAX];
	size_t source_count;
	const char *network;
	char *network_why;
	struct kx_carried *carried;
	size_t carried_count;
	struct {
		void *data;
		size_t size;
	} wiped[KX_PLAN_WIPED_MAX];
	size_t wiped_count;
};

/* Is it a crash kernel's? */
static inline bool kx_plan_panic(const struct kx_plan *plan)
{
	return plan->request.flags & KX_REQUEST_PANIC;
}

/* A plan with nothing in it yet but the request. Errors: NULL, with @err set for -ENOMEM. */
struct kx_plan *kx_plan_new(const struct kx_machine *machine, const struct kx_request *request,
			    struct kx_error *err);

/**
 * kx_plan_find_free() - what segments may use, into plan->free; is it known, into plan->placed
 *
 * Errors: -ENOMEM; of a crash kernel's plan what kx_crash_begin() says.
 */
int kx_plan_find_free(struct kx_plan *plan, struct kx_error *err);

/* Is there memory for so many bytes by the plan's call? Errors: -ENOSPC, with numbers. */
int kx_plan_check_memory(const struct kx_plan *plan, uint64_t need, struct kx_error *err);

/* All but the first @keep. */
void kx_plan_forget_warnings(struct kx_plan *plan, size_t keep);

/* A zeroed buffer that is freed with the plan. Errors: NULL, with @err set for -ENOMEM. */
void *kx_plan_alloc(struct kx_plan *plan, size_t size, struct kx_error *err);

/* @p, from malloc(), is freed with the plan, or at once when this fails. Errors: -ENOSPC. */
int kx_plan_own(struct kx_plan *plan, void *p, struct kx_error *err);

/* Bytes of an owned buffer are not left in memory when that is freed. */
void kx_plan_wipe(struct kx_plan *plan, void *data, size_t size);

/**
 * kx_plan_keep_source() - a source over bytes found in a container, freed with the plan
 * @bytes: live as long as the plan: part of another source, or owned by the plan
 *
 * Errors: -ENOSPC over KX_PLAN_SOURCE_MAX; -ENOMEM.
 */
int kx_plan_keep_source(struct kx_plan *plan, const char *name, struct kx_view bytes,
			const struct kx_source **ret, struct kx_error *err);

/* How far a plan has come, before its first segment. */
struct kx_plan_mark {
	size_t warning_count, owned_count;
};

struct kx_plan_mark kx_plan_mark(const struct kx_plan *plan);

/**
 * kx_plan_restart() - for a format that plans another way: forget all segments, their buffers, and what was said since @mark
 *
 * Errors: -ENOMEM.
 */
int kx_plan_restart(struct kx_plan *plan, const struct kx_plan_mark *mark, struct kx_error *err);

/* Something the user should know; dropped silently only when memory is out or the list is full. */
void kx_plan_warn(struct kx_plan *plan, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * kx_plan_place() - find a place for @place->size bytes and take it out of plan->free
 * @what: for the message, e.g. "kernel"
 * @ret: the address; KX_DEST_UNKNOWN when the plan cannot be placed
 *
 * Errors: -ENOSPC, with what was needed and what there is.
 */
int kx_plan_place(struct kx_plan *plan, const char *what, const struct kx_place *place,
		  uint64_t *ret, struct kx_error *err);

/* "no room for @what": what was needed, what there is, and what would help. Return: -ENOSPC. */
int kx_plan_no_room(const struct kx_plan *plan, const char *what, const struct kx_place *place,
		    struct kx_error *err);

/* What kexec_load's segments occupy so far; the kernel allocates a page for each of their pages (kernel/kexec_core.c). */
uint64_t kx_plan_memsz(const struct kx_plan *plan);

/* All initrds as they are; UINT64_MAX for more than that. */
uint64_t kx_request_initrd_size(const struct kx_request *request);

/* Where that is, in words, for what may go anywhere. */
const char *kx_plan_where(const struct kx_plan *plan, uint64_t size);

/**
 * kx_plan_add() - add a segment whose place was taken by kx_plan_place()
 * @segment: memsz and reserved are rounded up to pages, reserved to at least memsz; why is ignored
 * @why: printf format for why it goes there
 *
 * Errors: -ENOSPC over KX_SEGMENT_MAX; -ENOMEM.
 */
int kx_plan_add(struct kx_plan *plan, const struct kx_segment *segment, struct kx_error *err,
		const char *why, ...) __attribute__((format(printf, 4, 5)));

#endif
