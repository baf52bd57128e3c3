#include "history/store.h"

#include <algorithm>
#include <utility>

namespace sampleproc::history {
namespace {

using base::Result;
using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr std::int64_t kPageBytes = 4096;
constexpr std::int64_t kMostLogPages = 1024;
// That one Append may add, its indexes included.
constexpr std::int64_t kHeadroomPages = 192;
// Deleted in one transaction, so that the log stays small.
constexpr std::int64_t kDeletedAtOnce = 200;
constexpr std::int64_t kUpgradedAtOnce = 500;  // likewise, and within the headroom

constexpr const char* kMakeByTime =
    "CREATE TABLE by_time(at INTEGER, record INTEGER, camera TEXT, class TEXT, type INTEGER,"
    " PRIMARY KEY(at, record)) WITHOUT ROWID;";

std::string Number(std::int64_t number) { return std::to_string(number); }

std::int64_t Micros(base::WallTime time) {
  return duration_cast<microseconds>(time.time_since_epoch()).count();
}

// The pages of the database, and of its log before it is written back.
std::int64_t MostPages(const Options& options) {
  return static_cast<std::int64_t>(options.bytes) / 4 * 3 / kPageBytes;
}

std::int64_t LogPages(const Options& options) {
  return std::min(static_cast<std::int64_t>(options.bytes) / 16 / kPageBytes, kMostLogPages);
}

}  // namespace

Result<void> Store::GoOnBehind(std::int64_t number) {
  if (number <= newest_) return {};
  const Measure measured(*this);
  auto done = database_->Run("UPDATE sqlite_sequence SET seq = " + Number(number) +
                             " WHERE name = 'record'");
  if (done) newest_ = number;
  return done;
}

Result<void> Store::SetUp() {
  if (BytesOf("") == 0 && BytesOf("-wal") > 0) {
    corrupt_ = true;  // SQLite would delete the log
    return Unusable("the file is empty, and its log is not");
  }
  // Before anything is read: so the log's index is in memory, not in a file that is mapped, which
  // would be the end of this process when it is truncated; and no reader keeps the log from being
  // written back.
  if (auto alone = database_->Run("PRAGMA locking_mode = EXCLUSIVE"); !alone) return alone;
  const auto application = database_->Ask("PRAGMA application_id");
  if (!application) return std::unexpected(application.error());
  const auto tables = database_->Ask("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected(tables.error());
  if (*tables > 0 && *application != kApplication) {
    return Unusable("is a database of something else");
  }
  const auto version = database_->Ask("PRAGMA user_version");
  if (!version) return std::unexpected(version.error());
  if (*tables > 0 && (*version < kFirstVersion || *version > kVersion)) {
    return Unusable("was written by another version of this program");
  }
  // The first two are a new file's only, and before anything is in it.
  auto ready = database_->Run("PRAGMA page_size = " + Number(kPageBytes) +
                              ";PRAGMA auto_vacuum = INCREMENTAL"
                              ";PRAGMA journal_mode = WAL"
                              ";PRAGMA synchronous = NORMAL"
                              ";PRAGMA temp_store = MEMORY"
                              ";PRAGMA cache_size = -2048"
                              ";PRAGMA wal_autocheckpoint = " +
                              Number(LogPages(options_)) + ";PRAGMA journal_size_limit = " +
                              Number(LogPages(options_) * kPageBytes) +
                              ";PRAGMA max_page_count = " + Number(MostPages(options_)));
  if (ready && *tables == 0) ready = MakeTables();
  if (ready && *tables > 0 && *version == kFirstVersion) ready = MakeByTime();
  complete_ = *tables == 0 || *version == kVersion;
  if (ready) ready = PrepareAll();
  if (!ready) return ready;
  const auto newest = database_->Ask("SELECT seq FROM sqlite_sequence WHERE name = 'record'");
  if (!newest) return std::unexpected(newest.error());
  newest_ = *newest;
  if (auto trimmed = Trim(); !trimmed) return trimmed;  // makes room
  return MakeArrived();
}

// Numbers begin with the time, so that those of a new file are above those of one that was before.
Result<void> Store::MakeTables() {
  auto transaction = Transaction::Begin(*database_);
  if (!transaction) return std::unexpected(std::move(transaction.error()));
  auto made = database_->Run(
      "CREATE TABLE record(id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL,"
      " camera TEXT NOT NULL, class TEXT NOT NULL, type INTEGER NOT NULL, at INTEGER NOT NULL,"
      " told INTEGER NOT NULL, json TEXT NOT NULL);"
      "CREATE INDEX record_event ON record(event_id, camera);"
      "CREATE INDEX record_camera ON record(camera);"
      "CREATE INDEX record_class ON record(class);"
      "CREATE TABLE in_zone(record INTEGER, zone TEXT, PRIMARY KEY(record, zone)) WITHOUT ROWID;"
      "CREATE INDEX zone_record ON in_zone(zone, record);"
      "CREATE TABLE open_event(camera TEXT, event_id TEXT, PRIMARY KEY(camera, event_id))"
      " WITHOUT ROWID;" +
      std::string(kMakeByTime) + "INSERT INTO sqlite_sequence(name, seq) VALUES('record', " +
      Number(Micros(clock_.Wall())) +
      ");"
      "PRAGMA application_id = " +
      Number(kApplication) + ";PRAGMA user_version = " + Number(kVersion));
  if (!made) return made;
  return transaction->Commit();
}

Result<void> Store::MakeByTime() {
  auto transaction = Transaction::Begin(*database_);
  if (!transaction) return std::unexpected(std::move(transaction.error()));
  auto made = database_->Run(kMakeByTime + ("PRAGMA user_version = " + Number(kIncompleteVersion)));
  if (!made) return made;
  return transaction->Commit();
}

Result<void> Store::MakeArrived() {
  const auto there = database_->Ask(
      "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'arrived'");
  if (!there) return std::unexpected(there.error());
  if (*there > 0) return {};
  auto transaction = Transaction::Begin(*database_);
  if (!transaction) return std::unexpected(std::move(transaction.error()));
  auto made =
      database_->Run("CREATE TABLE arrived(id INTEGER NOT NULL);INSERT INTO arrived VALUES(" +
                     Number(newest_) + ")");
  if (!made) return made;
  return transaction->Commit();
}

Result<void> Store::Upgrade() {
  if (complete_) return {};
  if (auto trimmed = Trim(); !trimmed) return trimmed;  // makes room
  const Measure measured(*this);
  auto transaction = Transaction::Begin(*database_);
  if (!transaction) return std::unexpected(std::move(transaction.error()));
  const auto last =
      database_->Ask("SELECT coalesce(max(id), 0) FROM (SELECT id FROM record WHERE id > " +
                     Number(upgraded_) + " ORDER BY id LIMIT " + Number(kUpgradedAtOnce) + ")");
  if (!last) return std::unexpected(last.error());
  // What came since the file was opened is in it already.
  auto done = *last == 0 ? database_->Run("PRAGMA user_version = " + Number(kVersion))
                         : database_->Run(
                               "INSERT OR IGNORE INTO by_time(at, record, camera, class, type)"
                               " SELECT at, id, camera, class, type FROM record WHERE id > " +
                               Number(upgraded_) + " AND id <= " + Number(*last));
  if (done) done = transaction->Commit();
  if (!done) return done;
  complete_ = *last == 0;
  upgraded_ = *last;
  return {};
}

Result<void> Store::PrepareAll() {
  const std::pair<Statement*, std::string_view> all[] = {
      {&known_, "SELECT 1 FROM record WHERE event_id = ? AND camera = ? LIMIT 1"},
      {&is_open_, "SELECT 1 FROM open_event WHERE camera = ? AND event_id = ?"},
      {&insert_,
       "INSERT INTO record(event_id, camera, class, type, at, told, json)"
       " VALUES(?, ?, ?, ?, ?, ?, ?)"},
      {&insert_time_, "INSERT INTO by_time(at, record, camera, class, type) VALUES(?, ?, ?, ?, ?)"},
      {&line_, "SELECT json, type FROM record WHERE id = ?"},
      {&insert_zone_, "INSERT INTO in_zone(record, zone) VALUES(?, ?)"},
      {&open_, "INSERT OR IGNORE INTO open_event(camera, event_id) VALUES(?, ?)"},
      {&close_, "DELETE FROM open_event WHERE camera = ? AND event_id = ?"},
  };
  for (const auto& [statement, text] : all) {
    auto prepared = database_->Prepare(text);
    if (!prepared) {
      corrupt_ = corrupt_ || database_->misfit();
      return std::unexpected(std::move(prepared.error()));
    }
    *statement = std::move(*prepared);
  }
  return {};
}

Result<std::vector<std::int64_t>> Store::Append(std::span<const RecordPtr> records) {
  const Measure measured(*this);
  if (auto trimmed = Trim(); !trimmed) return std::unexpected(std::move(trimmed.error()));
  auto transaction = Transaction::Begin(*database_);
  if (!transaction) return std::unexpected(std::move(transaction.error()));
  std::vector<std::int64_t> ids;
  ids.reserve(records.size());
  for (const RecordPtr& record : records) {
    const auto id = Insert(*record);
    if (!id) return std::unexpected(id.error());
    ids.push_back(*id);
  }
  if (auto done = transaction->Commit(); !done) return std::unexpected(std::move(done.error()));
  for (const std::int64_t id : ids) newest_ = std::max(newest_, id);
  return ids;
}

Result<std::int64_t> Store::Insert(const Record& record) {
  const auto known = known_.Bind(1, record.event_id).Bind(2, record.camera_id).Step();
  known_.Reset();
  if (!known) return std::unexpected(known.error());
  const auto is_open = is_open_.Bind(1, record.camera_id).Bind(2, record.event_id).Step();
  is_open_.Reset();
  if (!is_open) return std::unexpected(is_open.error());
  const bool begins = record.type == frame::Event::Type::kNew;
  if (*known && (begins || !*is_open)) return 0;
  auto done = insert_.Bind(1, record.event_id)
                  .Bind(2, record.camera_id)
                  .Bind(3, record.class_name)
                  .Bind(4, static_cast<std::int64_t>(record.type))
                  .Bind(5, record.time.count())
                  .Bind(6, Micros(record.told))
                  .Bind(7, record.json)
                  .Run();
  const std::int64_t id = database_->last_row();
  if (done) {
    done = insert_time_.Bind(1, record.time.count())
               .Bind(2, id)
               .Bind(3, record.camera_id)
               .Bind(4, record.class_name)
               .Bind(5, static_cast<std::int64_t>(record.type))
               .Run();
  }
  for (const std::string& zone : record.zones) {
    if (done) done = insert_zone_.Bind(1, id).Bind(2, zone).Run();
  }
  Statement& mark = record.type == frame::Event::Type::kEnd ? close_ : open_;
  if (done) done = mark.Bind(1, record.camera_id).Bind(2, record.event_id).Run();
  if (!done) return std::unexpected(done.error());
  return id;
}

Result<void> Store::Trim() {
  if (auto whole = Check(); !whole) return whole;
  const Measure measured(*this);
  const std::int64_t oldest =
      Micros(clock_.Wall()) - duration_cast<microseconds>(options_.age).count();
  // Numbers and times of coming go up together, but for a clock that is put back: what stands
  // before something that is too old is old, too.
  const std::string too_old = "told < " + Number(oldest);
  for (;;) {
    const auto deleted = DeleteSome(too_old);
    if (!deleted) return std::unexpected(deleted.error());
    if (*deleted < kDeletedAtOnce) break;
  }
  for (;;) {
    const auto too_much = TooMuch();
    if (!too_much) return std::unexpected(too_much.error());
    if (!*too_much) return Shrink();
    const auto deleted = DeleteSome("1");
    if (!deleted) return std::unexpected(deleted.error());
    if (*deleted == 0) return Shrink();
  }
}

Result<bool> Store::TooMuch() {
  const auto pages = database_->Ask("PRAGMA page_count");
  if (!pages) return std::unexpected(pages.error());
  const auto unused = database_->Ask("PRAGMA freelist_count");
  if (!unused) return std::unexpected(unused.error());
  return *pages - *unused > MostPages(options_) - kHeadroomPages;
}

// Of the oldest ones those for which `which` is true, up to the first for which it is not. Returns
// how many.
Result<std::int64_t> Store::DeleteSome(const std::string& which) {
  const std::string oldest =
      "(SELECT id, told FROM record ORDER BY id LIMIT " + Number(kDeletedAtOnce) + ")";
  const auto last = database_->Ask("SELECT coalesce(max(id), 0) FROM " + oldest +
                                   " WHERE id < coalesce((SELECT min(id) FROM " + oldest +
                                   " WHERE NOT (" + which + ")), 9223372036854775807)");
  if (!last) return std::unexpected(last.error());
  if (*last == 0) return 0;
  auto transaction = Transaction::Begin(*database_);
  if (!transaction) return std::unexpected(std::move(transaction.error()));
  // An event of which nothing is left is open no more: there would be nothing to end.
  const std::string gone = " <= " + Number(*last);
  auto done = database_->Run(
      "DELETE FROM open_event WHERE (camera, event_id) IN"
      " (SELECT camera, event_id FROM record WHERE id" +
      gone +
      ") AND NOT EXISTS (SELECT 1 FROM record r WHERE r.event_id = open_event.event_id"
      " AND r.camera = open_event.camera AND r.id > " +
      Number(*last) + ");DELETE FROM in_zone WHERE record" + gone +
      ";DELETE FROM by_time WHERE (at, record) IN (SELECT at, id FROM record WHERE id" + gone +
      ");DELETE FROM record WHERE id" + gone);
  if (!done) return std::unexpected(std::move(done.error()));
  const auto deleted = database_->Ask("SELECT changes()");
  if (!deleted) return std::unexpected(deleted.error());
  if (done = transaction->Commit(); !done) return std::unexpected(std::move(done.error()));
  return *deleted;
}

// Gives pages back to the disk: those beyond the bound, as of a file that was allowed more, and
// those of which there are many.
Result<void> Store::Shrink() {
  constexpr std::int64_t kAtOnce = 256;
  for (;;) {
    const auto pages = database_->Ask("PRAGMA page_count");
    if (!pages) return std::unexpected(pages.error());
    const auto unused = database_->Ask("PRAGMA freelist_count");
    if (!unused) return std::unexpected(unused.error());
    const bool beyond = *pages > MostPages(options_) && *unused > 0;
    if (!beyond && *unused < *pages / 4 + kAtOnce) break;
    auto done = database_->Run("PRAGMA incremental_vacuum(" + Number(kAtOnce) + ")");
    if (!done) return done;
  }
  // The file becomes shorter when its log is written back, which while nothing comes is never.
  if (bytes() > options_.bytes) {
    if (auto done = database_->Run("PRAGMA wal_checkpoint(TRUNCATE)"); !done) return done;
  }
  return database_->Run("PRAGMA max_page_count = " + Number(MostPages(options_)));
}

}  // namespace sampleproc::history
