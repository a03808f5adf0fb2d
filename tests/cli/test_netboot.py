# SPDX-License-Identifier: GPL-2.0-or-later
"""`kexec netboot`: mirrors signed by keys made here, and menus, from a server on the loopback interface."""

import hashlib
import io
import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tarfile
import time

import pytest

import netlink
import samples
from conftest import BUILD, FAKE, ROOT

sys.path.insert(0, str(ROOT / "tests"))

import servers  # noqa: E402

DATA = ROOT / "contrib/netboot"
IMAGES = "/debian/dists/trixie/main/installer-amd64/current/images"
LINUX = f"{IMAGES}/netboot/debian-installer/amd64/linux"
INITRD = f"{IMAGES}/netboot/debian-installer/amd64/initrd.gz"


@pytest.fixture(name="web")
def fixture_web():
    with servers.Web() as web:
        yield web


@pytest.fixture(name="keys", scope="module")
def fixture_keys(tmp_path_factory):
    """Two that sign, and the keyring of the first."""
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed")
    made = servers.Signer("mirror"), servers.Signer("other")
    yield *made, made[0].keyring(tmp_path_factory.mktemp("keys") / "mirror.gpg")
    for key in made:
        key.close()


def publish(web, key):
    assert servers.debian_mirror(web, key, samples.bzimage(), b"INITRD") == [LINUX, INITRD]


def got(web, path):
    return path in [request[1] for request in web.gets()]


@pytest.fixture(name="netboot")
def fixture_netboot(kexec):
    """kexec, with the installed data files, kexec-fetch and gpgv."""
    folder = kexec.root / "usr/share/kexec/netboot"
    folder.mkdir(parents=True)
    for path in DATA.glob("*.conf"):
        shutil.copy(path, folder)
    if not (BUILD / "tools/kexec-fetch").exists():
        pytest.skip("kexec-fetch was not built")
    kexec.env |= {"KX_FAKE_LIBEXEC": str(BUILD / "tools"), "KX_FAKE_GPGV": shutil.which("gpgv") or "", "no_proxy": "*"}
    kexec.change(proc__cmdline="root=/dev/sda1 console=tty0 console=ttyS1,9600n8 quiet\n")
    return kexec


def debian(netboot, web, keys, *more):
    return netboot("netboot", "debian", "--mirror", web.url("/debian/"), "--keyring", keys[2], "-s", *more)


def failed(result, *words):
    assert (result.status, result.log) == (2, []), result.err
    for word in words:
        assert word in result.err


# ---- a distribution --------------------------------------------------------------------------------------------------

def test_debian(netboot, web, keys):
    publish(web, keys[0])
    result = debian(netboot, web, keys, "--append=priority=low")
    assert result.status in (0, 1), result.err
    size = len(samples.bzimage())
    assert result.log == [f"kexec_file_load kernel={size} initrd=6 "
                          "cmdline=console=tty0 console=ttyS1,9600n8 priority=low flags=0"]
    assert "Debian trixie" in result.err and "kexec exec --now" in result.err
    # The lists come before the large files, and the sizes before the first byte of these.
    assert [request[1] for request in web.gets()] == [path for path in ("/debian/dists/trixie/InRelease", f"{IMAGES}/SHA256SUMS", LINUX, INITRD)]


def test_plan_changes_nothing(netboot, web, keys):
    publish(web, keys[0])
    result = debian(netboot, web, keys, "--plan")
    assert result.status in (0, 1), result.err
    assert result.log == [] and not netboot.loaded()
    assert "console=tty0 console=ttyS1,9600n8" in result.out and "boot_params" not in result.err
    found = json.loads(debian(netboot, web, keys, "--plan", "--json", "--append=priority=low").out)
    assert found["cmdline"] == "console=tty0 console=ttyS1,9600n8 priority=low" and found["segments"]
    web.put(LINUX, samples.bzimage(b"evil"))
    result = debian(netboot, web, keys, "--plan", "--json")
    assert result.status == 2 and "SHA256SUMS says" in json.loads(result.out)["error"]
    assert netboot("netboot", "debian", "--json").status == 3 and not netboot.loaded()


