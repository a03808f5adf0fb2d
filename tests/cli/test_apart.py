# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that came from a network or out of an archive: planned for by a process that can do nothing else."""

import json
import os
import re
import subprocess
import tarfile

import pytest

import conftest
from test_golden import GOLDEN, MACHINES, json_of, plan, text_of
from test_load import LOAD

PROBE = conftest.BUILD / "tests/cli/kexec-probe"


@pytest.fixture
def foreign(kexec):
    kexec.env["KX_FAKE_FOREIGN"] = "1"
    return kexec


@pytest.mark.parametrize("machine", MACHINES)
def test_its_plan_is_the_same(foreign, machine):
    assert json_of(foreign, plan(foreign, machine, "--json")) == (GOLDEN / f"{machine}.json").read_text()
    assert text_of(foreign, plan(foreign, machine)) == (GOLDEN / f"{machine}.txt").read_text()


def test_it_loads(foreign):
    result = foreign("-l", foreign.kernel, f"--initrd={foreign.initrd}", "--append=quiet")
    foreign.env.clear()
    here = foreign("-l", foreign.kernel, f"--initrd={foreign.initrd}", "--append=quiet")
    assert (result.status, result.out, result.err) == (0, "", here.err)
    assert result.log == [LOAD]
    assert result.drawn == 2  # of the one that loads, not of the other


@pytest.mark.parametrize("method", ["-c", "-s"])
def test_what_is_carried_is_told(foreign, method):
    args = ("plan", method, foreign.kernel, f"--initrd={foreign.initrd}", f"--add={foreign.kernel}=/lib/one", "--json")
    apart = foreign(*args)
    foreign.env.clear()
    here = foreign(*args)
    assert [file["path"] for file in json.loads(apart.out)["carried"]] == ["/lib/one"]
    assert (apart.out, apart.err) == (here.out, here.err)


def test_what_the_kernel_loads_by_itself(foreign):
    result = foreign("-l", "-s", foreign.kernel, f"--initrd={foreign.initrd}", "--append=quiet")
    assert result.status == 0
    size = foreign.kernel.stat().st_size
    assert result.log == [f"kexec_file_load kernel={size} initrd=6 cmdline=quiet flags=0"]


def test_what_is_wrong_with_a_file_is_said_as_ever(kexec):
    odd = kexec.file("odd", b"not a kernel at all" * 100)
    here = kexec("-l", odd)
    kexec.env["KX_FAKE_FOREIGN"] = "1"
    apart = kexec("-l", odd)
    assert "no known kernel format" in apart.err
    assert (apart.status, apart.err, apart.log) == (here.status, here.err, [])


def test_a_crash_kernel_comes_from_this_machine(foreign):
    result = foreign("-p", foreign.kernel)
    assert "a crash kernel cannot come from a network or out of an archive" in result.err
    assert result.log == []


def test_types_are_asked_of_files_of_this_machine(foreign):
    result = foreign("--type=help", foreign.kernel)
    assert "--type=help looks only at files of this machine" in result.err


def probed(kexec, *args, end=""):
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "KX_FAKE_LOG": str(kexec.folder / "log"),
           "KX_FAKE_ROOT": str(kexec.root), "KX_FAKE_FOREIGN": "1", "KX_PROBE_END": end}
    return subprocess.run([PROBE, *map(str, args)], cwd=kexec.folder, env=env, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=60)


def test_code_of_somebody_else_can_do_nothing(kexec):
    result = probed(kexec, "-l", kexec.kernel)
    assert re.fullmatch(r"kexec: probe: \d\d tried, none worked\n", result.stderr)
    assert result.returncode != 0
    assert nothing_loaded(kexec)


@pytest.mark.parametrize("program, args", [
    ("kexec-fetch", ["http://127.0.0.1:9/linux", "--insecure"]),
    ("kexec-unpack", ["files.tar#linux"]),
    ("kexec-verify", ["vmlinuz", "--signed-by=initrd.img"])])
def test_nor_can_it_in_the_programs_that_read_for_us(kexec, program, args):
    probe = conftest.BUILD / f"tests/cli/probe-{program}"
    if not probe.exists():
        pytest.skip(f"{program} was not built")
    with tarfile.open(kexec.folder / "files.tar", "w") as archive:
        archive.add(kexec.kernel, "linux")
    (kexec.folder / "libexec").mkdir()
    (kexec.folder / "libexec" / program).symlink_to(probe)
    kexec.env["KX_FAKE_LIBEXEC"] = str(kexec.folder / "libexec")
    result = kexec("load", *args)
    assert re.search(r"probe: \d\d tried, none worked$", result.err, re.MULTILINE), result.err
    assert result.status != 0 and not result.log


def test_nor_can_it_in_gpgv(kexec):
    """Which is not ours: so another program takes its place, which this process and its children alone see."""
    kexec.env["KX_FAKE_GPGV"] = "/usr/bin/gpgv"
    sums = kexec.file("SHA256SUMS", b"-----BEGIN PGP SIGNED MESSAGE-----\n")
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "KX_FAKE_LOG": str(kexec.folder / "log"), "KX_FAKE_ROOT": str(kexec.root), **kexec.env}
    command = 'mount --bind "$0" /usr/bin/gpgv && exec "$@"'
    result = subprocess.run([*conftest.apart(), "sh", "-c", command,
                             conftest.BUILD / "tests/sandbox/probe-gpgv", conftest.FAKE, "load", kexec.kernel, f"--sums={sums}",
                             f"--keyring={kexec.initrd}"], env=env, cwd=kexec.folder, stdin=subprocess.DEVNULL, text=True,
                            capture_output=True, timeout=60, check=False)
    assert re.search(r"gpgv takes: probe: \d\d tried, none worked; it has its keyring$", result.stderr, re.MULTILINE), result.stderr
    assert result.returncode != 0 and not (kexec.folder / "log").exists()


def nothing_loaded(kexec):
    return "kexec" not in (kexec.folder / "log").read_text()


@pytest.mark.parametrize("end, what", [
    ("abort", "nothing was loaded: the process that reads what is not trusted was ended by signal 6 (Aborted)"),
    ("nothing", "gave back a plan that cannot be right: none at all; nothing was loaded"),
    ("garbage", "gave back a plan that cannot be right: it is cut, or was never written; nothing was loaded"),
    ("hole", "gave back a plan that cannot be right: it is cut, or was never written; nothing was loaded"),
    ("large", "nothing was loaded: the process that reads what is not trusted was ended by signal 25"),
    ("silence", "the process that reads what is not trusted ended with status 9 and said nothing"),
    ("terminal", "kexec: a [2Jb")])
def test_a_bad_end_loads_nothing(kexec, end, what):
    result = probed(kexec, "-l", kexec.kernel, end=end)
    assert what in result.stderr
    assert result.returncode != 0
    assert nothing_loaded(kexec)
