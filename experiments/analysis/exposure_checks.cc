// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/exposure_checks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiments/analysis/outcome_checks.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/post_stratification.h"
#include "experiments/stats/proportions.h"
#include "experiments/stats/srm.h"

namespace tierwise {
namespace {

v1::HealthCheck Check(const char* name, absl::string_view tier, v1::HealthStatus status, std::string message) {
  v1::HealthCheck check;
  check.set_check(name);
  check.set_tier(std::string(tier));
  check.set_status(status);
  check.set_message(std::move(message));
  return check;
}

// A test's course: the greatest ln Bayes factor against the weights so far, and the first row at which it was enough to
// fail.
class RatioPath {
 public:
  explicit RatioPath(double alpha) : ln_limit_(-std::log(alpha)) {}

  void Look(double log_bayes_factor, size_t row) {
    greatest_ = std::max(greatest_, log_bayes_factor);
    if (!failed_at_.has_value() && greatest_ > ln_limit_) failed_at_ = row;
  }

  double p() const { return std::exp(-greatest_); }
  std::optional<size_t> failed_at() const { return failed_at_; }

 private:
  double ln_limit_;
  double greatest_ = 0.0;
  std::optional<size_t> failed_at_;
};

struct TierPath {
  size_t tier;
  SequentialSampleRatio test;
  RatioPath path;
  std::vector<int64_t> counts;
};

v1::HealthCheck RatioCheck(const CampaignData& data, absl::string_view tier, const RatioPath& path) {
  const std::string where = tier.empty() ? "over all tiers" : absl::StrCat("in tier ", tier);
  v1::HealthCheck check;
  if (path.failed_at().has_value()) {
    const int64_t day = static_cast<int64_t>(*path.failed_at() + 1) * data.days_per_row;
    check =
        Check("sample_ratio_sequential", tier, v1::HEALTH_STATUS_FAILED,
              absl::StrFormat("Looked at daily, the arms %s left the shares that the weights give by day %d after "
                              "the first exposure (p = %.2g at any look). Find out what changed in one arm by then, "
                              "before reading any lift.",
                              where, day, path.p()));
  } else {
    check =
        Check("sample_ratio_sequential", tier, v1::HEALTH_STATUS_OK,
              absl::StrFormat("Looked at daily, the arms %s have kept to the shares that the weights give (p = %.4g "
                              "at any look).",
                              where, path.p()));
  }
  check.set_p_value(path.p());
  return check;
}

bool IsTargeted(const TierDesign& tier) {
  return std::any_of(tier.expected_share.begin(), tier.expected_share.end(), [](double share) { return share > 0.0; });
}

// The targeted tiers, or, where they all have the same weights, one that stands for all users together.
struct Families {
  std::vector<TierPath> tiers;
  std::optional<SequentialSampleRatio> together;
};

absl::StatusOr<Families> FamiliesOf(const CampaignData& data) {
  Families families;
  std::vector<size_t> targeted;
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    if (IsTargeted(data.tiers[tier])) targeted.push_back(tier);
  }
  bool is_equal = !targeted.empty();
  for (const size_t tier : targeted) {
    const std::vector<double>& shares = data.tiers[tier].expected_share;
    is_equal = is_equal && shares == data.tiers[targeted.front()].expected_share;
    TIERWISE_ASSIGN_OR_RETURN(SequentialSampleRatio test, SequentialSampleRatio::Create(shares));
    families.tiers.push_back({tier, std::move(test),
                              RatioPath(kSampleRatioAlpha / static_cast<double>(targeted.size())),
                              std::vector<int64_t>(data.variants.size())});
  }
  if (is_equal) {
    TIERWISE_ASSIGN_OR_RETURN(families.together,
                              SequentialSampleRatio::Create(data.tiers[targeted.front()].expected_share));
  }
  return families;
}

// The early users of one variant against the control's.
struct EarlyDifference {
  size_t variant = 0;
  double p = 1.0;
  bool is_more = false;  // in the variant
};

absl::StatusOr<EarlyDifference> DifferenceOf(const CampaignData& data, size_t variant) {
  const auto control = static_cast<size_t>(data.control);
  std::vector<Stratum> strata;
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    const size_t c = data.CellOf(tier, control), t = data.CellOf(tier, variant);
    Stratum& stratum = strata.emplace_back();
    stratum.users = data.UsersOfTier(tier);
    if (data.users[c] < 2 || data.users[t] < 2) continue;
    stratum.means =
        MeansOf(Proportion{data.early_users[c], data.users[c]}, Proportion{data.early_users[t], data.users[t]});
  }
  constexpr double kUnusedConfidence = 0.95;
  TIERWISE_ASSIGN_OR_RETURN(const PostStratifiedEffect effect, PostStratify(strata, kUnusedConfidence));
  const bool is_tested = effect.estimate.gap == Gap::kNone;
  return EarlyDifference{variant, is_tested ? effect.estimate.test.p : 1.0, effect.estimate.effect > 0.0};
}

