// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
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

// Texts by their keys (KeyOf), gathered by a scan.
using TextsByKey = absl::flat_hash_map<uint64_t, std::string>;

// Which events to scan.
struct EventScan {
  std::vector<std::string> names;                             // only these; what EventColumns.name indexes
  absl::Time begin;                                           // only events that happened at or after it ...
  absl::Time end;                                             // ... and before it
  absl::Time as_of;                                           // only facts taken in at or before it
  bool every_name = false;                                    // events of other names, too, as kOtherName
  uint64_t first_user = 0;                                    // only users with keys from this ...
  uint64_t last_user = std::numeric_limits<uint64_t>::max();  // ... to this
  std::string property = {};                                  // what EventColumns.property holds; empty: nothing
  TextsByKey* property_texts = nullptr;  // gets the texts of its values; beyond kMaxPropertyTexts the scan fails
};
inline constexpr size_t kMaxPropertyTexts = 1'000'000;

// Which users to look for: those who have an event of one of the names (or of any), received after `received_after` or
// in one of the ranges of time.
struct ChangedUserScan {
  std::vector<std::string> names;
  bool every_name = false;
  std::vector<TimeRange> ranges;
  absl::Time received_after;
  absl::Time as_of;  // only facts taken in at or before it
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
  // `committed` is called as by ProfileStore::Upsert.
  virtual absl::Status AppendExposures(const std::vector<v1::Exposure>& exposures, absl::Time received,
                                       absl::FunctionRef<void()> committed) = 0;
  absl::Status AppendExposures(const std::vector<v1::Exposure>& exposures, absl::Time received) {
    return AppendExposures(exposures, received, [] {});
  }
  virtual absl::Status AppendEvents(const std::vector<v1::Event>& events, absl::Time received) = 0;

  // Call `consume` with runs of columns, in no order; the spans are valid during the call only.
  virtual absl::Status ScanExposures(const ExposureScan& scan,
                                     absl::FunctionRef<void(const ExposureColumns&)> consume) = 0;
  virtual absl::Status ScanEvents(const EventScan& scan, absl::FunctionRef<void(const EventColumns&)> consume) = 0;

  // Calls `consume` with runs of user keys; one may recur.
  virtual absl::Status ScanChangedUsers(const ChangedUserScan& scan,
                                        absl::FunctionRef<void(absl::Span<const uint64_t>)> consume) = 0;

  virtual EventLogSize Size() const = 0;
};

}  // namespace tierwise
