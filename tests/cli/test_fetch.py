# SPDX-License-Identifier: GPL-2.0-or-later
"""Inputs from the network: how they come, what vouches for them, and what is left when either goes wrong: nothing."""

import hashlib
import itertools
import mmap
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time

import pytest

import samples
from conftest import BUILD, FAKE, ROOT, ends

sys.path.insert(0, str(ROOT / "tests"))

import servers  # noqa: E402

NO = 2
KERNEL = samples.bzimage() + random.Random(1).randbytes(200000)
LOAD = "kexec_load entry=set count=some flags=0x3e0000"

pytestmark = pytest.mark.skipif(not (BUILD / "tools/kexec-fetch").exists(), reason="kexec-fetch was not built: no libcurl")


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def tree(folder):
    """All there is below it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.name != "log")


@pytest.fixture
def web():
    with servers.Web() as server:
        yield server


@pytest.fixture
def net(kexec):
    """The command, with the programs that it starts."""
    kexec.env |= {"KX_FAKE_LIBEXEC": str(BUILD / "tools"), "KX_FAKE_GPGV": "/usr/bin/gpgv"}
    for name in "TMPDIR", "HOME":
        (kexec.folder / name).mkdir()
        kexec.env[name] = str(kexec.folder / name)
    kexec.change(proc__meminfo="MemTotal:        2000000 kB\nMemAvailable:    1500000 kB\n")
    return kexec


@pytest.fixture(scope="session")
def signer():
    made = servers.Signer()
    yield made
    made.close()


def loads(net, *args):
    result = net("load", *args)
    assert result.log == [LOAD], result.err
    # The machine of the tests has no boot_params, which is a warning.
    assert result.status == 1, result.err
    return result


def message(result):
    """What it says at last, but for what it says beforehand and on the way."""
    lines = [line.removeprefix("kexec: ") for line in result.err.splitlines()]
    return [line for line in lines
            if " to fetch; all of it needs " not in line and not line.startswith("trying again to get ")
            and not re.search(r": \d+% of |: [\d.]+ [KMG]iB$", line)]


def refuses(net, *args):
    """One message; nothing loaded, nothing left behind."""
    before = tree(net.folder), net.loaded()
    result = net("load", *args)
    assert (result.status, result.out, result.log) == (NO, "", []), result.err
    assert (tree(net.folder), net.loaded()) == before
    said = message(result)
    assert len(said) == 1, result.err
    return re.sub(r"localhost:\d+|127\.0\.0\.1:\d+", "HOST", said[0])


# ---- how they come ---------------------------------------------------------------------------------------------------

def test_kernel_and_initrd_by_http(net, web):
    kernel, initrd = web.put("/vmlinuz", KERNEL), web.put("/initrd", b"INITRD")
    result = net("load", "-s", kernel, f"--initrd={initrd}", "--insecure")
    assert result.log == [f"kexec_file_load kernel={len(KERNEL)} initrd=6 cmdline= flags=0"], result.err
    assert [(verb, path) for verb, path, _ in web.requests] == [
        ("HEAD", "/vmlinuz"), ("HEAD", "/initrd"), ("GET", "/vmlinuz"), ("GET", "/initrd")]


def test_classic_grammar(net, web):
    assert net("-l", web.put("/vmlinuz", KERNEL), f"--sha256={sha256(KERNEL)}").log == [LOAD]


def test_plan_and_debug_name_the_address(net, web):
    url = web.put("/vmlinuz", KERNEL)
    plan = net("plan", url.replace("//", "//user:secret@") + "?token=secret", "--insecure")
    assert plan.status == 1 and "secret" not in plan.out + plan.err
    assert f"{url}: " in plan.err


def secret(url):
    return url.replace("//", "//user:secret@") + "?token=secret"


def test_no_message_has_a_password(net, web, tmp_path):
    url, more, text = web.put("/vmlinuz", KERNEL), web.put("/more", KERNEL, cut=1000), b"nothing is listed here\n"
    listed, none = web.put("/SHA256SUMS", servers.sums(vmlinuz=b"another")), web.put("/none", text)
    twice = web.put("/twice", servers.sums(vmlinuz=b"1") + servers.sums(vmlinuz=b"2"))
    led, away = web.put("/led", redirect=secret("ftp://localhost/x")), web.put("/away", redirect=secret(web.url("/not-there")))
    for args in ([secret(url)], [secret(web.url("/not-there")), "--insecure"], [secret(led), "--insecure"],
                 [secret(away), "--insecure"], [secret("gopher://localhost/x"), "--insecure"], [secret(url), "--sha256=" + "0" * 64],
                 [secret(url), f"--sums={secret(listed)}"], [secret(url), f"--sums={secret(listed)}", "--insecure"],
                 [secret(url), f"--sums={secret(twice)}", "--insecure"], [secret(url), f"--sums={secret(none)}", "--insecure"],
                 [secret(url), f"--sums={secret(listed)}", f"--keyring={net.kernel}"],
                 [secret(url), f"--sums={secret(listed)}", f"--sums-signature={secret(none)}"],
                 [net.kernel, f"--sums={secret(listed)}", "--insecure"], [secret(url), "--to-ram"], [secret(url) + ".iso"],
                 [secret(url) + "#member", "--insecure"]):
        for verb in ["load"], ["plan", "--json"]:
            result = net(*verb, *args)
            assert result.status in (NO, 3) and not result.log, (args, result.err)
            assert "http" in result.err + result.out or "gopher" in result.err, (args, result.err)
            assert "secret" not in result.out + result.err, args
    result = loads(net, secret(url), secret(more), "--insecure", f"--initrd={secret(more)}")
    assert f'argument "{more}" is ignored' in result.err and f"trying again to get {more}: " in result.err
    assert "secret" not in result.out + result.err


def test_no_list_of_processes_has_a_password(net, web):
    env = {"KX_FAKE_ROOT": str(net.root), "KX_FAKE_LOG": str(net.folder / "log"), **net.env}
    url, seen = secret(web.put("/vmlinuz", KERNEL, stall=1000)), []
    with subprocess.Popen([FAKE, "load", url, f"--initrd={url}", "--insecure"], env=env, stderr=subprocess.DEVNULL) as command:
        while not web.gets():
            time.sleep(0.01)
        children = pathlib.Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text().split()
        for pid in str(command.pid), *children:
            seen.append(pathlib.Path(f"/proc/{pid}/cmdline").read_text())
        command.kill()
    assert len(seen) == 2 and web.port and f"//***********@localhost:{web.port}/vmlinuz" in seen[0]
    assert "kexec-fetch" in seen[1] and "user" not in "".join(seen)


def test_memory_comes_first(net, web):
    url = web.put("/vmlinuz", KERNEL)
    first = net("load", url, "--insecure").err.splitlines()[0]
    assert first == ("kexec: 204 KiB to fetch; all of it needs 408 KiB of memory with the kernel's copy, 1.4 GiB of 1.9 GiB are "
                     "available")


@pytest.mark.parametrize("more", ["--initrd=/nonexistent", "--add=/nonexistent=/etc/x", "--ssh-keys", "--module=/nonexistent x"])
def test_what_is_here_comes_first(net, web, more):
    """Nobody waits for a download to hear that it was in vain."""
    (net.root / "etc/ssh").mkdir(parents=True, exist_ok=True)
    result = net("load", web.put("/vmlinuz", KERNEL), more, "--insecure")
    assert result.status == NO and not result.log and not web.gets(), result
    assert re.search("cannot open /nonexistent|--ssh-keys: there are no keys", result.err), result


def test_too_little_memory_is_told_before_anything_comes(net, web):
    url = web.put("/vmlinuz", KERNEL, length=800 << 20)
    net.change(proc__meminfo="MemTotal: 2000000 kB\nMemAvailable: 1000000 kB\n")
    assert refuses(net, url, "--insecure") == (
        "not fetched: 1.5 GiB of memory are needed, 976.5 MiB are available; stop what uses memory, or take something smaller")
    net.change(proc__meminfo="MemTotal: 1500000 kB\nMemAvailable: 10000000 kB\n")
    assert refuses(net, url, "--insecure") == (
        "not fetched: the kernel takes at most half of this machine's 1.4 GiB for what is loaded, and this is 800 MiB; take "
        "something smaller")
    assert web.gets() == []


def test_server_that_does_not_tell_sizes(net, web):
    loads(net, web.put("/vmlinuz", KERNEL, head=405), "--insecure")


def test_size_of_a_refusal_is_not_the_files(net):
    refusal = b"HTTP/1.1 403 No\r\nContent-Length: 999999999999\r\nConnection: close\r\n\r\n"
    loads(net, answers_in_turn(refusal, part(KERNEL)), "--insecure")


def test_every_ten_per_cent_is_a_line(net, web):
    content = samples.bzimage() + bytes(40 << 20)
    result = loads(net, web.put("/vmlinuz", content), "--insecure")
    tens = [int(n) for n in re.findall(r"/vmlinuz: (\d+)% of 40", result.err)]
    assert tens == sorted(set(tens)) and tens[-1] == 100 and all(n % 10 == 0 for n in tens)


def test_bar_on_a_terminal(net, web):
    script = shutil.which("script")
    if not script:
        pytest.skip("script is not installed")
    url = web.put("/vmlinuz", KERNEL)
    env = {"PATH": os.environ["PATH"], "KX_FAKE_ROOT": str(net.root), "KX_FAKE_LOG": str(net.folder / "log"), **net.env}
    out = subprocess.run([script, "-qec", f"{FAKE} load {url} --insecure", "/dev/null"], env=env, capture_output=True,
                         timeout=60, check=False, stdin=subprocess.DEVNULL).stdout
    assert out.startswith(b"kexec: 204 KiB to fetch; ")
    assert b"\r\x1b[K[########################] 204 KiB of 204 KiB http://" in out


def test_tftp_and_ftp(net):
    with servers.Tftp({"vmlinuz": KERNEL}) as tftp, servers.Ftp({"vmlinuz": KERNEL}) as ftp:
        loads(net, tftp.url("vmlinuz"), f"--sha256={sha256(KERNEL)}")
        loads(net, ftp.url("vmlinuz"), f"--sha256={sha256(KERNEL)}")
        for server in tftp, ftp:
            assert "cannot fetch " in refuses(net, server.url("none"), "--insecure")


def test_proxy_from_the_environment(net, web, tmp_path):
    url = web.put("/vmlinuz", KERNEL).replace("localhost", "nowhere.example")
    net.env["http_proxy"] = f"http://localhost:{web.port}"
    loads(net, url, "--insecure")
    assert {path for _, path, _ in web.requests} == {url}
    net.env["no_proxy"] = "nowhere.example"
    assert "Could not resolve host: nowhere.example" in refuses(net, url, "--insecure")


def test_https(net, web, tmp_path):
    ca, tls = servers.authority(tmp_path)
    with servers.Web(tls) as secure:
        url = secure.put("/vmlinuz", KERNEL)
        loads(net, url, f"--cacert={ca}")
        assert "cannot fetch https://HOST/vmlinuz: the server cannot show who it is: " in refuses(net, url)
        # Not even then: a name in a certificate is no checksum.
        assert "cannot show who it is" in refuses(net, url, "--insecure")
        net.env["https_proxy"] = f"http://localhost:{web.port}"
        loads(net, url, f"--cacert={ca}")
        assert ("CONNECT", f"localhost:{secure.port}") in [request[:2] for request in web.requests]
    assert refuses(net, url, "--cacert=/nonexistent") == "cannot open /nonexistent: No such file or directory"


def test_interrupt_leaves_nothing(net, web):
    before = tree(net.folder)
    url = web.put("/vmlinuz", KERNEL, stall=1000)
    env = {"KX_FAKE_ROOT": str(net.root), "KX_FAKE_LOG": str(net.folder / "log"), **net.env}
    with subprocess.Popen([FAKE, "load", url, "--insecure"], env=env, stderr=subprocess.PIPE) as command:
        while not web.gets():
            time.sleep(0.01)
        children = pathlib.Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text().split()
        command.send_signal(signal.SIGINT)
        assert command.wait(10) == -signal.SIGINT
    assert len(children) == 1
    assert ends(int(children[0]))
    assert tree(net.folder) == before


# ---- what breaks off -------------------------------------------------------------------------------------------------

OFFSETS = sorted({0, 1, 2, len(KERNEL) - 1, len(KERNEL) - 2} | set(range(3, len(KERNEL), len(KERNEL) // 46)))


def test_there_are_50_offsets():
    assert len(OFFSETS) >= 50


@pytest.mark.parametrize("offset", OFFSETS)
def test_goes_on_where_it_was_cut(net, web, offset):
    url = web.put("/vmlinuz", KERNEL, cut=offset)
    loads(net, url, f"--sha256={sha256(KERNEL)}")
    first, second = web.gets()
    assert "Range" not in first[2]
    # Nothing is there to go on from when nothing came.
    assert second[2].get("Range") == (f"bytes={offset}-" if offset else None)
    assert second[2].get("If-Range") == (web.files["/vmlinuz"].etag if offset else None)


def test_cut_again_and_again(net, web):
    url = web.put("/vmlinuz", KERNEL, cut=len(KERNEL) // 8 - 1, cuts=None)
    result = loads(net, url, f"--sha256={sha256(KERNEL)}")
    assert len(web.gets()) == 9
    assert result.err.count("trying again to get ") == 8


def test_date_names_a_version_where_it_is_old(net, web):
    url = web.put("/vmlinuz", KERNEL, cut=1000, etag="", modified="Mon, 01 Jan 2024 00:00:00 GMT")
    loads(net, url, f"--sha256={sha256(KERNEL)}")
    assert web.gets()[1][2]["If-Range"] == "Mon, 01 Jan 2024 00:00:00 GMT"


@pytest.mark.parametrize("version", [{"etag": ""}, {"etag": 'W/"weak"'},
                                     {"etag": "", "modified": "Thu, 01 Jan 2099 00:00:00 GMT"}])
def test_without_a_sure_version_it_starts_anew(net, web, version):
    url = web.put("/vmlinuz", KERNEL, cut=1000, **version)
    loads(net, url, f"--sha256={sha256(KERNEL)}")
    assert ["Range" in headers for _, _, headers in web.gets()] == [False, False]


def test_ranges_ignored(net, web):
    loads(net, web.put("/vmlinuz", KERNEL, cut=1000, ranges=False), f"--sha256={sha256(KERNEL)}")


def test_another_part_than_asked_for(net, web):
    loads(net, web.put("/vmlinuz", KERNEL, cut=1000, wrong_part=True), f"--sha256={sha256(KERNEL)}")
    assert ["Range" in headers for _, _, headers in web.gets()] == [False, True, False]


def test_changed_meanwhile(net, web):
    url = web.put("/vmlinuz", KERNEL[::-1], cut=1000, change=1)
    loads(net, url, f"--sha256={sha256(KERNEL)}")
    assert len(web.gets()) == 2


def answers_in_turn(*answers, before=()):
    """A server that knows nothing of HTTP and sends these, one to a connection, after what is to be done before; its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        for answer, first in itertools.zip_longest(answers, before):
            with listener.accept()[0] as client:
                client.recv(65536)
                if first:
                    first()
                client.sendall(answer)
        listener.close()

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/vmlinuz"


