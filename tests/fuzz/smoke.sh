#!/usr/bin/env bash
# Runs one fuzz target for a short while from its seeds: tests/fuzz/seeds/<target without _fuzz>/.
# Finds are kept beside the build and fail the run.
#
#   tests/fuzz/smoke.sh build/fuzz/tests/fuzz/base64_fuzz [SECONDS]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$1
seconds=${2:-60}
name=$(basename "${target}" _fuzz)
corpus="$(dirname "${target}")/corpus-${name}"
mkdir -p "${corpus}"
seeds="${here}/seeds/${name}"
[[ -d ${seeds} ]] || {
  printf 'smoke.sh: no seeds in tests/fuzz/seeds/%s\n' "${name}" >&2
  exit 1
}
exec "${target}" -max_total_time="${seconds}" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
  -print_final_stats=1 -verbosity=0 -artifact_prefix="$(dirname "${target}")/crash-${name}-" \
  "${corpus}" "${seeds}"
