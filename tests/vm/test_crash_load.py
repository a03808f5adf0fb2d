# SPDX-License-Identifier: GPL-2.0-or-later
"""Crash kernels that come and go: the verbs, and what a load that fails leaves."""

import pytest

from lab import crash


def loaded(guest):
    """As the kernel has it, and as kexec -S says by its exit status."""
    said = guest.run("kexec -S").status
    assert guest.ok("cat /sys/kernel/kexec_crash_loaded") == f"{said}\n"
    return said == 1


@pytest.mark.parametrize("call", ["-c", "-s"])
def test_verbs(call):
    with crash.boot("6.1") as guest:
        release = guest.capture.release
        assert not loaded(guest)
        guest.ok(f"kexec {call} --load-panic /boot/vmlinuz-{release} --initrd=/boot/initrd.img-{release} "
                 f"--reuse-cmdline --append='{crash.APPEND}'")
        assert loaded(guest)
        assert guest.run("kexec -S -l").status == 0
        guest.ok("kexec -p -u")
        assert not loaded(guest)
        crash.load(guest, call)
        # One that is loaded is replaced.
        crash.load(guest, call)
        guest.ok("kexec -l /boot/vmlinuz-* && kexec -u")
        assert loaded(guest)
        crash.die(guest)
        crash.reboot(guest)


def test_failed_load():
    """What is seen to be wrong before the call leaves the old one; the kernel itself takes it out first."""
    with crash.boot("6.1") as guest:
        crash.load(guest, "-s")
        release = guest.capture.release
        words = f"--initrd=/boot/initrd.img-{release} --append='{crash.APPEND}'"
        guest.ok(f"head -c 4000000 /boot/vmlinuz-{release} >/boot/short")
        guest.ok(f"cp /boot/vmlinuz-{release} /boot/unsigned && echo >>/boot/unsigned")
        early = guest.run(f"kexec -s -p /boot/short {words}")
        assert early.status != 0 and "crash kernel" not in early.err
        assert loaded(guest)
        guest.ok("echo integrity >/sys/kernel/security/lockdown")
        late = guest.run(f"kexec -s -p /boot/unsigned {words}")
        assert late.status != 0
        assert "no crash kernel is loaded now: a panic will leave no dump" in late.err
        assert not loaded(guest)


@pytest.mark.parametrize("name", ["6.1", "7.x"])
def test_least_room(name):
    """What is let pass for its size the kernel finds a place for, and a byte more is refused with the old one kept."""
    with crash.boot(name, crashkernel="160M", memory="1G") as guest:
        release = guest.capture.release
        header = guest.capture.image.read_bytes()[:0x264]
        align, init_size = (int.from_bytes(header[at:at + 4], "little") for at in (0x230, 0x260))
        headers = int(guest.run("cat /sys/kernel/crash_elfcorehdr_size").out or 0)
        (_, kept), = crash.reserved(guest)
        room = kept - init_size - (align - 4096) - (1 << 20) - 64 * 4096 - headers
        load = f"kexec -s -p /boot/vmlinuz-{release} --initrd=/boot/large --append=x"
        guest.ok(f"truncate -s {room} /boot/large && {load}")
        assert loaded(guest)
        late = guest.run(f"truncate -s {room + 1} /boot/large && {load}")
        assert late.status != 0 and "what goes with them up to" in late.err and "crash kernel is" not in late.err
        assert loaded(guest)
