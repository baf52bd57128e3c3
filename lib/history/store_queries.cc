// How a store is asked.
//
// Numbers go up with the time of coming, and pages with numbers; `time` is the frames' own, in any
// order. So the last messages are walked through by number, or by those of one camera, class or
// zone, which finds a page at once where what fits is not rare; and where kMostWalked of them have
// not filled it, all that is further back is sifted by by_time, which has what filters ask for and
// is a tenth of the messages' size. Where both are of no help there is the deadline.
#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

#include "frame/event_reader.h"
#include "history/store.h"

namespace sampleproc::history {
namespace {

using base::Result;

constexpr std::size_t kMostWalked = 4096;
constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

// Ends a question when its time is up.
class Bounded {
 public:
  Bounded(Database& database, const base::Allowance& allowance) : database_(database) {
    database.InterruptWhen([allowance] { return !allowance.Check("the history").has_value(); });
  }
  Bounded(const Bounded&) = delete;
  Bounded& operator=(const Bounded&) = delete;
  ~Bounded() { database_.InterruptWhen(nullptr); }

 private:
  Database& database_;
};

// Conditions, all of which have to hold.
class Conditions {
 public:
  void Add(std::string_view condition, std::int64_t value) {
    Join(condition);
    values_.emplace_back(value, nullptr);
  }
  void Add(std::string_view condition, const std::string& value) {
    Join(condition);
    values_.emplace_back(0, &value);
  }
  void AddFilter(const Filter& filter) {
    if (filter.camera_id) Add("camera = ?", *filter.camera_id);
    if (filter.class_name) Add("class = ?", *filter.class_name);
    if (filter.type) Add("type = ?", static_cast<std::int64_t>(*filter.type));
    if (filter.since) Add("at >= ?", filter.since->count());
    if (filter.until) Add("at <= ?", filter.until->count());
  }

  std::string Text() const { return text_.empty() ? "1" : text_; }

  // Beginning with that parameter's number; returns the number behind.
  int BindTo(Statement& statement, int number) const {
    for (const auto& [value, text] : values_) {
      if (text != nullptr) {
        statement.Bind(number++, *text);
      } else {
        statement.Bind(number++, value);
      }
    }
    return number;
  }

 private:
  void Join(std::string_view condition) {
    text_.append(text_.empty() ? "" : " AND ").append(condition);
  }

  std::string text_;
  std::vector<std::pair<std::int64_t, const std::string*>> values_;
};

// Messages that were looked at, by their numbers.
struct Numbers {
  std::vector<std::int64_t> fit;
  std::int64_t last = 0;  // that was looked at
  bool all = false;       // there are no more
};

Result<Numbers> Collect(Statement& statement, std::size_t most_fit, std::size_t most_seen) {
  Numbers numbers;
  for (std::size_t seen = 0; seen < most_seen && numbers.fit.size() < most_fit; ++seen) {
    const auto more = statement.Step();
    if (!more) return std::unexpected(more.error());
    if (!*more) {
      numbers.all = true;
      return numbers;
    }
    numbers.last = statement.Int(0);
    if (statement.Int(1) != 0) numbers.fit.push_back(numbers.last);
  }
  return numbers;
}

// Where a search goes on.
struct Search {
  const Filter& filter;
  std::int64_t from = 0;  // not included; 0: from the end
  bool down = true;       // to lower numbers

