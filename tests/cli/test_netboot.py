# SPDX-License-Identifier: GPL-2.0-or-later
"""`kexec netboot`: mirrors signed by keys made here, and menus, from a server on the loopback interface."""

import hashlib
import http.server
import os
import pathlib
import pty
import shutil
import subprocess
import tempfile
import threading
import time

import pytest

import samples
from conftest import BUILD, FAKE, ROOT

DATA = ROOT / "contrib/netboot"
IMAGES = "/debian/dists/trixie/main/installer-amd64/current/images"
LINUX = f"{IMAGES}/netboot/debian-installer/amd64/linux"
INITRD = f"{IMAGES}/netboot/debian-installer/amd64/initrd.gz"


class Server:
    """Files by http; asked has what was asked for, in its order."""

    def __init__(self):
        self.files, self.asked = {}, []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                owner.asked.append(f"{self.command} {self.path}")
                data = owner.files.get(self.path)
                self.send_response(200 if data is not None else 404)
                self.send_header("Content-Length", str(len(data or b"")))
                self.end_headers()
                if data and self.command == "GET":
                    self.wfile.write(data)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def got(self, path):
        return f"GET {path}" in self.asked


@pytest.fixture(name="server")
def fixture_server():
    server = Server()
    yield server
    server.close()


class Key:
    """A key that signs, and the keyring that has it."""

    def __init__(self, folder, name):
        self.home = folder / name
        self.home.mkdir(mode=0o700)
        self.keyring = folder / f"{name}.gpg"
        self.gpg("--passphrase", "", "--quick-generate-key", f"{name} <{name}@test>", "ed25519", "sign", "never")
        self.keyring.write_bytes(self.gpg("--export"))

    def gpg(self, *args, data=b""):
        return subprocess.run(["gpg", "--homedir", self.home, "--batch", "--pinentry-mode", "loopback", *args], input=data,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, timeout=120).stdout

    def clearsign(self, text):
        return self.gpg("--clearsign", data=text)

    def close(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False, timeout=60)


@pytest.fixture(name="keys", scope="module")
def fixture_keys():
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed")
    # The agent's socket has a short name, or none.
    with tempfile.TemporaryDirectory(prefix="kx") as folder:
        keys = [Key(pathlib.Path(folder), name) for name in ("mirror", "other")]
        yield keys
        for key in keys:
            key.close()


def sums(folder, files, prefix="./"):
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {prefix}{path.removeprefix(folder + '/')}\n"
                   for path, data in files.items())


def publish(server, key, kernel=None, initrd=b"INITRD"):
    """What a mirror of Debian has for the installer."""
    files = {LINUX: kernel or samples.bzimage(), INITRD: initrd}
    server.files.update(files)
    listed = sums(IMAGES, files).encode()
    release = ("Origin: Debian\nSuite: stable\nCodename: trixie\nSHA256:\n"
               f" {hashlib.sha256(listed).hexdigest()} {len(listed)} main/installer-amd64/current/images/SHA256SUMS\n")
    server.files[f"{IMAGES}/SHA256SUMS"] = listed
    server.files["/debian/dists/trixie/InRelease"] = key.clearsign(release.encode())


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


def debian(netboot, server, key, *more):
    return netboot("netboot", "debian", "--mirror", f"{server.url}/debian/", "--keyring", key.keyring, "-s", *more)


def failed(result, *words):
    assert (result.status, result.log) == (2, []), result.err
    for word in words:
        assert word in result.err


# ---- a distribution --------------------------------------------------------------------------------------------------

def test_debian(netboot, server, keys):
    publish(server, keys[0])
    result = debian(netboot, server, keys[0], "--append=priority=low")
    assert result.status in (0, 1), result.err
    size = len(samples.bzimage())
    assert result.log == [f"kexec_file_load kernel={size} initrd=6 "
                          "cmdline=console=tty0 console=ttyS1,9600n8 priority=low flags=0"]
    assert "Debian trixie" in result.err and "kexec exec --now" in result.err
    # The lists come before the large files, and the sizes before the first byte of these.
    gets = [line for line in server.asked if line.startswith("GET")]
    assert gets == [f"GET {path}" for path in ("/debian/dists/trixie/InRelease", f"{IMAGES}/SHA256SUMS", LINUX, INITRD)]


def test_plan_changes_nothing(netboot, server, keys):
    publish(server, keys[0])
    result = debian(netboot, server, keys[0], "--plan")
    assert result.status in (0, 1), result.err
    assert result.log == [] and not netboot.loaded()
    assert "console=tty0 console=ttyS1,9600n8" in result.out and "boot_params" not in result.err


