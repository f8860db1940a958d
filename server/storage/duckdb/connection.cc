// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/connection.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "experiments/base/status_macros.h"

namespace tierwise::duckdb {
namespace {

using OwnedError = Owned<duckdb_error_data, duckdb_destroy_error_data>;
using OwnedConfig = Owned<duckdb_config, duckdb_destroy_config>;
using OwnedPending = Owned<duckdb_pending_result, duckdb_destroy_pending>;
using OwnedType = Owned<duckdb_logical_type, duckdb_destroy_logical_type>;

absl::StatusCode CodeOf(duckdb_error_type type) {
  switch (type) {
    case DUCKDB_ERROR_OUT_OF_MEMORY:
      return absl::StatusCode::kResourceExhausted;
    case DUCKDB_ERROR_IO:
    case DUCKDB_ERROR_TRANSACTION:  // with one writer there are no conflicts: a commit that couldn't be written, e.g. a
                                    // full disk
      return absl::StatusCode::kUnavailable;
    case DUCKDB_ERROR_INTERRUPT:
      return absl::StatusCode::kCancelled;
    case DUCKDB_ERROR_SERIALIZATION:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status ErrorOf(duckdb_error_type type, const char* message) {
  return absl::Status(CodeOf(type), absl::StrCat("DuckDB: ", message == nullptr ? "unknown error" : message));
}

absl::Status ErrorOf(duckdb_result& result) {
  return ErrorOf(duckdb_result_error_type(&result), duckdb_result_error(&result));
}

absl::Status OpenError(const std::string& path, absl::string_view message) {
  if (absl::StrContains(message, "Could not set lock")) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is in use by another process: ", message));
  }
  if (absl::StrContains(message, "version number")) {
    return absl::FailedPreconditionError(absl::StrCat(path, " was written by another version of DuckDB: ", message));
  }
  if (absl::StrContains(message, "Cannot open file") || absl::StrContains(message, "Permission denied")) {
    return absl::FailedPreconditionError(absl::StrCat(path, " can't be opened: ", message));
  }
  return absl::DataLossError(absl::StrCat(path, " can't be read: ", message));
}

}  // namespace

size_t Chunk::size() const { return duckdb_data_chunk_get_size(chunk_.get()); }

absl::string_view Chunk::TextAt(size_t column, size_t row) const {
  auto* text = static_cast<duckdb_string_t*>(duckdb_vector_get_data(VectorOf(column))) + row;
  return {duckdb_string_t_data(text), duckdb_string_t_length(*text)};
}

bool Chunk::IsNull(size_t column, size_t row) const {
  uint64_t* validity = duckdb_vector_get_validity(VectorOf(column));
  return validity != nullptr && !duckdb_validity_row_is_valid(validity, row);
}

void Result::Destroy::operator()(duckdb_result* result) const {
  duckdb_destroy_result(result);
  delete result;
}

Result::Result(duckdb_result result) : result_(new duckdb_result(result)) {}

absl::StatusOr<std::unique_ptr<Chunk>> Result::Next() {
  duckdb_data_chunk chunk = duckdb_fetch_chunk(*result_);
  if (chunk != nullptr) return std::make_unique<Chunk>(chunk);
  const char* message = duckdb_result_error(result_.get());
  if (message != nullptr && *message != '\0') return ErrorOf(*result_);
  return nullptr;
}

Statement& Statement::Bind(size_t parameter, int64_t value) {
  Note(duckdb_bind_int64(statement_.get(), parameter, value));
  return *this;
}

Statement& Statement::BindKey(size_t parameter, uint64_t value) {
  Note(duckdb_bind_uint64(statement_.get(), parameter, value));
  return *this;
}

Statement& Statement::BindText(size_t parameter, absl::string_view value) {
  Note(duckdb_bind_varchar_length(statement_.get(), parameter, value.data(), value.size()));
  return *this;
}

absl::Status Statement::BindStatus() const {
  if (!has_bind_failed_) return absl::OkStatus();
  const char* message = duckdb_prepare_error(statement_.get());
  return absl::InternalError(absl::StrCat("DuckDB: can't bind: ", message == nullptr ? "unknown error" : message));
}

absl::StatusOr<Result> Statement::Execute() {
  TIERWISE_RETURN_IF_ERROR(BindStatus());
  duckdb_result raw;
  duckdb_state state = duckdb_execute_prepared(statement_.get(), &raw);
  Result result(raw);
  if (state == DuckDBError) return ErrorOf(raw);
  return result;
}

absl::StatusOr<Result> Statement::Stream() {
  TIERWISE_RETURN_IF_ERROR(BindStatus());
  duckdb_pending_result raw_pending = nullptr;
  duckdb_state state = duckdb_pending_prepared_streaming(statement_.get(), &raw_pending);
  OwnedPending pending(raw_pending);
  if (state == DuckDBError) return ErrorOf(DUCKDB_ERROR_INTERNAL, duckdb_pending_error(pending.get()));
  duckdb_result raw;
  state = duckdb_execute_pending(pending.get(), &raw);
  Result result(raw);
  if (state == DuckDBError) return ErrorOf(raw);
  return result;
}

absl::Status Connection::Run(const char* sql) {
  duckdb_result raw;
  duckdb_state state = duckdb_query(connection_.get(), sql, &raw);
  Result result(raw);
  return state == DuckDBError ? ErrorOf(raw) : absl::OkStatus();
}

absl::StatusOr<Statement> Connection::Prepare(absl::string_view sql) {
  duckdb_prepared_statement raw = nullptr;
  duckdb_state state = duckdb_prepare(connection_.get(), std::string(sql).c_str(), &raw);
  Statement statement(raw);
  if (state == DuckDBError) return ErrorOf(DUCKDB_ERROR_INTERNAL, duckdb_prepare_error(raw));
  return statement;
}

absl::StatusOr<int64_t> Connection::ReadInteger(absl::string_view sql, int64_t if_null) {
  TIERWISE_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  TIERWISE_ASSIGN_OR_RETURN(Result result, statement.Execute());
  TIERWISE_ASSIGN_OR_RETURN(std::unique_ptr<Chunk> chunk, result.Next());
  if (chunk == nullptr || chunk->IsNull(0, 0)) return if_null;
  return chunk->At<int64_t>(0, 0);
}

absl::StatusOr<Database> Database::Open(const std::string& path, absl::Span<const Setting> settings) {
  duckdb_config raw_config = nullptr;
  duckdb_state state = duckdb_create_config(&raw_config);
  OwnedConfig config(raw_config);
  if (state == DuckDBError) return absl::ResourceExhaustedError("DuckDB: no memory for a configuration");
  for (const Setting& setting : settings) {
    if (duckdb_set_config(config.get(), setting.name, setting.value.c_str()) == DuckDBError) {
      return absl::InternalError(absl::StrCat("DuckDB has no setting ", setting.name, " = ", setting.value));
    }
  }
  duckdb_database raw = nullptr;
  char* message = nullptr;
  if (duckdb_open_ext(path.c_str(), &raw, config.get(), &message) == DuckDBError) {
    absl::Status status = OpenError(path, message == nullptr ? "unknown error" : message);
    duckdb_free(message);
    return status;
  }
  return Database(raw);
}

absl::StatusOr<Connection> Database::Connect() const {
  duckdb_connection raw = nullptr;
  if (duckdb_connect(database_.get(), &raw) == DuckDBError) return absl::InternalError("DuckDB: can't connect");
  return Connection(raw);
}

absl::StatusOr<Appender> Appender::Create(Connection& connection, const char* table) {
  duckdb_appender raw = nullptr;
  duckdb_state state = duckdb_appender_create(connection.handle(), nullptr, table, &raw);
  std::unique_ptr<duckdb_appender, Destroy> appender(raw);
  if (state == DuckDBError) {
    OwnedError error(raw == nullptr ? nullptr : duckdb_appender_error_data(raw));
    return ErrorOf(DUCKDB_ERROR_INTERNAL, error ? duckdb_error_data_message(error.get()) : nullptr);
  }
  std::vector<OwnedType> owned_types;
  std::vector<duckdb_logical_type> types;
  for (idx_t i = 0; i < duckdb_appender_column_count(raw); ++i) {
    types.push_back(owned_types.emplace_back(duckdb_appender_column_type(raw, i)).get());
  }
  duckdb_data_chunk chunk = duckdb_create_data_chunk(types.data(), types.size());
  return Appender(appender.release(), chunk);
}

Appender::Appender(duckdb_appender appender, duckdb_data_chunk chunk) : appender_(appender), chunk_(chunk) {
  StartChunk();
}

void Appender::StartChunk() {
  duckdb_data_chunk_reset(chunk_.get());
  vectors_.clear();
  data_.clear();
  for (idx_t i = 0; i < duckdb_data_chunk_get_column_count(chunk_.get()); ++i) {
    vectors_.push_back(duckdb_data_chunk_get_vector(chunk_.get(), i));
    data_.push_back(duckdb_vector_get_data(vectors_.back()));
  }
  rows_ = 0;
}

absl::Status Appender::BeginRow() {
  if (rows_ == duckdb_vector_size()) TIERWISE_RETURN_IF_ERROR(AppendChunk());
  row_ = rows_++;
  return absl::OkStatus();
}

void Appender::SetText(size_t column, absl::string_view value) {
  duckdb_vector_assign_string_element_len(vectors_[column], row_, value.data(), value.size());
}

void Appender::SetNull(size_t column) {
  duckdb_vector_ensure_validity_writable(vectors_[column]);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vectors_[column]), row_);
}

absl::Status Appender::AppendChunk() {
  duckdb_data_chunk_set_size(chunk_.get(), rows_);
  duckdb_state state = duckdb_append_data_chunk(appender_.get(), chunk_.get());
  StartChunk();
  if (state == DuckDBSuccess) return absl::OkStatus();
  OwnedError error(duckdb_appender_error_data(appender_.get()));
  return ErrorOf(duckdb_error_data_error_type(error.get()), duckdb_error_data_message(error.get()));
}

absl::Status Appender::Flush() {
  if (rows_ > 0) TIERWISE_RETURN_IF_ERROR(AppendChunk());
  if (duckdb_appender_flush(appender_.get()) == DuckDBSuccess) return absl::OkStatus();
  OwnedError error(duckdb_appender_error_data(appender_.get()));
  return ErrorOf(duckdb_error_data_error_type(error.get()), duckdb_error_data_message(error.get()));
}

}  // namespace tierwise::duckdb
