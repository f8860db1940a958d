// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "experiments/base/facts.h"
#include "tierwise/v1/event.pb.h"

namespace tierwise {

// Which exposures to scan.
struct ExposureScan {
  std::string campaign;
  std::vector<std::string> variants;  // what ExposureColumns.variant indexes
  std::vector<std::string> tiers;     // what ExposureColumns.tier indexes
  absl::Time as_of;                   // only facts taken in at or before it
};

// Which events to scan.
struct EventScan {
  std::vector<std::string> names;  // only these; what EventColumns.name indexes
  absl::Time begin;                // only events that happened at or after it ...
  absl::Time end;                  // ... and before it
  absl::Time as_of;                // only facts taken in at or before it
};

// How much a log holds of each kind: grows with every append. Equal counts mean equal content.
struct EventLogSize {
  int64_t exposures = 0;
  int64_t events = 0;

  friend bool operator==(const EventLogSize&, const EventLogSize&) = default;
};

// Keeps exposures and events, append-only. Thread-safe.
class EventLog {
 public:
  virtual ~EventLog() = default;

  // Return when every fact is on disk and would survive kill -9; callers at the same time share one commit. All of a
  // call's facts or none. `received` is when the server took them in: it is what `as_of` is compared with. REQUIRES:
  // the facts were checked, and time, tier, phase and propensity are filled in.
  virtual absl::Status AppendExposures(const std::vector<v1::Exposure>& exposures, absl::Time received) = 0;
  virtual absl::Status AppendEvents(const std::vector<v1::Event>& events, absl::Time received) = 0;

  // Call `consume` with runs of columns, in no order; the spans are valid during the call only.
  virtual absl::Status ScanExposures(const ExposureScan& scan,
                                     absl::FunctionRef<void(const ExposureColumns&)> consume) = 0;
  virtual absl::Status ScanEvents(const EventScan& scan, absl::FunctionRef<void(const EventColumns&)> consume) = 0;

  virtual EventLogSize Size() const = 0;
};

}  // namespace tierwise
