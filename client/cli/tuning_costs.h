// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "client/cli/tuning_file_data.h"
#include "experiments/base/problems.h"

namespace tierwise {

// What doses cost by a tuning file: as its `offers` say, else by `cost_per_dose`, else by the unit. Problems with it go
// to `problems`. `source` and `problems` must outlive it. Not thread-safe.
class DoseCosts {
 public:
  DoseCosts(const TuningSource& source, v1::DoseUnit unit, Problems& problems);

  // `dose` is counted from the baseline; 0 costs nothing.
  v1::OfferCost At(double dose);
  // Adds a problem for each of the file's offers whose dose was never asked for.
  void CheckAllUsed();
  // Whether any dose asked for costs a share of the basket.
  bool IsShare() const { return is_share_; }

 private:
  v1::OfferCost Unchecked(double dose);

  const TuningSource& source_;
  const v1::DoseUnit unit_;
  Problems& problems_;
  std::map<double, int> offers_;  // dose, counted from the baseline, to index
  std::map<double, int> unused_;
  bool is_missing_ = false;
  bool is_share_ = false;
};

}  // namespace tierwise
