// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "experiments/tuning/policy_data.h"

namespace tierwise {

// One question about a user: is a number at most a limit, or a category the one asked for? Who lacks the attribute
// answers no. The tier is the attribute after PolicyData::attributes.
struct PolicyQuestion {
  size_t attribute = 0;
  bool is_category = false;
  double limit = 0.0;  // the largest number, or the category, that answers yes
};

struct PolicyNode {
  bool is_leaf = true;
  size_t arm = 0;  // of a leaf
  PolicyQuestion question;
  size_t yes = 0;  // of the others: places of the nodes that go on
  size_t no = 0;
};

// A rule that asks each user a few questions and gives an arm.
struct PolicyTree {
  std::vector<PolicyNode> nodes;  // the first is the root

  size_t ArmOf(const PolicyData& data, size_t user) const;
};

// Scores of users, one for each arm, without a table of users by arms: the score of user i for arm a is
// base[group_i][a] plus, for the arm they got, correction_i. (Doubly robust scores have this form.)
struct PolicyScores {
  std::vector<uint16_t> group;
  std::vector<uint16_t> arm;
  std::vector<double> correction;
  std::vector<std::vector<double>> base;  // by group and arm
};

struct PolicyTreeOptions {
  int depth = 2;           // questions a user may be asked, 1 to 3
  size_t least_users = 1;  // in every leaf
};

// The tree of most total score over `users` (places in the data): exhaustive over all questions at up to two depths,
// numbers cut at up to 32 quantiles, each category against the rest (of more than 32 the most frequent). At depth 3 the
// root is the one of the best tree of depth 2, and below it each side is again exhaustive. Time goes with users x
// attributes^2. REQUIRES: CheckPolicyData(data) is OK; scores of all users; options in range.
PolicyTree LearnTree(const PolicyData& data, absl::Span<const uint32_t> users, const PolicyScores& scores,
                     const PolicyTreeOptions& options);

}  // namespace tierwise
