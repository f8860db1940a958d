// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tierwise {

// What is believed of a tier's doses before the next experiment: those tried, and others that could be.
struct TierProspects {
  std::string tier;
  double users = 0.0;            // to come, >= 0: those who test and those who gain by what was learnt
  std::vector<double> doses;     // ascending; the first is 0
  std::vector<bool> is_tried;    // dose 0 is
  std::vector<double> draws;     // of the value per user, draw by draw: draws x doses
  std::vector<double> variance;  // of one user's value at each dose, > 0
};

// One experiment in one tier.
struct NextDesign {
  bool is_worthwhile = false;  // expected_gain is above expected_cost by more than its simulation's error
  std::vector<size_t> doses;   // into TierProspects::doses; the first is 0
  std::vector<double> shares;  // of each, summing to 1
  double users = 0.0;          // who test
  double expected_gain = 0.0;  // of deciding after it rather than now, for the users who are left
  double expected_cost = 0.0;  // what the testers' offers give away against the best dose known now
  bool extrapolates = false;   // a dose lies beyond those tried
};

// The design and size of most expected gain less cost, by preposterior analysis: the expected value of sample
// information (Raiffa & Schlaifer 1961; as knowledge gradient, Frazier, Powell & Dayanik 2009), in which each draw is
// in turn the truth, its experiment is simulated, and the beliefs move by linear Bayes. Doses not tried can be chosen
// only once tested. Candidates: the two most promising doses beside the control; the best dose and its untried
// neighbours; all doses tried. Sizes are a geometric grid up to half of the users. Where no experiment pays, the one
// that comes nearest, with is_worthwhile false. The same seed gives the same design. Errors: sizes that do not agree,
// fewer than two doses, dose 0 not tried, values that are not finite, variances that are not positive, no draws.
absl::StatusOr<NextDesign> ChooseNextDesign(const TierProspects& prospects, uint64_t seed);

// What one given design is expected to bring: gain, cost and whether it pays, for `design`'s doses, shares and users.
// REQUIRES: as ChooseNextDesign; design.doses within the prospects, shares positive, 0 < users <= prospects.users.
void EvaluateDesign(const TierProspects& prospects, uint64_t seed, NextDesign& design);

}  // namespace tierwise
