# SPDX-License-Identifier: GPL-2.0-or-later
"""libkexec as others see it: its header, its symbols, its ABI, and the example."""

import os
import re
import shutil
import subprocess

import pytest
import samples

from conftest import GOLDEN, ROOT, VERSION, run

HEADER = (ROOT / "libkexec/libkexec.h").read_text()
# A declaration at the beginning of a line, and what stands right before it.
BEFORE = r"(?P<doc>/\*\*\n(?: \*.*\n)+? \*/\n)?"
FUNCTION = re.compile(BEFORE + r"^(?P<type>[\w ]+\**)(?P<name>kx_\w+)\((?P<parameters>[^;]*?)\)[^;()]*(?:__attr[^;]*)?;",
                      re.M)
TYPE = re.compile(BEFORE + r"^(?P<kind>struct|enum) (?P<name>kx_\w+)(?P<body> \{[^}]*\})?;", re.M)


def functions():
    return list(FUNCTION.finditer(HEADER))


def test_every_function_is_found():
    """The expression above sees what the compiler sees."""
    plain = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.S)
    assert [found["name"] for found in functions()] == re.findall(r"\b(kx_\w+)\(", plain)


def test_exported_symbols(installed):
    """The functions of the header, under one version, and nothing else."""
    listed = run("nm", "-D", "--defined-only", installed.library).split("\n")
    names = {line.split()[2] for line in listed if line}
    names.remove("LIBKEXEC_0")
    assert names == {found["name"] + "@@LIBKEXEC_0" for found in functions()}


def test_soname(installed):
    assert "Library soname: [libkexec.so.0]" in run("readelf", "-d", installed.library)


def test_one_version(installed):
    assert f'#define KX_VERSION "{VERSION}"' in HEADER
    assert installed.pkg_config("--modversion") == [VERSION]
    assert installed.library.resolve().name == f"libkexec.so.{VERSION}"


@pytest.mark.parametrize("found", functions(), ids=lambda found: found["name"])
def test_function_has_kernel_doc(found):
    """Its name, no parameter that it has not; what a negative value means, where it returns one."""
    assert found["doc"], "no kernel-doc"
    assert re.match(rf"/\*\*\n \* {found['name']}\(\) - \S", found["doc"])
    described = set(re.findall(r"^ \* @(\w+)", found["doc"], re.M))
    assert described <= set(re.findall(r"(\w+)\s*(?:,|$)", found["parameters"]))
    if found["type"].strip() == "int":
        assert "Errors" in found["doc"] or "Return:" in found["doc"]
    for output in re.findall(r"\*(ret_?\w*)", found["parameters"]):
        assert output in described or "\n * Return" in found["doc"] or "struct kx_last" in found["parameters"]


@pytest.mark.parametrize("found", TYPE.finditer(HEADER), ids=lambda found: found["name"])
def test_type_has_kernel_doc(found):
    if not found["body"] and re.search(rf"^{found['kind']} {found['name']} \{{", HEADER, re.M):
        return
    assert found["doc"], "no kernel-doc"
    assert re.match(rf"/\*\*\n \* {found['kind']} {found['name']} - \S", found["doc"])


@pytest.mark.parametrize("compiler", (["gcc", "-std=c11"], ["clang", "-std=c17"], ["g++", "-std=c++17"]), ids=" ".join)
def test_header_stands_alone(installed, tmp_path, compiler):
    if not shutil.which(compiler[0]):
        compiler = ["clang++", *compiler[1:]]
    source = tmp_path / ("alone.cc" if "++" in compiler[0] else "alone.c")
    source.write_text("#include <libkexec.h>\nint main(void) { return !kx_fact_name(KX_YES); }\n")
    run(*compiler, "-Wall", "-Wextra", "-pedantic", "-Werror", source, "-o", tmp_path / "alone", *installed.pkg_config("--cflags", "--libs"))
    run(tmp_path / "alone", env={"LD_LIBRARY_PATH": str(installed.library.parent)})


def abi(library, include):
    return run("abidw", "--headers-dir", include, "--exported-interfaces-only", "--drop-private-types", "--no-show-locs",
               "--no-corpus-path", "--no-comp-dir-path", "--no-elf-needed", "--type-id-style", "hash", library)


def test_abi(installed, tmp_path):
    """As written down: abidiff says what is new. A library that others cannot be linked with needs another soname."""
    golden, now = GOLDEN / "libkexec.abi", tmp_path / "now.abi"
    now.write_text(abi(installed.library, installed.include))
    if os.environ.get("KX_UPDATE_GOLDEN") == "1":
        shutil.copy(now, golden)
    done = subprocess.run(["abidiff", "--harmless", golden, now], check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"see CONTRIBUTING.md, The library's interface\n{done.stdout}{done.stderr}"


@pytest.fixture
def example(installed, tmp_path):
    """docs/example.c against the installed library, but for the system and the machine."""
    def call(*argv, **env):
        return subprocess.run([tmp_path / "example", *argv], check=False, capture_output=True, text=True, timeout=60, env={
            "LD_LIBRARY_PATH": str(installed.library.parent), "KX_FAKE_LOG": str(tmp_path / "log"),
            "KX_FAKE_ROOT": str(tmp_path / "root"), **env})

    use = installed.pkg_config("--cflags", "--libs")
    run("gcc", "-Wall", "-Wextra", "-Werror", ROOT / "docs/example.c", "-o", tmp_path / "as-it-is", *use)
    run("gcc", "-c", "-Dmain=example_main", ROOT / "docs/example.c", "-o", tmp_path / "example.o", *use)
    run("gcc", "-D_GNU_SOURCE", *(f"-I{ROOT / folder}" for folder in (".", "libkexec", "tools")), tmp_path / "example.o",
        ROOT / "tests/package/fake_example.c", ROOT / "tests/cli/fake.c", "-Wl,--wrap=kx_source_open",
        "-o", tmp_path / "example", *use)
    samples.machine(tmp_path / "root")
    (tmp_path / "vmlinuz").write_bytes(samples.bzimage())
    (tmp_path / "initrd").write_bytes(b"INITRD")
    return call


def test_example_loads(example, tmp_path):
    done = example(tmp_path / "vmlinuz", tmp_path / "initrd", "quiet")
    assert (done.returncode, done.stderr) == (0, "")
    asked = [line for line in (tmp_path / "log").read_text().splitlines() if line != "random"]
    assert asked == ["kexec_load entry=set count=some flags=0x3e0000"]
    assert (tmp_path / "root/sys/kernel/kexec_loaded").read_text().strip() == "1"


def test_example_says_why_not(example, tmp_path):
    done = example(tmp_path / "vmlinuz", tmp_path / "initrd", "quiet", KX_FAKE_FAIL="kexec_load=16")
    assert done.returncode == 1 and "kexec_load failed" in done.stderr
    done = example(tmp_path / "none", tmp_path / "initrd", "quiet")
    assert done.returncode == 1 and "No such file" in done.stderr
    assert example().returncode == 1


def test_example_is_short():
    assert len((ROOT / "docs/example.c").read_text().splitlines()) <= 31  # with its licence