def test_reboot(netboot, server, keys):
    publish(server, keys[0])
    netboot.change(proc__1__comm="systemd\n")
    (netboot.root / "run/systemd/system").mkdir(parents=True)
    result = debian(netboot, server, keys[0], "--reboot")
    assert result.status in (0, 1), result.err
    assert [line.split()[0] for line in result.log] == ["kexec_file_load", "run"]


def test_changed_kernel(netboot, server, keys):
    publish(server, keys[0])
    server.files[LINUX] = samples.bzimage(b"evil")
    failed(debian(netboot, server, keys[0]), LINUX, "SHA256SUMS says")


def test_changed_list(netboot, server, keys):
    publish(server, keys[0])
    server.files[f"{IMAGES}/SHA256SUMS"] += b"0" * 64 + b"  ./other\n"
    failed(debian(netboot, server, keys[0]), "SHA256SUMS")
    assert not server.got(LINUX)


def test_another_key(netboot, server, keys):
    publish(server, keys[1])
    failed(debian(netboot, server, keys[0]), "InRelease")
    assert not server.got(LINUX)


def test_plain_http_without_a_keyring(netboot, server, keys):
    publish(server, keys[0])
    result = netboot("netboot", "debian", f"--mirror={server.url}/debian")
    failed(result, "no keyring", "/usr/share/keyrings/debian-archive-keyring.gpg", "--keyring")
    assert server.asked == []


def test_installed_keyring(netboot, server, keys):
    publish(server, keys[0])
    folder = netboot.root / "usr/share/keyrings"
    folder.mkdir(parents=True)
    shutil.copy(keys[0].keyring, folder / "debian-archive-keyring.gpg")
    result = netboot("netboot", "debian", f"--mirror={server.url}/debian")
    assert result.status in (0, 1), result.err


def test_insecure_by_hand(netboot, server, keys):
    publish(server, keys[0])
    result = netboot("netboot", "debian", f"--mirror={server.url}/debian", "--insecure")
    assert result.status in (0, 1), result.err
    server.files[LINUX] = samples.bzimage(b"evil")
    failed(netboot("netboot", "debian", f"--mirror={server.url}/debian", "--insecure"), "SHA256SUMS says")


def test_given_checksums_are_enough(netboot, server, keys):
    publish(server, keys[0])
    given = [f"--sha256={hashlib.sha256(server.files[path]).hexdigest()}" for path in (LINUX, INITRD)]
    result = netboot("netboot", "debian", f"--mirror={server.url}/debian", *given)
    assert result.status in (0, 1), result.err
    assert not server.got("/debian/dists/trixie/InRelease")


def test_release_that_is_not_there(netboot, server, keys):
    publish(server, keys[0])
    failed(debian(netboot, server, keys[0], "--release=12"), "/debian/dists/bookworm/InRelease", "404")


def test_too_little_memory(netboot, server, keys):
    publish(server, keys[0])
    netboot.change(proc__meminfo="MemTotal: 200000 kB\nMemAvailable: 150000 kB\n")
    failed(debian(netboot, server, keys[0]), "Debian needs 256 MiB of memory", "195.3 MiB")
    assert server.asked == []


def test_own_file_wins(netboot, server):
    folder = netboot.root / "etc/kexec/netboot"
    folder.mkdir(parents=True)
    server.files |= {"/k": samples.bzimage(), "/i": b"INITRD"}
    (folder / "debian.conf").write_text(f"title=Ours\nrelease=1\nmirror={server.url}\narch.x86_64=a\nkernel=k\n"
                                        "initrd=i\ncmdline=own=${release}\nserial=text\n")
    result = netboot("netboot", "debian", "-s", "--insecure")
    assert result.status in (0, 1), result.err
    assert "cmdline=own=1 text console=tty0 console=ttyS1,9600n8 flags" in result.log[0]
    (folder / "debian.conf").write_text("title=Ours\nkernal=k\n")
    failed(netboot("netboot", "debian"), "/etc/kexec/netboot/debian.conf:2: there is no such key")


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
echo Menu of ${net0/mac} ${platform} ${buildarch}
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
def fixture_menus(netboot, server):
    server.files |= {"/a/menu": (MENU % "").encode(), "/a/sub.ipxe": SUB.encode(), "/k": samples.bzimage(),
                     "/a/i1": b"ONE!", "/a/i2": b"TWO!", "/a/waits": (MENU % " --timeout 5000").encode()}
    netboot.change(proc__net__route="Iface\tDestination\tGateway\neth7\t00000000\t0202000A\n",
                   sys__class__net__eth7__address="52:54:00:12:34:56\n")
    return netboot