// "412 of 10,000 (4.12%)".
std::string ShareText(const CampaignData& data, size_t variant) {
  int64_t early = 0, users = 0;
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    early += data.early_users[data.CellOf(tier, variant)];
    users += data.users[data.CellOf(tier, variant)];
  }
  return absl::StrFormat("%d of %d users (%.2f%%)", early, users,
                         users > 0 ? 100.0 * static_cast<double>(early) / static_cast<double>(users) : 0.0);
}

}  // namespace

absl::StatusOr<std::vector<v1::HealthCheck>> CheckSampleRatioDaily(const CampaignData& data) {
  std::vector<v1::HealthCheck> checks;
  TIERWISE_ASSIGN_OR_RETURN(Families families, FamiliesOf(data));
  if (data.daily_users.empty() || families.tiers.empty()) return checks;
  RatioPath overall(kSampleRatioAlpha);
  std::vector<int64_t> together(data.variants.size());
  for (size_t row = 0; row < data.daily_users.size(); ++row) {
    double sum = 0.0;
    for (TierPath& tier : families.tiers) {
      for (size_t variant = 0; variant < together.size(); ++variant) {
        const int64_t users = data.daily_users[row][data.CellOf(tier.tier, variant)];
        tier.counts[variant] += users;
        together[variant] += users;
      }
      TIERWISE_RETURN_IF_ERROR(tier.test.Look(tier.counts));
      tier.path.Look(tier.test.log_bayes_factor(), row);
      sum += tier.test.log_bayes_factor();
    }
    if (families.together.has_value()) {
      TIERWISE_RETURN_IF_ERROR(families.together->Look(together));
      sum = families.together->log_bayes_factor();
    }
    overall.Look(sum, row);
  }
  checks.push_back(RatioCheck(data, "", overall));
  for (const TierPath& tier : families.tiers) {
    if (tier.path.failed_at().has_value()) checks.push_back(RatioCheck(data, data.tiers[tier.tier].id, tier.path));
  }
  return checks;
}

absl::StatusOr<std::vector<v1::HealthCheck>> CheckEarlyEvents(const CampaignData& data) {
  constexpr char kName[] = "events_before_exposure";
  if (data.early_users.empty() || data.Primary() == nullptr) return std::vector<v1::HealthCheck>();
  EarlyDifference worst;
  for (size_t variant = 0; variant < data.variants.size(); ++variant) {
    if (variant == static_cast<size_t>(data.control)) continue;
    TIERWISE_ASSIGN_OR_RETURN(const EarlyDifference difference, DifferenceOf(data, variant));
    if (difference.p < worst.p) worst = difference;
  }
  const double variants = static_cast<double>(data.variants.size() - 1);
  v1::HealthCheck check;
  if (worst.p < kImbalanceAlpha / variants) {
    const size_t more = worst.is_more ? worst.variant : static_cast<size_t>(data.control);
    check =
        Check(kName, "", v1::HEALTH_STATUS_FAILED,
              absl::StrFormat(
                  "Between the start and their first exposure, %s of %s but %s of %s had an event of %s (p = "
                  "%.2g). Exposures of %s are recorded after the outcome, which then does not count: record them "
                  "when the user meets the variant, in the same way in every arm.",
                  ShareText(data, worst.variant), data.variants[worst.variant],
                  ShareText(data, static_cast<size_t>(data.control)), data.variants[static_cast<size_t>(data.control)],
                  data.Primary()->id, worst.p, data.variants[more]));
  } else {
    check = Check(kName, "", v1::HEALTH_STATUS_OK,
                  absl::StrFormat("As many users of every arm had an event of %s between the start and their first "
                                  "exposure (smallest p: %.4g).",
                                  data.Primary()->id, worst.p));
  }
  check.set_p_value(worst.p);
  return std::vector<v1::HealthCheck>{std::move(check)};
}

}  // namespace tierwise
