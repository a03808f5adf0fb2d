# SPDX-License-Identifier: GPL-2.0-or-later
"""What loading asks the system for, and what it says when it cannot."""

import errno
import json
import os
import pathlib
import re
import subprocess

import pytest

import samples
from conftest import FAKE, ROOT

FAILED = 255
LOAD = "kexec_load entry=set count=some flags=0x3e0000"


def test_the_scenario_typed_exactly(kexec):
    result = kexec("--load", kexec.kernel, f"--initrd={kexec.initrd}", "--reuse-cmdline")
    assert (result.status, result.out) == (0, "")
    assert result.log == [LOAD]
    assert result.drawn == 2  # for the kernel's place, and as its seed
    assert kexec.loaded()
    result = kexec("--exec")
    assert result.status == 0
    assert result.log == ["lock_memory", "sync", "interfaces_down", "reboot_kexec"]


def test_load_makes_exactly_one_call(kexec):
    for call in "kexec_load", "kexec_file_load":
        kexec.fail = f"{call}={errno.EPERM}"
        result = kexec("-l", "-c" if call == "kexec_load" else "-s", kexec.kernel)
        assert result.status == FAILED
        assert [line for line in result.log if line.startswith("kexec_")] == result.log[-1:]


def test_debug_changes_nothing_but_the_output(kexec):
    plain, debug = kexec("-l", kexec.kernel), kexec("-l", "-d", kexec.kernel)
    assert plain.log == debug.log
    assert (debug.status, debug.out) == (0, "")
    assert "boot_params" in debug.err and "boot_params:" not in plain.err


def test_no_name_moves_the_cursor(kexec):
    """Neither by ESC nor by U+009B, which begins the same sequences; U+00A0 is no control."""
    result = kexec("load", "/\x1b[2J\u009b2J\u00a0/none")
    assert result.status == 2 and "/?[2J?2J\u00a0/none" in result.err, result.err


def test_failed_load_leaves_what_was_loaded(kexec):
    assert kexec("-l", kexec.kernel).status == 0
    kexec.fail = f"kexec_load={errno.ENOMEM}"
    assert kexec("-l", kexec.kernel).status == FAILED
    assert kexec.loaded()
    kexec.fail = ""
    bad = kexec.file("bad", samples.bzimage()[:2000])
    result = kexec("-l", bad)
    assert (result.status, result.log) == (FAILED, [])
    assert kexec.loaded()


def test_file_load(kexec):
    result = kexec("-s", "-l", kexec.kernel, f"--initrd={kexec.initrd}", "--append=quiet splash")
    assert result.status == 0
    size = kexec.kernel.stat().st_size
    assert result.log == [f"kexec_file_load kernel={size} initrd=6 cmdline=quiet splash flags=0"]


def test_file_load_without_initrd(kexec):
    result = kexec("-s", "-l", kexec.kernel)
    assert result.log[0].endswith("initrd=none cmdline= flags=0x4")


def test_initrds_are_all_kept_and_padded(kexec):
    extra = kexec.file("extra", b"EXTRA")
    result = kexec("-s", "-l", kexec.kernel, f"--initrd={kexec.initrd}", f"--ramdisk={extra}")
    assert "initrd=13 " in result.log[0]  # 6, two zeros, 5


def test_initrd_from_a_pipe(kexec):
    with subprocess.Popen(["printf", "12345678"], stdout=subprocess.PIPE) as pipe:
        result = kexec("-s", "-l", kexec.kernel, "--initrd=-", stdin=pipe.stdout)
    assert result.status == 0, result.err
    assert "initrd=8 " in result.log[0]


# ---- command line ----------------------------------------------------------------------------------------------------

def cmdline(kexec, *options):
    result = kexec("-s", "-l", kexec.kernel, *options)
    assert result.status == 0, result.err
    return result.log[0].partition("cmdline=")[2].partition(" flags=")[0]


def test_command_line(kexec):
    assert cmdline(kexec) == ""
    assert cmdline(kexec, "--append=a b") == "a b"
    assert cmdline(kexec, "--command-line=a b") == "a b"
    assert cmdline(kexec, "--reuse-cmdline") == "root=/dev/vda1 ro quiet"
    assert cmdline(kexec, "--append=single", "--reuse-cmdline") == "root=/dev/vda1 ro quiet single"


def test_last_append_counts_and_that_is_said(kexec):
    result = kexec("-s", "-l", kexec.kernel, "--append=a", "--command-line=b")
    assert "cmdline=b " in result.log[0]
    assert "the last one counts" in result.err


