#include "apps/config_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

namespace sampleproc::apps {
namespace {

struct Loading {
  std::expected<config::Loaded, ExitCode> loaded;
  std::string err;
};

// Reads `words` as a command with --config, --set and --port would, and loads.
Loading LoadWith(std::vector<std::string> words, const config::Environment& environment,
                 OriginalNames names) {
  CLI::App app;
  ConfigOptions options;
  options.AddFile(app);
  options.AddSet(app);
  options.AddKey(app, "--port", "PORT", "http.port", "Port to listen on");
  std::ranges::reverse(words);
  app.parse(words);
  std::ostringstream out;
  std::ostringstream err;
  CommandContext context{environment, out, err, false};
  auto loaded = LoadConfig(options, names, context);
  return {std::move(loaded), err.str()};
}

TEST_CASE("an option of a key beats --set, wherever it stands, and is named as typed") {
  const Loading got = LoadWith({"--port", "1", "--set", "http.port=2", "--config", "/dev/null"}, {},
                               OriginalNames::kIgnore);
  REQUIRE(got.loaded.has_value());
  CHECK(got.loaded->config.http.port == 1);
  CHECK(got.loaded->origins.at("http.port").name == "--port");
  CHECK(got.err.empty());
}

TEST_CASE("--set takes one value each time, equals signs in it included") {
  const Loading got =
      LoadWith({"-c", "/dev/null", "--set", "service.name=a=b", "--set", "http.port=5"}, {},
               OriginalNames::kIgnore);
  REQUIRE(got.loaded.has_value());
  CHECK(got.loaded->config.service.name == "a=b");
  CHECK(got.loaded->config.http.port == 5);
}

TEST_CASE("a bad flag is bad usage, a bad file or variable a configuration not to start with") {
  const Loading flag = LoadWith({"-c", "/dev/null", "--port", "x"}, {}, OriginalNames::kIgnore);
  CHECK(flag.loaded.error() == ExitCode::kUsage);
  CHECK(flag.err == "--port: error: http.port: \"x\" is not a whole number [SP1007]\n");
  CHECK(LoadWith({"-c", "/nonexistent"}, {}, OriginalNames::kIgnore).loaded.error() ==
        ExitCode::kConfig);
  CHECK(LoadWith({"-c", "/dev/null"}, {{"PORT", "x"}}, OriginalNames::kRead).loaded.error() ==
        ExitCode::kConfig);
}

TEST_CASE("scripts that happen to have a PORT are not disturbed; warnings are shown") {
  const Loading got = LoadWith({"-c", "/dev/null"}, {{"PORT", "x"}, {"SAMPLEPROC_TYPO", "1"}},
                               OriginalNames::kIgnore);
  REQUIRE(got.loaded.has_value());
  CHECK(got.err ==
        "environment SAMPLEPROC_TYPO: warning: no such setting [SP1008]\n"
        "  hint: sampleproc.toml(5) and `sampleproc validate-config --print-effective` have all "
        "settings\n");
}

TEST_CASE("beside an error there are no warnings of what is in order") {
  const auto said = [](const config::Environment& environment) {
    return LoadWith({"-c", "/dev/null"}, environment, OriginalNames::kRead).err;
  };
  CHECK(said({{"HOST", "0.0.0.0"}}).find("HOST") != std::string::npos);
  CHECK(said({{"HOST", "0.0.0.0"}, {"PORT", "x"}}) ==
        "environment PORT: error: http.port: \"x\" is not a whole number [SP1007]\n");
  // What may be the reason of it, and what is of the same key.
  CHECK(said({{"SAMPLEPROC_HTTP_PROT", "1"}, {"PORT", "x"}}).find("PROT") != std::string::npos);
  CHECK(said({{"HTTP_PORT", "1"}, {"SAMPLEPROC_HTTP_HOST", "a b"}}).find("HTTP_PORT:") ==
        std::string::npos);
}

TEST_CASE("errors end a command with the documented codes") {
  CHECK(ExitCodeOf(base::ErrorCode::kUsage) == ExitCode::kUsage);
  CHECK(ExitCodeOf(base::ErrorCode::kConfig) == ExitCode::kConfig);
  CHECK(ExitCodeOf(base::ErrorCode::kUnavailable) == ExitCode::kUnavailable);
  CHECK(ExitCodeOf(base::ErrorCode::kIo) == ExitCode::kIo);
  CHECK(ExitCodeOf(base::ErrorCode::kInvalidFrame) == ExitCode::kBadData);
  CHECK(static_cast<int>(ExitCode::kUnavailable) == 69);
  CHECK(static_cast<int>(ExitCode::kIo) == 74);
  CHECK(static_cast<int>(ExitCode::kConfig) == 78);
  CHECK(static_cast<int>(ExitCode::kInterrupted) == 130);
  CHECK(static_cast<int>(ExitCode::kSignal) == 128);
}

}  // namespace
}  // namespace sampleproc::apps
