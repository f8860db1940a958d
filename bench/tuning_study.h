// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/tuning_world.h"

namespace tierwise::bench {

// Ways to choose each tier's dose after the same number of users.
enum Policy : size_t { kForEveryone, kPerTier, kIsotonic, kModule, kThompson, kTopTwo, kPolicyCount };
std::string PolicyName(Policy policy);

// A mean with its Monte-Carlo standard error.
class Tally {
 public:
  void Add(double x) {
    sum_ += x;
    squares_ += x * x;
    ++n_;
  }
  double mean() const { return n_ > 0 ? sum_ / n_ : 0.0; }
  double error() const { return n_ > 1 ? std::sqrt(std::fmax(0.0, squares_ / n_ - mean() * mean()) / (n_ - 1)) : 0.0; }
  double sum() const { return sum_; }

 private:
  double sum_ = 0.0;
  double squares_ = 0.0;
  int n_ = 0;
};

// What worlds of one shape gave with so many users in each tier and dose. All per user.
struct StudyCell {
  Shape shape = Shape::kEmax;
  int64_t users = 0;
  std::array<Tally, kPolicyCount> regret;  // of the doses chosen
  Tally excess;                            // the module's regret less that of the best per tier, world by world
  Tally even_experiment;                   // regret while the experiment ran: shares even
  Tally thompson_experiment;
  Tally top_two_experiment;
  // Of the plan at half of the cost of the best plan: all profit, and the part above what comes without offers.
  Tally plan_profit;
  Tally oracle_profit;
  Tally plan_increment;
  Tally oracle_increment;
  Tally plan_loss;   // oracle less plan, world by world
  Tally budget_use;  // true cost by budget
};

// REQUIRES: runs > 1.
StudyCell Study(Shape shape, int64_t users, int runs, uint64_t seed);

}  // namespace tierwise::bench
