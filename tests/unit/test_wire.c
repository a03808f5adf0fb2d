// SPDX-License-Identifier: GPL-2.0-or-later
/* A plan that went through a file: the same as one that did not, or refused for each thing that may be wrong with it. */
#include "fixture_plan.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/handoff.h"
#include "arch/x86/entry.h"
#include "sample_pe.h"
#include "sample_vmlinux.h"
#include "wire.h"

static int new_file(void)
{
	int fd = memfd_create("plan", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* The plan as another process would hand it over; f->plan is used up by that. */
static int through_file(struct fixture *f, struct kx_plan **ret)
{
	int fd = new_file(), r = kx_wire_write(f->plan, fd, &f->err);

	if (r < 0)
		fail_msg("%d: %s", r, f->err.text);
	r = kx_wire_read(&f->machine.m, &f->request, fd, ret, &f->err);
	close(fd);
	return r;
}

static void assert_same_text(const char *a, const char *b)
{
	if (!a || !b)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void assert_same_segment(const struct kx_segment *a, const struct kx_segment *b)
{
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->why, b->why);
	assert_int_equal(a->dest, b->dest);
	assert_int_equal(a->bufsz, b->bufsz);
	assert_int_equal(a->memsz, b->memsz);
	assert_int_equal(a->reserved, b->reserved);
	assert_false(b->unchecked);
	if (a->buf && a->bufsz)
		assert_memory_equal(a->buf, b->buf, a->bufsz);
	else
		assert_true(!b->buf || !*(const char *)b->buf);
}

static void assert_same_lists(const struct kx_plan *a, const struct kx_plan *b)
{
	assert_int_equal(kx_plan_mem_count(a), kx_plan_mem_count(b));
	for (size_t i = 0; i < kx_plan_mem_count(a); i++) {
		assert_int_equal(kx_plan_mem(a, i)->start, kx_plan_mem(b, i)->start);
		assert_int_equal(kx_plan_mem(a, i)->end, kx_plan_mem(b, i)->end);
		assert_int_equal(kx_plan_mem(a, i)->type, kx_plan_mem(b, i)->type);
	}
	assert_int_equal(kx_plan_warning_count(a), kx_plan_warning_count(b));
	for (size_t i = 0; i < kx_plan_warning_count(a); i++)
		assert_string_equal(kx_plan_warning(a, i), kx_plan_warning(b, i));
	assert_int_equal(kx_plan_hint_count(a), kx_plan_hint_count(b));
	for (size_t i = 0; i < kx_plan_hint_count(a); i++)
		assert_ptr_equal(kx_plan_hint(a, i), kx_plan_hint(b, i));
	assert_int_equal(kx_plan_archive_count(a), kx_plan_archive_count(b));
	for (size_t i = 0; i < kx_plan_archive_count(a); i++) {
		assert_ptr_equal(kx_plan_archive(a, i)->source, kx_plan_archive(b, i)->source);
		assert_string_equal(kx_plan_archive(a, i)->format, kx_plan_archive(b, i)->format);
		assert_int_equal(kx_plan_archive(a, i)->unpacked_size,
				 kx_plan_archive(b, i)->unpacked_size);
		assert_int_equal(kx_plan_archive(a, i)->left, kx_plan_archive(b, i)->left);
	}
}

static void assert_same(const struct kx_plan *a, const struct kx_plan *b)
{
	assert_ptr_equal(a->format, b->format);
	assert_string_equal(a->containers, b->containers);
	assert_string_equal(a->cmdline, b->cmdline);
	assert_int_equal(a->method, b->method);
	assert_string_equal(a->method_why, b->method_why);
	assert_same_text(a->forbidden, b->forbidden);
	assert_int_equal(a->placed, b->placed);
	assert_int_equal(a->entry, b->entry);
	assert_same_text(a->entry_mode, b->entry_mode);
	assert_int_equal(a->start, b->start);
	assert_int_equal(a->direct, b->direct);
	assert_int_equal(a->random, b->random);
	assert_string_equal(a->direct_why, b->direct_why);
	assert_int_equal(a->times, b->times);
	assert_int_equal(a->seed_size, b->seed_size);
	assert_int_equal(!a->seed, !b->seed);
	assert_true(a->seal == b->seal);
	assert_int_equal(a->segment_count, b->segment_count);
	for (size_t i = 0; i < a->segment_count; i++)
		assert_same_segment(&a->segments[i], &b->segments[i]);
	assert_same_lists(a, b);
}

/* The request's plan, made here and made elsewhere. */
static void expect_same(struct fixture *f)
{
	struct kx_plan *here, *read = NULL;

	assert_made(f);
	here = f->plan;
	f->plan = NULL;
	assert_made(f);
	if (through_file(f, &read) < 0)
		fail_msg("%s", f->err.text);
	assert_same(here, read);
	kx_plan_free(here);
	kx_plan_free(read);
}

static void set_initrd(struct fixture *f, const struct sample *data)
{
	static const struct kx_source *list[1];

	list[0] = add_source(f, "initrd", data->data, data->size);
	f->request.initrds = list;
	f->request.initrd_count = 1;
}

static struct fixture *usual(void **state)
{
	struct fixture *f = *state;

	set_file(f, sample_bzimage());
	f->request.cmdline = "quiet";
	return f;
}

static void a_kernel_and_its_initrd(void **state)
{
	struct fixture *f = usual(state);
	struct sample text = sample_text(300000);

	set_initrd(f, &text);
	expect_same(f);
	f->request.fast = KX_FAST_HINTS;
	expect_same(f);
	sample_free(&text);
}

static void a_kernel_that_is_entered_itself(void **state)
{
	struct fixture *f = *state;
	struct sample s = sample_direct(sample_vmlinux(true), sample_gzip);

	kx_put_le32(s.data + SB_INIT_SIZE, 4 << 20);
	sample_seal(&s);
	set_file(f, s);
	expect_same(f);
}

static void an_initrd_that_is_unpacked(void **state)
{
	struct fixture *f = usual(state);
	struct sample archive = sample_archive(3 << 20);
	struct sample packed = sample_gzip(archive.data, archive.size);

	set_initrd(f, &packed);
	expect_same(f);
	assert_made(f);
	assert_int_equal(kx_plan_archive_count(f->plan), 1);
	sample_free(&archive);
	sample_free(&packed);
}

static void what_the_kernel_loads_by_itself(void **state)
{
	struct fixture *f = usual(state);
	struct sample text = sample_text(30000), kernel, packed;
	struct kx_plan *read = NULL;

	set_initrd(f, &text);
	f->request.method = KX_METHOD_FILE_LOAD;
	expect_same(f);
	kernel = sample_bzimage();
	packed = sample_gzip(kernel.data, kernel.size);
	set_file(f, packed);
	expect_same(f);
	assert_made(f);
	assert_int_equal(through_file(f, &read), 0);
	/* The initrd is the request's, the kernel what was in the container. */
	assert_ptr_equal(read->request.initrds[0], f->request.initrds[0]);
	assert_int_equal(kx_source_size(read->request.kernel), kernel.size);
	assert_memory_equal(kx_source_data(read->request.kernel), kernel.data, kernel.size);
	kx_plan_free(read);
	sample_free(&kernel);
	sample_free(&text);
}

static void where_memory_is_hidden(void **state)
{
	struct fixture *f = usual(state);

	f->machine.m.iomem.hidden = true;
	f->request.method = KX_METHOD_LOAD;
	expect_same(f);
}

static void what_is_only_explained(void **state)
{
	struct fixture *f = usual(state);

	f->machine.m.lockdown = KX_LOCKDOWN_INTEGRITY;
	f->request.method = KX_METHOD_LOAD;
	f->request.flags |= KX_REQUEST_EXPLAIN;
	expect_same(f);
}

static void a_crash_kernel_is_not_handed_on(void **state)
{
	struct fixture *f = usual(state);
	int fd = new_file();

	assert_made(f);
	f->plan->request.flags |= KX_REQUEST_PANIC;
	assert_int_equal(kx_wire_write(f->plan, fd, &f->err), -EOPNOTSUPP);
	close(fd);
}

/* ---- wrong ----------------------------------------------------------------------------------- */

static struct kx_x86_entry *entry_of(struct kx_plan *plan)
{
	return (struct kx_x86_entry *)(void *)plan->enter;
}

static void unaligned(struct kx_plan *p)
{
	p->segments[0].dest++;
}

static void on_another(struct kx_plan *p)
{
	p->segments[1].dest = p->segments[0].dest;
}

static void on_the_end_of_another(struct kx_plan *p)
{
	p->segments[1].dest = p->segments[0].dest + p->segments[0].reserved - 4096;
}

static void on_reserved_memory(struct kx_plan *p)
{
	p->segments[0].dest = 0xf0000;
}

static void on_page_zero(struct kx_plan *p)
{
	p->segments[0].dest = 0;
}

static void on_acpi_tables(struct kx_plan *p)
{
	p->segments[0].dest = GIB - 2 * MIB - 4096;
}

static void beyond_memory(struct kx_plan *p)
{
	p->segments[0].dest = 64 * GIB;
}

static void around_the_end(struct kx_plan *p)
{
	p->segments[0].dest = UINT64_MAX - 4095;
	p->segments[0].reserved = 1 << 20;
}

static void nowhere(struct kx_plan *p)
{
	p->segments[0].dest = KX_DEST_UNKNOWN;
}

static void part_of_a_page(struct kx_plan *p)
{
	p->segments[0].memsz += 1;
}

static void less_room_than_bytes(struct kx_plan *p)
{
	static const uint8_t large[1 << 20];

	p->segments[0].buf = large;
	p->segments[0].bufsz = p->segments[0].memsz + 1;
}

static void less_reserved_than_room(struct kx_plan *p)
{
	p->segments[0].reserved = p->segments[0].memsz - 4096;
}

static void no_pages(struct kx_plan *p)
{
	p->segments[0].bufsz = p->segments[0].memsz = 0;
}

static void more_than_there_is(struct kx_plan *p)
{
	p->segments[0].reserved = p->segments[0].memsz = 2 * GIB;
}

static void no_name(struct kx_plan *p)
{
	p->segments[0].name = NULL;
}

static void empty_name(struct kx_plan *p)
{
	p->segments[0].name = "";
}

static void long_name(struct kx_plan *p)
{
	p->segments[0].name = "this is no name but a sentence of words";
}

static void no_reason(struct kx_plan *p)
{
	free(p->segments[0].why);
	p->segments[0].why = NULL;
}

static void no_such_method(struct kx_plan *p)
{
	p->method = (enum kx_method)7;
}

static void no_method(struct kx_plan *p)
{
	p->method = KX_METHOD_AUTO;
}

static void other_method(struct kx_plan *p)
{
	p->method = KX_METHOD_FILE_LOAD;
}

static void forbidden(struct kx_plan *p)
{
	p->forbidden = strdup("not here");
}

static void other_machine(struct kx_plan *p)
{
	p->placed = false;
}

static void escape_in_cmdline(struct kx_plan *p)
{
	p->cmdline[0] = '\033';
}

static void too_large_a_seed(struct kx_plan *p)
{
	p->seed_size = 1 << 20;
}

static void no_seed(struct kx_plan *p)
{
	p->seed_size = 0;
}

static void seed_past_the_end(struct kx_plan *p)
{
	const struct kx_segment *segment = &p->segments[1];

	p->seed = (uint8_t *)(uintptr_t)segment->buf + segment->bufsz - 1;
}

static void length_past_the_end(struct kx_plan *p)
{
	const struct kx_segment *segment = &p->segments[1];

	p->seed_length = (uint8_t *)(uintptr_t)segment->buf + segment->bufsz - 3;
}

static void times_nowhere(struct kx_plan *p)
{
	p->times = 0x1000;
}

static void times_past_the_end(struct kx_plan *p)
{
	p->times = p->segments[1].dest + p->segments[1].bufsz - 8;
}

static void times_in_a_file(struct kx_plan *p)
{
	p->times = p->segments[0].dest;
}

static void entry_nowhere(struct kx_plan *p)
{
	entry_of(p)->ip = 0x7c00;
}

static void entry_behind(struct kx_plan *p)
{
	entry_of(p)->ip = p->segments[0].dest + p->segments[0].memsz;
}

static void unknown_mode(struct kx_plan *p)
{
	entry_of(p)->mode = 3;
}

static void out_of_real_modes_reach(struct kx_plan *p)
{
	entry_of(p)->mode = KX_MODE_16;
}

static void tags_nowhere(struct kx_plan *p)
{
	entry_of(p)->rsdp_tags = p->segments[0].dest + p->segments[0].memsz - 8;
}

static void bios_data_high(struct kx_plan *p)
{
	entry_of(p)->ebda = p->segments[0].dest;
}

static const struct {
	const char *name;
	void (*break_it)(struct kx_plan *plan);
	const char *word;
} breaks[] = {
	{ "unaligned", unaligned, "no page's address" },
	{ "on another", on_another, "not in free memory" },
	{ "on the end of another", on_the_end_of_another, "not in free memory" },
	{ "on reserved memory", on_reserved_memory, "not in free memory" },
	{ "on page zero", on_page_zero, "not in free memory" },
	{ "on ACPI tables", on_acpi_tables, "not in free memory" },
	{ "beyond memory", beyond_memory, "not in free memory" },
	{ "around the end", around_the_end, "no page's address" },
	{ "nowhere", nowhere, "no page's address" },
	{ "part of a page", part_of_a_page, "number of pages" },
	{ "less room than bytes", less_room_than_bytes, "more bytes than" },
	{ "less reserved than room", less_reserved_than_room, "more bytes than" },
	{ "no pages", no_pages, "number of pages" },
	{ "more than there is", more_than_there_is, "not in free memory" },
	{ "no name", no_name, "without a name" },
	{ "empty name", empty_name, "without a name" },
	{ "long name", long_name, "without a name" },
	{ "no reason", no_reason, "without a name" },
	{ "no such call", no_such_method, "unknown system call" },
	{ "no call", no_method, "unknown system call" },
	{ "another call", other_method, "another system call" },
	{ "forbidden", forbidden, "not to be loaded" },
	{ "placed elsewhere", other_machine, "memory is known" },
	{ "escape in the command line", escape_in_cmdline, "control characters" },
	{ "too large a seed", too_large_a_seed, "random bytes" },
	{ "no seed", no_seed, "random bytes" },
	{ "seed past the end", seed_past_the_end, "random bytes" },
	{ "length past the end", length_past_the_end, "random bytes" },
	{ "times nowhere", times_nowhere, "times for nowhere" },
	{ "times past the end", times_past_the_end, "times for nowhere" },
	{ "times in a file", times_in_a_file, "times for nowhere" },
	{ "entry nowhere", entry_nowhere, "outside of what is loaded" },
	{ "entry behind", entry_behind, "outside of what is loaded" },
	{ "unknown mode", unknown_mode, "unknown mode" },
	{ "out of real mode's reach", out_of_real_modes_reach, "cannot reach" },
	{ "tags nowhere", tags_nowhere, "outside of what is loaded" },
	{ "BIOS data high", bios_data_high, "outside of what is loaded" },
};

static void each_wrong_field_is_seen(void **state)
{
	struct fixture *f = usual(state);
	struct kx_plan *none = NULL;

	f->request.method = KX_METHOD_LOAD;
	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		int r;

		assert_made(f);
		breaks[i].break_it(f->plan);
		r = through_file(f, &none);
		if (r != -EBADMSG || !strstr(f->err.text, breaks[i].word))
			fail_msg("%s: %d, %s", breaks[i].name, r, f->err.text);
		assert_null(none);
	}
}

static void bounds_are_the_requests(void **state)
{
	struct fixture *f = usual(state);
	struct kx_plan *none = NULL;

	assert_made(f);
	f->request.mem_min = 512 * MIB;
	assert_int_equal(through_file(f, &none), -EBADMSG);
	assert_says(f->err.text, "--mem-min");
	f->request.mem_min = 0;
	assert_made(f);
	f->request.mem_max = MIB;
	assert_int_equal(through_file(f, &none), -EBADMSG);
	assert_says(f->err.text, "--mem-max");
}

static void what_a_terminal_would_obey_is_gone(void **state)
{
	struct fixture *f = usual(state);
	struct kx_plan *read = NULL;

	assert_made(f);
	kx_plan_warn(f->plan, "a\033[2Jb\xc2\x9b"
			      "c\xc3\xa4\n");
	strcpy(f->plan->containers, "u\033ki");
	assert_int_equal(through_file(f, &read), 0);
	assert_string_equal(kx_plan_warning(read, kx_plan_warning_count(read) - 1), "a?[2Jb?\x9b"
										    "c\xc3\xa4?");
	assert_string_equal(kx_plan_containers(read), "u?ki");
	kx_plan_free(read);
}

static size_t written(struct fixture *f, uint8_t *head, size_t room)
{
	int fd = new_file();
	ssize_t size;

	assert_made(f);
	assert_int_equal(kx_wire_write(f->plan, fd, &f->err), 0);
	size = pread(fd, head, room, 0);
	assert_true(size > 0);
	close(fd);
	return (size_t)size;
}

static int read_back(struct fixture *f, const uint8_t *bytes, size_t size)
{
	struct kx_plan *read = NULL;
	int fd = new_file(), r;

	assert_int_equal(pwrite(fd, bytes, size, 0), (ssize_t)size);
	r = kx_wire_read(&f->machine.m, &f->request, fd, &read, &f->err);
	kx_plan_free(read);
	close(fd);
	return r;
}

static void a_cut_plan_is_no_plan(void **state)
{
	static uint8_t bytes[2 << 20];
	struct fixture *f = usual(state);
	size_t size = written(f, bytes, sizeof(bytes));

	assert_int_equal(read_back(f, bytes, size), 0);
	assert_int_equal(read_back(f, bytes, 0), -EBADMSG);
	for (size_t cut = 1; cut < 4000; cut += 7)
		assert_int_equal(read_back(f, bytes, cut), -EBADMSG);
	assert_int_equal(read_back(f, bytes, KX_WIRE_DATA_AT), -EBADMSG);
	assert_int_equal(read_back(f, bytes, size - 4096), -EBADMSG);
}

static size_t count_in(int fd, const char *word)
{
	off_t size = lseek(fd, 0, SEEK_END);
	const char *at = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0), *next = at;
	size_t count = 0;

	assert_true(at != MAP_FAILED);
	while ((next = memmem(next, (size_t)(at + size - next), word, strlen(word)))) {
		next++;
		count++;
	}
	munmap((void *)at, (size_t)size);
	return count;
}

