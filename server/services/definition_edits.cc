// SPDX-License-Identifier: Apache-2.0
#include "server/services/definition_edits.h"

#include <set>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "experiments/assignment/campaign_lifecycle.h"
#include "experiments/assignment/definition_update.h"
#include "experiments/assignment/normalize.h"
#include "experiments/assignment/pinned_definitions.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "google/protobuf/util/field_mask_util.h"
#include "google/protobuf/util/message_differencer.h"

namespace tierwise {
namespace {

absl::Status CheckKind(const v1::Definition& definition) {
  if (definition.kind_case() == v1::Definition::KIND_NOT_SET) {
    return InvalidField("definition",
                        "must hold one of attribute, segment, tiering, metric, layer, holdout or campaign");
  }
  if (IdOf(definition).empty()) return InvalidField(absl::StrCat(NameOf(definition), "id"), "is required");
  return absl::OkStatus();
}

bool Differ(const v1::Definition& a, const v1::Definition& b) {
  v1::Definition x = a;
  v1::Definition y = b;
  MutableMetaOf(x).Clear();
  MutableMetaOf(y).Clear();
  return !google::protobuf::util::MessageDifferencer::Equals(x, y);
}

}  // namespace

absl::Status CheckRevision(const v1::Definition& present, int64_t expected) {
  const int64_t revision = MetaOf(present).revision();
  if (expected <= 0) {
    return InvalidField("expected_revision",
                        absl::StrCat("is required: the revision that this changes, now ", revision));
  }
  if (expected != revision) {
    return absl::AbortedError(absl::StrCat(NameOf(present), " is at revision ", revision, ", not ", expected,
                                           ": read it again, then change that"));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Definition> WithMask(const v1::Definition& present, const v1::Definition& proposed,
                                        const google::protobuf::FieldMask& mask) {
  using google::protobuf::util::FieldMaskUtil;
  if (mask.paths().empty()) return proposed;
  v1::Definition merged = present;
  google::protobuf::Message& resource = *MutableResourceOf(merged);
  Problems problems;
  for (const std::string& path : mask.paths()) {
    if (!FieldMaskUtil::GetFieldDescriptors(resource.GetDescriptor(), path, nullptr)) {
      problems.Add("update_mask", absl::StrCat("\"", path, "\" is not a field of ", NameOf(present)));
    }
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  FieldMaskUtil::MergeMessageTo(*ResourceOf(proposed), mask, options, &resource);
  return merged;
}

absl::StatusOr<Edit> CreateEdit(const Definitions& definitions, v1::Definition proposed) {
  TIERWISE_RETURN_IF_ERROR(CheckKind(proposed));
  const std::string name = NameOf(proposed);
  if (const v1::Definition* present = definitions.Find(name); present != nullptr) {
    return absl::AlreadyExistsError(absl::StrCat(name, " is there already, at revision ", MetaOf(*present).revision()));
  }
  Problems problems;
  Normalize(proposed, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  return Edit{name, v1::CHANGE_VERB_CREATE, "", Create(std::move(proposed))};
}

absl::StatusOr<std::optional<Edit>> UpdateEdit(const Definitions& definitions, const v1::Definition& present,
                                               v1::Definition proposed) {
  Problems problems;
  Normalize(proposed, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  TIERWISE_ASSIGN_OR_RETURN(v1::Definition next, Update(present, std::move(proposed), definitions));
  if (!Differ(present, next)) return std::optional<Edit>();
  return Edit{NameOf(present), v1::CHANGE_VERB_UPDATE, "", std::move(next)};
}

absl::StatusOr<std::vector<Edit>> ApplyEdits(const Definitions& definitions,
                                             const google::protobuf::RepeatedPtrField<v1::Definition>& proposed) {
  std::vector<Edit> edits;
  std::set<std::string> names;
  Problems problems;
  for (int i = 0; i < proposed.size(); ++i) {
    const v1::Definition* present = definitions.Find(NameOf(proposed.Get(i)));
    absl::Status status = absl::OkStatus();
    if (present == nullptr) {
      auto edit = CreateEdit(definitions, proposed.Get(i));
      status = edit.status();
      if (edit.ok()) edits.push_back(*std::move(edit));
    } else {
      auto edit = UpdateEdit(definitions, *present, proposed.Get(i));
      status = edit.status();
      if (edit.ok() && edit->has_value()) edits.push_back(**std::move(edit));
    }
    if (status.ok() && !names.insert(NameOf(proposed.Get(i))).second) {
      status =
          InvalidField(absl::StrCat("definitions[", i, "]"), absl::StrCat(NameOf(proposed.Get(i)), " is given twice"));
    }
    if (!status.ok() && !absl::IsInvalidArgument(status)) return status;
    for (const Problem& problem : ProblemsOf(status)) problems.Add(problem.field, problem.description);
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  return edits;
}

absl::Status CheckDeletable(const Definitions& definitions, const v1::Definition& present) {
  for (const auto& definition : definitions.InCollection("campaigns")) {
    const v1::Campaign& campaign = definition->campaign();
    if (present.has_metric() && absl::c_linear_search(campaign.metrics(), present.metric().id())) {
      return absl::FailedPreconditionError(
          absl::StrCat(NameOf(present), " is in use: the report of campaign \"", campaign.id(), "\" needs it"));
    }
    if (campaign.state() != v1::CAMPAIGN_STATE_RUNNING && campaign.state() != v1::CAMPAIGN_STATE_PAUSED) continue;
    const bool is_it = present.has_campaign() && present.campaign().id() == campaign.id();
    const bool is_its_tiering = present.has_tiering() && present.tiering().id() == campaign.tiering();
    const std::vector<Definitions::Pointer> segments = SegmentsOf(campaign, definitions);
    const bool is_its_segment = absl::c_any_of(
        segments, [&](const Definitions::Pointer& segment) { return NameOf(*segment) == NameOf(present); });
    if (is_it || is_its_tiering || is_its_segment) {
      return absl::FailedPreconditionError(absl::StrCat(NameOf(present), " is in use: campaign \"", campaign.id(),
                                                        "\" is ", StateName(campaign.state()), "; conclude it first"));
    }
  }
  return absl::OkStatus();
}

}  // namespace tierwise
