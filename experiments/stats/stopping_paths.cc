// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/stopping_paths.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tierwise {
namespace {

// Beyond this the null density underflows.
constexpr double kMostHalfWidth = 37.0;

}  // namespace

StoppingPaths::StoppingPaths(absl::Span<const LookBoundary> boundaries, int sided, double max_drift) : sided_(sided) {
  double most_information = 0.0;
  for (const LookBoundary& look : boundaries) most_information = std::max(most_information, look.information_fraction);
  ContinuationDensity density(std::min(kMostHalfWidth, 8.0 + max_drift * std::sqrt(most_information)));
  looks_.reserve(boundaries.size());
  for (const LookBoundary& look : boundaries) {
    const double information = look.information_fraction;
    const bool is_new = density.HasGrown(information);
    looks_.push_back({density, information, look.critical_z, is_new});
    if (!is_new || looks_.size() == boundaries.size()) continue;
    const double lower = sided == 2 ? -look.critical_z : -std::numeric_limits<double>::infinity();
    density.Continue(information, lower, look.critical_z);
  }
}

double StoppingPaths::UpperTail(size_t look, double z, double drift) const {
  return looks_[look].before.UpperTail(looks_[look].information, z, drift);
}

double StoppingPaths::LowerTail(size_t look, double z, double drift) const {
  return looks_[look].before.LowerTail(looks_[look].information, z, drift);
}

double StoppingPaths::UpperExit(size_t look, double drift) const {
  return looks_[look].is_new ? UpperTail(look, looks_[look].critical_z, drift) : 0.0;
}

double StoppingPaths::LowerExit(size_t look, double drift) const {
  return looks_[look].is_new && sided_ == 2 ? LowerTail(look, -looks_[look].critical_z, drift) : 0.0;
}

}  // namespace tierwise
