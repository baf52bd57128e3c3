#include "loadtest/stream_load.h"

#include <unistd.h>

#include <algorithm>
#include <random>
#include <thread>

#include "base/mutex.h"
#include "loadtest/hostile.h"
#include "loadtest/stream_ledger.h"
#include "loadtest/thread_use.h"

namespace sampleproc::loadtest {
namespace {

using base::MonoTime;
using base::Result;
using net::RedisCommand;
using net::RedisReply;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr milliseconds kBlock{200};  // of a read, so that the reader notices the end
constexpr milliseconds kPause{50};   // of a reader whose Redis is away
constexpr const char* kMostEntries = "200";
constexpr std::string_view kRefused = "redis_refused";
constexpr std::string_view kAway = "redis_away";

MonoTime Now() { return base::SystemClock().Now(); }

// The id of the stream's last entry: what comes after it is of this run.
Result<std::string> LastId(net::RedisClient& client, const std::string& stream) {
  const auto reply = client.Ask(RedisCommand{"XREVRANGE", stream, "+", "-", "COUNT", "1"});
  if (!reply) return std::unexpected(reply.error());
  if (reply->kind == RedisReply::Kind::kError) return std::unexpected(reply->AsError());
  if (reply->elements.empty() || reply->elements[0].elements.empty()) return "0-0";
  return reply->elements[0].elements[0].text;
}

std::string* ValueOf(RedisReply& fields, std::string_view name) {
  for (std::size_t i = 0; i + 1 < fields.elements.size(); i += 2) {
    if (fields.elements[i].text == name) return &fields.elements[i + 1].text;
  }
  return nullptr;
}

std::string Prefix() {
  const auto now = base::SystemClock().Wall().time_since_epoch();
  return "loadtest-" + std::to_string(std::chrono::duration_cast<milliseconds>(now).count()) + "-" +
         std::to_string(::getpid()) + "-";
}

class StreamLoad {
 public:
  StreamLoad(const RunPlan& plan, const StreamTarget& target, const FrameLoad& load,
             const base::CancelFlag& stop, const Watch& watch)
      : plan_(plan),
        target_(target),
        load_(load),
        stop_(stop),
        watch_(watch),
        client_(target.connect, target.login, target.limits),
        check_(load.frames, load.golden, load.cameras > 0),
        ledger_(Prefix(), load.cameras, check_),
        random_(load.seed) {
    std::vector<double> weights;
    for (const StoredFrame& frame : load.frames) weights.push_back(frame.weight);
    pick_ = std::discrete_distribution<std::size_t>(weights.begin(), weights.end());
    if (load.hostile > 0) {
      hostile_ = HostileFrames(load.frames.front());
      // An entry without pixels is dropped and counted; it leaves no trace that could be read.
      std::erase_if(hostile_, [](const StoredFrame& frame) { return frame.bytes.empty(); });
    }
  }

  Result<RunResult> Run() {
    const auto results = LastId(client_, target_.results);
    if (!results) return std::unexpected(results.error());
    const auto letters = LastId(client_, target_.dead);
    if (!letters) return std::unexpected(letters.error());
    AskForPromptWakeUps();
    const ThreadTimes before = OwnTimes();
    start_ = Now();
    {
      const base::MutexLock lock(mutex_);
      ledger_.Begin(start_, plan_.length);
    }
    {
      const std::jthread reader(
          [this, results = *results, letters = *letters] { Read(results, letters); });
      Send();
      done_.Cancel();
    }
    const ThreadTimes after = OwnTimes();
    HandOver();
    const base::MutexLock lock(mutex_);
    result_.total.abandoned += ledger_.open();
    result_.stopped = stop_.Cancelled() || was_ended_;
    const MonoTime last = result_.stopped ? Now() : std::max(ledger_.last_outcome(), start_);
    const double wall = std::max(std::chrono::duration<double>(Now() - start_).count(), 1e-9);
    result_.generator.cpu_s = after.cpu - before.cpu;
    result_.generator.cpu = result_.generator.cpu_s / wall;
    result_.generator.wanted =
        std::min(result_.generator.cpu + (after.waited - before.waited) / wall, 1.0);
    SetRates(plan_.length, last - start_, result_);
    return std::move(result_);
  }

