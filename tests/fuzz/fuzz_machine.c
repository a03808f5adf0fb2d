// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All readers of machine/, on files that an input holds (machine_files.h) instead of a directory: what stands below is
 * linked in the place of machine/root.c. Of the machine that they make of it, a check and a plan are made.
 */
#include <elf.h>

#include "../unit/sample_bzimage.h"
#include "crash/crash.h"
#include "fuzz_plan.h"
#include "machine/readers.h"
#include "machine/root.h"
#include "machine/save.h"
#include "machine/text.h"
#include "machine_files.h"
#include "memmap.h"
#include "util.h"

#define FILES_MAX 128

static struct {
	struct kx_view path, content;
} files[FILES_MAX];
static size_t file_count;

static void cut_files(struct kx_view input)
{
	struct kx_view file;

	file_count = 0;
	while (file_count < FILES_MAX && kx_text_field(&input, MACHINE_SEPARATOR, &file))
		if (kx_text_line(&file, &files[file_count].path))
			files[file_count++].content = file;
}

/* The index of the file at @path, or -1. */
static int find(const char *path)
{
	for (size_t i = 0; i < file_count; i++)
		if (kx_text_is(files[i].path, path))
			return (int)i;
	return -1;
}

/* ---- in the place of machine/root.c ------------------------------------------------------------------------------ */

int kx_root_open(const char *path, struct kx_root *ret, struct kx_error *err)
{
	*ret = (struct kx_root)KX_ROOT_NONE;
	return 0;
}

void kx_root_close(struct kx_root *root)
{
}

void kx_blob_clear(struct kx_blob *blob)
{
	free(blob->data);
	*blob = (struct kx_blob){ 0 };
}

int kx_root_read_head(struct kx_root *root, const char *path, size_t max, struct kx_blob *ret)
{
	int i = find(path);
	size_t size = i < 0 ? 0 : files[i].content.size, padded;

	if (i < 0)
		return -ENOENT;
	size = size < max ? size : max;
	padded = !strcmp(path, MACHINE_BOOT_PARAMS) && size < KX_BOOT_PARAMS_SIZE
			 ? KX_BOOT_PARAMS_SIZE
			 : size;
	ret->data = calloc(1, padded + 1);
	require(ret->data);
	if (size)
		memcpy(ret->data, files[i].content.data, size);
	ret->size = padded;
	return 0;
}

int kx_root_read(struct kx_root *root, const char *path, size_t max, struct kx_blob *ret)
{
	return kx_root_read_head(root, path, max, ret);
}

/* For /proc/kpageflags alone, of which any eight bytes are as good as any others. */
int kx_root_file(struct kx_root *root, const char *path)
{
	return -ENOENT;
}

static int first_line(const char *path, struct kx_view *ret)
{
	struct kx_view line = kx_view_of("", 0), rest;
	int i = find(path);

	if (i < 0)
		return -ENOENT;
	rest = files[i].content;
	if (!kx_text_line(&rest, &line))
		line = kx_view_of("", 0);
	*ret = kx_text_trim(line);
	return 0;
}

int kx_root_line(struct kx_root *root, const char *path, char **ret)
{
	struct kx_view line;
	int r = first_line(path, &line);

	return r < 0 ? r : kx_text_dup(line, ret);
}

int kx_root_u64(struct kx_root *root, const char *path, uint64_t *ret)
{
	struct kx_view line;
	int r = first_line(path, &line);

	return r < 0 ? r : kx_text_u64(line, 0, ret) ? 0 : -EBADMSG;
}

int kx_root_fact(struct kx_root *root, const char *path, enum kx_fact *ret)
{
	uint64_t value;
	int r = kx_root_u64(root, path, &value);

	if (r == 0)
		*ret = value ? KX_YES : KX_NO;
	return r;
}

int kx_root_link(struct kx_root *root, const char *path, char **ret)
{
	int r = kx_root_line(root, path, ret);

	return r == -EBADMSG ? -EINVAL : r;
}

/* A directory is there when something is in it. */
bool kx_root_exists(struct kx_root *root, const char *path)
{
	size_t size = strlen(path);

	for (size_t i = 0; i < file_count; i++)
		if (kx_text_starts(files[i].path, path) &&
		    (files[i].path.size == size || files[i].path.data[size] == '/'))
			return true;
	return false;
}

static bool has_name(const struct kx_names *names, struct kx_view name)
{
	for (size_t i = 0; i < names->count; i++)
		if (kx_text_is(name, names->v[i]))
			return true;
	return false;
}

int kx_root_list(struct kx_root *root, const char *path, struct kx_names *ret)
{
	struct kx_view rest, name;
	struct kx_names names = { calloc(FILES_MAX, sizeof(char *)), 0 };

	require(names.v);
	for (size_t i = 0; i < file_count; i++) {
		if (!kx_text_starts(files[i].path, path) ||
		    !kx_view_from(files[i].path, strlen(path), &rest) || !rest.size ||
		    rest.data[0] != '/' || !kx_view_from(rest, 1, &rest) ||
		    !kx_text_field(&rest, '/', &name) || !name.size || has_name(&names, name))
			continue;
		if (kx_text_dup(name, &names.v[names.count]) == 0)
			names.count++;
	}
	*ret = names;
	return names.count ? 0 : (kx_names_clear(ret), -ENOENT);
}

void kx_names_clear(struct kx_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct kx_names){ 0 };
}

/* ---- what must hold ---------------------------------------------------------------------------------------------- */

