# SPDX-License-Identifier: GPL-2.0-or-later
"""What distributions and people use with a crash kernel, unchanged: kdump-tools, makedumpfile, crash, drgn."""

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from lab import assets, crash, jump, tool
from lab.initrd import Link, packaged
from lab.payload import package_file

# A disk that outlives the panic, at the place where kdump-tools saves dumps.
MOUNT = "mkdir -p /var/crash && mount -t ext4 /dev/nvme0n1 /var/crash"


def disk(path, size="1G"):
    """QEMU's arguments for an empty disk."""
    subprocess.run(["mke2fs", "-q", "-t", "ext4", path, size], check=True)
    return ["-drive", f"if=none,id=disk,format=raw,file={path}", "-device", "nvme,drive=disk,serial=lab"]


def take(path, name, to):
    """A file out of a disk that no guest uses any more."""
    subprocess.run(["debugfs", "-R", f"dump {name} {to}", path], check=True, capture_output=True)
    assert to.stat().st_size
    return to


def on_host(suite, package, name):
    """The words that run a program of a Debian package here, with its own suite's libraries."""
    roots = assets.with_libraries(suite, package)
    libraries = {str(found.parent) for root in roots for found in root.rglob("*.so*")
                 if "gconv" not in found.parts}
    loader = next(found for root in roots for found in root.rglob("ld-linux-x86-64.so.2"))
    return [loader.resolve(), "--library-path", ":".join(sorted(libraries)),
            package_file(suite, package, f"bin/{name}")]


def said(*argv, **more):
    done = subprocess.run([str(word) for word in argv], check=False, capture_output=True, text=True,
                          timeout=300, errors="replace", **more)
    assert not done.returncode, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


def kdump_tools(suite, kernel):
    """kdump-tools as its package has it, with the initrd that its hook would have made."""
    conf = package_file(suite, "kdump-tools", "etc/kdump/sysctl.conf")
    lsb, release = "sysvinit-utils", kernel.release
    config = next(kernel.image.parent.glob("config-*"))
    return {
        "/usr/sbin/kdump-config": package_file(suite, "kdump-tools", "usr/sbin/kdump-config"),
        "/etc/default/kdump-tools": package_file(suite, "kdump-tools", "kdump-tools/kdump-tools.conf"),
        "/etc/kdump/sysctl.conf": conf,
        f"/var/lib/kdump/latest_sysctls-{release}": conf,
        f"/var/lib/kdump/initrd.img-{release}": Link(f"/boot/initrd.img-{release}"),
        f"/boot/config-{release}": config,
        "/lib/lsb/init-functions": package_file(suite, lsb, "lsb/init-functions"),
        "/usr/share/misc/magic.mgc": package_file(suite, "libmagic-mgc", "magic.mgc"),
        **packaged(suite, "file", "/usr/bin/file"),
        **packaged(suite, "makedumpfile", "/usr/bin/makedumpfile"),
    }


@pytest.mark.parametrize("suite, name", [("bookworm", "6.1"), ("trixie", "6.12")])
def test_kdump_tools(suite, name, tmp_path):
    """kdump-config's verbs, a panic, and savecore in the capture system; crash and drgn read what it saved."""
    kernel, image = assets.kernel(name), tmp_path / "disk"
    release, tools = kernel.release, kdump_tools(suite, kernel)
    with crash.boot(name, files=tools, initrd=crash.capture_initrd(tools), crashkernel="256M",
                    extra=disk(image)) as guest:
        guest.ok("mkdir -p /var/crash && touch /boot/vmlinuz")
        assert "kexec -p" in guest.ok("kdump-config test")
        assert "not ready" in guest.run("kdump-config status").out.lower()
        assert "loaded kdump kernel" in guest.ok("kdump-config load")
        assert "ready to kdump" in guest.ok("kdump-config status")
        shown = guest.ok("kdump-config show")
        assert "ready to kdump" in shown and "/sbin/kexec -p" in shown
        assert "unloaded kdump kernel" in guest.ok("kdump-config unload")
        assert guest.ok("cat /sys/kernel/kexec_crash_loaded") == "0\n"
        guest.ok("kdump-config load")
        crash.die(guest)
        assert "nr_cpus=1" in guest.facts("cmdline")["cmdline"]
        guest.ok(MOUNT)
        assert "saved vmcore" in guest.ok("kdump-config savecore", timeout=300)
        folder = guest.ok("ls -d /var/crash/2*").strip().split("/")[-1]
        assert "Kernel panic - not syncing: sysrq" in guest.ok(f"cat /var/crash/{folder}/dmesg.{folder}")
        guest.ok("umount /var/crash")
        crash.reboot(guest)
    flat = take(image, f"{folder}/dump.{folder}", tmp_path / "flat")
    dump = tmp_path / "dump"
    with flat.open("rb") as source:
        said(*on_host(suite, "makedumpfile", "makedumpfile"), "-R", dump, stdin=source)
    assert dump.read_bytes()[:8] == b"KDUMP   "
    assert release in said(*on_host(suite, "crash", "crash"), "--osrelease", dump)


# What makedumpfile writes, by its arguments; -d 1 leaves out the pages that are zero alone.
FORMS = {"zlib": "-c -d 1", "lzo": "-l -d 1", "elf": "-E -d 1", "filtered": "-l -d 31"}


@dataclass
class Dumped:
    """Dumps of one panic in FORMS, and what a process held in memory then."""

    suite: str
    kernel: assets.Kernel
    files: dict
    held: crash.Held


@pytest.fixture(scope="module", params=[("bookworm", "6.1"), ("trixie", "6.12"), ("sid", "7.x")],
                ids=lambda param: param[1])
