// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "experiments/analysis/campaign_data.h"

namespace tierwise {

// Moments of a rate: `conversions` of `users`.
JointMoments RateMoments(int64_t users, int64_t conversions);
// Moments of an outcome and, where `covariate_mean` is given, a covariate correlated with it by `correlation`.
JointMoments MeanMoments(int64_t users, double mean, double sd);
JointMoments CovariateMoments(int64_t users, double mean, double sd, double covariate_mean, double correlation);

// A campaign with the variants "control" and "offer" in equal shares, tiers "gold" and "silver" of 2 x 10,000 users
// each, its primary metric "order" a rate: 10 % convert everywhere. Judged by alpha spending from day 0 to day 28; read
// on day 14. Windows have no length, so that the last outcome comes with the last user.
CampaignData MadeUpCampaign();
// Sets one cell of the primary metric.
void SetRate(CampaignData& data, size_t tier, size_t variant, int64_t conversions);
// The offer converts `conversions` of 10,000 users in every tier.
void SetOffer(CampaignData& data, int64_t conversions);
// Adds a metric that is alike in all arms: 10,000 users of mean 100 and standard deviation 50 each.
MetricData& AddMean(CampaignData& data, const std::string& id, v1::MetricRole role);
// Read so many days after the start.
void ReadOnDay(CampaignData& data, double day);

}  // namespace tierwise
