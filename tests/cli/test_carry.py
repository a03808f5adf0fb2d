# SPDX-License-Identifier: GPL-2.0-or-later
"""--keep-network, --ssh-keys, --add: what the next system is given of this one."""

import base64
import ctypes
import errno
import gzip
import json
import os
import pathlib
import re
import resource
import shlex
import signal
import subprocess
import sys

import pytest

import netlink
import samples
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests/vm"))
from lab.initrd import Link, archive  # noqa: E402

GENERATOR = pathlib.Path("/lib/systemd/systemd-network-generator")

# What tells each initrd from the others.
INITRDS = {
    "initramfs-tools": {"conf/initramfs.conf": "", "scripts/init-top/udev": ""},
    "classic-dracut": {"usr/lib/dracut/hooks/cmdline/91-parse-ip-opts.sh": "", "usr/sbin/ifup": "",
                       "usr/lib/systemd/systemd-network-generator": "", "lib": Link("usr/lib")},
    "dracut": {"usr/lib/dracut/x": "", "usr/lib/systemd/systemd-network-generator": "", "lib": Link("usr/lib")},
    "networkd": {"usr/lib/systemd/systemd-networkd": "", "etc/initrd-release": ""},
    "debian-installer": {"lib/debian-installer/menu": "", "bin/netcfg": ""},
    "unknown": {"init": ""},
}

CARD = netlink.link(2, "lan0")
NETWORKS = {
    "usual": ([CARD], [netlink.address(2, "192.0.2.15", 24)], [netlink.route(2, "0.0.0.0", 0, "192.0.2.1")]),
    # A hoster's: the gateway is in nobody's network.
    "on-link": ([CARD], [netlink.address(2, "192.0.2.15", 32), netlink.address(2, "2001:db8::15", 64)],
                [netlink.route(2, "0.0.0.0", 0, "172.31.1.1", netlink.ONLINK),
                 netlink.route(2, "::", 0, "fe80::1")]),
    "IPv4-by-IPv6": ([CARD], [netlink.address(2, "192.0.2.15", 32)],
                     [netlink.route(2, "0.0.0.0", 0, "fe80::1")]),
    "vlan": ([netlink.link(2, "eth0", mtu=9000), netlink.vlan(3, "eth0.5", 2, 5)],
             [netlink.address(2, "192.0.2.15", 24), netlink.address(3, "10.0.5.1", 24)],
             [netlink.route(2, "0.0.0.0", 0, "192.0.2.1"), netlink.route(3, "10.1.0.0", 16, "10.0.5.254")]),
    "bond": ([netlink.bond(4, "bond0", 1), netlink.link(2, "lan0", master=4), netlink.link(3, "lan1", master=4)],
             [netlink.address(4, "192.0.2.15", 24)], [netlink.route(4, "0.0.0.0", 0, "192.0.2.1")]),
}


@pytest.fixture(name="carry")
def carried(kexec, tmp_path):
    """kexec on a machine with the usual network; .initrd_of writes an initrd of INITRDS, .unpacked what is loaded."""
    def initrd_of(name):
        path = tmp_path / f"{name}.img"
        path.write_bytes(gzip.compress(archive(INITRDS[name]), mtime=0))
        return path

    def unpacked():
        """The files of the overlay, behind the gzip file, by their path from the root on."""
        data = (tmp_path / "loaded-initrd").read_bytes()
        folder = tmp_path / "unpacked"
        folder.mkdir()
        subprocess.run(["cpio", "-idm", "--quiet"], cwd=folder, input=data[data.find(b"070701"):], check=True)
        return folder

    netlink.put(kexec.root, *NETWORKS["usual"])
    kexec.env["KX_FAKE_INITRD"] = str(tmp_path / "loaded-initrd")
    kexec.initrd_of, kexec.unpacked = initrd_of, unpacked
    return kexec


def plan(kexec, initrd, *more):
    result = kexec("plan", "--json", kexec.kernel, f"--initrd={kexec.initrd_of(initrd)}", "--append=console=ttyS0",
                   *more)
    return json.loads(result.out), result


# ---- the network ---------------------------------------------------------------------------------

