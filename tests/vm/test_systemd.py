# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian system on a disk, with its own boot loader and init: what the next system finds after a shutdown ends in a jump."""

from pathlib import Path

import pytest

from lab import disk, uki

CONTRIB = Path(__file__).parents[2] / "contrib"
LIBEXEC = "/usr/local/libexec/kexec"
# What the kernel or fsck says of a file system that was not unmounted.
UNCLEAN = ("recovering journal", "recovery complete", "recovery required", "orphan", "was not properly unmounted")


def settle(guest):
    """Wait until all that starts at boot has started."""
    state = guest.run("[ ! -d /run/systemd/system ] || systemctl is-system-running --wait", timeout=disk.BOOT).out.strip()
    assert state in ("", "running")


def leave_traces(guest):
    """Something new on each file system, that is written when it is unmounted, or soon."""
    settle(guest)
    guest.ok("for f in /root /boot/efi; do date >$f/witness; done; cat /proc/sys/kernel/random/boot_id >/var/tmp/boot")
    return len(guest.text["console"])


def unclean(guest, since):
    """What the system that came up, and its fsck, found to be repaired."""
    guest.ok("test -s /root/witness && test -s /boot/efi/witness && ! grep -qf /proc/sys/kernel/random/boot_id /var/tmp/boot")
    said = guest.text["console"][since:] + guest.ok("dmesg; cat /run/initramfs/fsck.log")
    return [word for word in UNCLEAN if word in said]


def words(guest):
    return guest.ok("cat /proc/cmdline").split()


def load(guest, release, more="", verb="--load"):
    guest.ok(f"kexec {verb} /boot/vmlinuz-{release} --initrd=/boot/initrd.img-{release} "
             f"--reuse-cmdline --append=lab.word=two {more}")


# Each further system is another debootstrap, so the check has Debian 12 with systemd alone.
TRIXIE = {firmware: pytest.param("trixie", firmware, marks=pytest.mark.long) for firmware in ("seabios", "ovmf")}


@pytest.mark.parametrize("suite, firmware", [("bookworm", "seabios"), ("bookworm", "ovmf"), TRIXIE["ovmf"]])
def test_systemctl_kexec(suite, firmware):
    installed = disk.get(suite)
    with disk.boot(installed, firmware=firmware) as guest:
        assert f"BOOT_IMAGE=/boot/vmlinuz-{installed.releases[0]}" in words(guest)
        since = leave_traces(guest)
        load(guest, installed.releases[1])
        assert guest.ok("cat /sys/kernel/kexec_loaded") == "1\n"
        guest.jump(installed.releases[1], "systemctl kexec", timeout=disk.BOOT)
        assert unclean(guest, since) == []
        found = words(guest)
        assert "lab.word=two" in found and not any(word.startswith("BOOT_IMAGE") for word in found)
        # That an unclean jump is seen at all.
        since = leave_traces(guest)
        load(guest, installed.releases[0])
        guest.jump(installed.releases[0], "kexec -e", timeout=disk.BOOT)
        assert unclean(guest, since)


def test_kernel_alone():
    """kexec KERNEL: load, shut down, start."""
    installed = disk.get()
    with disk.boot(installed) as guest:
        since = leave_traces(guest)
        guest.jump(installed.releases[1], f"kexec /boot/vmlinuz-{installed.releases[1]} --reuse-cmdline "
                   f"--initrd=/boot/initrd.img-{installed.releases[1]}", timeout=disk.BOOT)
        assert unclean(guest, since) == []


# ---- entries ---------------------------------------------------------------------------------------------------------

GRUB_WORDS = [f"root=UUID={disk.ROOT_UUID}", "ro", *disk.CMDLINE.split()]


def grub_id(release):
    uuid = disk.ROOT_UUID
    return f"gnulinux-advanced-{uuid}>gnulinux-{release}-advanced-{uuid}"


def environment(guest):
    return dict(line.split("=", 1) for line in guest.ok("grub-editenv list").splitlines())


def arrive(guest, command, release, line):
    """Reboot by a command into a release with a command line, and find nothing to be repaired."""
    since = leave_traces(guest)
    guest.jump(release, command, timeout=disk.BOOT)
    assert unclean(guest, since) == []
    assert words(guest) == line


def test_reboot_by_grubs_entries():
    """The saved one, the one for once, and one by its id: titles of Debian's have a slash in them, as names of files do."""
    installed = disk.get()
    new, old = installed.releases
    with disk.boot(installed) as guest:
        guest.ok(f"grub-set-default '{grub_id(old)}'")
        arrive(guest, "kexec reboot", old, GRUB_WORDS)
        guest.ok("grub-reboot 0")
        arrive(guest, "kexec reboot", new, GRUB_WORDS)
        assert environment(guest) == {"saved_entry": grub_id(old), "next_entry": ""}
        arrive(guest, f"kexec reboot '{grub_id(old)}'", old, GRUB_WORDS)


def unified(installed, name, release):
    line = f"root=UUID={disk.ROOT_UUID} {disk.CMDLINE.replace('lab.entry=grub', f'lab.entry={name}')}"
    return line.split(), uki.build(uki.stub("bookworm"), {
        ".osrel": f'ID=lab\nPRETTY_NAME="Lab {name}"\nVERSION_ID={name}\n', ".uname": release, ".cmdline": line,
        ".initrd": installed.initrd(release).read_bytes(), ".linux": installed.kernel(release).read_bytes()})


