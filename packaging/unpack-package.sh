#!/usr/bin/env bash
# Unpacks a Debian package to a folder below build/ without installing it: for what is only looked
# at, and for servers, which Debian would start. Does nothing when it is there.
#
#   packaging/unpack-package.sh PACKAGE     prints the folder, build/unpacked/PACKAGE
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[[ $# -eq 1 ]] || {
  printf 'usage: packaging/unpack-package.sh PACKAGE\n' >&2
  exit 2
}
package=$1
unpacked="${root}/build/unpacked"
target="${unpacked}/${package}"
if [[ ! -d ${target} ]]; then
  mkdir -p "${unpacked}"
  work=$(mktemp -d "${unpacked}/.fetch.XXXXXX")
  trap 'rm -rf "${work}"' EXIT

  # As root apt would hand the download to another user, who may not write here.
  download() (
    cd "${work}" &&
      apt-get -o APT::Sandbox::User=root -o Acquire::Retries=3 -q download "${package}" >&2
  )
  printf 'Fetching the Debian package %s\n' "${package}" >&2
  # shellcheck disable=SC2310  # one chained command: there is nothing for set -e to stop
  if ! download; then
    # The usual reason on a fresh machine: no package lists yet.
    "${root}/packaging/install-deps.sh" --refresh || true
    if ! download; then
      printf 'unpack-package.sh: cannot download the Debian package %s: is there a network and a %s\n' \
        "${package}" 'Debian 12 package source?' >&2
      exit 69
    fi
  fi
  packages=("${work}/${package}"_*.deb)
  dpkg-deb -x "${packages[0]}" "${work}/tree"
  # One rename makes all of it visible: whoever sees the folder sees it whole.
  mv -T "${work}/tree" "${target}"
fi
printf '%s\n' "${target}"
