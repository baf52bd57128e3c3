// What a configuration asks of a machine: files, memory, CPUs.
#include <sys/stat.h>

#include <array>
#include <catch2/catch.hpp>

#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

std::string On(const resources::MachineLimits& machine, std::vector<Flag> flags) {
  for (Flag& flag : flags) flag.name = "--set " + flag.path;
  return Render(Load({.flags = std::move(flags), .file = Empty(), .machine = machine}));
}

TEST_CASE("a machine that has what is asked for is no reason for a word") {
  CHECK(On({4, 1u << 30, ""},
           {{"process.workers", "4", ""}, {"resources.memory_limit", "1GiB", ""}}) == "");
  CHECK(On({1, std::nullopt, ""}, {{"resources.memory_limit", "64GiB", ""}}) == "");
}

TEST_CASE("more memory and more workers than there are") {
  const std::string text =
      On({2, 1u << 29, ""}, {{"process.workers", "3", ""}, {"resources.memory_limit", "1GiB", ""}});
  INFO(text);
  CHECK(text.find("--set resources.memory_limit: warning: resources.memory_limit: is more than the "
                  "control group's limit here, 512MiB") != std::string::npos);
  CHECK(text.find("[SP1303]") != std::string::npos);
  CHECK(text.find("process.workers: 3 workers share 2 of this machine's CPUs [SP1304]") !=
        std::string::npos);
}

TEST_CASE("a file that is named has to be readable, and a secret one only for its owner") {
  const TempDir dir;
  const auto with = [](const std::string& path) {
    return On({1, std::nullopt, ""}, {{"consumer.redis.password_file", path, ""}});
  };
  CHECK(with(dir.path("gone")).find("/gone cannot be read: No such file or directory [SP1301]") !=
        std::string::npos);
  CHECK(with(dir.path()).find("Is a directory [SP1301]") != std::string::npos);
  const std::string secret = dir.Write("secret", "canary\n");
  ::chmod(secret.c_str(), 0644);
  CHECK(with(secret).find("everybody on this machine can read the file [SP1302]") !=
        std::string::npos);
  ::chmod(secret.c_str(), 0640);
  CHECK(with(secret) == "");
  for (const auto& [content, wrong] :
       {std::pair("canary\nother\n", "more than one line"), {"", "is empty"}, {"\n", "is empty"}}) {
    const std::string text = with(dir.Write("secret", content));
    INFO(text);
    CHECK(text.find(wrong) != std::string::npos);
    CHECK(text.find("error: ") != std::string::npos);
    CHECK(text.find("canary") == std::string::npos);
  }
}

TEST_CASE("what a start takes and writes for events is looked at before it") {
  const TempDir dir;
  const auto with = [](const std::string& path, const char* files) {
    return On({1, std::nullopt, ""}, {{"process.pipeline", "motion,track", ""},
                                      {"events.snapshots", path, ""},
                                      {"events.snapshots_max_files", files, ""},
                                      {"resources.memory_limit", "100MiB", ""}});
  };
  const std::string gone = dir.path("gone");
  CHECK(with(gone, "100000").find("error: ") == std::string::npos);
  CHECK(with(dir.path(), "100000").find("error: ") == std::string::npos);
  CHECK(with(gone, "600000").find("which is 100MiB here") != std::string::npos);
  CHECK(with(dir.Write("file", "x"), "1000").find("is no folder [SP1301]") != std::string::npos);
}

TEST_CASE("clips of events that find no folder or no memory are found before the start") {
  const TempDir dir;
  const auto with = [](const std::string& path, const char* memory) {
    return On({1, std::nullopt, ""}, {{"process.pipeline", "motion,track", ""},
                                      {"events.clips", path, ""},
                                      {"events.clip_memory", memory, ""},
                                      {"events.clip_camera_memory", "1MiB", ""},
                                      {"resources.memory_limit", "100MiB", ""}});
  };
  const std::string gone = dir.path("gone");
  CHECK(with(gone, "64MiB").find("error: ") == std::string::npos);
  CHECK(with(dir.path(), "64MiB").find("error: ") == std::string::npos);
  CHECK(with(gone, "100MiB").find("which is 100MiB here") != std::string::npos);
  CHECK(with(dir.Write("file", "x"), "64MiB").find("is no folder [SP1301]") != std::string::npos);
}