def test_reboot_by_systemd_boot(tmp_path):
    """Unified kernel images on the ESP: the one for once, then the default."""
    installed = disk.get()
    new, old = installed.releases
    lines, files = {}, {"loader/loader.conf": b"default lab-two.efi\ntimeout 0\n"}
    for name, release in (("one", old), ("two", new)):
        lines[name], files[f"EFI/Linux/lab-{name}.efi"] = unified(installed, name, release)
    image = disk.with_systemd_boot(installed, files, tmp_path)
    with disk.boot(installed, image=image, firmware="ovmf") as guest:
        assert words(guest) == lines["two"]
        guest.ok("bootctl set-oneshot lab-one.efi")
        arrive(guest, "kexec reboot", old, lines["one"])
        assert "LoaderEntryOneShot" not in guest.ok("ls /sys/firmware/efi/efivars")
        arrive(guest, "kexec reboot", new, lines["two"])


# ---- kexec.conf ------------------------------------------------------------------------------------------------------


SYSTEMD = {"/usr/lib/systemd/system/kexec-reboot.service": "systemd/kexec-reboot.service.in",
           "/usr/lib/systemd/system-shutdown/kexec.shutdown": "systemd/kexec.shutdown.in"}
# A hook of another package, that takes longer than ours.
SLOW = {"/usr/lib/systemd/system-shutdown/slow": "#!/bin/sh\nsleep 5\necho '@@slow is done' >/dev/console\n"}
SYSVINIT, OPENRC = ({f"/etc/init.d/{name}": f"{init}/{name}.in" for name in ("kexec-load", "kexec-jump")}
                    for init in ("sysvinit", "openrc"))


def integration(files):
    """What `./configure && make install` leaves of contrib."""
    files = {f"{LIBEXEC}/at-reboot": "at-reboot.in", **files}
    texts = {path: (CONTRIB / name).read_text().replace("@libexecdir@", LIBEXEC).replace("@sysconfdir@", "/etc")
             for path, name in files.items()}
    return {**texts, "/usr/sbin/coldreboot": CONTRIB.parent / "tools/coldreboot"}


def reboot_by_conf(guest, old, command):
    """With kexec.conf it starts what GRUB would have started, by kexec; after coldreboot it goes through the firmware."""
    guest.ok("printf 'reboot = kexec\\nload = --append=lab.word=conf\\n' >/etc/kexec.conf")
    guest.ok(f"grub-reboot '{grub_id(old)}'")
    arrive(guest, command, old, [*GRUB_WORDS, "lab.word=conf"])
    assert environment(guest).get("next_entry", "") == ""
    settle(guest)
    assert guest.ok("cat /sys/kernel/kexec_loaded") == "0\n"
    guest.start("kexec coldreboot")
    guest.wait_reset(timeout=disk.BOOT)


@pytest.mark.parametrize("suite, firmware", [("bookworm", "ovmf"), TRIXIE["seabios"]])
def test_ordinary_reboot(suite, firmware):
    installed = disk.get(suite)
    with disk.boot(installed, {**integration(SYSTEMD), **SLOW}, firmware=firmware) as guest:
        settle(guest)
        guest.ok("systemctl daemon-reload && systemctl enable --now kexec-reboot.service")
        reboot_by_conf(guest, installed.releases[1], "systemctl reboot")
        assert guest.text["console"].count("@@slow is done") == 2


def test_what_is_loaded_stays():
    """What was loaded by hand is what an ordinary reboot starts, and the choice for once that it was is used up then, not before."""
    installed = disk.get()
    old = installed.releases[1]
    with disk.boot(installed, integration(SYSTEMD)) as guest:
        settle(guest)
        guest.ok("systemctl daemon-reload && systemctl enable --now kexec-reboot.service")
        guest.ok("printf 'reboot = kexec\\nload = --append=lab.word=conf\\n' >/etc/kexec.conf")
        guest.ok(f"grub-reboot '{grub_id(old)}' && kexec load")
        assert environment(guest)["next_entry"] == grub_id(old)
        arrive(guest, "systemctl reboot", old, GRUB_WORDS)
        assert environment(guest).get("next_entry", "") == ""


# By its init: which scripts, and how they are enabled.
SCRIPTED = {
    "sysvinit": (SYSVINIT, "update-rc.d kexec-load defaults && update-rc.d kexec-jump defaults"),
    "openrc": (OPENRC, "rc-update add kexec-load default && rc-update add kexec-jump shutdown && rc-update -u && "
               "rc-service kexec-load start"),
    "runit": (SYSVINIT, "update-rc.d kexec-load defaults && update-rc.d kexec-jump defaults"),
}


@pytest.mark.parametrize("init", ["sysvinit", *(pytest.param(init, marks=pytest.mark.long) for init in ("openrc", "runit"))])
def test_reboots_by_scripts(init):
    """Where scripts start the loaded kernel: `kexec reboot`, an ordinary reboot by kexec.conf, and one through the firmware."""
    installed = disk.get(init=init)
    files, enable = SCRIPTED[init]
    with disk.boot(installed, integration(files)) as guest:
        guest.ok(enable)
        old = installed.releases[1]
        arrive(guest, f"kexec reboot '{grub_id(old)}'", old, GRUB_WORDS)
        reboot_by_conf(guest, old, "reboot")


def test_off_by_default():
    """A reboot by systemd 252 goes through the firmware, although a kernel is loaded."""
    installed = disk.get()
    with disk.boot(installed, integration(SYSTEMD)) as guest:
        settle(guest)
        guest.ok("systemctl daemon-reload && systemctl enable --now kexec-reboot.service")
        load(guest, installed.releases[1])
        guest.start("systemctl reboot")
        guest.wait_reset(timeout=disk.BOOT)
