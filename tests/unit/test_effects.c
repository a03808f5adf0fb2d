// SPDX-License-Identifier: GPL-2.0-or-later
/* GRUB's environment block as it is edited, and what a jump writes down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/overflow.h"
#include "boot/effects.h"
#include "boot/grub.h"
#include "util.h"

#define SIGNATURE "# GRUB Environment Block\n"
#define SIZE 1024

/* ---- the block ------------------------------------------------------------------------------- */

static void fill_block(char *block, const char *text)
{
	size_t size = strlen(text);

	assert_true(size <= SIZE);
	memcpy(block, text, size);
	memset(block + size, '#', SIZE - size);
}

static void assert_block(const char *block, const char *text)
{
	char wanted[SIZE];

	fill_block(wanted, text);
	assert_memory_equal(block, wanted, SIZE);
}

static void variables_change_in_their_places(void **state)
{
	char block[SIZE];

	fill_block(block, SIGNATURE "saved_entry=a\nnext_entry=b\nx=1\n");
	assert_int_equal(kx_grub_env_edit(block, SIZE, "next_entry", ""), 0);
	assert_block(block, SIGNATURE "saved_entry=a\nnext_entry=\nx=1\n");
	assert_int_equal(kx_grub_env_edit(block, SIZE, "saved_entry", "longer than before"), 0);
	assert_block(block, SIGNATURE "saved_entry=longer than before\nnext_entry=\nx=1\n");
	assert_int_equal(kx_grub_env_edit(block, SIZE, "next_entry", NULL), 0);
	assert_block(block, SIGNATURE "saved_entry=longer than before\nx=1\n");
	assert_int_equal(kx_grub_env_edit(block, SIZE, "new", "2"), 0);
	assert_block(block, SIGNATURE "saved_entry=longer than before\nx=1\nnew=2\n");
	assert_int_equal(kx_grub_env_edit(block, SIZE, "gone", NULL), 0);
	assert_block(block, SIGNATURE "saved_entry=longer than before\nx=1\nnew=2\n");
}

static void comments_and_other_names_stay(void **state)
{
	char block[SIZE];

	fill_block(block, SIGNATURE "# WARNING: do not edit\n#x=0\nxx=1\nx=2\ny\\\nx=3\nx=4\n");
	assert_int_equal(kx_grub_env_edit(block, SIZE, "x", "5"), 0);
	assert_block(block, SIGNATURE "# WARNING: do not edit\n#x=0\nxx=1\nx=5\ny\\\nx=3\n");
}

static int keep(void *arg, const char *name, const char *value)
{
	if (!strcmp(name, "x"))
		strcpy(arg, value);
	return 0;
}

static void any_value_can_be_read_again(void **state)
{
	const char *value = "two\nlines \\ and\\\n=#";
	char block[SIZE], got[64] = "";

	fill_block(block, SIGNATURE);
	assert_int_equal(kx_grub_env_edit(block, SIZE, "x", value), 0);
	assert_int_equal(kx_grub_env_parse(block, SIZE, keep, got), 0);
	assert_string_equal(got, value);
}

static void a_block_that_ends_within_a_line_is_left_alone(void **state)
{
	static const char *const texts[] = { SIGNATURE "a=1", SIGNATURE "a=1\\",
					     SIGNATURE "a=1\\\n", SIGNATURE "b=1\\\n" };

	for (size_t i = 0; i < KX_ARRAY_SIZE(texts); i++) {
		char block[64] = "";

		strcpy(block, texts[i]);
		assert_int_equal(kx_grub_env_edit(block, strlen(texts[i]), "b", ""), -EBADMSG);
		assert_string_equal(block, texts[i]);
	}
}

static void a_block_never_grows(void **state)
{
	char block[SIZE], before[SIZE], value[SIZE];

	fill_block(block, SIGNATURE "a=1\nnext_entry=x\n");
	memcpy(before, block, SIZE);
	memset(value, 'v', sizeof(value));
	value[SIZE - strlen(SIGNATURE "a=1\nnext_entry=x\nb=\n")] = 0;
	assert_int_equal(kx_grub_env_edit(block, SIZE, "b", value), 0);
	assert_int_equal(block[SIZE - 1], '\n');
	memcpy(block, before, SIZE);
	value[strlen(value)] = 'v';
	assert_int_equal(kx_grub_env_edit(block, SIZE, "b", value), -ENOSPC);
	assert_memory_equal(block, before, SIZE);
}

