// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/bayes_rates.h"
#include "tests/oracle/families.h"

namespace tierwise::oracle {

void CheckBayesBetaBinomial(const nlohmann::json& input, CaseReport& report) {
  const BetaPosterior prior{input.at("prior_alpha"), input.at("prior_beta")};
  const double confidence = input.at("confidence");
  const BetaPosterior a = CaseReport::Require(UpdateBeta(prior, input.at("conversions_a"), input.at("n_a")));
  const BetaPosterior b = CaseReport::Require(UpdateBeta(prior, input.at("conversions_b"), input.at("n_b")));
  const RateComparison comparison = CaseReport::Require(CompareRates(a, b));
  report.Got("posterior_a", nlohmann::json{a.alpha, a.beta});
  report.Got("posterior_b", nlohmann::json{b.alpha, b.beta});
  report.Got("mean_a", a.Mean());
  report.Got("mean_b", b.Mean());
  report.Got("ci_a", CredibleInterval(a, confidence));
  report.Got("ci_b", CredibleInterval(b, confidence));
  report.Got("prob_b_beats_a", comparison.chance_to_beat_control);
  report.Got("expected_loss_choose_a", comparison.expected_loss_control);
  report.Got("expected_loss_choose_b", comparison.expected_loss_treatment);
}

}  // namespace tierwise::oracle
