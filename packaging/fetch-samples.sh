#!/usr/bin/env bash
# Puts the pictures and videos of the Debian package opencv-doc (95 MB) to
# build/samples/opencv-doc/data. They are used by tests and examples and are no part of this
# repository. Does nothing when they are there.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target="${root}/build/samples/opencv-doc"
[[ ! -s ${target}/data/messi5.jpg ]] || exit 0

tree=$("${root}/packaging/unpack-package.sh" opencv-doc)
data="${tree}/usr/share/doc/opencv-doc/examples/data"
[[ -s ${data}/messi5.jpg ]] || {
  printf 'fetch-samples.sh: the package opencv-doc does not hold messi5.jpg where it was\n' >&2
  exit 69
}
work="${target}.$$"
trap 'rm -rf "${work}"' EXIT
mkdir -p "${work}/data"
find "${data}" -maxdepth 1 -type f \( -name '*.jpg' -o -name '*.png' -o -name '*.avi' \) \
  -exec mv -t "${work}/data" {} +
rm -rf "${target}" "${tree}"
mv -T "${work}" "${target}"
printf 'Sample pictures are in build/samples/opencv-doc/data\n' >&2
