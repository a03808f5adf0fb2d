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

#define CLOCK_SOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

#define SYSLOG_ACTION_READ_ALL 3
#define CAP_LOG (4U << 20)

#define NS_PER_S UINT64_C(1000000000)

/* Long enough for five digits of the counter's rate, since the clocks are read within a microsecond of each other. */
#define SAMPLE_NS (20 * 1000 * 1000)

/*
 * By what fraction the counter's rate and the clock's may differ: by sampling; and where the clock is the counter, whose
 * kHz the log has in full, by the rounding of the factor between them, which has 22 bits and more up to 7 GHz
 * (clocks_calc_mult_shift() in kernel/time/clocksource.c, for 600 s). How much time that may come to since the boot.
 */
#define SAMPLE_ERROR 20000
#define FACTOR_ERROR (1 << 22)
#define ERROR_MAX_NS (10 * 1000 * 1000)

/**
 * struct clock - the running kernel's clock
 * @ticks, @raw_ns: the counter and CLOCK_MONOTONIC_RAW, read together
 * @khz: the counter's rate; 0 unknown
 * @why: why the two cannot be compared over all the time since the boot; NULL when they can
 */
struct clock {
	uint64_t ticks, raw_ns, khz;
	const char *why;
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

static uint64_t ns_of(clockid_t id)
{
	struct timespec now = { 0 };

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Of a few attempts the one that was disturbed least. */
static void read_now(struct clock *clock)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < 5; i++) {
		uint64_t before = kx_cpuid_ticks(), ns = ns_of(CLOCK_MONOTONIC_RAW);
		uint64_t took = kx_cpuid_ticks() - before;

		if (took >= least)
			continue;
		least = took;
		clock->ticks = before + took / 2;
		clock->raw_ns = ns;
	}
}

static uint64_t khz_of_clock(const struct clock *start)
{
	struct clock end = *start;

	while (end.raw_ns - start->raw_ns < SAMPLE_NS)
		read_now(&end);
	return (end.ticks - start->ticks) * 1000000 / (end.raw_ns - start->raw_ns);
}

/* "counter nanoseconds", and a third number, not 0, for a machine that slept. */
static bool read_saved(struct kx_root *root, struct clock *clock, bool *ret_slept)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_view rest, ticks, ns, slept;
	uint64_t slept_ns;

	if (kx_root_read(root, CLOCK_FILE, KX_CAP_VALUE, &blob) < 0)
		return false;
	rest = kx_blob_view(&blob);
	if (!kx_text_word(&rest, &ticks) || !kx_text_word(&rest, &ns) ||
	    !kx_text_u64(ticks, 10, &clock->ticks) || !kx_text_u64(ns, 10, &clock->raw_ns))
		return false;
	*ret_slept = kx_text_word(&rest, &slept) && kx_text_u64(slept, 10, &slept_ns) && slept_ns;
	return true;
}

/* Only CLOCK_BOOTTIME goes on while the machine sleeps: clock_gettime(2). Nothing says what the counter does meanwhile. */
static bool has_slept(void)
{
	uint64_t boot = ns_of(CLOCK_BOOTTIME);

	return boot > ns_of(CLOCK_MONOTONIC);
}

/* "tsc", or "tsc-early" for its first second. */
static bool is_by_counter(struct kx_root *root)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };

	return kx_root_read(root, CLOCK_SOURCE, KX_CAP_VALUE, &blob) == 0 &&
	       kx_text_starts(kx_blob_view(&blob), "tsc");
}

static void read_clock(struct kx_root *root, struct kx_view log, struct clock *clock)
{
	bool slept = false, by_counter = is_by_counter(root);
	uint64_t error = FACTOR_ERROR;

	if (root->live) {
		read_now(clock);
		slept = has_slept();
	} else if (!read_saved(root, clock, &slept)) {
		return;
	}
	clock->khz = khz_of_log(log);
	if ((!clock->khz || !by_counter) && root->live && clock->ticks) {
		clock->khz = khz_of_clock(clock);
		error = SAMPLE_ERROR;
	} else if (!by_counter) {
		clock->why = "its clock is not the time stamp counter";
	}
	if (slept)
		clock->why = "the machine was suspended since";
	else if (clock->raw_ns / error > ERROR_MAX_NS)
		clock->why =
			"it has been running for too long: by now its clock and the time stamp "
			"counter may differ by more than 10 ms";
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
	if (!began)
		clock.why = "its log does not say, or no longer, when init began";
	else if (!clock.why && !kernel_ns(&clock, times, began, &ns))
		clock.why = "its clock does not fit the time stamp counter";
	if (clock.why)
		last->phases[KX_PHASE_KERNEL].why = clock.why;
	else
		set(&last->phases[KX_PHASE_KERNEL], ns);
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