def test_too_long_a_command_line_is_refused_with_both_numbers(kexec):
    result = kexec("-l", kexec.kernel, "--append=" + "x" * 2048)
    assert (result.status, result.log) == (FAILED, [])
    assert "2048" in result.err and "2047" in result.err


def test_command_line_that_is_not_known(kexec):
    kexec.change(proc__cmdline=None)
    result = kexec("-l", kexec.kernel, "--reuse-cmdline")
    assert (result.status, result.log) == (FAILED, [])
    assert "command line" in result.err


# ---- bad input -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name,content,words", [
    ("empty", b"", "empty"),
    ("text", b"hello\n" * 100, "no known kernel format"),
    ("cut", samples.bzimage()[:-200], ""),
    ("flipped", samples.bzimage()[:-1000] + b"\xff" + samples.bzimage()[-999:], ""),
])
def test_bad_kernels(kexec, name, content, words):
    bad = kexec.file(name, content)
    for call in "-c", "-s", "-a":
        result = kexec("-l", call, bad)
        assert (result.status, result.log) == (FAILED, [])
        assert result.err.startswith("kexec: ") and str(bad) in result.err and words in result.err
        assert result.err.count("\n") == 1 or words == "no known kernel format"


def test_files_that_are_not_there(kexec):
    for arguments in (["nothing"], [kexec.kernel, "--initrd=nothing"], [kexec.kernel, "--dtb=nothing"]):
        result = kexec("-l", *arguments)
        assert (result.status, result.log) == (FAILED, [])
        assert "nothing" in result.err and "No such file or directory" in result.err


def test_no_kernel(kexec):
    for arguments in ([], ["-l"], ["-f"]):
        result = kexec(*arguments)
        assert (result.status, result.log) == (FAILED, [])
        assert result.err == "kexec: no kernel given; see `kexec --help`\n"


def test_more_than_one_kernel_is_said(kexec):
    result = kexec("-l", kexec.kernel, kexec.initrd)
    assert result.status == 0
    assert str(kexec.initrd) in result.err and "--initrd" in result.err


def test_initrd_larger_than_the_machine_is_refused_unread(kexec):
    huge = kexec.folder / "huge"
    with huge.open("wb") as file:
        file.truncate(3 << 30)
    result = kexec("-l", kexec.kernel, f"--initrd={huge}")
    assert (result.status, result.log) == (FAILED, [])
    assert "3 GiB" in result.err and "976.5 MiB" in result.err


@pytest.mark.parametrize("option,words", [
    ("--serial=ttyUSB0", "ttyS0"), ("--serial=0x1ffff", "ttyS0"), ("--serial=0x3f8x", "ttyS0"),
    ("--serial-baud=0", "115200"), ("--serial-baud=300", "115200"), ("--serial-baud=junk", "115200"),
    ("--serial-baud=100000", "115200"),
])
def test_bad_ports(kexec, option, words):
    result = kexec("-l", option, kexec.kernel)
    assert (result.status, result.log) == (FAILED, [])
    assert option in result.err and words in result.err


@pytest.mark.parametrize("option", ["--serial=ttyS1", "--serial=0x3f8", "--serial-baud=9600", "--serial-baud=115200",
                                    "-i", "--fast=none", "--fast=safe", "--fast=hints", "--check=fast", "--check=sha256", "--check=none", "--noefi", "--reset-vga", "--console-vga", "--console-serial",
                                    "--reuse-video-type", "--pass-memmap-cmdline", "--force-crc", "--entry-32bit",
                                    "--mem-min=0x1000000", "--mem-max=0x3fffffff", "-x", "-y", "-a", "-c"])
def test_options_that_work(kexec, option):
    result = kexec("-l", option, kexec.kernel)
    assert result.status == 0, result.err
    assert result.log == [LOAD]


@pytest.mark.parametrize("option", ["--args-linux", "--args-elf", "--args-none"])
def test_options_of_other_formats_are_refused(kexec, option):
    result = kexec("-l", option, kexec.kernel)
    assert (result.status, result.log) == (FAILED, [])
    assert option in result.err and "bzImage64" in result.err


def test_wrong_checksum_can_be_overridden(kexec):
    image = bytearray(samples.bzimage())
    image[0x1000] ^= 1
    bad = kexec.file("bad", image)
    assert kexec("-l", bad).status == FAILED
    assert kexec("-l", "--force-crc", bad).status == 0


def test_bounds_are_kept(kexec):
    assert kexec("-l", "--mem-max=0x1000", kexec.kernel).status == FAILED
    result = kexec("plan", "--mem-min=0x20000000", "--json", kexec.kernel)
    assert '"entry": "0x20000200"' in result.out


def test_reuseinitrd_without_one(kexec):
    result = kexec("-l", "--reuseinitrd", kexec.kernel)
    assert (result.status, result.log) == (FAILED, [])
    assert "retain_initrd" in result.err


