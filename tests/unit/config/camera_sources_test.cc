// Where cameras' pictures come from: [camera.ID] url and what goes with it.
#include <catch2/catch.hpp>
#include <string>

#include "config/effective.h"
#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

Loaded LoadText(const std::string& text) {
  const TempFile file("[consumer]\nsinks = [\"log\"]\n" + text);
  return Load({.file = file.path()});
}

bool Says(const Loaded& loaded, const std::string& words) {
  const std::string said = Render(loaded);
  INFO(said);
  return said.find(words) != std::string::npos;
}

TEST_CASE("a camera has a source as its section says") {
  const Loaded loaded = LoadText(
      "[camera.door]\nurl = \"http://h:8080/video\"\nstall_after = \"3s\"\nfps = 5\n"
      "[camera.file]\nurl = \"/srv/a b.mp4\"\nloop = true\n");
  CHECK(Render(loaded).empty());
  CHECK(loaded.config.cameras.at("door").url == "http://h:8080/video");
  CHECK(loaded.config.cameras.at("door").stall_after == std::chrono::seconds(3));
  CHECK(loaded.config.cameras.at("file").loop);
}

TEST_CASE("a camera's password is for the user of its URL, and stands in one place") {
  const std::string file = "password_file = \"/nonexistent\"\n";
  CHECK(Says(LoadText("[camera.door]\n" + file), "names no user"));
  CHECK(Says(LoadText("[camera.door]\nurl = \"http://h/a@b\"\n" + file), "names no user"));
  CHECK(
      Says(LoadText("[camera.door]\nurl = \"http://me:canary@h/\"\n" + file), "a second password"));
}

TEST_CASE("an RTSP camera has a transport and key frames alone if they are wanted") {
  const Loaded loaded = LoadText(
      "[camera.door]\nurl = \"rtsp://me@10.0.0.5/1\"\ntransport = \"udp\"\n"
      "decode = \"keyframes\"\n[camera.gate]\nurl = \"rtsps://h/\"\n");
  CHECK(Render(loaded).empty());
  CHECK(loaded.config.cameras.at("door").transport == cameras::Transport::kUdp);
  CHECK(loaded.config.cameras.at("door").decode == cameras::Decode::kKeyFrames);
  CHECK(loaded.config.cameras.at("gate").transport == cameras::Transport::kTcp);
  CHECK(loaded.config.cameras.at("gate").decode == cameras::Decode::kAll);
}

TEST_CASE("what is for one kind of source is not said of another") {
  const auto says = [](const std::string& url, const std::string& key, const std::string& words) {
    return Says(LoadText("[camera.door]\nurl = \"" + url + "\"\n" + key + "\n"), words);
  };
  for (const char* url : {"http://h/", "rtsp://h/", "rtsps://h/"}) {
    CHECK(says(url, "loop = true", "only files"));
  }
  CHECK(says("/srv/a.mp4", "transport = \"udp\"", "begins with rtsp://"));
  CHECK(says("http://h/", "decode = \"keyframes\"", "begins with rtsp://"));
  CHECK(says("rtsps://h/", "transport = \"udp\"", "not be encrypted"));
}

TEST_CASE("a password in a camera's URL is never shown") {
  const Loaded loaded = LoadText("[camera.door]\nurl = \"http://me:canary@h/\"\n");
  CHECK(EffectiveToml(loaded, Which::kAll).find("canary") == std::string::npos);
  for (const char* scheme : {"http", "rtsp"}) {
    const std::string url = std::string(scheme) + "://me:canary@h:x/";
    CHECK_FALSE(Says(LoadText("[camera.door]\nurl = \"" + url + "\"\n"), "canary"));
  }
}

TEST_CASE("what was meant to be a URL is not taken for a path or another host") {
  const auto loaded = [](const std::string& url) {
    return LoadText("[camera.door]\nurl = \"" + url + "\"\n");
  };
  for (const char* url : {"me:canary@10.0.0.5/s", "rtsp:/me:canary@h/s", "rtsp//me:canary@h/s",
                          "RTSP:/h/s", "https//h/s", "http:h"}) {
    INFO(url);
    CHECK(Says(loaded(url), "the password into password_file"));
    CHECK_FALSE(Says(loaded(url), "canary"));
  }
  for (const char* url : {"rtsp://me:#canary@h/x", "rtsp://me?canary@h/x", "rtsp://me:canary/x@h/x",
                          "http://me:ca nary@h/x", "rtsp://me:\\\"canary@h/x"}) {
    INFO(url);
    CHECK(Says(loaded(url), "%23 for #"));
    CHECK_FALSE(Says(loaded(url), "canary"));
  }
  CHECK(Says(loaded("rtsp://h/a b"), "has a blank"));
  CHECK(Says(loaded("rtsp://h:99999/a"), "port is not from 1"));
  CHECK(Says(loaded("http://me@[::1]:0"), "port is not from 1"));
  CHECK(Says(loaded("RTSP://h/a"), "write \"rtsp://\""));
  for (const char* url : {"/srv/a@b:1.mp4", "rtspcam.mp4", "http/a.jpeg", "rtsp://h/a?b=c#d",
                          "http://me@h/a?b=c@d", "http://h/a@b"}) {
    INFO(url);
    CHECK(Render(loaded(url)).empty());
  }
}

TEST_CASE("what is no source is told, as is one camera too many") {
  CHECK(Says(LoadText("[camera.door]\nurl = \"ftp://h/\"\n"), "neither"));
  CHECK(Says(LoadText("[camera.door]\nurl = \"http://\"\n"), "is not a URL"));
  std::string many;
  for (int i = 0; i < 257; ++i) {
    many += "[camera.c" + std::to_string(i) + "]\nurl = \"/srv/a\"\n";
  }
  CHECK(Says(LoadText(many), "one too many"));
}

TEST_CASE("cameras whose results go nowhere are warned of") {
  const TempFile file("[camera.door]\nurl = \"/srv/a.mp4\"\n");
  CHECK(Says(Load({.file = file.path()}), "only counted"));
}

}  // namespace
}  // namespace sampleproc::config
