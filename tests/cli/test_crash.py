# SPDX-License-Identifier: GPL-2.0-or-later
"""kexec crash: is there a crash kernel, and has it memory enough."""

import errno
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest
import samples

from conftest import FAKE, ends

YES, WARNINGS, NO, ERROR = range(4)
MIB = 1 << 20


@pytest.fixture
def ready(kexec):
    """A machine with 128 MiB for a crash kernel, which is loaded; settings as a server's should be."""
    kexec.change(**{
        "proc__cmdline": "root=/dev/vda1 crashkernel=0M-2G:128M,2G-:256M quiet crashkernel=128M\n",
        "proc__iomem": "00001000-0009fbff : System RAM\n"
                       "00100000-3ffdffff : System RAM\n"
                       "  01000000-02000000 : Kernel code\n"
                       "  30000000-37ffffff : Crash kernel\n"
                       "3ffe0000-3fffffff : Reserved\n",
        "sys__kernel__kexec_crash_size": f"{128 * MIB}\n",
        "sys__kernel__kexec_crash_loaded": "1\n",
        "proc__sys__kernel__panic_on_oops": "1\n",
        "proc__sys__kernel__panic": "-1\n",
        "proc__sys__kernel__unknown_nmi_panic": "1\n",
        "sys__module__kernel__parameters__crash_kexec_post_notifiers": "N\n",
    })
    return kexec


def status(kexec, exit_status):
    result = kexec("crash", "status", "--json")
    assert (result.status, result.err, result.log) == (exit_status, "", [])
    answer = json.loads(result.out)
    assert answer["schema"] == 1
    answer["settings"] = {s["name"]: (s["value"], s["note"]) for s in answer["settings"]}
    return answer


def test_ready(ready):
    answer = status(ready, YES)
    assert (answer["loaded"], answer["reserved"], answer["problem"]) == (True, 128 * MIB, None)
    assert answer["regions"] == [{"start": "0x30000000", "size": 128 * MIB}]
    assert answer["cma"] == []
    assert answer["crashkernel"] == ["crashkernel=0M-2G:128M,2G-:256M", "crashkernel=128M"]
    assert answer["settings"]["kernel.panic_on_oops"] == (1, None)
    assert answer["settings"]["kernel.panic"] == (-1, None)
    assert answer["settings"]["crash_kexec_post_notifiers"] == (0, None)
    assert answer["settings"]["vm.panic_on_oom"] == (None, None)
    text = ready("crash", "status").out
    assert "loaded          yes\nreserved        128 MiB\n" in text
    assert "0x30000000-0x37ffffff  128 MiB\n" in text
    assert "asked for by    crashkernel=128M\n" in text
    assert "panic_on_oom" not in text and "problem" not in text


def test_words_do_not_control_the_terminal(ready):
    ready.change(proc__cmdline="crashkernel=\x1b[31m128M\n")
    assert "asked for by    crashkernel=?[31m128M\n" in ready("crash", "status").out


def test_two_regions(ready):
    ready.change(proc__iomem="00100000-3ffdffff : System RAM\n  30000000-3fefffff : Crash kernel\n"
                             "100000000-23fffffff : System RAM\n  1f0000000-1ffffffff : Crash kernel\n")
    assert [r["start"] for r in status(ready, YES)["regions"]] == ["0x30000000", "0x1f0000000"]


def test_hidden_addresses(ready):
    ready.change(proc__iomem="00000000-00000000 : System RAM\n  00000000-00000000 : Crash kernel\n")
    answer = status(ready, YES)
    assert (answer["regions"], answer["reserved"]) == ([], 128 * MIB)


@pytest.mark.parametrize("name, path, value, note", [
    ("kernel.panic_on_oops", "proc__sys__kernel__panic_on_oops", "0", "an oops that the kernel survives"),
    ("kernel.unknown_nmi_panic", "proc__sys__kernel__unknown_nmi_panic", "0", "an NMI from outside"),
    ("kernel.hung_task_panic", "proc__sys__kernel__hung_task_panic", "0", "a hung task"),
    ("kernel.panic_on_rcu_stall", "proc__sys__kernel__panic_on_rcu_stall", "0", "a stall of RCU"),
])
def test_what_makes_no_panic(ready, name, path, value, note):
    ready.change(**{path: value + "\n"})
    found = status(ready, YES)["settings"][name]
    assert found[0] == int(value) and note in found[1]
    assert note in ready("crash", "status").out


