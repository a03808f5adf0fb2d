# SPDX-License-Identifier: GPL-2.0-or-later
"""--type=help: what the types are, and what each of them says about a file."""

import gzip

import samples
from conftest import read_types


def test_types_are_listed(kexec):
    for verb in [], ["plan"]:
        result = kexec(*verb, "--type=help")
        assert (result.status, result.err, result.log) == (0, "", [])
        assert [line.split()[0] for line in result.out.splitlines()[1:]] == read_types()


def test_every_type_says_what_it_thinks_of_a_file(kexec):
    result = kexec("-l", "-t", "help", kexec.file("packed", gzip.compress(samples.bzimage())))
    assert (result.status, result.log) == (0, [])
    lines = result.out.splitlines()
    assert any(line.split() == ["compressed", "yes"] for line in lines)
    assert any(line.startswith("  bzImage64") and "no boot flag" in line for line in lines)
    assert lines[-1] == "loaded as bzImage64 in compressed, entered in 64-bit mode"


def test_what_a_file_is_instead(kexec):
    result = kexec("plan", "--type=help", kexec.file("page", b"<html>404"))
    assert result.status == 2
    assert "not loaded: " in result.out and "is a web page" in result.out
    assert kexec("plan", "--type=help", "nowhere").status == 3


def test_file_of_no_type(kexec):
    """Each type's reason once, in a line of its own."""
    path = kexec.file("nothing", b"hello world")
    help_lines = kexec("plan", "--type=help", path).out.splitlines()
    assert [line.split()[0] for line in help_lines[1:-1]] == read_types()
    assert help_lines[-1] == "not loaded: no type takes it"
    first, *reasons = kexec("-l", path).err.splitlines()
    assert first == f"kexec: {path}: no known kernel format:"
    assert [line.split(":")[0].strip() for line in reasons] == read_types()
    assert [" ".join(line.replace(":", "", 1).split()) for line in reasons] == [
        " ".join(line.split()) for line in help_lines[1:-1]]


def test_file_of_no_type_in_a_container(kexec):
    said = kexec("plan", "--type=help", kexec.file("packed", gzip.compress(b"hello world"))).out
    assert "unpacked from gzip: no known kernel format:" in said and "no ELF magic" in said


def test_beoboot_is_refused(kexec):
    path = kexec.file("image", b"BeoB" + bytes(1000))
    result = kexec("-l", path)
    assert (result.status, result.log) == (255, [])
    assert result.err == (f"kexec: {path}: is a Beoboot image, which is no longer supported; extract its kernel "
                          "and initrd, and load those\n")


def test_choice_is_explained_where_loading_is_forbidden(kexec):
    kexec.change(proc__sys__kernel__kexec_load_disabled="1\n")
    result = kexec("plan", "--type=help", kexec.kernel)
    choice, reason = result.out.splitlines()[-2:]
    assert (result.status, choice) == (2, "loaded as bzImage64, entered in 64-bit mode")
    assert reason.startswith("not loaded here: ") and "kexec_load_disabled" in reason


def test_plan_says_which_entry(kexec):
    said = kexec("plan", "--entry-32bit", kexec.kernel).out
    assert ", in 32-bit protected mode\n" in said
