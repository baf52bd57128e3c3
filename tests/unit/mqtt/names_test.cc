#include "mqtt/names.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

namespace sampleproc::mqtt {
namespace {

// Strings of up to four of these bytes: all that mean something somewhere, and pieces of UTF-8.
std::vector<std::string> ShortTexts() {
  const std::string bytes("a_-2f/+#%$E\0\x01\x7F\xC3\xA9\xFF", 17);
  std::vector<std::string> texts = {""};
  std::size_t begin = 0;
  for (int length = 1; length <= 3; ++length) {
    const std::size_t end = texts.size();
    for (; begin < end; ++begin) {
      for (const char c : bytes) texts.push_back(texts[begin] + c);
    }
  }
  return texts;
}

TEST_CASE("A topic's level has nothing that a topic may not have", "[mqtt]") {
  CHECK(TopicLevel("door") == "door");
  CHECK(TopicLevel("front door.2") == "front door.2");
  CHECK(TopicLevel("h\xC3\xB6"
                   "f") ==
        "h\xC3\xB6"
        "f");
  CHECK(TopicLevel("a/b") == "a%2Fb");
  CHECK(TopicLevel("+") == "%2B");
  CHECK(TopicLevel("#") == "%23");
  CHECK(TopicLevel("$SYS") == "%24SYS");
  CHECK(TopicLevel("%2F") == "%252F");
  CHECK(TopicLevel(std::string_view("a\0b", 3)) == "a%00b");
  CHECK(TopicLevel("tab\t") == "tab%09");
  CHECK(TopicLevel("\xFF\xC3") == "%FF%C3");
  CHECK(TopicLevel("\xC2\x85") == "%C2%85");         // U+0085, a control character
  CHECK(TopicLevel("\xEF\xBF\xBE") == "%EF%BF%BE");  // U+FFFE, a noncharacter
  CHECK(TopicLevel("") == "%");
}

TEST_CASE("Different names are different levels of topics", "[mqtt]") {
  std::set<std::string> levels;
  for (const std::string& text : ShortTexts()) {
    const std::string level = TopicLevel(text);
    CHECK(levels.insert(level).second);
    CHECK(level.find_first_of("/+#$") == std::string::npos);
    CHECK(level.find('\0') == std::string::npos);
    CHECK_FALSE(level.empty());
    CHECK(ReadLevel(level) == text);
  }
  CHECK(ReadLevel(ClassLevel("event")) == "event");
  for (const char* other : {"", "a%", "a%2", "a%2f", "a%41", "a/b", "%%"}) {
    CAPTURE(other);
    CHECK_FALSE(ReadLevel(other));
  }
}

TEST_CASE("A class is never taken for another topic of its camera", "[mqtt]") {
  CHECK(ClassLevel("person") == "person");
  CHECK(ClassLevel("event") == "%65vent");
  CHECK(ClassLevel("snapshot") == "%73napshot");
  CHECK(ClassLevel("%65vent") == "%2565vent");
}

TEST_CASE("Ids are of Home Assistant's characters and can be read back", "[mqtt]") {
  CHECK(IdOf("door-2") == "door-2");
  CHECK(IdOf("front_door") == "front__door");
  CHECK(IdOf("a b") == "a_20b");
  std::set<std::string> ids;
  for (const std::string& text : ShortTexts()) {
    if (text.empty()) continue;
    const std::string id = IdOf(text);
    CHECK(ids.insert(id).second);
    CHECK(
        id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
        std::string::npos);
    CHECK(ReadIds(id) == CameraAndClass{text, std::nullopt});
    const std::string joined = id + std::string(kJoint) + IdOf("-_" + text);
    CHECK(ReadIds(joined) == CameraAndClass{text, "-_" + text});
  }
}

TEST_CASE("What no id is made of is not read", "[mqtt]") {
  for (const char* text : {"", "_", "a_", "a_2", "a_zz", "a b", "_-", "a_-", "_-b", "a_-b_-c",
                           "_61", "_5f", "_2d", "_2F", "a/b"}) {
    CHECK_FALSE(ReadIds(text).has_value());
  }
}

TEST_CASE("Topics that others are put below are whole", "[mqtt]") {
  for (const char* topic : {"sampleproc", "site/yard",
                            "h\xC3\xB6"
                            "f",
                            "a b"}) {
    CHECK(WrongWithTopic(topic).empty());
  }
  for (const char* topic : {"", "/a", "a/", "a//b", "+", "a/#", "$SYS/a", "a\n", "\xFF"}) {
    CHECK_FALSE(WrongWithTopic(topic).empty());
  }
  CHECK_FALSE(WrongWithTopic(std::string(257, 'a')).empty());
}

}  // namespace
}  // namespace sampleproc::mqtt