UNKNOWN = b"HTTP/1.1 405 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def part(content):
    return b"HTTP/1.1 206 Part\r\nConnection: close\r\nContent-Length: %d\r\nContent-Range: bytes 0-%d/%d\r\n\r\n" % (
        len(content), len(content) - 1, len(content)) + content


def test_shorter_the_second_time(net):
    """All of it as a part that nobody asked for, over one that was longer, whose size was not known."""
    longer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % (2 * len(KERNEL)) + bytes(len(KERNEL) + 1000)
    loads(net, answers_in_turn(UNKNOWN, longer, part(KERNEL)), f"--sha256={sha256(KERNEL)}")


def test_gone_after_a_change(net):
    """What is wrong at last is what is said."""
    first = b"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 2000\r\n\r\n" + bytes(1000)
    gone = b"HTTP/1.1 404 Gone\r\nContent-Length: 5\r\nConnection: close\r\n\r\ngone\n"
    said = refuses(net, answers_in_turn(UNKNOWN, first, part(KERNEL), gone), "--insecure", "--fetch-timeout=1")
    assert said.endswith("the server answers with status 404, it has no such file; check the address")


def test_always_cut(net, web):
    url = web.put("/vmlinuz", KERNEL, cut=1000, cuts=None, etag="")
    assert refuses(net, url, "--insecure", "--fetch-timeout=1") == (
        f"cannot fetch http://HOST/vmlinuz: transfer closed with {len(KERNEL) - 1000} bytes remaining to read; given up "
        "after 5 tries, the best of which got 1000 bytes")


