# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for vmcore-dmesg; tests/cli compares its words with --help

complete -c vmcore-dmesg -l json -d 'as JSON, with what is known about each message'
complete -c vmcore-dmesg -s h -l help -d 'print a summary'
complete -c vmcore-dmesg -s V -l version -d 'print the version'