def test_notifiers_before_the_crash_kernel(ready):
    ready.change(sys__module__kernel__parameters__crash_kexec_post_notifiers="Y\n")
    answer = status(ready, WARNINGS)
    assert answer["settings"]["crash_kexec_post_notifiers"][0] == 1
    assert answer["problem"].startswith("crash_kexec_post_notifiers: ")


def test_memory_by_cma(ready):
    ready.change(sys__kernel__kexec__crash_cma_ranges="10000000-13ffffff\n")
    answer = status(ready, YES)
    assert (answer["reserved"], answer["cma"]) == (192 * MIB, [{"start": "0x10000000", "size": 64 * MIB}])
    assert "64 MiB, the running system's as well (cma)" in ready("crash", "status").out


def test_not_loaded(ready):
    ready.change(sys__kernel__kexec_crash_loaded="0\n")
    answer = status(ready, NO)
    assert answer["loaded"] is False and "kexec -p" in answer["problem"]


def test_nothing_reserved(kexec):
    answer = status(kexec, NO)
    assert (answer["reserved"], answer["regions"], answer["crashkernel"]) == (0, [], [])
    assert "crashkernel=" in answer["problem"]


def test_nothing_known(kexec):
    kexec.change(sys__kernel__kexec_crash_loaded=None, sys__kernel__kexec_crash_size=None)
    answer = status(kexec, ERROR)
    assert (answer["loaded"], answer["reserved"]) == (None, None)


def test_size_that_is_not_known(qemu):
    """Unknown is not nothing."""
    qemu.change(sys__kernel__kexec_crash_size=None)
    answer = status(qemu, YES)
    assert (answer["reserved"], answer["problem"]) == (None, None)
    answer = size(qemu, status=ERROR)
    assert answer["reserved"] is None and answer["err"] == UNKNOWN
    qemu.make_qemu(UP + """
print("kexec-trial: done", flush=True)
""")
    answer = trial(qemu, status=ERROR)
    assert answer["reserved"] is None and answer["err"].endswith(UNKNOWN)
    assert "reserved        unknown\n" in qemu("crash", "test").out


def test_damaged_setting(ready):
    """A captured machine's is an error; a running kernel's would only be unknown."""
    for text in "x", "99999999999", "-", "":
        ready.change(proc__sys__kernel__panic=text + "\n")
        result = ready("crash", "status")
        assert result.status == ERROR and "/proc/sys/kernel/panic" in result.err


@pytest.mark.parametrize("arguments", [[], ["stray"], ["status", "stray"]])
def test_usage(ready, arguments):
    result = ready("crash", *arguments)
    assert (result.status, result.out) == (ERROR, "")
    assert "kexec crash --help" in result.err


# ---- size ------------------------------------------------------------------------------------------------------------

INIT_SIZE = 40 * MIB
OWN = 12 * MIB


def member(name, content):
    name = name.encode() + b"\0"
    head = b"070701" + b"".join(b"%08x" % f for f in (1, 0o100644, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0))
    return head + name + bytes(-len(head + name) % 4) + content + bytes(-len(content) % 4)


def archive(*sizes):
    """An archive of a file of each size."""
    return b"".join(member(f"f{i}", bytes(size)) for i, size in enumerate(sizes)) + member("TRAILER!!!", b"")


@pytest.fixture
def kdump(ready):
    """A capture kernel where kdump-tools has it, with an initrd of three files, compressed."""
    folder = ready.root / "var/lib/kdump"
    folder.mkdir(parents=True)
    (folder / "vmlinuz").write_bytes(samples.bzimage(init_size=INIT_SIZE))
    (folder / "initrd.img").write_bytes(gzip.compress(archive(1, 4096, 5000), mtime=0))
    return ready


def size(kexec, *arguments, status):
    result = kexec("crash", "size", "--json", *arguments)
    assert (result.status, result.log) == (status, []), result.err
    answer = json.loads(result.out)
    assert answer["schema"] == 1 and all(piece["rule"] for piece in answer["pieces"])
    answer["pieces"] = {piece["name"]: piece["size"] for piece in answer["pieces"]}
    answer["err"] = result.err
    return answer


