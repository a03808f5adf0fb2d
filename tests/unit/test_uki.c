// SPDX-License-Identifier: GPL-2.0-or-later
/* PE files, unified kernel images, and what a plan makes of them. */
#include "fixture_plan.h"

#include "base/overflow.h"
#include "cpio.h"
#include "format/pe.h"
#include "format/uki.h"
#include "sample_pe.h"

/* ---- PE -------------------------------------------------------------------------------------- */

static void expect_pe(const struct sample *s, int code, const char *word)
{
	struct kx_error err = { 0 };
	struct kx_pe pe;

	assert_int_equal(kx_pe_parse(kx_view_of(s->data, s->size), &pe, &err), code);
	assert_says(err.text, word);
}

static void pe_sections_are_found(void **state)
{
	struct sample s = sample_pe(KX_PE_X86_64);
	struct kx_error err = { 0 };
	struct kx_pe pe;

	sample_pe_text(&s, ".eightch", "eight letters");
	sample_pe_section(&s, ".empty", "", 0);
	assert_int_equal(kx_pe_parse(kx_view_of(s.data, s.size), &pe, &err), 0);
	assert_int_equal(pe.machine, KX_PE_X86_64);
	assert_int_equal(pe.section_count, 2);
	assert_string_equal(pe.sections[0].name, ".eightch");
	assert_int_equal(pe.sections[0].content.size, strlen("eight letters"));
	assert_memory_equal(pe.sections[0].content.data, "eight letters", 13);
	assert_int_equal(pe.sections[1].content.size, 0);
	assert_int_equal(pe.certificates.size, 0);
	/* Without a size in memory, and with a larger one, that in the file counts. */
	kx_put_le32(s.data + sample_pe_header_at(0) + 8, 0);
	assert_int_equal(kx_pe_parse(kx_view_of(s.data, s.size), &pe, &err), 0);
	assert_int_equal(pe.sections[0].content.size, SP_BLOCK);
	kx_put_le32(s.data + sample_pe_header_at(0) + 8, 0x100000);
	assert_int_equal(kx_pe_parse(kx_view_of(s.data, s.size), &pe, &err), 0);
	assert_int_equal(pe.sections[0].content.size, SP_BLOCK);
	sample_free(&s);
}

static void pe_certificates_are_found(void **state)
{
	struct sample s = sample_pe(KX_PE_X86_64);
	struct kx_error err = { 0 };
	struct kx_pe pe;

	sample_pe_sign(&s, 100);
	assert_int_equal(kx_pe_parse(kx_view_of(s.data, s.size), &pe, &err), 0);
	assert_int_equal(pe.certificates.size, 100);
	kx_put_le32(s.data + SP_CERTIFICATES + 4, 101);
	expect_pe(&s, -EBADMSG, "the signature reaches past its end");
	/* Four directories are one too few. */
	kx_put_le32(s.data + SP_DIRECTORIES, 4);
	assert_int_equal(kx_pe_parse(kx_view_of(s.data, s.size), &pe, &err), 0);
	assert_int_equal(pe.certificates.size, 0);
	sample_free(&s);
	/* In PE32 the table begins 16 bytes earlier. */
	s = sample_pe(KX_PE_I386);
	kx_put_le16(s.data + SP_OPTIONAL, 0x10b);
	kx_put_le32(s.data + SP_OPTIONAL + 92, 6);
	kx_put_le32(s.data + SP_OPTIONAL + 96 + 32, 0x10);
	kx_put_le32(s.data + SP_OPTIONAL + 96 + 36, 7);
	assert_int_equal(kx_pe_parse(kx_view_of(s.data, s.size), &pe, &err), 0);
	assert_int_equal(pe.certificates.size, 7);
	/* No known magic number: no table. */
	kx_put_le16(s.data + SP_OPTIONAL, 0x107);
	assert_int_equal(kx_pe_parse(kx_view_of(s.data, s.size), &pe, &err), 0);
	assert_int_equal(pe.certificates.size, 0);
	sample_free(&s);
}

