// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

// What docs/calibration.md is made of.

namespace tierwise::bench {

// What Tierwise promises of its statistics, and what was measured.
struct Promise {
  std::string text;
  bool is_kept = false;
  std::string figure;  // the worst one, and where
};

struct Section {
  std::string markdown;
  std::vector<Promise> promises;
};

// "12.3 %".
std::string Percent(double share, int digits = 1);

// The percentage with its Monte-Carlo standard error in brackets, both with two digits.
std::string PercentWithError(int hits, int runs);

}  // namespace tierwise::bench
