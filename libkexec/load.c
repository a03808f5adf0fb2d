// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Plan to kernel: exactly one call that counts. Never probe by calling, since each attempt uses up
 * kernel.kexec_load_limit_* (Documentation/admin-guide/sysctl/kernel.rst).
 */
#include "libkexec.h"
#include "sys.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/endian.h"
#include "base/overflow.h"
#include "initrd.h"
#include "plan.h"
#include "source.h"
#include "util.h"

/* include/uapi/linux/kexec.h; no debug flag among them: mainline's kexec_load rejects it. */
#define LOAD_ON_CRASH 0x1ul
#define LOAD_UPDATE_ELFCOREHDR 0x4ul
#define FILE_UNLOAD 0x1ul
#define FILE_ON_CRASH 0x2ul
#define FILE_NO_INITRAMFS 0x4ul

/* ELF machine numbers in the upper half of kexec_load's flags, KEXEC_ARCH_*; 0 leaves it to the
 * kernel. */
static unsigned long arch_flag(enum kx_arch_id arch)
{
	return arch == KX_ARCH_X86_64 ? 62ul << 16 : 0;
}

/* ---- what the kernel's answer means ---------------------------------------------------------- */

struct answer {
	enum kx_method method; /* KX_METHOD_AUTO: either */
	int code;
	const char *text;
};

static const struct answer answers[] = {
	{ KX_METHOD_AUTO, EPERM,
	  "not permitted: CAP_SYS_BOOT is missing, kernel.kexec_load_disabled is set, a "
	  "kexec_load_limit_* is used up, or lockdown forbids it; run as root, see `kexec check`" },
	{ KX_METHOD_AUTO, EBUSY,
	  "another kexec operation is running; try again when it has ended" },
	{ KX_METHOD_AUTO, ENOMEM,
	  "the kernel has not enough free memory, or with -p not enough in what crashkernel= "
	  "keeps; stop what uses memory, use a smaller initrd or a larger crashkernel=" },
	{ KX_METHOD_AUTO, ENOSYS,
	  "this kernel is built without it; try the other system call (-c, -s), see `kexec "
	  "check`" },
	{ KX_METHOD_LOAD, EADDRNOTAVAIL,
	  "the kernel does not accept an address; its memory map changed since it was read, try "
	  "again" },
	{ KX_METHOD_LOAD, EINVAL,
	  "the kernel does not accept the segments; please report it with the output of `kexec "
	  "plan`" },
	{ KX_METHOD_LOAD, EACCES, "a security module denies it; see its log" },
	{ KX_METHOD_FILE_LOAD, ENOEXEC,
	  "the running kernel cannot load this format by itself; try -c, kexec_load" },
	{ KX_METHOD_FILE_LOAD, EINVAL,
	  "the running kernel does not accept the image or the length of the command line; try -c, "
	  "kexec_load" },
	{ KX_METHOD_FILE_LOAD, EOPNOTSUPP,
	  "the running kernel cannot load this image; try -c, kexec_load" },
	{ KX_METHOD_FILE_LOAD, EKEYREJECTED,
	  "the signature does not match a key that the running kernel trusts; use a kernel signed "
	  "with a trusted key, or enrol its key (MOK)" },
	{ KX_METHOD_FILE_LOAD, ENOKEY,
	  "the signature's key is not known to the running kernel; enrol its key (MOK)" },
	{ KX_METHOD_FILE_LOAD, ENODATA,
	  "the kernel file carries no signature, and the running kernel demands one; use a signed "
	  "kernel" },
	{ KX_METHOD_FILE_LOAD, ELIBBAD,
	  "the kernel file's signature is malformed or missing, and the running kernel demands "
	  "one; "
	  "use a signed kernel" },
	{ KX_METHOD_FILE_LOAD, EBADMSG,
	  "the kernel file's signature is malformed; install the kernel again" },
	{ KX_METHOD_FILE_LOAD, ENOPKG,
	  "the running kernel lacks the algorithm of the signature; use a kernel signed with "
	  "another" },
	{ KX_METHOD_FILE_LOAD, EACCES,
	  "the integrity policy (IMA) or another security module denies it; sign the files as the "
	  "policy demands" },
	{ KX_METHOD_FILE_LOAD, EADDRNOTAVAIL,
	  "the kernel finds no place for it; with -p, the reservation by crashkernel= is missing "
	  "or too small" },
};

static int explain(enum kx_method method, int r, struct kx_error *err)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(answers); i++)
		if (answers[i].code == -r &&
		    (answers[i].method == method || answers[i].method == KX_METHOD_AUTO))
			return kx_fail(err, -r, "%s failed: %s: %s", kx_method_name(method),
				       strerror(-r), answers[i].text);
	return kx_fail(err, -r, "%s failed: %s", kx_method_name(method), strerror(-r));
}

