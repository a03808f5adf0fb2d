// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kexec crash test: the least memory in which the capture kernel starts, unpacks its initrd and has room for the programs,
 * found by starting it in virtual machines of less and less. They have no disk and no network; QEMU runs without
 * privileges, and nothing of this machine changes.
 *
 * It is the very kernel and initrd; behind the initrd comes one more archive with a process that takes the place of its
 * init (tools/trial/init.c). The initrd's own init is not started: without the machine's disks it would wait for them. What
 * it takes is among the programs, by a rule.
 */
#include "cmd_crash.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/overflow.h"
#include "cmdline.h"
#include "crash/crash.h"
#include "initrd.h"
#include "json.h"
#include "names.h"
#include "source.h"
#include "trial/trial.h"
#include "trial/words.h"
#include "util.h"

#define TIMEOUT 600
/* How long hardware virtualization may take to say anything, before it is taken for broken: on some nested hosts it is. */
#define KVM_TIMEOUT 20
/* A boot that takes so many times as long as one that went well, and some seconds, will not end. */
#define SLOWER 4
#define SLOWER_SECONDS 10

#define STEP (4 * MIB)
/* Where the decompressor goes if it can choose: CONFIG_PHYSICAL_START. */
#define KERNEL_START (16 * MIB)
#define LARGEST (UINT64_C(16) << 30)
#define BOOT_MAX 24
#define CPU_MAX 64
#define NOBODY 65534
#define CONSOLE_MAX (64 * 1024)

/* ---- one boot -------------------------------------------------------------------------------- */

/**
 * struct boot - what became of one
 * @late: it was ended for the time that it took
 * @why: why it failed
 * @available: MemAvailable when the initrd was unpacked, in bytes; 0 if it did not get so far
 */
struct boot {
	uint64_t memory;
	bool ok, late;
	char why[160];
	double seconds;
	uint64_t available;
};

/**
 * struct trial - all boots
 * @kernel, @initrd: files in memory
 * @limit: how long one boot may take
 */
struct trial {
	const struct kx_target *target;
	char *qemu, *cmdline;
	int kernel, initrd;
	bool kvm;
	double end, limit;
	struct boot boots[BOOT_MAX];
	size_t count;
};

/* What the guest said, cut to its end. */
struct console {
	char text[CONSOLE_MAX + 1];
	size_t size;
};

