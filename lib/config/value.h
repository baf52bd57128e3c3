// A value as it stands in a TOML file, before anybody knows which key it belongs to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sampleproc::config {

// Where something stands in a file. Lines and columns count from 1, columns in characters. Line 0
// means that the place is not known.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 1;  // characters to underline, on that line

  bool operator==(const Place&) const = default;
};

struct Entry;
struct Value;

// A TOML date or time: no key takes one, so it is only known to be one.
struct DateTime {};

using List = std::vector<Value>;
using Table = std::vector<Entry>;  // in the order of the file

struct Value {
  std::variant<bool, std::int64_t, double, std::string, DateTime, List, Table> data;
  Place place;
};

struct Entry {
  std::string key;
  Place key_place;
  Value value;
};

// "a string", "an integer", "a table": completes "expected ..., found ...".
std::string_view DescribeType(const Value& value);

}  // namespace sampleproc::config