def test_cut_before_the_first_byte(net, web):
    url = web.put("/vmlinuz", KERNEL, cut=0, cuts=None)
    assert "given up after 4 tries, the best of which got 0 bytes" in refuses(net, url, "--insecure", "--fetch-timeout=1")


def test_slow_server(net, web):
    url = web.put("/vmlinuz", KERNEL, stall=1000)
    start = time.monotonic()
    said = refuses(net, url, "--insecure", "--fetch-timeout=1")
    assert said.startswith("cannot fetch http://HOST/vmlinuz: Operation too slow.")
    assert "; given up after " in said
    assert time.monotonic() - start < 40


def test_trouble_of_the_server_passes(net, web):
    url = web.put("/vmlinuz", KERNEL)
    web.files["/vmlinuz"].status = 503
    said = refuses(net, url, "--insecure", "--fetch-timeout=1")
    assert said == ("cannot fetch http://HOST/vmlinuz: the server answers with status 503; given up after 4 tries, the best "
                    "of which got 0 bytes")


# ---- what is wrong with what comes -----------------------------------------------------------------------------------

def test_not_there(net, web):
    assert refuses(net, web.url("/none"), "--insecure") == (
        "cannot fetch http://HOST/none: the server answers with status 404, it has no such file; check the address")
    assert [verb for verb, _, _ in web.requests] == ["HEAD"]


