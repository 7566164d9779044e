#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Does what `sightline doctor` asks for, now and at each boot; what it has changed, --undo takes back. Running it again
# changes nothing. Never touches the card whose interface carries the default route, itself or below a bond, a bridge or
# a VLAN. Exit status: 0 done, 1 something could not be done, 2 unusable arguments.
set -euo pipefail

usage() {
	cat <<'END'
Usage: deploy/host-setup.sh [--dry-run] ACTION...
  --huge N[@NODE]     N huge pages of 2 MiB (on this NUMA node)
  --huge-1g N[@NODE]  N huge pages of 1 GiB
  --bind CARD         give this card (PCI address or interface) to vfio-pci, for DPDK; repeatable
  --no-iommu          with --bind, in a guest without an IOMMU: vfio's unsafe mode
  --iommu             switch the IOMMU on (kernel command line; takes a reboot)
  --isolate CORES     nothing but workers on these cores, such as 2-7 (kernel command line; takes a reboot)
  --governor          all cores run at full speed
  --memlock           the user sightline may lock memory without bound
  --user              make the user sightline, whom a sensor becomes
  --undo              take back all that this script did
  --dry-run           say what would be done, change nothing
  --root DIR          act on the sys and etc below DIR (an image, a test); runs no command of this machine
END
}

root='' dry=0 failed=0 reboot=0
todo=() binds=() no_iommu=0

say() { printf '%s\n' "$*"; }
complain() {
	printf 'host-setup: %s\n' "$*" >&2
	failed=1
}
unusable() {
	printf 'host-setup: %s\n' "$*" >&2
	exit 2
}

# ---- What was done, for --undo: a kind, where, and what was there before, parted by tabs ----

# Nobody but root may write it: what stands there is done as root.
state() { printf '%s/var/lib/sightline-host-setup' "$root"; }

# remember KIND WHERE BEFORE: the first time counts, so that a second run doesn't take its own work for the original.
remember() {
	local file
	file=$(state)
	if [[ -f $file ]] && grep -qF -- "$1"$'\t'"$2"$'\t' "$file"; then
		return 0
	fi
	mkdir -p "$(dirname "$file")"
	printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$file"
}

# ---- Single changes ----

# run COMMAND...: of this machine, not of another root.
run() {
	if ((dry)) || [[ -n $root ]]; then
		say "would run: $*"
	else
		"$@"
	fi
}

# put_value FILE VALUE: a value of sysfs; false where it isn't there or isn't taken.
put_value() {
	local file=$root$1 before after
	if [[ ! -e $file ]]; then
		complain "$1 is not there: this kernel or this machine doesn't have it"
		return 1
	fi
	before=$(<"$file")
	if [[ $before == "$2" ]]; then
		say "already: $1 is $2"
		return 0
	fi
	if ((dry)); then
		say "would do: echo $2 > $1 (was $before)"
		return 0
	fi
	remember value "$1" "$before"
	if ! printf '%s\n' "$2" >"$file"; then
		complain "$1 takes no $2"
		return 1
	fi
	after=$(<"$file")
	if [[ $after != "$2" ]]; then
		complain "$1 became $after instead of $2"
		return 1
	fi
	say "done: $1 is $2 (was $before)"
}

# put_file FILE TEXT: a file of ours alone.
put_file() {
	local file=$root$1
	if [[ -f $file && $(<"$file") == "$2" ]]; then
		say "already: $1"
		return 0
	fi
	if ((dry)); then
		say "would write $1:"
		printf '    %s\n' "${2//$'\n'/$'\n'    }"
		return 0
	fi
	remember file "$1" ''
	mkdir -p "$(dirname "$file")"
	printf '%s\n' "$2" >"$file"
	say "done: wrote $1"
}

# at_boot NAME LINES: written into sysfs at each boot, and only then: a package that runs systemd-tmpfiles later must not
# take a card from a sensor.
at_boot() { put_file "/etc/tmpfiles.d/sightline-$1.conf" "$2"; }

# at_boot_kernel NAME ARGUMENTS
at_boot_kernel() {
	local file=/etc/default/grub.d/sightline-$1.cfg
	# The boot loader's script expands the variable, not this one.
	# shellcheck disable=SC2016
	put_file "$file" "$(printf 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX %s"' "$2")"
	if [[ -n $root ]]; then
		:
	elif command -v update-grub >/dev/null; then
		run update-grub
	else
		say "this machine has no GRUB: add to its kernel command line: $2"
	fi
	reboot=1
}

