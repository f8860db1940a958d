// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/profile_store.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiments/base/facts.h"
#include "experiments/base/status_macros.h"
#include "server/storage/duckdb/erasure.h"

namespace tierwise::duckdb {
namespace {

// Profiles are read in runs of so many, so that few are sorted at a time.
constexpr int64_t kRunSize = 500'000;

absl::StatusOr<ProfileChange> ChangeAt(const Chunk& chunk, size_t row) {
  ProfileChange change;
  const absl::string_view bytes = chunk.TextAt(0, row);
  if (!change.profile.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("a stored profile can't be read");
  }
  change.is_whole = chunk.At<bool>(1, row);
  change.received = absl::FromUnixMicros(chunk.At<int64_t>(2, row));
  return change;
}

absl::Status ForEachChange(Statement& statement, absl::FunctionRef<void(const ProfileChange&)> consume) {
  absl::Status first_error = absl::OkStatus();
  TIERWISE_RETURN_IF_ERROR(ForEachChunk(statement, [&](const Chunk& chunk) {
    for (size_t row = 0; row < chunk.size() && first_error.ok(); ++row) {
      auto change = ChangeAt(chunk, row);
      if (change.ok()) {
        consume(*change);
      } else {
        first_error = change.status();
      }
    }
  }));
  return first_error;
}

}  // namespace

absl::Status DuckDbProfileStore::Upsert(const std::vector<v1::Profile>& profiles, absl::Time received,
                                        absl::FunctionRef<void()> committed) {
  if (profiles.empty()) return absl::OkStatus();
  return engine_->Write(static_cast<int64_t>(profiles.size()), [&](WriteSession& session) {
    session.committed.push_back(committed);
    return session.profiles.Append(profiles, session.facts.ReceivedMicros(received));
  });
}

absl::Status DuckDbProfileStore::ScanChanges(absl::FunctionRef<void(const ProfileChange&)> consume) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(const int64_t last, connection.ReadInteger("SELECT max(sequence) FROM profiles", 0));
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement, connection.Prepare("SELECT profile, coalesce(is_whole, true), received_micros FROM profiles "
                                              "WHERE sequence > ? AND sequence <= ? ORDER BY sequence"));
  for (int64_t begin = 0; begin < last; begin += kRunSize) {
    statement.Bind(1, begin).Bind(2, std::min(begin + kRunSize, last));
    TIERWISE_RETURN_IF_ERROR(ForEachChange(statement, consume));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ProfileChange>> DuckDbProfileStore::ChangesOf(const std::string& user_id, absl::Time as_of) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement, connection.Prepare("SELECT profile, coalesce(is_whole, true), received_micros FROM profiles "
                                              "WHERE user_key = ? AND received_micros <= ? ORDER BY sequence"));
  statement.BindKey(1, KeyOf(user_id)).Bind(2, absl::ToUnixMicros(as_of));
  std::vector<ProfileChange> changes;
  TIERWISE_RETURN_IF_ERROR(ForEachChange(statement, [&](const ProfileChange& change) { changes.push_back(change); }));
  return changes;
}

absl::Status DuckDbProfileStore::ScanUsers(absl::Time after, absl::Time as_of,
                                           absl::FunctionRef<void(absl::Span<const uint64_t>)> consume) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_RETURN_IF_ERROR(engine_->RunBetween([&](WriteSession& session) {
    session.facts.CloseAsOf(as_of);
    return OpenSnapshot(connection);
  }));
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT user_key FROM users WHERE first_micros > ? AND first_micros <= ?"));
  statement.Bind(1, absl::ToUnixMicros(after)).Bind(2, absl::ToUnixMicros(as_of));
  return ForEachChunk(statement, [&](const Chunk& chunk) { consume(chunk.Column<uint64_t>(0)); });
}

absl::StatusOr<absl::flat_hash_set<uint64_t>> DuckDbProfileStore::AnonymousUsers() {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(Statement statement, connection.Prepare("SELECT user_key FROM anonymous_users"));
  absl::flat_hash_set<uint64_t> keys;
  TIERWISE_RETURN_IF_ERROR(ForEachChunk(statement, [&](const Chunk& chunk) {
    for (const uint64_t key : chunk.Column<uint64_t>(0)) keys.insert(key);
  }));
  return keys;
}

absl::StatusOr<std::vector<std::string>> DuckDbProfileStore::UserIdsOf(absl::Span<const uint64_t> user_keys) {
  std::vector<std::string> ids(user_keys.size());
  if (user_keys.empty()) return ids;
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare(absl::StrCat("SELECT user_key, user_id FROM users WHERE user_key IN (",
                                                            absl::StrJoin(user_keys, ","), ")")));
  absl::flat_hash_map<uint64_t, std::string> found;
  TIERWISE_RETURN_IF_ERROR(ForEachChunk(statement, [&](const Chunk& chunk) {
    for (size_t row = 0; row < chunk.size(); ++row) {
      found.emplace(chunk.At<uint64_t>(0, row), std::string(chunk.TextAt(1, row)));
    }
  }));
  for (size_t i = 0; i < ids.size(); ++i) {
    if (const auto id = found.find(user_keys[i]); id != found.end()) ids[i] = id->second;
  }
  return ids;
}

absl::StatusOr<v1::EraseUserResponse> DuckDbProfileStore::Erase(const std::string& user_id,
                                                                absl::FunctionRef<void()> committed) {
  v1::EraseUserResponse erased;
  TIERWISE_RETURN_IF_ERROR(engine_->Write(1, [&](WriteSession& session) -> absl::Status {
    TIERWISE_ASSIGN_OR_RETURN(erased, EraseUser(session, user_id));
    session.committed.push_back(committed);
    return absl::OkStatus();
  }));
  // What was deleted is out of the write-ahead log once that is moved into the tables.
  TIERWISE_RETURN_IF_ERROR(engine_->Checkpoint());
  return erased;
}

}  // namespace tierwise::duckdb
