// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/derivations.h"

#include <algorithm>
#include <map>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "experiments/audience/derivation_check.h"
#include "experiments/audience/life_cycle.h"
#include "experiments/audience/user_derivation.h"
#include "experiments/base/duration_check.h"

namespace tierwise {
namespace {

// Part of every fingerprint: goes up when the same definition is computed in another way, so that stored values are
// computed anew.
constexpr absl::string_view kMethod = "1";
constexpr int64_t kDefaultSessionGap = int64_t{30} * 60 * 1'000'000;

DerivedKind KindOf(v1::Aggregate aggregate) {
  switch (aggregate) {
    case v1::AGGREGATE_RECENCY_DAYS:
    case v1::AGGREGATE_TENURE_DAYS:
      return DerivedKind::kAge;
    case v1::AGGREGATE_FAVOURITE:
      return DerivedKind::kProperty;
    case v1::AGGREGATE_LIFE_CYCLE:
      return DerivedKind::kStage;
    default:
      break;
  }
  switch (AttributeTypeOf(aggregate)) {
    case v1::ATTRIBUTE_TYPE_BOOL:
      return DerivedKind::kBool;
    case v1::ATTRIBUTE_TYPE_DOUBLE:
      return DerivedKind::kDouble;
    case v1::ATTRIBUTE_TYPE_TIMESTAMP:
      return DerivedKind::kTime;
    default:
      return DerivedKind::kInt;
  }
}

// The rule without its events.
DerivationRule RuleOf(const v1::Derivation& derivation) {
  DerivationRule rule;
  rule.aggregate = derivation.aggregate();
  rule.is_ratio_of_sums = derivation.ratio_of_sums();
  if (derivation.has_window()) rule.window = MicrosOf(derivation.window());
  rule.session_gap = derivation.has_session_gap() ? MicrosOf(derivation.session_gap()) : kDefaultSessionGap;
  const v1::LifeCycle cycle = LifeCycleOf(derivation);
  rule.new_for = MicrosOf(cycle.new_for());
  rule.active_for = MicrosOf(cycle.active_for());
  rule.dormant_after = MicrosOf(cycle.dormant_after());
  rule.won_back_for = MicrosOf(cycle.won_back_for());
  return rule;
}

// Everything that decides a value, unambiguously: numbers end with a comma, names begin with their length.
uint64_t FingerprintOf(const v1::Attribute& attribute, const DerivationRule& rule) {
  const v1::Derivation& derivation = attribute.derivation();
  std::string text = absl::StrCat(kMethod, ",", rule.aggregate, ",", rule.is_ratio_of_sums, ",", rule.window, ",",
                                  rule.session_gap, ",", rule.new_for, ",", rule.active_for, ",");
  absl::StrAppend(&text, rule.dormant_after, ",", rule.won_back_for, ",", derivation.events_size(), ",");
  const auto append = [&text](const std::string& name) { absl::StrAppend(&text, name.size(), ",", name); };
  append(attribute.id());
  append(derivation.property());
  for (const std::string& name : derivation.events()) append(name);
  for (const std::string& name : derivation.denominator_events()) append(name);
  return KeyOf(text);
}

// Puts attributes into their pass.
class PassBuilder {
 public:
  explicit PassBuilder(const std::string& property) { pass_.property = property; }

  // REQUIRES: once for each attribute of the pass, before Build.
  void Add(const v1::Attribute& attribute) {
    attributes_.push_back(&attribute);
    for (const std::string& name : EventsOf(attribute)) {
      if (indexes_.try_emplace(name, pass_.event_names.size()).second) pass_.event_names.push_back(name);
    }
  }

  DerivationPass Build() {
    int64_t reach = 0;
    for (const v1::Attribute* attribute : attributes_) {
      const v1::Derivation& derivation = attribute->derivation();
      DerivedAttribute derived;
      derived.id = attribute->id();
      derived.kind = KindOf(derivation.aggregate());
      derived.rule = RuleOf(derivation);
      derived.rule.events = NamesOf(derivation.events());
      if (derivation.denominator_events_size() > 0) {
        derived.rule.denominator_events = NamesOf(derivation.denominator_events());
      }
      derived.fingerprint = FingerprintOf(*attribute, derived.rule);
      reach = std::max(reach, derived.rule.Reach());
      pass_.attributes.push_back(std::move(derived));
    }
    if (reach != DerivationRule::kUnlimited) pass_.reach_micros = reach;
    SetWithoutEvents();
    return std::move(pass_);
  }

 private:
  // No names are all of them.
  EventNames NamesOf(const google::protobuf::RepeatedPtrField<std::string>& names) {
    EventNames events(pass_.event_names.size());
    for (const std::string& name : names) events.Add(indexes_.at(name));
    if (!names.empty()) return events;
    pass_.needs_every_event = true;
    for (size_t name = 0; name <= pass_.event_names.size(); ++name) events.Add(name);
    return events;
  }

  void SetWithoutEvents() {
    std::vector<DerivedValue> values(pass_.attributes.size());
    UserDerivation(pass_, 0).Compute({}, absl::MakeSpan(values));
    for (size_t i = 0; i < values.size(); ++i) pass_.attributes[i].without_events = values[i];
  }

  DerivationPass pass_;
  std::vector<const v1::Attribute*> attributes_;
  absl::flat_hash_map<std::string, size_t> indexes_;
};

}  // namespace

std::vector<TimeRange> DerivationPass::ChangeRanges(int64_t before_micros, int64_t after_micros) const {
  // What happens after `before` enters.
  std::vector<int64_t> horizons = {-1};
  for (const DerivedAttribute& attribute : attributes) {
    for (const int64_t horizon : attribute.rule.Horizons()) horizons.push_back(horizon);
  }
  std::sort(horizons.begin(), horizons.end(), std::greater<>());
  // An event is older than a horizon at `after`, and was not at `before`.
  std::vector<TimeRange> ranges;
  for (const int64_t horizon : horizons) {
    const TimeRange range = {before_micros - horizon, after_micros - horizon};
    if (range.begin_micros == range.end_micros) continue;
    if (!ranges.empty() && range.begin_micros <= ranges.back().end_micros) {
      ranges.back().end_micros = range.end_micros;
    } else {
      ranges.push_back(range);
    }
  }
  return ranges;
}

Derivations::Derivations(const Definitions& definitions) {
  std::map<std::string, PassBuilder> builders;  // by property
  for (const Definitions::Pointer& definition : definitions.InCollection("attributes")) {
    const v1::Attribute& attribute = definition->attribute();
    if (!attribute.has_derivation()) continue;
    const std::string& property = attribute.derivation().property();
    builders.try_emplace(property, property).first->second.Add(attribute);
  }
  std::string fingerprints;
  for (auto& [property, builder] : builders) {
    passes_.push_back(builder.Build());
    for (const DerivedAttribute& attribute : passes_.back().attributes) {
      absl::StrAppend(&fingerprints, attribute.fingerprint, ",");
    }
  }
  fingerprint_ = KeyOf(fingerprints);
}

}  // namespace tierwise