static void require_machine(const struct kx_machine *m)
{
	require(m->confidential <= KX_CC_TDX && m->c_bit < 64);
	require(m->uart.kind == KX_UART_NONE || (m->uart.base && m->uart.found));
	require(m->uart.kind != KX_UART_IO || m->uart.base <= 0xffff);
	require(m->uart.reg_shift <= 4 && m->uart.access_width <= 4);
	require(!m->have_firmware_map || m->firmware_map.count);
	for (size_t i = 0; i < m->firmware_map.count; i++)
		require(m->firmware_map.v[i].start < m->firmware_map.v[i].end);
	for (size_t i = 0; i < m->efi.runtime_map_count; i++)
		touch(kx_view_of(&m->efi.runtime_map[i], sizeof(m->efi.runtime_map[i])));
	if (m->boot_params)
		touch(kx_view_of(m->boot_params, KX_BOOT_PARAMS_SIZE));
	require(!m->have_limit_reboot || m->limit_reboot >= -1);
}

static void check(const struct kx_machine *machine)
{
	struct kx_report report = { 0 };
	struct kx_error err = { 0 };

	require(kx_check(machine, &report, &err) == 0);
	for (size_t i = 0; i < report.count; i++)
		require(report.findings[i].id && report.findings[i].found);
	kx_report_clear(&report);
}

/* Only what the kernel calls RAM, wherever that is; of a crash kernel only what is kept for it. */
static void require_in_ram(const struct kx_machine *machine, bool panic, const struct kx_segment *s)
{
	struct kx_ranges ram = { 0 };

	require((panic ? kx_iomem_crash : kx_iomem_ram)(&machine->iomem, &ram) == 0);
	require(kx_ranges_contain(&ram, s->dest, s->dest + s->reserved));
	touch(kx_view_of(s->buf, s->bufsz));
	kx_ranges_clear(&ram);
}

/* A dump has nothing of the capture kernel's own memory, and nothing twice but the kernel's image. */
static void require_core(const struct kx_machine *machine, const struct kx_segment *s)
{
	_cleanup_(kx_ranges_clear) struct kx_ranges crash = { 0 }, seen = { 0 };
	const Elf64_Ehdr *core = s->buf;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(core + 1);
	bool text = machine->crash.map.text_size;

	require(kx_iomem_crash(&machine->iomem, &crash) == 0);
	require(s->bufsz == sizeof(*core) + core->e_phnum * sizeof(*ph));
	for (size_t i = 0; i < core->e_phnum; i++, ph++) {
		uint64_t size = kx_ranges_size(&seen);

		require(ph->p_filesz && ph->p_filesz == ph->p_memsz);
		require(ph->p_type == PT_LOAD || ph->p_type == PT_NOTE);
		if (ph->p_type == PT_NOTE || text) {
			text &= ph->p_type == PT_NOTE;
			continue;
		}
		require(kx_ranges_add(&seen, ph->p_paddr, ph->p_paddr + ph->p_filesz) == 0);
		require(kx_ranges_size(&seen) == size + ph->p_filesz);
		for (size_t k = 0; k < crash.count; k++)
			require(ph->p_paddr >= crash.v[k].end ||
				ph->p_paddr + ph->p_filesz <= crash.v[k].start);
	}
}

static void require_plan(const struct kx_machine *machine, const struct kx_plan *plan)
{
	bool panic = kx_plan_panic(plan);

	for (size_t i = 0; kx_plan_placed(plan) && i < kx_plan_segment_count(plan); i++) {
		const struct kx_segment *s = kx_plan_segment(plan, i);

		require_in_ram(machine, panic, s);
		if (panic && !strcmp(s->name, KX_SEGMENT_ELFCOREHDR))
			require_core(machine, s);
	}
	require_apart(plan);
}

/* The kernel is always the same, and not unpacked, which takes longer than all the rest. */
static void plan(const struct kx_machine *machine, unsigned flags)
{
	static struct sample kernel;
	struct kx_request request = { .flags = KX_REQUEST_FORCE_CRC | KX_REQUEST_EXPLAIN | flags };
	struct kx_error err = { 0 };
	struct kx_source *source;
	struct kx_plan *plan;
	int r;

	if (!kernel.data)
		kernel = sample_bzimage();
	request.kernel = source = source_of(kernel.data, kernel.size);
	request.cmdline = machine->cmdline;
	request.fast = KX_FAST_NONE;
	r = kx_plan_make(machine, &request, &plan, &err);
	require(r != -ENOMEM && r != -EINVAL);
	if (r < 0)
		require(err.text[0] && memchr(err.text, 0, sizeof(err.text)));
	if (r == 0) {
		require_plan(machine, plan);
		kx_plan_free(plan);
	}
	kx_source_free(source);
}

/* It is not read by kx_root_read(), and is no part of a capture. */
static void read_kcore(struct kx_machine *machine)
{
	struct kx_error err = { 0 };
	int i = find("/proc/kcore"), r;

	if (i < 0)
		return;
	r = kx_kcore_parse(files[i].content, &machine->crash.map, &err);
	require(r == 0 || r == -EBADMSG);
	if (r < 0)
		require_message(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_root root = KX_ROOT_NONE;
	struct kx_machine *machine = NULL;
	struct kx_error err = { 0 };
	int r;

	cut_files(kx_view_of(data, size));
	r = kx_machine_read_root(&root, "/captured", &machine, &err);
	require(r == 0 || r == -ENOENT || r == -EBADMSG);
	if (r < 0) {
		require_message(&err);
		return 0;
	}
	require_machine(machine);
	check(machine);
	read_kcore(machine);
	plan(machine, 0);
	plan(machine, KX_REQUEST_PANIC | KX_REQUEST_HOTPLUG);
	kx_machine_free(machine);
	return 0;
}
