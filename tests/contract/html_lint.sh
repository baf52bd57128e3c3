#!/usr/bin/env bash
# The pages that the program makes, the status page and loadtest's report, are valid HTML to a
# validator of others, which comes from the npm registry at a version that is known to work.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program="${root}/build/release/sampleproc"
command -v npx >/dev/null || "${root}/packaging/install-deps.sh" node
work=$(mktemp -d)
serving=
cleanup() {
  [[ -z ${serving} ]] || kill "${serving}"
  rm -rf "${work}"
}
trap cleanup EXIT
cd "${work}"

"${program}" serve --set "http.unix_socket=${work}/socket" --set http.port=0 2>serve.log &
serving=$!
for _ in $(seq 600); do
  [[ ! -S socket ]] || break
  sleep 0.1
done
# Whether the numbers may be believed does not matter here (exit code 3).
"${program}" loadtest --target http://localhost --unix-socket "${work}/socket" --rate 20 --duration 5s --html report.html \
  >/dev/null 2>&1 || [[ $? -eq 3 ]]
cp "${root}/lib/api/console.html" console.html
printf '{"extends": ["html-validate:standard"]}\n' >.htmlvalidate.json
npx --yes html-validate@10.17.0 report.html console.html
