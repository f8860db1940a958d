// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/health.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "experiments/analysis/exposure_checks.h"
#include "experiments/analysis/outcome_checks.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/srm.h"

namespace tierwise {
namespace {

constexpr double kNoticeableShare = 0.001;

v1::HealthCheck Check(const char* name, absl::string_view tier, v1::HealthStatus status, std::string message) {
  v1::HealthCheck check;
  check.set_check(name);
  check.set_tier(std::string(tier));
  check.set_status(status);
  check.set_message(std::move(message));
  return check;
}

// `tests` is how many such tests are made together.
absl::StatusOr<v1::HealthCheck> SampleRatio(absl::string_view tier, absl::Span<const int64_t> counts,
                                            absl::Span<const double> shares, int tests) {
  TIERWISE_ASSIGN_OR_RETURN(const SampleRatioCheck result, CheckSampleRatio(counts, shares));
  const bool is_mismatch = result.IsMismatch(kSampleRatioAlpha / tests);
  const std::string where = tier.empty() ? "over all tiers" : absl::StrCat("in tier ", tier);
  std::string message;
  if (result.users_in_zero_weight_arms > 0) {
    message =
        absl::StrCat(result.users_in_zero_weight_arms, " users ", where,
                     " are in arms of weight 0, which should have none. Find out how they got there: their lifts mean "
                     "nothing, and those of the others may not either.");
  } else if (is_mismatch) {
    message = absl::StrFormat(
        "The arms %s do not have the shares of users that the weights give (chi-square %.4f, p = %.2g; an arm is off "
        "by "
        "%.2f points). Something loses or adds users in one arm: find it before reading any lift.",
        where, result.chi_squared, result.p, 100.0 * result.largest_share_deviation);
  } else {
    message = absl::StrFormat("The arms %s have the shares of users that the weights give (chi-square %.6f, p = %.6f).",
                              where, result.chi_squared, result.p);
  }
  v1::HealthCheck check =
      Check("sample_ratio", tier, is_mismatch ? v1::HEALTH_STATUS_FAILED : v1::HEALTH_STATUS_OK, std::move(message));
  check.set_statistic(result.chi_squared);
  check.set_p_value(result.p);
  return check;
}

// Expected users per variant over all tiers: each tier's users by its weights.
std::vector<double> ExpectedUsers(const CampaignData& data) {
  std::vector<double> expected(data.variants.size(), 0.0);
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    for (size_t variant = 0; variant < expected.size(); ++variant) {
      expected[variant] += static_cast<double>(data.UsersOfTier(tier)) * data.tiers[tier].expected_share[variant];
    }
  }
  return expected;
}

v1::HealthCheck TwoVariants(const CampaignData& data) {
  const int64_t seen = data.TotalUsers() + data.users_in_two_variants;
  if (data.users_in_two_variants == 0) {
    return Check("two_variants", "", v1::HEALTH_STATUS_OK, "No user was seen in two variants.");
  }
  const double share = static_cast<double>(data.users_in_two_variants) / static_cast<double>(seen);
  return Check(
      "two_variants", "", share > kNoticeableShare ? v1::HEALTH_STATUS_WARNING : v1::HEALTH_STATUS_OK,
      absl::StrFormat("%d users (%.2f%%) were seen in two variants and are left out. Look for ids that are shared or "
                      "that change between assignment and exposure.",
                      data.users_in_two_variants, 100.0 * share));
}

v1::HealthCheck WeightsChanged(const CampaignData& data) {
  constexpr char kName[] = "weights_changed";
  if (data.users_of_earlier_phases == 0) return Check(kName, "", v1::HEALTH_STATUS_OK, "No weights were changed.");
  return Check(
      kName, "", v1::HEALTH_STATUS_WARNING,
      absl::StrFormat("Weights were changed: %d users of earlier phases are left out, since phases must not be mixed. "
                      "Read an earlier phase by an as_of before the change.",
                      data.users_of_earlier_phases));
}

v1::HealthCheck UnknownCells(const CampaignData& data) {
  constexpr char kName[] = "unknown_cells";
  const int64_t unknown = data.users_in_unknown_cells;
  if (unknown == 0)
    return Check(kName, "", v1::HEALTH_STATUS_OK, "Every exposure names a variant and a tier of the campaign.");
  const double share = static_cast<double>(unknown) / static_cast<double>(data.TotalUsers() + unknown);
  return Check(kName, "", share > kNoticeableShare ? v1::HEALTH_STATUS_WARNING : v1::HEALTH_STATUS_OK,
               absl::StrFormat(
                   "%d users (%.2f%%) were exposed in a variant, tier or phase that the campaign does not have and are "
                   "left out. Look for callers that send their own names or an old revision.",
                   unknown, 100.0 * share));
}

bool HasShares(const TierDesign& tier) {
  return std::any_of(tier.expected_share.begin(), tier.expected_share.end(), [](double share) { return share > 0.0; });
}

}  // namespace