def test_size_of_what_kdump_would_load(kdump):
    answer = size(kdump, status=YES)
    folder = kdump.root / "var/lib/kdump"
    assert answer["kernel"] == str(folder / "vmlinuz") and answer["initrds"] == [str(folder / "initrd.img")]
    assert answer["cmdline"] == "root=/dev/vda1 quiet nr_cpus=1"
    packed, files = (folder / "initrd.img").stat().st_size, 4 * 4096 + 3 * 1024
    ram = 0x9fc00 - 0x1000 + 0x3ffe0000 - 0x100000
    assert {name: size for name, size in answer["pieces"].items() if name != "tables"} == {
        "kernel": INIT_SIZE, "kernel's own": OWN, "processors": MIB, "initrd": packed, "files": files,
        "programs": 48 * MIB, "bitmaps": ram // 16384}
    fixed = INIT_SIZE + OWN + MIB + files
    assert answer["unpacking"] == (fixed + packed) * 192 // 185
    assert answer["dumping"] == answer["needed"] == (fixed + 48 * MIB + ram // 16384) * 192 // 185
    assert (answer["half"], answer["guessed"], answer["reserved"]) == (0, 0, 128 * MIB)
    assert answer["recommended"] == 128 * MIB
    text = kdump("crash", "size").out
    assert "(kdump-tools' links)" in text and "recommended     crashkernel=128M\n" in text


def test_large_initrd_and_too_little_memory(kdump):
    initrd = kdump.root / "var/lib/kdump/initrd.img"
    initrd.write_bytes(archive(60 * MIB))
    answer = size(kdump, status=NO)
    assert answer["needed"] == answer["unpacking"] > answer["dumping"]
    assert answer["err"].startswith("kexec: 128 MiB kept for a crash kernel, about 17")
    assert "(kernel 40 MiB, kernel's own 12 MiB, tables " in answer["err"]
    assert "initrd 60 MiB" in answer["err"] and "programs" not in answer["err"]
    assert f"boot with crashkernel={answer['recommended'] // MIB}M" in answer["err"]
    assert answer["recommended"] % (16 * MIB) == 0 and answer["recommended"] >= answer["needed"] * 9 // 8


def test_files_in_tmpfs_get_half(kdump):
    (kdump.root / "var/lib/kdump/initrd.img").write_bytes(gzip.compress(archive(80 * MIB)))
    with_root = size(kdump, status=NO)
    without = size(kdump, "--kernel", kdump.root / "var/lib/kdump/vmlinuz", "--initrd",
                   kdump.root / "var/lib/kdump/initrd.img", "--append=nr_cpus=1", status=NO)
    assert with_root["half"] == 0
    assert without["half"] == (INIT_SIZE + 2 * (80 * MIB + 1024)) * 192 // 185 == without["needed"]
    assert "twice the files" in without["err"]


def keep_little_for_segments(kexec):
    """64 MiB are kept, and 256 MiB by cma; kernel and initrd are that much, but for what goes with them."""
    kexec.change(proc__iomem="00100000-3ffdffff : System RAM\n  30000000-33ffffff : Crash kernel\n",
                 sys__kernel__kexec_crash_size=f"{64 * MIB}\n", sys__kernel__kexec__crash_cma_ranges="10000000-1fffffff\n")
    (kexec.root / "var/lib/kdump/initrd.img").write_bytes(archive(23 * MIB))


UNKNOWN = "kexec: how much is kept for a crash kernel is not known: /sys/kernel/kexec_crash_size is not readable\n"
LITTLE = "64 MiB are kept for a crash kernel to be loaded in; use a smaller kernel or initrd, or a larger crashkernel="


def test_what_is_loaded_must_fit_into_one_place(kdump):
    keep_little_for_segments(kdump)
    answer = size(kdump, status=NO)
    assert answer["needed"] < answer["recommended"] < answer["reserved"] == 320 * MIB
    assert "the kernel needs 40 MiB, its initrd 23 MiB and what goes with them up to 3.2 MiB, " + LITTLE in answer["err"]
    assert LITTLE in status(kdump, WARNINGS)["problem"]


def test_just_enough_is_a_warning(kdump):
    needed = size(kdump, status=YES)["needed"]
    for reserved, status in (needed, WARNINGS), (needed - 1, NO), (128 * MIB - 1, WARNINGS):
        kdump.change(sys__kernel__kexec_crash_size=f"{reserved}\n")
        assert size(kdump, status=status)["reserved"] == reserved


@pytest.mark.parametrize("words, cpus", [("nr_cpus=1", 1), ("nr_cpus=2", 2), ("nr_cpus=9", 4), ("quiet", 4), ("nr_cpus", 4),
                                         ("nr_cpus=0", 4)])
def test_processors(kdump, words, cpus):
    kdump.change(sys__devices__system__cpu__possible="0-3\n")
    kernel = kdump.root / "var/lib/kdump/vmlinuz"
    assert size(kdump, f"--kernel={kernel}", f"--append={words} root=/dev/x", status=YES)["pieces"]["processors"] == cpus * MIB


@pytest.mark.parametrize("kernel, initrd", [
    ("vmlinuz-6.1.0-1-test", "initramfs-6.1.0-1-testkdump.img"), ("vmlinuz-6.1.0-1-test", "initrd.img-6.1.0-1-test")])
def test_files_of_others(kdump, kernel, initrd):
    (kdump.root / "var/lib/kdump/initrd.img").rename(kdump.root / "boot" / initrd)
    (kdump.root / "var/lib/kdump/vmlinuz").rename(kdump.root / "boot" / kernel)
    assert size(kdump, status=YES)["initrds"] == [str(kdump.root / "boot" / initrd)]


def test_archive_that_cannot_be_unpacked_is_guessed(kdump):
    initrd = kdump.root / "var/lib/kdump/initrd.img"
    damaged = gzip.compress(archive(100000), 0)[:-20]
    initrd.write_bytes(archive(1) + damaged)
    answer = size(kdump, status=YES)
    assert answer["guessed"] == len(damaged)
    assert answer["pieces"]["files"] == 4096 + 1024 + 4 * len(damaged)
    assert "four times as much" in kdump("crash", "size").out


def test_no_files(ready):
    result = ready("crash", "size")
    assert (result.status, result.out) == (ERROR, "") and "give it by --kernel and --initrd" in result.err


def test_kernel_that_does_not_say(ready):
    for content in b"hello", samples.bzimage(init_size=0), samples.bzimage()[:3000]:
        result = ready("crash", "size", "--kernel", ready.file("other", content))
        assert (result.status, result.out) == (ERROR, "") and "other: " in result.err


def test_saved_machine(kdump, tmp_path):
    kernel = kdump.file("capture", samples.bzimage(init_size=INIT_SIZE))
    assert kdump("machine", f"--save={tmp_path}/saved").status == YES
    kdump.change(sys__kernel__kexec_crash_size="0\n", sys__kernel__kexec_crash_loaded="0\n")
    assert size(kdump, f"--machine={tmp_path}/saved", f"--kernel={kernel}", status=YES)["reserved"] == 128 * MIB
    result = kdump("crash", "size", f"--machine={tmp_path}/saved")
    assert result.status == ERROR and "--kernel" in result.err
    kdump.root = tmp_path / "saved"
    assert status(kdump, YES)["settings"]["kernel.panic_on_oops"] == (1, None)


# ---- shrink ----------------------------------------------------------------------------------------------------------

def test_shrink(kdump):
    kdump.change(sys__kernel__kexec_crash_loaded="0\n", sys__kernel__kexec_crash_size=f"{512 * MIB}\n")
    result = kdump("crash", "size", "--shrink=256M")
    assert (result.status, result.log, result.err) == (YES, [f"set_crash_size {256 * MIB}"], "")
    assert result.out == "reserved        256 MiB, before 512 MiB\n"
    assert kdump("crash", "size", "--shrink", "recommended").log == [f"set_crash_size {128 * MIB}"]
    again = kdump("crash", "size", "--shrink", "recommended")
    assert (again.status, again.log) == (YES, [])


def test_shrink_of_two_regions(kdump):
    """Since Linux 6.5 both count, and the higher one, where the kernel is loaded, becomes smaller first."""
    kdump.change(sys__kernel__kexec_crash_loaded="0\n", sys__kernel__kexec_crash_size=f"{448 * MIB}\n",
                 proc__iomem="00100000-3ffdffff : System RAM\n  20000000-2bffffff : Crash kernel\n"
                             "100000000-13fffffff : System RAM\n  130000000-13fffffff : Crash kernel\n")
    (kdump.root / "var/lib/kdump/initrd.img").write_bytes(gzip.compress(archive(90 * MIB)))
    assert size(kdump, status=YES)["recommended"] == 224 * MIB
    result = kdump("crash", "size", "--shrink=recommended")
    assert result.status == YES and "in the upper part alone" in result.err
    kept = int(result.log[0].removeprefix("set_crash_size ")) - 192 * MIB
    assert INIT_SIZE + 3 * MIB < kept < INIT_SIZE + 4 * MIB
    kdump.change(sys__kernel__kexec_crash_size=f"{448 * MIB}\n")
    result = kdump("crash", "size", "--shrink=224M")
    assert (result.status, result.log) == (ERROR, []) and "192 MiB of it are the lower part" in result.err
    for enough in "240M", "192M", "64M":
        kdump.change(sys__kernel__kexec_crash_size=f"{448 * MIB}\n")
        assert kdump("crash", "size", f"--shrink={enough}").status == YES
    kdump.change(sys__kernel__kexec_crash_size=f"{256 * MIB}\n")  # a kernel before 6.5
    assert kdump("crash", "size", "--shrink=recommended").log == [f"set_crash_size {224 * MIB}"]


def test_shrink_to_what_is_no_page(kdump):
    kdump.change(sys__kernel__kexec_crash_loaded="0\n")
    assert kdump("crash", "size", "--shrink=5000").log == ["set_crash_size 8192"]


def test_shrink_refused(kdump):
    loaded = kdump("crash", "size", "--shrink=64M")
    assert (loaded.status, loaded.log) == (NO, []) and "kexec -p -u" in loaded.err
    kdump.change(sys__kernel__kexec_crash_loaded="0\n")
    for wanted, why in ("129M", "can only become less"), ("64Mx", "is not a size"), ("", "is not a size"):
        result = kdump("crash", "size", f"--shrink={wanted}")
        assert (result.status, result.log) == (ERROR, []) and why in result.err
    kdump.fail = f"set_crash_size={errno.ENOENT}"  # loaded in between
    result = kdump("crash", "size", "--shrink=64M")
    assert result.status == NO and "kexec -p -u" in result.err
    kdump.fail = f"set_crash_size={errno.EACCES}"
    assert "run as root" in kdump("crash", "size", "--shrink=64M").err
    assert kdump("crash", "size", "--shrink=64M", f"--machine={kdump.root}").log == []


# ---- what it needs, in status ----------------------------------------------------------------------------------------

def test_status_knows_what_is_needed(kdump):
    needed = size(kdump, status=YES)["needed"]
    assert status(kdump, YES)["needed"] == needed
    kdump.change(sys__kernel__kexec_crash_size=f"{needed - 1}\n")
    answer = status(kdump, WARNINGS)
    assert "kept for a crash kernel, about " in answer["problem"]


def test_status_without_a_capture_kernel(ready):
    assert status(ready, YES)["needed"] is None
    assert "needed          unknown" in ready("crash", "status").out


def test_status_with_a_capture_kernel_that_is_damaged(kdump):
    kernel = kdump.root / "var/lib/kdump/vmlinuz"
    kernel.write_bytes(kernel.read_bytes()[:3000])
    answer = status(kdump, WARNINGS)
    assert answer["needed"] is None and answer["problem"].startswith(f"{kernel}: ")
    assert f"needed          unknown: {kernel}: " in kdump("crash", "status").out
    kernel.unlink()
    kernel.mkdir()
    assert str(kernel) in status(kdump, WARNINGS)["problem"]


@pytest.mark.parametrize("arguments", [["status", "--shrink=1M"], ["status", "--kernel=x"], ["status", "--append=x"],
                                       ["status", "--initrd=x"], ["size", "--timeout=1"]])
def test_options_of_other_questions(kdump, arguments):
    result = kdump("crash", *arguments)
    assert (result.status, result.out, result.log) == (ERROR, "", []) and "takes no --" in result.err


# ---- test ------------------------------------------------------------------------------------------------------------

QEMU = """#!/usr/bin/python3
import os, re, sys
arguments = " ".join(sys.argv)
with open(f"{os.path.dirname(__file__)}/log", "a") as log:
    log.write(f"{os.getuid()} {arguments}\\n")
memory = int(re.search(r"-m (\\d+)M", arguments).group(1))
assert [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{fd}")].count("/dev/null") == 1
initrd = open(re.search(r"-initrd (\\S+)", arguments).group(1), "rb").read()
open(re.search(r"-kernel (\\S+)", arguments).group(1), "rb").read()
assert b"kexec-trial" in initrd
"""
UP = """print("kexec-trial: the initrd is unpacked\\nMemTotal: 90000 kB\\nMemAvailable:  81920 kB", flush=True)
"""


@pytest.fixture
def qemu(kdump):
    """A stand-in for QEMU that says what a guest would; it must be where nobody can read it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kexec-qemu-"))
    folder.chmod(0o777)

    def make(text):
        program = folder / "qemu-system-x86_64"
        program.write_text(QEMU + text)
        program.chmod(0o755)
        (folder / "log").write_text("")
        (folder / "log").chmod(0o666)

    kdump.env = {"PATH": f"{folder}:{os.environ['PATH']}"}
    kdump.make_qemu = make
    kdump.qemu_log = lambda: (folder / "log").read_text().splitlines()
    kdump.change(sys__kernel__kexec_crash_size=f"{256 * MIB}\n")
    yield kdump
    shutil.rmtree(folder)


def trial(kexec, *arguments, status):
    result = kexec("crash", "test", "--json", *arguments)
    assert (result.status, result.log) == (status, []), result.err
    answer = json.loads(result.out)
    answer["boots"] = [(boot["memory"] // MIB, boot["runs"], boot["why_not"]) for boot in answer["boots"]]
    answer["err"] = result.err
    return answer


def test_trial_finds_the_least(qemu):
    qemu.make_qemu(UP + """
if memory >= 99:
    print("kexec-trial: done", flush=True)
    sys.stdin.read()
    import time; time.sleep(60)
print("kexec-trial: no memory for the programs", flush=True)
""")
    answer = trial(qemu, status=YES)
    assert (answer["needed"], answer["exact"], answer["reserved"]) == (100 * MIB, True, 256 * MIB)
    assert answer["recommended"] == 128 * MIB
    boots = answer["boots"]
    assert boots[0] == (256, True, None) and len(boots) <= 8
    assert (100, True, None) in boots and (96, False, "no room for the programs") in boots
    rules = size(qemu, status=YES)
    programs = rules["pieces"]["programs"] + rules["pieces"]["bitmaps"]
    assert answer["estimated"] == rules["needed"]
    assert "with 96 MiB: no room for the programs" in answer["err"]
    assert "with 100 MiB: runs, 80 MiB available to programs" in answer["err"]
    text = qemu("crash", "test").out
    assert "needed          100 MiB; with 96 MiB it does not run\n" in text
    log = qemu.qemu_log()[0].split()
    assert log[0] == str(65534 if os.geteuid() == 0 else os.geteuid())
    for words in "-nic none", "-nodefaults", "-no-reboot", "-sandbox on,":
        assert words in " ".join(log)
    assert "-append root=/dev/vda1 quiet nr_cpus=1 console=ttyS0 loglevel=4 panic=-1 rdinit=/kexec-trial kexec_trial=" \
        f"{programs // 1024}" in " ".join(log)


def test_trial_of_what_cannot_be_loaded(qemu):
    keep_little_for_segments(qemu)
    qemu.make_qemu(UP + """
print("kexec-trial: done", flush=True)
""")
    answer = trial(qemu, status=NO)
    assert answer["recommended"] < answer["reserved"] == 320 * MIB and LITTLE in answer["err"]


def test_trial_of_what_needs_more_than_there_is(qemu):
    qemu.make_qemu(UP + """
if memory >= 300:
    print("kexec-trial: done", flush=True)
print("[    1.5] Kernel panic - not syncing: System is deadlocked on memory\\r\\n[    1.6] x", flush=True)
""".replace("kexec-trial: the", "x"))
    answer = trial(qemu, status=NO)
    assert 300 * MIB <= answer["needed"] <= 312 * MIB and answer["exact"]
    assert answer["boots"][0][:2] == (256, False)


def test_trial_that_panics_before_init(qemu):
    qemu.make_qemu("""
print("[    1.5] Kernel panic - not syncing: VFS: Unable\\r\\n[    1.6] x", flush=True)
""")
    result = qemu("crash", "test")
    assert (result.status, result.out) == (ERROR, "") and "does not run with" in result.err
    assert "with 256 MiB: Kernel panic - not syncing: VFS: Unable, " in result.err


def test_trial_that_never_ends(qemu):
    qemu.make_qemu("""
import time; time.sleep(60)
""")
    result = qemu("crash", "test", "--timeout=2")
    assert (result.status, result.out) == (ERROR, "")
    assert "with 256 MiB: it took too long" in result.err and "--timeout" in result.err


def test_trial_ends_with_the_command(qemu):
    """Whatever ends it: what was started for it is not left behind."""
    qemu.make_qemu("""
import time
print(os.getpid(), file=open(f"{os.path.dirname(__file__)}/log", "w"), flush=True)
time.sleep(60)
""")
    env = {**qemu.env, "KX_FAKE_ROOT": str(qemu.root)}
    with subprocess.Popen([FAKE, "crash", "test"], env=env, stderr=subprocess.DEVNULL) as command:
        while not (log := qemu.qemu_log()) or not log[0].isdigit():
            time.sleep(0.01)
        command.kill()
    assert ends(int(log[0]))


def test_trial_that_has_no_time_for_more(qemu):
    qemu.make_qemu(UP + """
import time
if memory < 256:
    time.sleep(60)
time.sleep(0.5)
print("kexec-trial: done", flush=True)
""")
    answer = trial(qemu, "--timeout=10", status=WARNINGS)
    assert (answer["needed"], answer["exact"]) == (256 * MIB, False)


def test_trial_that_is_cut_off(qemu):
    """What had no time to run has not failed."""
    qemu.make_qemu(UP + """
import time
time.sleep(60 if memory == 100 else 1.1)
if memory > 100:
    print("kexec-trial: done", flush=True)
print("kexec-trial: no memory for the programs", flush=True)
""")
    result = qemu("crash", "test", "--timeout=10")
    assert "with 96 MiB: no room for the programs" in result.err and "with 100 MiB: it took too long" in result.err
    assert "needed          at most 104 MiB; there was no time to find out more\n" in result.out


def test_trial_that_runs_with_the_least_that_is_tried(qemu):
    """What nobody tried is not told as a failure."""
    qemu.make_qemu(UP + """
print("kexec-trial: done", flush=True)
""")
    answer = trial(qemu, status=YES)
    assert all(runs for _, runs, _ in answer["boots"]) and not answer["exact"]
    least = answer["needed"] // MIB
    assert f"needed          at most {least} MiB; less was not tried\n" in qemu("crash", "test").out


def test_qemu_that_does_not_start(qemu):
    qemu.make_qemu("""
print("qemu-system-x86_64: no such machine", file=sys.stderr)
sys.exit(1)
""")
    result = qemu("crash", "test")
    assert (result.status, result.out) == (ERROR, "")
    assert result.err.endswith("kexec: QEMU does not start: qemu-system-x86_64: no such machine\n")


def test_without_qemu_there_is_the_estimate(kdump):
    kdump.env = {"PATH": "/nonexistent"}
    result = kdump("crash", "test")
    assert result.status == YES and "QEMU is not installed" in result.err
    assert result.out == kdump("crash", "size").out


@pytest.mark.parametrize("timeout", ["0", "x", "", "1x", "-1", "86401"])
def test_timeout_that_is_none(qemu, timeout):
    result = qemu("crash", "test", f"--timeout={timeout}")
    assert result.status == ERROR and "--timeout=" in result.err
