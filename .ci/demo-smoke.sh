#!/usr/bin/env bash
# Starts the demo as a newcomer would, waits until it is ready, lets promtool read its metrics,
# and asks it to stop.
#
#   .ci/demo-smoke.sh [COMMAND…]     by default: cargo run --release -- demo
#
# The demo chooses a free port itself and says which on the line that says it is listening.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

ready_seconds_max=60
exit_seconds_max=5

# Cargo becomes the program it runs, so signals reach it.
command=("$@")
((${#command[@]} > 0)) || command=(cargo run --release --quiet -- demo)

work=$(mktemp -d)
pid=

finish() {
  local code=$?
  trap - EXIT
  if [[ -n $pid ]] && kill -0 "$pid" 2>/dev/null; then
    kill -KILL "$pid"
  fi
  if ((code != 0)); then
    echo "--- the demo printed:" >&2
    tail -n 50 "$work/demo.log" >&2 || true
  fi
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT

fail() {
  echo "demo-smoke.sh: $*" >&2
  exit 1
}

# wait_for WHAT SECONDS COMMAND…: until the command succeeds, while the demo lives.
wait_for() {
  local what=$1 end=$((SECONDS + $2))
  shift 2
  until "$@"; do
    kill -0 "$pid" 2>/dev/null || fail "the demo ended before it was $what"
    ((SECONDS < end)) || fail "the demo was not $what in time"
    sleep 0.05
  done
}

find_address() {
  address=$(sed 's/\x1b\[[0-9;]*m//g' "$work/demo.log" |
    sed -nE '/[Ll]istening/ s/.*address"?[=:] ?"?([^" ,}]*:[1-9][0-9]*).*/\1/p' | head -n 1)
  [[ -n $address ]]
}

is_ready() {
  curl -sf --max-time 5 -o "$work/ready" "http://$address/-/ready"
}

NO_COLOR=1 "${command[@]}" --listen 127.0.0.1:0 >"$work/demo.log" 2>&1 </dev/null &
pid=$!
start=$SECONDS
address=
wait_for listening "$ready_seconds_max" find_address
wait_for ready "$ready_seconds_max" is_ready
echo "ready at $address after $((SECONDS - start)) s"

curl -sSf --max-time 10 -o "$work/metrics" "http://$address/metrics"
series=$(grep -c '^svarstid_' "$work/metrics" || true)
((series > 0)) || fail "/metrics has no series of ours"
promtool check metrics <"$work/metrics" || fail "promtool objects to /metrics"
echo "$series series, and promtool has nothing to say about them"

kill -TERM "$pid"
end=$((SECONDS + exit_seconds_max))
while kill -0 "$pid" 2>/dev/null; do
  ((SECONDS < end)) || fail "no exit within $exit_seconds_max s of SIGTERM"
  sleep 0.05
done
code=0
wait "$pid" || code=$?
pid=
((code == 0)) || fail "exit code $code after SIGTERM"
echo "stopped with exit code 0"
