// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/profile_writer.h"

#include <string>

#include "experiments/base/facts.h"
#include "experiments/base/status_macros.h"

namespace tierwise::duckdb {

absl::StatusOr<std::unique_ptr<ProfileWriter>> ProfileWriter::Open(Connection& connection, Users& users) {
  std::unique_ptr<ProfileWriter> writer(new ProfileWriter(connection, users));
  TIERWISE_ASSIGN_OR_RETURN(writer->last_sequence_, connection.ReadInteger("SELECT max(sequence) FROM profiles", 0));
  return writer;
}

absl::Status ProfileWriter::Append(const std::vector<v1::Profile>& changes, int64_t received_micros) {
  if (!appender_) {
    TIERWISE_ASSIGN_OR_RETURN(appender_, Appender::Create(connection_, "profiles"));
  }
  std::string bytes;
  for (const v1::Profile& change : changes) {
    const uint64_t user = KeyOf(change.user_id());
    TIERWISE_RETURN_IF_ERROR(users_.Note(user, change.user_id(), received_micros));
    change.SerializeToString(&bytes);
    TIERWISE_RETURN_IF_ERROR(appender_->BeginRow());
    appender_->Set<int64_t>(0, ++last_sequence_);
    appender_->Set<uint64_t>(1, user);
    appender_->Set<int64_t>(2, received_micros);
    appender_->SetText(3, bytes);
    appender_->Set<bool>(4, false);
  }
  return absl::OkStatus();
}

}  // namespace tierwise::duckdb