# ---- Huge pages ----

huge() {
	local kib=$1 number=${2%@*} node='' file now
	[[ $2 != *@* ]] || node=${2#*@}
	if [[ ! $number =~ ^[0-9]{1,7}$ || ! $node =~ ^[0-9]*$ || $2 == *@ ]]; then
		unusable "--huge: '$2' is no number of pages; say 1024, or 1024@0 for NUMA node 0"
	fi
	if [[ -n $node ]]; then
		file=/sys/devices/system/node/node$node/hugepages/hugepages-${kib}kB/nr_hugepages
	else
		file=/sys/kernel/mm/hugepages/hugepages-${kib}kB/nr_hugepages
	fi
	now=$(cat "$root$file" 2>/dev/null || echo 0)
	# More than was asked for is somebody else's.
	if [[ $now =~ ^[0-9]+$ ]] && ((now > number)); then
		say "already: $file is $now"
		return 0
	fi
	if ! put_value "$file" "$number"; then
		[[ ! -e $root$file ]] || complain "memory is in pieces: the rest of the pages come at the next boot"
	fi
	[[ ! -e $root$file ]] || at_boot "huge-$kib${node:+-node$node}" "w! $file - - - - $number"
}

# ---- Cards ----

# Interfaces that the default route needs: its own, what is in its bond or bridge, and what its VLAN is on. Fails where
# that can't be known.
needed_interfaces() {
	local routes links
	routes=$(ip -4 route show table all default) || return 1
	if [[ -e /proc/net/ipv6_route ]]; then
		routes+=$'\n'$(ip -6 route show table all default) || return 1
	fi
	links=$(ip -o link show) || return 1
	awk '
		NR == FNR { for (i = 1; i < NF; i++) if ($i == "dev") needed[$(i + 1)] = 1; next }
		{
			sub(/:$/, "", $2); n = split($2, part, "@")
			name[FNR] = part[1]; under[part[1]] = below[FNR] = n > 1 ? part[2] : ""; above[FNR] = ""
			for (i = 3; i < NF; i++) if ($i == "master") above[FNR] = $(i + 1)
			lines = FNR
		}
		END {
			# The two ends of a pair name each other; what is built on another interface is named by nobody.
			for (i = 1; i <= lines; i++) if (under[below[i]] == name[i]) below[i] = ""
			do {
				more = 0
				for (i = 1; i <= lines; i++) {
					if ((above[i] in needed) && !(name[i] in needed)) { needed[name[i]] = 1; more = 1 }
					if ((name[i] in needed) && below[i] != "" && !(below[i] in needed)) { needed[below[i]] = 1; more = 1 }
				}
			} while (more)
			for (i in needed) print i
		}' <(printf '%s\n' "$routes") <(printf '%s\n' "$links")
}

# The PCI address below which an interface's device lies; a virtio card has a bus of its own between the two.
address_of() {
	readlink -f "$root/sys/class/net/$1/device" 2>/dev/null |
		grep -oE '[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]' | tail -n 1
}

driver_of() {
	local to
	to=$(readlink -f "$root/sys/bus/pci/devices/$1/driver" 2>/dev/null) || return 0
	basename "$to"
}

# may_take ADDRESS NEEDED: fails where the card, or another of its IOMMU group (they change hands together), carries the
# default route.
may_take() {
	local address=$1 interface other
	while read -r interface; do
		[[ -n $interface ]] || continue
		other=$(address_of "$interface") || true
		if [[ -n $other && $other == "$address" ]]; then
			complain "$address: its interface $interface carries the default route: it is left alone"
			return 1
		fi
		if [[ -n $other && -e $root/sys/bus/pci/devices/$address/iommu_group/devices/$other ]]; then
			complain "$address: it is in one IOMMU group with $other ($interface), which carries the default route: it is left alone"
			return 1
		fi
	done <<<"$2"
}

take_card() {
	local card=$1 address=$1 needed before device
	if ! needed=$(needed_interfaces); then
		complain "$card: which card the default route needs can't be told (is iproute2 installed?): none is touched"
		return 1
	fi
	if [[ ! $card =~ ^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]$ ]]; then
		if grep -qxF -- "$card" <<<"$needed"; then
			complain "$card carries the default route: it is left alone"
			return 1
		fi
		address=$(address_of "$card") || true
		if [[ -z $address ]]; then
			complain "$card is no card on PCI; sightline-sensor --port afpacket:$card reads it as it is"
			return 1
		fi
	fi
	device=/sys/bus/pci/devices/$address
	if [[ ! -e $root$device ]]; then
		complain "$address: there is no such card; lspci -D lists them"
		return 1
	fi
	if [[ $(cat "$root$device/class" 2>/dev/null) != 0x02* ]]; then
		complain "$address is no network card"
		return 1
	fi
	may_take "$address" "$needed" || return 1
	before=$(driver_of "$address")
	if [[ $before == mlx[45]_core ]]; then
		say "already: $address needs no binding: DPDK works beside $before"
		return 0
	fi
	load_vfio || return 1
	if [[ $before == vfio-pci ]]; then
		say "already: $address is bound to vfio-pci"
	elif ((dry)); then
		say "would do: take $address from ${before:-no driver}, give it to vfio-pci"
	else
		hand_over "$address" vfio-pci "$before" || return 1
	fi
	at_boot "bind-$address" "w! $device/driver_override - - - - vfio-pci
w! $device/driver/unbind - - - - $address
w+! /sys/bus/pci/drivers_probe - - - - $address"
}

