// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/adaptive_contrast.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/confidence_sequence.h"

namespace tierwise {
namespace {

absl::Status Check(absl::Span<const AdaptiveBatch> batches, size_t arm, size_t control,
                   const AdaptiveContrastOptions& options) {
  Problems problems;
  CheckOpenUnit("confidence", options.confidence, problems);
  CheckFinite("control_factor", options.control_factor, problems);
  CheckPositive("tightest_at_users", options.tightest_at_users, problems);
  CheckNonNegative("events_needed", options.events_needed, problems);
  if (arm == control) problems.Add("arm", "is the control; nothing is to be compared");
  for (size_t b = 0; b < batches.size(); ++b) {
    const AdaptiveBatch& batch = batches[b];
    const std::string field = absl::StrCat("batches[", b, "]");
    if (batch.shares.size() != batch.outcomes.size() || std::max(arm, control) >= batch.shares.size()) {
      problems.Add(field, absl::StrCat("has ", batch.shares.size(), " shares and ", batch.outcomes.size(),
                                       " outcomes; must have one of each for every arm"));
      continue;
    }
    for (size_t a : {arm, control}) {
      CheckProbability(absl::StrCat(field, ".shares[", a, "]"), batch.shares[a], problems);
      if (batch.shares[a] == 0.0 && batch.outcomes[a].n > 0) {
        problems.Add(absl::StrCat(field, ".shares[", a, "]"), "is 0 although the arm has users");
      }
    }
  }
  return problems.ToStatus();
}

// Users' worth of outcomes: for conversions, how many there were; for amounts, about how many users had one.
double EventsOf(const Moments& outcomes) {
  const double squares = outcomes.mean * outcomes.mean + outcomes.Variance();
  return squares > 0.0 ? static_cast<double>(outcomes.n) * outcomes.mean * outcomes.mean / squares : 0.0;
}

struct Contrasted {
  size_t arm;
  size_t control;
  double factor;  // of the control
};

// The scores D = mu_a - f mu_0 + 1{arm}(Y - mu_a) / e_a - f 1{control}(Y - mu_0) / e_0 of one batch, as moments: users
// of the arm, of the control and of the others have one mean each.
Moments ScoresOf(const AdaptiveBatch& batch, const Contrasted& of, double arm_prior, double control_prior) {
  const double base = arm_prior - of.factor * control_prior;
  const auto scaled = [&](const Moments& outcomes, double prior, double scale) {
    return Moments{outcomes.n, base + (outcomes.mean - prior) * scale, outcomes.m2 * scale * scale};
  };
  Moments scores = scaled(batch.outcomes[of.arm], arm_prior, 1.0 / batch.shares[of.arm]);
  scores.Merge(scaled(batch.outcomes[of.control], control_prior, -of.factor / batch.shares[of.control]));
  int64_t others = 0;
  for (size_t a = 0; a < batch.outcomes.size(); ++a) {
    if (a != of.arm && a != of.control) others += batch.outcomes[a].n;
  }
  scores.Merge(Moments{others, base, 0.0});
  return scores;
}

}  // namespace

absl::StatusOr<AdaptiveContrast> EvaluateAdaptiveContrast(absl::Span<const AdaptiveBatch> batches, size_t arm,
                                                          size_t control, const AdaptiveContrastOptions& options) {
  TIERWISE_RETURN_IF_ERROR(Check(batches, arm, control, options));
  Moments of_arm;
  Moments of_control;
  double users = 0.0;
  double sum = 0.0;
  double variance = 0.0;
  double first_variance = 0.0;
  for (const AdaptiveBatch& batch : batches) {
    if (batch.shares[arm] > 0.0 && batch.shares[control] > 0.0) {
      const Moments scores = ScoresOf(batch, {arm, control, options.control_factor}, of_arm.mean, of_control.mean);
      const auto n = static_cast<double>(scores.n);
      users += n;
      sum += n * scores.mean;
      variance += n * scores.Variance();
      if (first_variance == 0.0) first_variance = scores.Variance();
    }
    of_arm.Merge(batch.outcomes[arm]);
    of_control.Merge(batch.outcomes[control]);
  }
  if (of_arm.n == 0 || of_control.n == 0 || users == 0.0) {
    return InvalidField("batches", absl::StrCat("have ", of_arm.n, " users of arm ", arm, " and ", of_control.n,
                                                " of the control; both are needed"));
  }
  AdaptiveContrast result;
  result.value.value = sum / users;
  result.value.se = std::numeric_limits<double>::infinity();
  result.has_begun =
      variance > 0.0 && EventsOf(of_arm) >= options.events_needed && EventsOf(of_control) >= options.events_needed;
  if (!result.has_begun) return result;
  const double alpha = 1.0 - options.confidence;
  const double clock = variance / first_variance;
  const double rho2 = MixtureVariance(alpha, options.tightest_at_users);
  result.value.se = std::sqrt(variance) / users;
  const double reach = ConfidenceSequenceMultiplier(clock, rho2, alpha) * result.value.se;
  result.value.interval = {result.value.value - reach, result.value.value + reach};
  // The e-value of the same mixture against 0.
  const double scaled = clock * rho2;
  const double z = result.value.value / result.value.se;
  result.p = std::min(1.0, std::exp(0.5 * std::log1p(scaled) - 0.5 * z * z * scaled / (1.0 + scaled)));
  return result;
}

absl::StatusOr<bool> IsStoppedByGuardrail(absl::Span<const AdaptiveBatch> batches, size_t arm, size_t control,
                                          const GuardrailRule& rule) {
  Problems problems;
  CheckProbability("margin", rule.margin, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  AdaptiveContrastOptions options;
  options.confidence = rule.confidence;
  options.tightest_at_users = rule.tightest_at_users;
  options.control_factor = rule.is_more_better ? 1.0 - rule.margin : 1.0 + rule.margin;
  TIERWISE_ASSIGN_OR_RETURN(const AdaptiveContrast contrast, EvaluateAdaptiveContrast(batches, arm, control, options));
  return rule.is_more_better ? contrast.value.interval.upper < 0.0 : contrast.value.interval.lower > 0.0;
}

}  // namespace tierwise
