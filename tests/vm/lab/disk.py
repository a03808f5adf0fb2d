# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian system on a disk, as its installer leaves one: debootstrap, two kernels, GRUB for BIOS and UEFI, systemd-boot.

Made once for each recipe and kept in the cache; guests write to a snapshot. grub.cfg is what grub-mkconfig makes of it in a
chroot, told by a stand-in for grub-probe where the file systems will be. Nothing there can boot this machine: the recipe runs
without CAP_SYS_BOOT, and policy-rc.d starts no service.
"""

import hashlib
import os
import re
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import assets, gpt, tool
from .guest import Guest
from .initrd import AGENT
from .qemu import Spec

ROOT_UUID = "0d15c000-0000-4000-8000-000000000001"
ESP_ID = "D15C-0E5B"
ROOT_SIZE, ESP_SIZE, BIOS_SIZE = "1500M", 100 << 20, 1 << 20
ESP_START = gpt.ALIGN * gpt.SECTOR + BIOS_SIZE
# With words that all guests of the lab have: see jump.STEADY.
CMDLINE = "console=ttyS0 no_timer_check lab.entry=grub"

# systemd-boot of trixie wants an ESP where it is installed.
PACKAGES = {
    ("bookworm", "systemd"): "systemd-sysv udev dbus systemd-boot",
    ("trixie", "systemd"): "systemd-sysv udev dbus systemd-boot-efi systemd-boot-tools",
    ("bookworm", "sysvinit"): "sysvinit-core udev",
    ("bookworm", "openrc"): "sysvinit-core udev",
    ("bookworm", "runit"): "runit-init udev",
}
# What takes another one's place, sysv-rc's, once that is there: debootstrap knows no alternatives.
LATER = {"openrc": ("libeinfo1", "librc1", "openrc")}
COMMON = "kmod initramfs-tools e2fsprogs zstd grub2-common grub-pc-bin grub-efi-amd64-bin"
# Only what the guests have: their initrds are unpacked by an emulated processor.
MODULES = "ext4 nvme virtio_pci virtio_blk"

UNIT = """[Unit]
Description=The lab's agent
[Service]
ExecStart=/bin/sh /lab/run
KillMode=process
[Install]
WantedBy=multi-user.target
"""
# What a test brings along comes on a disk of its own, in each boot.
RUN = """mkdir -p /run/lab
if [ -e /dev/disk/by-label/lab ]; then
	mount -o ro /dev/disk/by-label/lab /run/lab && cp -a /run/lab/files/. / && umount /run/lab
fi
uname -r >/lab/name
exec sh /lab/agent </dev/ttyS1 >/dev/ttyS1
"""
INITTAB = "lab:23:once:/bin/sh /lab/run\n"

BASE = r"""
root=$1 suite=$2 mirror=$3 keyring=$4 packages=$5 excluded=$6
debootstrap --variant=minbase --keyring="$keyring" --include="$packages" ${excluded:+--exclude="$excluded"} \
	"$suite" "$root" "$mirror"
