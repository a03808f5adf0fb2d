# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests whose clock counts instructions: one load and one jump in each, and what they report."""

import functools
import random
import re
import subprocess
import sys
import zlib
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/vm"))

from lab import assets, initrd  # noqa: E402
from lab.qemu import Qemu, Spec  # noqa: E402

CPU = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,-cx16"
PLAIN_CPU = "qemu64,-cx16"  # no SSE4.2
CMDLINE = "console=ttyS0 quiet"
TIMEOUT = 3600  # seconds; the host may be busy
# One nanosecond an instruction, no wait for what nobody does, no time of day from outside.
DETERMINISTIC = ["-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
MIB = 1 << 20
PROGRAM = "/bench"
TITLES = {"i": "cloud kernel, 3-MB initrd", "ii": "installer's kernel and 41-MB gzip initrd",
          "iii": "cloud kernel, 300-MB initrd"}


def build(folder):
    """Compile the program for the guests; returns its path."""
    path = folder / "bench-guest"
    subprocess.run(["gcc", "-O2", "-g0", "-Wall", "-Wextra", "-Werror", "-static",
                    "-Wl,-e,bench_entry", str(HERE / "guest.c"), "-o", str(path)], check=True)
    return path


def noise(size, seed=1):
    """Bytes that do not compress, the same in every run."""
    source = random.Random(seed)
    return b"".join(source.randbytes(min(MIB, size - at)) for at in range(0, size, MIB))


@dataclass(frozen=True)
class Case:
    """What is started: the kernel, its initrd with the bench's /init in it, the guest's memory."""

    name: str
    title: str
    kernel: Path
    initrd: bytes
    memory: str


def _small_initrd(program, size):
    files = {"/init": program, "/bin/busybox": Path(initrd.BUSYBOX)}
    return initrd.archive({**files, "/noise": noise(size - len(initrd.archive(files)))})


def unpacked_size(data):
    """Bytes of an initrd whose first archive is unpacked, if it is compressed by gzip."""
    if data[:2] != b"\x1f\x8b":
        return len(data)
    stream, size = zlib.decompressobj(zlib.MAX_WBITS | 16), 0
    for at in range(0, len(data), MIB):
        size += len(stream.decompress(data[at:at + MIB]))
    return size + len(stream.unused_data)


def _installer(program):
    """Debian's initrd with one more archive behind it, which replaces its /init."""
    kernel, compressed = assets.debian_installer()
    data = compressed.read_bytes()
    return kernel, data + bytes(-len(data) % 4) + initrd.archive({"/init": program})


def case(name, program):
    """One of the three cases of the benchmark."""
    cloud = assets.kernel("6.1").image
    if name == "i":
        return Case(name, TITLES[name], cloud, _small_initrd(program, 3 * MIB), "1G")
    if name == "ii":
        kernel, data = _installer(program)
        return Case(name, TITLES[name], kernel, data, "1G")
    return Case(name, TITLES[name], cloud, _small_initrd(program, 300 * MIB), "3G")


@dataclass(frozen=True)
class Row:
    """A row of the table: a command with options on a processor, or a reset through a firmware."""

    name: str
    suite: str = ""  # of Debian's kexec-tools; else ours
    options: str = "-l"
    cpu: str = CPU
    firmware: str = ""  # reset through it instead of a jump
    cases: tuple = ("i", "ii", "iii")
    informative: bool = False  # one run, no goal

    def files(self, binary):
        if self.suite:
            return initrd.kexec_tools(self.suite, "/sbin/kexec")
        return initrd.program(binary, "/sbin/kexec")

    def by_file(self):
        """Whether the running kernel reads the files itself."""
        return "-s" in self.options.split()

    def command(self):
        """What is executed, without the shell script that finds kexec-tools its libraries."""
        if not self.suite:
            return "/sbin/kexec"
        script = self.files(None)["/sbin/kexec"]
        return re.search(r"exec (.*) \"\$@\"", script).group(1)


def _information(name, *arguments, **more):
    return Row(name, *arguments, cases=("i",), informative=True, **more)


ROWS = {row.name: row for row in (
    Row("kexec-tools", "sid", "-c -l"),
    Row("ours"),
    Row("ours-hints", options="-l --fast=hints"),
    Row("ours-file", options="-l -s", informative=True),
    Row("kexec-tools-file", "sid", "-s -l", informative=True),
    Row("kexec-tools-2.0.25", "bookworm", "-c -l", informative=True),
    _information("kexec-tools-plain", "sid", "-c -l", PLAIN_CPU),
    _information("ours-plain", "", "-l", PLAIN_CPU),
    _information("reset-seabios", firmware="seabios"),
    _information("reset-ovmf", firmware="ovmf"),
)}


@dataclass
class Report:
    """The lines that the program in the guest wrote, as lists of words."""

    lines: list = field(default_factory=list)

    def all(self, key):
        return [line[1:] for line in self.lines if line[0] == key]

    def first(self, key):
        found = self.all(key)
        if not found:
            raise BenchFailed(f"the guest reported no {key!r}, but {self.lines}")
        return found[0]


class BenchFailed(Exception):
    """A command in the guest failed; what it printed is in the message."""


class Guest(Qemu):
    """A guest of the lab; what its agent would say is said by the bench's program."""

    def __exit__(self, kind, *rest):
        # A refusal is a result; the log is for what nobody expected.
        super().__exit__(None if kind is BenchFailed else kind, *rest)

    def lines(self):
        whole = self.text["agent"].rpartition("\n")[0]
        return [line.split(" ") for line in whole.split("\n") if line]

    def report(self, last, times=1):
        """Wait for a line that begins with last, or that tells of a failure."""
        def ended():
            keys = [line[0] for line in self.lines()]
            return keys.count(last) >= times or "failed" in keys or "refused" in keys

        self.wait_for(f"{last!r} from the bench's program", ended, TIMEOUT)
        report = Report(self.lines())
        if report.all("failed") or report.all("refused"):
            raise BenchFailed(self.text["console"].strip().rpartition("\n")[2] or str(report.lines))
        return report


def spec(kernel, data, memory="1G", cmdline=CMDLINE, seed=1, extra=(), **more):
    """A deterministic machine; the seed decides on every random number in it."""
    extra = [*DETERMINISTIC, "-seed", str(seed), *extra]
    return Spec(kernel, data, cmdline, memory, extra=extra, **{"cpu": CPU, **more})


# Nothing of the host goes into the guest between its start and its end.
START = """#!/bin/sh
{program} seed {seed}
{program} {how} {command} {options} /boot/kernel --initrd=/boot/initrd --command-line="{cmdline}" ||
	{program} say "refused $?"
{then}
"""


def first_system(program, row, binary, wanted, how="load", seed=1, then=""):
    """The initrd that carries the command and what it is to load; how: load or peak."""
    start = START.format(program=PROGRAM, how=how, command=row.command(), options=row.options,
                         cmdline=CMDLINE, seed=seed, then=then)
    return initrd.Initrd("first", {
        **row.files(binary), PROGRAM: program, "/lab/start": start,
        "/boot/kernel": wanted.kernel, "/boot/initrd": wanted.initrd,
    }, random=0).build()


def jump(program, row, binary, wanted, plugin=()):
    """Load and start the case; returns the report of both systems."""
    data = first_system(program, row, binary, wanted, then=f"{PROGRAM} exec {row.command()} -e")
    machine = spec(assets.kernel("6.1").image, data, wanted.memory, extra=plugin, cpu=row.cpu)
    with Guest(machine) as guest:
        return guest.report("done")


def load(program, row, binary, wanted, seed):
    """How long a load takes with other random numbers, in ns."""
    data = first_system(program, row, binary, wanted, seed=seed)
    machine = spec(assets.kernel("6.1").image, data, wanted.memory, seed=seed, cpu=row.cpu)
    with Guest(machine) as guest:
        return int(guest.report("load").first("load")[1])


def peak(program, row, binary, wanted):
    """The peak of anonymous memory while the command loads, in kB."""
    data = first_system(program, row, binary, wanted, "peak")
    with Guest(spec(assets.kernel("6.1").image, data, wanted.memory, cpu=row.cpu)) as guest:
        return int(guest.report("peak").first("peak")[1])


def reset(wanted, firmware, seed=1):
    """From the order to reboot to the same /init again, through the firmware, in ns."""
    machine = spec(wanted.kernel, wanted.initrd, wanted.memory, f"{CMDLINE} bench.reset", seed,
                   ["-action", "reboot=reset"], firmware=firmware)
    with Guest(machine) as guest:
        report = guest.report("done", 2)
    return int(report.all("init")[1][0]) - int(report.first("exec")[0])


@functools.lru_cache(maxsize=None)
def symbols(program, kernel, names):
    """{name: address} as linked, asked of the kernel itself, for Debian ships no System.map."""
    machine = spec(kernel, initrd.archive({"/init": program}),
                   cmdline=f"{CMDLINE} nokaslr bench.symbols={','.join(names)}")
    with Guest(machine) as guest:
        return {name: int(address, 16) for name, address in guest.report("done").all("symbol")}
