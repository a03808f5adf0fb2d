# SPDX-License-Identifier: GPL-2.0-or-later
"""--signed-by: whose kernel it is, said by its own signature, by one behind it, or by one in a file; and whatever is wrong with them."""

import re
import struct
import subprocess

import pytest

import conftest
import samples
from test_load import LOAD

NO = 2
PROGRAM = conftest.BUILD / "tools/kexec-verify"
MAGIC = b"~Module signature appended~\n"

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="kexec-verify was not built: no OpenSSL")


def run(*args):
    subprocess.run([str(arg) for arg in args], check=True, capture_output=True)


class Authority:
    """Somebody with a key and a certificate: self-made, or vouched for by somebody else."""

    def __init__(self, folder, name, by=None, expired=False):
        self.key, self.pem, self.der = (folder / f"{name}.{kind}" for kind in ("key", "pem", "der"))
        issuer = ["-CA", by.pem, "-CAkey", by.key] if by else []
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", self.pem,
            "-days", "3650", "-subj", f"/CN={name}", "-sha256", *issuer)
        if expired:
            run("openssl", "x509", "-x509toreq", "-in", self.pem, "-signkey", self.key, "-out", folder / "request")
            run("openssl", "x509", "-req", "-in", folder / "request", "-signkey", self.key, "-days", "-1", "-out", self.pem)
        run("openssl", "x509", "-in", self.pem, "-outform", "DER", "-out", self.der)

    def sign_pe(self, path, to, *more):
        run("sbsign", "--key", self.key, "--cert", self.pem, *more, "--output", to, path)
        return to

    def message(self, path, *more, form="DER"):
        """A detached signature, as the kernel's sign-file makes it."""
        to = path.with_name(f"{path.name}.{len(more)}.{form}")
        run("openssl", "cms", "-sign", "-binary", "-in", path, "-signer", self.pem, "-inkey", self.key, "-outform", form,
            "-out", to, *(more or ("-noattr", "-nocerts", "-keyid")))
        return to


