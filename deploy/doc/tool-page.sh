#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The tool's man page: the prose, with the tables of object paths and of codes as the program itself has them.
#   tool-page.sh PROGRAM PROSE OUTPUT
set -euo pipefail
sed -e '/^\.\\" PATHS$/{r '<("$1" intel paths --roff) -e 'd}' \
    -e '/^\.\\" CODES$/{r '<("$1" intel check --codes | sed 's/-/\\-/g') -e 'd}' "$2" >"$3"
