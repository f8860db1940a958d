// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/next_experiment.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/least_squares.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

constexpr size_t kMostDraws = 1000;
// Sizes tried: each doubles the one before, up to half of the users.
constexpr int kSizes = 14;
constexpr double kFewestUsers = 100.0;
// Of the users who test, those who confirm what happens without an offer.
constexpr double kControlShare = 0.2;
// A gain counts where it exceeds the cost by so many simulation errors.
constexpr double kErrors = 2.0;

absl::Status Check(const TierProspects& prospects) {
  Problems problems;
  const size_t k = prospects.doses.size();
  CheckNonNegative("users", prospects.users, problems);
  if (k < 2) problems.Add("doses", absl::StrCat("are ", k, "; at least two are needed"));
  if (prospects.is_tried.size() != k || prospects.variance.size() != k || k == 0 ||
      prospects.draws.size() % std::max<size_t>(k, 1) != 0 || prospects.draws.empty()) {
    problems.Add("draws", "do not agree with the doses");
    return problems.ToStatus();
  }
  if (!prospects.is_tried[0] || prospects.doses[0] != 0.0) problems.Add("doses", "must begin with 0, tried");
  for (size_t j = 0; j < k; ++j) CheckPositive(absl::StrCat("variance[", j, "]"), prospects.variance[j], problems);
  if (!std::all_of(prospects.draws.begin(), prospects.draws.end(), [](double value) { return std::isfinite(value); })) {
    problems.Add("draws", "are not all finite");
  }
  return problems.ToStatus();
}

// Means, covariances and the present best of the beliefs.
class Beliefs {
 public:
  explicit Beliefs(const TierProspects& prospects)
      : prospects_(prospects), k_(prospects.doses.size()), mean_(k_, 0.0), covariance_(k_ * k_, 0.0) {
    const size_t all = prospects.draws.size() / k_;
    draws_ = std::min(all, kMostDraws);
    stride_ = all / draws_;
    for (size_t r = 0; r < draws_; ++r) {
      for (size_t j = 0; j < k_; ++j) mean_[j] += Draw(r, j) / static_cast<double>(draws_);
    }
    for (size_t r = 0; r < draws_; ++r) {
      for (size_t i = 0; i < k_; ++i) {
        for (size_t j = 0; j < k_; ++j) {
          covariance_[i * k_ + j] += (Draw(r, i) - mean_[i]) * (Draw(r, j) - mean_[j]) / static_cast<double>(draws_);
        }
      }
    }
    for (size_t j = 1; j < k_; ++j) {
      if (prospects.is_tried[j] && mean_[j] > mean_[best_]) best_ = j;
    }
  }

  size_t draws() const { return draws_; }
  size_t best() const { return best_; }
  double mean(size_t j) const { return mean_[j]; }
  double covariance(size_t i, size_t j) const { return covariance_[i * k_ + j]; }
  double Draw(size_t r, size_t j) const { return prospects_.draws[r * stride_ * k_ + j]; }

  // How often dose j is better than all others that are tried, or, for an untried one, than the present best.
  std::vector<double> Promise() const {
    std::vector<double> promise(k_, 0.0);
    for (size_t r = 0; r < draws_; ++r) {
      size_t top = 0;
      for (size_t j = 1; j < k_; ++j) {
        if (Draw(r, j) > Draw(r, top)) top = j;
      }
      promise[top] += 1.0 / static_cast<double>(draws_);
    }
    return promise;
  }

 private:
  const TierProspects& prospects_;
  size_t k_;
  size_t draws_ = 0;
  size_t stride_ = 1;
  size_t best_ = 0;
  std::vector<double> mean_;
  std::vector<double> covariance_;
};

// Linear Bayes: how the means of all doses move for a unit of surprise at each dose tested, doses x tested.
std::vector<double> Gains(const TierProspects& prospects, const Beliefs& beliefs, const NextDesign& design) {
  const size_t k = prospects.doses.size();
  const size_t m = design.doses.size();
  PivotedCholesky factor;
  std::vector<size_t> kept;
  for (size_t a = 0; a < m; ++a) {
    std::vector<double> products;
    for (size_t b : kept) products.push_back(beliefs.covariance(design.doses[a], design.doses[b]));
    const double noise = prospects.variance[design.doses[a]] / (design.shares[a] * design.users);
    if (factor.TryAdd(products, beliefs.covariance(design.doses[a], design.doses[a]) + noise)) kept.push_back(a);
  }
  std::vector<double> gains(k * m, 0.0);
  for (size_t j = 0; j < k; ++j) {
    std::vector<double> with;
    for (size_t a : kept) with.push_back(beliefs.covariance(j, design.doses[a]));
    const std::vector<double> solved = factor.Solve(with);
    for (size_t i = 0; i < kept.size(); ++i) gains[j * m + kept[i]] = solved[i];
  }
  return gains;
}

