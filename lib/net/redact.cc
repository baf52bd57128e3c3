#include "net/redact.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/ascii.h"
#include "net/url.h"

namespace sampleproc::net {
namespace {

// A part of a text that is not to be shown.
struct Span {
  std::size_t begin = 0;
  std::size_t size = 0;
};

// Shorter parts of a path are words; what opens a webhook is longer ("hooks/T024BE7LD/B8ZQ...").
constexpr std::size_t kLongestWord = 19;

bool IsLetterOrDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Whether a part of a path looks made by a machine: long, of letters, digits, '-' and '_', with a
// digit in it. Names of files have a dot.
bool LooksSecret(std::string_view part) {
  if (part.size() <= kLongestWord) return false;
  const bool plain = std::ranges::all_of(
      part, [](char c) { return IsLetterOrDigit(c) || c == '-' || c == '_' || c == '~'; });
  return plain && std::ranges::any_of(part, [](char c) { return c >= '0' && c <= '9'; });
}

// Of what RedactLine tells apart: what a path goes on with, what may stand behind a value, and
// between a name and what is set to it.
constexpr std::string_view kOfPath = "/._-~+@%";
constexpr std::string_view kBehindValue = "#,;]})";
constexpr std::string_view kBetween = " \t:\"'";

// What cannot be in a URL; a comma stands between two of them.
constexpr std::string_view kAfterUrl = " \t\r\n\"'<>,";

// What is secret in the path and query from `path` to `end`: parts of the path that look like it,
// the values of the query.
void FindInPath(std::string_view text, std::size_t path, std::size_t end,
                std::vector<Span>& found) {
  const std::size_t query = std::min(text.find_first_of("?#", path), end);
  for (std::size_t begin = path; begin < query;) {
    const std::size_t next = std::min(text.find('/', begin + 1), query);
    if (LooksSecret(text.substr(begin + 1, next - begin - 1))) {
      found.push_back({begin + 1, next - begin - 1});
    }
    begin = next;
  }
  for (std::size_t begin = query; begin < end;) {
    const std::size_t next = std::min(text.find_first_of("&;#", begin + 1), end);
    const std::size_t equals = text.find('=', begin);
    const std::size_t value = (equals < next ? equals : begin) + 1;
    if (value < next) found.push_back({value, next - value});
    begin = next;
  }
}

// The same of the URL whose host is at `at` or behind it. Returns where the URL ends.
std::size_t FindInUrl(std::string_view text, std::size_t at, std::vector<Span>& found) {
  const std::size_t end = std::min(text.find_first_of(kAfterUrl, at), text.size());
  FindInPath(text, std::min(text.find_first_of("/?#", at), end), end, found);
  return end;
}

// The next "scheme://" of the line, at `from` or behind it; an empty one at the line's end when
// there is none. What follows other text without a break is part of that: passwords have "://".
Span NextScheme(std::string_view line, std::size_t from) {
  constexpr std::string_view kBreaks = " \t\"'`,;|=<([{";
  for (std::size_t at = line.find("://", from); at != std::string_view::npos;
       at = line.find("://", at + 3)) {
    std::size_t begin = at;
    while (begin > from && (IsLetterOrDigit(line[begin - 1]) || line[begin - 1] == '+')) --begin;
    if (begin < at && (begin == 0 || kBreaks.find(line[begin - 1]) != std::string_view::npos)) {
      return {begin, at + 3 - begin};
    }
  }
  return {line.size(), 0};
}

// "user:password@" without a scheme before it that reads like one. The digest of a container's
// image stands behind such a sign as well.
void FindBareUser(std::string_view line, std::size_t offset, std::vector<Span>& found) {
  const std::size_t at = line.rfind('@');
  if (at == std::string_view::npos || line.substr(at).starts_with("@sha256:")) return;
  std::size_t colon = line.find(':');
  while (colon < at && (line[colon + 1] == ' ' || line[colon + 1] == '\t')) {
    colon = line.find(':', colon + 1);
  }
  if (colon == std::string_view::npos || colon > at) return;
  const std::size_t before = line.substr(0, colon).find_last_of(" \t\"'`,=<([{");
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  found.push_back({offset + begin, at - begin});
}

// The users and passwords of a line, which is at `offset` of `text`. They are pasted with '/', '?',
// blanks and quotes as they are, so that nothing but the last '@' ends them.
void FindUsers(std::string_view text, std::size_t offset, std::size_t size,
               std::vector<Span>& found) {
  const std::string_view line = text.substr(offset, size);
  Span scheme = NextScheme(line, 0);
  FindBareUser(line.substr(0, scheme.begin), offset, found);
  while (scheme.size > 0) {
    const std::size_t begin = scheme.begin + scheme.size;
    scheme = NextScheme(line, begin);
    const std::size_t user_end = line.substr(begin, scheme.begin - begin).rfind('@');
    if (user_end == std::string_view::npos || user_end == 0) continue;
    found.push_back({offset + begin, user_end});
    FindInUrl(text, offset + begin + user_end + 1, found);
  }
}

// Where the value that begins at `begin` ends: at what separates it from the next, at a quote that
// is no part of it, or with the line.
std::size_t ValueEnd(std::string_view text, std::size_t begin) {
  std::size_t end = text.find_first_of("&;\"\r\n", begin);
  while (end != std::string_view::npos && end > begin && text[end] == '"' &&
         text[end - 1] == '\\') {
    end = text.find_first_of("&;\"\r\n", end + 1);
  }
  return std::min(end, text.size());
}

// The values of "password=" and its like: cheap cameras want them in the path.
void FindNamed(std::string_view text, std::vector<Span>& found) {
  const std::string lower = base::Lowercase(text);
  for (const std::string_view name : kPasswordNames) {
    for (std::size_t at = lower.find(name); at != std::string::npos;) {
      const std::size_t begin = at + name.size();
      const std::size_t end = ValueEnd(text, begin);
      if (end > begin) found.push_back({begin, end - begin});
      at = lower.find(name, end);
    }
  }
}

// The content of pasted keys and certificates: what follows "-----BEGIN ...-----".
void FindPem(std::string_view text, std::vector<Span>& found) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kDashes = "-----";
  for (std::size_t at = text.find(kBegin); at != std::string_view::npos;) {
    const std::size_t label_end = text.find(kDashes, at + kBegin.size());
    const std::size_t body =
        label_end == std::string_view::npos ? at + kBegin.size() : label_end + kDashes.size();
    const std::size_t end = std::min(text.find("-----END", body), text.size());
    found.push_back({body, end - body});
    at = text.find(kBegin, end);
  }
}

// Whether the line is one of the middle of a PEM file: 40 characters and more of base64, nothing
// else.
bool IsPemLine(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return false;
  const std::string_view text = line.substr(begin, line.find_last_not_of(" \t\r\\=") + 1 - begin);
  return text.size() >= 40 && std::ranges::all_of(text, [](char c) {
           return IsLetterOrDigit(c) || c == '+' || c == '/';
         });
}

std::vector<Span> FindSecrets(std::string_view text) {
  std::vector<Span> found;
  for (std::size_t at = text.find("://"); at != std::string_view::npos;) {
    at = text.find("://", FindInUrl(text, at + 3, found));
  }
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of("\r\n", begin), text.size());
    FindUsers(text, begin, end - begin, found);
    begin = end + 1;
  }
  FindNamed(text, found);
  FindPem(text, found);
  return found;
}