def test_nobody_there(net, web):
    with servers.Web() as gone:
        url = gone.url("/vmlinuz")
    said = refuses(net, url, "--insecure")
    assert said.startswith("cannot fetch http://HOST/vmlinuz: Failed to connect to ")


def test_empty(net, web):
    assert refuses(net, web.put("/vmlinuz", b""), "--insecure") == "cannot use http://HOST/vmlinuz: it is empty"


def test_endless(net, web):
    net.change(proc__meminfo="MemTotal: 2000000 kB\nMemAvailable: 20000 kB\n")
    assert refuses(net, web.put("/vmlinuz", KERNEL, endless=True), "--insecure") == (
        "cannot fetch http://HOST/vmlinuz: it has more than 10240000 bytes, the most that is taken")


def test_longer_than_it_says(net, web):
    url = web.put("/vmlinuz", KERNEL, length=len(KERNEL) - 1000)
    said = refuses(net, url, f"--sha256={sha256(KERNEL)}")
    assert said == (f"cannot use http://HOST/vmlinuz: its SHA-256 is {sha256(KERNEL[:-1000])}, and --sha256 says "
                    f"{sha256(KERNEL)}; it is broken, changed or another version")


def test_shorter_than_it_says(net, web):
    url = web.put("/vmlinuz", KERNEL, length=len(KERNEL) + 1000)
    said = refuses(net, url, "--insecure", "--fetch-timeout=1")
    assert "given up after " in said and f"the best of which got {len(KERNEL)} bytes" in said


def test_redirects_go_round(net, web):
    url = web.put("/a")
    web.files["/a"].redirect = web.put("/b", redirect="/a")
    assert refuses(net, url, "--insecure") in (
        "cannot fetch http://HOST/a: the server leads from one address to the next, more than 10 times",
        "cannot fetch http://HOST/b: the server leads from one address to the next, more than 10 times")


def test_redirect_is_followed(net, web):
    web.put("/vmlinuz", KERNEL, cut=1000)
    loads(net, web.put("/a", redirect="/vmlinuz"), f"--sha256={sha256(KERNEL)}")


def test_redirect_to_something_else(net, web):
    for target in "file:///etc/shadow", "ftp://localhost/x", "gopher://localhost/x":
        assert refuses(net, web.put("/a", redirect=target), "--insecure") == (
            f"cannot fetch http://HOST/a: the server leads to {target}, which is neither http nor https")


def test_redirect_from_https_to_http(net, web, tmp_path):
    ca, tls = servers.authority(tmp_path)
    target = web.put("/vmlinuz", KERNEL)
    with servers.Web(tls) as secure:
        url = secure.put("/vmlinuz", redirect=target)
        assert refuses(net, url, f"--cacert={ca}") == (
            "cannot fetch https://HOST/vmlinuz: the server leads away from https, to http://HOST/vmlinuz, where anybody on "
            "the way could change it; say by --sha256 or signed --sums what it must be, or give --insecure")
        assert web.requests == []
        loads(net, url, f"--cacert={ca}", f"--sha256={sha256(KERNEL)}")
        loads(net, url, f"--cacert={ca}", "--insecure")


