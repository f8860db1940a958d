// SPDX-License-Identifier: Apache-2.0
#include "server/services/live_catalog.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"
#include "experiments/evidence/metric_plan.h"

namespace tierwise {
namespace {

// Catalog versions that campaigns which were launched and are not concluded were pinned to.
std::set<int64_t> PinnedVersions(const Definitions& definitions) {
  std::set<int64_t> versions;
  for (const auto& definition : definitions.InCollection("campaigns")) {
    const v1::Campaign& campaign = definition->campaign();
    if (campaign.state() == v1::CAMPAIGN_STATE_RUNNING || campaign.state() == v1::CAMPAIGN_STATE_PAUSED) {
      versions.insert(campaign.pinned_version());
    }
  }
  return versions;
}

// All problems of definitions and metrics as one error. Assignment and evidence do not know each other: each checks its
// own.
absl::StatusOr<std::shared_ptr<const Snapshot>> CompileAndCheck(const Definitions& definitions,
                                                                const std::map<int64_t, Definitions>& pinned) {
  auto snapshot = Compile(definitions, pinned);
  if (!snapshot.ok() && !absl::IsInvalidArgument(snapshot.status())) return snapshot;
  Problems problems;
  for (const Problem& problem : ProblemsOf(snapshot.status())) problems.Add(problem.field, problem.description);
  for (const auto& definition : definitions.InCollection("metrics")) {
    CheckMetric(definition->metric(), NameOf(*definition), problems);
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  return snapshot;
}

void FillMeta(const Definitions& present, const CatalogCommit& commit, CatalogChange& change) {
  const v1::Definition* before = present.Find(change.name);
  const v1::DefinitionMeta meta_before = before == nullptr ? v1::DefinitionMeta() : MetaOf(*before);
  change.revision = meta_before.revision() + 1;
  if (!change.after.has_value()) return;
  v1::DefinitionMeta& meta = MutableMetaOf(*change.after);
  meta.set_revision(change.revision);
  meta.set_catalog_version(commit.catalog_version);
  *meta.mutable_update_time() = ToProto(commit.time);
  *meta.mutable_create_time() = before == nullptr ? meta.update_time() : meta_before.create_time();
  meta.set_update_actor(commit.actor);
}

CatalogCommit CommitOf(const Definitions& present, const EditTerms& terms, std::vector<Edit> edits) {
  CatalogCommit commit;
  commit.catalog_version = present.catalog_version() + 1;
  commit.time = terms.now;
  commit.actor = terms.actor;
  for (Edit& edit : edits) {
    CatalogChange change{std::move(edit.name), edit.verb, std::move(edit.transition), 0, std::move(edit.after)};
    FillMeta(present, commit, change);
    commit.changes.push_back(std::move(change));
  }
  return commit;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LiveCatalog>> LiveCatalog::Open(Catalog& storage) {
  std::unique_ptr<LiveCatalog> catalog(new LiveCatalog(storage));
  TIERWISE_ASSIGN_OR_RETURN(const int64_t version, storage.CurrentVersion());
  TIERWISE_ASSIGN_OR_RETURN(Definitions definitions, storage.ReadAt(version));
  auto view = catalog->Compiled(std::move(definitions));
  if (!view.ok()) {
    return absl::InternalError(absl::StrCat("the stored catalog does not compile: ", view.status().message()));
  }
  catalog->view_ = *std::move(view);
  return catalog;
}

CatalogView LiveCatalog::view() const {
  const std::lock_guard lock(reading_);
  return view_;
}

void LiveCatalog::Listen(std::function<void(const CatalogView&)> listener) {
  const std::lock_guard editing(editing_);
  listener_ = std::move(listener);
  listener_(view());
}

absl::StatusOr<CatalogView> LiveCatalog::Change(
    const EditTerms& terms, absl::FunctionRef<absl::StatusOr<std::vector<Edit>>(const Definitions& present)> edit) {
  return Change(terms, edit, [this](const CatalogCommit& commit) { return storage_.Commit(commit); });
}

absl::StatusOr<CatalogView> LiveCatalog::Change(
    const EditTerms& terms, absl::FunctionRef<absl::StatusOr<std::vector<Edit>>(const Definitions& present)> edit,
    absl::FunctionRef<absl::Status(const CatalogCommit& commit)> write) {
  const std::lock_guard editing(editing_);
  const CatalogView present = view();
  TIERWISE_ASSIGN_OR_RETURN(std::vector<Edit> edits, edit(*present.definitions));
  if (edits.empty()) return present;

  const CatalogCommit commit = CommitOf(*present.definitions, terms, std::move(edits));
  Definitions next = *present.definitions;
  next.set_catalog_version(commit.catalog_version);
  bool deletes_only = true;
  for (const CatalogChange& change : commit.changes) {
    if (change.after.has_value()) {
      next.Put(*change.after);
      deletes_only = false;
    } else {
      next.Remove(change.name);
    }
  }
  auto compiled = Compiled(std::move(next));
  if (!compiled.ok()) {
    // The definitions were right before: what is wrong now refers to what was deleted.
    if (deletes_only && absl::IsInvalidArgument(compiled.status())) {
      return absl::FailedPreconditionError(
          absl::StrCat(commit.changes.front().name, " is in use: ", compiled.status().message()));
    }
    return compiled.status();
  }
  if (terms.validate_only) return compiled;
  TIERWISE_RETURN_IF_ERROR(write(commit));
  listener_(*compiled);
  const std::lock_guard lock(reading_);
  view_ = *compiled;
  return compiled;
}

absl::StatusOr<CatalogView> LiveCatalog::Compiled(Definitions definitions) {
  for (const int64_t version : PinnedVersions(definitions)) {
    if (pinned_.contains(version)) continue;
    // A launch pins the version that is present while it is made.
    TIERWISE_ASSIGN_OR_RETURN(pinned_[version], storage_.ReadAt(version));
  }
  TIERWISE_ASSIGN_OR_RETURN(std::shared_ptr<const Snapshot> snapshot, CompileAndCheck(definitions, pinned_));
  return CatalogView{std::make_shared<const Definitions>(std::move(definitions)), std::move(snapshot)};
}

}  // namespace tierwise
