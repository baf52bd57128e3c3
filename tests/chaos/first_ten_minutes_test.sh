#!/usr/bin/env bash
# A stranger's first ten minutes, typed by a script: a copy of the repository, a photo and a video, the
# service, a broken configuration, a reload, a load test, a stop. What each error says is looked at.
#
#   tests/chaos/first_ten_minutes_test.sh BINARY
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
binary=$(readlink -f "$1")
photo=${root}/build/samples/opencv-doc/data/messi5.jpg
work=$(mktemp -d)
service=
clean_up() {
  [[ -z ${service} ]] || kill -KILL "${service}" 2>/dev/null || true
  rm -rf "${work}"
}
trap clean_up EXIT
cd "${work}"
mkdir bin
ln -s "${binary}" bin/sampleproc
export PATH="${work}/bin:${PATH}"

say() { printf '\n$ %s\n' "$*"; }
# says WORDS CODE COMMAND...: its exit code is CODE, and what it prints has WORDS in it
says() {
  local words=$1 code=$2 status=0
  shift 2
  say "$*"
  "$@" >output 2>&1 || status=$?
  cat output
  [[ ${status} -eq ${code} ]] || {
    printf 'exit code %s, expected %s\n' "${status}" "${code}" >&2
    exit 1
  }
  grep -qF -- "${words}" output || {
    printf 'did not say: %s\n' "${words}" >&2
    exit 1
  }
}

says 'Usage: sampleproc' 0 sampleproc --help
says "Try 'sampleproc --help'" 2 sampleproc prcess-file "${photo}"
says '"class":"face"' 0 sampleproc process-file "${photo}" --pipeline stats,faces
says 'No such file' 65 sampleproc process-file nothing.jpg
ffmpeg -v error -loop 1 -i "${photo}" -frames:v 10 -r 10 -pix_fmt yuv420p -vf 'crop=trunc(iw/2)*2:trunc(ih/2)*2' door.mp4
says 'door.mp4#9' 0 sampleproc process-file door.mp4 --pipeline stats

printf '[http]\nport = 0\n[process]\npipeline = ["stats"]\n' >my.toml
say 'sampleproc serve --config my.toml'
sampleproc serve --config my.toml 2>log &
service=$!
wait_for() {
  local tries
  for ((tries = 0; tries < 1200; ++tries)); do
    ! grep -qF -- "$1" log || return 0
    kill -0 "${service}" || break
    sleep 0.1
  done
  printf 'the log has no %s:\n' "$1" >&2
  cat log >&2
  exit 1
}
wait_for '"listening"'
port=$(grep -F '"listening"' log | grep -oE '"port":[0-9]+' | cut -d: -f2)
says '' 0 sampleproc health --set "http.port=${port}"
says '"format":"jpeg"' 0 curl -sS --data-binary "@${photo}" -H 'Content-Type: image/jpeg' \
  "http://127.0.0.1:${port}/process"

printf '[http]\nport = 0\nidle_timout = "90s"\n[process]\npipeline = ["stats", "cars"]\n' >my.toml
says 'did you mean http.idle_timeout?' 65 sampleproc validate-config my.toml
says 'pipeline = ["stats", "cars"]' 65 sampleproc validate-config my.toml
kill -HUP "${service}"
wait_for 'keeping the old one'
says '' 0 sampleproc health --set "http.port=${port}"
printf '[http]\nport = 0\nidle_timeout = "90s"\n[process]\npipeline = ["stats"]\n[telemetry]\nlog_level = "debug"\n' >my.toml
says 'my.toml: ok' 0 sampleproc validate-config my.toml
kill -HUP "${service}"
wait_for '"reloaded"'
status=0
sampleproc loadtest --target "http://127.0.0.1:${port}" --path /livez --rate 50 --requests 50 || status=$?
[[ ${status} -eq 0 || ${status} -eq 3 ]]  # 3: this machine was too busy to measure
kill -TERM "${service}"
wait "${service}"
service=
says '' 2 sampleproc health --set "http.port=${port}"
