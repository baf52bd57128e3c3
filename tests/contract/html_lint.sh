#!/usr/bin/env bash
# The pages that the program makes, the status page, loadtest's report and the differences of two
# runs, are valid HTML to a validator of others, which comes from the npm registry at a version that
# is known to work.
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
# Two pictures that differ, one that is gone and one that cannot be read (exit code 1).
samples=${SAMPLEPROC_SAMPLES:-${root}/build/samples/opencv-doc/data}
mkdir photos
cp "${samples}/messi5.jpg" "${samples}/box.png" photos/
"${program}" process-file -q --pipeline faces -o old.ndjson photos
mv photos/box.png 'photos/a <b> & "c".png'
printf 'broken' >photos/bad.png
"${program}" process-file -q --pipeline stats photos --compare old.ndjson --diff-html changes.html \
  >/dev/null || [[ $? -eq 1 ]]
"${program}" process-file -q --pipeline faces photos/messi5.jpg --compare old.ndjson \
  --diff-html few.html >/dev/null || [[ $? -eq 1 ]]
printf '{"extends": ["html-validate:standard"]}\n' >.htmlvalidate.json
npx --yes html-validate@10.17.0 report.html console.html changes.html few.html
