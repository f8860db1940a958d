// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "server/storage/duckdb/engine.h"
#include "server/storage/event_log.h"

namespace tierwise::duckdb {

class DuckDbEventLog final : public EventLog {
 public:
  explicit DuckDbEventLog(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}

  using EventLog::AppendExposures;
  absl::Status AppendExposures(const std::vector<v1::Exposure>& exposures, absl::Time received,
                               absl::FunctionRef<void()> committed) override;
  absl::Status AppendEvents(const std::vector<v1::Event>& events, absl::Time received) override;
  absl::Status ScanExposures(const ExposureScan& scan,
                             absl::FunctionRef<void(const ExposureColumns&)> consume) override;
  absl::Status ScanEvents(const EventScan& scan, absl::FunctionRef<void(const EventColumns&)> consume) override;
  absl::Status ScanChangedUsers(const ChangedUserScan& scan,
                                absl::FunctionRef<void(absl::Span<const uint64_t>)> consume) override;
  EventLogSize Size() const override { return engine_->size(); }

 private:
  const std::shared_ptr<Engine> engine_;
};

}  // namespace tierwise::duckdb
