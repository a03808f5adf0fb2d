# SPDX-License-Identifier: GPL-2.0-or-later
"""The command over a system that only writes down what it is asked: nothing here can load or start anything."""

import dataclasses
import os
import pathlib
import select
import signal
import subprocess
import sys

import pytest

import samples

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/vm"))  # lab
BUILD = pathlib.Path(os.environ.get("KX_BUILD", ROOT / "build"))
FAKE = BUILD / "tests/cli/kexec-fake"
LIST_OPTIONS = BUILD / "tests/cli/list-options"

# Ignored by nohup(1) and in a script's background jobs, and then by every program that is started from there.
for number, usual in (signal.SIGHUP, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, usual)


@dataclasses.dataclass
class Result:
    status: int
    out: str
    err: str
    log: list  # what was asked of the system
    drawn: int  # but for random bytes: how often they were


class Command:
    """`kexec` in a folder of its own, over a machine of its own."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.root = samples.machine(folder / "root")
        self.kernel = self.file("vmlinuz", samples.bzimage())
        self.initrd = self.file("initrd.img", b"INITRD")
        self.fail = ""
        self.env = {}

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def change(self, **changes):
        """Other contents for files of the machine; None takes one away."""
        for name, content in changes.items():
            path = self.root / name.replace("__", "/")
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)

    def loaded(self):
        return (self.root / "sys/kernel/kexec_loaded").read_text().strip() == "1"

    def __call__(self, *args, stdin=subprocess.DEVNULL, **more):
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "KX_FAKE_LOG": str(log),
               "KX_FAKE_ROOT": str(self.root), "KX_FAKE_FAIL": self.fail, **self.env}
        run = subprocess.run([FAKE, *map(str, args)], cwd=self.folder, env=env, stdin=stdin, text=True,
                             capture_output=True, timeout=300, **more)
        lines = log.read_text().splitlines() if log.exists() else []
        asked = [line for line in lines if line != "random"]
        return Result(run.returncode, run.stdout, run.stderr, asked, len(lines) - len(asked))


def apart():
    """In front of a command whose mounts nobody else sees. In a chroot there is no / to make private, so nothing must be shared."""
    mounts = [line.split() for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    whole = any(fields[4] == "/" for fields in mounts)
    assert whole or not any(word.startswith("shared:") for fields in mounts for word in fields)
    return ["unshare", "-m" if os.geteuid() == 0 else "-rm", "--propagation", "private" if whole else "unchanged"]


def ends(pid):
    """Within 20 seconds, and be it that nobody asks how it ended: not every machine's process 1 does."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([pidfd], [], [], 20)[0])
    finally:
        os.close(pidfd)


@pytest.fixture
def kexec(tmp_path):
    return Command(tmp_path)


@dataclasses.dataclass(frozen=True)
class Option:
    name: str
    letter: str
    arg: str
    verbs: frozenset
    built: bool
    ours: bool
    help: str


def read_options():
    lines = subprocess.run([LIST_OPTIONS], text=True, capture_output=True, check=True).stdout
    options = []
    for line in lines.splitlines():
        name, letter, arg, verbs, built, whose, text = line.split("\t")
        options.append(Option(name, "" if letter == "-" else letter, "" if arg == "-" else arg,
                              frozenset(verbs.split(",")), built == "built", whose == "ours", text))
    return options


@pytest.fixture(scope="session")
def options():
    return read_options()


def read_types():
    """The names that --type takes, as --help lists them."""
    text = subprocess.run([FAKE, "--help"], text=True, capture_output=True, check=True).stdout
    listed = text.partition("Types of kernel files:\n")[2]
    return [line.split()[0] for line in listed.splitlines() if line.startswith("  ")]
