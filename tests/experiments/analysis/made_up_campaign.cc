// SPDX-License-Identifier: Apache-2.0
#include "tests/experiments/analysis/made_up_campaign.h"

namespace tierwise {
namespace {

constexpr int64_t kUsers = 10'000;

}  // namespace

JointMoments RateMoments(int64_t users, int64_t conversions) {
  JointMoments moments(1);
  moments.AddRepeated({1.0}, conversions);
  moments.AddRepeated({0.0}, users - conversions);
  return moments;
}

JointMoments MeanMoments(int64_t users, double mean, double sd) {
  return JointMoments::FromParts(users, {mean}, {sd * sd * static_cast<double>(users - 1)});
}

JointMoments CovariateMoments(int64_t users, double mean, double sd, double covariate_mean, double correlation) {
  const double variance = sd * sd * static_cast<double>(users - 1);
  return JointMoments::FromParts(users, {mean, covariate_mean}, {variance, correlation * variance, variance});
}

CampaignData MadeUpCampaign() {
  CampaignData data;
  data.id = "spring";
  data.revision = 3;
  data.variants = {"control", "offer"};
  data.tiers = {{"gold", 1, {0.5, 0.5}}, {"silver", 1, {0.5, 0.5}}};
  data.users.assign(4, kUsers);
  data.rules.sequential_rule = v1::SEQUENTIAL_RULE_ALPHA_SPENDING;
  data.rules.start = absl::FromUnixSeconds(1'700'000'000);
  data.rules.end = data.rules.start + absl::Hours(24 * 28);
  MetricData order;
  order.id = "order";
  order.revision = 1;
  order.estimand = Estimand::kRate;
  order.role = v1::METRIC_ROLE_PRIMARY;
  order.cells.assign(4, RateMoments(kUsers, kUsers / 10));
  data.metrics = {order};
  data.first_exposure = data.rules.start;
  ReadOnDay(data, 14);
  return data;
}

void SetRate(CampaignData& data, size_t tier, size_t variant, int64_t conversions) {
  data.metrics[0].cells[data.CellOf(tier, variant)] = RateMoments(kUsers, conversions);
}

void SetOffer(CampaignData& data, int64_t conversions) {
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) SetRate(data, tier, 1, conversions);
}

MetricData& AddMean(CampaignData& data, const std::string& id, v1::MetricRole role) {
  MetricData metric;
  metric.id = id;
  metric.revision = 1;
  metric.role = role;
  metric.cells.assign(data.users.size(), MeanMoments(kUsers, 100.0, 50.0));
  data.metrics.push_back(metric);
  if (role == v1::METRIC_ROLE_SECONDARY) ++data.secondary_metrics;
  return data.metrics.back();
}

void ReadOnDay(CampaignData& data, double day) {
  data.as_of = data.rules.start + absl::Hours(24) * day;
  data.last_exposure = data.as_of;
}

}  // namespace tierwise
