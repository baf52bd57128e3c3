#!/usr/bin/env bash
# Tries the packages of a folder as an administrator would, in a Debian system made for it: install,
# use, change the configuration, upgrade, remove, purge, and the steps of the container file.
# Needs root, debootstrap and Debian's archive.
#
#   packaging/try-deb.sh NEW [OLD]    folders of build-deb.sh; with OLD its packages come first
#
# What comes first has to be of a lower version, or nothing is upgraded. Where it is not (without OLD
# it is NEW itself), its packages are tried under a version of their own, just below NEW's.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[[ $# -ge 1 ]] || {
  printf 'usage: try-deb.sh NEW [OLD]\n' >&2
  exit 2
}
new=$(cd "$1" && pwd)
old=$(cd "${2-$1}" && pwd)

work=$(mktemp -d)
system=${work}/system
child=
# What is mounted goes first: a tree is never removed through a mount.
clean_up() {
  [[ -z ${child} ]] || kill "${child}" 2>/dev/null || true
  umount "${system}"/{dev,proc,packages} 2>/dev/null || true
  if ! mountpoint -q "${system}/dev" && ! mountpoint -q "${system}/proc" &&
    ! mountpoint -q "${system}/packages"; then
    rm -rf --one-file-system "${work}"
  fi
}
trap clean_up EXIT

say() { printf '\n== %s\n' "$*"; }
inside() {
  chroot "${system}" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "$@"
}
expect() { # expect WORDS COMMAND...: the command fails or not, its output has the words
  local words=$1 output
  shift
  output=$("$@" 2>&1) || true
  [[ ${output} == *"${words}"* ]] || {
    printf 'expected "%s" of "%s", got:\n%s\n' "${words}" "$*" "${output}" >&2
    exit 1
  }
}
packages_of() { find "$1" -maxdepth 1 -name 'sampleproc*.deb' ! -name '*dbgsym*' -printf '/packages/%f\n' | sort; }
install_from() {
  local list
  list=$(packages_of "$1")
  mount --bind "$1" "${system}/packages"
  # shellcheck disable=SC2086  # one word for each package
  inside apt-get -q install -y --no-install-recommends -o Dpkg::Options::=--force-confold ${list}
  umount "${system}/packages"
}

version_of() { # version_of FOLDER
  local package
  package=$(find "$1" -maxdepth 1 -name 'sampleproc_*.deb' | sort | tail -n 1)
  [[ -n ${package} ]] || {
    printf 'try-deb.sh: no package sampleproc in %s\n' "$1" >&2
    exit 2
  }
  dpkg-deb -f "${package}" Version
}
# The packages of FOLDER as those of VERSION, in a folder of their own.
with_version() { # with_version FOLDER FROM VERSION
  local package tree=${work}/tree
  mkdir "${work}/old"
  find "$1" -maxdepth 1 -name 'sampleproc*.deb' ! -name '*dbgsym*' >"${work}/list"
  while read -r package; do
    dpkg-deb -R "${package}" "${tree}"
    sed -i "s/^Version: .*/Version: $3/; s/(= $2)/(= $3)/g" "${tree}/DEBIAN/control"
    dpkg-deb --root-owner-group -b "${tree}" "${work}/old" >/dev/null
    rm -rf "${tree}"
  done <"${work}/list"
}
new_version=$(version_of "${new}")
old_version=$(version_of "${old}")
if dpkg --compare-versions "${old_version}" ge "${new_version}"; then
  with_version "${old}" "${old_version}" "${new_version}~before"
  old=${work}/old
fi

say 'a clean system'
# From where this machine has its own packages.
mirror=${MIRROR:-$(apt-get indextargets --format "\$(REPO_URI)" 'Created-By: Packages' | sed -n 1p)}
debootstrap --variant=minbase bookworm "${system}" "${mirror}" >"${work}/log"
mkdir "${system}/packages"
mount --bind /proc "${system}/proc"
mount --bind /dev "${system}/dev"
# No service is started in a system that is only a folder.
printf '#!/bin/sh\nexit 101\n' >"${system}/usr/sbin/policy-rc.d"
chmod +x "${system}/usr/sbin/policy-rc.d"
inside apt-get -q update
before=$(du -sm --one-file-system "${system}" | cut -f1)
inside find / -xdev -not -path '/var/lib/*' -not -path '/var/cache/*' -not -path '/var/log/*' | sort >"${work}/before"

say 'install'
install_from "${old}"
inside sampleproc --version
expect ': ok' inside sampleproc validate-config

say 'a configuration with a drop-in, and what is wrong in it'
printf '[http]\nport = 9000\n' >"${system}/etc/sampleproc/conf.d/10-port.toml"
expect 'conf.d/10-port.toml: ok' inside sampleproc validate-config
printf '[http]\nprot = 9001\n' >"${system}/etc/sampleproc/conf.d/20-slip.toml"
expect 'did you mean http.port?' inside sampleproc validate-config
rm "${system}/etc/sampleproc/conf.d/20-slip.toml"
printf '# ours\n' >>"${system}/etc/sampleproc/sampleproc.toml"

