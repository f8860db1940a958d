// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/erasure.h"

#include <cstdint>
#include <random>

#include "absl/strings/str_cat.h"
#include "experiments/base/facts.h"
#include "experiments/base/status_macros.h"

namespace tierwise::duckdb {
namespace {

// Runs a DELETE or UPDATE of the rows of one user, and returns how many there were.
absl::StatusOr<int64_t> Change(Connection& connection, absl::string_view sql, uint64_t user) {
  TIERWISE_ASSIGN_OR_RETURN(Statement statement, connection.Prepare(sql));
  statement.BindKey(1, user);
  TIERWISE_ASSIGN_OR_RETURN(Result result, statement.Execute());
  TIERWISE_ASSIGN_OR_RETURN(std::unique_ptr<Chunk> chunk, result.Next());
  return chunk == nullptr ? 0 : chunk->At<int64_t>(0, 0);
}

uint64_t Random() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace

absl::StatusOr<v1::EraseUserResponse> EraseUser(WriteSession& session, const std::string& user_id) {
  const uint64_t user = KeyOf(user_id);
  if (!session.users.Knows(user)) {
    return absl::NotFoundError(absl::StrCat("nothing is known of user \"", user_id, "\""));
  }
  // What the same transaction appended before has to be in the tables.
  TIERWISE_RETURN_IF_ERROR(session.users.Flush());
  TIERWISE_RETURN_IF_ERROR(session.facts.Flush());
  TIERWISE_RETURN_IF_ERROR(session.profiles.Flush());
  Connection& connection = session.connection;
  v1::EraseUserResponse erased;
  TIERWISE_ASSIGN_OR_RETURN(const int64_t versions,
                            Change(connection, "DELETE FROM profiles WHERE user_key = ?", user));
  TIERWISE_ASSIGN_OR_RETURN(const int64_t moves, Change(connection, "DELETE FROM tier_moves WHERE user_key = ?", user));
  TIERWISE_RETURN_IF_ERROR(Change(connection, "DELETE FROM tier_pending WHERE user_key = ?", user).status());
  TIERWISE_RETURN_IF_ERROR(Change(connection, "DELETE FROM users WHERE user_key = ?", user).status());
  const uint64_t new_key = Random();
  TIERWISE_ASSIGN_OR_RETURN(
      const int64_t exposures,
      Change(connection, absl::StrCat("UPDATE exposures SET user_key = ", new_key, ", user_id = '' WHERE user_key = ?"),
             user));
  // The salt is kept nowhere: without it, nobody can tell which event id a key was made of.
  TIERWISE_ASSIGN_OR_RETURN(
      const int64_t events,
      Change(connection,
             absl::StrCat("UPDATE events SET user_key = ", new_key, ", user_id = '', event_id = '', ",
                          "properties_json = NULL, event_key = md5_number_lower(concat(event_key, '/', ", Random(),
                          "::UBIGINT, '/', ", Random(), "::UBIGINT)) WHERE user_key = ?"),
             user));
  if (exposures + events > 0) {
    TIERWISE_RETURN_IF_ERROR(
        connection.Run(absl::StrCat("INSERT INTO anonymous_users VALUES (", new_key, ")").c_str()));
  }
  session.users.Forget(user);
  erased.set_profile_versions_removed(versions);
  erased.set_tier_moves_removed(moves);
  erased.set_exposures_made_anonymous(exposures);
  erased.set_events_made_anonymous(events);
  return erased;
}

}  // namespace tierwise::duckdb
