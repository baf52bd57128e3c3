#!/usr/bin/env bash
# From a fresh Debian 12 to a running service: installs what is missing, builds, fetches sample
# pictures and networks, finds people and faces in photos and in a video, and starts the service in
# the foreground.
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
places=()  # where the service finds networks and what runs them
faces=faces
people=people
if [[ -s ${models}/libonnxruntime.so ]]; then
  places+=(--set "process.onnxruntime=${PWD}/${models}/libonnxruntime.so")
fi
for network in yunet_n_640_640.onnx blazeface_back.onnx; do
  [[ ${faces} == faces && -s ${models}/${network} ]] || continue
  faces=photo_faces
  places+=(--set "detector.photo_faces.model=${network}")
done
if [[ -s ${models}/yolox_nano.onnx ]]; then
  people=objects
  places+=(--set detector.objects.model=yolox_nano.onnx)
fi
[[ ${people} != people || ${faces} != faces ]] || printf '%s\n' \
  'There are no networks. Everything works without them; people and faces are found by what is' \
  'built in, which finds fewer. packaging/fetch-models.sh --from DIR takes them from a folder.'
[[ ${#places[@]} -eq 0 ]] || places+=(--set "process.model_dir=${PWD}/${models}")

rm -rf "${annotated}"
mkdir -p "${annotated}"
# photos STEPS NAME...: what is found in the pictures, which are drawn.
photos() {
  local steps=$1
  shift
  "${bin}" process-file "$@" --pipeline "${steps}" "${places[@]}" --annotate "${annotated}" \
    --format table
}
say 'sampleproc process-file: photos'
if [[ ${people} == objects ]]; then
  photos "stats,objects,${faces}" "${samples}/basketball1.png" "${samples}/messi5.jpg" \
    "${samples}/fruits.jpg" "${series}"
else  # a photo shows people too large for what is built in, which is for those who walk by
  photos "stats,${faces}" "${samples}/basketball1.png" "${samples}/messi5.jpg" \
    "${samples}/fruits.jpg" "${series}"
fi

say 'sampleproc process-file: a video'
"${bin}" process-file "${samples}/vtest.avi" --pipeline "motion,${people},track" "${places[@]}" \
  --set process.detection_threshold=0.5 --annotate "${annotated}/vtest.mp4" \
  -o "${annotated}/vtest.ndjson"
seen=$(grep -c '"class":"person"' "${annotated}/vtest.ndjson" || true)
boxes=$(grep -o '"class":"person"' "${annotated}/vtest.ndjson" | wc -l || true)
tracks=$(grep -o '"track_id":[0-9]*' "${annotated}/vtest.ndjson" | sort -u | wc -l || true)
printf 'people in %s frames, %s boxes, %s tracks\n' "${seen}" "${boxes}" "${tracks}"
[[ ${boxes} -gt 0 ]] || die 'nobody was found in vtest.avi'

printf '\nThe pictures and the video with their boxes drawn, and what was found in the video:\n'
pictures=$(find "${root}/${annotated}" -type f | sort)
[[ -n ${pictures} ]] || die "nothing was written to ${annotated}"
printf '%s\n' "${pictures}"

if ! ${check}; then
  say 'sampleproc serve (Ctrl-C stops it)'
  exec "${bin}" serve "${places[@]}"
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

SAMPLEPROC_TELEMETRY_LOG_FORMAT=json "${bin}" serve --port 0 "${places[@]}" \
  --set "process.pipeline=[\"stats\",\"${faces}\"]" 2>"${work}/log" &
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

a_face='[.detections[] | select(.class == "face")] | length >= 1'
ask 'GET /livez' '' "${url}/livez"
ask 'GET /health' '.status == "healthy"' "${url}/health"
{
  printf '{"frame_data":"'
  base64 -w0 "${samples}/messi5.jpg"
  printf '","metadata":{"frame_id":"photo-1"}}'
} >"${work}/frame.json"
ask 'POST /process, JSON: a face' ".frame_id == \"photo-1\" and (${a_face})" \
  -H 'Content-Type: application/json' --data-binary "@${work}/frame.json" "${url}/process"
ask 'POST /process, the picture itself: a face' ".frame_id == \"photo-2\" and (${a_face})" \
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
