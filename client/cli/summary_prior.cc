// SPDX-License-Identifier: Apache-2.0
#include "client/cli/summary_prior.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

constexpr int kMostCampaigns = 1000;

}  // namespace

void CheckPrior(const summary::SummaryPrior& prior,
                absl::FunctionRef<void(absl::string_view, absl::string_view)> add_problem) {
  const int campaigns = prior.past_campaigns_size();
  if (prior.has_sd() == (campaigns > 0)) {
    return add_problem("prior", "needs either `mean` and `sd` of the lift, or `past_campaigns`");
  }
  // The comparisons are false for NaN.
  if (prior.has_sd() && !(prior.sd() >= 1e-6 && prior.sd() <= 100.0)) {
    add_problem("prior.sd", absl::StrCat("is ", prior.sd(), "; must be 0.000001 to 100; 0.01 is one percent"));
  }
  if (!(std::abs(prior.mean()) <= 100.0)) {
    add_problem("prior.mean", absl::StrCat("is ", prior.mean(), "; must be -100 to 100; 0.01 is one percent more"));
  }
  if (campaigns > 0 && (campaigns < kLeastPastCampaigns || campaigns > kMostCampaigns)) {
    add_problem("prior.past_campaigns",
                absl::StrCat("has ", campaigns, " campaigns; must have ", kLeastPastCampaigns, " to ", kMostCampaigns));
  }
  for (int i = 0; i < campaigns; ++i) {
    const summary::SummaryLift& past = prior.past_campaigns(i);
    const std::string path = absl::StrCat("prior.past_campaigns[", i, "].");
    if (!(std::abs(past.lift()) <= 100.0)) {
      add_problem(absl::StrCat(path, "lift"), "must be -100 to 100; 0.01 is one percent more");
    }
    if (!(past.standard_error() >= 1e-6 && past.standard_error() <= 100.0)) {
      add_problem(absl::StrCat(path, "standard_error"), "must be 0.000001 to 100");
    }
  }
}

LiftPrior PriorOf(const summary::SummaryPrior& prior) {
  LiftPrior known;
  if (prior.has_sd()) known.lift = {PriorKind::kChosen, prior.mean(), prior.sd()};
  if (prior.past_campaigns().empty()) return known;
  std::vector<PastCampaign> campaigns;
  for (const summary::SummaryLift& past : prior.past_campaigns()) {
    campaigns.push_back({{{past.lift(), past.standard_error()}}});
  }
  return LearnLiftPrior(campaigns);
}

}  // namespace tierwise
