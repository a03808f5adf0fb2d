# SPDX-License-Identifier: GPL-2.0-or-later
"""
Plans for captured machines, compared with what somebody has looked at. KX_UPDATE_GOLDEN=1 writes them anew: then look.

Purgatory's size and place are left out, since they depend on the compiler.
"""

import json
import os
import pathlib
import re

import pytest

from conftest import ROOT

GOLDEN = pathlib.Path(__file__).parent / "golden"
MACHINES = sorted(p.name for p in (ROOT / "tests/data/machines").iterdir() if p.is_dir())


def same(name, found):
    path = GOLDEN / name
    if os.environ.get("KX_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found)
    assert found == path.read_text()


def plan(kexec, machine, *more):
    return kexec("plan", "--machine", ROOT / "tests/data/machines" / machine, kexec.kernel,
                 f"--initrd={kexec.initrd}", "--reuse-cmdline", "--append=added", *more)


RESERVING = [name for name in MACHINES
             if "Crash kernel" in (ROOT / "tests/data/machines" / name / "proc/iomem").read_text()]


def json_of(kexec, result):
    answer = json.loads(result.out)
    for segment in answer.get("segments", []):
        if segment["name"] == "purgatory":
            for key in "bufsz", "memsz", "reserved":
                del segment[key]
            segment["dest"] = segment["dest"] and "somewhere"
    answer["exit status"] = result.status
    return json.dumps(answer, indent=1, ensure_ascii=False).replace(str(kexec.folder), "DIR") + "\n"


def text_of(kexec, result):
    text = re.sub(r"^([a-z]) (?:0x[0-9a-f]+|unknown) .* purgatory:", r"\1 purgatory:", result.out + result.err,
                  flags=re.MULTILINE)
    return text.replace(str(kexec.folder), "DIR")


@pytest.mark.parametrize("machine", MACHINES)
def test_plan_in_json(kexec, machine):
    same(f"{machine}.json", json_of(kexec, plan(kexec, machine, "--json")))


@pytest.mark.parametrize("machine", MACHINES)
def test_plan_in_text(kexec, machine):
    same(f"{machine}.txt", text_of(kexec, plan(kexec, machine)))


@pytest.mark.parametrize("machine", RESERVING)
def test_plan_for_a_panic(kexec, machine):
    more = ["--hotplug"] if "high" in machine else []
    same(f"{machine}.panic.json", json_of(kexec, plan(kexec, machine, "-p", "--json", *more)))
    same(f"{machine}.panic.txt", text_of(kexec, plan(kexec, machine, "-p", *more)))


@pytest.mark.parametrize("machine", MACHINES)
def test_check(kexec, machine):
    result = kexec("check", "--machine", ROOT / "tests/data/machines" / machine)
    same(f"{machine}.check", result.out + result.err + f"exit status {result.status}\n")