/* Keys are in the file as long as the plan is needed, whatever comes of that. */
static void what_is_carried_is_overwritten(void **state)
{
	static const enum kx_method methods[] = { KX_METHOD_LOAD, KX_METHOD_FILE_LOAD };
	static const char key[] = "PRIVATE KEY OF THIS MACHINE";
	struct fixture *f = usual(state);
	struct kx_add add = { add_source(f, "key", key, sizeof(key)), "/etc/ssh/key", 0600 };

	f->request.adds = &add;
	f->request.add_count = 1;
	for (size_t i = 0; i < 2; i++) {
		struct kx_plan *read = NULL;
		uint64_t zero = 0;
		int fd = new_file();

		f->request.method = methods[i];
		assert_made(f);
		assert_int_equal(kx_wire_write(f->plan, fd, &f->err), 0);
		assert_int_equal(count_in(fd, key), 1);
		assert_int_equal(kx_wire_read(&f->machine.m, &f->request, fd, &read, &f->err), 0);
		assert_int_equal(count_in(fd, key), 1);
		kx_plan_free(read);
		assert_int_equal(count_in(fd, key), 0);
		/* The head is still there: a plan that is no good any more is freed, too. */
		assert_int_equal(pwrite(fd, &zero, 8, 0), 8);
		assert_int_equal(kx_wire_read(&f->machine.m, &f->request, fd, &read, &f->err),
				 -EBADMSG);
		close(fd);
	}
}