def test_reboot(netboot, web, keys):
    publish(web, keys[0])
    netboot.change(proc__1__comm="systemd\n")
    (netboot.root / "run/systemd/system").mkdir(parents=True)
    result = debian(netboot, web, keys, "--reboot")
    assert result.status in (0, 1), result.err
    assert [line.split()[0] for line in result.log] == ["kexec_file_load", "run"]


def test_changed_kernel(netboot, web, keys):
    publish(web, keys[0])
    web.put(LINUX, samples.bzimage(b"evil"))
    failed(debian(netboot, web, keys), LINUX, "SHA256SUMS says")


def test_changed_list(netboot, web, keys):
    publish(web, keys[0])
    web.put(f"{IMAGES}/SHA256SUMS", web.files[f"{IMAGES}/SHA256SUMS"].content + b"0" * 64 + b"  ./other\n")
    failed(debian(netboot, web, keys), "SHA256SUMS")
    assert not got(web, LINUX)


def test_another_release(netboot, web, keys):
    """An old one is as well signed."""
    servers.debian_mirror(web, keys[0], samples.bzimage(), b"INITRD", codename="bookworm")
    for path in list(web.files):
        web.put(path.replace("bookworm", "trixie"), web.files[path].content)
    failed(debian(netboot, web, keys), "dists/trixie/InRelease: it is of another release than \"trixie\"")
    assert not got(web, LINUX)


def test_another_key(netboot, web, keys):
    publish(web, keys[1])
    failed(debian(netboot, web, keys), "InRelease")
    assert not got(web, LINUX)


def test_plain_http_without_a_keyring(netboot, web, keys):
    publish(web, keys[0])
    result = netboot("netboot", "debian", "--mirror=" + web.url("/debian"))
    failed(result, "no keyring", "/usr/share/keyrings/debian-archive-keyring.gpg", "--keyring")
    assert web.requests == []


def test_installed_keyring(netboot, web, keys):
    publish(web, keys[0])
    folder = netboot.root / "usr/share/keyrings"
    folder.mkdir(parents=True)
    shutil.copy(keys[2], folder / "debian-archive-keyring.gpg")
    result = netboot("netboot", "debian", "--mirror=" + web.url("/debian"))
    assert result.status in (0, 1), result.err


def test_insecure_by_hand(netboot, web, keys):
    publish(web, keys[0])
    result = netboot("netboot", "debian", "--mirror=" + web.url("/debian"), "--insecure")
    assert result.status in (0, 1), result.err
    web.put(LINUX, samples.bzimage(b"evil"))
    failed(netboot("netboot", "debian", "--mirror=" + web.url("/debian"), "--insecure"), "SHA256SUMS says")


def test_given_checksums_are_enough(netboot, web, keys):
    publish(web, keys[0])
    given = [f"--sha256={hashlib.sha256(web.files[path].content).hexdigest()}" for path in (LINUX, INITRD)]
    result = netboot("netboot", "debian", "--mirror=" + web.url("/debian"), *given)
    assert result.status in (0, 1), result.err
    assert not got(web, "/debian/dists/trixie/InRelease")


def test_release_that_is_not_there(netboot, web, keys):
    publish(web, keys[0])
    failed(debian(netboot, web, keys, "--release=12"), "/debian/dists/bookworm/InRelease", "404")


def test_too_little_memory(netboot, web, keys):
    publish(web, keys[0])
    netboot.change(proc__meminfo="MemTotal: 200000 kB\nMemAvailable: 150000 kB\n")
    failed(debian(netboot, web, keys), "Debian needs 256 MiB of memory", "195.3 MiB")
    assert web.requests == []


