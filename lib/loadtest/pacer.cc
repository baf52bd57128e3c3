#include "loadtest/pacer.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace sampleproc::loadtest {
namespace {

using std::chrono::nanoseconds;
using Seconds = std::chrono::duration<double>;

nanoseconds ToNanoseconds(double seconds) {
  return nanoseconds(static_cast<std::int64_t>(std::llround(seconds * 1e9)));
}

class StagePacer : public Pacer {
 public:
  StagePacer(std::vector<Stage> stages, Spacing spacing, std::uint64_t seed)
      : stages_(std::move(stages)), spacing_(spacing), random_(seed) {
    due_ = spacing_ == Spacing::kPoisson ? exponential_(random_) : 0;
  }

  std::optional<Arrival> Next() override {
    while (stage_ < stages_.size()) {
      const Stage& stage = stages_[stage_];
      const double length = Seconds(stage.duration).count();
      const double requests = length * (stage.from + stage.to) / 2;
      // A request due at the very end belongs to the next stage.
      if (due_ < requests - 1e-9) {
        const double at = TimeOf(due_, stage, length);
        due_ += spacing_ == Spacing::kPoisson ? exponential_(random_) : 1;
        return Arrival{begin_ + ToNanoseconds(at), 0};
      }
      due_ = std::max(due_ - requests, 0.0);
      begin_ += stage.duration;
      ++stage_;
    }
    return std::nullopt;
  }

 private:
  // When, in seconds from its beginning, a stage has sent `requests`: the inverse of
  // from*t + (to-from)*t*t/(2*length), in the form that does not lose digits.
  static double TimeOf(double requests, const Stage& stage, double length) {
    const double slope = (stage.to - stage.from) / length;
    if (slope == 0) return requests / stage.from;
    const double root = std::sqrt(std::max(stage.from * stage.from + 2 * slope * requests, 0.0));
    const double sum = stage.from + root;
    return sum == 0 ? 0 : 2 * requests / sum;
  }

  const std::vector<Stage> stages_;
  const Spacing spacing_;
  std::mt19937_64 random_;
  std::exponential_distribution<double> exponential_{1};
  std::size_t stage_ = 0;
  nanoseconds begin_{};  // of the stage
  double due_ = 0;       // requests of this stage before the next one
};

class CameraPacer : public Pacer {
 public:
  CameraPacer(std::uint32_t cameras, double fps, nanoseconds duration, std::uint64_t seed)
      : fps_(fps), duration_(duration) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> phase(0, 1 / fps);
    for (std::uint32_t camera = 0; camera < cameras; ++camera) {
      firsts_.push_back({ToNanoseconds(phase(random)), camera});
    }
    std::ranges::sort(firsts_, {}, &Arrival::at);
  }

  std::optional<Arrival> Next() override {
    if (firsts_.empty()) return std::nullopt;
    Arrival next = firsts_[camera_];
    next.at += ToNanoseconds(static_cast<double>(round_) / fps_);
    if (next.at >= duration_) return std::nullopt;
    if (++camera_ == firsts_.size()) {
      camera_ = 0;
      ++round_;
    }
    return next;
  }

 private:
  const double fps_;
  const nanoseconds duration_;
  std::vector<Arrival> firsts_;  // each camera's first frame, in order of time
  std::size_t camera_ = 0;
  std::uint64_t round_ = 0;
};

class RecordedPacer : public Pacer {
 public:
  explicit RecordedPacer(std::vector<nanoseconds> times) : times_(std::move(times)) {}

  std::optional<Arrival> Next() override {
    if (next_ == times_.size()) return std::nullopt;
    return Arrival{times_[next_++], 0};
  }

 private:
  const std::vector<nanoseconds> times_;
  std::size_t next_ = 0;
};

class FirstPacer : public Pacer {
 public:
  FirstPacer(std::unique_ptr<Pacer> pacer, std::uint64_t count)
      : pacer_(std::move(pacer)), left_(count) {}

  std::optional<Arrival> Next() override {
    if (left_ == 0) return std::nullopt;
    --left_;
    return pacer_->Next();
  }

 private:
  const std::unique_ptr<Pacer> pacer_;
  std::uint64_t left_;
};

class SharePacer : public Pacer {
 public:
  SharePacer(std::unique_ptr<Pacer> pacer, std::size_t index, std::size_t of)
      : pacer_(std::move(pacer)), of_(of), skip_(index) {}

  std::optional<Arrival> Next() override {
    for (; skip_ > 0; --skip_) {
      if (!pacer_->Next()) return std::nullopt;
    }
    skip_ = of_ - 1;
    return pacer_->Next();
  }

 private:
  const std::unique_ptr<Pacer> pacer_;
  const std::size_t of_;
  std::size_t skip_;
};

}  // namespace

std::unique_ptr<Pacer> PaceStages(std::vector<Stage> stages, Spacing spacing, std::uint64_t seed) {
  return std::make_unique<StagePacer>(std::move(stages), spacing, seed);
}

std::unique_ptr<Pacer> PaceCameras(std::uint32_t cameras, double fps, nanoseconds duration,
                                   std::uint64_t seed) {
  return std::make_unique<CameraPacer>(cameras, fps, duration, seed);
}

std::unique_ptr<Pacer> PaceRecorded(std::vector<nanoseconds> times) {
  return std::make_unique<RecordedPacer>(std::move(times));
}

std::unique_ptr<Pacer> PaceFirst(std::unique_ptr<Pacer> pacer, std::uint64_t count) {
  return std::make_unique<FirstPacer>(std::move(pacer), count);
}

std::unique_ptr<Pacer> PaceShare(std::unique_ptr<Pacer> pacer, std::size_t index, std::size_t of) {
  return std::make_unique<SharePacer>(std::move(pacer), index, of);
}

}  // namespace sampleproc::loadtest
