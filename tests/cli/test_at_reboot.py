# SPDX-License-Identifier: GPL-2.0-or-later
"""contrib/at-reboot: when a reboot is made a kexec, with a stand-in for the command."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "contrib/at-reboot.in"
EFIVARS = "sys/firmware/efi/efivars"
MENU = "LoaderConfigTimeoutOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
INDICATIONS = "OsIndications-8be4df61-93ca-11d2-aa0d-00e098032b8c"


class Machine:
    """A folder with kexec.conf, /sys and /run, and a kexec that writes down what it is told."""

    def __init__(self, folder):
        self.folder = folder
        for path in ("bin", "sys/kernel", EFIVARS):
            (folder / path).mkdir(parents=True)
        self.write("sys/kernel/kexec_loaded", "0\n")
        self.kexec(0)

    def write(self, path, text):
        (self.folder / path).parent.mkdir(exist_ok=True)
        (self.folder / path).write_bytes(text.encode())

    def kexec(self, status):
        self.write("bin/kexec", f"#!/bin/sh\nprintf '%s|' \"$@\" >>{self.folder}/calls\nexit {status}\n")
        (self.folder / "bin/kexec").chmod(0o755)

    def run(self, what):
        environment = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "KEXEC_CONF": f"{self.folder}/kexec.conf",
                       "KEXEC_SYS": f"{self.folder}/sys", "KEXEC_RUN": f"{self.folder}/run"}
        done = subprocess.run(["sh", SCRIPT, what], check=False, capture_output=True, text=True, env=environment)
        assert not done.returncode, done.stderr
        return done.stderr

    def said(self):
        calls = self.folder / "calls"
        return calls.read_text() if calls.exists() else ""

    def marked(self):
        return (self.folder / "run/jump").exists()


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.mark.parametrize("conf", [None, "", "#reboot = kexec\n", "reboot = firmware\n", "reboot=kexec\nreboot=firmware\n"])
def test_off(machine, conf):
    if conf is not None:
        machine.write("kexec.conf", conf)
    assert (machine.run("load"), machine.said(), machine.marked()) == ("", "", False)


@pytest.mark.parametrize("conf, call", [
    ("reboot = kexec\n", "load|--commit|"),
    (" reboot=kexec \nload = 'Debian GNU/Linux' --fast=none  \n", "load|--commit|Debian GNU/Linux|--fast=none|"),
])
def test_loads(machine, conf, call):
    machine.write("kexec.conf", conf)
    assert (machine.run("load"), machine.said(), machine.marked()) == ("", call, True)


def test_warnings_of_a_load_are_no_failure(machine):
    machine.write("kexec.conf", "reboot = kexec\n")
    machine.kexec(1)
    assert (machine.run("load"), machine.marked()) == ("", True)


def test_a_failed_load_leaves_it_to_the_firmware(machine):
    machine.write("kexec.conf", "reboot = kexec\n")
    machine.kexec(2)
    assert "nothing could be loaded" in machine.run("load")
    assert not machine.marked()


def test_another_word(machine):
    machine.write("kexec.conf", "reboot = yes\n")
    assert "reboot = yes: neither kexec nor firmware" in machine.run("load")
    assert (machine.said(), machine.marked()) == ("", False)


def test_what_is_loaded_is_committed_to(machine):
    """That it is not loaded again is the command's part."""
    machine.write("kexec.conf", "reboot = kexec\n")
    machine.write("sys/kernel/kexec_loaded", "1\n")
    assert (machine.run("load"), machine.said(), machine.marked()) == ("", "load|--commit|", True)


@pytest.mark.parametrize("name, content", [(MENU, "\7\0\0\x00" "6\0"), (INDICATIONS, "\7\0\0\0" "\1" "\0\0\0\0\0\0\0")])
def test_a_menu_was_asked_for(machine, name, content):
    machine.write("kexec.conf", "reboot = kexec\n")
    machine.write(f"{EFIVARS}/{name}", content)
    assert "a menu" in machine.run("load")
    assert (machine.said(), machine.marked()) == ("", False)


def test_other_indications_are_no_menu(machine):
    machine.write("kexec.conf", "reboot = kexec\n")
    machine.write(f"{EFIVARS}/{INDICATIONS}", "\7\0\0\0" "\4" "\0\0\0\0\0\0\0")
    assert (machine.run("load"), machine.said()) == ("", "load|--commit|")


def test_coldreboot_comes_first(machine):
    machine.write("kexec.conf", "reboot = kexec\n")
    machine.write("sys/kernel/kexec_loaded", "1\n")
    machine.write("run/coldreboot", "")
    assert (machine.run("load"), machine.run("jump"), machine.said(), machine.marked()) == ("", "", "", False)


def test_jump(machine):
    machine.run("jump")
    assert machine.said() == ""
    machine.write("sys/kernel/kexec_loaded", "1\n")
    machine.run("jump")
    assert machine.said() == "-e|"


# The parent of all hooks, as systemd-shutdown's: another one runs until somebody writes to a pipe.
EXECUTOR = 'read -r line <{0}/pipe && echo other >>{0}/calls & sh {0}/hook "$1" & wait'


@pytest.fixture
def hooks(machine):
    """systemd's hook beside another one, with a stand-in for at-reboot."""
    folder = machine.folder
    hook = (SCRIPT.parent / "systemd/kexec.shutdown.in").read_text()
    machine.write("hook", hook.replace("/run/kexec", f"{folder}/run").replace("@libexecdir@", str(folder)))
    machine.write("at-reboot", f"#!/bin/sh\necho $1 >>{folder}/calls\n")
    (folder / "at-reboot").chmod(0o755)
    os.mkfifo(folder / "pipe")
    return machine


def executor(hooks, what):
    # With the pipe open for writing here, the other hook waits for what is written, not for somebody who opens it.
    pipe = os.open(hooks.folder / "pipe", os.O_RDWR)
    return pipe, subprocess.Popen(["sh", "-c", EXECUTOR.format(hooks.folder), "sh", what])


def test_the_jump_comes_after_the_other_hooks(hooks):
    hooks.write("run/jump", "")
    pipe, parent = executor(hooks, "reboot")
    with pytest.raises(subprocess.TimeoutExpired):
        parent.wait(1)
    assert hooks.said() == ""
    os.write(pipe, b"\n")
    assert parent.wait(30) == 0
    assert hooks.said() == "other\njump\n"
    os.close(pipe)


@pytest.mark.parametrize("what, mark", [("reboot", False), ("poweroff", True), ("kexec", True)])
def test_other_ways_down_are_none_of_the_hooks(hooks, what, mark):
    if mark:
        hooks.write("run/jump", "")
    pipe, parent = executor(hooks, what)
    os.write(pipe, b"\n")
    assert parent.wait(30) == 0
    assert hooks.said() == "other\n"
    os.close(pipe)