absl::StatusOr<std::vector<v1::HealthCheck>> CheckHealth(const CampaignData& data) {
  std::vector<v1::HealthCheck> checks;
  if (data.TotalUsers() == 0) {
    checks.push_back(Check("sample_size", "", v1::HEALTH_STATUS_FAILED,
                           "No users were exposed yet: record exposures, or wait for the first."));
    return checks;
  }
  std::vector<int64_t> counts(data.variants.size(), 0);
  int tested_tiers = 0;
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    for (size_t variant = 0; variant < counts.size(); ++variant)
      counts[variant] += data.users[data.CellOf(tier, variant)];
    tested_tiers += HasShares(data.tiers[tier]) && data.UsersOfTier(tier) > 0 ? 1 : 0;
  }
  TIERWISE_ASSIGN_OR_RETURN(v1::HealthCheck overall, SampleRatio("", counts, ExpectedUsers(data), 1));
  checks.push_back(std::move(overall));
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    if (data.UsersOfTier(tier) == 0) continue;
    if (!HasShares(data.tiers[tier])) {
      checks.push_back(Check("sample_ratio", data.tiers[tier].id, v1::HEALTH_STATUS_FAILED,
                             absl::StrCat("Users of tier ", data.tiers[tier].id,
                                          " were exposed, but the tier is not targeted: look for what exposes them.")));
      continue;
    }
    const auto users = absl::MakeConstSpan(data.users).subspan(data.CellOf(tier, 0), data.variants.size());
    TIERWISE_ASSIGN_OR_RETURN(v1::HealthCheck check,
                              SampleRatio(data.tiers[tier].id, users, data.tiers[tier].expected_share, tested_tiers));
    checks.push_back(std::move(check));
  }
  TIERWISE_ASSIGN_OR_RETURN(std::vector<v1::HealthCheck> daily, CheckSampleRatioDaily(data));
  std::move(daily.begin(), daily.end(), std::back_inserter(checks));
  checks.push_back(TwoVariants(data));
  TIERWISE_ASSIGN_OR_RETURN(std::vector<v1::HealthCheck> early, CheckEarlyEvents(data));
  std::move(early.begin(), early.end(), std::back_inserter(checks));
  TIERWISE_ASSIGN_OR_RETURN(v1::HealthCheck pre_exposure, CheckPreExposure(data));
  checks.push_back(std::move(pre_exposure));
  checks.push_back(CheckSampleSize(data));
  checks.push_back(CheckZeroVariance(data));
  checks.push_back(WeightsChanged(data));
  checks.push_back(UnknownCells(data));
  std::stable_sort(checks.begin(), checks.end(),
                   [](const v1::HealthCheck& a, const v1::HealthCheck& b) { return a.status() > b.status(); });
  return checks;
}

}  // namespace tierwise
