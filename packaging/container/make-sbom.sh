#!/usr/bin/env bash
# Prints the packages of the Debian system that it runs in as a CycloneDX document: what is in the
# image, for scanners that look for known vulnerabilities.
#
#   packaging/container/make-sbom.sh VERSION
set -euo pipefail

[[ $# -eq 1 ]] || {
  printf 'usage: make-sbom.sh VERSION\n' >&2
  exit 2
}

# In a package URL "+", ":" and "~" of a version are written as their bytes.
encoded() { sed -e 's/%/%25/g' -e 's/+/%2B/g' -e 's/:/%3A/g' -e 's/~/%7E/g'; }

printf '{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"metadata":{"component":'
printf '{"type":"application","bom-ref":"image","name":"sampleproc","version":"%s"}},' "$1"
printf '"components":['
# shellcheck disable=SC2016  # the braces are dpkg-query's
dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version} ${Architecture}\n' |
  while read -r state name version architecture; do
    [[ ${state} == ii ]] || continue
    # shellcheck disable=SC2312  # neither printf nor sed fails here
    purl="pkg:deb/debian/$(printf %s "${name}" | encoded)@$(printf %s "${version}" | encoded)?arch=${architecture}"
    printf '%s{"type":"library","bom-ref":"%s","name":"%s","version":"%s","purl":"%s"}' \
      "${comma-}" "${purl}" "${name}" "${version}" "${purl}"
    comma=,
  done
printf ']}\n'
