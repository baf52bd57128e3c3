#include "net/digest_auth.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/ascii.h"

namespace sampleproc::net {
namespace {

struct Algorithm {
  std::string_view name;  // in small letters
  const char* openssl;
};

// The strongest first.
constexpr std::array kAlgorithms = {Algorithm{"sha-512-256", "SHA512-256"},
                                    Algorithm{"sha-256", "SHA256"}, Algorithm{"md5", "MD5"}};
constexpr std::string_view kSession = "-sess";

struct Scheme {
  std::string name;
  std::map<std::string, std::string> parameters;  // by their names in small letters
};

bool IsTokenByte(char c) {
  return base::IsAlnum(c) ||
         std::string_view("!#$%&'*+-.^_`|~/=").find(c) != std::string_view::npos;
}

// Reads challenges as RFC 9110 section 11.6.1 has them. What is none ends the field.
class Reader {
 public:
  explicit Reader(std::string_view field) : rest_(field) {}

  void ReadInto(std::vector<Scheme>& schemes) {
    for (;;) {
      Skip();
      const std::string word = Word();
      if (word.empty()) return;
      SkipBlanks();
      if (!Take('=')) {
        schemes.push_back({word, {}});
        continue;
      }
      if (schemes.empty()) return;
      SkipBlanks();
      schemes.back().parameters.emplace(base::Lowercase(word), Value());
    }
  }

