// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The legacy frame of lz4_Frame_format.md, which `lz4 -l` writes and the kernel reads: a magic number, then blocks,
 * each behind its compressed size as le32. Nothing marks the end, and nothing is summed up. No block needs another.
 */
#include "codec.h"

#include <errno.h>
#include <lz4.h>
#include <pthread.h>
#include <signal.h>

#define LEGACY_MAGIC 0x184c2102
/* What a block unpacks to, the last one's less. */
#define LEGACY_BLOCK (8 << 20)
/* A byte of a length stands for at most 255 bytes (lz4_Block_format.md), so that little input needs no large buffer. */
#define LEGACY_GROWTH 255
/* As many blocks at a time. */
#define PARTS_MAX (KX_CODEC_THREADS_MEMORY / LEGACY_BLOCK)

/*
 * The size of the next block; 0 at the end, which is where no whole size field is left, or it is 0 (zero padding), or
 * it is the magic number of another frame.
 */
static int next_block(struct kx_view in, uint64_t at, uint32_t *ret_size, struct kx_error *err)
{
	uint32_t size = 0;

	if (!kx_view_le32(in, at, &size) || size == LEGACY_MAGIC)
		size = 0;
	if (size > LZ4_COMPRESSBOUND(LEGACY_BLOCK))
		return kx_bad_stream(err, "lz4", "a block is larger than can be", at);
	if (size && !kx_view_has(in, at + 4, size))
		return kx_bad_stream(err, "lz4", "it ends early", at);
	*ret_size = size;
	return 0;
}

/* The most that a block can become. */
static size_t block_most(struct kx_view block)
{
	uint64_t most = block.size * LEGACY_GROWTH;

	return most < LEGACY_BLOCK ? (size_t)most : LEGACY_BLOCK;
}

/* What a block that does not fit lacks, told apart from a wrong code by unpacking it into enough room. */
static int unpack_block(struct kx_sink *sink, struct kx_view block, uint64_t at,
			struct kx_error *err)
{
	size_t room, want = block_most(block);
	void *to;
	int got, r = kx_sink_space(sink, want, &to, &room, err);

	if (r < 0)
		return r;
	room = room < want ? room : want;
	got = LZ4_decompress_safe((const char *)block.data, to, (int)block.size, (int)room);
	if (got < 0 && room < want) {
		r = kx_sink_spare(sink, want, &to, err);
		if (r < 0)
			return r;
		got = LZ4_decompress_safe((const char *)block.data, to, (int)block.size, (int)want);
	}
	if (got < 0)
		return kx_bad_stream(err, "lz4", "a code is wrong", at);
	return kx_sink_wrote(sink, (size_t)got, err);
}

/* A block, and where it goes if all before it are whole. */
struct part {
	struct kx_view block;
	uint8_t *to;
	size_t room;
	pthread_t thread;
	int got;
	bool started;
};

static void *unpack_part(void *arg)
{
	struct part *part = arg;

	part->got = LZ4_decompress_safe((const char *)part->block.data, (char *)part->to,
					(int)part->block.size, (int)part->room);
	return NULL;
}

/* Those that no thread is to be had for, and the first, are unpacked by the caller's. */
static void unpack_parts(struct part *parts, size_t count)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (size_t i = 1; i < count; i++)
		parts[i].started = !pthread_create(&parts[i].thread, NULL, unpack_part, &parts[i]);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	for (size_t i = 0; i < count; i++)
		if (!parts[i].started)
			unpack_part(&parts[i]);
	for (size_t i = 0; i < count; i++)
		if (parts[i].started)
			pthread_join(parts[i].thread, NULL);
}

/* The blocks from @at on that there are threads and room for: large enough to become LEGACY_BLOCK bytes, or the last. */
static size_t next_parts(struct kx_view in, uint64_t at, const struct kx_sink *sink,
			 struct part *parts)
{
	uint64_t most = (sink->max - sink->size) / LEGACY_BLOCK + 1;
	size_t count = 0;
	uint32_t size = 0;
	struct kx_error ignored = { 0 };

	most = most < sink->threads ? most : sink->threads;
	most = most < PARTS_MAX ? most : PARTS_MAX;
	while (count < most && next_block(in, at, &size, &ignored) == 0 && size) {
		parts[count++] = (struct part){ .block = kx_view_of(in.data + at + 4, size) };
		at += 4 + (uint64_t)size;
		if (block_most(parts[count - 1].block) < LEGACY_BLOCK)
			break;
	}
	return count;
}

/*
 * As long as each block becomes LEGACY_BLOCK bytes it is known where the next one's go, and several are unpacked side by side.
 * The first that becomes less ends that, and if it is not the last, what follows is left to unpack_block(); as is one that is
 * wrong or does not fit, to say so.
 */
static int unpack_several(struct kx_view in, struct kx_sink *sink, uint64_t *at,
			  struct kx_error *err)
{
	struct part parts[PARTS_MAX];
	size_t count = next_parts(in, *at, sink, parts), room = 0;
	void *to = NULL;

	if (count < 2 || kx_sink_space(sink, count * LEGACY_BLOCK, &to, &room, err) < 0) {
		sink->threads = 1;
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		size_t most = block_most(parts[i].block), left = room - i * LEGACY_BLOCK;

		parts[i].to = (uint8_t *)to + i * LEGACY_BLOCK;
		parts[i].room = left < most ? left : most;
	}
	unpack_parts(parts, count);
	for (size_t i = 0; i < count && sink->threads > 1; i++) {
		int r;

		if (parts[i].got < LEGACY_BLOCK)
			sink->threads = 1;
		if (parts[i].got < 0)
			break;
		r = kx_sink_wrote(sink, (size_t)parts[i].got, err);
		if (r < 0)
			return r;
		*at += 4 + (uint64_t)parts[i].block.size;
	}
	return 0;
}

int kx_lz4_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used, struct kx_error *err)
{
	uint64_t at = 4;
	uint32_t size = 0;
	int r = 0;

	while (r == 0 && sink->threads > 1)
		r = unpack_several(in, sink, &at, err);
	while (r == 0 && (r = next_block(in, at, &size, err)) == 0 && size) {
		r = unpack_block(sink, kx_view_of(in.data + at + 4, size), at, err);
		at += 4 + (uint64_t)size;
	}
	if (r < 0)
		return r;
	*ret_used = at;
	return 0;
}
