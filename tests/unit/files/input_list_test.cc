#include "files/input_list.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "support/temp_dir.h"

namespace sampleproc::files {
namespace {

namespace fs = std::filesystem;

// The paths below `dir`, a failed one with "!" and its error's name in front.
std::vector<std::string> List(const testing::TempDir& dir, std::vector<std::string> names,
                              bool recursive = false) {
  const std::string prefix = dir.path().string() + "/";
  for (std::string& name : names) name = prefix + name;
  InputList list({.arguments = names, .recursive = recursive});
  std::vector<std::string> found;
  while (auto input = list.Next()) {
    std::string path = input->path.starts_with(prefix) ? input->path.substr(prefix.size()) : "?";
    if (input->error) {
      CHECK(input->error->message.find(input->path) != std::string::npos);
      path = "!" + std::string(base::ErrorCodeName(input->error->code)) + " " + path;
    }
    found.push_back(path);
  }
  CHECK_FALSE(list.Next());
  return found;
}

using Names = std::vector<std::string>;

TEST_CASE("named files are taken in the order given, whatever their names") {
  const testing::TempDir dir;
  dir.Write("b.txt", "");
  dir.Write("a.jpg", "");
  CHECK(List(dir, {"b.txt", "a.jpg", "b.txt"}) == Names{"b.txt", "a.jpg", "b.txt"});
}

TEST_CASE("a directory gives its pictures in byte order") {
  const testing::TempDir dir;
  for (const char* name :
       {"d/b.png", "d/a.JPG", "d/B.jpeg", "d/\xC3\xA9.jpg", "d/x.webp", "d/n.npy", "d/g.gif",
        "d/jpg", "d/.png", "d/10.jpg", "d/9.jpg", "d/sub/z.jpg", "d/c.jpg.txt"}) {
    dir.Write(name, "");
  }
  CHECK(List(dir, {"d"}) == Names{"d/10.jpg", "d/9.jpg", "d/B.jpeg", "d/a.JPG", "d/b.png",
                                  "d/n.npy", "d/x.webp", "d/\xC3\xA9.jpg"});
  CHECK(List(dir, {"d/"}).front() == "d/10.jpg");
}

TEST_CASE("a directory gives its videos, with raw pixels those too, and never recordings") {
  const testing::TempDir dir;
  for (const char* name : {"d/a.MP4", "d/b.mkv", "d/c.raw", "d/e.nv12", "d/f.ndjson", "d/g.ts"}) {
    dir.Write(name, "");
  }
  CHECK(List(dir, {"d"}) == Names{"d/a.MP4", "d/b.mkv", "d/g.ts"});
  InputList raw({.arguments = {dir.path().string() + "/d"}, .raw_pixels = true});
  std::size_t count = 0;
  while (raw.Next()) ++count;
  CHECK(count == 5);
}

TEST_CASE("an input says which argument it came from, and whether it is recorded requests") {
  const testing::TempDir dir;
  const std::string recording = dir.Write("r.ndjson", "").string();
  const std::string picture = dir.Write("d/a.png", "").string();
  InputList list({.arguments = {recording, dir.path().string() + "/d"}, .requests = {picture}});
  auto input = list.Next();
  CHECK(input->argument == 0);
  CHECK(input->recorded_requests);
  input = list.Next();
  CHECK(input->argument == 1);
  CHECK_FALSE(input->recorded_requests);
  input = list.Next();
  CHECK_FALSE(input->argument);
  CHECK(input->recorded_requests);
  CHECK_FALSE(list.Next());
}

TEST_CASE("recursion enters directories where their names stand") {
  const testing::TempDir dir;
  for (const char* name : {"d/a.jpg", "d/b/1.jpg", "d/b/c/2.png", "d/z.jpg", "d/e.jpg/x.png"}) {
    dir.Write(name, "");
  }
  CHECK(List(dir, {"d"}) == Names{"d/a.jpg", "d/z.jpg"});
  CHECK(List(dir, {"d"}, true) ==
        Names{"d/a.jpg", "d/b/1.jpg", "d/b/c/2.png", "d/e.jpg/x.png", "d/z.jpg"});
}

TEST_CASE("symbolic links lead to files, never in circles") {
  const testing::TempDir dir;
  dir.Write("d/a.jpg", "");
  dir.Write("other/b.jpg", "");
  fs::create_directory_symlink(dir.path() / "d", dir.path() / "d/loop");
  fs::create_directory_symlink(dir.path() / "other", dir.path() / "d/other.jpg");
  fs::create_symlink(dir.path() / "other/b.jpg", dir.path() / "d/link.png");
  fs::create_symlink("self.jpg", dir.path() / "d/self.jpg");
  fs::create_symlink("nowhere", dir.path() / "d/gone.jpg");
  fs::create_symlink("nowhere", dir.path() / "d/gone.txt");
  fs::create_directory_symlink(dir.path() / "other", dir.path() / "named");
  CHECK(List(dir, {"d"}, true) ==
        Names{"d/a.jpg", "!not-found d/gone.jpg", "d/link.png", "!io d/self.jpg"});
  CHECK(List(dir, {"named"}) == Names{"named/b.jpg"});
}

TEST_CASE("what is no file, FIFO or directory is an error when named, and passed over when found") {
  const testing::TempDir dir;
  dir.Write("d/a.jpg", "");
  REQUIRE(mkfifo((dir.path() / "d/fifo.jpg").c_str(), 0600) == 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (dir.path() / "d/s.jpg").string().copy(address.sun_path, sizeof address.sun_path - 1);
  const int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(bind(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  close(socket_fd);
  CHECK(List(dir, {"d"}) == Names{"d/a.jpg"});
  CHECK(List(dir, {"d/fifo.jpg", "d/s.jpg", "d/a.jpg"}) ==
        Names{"d/fifo.jpg", "!unsupported-format d/s.jpg", "d/a.jpg"});
  InputList device({.arguments = {"/dev/zero"}});
  CHECK(device.Next()->error->message == "/dev/zero is a device, not a regular file");
}

TEST_CASE("what does not exist is an error of its own and the rest goes on") {
  const testing::TempDir dir;
  dir.Write("a.jpg", "");
  CHECK(List(dir, {"none", "a.jpg", "a.jpg/b"}) ==
        Names{"!not-found none", "a.jpg", "!not-found a.jpg/b"});
}

TEST_CASE("a directory that cannot be read is an error") {
  const testing::TempDir dir;
  dir.Write("d/a.jpg", "");
  dir.Write("d/closed/b.jpg", "");
  dir.Write("d/z.jpg", "");
  fs::permissions(dir.path() / "d/closed", fs::perms::none);
  const Names found = List(dir, {"d"}, true);
  fs::permissions(dir.path() / "d/closed", fs::perms::owner_all);
  const std::string middle = geteuid() == 0 ? "d/closed/b.jpg" : "!io d/closed";  // root reads all
  CHECK(found == Names{"d/a.jpg", middle, "d/z.jpg"});
}

TEST_CASE("standard input is an input like others") {
  InputList list({.arguments = {"-"}});
  CHECK(list.Next()->path == "-");
  CHECK_FALSE(list.Next());
}

TEST_CASE("the total is known when no directory is named") {
  const testing::TempDir dir;
  CHECK(InputList({.arguments = {"a", "-"}, .requests = {"b"}}).Total() == 3);
  CHECK_FALSE(InputList({.arguments = {"a", dir.path().string()}}).Total());
}

}  // namespace
}  // namespace sampleproc::files
