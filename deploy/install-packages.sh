#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs the packages of the groups that are named (build, test, bench), where any is missing: deploy/packages.txt.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

missing=()
for group in "$@"; do
	while read -r name; do
		state=$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)
		[[ $state == installed ]] || missing+=("$name")
	done < <(awk -v g="$group" '$1 == g { print $2 }' "$here/packages.txt")
done
if ((${#missing[@]} == 0)); then
	exit 0
fi

root=()
if ((EUID != 0)); then
	if ! command -v sudo >/dev/null; then
		echo "These packages are missing, and installing them takes root: ${missing[*]}" >&2
		exit 1
	fi
	root=(sudo)
fi
echo "Installing ${#missing[@]} packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${root[@]}" apt-get update -q &&
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } \
	>"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "apt-get could not install them (its last lines are above)." >&2
	exit 1
fi
