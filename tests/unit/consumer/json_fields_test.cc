#include "consumer/sources/json_fields.h"

#include <catch2/catch.hpp>

namespace sampleproc::consumer {
namespace {

// "name=value name=value; name=value": the fields of each element, "-" for what is no object.
std::string Read(const std::string& text, std::size_t most = 100) {
  const auto read = ReadJsonFieldsOfEach(text, "frames", most, {});
  if (!read) return "!" + read.error().message;
  std::string told;
  for (const auto& element : *read) {
    if (!told.empty()) told += "; ";
    if (!element) told += "-";
    bool first = true;
    for (const EntryField& field : element.value_or(std::vector<EntryField>{})) {
      if (!std::exchange(first, false)) told += ' ';
      told += field.name + '=' + field.value;
    }
  }
  return told;
}

TEST_CASE("the objects of an answer's array, field by field") {
  CHECK(Read(R"({"frames":[],"count":0,"remaining":0})") == "");
  CHECK(Read(R"({"count":2,"frames":[{"a":"x","b":1.50,"c":null,"d":true},{"a":"y"}],"z":[1]})") ==
        "a=x b=1.50 d=true; a=y");
  CHECK(Read(R"({"frames":[{"m":{"frames":[{"q":[1,"\u00e4"]}]},"n":[]}]})") ==
        "m={\"frames\":[{\"q\":[1,\"\xC3\xA4\"]}]} n=[]");
  CHECK(Read(R"({"other":{"frames":[{"a":"no"}]},"frames":[{"a":"yes"}]})") == "a=yes");
}

TEST_CASE("one element that is no object is one, and what is too much is left") {
  CHECK(Read(R"({"frames":[1,{"a":"x"},null,"s",true,[],[{"a":1}],{}]})") ==
        "-; a=x; -; -; -; -; -; ");
  CHECK(Read(R"({"frames":[{"a":"1"},{"a":"2"},{"a":"3"}]})", 2) ==
        "!\"frames\" has more than 2 elements");
}

TEST_CASE("two members of one name are taken as they are, for there is no second answer") {
  CHECK(Read(R"({"frames":[{"a":"1","a":"2"}]})") == "a=1 a=2");
}

TEST_CASE("what is no such answer") {
  CHECK(Read("[]") == "!has no array \"frames\"");
  CHECK(Read("{}") == "!has no array \"frames\"");
  CHECK(Read(R"({"frames":{}})") == "!has no array \"frames\"");
  CHECK(Read(R"({"frames":[{"a":"x"})").starts_with("!"));
  CHECK(Read("<html>").starts_with("!"));
  CHECK(Read("").starts_with("!"));
}

}  // namespace
}  // namespace sampleproc::consumer
