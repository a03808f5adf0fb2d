#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: tests/fuzz/run.sh RUNS NAME...
#
# Runs the fuzzers named, each RUNS times, and prints a row of RESULTS.md for each. Needs clang with libFuzzer
# (libclang-rt-*-dev). What it learns stays in $BUILD/corpus/NAME for the next run; an input that fails is written to
# $BUILD/NAME-crash-*: make a seed of it in seeds.c or corpus/, so that it is tested for ever.
set -eu

build=${BUILD:-build-fuzz}
runs=$1
shift
cd "$(dirname "$0")/../.."

setup() { # DIR SANITIZERS ARGUMENTS
	[ -f "$1/build.ninja" ] || CC=${CC:-clang} meson setup "$1" -Dfuzz=true -Db_lundef=false \
		"-Db_sanitize=$2" "-Dc_args=$3" > /dev/null
}

# The parser's own files: the rest of the library is linked too, and would hide what is not reached. Of these, what
# opens files (kx_read_iomem and the like) is not for fuzzing.
files_of() {
	case $1 in
	netboot) echo 'netboot/(distro|ipxe|ipxe_settings|netboot|pxelinux|url)[.]c' ;;
	bls) echo 'boot/(bls|bls_read|version|lines)[.]c' ;;
	bzimage) echo format/bzimage ;;
	compress) echo 'libkexec/compress/|format/compressed[.]c' ;;
	dropbear) echo 'carry/dropbear[.]c' ;;
	elf | foreign | nbi | zboot) echo "format/$1[.]c" ;;
	elf_x86) echo 'format/elf_(load|x86)[.]c' ;;
	grub) echo 'boot/grub_' ;;
	image) echo 'tools/image[.]c' ;;
	initrd) echo 'libkexec/(initrd|cpio|carry/look|carry/overlay)[.]c' ;;
	loaders) echo 'boot/(extlinux|menulst|config_txt|kernels|lines)[.]c' ;;
	machine) echo '/machine/' ;;
	memmap) echo 'machine/firmware_memmap[.]c' ;;
	multiboot) echo format/multiboot ;;
	network) echo 'machine/net(link|work)[.]c|libkexec/carry/(keep|kernel|dracut|netcfg|networkd)[.]c' ;;
	plan) echo 'libkexec/(plan[.]c|format/)' ;;
	real_mode) echo 'format/(zimage|real_mode|bzimage32|linux_x86)[.]c' ;;
	relocs) echo 'arch/x86/relocs[.]c' ;;
	sums) echo 'tools/(sums|url)[.]c' ;;
	text) echo 'libkexec/cmdline[.]c|machine/config[.]c' ;;
	volumes) echo 'boot/volumes[.]c' ;;
	signatures) echo 'libexec/signatures[.]c' ;;
	wire) echo 'libkexec/wire[.]c' ;;
	uki) echo 'format/(pe|uki|uki_image)[.]c' ;;
	vmcore) echo 'libkexec/vmcore/' ;;
	*) echo "machine/$1[.]c" ;;
	esac
}

# Directories of seeds that there are.
seeds_of() {
	for dir in "$build/tests/fuzz/seeds/$1" "tests/fuzz/corpus/$1"; do
		[ ! -d "$dir" ] || echo "$dir"
	done
}

# Where a boot loader's text is longer, it only takes longer; and so do its loops, a hundred times: what is fast is tried more often.
is_boot_text() {
	case $1 in
	bls | grub | loaders | volumes) ;;
	*) return 1 ;;
	esac
}

# Of the longest seed, since libFuzzer cuts what is longer.
longest_input() {
	least=2048
	! is_boot_text "$1" || least=700
	# shellcheck disable=SC2046 # one word for each directory
	find $(seeds_of "$1") -type f -printf '%s\n' | sort -n | tail -n 1 |
		awk -v "least=$least" '{ print ($1 > least ? $1 : least) }'
}

schedule() {
	! is_boot_text "$1" || echo -entropic_scale_per_exec_time=1
}

# Edges are counted without sanitizers and inlining, whose own branches no input can take.
edges() {
	# shellcheck disable=SC2046 # one word for each directory
	"$build/edges/tests/fuzz/fuzz_$1" -runs=0 "-max_len=$(longest_input "$1")" -print_coverage=1 \
		"$build/corpus/$1" $(seeds_of "$1") 2>&1 |
		awk -v files="$(files_of "$1")" '
			/COVERED_FUNC/ && $NF ~ files && $6 !~ /^(kx_)?(read_(memmap|iomem|firmware)_?|read_file$|vmcore_io_of_file)/ {
				split($5, of, "/"); reached += of[1]; all += of[2]
			}
			END { printf "%d of %d", reached, all }'
}

# Half as fast again: nothing here frees so much that it would be reused while still in use, and stacks of allocations can
# be had by running the one input again.
export ASAN_OPTIONS="${ASAN_OPTIONS-quarantine_size_mb=1:malloc_context_size=0}"
setup "$build" address,undefined ''
setup "$build/edges" none '-O1 -fno-inline'
for name; do
	ninja -C "$build" "tests/fuzz/fuzz_$name" tests/fuzz/seeds > /dev/null
	ninja -C "$build/edges" "tests/fuzz/fuzz_$name" > /dev/null
	mkdir -p "$build/corpus/$name"
	log=$build/$name.log
	# shellcheck disable=SC2046 # one word for each option and directory
	if ! "$build/tests/fuzz/fuzz_$name" "-runs=$runs" "-max_len=$(longest_input "$name")" -timeout=10 $(schedule "$name") \
		"-artifact_prefix=$build/$name-" "$build/corpus/$name" $(seeds_of "$name") \
		> "$log" 2>&1; then
		grep -E 'not true|ERROR|SUMMARY|Test unit' "$log" >&2
		exit 1
	fi
	sed -n "s/^Done \([0-9]*\) runs in \([0-9]*\) second.*/| $name | \1 | \2 s | $(edges "$name") |/p" "$log"
done
