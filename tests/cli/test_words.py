# SPDX-License-Identifier: GPL-2.0-or-later
"""What is written about the options elsewhere says what the table says: man page and completions."""

import re
import shutil
import subprocess

import pytest

from conftest import ROOT, read_options, read_types

VERBS = ["list", "menu", "load", "reboot", "netboot", "exec", "unload", "coldreboot", "plan", "status", "check", "machine", "last", "crash"]
MAN = ROOT / "man/kexec.8"
COMPLETION = ROOT / "completion"


def built(options, verb):
    return {f"--{o.name}" for o in options if o.built and verb in o.verbs}


def need(tool):
    path = shutil.which(tool)
    if not path:
        pytest.skip(f"{tool} is not installed")
    return path


def run(*command, **more):
    result = subprocess.run(command, text=True, capture_output=True, timeout=60, check=False, **more)
    assert result.returncode == 0, result.stderr
    return result.stdout


# ---- man page --------------------------------------------------------------------------------------------------------

def test_man_page_is_clean():
    found = subprocess.run([need("mandoc"), "-Tlint", "-Wwarning", MAN], text=True, capture_output=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_man_page_has_every_option_and_no_other(options):
    source = MAN.read_text()
    items = re.findall(r"^\.It ((?:Fl|Cm) .*)$", source, re.MULTILINE)
    written = set()
    for item in items:
        if not item.startswith("Fl"):
            continue
        letter, name, arg = re.fullmatch(r"Fl (?:(\S) , )?-(\S+?)(?: Ns = Ns Ar (.+))?", item).groups()
        assert name not in {w[0] for w in written}, f"{name} is there twice"
        written.add((name, letter or "", bool(arg)))
    assert written == {(o.name, o.letter, bool(o.arg)) for o in options}


def test_man_page_has_every_verb():
    source = MAN.read_text()
    for verb in VERBS:
        assert f".It Cm {verb}\n" in source


# ---- completions -----------------------------------------------------------------------------------------------------

BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_kexec
printf '%s\\n' "${COMPREPLY[@]}"
"""


def bash(*words):
    return run("bash", "-c", BASH, "bash", COMPLETION / "kexec.bash", *words).split()


def test_bash_completes_verbs_and_options(options):
    assert set(VERBS) <= set(bash("kexec", ""))
    for verb in ["classic", *VERBS]:
        words = ["kexec", "--"] if verb == "classic" else ["kexec", verb, "--"]
        offered = bash(*words)
        assert {w.rstrip("=") for w in offered} == built(options, verb)
        with_argument = {f"--{o.name}" for o in options if o.arg}
        assert {w.rstrip("=") for w in offered if w.endswith("=")} == with_argument & built(options, verb)


def test_bash_completes_arguments(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    assert "bzImage64" in bash("kexec", "-t", "bz")
    assert "bzImage64" in bash("kexec", "--type", "=", "bz")
    assert f"{tmp_path}/file" in bash("kexec", "--initrd", "=", f"{tmp_path}/f")
    assert bash("kexec", "plan", "--machine", f"{tmp_path}/f") == [f"{tmp_path}/folder"]


def entries_of(tmp_path, version):
    """A kexec that has two entries, for completions to ask."""
    (tmp_path / "kexec").write_text("#!/bin/sh\n"
                                    f'[ "$1" = --version ] && echo "{version}" && exit\n'
                                    '[ "$*" = list ] || exit 9\n'
                                    "printf '/x (grub)\\n* A\\n    id         menu>first\\n  B\\n    id         mine\\n'\n")
    (tmp_path / "kexec").chmod(0o755)
    return {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": "/nonexistent"}


def test_bash_completes_entries(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def offered(version, *words):
        return run("bash", "-c", BASH, "bash", COMPLETION / "kexec.bash", *words,
                   env=entries_of(tmp_path, version)).split()

    for verb in "load", "plan", "reboot":
        assert set(offered("kexec-next 1", "kexec", verb, "m")) == {"menu>first", "mine"}
        assert offered("kexec-next 1", "kexec", verb, "mi") == ["mine"]
        assert "mine" not in offered("kexec-tools 2.0.32", "kexec", verb, "m")
    for verb in "exec", "unload", "coldreboot":
        assert offered("kexec-next 1", "kexec", verb, "m") == []


def test_bash_knows_the_types():
    assert sorted(bash("kexec", "-t", "")) == sorted([*read_types(), "help"])


def test_other_shells_know_the_types():
    for name in read_types():
        assert name in (COMPLETION / "_kexec").read_text()
        assert name in (COMPLETION / "kexec.fish").read_text()


def test_fish_completes_verbs_and_options(options):
    fish = need("fish")

    def offered(line):
        out = run(fish, "--no-config", "-c", f"source {COMPLETION}/kexec.fish; complete -C '{line}'")
        return {entry.split("\t")[0] for entry in out.splitlines()}

    assert set(VERBS) <= offered("kexec ")
    for verb in ["classic", *VERBS]:
        line = "kexec --" if verb == "classic" else f"kexec {verb} --"
        assert {w.rstrip("=") for w in offered(line)} == built(options, verb)


def test_zsh_completion(options):
    zsh = need("zsh")
    run(zsh, "-n", COMPLETION / "_kexec")
    source = (COMPLETION / "_kexec").read_text()
    written = set(re.findall(r"(?<![\w-])(--[a-z0-9-]+)(?==?(?:\[|\}))", source))
    assert written == {f"--{o.name}" for o in options if o.built}
    for verb in VERBS:
        assert f"'{verb}:" in source


ZSH = r"""
autoload -Uz compinit; compinit -D -u
# What the completion would offer, without a terminal: _arguments, _describe and _files write their words down.
_arguments() { print -rl -- "$@" }
_describe() { print -rl -- ${(P)2} }
_files() { }
words=("$@"); CURRENT=$#; state=first
source "$KEXEC_COMPLETION"
"""


def test_zsh_offers_what_each_verb_takes(options):
    zsh = need("zsh")
    for verb in ["classic", *VERBS]:
        words = ["kexec", "--"] if verb == "classic" else ["kexec", verb, "--"]
        out = run(zsh, "-f", "-c", ZSH, "zsh", *words, env={"KEXEC_COMPLETION": str(COMPLETION / "_kexec"),
                                                            "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})
        offered = set(re.findall(r"(?:^|\*|\))(--[a-z0-9-]+)=?\[", out, re.MULTILINE))
        assert offered == built(options, verb)


def test_what_is_not_built_is_not_offered():
    for option in read_options():
        if option.built:
            continue
        for file in COMPLETION.glob("*kexec*"):
            assert not re.search(rf"(--|-l ){option.name}\b(?!-)", file.read_text()), option.name
