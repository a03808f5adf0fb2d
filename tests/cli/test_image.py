# SPDX-License-Identifier: GPL-2.0-or-later
"""
Images of discs: menus as distributions' images have them, and what their systems are told. The trees are written after what
each distribution's own tool makes (named below); kernels are small ones of the tests' own.
"""

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys

import pytest

import samples
from conftest import BUILD, FAKE, ROOT, apart
from test_golden import same
from test_unpack import cpio, iso, tar

sys.path.insert(0, str(ROOT / "tests"))
import servers  # noqa: E402

pytestmark = pytest.mark.skipif(not (BUILD / "tools/kexec-unpack").exists(), reason="built without libarchive")

KERNEL, INITRD = samples.bzimage(), b"070701"
DRIVERS = gzip.compress(cpio({f"lib/modules/6.1.0/kernel/drivers/nvdimm/{name}.ko.xz": b"" for name in ("libnvdimm", "nd_pmem", "nd_e820")}))

# live-build: share/bootloaders/grub-pc and isolinux.
DEBIAN = {
    "live/vmlinuz-6.1.0-50-amd64": KERNEL, "live/initrd.img-6.1.0-50-amd64": INITRD, "live/filesystem.squashfs": b"hsqs",
    "boot/grub/loopback.cfg": "source /boot/grub/grub.cfg\n",
    "boot/grub/config.cfg": "set default=0\nset timeout=-1\nloadfont $prefix/dejavu-bold-16.pf2\ninsmod all_video\nterminal_output gfxterm\n",
    "boot/grub/grub.cfg": """source /boot/grub/config.cfg
menuentry "Live system (amd64)" --hotkey=l {
	linux	/live/vmlinuz-6.1.0-50-amd64 boot=live components quiet splash findiso=${iso_path}
	initrd	/live/initrd.img-6.1.0-50-amd64
}
menuentry "Live system (amd64 fail-safe mode)" {
	linux	/live/vmlinuz-6.1.0-50-amd64 boot=live components memtest noapic noapm nodma nomce nosmp nosplash vga=788
	initrd	/live/initrd.img-6.1.0-50-amd64
}
if [ "${grub_platform}" = "efi" ]; then
submenu 'Utilities...' { menuentry "UEFI Firmware Settings" { fwsetup } }
fi
""",
    "isolinux/isolinux.cfg": "include menu.cfg\ndefault vesamenu.c32\nprompt 0\ntimeout 0\n",
    "isolinux/menu.cfg": "label live\n\tmenu label ^Live system\n\tlinux /live/vmlinuz-6.1.0-50-amd64\n\tinitrd /live/initrd.img-6.1.0-50-amd64\n\tappend boot=live\n",
}

# livecd-rootfs and debian-cd's data for Ubuntu 24.04.
UBUNTU = {
    "casper/vmlinuz": KERNEL, "casper/initrd": INITRD, "casper/hwe-vmlinuz": KERNEL, "casper/hwe-initrd": INITRD, ".disk/info": "Ubuntu",
    "boot/grub/grub.cfg": """set timeout=30
loadfont unicode
set menu_color_normal=white/black
set menu_color_highlight=black/light-gray
menuentry "Try or Install Ubuntu" {
	set gfxpayload=keep
	linux	/casper/vmlinuz  --- quiet splash
	initrd	/casper/initrd
}
menuentry "Ubuntu (safe graphics)" {
	set gfxpayload=keep
	linux	/casper/vmlinuz nomodeset  --- quiet splash
	initrd	/casper/initrd
}
grub_platform
if [ "$grub_platform" = "efi" ]; then
menuentry 'Boot from next volume' {
	exit 1
}
menuentry 'UEFI Firmware Settings' {
	fwsetup
}
else
menuentry 'Test memory' {
	linux16 /boot/memtest86+x64.bin
}
fi
""",
    "boot/grub/loopback.cfg": """menuentry "Try or Install Ubuntu" {
	set gfxpayload=keep
	linux	/casper/vmlinuz  iso-scan/filename=${iso_path} --- quiet splash
	initrd	/casper/initrd
}
menuentry "Ubuntu with the HWE kernel" {
	set gfxpayload=keep
	linux	/casper/hwe-vmlinuz  iso-scan/filename=${iso_path} --- quiet splash
	initrd	/casper/hwe-initrd
}
""",
}

