#include "net/redis_refusal.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

namespace sampleproc::net {
namespace {

TEST_CASE("an error without a row of its own is told by its own words") {
  for (const char* text :
       {"ERR max number of clients reached", "ERR syntax error",
        "UNKNOWNWORD something that a later version says",
        "DENIED Redis is running in protected mode because protected mode is enabled"}) {
    CAPTURE(text);
    // With its remedy "ERR" is told once.
    const std::string words = std::string(text).substr(std::string(text).find(' ') + 1);
    CHECK(RefusalSentence(text).find(words) != std::string::npos);
  }
  CHECK(RefusalSentence("ERR max number of clients reached").find("maxclients") !=
        std::string::npos);
  CHECK(RefusalOf("UNKNOWNWORD something").word == "ERR");
}

TEST_CASE("what is told of an error is one bounded line of text") {
  const std::string long_one = RefusalSentence("ERR " + std::string(100'000, 'x'));
  CHECK(long_one.size() < 400);
  const std::string lines = RefusalSentence("ERR one\r\ntwo");
  CHECK(lines.find("one") != std::string::npos);
  CHECK(lines.find("two") == std::string::npos);
  for (const char byte : {'\x01', '\x7F', '\xFF', '\x1B'}) {
    CHECK(RefusalSentence(std::string("ERR a") + byte + "b").find(byte) == std::string::npos);
  }
}

TEST_CASE("what an error repeats of a command is not told") {
  for (const char* text :
       {"ERR Error running script (call to f_1): @user_script:1: canary",
        "ERR unknown command 'AUTH', with args beginning with: 'canary' ",
        "ERR unknown subcommand or wrong number of arguments for 'canary'. Try XINFO HELP.",
        "ERR value \"canary\" is not an integer", "WRONGPASS canary", "NOAUTH canary"}) {
    CAPTURE(text);
    CHECK(RefusalSentence(text).find("canary") == std::string::npos);
  }
}

TEST_CASE("what is refused is the server's, a command's or a key's") {
  for (const char* text :
       {"OOM command not allowed when used memory > 'maxmemory'.",
        "READONLY You can't write against a read only replica.",
        "LOADING Redis is loading the dataset in memory", "ERR max number of clients reached"}) {
    CHECK(RefusalOf(text).of_server);
  }
  CHECK_FALSE(RefusalOf("WRONGTYPE Operation against a key").of_server);
  CHECK(RefusesKey("NOPERM No permissions to access a key"));
  CHECK(
      RefusesKey("NOPERM this user has no permissions to access one of the keys used as "
                 "arguments"));
  CHECK_FALSE(RefusesKey("NOPERM User keys has no permissions to run the 'get' command"));
  CHECK_FALSE(RefusesKey("WRONGTYPE permissions to access"));
}

TEST_CASE("the command that is refused is told where the error says it") {
  for (const auto& [text, command] : std::vector<std::pair<std::string, std::string>>{
           {"NOPERM User svc has no permissions to run the 'xinfo|consumers' command",
            "XINFO|CONSUMERS"},
           {"NOPERM this user has no permissions to run the 'xack' command or its subcommand",
            "XACK"},
           {"ERR The user executing the script can't run this command or subcommand at XACK "
            "script: 0f, on @user_script:5.",
            "XACK"},
           {"ERR The user executing the script can't access at least one of the keys mentioned in "
            "the command at XADD script: 0f, on @user_script:5.",
            "XADD"},
           {"ERR The user executing the script can't access at least one of the keys", ""},
           {"WRONGTYPE Operation against a key at XADD", "XADD"},
           {"NOPERM User svc has no permissions to run the 'canary, canary' command", ""},
           {"NOPERM it looks at " + std::string(100, 'X'), ""},
           {"OOM", ""}}) {
    CAPTURE(text);
    CHECK(RefusedCommand(text) == command);
    const bool told = RefusalSentence(text).find(" to " + command + ": ") != std::string::npos;
    CHECK(told == !command.empty());
  }
}

}  // namespace
}  // namespace sampleproc::net
