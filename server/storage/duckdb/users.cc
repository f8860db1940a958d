// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/users.h"

#include "experiments/base/status_macros.h"

namespace tierwise::duckdb {

absl::StatusOr<std::unique_ptr<Users>> Users::Load(Connection& connection) {
  std::unique_ptr<Users> users(new Users(connection));
  TIERWISE_ASSIGN_OR_RETURN(const int64_t count, connection.ReadInteger("SELECT count(*) FROM users", 0));
  users->keys_.reserve(static_cast<size_t>(count));
  TIERWISE_ASSIGN_OR_RETURN(Statement statement, connection.Prepare("SELECT user_key FROM users"));
  TIERWISE_RETURN_IF_ERROR(ForEachChunk(statement, [&](const Chunk& chunk) {
    for (const uint64_t key : chunk.Column<uint64_t>(0)) users->keys_.insert(key);
  }));
  return users;
}

absl::Status Users::Append(uint64_t key, absl::string_view user_id, int64_t received_micros) {
  uncommitted_.push_back({key, true});
  if (!appender_) {
    TIERWISE_ASSIGN_OR_RETURN(appender_, Appender::Create(connection_, "users"));
  }
  TIERWISE_RETURN_IF_ERROR(appender_->BeginRow());
  appender_->Set<uint64_t>(0, key);
  appender_->SetText(1, user_id);
  appender_->Set<int64_t>(2, received_micros);
  return absl::OkStatus();
}

void Users::Forget(uint64_t key) {
  if (keys_.erase(key) > 0) uncommitted_.push_back({key, false});
}

absl::Status Users::Flush() { return appender_ ? appender_->Flush() : absl::OkStatus(); }

void Users::RolledBack() {
  appender_.reset();
  for (auto change = uncommitted_.rbegin(); change != uncommitted_.rend(); ++change) {
    if (change->is_new) {
      keys_.erase(change->key);
    } else {
      keys_.insert(change->key);
    }
  }
  uncommitted_.clear();
}

}  // namespace tierwise::duckdb
