# SPDX-License-Identifier: GPL-2.0-or-later
"""vmcore-dmesg's own words; what it reads is tested by test_vmcore and in the VM."""

import json
import re
import subprocess

import pytest

from conftest import BUILD, ROOT

TOOL = BUILD / "tools/vmcore-dmesg"
SEEDS = BUILD / "tests/fuzz/seeds/vmcore"
LINES = r"""[    0.000000] first
[    0.001500] of two
[    0.001500] lines
[   12.345678] with \x01 and \xc3\xa9
[99999.999999] Kernel panic
"""


def run(*arguments):
    return subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=60, check=False)


def words(text):
    return set(re.findall(r"--[a-z]+", text))


def test_help_says_what_man_page_and_completions_say():
    options = words(run("--help").stdout)
    assert options == {"--json", "--help", "--version"}
    man = (ROOT / "man/vmcore-dmesg.8").read_text()
    assert {f"--{name}" for name in re.findall(r"^\.It Fl (?:\S , )?-(\w+)$", man, re.MULTILINE)} == options
    assert words((ROOT / "completion/vmcore-dmesg.bash").read_text()) - {"--help"} | {"--help"} == options
    assert words((ROOT / "completion/_vmcore-dmesg").read_text()) == options
    fish = (ROOT / "completion/vmcore-dmesg.fish").read_text()
    assert {f"--{name}" for name in re.findall(r"-l (\w+)", fish)} == options


def test_help_version_and_usage():
    assert run("--help").returncode == 0
    assert run("-V").stdout.startswith("vmcore-dmesg, kexec-next ")
    for wrong in ([], ["a", "b"], ["--nothing"]):
        result = run(*wrong)
        assert (result.returncode, result.stdout) == (2, "")
        assert "usage: vmcore-dmesg" in result.stderr


@pytest.mark.parametrize("seed", ["lockless", "records", "old-records", "plain", "paged", "narrow", "big-endian"])
def test_text(seed):
    result = run(SEEDS / seed)
    assert (result.returncode, result.stderr) == (0, "")
    # A log that is text has no time for the further lines of this message.
    assert result.stdout == (LINES.replace("[    0.001500] lines", "lines") if seed == "plain" else LINES)


def test_json():
    result = run("--json", SEEDS / "lockless")
    answer = json.loads(result.stdout)
    assert answer["schema"] == 1 and answer["damaged"] == 0 and answer["cut"] is None and answer["missing"] == 0
    assert answer["records"][1] == {
        "seq": 1, "ns": 1500000, "facility": 3, "level": 6, "caller": 77, "subsystem": "pci",
        "device": "+pci:0000:00:02", "text": "of two\nlines", "joins": False,
    }


def test_damaged():
    result = run(SEEDS / "lockless-damaged")
    assert result.returncode == 1
    assert "1 messages are damaged" in result.stderr
    assert len(result.stdout.splitlines()) == 3


def test_truncated(tmp_path):
    whole = (SEEDS / "lockless").read_bytes()
    part = tmp_path / "part"
    part.write_bytes(whole[:-0x400])
    result = run(part)
    assert (result.returncode, result.stdout) == (0, LINES)
    assert "truncated: 2048 bytes of memory are missing" in result.stderr


def test_what_is_no_dump(tmp_path):
    for content, text in ((b"hello", "it is no dump"), (b"makedumpfile" + bytes(4084), "makedumpfile -R")):
        file = tmp_path / "file"
        file.write_bytes(content)
        result = run(file)
        assert (result.returncode, result.stdout) == (2, "")
        assert text in result.stderr
    assert "cannot open it" in run(tmp_path / "none").stderr
    assert "it is no file" in run(tmp_path).stderr
    assert run(SEEDS / "lockless").returncode == 0
    with open("/dev/full", "w", encoding="ascii") as full:
        result = subprocess.run([TOOL, SEEDS / "lockless"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 2 and "cannot write its log" in result.stderr
