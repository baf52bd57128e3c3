#!/usr/bin/env bash
# Moves dead letters back to the stream that they came from, oldest first, as new entries without
# what was noted of their death: after the reason has been mended. Each letter is moved in one step,
# so that a stop in between loses none and doubles none. It ends at the newest letter that was there
# at its start, so frames that die again beside it are not moved twice.
#
#   packaging/replay-dlq.sh [--count N] [--list | --dry-run] [--truncated] [--create] DLQ STREAM [redis-cli OPTION...]
#   packaging/replay-dlq.sh frames:dlq:cam-wall frames:ready:cam-wall -h redis
#
# --list shows each letter's id, frame and reason, --dry-run those that would be moved; both move
# nothing. Letters from which fields were left out (dlq_truncated), or whose entry was trimmed before
# it died (dlq_trimmed), stay unless --truncated is given, and entries that are no dead letters (no
# dlq_reason) always. An entry that is moved carries dlq_replays, how often that has happened, and is
# not dropped for its age (consumer.max_age). A stream that does not exist is not made unless --create
# is given, nor is one used that is empty and has no group. A password belongs into REDISCLI_AUTH: on
# a command line everybody on the machine sees it.
set -euo pipefail

usage() {
  sed -n '7,8s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

count=1000000
list=false
dry_run=0
truncated=0
create=false
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
    --dry-run)
      dry_run=1
      shift
      ;;
    --truncated)
      truncated=1
      shift
      ;;
    --create)
      create=true
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
# Of redis-cli's options those that say which server; the others would do something else with it.
readonly options='-h -p -s -u -n -t --user --tls --sni --cacert --cacertdir --cert --key --insecure -2 -3 -4 -6 -c'
server=("$@")
for word in "$@"; do
  case "${word}" in
    -a* | --pass* | --askpass | *://*:*@*)
      printf 'replay-dlq.sh: give the password in REDISCLI_AUTH, not on the command line\n' >&2
      exit 2
      ;;
    *) ;;
  esac
done
while [[ $# -gt 0 ]]; do
  case "$1" in
    --tls | --insecure | --no-auth-warning | --raw | --no-raw | --json | --csv | -2 | -3 | -4 | -6 | -c) ;;
    -n)
      if [[ ! ${2-} =~ ^[0-9]+$ ]]; then
        printf 'replay-dlq.sh: -n is redis-cli'"'"'s option for a database and wants its number; --dry-run moves nothing\n' >&2
        exit 2
      fi
      shift
      ;;
    -h | -p | -s | -u | -t | --user | --sni | --cacert | --cacertdir | --cert | --key)
      if [[ $# -lt 2 || $2 == -* ]]; then
        printf 'replay-dlq.sh: %s wants a value\n' "$1" >&2
        exit 2
      fi
      shift
      ;;
    *)
      printf 'replay-dlq.sh: %s is none of redis-cli'"'"'s options for a server: %s\n' "$1" "${options}" >&2
      exit 2
      ;;
  esac
  shift
done

# redis-cli's exit code says nothing of an error in an answer. The last of the options that choose a
# format holds: the answers are read here.
ask() {
  local answer
  answer=$(redis-cli "${server[@]}" --raw "$@" 2>&1) || {
    printf 'replay-dlq.sh: %s\n' "${answer}" >&2
    exit 69
  }
  case "${answer}" in
    ERR* | AUTH* | WRONGTYPE* | NO* | OOM* | READONLY* | LOADING* | MISCONF*)
      printf 'replay-dlq.sh: Redis answers with %s\n' "${answer}" >&2
      exit 69
      ;;
    *) ;;
  esac
  printf '%s\n' "${answer}"
}

# What senders have written, for a terminal: no control character does what it says there.
readonly shown='
local function shown(text)
  local function escaped(bytes)
    return (bytes:gsub(".", function(c) return string.format("\\x%02x", c:byte()) end))
  end
  return (text:gsub("[%c\\]", escaped):gsub("\194[\128-\159]", escaped))
end
'

