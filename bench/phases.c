// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QEMU TCG plugin: which part of the way from the exec to the second /init takes how long.
 *
 * No distribution packages the plugin header, so that what is used of it is declared here, from its
 * documentation ("QEMU TCG Plugins", API versions 1 to 4). Registers cannot be read before version 3,
 * therefore everything is recognised by where code lies and by its bytes, when it is translated: our own
 * program by the operand of a nopl, the running kernel's relocate_kernel() by a write to CR3 in the lower
 * half of the address space, kernels by the first bytes of their entry points, functions of the second
 * kernel by their addresses, threads by where their stacks lie.
 *
 * Arguments: config=FILE, read at the start, and out=FILE, written when the second /init begins.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;
struct plugin_u64 {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
};
struct qemu_info {
	const char *target_name;
	struct {
		int min;
		int cur;
	} version; /* of the interface */
};

enum { CB_NO_REGS = 0, INLINE_ADD = 0, MEM_RW = 3 };

typedef void (*exec_cb)(unsigned int vcpu, void *data);
typedef void (*mem_cb)(unsigned int vcpu, uint32_t info, uint64_t address, void *data);
typedef void (*trans_cb)(plugin_id id, struct qemu_plugin_tb *tb);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, trans_cb cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, exec_cb cb, int flags,
					  void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, mem_cb cb, int flags, int rw,
				      void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv);

/* What changed its name or its form between QEMU 7.2 and 10, found when the plugin is loaded. */
static struct {
	void (*add)(struct qemu_plugin_tb *tb, int op, void *counter, uint64_t value);
	void (*add_per_vcpu)(struct qemu_plugin_tb *tb, int op, struct plugin_u64 entry,
			     uint64_t value);
	struct qemu_plugin_scoreboard *(*scoreboard_new)(size_t size);
	void *(*scoreboard_find)(struct qemu_plugin_scoreboard *score, unsigned int vcpu);
	const void *(*insn_pointer)(const struct qemu_plugin_insn *insn);
	size_t (*insn_copy)(const struct qemu_plugin_insn *insn, void *ret, size_t size);
	int64_t (*clock_ns)(int type); /* no part of the API: without it, waiting is not counted */
} qemu;

#define CLOCK_VIRTUAL 1
#define PATTERN_MAX 16
#define MARKS_MAX 32
#define STACK_MASK (~0x3fffull) /* x86-64: THREAD_SIZE is 16 kB, stacks are aligned to it */
#define KERNEL_HALF (1ull << 63)
#define KERNEL_TEXT 0xffffffff80000000ull
#define KASLR_ALIGN 0x200000ull
#define SWITCH_BYTES 0x80 /* longer than __switch_to_asm is */

enum kind {
	ENTRY,    /* begins a phase; recognised by its bytes at a low address */
	PHASE,    /* begins a phase; a function */
	THREAD,   /* from here on the thread is accounted for by itself */
	DROP,     /* no longer */
	SWITCH,   /* __switch_to_asm */
	SWITCHED, /* __switch_to */
	COPY,
	JUMPED,
	EXEC,
	INIT,
};

static const char *const kind_names[] = {
	"entry", "phase", "thread", "drop", "switch", "switched"
};

struct mark {
	enum kind kind;
	char name[32];
	uint64_t address;
	uint8_t bytes[PATTERN_MAX];
	size_t length;
};

/* One row of what is written. */
struct part {
	char name[32];
	uint64_t instructions;
	uint64_t taken; /* instructions of a phase that belong to threads */
	int64_t clock;  /* how long a phase took, in ns */
};

static struct {
	struct mark marks[MARKS_MAX];
	size_t marks_count;
	uint64_t text;  /* where _text is linked */
	uint64_t shift; /* how far it was moved */
	bool shift_known;
	uint64_t counter;
	struct qemu_plugin_scoreboard *score;
	struct part parts[MARKS_MAX];
	size_t parts_count;
	struct part *phase;
	uint64_t since; /* value of the counter when the present part began */
	int64_t phase_clock;
	int64_t translated; /* the clock when the mark about to be executed was translated */
	uint64_t copy_page;
	bool copying;
	uint64_t last_access;
	uint64_t stack;
	struct {
		uint64_t stack;
		struct part *part;
	} threads[MARKS_MAX];
	const char *out;
} state;

static struct mark mark_copy = { .kind = COPY, .name = "page copy" };
static struct mark mark_jumped = { .kind = JUMPED, .name = "purgatory" };
static struct mark mark_exec = { .kind = EXEC, .name = "old kernel" };
static struct mark mark_init = { .kind = INIT, .name = "init" };

/* nopl 0x6b780001(%rax), and 2; see guest.c */
static const uint8_t exec_bytes[] = { 0x0f, 0x1f, 0x80, 0x01, 0x00, 0x78, 0x6b };
static const uint8_t init_bytes[] = { 0x0f, 0x1f, 0x80, 0x02, 0x00, 0x78, 0x6b };

static uint64_t counted(void)
{
	if (!qemu.scoreboard_find)
		return state.counter;
	return *(uint64_t *)qemu.scoreboard_find(state.score, 0);
}

