// What is done to a stream in one piece. Redis runs a script without anything in between, but
// undoes nothing of one that fails half-way: so whatever may be refused (no memory, a key of
// another type) comes before the acknowledgement, and a script that failed can be run again. What
// it adds is its first write, for Redis looks whether there is memory for it at the first write
// only. A user may lack the permission for the steps after that: without the acknowledgement what
// was added is taken back, without the deletion it is the deletion alone that is tried again.
//
// Each names its keys, as a cluster wants; there all of them must share a hash tag.
//
// Redis may come back with an older state: of a snapshot, or of a replica that was promoted. What
// is in work here is then undelivered again, or its entry or the whole group is missing. Such a
// frame is settled by whoever comes first, like a pending one: nobody has settled it in that state.
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
local function checked(reply, command)
  if type(reply) ~= 'table' or not reply.err then return reply end
  local named = reply.err .. ' at ' .. command
  error(redis.REDIS_VERSION and {err = named} or named, 0)
end
local function call(command, ...)
  return checked(redis.pcall(command, ...), command)
end)lua";
  return std::string(kCall).append(body);
}

// What is known of earlier runs of the same settlement.
inline constexpr char kFirstRun[] = "new";
inline constexpr char kRunBefore[] = "sent";         // the answer got lost
inline constexpr char kDeletionOnly[] = "deletion";  // the entry's deletion alone was refused

// Of a script that settles an entry: ARGV begins with group, id and what is known of earlier runs.
// With `deletes` the entry is deleted (consumer.redis.delete), else it is left for other groups.
//
// can_settle() tells whether the entry is anybody's to settle:
//
//   - it is pending, with whoever
//   - the group has not delivered it, or is gone, and its deletion keeps it from being handed out
//     again; without deletion its next owner settles it
//   - the same, and the entry is missing too: by this settlement if it has never been sent before
//
// An entry that was delivered and is no longer pending has been settled. It is left alone, since it
// may be there for a reason; but a deletion that is left over is done. Without the right to ask for
// the group's state an entry that is not pending is left alone too: if it was not delivered, it
// comes again.
inline std::string SettlingScript(std::string_view body, bool deletes) {
  constexpr std::string_view kOpening = R"lua(
local function delete()
  if deletes then call('XDEL', KEYS[1], ARGV[2]) end
end
local function acknowledge(added)
  local reply = redis.pcall('XACK', KEYS[1], ARGV[1], ARGV[2])
  if type(reply) ~= 'table' or not reply.err then return end
  redis.pcall('XDEL', KEYS[2], added)
  call('XACK', KEYS[1], ARGV[1], ARGV[2])
end
local function is_later(id, than)
  local function is_more(a, b)  -- numbers of up to 64 bits, which Lua has not
    if #a ~= #b then return #a > #b end
    return a > b
  end
  local time, number = id:match('(%d+)-(%d+)')
  local than_time, than_number = than:match('(%d+)-(%d+)')
  if time == than_time then return is_more(number, than_number) end
  return is_more(time, than_time)
end
local function is_undelivered()
  for _, each in ipairs(redis.pcall('XINFO', 'GROUPS', KEYS[1])) do
    local group = {}
    for i = 1, #each, 2 do group[each[i]] = each[i + 1] end
    if group.name == ARGV[1] then return is_later(ARGV[2], group['last-delivered-id']) end
  end
  return false
end
local function can_settle()
  local held = redis.pcall('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1)
  local no_group = held.err and held.err:find('NOGROUP', 1, true)
  if not no_group and #checked(held, 'XPENDING') > 0 then return true end
  local is_there = #call('XRANGE', KEYS[1], ARGV[2], ARGV[2]) > 0
  if is_there and ARGV[3] == 'deletion' then
    delete()
    return false
  end
  if not no_group and not is_undelivered() then return false end
  if is_there then return deletes end
  return ARGV[3] == 'new'
end)lua";
  return ScriptOf(deletes ? "\nlocal deletes = true" : "\nlocal deletes = false")
      .append(kOpening)
      .append(body);
}

// KEYS: stream, results. ARGV: group, id, earlier runs, limit, then the fields of the result.
// 1: published and gone from the stream; 0: the entry had been settled, by somebody else or by an
// earlier run whose answer got lost, or is going to be handed out again.
inline constexpr char kPublishScript[] = R"lua(
if not can_settle() then return 0 end
acknowledge(call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', unpack(ARGV, 5)))
delete()
return 1
)lua";

// KEYS: stream. ARGV: group, id, earlier runs. As above without a result.
inline constexpr char kDropScript[] = R"lua(
if not can_settle() then return 0 end
if deletes then call('XDEL', KEYS[1], '0-0') end
call('XACK', KEYS[1], ARGV[1], ARGV[2])
delete()
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

// KEYS: stream. ARGV: id. How many bytes the entry's names and values have.
inline constexpr char kSizeScript[] = R"lua(
local bytes = 0
for _, found in ipairs(call('XRANGE', KEYS[1], ARGV[1], ARGV[1])) do
  for _, text in ipairs(found[2]) do bytes = bytes + #text end
end
return bytes
)lua";

// KEYS: stream. ARGV: group, consumer. Deletes a consumer that holds nothing; with something in
// hand that would be forgotten.
inline constexpr char kLeaveScript[] = R"lua(
if #call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 0 end
call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1
)lua";

}  // namespace sampleproc::consumer