# KEYS: the letters. ARGV: how many at most. Lines of id, frame and reason.
readonly show=${shown}'
local lines = {}
for _, letter in ipairs(redis.call("XRANGE", KEYS[1], "-", "+", "COUNT", ARGV[1])) do
  local told = {letter[1]}
  for i = 1, #letter[2], 2 do
    local name = letter[2][i]
    if name == "frame_id" or name:sub(1, 4) == "dlq_" then
      told[#told + 1] = shown(name .. "=" .. letter[2][i + 1])
    end
  end
  lines[#lines + 1] = table.concat(told, " ")
end
return lines'

# KEYS: the letters. The newest one's id, or nothing.
readonly newest='
local last = redis.call("XREVRANGE", KEYS[1], "+", "-", "COUNT", 1)
return last[1] and last[1][1] or ""'

# KEYS: a stream. What its newest entry is when it is no frame ("nothing" when there is none, and no
# group that reads), else nothing. Frames may have fields of any name; a result or event says which
# processor it is of and has no pixels.
readonly kind_of='
local last = redis.call("XREVRANGE", KEYS[1], "+", "-", "COUNT", 1)[1]
if not last then return #redis.call("XINFO", "GROUPS", KEYS[1]) == 0 and "nothing" or "" end
local pixels = {frame_data = 1, frame_data_b64 = 1, frame_buffer_key = 1, storage_path = 1,
                frame_url = 1}
local is_frame, is_result, has_processor = false, false, false
for i = 1, #last[2], 2 do
  local name = last[2][i]
  if name == "dlq_reason" then return "dead letters" end
  is_frame = is_frame or pixels[name] ~= nil
  is_result = is_result or name == "result" or name == "event"
  has_processor = has_processor or name == "processor_id"
end
return is_result and has_processor and not is_frame and "results" or ""'

# KEYS: the letters, the stream. ARGV: behind which id to begin, the last id, how many at most, 1 for
# a dry run, 1 for cut-down letters too. Lines: the last id that was looked at ("" at the end), how
# many were moved, how many stay because they are cut down, because XADD cannot be given their fields,
# and because they are no dead letters, then each that was moved. Ends early when much was moved at
# once.
readonly move=${shown}'
local at, moved, cut_down, unfit, others, bytes, lines = ARGV[1], 0, 0, 0, 0, 0, {}
local most = tonumber(ARGV[3])
while moved < most and moved + cut_down + unfit + others < 100 and bytes < 10000000 do
  local letter = redis.call("XRANGE", KEYS[1], at, ARGV[2], "COUNT", 1)[1]
  if not letter then at = "" break end
  at = "(" .. letter[1]
  local fields, replays, cut, dead, told = {}, 0, false, false, {letter[1]}
  for i = 1, #letter[2], 2 do
    local name, value = letter[2][i], letter[2][i + 1]
    bytes = bytes + #name + #value
    if name == "dlq_replays" then replays = tonumber(value) or 0 end
    if name == "dlq_reason" then dead = true end
    if name == "dlq_truncated" or name == "dlq_trimmed" then cut = true end
    if name == "frame_id" or name:sub(1, 4) == "dlq_" then
      told[#told + 1] = shown(name .. "=" .. value)
    end
    if name:sub(1, 4) ~= "dlq_" then
      fields[#fields + 1] = name
      fields[#fields + 1] = value
    end
  end
  if not dead then
    others = others + 1
  elseif #fields == 0 or #fields > 7900 then
    unfit = unfit + 1
  elseif cut and ARGV[5] ~= "1" then
    cut_down = cut_down + 1
  else
    if ARGV[4] ~= "1" then
      fields[#fields + 1] = "dlq_replays"
      fields[#fields + 1] = tostring(replays + 1)
      redis.call("XADD", KEYS[2], "*", unpack(fields))
      redis.call("XDEL", KEYS[1], letter[1])
    else
      lines[#lines + 1] = table.concat(told, " ")
    end
    moved = moved + 1
  end
end
return {at, moved, cut_down, unfit, others, unpack(lines)}'

for key in "${dlq}" "${stream}"; do
  kind=$(ask TYPE "${key}")
  if [[ ${kind} != stream && ${kind} != none ]]; then
    printf 'replay-dlq.sh: %s is a %s, not a stream\n' "${key}" "${kind}" >&2
    exit 2
  fi
done
is_there=$(ask EXISTS "${dlq}")
if [[ ${is_there} == 0 ]]; then
  printf 'replay-dlq.sh: there is no stream %s; the letters are named first\n' "${dlq}" >&2
  exit 2
fi
if ${list}; then
  ask EVAL "${show}" 1 "${dlq}" "${count}"
  exit
fi
is_there=$(ask EXISTS "${stream}")
if [[ ${is_there} == 0 && ${create} == false ]]; then
  printf 'replay-dlq.sh: there is no stream %s, so nobody reads it; name the one that the frames came from, or give --create\n' \
    "${stream}" >&2
  exit 2
fi
kind=
[[ ${is_there} == 0 ]] || kind=$(ask EVAL "${kind_of}" 1 "${stream}")
if [[ ${kind} == nothing && ${create} == false ]]; then
  printf 'replay-dlq.sh: %s is empty and has no group that reads it; name the stream that the frames came from, or give --create\n' \
    "${stream}" >&2
  exit 2
fi
if [[ -n ${kind} && ${kind} != nothing ]]; then
  printf 'replay-dlq.sh: %s holds %s; name the stream that the frames came from second\n' \
    "${stream}" "${kind}" >&2
  exit 2
fi
total=0
cut_down=0
unfit=0
others=0
at=-
last=$(ask EVAL "${newest}" 1 "${dlq}")
# A few at a time, so that the server is not held up.
while [[ -n ${last} && -n ${at} && ${total} -lt ${count} ]]; do
  answer=$(ask EVAL "${move}" 2 "${dlq}" "${stream}" "${at}" "${last}" $((count - total)) \
    "${dry_run}" "${truncated}")
  mapfile -t lines <<<"${answer}"
  [[ ${#lines[@]} -ge 5 && "${lines[*]:1:4}" =~ ^[0-9]+\ [0-9]+\ [0-9]+\ [0-9]+$ ]] || {
    printf 'replay-dlq.sh: unexpected answer: %s\n' "${answer}" >&2
    exit 69
  }
  at=${lines[0]}
  total=$((total + lines[1]))
  cut_down=$((cut_down + lines[2]))
  unfit=$((unfit + lines[3]))
  others=$((others + lines[4]))
  [[ ${#lines[@]} -eq 5 ]] || printf '%s\n' "${lines[@]:5}"
done
tell() {
  [[ $1 -eq 0 ]] || printf 'replay-dlq.sh: %s %s\n' "$1" "$2" >&2
}
tell "${cut_down}" "dead letters are cut down and stay; --truncated moves them too"
tell "${unfit}" "dead letters have no fields of a frame, or too many for one command, and stay"
tell "${others}" "entries of ${dlq} are no dead letters (no dlq_reason) and stay; the letters are named first"
if [[ ${dry_run} -eq 1 ]]; then
  printf '%s dead letters would be moved from %s to %s\n' "${total}" "${dlq}" "${stream}"
else
  printf '%s dead letters moved from %s to %s\n' "${total}" "${dlq}" "${stream}"
fi
[[ ${total} -gt 0 || ${others} -eq 0 ]] || exit 2
