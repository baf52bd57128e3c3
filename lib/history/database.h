// One connection to a database of SQLite: the only file that knows the library.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sampleproc::history {

class Database;

// A prepared statement. Used as its database is, and not beyond its life.
class Statement {
 public:
  Statement() = default;

  // The parameter of that number, from 1 on. The text must live until the statement is reset.
  Statement& Bind(int number, std::int64_t value);
  Statement& Bind(int number, std::string_view text);

  // Goes to the next row; false when there is none.
  base::Result<bool> Step();
  // Runs to its end and makes it ready for other parameters.
  base::Result<void> Run();
  void Reset();

  // Of the row, from 0 on.
  std::int64_t Int(int column) const;
  std::string Text(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(Database& database, sqlite3_stmt* statement)
      : database_(&database), statement_(statement) {}

  Database* database_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// Used by one thread at a time. What fails is kIo, with SQLite's words for it, or kDeadline where
// the statement was interrupted.
class Database {
 public:
  // Opens the file, which must be there.
  static base::Result<std::unique_ptr<Database>> Open(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  base::Result<void> Run(const std::string& statements);
  base::Result<Statement> Prepare(std::string_view statement);
  // The number that a statement answers with: a PRAGMA's.
  base::Result<std::int64_t> Ask(std::string_view statement);
  std::int64_t last_row() const;

  // Statements that begin from now on are interrupted when it says so; it is asked every few
  // thousand steps. Null ends that.
  void InterruptWhen(std::function<bool()> over);

  // Its destruction leaves the log as it is, instead of writing it back.
  void KeepLog();

  // Whether some failure was that the file is damaged, or no database at all.
  bool corrupt() const { return corrupt_; }
  // Whether the last failure was that a statement does not fit the tables there are.
  bool misfit() const { return misfit_; }

  // Whether the connection is of no use after the last failure: its file is damaged, of another
  // kind, gone, or cannot be read.
  bool broken() const { return broken_; }
  const std::string& trouble() const { return trouble_; }  // what the last failure was

 private:
  friend class Statement;
  friend class Transaction;
  explicit Database(std::string path) : path_(std::move(path)) {}
  std::unexpected<base::Error> Failure();

  const std::string path_;
  sqlite3* handle_ = nullptr;
  std::function<bool()> over_;
  bool broken_ = false;
  bool corrupt_ = false;
  bool misfit_ = false;
  std::string trouble_;
};

// Undoes what was done since it began unless that was committed.
class Transaction {
 public:
  static base::Result<Transaction> Begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  base::Result<void> Commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace sampleproc::history
