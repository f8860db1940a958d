// SPDX-License-Identifier: Apache-2.0
#include "server/services/tier_answers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/assignment/normalize.h"
#include "experiments/audience/clusters.h"
#include "experiments/audience/tier_changes.h"
#include "experiments/audience/tier_cuts.h"
#include "experiments/audience/tier_description.h"
#include "experiments/audience/tiering_program.h"
#include "experiments/base/fact_rows.h"
#include "experiments/base/problems.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr int kMaxThresholds = 100;

bool IsNumber(v1::AttributeType type) { return type == v1::ATTRIBUTE_TYPE_INT || type == v1::ATTRIBUTE_TYPE_DOUBLE; }

absl::StatusOr<int> SlotOfNumber(const AttributeSchema& schema, const std::string& attribute, absl::string_view field) {
  TIERWISE_ASSIGN_OR_RETURN(const int slot, SlotOfAttribute(schema, attribute, field));
  if (IsNumber(schema.TypeOf(slot))) return slot;
  return InvalidField(field, absl::StrCat("\"", attribute, "\" is no INT or DOUBLE attribute"));
}

void SetDistribution(const AttributeDistribution& from, v1::Distribution& to) {
  to.set_users(from.users);
  to.set_missing(from.missing);
  if (from.mean.has_value()) to.set_mean(*from.mean);
  to.mutable_quantiles()->Assign(from.quantiles.begin(), from.quantiles.end());
  for (const HistogramStep& step : from.bins) {
    v1::HistogramBin& bin = *to.add_bins();
    bin.set_lower(step.lower);
    bin.set_upper(step.upper);
    bin.set_users(step.users);
  }
  for (const ValueUsers& value : from.values) {
    v1::ValueCount& count = *to.add_values();
    count.set_value(value.value);
    count.set_users(value.users);
  }
}

// The columns of some numeric attributes, of at most kMaxClusteredUsers users, chosen by their keys: the same users
// whatever the number of threads.
std::vector<std::vector<double>> SampleOf(const TierQuestion& question, const std::vector<int>& slots) {
  const AttributeSchema& schema = question.view.snapshot->schema();
  const UserScan scan(question.table);
  const ReadPlan plan(question.table, schema, slots);
  const int64_t users = std::max<int64_t>(1, question.table.users());
  const auto every = static_cast<uint64_t>((users - 1) / static_cast<int64_t>(kMaxClusteredUsers) + 1);
  std::vector<std::vector<std::vector<double>>> of_shard(kUserShards, std::vector<std::vector<double>>(slots.size()));
  ForEachShard(question.threads, [&](int shard, int) {
    UserAttributes user(schema);
    std::vector<std::vector<double>>& columns = of_shard[static_cast<size_t>(shard)];
    scan.ForEach(shard, plan, user, [&](const ScannedUser& scanned) {
      if (scanned.key % every != 0) return;
      for (size_t i = 0; i < slots.size(); ++i) {
        const int slot = slots[i];
        columns[i].push_back(!user.has(slot) ? std::numeric_limits<double>::quiet_NaN()
                             : schema.TypeOf(slot) == v1::ATTRIBUTE_TYPE_DOUBLE
                                 ? user.number(slot)
                                 : static_cast<double>(user.integer(slot)));
      }
    });
  });
  std::vector<std::vector<double>> sample(slots.size());
  for (const auto& columns : of_shard) {
    for (size_t i = 0; i < slots.size(); ++i) {
      sample[i].insert(sample[i].end(), columns[i].begin(), columns[i].end());
      sample[i].resize(std::min(sample[i].size(), kMaxClusteredUsers));
    }
  }
  return sample;
}

}  // namespace

absl::StatusOr<int> SlotOfAttribute(const AttributeSchema& schema, const std::string& attribute,
                                    absl::string_view field) {
  if (attribute.empty()) return InvalidField(field, "is required");
  const std::optional<int> slot = schema.SlotOf(attribute);
  if (!slot.has_value()) return InvalidField(field, absl::StrCat("\"", attribute, "\" is not a declared attribute"));
  return *slot;
}

absl::StatusOr<const v1::Tiering*> RequiredTiering(const Definitions& definitions, const std::string& id,
                                                   absl::string_view field) {
  if (id.empty()) return InvalidField(field, "is required");
  const v1::Tiering* tiering = definitions.FindTiering(id);
  if (tiering == nullptr) return absl::NotFoundError(absl::StrCat("there is no tiering \"", id, "\""));
  return tiering;
}

