# SPDX-License-Identifier: GPL-2.0-or-later
"""vmcore-dmesg on the memory of running kernels, as QEMU writes it out, against what those kernels say themselves;
coldreboot against a reboot that prefers kexec."""

import json
import os
import struct
import subprocess
from pathlib import Path

import pytest

from lab import assets, jump
from lab.initrd import Initrd, packaged

TOOL = Path(os.environ.get("KEXEC_BUILD_DIR", "build")).resolve() / "tools/vmcore-dmesg"
COLDREBOOT = Path(__file__).parents[2] / "tools/coldreboot"
# Bytes that no terminal should get, an empty line within, and a level.
SAY = r"printf '<3>lab: two\nlines \\ \001 \303\251' > /dev/kmsg; echo 'lab: end' > /dev/kmsg"


def log_of(file, *options):
    result = subprocess.run([TOOL, *options, file], capture_output=True, text=True, timeout=120, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def in_order(flattened, file):
    """What makedumpfile -R does: QEMU before 8.2 writes compressed dumps in the flattened format only."""
    with open(flattened, "rb") as source, open(file, "wb") as target:
        source.seek(4096)
        while True:
            offset, size = struct.unpack(">qq", source.read(16))
            if offset < 0:
                return file
            target.seek(offset)
            target.write(source.read(size))


def escaped(line):
    """As /dev/kmsg has it, but for backslashes and tabs."""
    return "".join(c if " " <= c < "\x7f" or c == "\t" else "".join(rf"\x{b:02x}" for b in c.encode()) for c in line)


def up_to_the_end(text):
    """Lines until the test's last one: the kernel may say something more while it is dumped."""
    lines = text.splitlines()
    return lines[:next(i for i, line in enumerate(lines) if line.endswith("lab: end")) + 1]


@pytest.mark.parametrize("name", ["5.10", "6.1", "6.12", "7.x"])
def test_log_of_a_dump(name, tmp_path):
    # By this device the kernel tells QEMU where its VMCOREINFO is.
    with jump.boot(name, modules=["qemu_fw_cfg"], memory="256M", extra=["-device", "vmcoreinfo"]) as guest:
        guest.ok(SAY)
        dmesg = guest.ok("dmesg")
        for kind in (None, "kdump-zlib", "kdump-lzo", "kdump-snappy"):
            file = tmp_path / str(kind)
            if kind and kind not in guest.qmp("query-dump-guest-memory-capability")["formats"]:
                continue  # this QEMU was built without it
            guest.qmp("dump-guest-memory", paging=False, protocol=f"file:{file}",
                      **({"format": kind} if kind else {}))
            if kind:
                file = in_order(file, tmp_path / f"{kind}.ordered")
            assert up_to_the_end(log_of(file)) == [escaped(line) for line in up_to_the_end(dmesg)]
        records = json.loads(log_of(tmp_path / "None", "--json"))["records"]
        said = next(r for r in records if r["text"].startswith("lab: two"))
        assert (said["level"], said["facility"], said["text"]) == (3, 1, "lab: two\nlines \\ \\x01 \\xc3\\xa9")
        assert [r["seq"] for r in records] == list(range(len(records)))
        assert any(r["subsystem"] == "pci" and r["device"].startswith("+pci:") for r in records)


# As systemctl(1) has it: what is loaded is started, and where nothing is, the next kernel is loaded, unless told not to.
SYSTEMCTL = """#!/opt/dash
[ "$1" = -f ] || exit 9
loaded=$(cat /sys/kernel/kexec_loaded)
if [ "$loaded" = 0 ] && [ "${SYSTEMCTL_SKIP_AUTO_KEXEC-}" != 1 ]; then
	kexec -l /boot/vmlinuz-* --initrd="$(echo /boot/initrd.img-*)" --reuse-cmdline
	loaded=1
fi
[ "$loaded" = 0 ] || kexec -e
exec /bin/busybox reboot -f
"""
# As init runs Debian's scripts, which know nothing of reboot's environment.
SCRIPTS = """#!/opt/dash
unset SYSTEMCTL_SKIP_AUTO_KEXEC
/bin/sh /etc/init.d/kexec-load stop
[ "$(cat /sys/kernel/kexec_loaded)" = 0 ] || kexec -e
exec /bin/busybox reboot -f
"""


def init_script(kernel):
    """Debian's, with all that it asks for and that this guest has elsewhere."""
    return {"/etc/init.d/kexec-load": assets.unpack("bookworm", "kexec-tools") / "etc/init.d/kexec-load",
            "/etc/default/kexec": f"LOAD_KEXEC=true\nKERNEL_IMAGE=/boot/vmlinuz-{kernel.release}\n"
                                  f"INITRD=/boot/initrd.img-{kernel.release}\n",
            "/lib/lsb/init-functions": "log_action_begin_msg() { :; }\nlog_action_end_msg() { :; }\n"}


@pytest.mark.parametrize("reboot", [SYSTEMCTL, SCRIPTS], ids=["systemctl", "init-scripts"])
def test_coldreboot(reboot):
    """A reboot that starts what is loaded, or loads something by itself, goes through the firmware."""
    kernel = assets.kernel("6.1")
    second = Initrd("second")
    # In busybox's shell reboot is busybox's own, whatever PATH says; Debian's is dash.
    files = {**jump.carried(kernel, second), **packaged("bookworm", "dash", "/opt/dash"), "/opt/reboot": reboot,
             "/opt/coldreboot": COLDREBOOT.read_bytes(), **(init_script(kernel) if reboot == SCRIPTS else {})}
    with jump.boot("6.1", files) as guest:
        guest.ok("chmod +x /opt/*")
        guest.ok(f"kexec -l /boot/vmlinuz-{kernel.release} --initrd=/boot/initrd.img-{kernel.release} --reuse-cmdline")
        assert guest.ok("cat /sys/kernel/kexec_loaded").strip() == "1"
        since = len(guest.text["console"])
        guest.start("PATH=/opt:$PATH /opt/dash /opt/coldreboot -f")
        guest.wait_for("reset or another kernel", lambda: guest.ended() or
                       "Linux version" in guest.text["console"][since:], may_end=True)
        assert guest.ended() == "guest-reset"
