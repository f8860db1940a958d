// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/tuning/offer_tuning.h"

namespace tierwise {

// Amounts off each conversion, from a margin of 40: a control and one variant "off<dose>" for each dose.
inline TuningData AmountsOffData(const std::vector<double>& doses) {
  TuningData data;
  data.campaign = "spring";
  data.revision = 3;
  data.as_of = absl::FromUnixSeconds(1'700'000'000);
  v1::Variant& control = data.variants.emplace_back();
  control.set_id("control");
  control.set_control(true);
  for (double dose : doses) {
    v1::Variant& variant = data.variants.emplace_back();
    variant.set_id(absl::StrCat("off", dose));
    variant.mutable_offer()->set_dose(dose);
    variant.mutable_offer()->set_unit(v1::DOSE_UNIT_AMOUNT_OFF);
  }
  data.economics.set_conversion_metric("orders");
  data.economics.set_margin_per_conversion(40.0);
  return data;
}

// Moments of `n` users of whom `conversions` convert.
inline JointMoments Rate(int64_t conversions, int64_t n) {
  JointMoments moments(1);
  moments.AddRepeated({1.0}, conversions);
  moments.AddRepeated({0.0}, n - conversions);
  return moments;
}

// The same where each conversion has one of two baskets, `basket` -+ `spread`.
inline JointMoments RateWithBaskets(int64_t conversions, int64_t n, double basket, double spread) {
  JointMoments moments(2);
  moments.AddRepeated({1.0, basket - spread}, conversions / 2);
  moments.AddRepeated({1.0, basket + spread}, conversions - conversions / 2);
  moments.AddRepeated({0.0, 0.0}, n - conversions);
  return moments;
}

// Adds a tier whose variants, in the data's order, had `conversions` of `n` users each.
inline void AddTier(TuningData& data, const std::string& name, int64_t users, int64_t n,
                    const std::vector<int64_t>& conversions) {
  TuningTier tier{name, users, {}};
  for (size_t i = 0; i < conversions.size(); ++i)
    tier.cells.push_back({data.variants[i].id(), Rate(conversions[i], n)});
  data.tiers.push_back(tier);
}

// Three tiers: the head buys anyway, the waist responds, the tail hardly buys.
inline TuningData Shop() {
  TuningData data = AmountsOffData({5, 10, 15});
  AddTier(data, "head", 10'000, 20'000, {6000, 6010, 6020, 6030});
  AddTier(data, "waist", 50'000, 20'000, {600, 1100, 1600, 1650});
  AddTier(data, "tail", 200'000, 20'000, {200, 210, 215, 220});
  return data;
}

}  // namespace tierwise