/* Whatever a word of the head is: an answer, and where there is a plan, one whose segments the reader has checked. */
static void no_word_is_trusted(void **state)
{
	static const uint64_t values[] = {
		0, 1, 17, 4096, UINT32_MAX, UINT64_MAX, UINT64_MAX - 4095
	};
	static uint8_t bytes[2 << 20];
	struct fixture *f = usual(state);
	size_t size = written(f, bytes, sizeof(bytes)), refused = 0;

	for (size_t at = 0; at < 3000; at += 8)
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			uint64_t was;

			memcpy(&was, bytes + at, 8);
			memcpy(bytes + at, &values[i], 8);
			refused += read_back(f, bytes, size) < 0;
			memcpy(bytes + at, &was, 8);
		}
	assert_true(refused > 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_kernel_and_its_initrd),         TEST(a_kernel_that_is_entered_itself),
		TEST(an_initrd_that_is_unpacked),      TEST(what_the_kernel_loads_by_itself),
		TEST(where_memory_is_hidden),          TEST(what_is_only_explained),
		TEST(a_crash_kernel_is_not_handed_on), TEST(each_wrong_field_is_seen),
		TEST(bounds_are_the_requests),         TEST(what_a_terminal_would_obey_is_gone),
		TEST(a_cut_plan_is_no_plan),           TEST(no_word_is_trusted),
		TEST(what_is_carried_is_overwritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
