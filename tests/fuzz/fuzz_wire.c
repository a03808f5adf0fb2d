// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plan from a process that was taken over: a right one, of the kind that the first byte chooses, with what the rest says in the
 * place of some of its bytes. Each change is where (two bytes), how many (one), and the bytes.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "../unit/sample_bzimage.h"
#include "../unit/sample_multiboot.h"
#include "fuzz_plan.h"
#include "plan.h"
#include "wire.h"

#define KINDS 4
/* More than any head of these has. */
#define HEAD_MAX 16384

/* What kx_wire_write() wrote for each kind, once. */
static struct kind {
	struct kx_request request;
	uint8_t *bytes;
	size_t size;
} kinds[KINDS];

static struct sample module_of(const struct sample *text)
{
	struct sample s = sample_new(0x3000);

	sample_multiboot1(s.data, 0x10003);
	/* header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr */
	kx_put_le32(s.data + 12, 0x200000);
	kx_put_le32(s.data + 16, 0x200000);
	kx_put_le32(s.data + 20, 0);
	kx_put_le32(s.data + 24, 0);
	kx_put_le32(s.data + 28, 0x200100);
	memcpy(s.data + 0x100, text->data, 0x100);
	return s;
}

static void write_kind(struct kind *kind)
{
	int fd = memfd_create("plan", MFD_CLOEXEC);
	struct kx_error err = { 0 };
	struct kx_plan *plan = NULL;

	if (kx_plan_make(usual_machine(), &kind->request, &plan, &err) < 0 ||
	    kx_wire_write(plan, fd, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	kx_plan_free(plan);
	kind->size = (size_t)lseek(fd, 0, SEEK_END);
	kind->bytes = calloc(1, kind->size > HEAD_MAX ? kind->size : HEAD_MAX);
	require(kind->bytes);
	require(pread(fd, kind->bytes, kind->size, 0) == (ssize_t)kind->size);
	close(fd);
}

static void make_kinds(void)
{
	static struct sample kernel, text, multiboot;
	static const struct kx_source *initrds[1];

	kernel = sample_bzimage();
	text = sample_text(100000);
	multiboot = module_of(&text);
	initrds[0] = source_of(text.data, text.size);
	for (size_t i = 0; i < KINDS; i++) {
		struct kx_request *request = &kinds[i].request;

		request->kernel = i == 3 ? source_of(multiboot.data, multiboot.size)
					 : source_of(kernel.data, kernel.size);
		request->method = i == 2 ? KX_METHOD_FILE_LOAD : KX_METHOD_LOAD;
		request->entry = i == 1 ? KX_ENTRY_REAL_MODE : KX_ENTRY_AUTO;
		request->cmdline = "quiet";
		if (i != 3) {
			request->initrds = initrds;
			request->initrd_count = 1;
		}
		write_kind(&kinds[i]);
	}
}

static void change(uint8_t *head, size_t size, const uint8_t *data, size_t left)
{
	while (left > 3) {
		size_t at = (size_t)data[0] | (size_t)data[1] << 8, count = data[2] % 9;

		data += 3;
		left -= 3;
		count = count < left ? count : left;
		if (at + count <= size)
			memcpy(head + at, data, count);
		data += count;
		left -= count;
	}
}

static void look_at(const struct kx_plan *plan, const struct kx_request *request)
{
	bool load = request->method == KX_METHOD_LOAD;

	for (size_t i = 0; i < kx_plan_segment_count(plan); i++) {
		require(strlen(kx_plan_segment(plan, i)->name) <= 32 || !load);
		require(kx_plan_segment(plan, i)->why);
		if (load)
			require_segment(kx_plan_segment(plan, i));
	}
	if (load)
		require_apart(plan);
	else
		touch(kx_source_view(plan->request.kernel));
	for (size_t i = 0; i < kx_plan_warning_count(plan); i++)
		require(!strchr(kx_plan_warning(plan, i), '\033'));
	for (size_t i = 0; i < kx_plan_hint_count(plan); i++)
		require(kx_plan_hint(plan, i)->word);
	for (size_t i = 0; i < kx_plan_archive_count(plan); i++)
		require(kx_plan_archive(plan, i)->source && kx_plan_archive(plan, i)->format);
	for (size_t i = 0; i < kx_plan_mem_count(plan); i++)
		require(kx_plan_mem(plan, i)->start < kx_plan_mem(plan, i)->end);
	require(kx_plan_cmdline(plan) && kx_plan_method_why(plan));
	/* What is written before a load lies in the plan's own bytes. */
	if (plan->seed) {
		memset(plan->seed, 0, plan->seed_size);
		kx_put_le32(plan->seed_length, 0);
	}
	if (plan->seal)
		plan->seal((struct kx_plan *)(uintptr_t)plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[HEAD_MAX];
	struct kx_error err = { 0 };
	struct kx_plan *plan = NULL;
	const struct kind *kind;
	int fd, r;

	if (!kinds[0].bytes)
		make_kinds();
	if (size < 1)
		return 0;
	kind = &kinds[data[0] % KINDS];
	memcpy(bytes, kind->bytes, HEAD_MAX);
	change(bytes, HEAD_MAX, data + 1, size - 1);
	fd = memfd_create("plan", MFD_CLOEXEC);
	require(fd >= 0 && pwrite(fd, bytes, HEAD_MAX, 0) == HEAD_MAX);
	if (kind->size > KX_WIRE_DATA_AT)
		require(pwrite(fd, kind->bytes + KX_WIRE_DATA_AT, kind->size - KX_WIRE_DATA_AT,
			       KX_WIRE_DATA_AT) > 0);
	r = kx_wire_read(usual_machine(), &kind->request, fd, &plan, &err);
	close(fd);
	if (r < 0)
		require(err.text[0] && r != -ENOMEM);
	else
		look_at(plan, &kind->request);
	kx_plan_free(plan);
	return 0;
}
