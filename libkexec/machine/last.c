// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How long the jump took that started this kernel. The time stamp counter runs through it: purgatory leaves it in
 * a struct kx_times, kx_exec()'s caller in a file; and the running kernel's clock, read beside the counter, says where on that
 * clock it stood.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "abi/handoff.h"
#include "base/overflow.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "machine/x86/cpuid.h"
#include "util.h"

#define NODES "/sys/kernel/boot_params/setup_data"
#define NOTE_FOLDER "var/lib/kexec"
#define NOTE NOTE_FOLDER "/last"

/* In a captured machine: what klogctl() and the clocks say on a live one. */
#define LOG_FILE "/kexec-next/log"
#define CLOCK_FILE "/kexec-next/clock"

#define SYSLOG_ACTION_READ_ALL 3
#define CAP_LOG (4U << 20)

#define NS_PER_S UINT64_C(1000000000)

/* Long enough for five digits of the counter's rate. */
#define SAMPLE_NS (20 * 1000 * 1000)

/* An error of the rate that sampling leaves, as a fraction, and how much time it may come to. */
#define SAMPLE_ERROR 20000
#define SAMPLE_ERROR_MAX_NS (10 * 1000 * 1000)

/**
 * struct clock - the running kernel's clock
 * @ticks, @raw_ns: the counter and CLOCK_MONOTONIC_RAW, read together
 * @khz: the counter's rate; 0 unknown
 */
struct clock {
	uint64_t ticks, raw_ns, khz;
};

const char *kx_phase_name(enum kx_phase phase)
{
	static const char *const names[KX_PHASE_COUNT] = { "shutdown", "jump", "kernel", "init" };

	return names[phase];
}

/* ---- what was left on the way ---------------------------------------------------------------- */

static bool read_node(struct kx_root *root, const char *name, struct kx_times *ret)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	char path[512];
	uint64_t type;

	snprintf(path, sizeof(path), NODES "/%.200s/type", name);
	if (kx_root_u64(root, path, &type) < 0 || type != KX_TIMES_SETUP_TYPE)
		return false;
	snprintf(path, sizeof(path), NODES "/%.200s/data", name);
	if (kx_root_read(root, path, KX_CAP_VALUE, &blob) < 0 || blob.size != sizeof(*ret) ||
	    kx_le64(blob.data) != KX_TIMES_MAGIC)
		return false;
	*ret = (struct kx_times){
		.magic = KX_TIMES_MAGIC,
		.loaded = kx_le64(blob.data + offsetof(struct kx_times, loaded)),
		.entered = kx_le64(blob.data + offsetof(struct kx_times, entered)),
		.left = kx_le64(blob.data + offsetof(struct kx_times, left)),
	};
	return ret->loaded <= ret->entered && ret->entered <= ret->left;
}

static bool find_times(struct kx_root *root, struct kx_times *ret)
{
	_cleanup_(kx_names_clear) struct kx_names names = { 0 };
	bool found = false;

	if (kx_root_list(root, NODES, &names) < 0)
		return false;
	for (size_t i = 0; i < names.count && !found; i++)
		found = read_node(root, names.v[i], ret);
	return found;
}

void kx_last_note(const char *root)
{
	char path[4096], text[64];
	_cleanup_(kx_closep) int fd = -1;
	int size;

	snprintf(path, sizeof(path), "%s/" NOTE_FOLDER, root);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return;
	snprintf(path, sizeof(path), "%s/" NOTE, root);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	size = snprintf(text, sizeof(text), "%llu %lld\n", (unsigned long long)kx_cpuid_ticks(),
			(long long)time(NULL));
	if (write(fd, text, (size_t)size) != size)
		(void)!ftruncate(fd, 0);
}

