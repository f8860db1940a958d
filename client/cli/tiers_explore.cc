// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "client/cli/catalog.h"
#include "client/cli/command.h"
#include "client/cli/definition_apply.h"
#include "client/cli/message_text.h"
#include "client/cli/tier_exploration_text.h"
#include "client/cli/tiers_verbs.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {
namespace {

struct ThresholdsOptions {
  std::string attribute, value;
  std::vector<double> at;
  bool is_json = false;
};

absl::StatusOr<ExitCode> Thresholds(const ThresholdsOptions& options, const Invocation& invocation) {
  v1::ExploreThresholdsRequest request;
  request.set_attribute(options.attribute);
  request.set_value_attribute(options.value);
  for (const double threshold : options.at) request.add_thresholds(threshold);
  const Connection connection(invocation.connection);
  v1::ExploreThresholdsResponse response;
  TIERWISE_RETURN_IF_ERROR(
      SuggestDefinition(connection, "attributes", options.attribute, connection.Call(request, &response)));
  Terminal& terminal = invocation.terminal;
  if (options.is_json) {
    terminal.out << ToReadableJson(response, Fields::kComplete).dump(2) << '\n';
    return ExitCode::kOk;
  }
  const std::string& value = options.value.empty() ? options.attribute : options.value;
  terminal.out << RenderThresholds(response, options.attribute, value, PlotStyleOf(terminal));
  return ExitCode::kOk;
}

struct ClustersOptions {
  std::vector<std::string> attributes;
  int clusters = 4;
  uint64_t seed = 1;
  bool is_linear = false;
  std::string save;
  bool is_json = false;
};

absl::StatusOr<ExitCode> Clusters(const ClustersOptions& options, const Invocation& invocation) {
  v1::ExploreClustersRequest request;
  for (const std::string& attribute : options.attributes) request.add_attributes(attribute);
  request.set_clusters(options.clusters);
  request.set_seed(options.seed);
  request.set_log_scale(!options.is_linear);
  const Connection connection(invocation.connection);
  v1::ExploreClustersResponse response;
  absl::Status status = connection.Call(request, &response);
  for (const std::string& attribute : options.attributes) {
    status = SuggestDefinition(connection, "attributes", attribute, std::move(status));
  }
  TIERWISE_RETURN_IF_ERROR(status);
  if (!options.save.empty()) response.mutable_tiering()->set_id(options.save);
  Terminal& terminal = invocation.terminal;
  terminal.out << (options.is_json ? ToReadableJson(response, Fields::kComplete).dump(2) + "\n"
                                   : RenderClusters(response, options.attributes, PlotStyleOf(terminal)));
  if (options.save.empty()) return ExitCode::kOk;
  v1::Definition definition;
  *definition.mutable_tiering() = response.tiering();
  definition.mutable_tiering()->clear_meta();
  if (!options.is_json) terminal.out << '\n';
  TIERWISE_RETURN_IF_ERROR(ApplyDefinitions(connection, {definition}, {.is_json = options.is_json}, terminal));
  return ExitCode::kOk;
}

}  // namespace

void AddTiersThresholds(CLI::App& tiers, Invocation& invocation) {
  auto options = std::make_shared<ThresholdsOptions>();
  CLI::App* command = tiers.add_subcommand("thresholds", "Where a threshold would cut, and how much lies above");
  command->add_option("ATTRIBUTE", options->attribute, "Id of a number attribute")->required();
  command->add_option("--value", options->value, "Number attribute whose sum is shared; default the attribute itself")
      ->type_name("ATTRIBUTE");
  command->add_option("--at", options->at, "Thresholds; default where a half, a quarter, a tenth, ... lie above")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_flag("--json", options->is_json, "JSON, numbers in full precision");
  command->footer(
      "Examples:\n"
      "  tierwise tiers thresholds spend_365d\n"
      "  tierwise tiers thresholds orders_365d --value spend_365d --at 2,5,10\n");
  command->callback([options, &invocation] {
    invocation.action = [options, &invocation] { return Thresholds(*options, invocation); };
  });
}

void AddTiersClusters(CLI::App& tiers, Invocation& invocation) {
  auto options = std::make_shared<ClustersOptions>();
  CLI::App* command = tiers.add_subcommand("clusters", "Groups of users that are alike, as rules to start from");
  command->add_option("ATTRIBUTE", options->attributes, "Ids of number or time attributes, 1 to 10")
      ->required()
      ->expected(1, 10);
  command->add_option("-k,--clusters", options->clusters, "How many groups, 2 to 12")
      ->check(CLI::Range(2, 12))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "The same seed and users give the same groups")->capture_default_str();
  command->add_flag("--linear", options->is_linear, "Do not take logarithms of skewed attributes");
  command->add_option("--save", options->save, "Save the rules as a tiering of this id")->type_name("ID");
  command->add_flag("--json", options->is_json, "JSON, numbers in full precision");
  command->footer(
      "K-means explores; what is saved are plain rules over the attributes, which stay as they are.\n"
      "\n"
      "Examples:\n"
      "  tierwise tiers clusters recency_days orders_365d spend_365d -k 4\n"
      "  tierwise tiers clusters recency_days spend_365d -k 3 --save groups\n");
  command->callback([options, &invocation] {
    invocation.action = [options, &invocation] { return Clusters(*options, invocation); };
  });
}

}  // namespace tierwise
