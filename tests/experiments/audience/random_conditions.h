// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tierwise/v1/attribute.pb.h"
#include "tierwise/v1/condition.pb.h"

namespace tierwise {

using KnownValues = std::map<std::string, v1::AttributeValue>;

// Draws conditions and users over AudienceDefinitions. Equal seeds draw equal ones on every machine.
class RandomConditions {
 public:
  explicit RandomConditions(uint64_t seed) : random_(seed) {}

  // Of at most `depth` levels (at least 1). Literals are from small pools, which users' values are from too, or, where
  // `is_wild`, anything that a condition may hold. Refers to `segments`.
  v1::ConditionNode Tree(int depth, bool is_wild, const std::vector<std::string>& segments = {});
  // Each attribute is known with probability 0.75.
  KnownValues User();
  int64_t NowMicros() { return (kNowSeconds + Below(3)) * 1'000'000; }
  // In [0, bound). REQUIRES: bound > 0.
  int Below(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }

 private:
  static constexpr int64_t kNowSeconds = 1'769'817'600;  // 2026-01-31T00:00:00Z

  bool Coin() { return Below(2) == 0; }
  std::string Word(bool is_wild);
  std::string WildText();
  double WildDouble();
  v1::Literal LiteralFor(absl::string_view attribute, bool is_wild);
  void Leaf(v1::ConditionNode& node, bool is_wild);
  void Compare(absl::string_view attribute, bool is_wild, v1::ConditionNode& node);

  std::mt19937_64 random_;
};

}  // namespace tierwise