/* ---- kexec_load ------------------------------------------------------------------------------ */

/*
 * The next kernel would count weak bytes as good ones (add_bootloader_randomness() in drivers/char/random.c); it takes none
 * from a seed whose length is 0, which is what it leaves of each.
 */
static void empty_seed(struct kx_plan *plan)
{
	memset(plan->seed, 0, plan->seed_size);
	kx_put_le32(plan->seed_length, 0);
}

/* What plans never show: fresh random bytes, then checksums over everything. */
static int finish(const struct kx_sys *sys, struct kx_plan *plan, struct kx_error *err)
{
	int r;

	if (plan->seed) {
		r = sys->random(sys->data, plan->seed, plan->seed_size);
		if (r < 0)
			return kx_fail(err, -r, "cannot get random bytes for the next kernel: %s",
				       strerror(-r));
		if (r > 0)
			empty_seed(plan);
	}
	if (plan->seal)
		plan->seal(plan);
	return 0;
}

static int load_segments(const struct kx_sys *sys, struct kx_plan *plan, struct kx_error *err)
{
	struct kx_sys_segment segments[KX_SEGMENT_MAX];
	unsigned long flags = arch_flag(plan->machine->arch);
	int r;

	if (!plan->placed)
		return kx_fail(err, EACCES,
			       "cannot load: the memory map of this machine could not be read; run "
			       "as root");
	r = finish(sys, plan, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct kx_segment *from = &plan->segments[i];

		segments[i] = (struct kx_sys_segment){
			.buf = from->buf,
			.bufsz = from->bufsz,
			.mem = (const void *)(uintptr_t)from->dest, /* NOLINT: not dereferenced */
			.memsz = from->memsz,
		};
	}
	if (plan->request.flags & KX_REQUEST_PANIC)
		flags |= LOAD_ON_CRASH;
	if (plan->hotplug)
		flags |= LOAD_UPDATE_ELFCOREHDR;
	r = sys->kexec_load(sys->data, plan->start, plan->segment_count, segments, flags);
	return r < 0 ? explain(KX_METHOD_LOAD, r, err) : 0;
}

/* ---- kexec_file_load ------------------------------------------------------------------------- */

