# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that call kexec by themselves: GRUB's emulator, unchanged, and what LTP's test of IMA calls."""

import hashlib
import re

import pytest

from lab import assets, disk, jump
from lab.initrd import Initrd, packaged, random_hash
from test_systemd import GRUB_WORDS, arrive, grub_id

# ---- LTP, testcases/kernel/security/integrity/ima/tests/ima_kexec.sh -------------------------------------------------

# Its policy; a kernel without CONFIG_IMA_WRITE_POLICY takes one once.
POLICY = "measure func=KEXEC_CMDLINE\n"


def measured(guest):
    """Digests of command lines that the kernel measured, each with its algorithm."""
    log = guest.ok("cat /sys/kernel/security/ima/ascii_runtime_measurements")
    return re.findall(r"^\S+ \S+ \S+ (\w+):([0-9a-f]+) kexec-cmdline\b", log, re.M)


@pytest.mark.parametrize("name", ["6.1", "6.12"])
def test_ima_kexec(name):
    """A load by kexec_file_load, as it does it, measures the very command line that was given."""
    image = "/boot/vmlinuz"
    with jump.boot(name, {image: assets.kernel(name).image}) as guest:
        guest.ok(f"printf '{POLICY}' >/sys/kernel/security/ima/policy")
        guest.ok("kexec -v && kexec -h 2>&1 | grep -q reuse-cmdline")
        # What it calls the same is /proc/cmdline without the word BOOT_IMAGE.
        for words, line in (("--reuse-cmdline", jump.reused(guest.facts("cmdline")["cmdline"])),
                            ("--append=foo", "foo"), ("--command-line=bar", "bar")):
            before = len(measured(guest))
            guest.ok(f"kexec -s -l {image} {words}")
            assert guest.ok("cat /sys/kernel/kexec_loaded") == "1\n"
            guest.ok("kexec -su")
            assert guest.ok("cat /sys/kernel/kexec_loaded") == "0\n"
            (algorithm, digest), = measured(guest)[before:]
            assert digest == hashlib.new(algorithm, line.encode()).hexdigest()


# ---- GRUB 2.12, grub-core/loader/emu/linux.c -------------------------------------------------------------------------

# It says what it runs, and draws its menu on a terminal.
EMU = "grub-emu -v --kexec </dev/console >/dev/console 2>&1"


def grub_emu(suite):
    return packaged(suite, "grub-emu", "/usr/bin/grub-emu")


def executed(guest):
    """What grub-emu says that it runs."""
    return re.findall(r"info: executing (.*)\.$", guest.text["console"], re.M)


def test_grub_emu_alone():
    """Asked twice for --kexec, where there is no systemctl: `kexec -la`, then `kexec -ex`."""
    kernel, second = assets.kernel("6.1"), Initrd("second")
    image, initrd, line = f"/boot/vmlinuz-{kernel.release}", f"/boot/initrd.img-{kernel.release}", f"console=ttyS0 {jump.STEADY}"
    files = {**jump.carried(kernel, second), **grub_emu("trixie"),
             "/boot/grub/grub.cfg": f"linux {image} {line}\ninitrd {initrd}\nboot\n"}
    with jump.boot("6.1", files) as guest:
        guest.jump("second", EMU.replace("--kexec", "--kexec --kexec"))
        assert executed(guest) == [f"kexec -la {image} --initrd={initrd} --command-line={line}", "systemctl kexec", "kexec -ex"]
        assert guest.facts("cmdline", "random") == {"cmdline": line, "random": random_hash(second.random)}


def test_grub_emu_with_systemd():
    """By the grub.cfg of an installed Debian 13: `kexec -la` of the choice for once, then `systemctl kexec` of systemd 257."""
    installed = disk.get("trixie")
    old = installed.releases[1]
    with disk.boot(installed, grub_emu("trixie")) as guest:
        guest.ok(f"grub-reboot '{grub_id(old)}'")
        arrive(guest, EMU, old, GRUB_WORDS)
        assert executed(guest) == [f"kexec -la /boot/vmlinuz-{old} --initrd=/boot/initrd.img-{old} "
                                   f"--command-line={' '.join(GRUB_WORDS)}", "systemctl kexec"]
