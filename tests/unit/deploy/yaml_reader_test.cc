#include "deploy/yaml_reader.h"

#include <catch2/catch.hpp>
#include <string>

#include "deploy/source.h"

namespace sampleproc::deploy {
namespace {

config::Value One(std::string_view text) {
  auto documents = ReadYaml(text);
  REQUIRE(documents);
  REQUIRE(documents->size() == 1);
  return std::move(documents->front());
}

TEST_CASE("values come with their types and their places") {
  const config::Value value = One("a: 8099\nb: \"8099\"\nc:\n  - true\n  - x y\nd: ~\n");
  CHECK(std::get<std::int64_t>(Find(&value, "a")->data) == 8099);
  CHECK(Find(&value, "a")->place == config::Place{1, 4, 4});
  CHECK(std::get<std::string>(Find(&value, "b")->data) == "8099");
  const auto& list = Elements(Find(&value, "c"));
  REQUIRE(list.size() == 2);
  CHECK(std::get<bool>(list[0].data));
  CHECK(list[1].place == config::Place{5, 5, 3});
  CHECK(TextOf(Find(&value, "d")).empty());
  CHECK(Find(&value, {"c", "d"}) == nullptr);
}

TEST_CASE("several documents, and none") {
  CHECK(ReadYaml("a: 1\n---\nb: 2\n---\n- c\n")->size() == 3);
  CHECK(ReadYaml("")->empty());
  CHECK(ReadYaml("# a comment\n")->empty());
}

TEST_CASE("anchors are followed, and merged keys stand behind a table's own") {
  const config::Value value =
      One("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 9\nw: *x\n");
  CHECK(TextOf(Find(&value, {"z", "a"})) == "9");
  CHECK(TextOf(Find(&value, {"z", "b"})) == "2");
  CHECK(TextOf(Find(&value, {"z", "c"})) == "4");
  CHECK(TextOf(Find(&value, {"w", "b"})) == "2");
}

TEST_CASE("what is no YAML, or too much of it, is one error with its place") {
  const auto error = [](std::string_view text) {
    const auto documents = ReadYaml(text);
    REQUIRE_FALSE(documents);
    CHECK_FALSE(documents.error().message.empty());
    return documents.error();
  };
  CHECK(error("a: 1\n b: 2\n").place.line == 2);
  CHECK(error("a: [1\n").place.line == 2);
  CHECK(error("a: *nothing\n").place == config::Place{1, 4, 8});
  CHECK(error("a: 1\nb: 2\na: 3\n").place == config::Place{3, 1, 1});
  CHECK(error("? [a]\n: 1\n").place.line == 1);
  CHECK(error(std::string(100, '[')).message == "nested more than 64 deep");
  std::string bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\n";
  for (char name = 'b'; name < 'k'; ++name) {
    const std::string before = "*" + std::string(1, static_cast<char>(name - 1));
    bomb += std::string(1, name) + ": &" + name + " [";
    for (int i = 0; i < 10; ++i) bomb += (i > 0 ? "," : "") + before;
    bomb += "]\n";
  }
  CHECK(error(bomb).message == "more than 20000 values");
  std::string heavy = "a: &a " + std::string(700'000, 'x') + "\nb: [";
  for (int i = 0; i < 4'000; ++i) heavy += "*a,";
  CHECK(error(heavy + "]\n").message == "more than 4 MiB of text by aliases");
}

}  // namespace
}  // namespace sampleproc::deploy
