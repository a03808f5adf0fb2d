# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for vmcore-dmesg; tests/cli compares its words with --help

_vmcore_dmesg()
{
	local cur=${COMP_WORDS[COMP_CWORD]}

	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '--json --help --version' -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames 2>/dev/null
	fi
}

complete -F _vmcore_dmesg vmcore-dmesg
