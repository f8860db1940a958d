// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/policy_tree.h"

#include <algorithm>
#include <limits>

#include "experiments/tuning/policy_bins.h"

namespace tierwise {
namespace {

constexpr double kNone = -std::numeric_limits<double>::infinity();

// Users and total score by arm of some set of users.
struct Totals {
  double users = 0.0;
  std::vector<double> score;

  explicit Totals(size_t arms) : score(arms, 0.0) {}

  void Add(const Totals& other, double sign) {
    users += sign * other.users;
    for (size_t a = 0; a < score.size(); ++a) score[a] += sign * other.score[a];
  }
  size_t BestArm() const { return static_cast<size_t>(std::max_element(score.begin(), score.end()) - score.begin()); }
};

// The best single arm, or the best question with an arm for each answer.
struct Split {
  double value = kNone;
  bool is_leaf = true;
  size_t attribute = 0;
  size_t question = 0;
  size_t yes_arm = 0;
  size_t no_arm = 0;
};

class TreeSearch {
 public:
  TreeSearch(const PolicyData& data, absl::Span<const uint32_t> users, const PolicyScores& scores,
             const PolicyTreeOptions& options)
      : scores_(scores),
        arms_(data.arms),
        least_users_(static_cast<double>(options.least_users)),
        bins_(BinAttributes(data, users)) {}

  // Adds the best tree over `users` to `tree` and returns its root's place.
  size_t Grow(const std::vector<uint32_t>& users, int depth, PolicyTree& tree) {
    const size_t at = tree.nodes.size();
    tree.nodes.emplace_back();
    const Split root = depth >= 2 ? BestRoot(users) : BestQuestion(users);
    if (root.is_leaf) {
      tree.nodes[at].arm = root.yes_arm;
      return at;
    }
    const PolicyBins& bins = bins_[root.attribute];
    std::vector<uint32_t> yes;
    std::vector<uint32_t> no;
    for (uint32_t user : users) (AnswersYes(bins, user, root.question) ? yes : no).push_back(user);
    const size_t yes_at = GrowSide(yes, root.yes_arm, depth - 1, tree);
    const size_t no_at = GrowSide(no, root.no_arm, depth - 1, tree);
    // Two leaves with one arm are one leaf.
    if (tree.nodes[yes_at].is_leaf && tree.nodes[no_at].is_leaf && tree.nodes[yes_at].arm == tree.nodes[no_at].arm) {
      const size_t arm = tree.nodes[yes_at].arm;
      tree.nodes.resize(at + 1);
      tree.nodes[at].arm = arm;
      return at;
    }
    PolicyNode& node = tree.nodes[at];
    node.is_leaf = false;
    node.question = {root.attribute, bins.is_category, bins.limits[root.question]};
    node.yes = yes_at;
    node.no = no_at;
    return at;
  }

 private:
  // Totals of every pair of bins of two attributes.
  struct Table {
    size_t columns;
    std::vector<Totals> cells;
    Totals& At(size_t row, size_t column) { return cells[row * columns + column]; }
  };

  static bool AnswersYes(const PolicyBins& bins, uint32_t user, size_t question) {
    return bins.is_category ? bins.of_user[user] == question : bins.of_user[user] <= question;
  }

  size_t GrowSide(const std::vector<uint32_t>& users, size_t arm, int depth, PolicyTree& tree) {
    if (depth > 0) return Grow(users, depth, tree);
    tree.nodes.emplace_back();
    tree.nodes.back().arm = arm;
    return tree.nodes.size() - 1;
  }

  // Counts by group and corrections by arm are all that is summed over users; scores follow from them.
  Table Tabulate(const std::vector<uint32_t>& users, const PolicyBins& rows, const PolicyBins* columns) const {
    const size_t groups = scores_.base.size();
    const size_t width = groups + arms_;
    const size_t column_count = columns == nullptr ? 1 : columns->questions + 1;
    std::vector<double> sums((rows.questions + 1) * column_count * width, 0.0);
    for (uint32_t user : users) {
      const size_t column = columns == nullptr ? 0 : columns->of_user[user];
      double* cell = &sums[(rows.of_user[user] * column_count + column) * width];
      cell[scores_.group[user]] += 1.0;
      cell[groups + scores_.arm[user]] += scores_.correction[user];
    }
    Table table{column_count, std::vector<Totals>((rows.questions + 1) * column_count, Totals(arms_))};
    for (size_t c = 0; c < table.cells.size(); ++c) {
      const double* cell = &sums[c * width];
      Totals& totals = table.cells[c];
      for (size_t a = 0; a < arms_; ++a) totals.score[a] = cell[groups + a];
      for (size_t g = 0; g < groups; ++g) {
        if (cell[g] == 0.0) continue;
        totals.users += cell[g];
        for (size_t a = 0; a < arms_; ++a) totals.score[a] += cell[g] * scores_.base[g][a];
      }
    }
    return table;
  }