def test_own_file_wins(netboot, web):
    folder = netboot.root / "etc/kexec/netboot"
    folder.mkdir(parents=True)
    web.put("/k", samples.bzimage())
    web.put("/i", b"INITRD")
    (folder / "debian.conf").write_text(f"title=Ours\nrelease=1\nmirror={web.url('')}\narch.x86_64=a\nkernel=k\n"
                                        "initrd=i\ncmdline=own=${release}\nserial=text\n")
    result = netboot("netboot", "debian", "-s", "--insecure")
    assert result.status in (0, 1), result.err
    assert "cmdline=own=1 text console=tty0 console=ttyS1,9600n8 flags" in result.log[0]
    (folder / "debian.conf").write_text("title=Ours\nkernal=k\n")
    failed(netboot("netboot", "debian"), "/etc/kexec/netboot/debian.conf:2: there is no such key")


def test_fedora(netboot, web):
    """Its checksums are in .treeinfo."""
    top = "/f/44/Everything/x86_64/os"
    kernel = samples.bzimage()
    web.put(f"{top}/images/pxeboot/vmlinuz", kernel)
    web.put(f"{top}/images/pxeboot/initrd.img", b"INITRD")
    listed = {"images/pxeboot/initrd.img": b"INITRD", "images/pxeboot/vmlinuz": kernel}
    web.put(f"{top}/.treeinfo", ("[checksums]\n" + "".join(
        f"{name} = sha256:{hashlib.sha256(content).hexdigest()}\n" for name, content in listed.items())
        + "\n[general]\nfamily = Fedora\n").encode())
    netboot.change(proc__meminfo="MemTotal: 4000000 kB\nMemAvailable: 3500000 kB\n")
    args = "netboot", "fedora", "--mirror", web.url("/f"), "-s"
    failed(netboot(*args), "use https")
    result = netboot(*args, "--insecure")
    assert result.status in (0, 1), result.err
    assert f"cmdline=ip=dhcp inst.repo={web.url('/f')}/44/Everything/x86_64/os/ inst.text console=tty0" in result.log[0]
    web.put(f"{top}/images/pxeboot/initrd.img", b"INITRX")
    failed(netboot(*args, "--insecure"), ".treeinfo says")


