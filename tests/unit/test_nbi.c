// SPDX-License-Identifier: GPL-2.0-or-later
/* NBI images: records, addresses, and both ways in. */
#include "fixture_plan.h"

#include "abi/handoff.h"
#include "format/nbi.h"
#include "sample_nbi.h"

static const struct kx_handoff *handoff(const struct fixture *f)
{
	return f->plan->handoff;
}

static void expect(const struct sample *s, int code, const char *word)
{
	struct kx_error err = { 0 };
	struct kx_nbi nbi;
	int r = kx_nbi_parse(kx_view_of(s->data, s->size), &nbi, &err);

	if (r != code)
		fail_msg("%d, not %d: %s", r, code, err.text);
	assert_says(err.text, word);
}

static void real_mode_entry(void **state)
{
	struct fixture *f = *state;
	const struct kx_segment *stack;
	const uint8_t *top;

	set_file(f, sample_nbi());
	assert_made(f);
	assert_string_equal(kx_plan_format(f->plan), "nbi-x86");
	assert_int_equal(handoff(f)->mode, KX_MODE_16);
	assert_int_equal(handoff(f)->cs, 0x2000);
	assert_int_equal(handoff(f)->entry, 0x20000);
	stack = segment(f, "stack");
	assert_int_equal(handoff(f)->ss, stack->dest >> 4);
	top = (const uint8_t *)stack->buf + handoff(f)->regs.sp;
	assert_int_equal(kx_le32(top), 0xf000fff0);
	assert_int_equal(kx_le16(top + 4), 0);
	assert_int_equal(kx_le16(top + 6), 0x1000);
	/* The header, and both records in their places. */
	assert_int_equal(kx_plan_segment(f->plan, 0)->dest, 0x10000);
	assert_memory_equal(kx_plan_segment(f->plan, 0)->buf, f->file.data, 512);
	assert_int_equal(kx_plan_segment(f->plan, 1)->dest, 0x20000);
	assert_memory_equal(kx_plan_segment(f->plan, 1)->buf, "FIRST", 5);
	assert_int_equal(kx_plan_segment(f->plan, 2)->dest, 0x100000);
	assert_int_equal(kx_plan_segment(f->plan, 2)->memsz, 0x2000);
	f->machine.m.efi.present = true;
	assert_refused(f, -EOPNOTSUPP, "there is no BIOS");
	f->request.flags = KX_REQUEST_FORCE_REAL_MODE;
	assert_made(f);
}

static void linear_entry(void **state)
{
	struct fixture *f = *state;
	const struct kx_segment *stack;

	set_file(f, sample_nbi());
	kx_put_le32(f->file.data + 4, 0x80000004);
	kx_put_le32(f->file.data + 12, 0x100010);
	f->machine.m.efi.present = true;
	assert_made(f);
	assert_int_equal(handoff(f)->mode, KX_MODE_32);
	assert_int_equal(handoff(f)->entry, 0x100010);
	stack = segment(f, "stack");
	assert_int_equal(handoff(f)->regs.sp, stack->dest + 4096 - 16);
	assert_int_equal(kx_le32((const uint8_t *)stack->buf + 4096 - 8), 0x10000);
}

static void addresses_are_relative(void **state)
{
	static const struct {
		uint32_t base, address;
		uint64_t expected;
	} samples[] = {
		{ 1, 0x1000, 0x20000 + 4096 + 0x1000 },
		{ 2, 0x10000, GIB - 2 * MIB - 0x10000 },
		{ 3, 0x8000, 0x20000 - 0x8000 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		bool found = false;

		set_file(f, sample_nbi());
		kx_put_le32(f->file.data + 32, samples[i].base << 24 | 1 << 26 | 4);
		kx_put_le32(f->file.data + 36, samples[i].address);
		assert_made(f);
		for (size_t j = 0; j < kx_plan_segment_count(f->plan); j++)
			found |= kx_plan_segment(f->plan, j)->dest == samples[i].expected;
		assert_true(found);
	}
}

static void vendor_words_are_skipped(void **state)
{
	struct kx_error err = { 0 };
	struct sample s = sample_nbi();
	struct kx_nbi nbi;

	memmove(s.data + 24, s.data + 16, 32);
	kx_put_le32(s.data + 4, 0x24);
	assert_int_equal(kx_nbi_parse(kx_view_of(s.data, s.size), &nbi, &err), 0);
	assert_int_equal(nbi.record_count, 2);
	assert_int_equal(nbi.records[1].address, 0x100000);
	sample_free(&s);
}

static void defects(void **state)
{
	struct sample s = sample_nbi(), cut;

	cut = s;
	cut.size = 511;
	expect(&cut, -EBADMSG, "511 bytes, its header has 512");
	cut.size = 3;
	expect(&cut, -ENOEXEC, "no magic number");
	cut.size = s.size - 1;
	expect(&cut, -EBADMSG, "truncated NBI image");
	kx_put_le32(s.data + 4, 3);
	expect(&s, -EBADMSG, "the header's flags is 0x3");
	kx_put_le32(s.data + 4, 4);
	kx_put_le32(s.data + 16, 0x3);
	expect(&s, -EBADMSG, "a record's flags is 0x3");
	kx_put_le32(s.data + 16, 0x08000004);
	expect(&s, -EBADMSG, "a record's flags");
	kx_put_le32(s.data + 16, 4);
	kx_put_le32(s.data + 28, 4);
	expect(&s, -EBADMSG, "a record's memory length is 0x4");
	kx_put_le32(s.data + 28, 4096);
	/* No end mark: on through zero bytes to the end of the header. */
	for (size_t at = 16; at < 512; at += 16)
		kx_put_le32(s.data + at, 4);
	kx_put_le32(s.data + 48 + 8, 0);
	expect(&s, -EBADMSG, "the end of its records, of 512 bytes, is 0x210");
	sample_free(&s);
}

static void what_cannot_be_is_refused(void **state)
{
	struct fixture *f = *state;

	set_file(f, sample_nbi());
	f->request.cmdline = "x";
	assert_refused(f, -EOPNOTSUPP, "neither an initrd nor a command line");
	f->request.cmdline = NULL;
	kx_put_le32(f->file.data + 36, 0x20fff);
	assert_refused(f, -EBADMSG, "two records share is 0x20fff");
	kx_put_le32(f->file.data + 36, 0xfffffff0);
	assert_refused(f, -EBADMSG, "a record's address is 0xfffffff0");
	kx_put_le32(f->file.data + 36, 0x100000);
	kx_put_le32(f->file.data + 8, 0);
	assert_refused(f, -ENOSPC, "no room for kernel");
	f->request.method = KX_METHOD_FILE_LOAD;
	assert_refused(f, -EPERM, "takes no NBI image");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(real_mode_entry),        TEST(linear_entry),
		TEST(addresses_are_relative), cmocka_unit_test(vendor_words_are_skipped),
		cmocka_unit_test(defects),    TEST(what_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