void Cover(std::string& text, Span span) {
  std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(span.begin), span.size, '*');
}

bool NamesSecret(std::string_view name) {
  std::string lower = base::Lowercase(name);
  std::ranges::replace(lower, '-', '_');
  // The path of a file with a secret in it is none.
  if (lower.find("_file") != std::string::npos) return false;
  // "Bearer" and "Basic" begin the value of an Authorization field.
  constexpr std::string_view kNames[] = {"pwd", "pass", "basic", "auth", "key", "jwt"};
  if (lower.ends_with("_auth") || lower.ends_with("_pass")) return true;
  if (std::ranges::find(kNames, lower) != std::end(kNames)) return true;
  constexpr std::string_view kWords[] = {
      "passw",       "passphrase", "secret",      "token",       "credential", "authorization",
      "cookie",      "api_key",    "apikey",      "access_key",  "accesskey",  "auth_key",
      "signing_key", "bearer",     "private_key", "otlp_header", "session_id", "sessionid"};
  return std::ranges::any_of(
      kWords, [&lower](std::string_view word) { return lower.find(word) != std::string::npos; });
}

// Whether the name is of a user alone, whose value has no password behind a colon.
bool NamesUser(std::string_view name) {
  const std::string lower = base::Lowercase(name);
  return lower == "user" || lower.ends_with("_user") || lower.ends_with("username");
}

// Whether what ends at `end` is a value, and nothing is set to it.
bool EndsValue(std::string_view line, std::size_t end) {
  if (end < line.size() && (line[end] == '"' || line[end] == '\'')) ++end;
  const std::string_view rest = base::TrimBlanks(line.substr(end));
  return rest.empty() || kBehindValue.contains(rest[0]);
}

// Whether the characters from `begin` to `end` of the line are of a file's path: "/etc/tls.key".
bool IsOfPath(std::string_view line, std::size_t begin, std::size_t end) {
  const std::size_t before = line.substr(0, begin).find_last_of(" \t\"'`,=<([{");
  const std::size_t word = before == std::string_view::npos ? 0 : before + 1;
  const std::string_view head = line.substr(word, begin - word);
  if (!head.contains('/') || head.contains("://")) return false;
  while (end < line.size() && (base::IsAlnum(line[end]) || kOfPath.contains(line[end]))) ++end;
  return EndsValue(line, end);
}

