#include "config/effective.h"

#include <catch2/catch.hpp>

#include "config/schema.h"
#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

// What `loaded` prints, read again.
Loaded ReadAgain(const Loaded& loaded) {
  const TempFile file(EffectiveToml(loaded, Which::kAll));
  return Load({.file = file.path()});
}

void CheckSame(const Config& a, const Config& b) {
  for (const Key& key : MakeSchema()) {
    INFO(key.path);
    CHECK(key.get(a) == key.get(b));
  }
}

TEST_CASE("the defaults round-trip") {
  const Loaded loaded = Load({.file = Empty()});
  const Loaded again = ReadAgain(loaded);
  CHECK(Render(again) == "");
  CHECK(again.origins.at("http.port").kind == Origin::Kind::kFile);
  CheckSame(loaded.config, again.config);
}

TEST_CASE("values that need quoting, of every origin, round-trip") {
  const TempFile file("[process]\nworkers = 3\npipeline = [\"faces\", \"stats\"]\n");
  const Loaded loaded =
      Load({.environment = {{"SAMPLEPROC_SERVICE_NAME", "a \"b\" \\ \t \x01 \x7f \xC3\xA4 # c"},
                            {"DETECTION_THRESHOLD", "0.1"},
                            {"REDIS_HOST", "db"}},
            .flags = {{"http.idle_timeout", "1m40s", "--set http.idle_timeout"}},
            .file = file.path(),
            .original_names = true});
  const Loaded again = ReadAgain(loaded);
  CHECK(Render(again) == "");
  CheckSame(loaded.config, again.config);

  const std::string text = EffectiveToml(loaded, Which::kAll);
  INFO(text);
  CHECK(text.find("\nhost = \"127.0.0.1\"  # default\n") != std::string::npos);
  CHECK(text.find("\nworkers = 3  # " + file.path() + ":2:11\n") != std::string::npos);
  CHECK(text.find("\ndetection_threshold = 0.1  # environment DETECTION_THRESHOLD\n") !=
        std::string::npos);
  CHECK(text.find("\nidle_timeout = \"100s\"  # --set http.idle_timeout\n") != std::string::npos);
  CHECK(text.find("\nenabled = true  # environment REDIS_HOST\n") != std::string::npos);
  CHECK(text.find("\n#reloadable = [\"log_level\"]\n\n[service]\n") != std::string::npos);
}

TEST_CASE("a user and a password in a URL are masked, and the rest still round-trips") {
  const Loaded loaded =
      Load({.flags = {{"consumer.http.url", "http://me:canary@b:1/x", "--set consumer.http.url"},
                      {"http.port", "1", "--port"}},
            .file = Empty()});
  const std::string text = EffectiveToml(loaded, Which::kAll);
  CHECK(text.find("canary") == std::string::npos);
  CHECK(text.find("\n#url = \"http://*********@b:1/x\"  # --set consumer.http.url\n") !=
        std::string::npos);
  const Loaded again = ReadAgain(loaded);
  CHECK(Render(again) == "");
  CHECK(again.config.http.port == 1);
  CHECK(again.config.consumer.http.url == Config{}.consumer.http.url);
}

TEST_CASE("users and passwords in names of cameras and beside a user are masked") {
  const TempFile file(
      "[camera.\"rtsp://u:canary@h/1\"]\nloop = true\nurl = \"/x\"\n[camera.door]\nurl = "
      "\"/y\"\nloop = "
      "true\n[consumer]\nsinks = [\"log\"]\n[consumer.redis]\nusername = \"u:canary\"\n");
  const Loaded loaded = Load({.file = file.path()});
  const std::string text = EffectiveToml(loaded, Which::kAll);
  INFO(text);
  CHECK(text.find("canary") == std::string::npos);
  CHECK(text.find("\n#username = \"u:******\"") != std::string::npos);
  CHECK(text.find("\n#[camera.\"rtsp://********@h/1\"]\n#") != std::string::npos);
  const Loaded again = ReadAgain(loaded);
  CHECK(Render(again) == "");
  CHECK(again.config.cameras.size() == 1);
  CHECK(again.config.cameras.at("door").loop);
}

TEST_CASE("text that TOML could not hold never gets into a configuration") {
  for (const std::string bad : {"\xff", "a\nb", "a\rb"}) {
    CHECK(Load({.environment = {{"SAMPLEPROC_SERVICE_NAME", bad}}, .file = Empty()}).HasErrors());
  }
}

}  // namespace
}  // namespace sampleproc::config
