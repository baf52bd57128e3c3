#!/usr/bin/env bash
# config/openapi.json, held by a test to what the service answers, passes two linters of others.
# They come from the npm registry, at versions that are known to work.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
command -v npx >/dev/null || "${root}/packaging/install-deps.sh" node
work=$(mktemp -d)
trap 'rm -rf "${work}"' EXIT
cd "${work}"
printf 'extends: ["spectral:oas"]\n' >rules.yaml
npx --yes @redocly/cli@1.34.5 lint "${root}/config/openapi.json"
npx --yes @stoplight/spectral-cli@6.11.1 lint --ruleset rules.yaml --fail-severity warn \
  "${root}/config/openapi.json"
