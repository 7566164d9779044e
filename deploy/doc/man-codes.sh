#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The tool's man page: the prose that is kept here, and the checker's own list of codes.
#   man-codes.sh SIGHTLINE PAGE OUTPUT
set -euo pipefail
while IFS= read -r line; do
    if [ "$line" = "@CODES@" ]; then
        "$1" intel check --codes | sed 's/\\/\\e/g; s/-/\\-/g'
    else
        printf '%s\n' "$line"
    fi
done <"$2" >"$3"