/* Counts only if it is of the same jump: after the load, before purgatory. */
static bool read_note(struct kx_root *root, const struct kx_times *times, uint64_t *ret)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_view rest, word;

	if (kx_root_read(root, "/" NOTE, KX_CAP_VALUE, &blob) < 0)
		return false;
	rest = kx_blob_view(&blob);
	return kx_text_word(&rest, &word) && kx_text_u64(word, 10, ret) && *ret >= times->loaded &&
	       *ret <= times->entered;
}

/* ---- this kernel's clock --------------------------------------------------------------------- */

static int read_log(struct kx_root *root, struct kx_blob *ret)
{
	int size;

	if (!root->live)
		return kx_root_read(root, LOG_FILE, CAP_LOG, ret);
	ret->data = malloc(CAP_LOG);
	if (!ret->data)
		return -ENOMEM;
	size = klogctl(SYSLOG_ACTION_READ_ALL, (char *)ret->data, CAP_LOG);
	ret->size = size > 0 ? (size_t)size : 0;
	return 0;
}

/* "<6>[    1.234567] text": the time in nanoseconds, and the text. */
static bool split_line(struct kx_view line, uint64_t *ret_ns, struct kx_view *ret_text)
{
	struct kx_view before, seconds, micros, stamp;
	uint64_t s, us;

	if (!kx_text_field(&line, '[', &before) || !kx_text_field(&line, ']', &stamp) ||
	    !kx_text_field(&stamp, '.', &seconds))
		return false;
	micros = kx_text_trim(stamp);
	if (micros.size != 6 || !kx_text_u64(kx_text_trim(seconds), 10, &s) ||
	    !kx_text_u64(micros, 10, &us) || s > UINT32_MAX)
		return false;
	*ret_ns = s * NS_PER_S + us * 1000;
	*ret_text = kx_text_trim(line);
	return true;
}

/* When init began: the last such line, since there may be an attempt before. run_init_process() in init/main.c. */
static bool init_began(struct kx_view log, uint64_t *ret_ns)
{
	struct kx_view line, text;
	bool found = false;
	uint64_t ns;

	while (kx_text_line(&log, &line)) {
		if (!split_line(line, &ns, &text) || !kx_text_starts(text, "Run ") ||
		    !kx_text_contains(text, " as init process"))
			continue;
		*ret_ns = ns;
		found = true;
	}
	return found;
}

static bool init_ended(struct kx_view log, uint64_t *ret_ns)
{
	struct kx_view line, text;

	while (kx_text_line(&log, &line))
		if (split_line(line, ret_ns, &text) &&
		    kx_text_starts(text, "systemd[1]: Startup finished in"))
			return true;
	return false;
}

/* "tsc: Refined TSC clocksource calibration: 2592.004 MHz", or, before that, "tsc: Detected 2592.000 MHz processor". */
static uint64_t khz_of_log(struct kx_view log)
{
	struct kx_view line, text, word, whole;
	uint64_t ns, mhz, khz, found = 0;

	while (kx_text_line(&log, &line)) {
		if (!split_line(line, &ns, &text) ||
		    (!kx_text_starts(text, "tsc: Refined TSC clocksource calibration:") &&
		     !kx_text_starts(text, "tsc: Detected ")))
			continue;
		while (kx_text_word(&text, &word)) {
			if (!kx_text_field(&word, '.', &whole) || word.size != 3 ||
			    !kx_text_u64(whole, 10, &mhz) || !kx_text_u64(word, 10, &khz) ||
			    mhz > UINT32_MAX)
				continue;
			found = mhz * 1000 + khz;
		}
	}
	return found;
}

static void read_now(struct clock *clock)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	clock->ticks = kx_cpuid_ticks();
	clock->raw_ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* The rate by a look at both clocks a moment apart, where that is exact enough for how long they have been running. */
static uint64_t khz_of_clock(const struct clock *start)
{
	struct clock end = *start;

	if (start->raw_ns / SAMPLE_ERROR > SAMPLE_ERROR_MAX_NS)
		return 0;
	while (end.raw_ns - start->raw_ns < SAMPLE_NS)
		read_now(&end);
	return (end.ticks - start->ticks) * 1000000 / (end.raw_ns - start->raw_ns);
}

