#include "consumer/camera_order.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace sampleproc::consumer {
namespace {

TEST_CASE("what ends early waits for its camera's earlier frames, not for other cameras") {
  CameraOrder order;
  std::string out;
  const auto a1 = order.Join("a");
  const auto a2 = order.Join("a");
  const auto b1 = order.Join("b");
  const auto a3 = order.Join("a");
  const auto alone = order.Join(std::nullopt);
  order.Leave(a3, [&]() noexcept { out += "a3 "; });
  order.Leave(alone, [&]() noexcept { out += "alone "; });
  order.Leave(b1, [&]() noexcept { out += "b1 "; });
  CHECK(out == "alone b1 ");
  order.Leave(a1, [&]() noexcept { out += "a1 "; });
  CHECK(out == "alone b1 a1 ");
  order.Leave(a2, [&]() noexcept { out += "a2 "; });
  CHECK(out == "alone b1 a1 a2 a3 ");
}

TEST_CASE("a frame may join and end while one of its camera goes out") {
  CameraOrder order;
  std::string out;
  const auto first = order.Join("a");
  order.Leave(first, [&]() noexcept {
    out += "first ";
    const auto second = order.Join("a");
    order.Leave(second, [&]() noexcept { out += "second "; });
  });
  CHECK(out == "first second ");
}

TEST_CASE("many threads leave in any order, each camera goes out in its own") {
  constexpr int kCameras = 3;
  constexpr int kFrames = 3000;
  CameraOrder order;
  std::vector<std::pair<CameraOrder::Place, int>> places;
  for (int i = 0; i < kFrames; ++i) {
    places.emplace_back(order.Join(std::to_string(i % kCameras)), i);
  }
  std::shuffle(places.begin(), places.end(), std::minstd_rand(7));
  std::vector<std::vector<int>> out(kCameras);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = t; i < places.size(); i += 4) {
        const int number = places[i].second;
        order.Leave(places[i].first, [&out, number]() noexcept {
          out[static_cast<std::size_t>(number % kCameras)].push_back(number);
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& camera : out) {
    CHECK(camera.size() == kFrames / kCameras);
    CHECK(std::is_sorted(camera.begin(), camera.end()));
  }
}

}  // namespace
}  // namespace sampleproc::consumer
