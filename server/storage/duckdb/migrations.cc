// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/migrations.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/base/status_macros.h"

namespace tierwise::duckdb {
namespace {

constexpr char kVersion1[] = R"sql(
CREATE TABLE catalog_versions (
  version BIGINT NOT NULL,
  time_micros BIGINT NOT NULL,
  actor VARCHAR NOT NULL
);
CREATE TABLE catalog_revisions (
  version BIGINT NOT NULL,
  position INTEGER NOT NULL,
  name VARCHAR NOT NULL,
  revision BIGINT NOT NULL,
  verb INTEGER NOT NULL,
  transition VARCHAR NOT NULL,
  definition BLOB
);
CREATE TABLE names (
  code UINTEGER NOT NULL,
  name VARCHAR NOT NULL
);
CREATE TABLE exposures (
  user_key UBIGINT NOT NULL,
  time_micros BIGINT NOT NULL,
  campaign UINTEGER NOT NULL,
  variant UINTEGER NOT NULL,
  tier UINTEGER NOT NULL,
  phase UINTEGER NOT NULL,
  forced BOOLEAN NOT NULL,
  propensity DOUBLE NOT NULL,
  received_micros BIGINT NOT NULL,
  user_id VARCHAR NOT NULL
);
CREATE TABLE events (
  user_key UBIGINT NOT NULL,
  time_micros BIGINT NOT NULL,
  name UINTEGER NOT NULL,
  event_key UBIGINT NOT NULL,
  value DOUBLE,
  received_micros BIGINT NOT NULL,
  user_id VARCHAR NOT NULL,
  event_id VARCHAR NOT NULL,
  properties_json VARCHAR
);
CREATE TABLE profiles (
  sequence BIGINT NOT NULL,
  user_key UBIGINT NOT NULL,
  received_micros BIGINT NOT NULL,
  profile BLOB NOT NULL
);
)sql";

constexpr Migration kMigrations[] = {{1, kVersion1}};

absl::StatusOr<int64_t> CurrentVersion(Connection& connection) {
  TIERWISE_ASSIGN_OR_RETURN(
      int64_t has_versions,
      connection.ReadInteger("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'schema_versions'", 0));
  if (has_versions > 0) return connection.ReadInteger("SELECT max(version)::BIGINT FROM schema_versions", 0);
  TIERWISE_ASSIGN_OR_RETURN(int64_t tables, connection.ReadInteger("SELECT count(*) FROM duckdb_tables()", 0));
  if (tables > 0) return absl::FailedPreconditionError("the file is a DuckDB database, but not a store of Tierwise");
  TIERWISE_RETURN_IF_ERROR(
      connection.Run("CREATE TABLE schema_versions (version INTEGER NOT NULL, applied_micros BIGINT NOT NULL)"));
  return 0;
}

absl::Status Apply(Connection& connection, const Migration& migration) {
  TIERWISE_RETURN_IF_ERROR(connection.Run(migration.sql));
  return connection.Run(
      absl::StrCat("INSERT INTO schema_versions VALUES (", migration.version, ", epoch_us(now()))").c_str());
}

}  // namespace

absl::Span<const Migration> StoreMigrations() { return kMigrations; }

absl::Status Migrate(Connection& connection, absl::Span<const Migration> migrations) {
  TIERWISE_ASSIGN_OR_RETURN(int64_t current, CurrentVersion(connection));
  if (current > static_cast<int64_t>(migrations.size())) {
    return absl::FailedPreconditionError(absl::StrCat("the file has schema version ", current,
                                                      ", written by a newer Tierwise; this one knows versions up to ",
                                                      migrations.size()));
  }
  for (const Migration& migration : migrations.subspan(static_cast<size_t>(current))) {
    TIERWISE_RETURN_IF_ERROR(InTransaction(connection, [&] { return Apply(connection, migration); }));
  }
  return absl::OkStatus();
}

}  // namespace tierwise::duckdb
