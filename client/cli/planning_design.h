// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/command.h"
#include "tierwise/v1/campaign.pb.h"

namespace tierwise {

// What is expected of one tier.
struct PlannedTier {
  std::string id;
  double share = 1.0;     // of all users, above 0
  double baseline = 0.0;  // mean outcome under control
  double lift = 0.0;      // of every treatment
  double sd = 0.0;        // of an outcome between users; of a rate it follows from the baseline

  double Effect() const { return baseline * lift; }
};

// An experiment before it is run.
struct PlanningDesign {
  std::string name;  // of the campaign that it is taken from; empty for none
  bool is_rate = true;
  std::vector<PlannedTier> tiers;  // at least one; shares sum to 1
  int variants = 2;                // the control included
  double ratio = 1.0;              // users in each treatment for each in the control
  double alpha = 0.05;             // of all claims together
  double power = 0.8;
  v1::SequentialRule rule = v1::SEQUENTIAL_RULE_ALPHA_SPENDING;
  double correlation = 0.0;    // of the outcome with its covariate
  double users_per_day = 0.0;  // of all tiers and variants; 0: not known
  double days = 0.0;           // while users enter; 0: to be found
  double window_days = 0.0;    // from the last user's exposure to the outcome

  int treatments() const { return variants - 1; }
  double ControlShare() const { return 1.0 / (1.0 + treatments() * ratio); }
  double ControlVariance(const PlannedTier& tier) const;
  double TreatmentVariance(const PlannedTier& tier) const;
};

// "head:0.1:0.12", "head:0.1:0.12:0.05" or "head:0.1:40:0.05:55": name, share, baseline, lift, standard deviation.
// InvalidArgument says what is allowed. A lift or standard deviation left out is NaN.
absl::StatusOr<PlannedTier> ParseTier(const std::string& text);

// A design as the command line says it.
struct PlanningOptions {
  std::string baseline, lift, sd, rule, window, campaign, file, metric;
  std::vector<std::string> tiers;
  double users_per_day = 0.0, days = 0.0, alpha = 0.0, power = 0.8, correlation = 0.0, ratio = 1.0;
  int variants = 0;
};

// Declares the options that `power` and `simulate` share.
void AddPlanningOptions(CLI::App& command, PlanningOptions* options);

// The design that the options say: from the flags alone, or with all that they leave out taken from a campaign's report
// (--from-campaign) or a summary file (--from-file). InvalidArgument names the flags; errors of the server.
absl::StatusOr<PlanningDesign> ResolveDesign(const PlanningOptions& options, const Invocation& invocation);

// "alpha spending, O'Brien-Fleming type", ...
std::string RuleTitle(v1::SequentialRule rule);

}  // namespace tierwise