void Evaluate(const TierProspects& prospects, const Beliefs& beliefs, uint64_t seed, NextDesign& design) {
  const size_t k = prospects.doses.size();
  const size_t m = design.doses.size();
  const std::vector<double> gains = Gains(prospects, beliefs, design);
  std::vector<bool> is_open = prospects.is_tried;
  std::vector<double> noise_sd;
  double cost = 0.0;
  for (size_t a = 0; a < m; ++a) {
    is_open[design.doses[a]] = true;
    noise_sd.push_back(std::sqrt(prospects.variance[design.doses[a]] / (design.shares[a] * design.users)));
    cost += design.shares[a] * (beliefs.mean(beliefs.best()) - beliefs.mean(design.doses[a]));
  }
  // The same noise for every design: their difference is then not that of their luck.
  RandomDraws random(seed);
  std::vector<double> surprise(m);
  double mean = 0.0;
  double squares = 0.0;
  for (size_t r = 0; r < beliefs.draws(); ++r) {
    for (size_t a = 0; a < m; ++a) {
      surprise[a] = beliefs.Draw(r, design.doses[a]) + noise_sd[a] * random.Normal() - beliefs.mean(design.doses[a]);
    }
    double kept_mean = 0.0;
    double largest = -std::numeric_limits<double>::infinity();
    for (size_t j = 0; j < k; ++j) {
      if (!is_open[j]) continue;
      double moved = beliefs.mean(j);
      for (size_t a = 0; a < m; ++a) moved += gains[j * m + a] * surprise[a];
      largest = std::max(largest, moved);
      if (j == beliefs.best()) kept_mean = moved;
    }
    // Against what the present best turns out to be worth: no gain where the decision stays.
    const double gain = largest - kept_mean;
    const double delta = gain - mean;
    mean += delta / static_cast<double>(r + 1);
    squares += delta * (gain - mean);
  }
  const auto n = static_cast<double>(beliefs.draws());
  const double left = prospects.users - design.users;
  design.expected_gain = mean * left;
  design.expected_cost = std::max(0.0, cost * design.users);
  const double error = std::sqrt(squares) / n * left;
  design.is_worthwhile = design.expected_gain - kErrors * error > design.expected_cost;
}

// The doses of one candidate design, the control first and with its own share; the others share the rest equally.
NextDesign Candidate(std::set<size_t> doses) {
  NextDesign design;
  doses.insert(0);
  design.doses.assign(doses.begin(), doses.end());
  const auto others = static_cast<double>(design.doses.size() - 1);
  const double control = std::min(kControlShare, 1.0 / (others + 1.0));
  for (size_t a = 0; a < design.doses.size(); ++a) {
    design.shares.push_back(a == 0 ? control : (1.0 - control) / others);
  }
  return design;
}

std::vector<NextDesign> Candidates(const TierProspects& prospects, const Beliefs& beliefs) {
  const size_t k = prospects.doses.size();
  const std::vector<double> promise = beliefs.Promise();
  std::vector<size_t> tried;
  for (size_t j = 1; j < k; ++j) {
    if (prospects.is_tried[j]) tried.push_back(j);
  }
  std::sort(tried.begin(), tried.end(), [&](size_t a, size_t b) {
    return promise[a] != promise[b] ? promise[a] > promise[b] : beliefs.mean(a) > beliefs.mean(b);
  });
  std::set<size_t> neighbours;
  for (size_t j = 1; j < k; ++j) {
    if (!prospects.is_tried[j]) neighbours.insert(j);
  }
  std::vector<NextDesign> candidates;
  const auto add = [&](const std::set<size_t>& doses) {
    if (!doses.empty()) candidates.push_back(Candidate(doses));
  };
  add({tried.begin(), tried.begin() + static_cast<ptrdiff_t>(std::min<size_t>(1, tried.size()))});
  add({tried.begin(), tried.begin() + static_cast<ptrdiff_t>(std::min<size_t>(2, tried.size()))});
  add({tried.begin(), tried.end()});
  if (!neighbours.empty()) {
    for (size_t untried : neighbours) add({beliefs.best(), untried});
    neighbours.insert(beliefs.best());
    add(neighbours);
  }
  return candidates;
}

}  // namespace

void EvaluateDesign(const TierProspects& prospects, uint64_t seed, NextDesign& design) {
  Evaluate(prospects, Beliefs(prospects), seed, design);
}

absl::StatusOr<NextDesign> ChooseNextDesign(const TierProspects& prospects, uint64_t seed) {
  TIERWISE_RETURN_IF_ERROR(Check(prospects));
  const Beliefs beliefs(prospects);
  double largest_tried = 0.0;
  for (size_t j = 0; j < prospects.doses.size(); ++j) {
    if (prospects.is_tried[j]) largest_tried = std::max(largest_tried, prospects.doses[j]);
  }
  NextDesign best;
  double most = -std::numeric_limits<double>::infinity();
  for (NextDesign& candidate : Candidates(prospects, beliefs)) {
    double users = std::floor(0.5 * prospects.users);
    for (int i = 0; i < kSizes && users >= kFewestUsers; ++i, users = std::floor(0.5 * users)) {
      candidate.users = users;
      Evaluate(prospects, beliefs, seed, candidate);
      const double net = candidate.expected_gain - candidate.expected_cost;
      // One that pays goes before one that may.
      if (candidate.is_worthwhile < best.is_worthwhile) continue;
      if (candidate.is_worthwhile == best.is_worthwhile && net <= most) continue;
      most = net;
      best = candidate;
    }
  }
  for (size_t dose : best.doses) best.extrapolates = best.extrapolates || prospects.doses[dose] > largest_tried;
  return best;
}

}  // namespace tierwise
