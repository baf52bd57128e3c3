#include "video/module_loader.h"

#include <dlfcn.h>

#include <catch2/catch.hpp>

#include "support/places.h"
#include "support/temp_dir.h"

namespace sampleproc::video {
namespace {

TEST_CASE("a module that is not there is named", "[video]") {
  const testing::TempDir dir;
  const auto module = LoadModule(dir.path() / "sampleproc_video.so");
  REQUIRE_FALSE(module);
  CHECK(module.error().code == base::ErrorCode::kUnavailable);
  CHECK(module.error().message.find("sampleproc_video.so") != std::string::npos);
  CHECK(module.error().message.find("libavcodec59") != std::string::npos);
}

TEST_CASE("a file that is no module is refused", "[video]") {
  const testing::TempDir dir;
  const auto text = LoadModule(dir.Write("sampleproc_video.so", "no library"));
  REQUIRE_FALSE(text);
  CHECK(text.error().code == base::ErrorCode::kUnavailable);
  // A library, but another one.
  const auto library = LoadModule("libz.so.1");
  REQUIRE_FALSE(library);
  CHECK(library.error().message.find("no module of sampleproc") != std::string::npos);
}

TEST_CASE("the module of this build is of this version, and loads twice", "[video]") {
  const auto first = LoadModule(testing::kVideoModule);
  REQUIRE(first);
  CHECK((*first)->version == kModuleVersion);
  const auto second = LoadModule(testing::kVideoModule);
  REQUIRE(second);
  CHECK(first->get() == second->get());
}

TEST_CASE("the module keeps FFmpeg's names to itself", "[video]") {
  REQUIRE(LoadModule(testing::kVideoModule));
  CHECK(dlsym(RTLD_DEFAULT, "avcodec_open2") == nullptr);
}

}  // namespace
}  // namespace sampleproc::video
