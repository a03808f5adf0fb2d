# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for kexec; tests/cli compares its words with the table of options

_kexec_options()
{
	local basic='--load --force --no-ifdown --no-sync' load='--kexec-syscall-auto
		--kexec-syscall --kexec-file-syscall --type= --initrd= --ramdisk= --initrd-as-is
		--reuseinitrd
		--command-line= --append= --reuse-cmdline --dtb= --entry-32bit --real-mode
		--force-real-mode --force-crc --module= --args-linux
		--args-elf --args-none --check= --no-checks --fast= --sha256= --sums= --sums-signature=
		--keyring= --signed-by= --signature= --cacert= --insecure --fetch-timeout= --mem-min=
		--mem-max= --entry= --noefi --reuse-video-type --pass-memmap-cmdline
		--keep-network= --ssh-keys --add=
		--elf32-core-headers --elf64-core-headers --hotplug
		--console-serial --console-vga --serial= --serial-baud= --reset-vga --debug'
	local image='--to-ram --memdisk=' always='--help --version'

	case $1 in
	plan) echo "$basic --load-panic $load $image --machine= --json $always" ;;
	load) echo "--load-panic --commit $load $image $always" ;;
	reboot) echo "$load $image $always" ;;
	netboot) echo "--plan --json --reboot --release= --mirror= --choose= $load $always" ;;
	exec) echo "--now --no-ifdown --no-sync $always" ;;
	unload | coldreboot) echo "$always" ;;
	status | check) echo "--machine= --json $always" ;;
	machine) echo "--save= $always" ;;
	last) echo "--json --svg $always" ;;
	crash) echo "--kernel= --initrd= --append= --shrink= --timeout= --machine= --json $always" ;;
	list) echo "--root= --json $always" ;;
	menu) echo "--timeout= $always" ;;
	*) echo "$basic --load-panic $load --exec --unload --status --print-ckr-size $always" ;;
	esac
}

_kexec_words()
{
	mapfile -t COMPREPLY < <(compgen "$@" -- "$cur")
}

# Adds the ids of boot entries. kexec-tools would take "list" for a kernel.
_kexec_entries()
{
	local id

	[[ $("${COMP_WORDS[0]}" --version 2>/dev/null) == kexec-next* ]] || return
	while IFS= read -r id; do
		[[ $id == "$cur"* ]] && COMPREPLY+=("$id")
	done < <("${COMP_WORDS[0]}" list 2>/dev/null | sed -n 's/^    id  *//p')
}

# Those that there is a file for.
_kexec_distributions()
{
	local file

	for file in /etc/kexec/netboot/*.conf /usr/share/kexec/netboot/*.conf /usr/local/share/kexec/netboot/*.conf; do
		[[ -e $file ]] && basename "$file" .conf
	done
}

_kexec()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	# bash cuts --option=value into three words
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi

	case $prev in
	--initrd | --ramdisk | --dtb | --module | --add | --kernel | --sums | --sums-signature | --keyring | --signed-by | --signature | --cacert)
		compopt -o filenames 2>/dev/null
		_kexec_words -f
		return
		;;
	--machine | --save | --root)
		compopt -o filenames 2>/dev/null
		_kexec_words -d
		return
		;;
	-t | --type)
		_kexec_words -W 'bzImage64 bzImage multiboot2-x86 multiboot-x86 elf-x86_64 elf-x86 uki nbi-x86 beoboot-x86 zboot compressed foreign help'
		return
		;;
	--check)
		_kexec_words -W 'fast sha256 none'
		return
		;;
	--keep-network)
		_kexec_words -W 'auto kernel dracut debian-installer networkd'
		return
		;;
	--fast)
		_kexec_words -W 'safe none hints'
		return
		;;
	--serial)
		_kexec_words -W 'ttyS0 ttyS1'
		return
		;;
	--serial-baud)
		_kexec_words -W '9600 19200 38400 57600 115200'
		return
		;;
	--shrink)
		_kexec_words -W 'recommended'
		return
		;;
	--command-line | --append | --mem-min | --mem-max | --entry | --timeout | --release | --mirror | --choose)
		return
		;;
	esac

	if [[ $cur == -* ]]; then
		_kexec_words -W "$(_kexec_options "${COMP_WORDS[1]}")"
		[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
		return
	fi
	case ${COMP_WORDS[1]} in
	status | check | machine | last | menu | exec | unload | coldreboot) ((COMP_CWORD == 1)) || return ;;
	netboot)
		if ((COMP_CWORD > 1)); then
			_kexec_words -W "$(_kexec_distributions)"
			return
		fi
		;;
	crash)
		if ((COMP_CWORD > 1)); then
			_kexec_words -W 'status size test'
			return
		fi
		;;
	esac
	compopt -o filenames 2>/dev/null
	_kexec_words -f
	case ${COMP_WORDS[1]} in
	load | plan | reboot) ((COMP_CWORD == 1)) || _kexec_entries ;;
	esac
	if ((COMP_CWORD == 1)); then
		local files=("${COMPREPLY[@]}")

		_kexec_words -W 'list menu load plan reboot netboot exec unload coldreboot status check machine last crash'
		COMPREPLY+=("${files[@]}")
	fi
}

complete -F _kexec kexec
