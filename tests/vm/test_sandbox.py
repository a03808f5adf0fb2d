# SPDX-License-Identifier: GPL-2.0-or-later
"""Sandboxes on a machine where everything is allowed: root with all capabilities, in an initramfs, whose root cannot be taken away."""

import errno
import io
import tarfile

from lab import assets, initrd, jump, tool
from lab.initrd import Initrd, random_hash

GUEST = "lab.sandbox=real"
DENIED = errno.EPERM


def lines(guest, command):
    """name: {call: errno}"""
    found = {}
    for line in guest.ok(command).splitlines():
        name, *answers = line.split()
        found[name] = {call: int(number) for call, number in (answer.split("=") for answer in answers)}
    return found


def test_nothing_is_loaded_and_nothing_reboots_from_a_sandbox():
    kernel = assets.kernel("6.1")
    probe = initrd.program(tool.BUILD.absolute() / "tests/sandbox/real-probe", "/real-probe")
    with jump.boot("6.1", {**jump.carried(kernel, Initrd("second")), **probe}, cmdline=f"{jump.CMDLINE} {GUEST}") as guest:
        guest.ok(f"kexec -l /boot/vmlinuz-{kernel.release} --initrd=/boot/initrd.img-{kernel.release} --reuse-cmdline")
        denied = {"load": DENIED, "file": DENIED, "reboot": DENIED, "kexec": DENIED}
        assert lines(guest, "/real-probe") == {"parser": denied, "fetcher": denied, "verifier": denied}
        assert guest.ok("cat /sys/kernel/kexec_loaded").strip() == "1"
        # The same calls work where nothing keeps them from it.
        assert lines(guest, "/real-probe outside")["outside"]["load"] == 0
        assert guest.ok("cat /sys/kernel/kexec_loaded").strip() == "0"


def test_a_kernel_out_of_an_archive_arrives():
    """It is planned for by a process of its own, whose plan is loaded by another one."""
    kernel, second = assets.kernel("6.1"), Initrd("second")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as files:
        for name, content in ("linux", kernel.image.read_bytes()), ("initrd", second.build("zstd")):
            member = tarfile.TarInfo(f"./install/{name}")
            member.size = len(content)
            files.addfile(member, io.BytesIO(content))
    with jump.boot("6.1", {"/netboot.tar": archive.getvalue()}) as guest:
        said = guest.ok("kexec load '/netboot.tar#install/linux' --initrd='/netboot.tar#install/initrd' --reuse-cmdline; "
                        "kexec plan '/netboot.tar#install/linux' --initrd='/netboot.tar#install/initrd' --reuse-cmdline")
        assert "of the kernel itself" in said
        guest.jump("second")
        assert guest.facts("release", "random") == {"release": kernel.release, "random": random_hash(second.random)}
