// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/time/time.h"
#include "experiments/base/facts.h"
#include "server/storage/event_log.h"
#include "server/storage/profile_store.h"
#include "tierwise/v1/event.pb.h"

namespace tierwise {

// Facts in the form in which tests write and read them.

inline absl::Time At(int64_t seconds) { return absl::FromUnixSeconds(1'700'000'000 + seconds); }

inline void SetTime(absl::Time time, google::protobuf::Timestamp& out) {
  const int64_t micros = absl::ToUnixMicros(time);
  out.set_seconds(micros / 1'000'000);
  out.set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1'000);
}

inline v1::Exposure MakeExposure(const std::string& user_id, const std::string& variant, const std::string& tier,
                                 absl::Time time, const std::string& campaign = "spring") {
  v1::Exposure exposure;
  exposure.set_user_id(user_id);
  exposure.set_campaign(campaign);
  exposure.set_variant(variant);
  exposure.set_tier(tier);
  exposure.set_phase(1);
  exposure.set_propensity(0.5);
  SetTime(time, *exposure.mutable_time());
  return exposure;
}

inline v1::Event MakeEvent(const std::string& user_id, const std::string& event_id, const std::string& name,
                           absl::Time time, double value = 1.5) {
  v1::Event event;
  event.set_user_id(user_id);
  event.set_event_id(event_id);
  event.set_name(name);
  event.set_value(value);
  SetTime(time, *event.mutable_time());
  return event;
}

// user, time, variant, tier, phase, forced
using ExposureRow = std::tuple<uint64_t, int64_t, uint16_t, uint16_t, uint32_t, uint8_t>;
// user, time, name, event, value
using EventRow = std::tuple<uint64_t, int64_t, uint16_t, uint64_t, double>;

inline std::vector<ExposureRow> ReadExposures(EventLog& log, const ExposureScan& scan) {
  std::vector<ExposureRow> rows;
  absl::Status status = log.ScanExposures(scan, [&](const ExposureColumns& columns) {
    for (size_t i = 0; i < columns.user.size(); ++i) {
      rows.emplace_back(columns.user[i], columns.time_micros[i], columns.variant[i], columns.tier[i], columns.phase[i],
                        columns.forced[i]);
    }
  });
  EXPECT_TRUE(status.ok()) << status;
  return rows;
}

inline std::vector<EventRow> ReadEvents(EventLog& log, const EventScan& scan) {
  std::vector<EventRow> rows;
  absl::Status status = log.ScanEvents(scan, [&](const EventColumns& columns) {
    for (size_t i = 0; i < columns.user.size(); ++i) {
      rows.emplace_back(columns.user[i], columns.time_micros[i], columns.name[i], columns.event[i], columns.value[i]);
    }
  });
  EXPECT_TRUE(status.ok()) << status;
  return rows;
}

// What was known of a user by then; nothing where there was no profile.
inline std::optional<v1::Profile> ReadProfile(ProfileStore& profiles, const std::string& user_id,
                                              absl::Time as_of = absl::InfiniteFuture()) {
  auto changes = profiles.ChangesOf(user_id, as_of);
  EXPECT_TRUE(changes.ok()) << changes.status();
  if (!changes.ok() || changes->empty()) return std::nullopt;
  v1::Profile profile;
  for (const ProfileChange& change : *changes) ApplyChange(change, profile);
  return profile;
}

}  // namespace tierwise
