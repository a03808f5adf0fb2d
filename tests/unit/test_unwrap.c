// SPDX-License-Identifier: GPL-2.0-or-later
/* Containers around kernels: compression, EFI zboot, one in another. */
#include "fixture_plan.h"

#include "sample_pe.h"
#include "sample_vmlinux.h"

static const struct {
	const char *name;
	struct sample (*pack)(const void *data, size_t size);
} codecs[] = {
	{ "gzip", sample_gzip }, { "xz", sample_xz },       { "lzma", sample_lzma },
	{ "zstd", sample_zstd }, { "bzip2", sample_bzip2 }, { "lz4", sample_lz4_frame },
};

static struct sample pack(size_t codec, struct sample s)
{
	struct sample packed = codecs[codec].pack(s.data, s.size);

	sample_free(&s);
	return packed;
}

/* The header of an EFI zboot image of some other architecture, then @payload. */
static struct sample sample_zboot(struct sample payload)
{
	struct sample s = sample_new(0x40);

	memcpy(s.data, "MZ\0\0zimg", 8);
	kx_put_le32(s.data + 8, 0x40);
	kx_put_le32(s.data + 12, (uint32_t)payload.size);
	memcpy(s.data + 0x18, "gzip", 5);
	kx_put_le32(s.data + 0x38, 0x818223cd);
	sample_append(&s, payload.data, payload.size);
	sample_free(&payload);
	return s;
}

static void expect_kernel(struct fixture *f, const char *containers)
{
	struct sample kernel = sample_bzimage();

	assert_made(f);
	assert_string_equal(kx_plan_format(f->plan), "bzImage64");
	assert_string_equal(kx_plan_containers(f->plan), containers);
	assert_memory_equal(segment(f, "kernel")->buf, kernel.data + SB_SETUP_SIZE,
			    kernel.size - SB_SETUP_SIZE);
	sample_free(&kernel);
}

static void every_codec_is_unwrapped(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		set_file(f, pack(i, sample_bzimage()));
		expect_kernel(f, "compressed");
	}
}

static void containers_nest_up_to_the_cap(void **state)
{
	struct sample s = sample_bzimage();
	struct fixture *f = *state;

	for (int i = 0; i < 4; i++)
		s = pack((size_t)i, s);
	set_file(f, s);
	expect_kernel(f, "compressed, compressed, compressed, compressed");
	s = sample_bzimage();
	for (int i = 0; i < 5; i++)
		s = pack((size_t)i, s);
	set_file(f, s);
	assert_refused(f, -EOPNOTSUPP, "more than 4 containers");
}

static void zboot_is_unwrapped(void **state)
{
	struct fixture *f = *state;

	set_file(f, sample_zboot(pack(0, sample_bzimage())));
	expect_kernel(f, "zboot, compressed");
}

/* The container is read on any machine, what is inside may be for another one. */
static void zboot_for_another_machine(void **state)
{
	struct fixture *f = *state;
	struct sample s = sample_new(4096);

	memcpy(s.data + 0x38, "ARM\x64", 4);
	set_file(f, sample_zboot(pack(0, s)));
	assert_refused(f, -EOPNOTSUPP, "file, unpacked from gzip: is a kernel for arm64 (Image)");
}

static void zboot_defects(void **state)
{
	struct fixture *f = *state;
	struct sample s = sample_zboot(pack(0, sample_bzimage()));

	kx_put_le32(s.data + 12, kx_le32(s.data + 12) + 1);
	set_file(f, s);
	assert_refused(f, -EBADMSG, "truncated EFI zboot image");
	kx_put_le32(s.data + 12, 0);
	assert_refused(f, -EBADMSG, "malformed EFI zboot image: payload of 0 bytes");
	kx_put_le32(s.data + 12, 16);
	kx_put_le32(s.data + 8, 0x3f);
	assert_refused(f, -EBADMSG, "payload of 16 bytes at 0x3f");
	s.data[0x38] = 0;
	assert_refused(f, -ENOEXEC, "zboot: \"zimg\", but no magic number");
	f->request.kernel = add_source(f, "file", s.data, 0x3f);
	assert_refused(f, -EBADMSG, "truncated EFI zboot image: 63 bytes");
}

static void uki_inside_gzip(void **state)
{
	struct sample uki = sample_pe(0x8664), kernel = sample_bzimage();
	struct fixture *f = *state;

	sample_pe_section(&uki, ".linux", kernel.data, kernel.size);
	sample_pe_text(&uki, ".cmdline", "from inside");
	sample_free(&kernel);
	set_file(f, pack(0, uki));
	expect_kernel(f, "compressed, uki");
	assert_string_equal(kx_plan_cmdline(f->plan), "from inside");
}