# hand_over ADDRESS DRIVER BEFORE: an empty DRIVER is whoever takes it.
hand_over() {
	local device=$root/sys/bus/pci/devices/$1
	[[ -z $2 ]] || remember bound "$1" "$3"
	printf '%s\n' "$2" >"$device/driver_override"
	[[ ! -e $device/driver ]] || printf '%s\n' "$1" >"$device/driver/unbind"
	printf '%s\n' "$1" >"$root/sys/bus/pci/drivers_probe"
	# Another root's kernel isn't there to answer.
	if [[ -z $root && -n $2 && $(driver_of "$1") != "$2" ]]; then
		complain "$1: $2 didn't take it (see dmesg); without an IOMMU it takes --no-iommu"
		hand_over "$1" '' ''
		return 1
	fi
	say "done: $1 is $([[ -n $2 ]] && echo "bound to $2" || echo "the kernel's again") (was with ${3:-no driver})"
}

load_vfio() {
	put_file /etc/modules-load.d/sightline-vfio.conf vfio-pci
	if ((no_iommu)); then
		put_file /etc/modprobe.d/sightline-vfio.conf 'options vfio enable_unsafe_noiommu_mode=1'
	fi
	if [[ -n $root || -e /sys/bus/pci/drivers/vfio-pci ]]; then
		:
	elif ! run modprobe vfio-pci; then
		complain "vfio-pci can't be loaded: boot a kernel that has it; --port afpacket:IFACE needs none"
		return 1
	fi
	local unsafe=/sys/module/vfio/parameters/enable_unsafe_noiommu_mode
	if ((no_iommu)) && [[ -e $root$unsafe ]]; then
		put_value "$unsafe" Y
	fi
}

# ---- The rest ----

