// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "experiments/audience/derivation_rule.h"
#include "experiments/audience/derivations.h"
#include "experiments/audience/derived_value.h"
#include "experiments/audience/event_copies.h"

namespace tierwise {

// An event, as far as one pass looks at it.
struct DerivationRow {
  uint64_t user_order;  // UserOrder(user key)
  int64_t time_micros;
  uint64_t event;    // KeyOf(event_id)
  uint64_t payload;  // the bits of the value; in a pass with a property its key
  uint16_t name;     // index into the pass's event_names, or kOtherName

  double value() const { return std::bit_cast<double>(payload); }
};

// By user, then time; total, so that values do not depend on the order in which rows came. Of the copies of an event at
// one time the one with the least value is first.
bool operator<(const DerivationRow& a, const DerivationRow& b);

// Turns the events of one user after the other into the attributes of a pass. Allocates little once it has met a user
// with as many events. Not thread-safe.
class UserDerivation {
 public:
  // `pass` must outlive the object.
  UserDerivation(const DerivationPass& pass, int64_t as_of_micros) : pass_(pass), as_of_micros_(as_of_micros) {}

  // Writes the value of each attribute. An event counts once in each of them: the earliest of its copies that have a
  // name and a time which the attribute looks at. REQUIRES: `rows` are one user's, ascending, from 1970 to `as_of`;
  // values.size() == pass.attributes.size().
  void Compute(absl::Span<const DerivationRow> rows, absl::Span<DerivedValue> values);

 private:
  struct Counted {
    int64_t events = 0;
    double sum = 0.0;
  };

  // Calls `f` with each event of `names` from `begin` on and before `end`, in order of time.
  template <typename F>
  void ForEach(const EventNames& names, int64_t begin_micros, int64_t end_micros, F f) const;
  // All that count for a rule.
  template <typename F>
  void ForEach(const DerivationRule& rule, F f) const;

  DerivedValue ValueOf(const DerivationRule& rule);
  Counted Count(const EventNames& names, int64_t begin_micros, int64_t end_micros) const;
  Counted Count(const DerivationRule& rule) const;
  int64_t Days(const DerivationRule& rule) const;
  int64_t Sessions(const DerivationRule& rule) const;
  DerivedValue First(const DerivationRule& rule) const;
  DerivedValue Last(const DerivationRule& rule) const;
  DerivedValue Ratio(const DerivationRule& rule) const;
  DerivedValue Trend(const DerivationRule& rule) const;
  DerivedValue Stage(const DerivationRule& rule) const;
  void CollectProperties(const DerivationRule& rule);
  int64_t Distinct(const DerivationRule& rule);
  DerivedValue Favourite(const DerivationRule& rule);

  // A value of the property, and which one of the events that count has it.
  struct Seen {
    uint64_t property;
    size_t place;

    friend auto operator<=>(const Seen&, const Seen&) = default;
  };

  const DerivationPass& pass_;
  const int64_t as_of_micros_;
  absl::Span<const DerivationRow> rows_;  // of the present user
  EventCopies copies_;                    // among them
  std::vector<Seen> seen_;
};

}  // namespace tierwise