in_root() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }
"""
RECIPE = BASE + r"""
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
cp -r files/. "$root"
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/lab"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
in_root dpkg -i $(cd "$root" && echo kernels/*.deb)
rm -r "$root/kernels" "$root/usr/sbin/policy-rc.d" "$root/etc/dpkg/dpkg.cfg.d/lab"
in_root passwd -d root
[ ! -e "$root/etc/systemd/system/lab-agent.service" ] || in_root systemctl -q enable lab-agent.service
[ ! -e "$root/lib/systemd/systemd" ] ||
	in_root systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
[ ! -e inittab ] || cat inittab >>"$root/etc/inittab"

# GRUB, as grub-install leaves it.
mkdir -p "$root/boot/grub/i386-pc" "$root/boot/grub/x86_64-efi" "$root/dev/disk/by-uuid"
for target in i386-pc x86_64-efi; do
	cp "$root/usr/lib/grub/$target/"*.mod "$root/usr/lib/grub/$target/"*.lst "$root/boot/grub/$target"
done
in_root grub-editenv /boot/grub/grubenv create
touch "$root/dev/disk/by-uuid/$uuid"
mount --bind grub-probe "$root/usr/sbin/grub-probe"
in_root grub-mkconfig -o /boot/grub/grub.cfg
umount "$root/usr/sbin/grub-probe" "$root/run" "$root/proc"
rm -r "$root/dev/disk"
in_root grub-mkimage -O i386-pc -o /core.img -p '(,gpt3)/boot/grub' biosdisk part_gpt ext2
mv "$root/core.img" core.img
cp "$root/usr/lib/grub/i386-pc/boot.img" boot.img

# Their room is needed in no test, and takes time to write.
rm -rf "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale" "$root/var/cache/apt" "$root/var/lib/apt/lists"

truncate -s "$esp_size" esp
mformat -i esp -F -N "$esp_id" ::
mmd -i esp ::/EFI ::/EFI/BOOT ::/EFI/debian ::/EFI/Linux ::/loader
mcopy -i esp "$root/usr/lib/grub/x86_64-efi/monolithic/grubx64.efi" ::/EFI/BOOT/BOOTX64.EFI
[ ! -e "$root/usr/lib/systemd/boot/efi" ] ||
	mcopy -i esp "$root/usr/lib/systemd/boot/efi/systemd-bootx64.efi" ::/EFI/BOOT/SDBOOT.EFI
mcopy -i esp esp.cfg ::/EFI/debian/grub.cfg
for kernel in "$root"/boot/vmlinuz-*; do
	cp "$kernel" "$root/boot/initrd.img-${kernel##*/vmlinuz-}" .
done
mke2fs -q -F -t ext4 -U "$uuid" -L root -d "$root" root.img "$root_size"
"""

# grub-probe of the guest, where the root is the third partition of the only disk.
PROBE = f"""#!/bin/sh
for word; do
	case $word in
	--target=*) target=${{word#--target=}} ;;
	esac
	case $before in
	-t) target=$word ;;
	esac
	before=$word
done
case $target in
device) echo /dev/nvme0n1p3 ;;
fs_uuid) echo {ROOT_UUID} ;;
fs) echo ext2 ;;
partmap) echo gpt ;;
drive | compatibility_hint | bios_hints | baremetal_hints | efi_hints) echo hd0,gpt3 ;;
hints_string) echo "--hint-bios=hd0,gpt3 --hint-efi=hd0,gpt3 --hint-baremetal=ahci0,gpt3" ;;
disk) echo /dev/nvme0n1 ;;
fs_label | partuuid | abstraction | cryptodisk_uuid) ;;
*) exit 1 ;;
esac
"""

# What grub-install writes beside grubx64.efi.
ESP_CFG = f"search.fs_uuid {ROOT_UUID} root\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n"


@dataclass(frozen=True)
class Disk:
    """An image, and what of it tests need outside: the kernels' releases, newest first, and their files."""

    image: Path
    folder: Path
    releases: tuple

    def kernel(self, release):
        return self.folder / f"vmlinuz-{release}"

    def initrd(self, release):
        return self.folder / f"initrd.img-{release}"


def _files(init):
    """Files of the system that are there before its kernels."""
    files = {
        "etc/fstab": f"UUID={ROOT_UUID} / ext4 errors=remount-ro 0 1\n"
                     f"UUID={ESP_ID} /boot/efi vfat umask=0077,x-systemd.device-timeout=900 0 0\n",
        # An emulated machine on a busy host takes longer than systemd waits for devices.
        "etc/systemd/system.conf.d/lab.conf": "[Manager]\nDefaultTimeoutStartSec=900s\nDefaultTimeoutStopSec=900s\n",
        "etc/hostname": "lab\n",
        "etc/kernel-img.conf": "do_symlinks = no\n",
        "etc/initramfs-tools/conf.d/lab": "MODULES=list\nCOMPRESS=zstd\nRESUME=none\nFSTYPE=ext4\n",
        "etc/initramfs-tools/modules": MODULES.replace(" ", "\n") + "\n",
        "etc/default/grub": "GRUB_DEFAULT=saved\nGRUB_TIMEOUT=0\nGRUB_DISTRIBUTOR=Debian\nGRUB_TERMINAL=console\n"
                            f'GRUB_CMDLINE_LINUX_DEFAULT=""\nGRUB_CMDLINE_LINUX="{CMDLINE}"\n',
        "boot/efi/.keep": "",
        "lab/agent": AGENT,
        "lab/run": RUN,
    }
    if init == "systemd":
        files["etc/systemd/system/lab-agent.service"] = UNIT
    if init == "runit":
        files["etc/runit/runsvdir/default/lab/run"] = "#!/bin/sh\nexec sh /lab/run\n"
    if init == "openrc":
        # apt would have removed sysv-rc before, whose links stand in the way.
        files["etc/dpkg/dpkg.cfg.d/lab-rc"] = 'pre-invoke="rm -f /etc/init.d/rc /etc/init.d/rcS"\n'
    return files