static bool read_saved(struct kx_root *root, struct clock *clock)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_view rest, ticks, ns;

	if (kx_root_read(root, CLOCK_FILE, KX_CAP_VALUE, &blob) < 0)
		return false;
	rest = kx_blob_view(&blob);
	return kx_text_word(&rest, &ticks) && kx_text_word(&rest, &ns) &&
	       kx_text_u64(ticks, 10, &clock->ticks) && kx_text_u64(ns, 10, &clock->raw_ns);
}

static void read_clock(struct kx_root *root, struct kx_view log, struct clock *clock)
{
	if (root->live)
		read_now(clock);
	else if (!read_saved(root, clock))
		return;
	clock->khz = khz_of_log(log);
	if (!clock->khz && root->live && clock->ticks)
		clock->khz = khz_of_clock(clock);
}

/* ---- put together ---------------------------------------------------------------------------- */

static void set(struct kx_last_phase *phase, uint64_t ns)
{
	*phase = (struct kx_last_phase){ .known = true, .ns = ns };
}

static uint64_t ns_of_ticks(const struct clock *clock, uint64_t ticks)
{
	return (uint64_t)((__uint128_t)ticks * 1000000 / clock->khz);
}

/* The kernel's own clock starts some time after its entry; @init_ns is on it. */
static bool kernel_ns(const struct clock *clock, const struct kx_times *times, uint64_t init_ns,
		      uint64_t *ret)
{
	uint64_t since = ns_of_ticks(clock, clock->ticks - times->left);

	if (clock->ticks < times->left || kx_add_overflow(since, init_ns, &since) ||
	    since < clock->raw_ns)
		return false;
	*ret = since - clock->raw_ns;
	return true;
}

static void fill(struct kx_last *last, struct kx_root *root, const struct kx_times *times,
		 struct kx_view log)
{
	struct clock clock = { 0 };
	uint64_t began = 0, ns;

	if (init_began(log, &began) && init_ended(log, &ns) && ns >= began)
		set(&last->phases[KX_PHASE_INIT], ns - began);
	read_clock(root, log, &clock);
	if (!clock.khz)
		return;
	set(&last->phases[KX_PHASE_JUMP], ns_of_ticks(&clock, times->left - times->entered));
	if (read_note(root, times, &ns))
		set(&last->phases[KX_PHASE_SHUTDOWN], ns_of_ticks(&clock, times->entered - ns));
	else
		last->phases[KX_PHASE_SHUTDOWN].why = "the old kernel left no time behind";
	if (began && kernel_ns(&clock, times, began, &ns))
		set(&last->phases[KX_PHASE_KERNEL], ns);
	else
		last->phases[KX_PHASE_KERNEL].why =
			began ? "its clock does not fit the time stamp counter"
			      : "its log does not say, or no longer, when init began";
}

int kx_last_read(const char *path, struct kx_last *ret, struct kx_error *err)
{
	_cleanup_(kx_root_close) struct kx_root root = KX_ROOT_NONE;
	_cleanup_(kx_blob_clear) struct kx_blob log = { 0 };
	struct kx_times times;
	struct kx_last last = { 0 };
	int r = kx_root_open(path, &root, err);

	if (r < 0)
		return r;
	if (!find_times(&root, &times))
		return kx_fail(err, ENODATA,
			       "not known: this kernel was not started by kexec-next's kexec_load, "
			       "or " NODES " is not readable");
	for (size_t i = 0; i < KX_PHASE_INIT; i++)
		last.phases[i].why = "the rate of the time stamp counter is not known";
	last.phases[KX_PHASE_INIT].why = "the kernel's log does not say when init was done";
	if (read_log(&root, &log) == -ENOMEM)
		return kx_fail(err, ENOMEM, "out of memory");
	fill(&last, &root, &times, kx_blob_view(&log));
	*ret = last;
	return 0;
}