// Whether the characters from `begin` to `end` are the value of "name", as in a list of Kubernetes,
// where the value of what is named so stands under "value".
bool IsNamed(std::string_view line, std::size_t begin, std::size_t end) {
  std::size_t name_end = begin;
  while (name_end > 0 && kBetween.contains(line[name_end - 1])) --name_end;
  const std::string_view before = line.substr(0, name_end);
  return line.substr(name_end, begin - name_end).contains(':') && before.ends_with("name") &&
         (before.size() == 4 || !base::IsAlnum(before[before.size() - 5])) && EndsValue(line, end);
}

// Where the first name of a secret ends in a line that is no TOML, as of JSON or YAML; the line's
// end when there is none. In a table on one line it may be a name within another's value.
std::size_t BehindSecretName(std::string_view line) {
  const auto is_of_name = [](char c) { return base::IsAlnum(c) || c == '_' || c == '-'; };
  bool is_named = false;
  for (std::size_t at = 0; at < line.size();) {
    std::size_t end = at;
    while (end < line.size() && is_of_name(line[end])) ++end;
    const std::string_view name = line.substr(at, end - at);
    if (name == "value" && is_named) return end;
    if (NamesSecret(name) && IsNamed(line, at, end)) {
      is_named = true;
    } else if (NamesSecret(name) && !IsOfPath(line, at, end)) {
      return end;
    }
    at = end + 1;
  }
  return line.size();
}

}  // namespace

// The look at single characters spares the search for hardly any id that comes.
std::string ShownId(std::string_view id) {
  const bool is_plain = id.find_first_of("@=") == std::string_view::npos &&
                        id.find("://") == std::string_view::npos &&
                        id.find("-----") == std::string_view::npos;
  return is_plain ? std::string(id) : CutCredentials(id);
}

bool HasCredentials(std::string_view text) { return !FindSecrets(text).empty(); }

std::string RedactCredentials(std::string_view text) {
  std::string clean(text);
  for (const Span& span : FindSecrets(text)) Cover(clean, span);
  return clean;
}

std::string CutCredentials(std::string_view text) {
  const std::string clean = RedactCredentials(text);
  std::string cut;
  bool in_secret = false;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const bool is_star = clean[i] == '*' && (in_secret || text[i] != '*');
    if (!is_star) {
      cut += clean[i];
    } else if (!in_secret) {
      cut += "***";
    }
    in_secret = is_star;
  }
  return cut;
}

std::string RedactValue(std::string_view name, std::string_view value) {
  std::string clean = RedactCredentials(value);
  const std::size_t colon = value.find(':');
  if (NamesUser(name.substr(name.rfind('.') + 1)) && colon != std::string_view::npos) {
    const std::size_t end = value.ends_with('"') ? value.size() - 1 : value.size();
    if (end > colon + 1) Cover(clean, {colon + 1, end - colon - 1});
  }
  return clean;
}

std::string RedactLine(std::string_view line) {
  if (IsPemLine(line)) return std::string(line.size(), '*');
  std::string clean = RedactCredentials(line);
  std::size_t begin = line.find('=') + 1;
  const std::size_t name_end = line.substr(0, begin).find_last_not_of(" \t=") + 1;
  const std::size_t name_begin = line.substr(0, name_end).find_last_of(" \t.\"'") + 1;
  const std::string_view name = line.substr(name_begin, name_end - name_begin);
  const std::string_view value = base::TrimBlanks(line.substr(begin));
  if (value == "true" || value == "false") return clean;
  if (NamesUser(name)) clean.replace(begin, clean.npos, RedactValue(name, line.substr(begin)));
  const std::size_t behind = BehindSecretName(line);
  if (begin == 0 || (!NamesSecret(line.substr(0, begin)) && !NamesSecret(name))) {
    begin = behind;
  } else if (behind < begin) {
    // An '=' within the value, as base64 ends with, is not the one that sets it.
    const std::string_view between = line.substr(behind, begin - behind);
    if (between.find_first_not_of(" \t=\"'") != between.npos) begin = behind;
  }
  std::fill(clean.begin() + static_cast<std::ptrdiff_t>(begin), clean.end(), '*');
  return clean;
}

std::string RedactUnknownLine(std::string_view line) {
  std::string clean = RedactLine(line);
  const std::size_t equals = std::min(line.find('='), line.size());
  const std::size_t quote = line.find_first_of("\"'", equals);
  if (quote != line.npos) Cover(clean, {quote + 1, line.size() - quote - 1});
  return clean;
}

}  // namespace sampleproc::net