static double now(void)
{
	struct timespec time = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* QEMU starts as nobody, so that a guest that breaks out of it gets nothing. */
static bool become_nobody(void)
{
	return geteuid() != 0 ||
	       (setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
}

static bool kvm_is_for_nobody(void)
{
	struct stat st;

	if (geteuid() != 0)
		return access("/dev/kvm", R_OK | W_OK) == 0;
	return stat("/dev/kvm", &st) == 0 && (st.st_mode & 06) == 06;
}

/* @parent: us; if it is gone already, nobody will end what is started here. */
static void run_qemu(const struct trial *trial, uint64_t memory, int output, pid_t parent)
{
	char kernel[32], initrd[32], size[24], cpus[16];
	unsigned count = trial->target->load.cpus < CPU_MAX ? trial->target->load.cpus : CPU_MAX;
	const char *const argv[] = {
		trial->qemu, "-machine", "q35", "-accel", trial->kvm ? "kvm" : "tcg",
		/* Kernels from 6.12 on panic now and then in QEMU 7.2's emulation of cmpxchg16b. */
		"-cpu", trial->kvm ? "host" : "qemu64,-cx16", "-smp", cpus, "-m", size,
		"-nodefaults", "-no-user-config", "-display", "none", "-nic", "none", "-no-reboot",
		"-sandbox",
		"on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
		"-serial", "stdio", "-kernel", kernel, "-initrd", initrd, "-append", trial->cmdline,
		NULL
	};

	snprintf(kernel, sizeof(kernel), "/proc/self/fd/%d", trial->kernel);
	snprintf(initrd, sizeof(initrd), "/proc/self/fd/%d", trial->initrd);
	snprintf(size, sizeof(size), "%" PRIu64 "M", memory / MIB);
	snprintf(cpus, sizeof(cpus), "%u", count);
	if (dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0) < 0 || dup2(output, 1) < 0 ||
	    dup2(output, 2) < 0 || !become_nobody())
		_exit(1);
	/* A change of user takes this back, so it comes last. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	execv(trial->qemu, (char *const *)(uintptr_t)argv);
	dprintf(2, "%s: %s\n", trial->qemu, strerror(errno));
	_exit(1);
}

/* Reads on until the guest is done, ends, or the time is over. Return: false when time was over. */
static bool listen_to(int input, double end, struct console *console)
{
	struct pollfd fd = { .fd = input, .events = POLLIN };
	ssize_t n;

	while (!strstr(console->text, KX_TRIAL_DONE) && !strstr(console->text, KX_TRIAL_FULL)) {
		double left = end - now();

		if (left <= 0)
			return false;
		if (poll(&fd, 1, (int)(left * 1000) + 1) <= 0)
			continue;
		if (console->size == CONSOLE_MAX) { /* the newer half stays */
			console->size /= 2;
			memmove(console->text, console->text + console->size, console->size);
		}
		n = read(input, console->text + console->size, CONSOLE_MAX - console->size);
		if (n <= 0)
			return true;
		for (char *p = console->text + console->size; n-- > 0; p++, console->size++)
			*p = *p ? *p : '?';
		console->text[console->size] = '\0';
	}
	return true;
}

static void copy_line(const char *line, char *ret, size_t size)
{
	size_t n = strcspn(line, "\r\n");

	snprintf(ret, size, "%.*s", (int)(n < size ? n : size - 1), line);
	for (char *p = ret; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

static uint64_t available(const char *text)
{
	const char *line = strstr(text, "MemAvailable:");

	return line ? strtoull(line + strlen("MemAvailable:"), NULL, 10) * 1024 : 0;
}

static void judge(const struct console *console, bool in_time, int status, struct boot *boot)
{
	const char *up = strstr(console->text, KX_TRIAL_UP);
	const char *panic = strstr(console->text, "Kernel panic");

	boot->available = up ? available(up) : 0;
	boot->ok = strstr(console->text, KX_TRIAL_DONE) != NULL;
	boot->late = !in_time;
	if (boot->ok)
		return;
	if (strstr(console->text, KX_TRIAL_FULL) || (up && panic))
		copy_line("no room for the programs", boot->why, sizeof(boot->why));
	else if (panic)
		copy_line(panic, boot->why, sizeof(boot->why));
	else if (!in_time)
		copy_line("it took too long", boot->why, sizeof(boot->why));
	else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		copy_line(console->text, boot->why, sizeof(boot->why));
	else
		copy_line("it ended without a word", boot->why, sizeof(boot->why));
}

/* Errors: -EIO when QEMU itself does not start; -EAGAIN when there is no process for it; -ENOMEM. */
static int boot_once(struct trial *trial, struct boot *boot, double limit, struct kx_error *err)
{
	_cleanup_free_ struct console *console = calloc(1, sizeof(*console));
	double begin = now(), end = begin + limit < trial->end ? begin + limit : trial->end;
	int pipe_fds[2], status = 0;
	bool in_time;
	pid_t child, parent = getpid();

	if (!console || pipe2(pipe_fds, O_CLOEXEC) < 0)
		return kx_fail(err, ENOMEM, "out of memory");
	child = fork();
	if (child == 0)
		run_qemu(trial, boot->memory, pipe_fds[1], parent);
	if (child < 0)
		kx_fail(err, errno, "cannot start QEMU: %s", strerror(errno));
	close(pipe_fds[1]);
	in_time = child > 0 && listen_to(pipe_fds[0], end, console);
	close(pipe_fds[0]);
	if (child < 0)
		return -EAGAIN;
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	boot->seconds = now() - begin;
	judge(console, in_time, status, boot);
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		return kx_fail(err, EIO, "QEMU does not start: %s", boot->why);
	return 0;
}

static void tell(const struct boot *boot)
{
	if (boot->ok)
		kx_say("with %s: runs, %s available to programs, %.1f s",
		       kx_size_text(boot->memory).s, kx_size_text(boot->available).s,
		       boot->seconds);
	else
		kx_say("with %s: %s, %.1f s", kx_size_text(boot->memory).s, boot->why,
		       boot->seconds);
}

static int boot_with(struct trial *trial, uint64_t memory, bool *ret_ok, struct kx_error *err)
{
	struct boot *boot = &trial->boots[trial->count];
	bool is_first = trial->count == 0;
	int r;

	*boot = (struct boot){ .memory = memory };
	r = boot_once(trial, boot, is_first && trial->kvm ? KVM_TIMEOUT : trial->limit, err);
	if (is_first && trial->kvm && (r < 0 || boot->late)) {
		kx_say("KVM does not help here; going on without, which is slower");
		trial->kvm = false;
		*boot = (struct boot){ .memory = memory };
		r = boot_once(trial, boot, trial->limit, err);
	}
	if (r < 0)
		return r;
	trial->count++;
	tell(boot);
	if (boot->ok && boot->seconds * SLOWER + SLOWER_SECONDS < trial->limit)
		trial->limit = boot->seconds * SLOWER + SLOWER_SECONDS;
	*ret_ok = boot->ok;
	return 0;
}

/* ---- the least ------------------------------------------------------------------------------- */

/**
 * struct bounds - what is known
 * @fails: with so much it does not run
 * @runs: with so much it does; 0 for not known
 * @tried: @fails is what a boot showed, not only what is thought
 */
struct bounds {
	uint64_t fails, runs;
	bool tried;
};

static uint64_t guess(const struct trial *trial, const struct bounds *bounds, uint64_t reserved)
{
	const struct kx_crash_need *need = &trial->target->need;

	if (!trial->count)
		return reserved ? reserved : need->recommended;
	if (!bounds->runs)
		return bounds->fails < need->recommended ? need->recommended
							 : bounds->fails + bounds->fails / 2;
	/* What the rules say is a better guess than the middle of what may be far apart. */
	if (bounds->fails < need->needed && need->needed + STEP < bounds->runs &&
	    bounds->runs > need->needed + need->needed / 8)
		return need->needed;
	return bounds->fails + (bounds->runs - bounds->fails) / 2;
}

static bool is_known(const struct bounds *bounds)
{
	uint64_t step = bounds->runs / 32 > STEP ? bounds->runs / 32 : STEP;

	return bounds->runs && bounds->runs - bounds->fails <= step;
}

/* A boot that was cut off by the end of all time says nothing. */
static void learn(const struct trial *trial, uint64_t memory, bool ok, struct bounds *bounds)
{
	if (ok) {
		bounds->runs = memory;
	} else if (!trial->boots[trial->count - 1].late || now() < trial->end) {
		bounds->fails = memory;
		bounds->tried = true;
	}
	if (bounds->runs && bounds->fails >= bounds->runs) {
		bounds->fails = bounds->runs - STEP; /* less than anybody would think */
		bounds->tried = false;
	}
}

/* Errors: -ETIMEDOUT when there was no time to find out anything; -ENOSPC when it runs with nothing. */
static int find_least(struct trial *trial, uint64_t reserved, struct bounds *bounds,
		      struct kx_error *err)
{
	const struct kx_crash_load *load = &trial->target->load;

	bounds->fails = kx_align_up(KERNEL_START + load->kernel + load->initrd_packed, STEP);
	while (!is_known(bounds) && trial->count < BOOT_MAX && now() < trial->end) {
		uint64_t memory = kx_align_up(guess(trial, bounds, reserved), STEP);
		bool ok = false;
		int r;

		if (memory > LARGEST)
			return kx_fail(err, ENOSPC,
				       "it does not run with %s either: the kernel or the initrd "
				       "is not fit for QEMU, or a capture kernel",
				       kx_size_text(bounds->fails).s);
		r = boot_with(trial, memory, &ok, err);
		if (r < 0)
			return r;
		learn(trial, memory, ok, bounds);
	}
	return bounds->runs ? 0
			    : kx_fail(err, ETIMEDOUT,
				      "there was no time to find out; give "
				      "--timeout more seconds");
}

/* ---- before and after ------------------------------------------------------------------------ */

/* NULL if there is none. RHEL's has its own place. */
static char *find_qemu(void)
{
	const char *path = getenv("PATH");
	char *found;

	while (path && *path) {
		size_t n = strcspn(path, ":");

		if (asprintf(&found, "%.*s/qemu-system-x86_64", (int)n, path) < 0)
			return NULL;
		if (access(found, X_OK) == 0)
			return found;
		free(found);
		path += n + (path[n] == ':');
	}
	return access("/usr/libexec/qemu-kvm", X_OK) ? NULL : strdup("/usr/libexec/qemu-kvm");
}

static bool write_all(int fd, struct kx_view bytes, uint64_t offset)
{
	while (bytes.size) {
		ssize_t n = pwrite(fd, bytes.data, bytes.size, (off_t)offset);

		if (n <= 0)
			return false;
		bytes.data += n;
		bytes.size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return true;
}

/* The initrds as they are, then the archive with the trial's own process; a bootconfig stays last. */
static int write_initrd(const struct kx_request *request, int fd, struct kx_error *err)
{
	_cleanup_(kx_initrd_clear) struct kx_initrd initrd = { 0 };
	_cleanup_free_ const struct kx_source **sources = NULL;
	_cleanup_free_ uint8_t *archive = NULL;
	struct kx_source *own = NULL;
	size_t size = 0, count = request->initrd_count;
	int r = kx_trial_archive(&archive, &size, err);

	if (r == 0)
		r = kx_source_from_memory("trial", archive, size, &own, err);
	if (r < 0)
		return r;
	sources = calloc(count + 1, sizeof(*sources));
	if (!sources)
		r = kx_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i <= count; i++)
		sources[i] = i < count ? request->initrds[i] : own;
	if (r == 0)
		r = kx_initrd_layout(sources, count + 1, 4, 0, &initrd, err);
	for (size_t i = 0; r == 0 && i < initrd.count; i++)
		if (!write_all(fd, initrd.parts[i].bytes, initrd.parts[i].offset))
			r = kx_fail(err, ENOMEM, "no memory for a copy of the initrd");
	kx_source_free(own);
	return r;
}

/* Ours come last of what is for the kernel, and so count. */
static char *make_cmdline(const struct kx_target *target)
{
	const char *given = target->order.cmdline;
	uint64_t programs =
		target->need.pieces[KX_CRASH_PROGRAMS] + target->need.pieces[KX_CRASH_BITMAPS];
	char *cmdline;

	if (asprintf(&cmdline,
		     "%.*s console=ttyS0 loglevel=4 panic=-1 rdinit=/" KX_TRIAL_PATH
		     " " KX_TRIAL_WORD "=%" PRIu64,
		     (int)kx_cmdline_kernel_part(given), given, programs / 1024) < 0)
		return NULL;
	return cmdline;
}

static int prepare(struct trial *trial, struct kx_error *err)
{
	const struct kx_request *request = &trial->target->order.request;

	trial->kernel = memfd_create("kernel", 0);
	trial->initrd = memfd_create("initrd", 0);
	trial->cmdline = make_cmdline(trial->target);
	trial->kvm = kvm_is_for_nobody();
	if (trial->kernel < 0 || trial->initrd < 0 || !trial->cmdline ||
	    !write_all(trial->kernel, kx_source_view(request->kernel), 0))
		return kx_fail(err, ENOMEM, "no memory for a copy of the kernel");
	return write_initrd(request, trial->initrd, err);
}

static void trial_clear(struct trial *trial)
{
	kx_closep(&trial->kernel);
	kx_closep(&trial->initrd);
	free(trial->cmdline);
	free(trial->qemu);
}

static void print_json(const struct trial *trial, const struct bounds *bounds, uint64_t reserved,
		       bool known)
{
	struct json_object *json = kx_json_new(), *boots = json_object_new_array();

	kx_target_json(json, trial->target);
	for (size_t i = 0; i < trial->count; i++) {
		const struct boot *boot = &trial->boots[i];
		struct json_object *item = json_object_new_object();

		kx_json_size(item, "memory", boot->memory);
		json_object_object_add(item, "runs", json_object_new_boolean(boot->ok));
		kx_json_string(item, "why_not", boot->ok ? NULL : boot->why);
		kx_json_size(item, "available", boot->available);
		json_object_object_add(item, "seconds", json_object_new_double(boot->seconds));
		json_object_array_add(boots, item);
	}
	json_object_object_add(json, "boots", boots);
	kx_json_size(json, "estimated", trial->target->need.needed);
	kx_json_size(json, "needed", bounds->runs);
	json_object_object_add(json, "exact",
			       json_object_new_boolean(is_known(bounds) && bounds->tried));
	kx_json_size(json, "recommended", kx_crash_recommend(bounds->runs));
	if (known)
		kx_json_size(json, "reserved", reserved);
	else
		kx_json_string(json, "reserved", NULL);
	kx_json_print(stdout, json);
}

static void print_text(const struct trial *trial, const struct bounds *bounds, uint64_t reserved,
		       bool known)
{
	const struct kx_crash_need *need = &trial->target->need;

	kx_target_print(trial->target);
	if (is_known(bounds) && bounds->tried)
		printf("%-*s%s; with %s it does not run\n", COLUMN, "needed",
		       kx_size_text(bounds->runs).s, kx_size_text(bounds->fails).s);
	else
		printf("%-*sat most %s; %s\n", COLUMN, "needed", kx_size_text(bounds->runs).s,
		       is_known(bounds) ? "less was not tried"
					: "there was no time to find out more");
	printf("%-*s%s for the programs, by a rule\n", COLUMN, "of which",
	       kx_size_text(need->pieces[KX_CRASH_PROGRAMS] + need->pieces[KX_CRASH_BITMAPS]).s);
	printf("%-*s%s\n", COLUMN, "estimated", kx_size_text(need->needed).s);
	printf("%-*s%s\n", COLUMN, "reserved", known ? kx_size_text(reserved).s : "unknown");
	printf("%-*scrashkernel=%" PRIu64 "M\n", COLUMN, "recommended",
	       kx_crash_recommend(bounds->runs) / MIB);
}

static int timeout_of(const struct kx_args *args, double *ret, struct kx_error *err)
{
	char *end;
	unsigned long seconds;

	*ret = TIMEOUT;
	if (!args->timeout)
		return 0;
	seconds = strtoul(args->timeout, &end, 10);
	if (*end || end == args->timeout || !seconds || seconds > 86400)
		return kx_fail(err, EINVAL, "--timeout=%s is no number of seconds, 1 to 86400",
			       args->timeout);
	*ret = (double)seconds;
	return 0;
}

static int run_trial(struct trial *trial, const struct kx_args *args, uint64_t reserved,
		     struct bounds *bounds, struct kx_error *err)
{
	double seconds;
	int r = timeout_of(args, &seconds, err);

	if (r == 0)
		r = prepare(trial, err);
	if (r < 0)
		return r;
	trial->end = now() + seconds;
	trial->limit = seconds / 2;
	return find_least(trial, reserved, bounds, err);
}

int kx_crash_test(const struct kx_tool *tool, const struct kx_machine *machine,
		  const struct kx_args *args)
{
	_cleanup_(kx_target_clear) struct kx_target target = { 0 };
	_cleanup_(
		trial_clear) struct trial trial = { .target = &target, .kernel = -1, .initrd = -1 };
	struct bounds bounds = { 0 };
	struct kx_error err = { 0 };
	uint64_t reserved = 0;
	bool known;
	int r;

	known = kx_crash_kept(machine, &reserved) == 0;
	trial.qemu = find_qemu();
	if (!trial.qemu) {
		kx_say("QEMU is not installed (qemu-system-x86_64): nothing is measured; what "
		       "follows is estimated by rules");
		return kx_crash_size(tool, machine, args);
	}
	r = kx_target_make(tool, machine, args, &target, &err);
	if (r == 0)
		r = run_trial(&trial, args, reserved, &bounds, &err);
	if (r < 0) {
		kx_say("%s", err.text);
		return KX_EXIT_ERROR;
	}
	if (args->json)
		print_json(&trial, &bounds, reserved, known);
	else
		print_text(&trial, &bounds, reserved, known);
	return kx_crash_answer(machine, &target, bounds.runs, kx_crash_recommend(bounds.runs));
}
