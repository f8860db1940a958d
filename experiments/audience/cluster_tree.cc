// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/cluster_tree.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>

#include "experiments/audience/round_threshold.h"

namespace tierwise {
namespace {

constexpr size_t kMaxLeavesPerLabel = 4;
// A split that lowers the impurity by less than this share of all users is not worth another rule.
constexpr double kLeastGain = 0.002;
// A rounder threshold is looked for among the values of the leaf's users next to the cut: of at most one in so many of
// them on either side, then of fewer.
constexpr size_t kUsersPerMovedUser[] = {50, 200, 1'000};

using Counts = std::vector<double>;  // users by label

// The number of users times the Gini impurity.
double Impurity(double users, double sum_of_squares) { return users == 0.0 ? 0.0 : users - sum_of_squares / users; }

double SumOfSquares(const Counts& counts) {
  return std::inner_product(counts.begin(), counts.end(), counts.begin(), 0.0);
}

// A way to part the users of a leaf.
struct Split {
  double gain = -1.0;  // negative: there is none
  size_t column = 0;
  size_t below = 0;  // how many users, in order of the column
};

// A leaf that may be split further.
struct Leaf {
  size_t node = 0;
  std::vector<std::vector<uint32_t>> users;  // by column: in ascending order of it
  Counts counts;
  Split split;

  int label() const { return static_cast<int>(std::max_element(counts.begin(), counts.end()) - counts.begin()); }
};

// Grows a tree leaf by leaf.
class Grower {
 public:
  Grower(absl::Span<const TreeColumn> columns, absl::Span<const int> labels, int label_count)
      : columns_(columns), labels_(labels), label_count_(static_cast<size_t>(label_count)), nodes_(1) {
    Leaf root;
    for (const TreeColumn& column : columns) {
      std::vector<uint32_t> users(labels.size());
      std::iota(users.begin(), users.end(), 0);
      std::stable_sort(users.begin(), users.end(),
                       [&](uint32_t a, uint32_t b) { return column.values[a] < column.values[b]; });
      root.users.push_back(std::move(users));
    }
    AddLeaf(std::move(root));
  }

  std::vector<ClusterTree::Node> Grow() {
    while (leaves_.size() < kMaxLeavesPerLabel * label_count_) {
      const auto leaf = NextLeaf();
      if (leaf == leaves_.end()) break;
      SplitLeaf(leaf);
    }
    for (const Leaf& leaf : leaves_) nodes_[leaf.node].label = leaf.label();
    GiveEveryLabelALeaf();
    Collapse();
    return std::move(nodes_);
  }

 private:
  using LeafIterator = std::vector<Leaf>::iterator;

  void AddLeaf(Leaf leaf) {
    leaf.counts.assign(label_count_, 0.0);
    for (const uint32_t user : leaf.users[0]) leaf.counts[LabelOf(user)] += 1.0;
    leaf.split = BestSplit(leaf);
    leaves_.push_back(std::move(leaf));
  }

  size_t LabelOf(uint32_t user) const { return static_cast<size_t>(labels_[user]); }

  Split BestSplit(const Leaf& leaf) const {
    Split best;
    const auto users = static_cast<double>(leaf.users[0].size());
    const double impurity = Impurity(users, SumOfSquares(leaf.counts));
    if (impurity <= 0.0) return best;
    for (size_t column = 0; column < columns_.size(); ++column) {
      const std::vector<uint32_t>& order = leaf.users[column];
      const std::vector<double>& values = columns_[column].values;
      Counts below(label_count_);
      Counts above = leaf.counts;
      double below_squares = 0.0;
      double above_squares = SumOfSquares(above);
      for (size_t i = 0; i + 1 < order.size(); ++i) {
        const size_t label = LabelOf(order[i]);
        below_squares += 2.0 * below[label]++ + 1.0;
        above_squares -= 2.0 * above[label]-- - 1.0;
        if (values[order[i]] == values[order[i + 1]]) continue;
        const auto count = static_cast<double>(i + 1);
        const double gain = impurity - Impurity(count, below_squares) - Impurity(users - count, above_squares);
        if (gain > best.gain) best = {gain, column, i + 1};
      }
    }
    return best;
  }

  // The one whose split gains most; while a label has none, one that holds users of it may gain nothing. End where it
  // is enough.
  LeafIterator NextLeaf() {
    const auto next = std::max_element(leaves_.begin(), leaves_.end(),
                                       [](const Leaf& a, const Leaf& b) { return a.split.gain < b.split.gain; });
    if (next->split.gain >= kLeastGain * static_cast<double>(labels_.size())) return next;
    const size_t label = LabelWithoutLeaf();
    if (label == label_count_) return leaves_.end();
    const auto most = std::max_element(leaves_.begin(), leaves_.end(), [label](const Leaf& a, const Leaf& b) {
      return std::pair(a.split.gain >= 0.0, a.counts[label]) < std::pair(b.split.gain >= 0.0, b.counts[label]);
    });
    return most->split.gain >= 0.0 && most->counts[label] > 0.0 ? most : leaves_.end();
  }

  // `label_count_` where each has one.
  size_t LabelWithoutLeaf() const {
    std::vector<bool> has_leaf(label_count_);
    for (const Leaf& leaf : leaves_) has_leaf[static_cast<size_t>(leaf.label())] = true;
    return static_cast<size_t>(std::find(has_leaf.begin(), has_leaf.end(), false) - has_leaf.begin());
  }

  // Rounded as far as it costs no agreement.
  double ThresholdOf(const Leaf& leaf) const {
    const size_t users = leaf.users[0].size();
    const double exact = RoundThresholdNear(leaf, 0);
    for (const size_t users_per_moved : kUsersPerMovedUser) {
      const double threshold = RoundThresholdNear(leaf, users / users_per_moved);
      if (Agreement(leaf, threshold) >= Agreement(leaf, exact)) return threshold;
    }
    return exact;
  }

  // One that puts at most `moved` users to the other side of the leaf's split.
  double RoundThresholdNear(const Leaf& leaf, size_t moved) const {
    const std::vector<uint32_t>& order = leaf.users[leaf.split.column];
    const TreeColumn& column = columns_[leaf.split.column];
    const size_t last_below = leaf.split.below - 1;
    const size_t low = last_below - std::min(moved, last_below);
    const size_t high = std::min(leaf.split.below + moved, order.size() - 1);
    return RoundThreshold(column.values[order[low]], column.values[order[high]], column.type);
  }

  // How many users have the most frequent label of their side.
  double Agreement(const Leaf& leaf, double threshold) const {
    Counts below(label_count_);
    Counts at_least(label_count_);
    const std::vector<double>& values = columns_[leaf.split.column].values;
    for (const uint32_t user : leaf.users[0]) (values[user] >= threshold ? at_least : below)[LabelOf(user)] += 1.0;
    return *std::max_element(below.begin(), below.end()) + *std::max_element(at_least.begin(), at_least.end());
  }

  void SplitLeaf(LeafIterator at) {
    Leaf leaf = std::move(*at);
    leaves_.erase(at);
    ClusterTree::Node& node = nodes_[leaf.node];
    node.column = leaf.split.column;
    node.threshold = ThresholdOf(leaf);
    node.below = nodes_.size();
    node.at_least = nodes_.size() + 1;
    const std::vector<double>& values = columns_[node.column].values;
    const double threshold = node.threshold;
    Leaf below, at_least;
    below.node = node.below;
    at_least.node = node.at_least;
    for (const std::vector<uint32_t>& order : leaf.users) {
      std::vector<uint32_t>& low = below.users.emplace_back();
      std::vector<uint32_t>& high = at_least.users.emplace_back();
      for (const uint32_t user : order) (values[user] >= threshold ? high : low).push_back(user);
    }
    nodes_.resize(nodes_.size() + 2);
    AddLeaf(std::move(below));
    AddLeaf(std::move(at_least));
  }

  // A label that is nowhere the most frequent takes the leaf that holds most of its users, of those whose label has
  // another one: there are more leaves than labels that have one.
  void GiveEveryLabelALeaf() {
    std::vector<int> leaves(label_count_);
    for (const Leaf& leaf : leaves_) ++leaves[static_cast<size_t>(nodes_[leaf.node].label)];
    for (size_t label = 0; label < label_count_; ++label) {
      if (leaves[label] > 0) continue;
      Leaf* most = nullptr;
      for (Leaf& leaf : leaves_) {
        if (leaves[static_cast<size_t>(nodes_[leaf.node].label)] < 2) continue;
        if (most == nullptr || leaf.counts[label] > most->counts[label]) most = &leaf;
      }
      if (most == nullptr) return;
      --leaves[static_cast<size_t>(nodes_[most->node].label)];
      nodes_[most->node].label = static_cast<int>(label);
      leaves[label] = 1;
    }
  }

  // Two leaves of one label become one. Nodes come after the one that leads to them.
  void Collapse() {
    for (size_t i = nodes_.size(); i-- > 0;) {
      ClusterTree::Node& node = nodes_[i];
      if (node.label >= 0) continue;
      const int label = nodes_[node.below].label;
      if (label >= 0 && label == nodes_[node.at_least].label) node.label = label;
    }
  }

  const absl::Span<const TreeColumn> columns_;
  const absl::Span<const int> labels_;
  const size_t label_count_;
  std::vector<ClusterTree::Node> nodes_;
  std::vector<Leaf> leaves_;
};

}  // namespace

ClusterTree::ClusterTree(absl::Span<const TreeColumn> columns, absl::Span<const int> labels, int label_count)
    : nodes_(Grower(columns, labels, label_count).Grow()) {}

}  // namespace tierwise
