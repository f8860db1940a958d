// SPDX-License-Identifier: Apache-2.0
#include "bench/tuning_world.h"

#include <cmath>

namespace tierwise::bench {
namespace {

// The part of a tier's strength that a dose brings out, 0 at dose 0 and about 1 at the largest; `place` is where most
// of it comes.
double Effect(Shape shape, double dose, double place) {
  const double largest = kDoses[kDoseCount - 1];
  switch (shape) {
    case Shape::kLogistic: {
      const double delta = 0.15 * largest;
      const double at_none = 1.0 / (1.0 + std::exp(place / delta));
      return (1.0 / (1.0 + std::exp((place - dose) / delta)) - at_none) / (1.0 - at_none);
    }
    case Shape::kLinear:
      return dose / largest;
    case Shape::kStep:
      return dose >= place ? 1.0 : 0.0;
    case Shape::kFlat:
      return 0.0;
    case Shape::kNotMonotone:
      return dose / (place + dose) - (dose > 15.0 ? 0.04 * (dose - 15.0) / 15.0 : 0.0);
    default:
      return dose / (place + dose);
  }
}

constexpr Shape kPure[] = {Shape::kEmax, Shape::kLogistic, Shape::kLinear, Shape::kStep, Shape::kFlat};
// How far the effect is above its mean at the begin, and below it at the end.
constexpr double kFading = 0.4;
// Chance that a buyer buys once more.
constexpr double kAgain = 0.5;

}  // namespace

std::string ShapeName(Shape shape) {
  switch (shape) {
    case Shape::kEmax:
      return "Emax";
    case Shape::kLogistic:
      return "logistic";
    case Shape::kLinear:
      return "linear";
    case Shape::kStep:
      return "step";
    case Shape::kFlat:
      return "flat";
    case Shape::kNotMonotone:
      return "not quite monotone";
    case Shape::kMixed:
      return "another shape each tier";
    case Shape::kDrift:
      return "Emax, fading";
    case Shape::kRepeatBuyers:
      return "Emax, repeat buyers";
  }
  return "";
}

World::World(Shape shape, RandomDraws& random) : shape_(shape) {
  // Tiers share where their response comes, up to a third; levels and strengths are their own.
  const double common = 2.0 + 18.0 * random.Uniform();
  for (size_t tier = 0; tier < kTierCount; ++tier) {
    const Shape own = shape == Shape::kMixed ? kPure[static_cast<size_t>(5.0 * random.Uniform())] : shape;
    const double level = 0.03 + 0.07 * random.Uniform();
    const double strength = 0.02 + 0.1 * random.Uniform();
    const double place = common * (2.0 + 2.0 * random.Uniform()) / 3.0;
    std::vector<double> response;
    for (double dose : kDoses) response.push_back(level + strength * Effect(own, dose, place));
    response_.push_back(std::move(response));
  }
}

size_t World::BestDose(size_t tier) const {
  size_t best = 0;
  for (size_t j = 1; j < kDoseCount; ++j) {
    if (Profit(tier, j) > Profit(tier, best)) best = j;
  }
  return best;
}

Moments World::Run(size_t tier, size_t dose, int64_t users, double time, RandomDraws& random) const {
  const double without = response_[tier][0];
  double rate = response_[tier][dose];
  if (shape_ == Shape::kDrift) rate = without + (rate - without) * (1.0 + kFading * (1.0 - 2.0 * time));
  const bool is_repeat = shape_ == Shape::kRepeatBuyers;
  // So that the mean is that of the response.
  if (is_repeat) rate *= 1.0 - kAgain;
  Moments outcomes;
  for (int64_t i = 0; i < users; ++i) {
    double conversions = random.Uniform() < rate ? 1.0 : 0.0;
    while (is_repeat && conversions > 0.0 && random.Uniform() < kAgain) conversions += 1.0;
    outcomes.Add(conversions);
  }
  return outcomes;
}

}  // namespace tierwise::bench
