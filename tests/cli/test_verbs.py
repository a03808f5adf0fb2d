# SPDX-License-Identifier: GPL-2.0-or-later
"""plan, status, check and machine: exit status, text and JSON."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios

import pytest
import samples

from conftest import BUILD, FAKE

YES, WARNINGS, NO, ERROR = range(4)


def answer(kexec, *arguments, status):
    result = kexec(*arguments, "--json")
    assert result.status == status, result.err
    assert result.log == []
    parsed = json.loads(result.out)
    assert parsed["schema"] == 1
    return parsed


# ---- plan ------------------------------------------------------------------------------------------------------------

def test_plan_of_a_kernel_that_is_entered_directly(kexec):
    kernel = kexec.file("direct", samples.bzimage(samples.vmlinux(), init_size=0x400000))
    plan = answer(kexec, "plan", kernel, status=WARNINGS)
    assert (plan["direct"], plan["kaslr"]) == (True, True)
    assert "direct_why" not in plan
    assert int(plan["entry"], 16) == int(plan["segments"][0]["dest"], 16) + 0x40
    # What a plan shows is not where a load would go.
    assert answer(kexec, "plan", kernel, status=WARNINGS) == plan
    text = " ".join(kexec("plan", kernel).out.split())
    assert f"entry {plan['entry']}, of the kernel itself" in text
    assert "each load chooses its place anew" in text


def test_plan_of_a_kernel_that_is_left_to_its_decompressor(kexec):
    kernel = kexec.file("direct", samples.bzimage(samples.vmlinux(), init_size=0x400000))
    plan = answer(kexec, "plan", "--fast=none", kernel, status=WARNINGS)
    assert (plan["direct"], plan["direct_why"]) == (False, "asked for, by --fast=none")
    plan = answer(kexec, "plan", "--append=nokaslr", kernel, status=WARNINGS)
    assert (plan["direct"], plan["kaslr"], plan["entry"]) == (True, False, "0x1000040")


def test_plan_in_json(kexec):
    # The machine has no boot_params to hand over: one warning.
    plan = answer(kexec, "plan", kexec.kernel, f"--initrd={kexec.initrd}", "--reuse-cmdline", status=WARNINGS)
    assert list(plan) == ["schema", "machine", "format", "entry", "direct", "direct_why", "syscall", "syscall_why",
                          "cmdline", "archives", "segments", "memory", "warnings"]
    assert plan["machine"] == {"arch": "x86_64", "release": "6.1.0-1-test"}
    assert (plan["format"], plan["syscall"]) == ("bzImage64", "kexec_load")
    assert plan["entry"] == "0x1000200"
    assert plan["cmdline"] == "root=/dev/vda1 ro quiet"
    assert [s["name"] for s in plan["segments"]] == ["kernel", "initrd", "boot_params", "purgatory"]
    for segment in plan["segments"]:
        assert re.fullmatch(r"0x[0-9a-f]+000", segment["dest"])
        assert 0 < segment["bufsz"] <= segment["memsz"] <= segment["reserved"]
        assert segment["why"]
    assert plan["memory"][0] == {"start": "0x0", "size": 0x9fc00, "type": "System RAM"}
    assert len(plan["warnings"]) == 1


def test_plan_changes_nothing_and_takes_a_loads_options(kexec):
    result = kexec("plan", "-l", "-d", "-x", "-y", "-i", "-c", "-f", "--noefi", kexec.kernel)
    assert (result.status, result.log) == (WARNINGS, [])


def test_plan_in_text(kexec):
    text = kexec("plan", kexec.kernel, f"--initrd={kexec.initrd}").out
    assert f"kernel    {kexec.kernel} (bzImage64, " in text
    assert f"initrd    {kexec.initrd} (6 bytes)" in text
    assert "call      kexec_load: nothing forbids it" in text
    assert "entry     0x1000200" in text


def test_hidden_addresses_are_unknown_and_never_zero(kexec):
    kexec.change(proc__iomem="00000000-00000000 : System RAM\n",
                 proc__self__status="CapEff:\t0000000000000000\nNSpid:\t1\n")
    plan = answer(kexec, "plan", kexec.kernel, status=WARNINGS)
    assert plan["entry"] is None
    assert {s["dest"] for s in plan["segments"]} == {None}
    text = kexec("plan", kexec.kernel).out
    assert "entry     unknown" in text
    assert "segments, at places that are not known" in text


def test_plan_that_cannot_be(kexec):
    bad = kexec.file("bad", b"hello")
    plan = answer(kexec, "plan", bad, status=NO)
    assert set(plan) == {"schema", "error"}
    assert str(bad) in plan["error"]
    assert kexec("plan", bad).err == f"kexec: {plan['error']}\n"
    assert kexec("plan", "nothing").status == NO
    assert kexec("plan", "--load-preserve-context", kexec.kernel).status == NO


def test_plan_of_what_may_not_be_loaded_here_is_shown_all_the_same(kexec):
    kexec.change(proc__sys__kernel__kexec_load_disabled="1\n")
    plan = answer(kexec, "plan", kexec.kernel, status=NO)
    assert "kernel.kexec_load_disabled" in plan["error"] and plan["segments"]
    text = kexec("plan", kexec.kernel)
    assert (text.status, text.err) == (NO, f"kexec: {plan['error']}\n")
    assert "call      kexec_load: if it were allowed here" in text.out
    load = kexec("-l", kexec.kernel)
    assert (load.status, load.err, load.log) == (255, text.err, [])


def test_plan_usage_errors(kexec):
    assert kexec("plan", "--serial=x", kexec.kernel).status == ERROR
    assert kexec("plan", "--machine=nothing", kexec.kernel).status == ERROR


def test_plan_has_no_seed(kexec):
    first, second = (kexec("plan", "--json", kexec.kernel).out for _ in range(2))
    assert first == second  # no randomness at all


# ---- the map ---------------------------------------------------------------------------------------------------------

def draw(kexec, **env):
    kexec.env = env
    return kexec("plan", kexec.kernel, f"--initrd={kexec.initrd}").out


def test_map_has_every_segment_in_the_order_of_addresses(kexec):
    text = draw(kexec)
    rows = re.findall(r"^([a-z]) 0x([0-9a-f]+) +\S+ \S+ +(\w+):", text, re.MULTILINE)
    assert [row[0] for row in rows] == ["a", "b", "c", "d"]
    assert {row[2] for row in rows} == {"kernel", "initrd", "boot_params", "purgatory"}
    addresses = [int(row[1], 16) for row in rows]
    assert addresses == sorted(addresses)
    assert "System RAM" in text and "Reserved" in text


def test_map_is_ascii_unless_the_locale_is_not(kexec):
    text = draw(kexec)
    assert text.isascii() and "=" in text
    assert "█" in draw(kexec, LC_ALL="C.UTF-8")


@pytest.mark.parametrize("columns", [40, 80, 132])
def test_map_honours_the_width(kexec, columns):
    lines = draw(kexec, COLUMNS=str(columns)).splitlines()
    bar = lines[lines.index("") + 2]
    assert len(bar) == columns
    folder = str(kexec.folder)
    wide = [line for line in lines if folder not in line]
    assert max(map(len, wide[:3])) <= columns


def on_terminal(kexec, columns, **env):
    """What the command writes to a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    with subprocess.Popen([FAKE, "plan", kexec.kernel], stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL,
                          env={"KX_FAKE_ROOT": str(kexec.root), "LC_ALL": "C", **env}):
        os.close(theirs)
        text = b""
        try:
            while chunk := os.read(ours, 65536):
                text += chunk
        except OSError:  # how a terminal says that the other side is gone
            pass
    os.close(ours)
    return text.decode()


