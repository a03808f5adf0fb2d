# SPDX-License-Identifier: GPL-2.0-or-later
"""load, plan, exec, unload and reboot: what an argument means, and what is written down when."""

import errno
import json
import os
import pty
import subprocess

import pytest

import samples
from conftest import FAKE
from test_companions import image

YES, WARNINGS, NO, ERROR = range(4)
EXEC = ["lock_memory", "sync", "interfaces_down", "reboot_kexec"]
SHUTDOWN = ["run systemctl kexec"]

CONFIG = """
load_env
set default="${saved_entry}"
if [ "${next_entry}" ]; then
  set default="${next_entry}"
  set next_entry=
  save_env next_entry
fi
menuentry 'Debian' --id first { linux /boot/vmlinuz-one root=/dev/one quiet; initrd /boot/initrd-one /boot/more }
menuentry 'Debian GNU/Linux' --id slash { linux /boot/vmlinuz-one root=/dev/slash; initrd /boot/initrd-one }
submenu 'Others' --id others {
  menuentry 'Other' --id second { set saved_entry=second; save_env saved_entry; linux /boot/vmlinuz-two root=/dev/two }
  menuentry 'Twin' --id third { linux /boot/vmlinuz-two root=/dev/three }
}
menuentry 'Twin' --id fourth { linux /boot/vmlinuz-two root=/dev/four }
menuentry 'Windows' --id windows { chainloader /bootmgr }
"""
SIGNATURE = "# GRUB Environment Block\n"


def block(text):
    return (SIGNATURE + text).ljust(1024, "#")


@pytest.fixture
def grub(kexec):
    """A machine whose GRUB would start the first entry; systemd runs on it."""
    boot = kexec.root / "boot"
    (boot / "grub").mkdir()
    (boot / "grub/grub.cfg").write_text(CONFIG)
    (boot / "grub/grubenv").write_text(block("saved_entry=first\n"))
    for name in "one", "two":
        (boot / f"vmlinuz-{name}").write_bytes(samples.bzimage(init_size=0x100000 if name == "one" else 0x200000))
    (boot / "initrd-one").write_bytes(b"INITRD")
    (boot / "more").write_bytes(b"MORE")
    (kexec.root / "run/systemd/system").mkdir(parents=True)
    kexec.environment = boot / "grub/grubenv"
    kexec.note = kexec.root / "run/kexec/effects"
    return kexec


def once(kexec, name):
    kexec.environment.write_text(block(f"saved_entry=first\nnext_entry={name}\n"))


def planned(kexec, *arguments, status=WARNINGS):
    result = kexec("plan", "--json", *arguments)
    assert (result.status, result.log) == (status, []), result.err
    return json.loads(result.out)


def file_load(kexec, *arguments):
    """What kexec_file_load was given."""
    result = kexec("load", "-s", *arguments)
    assert result.status in (YES, WARNINGS), result.err
    return result.log


# ---- what an argument means ------------------------------------------------------------------------------------------

def test_load_of_the_default(grub):
    one = (grub.root / "boot/vmlinuz-one").stat().st_size
    assert file_load(grub) == [f"kexec_file_load kernel={one} initrd=12 cmdline=root=/dev/one quiet flags=0"]
    result = grub("load")
    assert result.status == WARNINGS and result.log[0].startswith("kexec_load")  # the machine lacks boot_params
    assert 'kexec: loaded "Debian"' in result.err and result.out == ""


@pytest.mark.parametrize("name,device", [
    ("first", "one"), ("Debian", "one"), ("slash", "slash"), ("others>second", "two"), ("Other", "two"),
    ("others>third", "three"), ("fourth", "four"),
])
def test_entry_by_id_and_title(grub, name, device):
    assert f"root=/dev/{device}" in planned(grub, name)["cmdline"]