def test_other_addresses(net):
    assert refuses(net, "gopher://localhost/x", "--insecure") == (
        "cannot fetch gopher://localhost/x: http, https, ftp and tftp are taken")


def test_what_comes_cannot_write_to_the_terminal(net, web):
    url = web.put("/a", redirect="http://localhost/\x1b[31m\x07")
    assert "\x1b" not in net("load", url, "--insecure").err


# ---- what vouches for it ---------------------------------------------------------------------------------------------

def test_plain_connection_needs_a_checksum(net, web):
    assert refuses(net, web.put("/vmlinuz", KERNEL)) == (
        "cannot trust http://HOST/vmlinuz: over this kind of connection anybody on the way can change it; say what it must be "
        "by --sha256, or by --sums with its signature, use https, or give --insecure")
    assert web.requests == []


def test_checksum(net, web):
    url = web.put("/vmlinuz", KERNEL)
    loads(net, url, f"--sha256={sha256(KERNEL).upper()}")
    assert "and --sha256 says " + "0" * 64 in refuses(net, url, "--sha256=" + "0" * 64)
    # Also when what nothing vouches for would do.
    result = net("load", url, "--insecure", "--sha256=" + "0" * 64)
    assert (result.status, result.log) == (NO, []) and "no input has the SHA-256 000" in result.err


def test_checksum_that_is_none(net):
    result = net("load", net.kernel, "--sha256=abc")
    assert (result.status, result.log) == (3, [])
    assert "--sha256=abc is no SHA-256 checksum" in result.err


def test_each_of_several_needs_one(net, web):
    kernel, initrd = web.put("/vmlinuz", KERNEL), web.put("/initrd", b"INITRD")
    loads(net, kernel, f"--initrd={initrd}", f"--sha256={sha256(b'INITRD')}", f"--sha256={sha256(KERNEL)}")
    assert "cannot use http://HOST/initrd: its SHA-256 is " in refuses(
        net, kernel, f"--initrd={initrd}", f"--sha256={sha256(KERNEL)}")


def test_file_of_this_machine(net):
    loads(net, net.kernel, f"--sha256={sha256(net.kernel.read_bytes())}", f"--initrd={net.initrd}")
    assert refuses(net, net.kernel, "--sha256=" + "0" * 64) == (
        f"no input has the SHA-256 {'0' * 64} of --sha256; one is broken, changed or another version")


def test_wrong_checksum_of_something_that_is_no_kernel(net, web):
    """Checked before anything is made of it."""
    assert "its SHA-256 is" in refuses(net, web.put("/vmlinuz", b"no kernel"), "--sha256=" + "0" * 64)


@pytest.fixture
def mirror(web, signer, tmp_path):
    """As a mirror of Debian's has them: InRelease, the images' SHA256SUMS, a kernel."""
    class Mirror:
        images = "/dists/stable/main/installer-amd64/current/images"
        kernel = web.put(f"{images}/netboot/debian-installer/amd64/linux", KERNEL)
        other = web.put(f"{images}/netboot/gtk/debian-installer/amd64/linux", b"OTHER")
        sums_text = (f"{sha256(KERNEL)}  ./netboot/debian-installer/amd64/linux\n"
                     f"{sha256(b'OTHER')}  ./netboot/gtk/debian-installer/amd64/linux\n").encode()
        sums = web.put(f"{images}/SHA256SUMS", sums_text)
        signature = web.put(f"{images}/SHA256SUMS.gpg", signer.detached(sums_text))
        release_text = (f"Origin: Test\nMD5Sum:\n {'0' * 32} 5 main/x\nSHA256:\n {sha256(sums_text)} {len(sums_text)} "
                        "main/installer-amd64/current/images/SHA256SUMS\n").encode()
        release = web.put("/dists/stable/InRelease", signer.around(release_text))
        keyring = signer.keyring(tmp_path / "keyring.gpg")
    return Mirror


def test_signed_checksums(net, web, mirror):
    loads(net, mirror.kernel, f"--sums={mirror.sums}", f"--sums-signature={mirror.signature}", f"--keyring={mirror.keyring}")


def test_chain_of_debian(net, web, mirror):
    loads(net, mirror.kernel, f"--sums={mirror.release}", f"--sums={mirror.sums}", f"--keyring={mirror.keyring}")


def test_keyring_in_armor(net, web, mirror, signer, tmp_path):
    keyring = signer.keyring(tmp_path / "keyring.asc", armor=True)
    loads(net, mirror.kernel, f"--sums={mirror.release}", f"--sums={mirror.sums}", f"--keyring={keyring}")


def test_broken_chain(net, web, mirror):
    args = mirror.kernel, f"--sums={mirror.release}", f"--sums={mirror.sums}", f"--keyring={mirror.keyring}"
    file = web.files[f"{mirror.images}/SHA256SUMS"]
    file.content += b"\n"
    file.length += 1
    assert refuses(net, *args).startswith(
        f"cannot use http://HOST{mirror.images}/SHA256SUMS: its SHA-256 is {sha256(file.content)}, and http://HOST/dists/"
        f"stable/InRelease says {sha256(mirror.sums_text)}; ")


