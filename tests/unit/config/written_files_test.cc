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

TEST_CASE("no two keys write one file") {
  const testing::TempDir dir;
  const std::string there = dir.Write("there", "").string();
  const std::string folder = (dir.path() / "folder").string();
  std::filesystem::create_directory(folder);
  const std::string new_one = (dir.path() / "new").string();
  std::filesystem::create_symlink("new", dir.path() / "link");
  const std::string link = (dir.path() / "link").string();
  const auto codes = [&](const std::vector<Flag>& flags) {
    const Loaded loaded = Load({.flags = flags, .file = "/dev/null"});
    std::vector<std::string> found;
    for (const Diagnostic& each : loaded.diagnostics) {
      if (each.code == "SP1120") found.push_back(each.key + ": " + each.message);
    }
    return found;
  };
  constexpr const char* kHistory = "events.history";
  constexpr const char* kResults = "consumer.file.path";
  constexpr const char* kSocket = "http.unix_socket";
  constexpr const char* kSnapshots = "events.snapshots";
  constexpr const char* kClips = "events.clips";
  constexpr const char* kSpool = "consumer.http.spool_dir";
  struct Case {
    const char* first;
    std::string first_path;
    const char* second;
    std::string second_path;
  };
  for (const Case& c :
       std::initializer_list<Case>{{kHistory, there, kResults, there},
                                   {kHistory, new_one, kResults, new_one},
                                   {kHistory, link, kResults, new_one},
                                   {kHistory, new_one, kResults, link},
                                   {kHistory, new_one, kResults, new_one + "-wal"},
                                   {kHistory, new_one, kResults, new_one + "-shm"},
                                   {kHistory, new_one, kResults, new_one + ".lock"},
                                   {kHistory, link, kResults, new_one + "-wal"},
                                   {kHistory, new_one + ".2", kResults, new_one},
                                   {kHistory, new_one, kSnapshots, new_one},
                                   {kHistory, new_one, kSocket, new_one},
                                   {kHistory, there, kSocket, there},
                                   {kResults, new_one + ".1", kSocket, new_one + ".1"},
                                   {kSnapshots, folder, kResults, folder},
                                   {kSnapshots, folder, kSocket, folder},
                                   {kSnapshots, folder, kSpool, folder + "/"},
                                   {kSnapshots, new_one, kSpool, new_one},
                                   {kSnapshots, folder, kClips, folder + "/"},
                                   {kClips, new_one, kSpool, new_one}}) {
    INFO(c.first << " " << c.first_path << " " << c.second << " " << c.second_path);
    const auto found = codes({{c.first, c.first_path, ""},
                              {c.second, c.second_path, ""},
                              {"consumer.http.spool", "disk", ""}});
    REQUIRE(found.size() == 1);
    CHECK_THAT(found.front(), Catch::Contains(c.first) && Catch::Contains(c.second));
  }
  CHECK(codes({{kHistory, new_one, ""},
               {kResults, new_one + ".ndjson", ""},
               {kSnapshots, folder, ""},
               {kSocket, new_one + ".sock", ""},
               {kSpool, folder + "/spool", ""},
               {"consumer.http.spool", "disk", ""}})
            .empty());
}

}  // namespace
}  // namespace sampleproc::config
