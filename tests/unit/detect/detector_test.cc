// A detector among workers, and what its parts say of themselves.
#include <algorithm>
#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <thread>

#include "detect/onnx_file.h"
#include "detect/suppression.h"
#include "support/fake_clock.h"
#include "unit/detect/model_maker.h"
#include "unit/detect/runtimes.h"

namespace sampleproc::detect {
namespace {

DetectorOptions CatsAndCups(RuntimeChoice runtime) {
  DetectorOptions options;
  options.labels = {"cat", "cup"};
  options.runtime = runtime;
  return options;
}

const base::ByteBuffer kBlack(64 * 64 * 3, 0);
const frame::Image kPicture{kBlack.data(), 64, 64, 64 * 3, frame::PixelFormat::kBgr24};

TEST_CASE("one network serves all workers at once", "[detect]") {
  for (const RuntimeChoice runtime : Runtimes()) {
    resources::MemoryBudget budget{std::size_t{1} << 30};
    auto detector = OpenModel(OneCup(), CatsAndCups(runtime), budget);
    if (!detector) FAIL(detector.error().message);
    const std::size_t held = budget.used();
    CHECK(held > 0);
    std::atomic<int> right = 0;
    std::vector<std::thread> workers;
    for (int i = 0; i < 8; ++i) {
      workers.emplace_back([&] {
        Detector::Scratch scratch;
        for (int k = 0; k < 20; ++k) {
          const auto found = (*detector)->Find(kPicture, {0.5, 0.45, {}}, {}, scratch);
          if (found && found->size() == 1 && (*found)[0].class_name == "cup") ++right;
        }
      });
    }
    for (std::thread& worker : workers) worker.join();
    CHECK(right == 160);
    CHECK(budget.used() == held);
    detector->reset();
    CHECK(budget.used() == 0);
  }
}

TEST_CASE("a frame whose time is over or whom nobody wants is not run", "[detect]") {
  for (const RuntimeChoice runtime : Runtimes()) {
    resources::MemoryBudget budget{std::size_t{1} << 30};
    auto detector = OpenModel(OneCup(), CatsAndCups(runtime), budget);
    if (!detector) FAIL(detector.error().message);
    Detector::Scratch scratch;
    base::Allowance late;
    late.deadline = base::Deadline(base::SystemClock(), std::chrono::seconds(-1));
    const auto over = (*detector)->Find(kPicture, {0.5, 0.45, {}}, late, scratch);
    REQUIRE_FALSE(over);
    CHECK(over.error().code == base::ErrorCode::kDeadline);
    const base::Allowance gone;
    gone.cancel.Cancel();
    const auto unwanted = (*detector)->Find(kPicture, {0.5, 0.45, {}}, gone, scratch);
    REQUIRE_FALSE(unwanted);
    CHECK(unwanted.error().code == base::ErrorCode::kCancelled);
    CHECK((*detector)->Find(kPicture, {0.5, 0.45, {}}, {}, scratch));  // it still works
  }
}

const std::vector<float> kGray(std::size_t{3} * 64 * 64, 0.5f);

// OpenCV's session, in which a run stays until the test lets it go.
class Occupied {
 public:
  Occupied() : session_(Open()) {
    occupant_ = std::thread([this] {
      const auto ran = session_->Run(kGray, {}, [this](auto) {
        entered_.set_value();
        leave_.get_future().wait();
      });
      CHECK(ran);
    });
    entered_.get_future().wait();
  }
  ~Occupied() { Leave(); }
  void Leave() {
    if (!occupant_.joinable()) return;
    leave_.set_value();
    occupant_.join();
  }
  Session& session() { return *session_; }

 private:
  static std::unique_ptr<Session> Open() {
    const std::string model = OneCup();
    const base::ByteView bytes(reinterpret_cast<const std::uint8_t*>(model.data()), model.size());
    auto file = ReadOnnxFile(bytes);
    REQUIRE(file);
    auto session = OpenOpencv(bytes, *file, TestPlaces());
    if (!session) FAIL(session.error().message);
    return std::move(*session);
  }