def test_signature_of_something_else(net, web, mirror, signer):
    web.put(f"{mirror.images}/SHA256SUMS.gpg", signer.detached(b"something else"))
    assert refuses(net, mirror.kernel, f"--sums={mirror.sums}", f"--sums-signature={mirror.signature}",
                   f"--keyring={mirror.keyring}") == (
        f"cannot trust http://HOST{mirror.images}/SHA256SUMS: its signature is wrong: it is not what was signed")


def test_changed_text_with_its_signature_around_it(net, web, mirror, signer):
    web.put("/dists/stable/InRelease", signer.around(mirror.release_text).replace(b"Origin: Test", b"Origin: Tess"))
    assert "its signature is wrong" in refuses(
        net, mirror.kernel, f"--sums={mirror.release}", f"--sums={mirror.sums}", f"--keyring={mirror.keyring}")


def test_text_before_and_after_what_is_signed_does_not_count(net, web, mirror, signer):
    evil = f"SHA256:\n {sha256(b'EVIL')} 4 evil\n{sha256(b'EVIL')}  evil\n".encode()
    around = signer.around(mirror.release_text)
    kernel = web.put("/dists/stable/evil", b"EVIL")
    for text in around + evil, b"-----BEGIN PGP SIGNED MESSAGE-----\n\n" + evil + around, evil + around:
        web.put("/dists/stable/InRelease", text)
        said = refuses(net, kernel, f"--sums={mirror.release}", f"--keyring={mirror.keyring}")
        assert said.startswith("cannot trust "), said


def test_another_key(net, web, mirror, tmp_path):
    other = servers.Signer("other")
    keyring = other.keyring(tmp_path / "other.gpg")
    other.close()
    said = refuses(net, mirror.kernel, f"--sums={mirror.release}", f"--sums={mirror.sums}", f"--keyring={keyring}")
    assert said == f"cannot trust http://HOST/dists/stable/InRelease: none of the keys in {keyring} has signed it"


def test_expired_key(net, web, mirror, tmp_path):
    old = servers.Signer("old", "1d", when="20200101T000000")
    web.put("/dists/stable/InRelease", old.around(mirror.release_text))
    keyring = old.keyring(tmp_path / "old.gpg")
    old.close()
    said = refuses(net, mirror.kernel, f"--sums={mirror.release}", f"--sums={mirror.sums}", f"--keyring={keyring}")
    assert said == (f"cannot trust http://HOST/dists/stable/InRelease: its signature or the key of it has expired; is this "
                    f"machine's clock right, and {keyring} up to date?")


def test_revoked_key(net, web, mirror, tmp_path):
    gone = servers.Signer("gone")
    web.put("/dists/stable/InRelease", gone.around(mirror.release_text))
    gone.revoke()
    keyring = gone.keyring(tmp_path / "gone.gpg")
    gone.close()
    assert refuses(net, mirror.kernel, f"--sums={mirror.release}", f"--sums={mirror.sums}", f"--keyring={keyring}") == (
        "cannot trust http://HOST/dists/stable/InRelease: it is signed by a key that was revoked")


def test_signature_by_sha1(net, web, mirror, tmp_path, signer):
    web.put("/dists/stable/InRelease", signer.around(mirror.release_text, "--digest-algo", "SHA1"))
    assert refuses(net, mirror.kernel, f"--sums={mirror.release}", f"--sums={mirror.sums}",
                   f"--keyring={mirror.keyring}").startswith("cannot trust http://HOST/dists/stable/InRelease: no signature")


def test_one_good_signature_beside_an_unknown_one(net, web, mirror, tmp_path, signer):
    """As Debian's are, by the keys of two releases."""
    other = servers.Signer("other")
    text = (f"{sha256(KERNEL)}  linux\n").encode()
    web.put("/two/SHA256SUMS", text)
    both = web.put("/two/SHA256SUMS.gpg", other.detached(text) + signer.detached(text))
    other.close()
    loads(net, web.put("/two/linux", KERNEL), f"--sums={web.url('/two/SHA256SUMS')}", f"--sums-signature={both}",
          f"--keyring={mirror.keyring}")


def test_not_signed_at_all(net, web, mirror):
    assert refuses(net, mirror.kernel, f"--sums={mirror.sums}", f"--keyring={mirror.keyring}") == (
        f"cannot trust http://HOST{mirror.images}/SHA256SUMS: it has no signature in it; give --sums-signature")
    assert "--insecure" in refuses(net, mirror.kernel, f"--sums={mirror.sums}")
    loads(net, mirror.kernel, f"--sums={mirror.sums}", "--insecure")


def test_keyring_is_missing_or_empty(net, web, mirror, tmp_path):
    args = mirror.kernel, f"--sums={mirror.release}", f"--sums={mirror.sums}"
    assert refuses(net, *args, "--keyring=/nonexistent") == (
        "keyring: cannot open /nonexistent: No such file or directory")
    (tmp_path / "empty").write_text("no keys\n")
    assert refuses(net, *args, f"--keyring={tmp_path}/empty").startswith("cannot trust http://HOST/dists/stable/InRelease: ")


def test_gpgv_is_missing(net, web, mirror):
    net.env["KX_FAKE_GPGV"] = "/nonexistent"
    assert refuses(net, mirror.kernel, f"--sums={mirror.release}", f"--keyring={mirror.keyring}") == (
        "cannot check the signature of http://HOST/dists/stable/InRelease: /nonexistent is not there; install gpgv")


