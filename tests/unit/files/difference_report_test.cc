#include "files/difference_report.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "base/descriptor.h"
#include "codec/jpeg_encoder.h"
#include "files/box_words.h"
#include "files/shown_text.h"
#include "support/temp_dir.h"

namespace sampleproc::files {
namespace {

constexpr const char* kHostile = "</bdi><script>alert(1)</script>\" onload='x' ]]> --> & \xff\xfe";

struct Page {
  testing::TempDir folder;
  std::unique_ptr<PictureStore> store = PictureStore::Make(folder.path().string(), 100).value();
  resources::MemoryBudget budget{std::size_t{64} << 20};

  std::string Write(const DifferenceReport& report) {
    const std::string path = (folder.path() / "page.html").string();
    const base::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    LineSink sink(file.get(), "page");
    REQUIRE(report.Write(7, 2, {}, budget, sink));
    std::ifstream page(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(page), {}};
  }

  Difference Of(const std::string& camera, bool with_picture, std::string_view kind = "lost") {
    Difference difference;
    difference.camera = camera;
    difference.kinds = {kind};
    difference.title = "person";
    difference.no_picture = "there is none";
    if (!with_picture) return difference;
    difference.no_picture.clear();
    const std::vector<std::uint8_t> gray(std::size_t{64} * 48, 90);
    const auto jpeg =
        codec::EncodeJpeg({gray.data(), 64, 48, 64, frame::PixelFormat::kGray8}, 85).value();
    difference.pictures.push_back({store->Keep(base::AsText(jpeg)).value(),
                                   64,
                                   48,
                                   {{{8, 8, 40, 40}, process::Mark::kBefore, "person"}},
                                   "the caption",
                                   "the alternative"});
    return difference;
  }
};

const DifferenceReport::Facts kFacts{"old.ndjson", "events", {"gained", "lost"}};

std::size_t Count(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST_CASE("text of strangers is nothing but text") {
  CHECK(ShownText("<a href=\"x\">&'") == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  CHECK(ShownText("a\xff z") == "a\uFFFD z");
  CHECK(ShownText("\u202Egnp.exe\u2066\u200F\x1b[1m\x7f\u0085") ==
        "\uFFFDgnp.exe\uFFFD\uFFFD\uFFFD[1m\uFFFD\uFFFD");
  CHECK(ShownText("größe \u2192 \u65e5\u672c") == "größe \u2192 \u65e5\u672c");
  CHECK(ShownText(std::string("a\0b", 3)) == "a\uFFFDb");
  CHECK(ShownText(std::string(1000, 'x')).size() < 310);
  CHECK(ShownText("ab\u65e5", 3) == "ab\u65e5");  // whole characters
  CHECK(ShownText("ab\u65e5z", 3) == "ab\u65e5\u2026");
}

TEST_CASE("a page has each difference with its picture in words, too") {
  Page page;
  DifferenceReport report(kFacts);
  report.Add(page.Of("gate", true));
  report.Add(page.Of("gate", false, "gained"));
  const std::string text = page.Write(report);
  CHECK(text.find("<h1>2 differences from the earlier run</h1>") != text.npos);
  CHECK(text.find("7 frames, of which 2 failed") != text.npos);
  CHECK(Count(text, "<img ") == 1);
  CHECK(text.find("width=\"64\" height=\"48\" alt=\"the alternative\"") != text.npos);
  CHECK(Count(text, "<figcaption>") == 1);
  CHECK(Count(text, "there is none") == 1);
  CHECK(text.find("<th scope=\"row\"><bdi>gate</bdi></th><td>1</td><td>1</td><td>2</td>") !=
        text.npos);
  CHECK(Count(text, "<script") == 0);
  CHECK(Count(text, "http:") + Count(text, "https:") == 0);
  CHECK(text.find("default-src 'none'; img-src data:; style-src 'sha256-") != text.npos);
  CHECK(text.ends_with("</html>\n"));
}

TEST_CASE("a page without differences says so") {
  Page page;
  const std::string text = page.Write(DifferenceReport(kFacts));
  CHECK(text.find("<h1>No differences from the earlier run</h1>") != text.npos);
  CHECK(text.find("Nothing that is compared has changed.") != text.npos);
  CHECK(Count(text, "<table") == 0);
}

TEST_CASE("hostile names stay within their elements, wherever they stand") {
  Page page;
  DifferenceReport report({kHostile, "events", {"lost"}});
  for (const bool with_picture : {true, false}) {
    Difference difference = page.Of(kHostile, with_picture);
    difference.title = kHostile;
    difference.facts = {{"class", kHostile}};
    for (ReportPicture& picture : difference.pictures) {
      picture.caption = kHostile;
      picture.alt = kHostile;
      picture.boxes.front().label = kHostile;
    }
    if (!with_picture) difference.no_picture = kHostile;
    report.Add(std::move(difference));
  }
  const std::string text = page.Write(report);
  CHECK(Count(text, "<script") == 0);
  CHECK(Count(text, "&lt;script&gt;") >= 9);
  CHECK(Count(text, "onload='x'") == 0);
  CHECK(Count(text, "\xff") == 0);
  CHECK(Count(text, "<bdi>") == Count(text, "</bdi>"));
}

TEST_CASE("a page is bounded, and says how much it leaves out") {
  Page page;
  DifferenceReport report(kFacts, {.pictured = 2, .listed = 3, .cameras = 2});
  for (int i = 0; i < 4; ++i) report.Add(page.Of("a", true));
  CHECK_FALSE(report.TakesPictures());
  for (int i = 0; i < 3; ++i) report.Add(page.Of("b" + std::to_string(i), false));
  const std::string text = page.Write(report);
  CHECK(Count(text, "<img ") == 2);
  CHECK(Count(text, report.NoRoom()) == 2);
  CHECK(text.find("2 of 7 events with pictures, 3 in tables without, 2 only counted: a page has "
                  "room for 2 and 3.") != text.npos);
  CHECK(text.find("<th scope=\"row\">other cameras</th><td>2</td><td>2</td>") != text.npos);
  CHECK(text.find("<th scope=\"row\">all cameras</th><td>7</td><td>7</td>") != text.npos);
  // What is not shown is not kept.
  std::vector<PictureStore::KeptPtr> kept;
  while (auto more = page.store->Keep("x")) kept.push_back(std::move(*more));
  CHECK(kept.size() == 98);
}

TEST_CASE("a picture that cannot be drawn on is told, never broken") {
  Page page;
  DifferenceReport report(kFacts);
  Difference difference = page.Of("gate", true);
  difference.pictures.front().picture = page.store->Keep("no JPEG").value();
  report.Add(std::move(difference));
  const std::string text = page.Write(report);
  CHECK(Count(text, "<img ") == 0);
  CHECK(Count(text, "No picture: ") == 1);
}

TEST_CASE("what became of a box is said in words") {
  CHECK(BoxText({1, 2, 3, 4}) == "[1,2,3,4]");
  CHECK(MoveText({0, 0, 10, 10}, {0, 0, 10, 10}) == "in the same place");
  CHECK(MoveText({0, 0, 10, 10}, {12, 0, 22, 10}) == "12 px right");
  CHECK(MoveText({10, 10, 20, 20}, {5, 4, 15, 14}) == "5 px left, 6 px up");
  CHECK(MoveText({0, 0, 10, 10}, {0, 0, 20, 20}) == "5 px right, 5 px down, 300 % larger");
  CHECK(MoveText({0, 0, 0, 0}, {0, 0, 0, 0}) == "in the same place");
  CHECK(ConfidenceText(0.614) == "0.61");
  CHECK(SecondsText(12.4) == "12.40");
}

}  // namespace
}  // namespace sampleproc::files
