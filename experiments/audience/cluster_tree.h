// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "tierwise/v1/attribute.pb.h"

namespace tierwise {

// One attribute of the users that a tree is fitted to: every one has a finite value.
struct TreeColumn {
  v1::AttributeType type = v1::ATTRIBUTE_TYPE_DOUBLE;
  std::vector<double> values;
};

// A decision tree over columns that predicts a label (CART; Breiman et al. 1984), with thresholds that people would
// write. Immutable.
class ClusterTree {
 public:
  struct Node {
    int label = -1;          // -1: a test
    size_t column = 0;       // of a test ...
    double threshold = 0.0;  // ... whether the value is at least that
    size_t below = 0;        // index of the node for those below
    size_t at_least = 0;     // and for the others
  };

  // Fits a tree with at most 4 leaves a label to the columns and the users' labels: best split first, by Gini impurity,
  // until no split is worth its leaf. Every label has a leaf. Thresholds are rounded as far as no fewer
  // users have the most frequent label of their side. REQUIRES: there are columns, as long as `labels`; labels are 0 to
  // `label_count` - 1, each there; label_count >= 2.
  ClusterTree(absl::Span<const TreeColumn> columns, absl::Span<const int> labels, int label_count);

  // The first one is the root. Those that nothing leads to have no meaning.
  const std::vector<Node>& nodes() const { return nodes_; }

 private:
  std::vector<Node> nodes_;
};

}  // namespace tierwise
