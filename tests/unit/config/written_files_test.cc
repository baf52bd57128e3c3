#include <catch2/catch.hpp>

#include "config/loader.h"
#include "support/temp_dir.h"

namespace sampleproc::config {
namespace {

TEST_CASE("results are not written to a file that the service reads") {
  const testing::TempDir dir;
  const std::string secret = dir.Write("secret.1", "redis://h").string();
  const std::string other = dir.Write("results", "").string();
  const std::string file = dir.Write("c.toml", "[consumer]\nsinks = [\"file\"]\n").string();
  std::filesystem::create_symlink(file, dir.path() / "link.toml");
  struct Case {
    std::string path;
    Flag flag;
    const char* read;  // what the file is to the service; "" when it may be written
  };
  const Flag none = {"http.port", "0", "--port"};
  for (const Case& c : std::initializer_list<Case>{
           {other, none, ""},
           {file, none, "the configuration"},
           {(dir.path() / "link.toml").string(), none, "the configuration"},
           {secret, {"http.tls_cert", secret, "--set"}, "http.tls_cert"},
           {secret, {"http.auth_tokens_file", secret, "--set"}, "http.auth_tokens_file"},
           {(dir.path() / "secret").string(),
            {"process.cascade.file", secret, "--set"},
            "process.cascade.file"},
           {secret, none, "SAMPLEPROC_CONSUMER_REDIS_URL_FILE"}}) {
    INFO(c.path << " " << c.flag.path);
    const Loaded loaded = Load({.environment = {{"SAMPLEPROC_CONSUMER_REDIS_URL_FILE", secret}},
                                .flags = {{"consumer.file.path", c.path, "--set"}, c.flag},
                                .file = file});
    const std::string read = c.read;
    CHECK(loaded.HasErrors() != read.empty());
    if (read.empty()) continue;
    bool found = false;
    for (const Diagnostic& diagnostic : loaded.diagnostics) {
      if (diagnostic.code != "SP1120") continue;
      found = true;
      CHECK(diagnostic.key == "consumer.file.path");
      CHECK_THAT(diagnostic.message, Catch::Contains("would be destroyed"));
    }
    CHECK(found);
  }
}

TEST_CASE("nor to what detectors and cameras read, nor into a camera's folder") {
  const testing::TempDir dir;
  const std::string used = dir.Write("used", "x").string();
  const std::string other = dir.Write("other", "x").string();
  const std::string folder = (dir.path() / "pictures").string();
  std::filesystem::create_directory(folder);
  const std::string file = dir.Write("c.toml", "[consumer]\nsinks = [\"file\"]\n").string();
  const std::string inside = folder + "/new.ndjson";
  for (const char* key : {"consumer.file.path", "events.history"}) {
    for (const auto& [written, flag] :
         {std::pair{used, Flag{"detector.objects.model", used, ""}},
          std::pair{used, Flag{"detector.mine.labels", used, ""}},
          std::pair{used, Flag{"camera.door.url", used, ""}},
          std::pair{used, Flag{"camera.door.password_file", used, ""}},
          std::pair{inside, Flag{"camera.door.url", folder, ""}},
          std::pair{inside, Flag{"camera.door.url", folder + "/", ""}}}) {
      INFO(key << " " << flag.path);
      const auto codes = [&](const std::string& path) {
        const Loaded loaded = Load({.flags = {{key, path, ""}, flag}, .file = file});
        std::vector<std::string> found;
        for (const Diagnostic& each : loaded.diagnostics) {
          if (each.code == "SP1120") found.push_back(each.key);
        }
        return found;
      };
      CHECK(codes(written) == std::vector<std::string>{key});
      CHECK(codes(other).empty());
    }
  }
}

}  // namespace
}  // namespace sampleproc::config