@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("initrd", INITRDS)
def test_golden(carry, initrd, network):
    """What each initrd is told of each network. KX_UPDATE_GOLDEN=1 writes it anew: then look."""
    netlink.put(carry.root, *NETWORKS[network])
    found, result = plan(carry, initrd, "--keep-network")
    words = found.get("cmdline", "").split(" ", 1)[1:]
    told = {"words": shlex.split(words[0]) if words else [], "network": found.get("network"),
            "carried": found.get("carried", []), "warnings": found.get("warnings", []),
            "error": found.get("error"), "exit status": result.status}
    path = ROOT / f"tests/cli/golden/network/{network}.{initrd}.json"
    text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("KX_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("network", [name for name in NETWORKS if name != "IPv4-by-IPv6"])
def test_systemd_understands_the_words(carry, network, tmp_path):
    """The same addresses, gateways, VLANs and bonds come out of systemd-network-generator(8)."""
    if not GENERATOR.exists():
        pytest.skip("systemd-network-generator is not installed")
    netlink.put(carry.root, *NETWORKS[network])
    found, _ = plan(carry, "dracut", "--keep-network")
    root = tmp_path / "generated"
    root.mkdir()
    subprocess.run([GENERATOR, f"--root={root}", "--", *shlex.split(found["cmdline"])], check=True, timeout=60)
    files = {path.name.split("-", 1)[1]: path.read_text() for path in (root / "run/systemd/network").iterdir()}
    everything = "\n".join(files.values())
    _, addresses, routes = NETWORKS[network]
    assert everything.count("\nAddress=") == len(addresses)
    assert "\nAddress=192.0.2.15/" in everything
    assert everything.count("\nGateway=") == len(routes)
    assert "\nDNS=192.0.2.53" in everything
    if network == "on-link":
        assert "52:54:00:00:00:02" in files["lan0.link"]
        assert "\nDestination=172.31.1.1/32\n" in everything and "\nGateway=fe80::1" in everything
    if network == "vlan":
        assert "\nId=5" in files["eth0.5.netdev"] and "\nVLAN=eth0.5" in files["eth0.network"]
        assert "\nMTUBytes=9000" in files["eth0.network"]
        # It would be the VLAN's, too, which has the card's address.
        assert not any(name.endswith(".link") for name in files)
    if network == "bond":
        assert "\nBond=bond0" in files["lan0.network"] and "\nBond=bond0" in files["lan1.network"]


def test_asked_for(carry):
    found, _ = plan(carry, "debian-installer", "--keep-network=kernel")
    assert found["network"] == {"as": "kernel", "why": "asked for"}
    assert " ip=192.0.2.15::192.0.2.1:" in found["cmdline"]
    result = carry("plan", carry.kernel, "--keep-network=ifupdown")
    assert result.status == 3 and "give one of auto|kernel|dracut|debian-installer|networkd" in result.err


def test_text_says_how(carry):
    initrd = carry.initrd_of("networkd")
    result = carry("plan", carry.kernel, f"--initrd={initrd}", "--keep-network")
    assert "\nnetwork   as networkd: the initrd has /usr/lib/systemd/systemd-networkd\n" in result.out
    assert re.search(r"\ncarried   /etc/systemd/network/10-kexec-lan0.network \(0644, \d+ bytes\)\n", result.out)


def test_words_of_before_are_replaced(carry):
    """As after a kexec with --keep-network; what stands behind -- is init's."""
    carry.change(proc__cmdline="root=/dev/vda1 ip=dhcp BOOTIF=01-00-00-00-00-00-00 -- ip=init\n")
    result = carry("plan", "--json", carry.kernel, "--reuse-cmdline", "--keep-network")
    found = json.loads(result.out)
    assert found["cmdline"] == ("root=/dev/vda1 ip=192.0.2.15::192.0.2.1:255.255.255.0:server::none:192.0.2.53 "
                                "BOOTIF=01-52-54-00-00-00-02 -- ip=init")
    assert any("taken out of it" in warning for warning in found["warnings"])


def test_without_a_network(carry):
    (carry.root / "netlink/link").unlink()
    result = carry("load", carry.kernel, "--keep-network")
    assert result.status == 2 and "cannot keep the network: this machine's is not known" in result.err
    assert not carry.loaded()


def test_damaged_capture(carry):
    (carry.root / "netlink/address").write_bytes(b"\x10\0\0")
    result = carry("plan", carry.kernel, "--machine", carry.root)
    assert result.status == 3 and "/netlink/address: damaged rtnetlink message at offset 0" in result.err


def test_what_is_not_linux(carry):
    result = carry("plan", carry.file("multiboot", samples.multiboot()), "--keep-network")
    assert result.status == 2 and "takes no initrd of Linux's" in result.err


# ---- files ---------------------------------------------------------------------------------------

def test_add(carry, tmp_path):
    (tmp_path / "a=b").write_text("text")
    (tmp_path / "a=b").chmod(0o750)
    result = carry("load", "-s", carry.kernel, f"--initrd={carry.initrd_of('dracut')}",
                   f"--add={tmp_path}/a=b=/lib/new/file", "--add=-=/etc/motd", stdin=open(carry.kernel, "rb"))
    assert result.status == 0, result.err
    folder = carry.unpacked()
    added = folder / "usr/lib/new/file"
    assert added.read_text() == "text" and added.stat().st_mode & 0o7777 == 0o750
    assert (folder / "etc/motd").read_bytes() == carry.kernel.read_bytes()
    assert not (folder / "lib").exists(), "a link in the initrd was replaced"


@pytest.mark.parametrize("text", ["file", "=/etc/x", "file=etc/x", "file=", "file=/etc/../x", "file=/etc/"])
def test_add_what_is_none(carry, text):
    carry.file("file", b"1")
    result = carry("load", carry.kernel, f"--add={text}")
    assert result.status == 3 and ("FILE=PATH" in result.err or "no path of a file" in result.err)
    assert not carry.loaded()


def keys(kexec):
    files = {"etc/ssh/ssh_host_ed25519_key": "PRIVATE", "etc/ssh/ssh_host_ed25519_key.pub": "PUBLIC",
             "etc/ssh/sshd_config": "Port 22\n", "root/.ssh/authorized_keys": "key of root",
             "etc/passwd": "root:x:0:0::/root:/bin/sh\nadmin:x:1000:1000::/home/admin:/bin/sh\n",
             "home/admin/.ssh/authorized_keys": "key of admin\n"}
    for name, content in files.items():
        path = kexec.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    kexec.env["SUDO_USER"] = "admin"


def test_ssh_keys(carry):
    keys(carry)
    result = carry("load", "-s", carry.kernel, f"--initrd={carry.initrd_of('debian-installer')}", "--ssh-keys",
                   "--debug")
    assert result.status == 0, result.err
    assert "PRIVATE" not in result.out + result.err
    folder = carry.unpacked()
    modes = {str(path.relative_to(folder)): oct(path.stat().st_mode & 0o7777)
             for path in folder.rglob("*") if path.is_file()}
    assert modes == {"etc/ssh/ssh_host_ed25519_key": "0o600", "etc/ssh/ssh_host_ed25519_key.pub": "0o644",
                     "root/.ssh/authorized_keys": "0o600", ".ssh/authorized_keys": "0o600"}
    assert (folder / "etc/ssh/ssh_host_ed25519_key").read_text() == "PRIVATE"
    assert (folder / ".ssh/authorized_keys").read_text() == "key of root\nkey of admin\n"
    assert (folder / "root").stat().st_mode & 0o7777 == 0o700


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")


@as_root
@pytest.mark.parametrize("link", ["authorized_keys", ".ssh"])
def test_keys_of_a_user_are_what_the_user_may_read(carry, link):
    keys(carry)
    home = carry.root / "home/admin"
    os.chown(home / ".ssh/authorized_keys", 1000, 1000)
    (home / ".ssh/authorized_keys").chmod(0o600)
    args = "load", "-s", carry.kernel, f"--initrd={carry.initrd_of('debian-installer')}", "--ssh-keys"
    result = carry(*args)
    assert result.status == 0, result.err
    assert b"key of admin" in (carry.folder / "loaded-initrd").read_bytes()
    secret = carry.root / "etc/secret"
    secret.mkdir(mode=0o700 if link == ".ssh" else 0o755)
    (secret / "authorized_keys").write_text("SECRET OF ROOT")
    (secret / "authorized_keys").chmod(0o644 if link == ".ssh" else 0o600)
    (home / ".ssh/authorized_keys").unlink()
    if link == ".ssh":
        (home / ".ssh").rmdir()
        (home / ".ssh").symlink_to("/etc/secret")
    else:
        (home / ".ssh/authorized_keys").symlink_to("/etc/secret/authorized_keys")
    result = carry(*args)
    assert result.status == 0 and "cannot read /home/admin/.ssh/authorized_keys: Permission denied" in result.err
    loaded = (carry.folder / "loaded-initrd").read_bytes()
    assert b"SECRET" not in loaded and b"key of root" in loaded


@as_root
def test_who_reads_them_is_nobody_elses(carry):
    """The user cannot trace the process, which has no host key in its memory, and it ends with the command."""
    keys(carry)
    carry.env["KX_FAKE_WATCH"] = "1"
    result = carry("plan", carry.kernel, f"--initrd={carry.initrd_of('unknown')}", "--ssh-keys")
    assert f"dumpable: 0, dies by {int(signal.SIGKILL)}, host keys: 0" in result.err, result.err
    assert "/etc/ssh/ssh_host_ed25519_key " in result.out


@pytest.mark.parametrize("why", ["not there", "no home"])
def test_user_that_is_not_in_passwd(carry, why):
    """Who comes from LDAP or SSSD would be locked out, and root's keys hid it."""
    keys(carry)
    if why == "not there":
        carry.env["SUDO_USER"] = "adm\x1b[2J"
    else:
        carry.change(etc__passwd="root:x:0:0::/root:/bin/sh\nadmin:x:1000\n")
    result = carry("load", "-s", carry.kernel, f"--initrd={carry.initrd_of('unknown')}", "--ssh-keys")
    assert result.status == 0, result.err
    assert "warning: cannot tell where the authorized_keys of adm" in result.err
    assert "\x1b" not in result.err
    loaded = (carry.folder / "loaded-initrd").read_bytes()
    assert b"key of root" in loaded and b"key of admin" not in loaded


def test_keys_of_root_that_cannot_be_read(carry):
    """Nobody is missed without a word, even where somebody else is let in."""
    keys(carry)
    file = carry.root / "root/.ssh/authorized_keys"
    file.unlink()
    file.mkdir()
    result = carry("load", "-s", carry.kernel, f"--initrd={carry.initrd_of('unknown')}", "--ssh-keys")
    assert result.status == 0 and "warning: cannot read /root/.ssh/authorized_keys: " in result.err, result.err


@pytest.mark.parametrize("user", [None, "", "root", "admin"])
def test_nothing_is_missing(carry, user):
    keys(carry)
    carry.env.pop("SUDO_USER")
    if user is not None:
        carry.env["SUDO_USER"] = user
    result = carry("load", "-s", carry.kernel, f"--initrd={carry.initrd_of('unknown')}", "--ssh-keys")
    assert result.status == 0 and "authorized_keys" not in result.err, result.err


def spoil(path, how):
    path.unlink(missing_ok=True)
    if how == "empty":
        path.write_text("")
    elif how == "a folder":
        path.mkdir()
    elif how == "a link to nothing":
        path.symlink_to("nothing")
    else:
        path.write_bytes(b"x" * (2 << 20))


@pytest.mark.parametrize("how", ["empty", "a folder", "a link to nothing", "large"])
def test_host_key_that_cannot_be_read_is_left_out(carry, how):
    keys(carry)
    for name in "ssh_host_rsa_key", "ssh_host_dsa_key.pub":
        spoil(carry.root / "etc/ssh" / name, how)
    result = carry("load", "-s", carry.kernel, f"--initrd={carry.initrd_of('unknown')}", "--ssh-keys")
    assert result.status == 0, result.err
    for name in "ssh_host_rsa_key", "ssh_host_dsa_key.pub":
        assert re.search(rf"warning: cannot \w+ {carry.root}/etc/ssh/{name}: .*; the next system does without it\n", result.err), result.err
    folder = carry.unpacked()
    assert {path.name for path in (folder / "etc/ssh").iterdir()} == {"ssh_host_ed25519_key", "ssh_host_ed25519_key.pub"}
    assert (folder / "root/.ssh/authorized_keys").exists()


@pytest.mark.parametrize("how", ["empty", "a folder", "a link to nothing", "large"])
def test_no_host_key_can_be_read(carry, how):
    """The public one of it alone is nothing to go on with."""
    keys(carry)
    spoil(carry.root / "etc/ssh/ssh_host_ed25519_key", how)
    result = carry("load", carry.kernel, f"--initrd={carry.initrd_of('unknown')}", "--ssh-keys")
    assert result.status in (2, 3) and "none of this machine's host keys can be read" in result.err, result.err
    assert f"{carry.root}/etc/ssh/ssh_host_ed25519_key: " in result.err
    assert not carry.loaded()


CAP_IPC_LOCK, CAP_SYS_RESOURCE = 14, 24


def ours():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"^CapEff:\s*(\w+)$", status, re.MULTILINE)[1], 16)