static void pe_defects(void **state)
{
	struct sample s = sample_pe(KX_PE_X86_64), cut;

	sample_pe_text(&s, "\1bad\377", "x");
	kx_put_le32(s.data + sample_pe_header_at(0) + 20, (uint32_t)s.size);
	expect_pe(&s, -EBADMSG, "section ?bad? reaches past");
	kx_put_le16(s.data + SP_SECTION_COUNT, 97);
	expect_pe(&s, -EOPNOTSUPP, "97 sections, at most 96");
	kx_put_le16(s.data + SP_SECTION_COUNT, 96);
	kx_put_le16(s.data + SP_OPTIONAL_SIZE, 0xffff);
	expect_pe(&s, -EBADMSG, "the section table");
	cut = s;
	cut.size = SP_PE + 21;
	expect_pe(&cut, -EBADMSG, "the file header");
	cut.size = SP_PE + 3;
	expect_pe(&cut, -ENOEXEC, "no \"PE\" signature");
	cut.size = 0x3f;
	expect_pe(&cut, -ENOEXEC, "no \"PE\" signature");
	cut.size = 1;
	expect_pe(&cut, -ENOEXEC, "no \"MZ\"");
	sample_free(&s);
	/* Directories counted, but not there. */
	s = sample_pe(KX_PE_X86_64);
	s.size = SP_OPTIONAL + 116;
	kx_put_le16(s.data + SP_OPTIONAL_SIZE, 116);
	expect_pe(&s, -EBADMSG, "the table of directories");
	sample_free(&s);
}

/* ---- profiles -------------------------------------------------------------------------------- */

static struct sample with_profiles(void)
{
	struct sample s = sample_pe(KX_PE_X86_64);

	sample_pe_text(&s, ".text", "stub");
	sample_pe_text(&s, ".linux", "kernel");
	sample_pe_text(&s, ".cmdline", "base");
	sample_pe_text(&s, ".profile", "ID=zero");
	sample_pe_text(&s, ".profile", "ID=one");
	sample_pe_text(&s, ".cmdline", "first");
	sample_pe_text(&s, ".profile", "ID=two");
	sample_pe_section(&s, ".cmdline", "", 0);
	return s;
}

static void expect_part(const struct kx_uki *uki, enum kx_uki_part part, const char *text)
{
	assert_true(uki->has[part]);
	assert_int_equal(uki->parts[part].size, strlen(text));
	assert_true(kx_view_equals(uki->parts[part], 0, text, strlen(text)));
}

static void profiles_override_the_base(void **state)
{
	static const char *const expected[][2] = { { "ID=zero", "base" },
						   { "ID=one", "first" },
						   { "ID=two", "" } };
	struct sample s = with_profiles();
	struct kx_error err = { 0 };
	struct kx_uki uki;

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(kx_uki_parse(kx_view_of(s.data, s.size), i, &uki, &err), 0);
		assert_int_equal(uki.profile_count, 3);
		expect_part(&uki, KX_UKI_LINUX, "kernel");
		expect_part(&uki, KX_UKI_PROFILE, expected[i][0]);
		expect_part(&uki, KX_UKI_CMDLINE, expected[i][1]);
	}
	assert_int_equal(kx_uki_parse(kx_view_of(s.data, s.size), 3, &uki, &err), -EOPNOTSUPP);
	assert_says(err.text, "no profile @3, it has 3");
	/* Twice in any profile, not only in the one that is asked for. */
	sample_pe_text(&s, ".cmdline", "again");
	assert_int_equal(kx_uki_parse(kx_view_of(s.data, s.size), 0, &uki, &err), -EBADMSG);
	assert_says(err.text, ".cmdline is there twice");
	sample_free(&s);
}

