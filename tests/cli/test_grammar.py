# SPDX-License-Identifier: GPL-2.0-or-later
"""Options and their abbreviations mean what they mean to kexec-tools 2.0.32; verbs stand beside them."""

import re

import pytest

import kexec_tools
from conftest import read_types

USAGE = 1  # kexec-tools' exit status for arguments that it does not understand
FAILED = 255

LONG = sorted(kexec_tools.OPTIONS.items())


def given(name, argument):
    return [f"--{name}=1" if argument else f"--{name}", "--help"]


def test_every_option_of_kexec_tools_is_there(options):
    ours = {o.name: (o.letter, bool(o.arg)) for o in options if not o.ours and "classic" in o.verbs}
    theirs = {name: (letter, argument) for name, (_, letter, argument) in kexec_tools.OPTIONS.items()}
    assert ours == theirs


@pytest.mark.parametrize("name,facts", LONG)
def test_abbreviations_are_accepted_from_the_same_length_on(kexec, name, facts):
    shortest, _, argument = facts
    early = ("print-ckr-size", "version")  # act before --help is seen
    for length in range(len(shortest), len(name) + 1):
        result = kexec(*given(name[:length], argument))
        assert result.status == 0, result.err
        if name not in early:
            assert result.out.startswith("usage: kexec")
    shorter = name[:len(shortest) - 1]
    if shorter and shorter not in kexec_tools.OPTIONS:
        result = kexec(*given(shorter, argument))
        assert result.status == USAGE
        assert "is ambiguous" in result.err


@pytest.mark.parametrize("name,facts", LONG)
def test_arguments_are_needed_where_kexec_tools_needs_them(kexec, name, facts):
    argument = facts[2]
    result = kexec(f"--{name}") if argument else kexec(f"--{name}=1")
    assert result.status == USAGE
    assert ("requires an argument" if argument else "takes no argument") in result.err


@pytest.mark.parametrize("letter", [facts[1] for _, facts in LONG if facts[1]])
def test_letters(kexec, letter):
    if letter == "v":
        assert kexec("-v").status == 0
        return
    tail = ["bzImage64", "-h"] if letter == "t" else ["-h"]
    assert kexec(f"-{letter}", *tail).status == 0


def test_letters_share_a_dash_and_take_arguments_both_ways(kexec):
    assert kexec("-lcd", "-tbzImage64", kexec.kernel).status == 0
    assert kexec("-lct", "bzImage64", kexec.kernel).status == 0
    assert kexec("-ldt").err.startswith("kexec: option -t requires an argument")


@pytest.mark.parametrize("arguments", [["--bogus"], ["-z"], ["-?"], ["--m"], ["-t"], ["--mem-min"], ["--load=x"],
                                       ["--bogus", "--help"], ["--mem-min=1x"], ["--mem-max=junk"], ["--mem-min=-1"], ["--mem-min="],
                                       ["--check"], ["--check="], ["--check=fas"], ["--check=fastest"], ["--check=fast|sha256"],
                                       ["--entry=x"]])
def test_usage_errors(kexec, arguments):
    result = kexec(*arguments)
    assert result.status == USAGE
    assert result.err.startswith("kexec: ")
    assert result.err.rstrip().endswith("see `kexec --help`")
    assert result.out == ""
    assert result.log == []


def test_help_ends_everything(kexec):
    result = kexec("--help", "--bogus")
    assert result.status == 0
    assert result.out.startswith("usage: kexec")
    result = kexec("-l", kexec.kernel, "--help")
    assert (result.status, result.log) == (0, [])


def test_version(kexec):
    assert kexec("--version").out.startswith("kexec-next ")


def test_options_come_in_any_order_until_two_dashes(kexec):
    assert kexec(kexec.kernel, "-l").status == 0
    kexec.file("-odd", kexec.kernel.read_bytes())
    assert kexec("-l", "--", "-odd").status == 0
    assert kexec("-l", "-odd").status == USAGE


