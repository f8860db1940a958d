// SPDX-License-Identifier: Apache-2.0
#include "server/services/catalog_service.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "experiments/assignment/campaign_lifecycle.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "server/services/actor.h"
#include "server/services/definition_edits.h"
#include "server/services/paging.h"
#include "server/services/status.h"

namespace tierwise {
namespace {

constexpr int kMaxApplied = 1000;

EditTerms TermsOf(const grpc::ServerContext& context, bool validate_only) {
  return {ActorOf(context), absl::Now(), validate_only};
}

absl::Status CheckName(const std::string& name) {
  const size_t slash = name.find('/');
  if (slash != std::string::npos && slash + 1 < name.size()) {
    for (const absl::string_view collection : kCollections) {
      if (absl::string_view(name).substr(0, slash) == collection) return absl::OkStatus();
    }
  }
  return InvalidField(
      "name", absl::StrCat("\"", name, "\" is not a collection and an id such as \"segments/vip\"; collections are ",
                           absl::StrJoin(kCollections, ", ")));
}

absl::StatusOr<const v1::Definition*> FindDefinition(const Definitions& definitions, const std::string& name) {
  TIERWISE_RETURN_IF_ERROR(CheckName(name));
  const v1::Definition* definition = definitions.Find(name);
  if (definition == nullptr) return absl::NotFoundError(absl::StrCat("there is no ", name));
  return definition;
}

// The one edit of a campaign's state, made by `transition` from the present campaign.
absl::StatusOr<v1::Campaign> Transition(
    LiveCatalog& catalog, const EditTerms& terms, const std::string& id, int64_t expected_revision, const char* verb,
    absl::FunctionRef<absl::StatusOr<v1::Campaign>(const v1::Campaign&, const Definitions&)> transition) {
  const std::string name = absl::StrCat("campaigns/", id);
  auto view = catalog.Change(terms, [&](const Definitions& present) -> absl::StatusOr<std::vector<Edit>> {
    TIERWISE_ASSIGN_OR_RETURN(const v1::Definition* definition, FindDefinition(present, name));
    TIERWISE_RETURN_IF_ERROR(CheckRevision(*definition, expected_revision));
    Edit edit{name, v1::CHANGE_VERB_TRANSITION, verb, v1::Definition()};
    TIERWISE_ASSIGN_OR_RETURN(*edit.after->mutable_campaign(), transition(definition->campaign(), present));
    return std::vector<Edit>{std::move(edit)};
  });
  TIERWISE_RETURN_IF_ERROR(view.status());
  return *view->definitions->FindCampaign(id);
}

// Definitions after `token` in the order of collections and ids, one page and one more.
std::vector<Definitions::Pointer> PageOf(const Definitions& definitions, const std::string& collection,
                                         const std::string& token, size_t size) {
  std::vector<Definitions::Pointer> page;
  bool after_token = token.empty();
  for (const absl::string_view each : kCollections) {
    const bool is_token_collection = !token.empty() && absl::string_view(token).substr(0, token.find('/')) == each;
    if ((collection.empty() || collection == each) && (after_token || is_token_collection)) {
      for (auto& definition : definitions.InCollection(each)) {
        if (is_token_collection && NameOf(*definition) <= token) continue;
        page.push_back(std::move(definition));
        if (page.size() > size) return page;
      }
    }
    after_token = after_token || is_token_collection;
  }
  return page;
}

}  // namespace

grpc::Status CatalogService::CreateDefinition(grpc::ServerContext* context, const v1::CreateDefinitionRequest* request,
                                              v1::CreateDefinitionResponse* response) {
  const std::string name = NameOf(request->definition());
  auto view = catalog_.Change(TermsOf(*context, request->validate_only()),
                              [&](const Definitions& present) -> absl::StatusOr<std::vector<Edit>> {
                                TIERWISE_ASSIGN_OR_RETURN(Edit edit, CreateEdit(present, request->definition()));
                                return std::vector<Edit>{std::move(edit)};
                              });
  if (!view.ok()) return ToGrpcStatus(view.status());
  *response->mutable_definition() = *view->definitions->Find(name);
  return grpc::Status::OK;
}

grpc::Status CatalogService::GetDefinition(grpc::ServerContext*, const v1::GetDefinitionRequest* request,
                                           v1::GetDefinitionResponse* response) {
  std::shared_ptr<const Definitions> definitions = catalog_.view().definitions;
  if (request->catalog_version() != 0) {
    auto past = storage_.ReadAt(request->catalog_version());
    if (!past.ok()) return ToGrpcStatus(past.status());
    definitions = std::make_shared<const Definitions>(*std::move(past));
  }
  const auto definition = FindDefinition(*definitions, request->name());
  if (!definition.ok()) return ToGrpcStatus(definition.status());
  *response->mutable_definition() = **definition;
  return grpc::Status::OK;
}

grpc::Status CatalogService::ListDefinitions(grpc::ServerContext*, const v1::ListDefinitionsRequest* request,
                                             v1::ListDefinitionsResponse* response) {
  const auto size = PageSize(request->page_size());
  if (!size.ok()) return ToGrpcStatus(size.status());
  if (!request->collection().empty() &&
      std::find(std::begin(kCollections), std::end(kCollections), request->collection()) == std::end(kCollections)) {
    return ToGrpcStatus(InvalidField("collection", absl::StrCat("\"", request->collection(), "\" is not one of ",
                                                                absl::StrJoin(kCollections, ", "))));
  }
  if (!request->page_token().empty()) {
    if (!CheckName(request->page_token()).ok()) {
      return ToGrpcStatus(InvalidField("page_token", "is not one that ListDefinitions returned"));
    }
  }
  const std::shared_ptr<const Definitions> definitions = catalog_.view().definitions;
  const auto wanted = static_cast<size_t>(*size);
  std::vector<Definitions::Pointer> page = PageOf(*definitions, request->collection(), request->page_token(), wanted);
  if (page.size() > wanted) {
    page.resize(wanted);
    response->set_next_page_token(NameOf(*page.back()));
  }
  for (const auto& definition : page) *response->add_definitions() = *definition;
  response->set_catalog_version(definitions->catalog_version());
  return grpc::Status::OK;
}

grpc::Status CatalogService::UpdateDefinition(grpc::ServerContext* context, const v1::UpdateDefinitionRequest* request,
                                              v1::UpdateDefinitionResponse* response) {
  const std::string name = NameOf(request->definition());
  auto view = catalog_.Change(
      TermsOf(*context, request->validate_only()),
      [&](const Definitions& present) -> absl::StatusOr<std::vector<Edit>> {
        TIERWISE_ASSIGN_OR_RETURN(const v1::Definition* before, FindDefinition(present, name));
        TIERWISE_RETURN_IF_ERROR(CheckRevision(*before, request->expected_revision()));
        TIERWISE_ASSIGN_OR_RETURN(v1::Definition proposed,
                                  WithMask(*before, request->definition(), request->update_mask()));
        TIERWISE_ASSIGN_OR_RETURN(std::optional<Edit> edit, UpdateEdit(present, *before, std::move(proposed)));
        if (!edit.has_value()) return std::vector<Edit>{};
        return std::vector<Edit>{*std::move(edit)};
      });
  if (!view.ok()) return ToGrpcStatus(view.status());
  *response->mutable_definition() = *view->definitions->Find(name);
  return grpc::Status::OK;
}

grpc::Status CatalogService::DeleteDefinition(grpc::ServerContext* context, const v1::DeleteDefinitionRequest* request,
                                              v1::DeleteDefinitionResponse*) {
  auto view = catalog_.Change(TermsOf(*context, request->validate_only()),
                              [&](const Definitions& present) -> absl::StatusOr<std::vector<Edit>> {
                                TIERWISE_ASSIGN_OR_RETURN(const v1::Definition* before,
                                                          FindDefinition(present, request->name()));
                                TIERWISE_RETURN_IF_ERROR(CheckRevision(*before, request->expected_revision()));
                                TIERWISE_RETURN_IF_ERROR(CheckDeletable(present, *before));
                                return std::vector<Edit>{{request->name(), v1::CHANGE_VERB_DELETE, "", std::nullopt}};
                              });
  return ToGrpcStatus(view.status());
}

grpc::Status CatalogService::ApplyDefinitions(grpc::ServerContext* context, const v1::ApplyDefinitionsRequest* request,
                                              v1::ApplyDefinitionsResponse* response) {
  if (request->definitions().empty() || request->definitions_size() > kMaxApplied) {
    return ToGrpcStatus(InvalidField("definitions", absl::StrCat("must be 1 to ", kMaxApplied)));
  }
  std::shared_ptr<const Definitions> before;
  auto view = catalog_.Change(TermsOf(*context, request->validate_only()),
                              [&](const Definitions& present) -> absl::StatusOr<std::vector<Edit>> {
                                before = std::make_shared<const Definitions>(present);
                                if (request->expected_catalog_version() != 0 &&
                                    request->expected_catalog_version() != present.catalog_version()) {
                                  return absl::AbortedError(absl::StrCat(
                                      "the catalog is at version ", present.catalog_version(), ", not ",
                                      request->expected_catalog_version(), ": look at the differences again"));
                                }
                                return ApplyEdits(present, request->definitions());
                              });
  if (!view.ok()) return ToGrpcStatus(view.status());
  for (const v1::Definition& definition : request->definitions()) {
    const std::string name = NameOf(definition);
    v1::DefinitionDiff* diff = response->add_diffs();
    diff->set_name(name);
    const v1::Definition* old = before->Find(name);
    const v1::Definition* now = view->definitions->Find(name);
    if (old != nullptr) *diff->mutable_before() = *old;
    *diff->mutable_after() = *now;
    diff->set_verb(old == nullptr                                       ? v1::CHANGE_VERB_CREATE
                   : MetaOf(*old).revision() == MetaOf(*now).revision() ? v1::CHANGE_VERB_UNCHANGED
                                                                        : v1::CHANGE_VERB_UPDATE);
  }
  response->set_catalog_version(request->validate_only() ? before->catalog_version()
                                                         : view->definitions->catalog_version());
  return grpc::Status::OK;
}

grpc::Status CatalogService::ListChanges(grpc::ServerContext*, const v1::ListChangesRequest* request,
                                         v1::ListChangesResponse* response) {
  const auto size = PageSize(request->page_size());
  if (!size.ok()) return ToGrpcStatus(size.status());
  if (!request->name().empty()) {
    if (const absl::Status status = CheckName(request->name()); !status.ok()) return ToGrpcStatus(status);
  }
  int64_t offset = 0;
  if (!request->page_token().empty() && (!absl::SimpleAtoi(request->page_token(), &offset) || offset < 0)) {
    return ToGrpcStatus(InvalidField("page_token", "is not one that ListChanges returned"));
  }
  auto changes = storage_.ListChanges(request->name(), offset, *size + 1);
  if (!changes.ok()) return ToGrpcStatus(changes.status());
  if (changes->size() > static_cast<size_t>(*size)) {
    changes->resize(static_cast<size_t>(*size));
    response->set_next_page_token(absl::StrCat(offset + *size));
  }
  for (v1::Change& change : *changes) *response->add_changes() = std::move(change);
  return grpc::Status::OK;
}

grpc::Status CatalogService::LaunchCampaign(grpc::ServerContext* context, const v1::LaunchCampaignRequest* request,
                                            v1::LaunchCampaignResponse* response) {
  const EditTerms terms = TermsOf(*context, request->validate_only());
  auto campaign =
      Transition(catalog_, terms, request->campaign(), request->expected_revision(), "launch",
                 [&](const v1::Campaign& current, const Definitions& present) {
                   return Launch(current, present, absl::ToUnixMicros(terms.now), present.catalog_version());
                 });
  if (!campaign.ok()) return ToGrpcStatus(campaign.status());
  *response->mutable_campaign() = *std::move(campaign);
  return grpc::Status::OK;
}

grpc::Status CatalogService::PauseCampaign(grpc::ServerContext* context, const v1::PauseCampaignRequest* request,
                                           v1::PauseCampaignResponse* response) {
  auto campaign = Transition(catalog_, TermsOf(*context, request->validate_only()), request->campaign(),
                             request->expected_revision(), "pause",
                             [](const v1::Campaign& current, const Definitions&) { return Pause(current); });
  if (!campaign.ok()) return ToGrpcStatus(campaign.status());
  *response->mutable_campaign() = *std::move(campaign);
  return grpc::Status::OK;
}

grpc::Status CatalogService::ResumeCampaign(grpc::ServerContext* context, const v1::ResumeCampaignRequest* request,
                                            v1::ResumeCampaignResponse* response) {
  auto campaign = Transition(catalog_, TermsOf(*context, request->validate_only()), request->campaign(),
                             request->expected_revision(), "resume",
                             [](const v1::Campaign& current, const Definitions&) { return Resume(current); });
  if (!campaign.ok()) return ToGrpcStatus(campaign.status());
  *response->mutable_campaign() = *std::move(campaign);
  return grpc::Status::OK;
}

grpc::Status CatalogService::ConcludeCampaign(grpc::ServerContext* context, const v1::ConcludeCampaignRequest* request,
                                              v1::ConcludeCampaignResponse* response) {
  const EditTerms terms = TermsOf(*context, request->validate_only());
  auto campaign = Transition(catalog_, terms, request->campaign(), request->expected_revision(), "conclude",
                             [&](const v1::Campaign& current, const Definitions&) {
                               return Conclude(current, request->conclusion(), absl::ToUnixMicros(terms.now));
                             });
  if (!campaign.ok()) return ToGrpcStatus(campaign.status());
  *response->mutable_campaign() = *std::move(campaign);
  return grpc::Status::OK;
}

}  // namespace tierwise
