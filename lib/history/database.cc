#include "history/database.h"

#include <sqlite3.h>

#include <cstring>

namespace sampleproc::history {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

// Another process may hold the file for a moment, before we do; who holds it longer is told of.
constexpr int kBusyMs = 250;

// Of the virtual machine's steps: some 20 us.
constexpr int kStepsBetweenAsking = 2000;

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement& Statement::Bind(int number, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), number, value);
  return *this;
}

Statement& Statement::Bind(int number, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), number, text.data(), text.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
  return *this;
}

Result<bool> Statement::Step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  auto failure = database_->Failure();
  Reset();
  return failure;
}

Result<void> Statement::Run() {
  for (;;) {
    const Result<bool> more = Step();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
  }
  Reset();
  return {};
}

void Statement::Reset() { sqlite3_reset(statement_.get()); }

std::int64_t Statement::Int(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::Text(int column) const {
  const auto* text = sqlite3_column_text(statement_.get(), column);
  const auto bytes = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text), bytes);
}

Result<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  std::unique_ptr<Database> database(new Database(path));
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (sqlite3_open_v2(path.c_str(), &database->handle_, kFlags, nullptr) != SQLITE_OK) {
    return database->Failure();
  }
  sqlite3_busy_timeout(database->handle_, kBusyMs);
  sqlite3_db_config(database->handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return database;
}

Database::~Database() { sqlite3_close_v2(handle_); }

std::unexpected<base::Error> Database::Failure() {
  if (handle_ == nullptr) {
    broken_ = true;
    return Fail(ErrorCode::kIo, path_ + ": no memory to open it");
  }
  const int code = sqlite3_errcode(handle_) & 0xff;
  if (code == SQLITE_INTERRUPT) {
    return Fail(ErrorCode::kDeadline, "the history took too long to be searched");
  }
  corrupt_ = corrupt_ || code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
  misfit_ = code == SQLITE_ERROR;
  broken_ = code == SQLITE_IOERR || code == SQLITE_CORRUPT || code == SQLITE_NOTADB ||
            code == SQLITE_CANTOPEN || code == SQLITE_READONLY || code == SQLITE_SCHEMA;
  trouble_ = path_ + ": " + sqlite3_errmsg(handle_);
  const int cause = sqlite3_system_errno(handle_);
  if (cause != 0 && (code == SQLITE_IOERR || code == SQLITE_CANTOPEN)) {
    trouble_.append(" (").append(std::strerror(cause)).append(")");
  }
  return Fail(ErrorCode::kIo, trouble_);
}

Result<void> Database::Run(const std::string& statements) {
  if (sqlite3_exec(handle_, statements.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return Failure();
  }
  return {};
}

Result<Statement> Database::Prepare(std::string_view statement) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v3(handle_, statement.data(), static_cast<int>(statement.size()), 0,
                         &prepared, nullptr) != SQLITE_OK) {
    return Failure();
  }
  return Statement(*this, prepared);
}

Result<std::int64_t> Database::Ask(std::string_view statement) {
  auto prepared = Prepare(statement);
  if (!prepared) return std::unexpected(prepared.error());
  const auto row = prepared->Step();
  if (!row) return std::unexpected(row.error());
  return *row ? prepared->Int(0) : 0;
}

std::int64_t Database::last_row() const { return sqlite3_last_insert_rowid(handle_); }

void Database::KeepLog() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void Database::InterruptWhen(std::function<bool()> over) {
  over_ = std::move(over);
  if (!over_) return sqlite3_progress_handler(handle_, 0, nullptr, nullptr);
  sqlite3_progress_handler(
      handle_, kStepsBetweenAsking,
      [](void* self) { return static_cast<Database*>(self)->over_() ? 1 : 0; }, this);
}

Result<Transaction> Transaction::Begin(Database& database) {
  if (auto begun = database.Run("BEGIN IMMEDIATE"); !begun) {
    return std::unexpected(std::move(begun.error()));
  }
  return Transaction(database);
}

// Where SQLite has undone it already there is nothing to undo, which is no failure of ours.
Transaction::~Transaction() {
  if (database_ == nullptr) return;
  sqlite3_exec(database_->handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<void> Transaction::Commit() {
  auto done = database_->Run("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

}  // namespace sampleproc::history