 private:
  // Sends the schedule, then waits until each frame has its outcome or is given up.
  void Send() {
    const std::unique_ptr<Pacer> pacer = plan_.make_pacer();
    std::optional<Arrival> next = pacer->Next();
    MonoTime free_since = start_;
    while (!stop_.Cancelled() && !was_ended_) {
      const MonoTime now = Now();
      if (now >= start_ + seconds(result_.seconds.size() + 1)) HandOver();
      if (GiveUpOverdue(now)) free_since = Now();
      if (next && start_ + next->at <= now) {
        SendOne(*next, free_since, now);
        free_since = Now();
        next = pacer->Next();
        continue;
      }
      const base::MutexLock lock(mutex_);
      if (!next && ledger_.open() == 0) break;
      MonoTime wake = start_ + seconds(result_.seconds.size() + 1);
      if (next) wake = std::min(wake, start_ + next->at);
      if (const auto oldest = ledger_.Overdue(MonoTime::max()); oldest >= 0) {
        const MonoTime due = ledger_.frame(static_cast<std::size_t>(oldest)).intended;
        wake = std::min(wake, due + plan_.loop.timeout);
      }
      changed_.WaitUntil(mutex_, {base::SystemClock(), wake - now}, stop_);
    }
  }

  void SendOne(const Arrival& arrival, MonoTime free_since, MonoTime now) {
    StreamFrame frame{.intended = start_ + arrival.at,
                      .sent = now,
                      .camera = load_.cameras > 0 ? arrival.camera % load_.cameras : 0,
                      .picture = static_cast<std::uint32_t>(pick_(random_)),
                      .is_hostile = load_.hostile > 0 && share_(random_) < load_.hostile,
                      .entry_id = ""};
    const MonoTime could = std::max(frame.intended, free_since);
    const StoredFrame& bytes =
        frame.is_hostile ? hostile_[random_() % hostile_.size()] : load_.frames[frame.picture];
    const std::uint32_t camera = frame.camera;
    const bool is_too_late = now - frame.intended > plan_.loop.timeout;
    std::size_t number = 0;
    std::string frame_id;
    {
      const base::MutexLock lock(mutex_);
      Measurement& measured = ledger_.measured();
      ++measured.intended;
      if (free_since > frame.intended) ++measured.waited;
      measured.send_lag.Record(
          static_cast<std::uint64_t>(std::max<std::int64_t>((now - could).count(), 0)));
      number = ledger_.Begin(std::move(frame));
      frame_id = ledger_.FrameId(number);
      if (is_too_late) return ledger_.GiveUp(number, failure::kTimeout, now);
    }
    auto reply = client_.Ask(Entry(bytes, frame_id, camera), {.cancel = stop_});
    const base::MutexLock lock(mutex_);
    if (!reply) {
      ledger_.Refuse(number, kAway);
    } else if (reply->kind == RedisReply::Kind::kError) {
      ledger_.Refuse(number, kRefused);
    } else {
      ledger_.SetEntry(number, std::move(reply->text));
    }
  }

  // As cameras' frames stand there; the pixels with them.
  RedisCommand Entry(const StoredFrame& frame, const std::string& frame_id,
                     std::uint32_t camera) const {
    RedisCommand command{"XADD",
                         target_.stream,
                         "*",
                         "frame_id",
                         frame_id,
                         "timestamp",
                         base::FormatTimestamp(base::SystemClock().Wall()),
                         "metadata",
                         "{}",
                         "frame_data",
                         frame.bytes};
    if (load_.cameras > 0) {
      command.insert(command.end(), {"camera_id", StreamLedger::CameraId(camera)});
    }
    if (frame.raw) {
      command.insert(command.end(), {"width", std::to_string(frame.raw->width), "height",
                                     std::to_string(frame.raw->height), "format",
                                     std::string(frame::RawFormatName(frame.raw->format))});
    }
    return command;
  }

  // A frame whose time is over is late when its entry is still there. When it is not, its outcome
  // was written in the same step that removed it: whatever the reader reads from now on has it.
  // Whether it gave up any.
  bool GiveUpOverdue(MonoTime now) {
    std::size_t number = 0;
    std::string id;
    {
      const base::MutexLock lock(mutex_);
      const std::int64_t overdue = ledger_.Overdue(now - plan_.loop.timeout);
      if (overdue < 0) return false;
      number = static_cast<std::size_t>(overdue);
      id = ledger_.frame(number).entry_id;
    }
    bool is_there = true;
    if (!id.empty()) {
      const auto reply = client_.Ask(RedisCommand{"XRANGE", target_.stream, id, id, "COUNT", "1"},
                                     {.cancel = stop_});
      is_there = !reply || reply->kind == RedisReply::Kind::kError || !reply->elements.empty();
    }
    base::MutexLock lock(mutex_);
    const std::uint64_t seen = passes_;
    const base::Deadline end(base::SystemClock(), plan_.loop.timeout);
    while (!is_there && passes_ < seen + 2 && !end.Expired() && !stop_.Cancelled()) {
      changed_.WaitUntil(mutex_, end, stop_);
    }
    ledger_.GiveUp(number, is_there ? failure::kTimeout : "lost", now);
    return true;
  }

