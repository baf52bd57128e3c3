#include "codec/decoder.h"

#include "unit/codec/picture_maker.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using test::Bytes;
using test::Door;
using test::MakeJpeg;
using test::MakePng;

TEST_CASE("the first bytes decide the format") {
  CHECK(Sniff(MakeJpeg({})) == Format::kJpeg);
  CHECK(Sniff(MakePng({})) == Format::kPng);
  CHECK(Sniff(base::AsBytes("\xff\xd8")) == Format::kUnknown);
  CHECK(Sniff(base::AsBytes("\x89PNG\r\n\x1a")) == Format::kUnknown);
  CHECK(Sniff({}) == Format::kUnknown);
  CHECK(Sniff(base::AsBytes("RIFF....WEBP")) == Format::kWebp);
  CHECK(Sniff(base::AsBytes("RIFF....WEB")) == Format::kUnknown);
  CHECK(Sniff(base::AsBytes("RIFF....AVI ")) == Format::kUnknown);
  CHECK(Sniff(base::AsBytes("\x93NUMPY")) == Format::kNpy);
  CHECK(FormatName(Format::kJpeg) == "jpeg");
  CHECK(FormatName(Format::kPng) == "png");
  CHECK(FormatName(Format::kWebp) == "webp");
  CHECK(FormatName(Format::kNpy) == "npy");
  CHECK(FormatName(Format::kRaw) == "raw");
  CHECK(FormatName(Format::kUnknown) == "unknown");
}

TEST_CASE("a foreign picture is refused by its name and with the list of what is supported") {
  using namespace std::string_view_literals;
  const std::vector<std::pair<std::string_view, std::string>> cases = {
      {"GIF89a"sv, "GIF"},
      {"BM\x36\0"sv, "BMP"},
      {"II*\0"sv, "TIFF"},
      {"MM\0*"sv, "TIFF"},
      {"%PDF-1.7"sv, "PDF"},
      {"RIFF\0\0\0\0AVI LIST"sv, "AVI"},
      {"\0\0\0\x18"
       "ftypheic"sv,
       "HEIC"},
      {"\0\0\0\x1c"
       "ftypmif1\0\0\0\0mif1avif...."sv,
       "AVIF"},
      {"\0\0\0\x18"
       "ftypavif"sv,
       "AVIF"}};
  for (const auto& [bytes, name] : cases) {
    Door door;
    const auto decoded = door.Decode(base::AsBytes(bytes));
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::kUnsupportedFormat);
    CHECK_THAT(decoded.error().message,
               Catch::Contains(name) && Catch::Contains("JPEG, PNG, WebP"));
  }
}

TEST_CASE("unknown bytes are refused without being repeated") {
  Door door;
  const auto decoded = door.Decode(base::AsBytes("hunter2 hunter2"));
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == ErrorCode::kUnsupportedFormat);
  CHECK_THAT(decoded.error().message, !Catch::Contains("hunter2"));
}

TEST_CASE("an empty frame is invalid, not unsupported") {
  Door door;
  const auto decoded = door.Decode({});
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == ErrorCode::kInvalidFrame);
}

TEST_CASE("the limit counts width * height * channels and allows exactly itself") {
  const std::vector<Bytes> pictures = {
      MakeJpeg({.width = 100, .height = 50}),
      MakeJpeg({.width = 100, .height = 50, .progressive = true}),
      MakePng({.width = 100, .height = 50}),
      MakePng({.width = 100, .height = 50, .colour = PNG_COLOR_TYPE_PALETTE, .depth = 1})};
  for (const Bytes& picture : pictures) {
    for (const auto wanted : {frame::PixelFormat::kGray8, frame::PixelFormat::kBgr24}) {
      const std::size_t bytes = 5000u * static_cast<unsigned>(frame::Channels(wanted));
      Door door;
      door.options.max_frame_bytes = bytes + 1;
      CHECK(door.Decode(picture, wanted));
      door.options.max_frame_bytes = bytes;
      CHECK(door.Decode(picture, wanted));
      door.options.max_frame_bytes = bytes - 1;
      const auto refused = door.Decode(picture, wanted);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == ErrorCode::kInvalidFrame);
      CHECK_THAT(refused.error().message, Catch::Contains("100x50 pixels") &&
                                              Catch::Contains(std::to_string(bytes) + " bytes") &&
                                              Catch::Contains("codec.max_frame_bytes"));
    }
  }
}

TEST_CASE("a decode holds its share of the budget until the result is gone") {
  for (const Bytes& picture : {MakeJpeg({}), MakePng({})}) {
    Door door;
    {
      const auto decoded = door.Decode(picture);
      REQUIRE(decoded);
      CHECK(door.budget.used() >= 33 * 21);
      CHECK(decoded->reservation.bytes() == door.budget.used());
    }
    CHECK(door.budget.used() == 0);
  }
}

TEST_CASE("a full budget is overload, a budget that can never fit the frame is a bad frame") {
  for (const Bytes& picture : {MakeJpeg({}), MakePng({})}) {
    Door door;
    {
      const auto all = door.budget.TryReserve(door.budget.capacity() - 10, "the test");
      REQUIRE(all);
      const auto refused = door.Decode(picture);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == ErrorCode::kOverloaded);
    }
    CHECK(door.budget.used() == 0);
    resources::MemoryBudget small(100);
    const auto never = Decode({picture}, frame::PixelFormat::kGray8, door.options, door.allowance,
                              small, door.scratch);
    REQUIRE_FALSE(never);
    CHECK(never.error().code == ErrorCode::kInvalidFrame);
    CHECK(small.used() == 0);
  }
}

TEST_CASE("a cancelled frame, an expired frame and an expired decode clock stop the decoder") {
  for (const Bytes& picture : {MakeJpeg({}), MakeJpeg({.progressive = true}), MakePng({})}) {
    Door cancelled;
    cancelled.allowance.cancel.Cancel();
    auto decoded = cancelled.Decode(picture);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::kCancelled);

    Door late;
    late.allowance.deadline = base::Deadline(base::SystemClock(), std::chrono::seconds(-1));
    decoded = late.Decode(picture);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::kDeadline);

    Door slow;
    slow.options.deadline = std::chrono::milliseconds(0);
    decoded = slow.Decode(picture);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::kDeadline);
    CHECK(slow.budget.used() == 0);
  }
}

TEST_CASE("the deadline is asked for while rows are decoded") {
  const std::vector<Bytes> pictures = {MakeJpeg({.width = 640, .height = 480}),
                                       MakeJpeg({.width = 640, .height = 480, .progressive = true}),
                                       MakePng({.width = 640, .height = 480}),
                                       MakePng({.width = 640, .height = 480, .interlaced = true})};
  for (const Bytes& picture : pictures) {
    const test::CountedClock clock(4);
    Door door;
    door.allowance.deadline = base::Deadline(clock, std::chrono::seconds(1));
    const auto decoded = door.Decode(picture);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::kDeadline);
    CHECK(door.budget.used() == 0);
  }
}

TEST_CASE("scratch is reused, and large memory is given back after the frame") {
  Scratch scratch;
  std::uint8_t* const first = scratch.Take(1000);
  CHECK(scratch.Take(500) == first);
  CHECK(scratch.Pixels() == first);
  scratch.Trim();
  CHECK(scratch.Pixels() == first);
  scratch.Take(Scratch::kKeepBytes + 1);
  scratch.Trim();
  CHECK(scratch.Pixels() == nullptr);
}

}  // namespace
}  // namespace sampleproc::codec