  std::unique_ptr<Session> session_;
  std::promise<void> entered_;
  std::promise<void> leave_;
  std::thread occupant_;
};

TEST_CASE("a frame whose time goes by while another is in the network is not too slow",
          "[detect]") {
  Occupied network;
  const base::Allowance soon{base::Deadline(base::SystemClock(), std::chrono::milliseconds(5))};
  const auto crowded = network.session().Run(kGray, soon, [](auto) {});
  REQUIRE_FALSE(crowded);
  CHECK(crowded.error().code == base::ErrorCode::kOverloaded);
  CHECK(crowded.error().retry_after.has_value());
  CHECK(network.session().run_times().late().runs == 0);
  base::Allowance unwanted;
  unwanted.cancel.Cancel();
  const auto cancelled = network.session().Run(kGray, unwanted, [](auto) {});
  REQUIRE_FALSE(cancelled);
  CHECK(cancelled.error().code == base::ErrorCode::kCancelled);
  network.Leave();
  CHECK(network.session().Run(kGray, {}, [](auto) {}));
}

TEST_CASE("a network says how often in a row it was late, and of how long its runs are",
          "[detect]") {
  Occupied network;
  network.Leave();
  for (int i = 1; i <= 2; ++i) {
    testing::FakeClock clock;
    const base::Deadline soon(clock, std::chrono::seconds(1));
    const auto late =
        network.session().Run(kGray, {soon}, [&](auto) { clock.Advance(std::chrono::seconds(2)); });
    REQUIRE_FALSE(late);
    CHECK(late.error().code == base::ErrorCode::kDeadline);
    CHECK(network.session().run_times().late().runs == i);
  }
  CHECK(network.session().Run(kGray, {}, [](auto) {}));
  CHECK(network.session().run_times().late().runs == 0);
}

TEST_CASE("of runs that were late the shortest is told, and one in time ends it", "[detect]") {
  using std::chrono::milliseconds;
  RunTimes times;
  CHECK(times.Expected() == milliseconds(0));
  times.Ended(milliseconds(300), false);
  times.Ended(milliseconds(220), false);
  times.Ended(milliseconds(260), false);
  CHECK(times.late().runs == 3);
  CHECK(times.late().least == milliseconds(220));
  CHECK(times.Expected() > milliseconds(220));
  times.Ended(milliseconds(10), true);
  CHECK(times.late().runs == 0);
}

TEST_CASE("ONNX Runtime's run ends in its middle when the deadline passes", "[detect]") {
  if (!HasOnnxRuntime()) {
    WARN("ONNX Runtime is not here, so this is not tested");
    return;
  }
  // Some hundred milliseconds of work, a millisecond of time.
  const std::string model =
      ModelMaker(512, 512, false, 12).Output("out", {1, 2, 3}, std::vector<float>(6, 0.25f)).Make();
  const auto file = ReadOnnxFile(base::AsBytes(model));
  REQUIRE(file);
  const auto session = OpenOnnxRuntime(base::AsBytes(model), *file, TestPlaces(), kMostBytes);
  if (!session) FAIL(session.error().message);
  const std::vector<float> input(std::size_t{3} * 512 * 512, 1.0f);
  bool given = false;
  base::Result<void> late;
  // On a busy machine a run may be over before the thread that ends it has had its turn.
  for (int i = 0; i < 50 && late; ++i) {
    given = false;
    base::Allowance brief;
    brief.deadline = base::Deadline(base::SystemClock(), std::chrono::milliseconds(1));
    late = (*session)->Run(input, brief, [&](auto) { given = true; });
  }
  REQUIRE_FALSE(late);
  CHECK(late.error().code == base::ErrorCode::kDeadline);
  CHECK_FALSE(given);
  CHECK((*session)->Run(input, {}, [&](auto) { given = true; }));
  CHECK(given);
}

TEST_CASE("a detector says which network runs on what", "[detect]") {
  resources::MemoryBudget budget{std::size_t{1} << 30};
  auto detector = OpenModel(OneCup(), CatsAndCups(RuntimeChoice::kOpencv), budget);
  REQUIRE(detector);
  CHECK((*detector)->Describe() == "made.onnx (yolox, 64x64, 2 labels) by OpenCV 4.6.0");
}

TEST_CASE("a class that the network does not know is an error", "[detect]") {
  resources::MemoryBudget budget{std::size_t{1} << 30};
  DetectorOptions options = CatsAndCups(RuntimeChoice::kOpencv);
  options.classes = {"cup", "dog"};
  const auto opened = OpenModel(OneCup(), options, budget);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message.find("has no class \"dog\" (detector.objects.classes)") !=
        std::string::npos);
}

TEST_CASE("without ONNX Runtime the error says how to have it, and auto takes OpenCV", "[detect]") {
  const ModelFile file(OneCup());
  Places places = TestPlaces();
  places.onnxruntime = "/nowhere/libonnxruntime.so";
  resources::MemoryBudget budget{std::size_t{1} << 30};
  DetectorOptions options = CatsAndCups(RuntimeChoice::kOnnxRuntime);
  options.model = file.path();
  const auto opened = Detector::Open(options, places, budget);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == base::ErrorCode::kUnavailable);
  CHECK(opened.error().message.find("packaging/fetch-models.sh") != std::string::npos);
  options.runtime = RuntimeChoice::kAuto;
  const auto other = Detector::Open(options, places, budget);
  REQUIRE(other);
  CHECK((*other)->runtime().starts_with("OpenCV"));
  CHECK((*other)->why_fell_back().find("cannot be loaded") != std::string::npos);
}

TEST_CASE("the surest of overlapping candidates stays, equal ones in a fixed order", "[detect]") {
  const Candidate sure{0, 0, 10, 10, 0, 0.9f};
  const Candidate near{0, 0, 10, 9, 0, 0.8f};    // 0.9 of it
  const Candidate apart{0, 6, 10, 16, 0, 0.7f};  // a quarter
  const Candidate other{0, 0, 10, 10, 1, 0.6f};  // of another class
  const Candidate inside_out{9, 9, 1, 1, 0, 1.0f};
  std::vector<Candidate> candidates = {apart, other, near, inside_out, sure};
  KeepSurest(candidates, 0.45f, true);
  REQUIRE(candidates.size() == 3);
  CHECK(candidates[0].score == 0.9f);
  CHECK(candidates[1].score == 0.7f);
  CHECK(candidates[2].class_index == 1);
  std::vector<Candidate> many(10'000, sure);
  KeepSurest(many, 1, false);
  CHECK(many.size() == kMaxDetections);
}

}  // namespace
}  // namespace sampleproc::detect