static void what_is_no_block_is_left_alone(void **state)
{
	char block[SIZE] = "# GRUB Environment Blick\n";

	assert_int_equal(kx_grub_env_edit(block, SIZE, "x", "1"), -EBADMSG);
	assert_int_equal(kx_grub_env_edit(block, 10, "x", "1"), -EBADMSG);
	fill_block(block, SIGNATURE);
	assert_int_equal(kx_grub_env_edit(block, SIZE, "", "1"), -EINVAL);
	assert_int_equal(kx_grub_env_edit(block, SIZE, "a=b", "1"), -EINVAL);
	assert_int_equal(kx_grub_env_edit(block, SIZE, "#a", "1"), -EINVAL);
}

/* ---- notes ----------------------------------------------------------------------------------- */

#define VARIABLES "/sys/firmware/efi/efivars"
#define VENDOR "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

static char folder[] = "/tmp/kx-effects-XXXXXX";

static const char *below(const char *path)
{
	static char text[4096];

	snprintf(text, sizeof(text), "%s%s", folder, path);
	return text;
}

static void put(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(below(path), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

static size_t get(const char *path, char *bytes, size_t room)
{
	FILE *file = fopen(below(path), "r");
	size_t size;

	if (!file)
		return SIZE_MAX;
	size = fread(bytes, 1, room, file);
	fclose(file);
	return size;
}

static int set_up(void **state)
{
	static const char *const folders[] = { "/boot", "/sys", "/sys/firmware",
					       "/sys/firmware/efi", VARIABLES };
	char block[SIZE];

	strcpy(folder, "/tmp/kx-effects-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	for (size_t i = 0; i < KX_ARRAY_SIZE(folders); i++)
		mkdir(below(folders[i]), 0755);
	fill_block(block, SIGNATURE "next_entry=b\nsaved_entry=a\n");
	put("/boot/grubenv", block, SIZE);
	put(VARIABLES "/LoaderEntryOneShot" VENDOR, "\7\0\0\0b\0\0\0", 8);
	return 0;
}

static int tear_down(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

#define TEXT(s) ((char[]){ s })

static struct kx_boot_effect menu_effects[] = {
	{ .file = TEXT("/boot/grubenv"), .name = TEXT("next_entry"), .value = NULL },
	{ .file = NULL, .name = TEXT("LoaderEntryOneShot"), .value = NULL },
};
static struct kx_boot_effect entry_effects[] = {
	{ .file = TEXT("/boot/grubenv"), .name = TEXT("saved_entry"), .value = TEXT("b=\n") },
	{ .file = NULL, .name = TEXT("LoaderEntryLastBooted"), .value = TEXT("b.conf") },
};
static const struct kx_boot_entries menu = {
	.effects = menu_effects,
	.effect_count = KX_ARRAY_SIZE(menu_effects),
};
static const struct kx_boot_entry entry = {
	.effects = entry_effects,
	.effect_count = KX_ARRAY_SIZE(entry_effects),
};

static size_t commit(void)
{
	_cleanup_(kx_effects_clear) struct kx_effects effects = { 0 };
	_cleanup_(kx_names_clear) struct kx_names problems = { 0 };

	assert_int_equal(kx_effects_read(folder, &effects), 0);
	assert_int_equal(kx_effects_write(folder, &effects, &problems), 0);
	for (size_t i = 0; i < problems.count; i++)
		print_message("%s\n", problems.v[i]);
	return problems.count;
}

static void what_is_noted_is_written_once(void **state)
{
	static const char last[] = "\7\0\0\0b\0.\0c\0o\0n\0f\0\0";
	char got[2 * SIZE];

	assert_int_equal(kx_effects_note(folder, NULL, &menu, &entry), 0);
	/* A note alone changes nothing. */
	assert_int_equal(get("/boot/grubenv", got, sizeof(got)), SIZE);
	assert_block(got, SIGNATURE "next_entry=b\nsaved_entry=a\n");
	assert_int_equal(get(VARIABLES "/LoaderEntryOneShot" VENDOR, got, sizeof(got)), 8);

	assert_int_equal(commit(), 0);
	assert_int_equal(get("/boot/grubenv", got, sizeof(got)), SIZE);
	assert_block(got, SIGNATURE "saved_entry=b=\\\n\n");
	assert_int_equal(get(VARIABLES "/LoaderEntryOneShot" VENDOR, got, sizeof(got)), SIZE_MAX);
	assert_int_equal(get(VARIABLES "/LoaderEntryLastBooted" VENDOR, got, sizeof(got)),
			 sizeof(last));
	assert_memory_equal(got, last, sizeof(last));

	/* The same again would take away what was chosen since. */
	fill_block(got, SIGNATURE "next_entry=c\n");
	put("/boot/grubenv", got, SIZE);
	assert_int_equal(commit(), 0);
	get("/boot/grubenv", got, sizeof(got));
	assert_block(got, SIGNATURE "next_entry=c\n");
}

static void another_load_forgets_it(void **state)
{
	char got[SIZE];

	assert_int_equal(kx_effects_note(folder, NULL, &menu, &entry), 0);
	assert_int_equal(get(KX_EFFECTS_FILE, got, 1), 1);
	assert_int_equal(kx_effects_note(folder, NULL, NULL, NULL), 0);
	assert_int_equal(get(KX_EFFECTS_FILE, got, 1), SIZE_MAX);
	assert_int_equal(commit(), 0);
	get("/boot/grubenv", got, sizeof(got));
	assert_block(got, SIGNATURE "next_entry=b\nsaved_entry=a\n");
}

static void what_cannot_be_written_is_told(void **state)
{
	char got[SIZE];

	assert_int_equal(kx_effects_note(folder, NULL, &menu, &entry), 0);
	put("/boot/grubenv", "no block", 8);
	assert_int_equal(commit(), 2);
	assert_int_equal(get("/boot/grubenv", got, sizeof(got)), 8);
	/* The others are written all the same, and nothing is left to be tried again. */
	assert_int_equal(get(VARIABLES "/LoaderEntryOneShot" VENDOR, got, sizeof(got)), SIZE_MAX);
	assert_int_equal(get(KX_EFFECTS_FILE, got, 1), SIZE_MAX);

	assert_int_equal(kx_effects_note(folder, NULL, &menu, &entry), 0);
	assert_int_equal(remove(below("/boot/grubenv")), 0);
	assert_int_equal(commit(), 2);
}

static void a_note_is_for_root_alone(void **state)
{
	struct stat st;

	assert_int_equal(kx_effects_note(folder, NULL, &menu, &entry), 0);
	assert_int_equal(stat(below(KX_EFFECTS_FILE), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(below(KX_EFFECTS_FOLDER), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void what_was_written_is_taken_back(void **state)
{
	_cleanup_(kx_effects_clear) struct kx_effects effects = { 0 };
	_cleanup_(kx_names_clear) struct kx_names problems = { 0 };
	char got[SIZE];

	assert_int_equal(kx_effects_note(folder, NULL, &menu, &entry), 0);
	assert_int_equal(kx_effects_read(folder, &effects), 0);
	assert_int_equal(kx_effects_write(folder, &effects, &problems), 0);
	assert_int_equal(get(KX_EFFECTS_FILE, got, 1), SIZE_MAX);
	kx_effects_undo(folder, &effects);
	assert_int_equal(get("/boot/grubenv", got, sizeof(got)), SIZE);
	assert_block(got, SIGNATURE "next_entry=b\nsaved_entry=a\n");
	assert_int_equal(get(VARIABLES "/LoaderEntryOneShot" VENDOR, got, sizeof(got)), 8);
	assert_memory_equal(got, "\7\0\0\0b\0\0\0", 8);
	assert_int_equal(get(VARIABLES "/LoaderEntryLastBooted" VENDOR, got, sizeof(got)),
			 SIZE_MAX);
	/* It is noted again, for the jump that may still come. */
	assert_int_equal(commit(), 0);
	get("/boot/grubenv", got, sizeof(got));
	assert_block(got, SIGNATURE "saved_entry=b=\\\n\n");
}

static void where_a_file_is_is_noted(void **state)
{
	_cleanup_(kx_effects_clear) struct kx_effects effects = { 0 };
	struct kx_volume v[] = {
		{ .top = TEXT("/sub"),
		  .device = TEXT("d"),
		  .type = TEXT("t"),
		  .subroot = TEXT("/@") },
		{ .top = TEXT("/boot"), .device = TEXT("/dev/sda1"), .type = TEXT("ext4") },
		{ .top = TEXT("") },
		{ .top = TEXT("/mnt"), .device = TEXT("/dev/sda3") },
		{ .top = TEXT("/run/kexec-x/0"),
		  .device = TEXT("/dev/sda2"),
		  .type = TEXT("vfat") },
	};
	const struct kx_volumes volumes = { .v = v, .count = KX_ARRAY_SIZE(v) };
	struct kx_boot_effect more[] = {
		{ .file = TEXT("/run/kexec-x/0/grub/grubenv"), .name = TEXT("next_entry") },
		{ .file = TEXT("/sub/grubenv"), .name = TEXT("next_entry") },
		{ .file = TEXT("/grubenv"), .name = TEXT("next_entry") },
		{ .file = TEXT("/mnt/grubenv"), .name = TEXT("next_entry") },
	};
	const struct kx_boot_entry other = { .effects = more, .effect_count = 4 };

	assert_int_equal(kx_effects_note(folder, &volumes, &menu, &other), 0);
	assert_int_equal(kx_effects_read(folder, &effects), 0);
	assert_int_equal(effects.count, 6);
	assert_string_equal(effects.v[0].file, "/boot/grubenv");
	assert_string_equal(effects.v[0].device, "/dev/sda1");
	assert_string_equal(effects.v[0].type, "ext4");
	assert_string_equal(effects.v[0].path, "/grubenv");
	assert_null(effects.v[1].device);
	assert_string_equal(effects.v[2].device, "/dev/sda2");
	assert_string_equal(effects.v[2].path, "/grub/grubenv");
	assert_null(effects.v[3].device);
	assert_null(effects.v[4].device);
	assert_null(effects.v[5].device);
}

static void a_damaged_note_is_refused(void **state)
{
	static const char whole[] = "=/grubenv\0=next_entry\0\0=/dev/x\0=ext4\0=/p";
	static const char nameless[] = "=/grubenv\0\0\0\0\0",
			  no_type[] = "=/g\0=a\0\0=/dev/x\0\0=/p";
	static const char no_mark[] = "=/g\0a\0\0\0\0";
	struct kx_effects effects = { 0 };

	assert_int_equal(kx_effects_note(folder, NULL, &menu, &entry), 0);
	for (size_t size = 1; size < sizeof(whole); size++) {
		put(KX_EFFECTS_FILE, whole, size);
		assert_int_equal(kx_effects_read(folder, &effects), -EBADMSG);
	}
	put(KX_EFFECTS_FILE, nameless, sizeof(nameless));
	assert_int_equal(kx_effects_read(folder, &effects), -EBADMSG);
	put(KX_EFFECTS_FILE, no_type, sizeof(no_type));
	assert_int_equal(kx_effects_read(folder, &effects), -EBADMSG);
	put(KX_EFFECTS_FILE, no_mark, sizeof(no_mark));
	assert_int_equal(kx_effects_read(folder, &effects), -EBADMSG);
	put(KX_EFFECTS_FILE, whole, sizeof(whole));
	assert_int_equal(kx_effects_read(folder, &effects), 0);
	kx_effects_clear(&effects);
}

#define EFFECTS_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_change_in_their_places),
		cmocka_unit_test(comments_and_other_names_stay),
		cmocka_unit_test(any_value_can_be_read_again),
		cmocka_unit_test(a_block_that_ends_within_a_line_is_left_alone),
		cmocka_unit_test(a_block_never_grows),
		cmocka_unit_test(what_is_no_block_is_left_alone),
		EFFECTS_TEST(what_is_noted_is_written_once),
		EFFECTS_TEST(another_load_forgets_it),
		EFFECTS_TEST(what_cannot_be_written_is_told),
		EFFECTS_TEST(a_note_is_for_root_alone),
		EFFECTS_TEST(what_was_written_is_taken_back),
		EFFECTS_TEST(where_a_file_is_is_noted),
		EFFECTS_TEST(a_damaged_note_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
