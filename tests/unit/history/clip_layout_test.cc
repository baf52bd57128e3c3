#include "history/clip_layout.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "support/temp_dir.h"
#include "unit/history/clip_samples.h"

namespace sampleproc::history {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A file as it is in the end.
std::string Whole(int pictures, std::size_t jpeg_bytes = 100) {
  std::string file = ClipHead(FactsOfClip(1)).value();
  auto index = ClipIndex::Read(file).value();
  for (int i = 0; i < pictures; ++i) {
    const ClipTime since = TimeOfPicture(i) - TimeOfPicture(0);
    const std::string jpeg = JpegOf(i, jpeg_bytes);
    file += ClusterHead(since, jpeg.size()) + jpeg;
    index.Add(since, jpeg.size());
  }
  file += index.Tail();
  for (const auto& patch : index.Patches()) {
    file.replace(static_cast<std::size_t>(patch.at), patch.bytes.size(), patch.bytes);
  }
  return file;
}

TEST_CASE("clips are called as the pictures of their events, with an end of their own") {
  CHECK(ClipFileName(KeyOf(0x2A)) == "event-000000000000002a-1.mkv");
  CHECK(ReadClipFileName("event-000000000000002a-1.mkv") == KeyOf(0x2A));
  for (const char* other : {"event-000000000000002a-1.jpg", "event-000000000000002A-1.mkv",
                            "event-2a-1.mkv", "holiday.mkv", ".mkv", ""}) {
    CHECK_FALSE(ReadClipFileName(other));
  }
}

TEST_CASE("a clip's head says whose it is, and is told from other files by its first bytes") {
  const std::string head = ClipHead(FactsOfClip(7)).value();
  const auto index = ClipIndex::Read(head);
  REQUIRE(index);
  CHECK(index->event_id() == EventId(7));
  CHECK(index->size() == head.size());
  CHECK(index->pictures() == 0);
  CHECK(BeginsAsClip(head.substr(0, kClipSignature)));
  CHECK(head.substr(0, kClipSignature).ends_with("sampleproc.clip/1 "));
  CHECK(BeginsAsClip(""));
  CHECK(BeginsAsClip(head.substr(0, 20)));
  std::string other = head;
  other[kClipSignature - 2] = '2';
  CHECK_FALSE(BeginsAsClip(other));
  CHECK_FALSE(BeginsAsClip("\xFF\xD8\xFF"));
  for (std::size_t size = 0; size < head.size(); ++size) {
    CHECK_FALSE(ClipIndex::Read(head.substr(0, size)));
  }
  ClipFacts facts = FactsOfClip(7);
  facts.event_id = std::string(300, '\xC3') + EventId(7);  // whatever bytes a sender gives
  CHECK(ClipIndex::Read(ClipHead(facts).value())->event_id() == facts.event_id);
  facts.event_id.assign(5000, 'x');
  CHECK(ClipHead(facts).error().code == base::ErrorCode::kTooLarge);
}

TEST_CASE("a picture's place in a clip is read as it was written, and nothing else is one") {
  const std::string head = ClusterHead(milliseconds(123'456), 70'000);
  CHECK(head.size() == kClusterHead);
  const auto facts = ReadClusterHead(head);
  REQUIRE(facts);
  CHECK(facts->since == milliseconds(123'456));
  CHECK(facts->jpeg_bytes == 70'000);
  for (std::size_t i = 0; i < head.size(); ++i) {
    std::string damaged = head;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x40);
    const auto read = ReadClusterHead(damaged);
    // The time may be another one; a size that is does not go with the other one.
    CHECK((!read || (read->jpeg_bytes == 70'000 && read->since != facts->since)));
  }
  CHECK_FALSE(ReadClusterHead(std::string(kClusterHead, '\0')));
  CHECK_FALSE(ReadClusterHead(head.substr(0, kClusterHead - 1)));
}

TEST_CASE("what a clip's end takes is known before it is written") {
  auto index = ClipIndex::Read(ClipHead(FactsOfClip(1)).value()).value();
  for (int i = 0; i < 23; ++i) {
    const ClipTime since = i * milliseconds(200);
    const std::uint64_t expected = index.TailSizeWith(since);
    index.Add(since, 100);
    CHECK(index.tail_size() == expected);
    CHECK(index.Tail().size() == expected);
  }
  CHECK(index.Tail().size() == 8 + 5 * 27);  // one place each second
}

TEST_CASE("players read the pictures of a clip and their times as they came") {
  if (std::system("ffprobe -version > /dev/null 2>&1") != 0) return;
  testing::TempDir dir;
  dir.Write("clip.mkv", Whole(12));
  const std::string file = dir.path() / "clip.mkv";
  const std::string told = dir.path() / "told";
  const std::string ask =
      "ffprobe -v quiet -count_packets -show_entries "
      "stream=codec_name,width,height,nb_read_packets:format=duration:packet=pts_time -of csv " +
      file + " > " + told;
  REQUIRE(std::system(ask.c_str()) == 0);
  std::ifstream stream(told);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  CHECK(text.find("stream,mjpeg,160,120,12") != text.npos);
  CHECK(text.find("packet,0.000000\npacket,0.200000\n") != text.npos);
  CHECK(text.find("packet,2.200000\n") != text.npos);
  CHECK(text.find("format,2.400000") != text.npos);
}

}  // namespace
}  // namespace sampleproc::history