absl::StatusOr<v1::DescribeTiersResponse> AnswerDescribeTiers(const TierQuestion& question,
                                                              const v1::DescribeTiersRequest& request) {
  const AttributeSchema& schema = question.view.snapshot->schema();
  TIERWISE_RETURN_IF_ERROR(RequiredTiering(*question.view.definitions, request.tiering(), "tiering").status());
  TierDescriptionQuery query;
  query.tiering = request.tiering();
  if (!request.value_attribute().empty()) {
    TIERWISE_ASSIGN_OR_RETURN(query.value_slot, SlotOfNumber(schema, request.value_attribute(), "value_attribute"));
  }
  if (!request.attribute().empty()) {
    TIERWISE_ASSIGN_OR_RETURN(query.attribute_slot, SlotOfAttribute(schema, request.attribute(), "attribute"));
  }
  const UserScan scan(question.table);
  const std::optional<int> index = question.table.TieringOf(request.tiering());
  if (!index.has_value() || scan.StandingOf(*index) == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "tiering \"", request.tiering(), "\" was never refreshed: StartRefresh puts users into its tiers"));
  }
  const std::shared_ptr<const TieringStanding> of = scan.StandingOf(*index);
  const TieringStanding& standing = *of;
  const std::vector<DescribedTier> tiers = DescribeTiers(scan, schema, query, question.threads);
  int64_t users = 0;
  double value = 0;
  for (const DescribedTier& tier : tiers) {
    users += tier.users;
    value += tier.value;
  }
  v1::DescribeTiersResponse response;
  for (size_t i = 0; i < tiers.size(); ++i) {
    v1::TierDescription& tier = *response.add_tiers();
    tier.set_tier(standing.tiers[i]);
    tier.set_users(tiers[i].users);
    tier.set_user_share(users == 0 ? 0 : static_cast<double>(tiers[i].users) / static_cast<double>(users));
    tier.set_value(tiers[i].value);
    if (query.value_slot >= 0 && value > 0) tier.set_value_share(tiers[i].value / value);
    if (query.attribute_slot >= 0) SetDistribution(tiers[i].distribution, *tier.mutable_distribution());
  }
  *response.mutable_as_of() = ToProto(absl::FromUnixMicros(standing.as_of_micros));
  response.set_tiering_revision(standing.revision);
  return response;
}

