// SPDX-License-Identifier: Apache-2.0
#include "server/services/policy_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/moments.h"
#include "experiments/tuning/policy_learning.h"
#include "server/services/allocation_readout.h"
#include "server/services/campaign_lookup.h"
#include "server/services/policy_rule.h"
#include "server/services/policy_users.h"
#include "server/services/policy_worth.h"

namespace tierwise {
namespace {

constexpr double kConfidence = 0.95;
constexpr int kMaxAttributes = 20;
constexpr size_t kMaxCategories = 1000;
constexpr char kNow[] = "Attributes are as they are now, not as they were at the first exposure.";

template <typename Request>
absl::StatusOr<LaunchedCampaign> Find(const Request& request, absl::Time now, const LiveCatalog& catalog,
                                      Catalog& storage) {
  return FindLaunched(request.campaign(), request.has_as_of() ? &request.as_of() : nullptr, "a policy's value", now,
                      catalog, storage);
}

absl::Status CheckUsers(const LaunchedCampaign& launched, const PolicyUsers& users) {
  if (users.keys.size() >= 2) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("campaign \"", launched.campaign.id(), "\" has fewer than two users to value a rule by"));
}

void FillReport(const PolicyEvaluation& evaluation, v1::PolicyReport& report) {
  FillEstimate(evaluation.ipw, *report.mutable_inverse_propensity());
  FillEstimate(evaluation.self_normalised, *report.mutable_self_normalised());
  FillEstimate(evaluation.doubly_robust, *report.mutable_doubly_robust());
  report.set_users(evaluation.users);
  report.set_effective_users(evaluation.effective_users);
  report.set_largest_weight(evaluation.largest_weight);
  report.set_mean_weight_z(evaluation.mean_weight_z);
  for (std::string& warning : OverlapWarnings(evaluation)) report.add_warnings(std::move(warning));
}

// What was done, as a rule: nobody is weighted.
void FillAsLogged(const PolicyData& data, v1::PolicyReport& report) {
  Moments outcomes;
  for (const double outcome : data.outcome) outcomes.Add(outcome);
  const double se = std::sqrt(outcomes.Variance() / static_cast<double>(outcomes.n));
  v1::PolicyEstimate& estimate = *report.mutable_as_logged();
  constexpr double kTwoSided95 = 1.959963984540054;
  estimate.set_value(outcomes.mean);
  estimate.set_standard_error(se);
  estimate.mutable_interval()->set_lower(outcomes.mean - kTwoSided95 * se);
  estimate.mutable_interval()->set_upper(outcomes.mean + kTwoSided95 * se);
}

// The attributes that a rule may look at.
absl::StatusOr<std::vector<v1::Attribute>> AttributesOf(const v1::LearnPolicyRequest& request,
                                                        const Definitions& definitions) {
  if (request.attributes_size() > kMaxAttributes) {
    return InvalidField("attributes",
                        absl::StrCat("has ", request.attributes_size(), "; at most ", kMaxAttributes, " are allowed"));
  }
  std::vector<v1::Attribute> attributes;
  Problems problems;
  for (int i = 0; i < request.attributes_size(); ++i) {
    const std::string field = absl::StrCat("attributes[", i, "]");
    const v1::Attribute* attribute = definitions.FindAttribute(request.attributes(i));
    if (attribute == nullptr) {
      problems.Add(field, absl::StrCat("there is no attribute \"", request.attributes(i), "\""));
    } else if (attribute->type() == v1::ATTRIBUTE_TYPE_TIMESTAMP ||
               attribute->type() == v1::ATTRIBUTE_TYPE_STRING_LIST) {
      problems.Add(field, absl::StrCat("\"", attribute->id(),
                                       "\" is of a type that no rule is learnt from; BOOL, INT, "
                                       "DOUBLE and STRING are"));
    } else {
      attributes.push_back(*attribute);
    }
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  return attributes;
}

// The columns of attributes, filled user by user.
class AttributeTable {
 public:
  AttributeTable(const std::vector<v1::Attribute>& attributes, const AttributeSchema& schema)
      : schema_(schema), categories_(attributes.size()), codes_(attributes.size()) {
    for (const v1::Attribute& attribute : attributes) {
      PolicyAttribute& column = columns_.emplace_back();
      column.name = attribute.id();
      column.is_categorical = attribute.type() == v1::ATTRIBUTE_TYPE_STRING;
    }
  }

  void Add(const UserAttributes& user) {
    for (size_t i = 0; i < columns_.size(); ++i) columns_[i].values.push_back(ValueOf(i, user));
  }

  std::vector<PolicyAttribute> Take() {
    for (size_t i = 0; i < columns_.size(); ++i) columns_[i].categories = static_cast<int>(categories_[i].size());
    return std::move(columns_);
  }
  const std::vector<std::vector<std::string>>& categories() const { return categories_; }

 private:
  double ValueOf(size_t i, const UserAttributes& user) {
    constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
    const std::optional<int> slot = schema_.SlotOf(columns_[i].name);
    if (!slot.has_value() || !user.has(*slot)) return kMissing;
    switch (schema_.TypeOf(*slot)) {
      case v1::ATTRIBUTE_TYPE_STRING:
        return CategoryOf(i, std::string(user.text(*slot)));
      case v1::ATTRIBUTE_TYPE_DOUBLE:
        return user.number(*slot);
      default:
        return static_cast<double>(user.integer(*slot));
    }
  }

  // Texts that come after the first thousand are taken for missing: a rule can hardly rest on them.
  double CategoryOf(size_t i, const std::string& text) {
    const auto known = codes_[i].find(text);
    if (known != codes_[i].end()) return known->second;
    if (categories_[i].size() >= kMaxCategories) return std::numeric_limits<double>::quiet_NaN();
    categories_[i].push_back(text);
    return codes_[i][text] = static_cast<double>(categories_[i].size() - 1);
  }

  const AttributeSchema& schema_;
  std::vector<PolicyAttribute> columns_;
  std::vector<std::vector<std::string>> categories_;
  std::vector<std::map<std::string, double>> codes_;
};

// What is known of one user after the other, as of now.
class PresentUser {
 public:
  // Both must outlive it.
  PresentUser(const UserTable& table, const AttributeSchema& schema) : table_(table), attributes_(schema) {
    std::vector<int> slots(static_cast<size_t>(schema.size()));
    std::iota(slots.begin(), slots.end(), 0);
    plan_ = ReadPlan(table, schema, slots);
  }

  void Read(uint64_t user_key) {
    attributes_.Clear();
    table_.Read(user_key, plan_, attributes_, {});
  }

  const UserAttributes& attributes() const { return attributes_; }

 private:
  const UserTable& table_;
  ReadPlan plan_;
  UserAttributes attributes_;
};

}  // namespace

absl::StatusOr<v1::EvaluatePolicyResponse> PolicyValues::Evaluate(const v1::EvaluatePolicyRequest& request,
                                                                  absl::Time now) {
  TIERWISE_ASSIGN_OR_RETURN(const LaunchedCampaign launched, Find(request, now, catalog_, storage_));
  const AttributeSchema schema(*launched.definitions);
  TIERWISE_ASSIGN_OR_RETURN(const PolicyRule rule, PolicyRule::Compile(request.rule(), launched, schema));
  TIERWISE_ASSIGN_OR_RETURN(const PolicyWorth worth, WorthOf(launched, request.metric()));
  TIERWISE_ASSIGN_OR_RETURN(const PolicyUsers users,
                            GatherPolicyUsers(launched, worth.metric, worth.worth, events_, evidence_, history_));
  TIERWISE_RETURN_IF_ERROR(CheckUsers(launched, users));
  PresentUser user(table_, schema);
  const auto arm_of = [&](size_t i) {
    if (rule.NeedsAttributes()) user.Read(users.keys[i]);
    return rule.ArmOf(users.data.tier[i], user.attributes(), absl::ToUnixMicros(launched.as_of));
  };
  TIERWISE_ASSIGN_OR_RETURN(const PolicyEvaluation evaluation, EvaluateRule(users.data, arm_of, kConfidence, 0));
  v1::EvaluatePolicyResponse response;
  FillReport(evaluation, *response.mutable_report());
  FillAsLogged(users.data, *response.mutable_report());
  if (rule.NeedsAttributes()) response.mutable_report()->add_warnings(kNow);
  return response;
}

absl::StatusOr<v1::LearnPolicyResponse> PolicyValues::Learn(const v1::LearnPolicyRequest& request, absl::Time now) {
  TIERWISE_ASSIGN_OR_RETURN(const LaunchedCampaign launched, Find(request, now, catalog_, storage_));
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::Attribute> attributes, AttributesOf(request, *launched.definitions));
  TIERWISE_ASSIGN_OR_RETURN(const PolicyWorth worth, WorthOf(launched, ""));
  TIERWISE_ASSIGN_OR_RETURN(PolicyUsers users,
                            GatherPolicyUsers(launched, worth.metric, worth.worth, events_, evidence_, history_));
  TIERWISE_RETURN_IF_ERROR(CheckUsers(launched, users));
  const AttributeSchema schema(*launched.definitions);
  AttributeTable table(attributes, schema);
  PresentUser user(table_, schema);
  for (const uint64_t key : users.keys) {
    if (attributes.empty()) break;
    user.Read(key);
    table.Add(user.attributes());
  }
  users.data.attributes = table.Take();
  PolicyLearningOptions options;
  options.depth = request.depth() == 0 ? 1 : request.depth();
  options.seed = request.seed();
  TIERWISE_ASSIGN_OR_RETURN(const LearntPolicy learnt, LearnPolicy(users.data, options));
  v1::LearnPolicyResponse response;
  *response.mutable_rule() = RuleOf(learnt.tree, launched, attributes, table.categories());
  FillReport(learnt.held_out, *response.mutable_held_out());
  FillReport(learnt.best_per_tier, *response.mutable_best_per_tier());
  FillEstimate(learnt.as_logged, *response.mutable_held_out()->mutable_as_logged());
  FillEstimate(learnt.as_logged, *response.mutable_best_per_tier()->mutable_as_logged());
  for (const std::string& warning : learnt.warnings) response.mutable_held_out()->add_warnings(warning);
  if (!attributes.empty()) response.mutable_held_out()->add_warnings(kNow);
  return response;
}

}  // namespace tierwise