# lorax: share/templates.d/99-generic/live/config_files/x86.
FEDORA = {
    "images/pxeboot/vmlinuz": KERNEL, "images/pxeboot/initrd.img": INITRD, "LiveOS/squashfs.img": b"hsqs",
    "boot/grub2/grub.cfg": """set default="1"

function load_video {
  insmod all_video
}

load_video
set gfxpayload=keep
insmod gzio
insmod part_gpt
insmod ext2
insmod chain

set timeout=60
search --no-floppy --set=root -l 'IMAGE'

menuentry 'Start Fedora-Workstation-Live 41' --class fedora --class gnu-linux --class gnu --class os {
	linux /images/pxeboot/vmlinuz root=live:CDLABEL=IMAGE rd.live.image quiet rhgb
	initrd /images/pxeboot/initrd.img
}
menuentry 'Test this media & start Fedora-Workstation-Live 41' --class fedora --class gnu-linux --class gnu --class os {
	linux /images/pxeboot/vmlinuz root=live:CDLABEL=IMAGE rd.live.image rd.live.check quiet rhgb
	initrd /images/pxeboot/initrd.img
}
submenu 'Troubleshooting -->' {
	menuentry 'Start Fedora-Workstation-Live 41 in basic graphics mode' --class fedora --class gnu-linux --class gnu --class os {
		linux /images/pxeboot/vmlinuz root=live:CDLABEL=IMAGE rd.live.image nomodeset vga=791 quiet rhgb
		initrd /images/pxeboot/initrd.img
	}
	menuentry 'Boot first drive' --class fedora --class gnu-linux --class gnu --class os {
		chainloader (hd0)+1
	}
}
""",
}

# archiso: configs/releng.
ARCH = {
    "arch/boot/x86_64/vmlinuz-linux": KERNEL, "arch/boot/x86_64/initramfs-linux.img": INITRD, "arch/x86_64/airootfs.sfs": b"hsqs",
    "boot/2024-06-01-00-00-00-00.uuid": "",
    "boot/grub/grub.cfg": """insmod part_gpt
insmod part_msdos
insmod fat
insmod iso9660
insmod ntfs
if [ "${grub_platform}" == "efi" ]; then
    insmod all_video
fi
if [ -z "${ARCHISO_UUID}" ]; then
    if [ -z "${ARCHISO_HINT}" ]; then
        regexp --set=1:ARCHISO_HINT '^\\(([^)]+)\\)' "${cmdpath}"
    fi
    search --no-floppy --set=root --file '/boot/2024-06-01-00-00-00-00.uuid' --hint "${ARCHISO_HINT}"
    probe --set ARCHISO_UUID --fs-uuid "${root}"
fi
default=archlinux
timeout=15
menuentry "Arch Linux install medium (x86_64, ${archiso_platform})" --class arch --class gnu-linux --class gnu --class os --id 'archlinux' {
    set gfxpayload=keep
    linux /arch/boot/x86_64/vmlinuz-linux archisobasedir=arch archisodevice=UUID=1
    initrd /arch/boot/x86_64/initramfs-linux.img
}
menuentry 'System shutdown' --class shutdown --class poweroff {
    echo 'System shutting down...'
    halt
}
""",
    "boot/grub/loopback.cfg": """search --no-floppy --set=archiso_img_dev --file "${iso_path}"
probe --set archiso_img_dev_uuid --fs-uuid "${archiso_img_dev}"
default=archlinux
timeout=15
menuentry "Arch Linux install medium (x86_64)" --class arch --class gnu-linux --class gnu --class os --id 'archlinux' {
    set gfxpayload=keep
    linux /arch/boot/x86_64/vmlinuz-linux archisobasedir=arch img_dev=UUID=${archiso_img_dev_uuid} img_loop="${iso_path}"
    initrd /arch/boot/x86_64/initramfs-linux.img
}
""",
    "loader/entries/01-archiso-x86_64-linux.conf": "title Arch Linux install medium (x86_64, UEFI)\nsort-key 01\nlinux /arch/boot/x86_64/vmlinuz-linux\n"
                                                  "initrd /arch/boot/x86_64/initramfs-linux.img\noptions archisobasedir=arch archisosearchuuid=2024-06-01-00-00-00-00\n",
}

# installation-images: data/boot of openSUSE's DVD, without GRUB's part.
OPENSUSE = {
    "boot/x86_64/loader/linux": KERNEL, "boot/x86_64/loader/initrd": INITRD, "boot/x86_64/root": b"hsqs",
    "boot/x86_64/loader/isolinux.cfg": """default harddisk

# hard disk
label harddisk
  localboot -2

# install
label linux
  kernel linux
  append initrd=initrd splash=silent showopts

# rescue
label rescue
  kernel linux
  append initrd=initrd splash=silent rescue=1 showopts

ui gfxboot bootlogo message
implicit 1
prompt 1
timeout 600
""",
}

# nixpkgs: nixos/modules/installer/cd-dvd/iso-image.nix.
NIXOS = {
    "boot/bzImage": KERNEL, "boot/initrd": INITRD, "nix-store.squashfs": b"hsqs", "EFI/nixos-installer-image": "",
    "boot/grub/loopback.cfg": "source /EFI/BOOT/grub.cfg\n",
    "EFI/BOOT/grub.cfg": """set timeout=10
search --set=root --file /EFI/nixos-installer-image
if [ "${iso_path}" ] ; then
  set isoboot="findiso=${iso_path}"
fi
menuentry 'NixOS 24.05 Installer'  --class installer {
  linux /boot/bzImage ${isoboot} init=/nix/store/0-nixos-system-nixos-24.05/init  root=LABEL=IMAGE boot.shell_on_fail nohibernate loglevel=4
  initrd /boot/initrd
}
menuentry 'NixOS 24.05 Installer (nomodeset)'  --class nomodeset {
  linux /boot/bzImage ${isoboot} init=/nix/store/0-nixos-system-nixos-24.05/init  root=LABEL=IMAGE boot.shell_on_fail nohibernate loglevel=4 nomodeset
  initrd /boot/initrd
}
""",
}