@pytest.fixture(scope="session")
def people(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    root = Authority(folder, "root")
    return {"root": root, "signer": Authority(folder, "signer", by=root), "other": Authority(folder, "other"),
            "expired": Authority(folder, "expired", expired=True)}


def uki(more=32768):
    """A unified kernel image whose headers a signer can read ("PE Format")."""
    sections = {".linux": samples.bzimage(), ".cmdline": b"own", ".rodata": bytes(more)}
    head = bytearray(0x400)
    head[0:2], head[0x80:0x84] = b"MZ", b"PE\0\0"
    struct.pack_into("<I", head, 0x3C, 0x80)
    struct.pack_into("<HHIIIHH", head, 0x84, 0x8664, len(sections), 0, 0, 0, 240, 0x22E)
    struct.pack_into("<H", head, 0x98, 0x20B)
    struct.pack_into("<II", head, 0x98 + 32, 0x1000, 512)  # alignments
    struct.pack_into("<II", head, 0x98 + 56, 0x100000, len(head))  # sizes of image and headers
    struct.pack_into("<HH", head, 0x98 + 68, 10, 0)
    struct.pack_into("<I", head, 0x98 + 108, 16)
    body = b""
    for i, (name, content) in enumerate(sections.items()):
        raw = content + bytes(-len(content) % 512)
        struct.pack_into("<8sIIIIIIHHI", head, 0x98 + 240 + 40 * i, name.encode(), len(content), 0x1000 + len(body),
                         len(raw), len(head) + len(body), 0, 0, 0, 0, 0x60000020)
        body += raw
    return bytes(head) + body


DIRECTORY = 0x98 + 112 + 4 * 8
CHECKSUM = 0x98 + 64


@pytest.fixture
def tool(kexec):
    kexec.env["KX_FAKE_LIBEXEC"] = str(PROGRAM.parent)
    return kexec


@pytest.fixture
def image(tool):
    return tool.file("image.efi", uki())


def is_taken(tool, path, *args):
    result = tool("load", path, *args)
    assert result.log == [LOAD], result.err


def is_refused(tool, path, *args, says):
    result = tool("load", path, *args)
    assert result.status != 0 and not result.log
    assert says in result.err, result.err
    return result


@pytest.mark.parametrize("by", ["signer", "root"])
@pytest.mark.parametrize("form", ["pem", "der"])
def test_image(tool, image, people, by, form):
    signed = people["signer"].sign_pe(image, tool.folder / "signed.efi")
    is_taken(tool, signed, f"--signed-by={getattr(people[by], form)}")


def test_one_of_several_certificates_is_enough(tool, image, people):
    signed = people["signer"].sign_pe(image, tool.folder / "signed.efi")
    is_taken(tool, signed, f"--signed-by={people['other'].pem}", f"--signed-by={people['root'].pem}")
    both = tool.file("both.pem", people["other"].pem.read_bytes() + people["root"].pem.read_bytes())
    is_taken(tool, signed, f"--signed-by={both}")


def test_one_of_several_signatures_is_enough(tool, image, people):
    first = people["other"].sign_pe(image, tool.folder / "first.efi")
    both = people["signer"].sign_pe(first, tool.folder / "both.efi")
    for name in "other", "signer", "root":
        is_taken(tool, both, f"--signed-by={people[name].pem}")
    is_refused(tool, both, f"--signed-by={people['expired'].pem}", says="is not signed by any of the certificates")


def test_somebody_else(tool, image, people):
    signed = people["signer"].sign_pe(image, tool.folder / "signed.efi")
    result = is_refused(tool, signed, f"--signed-by={people['other'].pem}",
                        says="is not signed by any of the certificates given by --signed-by")
    assert result.err.startswith(f"kexec: {signed}: ")


def test_who_is_vouched_for_does_not_vouch(tool, image, people):
    """The root's signature, and only its child is believed."""
    signed = people["root"].sign_pe(image, tool.folder / "signed.efi")
    is_refused(tool, signed, f"--signed-by={people['signer'].pem}", says="is not signed by any of the certificates")


def test_time_is_not_looked_at(tool, image, people):
    """As in UEFI: see kexec(8)."""
    late = people["expired"]
    assert subprocess.run(["openssl", "x509", "-in", late.pem, "-noout", "-checkend", "0"], check=False,
                          capture_output=True).returncode
    is_taken(tool, late.sign_pe(image, tool.folder / "signed.efi"), f"--signed-by={late.pem}")


def test_no_signature(tool, image, people):
    is_refused(tool, image, f"--signed-by={people['root'].pem}", says="carries no signature")
    is_refused(tool, tool.kernel, f"--signed-by={people['root'].pem}",
               says="carries no signature; give a detached one by --signature")


def test_each_region_is_signed(tool, image, people):
    """A bit in the header, on both sides of what is left out, in a section, in the last byte, in the message."""
    signed = people["signer"].sign_pe(image, tool.folder / "signed.efi").read_bytes()
    table = struct.unpack_from("<I", signed, DIRECTORY)[0]
    changed = "is not what was signed: it was changed afterwards"
    for at in 2, CHECKSUM - 1, CHECKSUM + 4, DIRECTORY - 1, DIRECTORY + 8, 0x400, 0x2000, table - 1:
        bad = bytearray(signed)
        bad[at] ^= 1
        is_refused(tool, tool.file("bad.efi", bad), f"--signed-by={people['root'].pem}", says=changed)
    bad = tool.file("bad.efi", signed + b"more")
    is_refused(tool, bad, f"--signed-by={people['root'].pem}", says="does not end where the file does")
    # What is left out: the checksum.
    good = bytearray(signed)
    good[CHECKSUM] ^= 1
    is_taken(tool, tool.file("good.efi", good), f"--signed-by={people['root'].pem}")


def test_message_is_whole(tool, image, people):
    signed = people["signer"].sign_pe(image, tool.folder / "signed.efi").read_bytes()
    table, size = struct.unpack_from("<II", signed, DIRECTORY)
    for at in range(table + 8, table + size - 16, 37):
        bad = bytearray(signed)
        bad[at] ^= 0x55
        result = tool("load", tool.file("bad.efi", bad), f"--signed-by={people['signer'].pem}")
        # Of what the certificates in it say besides their key nothing is believed, as of who issued the one that is given.
        assert result.log in ([], [LOAD])
        if not result.log:
            assert re.search("malformed signature|is not signed by|is not what was signed|which is not safe", result.err)
    assert not tool("load", tool.file("bad.efi", signed[:table + 8] + bytes(size - 8)),
                    f"--signed-by={people['signer'].pem}").log


@pytest.mark.parametrize("at, value, says", [
    (0, 7, "reaches past its end"), (0, 0, "reaches past its end"), (0, 0xFFFFFFFF, "reaches past its end"),
    (4, 0x00020100, "no signature of a known kind"), (4, 0x00010200, "no signature of a known kind")])
def test_malformed_table(tool, image, people, at, value, says):
    bad = bytearray(people["signer"].sign_pe(image, tool.folder / "signed.efi").read_bytes())
    struct.pack_into("<I", bad, struct.unpack_from("<I", bad, DIRECTORY)[0] + at, value)
    is_refused(tool, tool.file("bad.efi", bad), f"--signed-by={people['root'].pem}", says=says)


def test_table_elsewhere(tool, image, people):
    bad = bytearray(people["signer"].sign_pe(image, tool.folder / "signed.efi").read_bytes())
    for at, size, says in (0x10, 64, "does not end where"), (0x10, len(bad) - 0x10, "lies in the file's header"), (len(bad), 64, "reaches past its end"), \
            (0xFFFFFFF0, 0xFFFFFFF0, "reaches past its end"):
        struct.pack_into("<II", bad, DIRECTORY, at, size)
        is_refused(tool, tool.file("bad.efi", bad), f"--signed-by={people['root'].pem}", says=says)


def test_table_in_the_middle(tool, image, people):
    """What is hashed is the same, but all behind it is somewhere else: headers and readers go by offsets."""
    signed = people["signer"].sign_pe(image, tool.folder / "signed.efi").read_bytes()
    table, size = struct.unpack_from("<II", signed, DIRECTORY)
    blob = struct.pack("<IHH", 8 + 4096, 0x200, 1) + b"E" * 4096 + signed[table:table + size]
    bad = bytearray(signed[:0x600] + blob + signed[0x600:table])
    struct.pack_into("<II", bad, DIRECTORY, 0x600, len(blob))
    is_refused(tool, tool.file("bad.efi", bad), f"--signed-by={people['root'].pem}", says="does not end where the file does")


def test_too_little_is_signed(tool, people):
    """What is behind it is nobody's, and other formats' headers are looked for there."""
    signed = people["signer"].sign_pe(tool.file("small.efi", uki(0)), tool.folder / "signed.efi")
    is_refused(tool, signed, f"--signed-by={people['root'].pem}", says="is too little for a kernel")


def test_old_digest(tool, people):
    message = people["signer"].message(tool.kernel, "-md", "sha1")
    is_refused(tool, tool.kernel, f"--signed-by={people['root'].pem}", f"--signature={message}",
               says="by way of sha1, which is not safe")


@pytest.mark.parametrize("form", ["DER", "PEM"])
@pytest.mark.parametrize("by", ["signer", "other"])
def test_detached(tool, people, form, by):
    message = people[by].message(tool.kernel, form=form)
    is_taken(tool, tool.kernel, f"--signed-by={people[by].pem}", f"--signature={message}")
    is_refused(tool, tool.kernel, f"--signed-by={people['expired'].pem}", f"--signature={message}",
               says="is not signed by any")
    changed = tool.file("changed", tool.kernel.read_bytes() + b"\0")
    is_refused(tool, changed, f"--signed-by={people[by].pem}", f"--signature={message}", says="is not signed by any")


def test_detached_with_certificates_and_attributes(tool, people):
    message = people["signer"].message(tool.kernel, "-md", "sha384")
    is_taken(tool, tool.kernel, f"--signed-by={people['root'].pem}", f"--signature={message}")


def test_message_with_contents_of_its_own(tool, people):
    """It would be good for what is in it, whatever the file is."""
    message = people["signer"].message(tool.kernel, "-nodetach")
    is_refused(tool, tool.kernel, f"--signed-by={people['root'].pem}", f"--signature={message}",
               says="it has contents of its own")


def appended(content, message, kind=2, size=None):
    return content + message + struct.pack(">8BI", 0, 0, kind, 0, 0, 0, 0, 0, len(message) if size is None else size) + MAGIC


def test_appended(tool, people):
    """Such a kernel is no bzImage for x86, which has nothing behind it: so it is only asked whether it is refused for that."""
    content = tool.kernel.read_bytes() + bytes(32768)
    message = people["signer"].message(tool.file("padded", content)).read_bytes()
    by = f"--signed-by={people['signer'].pem}"

    def of(*args, **more):
        return tool.file("appended", appended(*args, **more))

    assert "sign" not in tool("load", of(content, message), by).err
    is_refused(tool, of(content[:-1] + b"x", message), by, says="is not signed by any")
    is_refused(tool, of(content, message), f"--signed-by={people['other'].pem}", says="is not signed by any")
    is_refused(tool, of(content, message, kind=1), by, says="of type 1, not PKCS#7")
    is_refused(tool, of(content, message, size=0xFFFFFFFF), by, says="larger than the file")
    is_refused(tool, of(content, message, size=0), by, says="larger than the file")
    is_refused(tool, of(content, b"nothing"), by, says="no PKCS#7 or CMS")
    is_refused(tool, tool.file("appended", b"short" + MAGIC), by, says="the file begins within it")


def test_what_is_no_certificate(tool):
    is_refused(tool, tool.kernel, f"--signed-by={tool.initrd}", says="is no certificate; give one in PEM or DER")
    is_refused(tool, tool.kernel, "--signed-by=nowhere", says="cannot open nowhere")


def test_signature_without_signer(tool):
    is_refused(tool, tool.kernel, f"--signature={tool.initrd}", says="--signature says nothing without --signed-by")


def test_not_installed(kexec, people):
    is_refused(kexec, kexec.kernel, f"--signed-by={people['root'].pem}",
               says="--signed-by needs /nonexistent/kexec-verify, which is not installed")


def test_pipe(tool, image, people):
    signed = people["signer"].sign_pe(image, tool.folder / "signed.efi")
    with open(signed, "rb") as pipe:
        result = tool("load", "-", f"--signed-by={people['root'].pem}", stdin=pipe)
    assert result.log == [LOAD]