def without(*capabilities):
    """For subprocess: a limit on locked memory that nothing keeps to, and no way out of it."""
    def enter():
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))
        for capability in capabilities:
            if ctypes.CDLL(None, use_errno=True).prctl(24, capability, 0, 0, 0):  # PR_CAPBSET_DROP
                raise OSError(ctypes.get_errno(), "cannot give up a capability")
    return enter


@as_root
@pytest.mark.parametrize("capabilities", [(), (CAP_SYS_RESOURCE,)])
@pytest.mark.parametrize("foreign", [False, True])
def test_memory_with_keys_is_locked(carry, capabilities, foreign):
    """By either privilege. Who plans for files from elsewhere gives both up, and then must not be short of memory."""
    keys(carry)
    carry.env["KX_FAKE_WATCH"] = "1"
    carry.env["SUDO_USER"] = "root"
    if foreign:
        carry.env["KX_FAKE_FOREIGN"] = "1"
    able = {bit for bit in (CAP_IPC_LOCK, CAP_SYS_RESOURCE) if ours() >> bit & 1} - set(capabilities)
    result = carry("load", "-s", carry.kernel, f"--initrd={carry.initrd_of('unknown')}", "--ssh-keys",
                   preexec_fn=without(*capabilities))
    assert result.status == 0 and ("cannot lock" in result.err) == (not able), result.err
    locked = [line for line in result.log if line.startswith("mlockall ")]
    assert locked == [f"mlockall {0 if able else errno.EPERM}"] * (2 if foreign and CAP_SYS_RESOURCE in able else 1)


