#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Measures what the product is held against: builds it (release, LTO) with the bench programs, then runs bench/run.py.
#   bench/run.sh [NAME...] [--json FILE] [--quick]     NAME: a row such as p4-ipv4, or the begin of some; default: all
#   SIGHTLINE_BUILD  another build folder than build-release, built as it was set up
# Needs what deploy/packages.txt lists under `build` and `bench`; exit 0 where every bound holds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${SIGHTLINE_BUILD:-build-release}
[[ -f $build/build.ninja ]] || meson setup "$build" >/dev/null
ninja -C "$build" bench-programs | tail -n 1
export SIGHTLINE_BUILD=$build SIGHTLINE_DATA=${SIGHTLINE_DATA:-$PWD/../shared/data}
exec /usr/bin/python3 bench/run.py "$@"
