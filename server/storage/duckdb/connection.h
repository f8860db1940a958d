// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <duckdb.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

// DuckDB's C API with owners for its handles and absl::Status for its errors. Nothing above this knows the C API.

namespace tierwise::duckdb {

template <typename Handle, void (*kDestroy)(Handle*)>
struct HandleDeleter {
  using pointer = Handle;
  void operator()(Handle handle) const { kDestroy(&handle); }
};
template <typename Handle, void (*kDestroy)(Handle*)>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, HandleDeleter<Handle, kDestroy>>;

// A run of rows of a result: at most 2,048 of them, in columns.
class Chunk {
 public:
  explicit Chunk(duckdb_data_chunk chunk) : chunk_(chunk) {}

  size_t size() const;

  // The values of a column whose DuckDB type has the layout of T; those of NULLs are arbitrary.
  template <typename T>
  absl::Span<const T> Column(size_t column) const {
    return absl::MakeConstSpan(static_cast<const T*>(duckdb_vector_get_data(VectorOf(column))), size());
  }
  template <typename T>
  T At(size_t column, size_t row) const {
    return Column<T>(column)[row];
  }
  // Of a VARCHAR or BLOB column; valid as long as the chunk.
  absl::string_view TextAt(size_t column, size_t row) const;
  bool IsNull(size_t column, size_t row) const;

 private:
  duckdb_vector VectorOf(size_t column) const { return duckdb_data_chunk_get_vector(chunk_.get(), column); }

  Owned<duckdb_data_chunk, duckdb_destroy_data_chunk> chunk_;
};

// The rows that a statement returned. Not thread-safe.
class Result {
 public:
  explicit Result(duckdb_result result);
  Result(Result&&) = default;
  Result& operator=(Result&&) = default;

  // The next run of rows; null after the last. The error of a streamed statement appears here.
  absl::StatusOr<std::unique_ptr<Chunk>> Next();

 private:
  struct Destroy {
    void operator()(duckdb_result* result) const;
  };
  std::unique_ptr<duckdb_result, Destroy> result_;
};

// A prepared statement. Parameters count from 1. Not thread-safe.
class Statement {
 public:
  explicit Statement(duckdb_prepared_statement statement) : statement_(statement) {}

  Statement& Bind(size_t parameter, int64_t value);
  Statement& BindKey(size_t parameter, uint64_t value);
  Statement& BindText(size_t parameter, absl::string_view value);

  // Runs it to the end and keeps all rows in memory. A bind that failed shows here.
  absl::StatusOr<Result> Execute();
  // Runs it while its rows are fetched, so that few are in memory at any time.
  absl::StatusOr<Result> Stream();

 private:
  void Note(duckdb_state state) { has_bind_failed_ |= state == DuckDBError; }
  absl::Status BindStatus() const;

  Owned<duckdb_prepared_statement, duckdb_destroy_prepare> statement_;
  bool has_bind_failed_ = false;
};

// Runs a statement and calls `consume` with each run of its rows.
template <typename Consume>
absl::Status ForEachChunk(Statement& statement, Consume consume) {
  absl::StatusOr<Result> result = statement.Stream();
  if (!result.ok()) return result.status();
  for (;;) {
    absl::StatusOr<std::unique_ptr<Chunk>> chunk = result->Next();
    if (!chunk.ok()) return chunk.status();
    if (*chunk == nullptr) return absl::OkStatus();
    consume(**chunk);
  }
}

// One session of a database, with at most one transaction at a time. Not thread-safe; each thread uses its own.
class Connection {
 public:
  explicit Connection(duckdb_connection connection) : connection_(connection) {}

  // Runs one or more statements and drops their rows.
  absl::Status Run(const char* sql);
  absl::StatusOr<Statement> Prepare(absl::string_view sql);
  // The single integer that `sql` returns; `if_null` where it returns NULL.
  absl::StatusOr<int64_t> ReadInteger(absl::string_view sql, int64_t if_null);

  duckdb_connection handle() const { return connection_.get(); }

 private:
  Owned<duckdb_connection, duckdb_disconnect> connection_;
};

// Runs `body` in a transaction: committed if it returns OK, otherwise rolled back.
template <typename Body>
absl::Status InTransaction(Connection& connection, Body body) {
  absl::Status status = connection.Run("BEGIN");
  if (status.ok()) status = body();
  if (status.ok()) status = connection.Run("COMMIT");
  if (!status.ok()) connection.Run("ROLLBACK").IgnoreError();
  return status;
}

// One name and value of DuckDB's configuration.
struct Setting {
  const char* name;
  std::string value;
};

// An open database file. Thread-safe.
class Database {
 public:
  // FailedPrecondition if another process has the file, if a newer DuckDB wrote it or if it can't be opened or created;
  // DataLoss if it is damaged or not a database.
  static absl::StatusOr<Database> Open(const std::string& path, absl::Span<const Setting> settings);

  absl::StatusOr<Connection> Connect() const;

 private:
  explicit Database(duckdb_database database) : database_(database) {}

  Owned<duckdb_database, duckdb_close> database_;
};

// Appends rows to a table, many at a time and without SQL. Rows are in the table after Flush, within the connection's
// transaction. After an error only Discard helps. Not thread-safe.
class Appender {
 public:
  // REQUIRES: `connection` outlives it.
  static absl::StatusOr<Appender> Create(Connection& connection, const char* table);

  // Starts a row, all of whose columns are then to be set.
  absl::Status BeginRow();
  // REQUIRES: T has the layout of the column's type.
  template <typename T>
  void Set(size_t column, T value) {
    static_cast<T*>(data_[column])[row_] = value;
  }
  void SetText(size_t column, absl::string_view value);
  void SetNull(size_t column);

  absl::Status Flush();

 private:
  Appender(duckdb_appender appender, duckdb_data_chunk chunk);

  absl::Status AppendChunk();
  void StartChunk();

  struct Destroy {
    using pointer = duckdb_appender;
    void operator()(duckdb_appender appender) const { duckdb_appender_destroy(&appender); }
  };
  std::unique_ptr<duckdb_appender, Destroy> appender_;
  Owned<duckdb_data_chunk, duckdb_destroy_data_chunk> chunk_;
  std::vector<duckdb_vector> vectors_;
  std::vector<void*> data_;
  size_t row_ = 0;   // the one being set
  size_t rows_ = 0;  // begun in this chunk
};

}  // namespace tierwise::duckdb
