#!/usr/bin/env bash
# Writes sampleproc.service and sampleproc@.service into a folder, both from the template beside
# this script.
#
#   packaging/systemd/make-units.sh BINDIR FOLDER
#
# An instance sampleproc@NAME reads /etc/sampleproc/NAME.toml and has directories of its own,
# sampleproc-NAME; each needs a port of its own.
set -euo pipefail

if [[ $# -ne 2 ]]; then
  printf 'usage: make-units.sh BINDIR FOLDER\n' >&2
  exit 2
fi
bindir=$1
folder=$2
template=$(dirname "${BASH_SOURCE[0]}")/sampleproc.service.in

sed "s#@bindir@#${bindir}#" "${template}" >"${folder}/sampleproc.service"
sed -E -e 's#^Description=.*#& (%i)#' \
  -e 's#sampleproc serve$#sampleproc serve --config /etc/sampleproc/%i.toml#' \
  -e 's#^(EnvironmentFile=.*|StateDirectory=.*|RuntimeDirectory=.*)#\1-%i#' \
  "${folder}/sampleproc.service" >"${folder}/sampleproc@.service"