def test_several_entries_of_a_name_are_listed(grub):
    result = grub("load", "Twin")
    assert (result.status, result.log) == (NO, [])
    assert result.err == ("kexec: Others > Twin, with the id others>third\n"
                          "kexec: Twin, with the id fourth\n"
                          'kexec: "Twin" is the name of 2 entries; give the id of one\n')
    for verb in "reboot", "plan":
        again = grub(verb, "Twin")
        assert (again.status, again.err, again.log) == (NO, result.err, [])


def test_file_here_comes_last(grub):
    (grub.folder / "first").write_bytes(b"no kernel")
    assert "root=/dev/one" in planned(grub, "first")["cmdline"]
    assert "first: " in grub("plan", "./first").err
    # grub.kernel is "vmlinuz", and there is no such entry.
    assert planned(grub, "vmlinuz")["cmdline"] == ""
    assert planned(grub, "./vmlinuz", "--append=x")["cmdline"] == "x"


def test_file_without_any_entries(kexec):
    (kexec.root / "boot/config-6.1.0-1-test").rename(kexec.root / "config")
    assert kexec("load", "vmlinuz").status == WARNINGS
    result = kexec("load")
    assert (result.status, result.log) == (NO, [])
    assert "no boot entries found" in result.err


def test_standard_input(grub):
    with open(grub.kernel, "rb") as kernel:
        result = grub("load", "-", stdin=kernel)
    assert result.status == WARNINGS and len(result.log) == 1


def test_what_there_is_none_of(grub):
    for verb in "load", "reboot", "plan":
        result = grub(verb, "nothing")
        assert (result.status, result.log) == (NO, [])
        assert 'no entry and no file here of the name "nothing"' in result.err


def test_what_could_not_be_read_is_said(kexec):
    (kexec.root / "boot/extlinux").mkdir()
    (kexec.root / "boot/extlinux/extlinux.conf").write_text("include extlinux.conf\n")
    result = kexec("load")
    assert (result.status, result.log) == (NO, [])
    assert "does one of them include itself?" in result.err


def test_title_with_a_slash_is_a_file_and_the_id_is_told(grub):
    result = grub("load", "Debian GNU/Linux")
    assert (result.status, result.log) == (NO, [])
    assert result.err.endswith("is chosen by its id, slash\n")
    twins = "".join(f"menuentry 'A/B' --id {name} {{ linux /boot/vmlinuz-two }}\n" for name in ("fifth", "sixth"))
    (grub.root / "boot/grub/grub.cfg").write_text(CONFIG + twins)
    assert grub("load", "A/B").err == ("kexec: A/B, with the id fifth\nkexec: A/B, with the id sixth\n"
                                       'kexec: "A/B" is the name of 2 entries; give the id of one\n')
    assert "No such file" in grub("load", "./nothing").err


def test_address_without_the_program_for_it(grub):
    for verb in "load", "reboot", "plan":
        result = grub(verb, "https://example.org/vmlinuz")
        assert (result.status, result.log) == (NO, [])
        assert "the program for it, /nonexistent/kexec-fetch, is not installed; " in result.err


def test_entry_with_a_problem(grub):
    for verb in "load", "reboot", "plan":
        result = grub(verb, "windows")
        assert (result.status, result.log) == (NO, [])
        assert 'cannot start "Windows" from here: ' in result.err


def test_loader_that_would_wait(grub):
    (grub.root / "boot/grub/grub.cfg").write_text(
        "set default=e\nsubmenu E --id e { true }\nmenuentry A --id a { linux /boot/vmlinuz-one }\n")
    result = grub("load")
    assert (result.status, result.log) == (NO, [])
    assert "would start nothing by itself" in result.err
    assert grub("load", "a").status == WARNINGS


# ---- an entry and options --------------------------------------------------------------------------------------------