IMAGES = {"debian": DEBIAN, "ubuntu": UBUNTU, "fedora": FEDORA, "arch": ARCH, "opensuse": OPENSUSE, "nixos": NIXOS}


@pytest.fixture
def image(kexec, tmp_path):
    """A function that makes an image, and the command."""
    kexec.env["KX_FAKE_LIBEXEC"] = str(BUILD / "tools")
    kexec.change(etc__fstab="UUID=0d15c000-0000-4000-8000-000000000001 / ext4 rw 0 1\n")

    def make(files):
        return iso(tmp_path, files)

    return kexec, make


def with_drivers(files):
    """The same image, whose initrds have the drivers of persistent memory."""
    return {name: DRIVERS if content == INITRD else content for name, content in files.items()}


HEAD = b"live=\0label=\0"


def answers(kexec, tmp_path, text, more="true"):
    """kexec-unpack's stand-in, which says this for every menu, and does more."""
    libexec = tmp_path / "libexec"
    libexec.mkdir(exist_ok=True)
    (libexec / "answer").write_bytes(text)
    (libexec / "kexec-unpack").write_text(f"#!/bin/sh\n{more}\n/bin/cat {libexec}/answer >&3\n")
    (libexec / "kexec-unpack").chmod(0o755)
    kexec.env["KX_FAKE_LIBEXEC"] = str(libexec)


def cmdline(kexec, *args):
    result = kexec("plan", "--json", *args)
    assert result.status in (0, 1), result
    return json.loads(result.out)["cmdline"]


@pytest.mark.parametrize("name", IMAGES)
def test_menu(image, name):
    kexec, make = image
    file = make(IMAGES[name])
    entry = ["linux"] if name == "opensuse" else []
    listed = kexec("list", file)
    words = [f"on disk: {cmdline(kexec, file, *entry)}\n"]
    for what, files in ("in memory", with_drivers(IMAGES[name])), ("in its initrd", IMAGES[name]):
        result = kexec("plan", "--json", "--to-ram", make(files), *entry)
        words.append(f"{what}: {json.loads(result.out).get('cmdline') or result.err.rstrip()}\n")
    text = listed.out + listed.err + f"exit status {listed.status}\n" + "".join(words)
    same(f"image-{name}.txt", text.replace(str(kexec.folder), "DIR"))
    answer = json.loads(kexec("list", "--json", make(IMAGES[name])).out)
    assert [entry["title"] for entry in answer if entry["default"]], answer


@pytest.mark.parametrize("efi", [False, True])
def test_menu_follows_the_firmware(image, efi):
    kexec, make = image
    if efi:
        (kexec.root / "sys/firmware/efi").mkdir(parents=True)
    listed = kexec("list", make({name: text for name, text in UBUNTU.items() if "loopback" not in name}))
    assert ("UEFI Firmware Settings" in listed.out) == efi and ("Test memory" in listed.out) != efi


def test_entry_by_its_name(image):
    kexec, make = image
    file = make(UBUNTU)
    assert "hwe-vmlinuz" in kexec("plan", file, "Ubuntu with the HWE kernel").out
    result = kexec("load", file, "nothing of the kind")
    assert result.status == 2 and not result.log and "nothing of the kind" in result.err


def test_file_here_is_no_entry(image):
    kexec, make = image
    kexec.file("boot", KERNEL)
    result = kexec("load", make(UBUNTU), "boot")
    assert result.status == 2 and not result.log and 'of the name "boot"' in result.err


def test_load_takes_the_files_out_of_it(image):
    kexec, make = image
    file = make({**UBUNTU, "casper/initrd": b"I" * 12345})
    assert kexec("load", "-s", file, "--append=more").status in (0, 1)
    result = kexec("load", "-s", file)
    assert result.log and f"kernel={len(KERNEL)} initrd=12345" in result.log[0]


def test_users_words_come_last(image):
    kexec, make = image
    assert cmdline(kexec, make(UBUNTU), "--append=console=ttyS0").endswith("quiet splash console=ttyS0")


def test_words_are_in_front_of_those_for_the_installed_system(image):
    kexec, make = image
    line = cmdline(kexec, make({name: text for name, text in UBUNTU.items() if "loopback" not in name}))
    assert line.split("---")[0].startswith("iso-scan/filename=/")


