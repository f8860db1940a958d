// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/migrations.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/event.pb.h"

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

// Profiles are changes from here on; those written before are whole. Users of profiles are added by AddUsersOfProfiles.
constexpr char kVersion2[] = R"sql(
ALTER TABLE profiles ADD COLUMN is_whole BOOLEAN DEFAULT true;
CREATE TABLE users (
  user_key UBIGINT NOT NULL,
  user_id VARCHAR NOT NULL,
  first_micros BIGINT NOT NULL
);
INSERT INTO users
  SELECT user_key, any_value(user_id), min(received_micros)
  FROM (SELECT user_key, user_id, received_micros FROM events
        UNION ALL SELECT user_key, user_id, received_micros FROM exposures)
  GROUP BY user_key;
CREATE TABLE anonymous_users (
  user_key UBIGINT NOT NULL
);
CREATE TABLE tier_refreshes (
  id BIGINT NOT NULL,
  state INTEGER NOT NULL,
  tierings VARCHAR NOT NULL,
  as_of_micros BIGINT NOT NULL,
  start_micros BIGINT NOT NULL,
  end_micros BIGINT,
  users BIGINT NOT NULL,
  users_computed BIGINT NOT NULL,
  users_moved BIGINT NOT NULL,
  actor VARCHAR NOT NULL,
  error VARCHAR NOT NULL,
  fingerprint VARCHAR NOT NULL,
  last_sequence BIGINT NOT NULL
);
CREATE TABLE tier_sizes (
  refresh BIGINT NOT NULL,
  tiering UINTEGER NOT NULL,
  revision BIGINT NOT NULL,
  position INTEGER NOT NULL,
  tier UINTEGER NOT NULL,
  users BIGINT NOT NULL
);
CREATE TABLE tier_moves (
  sequence BIGINT NOT NULL,
  refresh BIGINT NOT NULL,
  tiering UINTEGER NOT NULL,
  user_key UBIGINT NOT NULL,
  from_tier UINTEGER,
  to_tier UINTEGER NOT NULL,
  time_micros BIGINT NOT NULL
);
CREATE TABLE tier_pending (
  tiering UINTEGER NOT NULL,
  user_key UBIGINT NOT NULL,
  tier UINTEGER NOT NULL,
  confirmations INTEGER NOT NULL
);
)sql";

// Profiles that were written before there were users hold the user's id inside.
absl::Status AddUsersOfProfiles(Connection& connection) {
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT p.user_key, any_value(p.profile), min(p.received_micros) FROM profiles p "
                         "ANTI JOIN users u USING (user_key) GROUP BY p.user_key"));
  TIERWISE_ASSIGN_OR_RETURN(Result result, statement.Execute());
  TIERWISE_ASSIGN_OR_RETURN(Appender appender, Appender::Create(connection, "users"));
  for (;;) {
    TIERWISE_ASSIGN_OR_RETURN(std::unique_ptr<Chunk> chunk, result.Next());
    if (chunk == nullptr) return appender.Flush();
    for (size_t row = 0; row < chunk->size(); ++row) {
      v1::Profile profile;
      const absl::string_view bytes = chunk->TextAt(1, row);
      if (!profile.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return absl::DataLossError("a stored profile can't be read");
      }
      TIERWISE_RETURN_IF_ERROR(appender.BeginRow());
      appender.Set<uint64_t>(0, chunk->At<uint64_t>(0, row));
      appender.SetText(1, profile.user_id());
      appender.Set<int64_t>(2, chunk->At<int64_t>(2, row));
    }
  }
}

constexpr Migration kMigrations[] = {{1, kVersion1}, {2, kVersion2, AddUsersOfProfiles}};

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
  if (migration.then != nullptr) TIERWISE_RETURN_IF_ERROR(migration.then(connection));
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