isolate() {
	local last count
	[[ $1 =~ ^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$ ]] || unusable "--isolate: '$1' is no list of cores; say 2-7 or 2,4,6"
	if grep -qE '(^|,)0(-|,|$)' <<<"$1"; then
		unusable "--isolate: core 0 is the system's: leave it out"
	fi
	count=$(cat "$root/sys/devices/system/cpu/present" 2>/dev/null || echo 0-0)
	last=$(grep -oE '[0-9]+' <<<"$1" | sort -n | tail -n 1)
	((last <= ${count##*-})) || unusable "--isolate: there is no core $last here: the cores are $count"
	at_boot_kernel isolate "isolcpus=managed_irq,domain,$1 nohz_full=$1 rcu_nocbs=$1"
}

iommu() {
	local arguments='iommu=pt'
	if grep -q GenuineIntel "$root/proc/cpuinfo" 2>/dev/null; then
		arguments="intel_iommu=on $arguments"
	fi
	at_boot_kernel iommu "$arguments"
}

governor() {
	local file any=0
	for file in "$root"/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor; do
		[[ -e $file ]] || continue
		any=1
		put_value "${file#"$root"}" performance || true
	done
	if ((any == 0)); then
		say "nothing to do: the kernel doesn't set the frequency here"
		return 0
	fi
	at_boot governor 'w! /sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor - - - - performance'
}

memlock() {
	put_file /etc/security/limits.d/sightline.conf 'sightline - memlock unlimited'
}

user() {
	if grep -q '^sightline:' "$root/etc/passwd" 2>/dev/null; then
		say "already: the user sightline"
		user_folder
		return 0
	fi
	local command=(useradd --system --user-group --home-dir /var/lib/sightline --shell /usr/sbin/nologin)
	[[ -z $root ]] || command+=(--prefix "$root")
	if ((dry)); then
		say "would run: ${command[*]} sightline"
		say "would make /var/lib/sightline, which is its"
		return 0
	fi
	"${command[@]}" sightline
	remember user sightline ''
	say "done: the user sightline"
	user_folder
}

# Where sensor and collector keep what is theirs: the sensor is root when systemd would make it.
user_folder() {
	local folder=$root/var/lib/sightline owner
	owner=$(awk -F: '$1 == "sightline" { print $3 ":" $4 }' "$root/etc/passwd")
	if [[ -d $folder && $(stat -c %u:%g "$folder") == "$owner" ]]; then
		say "already: /var/lib/sightline"
	elif ((dry)); then
		say "would give /var/lib/sightline to the user sightline"
	else
		mkdir -p "$folder"
		chmod 0770 "$folder"
		chown -R -h "$owner" "$folder"
		say "done: /var/lib/sightline is the user sightline's"
	fi
}

# ---- Taking it back, the last first ----

undo_one() {
	local kind=$1 where=$2 before=$3
	case $kind in
	value)
		if [[ ! -e $root$where ]]; then
			say "gone: $where"
		elif ! printf '%s\n' "$before" >"$root$where"; then
			complain "$where takes no $before"
		else
			say "undone: $where is $before"
		fi
		;;
	file)
		rm -f "$root$where"
		say "undone: $where is removed"
		if [[ $where == */grub.d/* ]]; then
			reboot=1
			[[ -n $root ]] || ! command -v update-grub >/dev/null || update-grub
		fi
		;;
	bound) [[ ! -e $root/sys/bus/pci/devices/$where ]] || hand_over "$where" '' vfio-pci ;;
	user)
		if [[ -n $root ]]; then
			userdel --prefix "$root" sightline
		else
			userdel sightline
		fi
		# What was kept there stays.
		rmdir "$root/var/lib/sightline" 2>/dev/null || true
		say "undone: the user sightline is removed"
		;;
	esac
}

undo() {
	local file kind where before
	file=$(state)
	if [[ ! -f $file ]]; then
		say "nothing to undo"
		return 0
	fi
	while IFS=$'\t' read -r kind where before; do
		if ((dry)); then
			say "would undo: $kind $where${before:+ (was $before)}"
		else
			undo_one "$kind" "$where" "$before" || complain "$kind $where could not be undone"
		fi
	done < <(tac "$file")
	((dry || failed)) || rm -f "$file"
}

# ---- ----

need() { [[ -n ${2:-} ]] || unusable "$1 takes an argument: see --help"; }

while (($# > 0)); do
	case $1 in
	--huge | --huge-1g | --isolate)
		need "$1" "${2:-}"
		todo+=("$1" "$2")
		shift
		;;
	--bind)
		need "$1" "${2:-}"
		binds+=("$2")
		shift
		;;
	--root)
		need "$1" "${2:-}"
		[[ -d $2 ]] || unusable "--root $2: no such folder"
		root=${2%/}
		shift
		;;
	--iommu | --governor | --memlock | --user | --undo) todo+=("$1" '') ;;
	--no-iommu) no_iommu=1 ;;
	--dry-run) dry=1 ;;
	-h | --help)
		usage
		exit 0
		;;
	*) unusable "unknown argument '$1': see --help" ;;
	esac
	shift
done
((${#todo[@]} + ${#binds[@]} > 0)) || unusable "nothing to do: sightline doctor says what this machine lacks, --help what is done here"
((!no_iommu || ${#binds[@]} > 0)) || unusable "--no-iommu goes with --bind CARD"
if ((EUID != 0 && !dry)) && [[ -z $root ]]; then
	unusable "this takes root (or --dry-run)"
fi
for ((i = 0; i < ${#todo[@]}; i += 2)); do
	case ${todo[i]} in
	--huge) huge 2048 "${todo[i + 1]}" ;;
	--huge-1g) huge 1048576 "${todo[i + 1]}" ;;
	--isolate) isolate "${todo[i + 1]}" ;;
	--iommu) iommu ;;
	--governor) governor ;;
	--memlock) memlock ;;
	--user) user ;;
	--undo) undo ;;
	esac
done
for card in "${binds[@]}"; do
	take_card "$card" || true
done
((!reboot)) || say "a reboot is needed before this is in force: the kernel reads its command line then alone"
exit "$failed"
