// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/types/span.h"
#include "experiments/stats/moments.h"
#include "experiments/tuning/random.h"

namespace tierwise {

// Revenue per conversion (the basket) at each dose of one tier. Baskets vary much more than conversions do, and offers
// change them little: the doses lend each other their baskets, as far as the data do not speak against it. Basket j ~
// N(mu, tau^2), mu flat, tau half-normal with a scale of a tenth of the typical basket, on a grid; measured with the
// variance of a ratio of means. For conversions that each have a basket of their own, a ratio r / c is uncorrelated
// with c, so baskets are drawn apart from the responses.
class BasketPosterior {
 public:
  // `cells` are joint moments of conversions and revenue, one for each dose. Without any conversion every basket is 0.
  explicit BasketPosterior(absl::Span<const JointMoments> cells);

  const std::vector<double>& means() const { return means_; }

  // One draw of all baskets. REQUIRES: one entry for each cell.
  void Draw(RandomDraws& random, absl::Span<double> baskets) const;

 private:
  struct Node {
    double tau_squared = 0.0;
    double probability = 0.0;
    double mu = 0.0;
    double mu_sd = 0.0;
  };

  std::vector<double> measured_;
  std::vector<double> variance_;  // +inf where nothing was measured
  std::vector<double> means_;
  std::vector<Node> nodes_;  // empty: nothing is known
};

}  // namespace tierwise