def test_word_without_a_value_is_none(image):
    """live-build's grub.cfg has "findiso=${iso_path}" for discs, too."""
    kexec, make = image
    line = cmdline(kexec, make({name: text for name, text in DEBIAN.items() if "loopback" not in name}))
    assert line.split()[-1].startswith("findiso=/") and line.count("findiso") == 1


def test_image_in_memory_is_in_the_map(image):
    kexec, make = image
    file = make(with_drivers(DEBIAN))
    plan = json.loads(kexec("plan", "--json", "--to-ram", file).out)
    segment, = [s for s in plan["segments"] if s["name"] == "image"]
    region, = [m for m in plan["memory"] if m["type"] == "Persistent Memory (legacy)"]
    assert segment["bufsz"] == file.stat().st_size
    assert int(region["start"], 16) == int(segment["dest"], 16)
    assert int(region["start"], 16) % (2 << 20) == 0 and region["size"] % (2 << 20) == 0 and region["size"] >= segment["bufsz"]


def test_image_that_is_larger_than_memory_allows(image):
    kexec, make = image
    file = make(with_drivers(DEBIAN))
    with file.open("r+b") as out:
        out.truncate(600 << 20)
    result = kexec("load", "--to-ram", file)
    assert result.status == 2 and not result.log and "at most half" in result.err and "--to-ram" in result.err, result


@pytest.fixture(name="web")
def on_the_network(image):
    kexec, _ = image
    kexec.env["no_proxy"] = "*"
    with servers.Web() as web:
        yield web


def test_image_at_an_address(image, web):
    """In memory it is as one that lay on a disk, and what vouches for it is asked first."""
    kexec, make = image
    file = make(with_drivers(DEBIAN))
    here = json.loads(kexec("plan", "--json", "--to-ram", file).out)
    url, digest = web.put("/live.iso", file.read_bytes()), hashlib.sha256(file.read_bytes()).hexdigest()
    result = kexec("plan", "--json", "--to-ram", url, f"--sha256={digest}")
    assert result.status in (0, 1), result
    there = json.loads(result.out)
    assert there["cmdline"] == here["cmdline"] and there["memory"] == here["memory"]
    assert [(s["name"], s["bufsz"]) for s in there["segments"]] == [(s["name"], s["bufsz"]) for s in here["segments"]]
    assert kexec("load", "--to-ram", url, f"--sha256={digest}").log[0].startswith("kexec_load ")
    for more, word in (("--sha256=" + "0" * 64, "its SHA-256 is"), ("--fetch-timeout=9", "cannot trust"), (f"--initrd={url}", "cannot trust")):
        result = kexec("load", "--to-ram", url, more)
        assert (result.status, result.log) == (2, []) and word in result.err, result


def test_initrd_beside_an_image_at_an_address(image, web):
    """Each is checked, and the image comes once."""
    kexec, make = image
    file = make(with_drivers(DEBIAN))
    url, initrd = web.put("/live.iso", file.read_bytes()), web.put("/more", kexec.initrd.read_bytes())
    sums = [f"--sha256={hashlib.sha256(path.read_bytes()).hexdigest()}" for path in (file, kexec.initrd)]
    assert kexec("load", "--to-ram", url, f"--initrd={initrd}", *sums).log
    assert [path for method, path, _ in web.requests if method == "GET"] == ["/live.iso", "/more"]
    refused = kexec("load", "--to-ram", url, f"--initrd={initrd}", sums[0], "--sha256=" + "0" * 64)
    assert (refused.status, refused.log) == (2, []) and "among those that were given" in refused.err, refused


def test_disc_at_an_address(image, web):
    kexec, make = image
    file = make({"README": b"no menu"})
    url = web.put("/dos.iso", file.read_bytes())
    result = kexec("load", url, f"--memdisk={kexec.kernel}", "--insecure")
    assert f"initrd={file.stat().st_size}" in kexec("load", "-s", url, f"--memdisk={kexec.kernel}", "--insecure").log[0], result


