# SPDX-License-Identifier: GPL-2.0-or-later
"""What of an address is for its server alone is in no message, wherever an address is given; least of all where none is taken."""

import shutil
import subprocess

import pytest

from conftest import BUILD, FAKE, ROOT, read_options
from test_unpack import iso

SECRET, SHOWN = "http://joe:hunter2@localhost:1/x?token=hunter3", "http://localhost:1/"
# What an option takes, and what of it could be an address.
NAMED = {"FILE": SECRET, "FILE=PATH": SECRET + "=/etc/x", '"FILE ARGS"': SECRET + " a b", "ADDRESS": SECRET, "DIR": SECRET}
OPTIONS = [option for option in read_options() if option.arg in NAMED and option.built]
# Each verb with what it needs, for an error that is about the option. What reboot and netboot take goes the way of load.
VERBS = {"classic": ["-l", "{kernel}"], "plan": ["plan", "{kernel}"], "load": ["load", "{kernel}"], "list": ["list"], "check": ["check"],
         "status": ["status"], "crash": ["crash", "size", "--kernel={kernel}"], "machine": ["machine"], "netboot": ["netboot", "debian"]}
# What else has to be there for the option to be looked at, or in the place of the verb's own words.
MORE = {"keyring": ["--sums={signed}"], "sums-signature": ["--sums={signed}", "--keyring={signed}"],
        "signature": ["--signed-by={signed}"], "cacert": ["--initrd=https://localhost:1/initrd"]}


@pytest.fixture(name="net")
def fixture_net(kexec):
    if not (BUILD / "tools/kexec-fetch").exists():
        pytest.skip("kexec-fetch was not built")
    kexec.env |= {"KX_FAKE_LIBEXEC": str(BUILD / "tools"), "KX_FAKE_GPGV": shutil.which("gpgv") or "", "no_proxy": "*"}
    shutil.copytree(ROOT / "contrib/netboot", kexec.root / "usr/share/kexec/netboot")
    return kexec


def said(net, *args):
    """By it, to these arguments."""
    result = net(*args)
    text = result.out + result.err
    assert "hunter" not in text, (args, text)
    return text


def words_of(net, option, verb):
    signed = net.file("SHA256SUMS", b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n-----BEGIN PGP SIGNATURE-----\n")
    if option == "memdisk":
        if not (BUILD / "tools/kexec-unpack").exists():
            pytest.skip("kexec-unpack was not built")
        return [verb, iso(net.folder, {"README": "no menu"})]
    return [word.format(kernel=net.kernel, signed=signed) for word in VERBS[verb] + MORE.get(option, [])]


@pytest.mark.parametrize("option,verb", [(option, verb) for option in OPTIONS for verb in sorted(option.verbs & set(VERBS))
                                         if verb != "netboot" or "load" not in option.verbs],
                         ids=lambda value: getattr(value, "name", value))
def test_address_for_an_option(net, option, verb):
    words = [*words_of(net, option.name, verb), f"--{option.name}={NAMED[option.arg]}"]
    assert SHOWN in said(net, *words)
    said(net, *words, "--insecure")
    said(net, *words[:-1], f"--{option.name}={SECRET}")


def verbs():
    """As --help lists them."""
    text = subprocess.run([FAKE, "--help"], text=True, capture_output=True, check=True).stdout
    listed = text.partition("Verbs, ")[2].partition("\n\n")[0]
    return [line.split()[0] for line in listed.splitlines()[1:]]


@pytest.mark.parametrize("verb", ["-l", "-p", "-e", "-u", "-S", *verbs()])
@pytest.mark.parametrize("name", ["x", "x.iso#member"])
def test_address_as_argument(net, verb, name):
    address = SECRET.replace("/x", "/" + name)
    for args in ([address], [address, "--insecure"], [net.kernel, address], [address + "/%20 "], ["test", address]):
        said(net, verb, *args)


def test_address_of_a_dump(tmp_path):
    result = subprocess.run([BUILD / "tools/vmcore-dmesg", SECRET], cwd=tmp_path, text=True, capture_output=True, check=False)
    assert result.returncode != 0 and SHOWN in result.stderr and "hunter" not in result.stderr