# ---- which call ------------------------------------------------------------------------------------------------------

def test_locked_down_kernel_goes_by_file(kexec):
    kexec.change(sys__kernel__security__lockdown="none [integrity] confidentiality\n")
    assert kexec("-l", kexec.kernel).log[0].startswith("kexec_file_load ")
    result = kexec("-l", "-c", kexec.kernel)
    assert (result.status, result.log) == (FAILED, [])
    assert "locked down" in result.err


def test_disabled_loading_is_named(kexec):
    kexec.change(proc__sys__kernel__kexec_load_disabled="1\n")
    result = kexec("-l", kexec.kernel)
    assert (result.status, result.log) == (FAILED, [])
    assert "kexec_load_disabled" in result.err and "nor can kexec_file_load" in result.err


@pytest.mark.parametrize("code,words", [(errno.EPERM, "CAP_SYS_BOOT"), (errno.EBUSY, "try again"),
                                        (errno.EADDRNOTAVAIL, "memory map")])
def test_answers_of_the_kernel(kexec, code, words):
    kexec.fail = f"kexec_load={code}"
    result = kexec("-l", kexec.kernel)
    assert result.status == FAILED
    assert "kexec_load failed: " in result.err and words in result.err


def test_hidden_memory_map_cannot_be_loaded(kexec):
    kexec.change(proc__iomem="00000000-00000000 : System RAM\n00000000-00000000 : System RAM\n")
    result = kexec("-c", "-l", kexec.kernel)
    assert (result.status, result.log) == (FAILED, [])
    assert "run as root" in result.err
    assert kexec("-l", kexec.kernel).log[0].startswith("kexec_file_load")


def test_missing_capability_is_named_before_any_call(kexec):
    kexec.change(proc__self__status="CapEff:\t0000000000000000\nNSpid:\t1\n")
    result = kexec("-l", kexec.kernel)
    assert (result.status, result.log) == (FAILED, [])
    assert "cannot load: this process does not have CAP_SYS_BOOT; run it as root" in result.err


@pytest.mark.parametrize("option, low", [("--entry-32bit", False), ("--real-mode", True), ("--force-real-mode", True)])
def test_entries(kexec, option, low):
    result = kexec("plan", option, "--json", "--machine", ROOT / "tests/data/machines/debian12-bios-q35", kexec.kernel)
    plan = json.loads(result.out)
    assert plan["format"] == "bzImage"
    assert (int(plan["entry"], 16) < 0xA0000) == low


def test_kernel_that_is_cut_while_it_is_read(kexec):
    """The second initrd comes from a pipe: when it ends, the kernel has been opened, and is cut."""
    read, write = os.pipe()
    log = kexec.folder / "log"
    run = subprocess.Popen([FAKE, "-l", kexec.kernel, "--initrd=-"], stdin=read, stderr=subprocess.PIPE, text=True,
                           env={"KX_FAKE_LOG": str(log), "KX_FAKE_ROOT": str(kexec.root)})
    os.close(read)
    while str(kexec.kernel) not in pathlib.Path(f"/proc/{run.pid}/maps").read_text():
        assert run.poll() is None
    os.truncate(kexec.kernel, 0)
    os.write(write, b"INITRD")
    os.close(write)
    err = run.communicate(timeout=60)[1]
    assert (run.returncode, log.read_text()) == (FAILED, "random\n")
    assert "cannot read an input to its end" in err


def test_reuseinitrd(kexec):
    kexec.change(sys__firmware__initrd="KEPT")
    result = kexec("-l", "-s", "--reuseinitrd", f"--initrd={kexec.initrd}", kexec.kernel)
    assert result.status == 0, result.err
    assert "initrd=10 " in result.log[0]  # the kept one first


# ---- for a panic -------------------------------------------------------------------------------------------------------

CRASH = "  30000000-37ffffff : Crash kernel\n"


@pytest.fixture
def reserved(kexec):
    """The machine with a crashkernel=128M."""
    iomem = (kexec.root / "proc/iomem").read_text()
    ram = next(line for line in iomem.splitlines(True) if line.endswith(" : System RAM\n") and line > "00100000")
    kexec.change(proc__iomem=iomem.replace(ram, ram + CRASH), sys__kernel__kexec_crash_size="134217728\n",
                 proc__cmdline="ro crashkernel=128M hugepages=64\n")
    return kexec


