// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/clusters.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "experiments/audience/attribute_type_name.h"
#include "experiments/audience/cluster_rules.h"
#include "experiments/audience/cluster_tree.h"
#include "experiments/audience/k_means.h"
#include "experiments/audience/points.h"
#include "experiments/base/definition_rules.h"
#include "experiments/base/problems.h"

namespace tierwise {
namespace {

// Cubes of larger numbers overflow.
constexpr double kMaxMagnitude = 1e100;
constexpr double kMicrosPerDay = 86'400e6;
// Money, counts and the like: a normal distribution has 0, an exponential one 2.
constexpr double kSkewed = 1.0;

bool IsNumberOrTime(v1::AttributeType type) {
  return type == v1::ATTRIBUTE_TYPE_INT || type == v1::ATTRIBUTE_TYPE_DOUBLE || type == v1::ATTRIBUTE_TYPE_TIMESTAMP;
}

void CheckInput(absl::Span<const ClusterColumn> columns, const ClusterOptions& options, Problems& problems) {
  if (columns.empty() || columns.size() > kMaxClusterAttributes) {
    problems.Add("attributes", absl::StrCat("has ", columns.size(), ", 1 to ", kMaxClusterAttributes, " are allowed"));
  }
  if (options.clusters < 2 || options.clusters > kMaxClusters) {
    problems.Add("clusters", absl::StrCat("is ", options.clusters, ", 2 to ", kMaxClusters, " are allowed"));
  }
  for (size_t c = 0; c < columns.size(); ++c) {
    const std::string field = FieldPath("", "attributes", static_cast<int>(c));
    if (!IsNumberOrTime(columns[c].type)) {
      problems.Add(field, absl::StrCat("\"", columns[c].attribute, "\" is ", TypeName(columns[c].type),
                                       "; INT, DOUBLE and TIMESTAMP are allowed"));
    }
    for (size_t other = 0; other < c; ++other) {
      if (columns[other].attribute == columns[c].attribute) problems.Add(field, "is there already");
    }
    const auto is_too_large = [](double value) { return std::abs(value) > kMaxMagnitude; };
    if (std::any_of(columns[c].values.begin(), columns[c].values.end(), is_too_large)) {
      problems.Add(field, absl::StrCat("\"", columns[c].attribute, "\" has values beyond ", kMaxMagnitude));
    }
  }
}

// The users who have every value.
std::vector<TreeColumn> CompleteColumns(absl::Span<const ClusterColumn> columns) {
  std::vector<TreeColumn> complete(columns.size());
  for (size_t c = 0; c < columns.size(); ++c) complete[c].type = columns[c].type;
  for (size_t user = 0; user < columns[0].values.size(); ++user) {
    const auto is_missing = [user](const ClusterColumn& column) { return std::isnan(column.values[user]); };
    if (std::any_of(columns.begin(), columns.end(), is_missing)) continue;
    for (size_t c = 0; c < columns.size(); ++c) complete[c].values.push_back(columns[c].values[user]);
  }
  return complete;
}

// How many different points there are, as far as `enough`.
size_t DistinctPoints(const Points& points, size_t enough) {
  std::vector<size_t> distinct;
  for (size_t i = 0; i < points.size() && distinct.size() < enough; ++i) {
    const auto is_same = [&](size_t other) { return SquaredDistance(points[i], points[other]) == 0.0; };
    if (std::none_of(distinct.begin(), distinct.end(), is_same)) distinct.push_back(i);
  }
  return distinct.size();
}

void CheckUsers(absl::Span<const ClusterColumn> columns, absl::Span<const TreeColumn> complete, Problems& problems) {
  const size_t users = complete[0].values.size();
  if (users == 0) {
    std::vector<std::string> counts;
    for (const ClusterColumn& column : columns) {
      const auto known =
          std::count_if(column.values.begin(), column.values.end(), [](double x) { return !std::isnan(x); });
      counts.push_back(absl::StrCat(column.attribute, " is known of ", known));
    }
    problems.Add("attributes", absl::StrCat("none of ", columns[0].values.size(),
                                            " users has a value of all of them: ", absl::StrJoin(counts, ", ")));
    return;
  }
  for (size_t c = 0; c < complete.size(); ++c) {
    const auto [least, greatest] = std::minmax_element(complete[c].values.begin(), complete[c].values.end());
    if (*least != *greatest) continue;
    problems.Add(FieldPath("", "attributes", static_cast<int>(c)),
                 absl::StrCat("\"", columns[c].attribute, "\" is the same for all ", users, " users: leave it out"));
  }
}

double MeanOf(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double CentralMoment(const std::vector<double>& values, double mean, int power) {
  double sum = 0.0;
  for (const double value : values) sum += std::pow(value - mean, power);
  return sum / static_cast<double>(values.size());
}

double DeviationOf(const std::vector<double>& values) { return std::sqrt(CentralMoment(values, MeanOf(values), 2)); }

bool IsSkewed(const std::vector<double>& values) {
  return CentralMoment(values, MeanOf(values), 3) > kSkewed * std::pow(DeviationOf(values), 3);
}

// Divides by the greatest magnitude, so that no square underflows. REQUIRES: not all are 0.
void ScaleToOne(std::vector<double>& values) {
  double greatest = 0.0;
  for (const double value : values) greatest = std::max(greatest, std::abs(value));
  for (double& value : values) value /= greatest;
}

// In units that compare: standard deviations, of logarithms where that evens out a long tail.
std::vector<double> Standardised(const TreeColumn& column, bool use_log_scale) {
  std::vector<double> values = column.values;
  ScaleToOne(values);
  const bool is_not_negative = *std::min_element(values.begin(), values.end()) >= 0.0;
  if (use_log_scale && column.type != v1::ATTRIBUTE_TYPE_TIMESTAMP && is_not_negative && IsSkewed(values)) {
    std::vector<double> logarithms;
    for (const double value : column.values) logarithms.push_back(std::log1p(value));
    ScaleToOne(logarithms);
    if (DeviationOf(logarithms) > 0.0) values = std::move(logarithms);
  }
  const double mean = MeanOf(values);
  const double deviation = DeviationOf(values);
  for (double& value : values) value = (value - mean) / deviation;
  return values;
}

Points PointsOf(absl::Span<const TreeColumn> columns, bool use_log_scale) {
  Points points(columns[0].values.size(), columns.size());
  for (size_t c = 0; c < columns.size(); ++c) {
    const std::vector<double> values = Standardised(columns[c], use_log_scale);
    for (size_t user = 0; user < values.size(); ++user) points[user][c] = values[user];
  }
  return points;
}

// Size and means of each cluster.
std::vector<UserCluster> Summarise(absl::Span<const TreeColumn> columns, const std::vector<int>& labels, int clusters) {
  std::vector<UserCluster> summary(static_cast<size_t>(clusters));
  for (UserCluster& cluster : summary) cluster.means.resize(columns.size());
  for (size_t user = 0; user < labels.size(); ++user) {
    UserCluster& cluster = summary[static_cast<size_t>(labels[user])];
    ++cluster.users;
    for (size_t c = 0; c < columns.size(); ++c) cluster.means[c] += columns[c].values[user];
  }
  for (UserCluster& cluster : summary) {
    for (size_t c = 0; c < columns.size(); ++c) {
      cluster.means[c] /= static_cast<double>(cluster.users);
      if (columns[c].type == v1::ATTRIBUTE_TYPE_TIMESTAMP) cluster.means[c] /= kMicrosPerDay;
    }
  }
  return summary;
}

// Numbers the clusters anew: largest means first.
void Order(std::vector<int>& labels, std::vector<UserCluster>& clusters) {
  std::vector<size_t> order(clusters.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return clusters[a].means > clusters[b].means; });
  std::vector<int> place(clusters.size());
  std::vector<UserCluster> ordered;
  for (size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = static_cast<int>(i);
    ordered.push_back(std::move(clusters[order[i]]));
    ordered.back().tier = absl::StrCat("cluster-", i + 1);
  }
  clusters = std::move(ordered);
  for (int& label : labels) label = place[static_cast<size_t>(label)];
}

// "On average spend 12.5, orders 3."
std::string DescriptionOf(const UserCluster& cluster, absl::Span<const ClusterColumn> columns) {
  std::vector<std::string> means;
  for (size_t c = 0; c < columns.size(); ++c) {
    const std::string mean =
        columns[c].type == v1::ATTRIBUTE_TYPE_TIMESTAMP
            ? absl::FormatTime("%Y-%m-%d", absl::UnixEpoch() + cluster.means[c] * absl::Hours(24), absl::UTCTimeZone())
            : absl::StrFormat("%.3g", cluster.means[c]);
    means.push_back(absl::StrCat(columns[c].attribute, " ", mean));
  }
  return absl::StrCat("On average ", absl::StrJoin(means, ", "), ".");
}

v1::Tiering TieringOf(const ClusterTree& tree, absl::Span<const TreeColumn> complete,
                      absl::Span<const ClusterColumn> columns, const std::vector<UserCluster>& clusters) {
  v1::Tiering tiering;
  std::vector<std::string> attributes, tiers;
  for (const ClusterColumn& column : columns) attributes.push_back(column.attribute);
  for (const UserCluster& cluster : clusters) {
    tiers.push_back(cluster.tier);
    v1::Tier& tier = *tiering.add_tiers();
    tier.set_id(cluster.tier);
    tier.set_display_name(absl::StrCat("Cluster ", tiers.size()));
    tier.set_description(DescriptionOf(cluster, columns));
  }
  // The largest needs no rules; of several the last.
  const auto largest = std::max_element(clusters.rbegin(), clusters.rend(),
                                        [](const UserCluster& a, const UserCluster& b) { return a.users < b.users; });
  const auto otherwise = static_cast<int>(clusters.rend() - largest) - 1;
  *tiering.mutable_rules() = RulesOf(tree, complete, attributes, tiers, otherwise);
  return tiering;
}

}  // namespace

absl::StatusOr<UserClusters> FindClusters(absl::Span<const ClusterColumn> columns, const ClusterOptions& options) {
  Problems problems;
  CheckInput(columns, options, problems);
  if (!problems.empty()) return problems.ToStatus();
  const std::vector<TreeColumn> complete = CompleteColumns(columns);
  CheckUsers(columns, complete, problems);
  if (!problems.empty()) return problems.ToStatus();
  const Points points = PointsOf(complete, options.use_log_scale);
  const size_t distinct = DistinctPoints(points, static_cast<size_t>(options.clusters));
  if (distinct < static_cast<size_t>(options.clusters)) {
    return InvalidField("clusters", absl::StrCat("is ", options.clusters, ", but only ", distinct, " of the ",
                                                 points.size(), " users differ in these attributes"));
  }
  std::vector<int> labels = KMeans(points, options.clusters, options.seed);
  UserClusters found;
  found.users = static_cast<int64_t>(labels.size());
  found.clusters = Summarise(complete, labels, options.clusters);
  Order(labels, found.clusters);
  found.silhouette = Silhouette(points, labels, options.seed);
  const ClusterTree tree(complete, labels, options.clusters);
  found.tiering = TieringOf(tree, complete, columns, found.clusters);
  int64_t agreeing = 0;
  for (size_t user = 0; user < labels.size(); ++user) agreeing += LabelOf(tree, complete, user) == labels[user] ? 1 : 0;
  found.agreement = static_cast<double>(agreeing) / static_cast<double>(labels.size());
  return found;
}

}  // namespace tierwise