def test_colours_only_on_a_terminal_and_without_no_color(kexec):
    escape = "\033["
    assert escape not in draw(kexec, TERM="xterm")
    assert escape in on_terminal(kexec, 80, TERM="xterm")
    assert escape not in on_terminal(kexec, 80, TERM="xterm", NO_COLOR="1")
    assert escape not in on_terminal(kexec, 80, TERM="dumb")
    assert escape not in on_terminal(kexec, 80)


def test_terminal_has_the_word_on_its_width(kexec):
    text = on_terminal(kexec, 60, COLUMNS="100")
    lines = text.splitlines()
    assert len(lines[lines.index("") + 2]) == 60


def test_waiting_at_a_terminal_is_explained(kexec):
    ours, theirs = pty.openpty()
    reader, writer = os.pipe()
    with subprocess.Popen([FAKE, "plan", kexec.kernel, "--initrd=-"], stdin=reader, stdout=subprocess.DEVNULL,
                          stderr=theirs, env={"KX_FAKE_ROOT": str(kexec.root)}):
        os.close(theirs)
        said, _, _ = select.select([ours], [], [], 20)  # comes after a second
        os.write(writer, b"INITRD")
        os.close(writer)
        assert said and "reading standard input" in os.read(ours, 1000).decode()
    os.close(ours)
    os.close(reader)


# ---- status ----------------------------------------------------------------------------------------------------------

def test_status(kexec):
    state = answer(kexec, "status", status=NO)
    assert state == {"schema": 1, "loaded": False, "crash_loaded": False, "crash_size": 0,
                     "allowed": {"kexec_load": True, "kexec_file_load": True}, "reasons": []}
    kexec.change(sys__kernel__kexec_crash_loaded="1\n", sys__kernel__kexec_crash_size="268435456\n")
    state = answer(kexec, "status", status=WARNINGS)
    assert (state["crash_loaded"], state["crash_size"]) == (True, 268435456)
    kexec.change(sys__kernel__kexec_loaded="1\n")
    assert answer(kexec, "status", status=YES)["loaded"] is True
    text = kexec("status").out
    assert re.search(r"^loaded +yes$", text, re.MULTILINE)
    assert re.search(r"^kept for a panic +256 MiB$", text, re.MULTILINE)