def test_ubuntu(netboot, web, keys):
    """Kernel and initrd are in an archive that the signed list has."""
    top, packed = "/u/26.04.1", io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in (("amd64/linux", samples.bzimage()), ("amd64/initrd", b"INITRD"), ("amd64/pxelinux.0", b"")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    netboot.change(proc__meminfo="MemTotal: 6000000 kB\nMemAvailable: 5500000 kB\n")
    args = "netboot", "ubuntu", "--mirror", web.url("/u"), f"--keyring={keys[2]}", "-s"
    for signer, good in ((keys[1], False), (keys[0], True)):
        content = packed.getvalue()
        listed = f"{hashlib.sha256(content).hexdigest()} *ubuntu-26.04.1-netboot-amd64.tar.gz\n".encode()
        web.put(f"{top}/ubuntu-26.04.1-netboot-amd64.tar.gz", content)
        web.put(f"{top}/SHA256SUMS", listed)
        web.put(f"{top}/SHA256SUMS.gpg", signer.detached(listed))
        result = netboot(*args)
        if not good:
            failed(result, "SHA256SUMS")
            assert not got(web, f"{top}/ubuntu-26.04.1-netboot-amd64.tar.gz")
    assert result.status in (0, 1), result.err
    assert "cmdline=root=/dev/ram0" in result.log[0] and f"url={web.url('/u')}/26.04.1/ubuntu-26.04.1-live-server-amd64.iso console=tty0" in result.log[0]


@pytest.mark.parametrize("name", ["gentoo", "../../etc/shadow", "/etc/passwd", "debian.conf", ""])
def test_unknown_distribution(netboot, name):
    failed(netboot("netboot", name), "almalinux, alpine, arch, centos-stream, debian")


def test_usage(netboot):
    for args, words in (
            ((), "nothing to start is given"),
            (("debian", "--plan", "--reboot"), "give one of them"),
            (("debian", "--release=../x"), "no release's name"),
            (("debian", "--mirror=x"), "is no address"),
            (("https://127.0.0.1/x", "--release=1"), "--release goes with a distribution")):
        result = netboot("netboot", *args)
        assert (result.status, result.log) == (3, []), result.err
        assert words in result.err


def test_without_kexec_fetch(netboot):
    netboot.env["KX_FAKE_LIBEXEC"] = "/nonexistent"
    failed(netboot("netboot", "debian"), "kexec-fetch")


# ---- menus -----------------------------------------------------------------------------------------------------------

MENU = """#!ipxe
echo Menu of ${net0/mac} ${platform} ${buildarch} ${next-server}
echo ip=${netX/ip}::${gateway}:${netmask} nameserver=${dns}
:start
menu What is it to be?
item --gap Systems
item one The first one
item sub More of them
choose --default one%s target || goto left
goto ${target} || chain ${target}.ipxe || goto left
goto start
:left
set escape:hex 1b
echo left ${escape}[2J
exit 1
:one
kernel /k root=one
initrd i1
initrd i2
boot
"""
SUB = """#!ipxe
menu More
item back Back
item two The second one
choose two || exit
iseq ${two} back && exit ||
kernel ../k console=ttyS9 root=${two}
initrd i1
boot
"""


@pytest.fixture(name="menus")
def fixture_menus(netboot, web):
    for path, content in {"/a/menu": (MENU % "").encode(), "/a/sub.ipxe": SUB.encode(), "/k": samples.bzimage(),
                          "/a/i1": b"ONE!", "/a/i2": b"TWO!", "/a/waits": (MENU % " --timeout 5000").encode()}.items():
        web.put(path, content)
    netlink.put(netboot.root, [netlink.link(6, "lan0"), netlink.link(7, "wan0")],
                [netlink.address(6, "10.0.0.1", 8), netlink.address(7, "192.0.2.15", 24)],
                [netlink.route(7, "0.0.0.0", 0, "192.0.2.1")])
    netboot.change(etc__resolv__conf="nameserver 192.0.2.53\n")
    return netboot


def test_script(menus, web):
    result = menus("netboot", web.url("/a/menu"), "--insecure", "-s", "--choose=one", "--append=more")
    assert result.status in (0, 1), result.err
    assert "Menu of 52:54:00:00:00:07 pcbios x86_64 localhost\nip=192.0.2.15::192.0.2.1:255.255.255.0 nameserver=192.0.2.53\n" \
        in result.err
    assert "initrd=8 cmdline=root=one console=tty0 console=ttyS1,9600n8 more flags" in result.log[0]


def test_script_inside_another(menus, web):
    result = menus("netboot", web.url("/a/menu"), "--insecure", "-s", "--choose=sub,back,sub,The second one")
    assert result.status in (0, 1), result.err
    assert "initrd=4 cmdline=console=ttyS9 root=two flags" in result.log[0]


def test_choice_that_is_not_there(menus, web):
    for choice, words in ("three", "has nothing of the name three"), ("sub", "the menu \"More\" asks for a choice, too"):
        result = menus("netboot", web.url("/a/menu"), "--insecure", f"--choose={choice}")
        assert result.status in (2, 3) and result.log == [] and words in result.err


def test_menu_without_terminal(menus, web):
    failed(menus("netboot", web.url("/a/menu"), "--insecure"), "there is no terminal", "--choose=one")
    result = menus("netboot", web.url("/a/waits"), "--insecure", "-s")
    assert result.status in (0, 1), result.err
    assert "root=one" in result.log[0]
    assert "would wait 5 s for \"The first one\", which is taken" in result.err


READS = """#!ipxe
echo -n Root: ${} && read root || goto left
kernel /k root=${root}
boot
:left
echo left
exit 1
"""


def test_text_is_asked_for(menus, web):
    web.put("/r", READS.encode())
    failed(menus("netboot", web.url("/r"), "--insecure"), "asks for a text, as \"root\", and there is no terminal")
    result = menus("netboot", web.url("/r"), "--insecure", "-s", "--choose=sda1")
    assert result.status in (0, 1) and "cmdline=root=sda1 " in result.log[0], result.err
    status, text, log = at_terminal(menus, "netboot", web.url("/r"), "--insecure", "-s", keys=[("to leave it so: ", "sdb2\n")])
    assert status in (0, 1) and "cmdline=root=sdb2 " in log, text
    status, text, log = at_terminal(menus, "netboot", web.url("/r"), "--insecure", "-s", keys=[("to leave it so: ", "\x04")])
    assert status == 2 and text.startswith("left"), text


def test_text_is_waited_for_no_longer_than_the_script_says(menus, web):
    web.put("/r", READS.replace("read root", "read --timeout 1500 root").encode())
    status, text, _ = at_terminal(menus, "netboot", web.url("/r"), "--insecure", "-s", keys=[("(given up in 2 s): ", "")])
    assert status == 2 and "left" in text, text
    status, text, log = at_terminal(menus, "netboot", web.url("/r"), "--insecure", "-s", keys=[("(given up in 2 s): ", "sdb2\n")])
    assert status in (0, 1) and "cmdline=root=sdb2 " in log, text
    result = menus("netboot", web.url("/r"), "--insecure")
    assert result.status == 2 and "left" in result.err, result.err


def test_file_put_into_the_initrd(menus, web, tmp_path):
    """With its name and permissions, checked as all that a menu names, and put there by the process that may do nothing else."""
    web.put("/p", b"#!ipxe\nkernel /k x=1\ninitrd /a/i1\ninitrd /hook /hooks/pxe mkdir=-1 mode=755\nboot\n")
    web.put("/hook", b"#!/bin/sh\n")
    menus.env["KX_FAKE_INITRD"] = str(tmp_path / "initrd")
    args = "netboot", web.url("/p"), "--insecure", "-s"
    result = menus(*args)
    assert result.status in (0, 1) and "/hook as /hooks/pxe" in result.err, result.err
    loaded = (tmp_path / "initrd").read_bytes()
    assert loaded.startswith(b"ONE!")
    subprocess.run(["cpio", "-idm", "--quiet"], cwd=tmp_path, input=loaded[loaded.find(b"070701"):], check=True)
    assert (tmp_path / "hooks/pxe").read_bytes() == b"#!/bin/sh\n" and (tmp_path / "hooks/pxe").stat().st_mode & 0o777 == 0o755
    given = [f"--sha256={hashlib.sha256(content).hexdigest()}" for content in (samples.bzimage(), b"ONE!", b"#!/bin/sh\n")]
    result = menus(*args, *given)
    assert result.status in (0, 1) and "nothing vouches" not in result.err.replace("nothing vouches for " + web.url("/p"), ""), result.err
    web.put("/hook", b"#!/bin/evil\n")
    failed(menus(*args, *given), "/hook")
    web.put("/p", b"#!ipxe\nkernel /k\ninitrd /hook ../../etc/x\nboot\n")
    result = menus(*args)
    assert result.status == 3 and result.log == [] and "that is no path of a file" in result.err


def read_some(master, end):
    """What comes next; nothing when it is over."""
    assert select.select([master], [], [], max(end - time.monotonic(), 0))[0], "nothing more was said"
    try:
        return os.read(master, 65536).decode()
    except OSError:
        return ""


def talk(master, process, keys):
    """All that is said after the last of keys."""
    text, end = "", time.monotonic() + 60
    for wanted, key in keys:
        while wanted not in text:
            more = read_some(master, end)
            assert more, text
            text += more
        text = text.partition(wanted)[2]
        os.write(master, (key(process) if callable(key) else key).encode())
    while more := read_some(master, end):
        text += more
    return text


def at_terminal(kexec, *args, keys):
    """Runs it at a terminal of its own, where each of keys is typed once what stands before it has been shown; or what a
    function of the process says."""
    master, slave = pty.openpty()
    log = kexec.folder / "log"
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "KX_FAKE_LOG": str(log), "KX_FAKE_ROOT": str(kexec.root), **kexec.env}
    with subprocess.Popen([FAKE, *args], cwd=kexec.folder, env=env, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        try:
            text = talk(master, process, keys)
            status = process.wait(60)
        finally:
            process.kill()
    os.close(master)
    return status, text, log.read_text() if log.exists() else ""


def test_menu_at_a_terminal(menus, web):
    status, text, log = at_terminal(menus, "netboot", web.url("/a/menu"), "--insecure", "-s",
                                    keys=[("to leave: ", "7\n"), ("no such number", "2\n"), ("2  The second one", "2\n")])
    assert status in (0, 1), text
    assert "root=two" in log


def test_numbers_and_q_are_no_names(menus, web):
    """What is shown is what counts; whatever a menu calls its items."""
    web.put("/m", b"#!ipxe\nmenu M\nitem 2 Called two\nitem q Called q\nitem 1 Called one\nchoose x || exit 1\nkernel /k x=${x}\nboot\n")
    for key, chosen in ("1", "2"), ("2", "q"), ("3", "1"):
        status, text, log = at_terminal(menus, "netboot", web.url("/m"), "--insecure", "-s", keys=[("to leave: ", key + "\n")])
        assert status in (0, 1) and f"cmdline=x={chosen} " in log, text
        menus.change(sys__kernel__kexec_loaded="0\n")
        (menus.folder / "log").unlink()
    status, text, log = at_terminal(menus, "netboot", web.url("/m"), "--insecure", keys=[("to leave: ", "q\n")])
    assert status == 2 and "kexec_" not in log, text


def reader_of(process):
    """The process that reads the menu."""
    with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as children:
        (pid,) = children.read().split()
    return pid


def taken_over(menus, web, end, *more):
    """Code of somebody else in the process that reads the menu."""
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "KX_FAKE_ROOT": str(menus.root), "KX_FAKE_LOG": str(menus.folder / "log"),
           **menus.env, "KX_PROBE_END": end}
    result = subprocess.run([BUILD / "tests/cli/kexec-probe", "netboot", web.url("/a/menu"), "--insecure", *more], env=env, text=True,
                            stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert result.returncode == 2 and not (menus.folder / "log").exists(), result.stderr
    return result.stderr


def test_reader_of_menus_can_do_nothing_else(menus, web):
    assert re.fullmatch(r"kexec: probe: \d\d tried, none worked\n", taken_over(menus, web, ""))
    assert "was ended by signal 6" in taken_over(menus, web, "abort")
    assert "the process that reads the menu ended without a word" in taken_over(menus, web, "nothing")


@pytest.mark.parametrize("end", ["drip", "ask:"])
def test_reader_of_menus_that_does_not_end(menus, web, end):
    web.put("/large", b"x" * (1 << 20))
    assert "the process that reads the menu took more than 9 seconds, and was ended" in taken_over(
        menus, web, end + web.url("/large") if end == "ask:" else end, "--fetch-timeout=1")


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user has no empty root directory")
def test_menu_is_read_by_nobody(menus, web):
    def look(process):
        pid = reader_of(process)
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file)
        assert (status["Seccomp"], status["NoNewPrivs"], status["CapEff"]) == ("2", "1", "0" * 16)
        assert "0" not in status["Uid"].split() and os.listdir(f"/proc/{pid}/root") == []
        assert sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2"]
        assert os.readlink(f"/proc/{pid}/fd/0").startswith("socket:") and os.readlink(f"/proc/{pid}/fd/1") == "/dev/null"
        assert os.readlink(f"/proc/{pid}/fd/2").startswith("/memfd:words")
        return "q\n"

    status, text, _ = at_terminal(menus, "netboot", web.url("/a/menu"), "--insecure", keys=[("to leave: ", look)])
    assert status == 2, text


