// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/command.h"
#include "client/cli/connection.h"
#include "client/cli/message_text.h"
#include "client/cli/offer_rule_text.h"
#include "client/cli/policy_text.h"
#include "client/cli/time_text.h"
#include "client/cli/yaml_documents.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/tuning_service.pb.h"

namespace tierwise {
namespace {

constexpr char kEvaluateExamples[] =
    "A rule's branches are tried in order, and the first that fits a user gives the variant; users whom none takes get "
    "the\n"
    "control. Conditions are those of audiences (docs/conditions.md).\n"
    "\n"
    "Examples:\n"
    "  tierwise policy evaluate spring --rule 'waist: ten; tail when orders_90d >= 2: fifteen'\n"
    "  tierwise policy evaluate spring --rule rule.txt --metric revenue\n";

constexpr char kLearnExamples[] =
    "Examples:\n"
    "  tierwise policy learn spring --attributes orders_90d,country --depth 2\n";

struct PolicyOptions {
  std::string campaign, rule, metric, as_of;
  std::vector<std::string> attributes;
  int depth = 1;
  uint64_t seed = 0;
  bool is_json = false;
};

// The text of `rule`, or of the file that it names.
absl::StatusOr<std::string> RuleText(const std::string& rule) {
  std::error_code ignored;
  if (rule.find(':') != std::string::npos || !std::filesystem::is_regular_file(rule, ignored)) return rule;
  return ReadSmallFile(rule);
}

template <typename Request>
absl::Status SetCampaign(const PolicyOptions& options, Request& request) {
  request.set_campaign(options.campaign);
  if (options.as_of.empty()) return absl::OkStatus();
  TIERWISE_ASSIGN_OR_RETURN(const absl::Time as_of, ParseTimeText(options.as_of));
  *request.mutable_as_of() = ToProto(as_of);
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Evaluate(const PolicyOptions& options, const Invocation& invocation) {
  v1::EvaluatePolicyRequest request;
  TIERWISE_RETURN_IF_ERROR(SetCampaign(options, request));
  request.set_metric(options.metric);
  TIERWISE_ASSIGN_OR_RETURN(const std::string text, RuleText(options.rule));
  TIERWISE_ASSIGN_OR_RETURN(*request.mutable_rule(), ParseOfferRule(text));
  v1::EvaluatePolicyResponse response;
  TIERWISE_RETURN_IF_ERROR(Connection(invocation.connection).Call(request, &response));
  Terminal& terminal = invocation.terminal;
  if (options.is_json) {
    terminal.out << ToReadableJson(response.report(), Fields::kComplete).dump(2) << '\n';
  } else {
    terminal.out << RenderPolicyReport(response.report(), PlotStyleOf(terminal));
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Learn(const PolicyOptions& options, const Invocation& invocation) {
  v1::LearnPolicyRequest request;
  TIERWISE_RETURN_IF_ERROR(SetCampaign(options, request));
  for (const std::string& attribute : options.attributes) request.add_attributes(attribute);
  request.set_depth(options.depth);
  request.set_seed(options.seed);
  v1::LearnPolicyResponse response;
  TIERWISE_RETURN_IF_ERROR(Connection(invocation.connection).Call(request, &response));
  Terminal& terminal = invocation.terminal;
  if (options.is_json) {
    terminal.out << ToReadableJson(response, Fields::kComplete).dump(2) << '\n';
  } else {
    terminal.out << RenderLearntPolicy(response, PlotStyleOf(terminal));
  }
  return ExitCode::kOk;
}

void AddCommonOptions(CLI::App& command, PolicyOptions* options) {
  command.add_option("CAMPAIGN", options->campaign, "Id of a launched campaign")->required();
  command.add_option("--as-of", options->as_of, "As it was at that time")->type_name("TIME");
  command.add_flag("--json", options->is_json, "JSON, numbers in full precision");
}

}  // namespace

void AddPolicyCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<PolicyOptions>();
  CLI::App* policy = app.add_subcommand("policy", "What a rule about users would have brought");
  policy->require_subcommand(1);
  policy->footer(absl::StrCat(kEvaluateExamples, "\n", kLearnExamples));
  CLI::App* evaluate = policy->add_subcommand("evaluate", "The value of a rule, by the campaign's randomised users");
  AddCommonOptions(*evaluate, options.get());
  evaluate->add_option("--rule", options->rule, "The rule, or a file with it")->required();
  evaluate->add_option("--metric", options->metric, "Value it by this metric; default: profit by the economics");
  evaluate->footer(kEvaluateExamples);
  evaluate->callback([options, &invocation] {
    invocation.action = [options, &invocation] { return Evaluate(*options, invocation); };
  });
  CLI::App* learn =
      policy->add_subcommand("learn", "A simple rule learnt from one half of the users, judged on the other");
  AddCommonOptions(*learn, options.get());
  learn->add_option("--attributes", options->attributes, "Ids of attributes that it may look at besides the tier")
      ->delimiter(',');
  learn->add_option("--depth", options->depth, "Questions that a user may be asked")
      ->check(CLI::Range(1, 3))
      ->capture_default_str();
  learn->add_option("--seed", options->seed, "Of the halves");
  learn->footer(kLearnExamples);
  learn->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Learn(*options, invocation); }; });
}

}  // namespace tierwise