def _boot_sectors(disk, start, core, boot):
    """boot.img and core.img where GRUB's own grub-bios-setup puts them on a disk with a GPT.

    boot.img holds the first sector of core.img at 0x5c, and core.img's first sector, at its end, that of the rest
    (GRUB, include/grub/i386/pc/boot.h: GRUB_BOOT_MACHINE_KERNEL_SECTOR, struct grub_pc_bios_boot_blocklist).
    """
    sector = start // gpt.SECTOR
    boot, core = bytearray(boot), bytearray(core)
    struct.pack_into("<Q", boot, 0x5C, sector)
    struct.pack_into("<H", boot, 0x66, 0x9090)  # use the disk that the BIOS says it is
    struct.pack_into("<Q", core, gpt.SECTOR - 12, sector + 1)
    with disk.open("r+b") as out:
        out.write(boot[:440])
        out.seek(start)
        out.write(core)


def run_recipe(work, recipe, suite, packages, excluded="", **variables):
    """Run a script that begins with BASE, on a tree that is removed at its end."""
    keyring = next((k for k in assets.KEYRINGS if os.path.exists(k)), None)
    if not keyring or not shutil.which("debootstrap") or not shutil.which("mformat"):
        raise assets.AssetMissing("debootstrap, mtools or debian-archive-keyring is not installed")
    # Root's files must not be left to somebody else to remove.
    (work / "recipe").write_text('trap \'rm -rf --one-file-system "$1"\' EXIT\n' + recipe, encoding="utf-8")
    # Private mounts, if they are not: in a chroot, as scripts/check-clean's, they cannot be made so any more.
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    private = "private" if any(line.split()[4] == "/" for line in mounts) else "unchanged"
    command = ["unshare", "--mount", f"--propagation={private}", "--pid", "--fork", "setpriv", "--bounding-set", "-sys_boot", "sh", "-eu", "recipe",
               work / "root", suite, assets.mirror(), keyring, packages.replace(" ", ","), excluded]
    if os.getuid():
        command = ["sudo", "-n", "-E", *command]
    done = subprocess.run([str(word) for word in command], cwd=work, check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=1500,
                          env=dict(os.environ, PATH="/usr/sbin:/usr/bin:/sbin:/bin", **variables))
    if done.returncode:
        raise assets.AssetMissing(f"no system of {suite} could be made: {done.stdout[-3000:]}")


def _prepare(work, init, kernels):
    files = {f"files/{name}": text for name, text in _files(init).items()}
    files |= {"grub-probe": PROBE, "esp.cfg": ESP_CFG}
    if init in ("sysvinit", "openrc"):
        files["inittab"] = INITTAB
    for name, text in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text, encoding="utf-8")
        if text.startswith("#!"):
            (work / name).chmod(0o755)
    (work / "files/kernels").mkdir()
    for deb in kernels:
        shutil.copy(deb, work / "files/kernels")


def _make(folder, suite, init, kernels):
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        work = Path(temporary)
        _prepare(work, init, kernels)
        run_recipe(work, RECIPE, suite, f"{PACKAGES[suite, init]} {COMMON}", "" if init == "systemd" else "systemd,systemd-sysv",
                   uuid=ROOT_UUID, esp_size=str(ESP_SIZE), esp_id=ESP_ID.replace("-", ""), root_size=ROOT_SIZE)
        (work / "bios").write_bytes(bytes(BIOS_SIZE))
        image = work / "disk.img"
        starts = gpt.write(image, [(gpt.BIOS, work / "bios"), (gpt.ESP, work / "esp"), (gpt.LINUX, work / "root.img")])
        _boot_sectors(image, starts[0], (work / "core.img").read_bytes(), (work / "boot.img").read_bytes())
        done = work / "done"
        done.mkdir()
        for file in (image, *work.glob("vmlinuz-*"), *work.glob("initrd.img-*")):
            file.rename(done / file.name)
        done.rename(folder)