def test_menu_is_left(menus, web):
    status, text, log = at_terminal(menus, "netboot", web.url("/a/menu"), "--insecure", keys=[("to leave: ", "q\n")])
    assert status == 2 and "kexec_" not in log
    assert "left ?[2J" in text and "\x1b" not in text


def test_plain_http_menu(menus, web):
    failed(menus("netboot", web.url("/a/menu")), "https")
    assert web.requests == []


def test_script_by_https(menus, web, tmp_path):
    """Is believed; a kernel by http that it names is not, unless its checksum is known."""
    authority, pair = servers.authority(tmp_path)
    with servers.Web(pair) as safe:
        address = safe.put("/m", f"#!ipxe\nkernel {web.url('/k')} x=1\ninitrd {web.url('/a/i1')}\nboot\n".encode())
        args = "netboot", address, f"--cacert={authority}", "-s"
        failed(menus(*args), "/k", "use https")
        assert web.requests == []
        # Their checksums are good for redirects from https to http, too.
        led = "netboot", safe.put("/led", b"#!ipxe\nkernel /away\nboot\n"), f"--cacert={authority}", "-s"
        safe.put("/away", redirect=web.url("/k"))
        failed(menus(*led), "leads away from https")
        assert menus(*led, f"--sha256={hashlib.sha256(samples.bzimage()).hexdigest()}").log
        given = [f"--sha256={hashlib.sha256(content).hexdigest()}" for content in (samples.bzimage(), b"ONE!")]
        result = menus(*args, *given)
        assert result.status in (0, 1), result.err
        assert "initrd=4 cmdline=x=1 console=tty0" in result.log[0]