def test_panic_kernel_goes_into_what_is_kept_for_it(reserved):
    result = reserved("-p", reserved.kernel, f"--initrd={reserved.initrd}", "--reuse-cmdline", "--append=nr_cpus=1")
    assert (result.status, result.log) == (0, [LOAD.replace("0x3e0000", "0x3e0001")]), result.err
    plan = json.loads(reserved("plan", "-p", "--json", reserved.kernel, "--reuse-cmdline").out)
    assert plan["crash"] == {"start": "0x30000000", "size": 134217728}
    assert all(0x30000000 <= int(part["dest"], 16) < 0x38000000 for part in plan["segments"])
    assert re.fullmatch("elfcorehdr=0x37fff000 ro", plan["cmdline"])
    assert "for a panic, into the 128 MiB kept at 0x30000000" in reserved("plan", "-p", reserved.kernel).out


def test_panic_kernel_by_kexec_file_load(reserved):
    result = reserved("-p", "-s", reserved.kernel, "--append=nr_cpus=1")
    assert result.status == 0, result.err
    assert "flags=0x6" in result.log[0] and "elfcorehdr" not in result.log[0]


def test_panic_kernel_without_memory_for_it(kexec):
    for call in "-c", "-s", "-a":
        result = kexec("-p", call, kexec.kernel)
        assert (result.status, result.log) == (FAILED, [])
        assert "put crashkernel=256M, or what" in result.err


def test_failed_load_for_a_panic_says_what_is_left(reserved):
    """The kernel takes the old one out first; what is found out before does not get so far."""
    assert reserved("-p", reserved.kernel).status == 0
    result = reserved("-p", reserved.kernel, "--append=" + "x" * 2030)
    assert (result.status, result.log) == (FAILED, [])
    assert "command line has 2030 bytes" in result.err and "crash kernel is" not in result.err
    reserved.fail = f"kexec_load={errno.EADDRNOTAVAIL}"
    result = reserved("-p", reserved.kernel)
    assert result.status == FAILED
    assert "the crash kernel that was loaded before is still loaded" in result.err
    reserved.change(sys__kernel__kexec_crash_loaded="0\n")
    *_, reason, left = reserved("-p", reserved.kernel).err.splitlines()
    assert "kexec_load failed: " in reason and left == "kexec: no crash kernel is loaded now: a panic will leave no dump"


def test_formats_of_core_headers(reserved):
    assert reserved("-p", "--elf32-core-headers", reserved.kernel).status == 0
    memory = (reserved.root / "proc/iomem").read_text() + "100000000-13fffffff : System RAM\n"
    reserved.change(proc__iomem=memory)
    assert "leave --elf32-core-headers out" in reserved("-p", "--elf32-core-headers", reserved.kernel).err
    assert reserved("-p", "--elf32-core-headers", "--elf64-core-headers", reserved.kernel).status == 0


@pytest.mark.parametrize("options", [["--elf32-core-headers"], ["--pass-memmap-cmdline"], ["--mem-min=0x31000000"],
                                     ["--mem-max=0x37ffffff"]])
def test_what_kexec_file_load_makes_by_itself(reserved, options):
    assert "kexec_file_load makes" not in reserved("-p", *options, reserved.kernel).err
    result = reserved("-p", "-s", *options, reserved.kernel)
    assert result.status == 0
    assert "kexec_file_load makes core headers, of 64 bits, and memory map by itself" in result.err
    assert f"not heeded: {options[0].partition('=')[0]}" in result.err


def test_hotplug_of_a_kernel_that_does_not_follow(reserved):
    result = reserved("-p", "--hotplug", reserved.kernel)
    assert (result.status, result.log) == (0, [LOAD.replace("0x3e0000", "0x3e0001")])
    assert "load again after each change" in result.err
    result = reserved("-p", "-s", "--hotplug", reserved.kernel)
    assert result.status == 0 and "load again after each change" in result.err
    reserved.change(sys__kernel__crash_elfcorehdr_size="4096\n")
    result = reserved("-p", "--hotplug", reserved.kernel)
    assert "load again after each change" not in result.err
    assert (result.status, result.log) == (0, [LOAD.replace("0x3e0000", "0x3e0005")])
    assert reserved("-p", "-s", "--hotplug", reserved.kernel).err == ""


def test_standard_input_within_memory(kexec, tmp_path):
    """Nobody knows how much will come; what has come is in memory."""
    kexec.change(proc__meminfo="MemTotal: 2000000 kB\nMemAvailable: 400 kB\n")
    initrd = tmp_path / "much"
    for size, loads in (100 << 10, True), (300 << 10, False):
        initrd.write_bytes(b"I" * size)
        with open(initrd, "rb") as much:
            result = kexec("-s", "-l", kexec.kernel, "--initrd=-", stdin=much)
        assert bool(result.log) == loads and ("cannot read standard input: more than" in result.err) != loads, result
