// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/policy_bins.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tierwise {
namespace {

// Quantiles are taken over a sample of this many users: their places need not be exact, and sorting is slow.
constexpr size_t kSample = 100'000;

// The distinct numbers at equally spaced ranks, the largest left out: nobody is above it.
std::vector<double> Limits(const std::vector<double>& values, absl::Span<const uint32_t> users) {
  std::vector<double> sample;
  const size_t step = std::max<size_t>(1, users.size() / kSample);
  for (size_t i = 0; i < users.size(); i += step) {
    if (!std::isnan(values[users[i]])) sample.push_back(values[users[i]]);
  }
  if (sample.empty()) return {};
  std::sort(sample.begin(), sample.end());
  std::vector<double> limits;
  for (size_t q = 1; q <= kMostQuestions; ++q) {
    const double limit = sample[q * (sample.size() - 1) / (kMostQuestions + 1)];
    if (limit < sample.back() && (limits.empty() || limit > limits.back())) limits.push_back(limit);
  }
  return limits;
}

template <typename ValueOf>
PolicyBins BinNumbers(size_t users, std::vector<double> limits, ValueOf value_of) {
  PolicyBins bins;
  bins.limits = std::move(limits);
  bins.questions = bins.limits.size();
  bins.of_user.resize(users);
  for (size_t i = 0; i < users; ++i) {
    const double value = value_of(i);
    const auto at =
        std::isnan(value) ? bins.limits.end() : std::lower_bound(bins.limits.begin(), bins.limits.end(), value);
    bins.of_user[i] = static_cast<uint8_t>(at - bins.limits.begin());
  }
  return bins;
}

// The most frequent categories, in the order of their numbers.
template <typename ValueOf>
PolicyBins BinCategories(size_t users, absl::Span<const uint32_t> counted, size_t categories, ValueOf value_of) {
  std::vector<size_t> count(categories, 0);
  for (uint32_t user : counted) {
    const double value = value_of(user);
    if (!std::isnan(value)) ++count[static_cast<size_t>(value)];
  }
  std::vector<size_t> order(categories);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return count[a] > count[b]; });
  order.resize(std::min(order.size(), kMostQuestions));
  std::sort(order.begin(), order.end());
  PolicyBins bins;
  bins.is_category = true;
  bins.questions = order.size();
  std::vector<uint8_t> bin_of(categories, static_cast<uint8_t>(order.size()));
  for (size_t q = 0; q < order.size(); ++q) {
    bin_of[order[q]] = static_cast<uint8_t>(q);
    bins.limits.push_back(static_cast<double>(order[q]));
  }
  bins.of_user.resize(users);
  for (size_t i = 0; i < users; ++i) {
    const double value = value_of(i);
    bins.of_user[i] = std::isnan(value) ? static_cast<uint8_t>(order.size()) : bin_of[static_cast<size_t>(value)];
  }
  return bins;
}

}  // namespace

std::vector<PolicyBins> BinAttributes(const PolicyData& data, absl::Span<const uint32_t> users) {
  std::vector<PolicyBins> all;
  for (const PolicyAttribute& attribute : data.attributes) {
    const auto value_of = [&](size_t i) { return attribute.values[i]; };
    all.push_back(attribute.is_categorical
                      ? BinCategories(data.users(), users, static_cast<size_t>(attribute.categories), value_of)
                      : BinNumbers(data.users(), Limits(attribute.values, users), value_of));
  }
  all.push_back(BinCategories(data.users(), users, data.tiers, [&](size_t i) { return double{1.0} * data.tier[i]; }));
  return all;
}

}  // namespace tierwise