static int write_at(int fd, struct kx_view bytes, uint64_t offset)
{
	for (size_t done = 0; done < bytes.size;) {
		ssize_t n =
			pwrite(fd, bytes.data + done, bytes.size - done, (off_t)(offset + done));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

/* A file in memory made of @count parts; what lies between them reads as zero. */
static int make_file(const char *name, const struct kx_initrd_part *parts, size_t count,
		     uint64_t size, int *ret_fd, struct kx_error *err)
{
	int fd, r;

	fd = memfd_create(name, MFD_CLOEXEC);
	if (fd < 0)
		return kx_fail(err, errno, "cannot create a file in memory for the %s: %s", name,
			       strerror(errno));
	r = ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = write_at(fd, parts[i].bytes, parts[i].offset);
	if (r < 0) {
		close(fd);
		return kx_fail(err, -r, "cannot write the %s to a file in memory: %s", name,
			       strerror(-r));
	}
	*ret_fd = fd;
	return 0;
}

/* @ret_own is a new descriptor to be closed, or -1 when *ret_fd is the source's. */
static int kernel_file(const struct kx_source *kernel, int *ret_fd, int *ret_own,
		       struct kx_error *err)
{
	struct kx_initrd_part whole = { .bytes = kx_source_view(kernel) };
	int r;

	*ret_fd = kx_source_fd(kernel);
	if (*ret_fd >= 0)
		return 0;
	r = make_file("kernel", &whole, 1, whole.bytes.size, ret_own, err);
	*ret_fd = *ret_own;
	return r;
}

static int initrd_file(const struct kx_request *request, int *ret_fd, int *ret_own,
		       struct kx_error *err)
{
	_cleanup_(kx_initrd_clear) struct kx_initrd initrd = { 0 };
	int r;

	if (!request->initrd_count)
		return 0;
	r = kx_initrd_layout(request->initrds, request->initrd_count, 4, 0, &initrd, err);
	if (r < 0)
		return r;
	if (initrd.untouched) /* its own descriptor: IMA can appraise the file that is on disk */
		*ret_fd = kx_source_fd(request->initrds[0]);
	if (*ret_fd >= 0)
		return 0;
	r = make_file("initrd", initrd.parts, initrd.count, initrd.size, ret_own, err);
	*ret_fd = *ret_own;
	return r;
}

/* What is known of the machine and the file, and else what the kernel's answer means. */
static int explain_file_load(const struct kx_plan *plan, int r, struct kx_error *err)
{
	const char *name = kx_source_name(plan->request.kernel);
	bool locked = r == -EPERM && plan->machine->lockdown > KX_LOCKDOWN_NONE;

	if (plan->unsigned_inside && (locked || r == -ENODATA || r == -ELIBBAD))
		return kx_fail(
			err, -r,
			"kexec_file_load failed: %s, has no signature of its own, and the "
			"running kernel demands one, whoever signed the file around it; sign "
			"the kernel before it is put in there",
			name);
	if (locked)
		return kx_fail(
			err, EPERM,
			"kexec_file_load failed: the kernel is locked down, and %s has no "
			"signature that it trusts; use a kernel signed with a trusted key, or "
			"enrol its key (MOK)",
			name);
	return explain(KX_METHOD_FILE_LOAD, r, err);
}

static int load_files(const struct kx_sys *sys, struct kx_plan *plan, struct kx_error *err)
{
	_cleanup_(kx_closep) int own_kernel = -1, own_initrd = -1;
	int kernel = -1, initrd = -1, r;
	unsigned long flags = 0;

	r = kernel_file(plan->request.kernel, &kernel, &own_kernel, err);
	if (r < 0)
		return r;
	r = initrd_file(&plan->request, &initrd, &own_initrd, err);
	if (r < 0)
		return r;
	if (initrd < 0)
		flags |= FILE_NO_INITRAMFS;
	if (plan->request.flags & KX_REQUEST_PANIC)
		flags |= FILE_ON_CRASH;
	r = sys->kexec_file_load(sys->data, kernel, initrd, plan->cmdline, flags);
	return r < 0 ? explain_file_load(plan, r, err) : 0;
}

/* ---- both ------------------------------------------------------------------------------------ */

static int sources_unchanged(const struct kx_request *request, struct kx_error *err)
{
	int r = kx_source_unchanged(request->kernel, err);

	for (size_t i = 0; r == 0 && i < request->initrd_count; i++)
		r = kx_source_unchanged(request->initrds[i], err);
	for (size_t i = 0; r == 0 && i < request->add_count; i++)
		r = kx_source_unchanged(request->adds[i].source, err);
	for (size_t i = 0; r == 0 && i < request->module_count; i++)
		r = kx_source_unchanged(request->modules[i].source, err);
	for (size_t i = 0; r == 0 && i < request->companion_count; i++)
		r = kx_source_unchanged(request->companions[i], err);
	if (r == 0 && request->dtb)
		r = kx_source_unchanged(request->dtb, err);
	if (r == 0 && request->ramdisk)
		r = kx_source_unchanged(request->ramdisk, err);
	return r;
}

int kx_plan_load(const struct kx_sys *sys, struct kx_plan *plan, struct kx_error *err)
{
	int r;

	if (plan->forbidden)
		return kx_fail(err, EPERM, "%s", plan->forbidden);
	if (plan->machine->cap_sys_boot == KX_NO)
		return kx_fail(
			err, EPERM,
			"cannot load: this process does not have CAP_SYS_BOOT; run it as root, "
			"outside of containers");
	r = sources_unchanged(&plan->asked, err);
	if (r < 0)
		return r;
	return plan->method == KX_METHOD_LOAD ? load_segments(sys, plan, err)
					      : load_files(sys, plan, err);
}

/* Lockdown denies kexec_load even to take a kernel out; some kernels are built without it. */
static bool is_file_unload_needed(const struct kx_machine *machine)
{
	return machine->lockdown > KX_LOCKDOWN_NONE || machine->config.kexec == KX_NO;
}

int kx_unload(const struct kx_sys *sys, const struct kx_machine *machine, bool crash,
	      struct kx_error *err)
{
	int r = -EPERM;

	if (machine && machine->xen_dom0)
		return kx_fail(err, EOPNOTSUPP,
			       "this is a Xen dom0, where the hypervisor would have to be asked; "
			       "that is not built yet");
	if (!machine || !is_file_unload_needed(machine))
		r = sys->kexec_load(sys->data, 0, 0, NULL, crash ? LOAD_ON_CRASH : 0);
	if (r != -EPERM && r != -ENOSYS)
		return r < 0 ? explain(KX_METHOD_LOAD, r, err) : 0;
	r = sys->kexec_file_load(sys->data, -1, -1, NULL,
				 FILE_UNLOAD | (crash ? FILE_ON_CRASH : 0));
	return r < 0 ? explain(KX_METHOD_FILE_LOAD, r, err) : 0;
}
