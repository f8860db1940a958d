// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tierwise/v1/attribute.pb.h"
#include "tierwise/v1/tiering.pb.h"

namespace tierwise {

inline constexpr int kMaxClusterAttributes = 10;
inline constexpr int kMaxClusters = 12;
// The caller chooses at most so many users, by a hash of their keys.
inline constexpr size_t kMaxClusteredUsers = 200'000;

// One attribute of the users looked at.
struct ClusterColumn {
  std::string attribute;  // its id
  // INT, DOUBLE or TIMESTAMP. A TIMESTAMP's values are microseconds since the epoch.
  v1::AttributeType type = v1::ATTRIBUTE_TYPE_DOUBLE;
  // Of each user, in one order for all columns. NaN: no value; such users are left out.
  absl::Span<const double> values;
};

// What to look for.
struct ClusterOptions {
  int clusters = 0;  // 2 to kMaxClusters
  uint64_t seed = 0;
  bool use_log_scale = true;  // of columns that are skewed and not negative
};

// One group of users.
struct UserCluster {
  std::string tier;           // id of the tier that stands for it
  int64_t users = 0;          // whom k-means put there
  std::vector<double> means;  // of each column; times in days since 1970
};

// What was found.
struct UserClusters {
  std::vector<UserCluster> clusters;  // largest mean of the first column first
  v1::Tiering tiering;                // tiers in that order, by rules that come close to the clusters; no id
  double agreement = 0.0;             // share of the users whom the rules put where k-means did
  double silhouette = 0.0;            // mean, of at most 2,000 users: -1 to 1
  int64_t users = 0;                  // who have a value in every column
};

// Groups users that are alike. The same columns, options and seed give the same groups. Errors: InvalidArgument, with
// the fields of ExploreClustersRequest: too many or few columns or clusters, a column of one value only, values
// beyond 1e100, no user with a value in every column, fewer distinct users than clusters.
absl::StatusOr<UserClusters> FindClusters(absl::Span<const ClusterColumn> columns, const ClusterOptions& options);

}  // namespace tierwise
