// The file that is looked at: its words with their places.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"
#include "config/value.h"

namespace sampleproc::deploy {

// A word and where it stands.
struct Fact {
  std::string text;
  config::Origin origin;
  std::string source_line;  // without secrets
};

class Source {
 public:
  Source(std::string display, std::string_view text);

  const std::string& display() const { return display_; }
  Fact At(std::string text, const config::Place& place) const;

 private:
  std::string display_;
  std::vector<std::string> lines_;
};

// The value of `key`, or nullptr; of what is no table, too.
const config::Value* Find(const config::Value* value, std::string_view key);
// Find() step by step: Find(value, {"spec", "template"}).
const config::Value* Find(const config::Value* value, std::initializer_list<std::string_view> path);
// The elements of a list; of anything else none.
const config::List& Elements(const config::Value* value);
// The entries of a table; of anything else none.
const config::Table& Entries(const config::Value* value);
// A scalar as text; "" for anything else and for nullptr.
std::string TextOf(const config::Value* value);

// "docker.io/library/redis:7" -> "redis", "/usr/bin/sampleproc" -> "sampleproc".
std::string_view BaseName(std::string_view path);

}  // namespace sampleproc::deploy
