// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "absl/types/span.h"
#include "bench/user_keys.h"
#include "experiments/base/facts.h"

namespace tierwise::bench {

// Events of random users within two years, of two names (one in five is of the first), with values and one of a
// thousand values of a property.
class RandomEvents {
 public:
  static constexpr int64_t kDayMicros = int64_t{86'400} * 1'000'000;
  static constexpr int64_t kEndMicros = 730 * kDayMicros;

  RandomEvents(size_t events, uint64_t users) {
    std::mt19937_64 random(1);
    for (size_t i = 0; i < events; ++i) {
      user_.push_back(KeyOfNumber(random() % users));
      event_.push_back(random());
      time_.push_back(static_cast<int64_t>(random() % kEndMicros));
      name_.push_back(random() % 5 == 0 ? 0 : 1);
      value_.push_back(static_cast<double>(random() % 10'000) / 100);
      property_.push_back(KeyOfNumber(random() % 1'000));
    }
  }

  size_t size() const { return user_.size(); }

  // The run that begins at `begin`, as an engine hands it out.
  EventColumns Run(size_t begin) const {
    constexpr size_t kRunRows = 2048;
    const auto part = [begin](const auto& column) { return absl::MakeConstSpan(column).subspan(begin, kRunRows); };
    return {.user = part(user_),
            .time_micros = part(time_),
            .name = part(name_),
            .event = part(event_),
            .value = part(value_),
            .property = part(property_)};
  }

 private:
  std::vector<uint64_t> user_, event_, property_;
  std::vector<int64_t> time_;
  std::vector<uint16_t> name_;
  std::vector<double> value_;
};

}  // namespace tierwise::bench