def test_options_that_need_one_another(net, web, mirror):
    for args, needed in (((f"--sums-signature={mirror.signature}",), "give --sums, too"),
                         ((f"--keyring={mirror.keyring}",), "give --sums, too"),
                         ((f"--sums={mirror.sums}", f"--sums-signature={mirror.signature}"), "give --keyring"),
                         (("--fetch-timeout=0",), "give 1 to 3600 seconds")):
        result = net("load", mirror.kernel, *args)
        assert (result.status, result.log) == (3, []) and needed in result.err


def test_file_that_the_list_does_not_know(net, web, mirror):
    url = web.put(f"{mirror.images}/hd-media/linux", KERNEL)
    args = f"--sums={mirror.release}", f"--sums={mirror.sums}", f"--keyring={mirror.keyring}"
    # Right bytes under another name are as unknown as any.
    assert refuses(net, url, *args) == (
        f"cannot trust http://HOST{mirror.images}/hd-media/linux: its SHA-256, {sha256(KERNEL)}, is not among those that were "
        "given, and no list of --sums knows it; add a --sha256 or --sums for it, or --insecure")
    assert "warning: nothing vouches for " in net("load", url, *args, "--insecure").err


def test_other_file_of_the_list_under_this_name(net, web, mirror):
    web.put(f"{mirror.images}/netboot/debian-installer/amd64/linux", b"OTHER")
    assert "its SHA-256 is " in refuses(net, mirror.kernel, f"--sums={mirror.release}", f"--sums={mirror.sums}",
                                        f"--keyring={mirror.keyring}")


def test_list_of_this_machine(net, web, mirror, tmp_path):
    (tmp_path / "SHA256SUMS").write_bytes(mirror.sums_text)
    loads(net, mirror.kernel, f"--sums={tmp_path}/SHA256SUMS")
    said = refuses(net, net.kernel, f"--sums={tmp_path}/SHA256SUMS")
    assert said.startswith(f"none of the inputs is in {tmp_path}/SHA256SUMS; ")
    (tmp_path / "mine").write_bytes(servers.sums(vmlinuz=b"another"))
    assert "says " + sha256(b"another") in refuses(net, net.kernel, f"--sums={tmp_path}/mine")


def test_list_with_nothing_in_it(net, tmp_path):
    (tmp_path / "SHA256SUMS").write_text("nothing\n")
    assert refuses(net, net.kernel, f"--sums={tmp_path}/SHA256SUMS") == (
        f"cannot use {tmp_path}/SHA256SUMS: there is no SHA-256 checksum in it, as sha256sum writes them")


# ---- members of archives ---------------------------------------------------------------------------------------------

@pytest.fixture
def archive(tmp_path):
    if not (BUILD / "tools/kexec-unpack").exists():
        pytest.skip("kexec-unpack was not built: no libarchive")
    folder = tmp_path / "archive/debian-installer/amd64"
    folder.mkdir(parents=True)
    (folder / "linux").write_bytes(KERNEL)
    (folder / "initrd.gz").write_bytes(b"INITRD")
    subprocess.run(["tar", "-C", tmp_path / "archive", "-czf", tmp_path / "netboot.tar.gz", "."], check=True, timeout=60)
    return tmp_path / "netboot.tar.gz"


def test_members_of_an_archive_that_is_fetched_once(net, web, archive):
    content = archive.read_bytes()
    url = web.put("/netboot.tar.gz", content)
    result = net("load", "-s", f"{url}#debian-installer/amd64/linux", f"--initrd={url}#debian-installer/amd64/initrd.gz",
                 f"--sha256={sha256(content)}")
    assert result.log == [f"kexec_file_load kernel={len(KERNEL)} initrd=6 cmdline= flags=0"], result.err
    assert [verb for verb, _, _ in web.requests] == ["HEAD", "GET"]


def test_members_of_an_archive_that_is_in_a_list(net, web, archive, tmp_path, signer):
    text = servers.sums(**{"netboot.tar.gz": archive.read_bytes()})
    url, sums = web.put("/x/netboot.tar.gz", archive.read_bytes()), web.put("/x/SHA256SUMS", signer.around(text))
    args = f"{url}#debian-installer/amd64/linux", f"--sums={sums}", f"--keyring={signer.keyring(tmp_path / 'keyring.gpg')}"
    loads(net, *args)
    web.put("/x/netboot.tar.gz", archive.read_bytes() + b"x")
    assert "and http://HOST/x/SHA256SUMS says " in refuses(net, *args)


def test_archive_is_checked_before_it_is_read(net, web):
    """Were it read first, it would be said that it is none."""
    url = web.put("/netboot.tar.gz", b"no archive")
    assert "its SHA-256 is " in refuses(net, f"{url}#linux", "--sha256=" + "0" * 64)


def test_image_of_a_disc_is_not_fetched_for_nothing(net, web):
    assert refuses(net, web.put("/live.iso", KERNEL), "--insecure") == (
        "cannot start http://HOST/live.iso: the system on an image of a disc needs that after the start; give --to-ram, which "
        "keeps it in memory, or --memdisk FILE where it is not Linux, or fetch it to a disk first")
    assert web.requests == []


# ---- files of this machine, which somebody else can write ------------------------------------------------------------

def changed_meanwhile(net, path, content):
    """The address of an initrd; by the time that it is fetched, the file has this content, which no time of it tells."""
    with path.open("r+b") as file:
        mapping = mmap.mmap(file.fileno(), 0)
    mapping[:] = mapping[:]

    def change():
        mapping[:] = content

    return answers_in_turn(UNKNOWN, part(b"LAST"), before=(None, change))