def test_disc_at_an_address_is_read_by_nobody(image, web):
    """Also when all that comes from there is the initrd, under its descriptor's name."""
    kexec, make = image
    url = web.put("/dos.iso", make({"README": b"no menu"}).read_bytes())
    env = {"PATH": os.environ["PATH"], "KX_FAKE_ROOT": str(kexec.root), "KX_FAKE_LOG": str(kexec.folder / "log"), **kexec.env}
    result = subprocess.run([BUILD / "tests/cli/kexec-probe", "load", url, f"--memdisk={kexec.kernel}", "--insecure"], env=env, text=True,
                            stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert result.returncode and re.search(r"^kexec: probe: \d\d tried, none worked$", result.stderr, re.MULTILINE), result.stderr


@pytest.mark.parametrize("more", [("--to-ram",), ("--memdisk",)])
def test_image_here_is_kept_when_it_is_checked(image, more):
    """From its menu on: what is written into it afterwards is not loaded."""
    kexec, make = image
    file = make(with_drivers(DEBIAN) if more == ("--to-ram",) else {"README": b"no menu"})
    more = [f"{option}={kexec.kernel}" if option == "--memdisk" else option for option in more]
    good = f"--sha256={hashlib.sha256(file.read_bytes()).hexdigest()}"
    plan = kexec("plan", "--json", file, *more, good)
    assert plan.status in (0, 1), plan.err
    segments = {s["name"]: s["bufsz"] for s in json.loads(plan.out)["segments"]}
    assert segments["image" if more == ["--to-ram"] else "initrd"] == file.stat().st_size
    assert kexec("load", file, *more, good).log
    refused = kexec("load", file, *more, "--sha256=" + "0" * 64)
    assert refused.status == 2 and not refused.log and "--sha256" in refused.err


def test_nothing_beside_an_image_is_in_it(image):
    """Not a file of a member's name, nor one whose name is the first part of the image's."""
    kexec, make = image
    file = make(DEBIAN)
    file = file.rename(file.with_name("debian#1.iso"))
    file.with_name("debian").write_bytes(b"no archive")
    members = [name for name, content in DEBIAN.items() if content in (KERNEL, INITRD)]
    for name in members:
        (file.with_name(f"{file.name}#") / name).parent.mkdir(parents=True, exist_ok=True)
        (file.with_name(f"{file.name}#") / name).write_bytes(KERNEL + b"more")
    result = kexec("load", "-s", file, f"--sha256={hashlib.sha256(file.read_bytes()).hexdigest()}")
    assert members and f"kernel={len(KERNEL)} initrd={len(INITRD)} " in result.log[0], result


def test_image_that_another_program_takes_is_kept(image, tmp_path):
    """That it has no menu is not all that its check is for. memdisk is looked for in /boot, which is another folder here."""
    kexec, make = image
    file = make({"COMMAND.COM": b"x"})
    boot = tmp_path / "boot"
    boot.mkdir()
    (boot / "memdisk").write_bytes(KERNEL)
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "KX_FAKE_LOG": str(kexec.folder / "log"), "KX_FAKE_ROOT": str(kexec.root)}
    command = [*apart(), "sh", "-c", 'mount --bind "$0" /boot && exec "$@"', boot, FAKE, "load", "-s", file, f"--sha256={hashlib.sha256(file.read_bytes()).hexdigest()}"]
    for change, loaded in ("true", True), (f"printf changed | dd of={file} bs=1 seek=40000 conv=notrunc 2>/dev/null", False):
        answers(kexec, tmp_path, HEAD, change)
        result = subprocess.run(command, env={**env, **kexec.env}, cwd=kexec.folder, stdin=subprocess.DEVNULL, text=True, capture_output=True,
                                timeout=60, check=False)
        log = kexec.folder / "log"
        assert (f"initrd={file.stat().st_size}" in log.read_text() if loaded else not log.exists()), result
        log.unlink(missing_ok=True)


def test_wrong_name_in_an_image(image, web):
    """The entries are said, where an address cannot be listed."""
    kexec, make = image
    disc, url, other = [web.put(f"/{name}.iso", make(files).read_bytes()).replace("//", "//joe:secret@")
                        for name, files in (("dos", {"COMMAND.COM": b"x"}), ("live", with_drivers(DEBIAN)), ("other", DEBIAN))]
    result = kexec("load", url, "--to-ram", "--insecure", "nothing of the kind")
    assert result.status == 2 and not result.log and 'live.iso has no entry of the name "nothing of the kind"' in result.err, result
    assert "Live system (amd64), with the id" in result.err and "secret" not in result.err and "kexec list" not in result.err, result
    result = kexec("load", disc, "--to-ram", "--insecure")
    assert not result.log and "dos.iso has no menu of a Linux system" in result.err and "secret" not in result.err, result
    for address in disc, url, other:
        result = kexec("plan", address, "--to-ram", "--insecure", *([f"--memdisk={kexec.kernel}"] if address == disc else []))
        assert address.rpartition("/")[2] in result.out and "secret" not in result.err + result.out, result


@pytest.mark.parametrize("more", [[], ["--to-ram"]])
def test_entry_that_cannot_be_started(image, more):
    kexec, make = image
    files = with_drivers(DEBIAN)
    files["boot/grub/grub.cfg"] += 'menuentry "Firmware" { fwsetup }\n'
    result = kexec("load", make(files), "Firmware", *more)
    assert result.status == 2 and not result.log and 'cannot start "Firmware" from here' in result.err, result


def test_checksum_of_something_else(image):
    """What is said is the image's, which nothing vouches for."""
    kexec, make = image
    file = make(DEBIAN)
    result = kexec("load", file, f"--initrd={kexec.initrd}", f"--sha256={hashlib.sha256(kexec.initrd.read_bytes()).hexdigest()}")
    assert result.status == 2 and not result.log
    assert f"cannot use {file}: its SHA-256 is {hashlib.sha256(file.read_bytes()).hexdigest()}" in result.err, result


