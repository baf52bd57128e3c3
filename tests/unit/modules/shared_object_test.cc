#include "modules/shared_object.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "support/places.h"
#include "support/temp_dir.h"

namespace sampleproc::modules {
namespace {

TEST_CASE("a shared object that is cut short is refused before it is mapped", "[modules]") {
  const testing::TempDir dir;
  const auto copy = dir.path() / "cut.so";
  std::filesystem::copy_file(testing::kDnnModule, copy);
  REQUIRE(OpenSharedObject(copy.string()));
  // Anew: what is loaded stays mapped.
  const auto cut = dir.path() / "cut_short.so";
  std::filesystem::copy_file(testing::kDnnModule, cut);
  std::filesystem::resize_file(cut, std::filesystem::file_size(cut) / 4);
  const auto opened = OpenSharedObject(cut.string());
  REQUIRE_FALSE(opened);
  INFO(opened.error().message);
  CHECK(opened.error().code == base::ErrorCode::kUnavailable);
  CHECK(opened.error().message.starts_with(cut.string() + " is cut short: it has "));
}

TEST_CASE("what is no shared object is refused with the loader's words", "[modules]") {
  const testing::TempDir dir;
  const auto path = dir.path() / "text.so";
  std::ofstream(path) << "only text, but more of it than the head of a shared object has bytes";
  const auto text = OpenSharedObject(path.string());
  REQUIRE_FALSE(text);
  CHECK(text.error().message.find("invalid ELF header") != std::string::npos);
  const auto absent = OpenSharedObject("/nonexistent/library.so");
  REQUIRE_FALSE(absent);
  CHECK(absent.error().message.find("No such file") != std::string::npos);
}

}  // namespace
}  // namespace sampleproc::modules
