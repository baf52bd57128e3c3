#!/usr/bin/env bash
# Builds and tests everything: the release build, and once more under AddressSanitizer and UBSan. Each
# test runs: unit and integration tests under the sanitizers, suites that are long there (label `long` in
# tests/CMakeLists.txt) and what needs an optimised program on the release build, all others on both.
# The last line is "N passed, N failed"; the exit code is 0 only when nothing failed.
#
#   packaging/test.sh          at most 35 minutes on two cores without a compiler cache
#   packaging/test.sh --full   also: all tests on both builds, formatting, clang-tidy, linters of the
#                              OpenAPI document and the manifests, the Debian packages, ThreadSanitizer,
#                              chaos, fuzzers, coverage
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "${root}"
full=false
case "${1-}" in
  '') ;;
  --full) full=true ;;
  *)
    printf 'usage: packaging/test.sh [--full]\n' >&2
    exit 2
    ;;
esac

jobs=$(nproc)
passed=0
failed=0
failures=()
pass() { passed=$((passed + 1)); }
fail() {
  failed=$((failed + 1))
  failures+=("$1")
}
say() { printf '\n== %s (%s s)\n' "$*" "${SECONDS}"; }

# check NAME COMMAND...: one step, counted as one test.
check() {
  local name=$1
  shift
  say "${name}"
  if "$@"; then pass; else fail "${name}"; fi
}

# build PRESET [DEFINITION...]: configures and builds; a failure counts, success does not: the tests
# behind it do.
build() {
  say "build ${1}"
  if cmake --preset "$@" -Wno-dev --log-level=WARNING && cmake --build --preset "$1"; then
    return 0
  fi
  fail "build ${1}"
  return 1
}

