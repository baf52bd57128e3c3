#include "http/chunk_reader.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sampleproc::http {
namespace {

using base::ErrorCode;

struct Outcome {
  std::string body;
  bool done = false;
  std::optional<ErrorCode> refused;
  std::size_t left = 0;  // bytes behind the message

  bool operator==(const Outcome&) const = default;
};

// Feeds `message` in pieces of `piece` bytes.
Outcome Decode(const std::string& message, std::size_t piece, std::uint64_t limit = 1 << 20) {
  ChunkReader reader(limit);
  Outcome outcome;
  for (std::size_t at = 0; at < message.size();) {
    std::string_view input = std::string_view(message).substr(at, piece);
    while (!input.empty()) {
      const auto step = reader.Next(input);
      if (!step) {
        outcome.refused = step.error().code;
        return outcome;
      }
      outcome.body += step->data;
      at += step->consumed;
      input.remove_prefix(step->consumed);
      if (step->done) {
        outcome.done = true;
        outcome.left = message.size() - at;
        return outcome;
      }
    }
  }
  return outcome;
}

void CheckBoth(const std::string& message, const Outcome& expected) {
  INFO(message.substr(0, 80));
  CHECK(Decode(message, message.size()) == expected);
  CHECK(Decode(message, 1) == expected);
  CHECK(Decode(message, 3) == expected);
}

TEST_CASE("chunks are joined and what follows is left alone") {
  CheckBoth("4\r\nWiki\r\n6\r\npedia \r\nB\r\nin chunks.\n\r\n0\r\n\r\nGET",
            {"Wikipedia in chunks.\n", true, {}, 3});
  CheckBoth("0\r\n\r\n", {"", true, {}, 0});
  CheckBoth("0004;name=\"v\"\r\nabcd\r\n00;x\r\nTrailer: x\r\nHost: evil\r\n\r\n",
            {"abcd", true, {}, 0});
  CheckBoth("3\r\nab", {"ab", false, {}, 0});
}

TEST_CASE("bad framing of chunks is refused") {
  const std::vector<std::string> bad = {
      "\r\n0\r\n\r\n",
      "g\r\n",
      "-1\r\n",
      "+1\r\n",
      "0x1\r\n",
      " 1\r\n",
      "1 \r\na\r\n",
      "1\na\r\n",
      "1\r\nab\r\n0\r\n\r\n",
      "1\r\na\n0\r\n",
      "1\r\na0\r\n",
      "1\r\rna",
      "00000000000000001\r\n",
      "1;a\nb\r\na\r\n",
      std::string("1;a\0\r\n", 6),
      "0\r\nX y: z\r\n\r\n",
      "0\r\nX\r\n\r\n",
      "0\r\n: x\r\n\r\n",
      "0\r\n X: y\r\n\r\n",
      "0\r\nX: y\n\r\n",
      "0\r\nX: \x01\r\n",
      "0\r\n\n",
      "0\n\r\n",
  };
  for (const std::string& message : bad) {
    INFO(message);
    const Outcome whole = Decode(message, message.size());
    CHECK(whole.refused == ErrorCode::kBadRequest);
    CHECK(Decode(message, 1) == whole);
  }
}

TEST_CASE("the body's limit is known from a chunk's size") {
  const auto chunk = [](std::size_t size) {
    char head[32];
    std::snprintf(head, sizeof head, "%zx\r\n", size);
    return head + std::string(size, 'x') + "\r\n";
  };
  CHECK(Decode(chunk(60) + chunk(39) + "0\r\n\r\n", 7, 100).done);
  CHECK(Decode(chunk(60) + chunk(40) + "0\r\n\r\n", 7, 100).done);
  CHECK(Decode(chunk(60) + chunk(41) + "0\r\n\r\n", 7, 100).refused == ErrorCode::kTooLarge);
  CHECK(Decode("ffffffffffffffff\r\n", 1, 100).refused == ErrorCode::kTooLarge);
  CHECK(Decode(chunk(1) + "ffffffffffffffff\r\n", 1, 100).refused == ErrorCode::kTooLarge);
}

TEST_CASE("long extensions, long trailers and crumbs are refused") {
  CHECK(Decode("1;" + std::string(300, 'x') + "\r\na\r\n0\r\n\r\n", 50).refused ==
        ErrorCode::kBadRequest);
  std::string extensions;
  for (int i = 0; i < 30; ++i) extensions += "1;" + std::string(200, 'x') + "\r\na\r\n";
  CHECK(Decode(extensions, 50).refused == ErrorCode::kBadRequest);
  CHECK(Decode("0\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", 50).refused ==
        ErrorCode::kBadRequest);
  std::string crumbs;
  for (int i = 0; i < 65536; ++i) crumbs += "1\r\nx\r\n";
  CHECK(Decode(crumbs, 4096).refused == ErrorCode::kBadRequest);
}

}  // namespace
}  // namespace sampleproc::http
