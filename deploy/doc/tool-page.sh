#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The tool's man page: the prose, with the table of object paths as the program itself has it.
#   tool-page.sh PROGRAM PROSE OUTPUT
set -euo pipefail
sed -e '/^\.\\" PATHS$/{r '<("$1" intel paths --roff) -e 'd}' "$2" >"$3"
