/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process gives up before it reads what is not trusted. */
#ifndef KX_TOOL_SANDBOX_H
#define KX_TOOL_SANDBOX_H

#include "libkexec.h"

/**
 * enum kx_sandbox - what stays possible
 *
 * In all of them: the descriptors that are open already; memory, but none that is written and then executed; threads; the time;
 * to end. Nothing else: no other program but where one is named, no privilege, no signal to another process, no mount, no kexec,
 * no reboot; calls that are not in the list fail with EPERM.
 */
enum kx_sandbox {
	KX_SANDBOX_NONE = 0,
	/* Memory is never executable. The root directory is empty, the network has no interface; nothing is opened. */
	KX_SANDBOX_PARSER = 1,
	/*
	 * Sockets of the families INET, INET6, UNIX and NETLINK (routes), without listening. The root directory is a read-only
	 * view of certificates, the resolver's files and shared libraries; files are opened for reading.
	 */
	KX_SANDBOX_FETCHER = 2,
	/*
	 * For a program that is not ours, gpgv(1): it is executed afterwards. The root directory has gpgv and shared libraries; what
	 * descriptor KX_SANDBOX_KEYRING is at its beginning can be opened as KX_SANDBOX_KEYRING_PATH. No sockets.
	 */
	KX_SANDBOX_VERIFIER = 3,
};

#define KX_SANDBOX_KEYRING 3
#define KX_SANDBOX_KEYRING_PATH "/proc/self/fd/3"

/* The user and group that is nobody, where we are root: the kernel's overflowuid and overflowgid. */
#define KX_SANDBOX_ID 65534

/**
 * kx_sandbox_enter() - give up all that @kind does not need, for good
 *
 * To be called while there is one thread, before a byte is read of what is not trusted. Descriptors stay open: the caller has
 * none that it does not need (kx_child_start() sees to that).
 *
 * Root gets all of it or an error. An ordinary user gets a user namespace for it where the system allows that, and else the list of
 * system calls, no_new_privs and limits alone.
 *
 * Errors, after which the process must end: -EOPNOTSUPP built without libseccomp, or on a kernel without seccomp; -EPERM as root
 * without CAP_SYS_ADMIN and without user namespaces, as in most containers; -ESRCH when the parent is gone; what mount(2) and
 * setresuid(2) say; -ENOMEM.
 */
int kx_sandbox_enter(enum kx_sandbox kind, struct kx_error *err);

#endif
