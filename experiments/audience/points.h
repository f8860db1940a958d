// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "absl/types/span.h"

namespace tierwise {

// Points in some dimensions, at least one.
class Points {
 public:
  Points(size_t points, size_t dimensions) : dimensions_(dimensions), coordinates_(points * dimensions) {}

  size_t size() const { return coordinates_.size() / dimensions_; }
  size_t dimensions() const { return dimensions_; }
  // REQUIRES: point < size().
  absl::Span<const double> operator[](size_t point) const {
    return absl::MakeConstSpan(coordinates_).subspan(point * dimensions_, dimensions_);
  }
  absl::Span<double> operator[](size_t point) {
    return absl::MakeSpan(coordinates_).subspan(point * dimensions_, dimensions_);
  }

 private:
  size_t dimensions_;
  std::vector<double> coordinates_;
};

// REQUIRES: as many dimensions.
inline double SquaredDistance(absl::Span<const double> a, absl::Span<const double> b) {
  double sum = 0.0;
  for (size_t d = 0; d < a.size(); ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

}  // namespace tierwise
