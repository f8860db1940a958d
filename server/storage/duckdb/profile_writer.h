// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/storage/duckdb/connection.h"
#include "server/storage/duckdb/users.h"
#include "tierwise/v1/event.pb.h"

namespace tierwise::duckdb {

// Appends changes of profiles to their table, within the connection's transaction. Only the writer's thread uses it.
class ProfileWriter {
 public:
  // REQUIRES: `connection` and `users` outlive it.
  static absl::StatusOr<std::unique_ptr<ProfileWriter>> Open(Connection& connection, Users& users);

  absl::Status Append(const std::vector<v1::Profile>& changes, int64_t received_micros);

  // As FactWriter's. A sequence that was given and rolled back is not given again.
  absl::Status Flush() { return appender_ ? appender_->Flush() : absl::OkStatus(); }
  void RolledBack() { appender_.reset(); }

 private:
  ProfileWriter(Connection& connection, Users& users) : connection_(connection), users_(users) {}

  Connection& connection_;
  Users& users_;
  std::optional<Appender> appender_;
  int64_t last_sequence_ = 0;
};

}  // namespace tierwise::duckdb