def test_initrd_of_an_image_needs_memory(image):
    """For what is put together, and for the kernel's copy of it."""
    kexec, make = image
    file = make(DEBIAN)
    size = file.stat().st_size // 1024
    for available, loads in (1.5, False), (3, True):
        kexec.change(proc__meminfo=f"MemTotal: 2000000 kB\nMemAvailable: {int(size * available)} kB\n")
        result = kexec("load", "--to-ram", file)
        assert bool(result.log) == loads and ("where there is room for" in result.err) != loads, result


def test_to_ram_where_all_of_it_is_in_memory(image):
    """It is the same as without."""
    kexec, make = image
    file = make({"COMMAND.COM": b"x"})
    result = kexec("load", "-s", "--to-ram", file, f"--memdisk={kexec.kernel}")
    assert result.log and f"initrd={file.stat().st_size}" in result.log[0], result


def test_image_that_stays_on_its_disk_is_not_kept(image):
    kexec, make = image
    file = make(UBUNTU)
    kexec.change(proc__meminfo=f"MemTotal: 1000000 kB\nMemAvailable: {file.stat().st_size // 1024} kB\n")
    result = kexec("load", "-s", file, f"--sha256={hashlib.sha256(file.read_bytes()).hexdigest()}")
    assert "is kept in memory" not in result.err


def test_in_memory_by_kexec_load_alone(image):
    kexec, make = image
    result = kexec("load", "-s", "--to-ram", make(with_drivers(DEBIAN)))
    assert result.status == 2 and not result.log and "kexec_file_load" in result.err


def test_image_in_an_initrd(image):
    """Where there are no drivers: what the initramfs gets then is the image, and what sets up its device."""
    kexec, make = image
    file = make(DEBIAN)
    result = kexec("load", "-s", "--to-ram", file, f"--initrd={kexec.initrd}")
    assert result.status in (0, 1) and "neither the initrd of this entry nor a package in the image" in result.err, result
    size = int(result.log[0].split("initrd=")[1].split()[0])
    assert file.stat().st_size < size < file.stat().st_size + 1024
    assert "cmdline=live-media=/dev/loop0 boot=live" in result.log[0]


def test_drivers_that_the_kernel_has_built_in(image):
    kexec, make = image
    builtin = cpio({"usr/lib/modules/6/modules.builtin": b"kernel/drivers/nvdimm/nd_pmem.ko\nkernel/drivers/nvdimm/nd_e820.ko\n"})
    assert "live-media=/dev/pmem0" in cmdline(kexec, "--to-ram", make({**DEBIAN, "live/initrd.img-6.1.0-50-amd64": builtin}))


RELEASE = "6.1.0-1-test"  # what samples.bzimage() says of itself
NAMES = ("libnvdimm", "nd_btt", "nd_pmem", "nd_e820")


def deb(names=NAMES, suffix="", packing="xz"):
    """deb(5): members of ar(5), the last one a tar archive of the files."""
    data = tar(*((f"./lib/modules/{RELEASE}/kernel/{name}.ko{suffix}", name.rpartition("/")[2].encode() * 100)
                 for name in ("fs/ext4/ext4", *(f"drivers/nvdimm/{name}" for name in reversed(names)), "net/9p/9pnet")), mode=f"w:{packing}")
    out = b"!<arch>\n"
    for name, content in ("debian-binary", b"2.0\n"), ("control.tar.xz", tar(mode="w:xz")), (f"data.tar.{packing}", data):
        out += f"{name:16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content + b"\n" * (len(content) % 2)
    return out


def with_package(name, content):
    return {**DEBIAN, f"pool/main/l/linux/{name}": content}


PACKAGE = f"linux-image-{RELEASE}_6.1.1-1_amd64.deb"


@pytest.mark.parametrize("files", [
    with_package(PACKAGE, deb()),
    with_package(f"linux-modules-{RELEASE}_6.1.1-1_amd64.deb", deb(suffix=".xz", packing="gz")),
    # What the kernel has built in is in no package.
    with_package(PACKAGE, deb(names=("nd_pmem", "nd_e820"))),
    {**with_package("linux-image-6.1.0-1-tester_6.1.1-1_amd64.deb", b"another kernel's"), f"pool/{PACKAGE}": deb()},
], ids=["one", "modules", "built-in", "another-kernel"])
def test_drivers_come_out_of_a_package(image, files):
    kexec, make = image
    file = make(files)
    result = kexec("plan", "--json", "--to-ram", file)
    assert result.status in (0, 1) and "those of its kernel's package in the image are added" in result.err, result
    plan = json.loads(result.out)
    assert "live-media=/dev/pmem0" in plan["cmdline"]
    assert [s["bufsz"] for s in plan["segments"] if s["name"] == "image"] == [file.stat().st_size]
    assert kexec("load", "--to-ram", file).log[0].startswith("kexec_load ")