static struct part *part_called(const char *name)
{
	for (size_t i = 0; i < state.parts_count; i++) {
		if (!strcmp(state.parts[i].name, name))
			return &state.parts[i];
	}
	if (state.parts_count == MARKS_MAX)
		abort();
	snprintf(state.parts[state.parts_count].name, sizeof(state.parts[0].name), "%s", name);
	return &state.parts[state.parts_count++];
}

static struct part *part_of_thread(void)
{
	for (size_t i = 0; i < MARKS_MAX; i++) {
		if (state.threads[i].part && state.threads[i].stack == state.stack)
			return state.threads[i].part;
	}
	return NULL;
}

/* Give what was executed since the last call to the part that it belongs to. */
static void account(void)
{
	struct part *part = part_of_thread();
	uint64_t present = counted();

	if (state.phase) {
		(part ? part : state.phase)->instructions += present - state.since;
		if (part)
			state.phase->taken += present - state.since;
	}
	state.since = present;
}

static void begin(const char *name)
{
	account();
	if (state.phase)
		state.phase->clock += state.translated - state.phase_clock;
	state.phase_clock = state.translated;
	state.phase = name ? part_called(name) : NULL;
}

static void own_thread(const char *name)
{
	account();
	for (size_t i = 0; i < MARKS_MAX; i++) {
		if (!state.threads[i].part) {
			state.threads[i].stack = state.stack;
			state.threads[i].part = part_called(name);
			return;
		}
	}
	abort();
}

static void drop_thread(void)
{
	account();
	for (size_t i = 0; i < MARKS_MAX; i++) {
		if (state.threads[i].stack == state.stack)
			state.threads[i].part = NULL;
	}
}

static void write_out(void)
{
	FILE *file = fopen(state.out, "we");

	if (!file)
		abort();
	for (size_t i = 0; i < state.parts_count; i++)
		fprintf(file, "%s,%llu,%llu,%lld\n", state.parts[i].name,
			(unsigned long long)state.parts[i].instructions,
			(unsigned long long)state.parts[i].taken, (long long)state.parts[i].clock);
	if (fclose(file))
		abort();
}

static void at_mark(unsigned int vcpu, void *data)
{
	const struct mark *mark = data;

	if (!state.phase && mark->kind != EXEC)
		return;
	switch (mark->kind) {
	case EXEC:
	case ENTRY:
	case PHASE:
		begin(mark->name);
		break;
	case COPY:
		/* relocate_kernel() writes CR3 twice. */
		if (!strcmp(state.phase->name, mark_exec.name))
			begin(mark->name);
		state.copying = true;
		break;
	case JUMPED:
		if (state.copying)
			begin(mark->name);
		state.copying = false;
		break;
	case THREAD:
		own_thread(mark->name);
		break;
	case DROP:
		drop_thread();
		break;
	case SWITCHED:
		account();
		state.stack = state.last_access & STACK_MASK;
		break;
	case INIT:
		if (state.shift_known) {
			begin(NULL);
			write_out();
		}
		break;
	case SWITCH:
		break;
	}
}

static void at_access(unsigned int vcpu, uint32_t info, uint64_t address, void *data)
{
	state.last_access = address;
}

static size_t insn_bytes(const struct qemu_plugin_insn *insn, uint8_t *ret, size_t size)
{
	size_t length = qemu_plugin_insn_size(insn);

	if (length > size)
		length = size;
	if (qemu.insn_copy)
		return qemu.insn_copy(insn, ret, length);
	memcpy(ret, qemu.insn_pointer(insn), length);
	return length;
}

static void watch(struct qemu_plugin_tb *tb, struct mark *mark)
{
	if (qemu.clock_ns)
		state.translated = qemu.clock_ns(CLOCK_VIRTUAL);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, at_mark, CB_NO_REGS, mark);
}

/* mov to CR3: 0f 22 /3, perhaps behind a REX prefix (Intel SDM, volume 2, "MOV - Control registers"). */
static bool writes_cr3(const uint8_t *bytes, size_t length)
{
	if (length && (bytes[0] & 0xf0) == 0x40) {
		bytes++;
		length--;
	}
	return length == 3 && bytes[0] == 0x0f && bytes[1] == 0x22 && (bytes[2] & 0x38) == 0x18;
}

static void see_own_program(struct qemu_plugin_tb *tb, const uint8_t *bytes, size_t length)
{
	if (length != sizeof(exec_bytes))
		return;
	if (!memcmp(bytes, exec_bytes, length))
		watch(tb, &mark_exec);
	else if (!memcmp(bytes, init_bytes, length))
		watch(tb, &mark_init);
}

static void see_entry(struct qemu_plugin_tb *tb, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < state.marks_count; i++) {
		struct mark *mark = &state.marks[i];

		if (mark->kind == ENTRY && length >= mark->length &&
		    !memcmp(bytes, mark->bytes, mark->length))
			watch(tb, mark);
	}
}

