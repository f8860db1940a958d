// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/profile_table.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/base/facts.h"
#include "experiments/base/status_macros.h"

namespace tierwise::duckdb {
namespace {

void MergeAttributes(const v1::Profile& change, v1::Profile& profile) {
  auto& attributes = *profile.mutable_attributes();
  absl::flat_hash_map<std::string, int> index_of;
  for (int i = 0; i < attributes.size(); ++i) index_of.emplace(attributes[i].attribute(), i);
  for (const v1::AttributeValue& value : change.attributes()) {
    auto [found, is_new] = index_of.try_emplace(value.attribute(), attributes.size());
    if (is_new) attributes.Add();
    attributes[found->second] = value;
  }
  // A value that is unset forgets the attribute.
  auto is_unset = [](const v1::AttributeValue& value) {
    return value.value_case() == v1::AttributeValue::VALUE_NOT_SET;
  };
  attributes.erase(std::remove_if(attributes.begin(), attributes.end(), is_unset), attributes.end());
}

absl::StatusOr<v1::Profile> Parse(const std::string& bytes, absl::string_view user_id) {
  v1::Profile profile;
  if (profile.ParseFromString(bytes)) return profile;
  return absl::DataLossError(absl::StrCat("the stored profile of ", user_id, " can't be read"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ProfileTable>> ProfileTable::Load(Connection& connection) {
  std::unique_ptr<ProfileTable> table(new ProfileTable(connection));
  TIERWISE_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare("SELECT user_key, sequence, profile FROM profiles"));
  TIERWISE_ASSIGN_OR_RETURN(Result result, statement.Stream());
  for (;;) {
    TIERWISE_ASSIGN_OR_RETURN(std::unique_ptr<Chunk> chunk, result.Next());
    if (chunk == nullptr) return table;
    for (size_t row = 0; row < chunk->size(); ++row) {
      const auto sequence = chunk->At<int64_t>(1, row);
      table->last_sequence_ = std::max(table->last_sequence_, sequence);
      Version& version = table->latest_[chunk->At<uint64_t>(0, row)];
      if (sequence > version.sequence) version = {sequence, std::string(chunk->TextAt(2, row))};
    }
  }
}

absl::Status ProfileTable::Merge(const std::vector<v1::Profile>& changes, absl::Time received) {
  for (const v1::Profile& change : changes) {
    const uint64_t key = KeyOf(change.user_id());
    auto [uncommitted, is_first] = uncommitted_.try_emplace(key);
    Version& version = uncommitted->second;
    if (auto latest = latest_.find(key); is_first && latest != latest_.end()) version = latest->second;
    TIERWISE_ASSIGN_OR_RETURN(v1::Profile profile, Parse(version.profile, change.user_id()));
    if (profile.user_id() != change.user_id()) profile.Clear();
    profile.set_user_id(change.user_id());
    MergeAttributes(change, profile);
    version = {++last_sequence_, profile.SerializeAsString()};
    TIERWISE_RETURN_IF_ERROR(AppendVersion(key, version, received));
  }
  return absl::OkStatus();
}

absl::Status ProfileTable::AppendVersion(uint64_t user_key, const Version& version, absl::Time received) {
  if (!appender_) {
    TIERWISE_ASSIGN_OR_RETURN(appender_, Appender::Create(connection_, "profiles"));
  }
  TIERWISE_RETURN_IF_ERROR(appender_->BeginRow());
  appender_->Set<int64_t>(0, version.sequence);
  appender_->Set<uint64_t>(1, user_key);
  appender_->Set<int64_t>(2, absl::ToUnixMicros(received));
  appender_->SetText(3, version.profile);
  return absl::OkStatus();
}

absl::Status ProfileTable::Flush() { return uncommitted_.empty() ? absl::OkStatus() : appender_->Flush(); }

void ProfileTable::Committed() {
  if (uncommitted_.empty()) return;
  std::unique_lock lock(mutex_);
  for (auto& [key, version] : uncommitted_) latest_[key] = std::move(version);
  uncommitted_.clear();
}

void ProfileTable::RolledBack() {
  appender_.reset();
  uncommitted_.clear();
}

absl::StatusOr<std::vector<std::optional<v1::Profile>>> ProfileTable::Get(
    absl::Span<const std::string> user_ids) const {
  std::vector<std::string> stored(user_ids.size());
  {
    std::shared_lock lock(mutex_);
    for (size_t i = 0; i < user_ids.size(); ++i) {
      if (auto latest = latest_.find(KeyOf(user_ids[i])); latest != latest_.end()) stored[i] = latest->second.profile;
    }
  }
  std::vector<std::optional<v1::Profile>> profiles(user_ids.size());
  for (size_t i = 0; i < user_ids.size(); ++i) {
    if (stored[i].empty()) continue;
    TIERWISE_ASSIGN_OR_RETURN(v1::Profile profile, Parse(stored[i], user_ids[i]));
    if (profile.user_id() == user_ids[i]) profiles[i] = std::move(profile);
  }
  return profiles;
}

}  // namespace tierwise::duckdb