static void set_uki(struct fixture *f, const char *cmdline)
{
	struct sample uki = sample_pe(0x8664);
	struct sample kernel = sample_direct(sample_vmlinux(true), sample_gzip);

	kx_put_le32(kernel.data + SB_INIT_SIZE, 4 << 20);
	sample_seal(&kernel);
	sample_pe_section(&uki, ".linux", kernel.data, kernel.size);
	sample_pe_text(&uki, ".cmdline", cmdline);
	sample_free(&kernel);
	set_file(f, uki);
	assert_made(f);
}

/* The kernel inside is entered as one from a file is, by the command line inside. */
static void uki_is_entered_directly(void **state)
{
	struct fixture *f = *state;

	f->request.fast = KX_FAST_HINTS;
	set_uki(f, "quiet");
	assert_true(kx_plan_direct(f->plan));
	assert_true(kx_plan_kaslr(f->plan));
	assert_int_not_equal(kx_plan_entry(f->plan), SV_START + SV_ENTRY);
	assert_int_equal(kx_plan_hint_count(f->plan), 2);
	set_uki(f, "quiet nokaslr");
	assert_true(kx_plan_direct(f->plan));
	assert_false(kx_plan_kaslr(f->plan));
	assert_int_equal(kx_plan_entry(f->plan), SV_START + SV_ENTRY);
	set_uki(f, "memmap=exactmap");
	assert_false(kx_plan_direct(f->plan));
	assert_non_null(strstr(kx_plan_direct_why(f->plan), "memmap=exactmap"));
}

static void type_is_looked_for_inside(void **state)
{
	struct fixture *f = *state;

	set_file(f, pack(0, sample_bzimage()));
	f->request.type = "bzImage64";
	expect_kernel(f, "compressed");
	f->request.type = "compressed";
	expect_kernel(f, "compressed");
	f->request.type = "uki";
	assert_refused(f, -ENOEXEC, "uki: PE file without");
	f->request.type = "nonsense";
	assert_refused(f, -EOPNOTSUPP, "type nonsense is not supported");
	set_file(f, sample_bzimage());
	f->request.type = "compressed";
	assert_refused(f, -ENOEXEC, "no magic number of a compression format");
}

static void damaged_and_empty_data(void **state)
{
	struct fixture *f = *state;
	struct sample s = sample_gzip("", 0);

	set_file(f, s);
	assert_refused(f, -EBADMSG, "gzip data that unpack to nothing");
	s = pack(0, sample_bzimage());
	s.size /= 2;
	set_file(f, s);
	assert_refused(f, -EBADMSG, "file: damaged gzip data: it ends early");
	s = sample_new(8);
	memcpy(s.data, "\x89LZO", 4);
	set_file(f, s);
	assert_refused(f, -EBADMSG, "file: damaged lzo data: it ends early");
}

/* A stream of zero bytes is valid LZMA to some; a kernel that begins so is none of ours. */
static void zeros_are_not_compressed(void **state)
{
	struct fixture *f = *state;

	set_file(f, sample_new(4096));
	assert_refused(f, -ENOEXEC, "compressed: no magic number of a compression format");
}

static void what_follows_is_ignored_with_a_warning(void **state)
{
	struct fixture *f = *state;
	struct sample s = pack(0, sample_bzimage());
	static const uint8_t zeros[512];

	sample_append(&s, zeros, sizeof(zeros));
	set_file(f, s);
	expect_kernel(f, "compressed");
	assert_int_equal(kx_plan_warning_count(f->plan), 0);
	s = pack(0, sample_bzimage());
	sample_append(&s, "rubbish", 7);
	set_file(f, s);
	expect_kernel(f, "compressed");
	assert_true(warned(f, "7 bytes after the gzip data"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_codec_is_unwrapped),
		TEST(containers_nest_up_to_the_cap),
		TEST(zboot_is_unwrapped),
		TEST(zboot_for_another_machine),
		TEST(zboot_defects),
		TEST(uki_inside_gzip),
		TEST(uki_is_entered_directly),
		TEST(type_is_looked_for_inside),
		TEST(damaged_and_empty_data),
		TEST(zeros_are_not_compressed),
		TEST(what_follows_is_ignored_with_a_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