@pytest.mark.parametrize("archived", [False, True])
def test_what_is_loaded_is_what_was_checked(net, archived, tmp_path):
    file, member = net.file("mine", b"GOOD" * 3000), ""
    good, bad = b"GOOD" * 3000, b"EVIL" * 3000
    if archived:
        with tarfile.open(file, "w") as tar:
            tar.add(net.file("in", good), "in")
        member, good, bad = "#in", file.read_bytes(), file.read_bytes().replace(b"GOOD", b"EVIL")
    url = changed_meanwhile(net, file, bad)
    net.env["KX_FAKE_INITRD"] = str(tmp_path / "loaded")
    # An archive is held from its first member on.
    first = [f"--initrd={file}{member}"] if archived else []
    result = net("load", "-s", net.kernel, *first, f"--initrd={file}{member}" if not archived else f"--initrd={url}",
                 f"--initrd={file}{member}" if archived else f"--initrd={url}", f"--sha256={sha256(good)}", f"--sha256={sha256(b'LAST')}")
    assert file.read_bytes() == bad
    loaded = (tmp_path / "loaded").read_bytes()
    assert loaded.count(b"GOOD") == 3000 * (1 + archived) and b"EVIL" not in loaded and b"LAST" in loaded, result.err


def test_no_room_for_what_is_checked(net):
    large = net.file("large", bytes(20 << 20))
    net.change(proc__meminfo="MemTotal: 2000000 kB\nMemAvailable: 40000 kB\n")
    assert refuses(net, net.kernel, f"--initrd={large}", f"--sha256={sha256(bytes(20 << 20))}") == (
        f"cannot check {large}: what is checked is kept in memory, and it has 20 MiB, where there is room for 19.5 MiB; stop what "
        "uses memory")


# ---- a program that is not to be trusted -----------------------------------------------------------------------------

def instead(net, script):
    """Something else in the place of kexec-fetch."""
    folder = net.folder / "libexec"
    folder.mkdir(exist_ok=True)
    (folder / "kexec-fetch").write_text("#!/bin/sh\n" + script)
    (folder / "kexec-fetch").chmod(0o755)
    net.env["KX_FAKE_LIBEXEC"] = str(folder)


@pytest.mark.parametrize("reports", [
    "head -c 100000 /dev/zero >&4", "head -c 100000 /dev/urandom >&4", "yes progress 9 3 | head -n 9999 >&4",
    "echo progress -1 99999999999999999999999999 >&4", "printf 'progress 1' >&4", "echo size 18446744073709551615 >&4",
    "printf 'again \\033[31m%02000d\\n' 1 >&4", "exec 4>&-",
])
def test_reports_are_not_believed(net, reports):
    instead(net, f'{reports}\ncase "$*" in *--size*) ;; *) cat {net.kernel} >&3;; esac\n')
    result = net("load", "https://localhost/vmlinuz")
    if "size" in reports:
        assert (result.status, result.log) == (NO, []) and "not fetched: " in result.err
    else:
        assert (result.status, result.log) == (1, [LOAD]), result.err
    assert "\033" not in result.err and len(result.err) < 3000


@pytest.mark.parametrize("script", ["sleep 100 & wait", "yes progress 5 9 >&4", "exec 4>&-; sleep 100 & wait"])
def test_program_that_does_not_end(net, script):
    instead(net, f'case "$*" in *--size*) ;; *) {script};; esac\n')
    start = time.monotonic()
    said = refuses(net, "https://localhost/vmlinuz", "--fetch-timeout=1")
    assert re.search(r"got no further for 21 seconds, and was ended|took more than 10 seconds, and was ended", said)
    assert time.monotonic() - start < 50


def test_progress_gives_more_time(net):
    """More than the time that it has without any."""
    steps = "for i in 1 2 3 4 5 6; do echo progress $i 9 >&4; sleep 4; done"
    instead(net, f'case "$*" in *--size*) ;; *) {steps}; cat {net.kernel} >&3;; esac\n')
    loads(net, "https://localhost/vmlinuz", "--fetch-timeout=1")


def test_program_that_dies_or_writes_too_much(net):
    instead(net, "kill -KILL $$\n")
    assert refuses(net, "https://localhost/vmlinuz").endswith("kexec-fetch was ended by signal 9 (Killed)")
    instead(net, 'case "$*" in *--size*) ;; *) cat /dev/zero >&3;; esac\n')
    net.change(proc__meminfo="MemTotal: 2000000 kB\nMemAvailable: 20000 kB\n")
    assert refuses(net, "https://localhost/vmlinuz") == "File size limit exceeded"


# ---- without the program ---------------------------------------------------------------------------------------------

def test_without_the_program(net, web):
    net.env["KX_FAKE_LIBEXEC"] = "/nonexistent"
    assert refuses(net, web.put("/vmlinuz", KERNEL), "--insecure") == (
        "cannot fetch http://HOST/vmlinuz: the program for it, /nonexistent/kexec-fetch, is not installed; install it, or fetch "
        "the file by other means and give its path")


def test_program_by_hand():
    run = subprocess.run([BUILD / "tools/kexec-fetch"], capture_output=True, text=True, timeout=10, check=False)
    assert (run.returncode, run.stderr) == (1, "kexec-fetch is a part of kexec, which starts it; see kexec(8)\n")