absl::StatusOr<v1::PreviewTieringResponse> AnswerPreviewTiering(const TierQuestion& question,
                                                                const v1::PreviewTieringRequest& request) {
  const Definitions& definitions = *question.view.definitions;
  const AttributeSchema& schema = question.view.snapshot->schema();
  Problems problems;
  v1::Definition definition;
  *definition.mutable_tiering() = request.tiering();
  Normalize(definition, problems);
  const std::string name = NameOf(definition);
  if (problems.ToStatus().ok()) CheckTiering(definition.tiering(), definitions, name, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  const UserScan scan(question.table);
  const v1::Tiering tiering = WithCuts(definition.tiering(), scan, schema, question.now_micros, question.threads);
  const TieringPreview preview =
      PreviewTiering(scan, tiering, schema, definitions, question.now_micros, question.threads);
  v1::PreviewTieringResponse response;
  const auto add_transition = [&](const std::string& from, int to, int64_t users) {
    if (users == 0) return;
    v1::Transition& transition = *response.add_transitions();
    transition.set_from(from);
    transition.set_to(tiering.tiers(to).id());
    transition.set_users(users);
  };
  for (int to = 0; to < tiering.tiers_size(); ++to) {
    v1::TierSize& size = *response.add_sizes();
    size.set_tier(tiering.tiers(to).id());
    size.set_users(preview.sizes[static_cast<size_t>(to)]);
  }
  for (size_t from = 0; from < preview.stored_tiers.size(); ++from) {
    for (int to = 0; to < tiering.tiers_size(); ++to) {
      add_transition(preview.stored_tiers[from], to, preview.transitions[from][static_cast<size_t>(to)]);
    }
  }
  if (!preview.stored_tiers.empty()) {
    for (int to = 0; to < tiering.tiers_size(); ++to) {
      add_transition("", to, preview.newcomers[static_cast<size_t>(to)]);
    }
  }
  *response.mutable_tiering() = tiering;
  for (std::string& warning : PreviewWarnings(tiering, preview)) response.add_warnings(std::move(warning));
  return response;
}

absl::StatusOr<v1::ExploreThresholdsResponse> AnswerExploreThresholds(const TierQuestion& question,
                                                                      const v1::ExploreThresholdsRequest& request) {
  const AttributeSchema& schema = question.view.snapshot->schema();
  TIERWISE_ASSIGN_OR_RETURN(const int slot, SlotOfNumber(schema, request.attribute(), "attribute"));
  int value_slot = slot;
  if (!request.value_attribute().empty()) {
    TIERWISE_ASSIGN_OR_RETURN(value_slot, SlotOfNumber(schema, request.value_attribute(), "value_attribute"));
  }
  if (request.thresholds_size() > kMaxThresholds) {
    return InvalidField("thresholds", absl::StrCat("has ", request.thresholds_size(), " values; at most ",
                                                   kMaxThresholds, " are allowed"));
  }
  for (const double threshold : request.thresholds()) {
    if (!std::isfinite(threshold)) return InvalidField("thresholds", "must be finite");
  }
  const ThresholdTable table =
      ExploreThresholds(UserScan(question.table), schema, slot, value_slot,
                        {request.thresholds().begin(), request.thresholds().end()}, question.threads);
  v1::ExploreThresholdsResponse response;
  response.set_users(table.users);
  response.set_missing(table.missing);
  for (const ThresholdUsers& row : table.thresholds) {
    v1::Threshold& out = *response.add_thresholds();
    out.set_value(row.threshold);
    out.set_users_above(row.users_above);
    out.set_user_share_above(
        table.users == 0 ? 0 : static_cast<double>(row.users_above) / static_cast<double>(table.users));
    if (table.value > 0) out.set_value_share_above(row.value_above / table.value);
  }
  return response;
}

absl::StatusOr<v1::ExploreClustersResponse> AnswerExploreClusters(const TierQuestion& question,
                                                                  const v1::ExploreClustersRequest& request) {
  const AttributeSchema& schema = question.view.snapshot->schema();
  if (request.attributes().empty() || request.attributes_size() > kMaxClusterAttributes) {
    return InvalidField("attributes", absl::StrCat("has ", request.attributes_size(), " ids; 1 to ",
                                                   kMaxClusterAttributes, " are allowed"));
  }
  std::vector<int> slots;
  std::set<std::string> seen;
  for (int i = 0; i < request.attributes_size(); ++i) {
    const std::string field = absl::StrCat("attributes[", i, "]");
    TIERWISE_ASSIGN_OR_RETURN(const int slot, SlotOfAttribute(schema, request.attributes(i), field));
    if (!IsNumber(schema.TypeOf(slot)) && schema.TypeOf(slot) != v1::ATTRIBUTE_TYPE_TIMESTAMP) {
      return InvalidField(field, absl::StrCat("\"", request.attributes(i), "\" is no INT, DOUBLE or TIMESTAMP"));
    }
    if (!seen.insert(request.attributes(i)).second) {
      return InvalidField(field, absl::StrCat("\"", request.attributes(i), "\" is given twice"));
    }
    slots.push_back(slot);
  }
  const std::vector<std::vector<double>> sample = SampleOf(question, slots);
  std::vector<ClusterColumn> columns;
  for (size_t i = 0; i < slots.size(); ++i) {
    columns.push_back({schema.IdOf(slots[i]), schema.TypeOf(slots[i]), sample[i]});
  }
  ClusterOptions options;
  options.clusters = request.clusters();
  options.seed = request.seed();
  options.use_log_scale = !request.has_log_scale() || request.log_scale();
  TIERWISE_ASSIGN_OR_RETURN(const UserClusters found, FindClusters(columns, options));
  v1::ExploreClustersResponse response;
  for (const UserCluster& cluster : found.clusters) {
    v1::Cluster& out = *response.add_clusters();
    out.set_tier(cluster.tier);
    out.set_users(cluster.users);
    out.mutable_means()->Assign(cluster.means.begin(), cluster.means.end());
  }
  *response.mutable_tiering() = found.tiering;
  response.set_agreement(found.agreement);
  response.set_silhouette(found.silhouette);
  response.set_users(found.users);
  return response;
}

}  // namespace tierwise