/* User programs, and whatever runs where memory is mapped one to one. */
static void see_low(struct qemu_plugin_tb *tb, uint64_t address)
{
	uint8_t bytes[PATTERN_MAX + 16], insn[16];
	size_t have = 0;

	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		size_t length = insn_bytes(qemu_plugin_tb_get_insn(tb, i), insn, sizeof(insn));

		if (have < PATTERN_MAX) {
			memcpy(bytes + have, insn, length);
			have += length;
		}
		see_own_program(tb, insn, length);
		if (state.phase && !state.shift_known && writes_cr3(insn, length) &&
		    !strcmp(state.phase->name, mark_exec.name)) {
			state.copy_page = address >> 12;
			watch(tb, &mark_copy);
		}
	}
	if (!state.phase)
		return;
	if (state.copying && address >> 12 != state.copy_page)
		watch(tb, &mark_jumped);
	see_entry(tb, bytes, have);
}

static void see_function(struct qemu_plugin_tb *tb, uint64_t address)
{
	for (size_t i = 0; i < state.marks_count; i++) {
		struct mark *mark = &state.marks[i];

		if (mark->kind == SWITCH && address - mark->address < SWITCH_BYTES) {
			for (size_t j = 0; j < qemu_plugin_tb_n_insns(tb); j++)
				qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(tb, j),
								 at_access, CB_NO_REGS, MEM_RW,
								 NULL);
		} else if (mark->kind != ENTRY && mark->address == address) {
			watch(tb, mark);
		}
	}
}

static void at_translation(plugin_id id, struct qemu_plugin_tb *tb)
{
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	struct plugin_u64 entry = { .score = state.score, .offset = 0 };

	if (qemu.add_per_vcpu)
		qemu.add_per_vcpu(tb, INLINE_ADD, entry, qemu_plugin_tb_n_insns(tb));
	else
		qemu.add(tb, INLINE_ADD, &state.counter, qemu_plugin_tb_n_insns(tb));
	if (address < KERNEL_HALF)
		return see_low(tb, address);
	if (!state.phase || address < KERNEL_TEXT)
		return;
	/* The first code at a high address after the second kernel's entry tells where it runs. */
	if (!state.shift_known && !strcmp(state.phase->name, "kernel start")) {
		state.shift = (address - state.text) & ~(KASLR_ALIGN - 1);
		state.shift_known = true;
	}
	if (state.shift_known)
		see_function(tb, address - state.shift);
}

static bool read_bytes(const char *text, struct mark *mark)
{
	unsigned int byte;

	for (; sscanf(text, "%2x", &byte) == 1; text += 2) {
		if (mark->length == PATTERN_MAX)
			return false;
		mark->bytes[mark->length++] = (uint8_t)byte;
	}
	return mark->length;
}

/* "text ADDRESS", "entry BYTES NAME" or "KIND ADDRESS NAME", numbers in hexadecimal. */
static bool read_line(const char *line)
{
	char kind[16], value[64], name[32] = "";
	struct mark *mark = &state.marks[state.marks_count];

	if (sscanf(line, "%15s %63s %31[^\n]", kind, value, name) < 2)
		return false;
	if (!strcmp(kind, "text")) {
		state.text = strtoull(value, NULL, 16);
		return true;
	}
	for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
		if (strcmp(kind, kind_names[i]))
			continue;
		if (++state.marks_count == MARKS_MAX)
			return false;
		mark->kind = (enum kind)i;
		snprintf(mark->name, sizeof(mark->name), "%s", name);
		mark->address = strtoull(value, NULL, 16);
		return mark->kind != ENTRY || read_bytes(value, mark);
	}
	return false;
}

static bool read_config(const char *path)
{
	char line[256];
	bool good = true;
	FILE *file = fopen(path, "re");

	if (!file)
		return false;
	while (good && fgets(line, sizeof(line), file))
		good = read_line(line);
	fclose(file);
	return good;
}

static void *symbol(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}

/* QEMU reads qemu_plugin_version before it calls anything of ours. */
__attribute__((constructor)) static void look_up(void)
{
	qemu.clock_ns = symbol("qemu_clock_get_ns");
	if (symbol("qemu_plugin_scoreboard_new")) {
		qemu_plugin_version = 2;
		qemu.scoreboard_new = symbol("qemu_plugin_scoreboard_new");
		qemu.scoreboard_find = symbol("qemu_plugin_scoreboard_find");
		qemu.add_per_vcpu = symbol("qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu");
	} else {
		qemu.add = symbol("qemu_plugin_register_vcpu_tb_exec_inline");
	}
}

EXPORT int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			state.out = argv[i] + 4;
		else if (strncmp(argv[i], "config=", 7) || !read_config(argv[i] + 7))
			return -1;
	}
	if (!state.out)
		return -1;
	/* Version 3 of the interface changed this function's form under its old name. */
	if (info->version.cur >= 3)
		qemu.insn_copy = symbol("qemu_plugin_insn_data");
	else
		qemu.insn_pointer = symbol("qemu_plugin_insn_data");
	if (qemu.scoreboard_new)
		state.score = qemu.scoreboard_new(sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, at_translation);
	return 0;
}