static void profile_is_taken_off_the_command_line(void **state)
{
	static const struct {
		const char *cmdline, *rest;
		unsigned profile;
	} samples[] = {
		{ "", "", 0 },
		{ "quiet", "quiet", 0 },
		{ "@1", "", 1 },
		{ "@12 quiet", "quiet", 12 },
		{ "@2  two", " two", 2 },
		{ "@", "@", 0 },
		{ "@x", "@x", 0 },
		{ "@1x", "@1x", 0 },
		{ "@ 1", "@ 1", 0 },
		{ " @1", " @1", 0 },
		{ "@-1", "@-1", 0 },
		{ "@4294967296 a", "a", 10000 },
	};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		unsigned profile = 99;

		assert_string_equal(kx_uki_profile(samples[i].cmdline, &profile), samples[i].rest);
		assert_int_equal(profile, samples[i].profile);
	}
}

/* ---- cpio ------------------------------------------------------------------------------------ */

static void archive_is_newc(void **state)
{
	static const struct kx_cpio_file files[] = {
		{ "d", 040555, { NULL, 0 } },
		{ "d/file", 0100444, { (const uint8_t *)"hello", 5 } },
	};
	static const char expected[] = "070701"
				       "00000001"
				       "0000416d"
				       "00000000"
				       "00000000"
				       "00000001"
				       "00000000"
				       "00000000"
				       "00000000"
				       "00000000"
				       "00000000"
				       "00000000"
				       "00000002"
				       "00000000"
				       "d\0"
				       "070701"
				       "00000002"
				       "00008124"
				       "00000000"
				       "00000000"
				       "00000001"
				       "00000000"
				       "00000005"
				       "00000000"
				       "00000000"
				       "00000000"
				       "00000000"
				       "00000007"
				       "00000000"
				       "d/file\0\0\0\0"
				       "hello\0\0\0"
				       "070701"
				       "00000000"
				       "00000000"
				       "00000000"
				       "00000000"
				       "00000001"
				       "00000000"
				       "00000000"
				       "00000000"
				       "00000000"
				       "00000000"
				       "00000000"
				       "0000000b"
				       "00000000"
				       "TRAILER!!!\0\0\0\0";
	struct kx_error err = { 0 };
	uint8_t *archive;
	size_t size;

	assert_int_equal(kx_cpio_pack(files, 2, &archive, &size, &err), 0);
	assert_int_equal(size, sizeof(expected) - 1);
	assert_memory_equal(archive, expected, size);
	free(archive);
}

static void archive_refuses_what_its_fields_cannot_hold(void **state)
{
	const struct kx_cpio_file file = { "big",
					   0100444,
					   { (const uint8_t *)"", (size_t)1 << 32 } };
	struct kx_error err = { 0 };
	uint8_t *archive;
	size_t size;

	assert_int_equal(kx_cpio_pack(&file, 1, &archive, &size, &err), -EFBIG);
	assert_says(err.text, "big is larger");
}

/* ---- plans ----------------------------------------------------------------------------------- */

/* An image whose .linux is the sample kernel. */
static struct sample sample_uki(void)
{
	struct sample s = sample_pe(KX_PE_X86_64), kernel = sample_bzimage();

	sample_pe_text(&s, ".text", "stub");
	sample_pe_section(&s, ".linux", kernel.data, kernel.size);
	sample_free(&kernel);
	return s;
}

/* The initrds of the plan, each up to its size, as one text with "|" between them. */
static const char *initrds(const struct fixture *f)
{
	static char text[4096];
	size_t used = 0;

	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++) {
		const struct kx_segment *s = kx_plan_segment(f->plan, i);

		if (strcmp(s->name, "initrd") == 0)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s|",
						 (int)s->bufsz, (const char *)s->buf);
	}
	text[used] = '\0';
	return text;
}

/* The last initrd segment's bytes, if they are an archive. */
static struct kx_view extra(const struct fixture *f)
{
	const struct kx_segment *found = NULL;

	for (size_t i = 0; i < kx_plan_segment_count(f->plan); i++)
		if (strcmp(kx_plan_segment(f->plan, i)->name, "initrd") == 0)
			found = kx_plan_segment(f->plan, i);
	if (!found)
		fail_msg("no initrd");
	assert_memory_equal(found->buf, "070701", 6);
	return kx_view_of(found->buf, found->bufsz);
}