say 'upgrade: what was changed stays as it is'
install_from "${new}"
for name in sampleproc sampleproc-opencv sampleproc-dnn sampleproc-mqtt sampleproc-video; do
  # shellcheck disable=SC2016  # dpkg-query's own
  expect "${new_version} installed" inside dpkg-query -W -f '${Version} ${db:Status-Status}' "${name}"
done
tail -n 1 "${system}/etc/sampleproc/sampleproc.toml" | grep -qx '# ours'
expect '9000  # /etc/sampleproc/conf.d/10-port.toml' inside sampleproc validate-config --print-effective
inside sampleproc --version
expect ': ok' inside sampleproc validate-config --with /lib/systemd/system/sampleproc.service

say 'as debian/tests tries it'
inside apt-get -q install -y --no-install-recommends curl man-db opencv-doc
install -m 0755 "${root}/packaging/debian/tests/installed" "${system}/tmp/installed"
rm "${system}/etc/sampleproc/conf.d/10-port.toml"
inside /tmp/installed

say 'remove: the configuration stays; purge: nothing does'
inside apt-get -q remove -y sampleproc sampleproc-opencv sampleproc-dnn sampleproc-mqtt sampleproc-video
[[ -e ${system}/etc/sampleproc/sampleproc.toml ]]
for name in sampleproc sampleproc-door; do
  mkdir -p "${system}/var/lib/private/${name}/spool"
  ln -s "private/${name}" "${system}/var/lib/${name}"
done
inside apt-get -q purge -y sampleproc sampleproc-opencv sampleproc-dnn sampleproc-mqtt sampleproc-video
for left in /etc/sampleproc /var/lib/sampleproc /var/lib/private/sampleproc /var/lib/sampleproc-door \
  /var/lib/private/sampleproc-door /usr/share/sampleproc \
  /usr/share/doc/sampleproc /usr/libexec/sampleproc; do
  [[ ! -e ${system}${left} ]] || {
    printf 'purge left %s\n' "${left}" >&2
    exit 1
  }
done
inside apt-get -q purge -y --auto-remove curl man-db opencv-doc
inside find / -xdev -not -path '/var/lib/*' -not -path '/var/cache/*' -not -path '/var/log/*' |
  sort >"${work}/after"
left=$(comm -13 "${work}/before" "${work}/after" | grep sampleproc || true)
[[ -z ${left} ]] || {
  printf 'purge left %s\n' "${left}" >&2
  exit 1
}

say "the container file's second stage, as its user, read-only"
file=${root}/packaging/container/Containerfile
install_from "${new}"
rm -rf "${system}"/var/lib/apt/lists/* "${system}"/var/cache/apt/* "${system}/var/log/apt"
inside useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin sampleproc
install -m 0755 "${root}/packaging/container/make-sbom.sh" "${system}/tmp/make-sbom.sh"
inside /tmp/make-sbom.sh 0.1.0 >"${system}/usr/share/sampleproc/sbom.cdx.json"
grep -q '"name":"libopencv-core406"' "${system}/usr/share/sampleproc/sbom.cdx.json"
after=$(du -sm --one-file-system "${system}" | cut -f1)
printf 'the system is %s MB, of which %s MB are Debian itself\n' "${after}" "${before}"
# shellcheck disable=SC2312  # no variable is an error of the steps below
mapfile -t variables < <(grep -oE 'SAMPLEPROC_[A-Z_]+=[^ ]+' "${file}")
variables+=(SAMPLEPROC_HTTP_PORT=18098)
umount "${system}/dev" "${system}/proc"
# All of it is read-only, the program is the first process and has no capability.
# shellcheck disable=SC2016  # the inner shell's own
unshare --mount --pid --fork --kill-child -- bash -c '
  set -e
  system=$1
  shift
  mount --bind "${system}" "${system}"
  mount -o remount,bind,ro "${system}"
  mount -t proc proc "${system}/proc"
  mount --bind /dev "${system}/dev"
  exec chroot --userspec=10001:10001 "${system}" env -i PATH=/usr/bin:/bin "$@"' \
  container "${system}" "${variables[@]}" sampleproc serve 2>"${work}/container.log" &
child=$!
# HEALTHCHECK, as the same user.
chroot --userspec=10001:10001 "${system}" env -i PATH=/usr/bin:/bin "${variables[@]}" \
  sampleproc health --wait 30s
serving=$(pgrep -P "${child}")
owner=$(stat -c %u "/proc/${serving}")
[[ ${owner} -eq 10001 ]] || {
  printf 'it runs as %s\n' "${owner}" >&2
  exit 1
}
chroot --userspec=10001:10001 "${system}" /bin/sh -c 'sleep 0'
kill -TERM "${serving}"
wait "${child}" || {
  cat "${work}/container.log" >&2
  exit 1
}
child=
say 'all of it went as it should'
