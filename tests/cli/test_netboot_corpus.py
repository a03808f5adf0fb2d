# SPDX-License-Identifier: GPL-2.0-or-later
"""iPXE scripts that are built as those of today's servers are, each with who sits at the keyboard: what they come to.

tests/data/netboot has a folder for each server. With KX_UPDATE_GOLDEN=1 the expected texts are written anew: read the difference
before you believe it.
"""

import os
import pathlib
import subprocess

import pytest

from conftest import ROOT

WEB = ROOT / "tests/data/netboot"
BUILD = pathlib.Path(os.environ.get("KX_BUILD", ROOT / "build"))
MACHINE = ["buildarch=x86_64", "platform=pcbios", "net0/mac=52:54:00:12:34:56", "net0/ip=192.0.2.7",
           "net0/netmask=255.255.255.0", "net0/gateway=192.0.2.1", "net0/dns=192.0.2.53", "hostname=node", "domain=example.org", "uuid=1-2-3",
           "serial=S%201"]
# By name: where it begins, and what is chosen or typed.
CASES = {
    "hub-debian": ("hub.test/menu.ipxe", ["linux", "debian", "trixie", "text"]),
    "hub-older": ("hub.test/menu.ipxe", ["linux", "debian", "older", "buster", "preseed", "http://h/p.cfg"]),
    "hub-fedora": ("hub.test/menu.ipxe", ["change_arch", "change_arch", "linux", "fedora", "rawhide", "text"]),
    "hub-local": ("hub.test/menu.ipxe", ["local"]),
    "arch": ("arch.test/archlinux.ipxe", ["set_mirror", "00", "https://geo.test/", "boot"]),
    "arch-typed": ("arch.test/archlinux.ipxe", ["set_mirror", "custom", "http://near.test/", "set_options", "ip=dhcp", "boot"]),
    "tinkerbell": ("tink.test/auto.ipxe", []),
    "foreman": ("foreman.test/default.ipxe", ["discovery"]),
    "foreman-shell": ("foreman.test/default.ipxe", ["shell"]),
    "foreman-disk": ("foreman.test/bootdisk.ipxe", []),
    "maas": ("maas.test/ipxe.cfg", []),
    "matchbox": ("match.test/boot.ipxe", []),
    "alpine": ("alpine.test/boot.ipxe", ["branch", "edge", "flavor", "virt", "start_sshd", "http://h/key", "boot"]),
    "talos": ("talos.test/init.ipxe", []),
    "fog": ("fog.test/default.ipxe", []),
    "rescue": ("rescue.test/rescue.ipxe", []),
}


@pytest.mark.parametrize("name", CASES)
def test_script(name):
    start, typed = CASES[name]
    host = start.split("/")[0]
    out = subprocess.run([BUILD / "tests/unit/print_netboot", WEB, f"https://{start}", *MACHINE, f"next-server={host}", "--", *typed],
                         check=False, capture_output=True, text=True, timeout=60).stdout
    expected = WEB / f"{name}.expected"
    if os.environ.get("KX_UPDATE_GOLDEN"):
        expected.write_text(out)
    assert out == expected.read_text()