def get(suite="bookworm", init="systemd", kernels=("6.12", "6.1")):
    """The system of this recipe; made, which takes minutes, if there is none."""
    debs = [assets.kernel_deb(name) for name in kernels] + [assets.package_deb(suite, name) for name in LATER.get(init, ())]
    recipe = repr((RECIPE, PROBE, ESP_CFG, UNIT, RUN, INITTAB, _files(init), PACKAGES[suite, init], COMMON, suite,
                   [deb.name for deb in debs], ROOT_SIZE))
    name = f"{suite}-{init}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    folder = assets.cache_dir() / "disks" / name
    with assets.locked(f"disk-{suite}-{init}"):
        if not folder.exists():
            folder.parent.mkdir(exist_ok=True)
            for old in folder.parent.glob(f"{suite}-{init}-*"):
                shutil.rmtree(old)
            _make(folder, suite, init, debs)
    return Disk(folder / "disk.img", folder, tuple(assets.kernel(name).release for name in kernels))


def with_systemd_boot(disk, files, folder):
    """A copy of the image that UEFI starts by systemd-boot, with these files on the ESP."""
    image = folder / "disk.img"
    subprocess.run(["cp", "--sparse=always", disk.image, image], check=True)
    esp = f"{image}@@{ESP_START}"
    subprocess.run(["mcopy", "-o", "-i", esp, "::/EFI/BOOT/SDBOOT.EFI", folder], check=True)
    subprocess.run(["mcopy", "-o", "-i", esp, folder / "SDBOOT.EFI", "::/EFI/BOOT/BOOTX64.EFI"], check=True)
    for name, content in files.items():
        (folder / "file").write_bytes(content)
        subprocess.run(["mcopy", "-o", "-i", esp, folder / "file", f"::/{name}"], check=True)
    return image


# --- guests --------------------------------------------------------------------------------------


def command(guest_path="/usr/sbin/kexec"):
    """The command under test as files of an installed system, with its libraries, if any, apart from the system's."""
    listed = subprocess.run(["ldd", tool.chosen()], check=False, capture_output=True, text=True).stdout
    libraries = [Path(name) for name in re.findall(r"(/\S+) \(0x", listed)]
    if not libraries:
        return {guest_path: Path(tool.chosen())}
    loader = next(name.name for name in libraries if name.name.startswith("ld-linux"))
    return {
        **{f"/opt/lab/{name.name}": name.resolve() for name in libraries}, "/opt/lab/kexec": Path(tool.chosen()),
        guest_path: f'#!/bin/sh\nexec /opt/lab/{loader} --library-path /opt/lab /opt/lab/kexec "$@"\n',
    }


def _carry(files, folder):
    """A disk with files for the guest's agent to copy."""
    for path, content in files.items():
        target = folder / "lab/files" / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        data = content.read_bytes() if isinstance(content, Path) else content
        target.write_bytes(data.encode() if isinstance(data, str) else data)
        target.chmod(0o755)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-L", "lab", "-d", folder / "lab", folder / "lab.img", "200M"],
                   check=True, capture_output=True)
    return folder / "lab.img"


def drive(name, path, *properties):
    """QEMU's arguments for a disk of which the guest changes a snapshot."""
    return ["-drive", f"if=none,id={name},format=raw,snapshot=on,file={path}",
            "-device", ",".join(["nvme", f"drive={name}", f"serial={name}", *properties])]


def boot(disk, files=None, image=None, expect=None, **spec):
    """Boot an installed system by its own boot loader, with the command and these files copied into it."""
    with tempfile.TemporaryDirectory() as temporary:
        lab = _carry({**command(), **(files or {})}, Path(temporary))
        # SeaBIOS looks for disks side by side: the first one found would be the one that it boots.
        extra = [*drive("system", image or disk.image, "bootindex=1"), *drive("lab", lab), *spec.pop("extra", [])]
        guest = Guest(Spec(None, b"", extra=extra, memory=spec.pop("memory", "2G"), **spec))
        try:
            guest.wait_up(expect or disk.releases[0], timeout=BOOT)
        except BaseException as error:
            guest.__exit__(type(error))
            raise
    return guest


BOOT = 400  # seconds; systemd in an emulated machine takes a minute
