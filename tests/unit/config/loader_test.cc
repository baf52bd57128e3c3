#include "config/loader.h"

#include <catch2/catch.hpp>

#include "config/print.h"
#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

TEST_CASE("a flag beats a variable, a variable the original's, that the file, that the default") {
  const TempFile file("http.port = 1001\n");
  struct Case {
    bool by_file, by_original, by_variable, by_flag;
    int port;
    Origin::Kind kind;
    std::string name;
  };
  const std::vector<Case> cases = {
      {false, false, false, false, 8099, Origin::Kind::kDefault, ""},
      {true, false, false, false, 1001, Origin::Kind::kFile, file.path()},
      {true, true, false, false, 1002, Origin::Kind::kEnvironment, "PORT"},
      {true, true, true, false, 1003, Origin::Kind::kEnvironment, "SAMPLEPROC_HTTP_PORT"},
      {true, true, true, true, 1004, Origin::Kind::kFlag, "--port"},
      {true, false, false, true, 1004, Origin::Kind::kFlag, "--port"},
      {false, false, true, true, 1004, Origin::Kind::kFlag, "--port"},
      {false, true, true, false, 1003, Origin::Kind::kEnvironment, "SAMPLEPROC_HTTP_PORT"},
  };
  for (const Case& c : cases) {
    LoadRequest request{.file = c.by_file ? file.path() : Empty(), .original_names = true};
    if (c.by_original) request.environment.emplace_back("PORT", "1002");
    if (c.by_variable) request.environment.emplace_back("SAMPLEPROC_HTTP_PORT", "1003");
    if (c.by_flag) request.flags.push_back({"http.port", "1004", "--port"});
    const Loaded loaded = Load(request);
    CHECK(Render(loaded) == "");
    CHECK(loaded.config.http.port == c.port);
    CHECK(loaded.origins.at("http.port").kind == c.kind);
    CHECK(loaded.origins.at("http.port").name == c.name);
  }
}