def dumped(request, tmp_path_factory):
    """By each suite's makedumpfile, of its kernel."""
    suite, name = request.param
    folder = tmp_path_factory.mktemp("dumps")
    image = folder / "disk"
    tools = packaged(suite, "makedumpfile", "/usr/bin/makedumpfile")
    # Wherever the kernel places itself, it leaves so much in one piece; of 512 MiB it did not, once in ten boots.
    with crash.boot(name, initrd=crash.capture_initrd(tools), memory="640M", crashkernel="192M",
                    extra=disk(image, "2G")) as guest:
        crash.load(guest, "-c")
        held = crash.hold(guest)
        crash.die(guest)
        guest.ok(MOUNT)
        for name, words in FORMS.items():
            guest.ok(f"makedumpfile {words} /proc/vmcore /var/crash/{name}", timeout=300)
        guest.ok("makedumpfile --dump-dmesg /proc/vmcore /var/crash/dmesg")
        # Our own reader and vmcore-dmesg, over what makedumpfile made of it.
        assert crash.find(guest, held, "/var/crash/elf") == f"held {crash.PAGES} of {crash.PAGES}"
        if tool.is_ours():
            assert "Kernel panic - not syncing" in guest.ok("vmcore-dmesg /var/crash/elf")
        assert "Kernel panic - not syncing" in guest.ok("cat /var/crash/dmesg")
        guest.ok("umount /var/crash")
        crash.reboot(guest)
    return Dumped(suite, guest.capture, {name: take(image, name, folder / name) for name in FORMS}, held)


def first_word(held):
    """What the first held page begins with, and where it is: payloads/pattern.h once more."""
    mask = (1 << 64) - 1
    x = (held.seed + 0x9E3779B97F4A7C15) & mask
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & mask
    x = (x ^ x >> 27) * 0x94D049BB133111EB & mask
    return x ^ x >> 31, held.addresses()[0]


def test_filtered_dump_is_smaller(dumped):
    assert dumped.files["filtered"].stat().st_size < dumped.files["lzo"].stat().st_size


# The suites whose drgn is built for a Python, 3.x.
DRGN = {11: "bookworm", 13: "trixie", 14: "sid"}


@pytest.mark.parametrize("form", ["zlib", "elf"])
def test_drgn(dumped, form):
    """Without debug information it still reads physical memory."""
    word, address = first_word(dumped.held)
    if sys.version_info.minor not in DRGN:
        raise assets.AssetMissing(f"no suite has drgn for Python {sys.version}")
    roots = assets.with_libraries(DRGN[sys.version_info.minor], "python3-drgn")
    modules = next(p for root in roots for p in root.rglob("dist-packages") if (p / "drgn").exists())
    libraries = {str(f.parent) for root in roots for f in root.rglob("lib*.so*") if "gconv" not in f.parts
                 and not f.name.startswith(("libc.", "libpthread", "libm.", "libdl", "librt"))}
    script = ("import drgn; p = drgn.Program(); p.set_core_dump(%r); "
              "print(p.platform, hex(p.read_u64(%d, True)))" % (str(dumped.files[form]), address))
    out = said(sys.executable, "-c", script,
               env=dict(os.environ, PYTHONPATH=str(modules), LD_LIBRARY_PATH=":".join(libraries)))
    assert hex(word) in out


@pytest.mark.long
@pytest.mark.parametrize("form", ["zlib", "lzo", "elf"])
def test_crash_utility(dumped, form):
    """With the kernel's debug information, which is a download of 300 MB: log, stack and memory."""
    word, address = first_word(dumped.held)
    debug = assets.unpack(dumped.suite, f"linux-image-{dumped.kernel.release}-dbg", ("*/vmlinux*",))
    vmlinux = next(p for p in debug.rglob("vmlinux*") if p.is_file() and not p.is_symlink())
    out = said(*on_host(dumped.suite, "crash", "crash"), "-s", vmlinux, dumped.files[form],
               input=f"log\nrd -p {address:x}\nbt\nquit\n")
    assert "Kernel panic - not syncing: sysrq" in out
    assert f"{word:016x}" in out
    assert "sysrq_handle_crash" in out and "machine_kexec" in out


def selftests(folder):
    """The files of the kernel's tools/testing/selftests/kexec."""
    source = package_file("bookworm", "linux-source-6.1", "linux-source-6.1.tar.xz")
    subprocess.run(["tar", "-xf", source, "-C", folder, "--wildcards", "*/tools/testing/selftests/kexec/*"],
                   check=True)
    return {f"/selftests/{p.name}": p for p in folder.rglob("selftests/kexec/*")}


@pytest.mark.long
@pytest.mark.parametrize("firmware", ["seabios", "ovmf"])
def test_selftests(firmware, tmp_path):
    """Out of the kernel's source, which is a download of 140 MB."""
    kernel = assets.kernel("6.1")
    config = next(kernel.image.parent.glob("config-*"))
    files = {**selftests(tmp_path), **jump.carried(kernel), f"/lib/modules/{kernel.release}/config": config,
             **packaged("bookworm", "pesign", "/usr/bin/pesign"),
             **packaged("bookworm", "attr", "/usr/bin/getfattr")}
    with jump.boot("6.1", files, firmware=firmware) as guest:
        for test, says in (("kexec_load", "kexec_load succeeded [PASS]"),
                           ("kexec_file_load", "kexec_file_load succeeded [PASS]")):
            assert says in guest.ok(f"cd /selftests && ./test_{test}.sh")
            assert guest.ok("cat /sys/kernel/kexec_loaded") == "0\n"
