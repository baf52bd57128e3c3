#include "http/multipart.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "http/message.h"

namespace sampleproc::http {
namespace {

using base::Problem;

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

Problem Invalid(std::string msg) { return {"multipart_invalid", {"body"}, std::move(msg)}; }

Problem InvalidAt(std::size_t offset, std::string_view what) {
  return Invalid("at byte " + std::to_string(offset) + ": " + std::string(what));
}

// RFC 9110 section 5.6.2.
bool IsTokenCharacter(char c) {
  return base::IsAlnum(c) || std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

// Takes a token or a quoted string off the front of `text`; nothing when there is neither.
std::optional<std::string> TakeValue(std::string_view& text) {
  std::string value;
  if (!text.starts_with('"')) {
    while (!text.empty() && IsTokenCharacter(text.front())) {
      value += text.front();
      text.remove_prefix(1);
    }
    if (value.empty()) return std::nullopt;
    return value;
  }
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    value += text.front();
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  text.remove_prefix(1);
  return value;
}

// The parameter of a field's value ("form-data; name=\"frame\""), compared without case. Nothing
// when it is missing, there twice or the value is malformed.
std::optional<std::string> Parameter(std::string_view field, std::string_view wanted) {
  std::optional<std::string> found;
  field.remove_prefix(std::min(field.find(';'), field.size()));
  while (!field.empty()) {
    if (!field.starts_with(';')) return std::nullopt;
    field.remove_prefix(1);
    field = base::TrimBlanks(field);
    if (field.empty()) break;  // a semicolon at the end
    const std::size_t equals = field.find('=');
    if (equals == field.npos) return std::nullopt;
    const std::string_view name = field.substr(0, equals);
    field.remove_prefix(equals + 1);
    auto value = TakeValue(field);
    if (!value) return std::nullopt;
    field = base::TrimBlanks(field);
    if (!EqualsIgnoreCase(name, wanted)) continue;
    if (found) return std::nullopt;
    found = std::move(value);
  }
  return found;
}

// RFC 2046 section 5.1.1.
bool IsBoundary(std::string_view text) {
  return !text.empty() && text.size() <= 70 && text.back() != ' ' &&
         std::ranges::all_of(text, [](char c) {
           return base::IsAlnum(c) || std::string_view("'()+_,-./:=? ").contains(c);
         });
}

// Walks over a body by its delimiters.
class Walk {
 public:
  Walk(std::string_view body, const std::string& boundary)
      : body_(body), dashes_("--" + boundary), delimiter_("\r\n--" + boundary) {}

  std::expected<std::vector<Part>, Problem> Run() {
    std::vector<Part> parts;
    // The first delimiter may begin the body, without the line end that belongs to all others.
    if (body_.starts_with(dashes_)) {
      at_ = dashes_.size();
    } else if (const std::size_t first = body_.find(delimiter_); first != body_.npos) {
      at_ = first + delimiter_.size();
    } else {
      return std::unexpected(Invalid("the boundary of the content type is not in the body"));
    }
    for (;;) {
      if (body_.substr(at_).starts_with("--")) return parts;
      if (parts.size() == kMaxParts) {
        return std::unexpected(
            Problem{"too_many", {"body"}, "has more than " + std::to_string(kMaxParts) + " parts"});
      }
      auto part = Next();
      if (!part) return std::unexpected(std::move(part.error()));
      parts.push_back(std::move(*part));
    }
  }

 private:
  // From behind a delimiter to behind the next.
  std::expected<Part, Problem> Next() {
    while (at_ < body_.size() && base::IsBlank(body_[at_])) ++at_;
    if (!body_.substr(at_).starts_with(kLineEnd)) {
      return std::unexpected(InvalidAt(at_, "the boundary must be followed by a line end (CRLF)"));
    }
    // From that line end on, so that a part without fields has an empty line as well.
    const std::size_t head_end = body_.substr(at_, kMaxPartHead).find(kHeadEnd);
    if (head_end == body_.npos) {
      return std::unexpected(InvalidAt(at_ + 2, "the part's fields have no end within " +
                                                    std::to_string(kMaxPartHead) +
                                                    " bytes (an empty line)"));
    }
    Part part;
    if (auto wrong = ReadHead(at_ + 2, at_ + head_end, part)) {
      return std::unexpected(std::move(*wrong));
    }
    const std::size_t begin = at_ + head_end + kHeadEnd.size();
    // The empty line's own end may be the delimiter's: then the part is empty.
    const std::size_t end = body_.find(delimiter_, begin - kLineEnd.size());
    if (end == body_.npos) {
      return std::unexpected(InvalidAt(begin, "the part is not ended by the boundary"));
    }
    if (end >= begin) part.content = base::AsBytes(body_.substr(begin, end - begin));
    at_ = end + delimiter_.size();
    return part;
  }

  // The fields in [begin, end) of the body, without the last one's line end.
  std::optional<Problem> ReadHead(std::size_t begin, std::size_t end, Part& part) const {
    std::optional<std::string_view> disposition;
    while (begin < end) {
      const std::size_t line_end = std::min(body_.find(kLineEnd, begin), end);
      const std::string_view line = body_.substr(begin, line_end - begin);
      const std::size_t colon = line.find(':');
      if (colon == line.npos || !std::ranges::all_of(line.substr(0, colon), IsTokenCharacter)) {
        return InvalidAt(begin, "not a field (Name: value)");
      }
      const std::string_view value = base::TrimBlanks(line.substr(colon + 1));
      const std::string_view name = line.substr(0, colon);
      if (EqualsIgnoreCase(name, "Content-Disposition")) {
        if (disposition) return InvalidAt(begin, "a second Content-Disposition in one part");
        disposition = value;
      } else if (EqualsIgnoreCase(name, "Content-Type")) {
        part.content_type = value;
      } else if (EqualsIgnoreCase(name, "Content-Transfer-Encoding") &&
                 !EqualsIgnoreCase(value, "binary") && !EqualsIgnoreCase(value, "8bit") &&
                 !EqualsIgnoreCase(value, "7bit")) {
        return InvalidAt(begin, "parts are sent as they are, without a transfer encoding");
      }
      begin = line_end + kLineEnd.size();
    }
    auto name = disposition && disposition->starts_with("form-data")
                    ? Parameter(*disposition, "name")
                    : std::nullopt;
    if (!name) {
      return InvalidAt(at_ + 2, "the part needs Content-Disposition: form-data; name=\"...\"");
    }
    part.name = std::move(*name);
    return std::nullopt;
  }

  const std::string_view body_;
  const std::string dashes_;
  const std::string delimiter_;
  std::size_t at_ = 0;  // behind the last delimiter
};

}  // namespace

std::expected<std::vector<Part>, Problem> ReadMultipart(std::string_view content_type,
                                                        base::ByteView body) {
  const auto boundary = Parameter(content_type, "boundary");
  if (!boundary || !IsBoundary(*boundary)) {
    return std::unexpected(Invalid(
        "the content type must name a boundary of 1 to 70 characters (RFC 2046 section 5.1.1)"));
  }
  return Walk(base::AsText(body), *boundary).Run();
}

}  // namespace sampleproc::http
