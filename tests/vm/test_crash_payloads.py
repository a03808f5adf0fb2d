# SPDX-License-Identifier: GPL-2.0-or-later
"""Crash kernels in other files than a bzImage."""

import gzip

import pytest

from lab import assets, crash, uki, vmlinux

NAME = "/boot/payload"


def vmlinux_file(image, initrd):
    """Linked to 16 MiB, where the old kernel's memory is: it has to be moved."""
    return vmlinux.extract(image), f"--args-linux --initrd=/boot/initrd --append='{crash.APPEND} console=ttyS0'"


def compressed(image, initrd):
    return gzip.compress(image, 1), f"--initrd=/boot/initrd --append='{crash.APPEND} console=ttyS0'"


def unified(image, initrd):
    """Its own command line and initrd."""
    sections = {".linux": image, ".initrd": initrd, ".cmdline": f"{crash.APPEND} console=ttyS0\n"}
    return uki.build(uki.stub("bookworm"), sections), ""


# kexec_file_load takes no ELF kernel on x86.
@pytest.mark.parametrize("make, call", [(vmlinux_file, "-c"), (compressed, "-c"), (compressed, "-s"), (unified, "-c"),
                                        (unified, "-s")])
def test_payload(make, call):
    kernel, initrd = assets.kernel("6.1"), crash.capture_initrd().build("gzip")
    image, more = make(kernel.image.read_bytes(), initrd)
    with crash.boot("6.1", files={NAME: image, "/boot/initrd": initrd}, crashkernel="256M", memory="2G") as guest:
        guest.ok(f"kexec {call} -p {NAME} {more}")
        assert guest.ok("cat /sys/kernel/kexec_crash_loaded").strip() == "1"
        held = crash.hold(guest)
        crash.die(guest)
        assert crash.find(guest, held) == f"held {crash.PAGES} of {crash.PAGES}"
        assert kernel.release in guest.ok("uname -r")
        assert "lab.crash=yes" in guest.facts("cmdline")["cmdline"].split()
        crash.reboot(guest)
