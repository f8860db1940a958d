// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "experiments/audience/user_scan.h"
#include "tierwise/v1/tiering.pb.h"

namespace tierwise {

// Where the tiers of QUANTILES begin: of n values the ceil(n * up_to_bp / 10,000)-th best, for each share but the last,
// which is all. Users with equal values stay together: where several have the value of a cut, all of them go to
// whichever side leaves what the tier reaches nearer to what was asked (of equals, to the better one). So half the
// users with a spend of 0 do not all count as the better half. A tier that nobody is in begins just beyond the best
// value: at the next double, or, where `is_whole`, the next whole number. Empty without values. Reorders `values`,
// which are finite. Linear time.
std::vector<double> QuantileCuts(std::vector<double>& values, absl::Span<const uint32_t> up_to_bp, bool ascending,
                                 bool is_whole);

// Where scores 2, 3, 4 and 5 begin: a user's score is 1 + floor(5 * the share of users who are strictly worse). So
// fifths of the users where no two values are equal; equal values share the lower score, and the worst value that
// occurs always scores 1: one-time buyers do, be they 60 % of all. For the rest as QuantileCuts.
std::vector<double> ScoreCuts(std::vector<double>& values, bool ascending, bool is_whole);

// The numbers of one INT or DOUBLE attribute that users have, in no certain order.
std::vector<double> NumbersOf(const UserScan& scan, const AttributeSchema& schema, int slot, int threads);

// `tiering` with the cuts that its method finds in `scan`, as of `as_of_micros`, and none where an attribute has no
// values; RULES stay as they are. Numbers of one attribute at a time are held in memory: 8 bytes for each user.
// REQUIRES: CheckTiering found nothing wrong; `schema` is that of the definitions.
v1::Tiering WithCuts(v1::Tiering tiering, const UserScan& scan, const AttributeSchema& schema, int64_t as_of_micros,
                     int threads);

// Whether both have the same cuts, whenever they were found.
bool SameCuts(const v1::Tiering& a, const v1::Tiering& b);

// Gives `proposed`, which replaces `current`, the cuts of `current` where they still apply: the same method,
// attributes, direction and number of shares. Otherwise `proposed` has none from then on.
void CarryCuts(const v1::Tiering& current, v1::Tiering& proposed);

}  // namespace tierwise
