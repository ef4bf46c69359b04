#!/usr/bin/env bash
# A real Kafka broker on the loopback interface, for tests and for trying things out.
#
#   broker.sh jars        fetch the jars (by Maven, once), print the folder that holds them
#   broker.sh start DIR   start a broker that keeps everything in DIR; print its host:port
#   broker.sh stop DIR    stop it as an operator would (SIGTERM); done when it has exited
#   broker.sh kill DIR    stop it as a power cut would (SIGKILL)
#   broker.sh tool DIR CLASS [ARGS…]
#                         run one of Kafka's own tools against it, as in
#                         broker.sh tool DIR org.apache.kafka.tools.TopicCommand --list
#
# Starting DIR again after `stop` or `kill` brings back the same broker at the same address, with
# its data. DIR/broker.log is the log of the latest start.
#
# DIR/proxied names two ports, "A B": who connects to A is told to go on at B, where a test puts a
# proxy that leads to A.
#
# Environment:
#   SVARSTID_CI_CACHE     where the jars are kept; by default ~/.cache/svarstid-ci
#   SVARSTID_KAFKA_HEAP   largest heap; by default 1g
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${SVARSTID_CI_CACHE:-$HOME/.cache/svarstid-ci}
heap=${SVARSTID_KAFKA_HEAP:-1g}
start_seconds_max=90
stop_seconds_max=30

fail() {
  echo "broker.sh: $*" >&2
  exit 1
}

usage() {
  echo "usage: broker.sh jars | start DIR | stop DIR | kill DIR | tool DIR CLASS [ARGS...]" >&2
  exit 2
}

# The folder is named after the POM, so that another version never mixes with this one.
jars() {
  local sum folder fresh
  sum=$(sha256sum "$here/pom.xml")
  folder=$cache/kafka-${sum:0:12}
  if [[ ! -d $folder ]]; then
    command -v mvn >/dev/null || fail "mvn is needed to fetch Kafka (apt-get install maven)"
    mkdir -p "$cache"
    fresh=$(mktemp -d "$folder.XXXXXX")
    if ! mvn -B -q -f "$here/pom.xml" dependency:copy-dependencies \
      "-DoutputDirectory=$fresh" >&2; then
      rm -rf "$fresh"
      fail "Maven cannot fetch Kafka's jars"
    fi
    # Somebody else may have been faster; a whole folder is as good as ours.
    mv -T "$fresh" "$folder" 2>/dev/null || rm -rf "$fresh"
  fi
  echo "$folder"
}

java_with_jars() {
  local folder
  folder=$(jars)
  java -XX:+UseSerialGC -Dkafka.log.level=warn "-Dlog4j2.configurationFile=$here/log4j2.properties" \
    -cp "$folder/*" "$@"
}

# Below the range from which the kernel takes ports for outgoing connections.
free_port() {
  local port
  for _ in {1..100}; do
    port=$((15000 + (RANDOM * 32768 + RANDOM) % 15000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  fail "found no free port"
}

# The process of DIR, if it runs: a pid alone may have passed on to somebody else.
running() {
  local pid
  [[ -f $1/broker.pid ]] || return 1
  pid=$(<"$1/broker.pid")
  [[ -r /proc/$pid/cmdline ]] || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$1/server.properties" || return 1
  echo "$pid"
}

lay_out() {
  local dir=$1 broker controller proxied proxy
  until
    broker=$(free_port)
    controller=$(free_port)
    proxied=$(free_port)
    proxy=$(free_port)
    [[ -z $(printf '%s\n' "$broker" "$controller" "$proxied" "$proxy" | sort | uniq -d) ]]
  do :; done
  rm -rf "$dir/data"
  sed -e "s|@BROKER_PORT@|$broker|g" -e "s|@CONTROLLER_PORT@|$controller|g" \
    -e "s|@DATA@|$dir/data|g" \
    -e "s|@PROXIED_PORT@|$proxied|g" -e "s|@PROXY_PORT@|$proxy|g" \
    "$here/server.properties" >"$dir/server.properties"
  # Sixteen random bytes in URL-safe base64 are what Kafka calls a cluster id.
  local id
  id=$(head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | tr -d '=')
  java_with_jars kafka.tools.StorageTool format -t "$id" -c "$dir/server.properties" \
    --standalone >"$dir/format.log" 2>&1 || {
    cat "$dir/format.log" >&2
    fail "cannot format $dir/data"
  }
  echo "$proxied $proxy" >"$dir/proxied"
  echo "127.0.0.1:$broker" >"$dir/address"
}

launch() {
  local dir=$1 folder pid
  folder=$(jars)
  # Emptied here, not by the redirection below, which happens in a process of its own: the line
  # that says "started" must not be found in the log of the life before.
  : >"$dir/broker.log"
  # A session of its own: the broker outlives this script and hears no Ctrl-C meant for a test.
  setsid java "-Xmx$heap" -Xms256m -XX:+UseSerialGC \
    "-Dlog4j2.configurationFile=$here/log4j2.properties" \
    -cp "$folder/*" kafka.Kafka "$dir/server.properties" </dev/null >>"$dir/broker.log" 2>&1 &
  pid=$!
  echo "$pid" >"$dir/broker.pid"
  local end=$((SECONDS + start_seconds_max))
  while ! grep -q 'Kafka Server started' "$dir/broker.log"; do
    kill -0 "$pid" 2>/dev/null || return 1
    if ((SECONDS >= end)); then
      kill -KILL "$pid"
      return 1
    fi
    sleep 0.1
  done
}

start() {
  local dir
  mkdir -p "$1"
  dir=$(cd "$1" && pwd)
  if running "$dir" >/dev/null; then
    cat "$dir/address"
    return
  fi
  if [[ -f $dir/address ]]; then
    launch "$dir" || {
      tail -n 40 "$dir/broker.log" >&2
      fail "the broker in $dir did not come back"
    }
  else
    # Another process may take a port between our look and Kafka's bind.
    local attempt
    for attempt in 1 2 3; do
      lay_out "$dir"
      launch "$dir" && break
      rm -f "$dir/address"
      if ((attempt == 3)) || ! grep -q 'Address already in use' "$dir/broker.log"; then
        tail -n 40 "$dir/broker.log" >&2
        fail "the broker in $dir did not start"
      fi
    done
  fi
  cat "$dir/address"
}

end_with() {
  local signal=$1 dir pid
  [[ -d $2 ]] || return 0
  dir=$(cd "$2" && pwd)
  pid=$(running "$dir") || return 0
  kill "-$signal" "$pid"
  local end=$((SECONDS + stop_seconds_max))
  while running "$dir" >/dev/null; do
    if ((SECONDS >= end)); then
      echo "broker.sh: no exit within $stop_seconds_max s, killing $pid" >&2
      kill -KILL "$pid"
      end=$((SECONDS + stop_seconds_max))
    fi
    sleep 0.05
  done
  rm -f "$dir/broker.pid"
}

tool() {
  local dir class=$2
  dir=$(cd "$1" && pwd)
  shift 2
  java_with_jars "$class" --bootstrap-server "$(<"$dir/address")" "$@"
}

(($# >= 1)) || usage
command=$1
shift
case $command in
  jars) (($# == 0)) || usage; jars ;;
  start) (($# == 1)) || usage; start "$1" ;;
  stop) (($# == 1)) || usage; end_with TERM "$1" ;;
  kill) (($# == 1)) || usage; end_with KILL "$1" ;;
  tool) (($# >= 2)) || usage; tool "$@" ;;
  *) usage ;;
esac
