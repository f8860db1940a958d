// SPDX-License-Identifier: Apache-2.0
#include "server/services/policy_users.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "experiments/base/fact_rows.h"
#include "experiments/base/status_macros.h"
#include "experiments/evidence/metric_plan.h"
#include "experiments/evidence/user_outcomes.h"

namespace tierwise {
namespace {

// One exposure as it is looked at here: `phase` itself, not how it stands to the present one.
struct PhasedExposure {
  uint64_t user_order;
  int64_t time_micros;
  uint32_t phase;
  uint16_t tier;
  uint16_t variant;
  bool forced;

  friend auto operator<=>(const PhasedExposure&, const PhasedExposure&) = default;
};

// Each user with an exposure takes at most this many, on average, before the log is taken for too long.
constexpr size_t kMostExposures = 8 * kMostPolicyUsers;

absl::StatusOr<std::vector<PhasedExposure>> ScanExposures(const LaunchedCampaign& launched, EventLog& events) {
  ExposureScan scan{launched.campaign.id(), {}, {}, launched.as_of};
  for (const v1::Variant& variant : launched.campaign.variants()) scan.variants.push_back(variant.id());
  for (const v1::Tier& tier : launched.tiering.tiers()) scan.tiers.push_back(tier.id());
  std::vector<PhasedExposure> exposures;
  TIERWISE_RETURN_IF_ERROR(events.ScanExposures(scan, [&](const ExposureColumns& columns) {
    if (exposures.size() > kMostExposures) return;
    for (size_t i = 0; i < columns.user.size(); ++i) {
      exposures.push_back({UserOrder(columns.user[i]), columns.time_micros[i], columns.phase[i], columns.tier[i],
                           columns.variant[i], columns.forced[i] != 0});
    }
  }));
  if (exposures.size() > kMostExposures) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the campaign has more than ", kMostExposures, " exposures, too many to look at one by one"));
  }
  std::sort(exposures.begin(), exposures.end());
  return exposures;
}

absl::StatusOr<std::vector<EventRow>> ScanEvents(const LaunchedCampaign& launched, const MetricPlan& plan,
                                                 absl::Span<const PhasedExposure> exposures, EventLog& events) {
  std::vector<EventRow> rows;
  if (exposures.empty()) return rows;
  const auto [first, last] = std::minmax_element(
      exposures.begin(), exposures.end(),
      [](const PhasedExposure& a, const PhasedExposure& b) { return a.time_micros < b.time_micros; });
  const EventScan scan{plan.event_names, absl::FromUnixMicros(first->time_micros + plan.events_begin_micros),
                       absl::FromUnixMicros(last->time_micros + plan.events_end_micros), launched.as_of};
  TIERWISE_RETURN_IF_ERROR(events.ScanEvents(scan, [&](const EventColumns& columns) {
    for (size_t i = 0; i < columns.user.size(); ++i) {
      const uint64_t order = UserOrder(columns.user[i]);
      const auto exposed =
          std::lower_bound(exposures.begin(), exposures.end(), order,
                           [](const PhasedExposure& row, uint64_t user) { return row.user_order < user; });
      if (exposed == exposures.end() || exposed->user_order != order) continue;
      const bool has_value = columns.has_value.empty() || columns.has_value[i] != 0;
      rows.push_back({order, columns.event[i], columns.time_micros[i], columns.value[i], columns.name[i], has_value});
    }
  }));
  std::sort(rows.begin(), rows.end());
  return rows;
}

// Turns users, one after the other, into rows of policy data.
class RowBuilder {
 public:
  RowBuilder(const MetricPlan& plan, const UserWorth& worth, std::vector<std::vector<std::vector<double>>> shares)
      : outcomes_of_(plan), worth_(worth), shares_(std::move(shares)), outcomes_(outcomes_of_.size()) {}

  // REQUIRES: both are one user's, ascending.
  void Add(absl::Span<const PhasedExposure> exposures, absl::Span<const EventRow> events, PolicyUsers& users) {
    const PhasedExposure& first = exposures.front();
    const bool is_clean = std::all_of(exposures.begin(), exposures.end(), [&](const PhasedExposure& row) {
      return !row.forced && row.variant == first.variant;
    });
    if (!is_clean || first.tier == kOtherName || first.variant == kOtherName) return;
    const double propensity = PropensityOf(first);
    if (!(propensity > 0.0)) return;
    std::fill(outcomes_.begin(), outcomes_.end(), 0.0);
    if (!events.empty()) {
      outcomes_of_.Compute({first.time_micros, first.tier, events, {}}, absl::MakeSpan(outcomes_));
    }
    users.keys.push_back(UserKeyOf(first.user_order));
    users.data.arm.push_back(first.variant);
    users.data.tier.push_back(first.tier);
    users.data.propensity.push_back(propensity);
    users.data.outcome.push_back(worth_(outcomes_, first.variant));
  }

 private:
  double PropensityOf(const PhasedExposure& first) const {
    if (first.tier >= shares_.size() || first.phase == 0 || first.phase > shares_[first.tier].size()) return 0.0;
    const std::vector<double>& shares = shares_[first.tier][first.phase - 1];
    return first.variant < shares.size() ? shares[first.variant] : 0.0;
  }

  UserOutcomes outcomes_of_;
  const UserWorth& worth_;
  std::vector<std::vector<std::vector<double>>> shares_;
  std::vector<double> outcomes_;
};

}  // namespace

absl::StatusOr<PolicyUsers> GatherPolicyUsers(const LaunchedCampaign& launched, const v1::Metric& metric,
                                              const UserWorth& worth, EventLog& events, EvidenceCache& evidence,
                                              PhaseHistory& history) {
  std::vector<std::string> tiers;
  for (const v1::Tier& tier : launched.tiering.tiers()) tiers.push_back(tier.id());
  TIERWISE_ASSIGN_OR_RETURN(auto shares, history.SharesOf(launched.campaign, tiers));
  const v1::Metric* planned = &metric;
  const MetricPlan plan = PlanMetrics({&planned, 1}, tiers);
  const auto alone = evidence.GatherAlone();
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<PhasedExposure> exposures, ScanExposures(launched, events));
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<EventRow> rows, ScanEvents(launched, plan, exposures, events));
  PolicyUsers users;
  users.data.arms = static_cast<size_t>(launched.campaign.variants_size());
  users.data.tiers = tiers.size();
  RowBuilder builder(plan, worth, std::move(shares));
  size_t event = 0;
  for (size_t begin = 0, end = 0; begin < exposures.size(); begin = end) {
    const uint64_t user = exposures[begin].user_order;
    while (end < exposures.size() && exposures[end].user_order == user) ++end;
    while (event < rows.size() && rows[event].user_order < user) ++event;
    size_t event_end = event;
    while (event_end < rows.size() && rows[event_end].user_order == user) ++event_end;
    builder.Add(absl::MakeConstSpan(exposures).subspan(begin, end - begin),
                absl::MakeConstSpan(rows).subspan(event, event_end - event), users);
    event = event_end;
    if (users.keys.size() > kMostPolicyUsers) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the campaign has more than ", kMostPolicyUsers, " users, too many to look at one by one"));
    }
  }
  return users;
}

}  // namespace tierwise