def test_script(menus, server):
    result = menus("netboot", f"{server.url}/a/menu", "--insecure", "-s", "--choose=one", "--append=more")
    assert result.status in (0, 1), result.err
    assert "Menu of 52:54:00:12:34:56 pcbios x86_64\n" in result.err
    assert "initrd=8 cmdline=root=one console=tty0 console=ttyS1,9600n8 more flags" in result.log[0]


def test_script_inside_another(menus, server):
    result = menus("netboot", f"{server.url}/a/menu", "--insecure", "-s", "--choose=sub,back,sub,The second one")
    assert result.status in (0, 1), result.err
    assert "initrd=4 cmdline=console=ttyS9 root=two flags" in result.log[0]


def test_choice_that_is_not_there(menus, server):
    for choice, words in ("three", "has nothing of the name three"), ("sub", "the menu \"More\" asks for a choice, too"):
        result = menus("netboot", f"{server.url}/a/menu", "--insecure", f"--choose={choice}")
        assert result.status in (2, 3) and result.log == [] and words in result.err


def test_menu_without_terminal(menus, server):
    failed(menus("netboot", f"{server.url}/a/menu", "--insecure"), "there is no terminal", "--choose=one")
    result = menus("netboot", f"{server.url}/a/waits", "--insecure", "-s")
    assert result.status in (0, 1), result.err
    assert "root=one" in result.log[0]
    assert "would wait 5 s for \"The first one\", which is taken" in result.err


def at_terminal(kexec, *args, keys):
    """Runs it at a terminal of its own, where each of keys is typed once what stands before it has been shown."""
    master, slave = pty.openpty()
    log = kexec.folder / "log"
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "KX_FAKE_LOG": str(log), "KX_FAKE_ROOT": str(kexec.root), **kexec.env}
    with subprocess.Popen([FAKE, *args], cwd=kexec.folder, env=env, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        text, end = "", time.monotonic() + 60
        for wanted, key in [*keys, (None, "")]:
            while wanted is None or wanted not in text:
                assert time.monotonic() < end, text
                try:
                    text += os.read(master, 65536).decode()
                except OSError:
                    break
            if wanted is not None:
                assert wanted in text, text
                text = text.partition(wanted)[2]
                os.write(master, key.encode())
        status = process.wait(60)
    os.close(master)
    return status, text, log.read_text() if log.exists() else ""


def test_menu_at_a_terminal(menus, server):
    status, text, log = at_terminal(menus, "netboot", f"{server.url}/a/menu", "--insecure", "-s",
                                    keys=[("to leave: ", "7\n"), ("no such number", "2\n"), ("2  The second one", "2\n")])
    assert status in (0, 1), text
    assert "root=two" in log


def test_menu_is_left(menus, server):
    status, text, log = at_terminal(menus, "netboot", f"{server.url}/a/menu", "--insecure", keys=[("to leave: ", "q\n")])
    assert status == 2 and "kexec_" not in log
    assert "left ?[2J" in text and "\x1b" not in text


def test_plain_http_menu(menus, server):
    failed(menus("netboot", f"{server.url}/a/menu"), "https")
    assert server.asked == []


def test_kernel_of_a_menu_is_checked(menus, server):
    result = menus("netboot", f"{server.url}/a/menu", "--insecure", "--choose=one", f"--sha256={'0' * 64}")
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
def test_bad_menus(menus, server, text, words):
    server.files["/s"] = text.encode()
    failed(menus("netboot", f"{server.url}/s", "--insecure"), words)


def test_pxelinux(menus, server):
    server.files |= {"/boot/pxelinux.cfg/01-52-54-00-12-34-56": b"default two\ntimeout 30\nlabel one\nlinux /k\n"
                                                                b"label two\nlinux /k\ninitrd ../a/i1\nappend x=2\n"
                                                                b"ipappend 2\n",
                     "/boot/pxelinux.cfg/default": b"label no\nlocalboot 0\n"}
    result = menus("netboot", f"{server.url}/boot/", "--insecure", "-s")
    assert result.status in (0, 1), result.err
    assert "initrd=4 cmdline=x=2 BOOTIF=01-52-54-00-12-34-56 console=tty0" in result.log[0]
