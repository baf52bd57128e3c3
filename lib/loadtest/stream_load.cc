#include "loadtest/stream_load.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
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

constexpr milliseconds kBlock{200};  // of a read, so that the reader notices the end
constexpr milliseconds kPause{50};   // of a reader whose Redis is away
constexpr const char* kMostEntries = "200";
// Frames that are sent, and looked for, in one piece.
constexpr std::size_t kMostAtOnce = 64;
constexpr std::size_t kMostBytesAtOnce = 16UL * 1024 * 1024;

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
    if (plan_.begins) plan_.begins();
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
    HandOverRest();
    const base::MutexLock lock(mutex_);
    result_.total.abandoned += ledger_.open();
    result_.stopped = stop_.Cancelled() || was_ended_;
    const MonoTime last = result_.stopped ? Now() : std::max(ledger_.last_outcome(), start_);
    const double wall = std::max(std::chrono::duration<double>(Now() - start_).count(), 1e-9);
    result_.sends_in_turn = true;
    result_.generator.cpu_s = after.cpu - before.cpu;
    result_.generator.cpu = result_.generator.cpu_s / wall;
    result_.generator.wanted =
        std::min(result_.generator.cpu + (after.waited - before.waited) / wall, 1.0);
    SetRates(plan_.length, last - start_, result_);
    return std::move(result_);
  }

 private:
  // Sends the schedule, then waits until each frame has its outcome or is given up, and a while
  // longer.
  void Send() {
    const std::unique_ptr<Pacer> pacer = plan_.make_pacer();
    next_ = pacer->Next();
    free_since_ = start_;
    while (!stop_.Cancelled() && !was_ended_) {
      const MonoTime now = Now();
      HandOver(now);
      GiveUpOverdue(now);
      if (next_ && start_ + next_->at <= now) {
        SendDue(*pacer);
        continue;
      }
      const base::MutexLock lock(mutex_);
      const bool is_done = !next_ && ledger_.open() == 0;
      if (!is_done) settled_.reset();
      if (is_done && !settled_) settled_ = Settled{now + plan_.settle, passes_ + 2};
      if (is_done && now >= settled_->at && passes_ >= settled_->pass) break;
      // Of a Redis that does not answer any more nothing is to be read.
      if (is_done && now >= settled_->at + plan_.loop.timeout) break;
      changed_.WaitUntil(mutex_, {base::SystemClock(), NextWake(now) - now}, stop_);
    }
  }

  MonoTime NextWake(MonoTime now) REQUIRES(mutex_) {
    MonoTime wake = ledger_.books().End();
    if (next_) wake = std::min(wake, start_ + next_->at);
    if (settled_ && now < settled_->at) wake = std::min(wake, settled_->at);
    if (!doomed_.empty()) return std::min(wake, doomed_end_);
    for (const std::size_t oldest : ledger_.Overdue(MonoTime::max(), 1)) {
      wake = std::min(wake, ledger_.frame(oldest).intended + plan_.loop.timeout);
    }
    return wake;
  }

  // All that is due, in one piece; one that would come too late is not sent.
  void SendDue(Pacer& pacer) {
    std::vector<RedisCommand> commands;
    std::vector<std::size_t> numbers;
    std::size_t bytes = 0;
    while (next_ && start_ + next_->at <= Now() && commands.size() < kMostAtOnce &&
           bytes < kMostBytesAtOnce) {
      auto entry = Begin(*next_, Now());
      next_ = pacer.Next();
      if (!entry) continue;
      bytes += entry->frame->bytes.size();
      commands.push_back(Entry(*entry));
      numbers.push_back(entry->number);
    }
    if (commands.empty()) return;
    auto replies = client_.Ask(commands, {.cancel = stop_});
    free_since_ = Now();
    const base::MutexLock lock(mutex_);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (!replies) {
        ledger_.Refuse(numbers[i], ledger::kAway, free_since_);
      } else if ((*replies)[i].kind == RedisReply::Kind::kError) {
        ledger_.Refuse(numbers[i], ledger::kRefused, free_since_);
      } else {
        ledger_.SetEntry(numbers[i], std::move((*replies)[i].text));
      }
    }
  }

  // A frame that is to be sent.
  struct Due {
    std::size_t number = 0;  // of the ledger
    std::string frame_id = {};
    std::uint32_t camera = 0;
    const StoredFrame* frame = nullptr;
  };

  std::optional<Due> Begin(const Arrival& arrival, MonoTime now) {
    StreamFrame frame{.intended = start_ + arrival.at,
                      .sent = now,
                      .camera = load_.cameras > 0 ? arrival.camera % load_.cameras : 0,
                      .picture = static_cast<std::uint32_t>(pick_(random_)),
                      .is_hostile = load_.hostile > 0 && share_(random_) < load_.hostile,
                      .entry_id = ""};
    Due due{.camera = frame.camera,
            .frame = frame.is_hostile ? &hostile_[random_() % hostile_.size()]
                                      : &load_.frames[frame.picture]};
    const nanoseconds late = now - frame.intended;
    const base::MutexLock lock(mutex_);
    Measurement& measured = ledger_.books().At(frame.intended);
    ++measured.intended;
    if (free_since_ > frame.intended) ++measured.waited;
    measured.send_lag.Record(static_cast<std::uint64_t>(std::max<std::int64_t>(late.count(), 0)));
    due.number = ledger_.Begin(std::move(frame));
    due.frame_id = ledger_.FrameId(due.number);
    if (late <= plan_.loop.timeout) return due;
    ledger_.GiveUp(due.number, failure::kTimeout, now);
    return std::nullopt;
  }

  // As cameras' frames stand there; the pixels with them.
  RedisCommand Entry(const Due& due) const {
    const StoredFrame& frame = *due.frame;
    RedisCommand command{"XADD",
                         target_.stream,
                         "*",
                         "frame_id",
                         due.frame_id,
                         "timestamp",
                         base::FormatTimestamp(base::SystemClock().Wall()),
                         "metadata",
                         "{}",
                         "frame_data",
                         frame.bytes};
    if (load_.cameras > 0) {
      command.insert(command.end(), {"camera_id", StreamLedger::CameraId(due.camera)});
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
  // What is due meanwhile is sent.
  void GiveUpOverdue(MonoTime now) {
    if (!doomed_.empty()) {
      const base::MutexLock lock(mutex_);
      if (passes_ < doomed_pass_ && now < doomed_end_) return;
      for (const std::size_t number : doomed_) ledger_.GiveUp(number, ledger::kLost, now);
      doomed_.clear();
    }
    std::vector<std::size_t> overdue;
    std::vector<std::size_t> known;
    std::vector<RedisCommand> commands;
    {
      const base::MutexLock lock(mutex_);
      overdue = ledger_.Overdue(now - plan_.loop.timeout, kMostAtOnce);
      for (const std::size_t number : overdue) {
        const std::string& id = ledger_.frame(number).entry_id;
        if (id.empty()) continue;
        known.push_back(number);
        commands.push_back({"XRANGE", target_.stream, id, id, "COUNT", "1"});
      }
    }
    if (overdue.empty()) return;
    if (!commands.empty()) {
      const auto replies = client_.Ask(commands, {.cancel = stop_});
      free_since_ = Now();
      for (std::size_t i = 0; replies && i < known.size(); ++i) {
        const RedisReply& reply = (*replies)[i];
        if (reply.kind == RedisReply::Kind::kArray && reply.elements.empty()) {
          doomed_.push_back(known[i]);
        }
      }
    }
    const base::MutexLock lock(mutex_);
    doomed_pass_ = passes_ + 2;
    doomed_end_ = now + plan_.loop.timeout;
    for (const std::size_t number : overdue) {
      if (!std::ranges::binary_search(doomed_, number)) {
        ledger_.GiveUp(number, failure::kTimeout, now);
      }
    }
  }

  // Gives the seconds that are complete to the watch.
  void HandOver(MonoTime now) {
    while (!was_ended_) {
      std::unique_ptr<Measurement> measured;
      {
        const base::MutexLock lock(mutex_);
        if (!ledger_.books().IsComplete(now, next_)) return;
        measured = ledger_.books().Take();
        ledger_.CountOpen(now, measured->open);
      }
      GiveToWatch(*measured);
    }
  }

  // The same of the others, when the run is over; at least one of the run.
  void HandOverRest() {
    bool has_more = false;
    {
      const base::MutexLock lock(mutex_);
      has_more = !ledger_.books().empty() || ledger_.open() > 0 || result_.seconds.empty();
    }
    while (has_more) {
      std::unique_ptr<Measurement> measured;
      {
        const base::MutexLock lock(mutex_);
        SecondBooks& books = ledger_.books();
        measured = books.Take();
        has_more = !books.empty();
        if (!has_more) ledger_.CountOpen(Now(), measured->open);
      }
      GiveToWatch(*measured);
    }
  }

  void GiveToWatch(const Measurement& measured) {
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
  std::optional<Arrival> next_;
  MonoTime free_since_;  // until then it waited for Redis
  // Frames that are overdue and not on the stream any more: lost, unless the reader has their
  // outcome by that pass.
  std::vector<std::size_t> doomed_;
  std::uint64_t doomed_pass_ = 0;
  MonoTime doomed_end_;
  struct Settled {
    MonoTime at;
    std::uint64_t pass;
  };
  std::optional<Settled> settled_;  // when each frame has had its outcome for long enough

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
