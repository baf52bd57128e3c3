// How a store is asked.
#include <algorithm>
#include <string_view>
#include <utility>

#include "frame/event_reader.h"
#include "history/store.h"

namespace sampleproc::history {
namespace {

using base::Result;

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

// A question as it grows.
class Question {
 public:
  explicit Question(std::string text) : text_(std::move(text)) {}

  void Where(std::string_view condition, std::int64_t value) {
    Add(condition);
    values_.emplace_back(value, nullptr);
  }
  void Where(std::string_view condition, const std::string& value) {
    Add(condition);
    values_.emplace_back(0, &value);
  }
  void Fitting(const Filter& filter) {
    if (filter.camera_id) Where("r.camera = ?", *filter.camera_id);
    if (filter.class_name) Where("r.class = ?", *filter.class_name);
    if (filter.type) Where("r.type = ?", static_cast<std::int64_t>(*filter.type));
    if (filter.since) Where("r.at >= ?", filter.since->count());
    if (filter.until) Where("r.at <= ?", filter.until->count());
  }
  // After all other conditions: it is the dearest.
  void Whole() { text_.append(values_.empty() ? " WHERE" : " AND").append(" whole(r.json)"); }
  void Then(std::string_view text) { text_ += text; }

  Result<Statement> Prepare(Database& database) const {
    auto statement = database.Prepare(text_);
    if (!statement) return statement;
    int number = 0;
    for (const auto& [value, text] : values_) {
      if (text != nullptr) {
        statement->Bind(++number, *text);
      } else {
        statement->Bind(++number, value);
      }
    }
    return statement;
  }

 private:
  void Add(std::string_view condition) {
    text_.append(values_.empty() ? " WHERE " : " AND ").append(condition);
  }

  std::string text_;
  std::vector<std::pair<std::int64_t, const std::string*>> values_;
};

Result<std::vector<Row>> Rows(Database& database, const Question& question) {
  auto statement = question.Prepare(database);
  if (!statement) return std::unexpected(std::move(statement.error()));
  std::vector<Row> rows;
  for (;;) {
    const auto more = statement->Step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return rows;
    rows.push_back({statement->Int(0), statement->Text(1)});
  }
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

Result<Page> Store::List(const Filter& filter, std::int64_t before, std::size_t most,
                         const base::Allowance& allowance) {
  const Bounded bounded(*database_, allowance);
  // By the zone's own index, in its order, or by the numbers or an index in theirs.
  Question question(filter.zone ? "SELECT r.id, r.json FROM in_zone z CROSS JOIN record r"
                                  " ON r.id = z.record"
                                : "SELECT r.id, r.json FROM record r");
  if (filter.zone) question.Where("z.zone = ?", *filter.zone);
  if (before > 0) question.Where(filter.zone ? "z.record < ?" : "r.id < ?", before);
  question.Fitting(filter);
  question.Whole();
  question.Then(filter.zone ? " ORDER BY z.record DESC" : " ORDER BY r.id DESC");
  question.Then(" LIMIT " + std::to_string(most + 1));
  auto rows = Rows(*database_, question);
  if (!rows) return std::unexpected(std::move(rows.error()));
  Page page{.rows = std::move(*rows), .newest = newest_};
  page.more = page.rows.size() > most;
  if (page.more) page.rows.pop_back();
  return page;
}

Result<std::vector<Message>> Store::After(const Filter& filter, std::int64_t after,
                                          std::size_t most, const base::Allowance& allowance) {
  const Bounded bounded(*database_, allowance);
  Question question("SELECT r.id, r.json, r.type FROM record r");
  question.Where("r.id > ?", after);
  question.Fitting(filter);
  question.Whole();
  question.Then(" ORDER BY r.id LIMIT " + std::to_string(most));
  auto statement = question.Prepare(*database_);
  if (!statement) return std::unexpected(std::move(statement.error()));
  std::vector<Message> messages;
  for (;;) {
    const auto more = statement->Step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return messages;
    auto record = std::make_shared<Record>();
    record->json = statement->Text(1);
    record->type = static_cast<frame::Event::Type>(statement->Int(2));
    messages.push_back({statement->Int(0), std::move(record)});
  }
}

Result<std::vector<Row>> Store::Find(const std::string& event_id, std::size_t most,
                                     const base::Allowance& allowance) {
  const Bounded bounded(*database_, allowance);
  Question last("SELECT r.id, r.camera FROM record r");
  last.Where("r.event_id = ?", event_id);
  last.Then(" ORDER BY r.id DESC LIMIT 1");
  const auto camera = Rows(*database_, last);
  if (!camera) return std::unexpected(camera.error());
  if (camera->empty()) return std::vector<Row>();
  Question question("SELECT r.id, r.json FROM record r");
  question.Where("r.event_id = ?", event_id);
  question.Where("r.camera = ?", camera->front().json);
  question.Whole();
  question.Then(" ORDER BY r.id DESC LIMIT " + std::to_string(most));
  auto rows = Rows(*database_, question);
  if (rows) std::ranges::reverse(*rows);
  return rows;
}

Result<std::vector<std::string>> Store::Unfinished() {
  const Question question(
      "SELECT r.id, r.json FROM open_event o JOIN record r ON r.id = (SELECT max(id) FROM record"
      " WHERE event_id = o.event_id AND camera = o.camera) ORDER BY r.id");
  auto rows = Rows(*database_, question);
  if (!rows) return std::unexpected(std::move(rows.error()));
  std::vector<std::string> messages;
  for (Row& row : *rows) messages.push_back(std::move(row.json));
  return messages;
}

}  // namespace sampleproc::history
