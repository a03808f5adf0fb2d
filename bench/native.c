// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What of the way is our own work, on this machine's processor: digests and decompression.
 *
 * usage: native digest KIND FILE | native unpack FILE; prints bytes and the best of five CPU times in ns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "libkexec/compress/compress.h"

#define RUNS 5
#define UNPACKED_MAX (1ull << 30)

static uint64_t cpu_ns(void)
{
	struct timespec spent;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
	return (uint64_t)spent.tv_sec * 1000000000 + (uint64_t)spent.tv_nsec;
}

static struct kx_view read_all(const char *path)
{
	struct kx_view data = { 0 };
	FILE *file = fopen(path, "re");
	uint8_t *bytes;

	if (!file || fseek(file, 0, SEEK_END))
		exit(1);
	data.size = (size_t)ftell(file);
	bytes = malloc(data.size + 1);
	rewind(file);
	if (!bytes || fread(bytes, 1, data.size, file) != data.size)
		exit(1);
	data.data = bytes;
	fclose(file);
	return data;
}

static uint64_t digest(struct kx_view data, const char *kind)
{
	struct kx_digest state;
	uint8_t result[KX_DIGEST_SIZE];
	int number = KX_DIGEST_KINDS;

	while (number-- && strcmp(kx_digest_name((enum kx_digest_kind)number), kind))
		;
	if (number < 0)
		exit(3);
	kx_digest_init(&state, (enum kx_digest_kind)number,
		       number == KX_DIGEST_CRC32C ? kx_crc32c_blocks_sse42 : kx_madd_blocks_sse2);
	kx_digest_region(&state, data.data, data.size);
	kx_digest_final(&state, result);
	return data.size;
}

static uint64_t unpack(struct kx_view data)
{
	const struct kx_codec *codec = kx_codec_find(data);
	uint64_t size = 0, used = 0;
	struct kx_error err = { 0 };
	uint8_t *out = NULL;

	if (!codec || kx_codec_unpack(codec, data, UNPACKED_MAX, &out, &size, &used, &err))
		exit(3);
	free(out);
	return size;
}

int main(int argc, char **argv)
{
	uint64_t best = UINT64_MAX, size = 0;
	int runs = getenv("BENCH_ONCE") ? 1 : RUNS;
	struct kx_view data;

	if (argc < 3)
		return 2;
	data = read_all(argv[argc - 1]);
	for (int i = 0; i < runs; i++) {
		uint64_t start = cpu_ns(), spent;

		size = argc > 3 ? digest(data, argv[2]) : unpack(data);
		spent = cpu_ns() - start;
		best = spent < best ? spent : best;
	}
	printf("%llu %llu\n", (unsigned long long)size, (unsigned long long)best);
	return 0;
}