def drivers_of(file, tmp_path):
    """What kexec-unpack answers, as the kernel would unpack it."""
    with file.open("rb") as archive:
        subprocess.run(["sh", "-c", 'exec 3>"$0"; exec "$@"', tmp_path / "answer", BUILD / "tools/kexec-unpack", "drivers",
                        "live/vmlinuz-6.1.0-50-amd64", "live/initrd.img-6.1.0-50-amd64"], stdin=archive, check=True)
    if (tmp_path / "answer").read_bytes() == b"none":
        return None
    (tmp_path / "out").mkdir()
    with (tmp_path / "answer").open("rb") as answer:
        subprocess.run(["cpio", "-i", "--quiet"], cwd=tmp_path / "out", stdin=answer, check=True)
    return {str(path.relative_to(tmp_path / "out")): path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}


def test_drivers_are_loaded_in_their_order(image, tmp_path):
    _kexec, make = image
    files = drivers_of(make(with_package(PACKAGE, deb(suffix=".xz"))), tmp_path)
    assert files.pop("conf/conf.d/kexec").startswith(b"for driver in /kexec/*.ko*; do")
    assert files == {f"kexec/{i}-{name}.ko.xz": name.encode() * 100 for i, name in enumerate(NAMES)}


@pytest.mark.parametrize("name, content", [
    (f"linux-headers-{RELEASE}_6.1.1-1_amd64.deb", deb()), ("linux-image-6.1.0-1-tester_6.1.1-1_amd64.deb", deb()),
    (PACKAGE, deb(names=("libnvdimm", "nd_pmem"))), (PACKAGE, deb(names=()))], ids=["headers", "another-kernel", "half", "none"])
def test_package_without_drivers(image, tmp_path, name, content):
    kexec, make = image
    file = make(with_package(name, content))
    assert drivers_of(file, tmp_path) is None
    assert "live-media=/dev/loop0" in cmdline(kexec, "--to-ram", file)


@pytest.mark.parametrize("content", [b"no deb", deb()[:-3000], deb().replace(b"data.tar.xz", b"data.tar.gz"), b"!<arch>\n" + b"\xff" * 500],
                         ids=["text", "cut", "another-packing", "no-members"])
def test_broken_package(image, content):
    """Of an image that is damaged nothing is loaded, or what is damaged is left alone; nothing else happens."""
    kexec, make = image
    result = kexec("load", "-s", "--to-ram", make(with_package(PACKAGE, content)))
    assert result.status in (0, 2) and bool(result.log) == (result.status == 0) and result.err, result
    assert not result.log or "live-media=/dev/loop0" in result.log[0], result


def test_drivers_for_a_system_that_takes_none(image):
    """The archive is for initramfs-tools."""
    kexec, make = image
    result = kexec("load", "--to-ram", make({**ARCH, f"pool/{PACKAGE}": deb()}))
    assert result.status == 2 and not result.log and "does not look for its medium in an initrd" in result.err, result


def test_drivers_that_are_only_listed(image):
    """modules.order of an initrd that initramfs-tools makes has every module of the kernel, and the initrd has some."""
    kexec, make = image
    listed = cpio({"usr/lib/modules/6/modules.order": b"kernel/drivers/nvdimm/nd_pmem.ko\nkernel/drivers/nvdimm/nd_e820.ko\n"})
    assert "live-media=/dev/loop0" in cmdline(kexec, "--to-ram", make({**DEBIAN, "live/initrd.img-6.1.0-50-amd64": listed}))


def test_debians_installer_is_told_no_image(image):
    kexec, make = image
    file = make({"install.amd/vmlinuz": KERNEL, "install.amd/initrd.gz": INITRD,
                 "isolinux/isolinux.cfg": "default install\nlabel install\n\tkernel /install.amd/vmlinuz\n\tappend initrd=/install.amd/initrd.gz --- quiet\n"})
    result = kexec("load", file)
    assert result.status == 2 and not result.log and "kexec netboot debian" in result.err
    assert kexec("load", file, "--append=what-i-know").log


def test_image_without_linux_is_memdisks(image):
    kexec, make = image
    file, memdisk = make({"COMMAND.COM": b"x"}), kexec.file("memdisk", KERNEL)
    result = kexec("load", "-s", "--memdisk", memdisk, file)
    assert result.log == [f"kexec_file_load kernel={len(KERNEL)} initrd={file.stat().st_size} cmdline=iso flags=0"], result
    grub = kexec.file("grub.exe", KERNEL)
    assert "map --mem (rd)+1 (0xff)" in kexec("load", "-s", "--memdisk", grub, file).log[0]


def test_options_for_images_alone(image):
    kexec, _make = image
    for option in "--to-ram", f"--memdisk={kexec.kernel}":
        result = kexec("load", kexec.kernel, option)
        assert result.status == 3 and not result.log and "image of a disc" in result.err


@pytest.mark.parametrize("text", ["menuentry x {", "while true; do true; done\n", "a=$$$$${((\n", "\0\0\0", "menuentry a { linux /../../x }\n"])
def test_broken_menus(image, text):
    """Nothing is loaded, and one message says why, or which entry cannot be started."""
    kexec, make = image
    result = kexec("load", make({"boot/grub/grub.cfg": text, "live/x": b""}))
    assert result.status == 2 and not result.log and result.err, result