@as_root
def test_memory_with_keys_cannot_be_locked(carry):
    """What has room within the limit is not locked either (which would be ENOMEM here): what is mapped later would have none."""
    keys(carry)
    carry.env["KX_FAKE_WATCH"] = "1"
    carry.env["SUDO_USER"] = "root"
    result = carry("load", "-s", carry.kernel, f"--initrd={carry.initrd_of('unknown')}", "--ssh-keys",
                   preexec_fn=without(CAP_IPC_LOCK, CAP_SYS_RESOURCE))
    assert result.status == 0, result.err
    assert result.err.count("warning: cannot lock the memory that the keys are in") == 1
    assert [line for line in result.log if line.startswith("mlockall ")] == [f"mlockall {errno.EPERM}"]
    assert b"PRIVATE" in (carry.folder / "loaded-initrd").read_bytes()


def test_dropbear_of_initramfs_tools(carry, tmp_path):
    """Whose root has a home of a random name."""
    keys(carry)
    initrd = tmp_path / "dropbear.img"
    initrd.write_bytes(archive({"root-Ab3dEf9xYz/.ssh/x": "", "usr/sbin/dropbear": "", "conf/initramfs.conf": ""}))
    result = carry("plan", "--json", carry.kernel, f"--initrd={initrd}", "--ssh-keys")
    assert [item["path"] for item in json.loads(result.out)["carried"]] == [
        "/root/.ssh/authorized_keys", "/root-Ab3dEf9xYz/.ssh/authorized_keys", "/etc/dropbear/authorized_keys",
        "/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_ed25519_key.pub"]


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_dropbear_shows_the_same_key(carry, kind):
    """As ssh-keygen makes them: what dropbear is given begins with, or has in it, the public key."""
    folder = carry.root / "etc/ssh"
    folder.mkdir(parents=True)
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "me", "-f", folder / f"ssh_host_{kind}_key"], check=True)
    initrd = carry.folder / "dropbear.img"
    initrd.write_bytes(gzip.compress(archive({"usr/sbin/dropbear": ""})))
    result = carry("load", "-s", carry.kernel, f"--initrd={initrd}", "--ssh-keys")
    assert result.status == 0 and "another key" not in result.err, result.err
    key = carry.unpacked() / f"etc/dropbear/dropbear_{kind}_host_key"
    public = base64.b64decode((folder / f"ssh_host_{kind}_key.pub").read_text().split()[1])
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_bytes().endswith(public[-32:]) if kind == "ed25519" else key.read_bytes().startswith(public)


