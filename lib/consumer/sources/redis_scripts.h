// What is done to a stream in one piece. Redis runs a script without anything in between, but
// undoes nothing of one that fails half-way: so whatever may be refused (no memory, a key of
// another type) comes before the acknowledgement, and a script that failed can be run again. What
// it adds is its first write, for Redis looks whether there is memory for it at the first write
// only. A user may lack the permission for the steps after that: without the acknowledgement what
// was added is taken back, without the deletion it is the deletion alone that is tried again.
//
// Each names its keys, as a cluster wants; there all of them must share a hash tag.
//
// An entry may be trimmed (MAXLEN) or deleted while it is pending. XCLAIM takes such a one out of
// the pending list without a word (Redis 7), and its owner would find it settled by somebody else:
// so it is claimed only when it is there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sampleproc::consumer {

// What EVAL is to be given of a script below. Its calls say in their errors which command was
// refused, which Redis itself does not say before 7.2. Errors of Redis 7 are tables, those of
// before are texts.
inline std::string ScriptOf(std::string_view body) {
  constexpr std::string_view kCall = R"lua(
local function call(command, ...)
  local reply = redis.pcall(command, ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  local named = reply.err .. ' at ' .. command
  error(redis.REDIS_VERSION and {err = named} or named, 0)
end
local function acknowledge(added)
  local reply = redis.pcall('XACK', KEYS[1], ARGV[1], ARGV[2])
  if type(reply) ~= 'table' or not reply.err then return end
  redis.pcall('XDEL', KEYS[2], added)
  call('XACK', KEYS[1], ARGV[1], ARGV[2])
end)lua";
  return std::string(kCall).append(body);
}

// Of one that settles an entry, with the entry left in the stream for other groups
// (consumer.redis.delete).
inline std::string ScriptWithoutDeletion(std::string_view body) {
  std::string script = ScriptOf(body);
  for (std::size_t at = 0; (at = script.find("call('XDEL', KEYS[1]", at)) != script.npos;) {
    script.erase(at, script.find('\n', at) + 1 - at);
  }
  return script;
}

// KEYS: stream, results. ARGV: group, id, limit, then the fields of the result.
// 1: published and gone from the stream; 0: the entry had been settled, by somebody else or by an
// earlier run whose answer got lost.
inline constexpr char kPublishScript[] = R"lua(
if #call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1) == 0 then
  call('XDEL', KEYS[1], ARGV[2])
  return 0
end
acknowledge(call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', unpack(ARGV, 4)))
call('XDEL', KEYS[1], ARGV[2])
return 1
)lua";

// KEYS: stream. ARGV: group, id. As above without a result.
inline constexpr char kDropScript[] = R"lua(
call('XDEL', KEYS[1], '0-0')
local ours = call('XACK', KEYS[1], ARGV[1], ARGV[2])
call('XDEL', KEYS[1], ARGV[2])
return ours
)lua";

// KEYS: stream, dead letters. ARGV: group, id, most letters, most bytes of all letters, most values
// of one, most bytes of one, the frame's id, then fields that are added to the entry's own.
//
// unpack and Lua's stack bound the values of a letter. From an entry that has more, or is too
// large, whole fields are left out: what is known of a frame is taken first, then the rest as long
// as there is room; dlq_truncated counts those left out. Names with dlq_ are of an earlier death;
// how often a letter was replayed stays.
inline constexpr char kDeadScript[] = R"lua(
if #call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1) == 0 then
  call('XDEL', KEYS[1], ARGV[2])
  return 0
end
local found = call('XRANGE', KEYS[1], ARGV[2], ARGV[2])
local fields = found[1] and found[1][2] or {'frame_id', ARGV[7], 'dlq_trimmed', '1'}
local max_letters, max_total = tonumber(ARGV[3]), tonumber(ARGV[4])
local max_values, max_bytes = tonumber(ARGV[5]), tonumber(ARGV[6])
local known = {frame_id = 1, camera_id = 1, timestamp = 1, format = 1, width = 1, height = 1,
               resolution = 1, size_bytes = 1, traceparent = 1, trace_context = 1, trace_id = 1,
               span_id = 1, metadata = 1, frame_data = 1, frame_data_b64 = 1, frame_buffer_key = 1,
               storage_path = 1, frame_url = 1, dlq_replays = 1, dlq_trimmed = 1}
