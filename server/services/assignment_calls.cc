// SPDX-License-Identifier: Apache-2.0
#include "server/services/assignment_calls.h"

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "experiments/assignment/assign.h"
#include "experiments/audience/time_micros.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/base/utf8.h"
#include "server/services/attribute_columns.h"

namespace tierwise {
namespace {

constexpr size_t kMaxIdBytes = 256;
constexpr int kMaxCampaigns = 100;
constexpr int kMaxUsers = 10000;
constexpr int kMaxAttributes = 256;

using Strings = google::protobuf::RepeatedPtrField<std::string>;
using Values = google::protobuf::RepeatedPtrField<v1::AttributeValue>;

absl::Status CheckUser(absl::string_view user_id, absl::string_view field) {
  if (user_id.empty()) return InvalidField(field, "is required");
  if (user_id.size() > kMaxIdBytes) {
    return InvalidField(field, absl::StrCat("has ", user_id.size(), " bytes; at most ", kMaxIdBytes, " are allowed"));
  }
  if (ValidUtf8Prefix(user_id) != user_id.size()) return InvalidField(field, "is not UTF-8");
  return absl::OkStatus();
}

absl::Status CheckCampaigns(const Strings& campaigns) {
  if (campaigns.size() <= kMaxCampaigns) return absl::OkStatus();
  return InvalidField("campaigns",
                      absl::StrCat("has ", campaigns.size(), " ids; at most ", kMaxCampaigns, " are allowed"));
}

absl::Status SetAttributes(const AttributeSchema& schema, const Values& values, UserAttributes& user) {
  if (values.size() > kMaxAttributes) {
    return InvalidField("attributes",
                        absl::StrCat("has ", values.size(), " values; at most ", kMaxAttributes, " are allowed"));
  }
  for (int i = 0; i < values.size(); ++i) {
    if (const absl::Status status = user.Set(schema, values.Get(i)); !status.ok()) {
      return InvalidField(absl::StrCat("attributes[", i, "]"), status.message());
    }
  }
  return absl::OkStatus();
}

// A campaign that was asked for: the id as asked, and what was compiled of it (null where there is none).
struct Asked {
  absl::string_view id;
  const CompiledCampaign* campaign;
};

std::vector<const CompiledCampaign*> CampaignsOf(const std::vector<Asked>& asked) {
  std::vector<const CompiledCampaign*> campaigns;
  for (const Asked& each : asked) campaigns.push_back(each.campaign);
  return campaigns;
}

std::vector<Asked> AskedCampaigns(const Snapshot& snapshot, const Strings& ids) {
  std::vector<Asked> asked;
  if (ids.empty()) {
    asked.reserve(snapshot.running().size());
    for (const CompiledCampaign* campaign : snapshot.running()) asked.push_back({campaign->id, campaign});
  } else {
    asked.reserve(static_cast<size_t>(ids.size()));
    for (const std::string& id : ids) asked.push_back({id, snapshot.Find(id)});
  }
  return asked;
}

void Fill(absl::string_view campaign, const Decision& decision, v1::Assignment& assignment) {
  const auto set = [](absl::string_view from, std::string* to) { to->assign(from.data(), from.size()); };
  set(campaign, assignment.mutable_campaign());
  assignment.set_reason(decision.reason);
  set(decision.variant, assignment.mutable_variant());
  set(decision.tier, assignment.mutable_tier());
  set(decision.parameters_json, assignment.mutable_parameters_json());
  assignment.set_propensity(decision.propensity);
  assignment.set_phase(decision.phase);
  assignment.set_campaign_revision(decision.campaign_revision);
  assignment.set_tier_source(decision.tier_source);
}

// Decisions are views of the snapshot, so equal ones have equal addresses: no text is compared.
struct DecisionIdentity {
  const char* variant;
  const char* tier;
  const char* parameters;
  v1::AssignmentReason reason;
  v1::TierSource tier_source;

  friend bool operator==(const DecisionIdentity&, const DecisionIdentity&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const DecisionIdentity& identity) {
    return H::combine(std::move(h), identity.variant, identity.tier, identity.parameters, identity.reason,
                      identity.tier_source);
  }
};

// One campaign's answers, gathered user by user.
class DistinctAssignments {
 public:
  DistinctAssignments(absl::string_view campaign, int users, v1::CampaignAssignments& out)
      : campaign_(campaign), out_(out) {
    out_.mutable_assigned()->Reserve(users);
  }

  void Add(const Decision& decision) {
    const DecisionIdentity identity{decision.variant.data(), decision.tier.data(), decision.parameters_json.data(),
                                    decision.reason, decision.tier_source};
    const auto [it, is_new] = index_.try_emplace(identity, static_cast<uint32_t>(out_.distinct_size()));
    if (is_new) Fill(campaign_, decision, *out_.add_distinct());
    out_.mutable_assigned()->AddAlreadyReserved(it->second);
  }

