// How an entry that will never be worked on becomes a dead letter: the script that writes it,
// bounds its stream and settles the entry in one step. redis_scripts.h says what such a script may
// rely on.
#pragma once

namespace sampleproc::consumer {

// KEYS: stream, dead letters. ARGV: group, id, earlier runs, most letters, most bytes of all
// letters, most values of one, most bytes of one, the frame's id, then fields that are added to the
// entry's own.
//
// unpack and Lua's stack bound the values of a letter. From an entry that has more, or is too
// large, whole fields are left out: what is known of a frame is taken first, then the rest as long
// as there is room; dlq_truncated counts those left out. Names with dlq_ are of an earlier death;
// how often a letter was replayed stays.
inline constexpr char kDeadScript[] = R"lua(
if not can_settle() then return 0 end
local found = call('XRANGE', KEYS[1], ARGV[2], ARGV[2])
local fields = found[1] and found[1][2] or {'frame_id', ARGV[8], 'dlq_trimmed', '1'}
local max_letters, max_total = tonumber(ARGV[4]), tonumber(ARGV[5])
local max_values, max_bytes = tonumber(ARGV[6]), tonumber(ARGV[7])
local known = {frame_id = 1, camera_id = 1, timestamp = 1, format = 1, width = 1, height = 1,
               resolution = 1, size_bytes = 1, traceparent = 1, tracestate = 1, trace_context = 1,
               trace_id = 1, span_id = 1, trace_state = 1, metadata = 1, frame_data = 1,
               frame_data_b64 = 1, frame_buffer_key = 1, storage_path = 1, frame_url = 1,
               dlq_replays = 1, dlq_trimmed = 1}
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
for i = 9, #ARGV do letter[#letter + 1] = ARGV[i] end
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
delete()
return 1
)lua";

}  // namespace sampleproc::consumer
