#!/usr/bin/env bash
# What the exporter sends is OTLP to a decoder of others: OpenTelemetry's own, from the npm registry
# at a version that is known to work, whose message classes are made from the public .proto files. It
# sees the same spans, with the same kinds, parents and links, as the collector of tests/cli.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
command -v npx >/dev/null || "${root}/packaging/install-deps.sh" node
work=$(mktemp -d)
trap 'rm -rf "${work}"' EXIT
cd "${work}"
mkdir spans
npm install --silent --no-audit --no-fund --ignore-scripts \
  @opentelemetry/otlp-transformer@0.203.0 @opentelemetry/api@1.9.0
SAMPLEPROC_KEEP_SPANS="${work}/spans" /usr/bin/python3 "${root}/tests/cli/traces_test.py" \
  "${root}/build/release/sampleproc"
sort spans/lines >ours
node "${root}/tests/contract/otlp_decode.js" spans | sort >theirs
diff ours theirs
count=$(wc -l <theirs)
kinds=$(cut -d ' ' -f 4 theirs | sort -u | tr '\n' ' ')
printf '%s spans, of the kinds %s\n' "${count}" "${kinds}"
[[ ${kinds} == 'client consumer internal server ' ]]
