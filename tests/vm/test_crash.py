# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel panics: the crash kernel starts, finds in /proc/vmcore what was in memory, and reboots."""

import itertools
from dataclasses import dataclass

import pytest

from lab import crash, tool

MIB = 1 << 20
KERNEL_MAP = 0xFFFFFFFF80000000  # Linux Documentation/arch/x86/x86_64/mm.rst
NT_PRSTATUS = 1


@dataclass(frozen=True)
class Case:
    """A guest, how its crash kernel is loaded, what changes then, and how it dies."""

    kernel: str
    firmware: str
    cpus: int
    memory: str
    call: str
    panic: object
    crashkernel: str
    change: str = ""
    machine: str = "pc"

    def __str__(self):
        words = [self.kernel, self.firmware, self.machine, str(self.cpus), self.memory, self.call.lstrip("-"),
                 self.panic.__name__, self.change, self.crashkernel.replace(" crashkernel=", "+").split()[0]]
        return "-".join(word for word in words if word)

    def boot(self):
        spec = {"firmware": self.firmware, "cpus": self.cpus, "memory": self.memory, "machine": self.machine}
        if "grown" in self.change:
            spec["memory"] += ",slots=1,maxmem=8G"
        return crash.boot(self.kernel, crashkernel=self.crashkernel, **spec)


# A size fits every way of saying it: the ranges below come to the same in 1 and 6 GiB.
RANGES = "512M-2G:192M,2G-:256M"
# Memory at a place of its own is only there when the running kernel has not put itself into it.
BELOW = "192M@384M nokaslr"
HIGH = "192M,high crashkernel=72M,low"

DEFAULT = [
    Case("6.1", "seabios", 1, "1G", "-c", crash.sysrq, "128M"),
    Case("6.1", "ovmf", 4, "6G", "-s", crash.nmi, HIGH, machine="q35"),
    Case("6.1", "ovmf", 1, "6G", "-c", crash.interrupt, RANGES, "grown"),
    Case("6.12", "seabios", 4, "1G", "-c", crash.interrupt, RANGES, "offline"),
    Case("6.12", "ovmf", 1, "1G", "-s", crash.sysrq, BELOW, "grown"),
    Case("7.x", "seabios", 4, "6G", "-s", crash.interrupt, BELOW, "offline"),
    Case("7.x", "seabios", 1, "1G", "-c", crash.nmi, "192M", machine="q35"),
    Case("7.x", "ovmf", 4, "6G", "-c", crash.sysrq, HIGH, "grown --hotplug"),
]

# Everything with everything; how it dies, what changes and how memory is set aside take turns.
FULL = [
    Case(kernel, firmware, cpus, memory, call, panic, form, "" if cpus == 1 and change == "offline" else change)
    for (kernel, firmware, cpus, memory, call), panic, form, change in zip(
        itertools.product(("6.1", "6.12", "7.x"), ("seabios", "ovmf"), (4, 1), ("1G", "6G"), ("-c", "-s")),
        itertools.cycle((crash.sysrq, crash.interrupt, crash.nmi)),
        itertools.cycle(("256M", RANGES, BELOW, "256M", HIGH)),
        itertools.cycle(("offline", "grown", "", "offline", "grown", "", "")))
]


def without(ram, taken):
    """The ranges of RAM from 1 MiB on, without those taken. Below it each kernel keeps what it likes."""
    out = []
    for start, size in ram:
        at, end = max(start, MIB), start + size
        for first, length in sorted(taken):
            if at < first + length and first < end:
                out.append((at, first - at))
                at = first + length
        out.append((at, end - at))
    return [(start, size) for start, size in out if size > 0]


def check_headers(core, iomem, own):
    """All RAM but the crash kernel's own is in the core, and the kernel's text by its own addresses."""
    assert crash.uncovered(without(crash.ranges(iomem, "System RAM"), own), core.loads) == []
    assert crash.overlaps(own, core.loads) == []
    text = [load for load in core.loads if load[2] >= KERNEL_MAP]
    assert crash.uncovered(crash.ranges(iomem, "Kernel code"), text) == []
    direct = {virtual - physical for physical, _, virtual in core.loads if virtual < KERNEL_MAP}
    assert len(direct) == 1


def check_capture(guest, own, firmware):
    """The capture kernel keeps to its own memory, and knows the machine."""
    facts = guest.facts("iomem", "cmdline", "efi", "acpi", "release")
    assert facts["release"] == guest.capture.release
    ram = [(start, size) for start, size in crash.ranges(facts["iomem"], "System RAM") if start >= MIB]
    assert ram and crash.uncovered(ram, [(start, size, 0) for start, size in own]) == []
    words = facts["cmdline"].split()
    assert {"lab.word=one", "lab.crash=yes", "nr_cpus=1"} <= set(words)
    assert not [word for word in words if word.startswith(("crashkernel=", "BOOT_IMAGE="))]
    assert "FACP" in facts["acpi"]
    assert bool(facts["efi"]) == (firmware == "ovmf")