 private:
  void SkipBlanks() {
    while (!rest_.empty() && base::IsBlank(rest_.front())) rest_.remove_prefix(1);
  }
  void Skip() {
    while (!rest_.empty() && (base::IsBlank(rest_.front()) || rest_.front() == ',')) {
      rest_.remove_prefix(1);
    }
  }
  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string Word() {
    const auto end =
        std::ranges::find_if(rest_, [](char c) { return !IsTokenByte(c) || c == '='; });
    const auto size = static_cast<std::size_t>(end - rest_.begin());
    std::string word(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return word;
  }
  std::string Value() {
    std::string value;
    if (!Take('"')) {
      while (!rest_.empty() && IsTokenByte(rest_.front())) {
        value += rest_.front();
        rest_.remove_prefix(1);
      }
      return value;
    }
    while (!rest_.empty() && !Take('"')) {
      if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      value += rest_.front();
      rest_.remove_prefix(1);
    }
    return value;
  }

  std::string_view rest_;
};

std::vector<Scheme> Read(const std::vector<std::string_view>& fields) {
  std::vector<Scheme> schemes;
  for (const std::string_view field : fields) Reader(field).ReadInto(schemes);
  return schemes;
}

std::string_view WithoutSession(std::string_view algorithm) {
  if (algorithm.ends_with(kSession)) algorithm.remove_suffix(kSession.size());
  return algorithm;
}

// Of kAlgorithms; its end when it is none of them.
auto Find(std::string_view algorithm) {
  const std::string lower = algorithm.empty() ? "md5" : base::Lowercase(algorithm);
  return std::ranges::find(kAlgorithms, WithoutSession(lower), &Algorithm::name);
}

// What goes back in quotes: a server's control characters would be lines of our own request.
bool IsPrintable(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\x7f' || (c >= 0 && c < ' '); });
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string Hex(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < size; ++i) (hex += kHex[bytes[i] >> 4]) += kHex[bytes[i] & 15];
  return hex;
}

std::string HexDigest(const char* algorithm, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  std::size_t size = 0;
  if (::EVP_Q_digest(nullptr, algorithm, nullptr, text.data(), text.size(), digest.data(), &size) !=
      1) {
    return "";  // one that this OpenSSL is told not to have: the server refuses the answer
  }
  return Hex(digest.data(), size);
}

bool IsDigest(const Scheme& scheme) { return base::Lowercase(scheme.name) == "digest"; }

// Why a Digest challenge cannot be answered; "" when it can.
std::string_view WhyNot(Scheme& scheme) {
  auto& parameters = scheme.parameters;
  if (parameters["nonce"].empty()) return "has no nonce";
  const bool printable = std::ranges::all_of(
      parameters, [](const auto& parameter) { return IsPrintable(parameter.second); });
  if (!printable) return "has control characters in it";
  if (Find(parameters["algorithm"]) == kAlgorithms.end()) {
    return "names an algorithm other than MD5, SHA-256 and SHA-512-256";
  }
  const auto qop = parameters.find("qop");
  if (qop == parameters.end()) return {};
  const std::string offered = "," + base::Lowercase(qop->second) + ",";
  const bool has_auth =
      offered.find(",auth,") != std::string::npos || offered.find(" auth,") != std::string::npos;
  return has_auth ? "" : "offers no qop \"auth\", such as auth-int alone";
}

}  // namespace

std::string NewCnonce() {
  std::array<unsigned char, 16> bytes{};
  // Without randomness the password is guarded by the server's nonce alone, as in RFC 2069.
  (void)::RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return Hex(bytes.data(), bytes.size());
}

std::optional<DigestChallenge> FindDigest(const std::vector<std::string_view>& fields) {
  std::optional<DigestChallenge> best;
  auto strength = kAlgorithms.end();
  for (Scheme& scheme : Read(fields)) {
    if (!IsDigest(scheme) || !WhyNot(scheme).empty()) continue;
    auto& parameters = scheme.parameters;
    const auto algorithm = Find(parameters["algorithm"]);
    if (algorithm >= strength) continue;
    DigestChallenge found{.realm = parameters["realm"],
                          .nonce = parameters["nonce"],
                          .opaque = {},
                          .algorithm = parameters["algorithm"],
                          .qop_auth = parameters.contains("qop")};
    if (const auto opaque = parameters.find("opaque"); opaque != parameters.end()) {
      found.opaque = opaque->second;
    }
    best = std::move(found);
    strength = algorithm;
  }
  return best;
}

std::string WhyNoDigest(const std::vector<std::string_view>& fields) {
  for (Scheme& scheme : Read(fields)) {
    if (!IsDigest(scheme)) continue;
    if (const std::string_view why = WhyNot(scheme); !why.empty()) return std::string(why);
  }
  return {};
}

std::string SchemesIn(const std::vector<std::string_view>& fields) {
  const auto shown = [](std::string_view word) {
    return !word.empty() && word.size() < 40 &&
           std::ranges::all_of(word, [](char c) { return base::IsAlnum(c) || c == '-'; });
  };
  std::string text;
  for (Scheme& scheme : Read(fields)) {
    if (!shown(scheme.name)) continue;
    if (!text.empty()) text += ", ";
    text += scheme.name;
    const std::string& algorithm = scheme.parameters["algorithm"];
    if (shown(algorithm)) text += " (" + algorithm + ")";
  }
  return text.substr(0, 200);
}

std::string AnswerDigest(const DigestChallenge& challenge, std::string_view userinfo,
                         std::string_view method, std::string_view target, std::uint32_t count,
                         std::string_view cnonce) {
  const auto algorithm = Find(challenge.algorithm);
  if (algorithm == kAlgorithms.end()) return "";
  const auto hash = [algorithm](const std::string& text) {
    return HexDigest(algorithm->openssl, text);
  };
  const std::size_t colon = std::min(userinfo.find(':'), userinfo.size());
  const std::string user(userinfo.substr(0, colon));
  const std::string password(userinfo.substr(std::min(colon + 1, userinfo.size())));
  std::string secret = hash(user + ":" + challenge.realm + ":" + password);
  if (base::Lowercase(challenge.algorithm).ends_with(kSession)) {
    secret = hash(secret + ":" + challenge.nonce + ":" + std::string(cnonce));
  }
  const std::string request = hash(std::string(method) + ":" + std::string(target));
  constexpr int kCountDigits = 8;
  std::string nc;
  for (int digit = kCountDigits - 1; digit >= 0; --digit) {
    nc += "0123456789abcdef"[(count >> (4 * digit)) & 15];
  }
  std::string between = challenge.nonce;
  if (challenge.qop_auth) between += ":" + nc + ":" + std::string(cnonce) + ":auth";
  std::string answer = "Digest username=" + Quoted(user) + ", realm=" + Quoted(challenge.realm) +
                       ", nonce=" + Quoted(challenge.nonce) + ", uri=" + Quoted(target) +
                       ", response=\"" + hash(secret + ":" + between + ":" + request) + "\"";
  if (!challenge.algorithm.empty()) answer += ", algorithm=" + challenge.algorithm;
  if (challenge.opaque) answer += ", opaque=" + Quoted(*challenge.opaque);
  if (challenge.qop_auth) {
    answer += ", qop=auth, nc=" + nc + ", cnonce=" + Quoted(cnonce);
  } else if (base::Lowercase(challenge.algorithm).ends_with(kSession)) {
    answer += ", cnonce=" + Quoted(cnonce);
  }
  return answer;
}

}  // namespace sampleproc::net