def test_key_that_dropbear_cannot_have(carry):
    keys(carry)
    initrd = carry.folder / "dropbear.img"
    initrd.write_bytes(archive({"etc/dropbear/x": ""}))
    result = carry("load", "-s", carry.kernel, f"--initrd={initrd}", "--ssh-keys")
    assert result.status == 1 and "cannot be given /etc/ssh/ssh_host_ed25519_key" in result.err, result.err
    assert "another key" not in carry("plan", carry.kernel, f"--initrd={carry.initrd_of('unknown')}", "--ssh-keys").out


def test_no_keys(carry):
    result = carry("load", carry.kernel, "--ssh-keys")
    assert result.status == 2 and "there are no keys in /etc/ssh and no authorized_keys" in result.err
    assert not carry.loaded()


def test_kexec_load_has_the_overlay(carry):
    carry.file("file", b"x" * 5000)
    found, _ = plan(carry, "unknown", "-c", f"--add={carry.folder}/file=/etc/file")
    assert [s["name"] for s in found["segments"]].count("initrd") == 2
    assert carry("load", "-c", carry.kernel, f"--add={carry.folder}/file=/etc/file").log[-1].startswith("kexec_load ")


@pytest.mark.parametrize("size", [4095, 4096, 100000])
def test_link_that_leads_nowhere(carry, tmp_path, size):
    """From PATH_MAX on no kernel unpacks it, and so the file stays where it was to go."""
    carry.file("file", b"x")
    initrd = tmp_path / "link.img"
    initrd.write_bytes(archive({"lib": Link("a/" * (size // 2) + "b" * (size % 2))}))
    result = carry("load", "-s", carry.kernel, f"--initrd={initrd}", f"--add={carry.folder}/file=/lib/file")
    assert result.status == 0, result.err
    loaded = (tmp_path / "loaded-initrd").read_bytes()[initrd.stat().st_size:]
    assert (b"lib/file\0" in loaded) == (size >= 4096), loaded[:200]


def test_planned_by_another_process(carry):
    """As where files come from a network: the plan that comes back says the same, and has the same archive."""
    carry.file("file", b"x" * 5000)
    options = ("--keep-network", f"--add={carry.folder}/file=/etc/file")
    initrd = carry.initrd_of("networkd")
    here, _ = plan(carry, "networkd", *options)
    assert carry("load", "-s", carry.kernel, f"--initrd={initrd}", *options).status == 0
    loaded = (carry.folder / "loaded-initrd").read_bytes()
    carry.env["KX_FAKE_FOREIGN"] = "1"
    there, _ = plan(carry, "networkd", *options)
    assert (there["network"], there["carried"]) == (here["network"], here["carried"])
    assert carry("load", "-s", carry.kernel, f"--initrd={initrd}", *options).status == 0
    assert (carry.folder / "loaded-initrd").read_bytes() == loaded