  // Gives the second that is over to the watch.
  void HandOver() {
    Measurement measured;
    {
      const base::MutexLock lock(mutex_);
      ledger_.CountOpen(Now());
      std::swap(measured, ledger_.measured());
    }
    result_.seconds.push_back(Summarise(result_.seconds.size(), measured));
    result_.total.open.Clear();
    result_.total.Merge(measured);
    if (!watch_(result_.seconds.back(), result_.total)) was_ended_ = true;
  }

  // The reader's thread.
  void Read(std::string results, std::string letters) {
    net::RedisClient client(target_.connect, target_.login, target_.limits);
    while (!done_.Cancelled()) {
      auto reply = client.Ask(
          RedisCommand{"XREAD", "COUNT", kMostEntries, "BLOCK", std::to_string(kBlock.count()),
                       "STREAMS", target_.results, target_.dead, results, letters},
          {.cancel = done_}, kBlock);
      const MonoTime now = Now();
      base::MutexLock lock(mutex_);
      if (reply && reply->kind == RedisReply::Kind::kArray) {
        for (RedisReply& stream : reply->elements) {
          if (stream.elements.size() != 2) continue;
          const bool is_letter = stream.elements[0].text == target_.dead;
          Take(stream.elements[1], is_letter, now, is_letter ? letters : results);
        }
      }
      if (reply) ++passes_;
      changed_.NotifyAll();
      if (reply && reply->kind != RedisReply::Kind::kError) continue;
      const base::Deadline end(base::SystemClock(), kPause);
      while (!end.Expired() && !done_.Cancelled()) changed_.WaitUntil(mutex_, end, done_);
    }
  }

  void Take(RedisReply& entries, bool is_letter, MonoTime now, std::string& last) REQUIRES(mutex_) {
    for (RedisReply& entry : entries.elements) {
      if (entry.elements.size() != 2) continue;
      last = entry.elements[0].text;
      const std::string* const frame_id = ValueOf(entry.elements[1], "frame_id");
      if (frame_id == nullptr) continue;
      if (is_letter) {
        ledger_.AddLetter(*frame_id, now);
        continue;
      }
      std::string* const json = ValueOf(entry.elements[1], "result");
      std::string none;
      ledger_.AddResult(*frame_id, json == nullptr ? none : *json, now);
    }
  }

  const RunPlan& plan_;
  const StreamTarget& target_;
  const FrameLoad& load_;
  const base::CancelFlag& stop_;
  const Watch& watch_;
  const base::CancelFlag done_;

  // Of the sender.
  net::RedisClient client_;
  MonoTime start_;
  RunResult result_;
  bool was_ended_ = false;

  base::Mutex mutex_;
  base::CondVar changed_;
  AnswerCheck check_ GUARDED_BY(mutex_);
  StreamLedger ledger_ GUARDED_BY(mutex_);
  std::uint64_t passes_ GUARDED_BY(mutex_) = 0;  // reads that were answered

  std::mt19937_64 random_;
  std::discrete_distribution<std::size_t> pick_;
  std::uniform_real_distribution<double> share_{0, 1};
  std::vector<StoredFrame> hostile_;
};

}  // namespace

Result<void> FindStream(const StreamTarget& target, const base::Allowance& allowance) {
  const auto fail = [&target](std::string what) {
    return base::Fail(base::ErrorCode::kUnavailable, target.name + ": " + std::move(what));
  };
  net::RedisClient client(target.connect, target.login, target.limits);
  const auto reply = client.Ask(RedisCommand{"XINFO", "GROUPS", target.stream}, allowance);
  if (!reply) return fail("cannot reach it: " + reply.error().message);
  std::string missing = "no group " + target.group + " reads the stream " + target.stream +
                        "; start the service that is to be loaded first, with the same "
                        "consumer.redis settings";
  if (reply->IsError("ERR")) return fail(std::move(missing));  // no such key
  if (reply->kind == RedisReply::Kind::kError) return fail(reply->AsError().message);
  for (RedisReply group : reply->elements) {
    const std::string* const name = ValueOf(group, "name");
    if (name != nullptr && *name == target.group) return {};
  }
  return fail(std::move(missing));
}

Result<RunResult> RunStreamLoad(const RunPlan& plan, const StreamTarget& target,
                                const FrameLoad& load, const base::CancelFlag& stop,
                                const Watch& watch) {
  return StreamLoad(plan, target, load, stop, watch).Run();
}

}  // namespace sampleproc::loadtest
