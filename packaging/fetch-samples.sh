#!/usr/bin/env bash
# Unpacks the pictures and videos of the Debian package opencv-doc (95 MB) to
# build/samples/opencv-doc/data, without installing it. They are used by tests and examples and are
# no part of this repository. Does nothing when they are there.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
samples="${root}/build/samples"
target="${samples}/opencv-doc"
probe="${target}/data/messi5.jpg"
[[ ! -s ${probe} ]] || exit 0

mkdir -p "${samples}"
work=$(mktemp -d "${samples}/.fetch.XXXXXX")
trap 'rm -rf "${work}"' EXIT

# As root apt would hand the download to another user, who may not write here.
download() (
  cd "${work}" &&
    apt-get -o APT::Sandbox::User=root -o Acquire::Retries=3 -q download opencv-doc >&2
)
printf 'Fetching the sample pictures: Debian package opencv-doc, 95 MB\n' >&2
# shellcheck disable=SC2310  # one chained command: there is nothing for set -e to stop
if ! download; then
  # The usual reason on a fresh machine: no package lists yet.
  "${root}/packaging/install-deps.sh" --refresh || true
  if ! download; then
    printf 'fetch-samples.sh: cannot download the Debian package opencv-doc: is there a network %s\n' \
      'and a Debian 12 package source?' >&2
    exit 69
  fi
fi

packages=("${work}"/opencv-doc_*.deb)
mkdir "${work}/tree" "${work}/opencv-doc" "${work}/opencv-doc/data"
dpkg-deb -x "${packages[0]}" "${work}/tree"
data="${work}/tree/usr/share/doc/opencv-doc/examples/data"
find "${data}" -maxdepth 1 -type f \( -name '*.jpg' -o -name '*.png' -o -name '*.avi' \) \
  -exec mv -t "${work}/opencv-doc/data" {} +
[[ -s ${work}/opencv-doc/data/messi5.jpg ]] || {
  printf 'fetch-samples.sh: the package opencv-doc does not hold messi5.jpg where it was\n' >&2
  exit 69
}
# One rename makes all of them visible: whoever sees the folder sees it whole.
rm -rf "${target}"
mv -T "${work}/opencv-doc" "${target}"
printf 'Sample pictures are in build/samples/opencv-doc/data\n' >&2