def test_status_gives_reasons(kexec):
    kexec.change(sys__kernel__security__lockdown="none [integrity] confidentiality\n")
    state = answer(kexec, "status", status=NO)
    assert state["allowed"] == {"kexec_load": False, "kexec_file_load": True}
    assert len(state["reasons"]) == 1
    assert state["reasons"][0].startswith("kexec_load: ") and "locked down" in state["reasons"][0]
    assert re.search(r"^kexec_load +no: the kernel is locked down", kexec("status").out, re.MULTILINE)


def test_status_that_is_not_known(kexec):
    kexec.change(sys__kernel__kexec_loaded=None, sys__kernel__kexec_crash_loaded=None,
                 sys__kernel__kexec_crash_size=None)
    state = answer(kexec, "status", status=ERROR)
    assert (state["loaded"], state["crash_loaded"], state["crash_size"]) == (None, None, None)
    assert re.search(r"^loaded +unknown$", kexec("status").out, re.MULTILINE)


# ---- check -----------------------------------------------------------------------------------------------------------

def test_check_says_no_with_the_reason_and_what_to_do(kexec):
    kexec.change(proc__sys__kernel__kexec_load_disabled="1\n")
    report = answer(kexec, "check", status=NO)
    assert report["can_kexec"] is False
    finding = next(f for f in report["findings"] if f["id"] == "sysctl.kexec_load_disabled")
    assert finding["verdict"] == "no" and "reboot" in finding["remedy"]
    text = kexec("check").out
    assert re.search(r"^no +sysctl.kexec_load_disabled: ", text, re.MULTILINE)
    assert "what to do: reboot" in text
    assert text.endswith("can this machine kexec: no\n")


def test_check_with_warnings(kexec):
    kexec.change(sys__kernel__security__lockdown="none [integrity] confidentiality\n")
    report = answer(kexec, "check", status=WARNINGS)
    assert report["can_kexec"] is True
    assert [set(f) for f in report["findings"]] == [{"id", "verdict", "warning", "found", "remedy"}] * \
        len(report["findings"])
    assert kexec("check").out.endswith("can this machine kexec: yes, with warnings\n")


def test_check_fits_a_terminal(kexec):
    assert max(map(len, kexec("check").out.splitlines())) <= 80


# ---- machine ---------------------------------------------------------------------------------------------------------

def test_saved_machine_answers_like_the_machine(kexec):
    saved = kexec.folder / "saved"
    assert kexec("machine", f"--save={saved}").status == YES
    here = kexec("plan", "--json", kexec.kernel).out
    kexec.change(proc__cmdline="other\n", proc__iomem="00001000-0009fbff : System RAM\n")
    assert kexec("plan", "--json", "--machine", saved, kexec.kernel).out == here
    for verb in "status", "check":
        assert kexec(verb, "--machine", saved).out


def test_machine_is_never_saved_over_something(kexec):
    result = kexec("machine", f"--save={kexec.folder}")
    assert result.status == ERROR
    assert "not empty" in result.err


def test_output_that_cannot_be_written(kexec):
    with open("/dev/full", "w", encoding="ascii") as full:
        run = subprocess.run([FAKE, "status"], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                             env={"KX_FAKE_ROOT": str(kexec.root), "LC_ALL": "C"})
    assert run.returncode != 0
    assert "cannot write to standard output: No space left on device" in run.stderr


# ---- what others chose -----------------------------------------------------------------------------------------------

def test_control_characters_do_not_reach_the_terminal(kexec):
    odd = kexec.file("v\x1b]0;x\x07", kexec.kernel.read_bytes())
    result = kexec("plan", odd, "--append=a\x1b[31mb")
    assert result.status == WARNINGS
    assert "\x1b" not in result.out and "v?]0;x?" in result.out and "a?[31mb" in result.out
    result = kexec("plan", "no\x1bsuch")
    assert "no?such" in result.err and "\x1b" not in result.err


def test_json_is_utf8_whatever_the_bytes(kexec):
    bytes_ = {b"\xff": "?", b"\xc3\xa9": "é", b"\xed\xa0\x80": "???", b"\xf0\x9f\x98\x80": "😀",
              b"\xe2\x82": "??", b"\xe2\x82x": "??x", b"\xc0\xaf": "??", b"\xf4\x90\x80\x80": "????"}
    for given, shown in bytes_.items():
        run = subprocess.run([FAKE, b"plan", kexec.kernel, b"--json", b"--append=" + given], capture_output=True,
                             check=False, env={"KX_FAKE_ROOT": str(kexec.root)})
        assert json.loads(run.stdout.decode())["cmdline"] == shown


# ---- the real command ------------------------------------------------------------------------------------------------

def test_real_command_has_no_hook_and_answers(kexec):
    real = BUILD / "tools/kexec"
    assert b"KX_FAKE" not in real.read_bytes()
    run = subprocess.run([real, "plan", "--machine", kexec.root, kexec.kernel, "--json"], capture_output=True,
                         text=True, check=False)
    assert run.returncode == WARNINGS
    assert run.stdout == kexec("plan", kexec.kernel, "--json").out
