// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/derivation_check.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "experiments/audience/attribute_type_name.h"
#include "experiments/audience/derived_value.h"
#include "experiments/audience/life_cycle.h"
#include "experiments/base/definition_rules.h"
#include "experiments/base/duration_check.h"
#include "experiments/base/duration_text.h"
#include "experiments/base/proto_time.h"

namespace tierwise {
namespace {

constexpr absl::Duration kMinWindow = absl::Hours(1);
constexpr absl::Duration kMaxWindow = absl::Hours(24 * 3'650);
constexpr absl::Duration kMinSessionGap = absl::Minutes(1);
constexpr absl::Duration kMaxSessionGap = absl::Hours(24);
constexpr int kMaxEvents = 100;
constexpr size_t kMaxEventNameBytes = 128;
constexpr size_t kMaxPropertyBytes = 128;

std::string AggregateName(v1::Aggregate aggregate) {
  return std::string(absl::StripPrefix(v1::Aggregate_Name(aggregate), "AGGREGATE_"));
}

std::string AllAggregates() {
  std::vector<std::string> names;
  for (int value = v1::Aggregate_MIN; value <= v1::Aggregate_MAX; ++value) {
    const auto aggregate = static_cast<v1::Aggregate>(value);
    if (AttributeTypeOf(aggregate) != v1::ATTRIBUTE_TYPE_UNSPECIFIED) names.push_back(AggregateName(aggregate));
  }
  return absl::StrJoin(names, ", ");
}

// Checks the fields of one derivation.
class Checker {
 public:
  Checker(const v1::Derivation& derivation, std::string field, Problems& problems)
      : derivation_(derivation), field_(std::move(field)), problems_(problems) {}

  // REQUIRES: the aggregate is known.
  void Check() {
    CheckEvents(derivation_.events(), "events");
    CheckEvents(derivation_.denominator_events(), "denominator_events");
    CheckWhichFields();
    CheckProperty();
    if (derivation_.has_window()) {
      CheckDuration(derivation_.window(), kMinWindow, kMaxWindow, FieldPath(field_, "window"), problems_);
    }
    if (derivation_.has_session_gap()) {
      CheckDuration(derivation_.session_gap(), kMinSessionGap, kMaxSessionGap, FieldPath(field_, "session_gap"),
                    problems_);
    }
    if (Is(v1::AGGREGATE_LIFE_CYCLE)) CheckLifeCycle();
  }

 private:
  bool Is(v1::Aggregate aggregate) const { return derivation_.aggregate() == aggregate; }

  // A field that some aggregates require and all others do not have.
  void CheckOnlyFor(bool is_for_it, bool is_set, absl::string_view name, absl::string_view whom) {
    if (is_for_it && !is_set) problems_.Add(FieldPath(field_, name), absl::StrCat("is required for ", whom));
    if (!is_for_it) CheckNotFor(is_set, name, whom);
  }

  void CheckNotFor(bool is_set, absl::string_view name, absl::string_view whom) {
    if (!is_set) return;
    problems_.Add(FieldPath(field_, name),
                  absl::StrCat("is for ", whom, " only, the aggregate is ", AggregateName(derivation_.aggregate())));
  }

  void CheckWhichFields() {
    const bool is_by_property = Is(v1::AGGREGATE_DISTINCT) || Is(v1::AGGREGATE_FAVOURITE);
    CheckOnlyFor(is_by_property, !derivation_.property().empty(), "property", "DISTINCT and FAVOURITE");
    CheckOnlyFor(Is(v1::AGGREGATE_RATIO), !derivation_.denominator_events().empty(), "denominator_events", "RATIO");
    if (!Is(v1::AGGREGATE_RATIO)) CheckNotFor(derivation_.ratio_of_sums(), "ratio_of_sums", "RATIO");
    if (!Is(v1::AGGREGATE_SESSIONS)) CheckNotFor(derivation_.has_session_gap(), "session_gap", "SESSIONS");
    if (!Is(v1::AGGREGATE_LIFE_CYCLE)) {
      CheckNotFor(derivation_.has_life_cycle(), "life_cycle", "LIFE_CYCLE");
    } else if (derivation_.events().empty()) {
      problems_.Add(FieldPath(field_, "events"), "is required for LIFE_CYCLE: the events that a user lives by");
    }
    if (Is(v1::AGGREGATE_TREND) && !derivation_.has_window()) {
      problems_.Add(FieldPath(field_, "window"), "is required for TREND");
    }
    if (Is(v1::AGGREGATE_LIFE_CYCLE) && derivation_.has_window()) {
      problems_.Add(FieldPath(field_, "window"), "is not for LIFE_CYCLE: set life_cycle instead");
    }
  }

  void CheckEvents(const google::protobuf::RepeatedPtrField<std::string>& events, absl::string_view name) {
    if (events.size() > kMaxEvents) {
      problems_.Add(FieldPath(field_, name),
                    absl::StrCat("has ", events.size(), " names, at most ", kMaxEvents, " are allowed"));
      return;
    }
    absl::flat_hash_set<absl::string_view> seen;
    for (int i = 0; i < events.size(); ++i) {
      const std::string path = FieldPath(field_, name, i);
      if (events[i].empty()) {
        problems_.Add(path, "is empty, 1 to 128 bytes are allowed");
      } else if (CheckText(events[i], kMaxEventNameBytes, path, problems_); !seen.insert(events[i]).second) {
        problems_.Add(path, "is there already");
      }
    }
  }

  void CheckProperty() {
    CheckText(derivation_.property(), kMaxPropertyBytes, FieldPath(field_, "property"), problems_);
  }

  void CheckLifeCycle() {
    const std::string field = FieldPath(field_, "life_cycle");
    const v1::LifeCycle& stages = derivation_.life_cycle();
    bool is_valid = true;
    const auto check = [&](bool is_set, const google::protobuf::Duration& duration, absl::string_view name) {
      if (is_set && !CheckDuration(duration, kMinWindow, kMaxWindow, FieldPath(field, name), problems_)) {
        is_valid = false;
      }
    };
    check(stages.has_new_for(), stages.new_for(), "new_for");
    check(stages.has_active_for(), stages.active_for(), "active_for");
    check(stages.has_dormant_after(), stages.dormant_after(), "dormant_after");
    check(stages.has_won_back_for(), stages.won_back_for(), "won_back_for");
    if (!is_valid) return;
    const absl::Duration active_for = FromProto(LifeCycleOf(derivation_).active_for());
    const absl::Duration dormant_after = FromProto(LifeCycleOf(derivation_).dormant_after());
    if (active_for <= dormant_after) return;
    problems_.Add(FieldPath(field, stages.has_active_for() ? "active_for" : "dormant_after"),
                  absl::StrCat("active_for is ", DurationText(active_for), ", at most dormant_after, ",
                               DurationText(dormant_after), ", is allowed"));
  }

  const v1::Derivation& derivation_;
  const std::string field_;
  Problems& problems_;
};

// The stages of a life cycle are its allowed values, so that a condition on another one is found wrong. What events
// hold cannot be bounded.
void CheckDerivedValues(const v1::Attribute& attribute, absl::string_view field, Problems& problems) {
  if (attribute.allowed_values().empty()) return;
  const std::string path = FieldPath(field, "allowed_values");
  if (attribute.derivation().aggregate() != v1::AGGREGATE_LIFE_CYCLE) {
    problems.Add(path, "is not for derived attributes: events decide which values there are");
    return;
  }
  const auto& values = attribute.allowed_values();
  if (!std::is_permutation(values.begin(), values.end(), std::begin(kLifeStageNames), std::end(kLifeStageNames))) {
    problems.Add(path, absl::StrCat("must be the stages ", absl::StrJoin(kLifeStageNames, ", "), ", or empty"));
  }
}

}  // namespace

void CheckDerivation(const v1::Attribute& attribute, absl::string_view field, Problems& problems) {
  const v1::Derivation& derivation = attribute.derivation();
  const std::string derivation_field = FieldPath(field, "derivation");
  const v1::AttributeType type = AttributeTypeOf(derivation.aggregate());
  if (type == v1::ATTRIBUTE_TYPE_UNSPECIFIED) {
    problems.Add(FieldPath(derivation_field, "aggregate"), absl::StrCat("is required: one of ", AllAggregates()));
    return;
  }
  if (attribute.type() != type) {
    problems.Add(FieldPath(field, "type"), absl::StrCat("is ", TypeName(attribute.type()), ", must be ", TypeName(type),
                                                        ", the type of ", AggregateName(derivation.aggregate())));
  }
  CheckDerivedValues(attribute, field, problems);
  Checker(derivation, derivation_field, problems).Check();
}

void CheckDerivedAttributes(const Definitions& definitions, Problems& problems) {
  int derived = 0;
  for (const Definitions::Pointer& definition : definitions.InCollection("attributes")) {
    if (definition->attribute().has_derivation()) ++derived;
    if (derived <= kMaxDerivedAttributes) continue;
    problems.Add(FieldPath(NameOf(*definition), "derivation"),
                 absl::StrCat("at most ", kMaxDerivedAttributes, " attributes can be derived"));
    return;
  }
}

v1::AttributeType AttributeTypeOf(v1::Aggregate aggregate) {
  switch (aggregate) {
    case v1::AGGREGATE_COUNT:
    case v1::AGGREGATE_ACTIVE_DAYS:
    case v1::AGGREGATE_SESSIONS:
    case v1::AGGREGATE_DISTINCT:
      return v1::ATTRIBUTE_TYPE_INT;
    case v1::AGGREGATE_SUM:
    case v1::AGGREGATE_MEAN:
    case v1::AGGREGATE_RECENCY_DAYS:
    case v1::AGGREGATE_TENURE_DAYS:
    case v1::AGGREGATE_RATIO:
    case v1::AGGREGATE_TREND:
      return v1::ATTRIBUTE_TYPE_DOUBLE;
    case v1::AGGREGATE_OCCURRED:
    case v1::AGGREGATE_REPEATED:
      return v1::ATTRIBUTE_TYPE_BOOL;
    case v1::AGGREGATE_FIRST_TIME:
    case v1::AGGREGATE_LAST_TIME:
      return v1::ATTRIBUTE_TYPE_TIMESTAMP;
    case v1::AGGREGATE_FAVOURITE:
    case v1::AGGREGATE_LIFE_CYCLE:
      return v1::ATTRIBUTE_TYPE_STRING;
    default:
      return v1::ATTRIBUTE_TYPE_UNSPECIFIED;
  }
}

std::vector<std::string> EventsOf(const v1::Attribute& attribute) {
  std::vector<std::string> names;
  absl::flat_hash_set<absl::string_view> seen;
  for (const auto* list : {&attribute.derivation().events(), &attribute.derivation().denominator_events()}) {
    for (const std::string& name : *list) {
      if (seen.insert(name).second) names.push_back(name);
    }
  }
  return names;
}

}  // namespace tierwise