def test_options_come_after_the_entrys(grub):
    assert file_load(grub, "--append=single", f"--initrd={grub.initrd}")[0].endswith(
        "initrd=18 cmdline=root=/dev/one quiet single flags=0")
    assert file_load(grub, "--reuse-cmdline", "--append=single")[0].endswith(
        "cmdline=root=/dev/vda1 ro quiet single flags=0")
    grub.change(sys__firmware__initrd="REUSED")
    assert "initrd=6 " in file_load(grub, "--reuseinitrd")[0]
    assert file_load(grub, "fourth", "--append=x")[0].endswith("initrd=none cmdline=root=/dev/four x flags=0x4")


def test_initrd_as_is_and_method(grub):
    assert grub("load", "--initrd-as-is", "-c").log == ["kexec_load entry=set count=some flags=0x3e0000"]
    assert planned(grub, "--initrd-as-is")["archives"] == []


def test_image_with_a_profile(kexec):
    boot = kexec.root / "boot"
    (boot / "EFI/Linux").mkdir(parents=True)
    (boot / "loader/entries").mkdir(parents=True)
    (boot / "loader/loader.conf").write_text("default two.conf\n")
    uki = image(linux=kexec.kernel.read_bytes(), cmdline=b"own words")
    (boot / "EFI/Linux/one.efi").write_bytes(uki)
    (boot / "loader/entries/two.conf").write_text("title Two\nuki /EFI/Linux/one.efi\noptions given\n")
    (boot / "loader/entries/gone.conf").write_text("title Gone\nuki /EFI/Linux/one.efi\nprofile 3\n")
    (boot / "loader/entries/odd.conf").write_text("title Odd\nuki /EFI/Linux/one.efi\nprofile x\n")
    assert planned(kexec, "one.efi")["cmdline"] == "own words"
    assert planned(kexec, "one.efi", "--append=more")["cmdline"] == "own words more"
    assert planned(kexec)["cmdline"] == "given"
    assert "no profile @3" in planned(kexec, "gone.conf", status=NO)["error"]
    assert "by what is no number" in planned(kexec, "odd.conf", status=NO)["error"]
    assert planned(kexec, "gone.conf", "--reuse-cmdline", status=ERROR)["error"].startswith("--reuse-cmdline does not")


def test_multiboot_entry(grub):
    (grub.root / "boot/xen").write_bytes(samples.multiboot())
    (grub.root / "boot/grub/grub.cfg").write_text(
        "menuentry Xen --id xen { multiboot /boot/xen console=com1\n module /boot/more dom0 words\n }\n")
    plan = planned(grub, "--append=x", f"--module={grub.initrd} last", status=YES)
    assert (plan["format"], plan["cmdline"]) == ("multiboot-x86", "console=com1 x")
    assert [s["bufsz"] for s in plan["segments"] if s["name"] == "module"] == [4, 6]


def test_plan_of_a_saved_machine_knows_files_alone(grub, tmp_path):
    assert subprocess.run([FAKE, "machine", "--save", tmp_path / "saved"], check=False, capture_output=True,
                          env={"KX_FAKE_ROOT": str(grub.root)}).returncode == 0
    assert grub("plan", "--machine", tmp_path / "saved", "first").status == NO
    assert grub("plan", "--machine", tmp_path / "saved", "vmlinuz").status == WARNINGS
    result = grub("plan", "--machine", tmp_path / "saved")
    assert result.status == ERROR and "no boot entries" in result.err


# ---- choices for once ------------------------------------------------------------------------------------------------

def test_choice_for_once_is_not_consumed_by_looking(grub):
    once(grub, "fourth")
    before = grub.environment.read_bytes()
    assert grub("list").status == YES
    assert "root=/dev/four" in planned(grub)["cmdline"]
    assert not grub.note.exists()
    assert file_load(grub)[0].endswith("cmdline=root=/dev/four flags=0x4")
    assert grub.environment.read_bytes() == before
    assert grub.note.exists()


