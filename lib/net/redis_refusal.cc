#include "net/redis_refusal.h"

#include <algorithm>
#include <array>

namespace sampleproc::net {
namespace {

// Scripts of before Redis 7 put "ERR Error running script" before the error itself.
constexpr std::array kRefusals = {
    RedisRefusal{"WRONGTYPE", true, "the key is no stream; delete it or configure another name"},
    RedisRefusal{"NOPERM", true, "this user's ACL lacks a command or a key; README.md lists both"},
    RedisRefusal{"NOAUTH", true, "it wants a login: set consumer.redis.password_file", true},
    RedisRefusal{"WRONGPASS", true, "user or password (consumer.redis.password_file) is wrong",
                 true},
    RedisRefusal{"OOM", false,
                 "it has no memory left; raise maxmemory or delete what is not needed", true},
    RedisRefusal{"READONLY", false, "it is a replica; consumer.redis.host has to name the primary",
                 true},
    RedisRefusal{"MISCONF", false, "it cannot save to its disk and takes no writes until it can",
                 true},
    RedisRefusal{"LOADING", false, "it is loading its data", true},
    RedisRefusal{"BUSY", false, "a script keeps it busy", true},
    RedisRefusal{"NOREPLICAS", false, "it has fewer replicas than min-replicas-to-write", true},
    RedisRefusal{"MASTERDOWN", false, "it is a replica without its primary", true},
    RedisRefusal{"CLUSTERDOWN", false, "its cluster is down", true},
    RedisRefusal{"TRYAGAIN", false, "its cluster is moving the keys"},
    RedisRefusal{
        "CROSSSLOT", true,
        "in a cluster consumer.redis.stream, results_stream and dlq_stream have to share a "
        "hash tag, such as {frames}"},
    RedisRefusal{
        "MOVED", true,
        "it is a node of a cluster, and redirections are not followed: consumer.redis.host "
        "and port have to name the primary that has these keys"},
    RedisRefusal{
        "ASK", false,
        "its cluster is moving the keys to another node, and redirections are not followed"},
    RedisRefusal{"NOGROUP", false, "the stream or its consumer group is gone"},
};
constexpr const RedisRefusal& kNoPermission = kRefusals[1];
constexpr RedisRefusal kOther{"ERR", false, ""};
constexpr RedisRefusal kUnknownCommand{
    "ERR", true,
    "it does not know the command: consumer.redis.host and port have to name a Redis server of "
    "version 6.2 or later, not a Sentinel"};
constexpr RedisRefusal kMaxClients{
    "ERR", false, "max number of clients reached: it takes no further connection; raise maxclients",
    true};
constexpr RedisRefusal kDatabase{"ERR", true, "it has no such database (consumer.redis.db)"};

bool IsLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// Whether `word` stands in `text` as a word of its own.
bool Has(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !IsLetter(text[at - 1])) && (end == text.size() || !IsLetter(text[end]))) {
      return true;
    }
  }
  return false;
}

// "MOVED 3999 127.0.0.1:6381" names a node; "" when what stands there is no address.
std::string_view NodeIn(std::string_view text) {
  const std::size_t at = text.rfind(' ');
  if (at == text.npos) return {};
  const std::string_view node = text.substr(at + 1);
  const bool address = std::ranges::all_of(node, [](char c) {
    return IsLetter(c) || (c >= '0' && c <= '9') || c == '.' || c == ':' || c == '-';
  });
  return address && node.size() < 256 ? node : std::string_view();
}

// The text as far as it can be told: one line, bounded, printable. What is quoted may be a value
// that was sent, and what follows a colon an argument.
std::string OwnWords(std::string_view text) {
  constexpr std::size_t kMostWords = 160;
  std::string words;
  char quote = 0;
  for (const char c : text.substr(0, text.find_first_of("\r\n:"))) {
    if (words.size() == kMostWords) return words + "...";
    if (quote != 0) {
      if (c == quote) quote = 0;
      continue;
    }
    if (c == '"' || c == '\'') {
      quote = c;
      words += "...";
    } else {
      words += c >= ' ' && c <= '~' ? c : '?';
    }
  }
  return words;
}

}  // namespace

const RedisRefusal& RefusalOf(std::string_view text) {
  const std::string_view first = text.substr(0, text.find(' '));
  for (const RedisRefusal& each : kRefusals) {
    if (first == each.word) return each;
  }
  if (first != "ERR") return kOther;
  if (text.starts_with("ERR unknown command")) return kUnknownCommand;
  if (text.starts_with("ERR DB index") || text.starts_with("ERR invalid DB index")) {
    return kDatabase;
  }
  if (text.starts_with("ERR max number of clients")) return kMaxClients;
  // Redis 7 says so of what a script may not do.
  if (text.starts_with("ERR The user executing the script can't")) return kNoPermission;
  if (text.find("script") == text.npos) return kOther;
  for (const RedisRefusal& each : kRefusals) {
    if (Has(text, each.word)) return each;
  }
  return kOther;
}

// "NOPERM No permissions to access a key" (Redis 7), "... has no permissions to access one of the
// keys used as arguments" (6).
bool RefusesKey(std::string_view text) {
  return text.starts_with("NOPERM") && text.find("ermissions to access") != text.npos;
}

// "... permissions to run the 'xinfo|consumers' command" is Redis' own; " at XACK" is said by our
// scripts.
std::string RefusedCommand(std::string_view text) {
  constexpr std::size_t kLongest = 32;
  const auto named = [](std::string_view name) {
    const bool is_name = !name.empty() && name.size() <= kLongest &&
                         std::ranges::all_of(name, [](char c) { return IsLetter(c) || c == '|'; });
    std::string command(is_name ? name : std::string_view());
    std::ranges::transform(command, command.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    return command;
  };
  constexpr std::string_view kAt = " at ";
  if (const auto at = text.rfind(kAt); at != text.npos) {
    const std::string_view rest = text.substr(at + kAt.size());
    const std::string_view name = rest.substr(0, rest.find_first_of(" \r\n"));
    if (std::ranges::none_of(name, [](char c) { return c >= 'a' && c <= 'z'; })) return named(name);
  }
  constexpr std::string_view kRun = "ermissions to run the '";
  const auto at = text.find(kRun);
  if (at == text.npos) return {};
  const std::string_view rest = text.substr(at + kRun.size());
  return named(rest.substr(0, rest.find('\'')));
}

std::string RefusalSentence(std::string_view text) {
  const RedisRefusal& refusal = RefusalOf(text);
  std::string sentence = "Redis answers with ";
  if (refusal.remedy.empty()) return sentence + OwnWords(text);
  sentence += refusal.word;
  if (const auto command = RefusedCommand(text); !command.empty()) {
    sentence.append(" to ").append(command);
  }
  sentence.append(": ").append(refusal.remedy);
  if (refusal.word == "MOVED" || refusal.word == "ASK") {
    if (const auto node = NodeIn(text); !node.empty()) {
      sentence.append(" (").append(node).append(")");
    }
  }
  return sentence;
}

}  // namespace sampleproc::net