def check_log(guest, panic):
    """vmcore-dmesg prints the panic out of the core."""
    if tool.is_ours():
        log = guest.ok("vmcore-dmesg /proc/vmcore")
        assert "Linux version" in log
        assert "Kernel panic - not syncing" in log and crash.PANICS[panic] in log


def change(guest, case):
    """What happens between load and panic; the number of CPUs left, and the memory that was added."""
    if "offline" in case.change:
        guest.ok("echo 0 >/sys/devices/system/cpu/cpu1/online")
        return case.cpus - 1, []
    return case.cpus, crash.grow(guest) if "grown" in case.change else []


def run(case):
    with case.boot() as guest:
        iomem = guest.facts("iomem")["iomem"]
        own = crash.ranges(iomem, "Crash kernel")
        assert own
        crash.load(guest, case.call, "--hotplug" if "--hotplug" in case.change else "")
        held = crash.hold(guest)
        cpus, added = change(guest, case)
        later = crash.hold(guest)
        # The kernel keeps the list by itself, where it made it or was asked to; 6.12 and 7.x do.
        follows = added and case.kernel != "6.1" and (case.call == "-s" or "--hotplug" in case.change)
        if added:
            inside = [a for a in later.addresses() for start, size in added if start <= a < start + size]
            assert inside or not follows, f"no page of {later.text} is in the memory added, {added}"
        crash.die(guest, case.panic)
        core = crash.core(guest)
        assert core.elf_class == 64
        assert [note[:2] for note in core.notes].count(("CORE", NT_PRSTATUS)) == cpus
        assert core.info["OSRELEASE"] == guest.capture.release
        check_headers(core, iomem, own)
        assert crash.find(guest, held) == f"held {crash.PAGES} of {crash.PAGES}"
        if follows or not added:
            assert crash.find(guest, later) == f"held {crash.PAGES} of {crash.PAGES}"
        check_capture(guest, own, case.firmware)
        check_log(guest, case.panic)
        crash.reboot(guest)


@pytest.mark.parametrize("case", DEFAULT, ids=str)
def test_crash(case):
    run(case)


def test_other_ways_to_say_it():
    """Core headers of 32 bits; the memory map on the command line."""
    with crash.boot("6.12", crashkernel="192M") as guest:
        own = crash.ranges(guest.facts("iomem")["iomem"], "Crash kernel")
        crash.load(guest, "-c", "--elf32-core-headers --pass-memmap-cmdline")
        held = crash.hold(guest)
        crash.die(guest)
        assert crash.core(guest).elf_class == 32
        assert crash.find(guest, held) == f"held {crash.PAGES} of {crash.PAGES}"
        check_capture(guest, own, "seabios")
        assert "user-defined physical RAM map" in guest.ok("dmesg")
        assert "memmap=exactmap" in guest.facts("cmdline")["cmdline"].split()
        check_log(guest, crash.sysrq)
        crash.reboot(guest)


@pytest.mark.parametrize("call", ["-c", "-s"])
def test_nothing_below_4_gib(call):
    """There is no place for bounce buffers then; the capture kernel does without."""
    run(Case("6.12", "seabios", 1, "6G", call, crash.sysrq, "256M,high crashkernel=0,low"))


@pytest.mark.parametrize("call", ["-c", "-s"])
def test_memory_by_cma(call):
    """The capture kernel gets it, the dump does without; processes have it until then."""
    with crash.boot("7.x", memory="1G", crashkernel="128M crashkernel=256M,cma") as guest:
        iomem, listed = guest.facts("iomem")["iomem"], guest.ok("cat /sys/kernel/kexec/crash_cma_ranges")
        cma = [(int(start, 16), int(end, 16) - int(start, 16) + 1)
               for start, end in (line.split("-") for line in listed.split())]
        assert sum(size for _, size in cma) == 256 * MIB
        own = crash.ranges(iomem, "Crash kernel") + cma
        crash.load(guest, call)
        held = crash.hold(guest)
        held.text = "".join(f"{line}\n" for line in held.text.splitlines()
                            if not crash.overlaps([(int(line.split()[1], 16), 1)], [(*c, 0) for c in cma]))
        pages = len(held.addresses())
        crash.die(guest)
        check_headers(crash.core(guest), iomem, own)
        if pages:
            assert crash.find(guest, held) == f"held {pages} of {pages}"
        check_capture(guest, own, "seabios")
        ram = crash.ranges(guest.facts("iomem")["iomem"], "System RAM")
        assert crash.uncovered(cma, [(start, size, 0) for start, size in ram]) == []
        check_log(guest, crash.sysrq)
        crash.reboot(guest)


@pytest.mark.long
@pytest.mark.parametrize("case", FULL, ids=str)
def test_crash_full(case):
    run(case)