@pytest.mark.parametrize("name", ["load-preserve-context", "load-jump-back-helper", "load-live-update",
                                  "exec-live-update"])
def test_what_is_not_built_is_refused_by_its_name(kexec, name):
    result = kexec("-l", kexec.kernel, f"--{name}")
    assert result.status == USAGE
    assert result.err == f"kexec: --{name.partition('=')[0]} is not built yet\n"
    assert result.log == []


def test_jump_back_address_is_refused_by_name(kexec):
    assert "--entry with another address than 0 is not built yet" in kexec("-l", "--entry=1", kexec.kernel).err
    assert kexec("-l", "--entry=0", kexec.kernel).status == 0


def test_types_of_kexec_tools_are_known():
    assert set(kexec_tools.TYPES) <= set(read_types())


def test_unknown_type_says_which_there_are(kexec):
    result = kexec("-l", "--type=nonsense", kexec.kernel)
    assert result.status == FAILED
    assert "nonsense" in result.err and "bzImage64" in result.err
    assert result.log == []


@pytest.mark.parametrize("action", ["-e", "-u", "-S"])
@pytest.mark.parametrize("option", ["--append=x", "--initrd=x", "--reuse-cmdline", "--noefi", "--reuse-video-type",
                                    "--pass-memmap-cmdline", "--dtb=x"])
def test_options_of_an_image_without_a_load(kexec, action, option):
    result = kexec(action, option)
    assert result.status == USAGE
    assert option.partition("=")[0] in result.err
    assert result.log == []


@pytest.mark.parametrize("option", ["--serial=ttyS0", "--console-vga", "--reset-vga", "--mem-min=0x1000", "-t", "x"])
def test_other_options_without_a_load_are_accepted(kexec, option):
    assert kexec("-u", option, *(["y"] if option == "-t" else [])).status == 0


# ---- verbs -----------------------------------------------------------------------------------------------------------

def test_verb_only_as_the_first_argument(kexec):
    assert "kexec plan" in kexec("plan", "--help").out
    result = kexec("-d", "plan")  # a kernel in a file of that name
    assert result.status == FAILED
    assert "plan" in result.err and "No such file" in result.err


def test_file_with_the_name_of_a_verb(kexec):
    kexec.file("status", kexec.kernel.read_bytes())
    assert kexec("-l", "./status").status == 0
    assert kexec("-l", "status").status == 0
    assert kexec("status").log == []


@pytest.mark.parametrize("verb", ["plan", "status", "check", "machine", "last"])
def test_usage_errors_of_verbs(kexec, verb):
    result = kexec(verb, "--bogus")
    assert result.status == 3
    assert f"see `kexec {verb} --help`" in result.err


def test_options_of_other_verbs_are_not_understood(kexec):
    assert kexec("-S", "--json").status == USAGE
    assert kexec("status", "--load").status == 3
    assert kexec("check", "--save=x").status == 3
    assert kexec("plan", "--unload").status == 3


def test_verbs_take_no_stray_arguments(kexec):
    for verb in "status", "check":
        result = kexec(verb, "stray")
        assert result.status == 3
        assert '"stray"' in result.err
    assert kexec("machine", "stray", "--save=x").status == 3
    assert kexec("machine").status == 3
    for verb in "exec", "unload", "coldreboot":
        assert kexec(verb, "stray").status == 3


@pytest.mark.parametrize("verb", [[], ["plan"], ["status"], ["check"], ["machine"], ["last"], ["list"], ["load"],
                                  ["exec"], ["unload"], ["coldreboot"], ["reboot"]])
def test_help_fits_a_terminal_and_names_every_option(kexec, options, verb):
    text = kexec(*verb, "--help").out
    assert max(map(len, text.splitlines())) <= 80
    for option in options:
        there = re.search(rf"^  (-.,|   ) --{option.name}\b(?!-)", text, re.MULTILINE)
        assert bool(there) == ((verb or ["classic"])[0] in option.verbs), option.name
