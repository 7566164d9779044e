#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The tool's man page: the prose that is kept here, with the table of object paths and the list of codes as the program
# itself has them.
#   tool-page.sh SIGHTLINE PAGE OUTPUT
set -euo pipefail
while IFS= read -r line; do
    case $line in
    @CODES@) "$1" intel check --codes | sed 's/\\/\\e/g; s/-/\\-/g' ;;
    @PATHS@) "$1" intel paths --roff ;;
    *) printf '%s\n' "$line" ;;
    esac
done <"$2" >"$3"
