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


@pytest.mark.parametrize("machine", MACHINES)
def test_plan_in_json(kexec, machine):
    result = plan(kexec, machine, "--json")
    answer = json.loads(result.out)
    for segment in answer.get("segments", []):
        if segment["name"] == "purgatory":
            for key in "bufsz", "memsz", "reserved":
                del segment[key]
            segment["dest"] = segment["dest"] and "somewhere"
    answer["exit status"] = result.status
    same(f"{machine}.json", json.dumps(answer, indent=1, ensure_ascii=False).replace(str(kexec.folder), "DIR") + "\n")


@pytest.mark.parametrize("machine", MACHINES)
def test_plan_in_text(kexec, machine):
    result = plan(kexec, machine)
    text = re.sub(r"^([a-z]) (?:0x[0-9a-f]+|unknown) .* purgatory:", r"\1 purgatory:", result.out + result.err,
                  flags=re.MULTILINE)
    same(f"{machine}.txt", text.replace(str(kexec.folder), "DIR"))


@pytest.mark.parametrize("machine", MACHINES)
def test_check(kexec, machine):
    result = kexec("check", "--machine", ROOT / "tests/data/machines" / machine)
    same(f"{machine}.check", result.out + result.err + f"exit status {result.status}\n")
