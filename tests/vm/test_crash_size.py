# SPDX-License-Identifier: GPL-2.0-or-later
"""How much memory a capture kernel needs: what the rules say, beside what the kernel itself makes do with."""

import gzip
import json
import os
import subprocess

import pytest

from lab import assets, crash, initrd, tool

MIB = 1 << 20
YES, WARNINGS, NO = range(3)

ROOT = "nr_cpus=1 root=/dev/nothing"


def ask(question, folder, name, files, cmdline):
    """`kexec crash` on this machine, which it only reads; the guests are QEMU's."""
    image = folder / "initrd.img"
    image.write_bytes(files)
    command = [tool.BUILD.absolute() / "tools/kexec", "crash", question, "--json", f"--append={cmdline}",
               f"--kernel={assets.kernel(name).image}", f"--initrd={image}"]
    run = subprocess.run(command, text=True, capture_output=True, check=False, timeout=900)
    print(run.stdout, run.stderr)
    assert run.returncode in (YES, WARNINGS, NO) or "how much is kept for a crash kernel is not known" in run.stderr
    return json.loads(run.stdout)


def small():
    return gzip.compress(initrd.archive({"init": "#!/bin/sh\n", "bin/busybox": open("/bin/busybox", "rb").read()}))


def large():
    """Of 80 MiB of files, 60 do not get smaller: the initrd is there twice for a moment, and that is the most."""
    files = {f"random/{i}": os.urandom(MIB) for i in range(60)}
    return gzip.compress(initrd.archive({**files, **{f"zero/{i}": bytes(MIB) for i in range(20)}}), 1)


def holes():
    """120 MiB of files that are nothing when packed."""
    return gzip.compress(initrd.archive({f"zero/{i}": bytes(MIB) for i in range(120)}), 1)


CASES = [
    ("6.1", small, ROOT, "dumping"), ("7.x", small, ROOT, "dumping"), ("6.1", large, ROOT, "unpacking"),
    ("6.12", holes, "nr_cpus=1", "half"),
]
MORE = [("5.10", small, ROOT, "dumping"), ("6.1-standard", small, ROOT, "dumping"), ("6.12", small, ROOT, "dumping"),
        ("7.x", large, ROOT, "unpacking"), ("7.x", holes, "nr_cpus=1", "half"), ("6.1", small, "nr_cpus=4 " + ROOT[10:], "dumping")]


def check(folder, case):
    name, files, cmdline, moment = case
    files = files()
    size = ask("size", folder, name, files, cmdline)
    assert size["needed"] == size[moment] and size["guessed"] == 0
    trial = ask("test", folder, name, files, cmdline)
    assert trial["exact"] and trial["estimated"] == size["needed"]
    runs = {boot["memory"]: boot["runs"] for boot in trial["boots"]}
    assert runs[trial["needed"]] and not any(ok for memory, ok in runs.items() if memory < trial["needed"])
    # The rules must not say too little, nor much too much.
    assert trial["needed"] - 4 * MIB <= size["needed"] <= trial["needed"] * 5 // 4
    assert trial["recommended"] > trial["needed"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join([case[0], case[3], case[2][8]]))
def test_rules_and_trial_boot_agree(tmp_path, case):
    check(tmp_path, case)


@pytest.mark.long
@pytest.mark.parametrize("case", MORE, ids=lambda case: "-".join([case[0], case[3], case[2][8]]))
def test_more_kernels(tmp_path, case):
    check(tmp_path, case)


def test_trial_that_cannot_be_unpacked_does_not_run(tmp_path):
    """The trial's own process comes last: it is only there when all before it was unpacked."""
    damaged = gzip.compress(initrd.archive({"big": os.urandom(MIB)}))
    image, kernel = tmp_path / "initrd.img", assets.kernel("6.1").image
    image.write_bytes(damaged[:-1000] + b"x" * 1000)
    run = subprocess.run([tool.BUILD.absolute() / "tools/kexec", "crash", "test", "--timeout=30", f"--kernel={kernel}",
                          f"--initrd={image}", f"--append={ROOT}"], text=True, capture_output=True, check=False)
    assert run.returncode == 3 and run.stdout == ""
    assert "Kernel panic" in run.stderr and "runs" not in run.stderr


def test_status_and_shrink_in_a_guest():
    with crash.boot("6.1", crashkernel="256M") as guest:
        def answer(*words):
            out = guest.ok("kexec crash " + " ".join(words) + " --json || [ $? -lt 3 ]")
            return json.loads(out)

        status = answer("status")
        assert (status["loaded"], status["reserved"]) == (False, 256 * MIB)
        assert [region["size"] for region in status["regions"]] == [256 * MIB]
        assert "crashkernel=256M" in status["crashkernel"]
        assert {s["name"]: s["value"] for s in status["settings"]}["kernel.panic_on_oops"] == 0
        crash.load(guest)
        assert answer("status")["loaded"] is True
        refused = guest.run("kexec crash size --shrink=128M")
        assert refused.status == NO and "kexec -p -u" in refused.err
        # And that is what the kernel says, too.
        assert guest.run("echo 134217728 >/sys/kernel/kexec_crash_size").status != 0
        guest.ok("kexec -p -u")
        assert guest.ok("kexec crash size --shrink=128M") == "reserved        128 MiB, before 256 MiB\n"
        assert guest.ok("cat /sys/kernel/kexec_crash_size").strip() == str(128 * MIB)
        assert answer("status")["regions"][0]["size"] == 128 * MIB
        assert "can only become less" in guest.run("kexec crash size --shrink=256M").err