@pytest.mark.parametrize("jump", [["-e"], ["exec"], ["exec", "--now"]])
def test_choice_for_once_is_consumed_by_the_jump(grub, jump):
    once(grub, "fourth")
    grub("load")
    result = grub(*jump)
    assert result.log == EXEC
    assert grub.environment.read_text() == block("saved_entry=first\nnext_entry=\n")
    assert not grub.note.exists()
    # Only once: what is chosen meanwhile is another load's.
    once(grub, "first")
    grub(*jump)
    assert grub.environment.read_text() == block("saved_entry=first\nnext_entry=first\n")


def test_choice_for_once_is_consumed_by_a_load_during_shutdown(grub):
    once(grub, "fourth")
    result = grub("load", "--commit", "--type=beoboot")
    assert result.status == NO and "next_entry=fourth" in grub.environment.read_text()
    assert grub("load", "--commit").log[-1].startswith("kexec_load")
    assert grub.environment.read_text() == block("saved_entry=first\nnext_entry=\n")
    assert not grub.note.exists()


def test_choice_for_once_of_what_is_loaded_is_consumed_by_the_shutdown(grub):
    """`kexec load`, then an ordinary reboot, which kexec.conf makes a kexec: contrib/at-reboot.in."""
    once(grub, "fourth")
    grub("load")
    grub.change(sys__kernel__kexec_loaded="1\n")
    result = grub("load", "--commit", "first")
    assert (result.status, result.log) == (YES, []), result.err
    assert grub.environment.read_text() == block("saved_entry=first\nnext_entry=\n")
    assert not grub.note.exists()
    # What is none of the boot loader's entries has nothing to write.
    once(grub, "fourth")
    assert grub("load", "--commit").status == YES
    assert "next_entry=fourth" in grub.environment.read_text()


def test_choice_for_once_is_consumed_by_reboot_when_init_agrees(grub):
    once(grub, "fourth")
    grub.fail = f"run={errno.ENOENT}"
    result = grub("reboot")
    assert result.status == NO and "cannot ask systemd for a reboot: systemctl: No such file" in result.err
    assert "next_entry=fourth" in grub.environment.read_text()
    grub.fail = "run=-4"
    result = grub("reboot")
    assert result.status == NO and "systemd did not agree to shut down: systemctl ended with status 4" in result.err
    assert "next_entry=fourth" in grub.environment.read_text()
    grub.fail = ""
    result = grub("reboot")
    assert result.status == WARNINGS and result.log[-1:] == SHUTDOWN
    assert grub.environment.read_text() == block("saved_entry=first\nnext_entry=\n")
    assert not grub.note.exists()


def test_choice_for_once_is_not_consumed_by_a_jump_that_fails(grub):
    once(grub, "fourth")
    grub("load")
    grub.fail = f"reboot_kexec={errno.EPERM}"
    assert grub("exec").status == NO
    assert grub("-e").status == 255
    assert grub.environment.read_text() == block("saved_entry=first\nnext_entry=fourth\n")
    grub.fail = ""
    grub("exec")
    assert grub.environment.read_text() == block("saved_entry=first\nnext_entry=\n")


def test_what_an_entry_saves_is_saved(grub):
    grub("load", "Other")
    assert "saved_entry=first" in grub.environment.read_text()
    grub("-e")
    assert grub.environment.read_text() == block("saved_entry=second\n")


@pytest.mark.parametrize("between", [["-l", "vmlinuz"], ["load", "./vmlinuz"], ["load", "fourth"], ["-u"], ["unload"]])
def test_what_was_noted_is_of_that_load(grub, between):
    grub("load", "Other")
    assert grub.note.exists()
    assert grub(*between).status in (YES, WARNINGS)
    assert not grub.note.exists()
    grub.change(sys__kernel__kexec_loaded="1\n")
    grub("-e")
    assert "saved_entry=first" in grub.environment.read_text()


@pytest.mark.parametrize("between", [["-p", "-u"], ["-l", "nothing"], ["load", "windows"]])
def test_what_does_not_touch_the_loaded_kernel_keeps_it(grub, between):
    grub("load", "Other")
    grub(*between)
    assert grub.note.exists()


