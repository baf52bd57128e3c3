#!/usr/bin/env bash
# From a fresh Debian 12 to a running service: installs what is missing, builds, fetches sample
# pictures, processes some of them and starts the service in the foreground.
#
#   packaging/run.sh           ends in `sampleproc serve`; Ctrl-C stops it
#   packaging/run.sh --check   starts the service on a free port instead, asks it as a client would,
#                              stops it and says whether all of it went well
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "${root}"
bin=build/release/sampleproc
samples=build/samples/opencv-doc/data
annotated=build/annotated

check=false
case "${1-}" in
  '') ;;
  --check) check=true ;;
  *)
    printf 'usage: packaging/run.sh [--check]\n' >&2
    exit 2
    ;;
esac

say() { printf '\n== %s\n' "$*"; }
die() {
  printf 'run.sh: %s\n' "$*" >&2
  exit 1
}

say 'Packages'
groups=(build)
! ${check} || groups+=(check)
packaging/install-deps.sh "${groups[@]}"

say 'Build'
unity=()  # as in test.sh: half of the time for a first build
[[ -e build/release/CMakeCache.txt ]] || unity=(-DSAMPLEPROC_UNITY=ON)
cmake --preset release "${unity[@]}" -Wno-dev --log-level=WARNING
cmake --build --preset release --target sampleproc

say 'Pictures'
packaging/fetch-samples.sh
# A folder as a camera leaves one behind: a short series of 640x480 frames.
series=build/samples/series
mkdir -p "${series}"
cp "${samples}"/left0[1-5].jpg "${series}/"

say 'Networks'
packaging/fetch-models.sh || printf 'They cannot be kept here.\n'
models=build/models
detectors=()
steps=stats,faces
if [[ -s ${models}/yolox_nano.onnx && -s ${models}/yunet_n_640_640.onnx ]]; then
  steps=stats,objects,photo_faces
  detectors=(--set "process.model_dir=${models}" --set detector.objects.model=yolox_nano.onnx
    --set detector.photo_faces.model=yunet_n_640_640.onnx)
elif [[ -s ${models}/blazeface_back.onnx ]]; then
  steps=stats,photo_faces
  detectors=(--set "process.model_dir=${models}" --set detector.photo_faces.model=blazeface_back.onnx)
else
  printf 'There are no networks; faces are found by what is built in.\n'
fi
if [[ ${#detectors[@]} -gt 0 && -s ${models}/libonnxruntime.so ]]; then
  detectors+=(--set "process.onnxruntime=${models}/libonnxruntime.so")
fi

say 'sampleproc process-file'
rm -rf "${annotated}"
mkdir -p "${annotated}"
"${bin}" process-file "${samples}/basketball1.png" "${samples}/messi5.jpg" "${samples}/fruits.jpg" \
  "${series}" --pipeline "${steps}" "${detectors[@]}" --annotate "${annotated}" --format table
printf '\nThe pictures with their boxes drawn:\n'
pictures=$(find "${root}/${annotated}" -type f | sort)
[[ -n ${pictures} ]] || die "nothing was written to ${annotated}"
printf '%s\n' "${pictures}"

if ! ${check}; then
  say 'sampleproc serve (Ctrl-C stops it)'
  exec "${bin}" serve
fi

say 'sampleproc serve, asked as a client would'
work=$(mktemp -d)
pid=
finish() {
  # Only what this script has started, and not for ever.
  if [[ -n ${pid} ]] && kill -0 "${pid}" 2>/dev/null; then
    kill -KILL "${pid}" || true
  fi
  rm -rf "${work}"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

SAMPLEPROC_TELEMETRY_LOG_FORMAT=json "${bin}" serve --port 0 --set 'process.pipeline=["stats","faces"]' \
  2>"${work}/log" &
pid=$!

port=
for ((i = 0; i < 150; ++i)); do
  port=$(jq -Rr 'fromjson? | select(.msg == "listening") | .port' "${work}/log" | head -n 1)
  [[ -z ${port} ]] || break
  kill -0 "${pid}" 2>/dev/null || break
  sleep 0.2
done
if [[ -z ${port} ]]; then
  cat "${work}/log" >&2
  die 'the service did not say where it listens'
fi
url="http://127.0.0.1:${port}"
printf 'listening on %s\n' "${url}"

# ask NAME JQ_CONDITION CURL_ARGUMENT...: status 200 and an answer of which the condition holds.
ask() {
  local name=$1 condition=$2 status
  shift 2
  status=$(curl -sS --max-time 30 -o "${work}/answer" -w '%{http_code}' "$@") ||
    die "${name}: no answer"
  [[ ${status} == 200 ]] || {
    cat "${work}/answer" >&2
    die "${name}: status ${status}"
  }
  [[ -z ${condition} ]] || jq -e "${condition}" "${work}/answer" >"${work}/condition" || {
    cat "${work}/answer" >&2
    die "${name}: the answer is not what it should be: ${condition}"
  }
  printf 'ok   %s\n' "${name}"
}

one_face='[.detections[] | select(.class == "face")] | length == 1'
ask 'GET /livez' '' "${url}/livez"
ask 'GET /health' '.status == "healthy"' "${url}/health"
{
  printf '{"frame_data":"'
  base64 -w0 "${samples}/messi5.jpg"
  printf '","metadata":{"frame_id":"photo-1"}}'
} >"${work}/frame.json"
ask 'POST /process, JSON: one face' ".frame_id == \"photo-1\" and (${one_face})" \
  -H 'Content-Type: application/json' --data-binary "@${work}/frame.json" "${url}/process"
ask 'POST /process, the picture itself: one face' ".frame_id == \"photo-2\" and (${one_face})" \
  -H 'Content-Type: image/png' --data-binary "@${samples}/basketball1.png" \
  "${url}/process?frame_id=photo-2"

kill -TERM "${pid}"
for ((i = 0; i < 200; ++i)); do
  kill -0 "${pid}" 2>/dev/null || break
  sleep 0.2
done
! kill -0 "${pid}" 2>/dev/null || die 'the service did not end within 40 s of SIGTERM'
status=0
wait "${pid}" || status=$?
pid=
[[ ${status} -eq 0 ]] || {
  cat "${work}/log" >&2
  die "the service ended with exit code ${status}"
}
printf 'ok   SIGTERM ends it with exit code 0\n'
say 'All went well'
