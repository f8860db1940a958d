// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/storage/duckdb/connection.h"
#include "server/storage/duckdb/names.h"
#include "server/storage/duckdb/users.h"
#include "server/storage/event_log.h"
#include "tierwise/v1/event.pb.h"

namespace tierwise::duckdb {

// Turns facts into rows and appends them within the connection's transaction. Only the writer's thread uses it, except
// `size`, which is thread-safe.
class FactWriter {
 public:
  // REQUIRES: `connection` and `users` outlive it.
  static absl::StatusOr<std::unique_ptr<FactWriter>> Open(Connection& connection, Users& users);

  absl::Status Append(const std::vector<v1::Exposure>& exposures, absl::Time received);
  absl::Status Append(const std::vector<v1::Event>& events, absl::Time received);

  // Hands the rows to the transaction; its commit or rollback is then to be told.
  absl::Status Flush();
  void Committed();
  void RolledBack();

  // Every fact written from here on is received after `as_of`, or after now if that is earlier: what a scan as of then
  // has seen is all that there will ever be as of then.
  void CloseAsOf(absl::Time as_of);

  // Microseconds; never less than that of anything taken in earlier.
  int64_t ReceivedMicros(absl::Time received);

  const Names& names() const { return names_; }
  // As Names::CodeOf; the name is written with the transaction.
  absl::StatusOr<uint32_t> CodeOf(absl::string_view name) { return names_.CodeOf(name); }
  EventLogSize size() const;

 private:
  FactWriter(Connection& connection, Users& users, Names names)
      : connection_(connection), users_(users), names_(std::move(names)) {}

  // Opens the appenders unless they are.
  absl::Status Start();

  Connection& connection_;
  Users& users_;
  Names names_;
  std::optional<Appender> exposures_;
  std::optional<Appender> events_;
  int64_t last_received_micros_ = 0;
  EventLogSize pending_;
  std::atomic<int64_t> exposure_count_ = 0;
  std::atomic<int64_t> event_count_ = 0;
};

}  // namespace tierwise::duckdb
