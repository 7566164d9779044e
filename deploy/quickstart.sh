#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# From nothing to sightings on one machine: installs the packages, builds, starts a collector on loopback, replays the
# sample captures against the sample intel and shows what was seen. The collector goes on running.
#   deploy/quickstart.sh           run it again whenever you like: it restarts its own collector
#   deploy/quickstart.sh stop      ends the collector
# SIGHTLINE_STATE: where the collector keeps its database and log (default: run/ in this checkout)
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$top/build-release
state=${SIGHTLINE_STATE:-$top/run}
pid_file=$state/collector.pid
log=$state/collector.log

# The pid in the file, if that process is our collector.
running() {
	local pid
	[[ -f $pid_file ]] && pid=$(<"$pid_file") && [[ $pid =~ ^[0-9]+$ ]] || return 1
	[[ $(readlink "/proc/$pid/exe" 2>/dev/null) == *sightline-collector* ]] || return 1
	echo "$pid"
}

stop() {
	local pid
	pid=$(running) || return 0
	kill "$pid"
	for _ in {1..100}; do
		running >/dev/null || break
		sleep 0.1
	done
	rm -f "$pid_file"
}

free_port() {
	local port=$1
	while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		port=$((port + 10))
	done
	echo "$port"
}

if [[ ${1:-} == stop ]]; then
	stop
	echo "The collector has ended. What it stored is in $state."
	exit 0
elif (($# > 0)); then
	sed -n '3,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
	exit 2
fi

echo "1. Packages"
"$top/deploy/install-packages.sh" build

echo "2. Build (in ${build#"$PWD"/})"
mkdir -p "$state"
if [[ ! -f $build/build.ninja ]]; then
	meson setup "$build" "$top" >"$state/build.log" 2>&1 || { cat "$state/build.log"; exit 1; }
fi
ninja -C "$build" >"$state/build.log" 2>&1 || { tail -n 60 "$state/build.log"; exit 1; }
"$build/app/sensor/sightline-sensor" --version

echo "3. Collector"
stop
deliver=$(free_port 7610)
stream=$(free_port $((deliver + 1)))
"$build/app/collector/sightline-collector" --listen "tcp://127.0.0.1:$deliver" \
	--publish "tcp://127.0.0.1:$stream" --store "$state/sightings.db" >"$log" 2>&1 </dev/null &
echo $! >"$pid_file"
disown
for _ in {1..100}; do
	! running >/dev/null || ! (exec 3<>"/dev/tcp/127.0.0.1/$deliver") 2>/dev/null || break
	sleep 0.1
done
if ! running >/dev/null; then
	echo "The collector did not start. It said:" >&2
	cat "$log" >&2
	exit 1
fi

echo "4. Replay of the sample captures"
data=$top/tests/data
"$build/app/sensor/sightline-sensor" --replay "$data/agenttesla/beacon.pcap" --replay "$data/agenttesla/mail.pcap" \
	--replay "$data/maltrail/trails.pcap" --intel "$data/intel" --collector "tcp://127.0.0.1:$deliver" \
	--emit sightings --stats "$state/stats.json" >"$state/sightings.jsonl"
python3 "$top/deploy/show-sightings.py" "$state/sightings.jsonl" "$state/stats.json"

cat <<END

The collector is running (process $(<"$pid_file")); sensors deliver to tcp://127.0.0.1:$deliver,
and the stream of sightings is at tcp://127.0.0.1:$stream.
  see them arrive   $build/app/sightline/sightline tail tcp://127.0.0.1:$stream
  what is stored    $state/sightings.db (SQLite)
  its log           $log
  stop it           ${SIGHTLINE_STATE:+SIGHTLINE_STATE=$state }$top/deploy/quickstart.sh stop
END
