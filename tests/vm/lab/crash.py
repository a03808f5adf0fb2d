# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that panic: a first kernel with a crash kernel loaded, and what that one finds in /proc/vmcore."""

import random
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from . import assets, jump, tool
from .initrd import Initrd, program
from .payload import SOURCES
from .qemu import GuestFailed

PAGE = 4096
PAGES = 64  # that the first system's process holds
CAPTURE = "capture"  # what the capture kernel's initrd says hello with
# What a crash kernel is given besides the running kernel's own words. It must leave alone the memory
# modules that ACPI tells of, since what they hold belongs to the dump.
APPEND = "nr_cpus=1 reset_devices acpi_no_memhotplug lab.crash=yes"


@lru_cache(maxsize=None)
def built(name):
    """The bytes of payloads/NAME.c as a static program."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / name
        subprocess.run(["gcc", "-O2", "-static", "-o", out, SOURCES / f"{name}.c"], check=True)
        return out.read_bytes()


def capture_initrd(files=None):
    """The capture kernel's initrd: the lab's agent, the reader of cores, and vmcore-dmesg."""
    files = {"/bin/vmcore": built("vmcore"), **(files or {})}
    if tool.is_ours():
        files |= program(tool.BUILD / "tools/vmcore-dmesg", "/sbin/vmcore-dmesg")
    return Initrd(CAPTURE, files, random=3000)


def boot(name="6.1", capture=None, files=None, crashkernel="128M", words="", initrd=None, **spec):
    """Boot a guest with memory set aside, that carries a capture kernel and its initrd."""
    kernel = assets.kernel(capture or name)
    files = {
        "/bin/hold": built("hold"),
        **jump.carried(kernel, initrd or capture_initrd()),
        **(files or {}),
    }
    # Memory that is plugged in serves at once, and processes first.
    cmdline = f"{jump.CMDLINE} crashkernel={crashkernel} memhp_default_state=online_movable {words}".strip()
    # It holds the console open, which else takes neither break nor interrupt.
    files["/lab/start"] = "sleep 9999 </dev/ttyS0 >/dev/null 2>&1 &\n"
    guest = jump.boot(name, files, cmdline=cmdline, **spec)
    guest.capture = kernel
    return guest


def load(guest, call="-c", more="", append=APPEND):
    """Load the capture kernel as a distribution does, and see that the kernel says so."""
    release = guest.capture.release
    guest.ok(f"kexec {call} -p /boot/vmlinuz-{release} --initrd=/boot/initrd.img-{release} "
             f"--reuse-cmdline --append='{append}' {more}")
    loaded = guest.ok("cat /sys/kernel/kexec_crash_loaded").strip()
    if loaded != "1":
        raise GuestFailed(f"kexec_crash_loaded is {loaded} after the load")


def reserved(guest):
    """The ranges called "Crash kernel" in /proc/iomem, as (start, size)."""
    return ranges(guest.facts("iomem")["iomem"], "Crash kernel")


def ranges(iomem, name):
    return [(int(start, 16), int(end, 16) - int(start, 16) + 1) for start, end in
            re.findall(rf"^ *([0-9a-f]+)-([0-9a-f]+) : {name}$", iomem, re.M)]


@dataclass
class Held:
    """The pages that a process in the first system holds, and by which seed they were filled."""

    seed: int
    text: str  # "number address" for each page

    def addresses(self):
        return [int(line.split()[1], 16) for line in self.text.splitlines()]


def hold(guest, pages=PAGES):
    seed = random.getrandbits(63) | 1
    return Held(seed, guest.ok(f"hold {seed} {pages}"))


def sysrq(guest):
    guest.start("echo c >/proc/sysrq-trigger")


def interrupt(guest):
    """A break and the letter c on the serial console: the driver panics in its interrupt."""
    guest.ok("echo 1 >/proc/sys/kernel/sysrq")
    guest.hmp("chardev-send-break console")
    guest.send("console", "c")


def nmi(guest):
    guest.ok("echo 1 >/proc/sys/kernel/unknown_nmi_panic")
    guest.qmp("inject-nmi")


# What each kind of panic leaves in the log, besides what all do.
PANICS = {sysrq: "sysrq: Trigger a crash", interrupt: "<IRQ>", nmi: "NMI: Not continuing"}


def die(guest, how=sysrq):
    """Panic, and wait for the capture kernel's initrd.

    What the console says in an NMI is lost with the system that said it; its log is not.
    """
    since = len(guest.text["console"])
    how(guest)
    guest.wait_up(CAPTURE)
    said = guest.text["console"][since:].split("Linux version")[0]
    if how is not nmi and ("Kernel panic - not syncing" not in said or PANICS[how] not in said):
        raise GuestFailed(f"the panic does not say {PANICS[how]!r}:\n{said}")


@dataclass
class Core:
    """What payloads/vmcore.c prints about /proc/vmcore."""

    elf_class: int
    size: int
    loads: list  # (physical address, size, virtual address)
    notes: list  # (name, type, size)
    info: dict = field(default_factory=dict)  # VMCOREINFO


def core(guest, name="/proc/vmcore"):
    text = guest.ok(f"vmcore {name}")
    info = re.search(r"^vmcoreinfo\n(.*?)^vmcoreinfo-end$", text, re.M | re.S)
    return Core(
        int(re.search(r"^class (\d+)$", text, re.M).group(1)),
        int(re.search(r"^size (\d+)$", text, re.M).group(1)),
        [tuple(int(field, 16) for field in found)
         for found in re.findall(r"^load (\S+) (\S+) (\S+)$", text, re.M)],
        [(name, int(kind), int(size))
         for name, kind, size in re.findall(r"^note (\S*) (\d+) (\d+)$", text, re.M)],
        dict(line.split("=", 1) for line in info.group(1).splitlines() if "=" in line) if info else {},
    )


def find(guest, held, name="/proc/vmcore"):
    """Look for the held pages in the core; what the reader says when one is not there."""
    return guest.run(f"vmcore {name} {held.seed} <<'end'\n{held.text}end").out.strip()


def uncovered(wanted, loads):
    """The parts of the ranges wanted that no program header covers, as (start, size)."""
    left = []
    for start, size in wanted:
        at, end = start, start + size
        for address, length, _ in sorted(loads):
            if address + length <= at or address >= end:
                continue
            if address > at:
                left.append((at, address - at))
            at = max(at, address + length)
        if at < end:
            left.append((at, end - at))
    return left


def overlaps(some, loads):
    """The program headers that lie, in part at least, in one of these ranges."""
    return [load for load in loads for start, size in some
            if load[0] < start + size and start < load[0] + load[1]]


def grow(guest, size=512):
    """Plug MiB of memory into a guest that has a slot for it; the ranges that it uses then."""
    before = set(ranges(guest.facts("iomem")["iomem"], "System RAM"))
    guest.ok("cp /proc/meminfo /tmp/meminfo")
    guest.hmp(f"object_add memory-backend-ram,id=more,size={size}M")
    guest.hmp("device_add pc-dimm,id=dimm,memdev=more")
    # The kernel is told by an ACPI interrupt, and nothing here hears when it is done.
    guest.ok("before=$(awk '/MemTotal/ { print $2 }' /tmp/meminfo); "
             "until [ $(awk '/MemTotal/ { print $2 }' /proc/meminfo) -gt $((before + %d)) ]; "
             "do usleep 50000; done" % (size * 1000))
    return sorted(set(ranges(guest.facts("iomem")["iomem"], "System RAM")) - before)


def reboot(guest):
    """What a capture system does when the dump is saved; the machine resets."""
    guest.start("reboot -f")
    guest.wait_reset()
