// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/profile_store.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "experiments/base/status_macros.h"
#include "experiments/evidence/facts.h"

namespace tierwise::duckdb {
namespace {

using ProfilesByKey = absl::flat_hash_map<uint64_t, v1::Profile>;

// The latest profile of each user of `keys` that has one. REQUIRES: there are keys.
absl::StatusOr<ProfilesByKey> ReadLatest(Connection& connection, absl::Span<const uint64_t> keys) {
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT user_key, profile FROM profiles WHERE sequence IN (SELECT max(sequence) FROM profiles "
                         "WHERE user_key IN (SELECT unnest(?::UBIGINT[])) GROUP BY user_key)"));
  TIERWISE_ASSIGN_OR_RETURN(Result result, statement.BindList(1, keys).Execute());
  ProfilesByKey profiles;
  for (;;) {
    TIERWISE_ASSIGN_OR_RETURN(std::unique_ptr<Chunk> chunk, result.Next());
    if (chunk == nullptr) return profiles;
    for (size_t row = 0; row < chunk->size(); ++row) {
      const absl::string_view bytes = chunk->TextAt(1, row);
      if (!profiles[chunk->At<uint64_t>(0, row)].ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return absl::DataLossError("a stored profile can't be read");
      }
    }
  }
}

void Merge(const v1::Profile& change, v1::Profile& profile) {
  auto& attributes = *profile.mutable_attributes();
  absl::flat_hash_map<std::string, int> index_of;
  for (int i = 0; i < attributes.size(); ++i) index_of.emplace(attributes[i].attribute(), i);
  for (const v1::AttributeValue& value : change.attributes()) {
    auto [found, is_new] = index_of.try_emplace(value.attribute(), attributes.size());
    if (is_new) attributes.Add();
    attributes[found->second] = value;
  }
  // A value that is unset forgets the attribute.
  for (int i = attributes.size() - 1; i >= 0; --i) {
    if (attributes[i].value_case() == v1::AttributeValue::VALUE_NOT_SET) attributes.DeleteSubrange(i, 1);
  }
}

std::vector<uint64_t> KeysOf(const std::vector<v1::Profile>& profiles) {
  std::vector<uint64_t> keys;
  keys.reserve(profiles.size());
  for (const v1::Profile& profile : profiles) keys.push_back(KeyOf(profile.user_id()));
  return keys;
}

absl::Status MergeIntoStored(WriteSession& session, const std::vector<v1::Profile>& changes, absl::Time received) {
  const std::vector<uint64_t> keys = KeysOf(changes);
  TIERWISE_ASSIGN_OR_RETURN(ProfilesByKey profiles, ReadLatest(session.connection, keys));
  for (size_t i = 0; i < changes.size(); ++i) {
    v1::Profile& profile = profiles[keys[i]];
    // Of two users with one key, the one written last is kept.
    if (profile.user_id() != changes[i].user_id()) profile.Clear();
    profile.set_user_id(changes[i].user_id());
    Merge(changes[i], profile);
  }
  TIERWISE_ASSIGN_OR_RETURN(int64_t sequence, session.connection.ReadInteger("SELECT max(sequence) FROM profiles", 0));
  TIERWISE_ASSIGN_OR_RETURN(Appender appender, Appender::Create(session.connection, "profiles"));
  for (const auto& [key, profile] : profiles) {
    TIERWISE_RETURN_IF_ERROR(appender.BeginRow());
    appender.Set<int64_t>(0, ++sequence);
    appender.Set<uint64_t>(1, key);
    appender.Set<int64_t>(2, absl::ToUnixMicros(received));
    appender.SetText(3, profile.SerializeAsString());
  }
  return appender.Flush();
}

}  // namespace

absl::Status DuckDbProfileStore::Upsert(const std::vector<v1::Profile>& profiles, absl::Time received) {
  if (profiles.empty()) return absl::OkStatus();
  return engine_->Write(static_cast<int64_t>(profiles.size()),
                        [&](WriteSession& session) { return MergeIntoStored(session, profiles, received); });
}

absl::StatusOr<std::vector<std::optional<v1::Profile>>> DuckDbProfileStore::Get(
    absl::Span<const std::string> user_ids) {
  std::vector<std::optional<v1::Profile>> found(user_ids.size());
  if (user_ids.empty()) return found;
  std::vector<uint64_t> keys;
  keys.reserve(user_ids.size());
  for (const std::string& user_id : user_ids) keys.push_back(KeyOf(user_id));
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(ProfilesByKey profiles, ReadLatest(connection, keys));
  for (size_t i = 0; i < user_ids.size(); ++i) {
    auto profile = profiles.find(keys[i]);
    if (profile != profiles.end() && profile->second.user_id() == user_ids[i]) found[i] = profile->second;
  }
  return found;
}

}  // namespace tierwise::duckdb
