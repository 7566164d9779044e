#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Proves that a fresh machine is enough: a minimal Debian 12 in a folder, a clone of this checkout (what is committed),
# deploy/quickstart.sh and tests/run.sh in it. Takes root and debootstrap, and the apt configuration of this machine.
#   tests/fresh.sh [quickstart] [run]     default: both
#   SIGHTLINE_FRESH_CACHE   packages kept between runs (default /var/cache/sightline-fresh)
#   SIGHTLINE_DATA          captures and feeds, mounted read-only beside the clone (default ../shared/data)
#   FUZZ_SECONDS            as for tests/run.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
steps=${*:-quickstart run}
cache=${SIGHTLINE_FRESH_CACHE:-/var/cache/sightline-fresh}
data=${SIGHTLINE_DATA:-$PWD/../shared/data}
if ((EUID != 0)); then
	echo "tests/fresh.sh takes root: it makes a root folder and mounts in it." >&2
	exit 1
fi
command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt-get install debootstrap" >&2; exit 1; }

root=$(mktemp -d /var/tmp/sightline-fresh-XXXXXX)
# Deepest mounts first; nothing is deleted while something is mounted below.
clean_up() {
	local status=$? at
	# The collector that the quickstart left running has its root in ours.
	for at in /proc/[0-9]*; do
		[[ $(readlink "$at/root" 2>/dev/null) != "$root" ]] || kill "${at#/proc/}" 2>/dev/null || true
	done
	while read -r at; do
		umount "$at" || umount -l "$at" || true
	done < <(awk -v r="$root/" 'index($2, r) == 1 { print $2 }' /proc/mounts | sort -r)
	if grep -q " $root/" /proc/mounts; then
		echo "something is still mounted below $root: it was left as it is" >&2
	else
		rm -rf --one-file-system "$root"
	fi
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
# shellcheck disable=SC2016  # apt expands them
mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
	awk -v s="$suite" '$2 == s && $3 == "main" { print $1; exit }')
if [[ -z $mirror ]]; then
	echo "this machine's apt has no source for $suite main: run apt-get update" >&2
	exit 1
fi
started=$SECONDS
step() { printf '\n#### %s (%d s so far)\n' "$*" $((SECONDS - started)); }

step "a minimal $suite"
mkdir -p "$cache"
keyring=()
[[ ! -f /usr/share/keyrings/debian-archive-keyring.gpg ]] || keyring=(--keyring=/usr/share/keyrings/debian-archive-keyring.gpg)
if ! debootstrap --variant=minbase --include=ca-certificates --cache-dir="$cache" "${keyring[@]}" "$suite" "$root" "$mirror" \
	>"$cache/debootstrap.log" 2>&1; then
	tail -n 20 "$cache/debootstrap.log" >&2
	exit 1
fi

# A machine's root folder is anybody's to pass through; mktemp's is not.
chmod 755 "$root"
# How this machine reaches its packages holds for the folder too.
rm -rf "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d
for name in sources.list sources.list.d trusted.gpg trusted.gpg.d keyrings; do
	[[ ! -e /etc/apt/$name ]] || cp -a "/etc/apt/$name" "$root/etc/apt/"
done
[[ ! -d /usr/share/keyrings ]] || cp -an /usr/share/keyrings/. "$root/usr/share/keyrings/"
while read -r file; do
	cp "$file" "$root/etc/apt/apt.conf.d/"
done < <(grep -lE '^ *Acquire' /etc/apt/apt.conf.d/* /etc/apt/apt.conf 2>/dev/null || true)
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/hosts "$root/etc/hosts"

mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --make-rslave "$root/sys"
mount --rbind /dev "$root/dev"
mount --make-rslave "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root/var/cache/apt/archives"
mount --bind "$cache" "$root/var/cache/apt/archives"

step "a clone of $(git rev-parse --short HEAD)"
mkdir -p "$root/srv/shared/data"
git clone -q --no-hardlinks "$PWD" "$root/srv/sightline"
if [[ -d $data ]]; then
	mount --bind -o ro "$data" "$root/srv/shared/data"
	data_there=/srv/shared/data
else
	data_there=none
fi
within() {
	chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		SIGHTLINE_DATA="$data_there" FUZZ_SECONDS="${FUZZ_SECONDS:-300}" \
		${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} "$@"
}

for s in $steps; do
	case $s in
	quickstart)
		step "deploy/quickstart.sh, the first time"
		within /srv/sightline/deploy/quickstart.sh
		step "deploy/quickstart.sh, again, from another folder"
		within /bin/sh -c 'cd / && srv/sightline/deploy/quickstart.sh'
		;;
	run)
		step "tests/run.sh"
		within /srv/sightline/tests/run.sh
		;;
	*)
		echo "unknown step $s: quickstart, run" >&2
		exit 2
		;;
	esac
done
step "done: a fresh machine is enough"
