// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "experiments/tuning/policy_data.h"
#include "experiments/tuning/policy_tree.h"

namespace tierwise {

// An attribute in at most 33 bins. The questions that can be asked of it are "bin at most q" for numbers and "bin is q"
// for categories, for q below `questions`; the last bin holds what answers no to all: missing values, rare categories.
struct PolicyBins {
  bool is_category = false;
  size_t questions = 0;
  std::vector<double> limits;    // of each question, as in PolicyQuestion
  std::vector<uint8_t> of_user;  // bin of each user, at most `questions`
};

inline constexpr size_t kMostQuestions = 32;

// The bins of every attribute, the tier last, with quantiles and frequencies taken over `users`.
std::vector<PolicyBins> BinAttributes(const PolicyData& data, absl::Span<const uint32_t> users);

}  // namespace tierwise