def test_kernel_of_a_menu_is_checked(menus, web):
    result = menus("netboot", web.url("/a/menu"), "--insecure", "--choose=one", f"--sha256={'0' * 64}")
    failed(result, "/k")


@pytest.mark.parametrize("text, words", [
    ("#!ipxe\n:a\ngoto a\n", "goes round in circles"),
    ("#!ipxe\nchain s\n", "does one of them chain itself"),
    ("#!ipxe\nkernel file:///etc/shadow\nboot\n", "neither http, https, ftp nor tftp"),
    ("#!ipxe\nkernel /gone\nboot\n", "404"),
    ("#!ipxe\nsanboot http://x/y\n", "kexec cannot do it"),
    ("<html>\n", "neither an iPXE script nor a PXELINUX configuration"),
    pytest.param("\0" * 100, "`kexec load`", id="bytes"),
    pytest.param("x" * (1 << 21), "`kexec load`", id="large"),
])
def test_bad_menus(menus, web, text, words):
    web.put("/s", text.encode())
    failed(menus("netboot", web.url("/s"), "--insecure"), words)


def secret(url):
    return url.replace("//", "//user:secret@")


def test_no_message_has_a_password(menus, web):
    texts = ["#!ipxe\n:a\ngoto a\n", "#!ipxe\nchain s\n", "#!ipxe\nkernel gopher://user:secret@x/y\nboot\n",
             "#!ipxe\nkernel /gone\nboot\n", "#!ipxe\nexit\n", "<html>\n", "\0" * 100, "x" * (1 << 21)]
    for text in texts:
        web.put("/s", text.encode())
        result = menus("netboot", secret(web.url("/s")), "--insecure")
        failed(result, "/")
        assert "secret" not in result.err
    for args in ([secret(web.url("/s"))], [secret(web.url("/nothing/")), "--insecure"], [secret("gopher://x/y")],
                 ["debian", "--mirror=" + secret(web.url("/debian"))], ["debian", "--insecure", "--mirror=" + secret(web.url("/debian"))]):
        result = menus("netboot", *args)
        failed(result, "://")
        assert "secret" not in result.err
    result = menus("netboot", secret(web.url("/a/menu")), "--insecure", "-s", "--choose=one")
    assert result.status in (0, 1) and result.log, result.err
    assert f"kernel {web.url('/k')}\n" in result.err and "secret" not in result.err


def test_pxelinux(menus, web):
    web.put("/boot/pxelinux.cfg/01-52-54-00-00-00-07",
            b"default two\ntimeout 30\nlabel one\nlinux /k\nlabel two\nlinux /k\ninitrd ../a/i1\nappend x=2\nipappend 2\n")
    web.put("/boot/pxelinux.cfg/default", b"label no\nlocalboot 0\n")
    result = menus("netboot", web.url("/boot/"), "--insecure", "-s")
    assert result.status in (0, 1), result.err
    assert "initrd=4 cmdline=x=2 BOOTIF=01-52-54-00-00-00-07 console=tty0" in result.log[0]
