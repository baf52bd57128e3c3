#include "files/picture_store.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/temp_dir.h"

namespace sampleproc::files {
namespace {

TEST_CASE("pictures are kept until nobody holds them, and no more than there is room for") {
  const testing::TempDir folder;
  auto store = PictureStore::Make(folder.path().string(), 2);
  REQUIRE(store);
  CHECK(std::filesystem::is_empty(folder.path()));  // the file has no name
  auto first = (*store)->Keep("one");
  const auto second = (*store)->Keep("the second");
  REQUIRE(first);
  REQUIRE(second);
  const auto third = (*store)->Keep("three");
  REQUIRE_FALSE(third);
  CHECK(third.error().code == base::ErrorCode::kOverloaded);
  CHECK((*first)->Read().value() == "one");
  first->reset();
  const auto again = (*store)->Keep("again, and longer than before");
  REQUIRE(again);
  CHECK((*again)->Read().value() == "again, and longer than before");
  CHECK((*second)->Read().value() == "the second");
}

TEST_CASE("a picture that is too large, and a folder that is none, are said") {
  const testing::TempDir folder;
  auto store = PictureStore::Make(folder.path().string(), 1);
  REQUIRE(store);
  const auto large = (*store)->Keep(std::string(PictureStore::kMaxBytes + 1, 'x'));
  REQUIRE_FALSE(large);
  CHECK(large.error().code == base::ErrorCode::kInvalidFrame);
  CHECK((*store)->Keep(std::string(PictureStore::kMaxBytes, 'x')));
  const auto none = PictureStore::Make((folder.path() / "none").string(), 1);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == base::ErrorCode::kIo);
  CHECK(none.error().message.find("none until the run is over: No such file") != std::string::npos);
}

}  // namespace
}  // namespace sampleproc::files