  // The best question of one attribute, given the totals of its bins.
  Split BestOfAttribute(size_t attribute, absl::Span<const Totals> of_bins) const {
    const PolicyBins& bins = bins_[attribute];
    Totals all(arms_);
    for (const Totals& bin : of_bins) all.Add(bin, 1.0);
    Split best;
    best.yes_arm = all.BestArm();
    if (all.users >= least_users_) best.value = all.score[best.yes_arm];
    Totals yes(arms_);
    for (size_t q = 0; q < bins.questions; ++q) {
      if (bins.is_category) yes = Totals(arms_);
      yes.Add(of_bins[q], 1.0);
      Totals no = all;
      no.Add(yes, -1.0);
      if (yes.users < least_users_ || no.users < least_users_) continue;
      const size_t yes_arm = yes.BestArm();
      const size_t no_arm = no.BestArm();
      const double value = yes.score[yes_arm] + no.score[no_arm];
      // A question that changes nothing but rounding is no question.
      if (yes_arm != no_arm && value > best.value) best = {value, false, attribute, q, yes_arm, no_arm};
    }
    return best;
  }

  Split BestQuestion(const std::vector<uint32_t>& users) const {
    Split best;
    for (size_t attribute = 0; attribute < bins_.size(); ++attribute) {
      const Table table = Tabulate(users, bins_[attribute], nullptr);
      const Split split = BestOfAttribute(attribute, table.cells);
      if (split.value > best.value) best = split;
    }
    return best;
  }

  // For each question of `first` the best value of each answer's side over the questions of `second`.
  void Extend(size_t first, size_t second, Table& table, std::vector<Split>& yes_sides,
              std::vector<Split>& no_sides) const {
    const PolicyBins& bins = bins_[first];
    const size_t columns = bins_[second].questions + 1;
    std::vector<Totals> all(columns, Totals(arms_));
    for (size_t row = 0; row <= bins.questions; ++row) {
      for (size_t column = 0; column < columns; ++column) all[column].Add(table.At(row, column), 1.0);
    }
    std::vector<Totals> yes(columns, Totals(arms_));
    std::vector<Totals> no;
    for (size_t q = 0; q < bins.questions; ++q) {
      if (bins.is_category) yes.assign(columns, Totals(arms_));
      no = all;
      for (size_t column = 0; column < columns; ++column) {
        yes[column].Add(table.At(q, column), 1.0);
        no[column].Add(yes[column], -1.0);
      }
      const Split yes_side = BestOfAttribute(second, yes);
      const Split no_side = BestOfAttribute(second, no);
      if (yes_side.value > yes_sides[q].value) yes_sides[q] = yes_side;
      if (no_side.value > no_sides[q].value) no_sides[q] = no_side;
    }
  }

  // The root of the best tree of depth 2. Its arms are not used: the sides are grown anew.
  Split BestRoot(const std::vector<uint32_t>& users) const {
    const size_t count = bins_.size();
    std::vector<std::vector<Split>> yes_sides(count);
    std::vector<std::vector<Split>> no_sides(count);
    for (size_t a = 0; a < count; ++a) yes_sides[a].resize(bins_[a].questions);
    no_sides = yes_sides;
    for (size_t a = 0; a < count; ++a) {
      for (size_t b = a; b < count; ++b) {
        Table table = Tabulate(users, bins_[a], &bins_[b]);
        Extend(a, b, table, yes_sides[a], no_sides[a]);
        if (a == b) continue;
        Table turned{bins_[a].questions + 1, {}};
        for (size_t column = 0; column < table.columns; ++column) {
          for (size_t row = 0; row <= bins_[a].questions; ++row) turned.cells.push_back(table.At(row, column));
        }
        Extend(b, a, turned, yes_sides[b], no_sides[b]);
      }
    }
    Split best = BestQuestion(users);
    for (size_t a = 0; a < count; ++a) {
      for (size_t q = 0; q < bins_[a].questions; ++q) {
        const double value = yes_sides[a][q].value + no_sides[a][q].value;
        if (value > best.value) best = {value, false, a, q, 0, 0};
      }
    }
    return best;
  }

  const PolicyScores& scores_;
  size_t arms_;
  double least_users_;
  std::vector<PolicyBins> bins_;
};

}  // namespace

size_t PolicyTree::ArmOf(const PolicyData& data, size_t user) const {
  size_t at = 0;
  while (!nodes[at].is_leaf) {
    const PolicyQuestion& question = nodes[at].question;
    const double value = question.attribute < data.attributes.size() ? data.attributes[question.attribute].values[user]
                                                                     : static_cast<double>(data.tier[user]);
    const bool is_yes = question.is_category ? value == question.limit : value <= question.limit;
    at = is_yes ? nodes[at].yes : nodes[at].no;
  }
  return nodes[at].arm;
}

PolicyTree LearnTree(const PolicyData& data, absl::Span<const uint32_t> users, const PolicyScores& scores,
                     const PolicyTreeOptions& options) {
  PolicyTree tree;
  TreeSearch search(data, users, scores, options);
  search.Grow({users.begin(), users.end()}, options.depth, tree);
  return tree;
}

}  // namespace tierwise
