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


def test_choice_is_explained_where_loading_is_forbidden(kexec):
    kexec.change(proc__sys__kernel__kexec_load_disabled="1\n")
    result = kexec("plan", "--type=help", kexec.kernel)
    choice, reason = result.out.splitlines()[-2:]
    assert (result.status, choice) == (2, "loaded as bzImage64, entered in 64-bit mode")
    assert reason.startswith("not loaded here: ") and "kexec_load_disabled" in reason


def test_plan_says_which_entry(kexec):
    said = kexec("plan", "--entry-32bit", kexec.kernel).out
    assert ", in 32-bit protected mode\n" in said