 private:
  absl::string_view campaign_;
  v1::CampaignAssignments& out_;
  absl::flat_hash_map<DecisionIdentity, uint32_t> index_;
};

}  // namespace

absl::Status AnswerAssign(const ServingPlan& plan, int64_t now_micros, const v1::AssignRequest& request,
                          v1::AssignResponse& response) {
  TIERWISE_RETURN_IF_ERROR(CheckUser(request.user_id(), "user_id"));
  TIERWISE_RETURN_IF_ERROR(CheckCampaigns(request.campaigns()));
  const Snapshot& snapshot = *plan.snapshot;
  UserAttributes user(snapshot.schema());
  TIERWISE_RETURN_IF_ERROR(SetAttributes(snapshot.schema(), request.attributes(), user));
  const std::vector<Asked> asked = AskedCampaigns(snapshot, request.campaigns());
  ServedUser served(plan, CampaignsOf(asked));
  served.Read(request.user_id(), user);
  for (size_t c = 0; c < asked.size(); ++c) {
    Fill(asked[c].id, Assign(asked[c].campaign, request.user_id(), served.StandingIn(c), now_micros),
         *response.add_assignments());
  }
  response.set_catalog_version(snapshot.catalog_version());
  return absl::OkStatus();
}

absl::Status AnswerAssignBatch(const ServingPlan& plan, int64_t now_micros, const v1::AssignBatchRequest& request,
                               v1::AssignBatchResponse& response) {
  const Snapshot& snapshot = *plan.snapshot;
  const int users = request.user_ids_size();
  if (users < 1 || users > kMaxUsers) {
    return InvalidField("user_ids", absl::StrCat("has ", users, " ids; 1 to ", kMaxUsers, " are allowed"));
  }
  for (int i = 0; i < users; ++i) {
    const absl::Status status = CheckUser(request.user_ids(i), "");
    if (!status.ok()) {
      return InvalidField(absl::StrCat("user_ids[", i, "]"), ProblemsOf(status).front().description);
    }
  }
  TIERWISE_RETURN_IF_ERROR(CheckCampaigns(request.campaigns()));
  TIERWISE_ASSIGN_OR_RETURN(AttributeColumns columns,
                            AttributeColumns::Create(snapshot.schema(), request.columns(), users));

  const std::vector<Asked> asked = AskedCampaigns(snapshot, request.campaigns());
  std::vector<DistinctAssignments> answers;
  answers.reserve(asked.size());
  for (const Asked& each : asked) answers.emplace_back(each.id, users, *response.add_campaigns());
  UserAttributes user(snapshot.schema());
  ServedUser served(plan, CampaignsOf(asked));
  for (int i = 0; i < users; ++i) {
    columns.Next(user);
    served.Read(request.user_ids(i), user);
    for (size_t c = 0; c < asked.size(); ++c) {
      answers[c].Add(Assign(asked[c].campaign, request.user_ids(i), served.StandingIn(c), now_micros));
    }
  }
  response.set_catalog_version(snapshot.catalog_version());
  return absl::OkStatus();
}

absl::Status AnswerExplain(const ServingPlan& plan, int64_t now_micros, const v1::ExplainRequest& request,
                           v1::ExplainResponse& response) {
  TIERWISE_RETURN_IF_ERROR(CheckUser(request.user_id(), "user_id"));
  if (request.campaign().empty()) return InvalidField("campaign", "is required");
  if (request.has_time()) {
    const std::optional<int64_t> micros = MicrosOf(request.time());
    if (!micros.has_value()) return InvalidField("time", "is no moment between the years 1 and 9999");
    now_micros = *micros;
  }
  const Snapshot& snapshot = *plan.snapshot;
  UserAttributes user(snapshot.schema());
  TIERWISE_RETURN_IF_ERROR(SetAttributes(snapshot.schema(), request.attributes(), user));
  const CompiledCampaign* campaign = snapshot.Find(request.campaign());
  ServedUser served(plan, {campaign});
  served.Read(request.user_id(), user);
  const Explanation explanation = ExplainAssignment(campaign, request.user_id(), served.StandingIn(0), now_micros);
  Fill(request.campaign(), explanation.decision, *response.mutable_assignment());
  for (const DecisionStep& step : explanation.steps) {
    v1::ExplainStep* out = response.add_steps();
    out->set_step(step.step);
    out->set_decided(step.decided);
    out->set_detail(step.detail);
  }
  response.set_catalog_version(snapshot.catalog_version());
  return absl::OkStatus();
}

}  // namespace tierwise
