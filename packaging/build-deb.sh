#!/usr/bin/env bash
# Makes the Debian packages from this tree: sampleproc, and the modules that bring OpenCV and FFmpeg.
# Installs what the build needs and is missing. The same commit gives the same packages, byte by
# byte, whatever the folder, the locale and the time zone.
#
#   packaging/build-deb.sh [FOLDER]    writes them to FOLDER, build/deb by default
set -euo pipefail
umask 022
export LC_ALL=C.UTF-8 TZ=UTC

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-${root}/build/deb}
mkdir -p "${out}"
out=$(cd "${out}" && pwd)

"${root}/packaging/install-deps.sh" build package

version=$(sed -nE '1s/^sampleproc \(([^)-]+)-[^)]*\).*/\1/p' "${root}/packaging/debian/changelog")
[[ -n ${version} ]] || {
  printf 'build-deb.sh: packaging/debian/changelog does not begin with a version\n' >&2
  exit 1
}
work=$(mktemp -d)
trap 'rm -rf "${work}"' EXIT
tree="${work}/sampleproc-${version}"
mkdir "${tree}"
# What git knows, as it is now: files that lie about are not packaged.
git -C "${root}" ls-files -z -- ':!.ci' ':!.gitignore' |
  tar -C "${root}" --null --files-from=- -cf - |
  tar -C "${tree}" -xf -
mv "${tree}/packaging/debian" "${work}/debian"
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "${work}/debian/changelog" -S Timestamp)
export SOURCE_DATE_EPOCH
tar -C "${work}" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH}" \
  -cf - "sampleproc-${version}" | xz -T1 >"${work}/sampleproc_${version}.orig.tar.xz"
mv "${work}/debian" "${tree}/debian"

(cd "${tree}" && dpkg-buildpackage --no-sign --build=full)
find "${work}" -maxdepth 1 -type f -exec mv -t "${out}" {} +
printf '\nThe packages:\n'
find "${out}" -maxdepth 1 -name '*.deb' | sort
