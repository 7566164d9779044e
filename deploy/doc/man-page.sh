#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A man page: what the program's option table says, then the prose that is kept here.
#   man-page.sh PROGRAM PROSE OUTPUT
set -euo pipefail
"$1" --man >"$3"
cat "$2" >>"$3"