static void assert_in(struct kx_view v, const char *text, size_t size)
{
	assert_non_null(memmem(v.data, v.size, text, size));
}

static void uki_is_its_kernel(void **state)
{
	struct fixture *f = *state;
	struct sample kernel = sample_bzimage();

	set_file(f, sample_uki());
	assert_made(f);
	assert_string_equal(kx_plan_format(f->plan), "bzImage64");
	assert_string_equal(kx_plan_containers(f->plan), "uki");
	assert_string_equal(kx_plan_cmdline(f->plan), "");
	assert_int_equal(segment(f, "kernel")->bufsz, kernel.size - SB_SETUP_SIZE);
	assert_memory_equal(segment(f, "kernel")->buf, kernel.data + SB_SETUP_SIZE,
			    kernel.size - SB_SETUP_SIZE);
	assert_string_equal(initrds(f), "");
	sample_free(&kernel);
}

static void uki_cmdline_is_used_unless_one_is_given(void **state)
{
	static const struct {
		const char *section, *given, *expected;
	} samples[] = {
		{ "quiet", NULL, "quiet" },     { "quiet", "loud", "loud" },
		{ "quiet", "", "quiet" },       { "\n a\tb \n\n", NULL, "a b" },
		{ "a\0b", NULL, "a" },          { "quiet", "@0", "quiet" },
		{ "quiet", "@0 loud", "loud" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct sample s = sample_uki();

		sample_pe_text(&s, ".cmdline", samples[i].section);
		set_file(f, s);
		f->request.cmdline = samples[i].given;
		assert_made(f);
		assert_string_equal(kx_plan_cmdline(f->plan), samples[i].expected);
	}
}

static void uki_profile_is_chosen_by_the_command_line(void **state)
{
	struct fixture *f = *state;
	struct sample s = sample_uki();

	sample_pe_text(&s, ".profile", "ID=zero");
	sample_pe_text(&s, ".cmdline", "zero");
	sample_pe_text(&s, ".profile", "ID=one");
	sample_pe_text(&s, ".cmdline", "one");
	set_file(f, s);
	assert_made(f);
	assert_string_equal(kx_plan_cmdline(f->plan), "zero");
	assert_in(extra(f), "ID=zero", 7);
	f->request.cmdline = "@1";
	assert_made(f);
	assert_string_equal(kx_plan_cmdline(f->plan), "one");
	f->request.cmdline = "@2";
	assert_refused(f, -EOPNOTSUPP, "file: UKI has no profile @2");
}

static void uki_initrds_are_in_the_stubs_order(void **state)
{
	struct fixture *f = *state;
	const struct kx_source *users[1];
	struct sample s = sample_uki();

	sample_pe_text(&s, ".initrd", "INITRD");
	sample_pe_text(&s, ".ucode", "UCODE");
	set_file(f, s);
	users[0] = add_source(f, "initrd.img", "USERS", 5);
	f->request.initrds = users;
	f->request.initrd_count = 1;
	assert_made(f);
	assert_string_equal(initrds(f), "UCODE|USERS|INITRD|");
}

static void uki_sections_become_files(void **state)
{
	static const struct {
		const char *section, *text, *file;
	} samples[] = {
		{ ".pcrsig", "{\"sha256\":[]}", ".extra/tpm2-pcr-signature.json" },
		{ ".pcrpkey", "-----BEGIN", ".extra/tpm2-pcr-public-key.pem" },
		{ ".osrel", "ID=debian", ".extra/os-release" },
		{ ".profile", "ID=main", ".extra/profile" },
	};
	struct fixture *f = *state;
	struct sample s = sample_uki();

	for (size_t i = 0; i < 4; i++)
		sample_pe_text(&s, samples[i].section, samples[i].text);
	set_file(f, s);
	assert_made(f);
	for (size_t i = 0; i < 4; i++) {
		assert_in(extra(f), samples[i].text, strlen(samples[i].text));
		assert_in(extra(f), samples[i].file, strlen(samples[i].file) + 1);
	}
}

static void set_companion(struct fixture *f, const struct kx_source **list, const char *name,
			  const void *data, size_t size)
{
	list[f->request.companion_count++] = add_source(f, name, data, size);
	f->request.companions = list;
}

/* The permissions of a member of an archive, by the header that ends 110 bytes before its name. */
static void assert_mode(struct kx_view v, const char *path, const char *mode)
{
	const uint8_t *name = memmem(v.data, v.size, path, strlen(path) + 1);

	assert_non_null(name);
	assert_memory_equal(name - 110 + 14, mode, 8);
}

static void companions_become_files(void **state)
{
	struct fixture *f = *state;
	const struct kx_source *list[6];

	set_file(f, sample_uki());
	set_companion(f, list, "/efi/loader/credentials/g.CRED", "GLOBAL", 6);
	set_companion(f, list, "/efi/loader/credentials/g.raw", "NOT READ THERE", 14);
	f->request.global_companion_count = 2;
	set_companion(f, list, "/boot/x.efi.extra.d/a.cred", "CREDENTIAL", 10);
	set_companion(f, list, "/boot/x.efi.extra.d/b.sysext.raw", "SYSEXT", 6);
	set_companion(f, list, "/boot/x.efi.extra.d/c.confext.raw", "CONFEXT", 7);
	set_companion(f, list, "/boot/x.efi.extra.d/d.raw", "RAW", 3);
	assert_made(f);
	assert_in(extra(f), ".extra/credentials\0", 19);
	assert_in(extra(f), ".extra/credentials/a.cred\0CREDENTIAL", 36);
	assert_in(extra(f), ".extra/sysext/b.sysext.raw\0", 27);
	assert_in(extra(f), ".extra/sysext/d.raw\0", 20);
	assert_in(extra(f), ".extra/confext/c.confext.raw\0", 29);
	assert_null(memmem(extra(f).data, extra(f).size, "sysext/c.", 9));
	assert_in(extra(f), ".extra/global_credentials/g.CRED\0\0GLOBAL", 40);
	assert_null(memmem(extra(f).data, extra(f).size, "NOT READ THERE", 14));
	assert_null(memmem(extra(f).data, extra(f).size, "/credentials/g.", 15));
	assert_mode(extra(f), ".extra/credentials", "00004140");
	assert_mode(extra(f), ".extra/credentials/a.cred", "00008100");
	assert_mode(extra(f), ".extra/global_credentials", "00004140");
	assert_mode(extra(f), ".extra/global_credentials/g.CRED", "00008100");
	assert_mode(extra(f), ".extra/sysext", "0000416d");
	assert_mode(extra(f), ".extra/sysext/d.raw", "00008124");
}

static void a_directory_of_companions(void **state)
{
	struct fixture *f = *state;
	const struct kx_source *list[36];
	char name[64];

	set_file(f, sample_uki());
	for (unsigned i = 0; i < KX_ARRAY_SIZE(list); i++) {
		snprintf(name, sizeof(name), "/boot/x.efi.extra.d/%02u.cred", i);
		set_companion(f, list, name, "CREDENTIAL", 10);
	}
	assert_made(f);
	assert_in(extra(f), ".extra/credentials/00.cred", 27);
	assert_in(extra(f), ".extra/credentials/35.cred", 27);
}

static struct sample sample_addon(uint16_t machine, const char *uname, const char *word)
{
	struct sample s = sample_pe(machine);
	char text[32];

	if (uname)
		sample_pe_text(&s, ".uname", uname);
	sample_pe_text(&s, ".cmdline", word);
	snprintf(text, sizeof(text), "I-%s", word);
	sample_pe_text(&s, ".initrd", text);
	snprintf(text, sizeof(text), "U-%s", word);
	sample_pe_text(&s, ".ucode", text);
	return s;
}

static void addons_are_applied_in_order(void **state)
{
	struct sample a = sample_addon(KX_PE_X86_64, NULL, "one"),
		      b = sample_addon(KX_PE_X86_64, "6.1", "two"),
		      global = sample_addon(KX_PE_X86_64, NULL, "any");
	struct fixture *f = *state;
	const struct kx_source *list[3];
	struct sample s = sample_uki();

	sample_pe_text(&s, ".uname", "6.1");
	sample_pe_text(&s, ".cmdline", "quiet");
	sample_pe_text(&s, ".initrd", "INITRD");
	sample_pe_text(&s, ".ucode", "UCODE");
	set_file(f, s);
	set_companion(f, list, "loader/addons/z.addon.efi", global.data, global.size);
	f->request.global_companion_count = 1;
	set_companion(f, list, "d/1.addon.efi", a.data, a.size);
	set_companion(f, list, "d/2.addon.efi", b.data, b.size);
	assert_made(f);
	assert_string_equal(kx_plan_cmdline(f->plan), "quiet any one two");
	assert_string_equal(initrds(f), "U-two|U-one|U-any|UCODE|INITRD|I-any|I-one|I-two|");
	assert_int_equal(kx_plan_warning_count(f->plan), 0);
	f->request.cmdline = "loud";
	assert_made(f);
	assert_string_equal(kx_plan_cmdline(f->plan), "loud any one two");
	sample_free(&a);
	sample_free(&b);
	sample_free(&global);
}

/* Later archives replace the files of earlier ones. */
static void addons_initrds_come_after_the_images_files(void **state)
{
	struct sample a = sample_addon(KX_PE_X86_64, NULL, "one");
	struct fixture *f = *state;
	const struct kx_source *list[1];
	struct sample s = sample_uki();
	const char *text;

	sample_pe_text(&s, ".osrel", "ID=debian");
	set_file(f, s);
	set_companion(f, list, "1.addon.efi", a.data, a.size);
	assert_made(f);
	text = initrds(f);
	assert_memory_equal(text, "U-one|070701", 12);
	assert_string_equal(text + strlen(text) - 6, "I-one|");
	sample_free(&a);
}

/* As by the stub, which says so and goes on. */
static void addons_for_something_else_are_left_out(void **state)
{
	struct sample samples[] = {
		sample_addon(KX_PE_X86_64, "6.2", "no"),
		sample_addon(KX_PE_ARM64, "6.1", "no"),
		sample_pe(KX_PE_X86_64),
		sample_uki(),
		sample_addon(KX_PE_X86_64, NULL, "no"),
	};
	static const char *const warnings[] = {
		"add-on d/0.addon.efi is not used: is for another kernel",
		"add-on d/1.addon.efi is not used: is for another kind of machine",
		"add-on d/2.addon.efi is not used: PE file without",
		"add-on d/3.addon.efi is not used: has a .linux section",
		"add-on d/4.addon.efi is not used: no \"MZ\"",
	};
	static const char *const names[] = { "d/0.addon.efi", "d/1.addon.efi", "d/2.addon.efi",
					     "d/3.addon.efi", "d/4.addon.efi" };
	struct fixture *f = *state;
	const struct kx_source *list[5];
	struct sample s = sample_uki();

	sample_pe_text(&s, ".uname", "6.1");
	sample_pe_text(&s, ".cmdline", "quiet");
	set_file(f, s);
	samples[4].data[0] = 'm';
	for (size_t i = 0; i < 5; i++)
		set_companion(f, list, names[i], samples[i].data, samples[i].size);
	assert_made(f);
	assert_string_equal(kx_plan_cmdline(f->plan), "quiet");
	assert_string_equal(initrds(f), "");
	assert_int_equal(kx_plan_warning_count(f->plan), 5);
	for (size_t i = 0; i < 5; i++) {
		assert_true(warned(f, warnings[i]));
		sample_free(&samples[i]);
	}
}

static void addons_device_trees_are_left_out(void **state)
{
	struct sample a = sample_addon(KX_PE_X86_64, NULL, "one");
	struct fixture *f = *state;
	const struct kx_source *list[1];

	sample_pe_text(&a, ".efifw", "x");
	set_file(f, sample_uki());
	set_companion(f, list, "1.addon.efi", a.data, a.size);
	assert_made(f);
	assert_true(warned(f, "device trees and firmware of add-ons are not used"));
	sample_free(&a);
}

static void addons_alone_are_refused(void **state)
{
	struct fixture *f = *state;

	set_file(f, sample_addon(KX_PE_X86_64, NULL, "one"));
	assert_refused(f, -EOPNOTSUPP, "is an add-on");
	set_file(f, sample_pe(KX_PE_X86_64));
	assert_refused(f, -ENOEXEC, "uki: PE file without a .linux section");
}

static void uki_dtb_is_used_unless_one_is_given(void **state)
{
	struct fixture *f = *state;
	struct sample s = sample_uki();

	sample_pe_text(&s, ".dtb", "DEVICE TREE");
	sample_pe_text(&s, ".dtbauto", "x");
	sample_pe_text(&s, ".dtbauto", "y");
	set_file(f, s);
	assert_made(f);
	assert_int_equal(kx_source_size(f->plan->request.dtb), 11);
	assert_true(warned(f, ".dtbauto"));
	f->request.dtb = add_source(f, "mine", "MINE", 4);
	assert_made(f);
	assert_int_equal(kx_source_size(f->plan->request.dtb), 4);
}

static void file_load_says_what_must_be_signed(void **state)
{
	struct fixture *f = *state;
	struct sample s = sample_pe(KX_PE_X86_64), kernel = sample_bzimage();

	f->request.method = KX_METHOD_FILE_LOAD;
	set_file(f, sample_uki());
	assert_made(f);
	assert_int_equal(kx_plan_method(f->plan), KX_METHOD_FILE_LOAD);
	assert_true(warned(f, "sign .linux itself"));
	/* With a certificate, as sbsign(1) appends it. */
	kx_put_le16(kernel.data + SB_PE + 20, 160);
	sample_seal(&kernel);
	kx_put_le32(kernel.data + SB_PE_CERTIFICATES, (uint32_t)kernel.size);
	kx_put_le32(kernel.data + SB_PE_CERTIFICATES + 4, 8);
	sample_append(&kernel, "SIGNATUR", 8);
	sample_pe_section(&s, ".linux", kernel.data, kernel.size);
	sample_free(&kernel);
	set_file(f, s);
	assert_made(f);
	assert_false(warned(f, "sign .linux itself"));
}

static void damage_inside_names_the_section(void **state)
{
	struct fixture *f = *state;
	struct sample s = sample_pe(KX_PE_X86_64), kernel = sample_bzimage();

	sample_pe_section(&s, ".linux", kernel.data, kernel.size - 100);
	sample_free(&kernel);
	set_file(f, s);
	assert_refused(f, -EBADMSG, "file, section .linux: truncated bzImage");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pe_sections_are_found),
		cmocka_unit_test(pe_certificates_are_found),
		cmocka_unit_test(pe_defects),
		cmocka_unit_test(profiles_override_the_base),
		cmocka_unit_test(profile_is_taken_off_the_command_line),
		cmocka_unit_test(archive_is_newc),
		cmocka_unit_test(archive_refuses_what_its_fields_cannot_hold),
		TEST(uki_is_its_kernel),
		TEST(uki_cmdline_is_used_unless_one_is_given),
		TEST(uki_profile_is_chosen_by_the_command_line),
		TEST(uki_initrds_are_in_the_stubs_order),
		TEST(uki_sections_become_files),
		TEST(companions_become_files),
		TEST(a_directory_of_companions),
		TEST(addons_are_applied_in_order),
		TEST(addons_initrds_come_after_the_images_files),
		TEST(addons_for_something_else_are_left_out),
		TEST(addons_device_trees_are_left_out),
		TEST(addons_alone_are_refused),
		TEST(uki_dtb_is_used_unless_one_is_given),
		TEST(file_load_says_what_must_be_signed),
		TEST(damage_inside_names_the_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
