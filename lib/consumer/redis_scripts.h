// What is done to a stream in one piece. Redis runs a script without anything in between, but
// undoes nothing of one that fails half-way: so whatever may be refused (no memory, a key of
// another type) comes before the acknowledgement, and a script that failed can be run again.
//
// Each names its keys, as a cluster wants; there all of them must share a hash tag.
#pragma once

namespace sampleproc::consumer {

// KEYS: stream, results. ARGV: group, id, limit, then the fields of the result.
// 1: published and gone from the stream; 0: somebody else had settled the entry.
inline constexpr char kPublishScript[] = R"lua(
if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1) == 0 then return 0 end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', unpack(ARGV, 4))
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
return 1
)lua";

// KEYS: stream. ARGV: group, id. As above without a result.
inline constexpr char kDropScript[] = R"lua(
local ours = redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
return ours
)lua";

// KEYS: stream, dead letters. ARGV: group, id, limit, then fields that are added to the entry's
// own.
inline constexpr char kDeadScript[] = R"lua(
if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1) == 0 then return 0 end
local found = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])
local fields = found[1] and found[1][2] or {}
for i = 4, #ARGV do fields[#fields + 1] = ARGV[i] end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', unpack(fields))
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
return 1
)lua";

// KEYS: stream. ARGV: group, consumer, id. An entry that is still this consumer's becomes anybody's
// at once, as if it had never been handed out. 1 or 0.
inline constexpr char kReturnScript[] = R"lua(
local held = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)
if #held == 0 or held[1][2] ~= ARGV[2] then return 0 end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'IDLE', 604800000, 'RETRYCOUNT', 0,
           'JUSTID')
return 1
)lua";

// KEYS: stream. ARGV: group, consumer, then ids. Those that are still this consumer's count as
// touched now; one that was taken over stays so. How many are ours.
inline constexpr char kKeepScript[] = R"lua(
local kept = 0
for i = 3, #ARGV do
  local held = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)
  if #held > 0 and held[1][2] == ARGV[2] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
    kept = kept + 1
  end
end
return kept
)lua";

// KEYS: stream. ARGV: group, consumer. Deletes a consumer that holds nothing; with something in
// hand that would be forgotten.
inline constexpr char kLeaveScript[] = R"lua(
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 0 end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1
)lua";

}  // namespace sampleproc::consumer
