# SPDX-License-Identifier: GPL-2.0-or-later
"""What may forbid a load on a real kernel: each refusal names its reason and changes nothing."""

import pytest

from lab import assets, initrd, jump

TOOLS = initrd.program("/usr/bin/setpriv", "/usr/local/sbin/drop")


def loaded(guest):
    return guest.ok("cat /sys/kernel/kexec_loaded").strip() == "1"


class Refusals:
    """A guest to try loads in, with the arguments of one that works."""

    def __init__(self, guest, kernel):
        self.guest = guest
        self.kernel = f"/boot/vmlinuz-{kernel.release}"

    def load(self, options="", before=""):
        return self.guest.run(f"{before} kexec {options} -l {self.kernel} --append=console=ttyS0")

    def message(self, options="", before=""):
        """The message of a load that must fail and leave things as they were."""
        had = loaded(self.guest)
        result = self.load(options, before)
        assert result.status != 0
        assert result.out == ""
        assert loaded(self.guest) == had
        *others, last = result.err.splitlines()
        assert all("warning:" in line or line.endswith("...") for line in others), result.err
        return last


@pytest.fixture(scope="module")
def plain():
    """6.12, which has the limits on loads."""
    kernel = assets.kernel("6.12")
    with jump.boot("6.12", {**jump.carried(kernel), **TOOLS}) as guest:
        yield Refusals(guest, kernel)


@pytest.fixture(scope="module")
def locked():
    kernel = assets.kernel("6.12")
    cmdline = "console=ttyS0 lockdown=integrity"
    with jump.boot("6.12", jump.carried(kernel), cmdline=cmdline) as guest:
        yield Refusals(guest, kernel)


def test_without_capability(plain):
    assert plain.message(before="drop --bounding-set=-sys_boot") == (
        "kexec: cannot load: this process does not have CAP_SYS_BOOT; run it as root, outside of "
        "containers"
    )


def test_initrd_larger_than_memory(plain):
    plain.guest.ok("truncate -s 3G /tmp/large")
    message = plain.message("--initrd=/tmp/large")
    assert message.startswith("kexec: loading needs 3 GiB, kexec_load takes at most half of this "
                              "machine's 967.9 MiB")
    plain.guest.ok("rm /tmp/large")


def each_call(message, why):
    """The same reason, whichever system call is asked for; both by default."""
    assert message("-c") == f"kexec: kexec_load cannot be used: {why}"
    assert message("-s") == f"kexec: kexec_file_load cannot be used: {why}"
    assert message() == (
        f"kexec: kexec_load cannot be used: {why}; nor can kexec_file_load: {why}"
    )


def test_limit(plain):
    """The last load that is allowed is not spent on finding out."""
    plain.guest.ok("echo 1 >/proc/sys/kernel/kexec_load_limit_reboot")
    assert plain.load().status == 0
    assert plain.guest.ok("cat /proc/sys/kernel/kexec_load_limit_reboot").strip() == "0"
    each_call(plain.message, "kernel.kexec_load_limit_reboot is 0: no load is left until the "
                             "machine is rebooted")


def test_disabled(plain):
    plain.guest.ok("echo 1 >/proc/sys/kernel/kexec_load_disabled")
    each_call(plain.message, "kernel.kexec_load_disabled is 1, and stays so until the machine is "
                             "rebooted")


def test_lockdown(locked):
    """Without Secure Boot no key is known that signed the kernel: neither call takes it."""
    assert locked.message("-c") == (
        "kexec: kexec_load cannot be used: the kernel is locked down (integrity) and takes signed "
        "kernels only, by kexec_file_load"
    )
    for options in ("-s", "-a"):
        assert locked.message(options) == (
            "kexec: kexec_file_load failed: the kernel is locked down, and "
            f"{locked.kernel} has no signature that it trusts; use a kernel signed with a trusted "
            "key, or enrol its key (MOK)"
        )