  std::string Beyond(std::string_view number) const {
    return std::string(number) + (down ? " < ?" : " > ?");
  }
  std::string Order(std::string_view number) const {
    return " ORDER BY " + std::string(number) + (down ? " DESC" : "");
  }
};

Result<Numbers> Walk(Database& database, const Search& search, std::size_t most_fit,
                     std::size_t most_seen) {
  const Filter& filter = search.filter;
  Conditions wanted;
  wanted.AddFilter(filter);
  Conditions where;
  std::string from = "record r NOT INDEXED";
  std::string number = "r.id";
  if (filter.zone) {
    from = "in_zone z INDEXED BY zone_record CROSS JOIN record r ON r.id = z.record";
    number = "z.record";
    where.Add("z.zone = ?", *filter.zone);
  } else if (filter.camera_id) {
    from = "record r INDEXED BY record_camera";
    where.Add("r.camera = ?", *filter.camera_id);
  } else if (filter.class_name) {
    from = "record r INDEXED BY record_class";
    where.Add("r.class = ?", *filter.class_name);
  }
  if (search.from > 0) where.Add(search.Beyond(number), search.from);
  auto statement = database.Prepare("SELECT " + number + ", " + wanted.Text() + " FROM " + from +
                                    " WHERE " + where.Text() + search.Order(number));
  if (!statement) return std::unexpected(std::move(statement.error()));
  where.BindTo(*statement, wanted.BindTo(*statement, 1));
  return Collect(*statement, most_fit, most_seen);
}

Result<Numbers> Sift(Database& database, const Search& search, std::size_t most) {
  Conditions where;
  where.AddFilter(search.filter);
  if (search.from > 0) where.Add(search.Beyond("record"), search.from);
  if (search.filter.zone) {
    where.Add("EXISTS (SELECT 1 FROM in_zone z WHERE z.record = by_time.record AND z.zone = ?)",
              *search.filter.zone);
  }
  auto statement = database.Prepare("SELECT record, 1 FROM by_time WHERE " + where.Text() +
                                    search.Order("record") + " LIMIT " + std::to_string(most));
  if (!statement) return std::unexpected(std::move(statement.error()));
  where.BindTo(*statement, 1);
  auto numbers = Collect(*statement, most, most);
  if (numbers) numbers->all = numbers->fit.size() < most;
  return numbers;
}

}  // namespace

// A line is sent as it is: in an answer, which one that is no JSON would spoil, and on a stream,
// where a line's end would begin another field.
bool Store::IsWhole(std::string_view json) {
  const bool whole =
      json.find_first_of("\r\n") == json.npos && frame::ReadEvent(std::string(json)).has_value();
  if (!whole) ++damaged_;
  return whole;
}

Result<void> Store::AddWhole(std::span<const std::int64_t> numbers,
                             std::vector<Message>& messages) {
  for (const std::int64_t id : numbers) {
    const auto there = line_.Bind(1, id).Step();
    if (!there) return std::unexpected(there.error());
    if (!*there) {
      line_.Reset();
      continue;
    }
    auto record = std::make_shared<Record>();
    record->json = line_.Text(0);
    record->type = static_cast<frame::Event::Type>(line_.Int(1));
    line_.Reset();
    if (IsWhole(record->json)) messages.push_back({id, std::move(record)});
  }
  return {};
}

Result<std::vector<Message>> Store::Gather(const Filter& filter, std::int64_t from, bool down,
                                           std::size_t most) {
  std::vector<Message> messages;
  Search search{filter, from, down};
  bool walking = true;
  while (messages.size() < most) {
    const std::size_t missing = most - messages.size();
    // While by_time lacks messages there is nothing but to walk on.
    auto numbers = walking ? Walk(*database_, search, missing, complete_ ? kMostWalked : kUnbounded)
                           : Sift(*database_, search, missing);
    if (!numbers) return std::unexpected(std::move(numbers.error()));
    if (auto added = AddWhole(numbers->fit, messages); !added) {
      return std::unexpected(std::move(added.error()));
    }
    if (numbers->all) break;
    walking = walking && numbers->fit.size() == missing;
    search.from = numbers->last;
  }
  return messages;
}

Result<Page> Store::List(const Filter& filter, std::int64_t before, std::size_t most,
                         const base::Allowance& allowance) {
  const Bounded bounded(*database_, allowance);
  auto messages = Gather(filter, before, true, most + 1);
  if (!messages) return std::unexpected(std::move(messages.error()));
  Page page{.rows = {}, .more = messages->size() > most, .newest = newest_};
  if (page.more) messages->pop_back();
  for (const Message& each : *messages) page.rows.push_back({each.id, each.record->json});
  return page;
}

Result<std::vector<Message>> Store::After(const Filter& filter, std::int64_t after,
                                          std::size_t most, const base::Allowance& allowance) {
  const Bounded bounded(*database_, allowance);
  return Gather(filter, after, false, most);
}

Result<std::vector<Row>> Store::Find(const std::string& event_id, std::size_t most,
                                     const base::Allowance& allowance) {
  const Bounded bounded(*database_, allowance);
  auto last =
      database_->Prepare("SELECT camera FROM record WHERE event_id = ? ORDER BY id DESC LIMIT 1");
  if (!last) return std::unexpected(std::move(last.error()));
  const auto there = last->Bind(1, event_id).Step();
  if (!there) return std::unexpected(there.error());
  if (!*there) return std::vector<Row>();
  const std::string camera = last->Text(0);
  auto messages = database_->Prepare(
      "SELECT id, json FROM record WHERE event_id = ? AND camera = ? ORDER BY id DESC LIMIT " +
      std::to_string(most));
  if (!messages) return std::unexpected(std::move(messages.error()));
  messages->Bind(1, event_id).Bind(2, camera);
  std::vector<Row> rows;
  for (;;) {
    const auto more = messages->Step();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    Row row{messages->Int(0), messages->Text(1)};
    if (IsWhole(row.json)) rows.push_back(std::move(row));
  }
  std::ranges::reverse(rows);
  return rows;
}

Result<std::vector<std::string>> Store::Unfinished() {
  auto last = database_->Prepare(
      "SELECT r.json FROM open_event o JOIN record r ON r.id = (SELECT max(id) FROM record"
      " WHERE event_id = o.event_id AND camera = o.camera) ORDER BY r.id");
  if (!last) return std::unexpected(std::move(last.error()));
  std::vector<std::string> messages;
  for (;;) {
    const auto more = last->Step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return messages;
    messages.push_back(last->Text(0));
  }
}

Result<std::int64_t> Store::Arrived() {
  return database_->Ask("SELECT coalesce(max(id), 0) FROM arrived");
}

Result<void> Store::KeepArrived(std::int64_t number) {
  const std::string text = std::to_string(number);
  return database_->Run("UPDATE arrived SET id = " + text + " WHERE id < " + text);
}

// Numbers begin with the time.
Result<base::WallTime> Store::LeftOff() {
  const auto micros =
      database_->Ask("SELECT coalesce((SELECT told FROM record ORDER BY id DESC LIMIT 1), " +
                     std::to_string(newest_) + ")");
  if (!micros) return std::unexpected(micros.error());
  return base::WallTime(std::chrono::microseconds(*micros));
}

Result<bool> Store::Knows(const std::string& event_id) {
  auto known = database_->Prepare("SELECT 1 FROM record WHERE event_id = ? LIMIT 1");
  if (!known) return std::unexpected(std::move(known.error()));
  return known->Bind(1, event_id).Step();
}

}  // namespace sampleproc::history
