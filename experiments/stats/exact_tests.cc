// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/exact_tests.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace tierwise {
namespace {

// Tables with probabilities equal but for rounding are equally likely.
constexpr double kTie = 1e-7;

// The margins of a two-by-two table as doubles, and the ratio of successive probabilities of the hypergeometric
// distribution of x = control conversions given them.
struct Margins {
  double control_users;
  double treatment_users;
  double conversions;

  double Lowest() const { return std::max(0.0, conversions - treatment_users); }
  double Highest() const { return std::min(conversions, control_users); }
  double Mode() const {
    const double mode =
        std::floor((conversions + 1.0) * ((control_users + 1.0) / (control_users + treatment_users + 2.0)));
    return std::clamp(mode, Lowest(), Highest());
  }
  // P(x + 1) / P(x).
  double Ratio(double x) const {
    return (conversions - x) / (x + 1.0) * ((control_users - x) / (treatment_users - conversions + x + 1.0));
  }
  double Deviation() const {
    const double users = control_users + treatment_users;
    const double share = control_users / users;
    return std::sqrt(conversions * share * (1.0 - share) * ((users - conversions) / std::max(1.0, users - 1.0)));
  }
};

Margins MarginsOf(const Proportion& control, const Proportion& treatment) {
  return {static_cast<double>(control.users), static_cast<double>(treatment.users),
          static_cast<double>(control.conversions) + static_cast<double>(treatment.conversions)};
}

// Walks from the mode in one direction, calling visit(x, P(x) / P(mode)) until it returns false, the support ends or
// doubles lose their digits.
template <typename Visit>
void WalkFromMode(const Margins& margins, bool upwards, Visit visit) {
  double weight = 1.0;
  for (double x = margins.Mode(); weight > 1e-290;) {
    if (upwards) {
      if (x >= margins.Highest()) return;
      weight *= margins.Ratio(x);
      x += 1.0;
    } else {
      if (x <= margins.Lowest()) return;
      x -= 1.0;
      weight /= margins.Ratio(x);
    }
    if (!visit(x, weight)) return;
  }
}

}  // namespace

std::optional<double> FisherExactP(const Proportion& control, const Proportion& treatment, bool mid_p) {
  const Margins margins = MarginsOf(control, treatment);
  if (margins.Deviation() > 1e5) return std::nullopt;
  const double observed_x = static_cast<double>(control.conversions);
  double observed = observed_x == margins.Mode() ? 1.0 : 0.0;
  for (const bool upwards : {false, true}) {
    WalkFromMode(margins, upwards, [&](double x, double weight) {
      if (x == observed_x) observed = weight;
      return x != observed_x;
    });
  }
  double total = 0.0;
  double as_extreme = 0.0;
  const auto count = [&](double, double weight) {
    total += weight;
    if (weight <= observed * (1.0 + kTie))
      as_extreme += mid_p && weight >= observed * (1.0 - kTie) ? 0.5 * weight : weight;
    // Beyond the observed table only a negligible rest is left out.
    return weight > 1e-20 * observed;
  };
  count(margins.Mode(), 1.0);
  WalkFromMode(margins, false, count);
  WalkFromMode(margins, true, count);
  return std::min(1.0, as_extreme / total);
}

namespace {

// P(X = k), k = 0 .. n, of a binomial with 0 < rate < 1, outward from the mode so that nothing underflows before it
// matters.
std::vector<double> BinomialMass(int64_t n, double rate) {
  std::vector<double> mass(static_cast<size_t>(n) + 1);
  const double odds = rate / (1.0 - rate);
  const auto mode = std::min<int64_t>(n, static_cast<int64_t>(static_cast<double>(n + 1) * rate));
  mass[static_cast<size_t>(mode)] = 1.0;
  double total = 1.0;
  for (int64_t k = mode; k < n; ++k) {
    const double ratio = static_cast<double>(n - k) / static_cast<double>(k + 1) * odds;
    total += mass[static_cast<size_t>(k) + 1] = mass[static_cast<size_t>(k)] * ratio;
  }
  for (int64_t k = mode; k > 0; --k) {
    const double ratio = static_cast<double>(n - k + 1) / static_cast<double>(k) * odds;
    total += mass[static_cast<size_t>(k) - 1] = mass[static_cast<size_t>(k)] / ratio;
  }
  for (double& value : mass) value /= total;
  return mass;
}

// Fisher's one-sided p, P(X <= x) given the margins.
double LowerTail(const Margins& margins, double x) {
  double total = 1.0;
  double tail = margins.Mode() <= x ? 1.0 : 0.0;
  for (const bool upwards : {false, true}) {
    WalkFromMode(margins, upwards, [&](double at, double weight) {
      total += weight;
      if (at <= x) tail += weight;
      return true;
    });
  }
  return tail / total;
}

// The unconditional one-sided p for "fewer conversions in `lower` than chance": the greatest probability, over a common
// rate, of the tables whose one-sided Fisher p is at most the observed.
double OneSidedBoschloo(const Proportion& lower, const Proportion& upper) {
  const double bound = LowerTail(MarginsOf(lower, upper), static_cast<double>(lower.conversions)) * (1.0 + kTie);
  // least[x]: the fewest conversions in `upper` that make x conversions in `lower` as extreme; it rises with x.
  std::vector<int64_t> least(static_cast<size_t>(lower.users) + 1);
  int64_t y = 0;
  for (int64_t x = 0; x <= lower.users; ++x) {
    const auto is_extreme = [&](int64_t conversions) {
      return LowerTail(MarginsOf({x, lower.users}, {conversions, upper.users}), static_cast<double>(x)) <= bound;
    };
    while (y <= upper.users && !is_extreme(y)) ++y;
    least[static_cast<size_t>(x)] = y;
  }
  const auto probability = [&](double rate) {
    const std::vector<double> of_lower = BinomialMass(lower.users, rate);
    std::vector<double> at_least = BinomialMass(upper.users, rate);
    for (size_t k = at_least.size() - 1; k > 0; --k) at_least[k - 1] += at_least[k];
    double sum = 0.0;
    for (size_t x = 0; x < least.size(); ++x) {
      if (least[x] <= upper.users) sum += of_lower[x] * at_least[static_cast<size_t>(least[x])];
    }
    return sum;
  };
  constexpr int kGrid = 1024;
  double greatest = 0.0;
  for (int i = 1; i < kGrid; ++i) greatest = std::max(greatest, probability(static_cast<double>(i) / kGrid));
  return greatest;
}

}  // namespace

double BoschlooP(const Proportion& control, const Proportion& treatment) {
  return std::min(1.0, 2.0 * std::min(OneSidedBoschloo(control, treatment), OneSidedBoschloo(treatment, control)));
}

}  // namespace tierwise
