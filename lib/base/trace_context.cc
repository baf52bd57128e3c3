#include "base/trace_context.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"

namespace sampleproc::base {
namespace {

constexpr std::size_t kLength = 55;
constexpr std::size_t kMaxMembers = 32;
constexpr std::size_t kMaxStateBytes = 8192;  // the Recommendation asks for 512 at least

bool IsLowerHex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view digits) { return digits.find_first_not_of('0') == digits.npos; }

int Digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

// Of the Recommendation's grammar of a member (section 3.3.1.3).
constexpr std::size_t kMaxSimpleKey = 256;
constexpr std::size_t kMaxTenant = 241;
constexpr std::size_t kMaxSystem = 14;
constexpr std::size_t kMaxValue = 256;

bool IsKeyPart(std::string_view part, std::size_t most, bool may_begin_with_digit) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (part.empty() || part.size() > most) return false;
  if (!is_letter(part[0]) && !(may_begin_with_digit && is_digit(part[0]))) return false;
  return std::ranges::all_of(part, [&](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '*' || c == '/';
  });
}

bool IsKey(std::string_view key) {
  const std::size_t at = key.find('@');
  if (at == key.npos) return IsKeyPart(key, kMaxSimpleKey, false);
  return IsKeyPart(key.substr(0, at), kMaxTenant, true) &&
         IsKeyPart(key.substr(at + 1), kMaxSystem, false);
}

bool IsMember(std::string_view member) {
  const std::size_t equals = member.find('=');
  if (equals == member.npos || !IsKey(member.substr(0, equals))) return false;
  const std::string_view value = member.substr(equals + 1);
  return !value.empty() && value.size() <= kMaxValue && std::ranges::all_of(value, [](char c) {
    return c >= 0x20 && c <= 0x7e && c != ',' && c != '=';
  });
}

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view text) {
  text = TrimBlanks(text);
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') {
    return std::nullopt;
  }
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace_id = text.substr(3, 32);
  const std::string_view span_id = text.substr(36, 16);
  const std::string_view flags = text.substr(53, 2);
  if (!IsLowerHex(version) || !IsLowerHex(trace_id) || !IsLowerHex(span_id) || !IsLowerHex(flags)) {
    return std::nullopt;
  }
  if (version == "ff" || IsZero(trace_id) || IsZero(span_id)) return std::nullopt;
  if (text.size() > kLength && (version == "00" || text[kLength] != '-')) return std::nullopt;
  TraceContext context;
  context.trace_id = trace_id;
  context.span_id = span_id;
  // Of the flags only this one is known to version 00, and unknown ones must not be passed on.
  context.flags = static_cast<std::uint8_t>(Digit(flags[1])) & TraceContext::kSampled;
  return context;
}

std::string CleanTracestate(std::string_view text) {
  if (text.size() > kMaxStateBytes) return {};
  std::string clean;
  std::size_t members = 0;
  while (!text.empty() && members < kMaxMembers) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view member = TrimBlanks(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (member.empty()) continue;
    if (!IsMember(member)) return {};
    if (!clean.empty()) clean += ',';
    clean += member;
    ++members;
  }
  return clean;
}

std::optional<TraceContext> ParseTrace(std::string_view traceparent, std::string_view tracestate) {
  auto context = ParseTraceparent(traceparent);
  if (context) context->state = CleanTracestate(tracestate);
  return context;
}

std::string_view TraceIdOf(std::string_view traceparent) {
  return traceparent.size() < kLength ? std::string_view() : traceparent.substr(3, 32);
}

std::string FormatTraceparent(const TraceContext& context) {
  std::string text = "00-" + context.trace_id + '-' + context.span_id + "-0";
  text += static_cast<char>('0' + context.flags);
  return text;
}

TraceContext ContinueTrace(std::optional<TraceContext> caller, IdSource& ids) {
  TraceContext context;
  if (caller) {
    context = *std::move(caller);
  } else {
    ids.AppendHex(context.trace_id);
    ids.AppendHex(context.trace_id);
    context.flags = TraceContext::kSampled;
  }
  do {
    context.span_id.clear();
    ids.AppendHex(context.span_id);
  } while (IsZero(context.span_id));
  return context;
}

}  // namespace sampleproc::base
