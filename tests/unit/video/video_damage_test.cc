// Videos that are damaged in the middle, joined, turned, or bare: they go on.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "codec/orientation.h"
#include "support/ffmpeg.h"
#include "support/samples.h"
#include "support/temp_dir.h"
#include "unit/video/damage.h"
#include "video/declared_length.h"
#include "video/joins.h"

namespace sampleproc::video {
namespace {

using frame::PixelFormat;
using testing::Quoted;
using testing::RunFfmpeg;
using testing::TempDir;

TEST_CASE("a lost packet is one error, and the frames go on with the next key frame", "[video]") {
  const TempDir dir;
  const auto path = Make(dir, "a.ts", "-c:v libx264 -bf 2 -g 5 -keyint_min 5 -sc_threshold 0");
  const ReadVideo whole = ReadAll(path, PixelFormat::kGray8);
  REQUIRE(whole.frames.size() == 20);
  std::string content = Content(path);
  // The packet is inside a picture's data: another of the same stream is on either side of it.
  std::size_t lost = content.size() / 2 / kTransportPacket * kTransportPacket;
  while ((content[lost + 1] & 0x40) != 0 ||
         content.substr(lost + 1, 2) != content.substr(lost + 189, 2)) {
    lost += kTransportPacket;
  }
  content.erase(lost, kTransportPacket);
  const Outcome outcome = ReadOn(dir.Write("lost.ts", content));
  CHECK(outcome.errors.size() == 1);
  CHECK(outcome.frames.size() >= 10);
  CHECK(outcome.frames.size() < 20);
  CHECK(outcome.frames.back().pixels == whole.frames.back().pixels);
  CHECK(AreAmong(outcome.frames, whole.frames));
  CHECK(outcome.errors.front() > 0);
}

TEST_CASE("bytes that came in or were lost on the way are no end inside a packet", "[video]") {
  const TempDir dir;
  const std::string content = Content(Make(dir, "a.ts", "-c:v libx264 -bf 2 -g 5"));
  const ReadVideo whole = ReadAll(dir.path() / "a.ts", PixelFormat::kGray8);
  const std::size_t middle = content.size() / 2 / kTransportPacket * kTransportPacket;
  const std::string junk = content.substr(0, middle) + std::string(100, 'x');
  const Outcome more = ReadOn(dir.Write("more.ts", junk + content.substr(middle)));
  CHECK(more.errors.empty());
  CHECK(more.frames.size() == whole.frames.size());
  const auto is_cut_short = [&](const std::string& text) {
    const auto file = SourceFile::Open(dir.Write("is.ts", text).string());
    return WalkOuterChunks(*file, Container::kMpegTs)->cut_short;
  };
  CHECK_FALSE(is_cut_short(content.substr(0, middle) + content.substr(middle + 1000)));
  for (const std::string& start : {content.substr(0, middle), junk}) {
    CHECK_FALSE(is_cut_short(start + content.substr(middle)));
    CHECK_FALSE(is_cut_short(start + content.substr(middle) + std::string(50, '\0')));
    CHECK(is_cut_short(start + content.substr(middle, content.size() - middle - 88)));
  }
}

TEST_CASE("damage is an error in its place, whatever the codec; no picture is made up", "[video]") {
  const TempDir dir;
  struct Kind {
    const char* file;
    const char* arguments;
  };
  for (const Kind& kind :
       {Kind{"a.avi", "-c:v mpeg4 -g 4"}, Kind{"b.mkv", "-c:v libx264 -g 4"},
        Kind{"c.mjpeg", "-c:v mjpeg -q:v 3"}, Kind{"d.mpg", "-c:v mpeg2video -g 4"}}) {
    INFO(kind.file);
    const auto path = Make(dir, kind.file, kind.arguments);
    const ReadVideo whole = ReadAll(path, PixelFormat::kGray8);
    std::string content = Content(path);
    std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(content.size() / 2), 3000, '\xFF');
    const Outcome outcome = ReadOn(dir.Write(std::string("bad-") + kind.file, content));
    CHECK(outcome.errors.size() >= 1);
    CHECK(outcome.frames.size() >= 10);
    REQUIRE_FALSE(outcome.frames.empty());
    CHECK(outcome.frames.back().pixels == whole.frames.back().pixels);
    for (std::size_t i = 0; i + 1 < outcome.frames.size(); ++i) {
      CHECK(outcome.frames[i].index < outcome.frames[i + 1].index);
    }
  }
}

TEST_CASE("joined recordings are all read, also of another size or codec", "[video]") {
  const TempDir dir;
  struct Pair {
    const char* ending;
    const char* first;
    const char* second;
  };
  for (const Pair& pair : {Pair{".ts", "-c:v libx264 -bf 2", "-c:v libx264 -bf 2"},
                           Pair{".ts", "-c:v libx264 -bf 2", "-c:v mpeg2video"},
                           Pair{".mp4", "-c:v libx264 -bf 2", "-c:v mpeg4"},
                           Pair{".avi", "-c:v mpeg4", "-c:v msmpeg4"},
                           Pair{".mkv", "-c:v libx264 -bf 2", "-c:v ffv1"}}) {
    INFO(pair.ending << " " << pair.second);
    const auto first = Make(dir, std::string("1") + pair.ending, pair.first);
    const auto second = Make(dir, std::string("2") + pair.ending, pair.second, "96:72");
    const auto both =
        dir.Write(std::string("both") + pair.ending, Content(first) + Content(second));
    const Outcome outcome = ReadOn(both);
    CHECK(outcome.errors.empty());
    REQUIRE(outcome.frames.size() == 40);
    CHECK(outcome.frames[19].width == 192);
    CHECK(outcome.frames[20].width == 96);
    CHECK(outcome.frames[39].index == 39);
    const ReadVideo alone = ReadAll(second, PixelFormat::kGray8);
    CHECK(outcome.frames[39].pixels == alone.frames[19].pixels);
  }
}

TEST_CASE("the last of joined recordings may be torn anywhere", "[video]") {
  const TempDir dir;
  const std::string coding = "-c:v libx264 -bf 2 -g 5 -keyint_min 5 -sc_threshold 0";
  const std::string first = Content(Make(dir, "1.ts", coding));
  const std::string second = Content(Make(dir, "2.ts", coding, "96:72"));
  for (const std::string& behind :
       {std::string("G"), std::string(100, '\0'), first.substr(0, 77)}) {
    INFO(behind.size());
    const Outcome outcome = ReadOn(dir.Write("both.ts", first + second + behind));
    CHECK(outcome.frames.size() == 40);
    CHECK(outcome.errors.size() == (behind.starts_with('G') ? 1 : 0));
  }
  const std::size_t torn = second.size() * 9 / 10 / kTransportPacket * kTransportPacket + 50;
  const Outcome outcome = ReadOn(dir.Write("both.ts", first + second.substr(0, torn)));
  CHECK(outcome.frames.size() >= 35);
  CHECK(outcome.errors == std::vector<std::size_t>{outcome.frames.size()});
}

TEST_CASE("a recording of which nothing can be read is one error before the next", "[video]") {
  const TempDir dir;
  const std::string middle = Content(Make(dir, "1.ts", "-c:v libx264 -bf 2 -g 50 -sc_threshold 0"));
  const std::string whole = Content(Make(dir, "2.ts", "-c:v libx264 -bf 2", "96:72"));
  // Without its first picture, which is the only one that needs no other: cut at a packet, and not.
  for (const std::size_t from : {80 * kTransportPacket, 80 * kTransportPacket + 71}) {
    REQUIRE(from + 20 * kTransportPacket < middle.size());
    INFO(from);
    const Outcome outcome = ReadOn(dir.Write("both.ts", middle.substr(from) + whole));
    CHECK(outcome.errors == std::vector<std::size_t>{0});
    REQUIRE(outcome.frames.size() == 20);
    CHECK(outcome.frames.front().index == 1);
    CHECK(outcome.frames.front().width == 96);
  }
  RunFfmpeg("-f lavfi -i anullsrc -t 1 -c:a aac " + Quoted(dir.path() / "3.mp4"));
  const std::string silent = Content(dir.path() / "3.mp4");
  const std::string seen = Content(Make(dir, "4.mp4", "-c:v mpeg4"));
  const Outcome outcome = ReadOn(dir.Write("both.mp4", silent + seen));
  CHECK(outcome.errors == std::vector<std::size_t>{0});
  CHECK(outcome.frames.size() == 20);
}

TEST_CASE("a torn recording is told before the one it is joined to, which is read", "[video]") {
  const TempDir dir;
  struct Kind {
    const char* ending;
    const char* arguments;
    bool has_head;  // at its beginning: without it nothing of a torn one can be read
  };
  const auto kind =
      GENERATE(Kind{".avi", "-c:v mpeg4 -g 5", true}, Kind{".mp4", "-c:v mpeg4 -g 5", false},
               Kind{".mp4", "-c:v libx264 -bf 0 -g 5 -movflags +faststart", true},
               Kind{".mp4", "-c:v libx264 -bf 0 -g 5 -movflags frag_keyframe+empty_moov", true},
               Kind{".mkv", "-c:v libx264 -bf 0 -g 5", true},
               Kind{".mkv", "-c:v libx264 -bf 0 -g 5 -live 1", true});
  INFO(kind.ending << " " << kind.arguments);
  const std::string first = Content(Make(dir, std::string("1") + kind.ending, kind.arguments));
  const std::string second =
      Content(Make(dir, std::string("2") + kind.ending, kind.arguments, "96:72"));
  const std::string third =
      Content(Make(dir, std::string("3") + kind.ending, kind.arguments, "48:36"));
  // More is missing than follows, as much, and less.
  for (const std::size_t part : {2U, 5U, 8U}) {
    INFO(part);
    const auto path = dir.Write(std::string("both") + kind.ending,
                                first.substr(0, first.size() * part / 10) + second + third);
    const Outcome outcome = ReadOn(path);
    REQUIRE(outcome.frames.size() >= 40);
    const std::size_t before = outcome.frames.size() - 40;
    CHECK(before < 20);
    CHECK((before > 0 ? kind.has_head : !kind.has_head || part < 5));
    CHECK(outcome.errors == std::vector<std::size_t>{before});
    CHECK(outcome.frames[before].width == 96);
    CHECK(outcome.frames.back().width == 48);
    CHECK(outcome.frames.back().index == before + 40);
  }
}

TEST_CASE("recordings are found behind bytes that are none", "[video]") {
  const TempDir dir;
  for (const char* ending : {".avi", ".mp4", ".mkv"}) {
    INFO(ending);
    const std::string coding = "-c:v mpeg4";
    const std::string first = Content(Make(dir, std::string("1") + ending, coding));
    const std::string second = Content(Make(dir, std::string("2") + ending, coding, "96:72"));
    for (const std::string& between :
         {std::string(1, '\0'), std::string("a line of text\n"), std::string(100'000, 'x'),
          std::string("RIFF1234AVI LISTRIFF ftypftyp\x1A\x45\xDF\xA3")}) {
      INFO(between.size());
      const Outcome outcome =
          ReadOn(dir.Write(std::string("both") + ending, first + between + second + between));
      REQUIRE(outcome.frames.size() == 40);
      CHECK(outcome.frames[19].width == 192);
      CHECK(outcome.frames[20].width == 96);
    }
  }
}

TEST_CASE("a recording that another one holds as its data is none of the file's", "[video]") {
  const TempDir dir;
  const auto inner_mkv = Make(dir, "inner.mkv", "-c:v libx264", "96:72");
  const std::string inner_avi = Content(Make(dir, "inner.avi", "-c:v mpeg4", "96:72"));
  const auto chunk = [](const std::string& type, const std::string& content) {
    std::string length(4, '\0');
    for (std::size_t i = 0; i < 4; ++i) length[i] = static_cast<char>(content.size() >> (8 * i));
    return type + length + content + std::string(content.size() % 2, '\0');
  };
  // Written to a pipe, so that no length is filled in.
  const std::string live = RunFfmpeg(
      "-i " + Quoted(test::SamplePath("vtest.avi")) + " -frames:v 20 -vf scale=192:144 -attach " +
      Quoted(inner_mkv) + " -metadata:s:t mimetype=application/octet-stream -f matroska -");
  const std::string avi = Content(Make(dir, "outer.avi", "-c:v mpeg4"));
  std::string unfilled = avi + chunk("JUNK", inner_avi);
  unfilled.replace(4, 4, 4, '\0');
  for (const auto& [name, content] :
       {std::pair("live.mkv", live), std::pair("behind.avi", avi + chunk("JUNK", inner_avi)),
        std::pair("unfilled.avi", unfilled)}) {
    INFO(name);
    REQUIRE(content.size() > 1000);
    const Outcome outcome = ReadOn(dir.Write(name, content));
    CHECK(outcome.errors.empty());
    REQUIRE(outcome.frames.size() == 20);
    for (const ReadFrame& frame : outcome.frames) CHECK(frame.width == 192);
    // And the same when another one is joined to it.
    const std::string more = name == std::string("live.mkv") ? Content(inner_mkv) : inner_avi;
    const Outcome joined = ReadOn(dir.Write(std::string("joined-") + name, content + more));
    CHECK(joined.errors.empty());
    CHECK(joined.frames.size() == 40);
  }
}

TEST_CASE("what a cut Matroska file lacks is told where it is missing", "[video]") {
  const TempDir dir;
  for (const char* live : {"", "-live 1"}) {
    INFO(live);
    const std::string whole =
        Content(Make(dir, "a.mkv", std::string("-c:v libx264 -bf 0 -g 5 ") + live));
    const Outcome outcome = ReadOn(dir.Write("cut.mkv", whole.substr(0, whole.size() * 8 / 10)));
    CHECK(outcome.frames.size() >= 10);
    CHECK(outcome.errors == std::vector<std::size_t>{outcome.frames.size()});
    REQUIRE_FALSE(outcome.frames.empty());
    CHECK(outcome.frames.front().index == 0);
  }
}

TEST_CASE("a loss before tables is no join", "[video]") {
  const TempDir dir;
  const auto path = Make(dir, "a.ts", "-c:v libx264 -bf 2 -g 5");
  const std::string content = Content(path);
  const auto file = SourceFile::Open(path.string());
  REQUIRE(file);
  const auto sync = FindTransportSync(base::AsBytes(content).first(kSniffBytes));
  REQUIRE(sync);
  PacketJoinFinder whole(0, *sync);
  CHECK_FALSE(*whole.FindBefore(*file, content.size()));
  const std::size_t table = content.find(std::string("\x47\x40\x00", 3), content.size() / 2);
  REQUIRE(table != std::string::npos);
  const auto lossy = SourceFile::Open(
      dir.Write("lossy.ts", content.substr(0, table - 3 * kTransportPacket) + content.substr(table))
          .string());
  PacketJoinFinder cut(0, *sync);
  CHECK_FALSE(*cut.FindBefore(*lossy, lossy->size()));
}

TEST_CASE("the display matrix is told as an orientation", "[video]") {
  const TempDir dir;
  const auto plain = Make(dir, "a.mp4", "-c:v mpeg4");
  for (const auto& [degrees, orientation] : {std::pair{0, 1}, {90, 8}, {180, 3}, {270, 6}}) {
    const auto turned = dir.path() / "turned.mp4";
    RunFfmpeg("-i " + Quoted(plain) + " -c copy -metadata:s:v:0 rotate=" + std::to_string(degrees) +
              " " + Quoted(turned));
    CAPTURE(degrees);
    const Outcome outcome = ReadOn(turned);
    CHECK(outcome.orientation == orientation);
    // ffmpeg turns it itself.
    const std::string yuv =
        RunFfmpeg("-i " + Quoted(turned) + " -frames:v 1 -pix_fmt yuv420p -f rawvideo -");
    std::string stored = outcome.frames.front().pixels;
    base::ByteBuffer bytes;
    const auto upright = codec::OrientedCopy(
        {reinterpret_cast<const std::uint8_t*>(stored.data()), 192, 144, 192, PixelFormat::kGray8},
        orientation, bytes);
    REQUIRE(upright.width == (degrees % 180 == 0 ? 192 : 144));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const double luma = (static_cast<std::uint8_t>(yuv[i]) - 16) * 255.0 / 219.0;
      REQUIRE(std::abs(bytes[i] - std::clamp(luma, 0.0, 255.0)) <= 1);
    }
  }
}

TEST_CASE("bare H.264 and H.265 are read, by any name", "[video]") {
  const TempDir dir;
  for (const auto& [name, codec] :
       {std::pair{"a.h264", "libx264"}, {"a.h265", "libx265 -x265-params log-level=none"}}) {
    INFO(name);
    CHECK(IsVideoName(name));
    const auto path = Make(dir, name, std::string("-c:v ") + codec);
    const Outcome outcome = ReadOn(path);
    CHECK(outcome.errors.empty());
    CHECK(outcome.frames.size() == 20);
  }
}

TEST_CASE("a bare stream may begin with zeros, or in the middle of a picture", "[video]") {
  const TempDir dir;
  for (const auto& [name, codec] :
       {std::pair{"a.h264", "libx264 -g 5 -keyint_min 5 -sc_threshold 0"},
        {"a.h265", "libx265 -g 5 -x265-params log-level=none:keyint=5:min-keyint=5:open-gop=0"}}) {
    INFO(name);
    const std::string whole = Content(Make(dir, name, std::string("-c:v ") + codec));
    for (const std::size_t zeros : {std::size_t{2}, std::size_t{30}, std::size_t{4000}}) {
      INFO(zeros);
      const Outcome padded = ReadOn(dir.Write(name, std::string(zeros, '\0') + whole));
      CHECK(padded.errors.empty());
      CHECK(padded.frames.size() == 20);
    }
    // Inside the first picture, which is the largest and behind its parameters.
    const Outcome torn = ReadOn(dir.Write(name, whole.substr(whole.size() / 10)));
    CHECK(torn.frames.size() >= 15);
    REQUIRE_FALSE(torn.frames.empty());
  }
}

TEST_CASE("JPEG pictures are found behind what is none", "[video]") {
  const TempDir dir;
  const std::string whole = Content(Make(dir, "a.mjpeg", "-c:v mjpeg -q:v 3"));
  const std::string cut = whole.substr(1000);
  CHECK(ReadOn(dir.Write("cut.mjpeg", cut)).frames.size() == 19);
  std::string sent;  // as a camera's server sends it
  for (std::size_t at = 0; at < whole.size();) {
    const std::size_t next = std::min(whole.find("\xFF\xD8\xFF", at + 1), whole.size());
    sent += "--b\r\nContent-Type: image/jpeg\r\n\r\n" + whole.substr(at, next - at) + "\r\n";
    at = next;
  }
  const Outcome outcome = ReadOn(dir.Write("sent.mjpeg", sent));
  CHECK(outcome.errors.empty());
  CHECK(outcome.frames.size() == 20);
}

TEST_CASE("text behind the end of an MP4 file is no missing part", "[video]") {
  const TempDir dir;
  const std::string whole = Content(Make(dir, "a.mp4", "-c:v mpeg4"));
  const Outcome outcome = ReadOn(dir.Write("text.mp4", whole + "written by the recorder\n"));
  CHECK(outcome.errors.empty());
  CHECK(outcome.frames.size() == 20);
}

TEST_CASE("forty streams are no reason to refuse a video", "[video]") {
  const TempDir dir;
  const auto path = dir.path() / "many.mkv";
  std::string maps = " -map 0:v";
  for (int i = 0; i < 40; ++i) maps += " -map 1:a";
  RunFfmpeg("-i " + Quoted(test::SamplePath("vtest.avi")) +
            " -f lavfi -i sine=duration=1 -frames:v 5 -vf scale=64:48" + maps +
            " -c:v libx264 -c:a aac " + Quoted(path));
  CHECK(ReadOn(path).frames.size() == 5);
}

TEST_CASE("JPEG pictures are handed out as they are when they are wanted so", "[video]") {
  const TempDir dir;
  Options options = TestOptions();
  options.jpeg_packets = true;
  for (const char* name : {"a.mjpeg", "a.avi", "a.mov"}) {
    INFO(name);
    const Outcome outcome = ReadOn(Make(dir, name, "-c:v mjpeg -q:v 3"), options);
    CHECK(outcome.encoded == 20);
    CHECK(outcome.errors.empty());
    for (const ReadFrame& frame : outcome.frames) CHECK(frame.pixels.starts_with("\xFF\xD8\xFF"));
  }
}

}  // namespace
}  // namespace sampleproc::video
