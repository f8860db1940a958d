// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "experiments/stats/moments.h"
#include "experiments/tuning/random.h"

// Populations with a known response to offers, to compare ways of choosing offers by.

namespace tierwise::bench {

// How a tier's conversions grow with the dose.
enum class Shape {
  kEmax,      // steep, then flat
  kLogistic,  // nothing, then steep, then flat
  kLinear,
  kStep,          // nothing below one dose, all from it on
  kFlat,          // they buy anyway, or never
  kNotMonotone,   // Emax, but the largest doses put some off
  kMixed,         // every tier another of the above
  kDrift,         // Emax that fades while the experiment runs; what counts is its mean over time
  kRepeatBuyers,  // Emax; who buys does so again and again, which makes outcomes noisy
};
inline constexpr Shape kShapes[] = {Shape::kEmax,  Shape::kLogistic, Shape::kLinear,
                                    Shape::kStep,  Shape::kFlat,     Shape::kNotMonotone,
                                    Shape::kMixed, Shape::kDrift,    Shape::kRepeatBuyers};
std::string ShapeName(Shape shape);

// Doses are money off each conversion, whose margin is kMargin before that.
inline constexpr double kDoses[] = {0, 5, 10, 15, 20, 30};
inline constexpr size_t kDoseCount = 6;
inline constexpr size_t kTierCount = 4;
inline constexpr double kMargin = 40.0;

class World {
 public:
  World(Shape shape, RandomDraws& random);

  // Conversions and profit per user, over the whole time.
  double Response(size_t tier, size_t dose) const { return response_[tier][dose]; }
  double Profit(size_t tier, size_t dose) const { return Response(tier, dose) * (kMargin - kDoses[dose]); }
  double Cost(size_t tier, size_t dose) const { return Response(tier, dose) * kDoses[dose]; }
  size_t BestDose(size_t tier) const;
  // What choosing `dose` gives away per user.
  double Regret(size_t tier, size_t dose) const { return Profit(tier, BestDose(tier)) - Profit(tier, dose); }

  // Conversions of `users` users, at a time from 0, the begin of the experiment, to 1, its end.
  Moments Run(size_t tier, size_t dose, int64_t users, double time, RandomDraws& random) const;

 private:
  Shape shape_;
  std::vector<std::vector<double>> response_;
};

}  // namespace tierwise::bench
