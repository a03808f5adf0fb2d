# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers of the tests' own on loopback, with the faults that real ones have, and keys to sign with."""

import contextlib
import email.utils
import hashlib
import http.server
import os
import pathlib
import re
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse

# ---- HTTP ------------------------------------------------------------------------------------------------------------


class File:
    """A file on a server, with what goes wrong when it is asked for.

    cut: an answer ends after so many bytes of its body; cuts: how often (None: always)
    stall: the same, but the connection stays open and nothing more comes
    length: what Content-Length says; None: nothing
    ranges: parts are given out; etag, modified: its version ("" for none)
    redirect: another address in its place; status: and nothing else
    endless: more and more of it, and no Content-Length
    change: after this many requests it has another content and version
    """

    def __init__(self, content=b"", **faults):
        self.content = content
        self.cut = self.stall = self.redirect = self.change = None
        self.cuts = 1
        self.status = 200
        self.ranges, self.endless, self.wrong_part = True, False, False
        self.etag = '"' + hashlib.sha256(content).hexdigest()[:16] + '"'
        self.modified = ""
        self.length = len(content)
        self.head = 200
        vars(self).update(faults)

    def cuts_now(self):
        if self.cut is None or self.cuts == 0:
            return False
        if self.cuts is not None:
            self.cuts -= 1
        return True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def version_string(self):
        return "test"

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def find(self):
        path = re.sub(r"^https?://[^/]*", "", self.path).partition("?")[0]
        self.server.owner.requests.append((self.command, self.path, dict(self.headers)))
        return self.server.owner.files.get(urllib.parse.unquote(path))

    def answer(self, body):
        file = self.find()
        if file is None or file.status != 200 or (not body and file.head != 200):
            return self.nothing(404 if file is None else file.status if file.status != 200 else file.head)
        if file.redirect:
            self.send_response(302)
            self.send_header("Location", file.redirect)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if body and file.change is not None:
            file.change -= 1
            if file.change < 0:
                file.content, file.change = file.content[::-1], None
                file.etag = '"another"' if file.etag else ""
        start = self.part(file)
        self.headers_of(file, start)
        if body:
            self.body(file, start)
        return None

    def nothing(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def part(self, file):
        """Where the answer begins; None for all of it."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        version = self.headers.get("If-Range")
        if not asked or not file.ranges or (version and version not in (file.etag, file.modified)):
            return None
        return int(asked[1])

    def headers_of(self, file, start):
        self.send_response(200 if start is None else 206)
        if file.etag:
            self.send_header("ETag", file.etag)
        if file.modified:
            self.send_header("Last-Modified", file.modified)
        if start is not None:
            said = start + 1 if file.wrong_part else start
            self.send_header("Content-Range", f"bytes {said}-{len(file.content) - 1}/{len(file.content)}")
        if file.length is not None and not file.endless:
            self.send_header("Content-Length", str(file.length - (start or 0)))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()

    def body(self, file, start):
        with contextlib.suppress(OSError):
            if file.endless:
                while True:
                    self.wfile.write(file.content)
            rest = file.content[start or 0:]
            if file.cuts_now():
                rest = rest[:max(file.cut - (start or 0), 0) if file.cuts is not None else file.cut]
                self.close_connection = True
            if file.stall is not None:
                self.wfile.write(rest[:max(file.stall - (start or 0), 0)])
                self.wfile.flush()
                self.server.owner.ended.wait(20)
                self.close_connection = True
            else:
                self.wfile.write(rest)
            if len(rest) + (start or 0) < (file.length or 0):
                self.close_connection = True

    def do_CONNECT(self):
        """As a proxy for https: bytes go through."""
        self.server.owner.requests.append((self.command, self.path, dict(self.headers)))
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as far:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=pump, args=(far, self.connection), daemon=True)
            back.start()
            pump(self.connection, far)
            back.join(5)
        self.close_connection = True


def pump(source, target):
    with contextlib.suppress(OSError):
        while block := source.recv(65536):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


class Web:
    """`with Web() as web:` serves web.files, by path; with @tls, (certificate, key), by https."""

    def __init__(self, tls=None, host="127.0.0.1"):
        self.files, self.requests = {}, []
        self.ended = threading.Event()
        self.server = Quiet((host, 0), Handler)
        self.server.owner = self
        self.port = self.server.server_address[1]
        self.scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def put(self, path, content=b"", **faults):
        """A file; its address."""
        self.files[path] = File(content, **faults)
        return self.url(path)

    def url(self, path):
        return f"{self.scheme}://localhost:{self.port}{path}"

    def gets(self):
        return [request for request in self.requests if request[0] == "GET"]


# ---- TFTP (RFC 1350) and FTP (RFC 959), as much as a client asks for ------------------------------------------------------


class Serving:
    """What answers on a socket of its own, from when it is entered until it is left."""

    def __init__(self, files, listening):
        self.files, self.socket = files, listening
        self.host, self.port = listening.getsockname()

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.socket.close()

    def url(self, name):
        return f"{type(self).__name__.lower()}://127.0.0.1:{self.port}/{name}"


class Tftp(Serving):
    """Files without options, so in blocks of 512 bytes."""

    def __init__(self, files, host="127.0.0.1"):
        listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listening.bind((host, 0))
        super().__init__(files, listening)

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                request, client = self.socket.recvfrom(2048)
                name = request[2:].split(b"\0")[0].decode()
                threading.Thread(target=self.send, args=(self.files.get(name), client), daemon=True).start()

    def send(self, content, client):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as to:
            to.bind((self.host, 0))
            to.settimeout(5)
            if content is None:
                to.sendto(struct.pack("!HH", 5, 1) + b"no such file\0", client)
                return
            for number, at in enumerate(range(0, len(content) + 1, 512), 1):
                to.sendto(struct.pack("!HH", 3, number & 0xffff) + content[at:at + 512], client)
                to.recvfrom(64)


class Ftp(Serving):
    def __init__(self, files, host="127.0.0.1"):
        super().__init__(files, socket.create_server((host, 0)))

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        with client, socket.create_server((self.host, 0)) as data, client.makefile("rw", newline="\r\n") as line:
            def say(text):
                line.write(text + "\n")
                line.flush()

            say("220 test")
            for command in line:
                verb, _, argument = command.strip().partition(" ")
                content = self.files.get(argument.lstrip("/"))
                if verb == "USER":
                    say("230 in")
                elif verb == "EPSV":
                    say(f"229 Entering Extended Passive Mode (|||{data.getsockname()[1]}|)")
                elif verb == "SIZE":
                    say("550 no such file" if content is None else f"213 {len(content)}")
                elif verb == "RETR" and content is not None:
                    say("150 here it comes")
                    to, _ = data.accept()
                    with to:
                        to.sendall(content)
                    say("226 done")
                elif verb in ("PWD", "TYPE", "CWD", "REST", "QUIT"):
                    say({"PWD": '257 "/"', "QUIT": "221 bye"}.get(verb, "200 well"))
                else:
                    say("550 no such file" if verb == "RETR" else "502 no")


# ---- certificates and keys ------------------------------------------------------------------------------------------------


def authority(folder):
    """A new authority's certificate, and a server's for localhost: (authority, (certificate, key))."""
    def openssl(*args):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, timeout=60)

    ca, ca_key, cert, key, ask, more = (folder / n for n in ("ca.pem", "ca.key", "cert.pem", "cert.key", "ask", "more"))
    new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl(*new, "-x509", "-days", 30, "-subj", "/CN=authority of a test", "-keyout", ca_key, "-out", ca)
    openssl(*new, "-subj", "/CN=localhost", "-keyout", key, "-out", ask)
    more.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", ask, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", 30, "-extfile", more,
            "-out", cert)
    return ca, (cert, key)


class Signer:
    """A key of OpenPGP's in a GnuPG home of its own; @expires: when it does, as --quick-generate-key takes it."""

    def __init__(self, name="tester", expires="never", when=None):
        # GnuPG's socket must have a short path.
        self.home = tempfile.mkdtemp(prefix="kx")
        self.when = [f"--faked-system-time={when}"] if when else []
        self.gpg("--passphrase", "", "--quick-generate-key", f"{name}@example.org", "ed25519", "sign", expires)

    def gpg(self, *args, text=None):
        command = ["gpg", "--homedir", self.home, "--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", *self.when, *args]
        return subprocess.run(command, input=text, check=True, capture_output=True, timeout=60).stdout

    def keyring(self, path, armor=False):
        path.write_bytes(self.gpg(*(["--armor"] if armor else []), "--export"))
        return path

    def detached(self, text):
        return self.gpg("--detach-sign", text=text)

    def around(self, text, *how):
        return self.gpg(*how, "--clearsign", text=text)

    def revoke(self):
        """The key is good for nothing from now on."""
        path = next(pathlib.Path(self.home, "openpgp-revocs.d").iterdir())
        path.write_text(path.read_text().replace(":-----BEGIN", "-----BEGIN"))
        self.gpg("--import", str(path))

    def close(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False, capture_output=True, timeout=60)
        shutil.rmtree(self.home, ignore_errors=True)


def sums(**files):
    """SHA256SUMS of contents by name."""
    return "".join(f"{hashlib.sha256(c).hexdigest()}  {n}\n" for n, c in files.items()).encode()


def debian_mirror(web, signer, kernel, initrd, codename="trixie", files=None):
    """What a mirror of Debian has for the installer, as /debian: the paths of kernel and initrd. @files: more, by path."""
    top, images = f"dists/{codename}/", "main/installer-amd64/current/images"
    names = [f"netboot/debian-installer/amd64/{name}" for name in ("linux", "initrd.gz")]
    listed = sums(**{f"./{name}": content for name, content in zip(names, (kernel, initrd))})
    files = {f"{top}{images}/SHA256SUMS": listed, **(files or {})}
    release = (f"Origin: Debian\nSuite: stable\nCodename: {codename}\nDate: {email.utils.formatdate(usegmt=True)}\n"
               "Architectures: amd64\nComponents: main\nSHA256:\n")
    for path, content in files.items():
        web.put(f"/debian/{path}", content)
        if path.startswith(top):
            release += f" {hashlib.sha256(content).hexdigest()} {len(content)} {path.removeprefix(top)}\n"
    for name, content in zip(names, (kernel, initrd)):
        web.put(f"/debian/{top}{images}/{name}", content)
    for name, content in (("InRelease", signer.around(release.encode())), ("Release", release.encode()),
                          ("Release.gpg", signer.detached(release.encode()))):
        web.put(f"/debian/{top}{name}", content)
    return [f"/debian/{top}{images}/{name}" for name in names]
