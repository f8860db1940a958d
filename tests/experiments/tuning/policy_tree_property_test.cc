// SPDX-License-Identifier: Apache-2.0
// The tree search against a naive one that tries every question at every node on every user.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "experiments/tuning/policy_tree.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

struct Sample {
  PolicyData data;
  PolicyScores scores;
  std::vector<uint32_t> users;
};

// Few distinct numbers, so that every cut is tried by both searches.
Sample RandomSample(RandomDraws& random) {
  Sample sample;
  PolicyData& data = sample.data;
  data.arms = 3;
  data.tiers = 3;
  data.attributes.push_back({"visits", false, 0, {}});
  data.attributes.push_back({"region", true, 4, {}});
  data.attributes.push_back({"member", false, 0, {}});
  for (uint32_t i = 0; i < 60; ++i) {
    data.arm.push_back(static_cast<uint16_t>(random.Uniform() * 3));
    data.tier.push_back(static_cast<uint16_t>(random.Uniform() * 3));
    data.outcome.push_back(0.0);
    data.propensity.push_back(1.0);
    const bool is_missing = random.Uniform() < 0.1;
    data.attributes[0].values.push_back(is_missing ? std::nan("") : std::floor(random.Uniform() * 6));
    data.attributes[1].values.push_back(is_missing ? std::nan("") : std::floor(random.Uniform() * 4));
    data.attributes[2].values.push_back(random.Uniform() < 0.5 ? 1.0 : 0.0);
    sample.scores.group.push_back(data.tier.back());
    sample.scores.correction.push_back(3.0 * random.Normal());
    sample.users.push_back(i);
  }
  sample.scores.arm = data.arm;
  for (int tier = 0; tier < 3; ++tier) {
    sample.scores.base.push_back({random.Normal(), random.Normal(), random.Normal()});
  }
  return sample;
}

double ScoreOf(const Sample& sample, uint32_t user, size_t arm) {
  const double base = sample.scores.base[sample.scores.group[user]][arm];
  return base + (sample.scores.arm[user] == arm ? sample.scores.correction[user] : 0.0);
}

double BestArmValue(const Sample& sample, const std::vector<uint32_t>& users) {
  double best = -1e300;
  for (size_t arm = 0; arm < sample.data.arms; ++arm) {
    double value = 0.0;
    for (uint32_t user : users) value += ScoreOf(sample, user, arm);
    best = std::max(best, value);
  }
  return best;
}

double NaiveBest(const Sample& sample, const std::vector<uint32_t>& users, int depth, size_t least_users) {
  double best = BestArmValue(sample, users);
  if (depth == 0) return best;
  for (size_t attribute = 0; attribute <= sample.data.attributes.size(); ++attribute) {
    const bool is_tier = attribute == sample.data.attributes.size();
    const bool is_category = is_tier || sample.data.attributes[attribute].is_categorical;
    const auto value_of = [&](uint32_t user) {
      return is_tier ? static_cast<double>(sample.data.tier[user]) : sample.data.attributes[attribute].values[user];
    };
    for (double limit = 0.0; limit < 6.0; limit += 1.0) {
      std::vector<uint32_t> yes;
      std::vector<uint32_t> no;
      for (uint32_t user : users) {
        const bool is_yes = is_category ? value_of(user) == limit : value_of(user) <= limit;
        (is_yes ? yes : no).push_back(user);
      }
      if (yes.size() < least_users || no.size() < least_users) continue;
      best = std::max(best,
                      NaiveBest(sample, yes, depth - 1, least_users) + NaiveBest(sample, no, depth - 1, least_users));
    }
  }
  return best;
}

double ValueOf(const Sample& sample, const PolicyTree& tree) {
  double value = 0.0;
  for (uint32_t user : sample.users) value += ScoreOf(sample, user, tree.ArmOf(sample.data, user));
  return value;
}

TEST(PolicyTreeProperty, UpToTwoQuestionsAreTheBestOfAll) {
  RandomDraws random(5);
  for (int run = 0; run < 60; ++run) {
    const Sample sample = RandomSample(random);
    for (int depth : {1, 2}) {
      for (size_t least_users : {size_t{1}, size_t{6}}) {
        const PolicyTree tree = LearnTree(sample.data, sample.users, sample.scores, {depth, least_users});
        ASSERT_NEAR(ValueOf(sample, tree), NaiveBest(sample, sample.users, depth, least_users), 1e-9)
            << "run " << run << " depth " << depth;
      }
    }
  }
}

TEST(PolicyTreeProperty, AThirdQuestionNeverHurts) {
  RandomDraws random(6);
  for (int run = 0; run < 30; ++run) {
    const Sample sample = RandomSample(random);
    const double two = ValueOf(sample, LearnTree(sample.data, sample.users, sample.scores, {2, 1}));
    const PolicyTree tree = LearnTree(sample.data, sample.users, sample.scores, {3, 1});
    ASSERT_GE(ValueOf(sample, tree), two - 1e-9);
    for (const PolicyNode& node : tree.nodes) {
      if (!node.is_leaf) {
        ASSERT_LT(node.yes, tree.nodes.size());
        ASSERT_LT(node.no, tree.nodes.size());
      }
    }
  }
}

}  // namespace
}  // namespace tierwise
