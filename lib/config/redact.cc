#include "config/redact.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace sampleproc::config {
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

// The secrets of the URL whose "://" ends at `at`: user and password, parts of the path that look
// like one, the values of the query. Returns where the URL ends.
std::size_t FindInUrl(std::string_view text, std::size_t at, std::vector<Span>& found) {
  // What cannot be in a URL; a comma stands between two of them.
  const std::size_t end = std::min(text.find_first_of(" \t\r\n\"'<>,", at), text.size());
  const std::size_t path = std::min(text.find_first_of("/?#", at), end);
  // Passwords of Redis are pasted with a '/' in them as it is.
  const std::string_view before = text.substr(0, at - 3);
  const std::size_t authority =
      before.ends_with("redis") || before.ends_with("rediss") ? end : path;
  const std::size_t user_end = text.substr(at, authority - at).rfind('@');
  if (user_end != std::string_view::npos && user_end > 0) found.push_back({at, user_end});
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
  return end;
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
  FindPem(text, found);
  return found;
}

void Cover(std::string& text, Span span) {
  std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(span.begin), span.size, '*');
}

bool NamesSecret(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  // The path of a file with a secret in it is none.
  if (lower.find("_file") != std::string::npos) return false;
  constexpr std::string_view kWords[] = {"passw", "secret", "token", "credential", "api_key"};
  return std::ranges::any_of(
      kWords, [&lower](std::string_view word) { return lower.find(word) != std::string::npos; });
}

}  // namespace

bool HasCredentials(std::string_view text) { return !FindSecrets(text).empty(); }

std::string RedactCredentials(std::string_view text) {
  std::string clean(text);
  for (const Span& span : FindSecrets(text)) Cover(clean, span);
  return clean;
}

std::string RedactLine(std::string_view line) {
  if (IsPemLine(line)) return std::string(line.size(), '*');
  std::string clean = RedactCredentials(line);
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos || !NamesSecret(line.substr(0, equals))) return clean;
  std::fill(clean.begin() + static_cast<std::ptrdiff_t>(equals) + 1, clean.end(), '*');
  return clean;
}

}  // namespace sampleproc::config