local letter, bytes, left_out = {}, 0, 0
for pass = 1, 2 do
  for i = 1, #fields, 2 do
    local name, value = fields[i], fields[i + 1]
    local size = #name + #value
    if (pass == 1) ~= (known[name] ~= nil) or (pass == 2 and name:sub(1, 4) == 'dlq_') then
      -- of the other pass, or of an earlier death
    elseif #letter + 2 <= max_values and bytes + size <= max_bytes then
      letter[#letter + 1] = name
      letter[#letter + 1] = value
      bytes = bytes + size
    else
      left_out = left_out + 1
    end
  end
end
for i = 8, #ARGV do letter[#letter + 1] = ARGV[i] end
if left_out > 0 then
  letter[#letter + 1] = 'dlq_truncated'
  letter[#letter + 1] = tostring(left_out)
end
local length = call('XLEN', KEYS[2])
while length > 0 do
  local used = redis.pcall('MEMORY', 'USAGE', KEYS[2], 'SAMPLES', '0')
  if type(used) ~= 'number' or used + bytes <= max_total then break end
  length = math.floor(length * 0.9)
  call('XTRIM', KEYS[2], 'MAXLEN', length)
end
acknowledge(call('XADD', KEYS[2], 'MAXLEN', '~', max_letters, '*', unpack(letter)))
call('XDEL', KEYS[1], ARGV[2])
return 1
)lua";

// How long an entry that was given back has been idle, in milliseconds: long enough for anybody.
inline constexpr char kGivenBackIdle[] = "604800000";

// KEYS: stream. ARGV: group, consumer, id, idle time, attempts so far. An entry that is still this
// consumer's counts as idle for so long, with so many attempts; one that was trimmed stays
// pending, for whoever looks for what the dead have left. 1 or 0.
inline constexpr char kReturnScript[] = R"lua(
local held = call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)
if #held == 0 or held[1][2] ~= ARGV[2] then return 0 end
if #call('XRANGE', KEYS[1], ARGV[3], ARGV[3]) == 0 then return 1 end
call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'IDLE', ARGV[4], 'RETRYCOUNT',
           ARGV[5], 'JUSTID')
return 1
)lua";

// KEYS: stream. ARGV: group, consumer, id, and perhaps a number of attempts that is noted. An entry
// that is still this consumer's counts as touched now; one that was taken over stays so. 1 or 0.
inline constexpr char kTouchScript[] = R"lua(
local held = call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)
if #held == 0 or held[1][2] ~= ARGV[2] then return 0 end
if #call('XRANGE', KEYS[1], ARGV[3], ARGV[3]) == 0 then return 1 end
call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'RETRYCOUNT', ARGV[4] or held[1][4],
           'JUSTID')
return 1
)lua";

// KEYS: stream. ARGV: group, consumer, id, shortest idle time, most values, most bytes. Makes an
// entry this consumer's that has been idle for so long, without counting it as an attempt.
//
//   {'none'}                              settled, or in somebody's hands
//   {'trimmed', attempts}                 nothing is left of it; it stays pending until it is
//                                         acknowledged. Not told while its owner is alive, who may
//                                         be at work on it
//   {'large', attempts, frame_id, values, bytes}
//   {'frame', attempts, fields}
inline constexpr char kTakeScript[] = R"lua(
local held = call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[4], ARGV[3], ARGV[3], 1)
if #held == 0 then return {'none'} end
local owner, attempts = held[1][2], held[1][4]
local found = call('XRANGE', KEYS[1], ARGV[3], ARGV[3])
if #found == 0 then
  for _, each in ipairs(call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local member = {}
    for i = 1, #each, 2 do member[each[i]] = each[i + 1] end
    if member.name == owner and owner ~= ARGV[2] and member.idle < tonumber(ARGV[4]) then
      return {'none'}
    end
  end
  return {'trimmed', attempts}
end
call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'JUSTID')
local fields, bytes, id = found[1][2], 0, ''
for i = 1, #fields, 2 do
  bytes = bytes + #fields[i] + #fields[i + 1]
  if fields[i] == 'frame_id' and #fields[i + 1] <= 256 then id = fields[i + 1] end
end
if #fields > tonumber(ARGV[5]) or bytes > tonumber(ARGV[6]) then
  return {'large', attempts, id, #fields, bytes}
end
return {'frame', attempts, fields}
)lua";

// KEYS: stream. ARGV: group, consumer. Deletes a consumer that holds nothing; with something in
// hand that would be forgotten.
inline constexpr char kLeaveScript[] = R"lua(
if #call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 0 end
call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1
)lua";

}  // namespace sampleproc::consumer
