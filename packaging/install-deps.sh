#!/usr/bin/env bash
# Installs the Debian packages of the groups named in dependencies.txt that are not installed yet.
# Without a group: build. Says nothing when nothing is missing.
#
#   packaging/install-deps.sh [GROUP...]             groups: build check test full node bench
#   packaging/install-deps.sh --missing [GROUP...]   only prints what is missing
#   packaging/install-deps.sh --refresh              only fetches the package lists
#   packaging/install-deps.sh --available            fails when apt does not know a listed package
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
list="${here}/dependencies.txt"

die() {
  printf 'install-deps.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

as_root=()
become_root() {
  local uid
  uid=$(id -u)
  if [[ ${uid} -eq 0 ]]; then
    as_root=(env)
  elif command -v sudo >/dev/null; then
    as_root=(sudo env)
  else
    die "$1, which needs root, and there is no sudo. As root, run: ${here}/install-deps.sh $2" 77
  fi
  # The lock may be held by unattended upgrades of a machine that has just started.
  as_root+=(DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300
            -o Acquire::Retries=3 -q)
}

packages_of() {
  awk -v wanted="$1" '
    { sub(/#.*/, "") }
    /^\[/ { group = $1; gsub(/[][]/, "", group); found = found || group == wanted; next }
    NF && group == wanted { print $1 }
    END { exit !found }' "${list}" ||
    die "there is no group '$1' in ${list}" 2
}

only_print=false
case "${1-}" in
  --refresh)
    become_root 'fetching the package lists' --refresh
    "${as_root[@]}" update >&2
    exit
    ;;
  --available)
    unknown=
    packages=$(awk '{ sub(/#.*/, "") } NF && !/^\[/ { print $1 }' "${list}")
    for package in ${packages}; do
      apt-cache show "${package}" >/dev/null 2>&1 || unknown+=" ${package}"
    done
    [[ -z ${unknown} ]] || die "apt does not know:${unknown}" 1
    exit 0
    ;;
  --missing)
    only_print=true
    shift
    ;;
  -*) die "unknown option; usage: install-deps.sh [--missing|--refresh|--available] [GROUP...]" 2 ;;
  *) ;;
esac
[[ $# -gt 0 ]] || set -- build
command -v dpkg-query >/dev/null || die 'this is not a Debian system: dpkg-query is not there' 69

missing=()
for group in "$@"; do
  packages=$(packages_of "${group}")
  for package in ${packages}; do
    # `ii `: wanted installed, installed, no error.
    state=$(dpkg-query -W -f='${db:Status-Abbrev}' "${package}" 2>/dev/null || true)
    [[ ${state} == ii* ]] || missing+=("${package}")
  done
done
[[ ${#missing[@]} -gt 0 ]] || exit 0
if ${only_print}; then
  printf '%s\n' "${missing[@]}"
  exit 0
fi

become_root "installing ${missing[*]}" "$*"
printf 'Installing %s\n' "${missing[*]}" >&2
# A foreign source that does not answer must not stop us: whether our packages are to be had, the
# install decides.
"${as_root[@]}" update >&2 || printf 'install-deps.sh: the package lists may be stale\n' >&2
"${as_root[@]}" install --yes --no-install-recommends "${missing[@]}" >&2 ||
  die 'apt-get could not install them; its message is above' 69