def test_crash_kernel_consumes_nothing_and_forgets_nothing(grub):
    grub.change(sys__kernel__kexec_crash_size=f"{128 << 20}\n",
                proc__iomem="00001000-0009fbff : System RAM\n00100000-3ffdffff : System RAM\n"
                            "  01000000-02000000 : Kernel code\n  30000000-37ffffff : Crash kernel\n")
    once(grub, "fourth")
    result = grub("load", "-p", "-s", "fourth")
    assert result.log[0].startswith("kexec_file_load") and not grub.note.exists()
    assert grub("load").status == WARNINGS
    before = grub.note.read_bytes()
    assert grub("-p", "-s", grub.kernel).status == 0 and grub("load", "-p", "-s", "first").status != NO
    assert grub.note.read_bytes() == before


def test_what_cannot_be_written_is_said_and_the_jump_is_made(grub):
    once(grub, "fourth")
    grub("load")
    grub.environment.unlink()
    result = grub("-e")
    assert result.log == EXEC
    assert "/boot/grub/grubenv: No such file or directory" in result.err


def test_nothing_is_written_without_sync(grub):
    once(grub, "fourth")
    grub("load")
    result = grub("-e", "-y")
    assert "with --no-sync nothing is written" in result.err
    assert "next_entry=fourth" in grub.environment.read_text()


# ---- exec and unload -------------------------------------------------------------------------------------------------

def test_exec_of_nothing(kexec):
    result = kexec("exec")
    assert (result.status, result.log) == (NO, [])
    assert "nothing is loaded" in result.err


def at_a_terminal(kexec, *arguments):
    kexec.change(sys__kernel__kexec_loaded="1\n")
    ours, theirs = pty.openpty()
    try:
        return kexec(*arguments, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)


def test_exec_at_a_terminal_asks(kexec):
    result = at_a_terminal(kexec, "exec")
    assert (result.status, result.log) == (NO, [])
    assert "nothing is shut down or unmounted" in result.err and "--now" in result.err
    assert at_a_terminal(kexec, "exec", "--now").log == EXEC
    assert at_a_terminal(kexec, "-e").log == EXEC


def test_exec_options(kexec):
    kexec.change(sys__kernel__kexec_loaded="1\n")
    assert kexec("exec", "-x", "-y").log == ["lock_memory", "reboot_kexec"]


def test_unload(kexec):
    kexec.change(sys__kernel__kexec_loaded="1\n")
    result = kexec("unload")
    assert (result.status, result.out, result.err) == (YES, "", "")
    assert not kexec.loaded()
    kexec.fail = f"kexec_load={errno.EPERM},kexec_file_load={errno.EPERM}"
    result = kexec("unload")
    assert result.status == NO and result.err.startswith("kexec: cannot unload: ")


def test_coldreboot(kexec):
    result = kexec("coldreboot")
    assert (result.status, result.out, result.err, result.log) == (YES, "", "", ["run coldreboot"])
    kexec.fail = "run=-1"
    assert kexec("coldreboot").status == NO
    kexec.fail = f"run={errno.ENOENT}"
    result = kexec("coldreboot")
    assert result.status == NO and "cannot run coldreboot: No such file" in result.err


def test_usage(kexec):
    for verb in "exec", "unload", "coldreboot":
        result = kexec(verb, "x")
        assert (result.status, result.log) == (ERROR, []) and "takes no argument" in result.err
    assert kexec("load", "--now").status == ERROR
    assert kexec("reboot", "-p").status == ERROR
    assert kexec("load", "--serial=x", "vmlinuz").status == ERROR


def test_load_that_fails(grub):
    grub.fail = f"kexec_load={errno.EPERM}"
    result = grub("load")
    assert result.status == NO and not grub.note.exists()
    result = grub("reboot")
    assert result.status == NO and not any(line.startswith("run ") for line in result.log)


# ---- whom reboot asks ------------------------------------------------------------------------------------------------

