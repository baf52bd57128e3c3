#!/usr/bin/env bash
# The Debian packages: two builds under different conditions are the same bytes, lintian has nothing to
# say, and they install, upgrade and purge in a clean system. For packaging/test.sh --full.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "${work}"' EXIT
mkdir "${work}/first" "${work}/a-second-one-elsewhere"

TMPDIR="${work}/first" "${root}/packaging/build-deb.sh" "${work}/a"
(
  umask 077
  cd /
  TMPDIR="${work}/a-second-one-elsewhere" TZ=Asia/Kathmandu LC_ALL=POSIX CCACHE_DISABLE=1 \
    "${root}/packaging/build-deb.sh" "${work}/b"
)
(cd "${work}/a" && find . -name '*.deb' -print0 | sort -z | xargs -0 sha256sum) >"${work}/sums"
(cd "${work}/b" && sha256sum --check "${work}/sums")

find "${work}/a" -name '*.changes' -print0 |
  xargs -0 lintian -EvIL +pedantic --fail-on error,warning --allow-root
"${root}/packaging/try-deb.sh" "${work}/a"
