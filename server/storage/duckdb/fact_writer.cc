// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/fact_writer.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "experiments/base/facts.h"
#include "experiments/base/status_macros.h"

namespace tierwise::duckdb {
namespace {

int64_t MicrosOf(const google::protobuf::Timestamp& time) { return time.seconds() * 1'000'000 + time.nanos() / 1'000; }

}  // namespace

absl::StatusOr<std::unique_ptr<FactWriter>> FactWriter::Open(Connection& connection, Users& users) {
  TIERWISE_ASSIGN_OR_RETURN(Names names, Names::Load(connection));
  std::unique_ptr<FactWriter> writer(new FactWriter(connection, users, std::move(names)));
  TIERWISE_ASSIGN_OR_RETURN(writer->exposure_count_, connection.ReadInteger("SELECT count(*) FROM exposures", 0));
  TIERWISE_ASSIGN_OR_RETURN(writer->event_count_, connection.ReadInteger("SELECT count(*) FROM events", 0));
  TIERWISE_ASSIGN_OR_RETURN(writer->last_received_micros_,
                            connection.ReadInteger("SELECT greatest((SELECT max(received_micros) FROM exposures), "
                                                   "(SELECT max(received_micros) FROM events), "
                                                   "(SELECT max(received_micros) FROM profiles))",
                                                   0));
  return writer;
}

absl::Status FactWriter::Start() {
  if (!exposures_) {
    TIERWISE_ASSIGN_OR_RETURN(exposures_, Appender::Create(connection_, "exposures"));
  }
  if (!events_) {
    TIERWISE_ASSIGN_OR_RETURN(events_, Appender::Create(connection_, "events"));
  }
  return absl::OkStatus();
}

absl::Status FactWriter::Append(const std::vector<v1::Exposure>& exposures, absl::Time received) {
  TIERWISE_RETURN_IF_ERROR(Start());
  const int64_t received_micros = ReceivedMicros(received);
  for (const v1::Exposure& exposure : exposures) {
    TIERWISE_ASSIGN_OR_RETURN(const uint32_t campaign, names_.CodeOf(exposure.campaign()));
    TIERWISE_ASSIGN_OR_RETURN(const uint32_t variant, names_.CodeOf(exposure.variant()));
    TIERWISE_ASSIGN_OR_RETURN(const uint32_t tier, names_.CodeOf(exposure.tier()));
    const uint64_t user = KeyOf(exposure.user_id());
    TIERWISE_RETURN_IF_ERROR(users_.Note(user, exposure.user_id(), received_micros));
    TIERWISE_RETURN_IF_ERROR(exposures_->BeginRow());
    exposures_->Set<uint64_t>(0, user);
    exposures_->Set<int64_t>(1, MicrosOf(exposure.time()));
    exposures_->Set<uint32_t>(2, campaign);
    exposures_->Set<uint32_t>(3, variant);
    exposures_->Set<uint32_t>(4, tier);
    exposures_->Set<uint32_t>(5, exposure.phase());
    exposures_->Set<bool>(6, exposure.forced());
    exposures_->Set<double>(7, exposure.propensity());
    exposures_->Set<int64_t>(8, received_micros);
    exposures_->SetText(9, exposure.user_id());
  }
  pending_.exposures += static_cast<int64_t>(exposures.size());
  return absl::OkStatus();
}

absl::Status FactWriter::Append(const std::vector<v1::Event>& events, absl::Time received) {
  TIERWISE_RETURN_IF_ERROR(Start());
  const int64_t received_micros = ReceivedMicros(received);
  for (const v1::Event& event : events) {
    TIERWISE_ASSIGN_OR_RETURN(const uint32_t name, names_.CodeOf(event.name()));
    const uint64_t user = KeyOf(event.user_id());
    TIERWISE_RETURN_IF_ERROR(users_.Note(user, event.user_id(), received_micros));
    TIERWISE_RETURN_IF_ERROR(events_->BeginRow());
    events_->Set<uint64_t>(0, user);
    events_->Set<int64_t>(1, MicrosOf(event.time()));
    events_->Set<uint32_t>(2, name);
    events_->Set<uint64_t>(3, KeyOf(event.event_id()));
    if (event.has_value()) {
      events_->Set<double>(4, event.value());
    } else {
      events_->SetNull(4);
    }
    events_->Set<int64_t>(5, received_micros);
    events_->SetText(6, event.user_id());
    events_->SetText(7, event.event_id());
    if (event.properties_json().empty()) {
      events_->SetNull(8);
    } else {
      events_->SetText(8, event.properties_json());
    }
  }
  pending_.events += static_cast<int64_t>(events.size());
  return absl::OkStatus();
}

absl::Status FactWriter::Flush() {
  TIERWISE_RETURN_IF_ERROR(names_.WriteNew(connection_));
  if (pending_.exposures > 0) TIERWISE_RETURN_IF_ERROR(exposures_->Flush());
  if (pending_.events > 0) TIERWISE_RETURN_IF_ERROR(events_->Flush());
  return absl::OkStatus();
}

void FactWriter::Committed() {
  names_.Committed();
  exposure_count_ += pending_.exposures;
  event_count_ += pending_.events;
  pending_ = {};
}

void FactWriter::RolledBack() {
  names_.RolledBack();
  exposures_.reset();
  events_.reset();
  pending_ = {};
}

void FactWriter::CloseAsOf(absl::Time as_of) {
  const int64_t closed = absl::ToUnixMicros(std::min(as_of, absl::Now()));
  last_received_micros_ = std::max(last_received_micros_, closed + 1);
}

int64_t FactWriter::ReceivedMicros(absl::Time received) {
  last_received_micros_ = std::max(last_received_micros_, absl::ToUnixMicros(received));
  return last_received_micros_;
}

EventLogSize FactWriter::size() const { return {exposure_count_.load(), event_count_.load()}; }

}  // namespace tierwise::duckdb
