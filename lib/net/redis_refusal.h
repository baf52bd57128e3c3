// What the errors of a Redis server mean, and what ends them.
#pragma once

#include <string>
#include <string_view>

namespace sampleproc::net {

struct RedisRefusal {
  std::string_view word;    // "WRONGTYPE"; "ERR" for every error that has no row of its own
  bool hopeless = false;    // waiting does not help: somebody has to change something
  std::string_view remedy;  // completes "Redis answers with WRONGTYPE: ..."; "" when none is known
  bool of_server = false;   // of the whole server at the moment, whatever the key
};

// Of an error reply's text. The word of a script's error stands at the beginning, or within the
// text (before Redis 7).
const RedisRefusal& RefusalOf(std::string_view text);

// Whether it is about this key and not about the command: an ACL may permit other keys.
bool RefusesKey(std::string_view text);

// In capitals ("XACK", "XINFO|CONSUMERS"), where the text says which one is refused; else "".
std::string RefusedCommand(std::string_view text);

// One sentence for people: the word, the command where it is known, and the remedy, where another
// node is named, that, and of what has no row the first line, bounded and printable, without what
// it may repeat of a command.
std::string RefusalSentence(std::string_view text);

}  // namespace sampleproc::net