TEST_CASE("outputs that never can be written are found before the start") {
  const TempDir dir;
  const auto with = [](const char* key, const std::string& path) {
    return On({1, std::nullopt, ""}, {{"process.pipeline", "people,track", ""},
                                      {"consumer.sinks", "file", ""},
                                      {"consumer.file.path", "/tmp/unused", ""},
                                      {key, path, ""}});
  };
  const std::string pipe = dir.path("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const std::string photo = dir.Write("photo", std::string(600, 'x'));
  for (const auto& [key, path, wrong] : std::initializer_list<std::array<std::string, 3>>{
           {"events.history", dir.path(), "Is a directory"},
           {"events.history", pipe, "is no regular file"},
           {"events.history", photo, "file is not a database"},
           {"events.history", dir.Write("byte", "x"), "file is not a database"},
           {"consumer.file.path", dir.path(), "is a folder"},
           {"consumer.file.path", pipe, "is no regular file"}}) {
    const std::string text = with(key.c_str(), path);
    INFO(text);
    CHECK(text.find("error: " + key + ": " + path) != std::string::npos);
    CHECK(text.find(wrong) != std::string::npos);
  }
  for (const char* key : {"events.history", "consumer.file.path"}) {
    CHECK(with(key, dir.path("new")).find("error: ") == std::string::npos);
    CHECK(with(key, dir.Write("empty", "")).find("error: ") == std::string::npos);
  }
}

TEST_CASE("a detector's files are looked at before the start") {
  const TempDir dir;
  const auto with = [&dir](std::vector<Flag> flags) {
    flags.push_back({"process.pipeline", "objects", ""});
    flags.push_back({"detector.objects.model", dir.Write("m.onnx", "garbage"), ""});
    return On({1, std::nullopt, ""}, flags);
  };
  const auto has = [](const std::string& text, std::string_view part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  has(with({}), "is no ONNX file, or a damaged one");
  has(with({}), "error: detector.objects.model");
  has(with({{"detector.objects.classes", "person,unicorn", ""}}),
      "detector.objects.classes: there is no class \"unicorn\" in its labels [SP1119]");
  CHECK(with({{"detector.objects.classes", "person,face,class_90", ""}}).find("no class") ==
        std::string::npos);
  has(with({{"detector.objects.labels", dir.Write("labels.txt", "a\n\nb\n"), ""}}),
      "error: detector.objects.labels");
  // What runs the network when ONNX Runtime is not there is the detector's own choice.
  const Flag gone = {"process.onnxruntime", "/nosuch.so", ""};
  has(with({gone}), "warning: process.onnxruntime: the file /nosuch.so cannot be read");
  has(with({gone, {"detector.objects.runtime", "onnxruntime", ""}}),
      "error: process.onnxruntime: the file /nosuch.so cannot be read");
  CHECK(with({gone, {"detector.objects.runtime", "opencv", ""}}).find("process.onnxruntime") ==
        std::string::npos);
  CHECK(On({1, std::nullopt, ""}, {gone}) == "");
}

TEST_CASE("what a start would find in files is found before it") {
  const TempDir dir;
  const auto with = [](std::vector<Flag> flags) {
    return On({8, std::nullopt, ""}, std::move(flags));
  };
  const auto has = [](const std::string& text, std::string_view part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  const std::string gone = dir.path("gone");
  const Flag model{"detector.objects.model", gone, ""};
  const Flag labels{"detector.objects.labels", gone + ".txt", ""};
  const Flag step{"process.pipeline", "objects", ""};
  has(with({model, step}), "detector.objects.model: the file " + gone + " cannot be read: No such");
  has(with({{"detector.objects.model", "gone.onnx", ""},
            {"process.model_dir", "/nosuch", ""},
            step}),
      "/nosuch/gone.onnx cannot be read");
  has(with({labels, model, step}), "detector.objects.labels: the file " + gone + ".txt cannot");
  const std::string pipe = dir.path("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  has(with({{"detector.objects.model", pipe, ""}, step}), "it is no regular file [SP1301]");
  CHECK(with({labels, model}).find("SP1301") == std::string::npos);  // no step: nothing is opened
  has(with({model, {"camera.door.pipeline", "objects", ""}}), "detector.objects.model: ");

  const std::string junk = dir.Write("junk", "a token\n");
  ::chmod(junk.c_str(), 0640);
  has(with({{"http.auth_tokens_file", junk, ""}}), "http.auth_tokens_file: ");
  has(with({{"http.tls_cert", junk, ""}}), "http.tls_cert: ");
  has(with({{"http.tls_cert", gone, ""}}), "the file " + gone + " cannot be read: No such");
}

TEST_CASE("files that can be read but once are left to the start, and waited for by nobody") {
  const TempDir dir;
  const std::string pipe = dir.path("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  for (const char* key : {"http.auth_tokens_file", "http.tls_cert"}) {
    CHECK(On({8, std::nullopt, ""}, {{key, pipe, ""}}) == "");
  }
  const std::string text = On({8, std::nullopt, ""}, {{"process.pipeline", "cascade", ""},
                                                      {"process.cascade.file", pipe, ""}});
  CHECK(text.find("is no regular file (a pipe, a device) [SP1301]") != std::string::npos);
}

TEST_CASE("what a start would listen on is looked at before it") {
  const TempDir dir;
  const auto with = [](const char* key, const std::string& value) {
    return On({8, std::nullopt, ""}, {{key, value, ""}});
  };
  const auto has = [](const std::string& text, std::string_view part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  const std::string pipe = dir.path("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  for (const std::string& path : {dir.path(), pipe, dir.Write("file", "x")}) {
    has(with("http.unix_socket", path), "error: http.unix_socket: cannot listen on");
    has(with("http.unix_socket", path), "something that is no socket is there [SP1305]");
  }
  has(with("http.unix_socket", dir.path("gone/x")), "No such file or directory [SP1305]");
  has(with("http.unix_socket", "/run/nosuch/x"), "warning: http.unix_socket: ");
  CHECK(with("http.unix_socket", dir.path("x")) == "");
  has(with("http.host", "fe80::1"), "error: http.host: fe80::1 is a link-local address");
  has(with("http.host", "fe80::1"), "fe80::1%eth0 [SP1305]");
  has(with("http.host", "nosuch.invalid"), "warning: http.host: nosuch.invalid is not an address");
  has(with("http.host", "lo"), "error: http.host: lo is the name of a network interface");
  has(with("http.host", "192.0.2.1"),
      "warning: http.host: 192.0.2.1 is no address of this machine");
  for (const char* mode : {"999", "rw", "8", "-1", "7777"}) {
    has(with("http.unix_socket_mode", mode), "is no number in octal digits up to \"0777\"");
  }
  for (const char* mode : {"", "660", "0777"}) CHECK(with("http.unix_socket_mode", mode) == "");
  CHECK(with("http.host", "127.0.0.1") == "");
  CHECK(with("http.host", "::1") == "");
}

TEST_CASE("a spool and a cascade that serve would refuse") {
  const TempDir dir;
  const auto spool = [](const std::string& path) {
    return On({8, std::nullopt, ""}, {{"consumer.http.url", "http://127.0.0.1:1", ""},
                                      {"consumer.http.spool", "disk", ""},
                                      {"consumer.sinks", "log", ""},
                                      {"consumer.http.spool_dir", path, ""}});
  };
  const std::string file = dir.Write("file", "x");
  CHECK(spool(file).find(file + " is there and is no folder [SP1301]") != std::string::npos);
  CHECK(spool(file + "/a/b").find(file + " is there and is no folder") != std::string::npos);
  CHECK(spool("/proc/x").find("nothing can be written in /proc") != std::string::npos);
  CHECK(spool(dir.path("a/b")).find("SP1301") == std::string::npos);
  CHECK(spool(dir.path()).find("SP1301") == std::string::npos);
  const std::string text = On({8, std::nullopt, ""}, {{"process.pipeline", "cascade", ""},
                                                      {"process.cascade.file", file, ""}});
  CHECK(text.find(file + " is no Haar or LBP cascade of OpenCV's [SP1301]") != std::string::npos);
}

TEST_CASE("a camera's password that is not there is told, and no reason not to start") {
  const TempDir dir;
  const std::string text =
      On({8, std::nullopt, ""}, {{"camera.door.url", "rtsp://u@h/s", ""},
                                 {"camera.door.password_file", dir.path("gone"), ""}});
  INFO(text);
  CHECK(text.find("warning: camera.door.password_file: the file ") != std::string::npos);
  CHECK(text.find("/gone cannot be read: No such") != std::string::npos);
}

TEST_CASE("a camera's URL without its scheme is told") {
  const TempDir dir;
  const auto with = [](const std::string& url) {
    return On({8, std::nullopt, ""}, {{"camera.door.url", url, ""}});
  };
  for (const char* url : {"10.0.0.5/stream", "10.0.0.5", "www.example.com/video.mjpg",
                          "camera:8080/video", "camera.local/1", "localhost/v", "[::1]:554/1"}) {
    const std::string text = with(url);
    INFO(url << ": " << text);
    CHECK(text.find("warning: camera.door.url: is taken for the path of a file") !=
          std::string::npos);
    CHECK(text.find("rtsp://" + std::string(url)) != std::string::npos);
    CHECK(text.find("http://") != std::string::npos);
  }
  for (const char* path : {"/nosuch/10.0.0.5/stream", "door.avi", "./door.d/1.avi", "films/a.mp4",
                           "../films.d/a.mp4", "door"}) {
    INFO(path);
    CHECK(with(path).find("is taken for") == std::string::npos);
  }
  CHECK(with(dir.Write("10.0.0.5", "x")).find("is taken for") == std::string::npos);
}

}  // namespace
}  // namespace sampleproc::config
