# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the scripts share: which packages they need, and how they come onto the machine.

BUILD_PACKAGES="gcc libc6-dev make meson ninja-build pkg-config libdeflate-dev liblzma-dev libzstd-dev
	liblz4-dev libbz2-dev liblzo2-dev libblkid-dev libjson-c-dev libseccomp-dev libssl-dev libarchive-dev libcmocka-dev
	libcurl4-openssl-dev"

# What the VM tests run on: QEMU, its firmware, and what builds the guests' initrds.
VM_PACKAGES="python3 qemu-system-x86 qemu-utils ovmf seabios busybox-static zstd lz4 lzop xz-utils bzip2 e2fsprogs sbsigntool openssl
	debian-archive-keyring dpkg util-linux binutils gcc libc6-dev xorriso
	debootstrap mtools squashfs-tools openssh-client"

# cpio and systemd read what the command has made for the next system.
CHECK_PACKAGES="clang clang-format clang-tidy python3-pytest mandoc bash-completion zsh fish
	gpgv gnupg openssl ca-certificates sbsigntool cpio systemd openssh-client"

# For scripts/dist, for scripts/deb beside BUILD_PACKAGES, and for the tests of all kinds of packages.
DIST_PACKAGES="git tar xz-utils"
DEB_PACKAGES="build-essential debhelper dpkg-dev fakeroot"
PACKAGE_PACKAGES="lintian rpm abigail-tools shellcheck"

project_version() {
	sed -n "s/^ *version: '\\([0-9.]*\\)',$/\\1/p" meson.build | head -n 1
}

say() { printf '%s\n' "$*"; }
die() { say "$(basename "$0"): $*" >&2; exit 1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root to install packages: run it as root, or install sudo"
	fi
}

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The sanitizers' and libFuzzer's runtime goes with clang's version and is only recommended by it.
clang_runtime() {
	version=$(apt-cache depends clang | sed -n 's/^ *Depends: clang-\([0-9][0-9]*\)$/\1/p' | head -n 1)
	[ -z "$version" ] || say "libclang-rt-$version-dev"
}

missing_packages() {
	for package in "$@"; do
		installed "$package" || printf '%s ' "$package"
	done
}

# Asks unless YES=1, or nobody is there to answer.
confirm() {
	if [ "${YES:-}" = 1 ] || [ ! -t 0 ]; then
		return 0
	fi
	printf '%s [Y/n] ' "$1"
	read -r answer
	case $answer in
	'' | y* | Y*) return 0 ;;
	*) return 1 ;;
	esac
}

need_packages() {
	command -v apt-get >/dev/null || die "needs apt: Debian 12 or 13, or Ubuntu"
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	say "packages to install: $missing"
	confirm "install them?" || die "cannot go on without them"
	as_root apt-get -q update
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends $missing
}

# Says where Debian's packages come from when this machine's own apt does not know.
need_mirror() {
	[ -z "${KEXEC_DEBIAN_MIRROR:-}" ] || return 0
	[ -z "$(apt-get indextargets --format '$(SITE)' 'Origin: Debian' 'Label: Debian')" ] || return 0
	as_root apt-get -q update
}