TEST_CASE("a variable or a flag that is nested without end is a value of the wrong form") {
  std::string dots = "{a";
  for (int i = 0; i < 200'000; ++i) dots += ".a";
  dots += "=1}";
  for (const std::string& deep : {dots, std::string(200'000, '[') + std::string(200'000, ']')}) {
    const std::string path = "process.pipeline";
    const std::string by_flag =
        Render(Load({.flags = {{path, deep, "--set " + path}}, .file = Empty()}));
    CHECK(by_flag.starts_with("--set process.pipeline: error: process.pipeline: "));
    CHECK(by_flag.size() < 2'000);
    const std::string by_variable =
        Render(Load({.environment = {{"SAMPLEPROC_HTTP_PORT", deep}}, .file = Empty()}));
    CHECK(by_variable.starts_with("environment SAMPLEPROC_HTTP_PORT: error: http.port: "));
    CHECK(by_variable.size() < 2'000);
  }
}

TEST_CASE("the later of two flags wins") {
  const Loaded loaded =
      Load({.flags = {{"http.port", "1", "--set http.port"}, {"http.port", "2", "--set http.port"}},
            .file = Empty()});
  CHECK(loaded.config.http.port == 2);
}

TEST_CASE("the system's file and its drop-ins are read in byte order, and may be missing") {
  const TempDir dir;
  LoadRequest request{.system_file = dir.path("sampleproc.toml")};
  CHECK(Render(Load(request)) == "");
  CHECK(Load(request).files.empty());
  CHECK(DescribeSources(Load(request)) == "built-in defaults");

  dir.Write("sampleproc.toml", "http.port = 1\nprocess.workers = 1\nservice.name = \"a\"\n");
  dir.Write("conf.d/20-b.toml", "http.port = 3\n");
  dir.Write("conf.d/10-a.toml", "http.port = 2\nprocess.workers = 2\n");
  dir.Write("conf.d/99-not.conf", "http.port = 4\n");
  dir.Write("conf.d/.hidden.toml", "http.port = 5\n");
  const Loaded loaded = Load(request);
  CHECK(Render(loaded) == "");
  CHECK(loaded.config.http.port == 3);
  CHECK(loaded.config.process.workers == 2);
  CHECK(loaded.config.service.name == "a");
  CHECK(loaded.origins.at("process.workers").name == dir.path("conf.d/10-a.toml"));
  CHECK(loaded.files.size() == 3);
}

TEST_CASE("a file that was named must exist, by flag or by variable") {
  const std::string expected =
      "gone.toml: error: cannot be read: No such file or directory [SP1001]\n";
  CHECK(Render(Load({.file = "/nonexistent/gone.toml"})) == expected);
  CHECK(Render(Load({.environment = {{"SAMPLEPROC_CONFIG", "/nonexistent/gone.toml"}}})) ==
        expected);
  CHECK(Render(Load({.environment = {{"SAMPLEPROC_CONFIG", "/nonexistent/gone.toml"}},
                     .file = Empty()})) == "");
}

TEST_CASE("text of flags is read as TOML, and as a string where it is none") {
  const auto set = [](const std::string& path, const std::string& text) {
    return Load({.flags = {{path, text, "--set " + path}}, .file = Empty()});
  };
  CHECK(set("service.name", "plain").config.service.name == "plain");
  CHECK(set("service.name", "\"quoted\"").config.service.name == "quoted");
  CHECK(set("service.name", "true").config.service.name == "true");
  CHECK(set("service.version", "1.10").config.service.version == "1.10");
  CHECK(set("service.name", "a # b").config.service.name == "a # b");
  CHECK(set("http.port", "0x1F9B").config.http.port == 8091);
  CHECK(set("http.port", "08099").config.http.port == 8099);
  CHECK(set("process.workers", "auto").config.process.workers == 0);
  CHECK(set("process.delay", "1.5").config.process.delay == std::chrono::milliseconds(1500));
  CHECK(set("process.pipeline", "stats, faces").config.process.pipeline.size() == 2);
  CHECK(set("process.pipeline", "[\"faces\"]").config.process.pipeline.front() == "faces");
  for (const std::string yes : {"true", "1", "yes", "on", "TRUE"}) {
    CHECK(set("process.simulate_gpu", yes).config.process.simulate_gpu);
  }
  CHECK(Render(set("process.simulate_gpu", "maybe")) ==
        "--set process.simulate_gpu: error: process.simulate_gpu: \"maybe\" is not true or false "
        "[SP1007]\n");
  CHECK(Render(set("http.prot", "1")) ==
        "--set http.prot: error: http.prot: no such key [SP1003]\n"
        "  hint: did you mean http.port?\n");
  CHECK(Render(set("redis.url", "redis://h")) ==
        "--set redis.url: error: redis.url: no such key [SP1003]\n"
        "  hint: did you mean consumer.redis.url?\n");
}

TEST_CASE("a bad variable is reported by name and leaves the key at what it was") {
  const Loaded loaded =
      Load({.environment = {{"PORT", "eight"}, {"PROCESSING_DELAY_MS", "99999999"}},
            .file = Empty(),
            .original_names = true});
  CHECK(Render(loaded) ==
        "environment PORT: error: http.port: \"eight\" is not a whole number [SP1007]\n"
        "environment PROCESSING_DELAY_MS: error: process.delay: 99999999 is out of range; allowed "
        "is 0s to 1m [SP1004]\n");
  CHECK(loaded.config.http.port == 8099);
}

TEST_CASE("an empty variable counts as unset") {
  const Loaded loaded = Load({.environment = {{"PORT", ""}, {"SAMPLEPROC_HTTP_HOST", ""}},
                              .file = Empty(),
                              .original_names = true});
  CHECK(Render(loaded) == "");
  CHECK(loaded.origins.at("http.port").kind == Origin::Kind::kDefault);
}

TEST_CASE("of two original names that differ the first listed wins, with a warning") {
  const Loaded loaded = Load({.environment = {{"CONFIDENCE_THRESHOLD", "0.9"},
                                              {"DETECTION_THRESHOLD", "0.1"},
                                              {"SERVICE_NAME", "same"},
                                              {"PROCESSOR_NAME", "same"}},
                              .file = Empty(),
                              .original_names = true});
  CHECK(loaded.config.process.detection_threshold == 0.1);
  CHECK(Render(loaded) ==
        "environment CONFIDENCE_THRESHOLD: warning: process.detection_threshold: differs from "
        "DETECTION_THRESHOLD, which is used instead [SP1009]\n"
        "  hint: unset one of them, or set SAMPLEPROC_PROCESS_DETECTION_THRESHOLD\n");
}

TEST_CASE("variables that describe a cluster's services never get in the way") {
  const Loaded loaded = Load({.environment = {{"SAMPLEPROC_PORT", "tcp://10.0.0.7:8099"},
                                              {"SAMPLEPROC_SERVICE_HOST", "10.0.0.7"},
                                              {"SAMPLEPROC_SERVICE_PORT", "8099"},
                                              {"SAMPLEPROC_SERVICE_PORT_HTTP", "8099"},
                                              {"SAMPLEPROC_PORT_8099_TCP", "tcp://10.0.0.7:8099"},
                                              {"SAMPLEPROC_PORT_8099_TCP_PROTO", "tcp"},
                                              {"SAMPLEPROC_PORT_8099_TCP_PORT", "8099"},
                                              {"SAMPLEPROC_PORT_8099_TCP_ADDR", "10.0.0.7"},
                                              {"SAMPLEPROC_HTTP_PORT", "tcp://10.0.0.8:80"},
                                              {"SAMPLEPROC_HTTP_SERVICE_HOST", "10.0.0.8"},
                                              {"PORT", "9001"}},
                              .file = Empty(),
                              .original_names = true,
                              .unknown_variable = Severity::kError});
  CHECK(Render(loaded) == "");
  CHECK(loaded.config.http.port == 9001);
}

TEST_CASE("an unknown variable of ours is a warning or an error, as asked, with a suggestion") {
  LoadRequest request{.environment = {{"SAMPLEPROC_HTTP_PROT", "1"}, {"SAMPLEPROCESSOR", "x"}},
                      .file = Empty()};
  CHECK(Render(Load(request)) ==
        "environment SAMPLEPROC_HTTP_PROT: warning: no such setting [SP1008]\n"
        "  hint: did you mean SAMPLEPROC_HTTP_PORT?\n");
  request.unknown_variable = Severity::kError;
  CHECK(Load(request).HasErrors());
  const auto hint = [](const std::string& name) {
    const Loaded loaded = Load({.environment = {{name, "debug"}}, .file = Empty()});
    REQUIRE(loaded.diagnostics.size() == 1);
    return loaded.diagnostics[0].hint;
  };
  CHECK(hint("SAMPLEPROC_LOG_LEVEL") == "did you mean SAMPLEPROC_TELEMETRY_LOG_LEVEL?");
  CHECK(hint("SAMPLEPROC_REDIS_HOST") == "did you mean SAMPLEPROC_CONSUMER_REDIS_HOST?");
  CHECK(hint("SAMPLEPROC_CPU_CORES") == "did you mean SAMPLEPROC_PROCESS_WORKERS?");
  CHECK(hint("SAMPLEPROC_QUITE_ELSEWHERE").starts_with("sampleproc.toml(5)"));
  CHECK(hint("SAMPLEPROC_").starts_with("sampleproc.toml(5)"));
}

TEST_CASE("RUN_DEMO is ignored with one warning") {
  const Loaded loaded =
      Load({.environment = {{"RUN_DEMO", "true"}}, .file = Empty(), .original_names = true});
  CHECK(Render(loaded) ==
        "environment RUN_DEMO: warning: has no effect: there is no demo mode [SP1010]\n"
        "  hint: unset it\n");
}

TEST_CASE("the errors of a configuration travel as one error") {
  const base::Error error =
      ToError(Load({.flags = {{"http.port", "x", "--port"}}, .file = "/nonexistent/gone.toml"}));
  CHECK(error.code == base::ErrorCode::kConfig);
  CHECK(error.problems.size() == 2);
  CHECK(error.message.find("gone.toml: cannot be read") != std::string::npos);
}

TEST_CASE("where a configuration came from fits one line") {
  const TempFile file("http.port = 1\n");
  const Loaded loaded = Load({.environment = {{"SAMPLEPROC_HTTP_HOST", "::1"}},
                              .flags = {{"process.workers", "1", "--set process.workers"}},
                              .file = file.path()});
  CHECK(DescribeSources(loaded) == file.path() + ", 1 environment variable, 1 flag");
}

}  // namespace
}  // namespace sampleproc::config