# run_tests PRESET [OPTION...]: runs the preset's tests, as ctest's options choose, and adds what
# ctest counted. A run that counted nothing is a failure. Twice as many tests as there are cores run
# at once: most of them wait for somebody most of the time.
run_tests() {
  local preset=$1 log="build/ctest-${1}.log" summary status=0
  shift
  say "test ${preset} $*"
  ctest --preset "${preset}" --no-tests=error --parallel "$((2 * jobs))" "$@" 2>&1 | tee "${log}" || status=$?
  summary=$(sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)$/\1 \2/p' \
    "${log}")
  if [[ -z ${summary} ]]; then
    fail "test ${preset}: ctest ran nothing"
    return
  fi
  local bad=${summary% *} total=${summary#* }
  passed=$((passed + total - bad))
  failed=$((failed + bad))
  [[ ${bad} -eq 0 ]] || failures+=("test ${preset}: ${bad} of ${total}")
  # ctest's own verdict knows more than its count.
  [[ ${status} -eq 0 || ${bad} -ne 0 ]] || fail "test ${preset}: ctest exit code ${status}"
}

# build_whole PRESET [DEFINITION...]: a build directory that is new compiles many files at once, which is
# for whoever builds all of it; one that is there goes on as it began.
build_whole() {
  local unity=()
  [[ -e build/${1}/CMakeCache.txt ]] || unity=(-DSAMPLEPROC_UNITY=ON)
  build "$@" "${unity[@]}"
}

# ahead NAME COMMAND...: begins with it beside tests, which mostly wait, with what they leave of the
# processors. One at a time; it has a process group of its own, so that it ends with this script.
# await_ahead waits for its end and returns how it went. Of a build that is told by the one that
# follows, which does what is left.
ahead() {
  ahead_of=$1
  shift
  set -m
  (
    exec >"build/ahead-${ahead_of// /-}.log" 2>&1
    renice -n 19 -p "${BASHPID}"
    "$@"
  ) &
  ahead=$!
  set +m
  trap 'kill -- "-${ahead}" 2>/dev/null || true' EXIT
}
await_ahead() {
  say "${ahead_of}, begun beside the tests"
  local status=0
  wait "${ahead}" || status=$?
  trap - EXIT
  return "${status}"
}

# build_and_test PRESET [OPTION OF CTEST...]
#
# Everything runs in the conditions below, where bash ignores set -e: each step says what it does
# when a command fails.
# shellcheck disable=SC2310
build_and_test() {
  if build_whole "$1"; then run_tests "$@"; fi
}

sources() { find lib apps tests -name '*.cc' -print0 -o -name '*.h' -print0; }

check_format() { sources | xargs -0 clang-format-19 --dry-run -Werror; }

# clang cannot read the headers that g++ has precompiled, so these are the commands without them.
tidy() {
  cmake --preset release -B build/tidy -DSAMPLEPROC_PCH=OFF -Wno-dev --log-level=WARNING &&
    run-clang-tidy-19 -quiet -p build/tidy -j "${jobs}" "${root}/(lib|apps)/.*\.cc$"
}
tidy_verdict() {
  # shellcheck disable=SC2310
  await_ahead && return 0
  grep -E 'warning:|error:' build/ahead-clang-tidy.log | sort -u
  return 1
}

# One target's minute; what it said is kept, and whether it went well.
fuzz_one() {
  rm -f "$1.passed"
  if tests/fuzz/smoke.sh "$1" >"$1.log" 2>&1; then touch "$1.passed"; fi
}
fuzz_verdict() {
  cat "$1.log"
  [[ -e $1.passed ]]
}

fuzz() {
  # shellcheck disable=SC2310
  build fuzz || return 0  # counted there
  local targets target
  targets=$(find build/fuzz/tests/fuzz -maxdepth 1 -name '*_fuzz' -type f -perm -u+x | sort)
  [[ -n ${targets} ]] || fail 'fuzz: no targets'
  export -f fuzz_one
  # shellcheck disable=SC2016
  xargs -n 1 -P "${jobs}" bash -c 'fuzz_one "$1"' fuzz_one <<<"${targets}"
  for target in ${targets}; do check "fuzz ${target##*/}" fuzz_verdict "${target}"; done
}

# Thousands of clients at once, more than there is memory or time for: on the release build, and
# clients that go in the middle under the sanitizers too.
chaos() {
  run_tests release -C chaos -R '^chaos_' --verbose
  local preset
  for preset in asan tsan; do
    check "clients gone at any byte, ${preset}" env PYTHONPATH=tests/cli /usr/bin/python3 \
      tests/chaos/clients_test.py "build/${preset}/sampleproc" \
      Clients.test_clients_that_are_gone_at_any_byte
  done
}

# By the unit tests: what only a whole program's run reaches does not count as tested.
coverage() {
  # shellcheck disable=SC2310
  build coverage || return 0
  run_tests coverage
  local folder
  for folder in base json frame codec config; do
    check "at least 95 % of the lines of lib/${folder} run" \
      gcovr --root . --filter "lib/${folder}/" --fail-under-line 95 build/coverage
  done
}

mkdir -p build
groups=(build check test)
! ${full} || groups+=(full)
packaging/install-deps.sh "${groups[@]}"
packaging/fetch-samples.sh
packaging/unpack-package.sh nginx >/dev/null
packaging/unpack-package.sh prometheus >/dev/null

unit_tests=OFF
! ${full} || unit_tests=ON
# shellcheck disable=SC2310
if build_whole release "-DSAMPLEPROC_UNIT_TESTS=${unit_tests}"; then
  ahead 'build asan' build_whole asan
  run_tests release
  await_ahead || true
fi
if ${full}; then
  # shellcheck disable=SC2310
  if build_whole asan; then
    ahead 'build tsan' build_whole tsan
    run_tests asan
    await_ahead || true
  fi
  ahead clang-tidy tidy
  build_and_test tsan
  check 'clang-tidy' tidy_verdict
  check 'formatting' check_format
  check 'openapi.json passes two linters' tests/contract/openapi_lint.sh
  check 'the pages pass a validator of others' tests/contract/html_lint.sh
  check 'spans are read alike by a decoder of others' tests/contract/otlp_lint.sh
  check 'manifests and the JSON Schema pass validators of others' tests/contract/manifests_lint.sh
  check 'the Debian packages' tests/contract/package_check.sh
  chaos
  fuzz
  coverage
  check 'packages are to be had' packaging/install-deps.sh --available
else
  build_and_test asan -LE long
fi

say 'done'
if [[ ${failed} -gt 0 ]]; then
  printf '\nFailed:\n'
  printf '  %s\n' "${failures[@]}"
fi
printf '\n%d passed, %d failed\n' "${passed}" "${failed}"
[[ ${failed} -eq 0 && ${passed} -gt 0 ]]
