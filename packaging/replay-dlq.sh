#!/usr/bin/env bash
# Moves dead letters back to the stream that they came from, oldest first, as new entries without
# what was noted of their death: after the reason has been mended. Each letter is moved in one step,
# so that a stop in between loses none and doubles none.
#
#   packaging/replay-dlq.sh [--count N] [--list] DLQ STREAM [redis-cli OPTION...]
#   packaging/replay-dlq.sh frames:dlq:cam-wall frames:ready:cam-wall -h redis
#
# --list shows each letter's id, frame and reason and moves nothing. A password belongs into
# REDISCLI_AUTH.
set -euo pipefail

usage() {
  sed -n 's/^# \{0,1\}//; 6,7p' "$0" >&2
  exit 2
}

count=1000000
list=false
while [[ $# -gt 0 ]]; do
  case "$1" in
    --count)
      [[ ${2-} =~ ^[1-9][0-9]{0,8}$ ]] || usage
      count=$2
      shift 2
      ;;
    --list)
      list=true
      shift
      ;;
    -*) usage ;;
    *) break ;;
  esac
done
[[ $# -ge 2 && $1 != "$2" ]] || usage
dlq=$1
stream=$2
shift 2

# redis-cli's exit code says nothing of an error in an answer.
ask() {
  local answer
  answer=$(redis-cli "${server[@]}" "$@" 2>&1) || {
    printf 'replay-dlq.sh: %s\n' "${answer}" >&2
    exit 69
  }
  case "${answer}" in
    ERR* | WRONGTYPE* | NO* | OOM* | READONLY* | LOADING* | MISCONF*)
      printf 'replay-dlq.sh: Redis answers with %s\n' "${answer}" >&2
      exit 69
      ;;
    *) ;;
  esac
  printf '%s\n' "${answer}"
}
server=("$@")

# KEYS: the letters. ARGV: how many at most. Lines of id, frame and reason.
readonly show='
local lines = {}
for _, letter in ipairs(redis.call("XRANGE", KEYS[1], "-", "+", "COUNT", ARGV[1])) do
  local told = {letter[1]}
  for i = 1, #letter[2], 2 do
    local name = letter[2][i]
    if name == "frame_id" or name:sub(1, 4) == "dlq_" then
      told[#told + 1] = name .. "=" .. letter[2][i + 1]
    end
  end
  lines[#lines + 1] = table.concat(told, " ")
end
return lines'

# KEYS: the letters, the stream. ARGV: how many at most. How many were moved.
readonly move='
local letters = redis.call("XRANGE", KEYS[1], "-", "+", "COUNT", ARGV[1])
for _, letter in ipairs(letters) do
  local fields = {}
  for i = 1, #letter[2], 2 do
    if letter[2][i]:sub(1, 4) ~= "dlq_" then
      fields[#fields + 1] = letter[2][i]
      fields[#fields + 1] = letter[2][i + 1]
    end
  end
  if #fields > 0 then redis.call("XADD", KEYS[2], "*", unpack(fields)) end
  redis.call("XDEL", KEYS[1], letter[1])
end
return #letters'

if ${list}; then
  ask EVAL "${show}" 1 "${dlq}" "${count}"
  exit
fi
total=0
while [[ ${total} -lt ${count} ]]; do
  # A few at a time, so that the server is not held up.
  step=$((count - total < 100 ? count - total : 100))
  moved=$(ask EVAL "${move}" 2 "${dlq}" "${stream}" "${step}")
  [[ ${moved} =~ ^[0-9]+$ ]] || {
    printf 'replay-dlq.sh: unexpected answer: %s\n' "${moved}" >&2
    exit 69
  }
  total=$((total + moved))
  [[ ${moved} -gt 0 ]] || break
done
printf '%s dead letters moved from %s to %s\n' "${total}" "${dlq}" "${stream}"
