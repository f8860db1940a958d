// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "google/protobuf/timestamp.pb.h"

namespace tierwise {

// The seconds since the epoch of 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, the ends of what a Timestamp may hold.
inline constexpr int64_t kMinTimestampSeconds = -62'135'596'800;
inline constexpr int64_t kMaxTimestampSeconds = 253'402'300'799;

// Microseconds since the epoch, finer parts cut off; nothing where `time` is outside what a Timestamp may hold.
std::optional<int64_t> MicrosOf(const google::protobuf::Timestamp& time);

// Reads RFC 3339 with at most six digits of fraction: "2026-01-31T08:00:00.5+08:00". Nothing where `text` is something
// else or outside what a Timestamp may hold.
std::optional<google::protobuf::Timestamp> ParseTimestamp(absl::string_view text);

}  // namespace tierwise