def init(kexec, comm, exe="/sbin/init", **files):
    process = kexec.root / "proc/1"
    process.mkdir(exist_ok=True)
    (process / "comm").write_text(f"{comm}\n")
    (process / "exe").unlink(missing_ok=True)
    (process / "exe").symlink_to(exe)
    for name, text in files.items():
        path = kexec.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


INITS = {
    "openrc-init": ("openrc-init", "/sbin/openrc-init", {}, "openrc-shutdown --kexec now"),
    "runit": ("runit", "/usr/bin/runit", {"etc/runit/3": "#!/bin/sh\nkexec -e\n"}, "init 6"),
    "runit of Void": ("runit", "/usr/bin/runit", {"etc/runit/shutdown.d/90-kexec.sh": ""}, "init 6"),
    "runit of Debian": ("runit", "/usr/sbin/runit", {"etc/runit/3": "", "etc/rc6.d/K01kexec-jump": ""}, "init 6"),
    "s6": ("s6-svscan", "/usr/bin/s6-svscan",
           {"etc/s6-linux-init/current/scripts/rc.shutdown.final": "/usr/sbin/kexec --exec\n"}, "shutdown -r now"),
    "busybox": ("init", "/bin/busybox", {"etc/inittab": "::shutdown:/sbin/kexec -e\n"}, "reboot"),
    "OpenRC over sysvinit": ("init", "/sbin/init", {"run/openrc/softlevel": "default\n",
                                                    "etc/inittab": "l6r:6:wait:/sbin/reboot -dkn\n"},
                             "shutdown -r now"),
    "OpenRC over busybox": ("init", "/bin/busybox", {"run/openrc/softlevel": "default\n",
                                                     "etc/runlevels/shutdown/kexec": ""}, "reboot"),
    "busybox as a shell": ("sh", "/bin/busybox", {"etc/inittab": "::shutdown:/sbin/kexec -e\n"}, "shutdown -r now"),
    "sysvinit": ("init", "/sbin/init", {"etc/rc6.d/K09kexec": ""}, "shutdown -r now"),
    "Slackware": ("init", "/sbin/init", {"etc/rc.d/rc.6": "/usr/sbin/kexec -e\n"}, "shutdown -r now"),
}


@pytest.mark.parametrize("name", INITS)
def test_reboot_asks_the_init_that_runs(grub, name):
    (grub.root / "run/systemd/system").rmdir()
    comm, exe, files, command = INITS[name]
    init(grub, comm, exe, **files)
    assert grub("reboot").log[-1] == f"run {command}"
    # kexec-tools' way of asking, too.
    assert grub("vmlinuz").log[-1] == f"run {command}"


@pytest.mark.parametrize("comm,exe,files,remedy", [
    ("init", "/bin/busybox", {"etc/inittab": "#::shutdown:/sbin/kexec -e\n::shutdown:/bin/umount -a -r\n"},
     "/etc/inittab"),
    ("init", "/sbin/init", {"etc/rc6.d/K09reboot": "", "etc/inittab": "l6:6:wait:/etc/init.d/rc 6\n"}, "runlevel 6"),
    ("init", "/sbin/init", {"run/openrc/softlevel": "", "etc/inittab": "l6r:6:wait:/sbin/reboot -d\n"}, "reboot -dkn"),
    ("runit", "/bin/runit", {"etc/runit/3": "umount -a\n"}, "/etc/runit/3"),
    ("s6-svscan", "/bin/s6-svscan", {}, "rc.shutdown.final"),
    ("bash", "/bin/bash", {}, "runlevel 6"),
])
def test_reboot_that_would_end_in_the_firmware_is_refused(grub, comm, exe, files, remedy):
    (grub.root / "run/systemd/system").rmdir()
    init(grub, comm, exe, **files)
    result = grub("reboot")
    assert (result.status, result.log) == (NO, [])
    assert "ends in the firmware" in result.err and remedy in result.err
    # As kexec-tools, which does not look.
    assert grub("vmlinuz").log[-1].startswith("run ")