@pytest.mark.parametrize("good, options", [(True, ["--sha256={right}"]), (False, ["--sha256={wrong}"]), (True, ["--sums=SHA256SUMS"]),
                                           (False, ["--sums=SHA256SUMS"]), (False, ["--sha256={other}"])])
@pytest.mark.parametrize("how", [[], ["--to-ram"]])
def test_menu_is_read_of_what_is_checked(image, tmp_path, good, options, how):
    """Nothing reads an image here that is not the one that was asked for; what reads it says that it has."""
    kexec, make = image
    file = make(DEBIAN)
    digests = {"right": hashlib.sha256(file.read_bytes()).hexdigest(), "wrong": "0" * 64, "other": hashlib.sha256(kexec.initrd.read_bytes()).hexdigest()}
    (tmp_path / "SHA256SUMS").write_text(f"{digests['right' if good else 'wrong']}  {file.name}\n")
    words = [option.format(**digests).replace("=SHA", f"={tmp_path}/SHA") for option in options]
    answers(kexec, tmp_path, HEAD + b"entry=x\0type=linux\0linux=/live/x\0", f"echo read >>{tmp_path}/read")
    result = kexec("load", *how, file, "nothing of the kind", *words, f"--initrd={kexec.initrd}")
    assert result.status == 2 and not result.log, result
    assert (tmp_path / "read").exists() == good and ("nothing of the kind" in result.err) == good, result
    assert good or "--sha256" in result.err or "SHA256SUMS says" in result.err, result


def test_image_that_changes_after_its_check(image, tmp_path):
    """As soon as its menu was read; by whoever may write to it."""
    kexec, make = image
    file = make(DEBIAN)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    answers(kexec, tmp_path, HEAD + b"entry=x\0type=linux\0linux=/live/x\0", f"echo >>{file}")
    result = kexec("load", file, f"--sha256={digest}")
    assert result.status == 2 and not result.log and "changed while it was being read" in result.err, result


HOSTILE = {
    "nothing": b"", "no end": HEAD + b"entry=x", "no key": HEAD + b"entry\0", "long key": HEAD + b"k" * 100 + b"=\0", "twice": HEAD + b"live=\0",
    "title twice": HEAD + b"entry=x\0title=a\0title=b\0", "binary": bytes(range(256)) * 100, "many entries": HEAD + b"entry=x\0" * 5000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers(image, tmp_path, name):
    """What comes out of the sandbox is believed no more than what went in."""
    kexec, make = image
    file = make(DEBIAN)
    answers(kexec, tmp_path, HOSTILE[name])
    result = kexec("load", file)
    assert result.status in (2, 3) and not result.log and ("cannot read the menu" in result.err or "it is empty" in result.err), result


def test_answer_that_leads_out_of_the_image(image, tmp_path):
    """A path is looked for in the image alone, and a terminal is not written to."""
    kexec, make = image
    file = make(DEBIAN)
    answers(kexec, tmp_path, HEAD + b"entry=\x1b[2J\0type=linux\0linux=/../../../" + str(kexec.kernel).encode() + b"\0")
    listed = kexec("list", file)
    assert listed.status == 0 and "\x1b" not in listed.out + listed.err
    answers(kexec, tmp_path, HEAD + b"entry=x\0type=linux\0linux=" + str(kexec.kernel).encode() + b"\0")
    # The stand-in's answer is the member, too, and no kernel: the file outside is never opened.
    result = kexec("load", file)
    assert result.status == 2 and not result.log and f"{file}#{kexec.kernel}" in result.err, result


def test_file_that_is_not_in_the_image(image):
    kexec, make = image
    text = "label gone\n\tkernel /live/gone\nlabel there\n\tkernel /live/k\n"
    found = json.loads(kexec("list", "--json", make({"live/k": KERNEL, "isolinux/isolinux.cfg": text})).out)
    assert [entry["problem"] for entry in found] == ["/live/gone is not in the image", None]


def test_word_that_is_there_without_a_value(image):
    kexec, make = image
    line = cmdline(kexec, make({"live/k": KERNEL, "boot/grub/grub.cfg": "menuentry a { linux /live/k findiso= quiet }\n"}))
    assert line.startswith("findiso=/")


def test_search_of_where_the_image_lies(image):
    """As a loopback.cfg does it; any other search finds the image."""
    kexec, make = image
    text = """search --set=where --fs-uuid 0d15c000-0000-4000-8000-000000000001
search --set=other --fs-uuid 0d15c000-0000-4000-8000-000000000002
if [ "${where}" != "${other}" -a -n "${other}" ]; then menuentry found { linux /live/k }; fi
"""
    assert "* found\n" in kexec("list", make({"live/k": KERNEL, "boot/grub/loopback.cfg": text})).out
