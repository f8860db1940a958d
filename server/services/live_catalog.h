// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "experiments/assignment/snapshot.h"
#include "experiments/base/definitions.h"
#include "server/storage/catalog.h"

namespace tierwise {

// One catalog version as readers use it: what is defined, and what was compiled from it.
struct CatalogView {
  std::shared_ptr<const Definitions> definitions;
  std::shared_ptr<const Snapshot> snapshot;
};

// One definition's change, before it has a revision.
struct Edit {
  std::string name;                     // collection and id
  v1::ChangeVerb verb;                  // CREATE, UPDATE, DELETE or TRANSITION
  std::string transition;               // for TRANSITION
  std::optional<v1::Definition> after;  // normalized; unset for DELETE
};

// Who edits, and how.
struct EditTerms {
  std::string actor;
  absl::Time now;
  bool validate_only = false;
};

// The catalog in memory: the present version for readers, one editor at a time for changes. Thread-safe.
class LiveCatalog {
 public:
  // Reads the present version of `storage`, which must outlive this. Internal if it does not compile.
  static absl::StatusOr<std::unique_ptr<LiveCatalog>> Open(Catalog& storage);

  // The present version; costs a mutex and two reference counts.
  CatalogView view() const;

  // From now on calls `listener` with each version before readers see it, and at once with the present one. Called
  // once, before any change.
  void Listen(std::function<void(const CatalogView&)> listener);

  // Calls `edit` with the present definitions, gives what it returns revisions, checks all definitions together, writes
  // them in one commit and makes them the present version. Nothing changes on an error, where nothing is edited, and
  // with `validate_only`; the view returned is the one that is, or would be. A deletion that leaves a dangling
  // reference is FailedPrecondition.
  absl::StatusOr<CatalogView> Change(
      const EditTerms& terms, absl::FunctionRef<absl::StatusOr<std::vector<Edit>>(const Definitions& present)> edit);

  // The same, with `write` to write the commit, together with what else belongs to it.
  absl::StatusOr<CatalogView> Change(
      const EditTerms& terms, absl::FunctionRef<absl::StatusOr<std::vector<Edit>>(const Definitions& present)> edit,
      absl::FunctionRef<absl::Status(const CatalogCommit& commit)> write);

 private:
  explicit LiveCatalog(Catalog& storage) : storage_(storage) {}

  absl::StatusOr<CatalogView> Compiled(Definitions definitions);

  Catalog& storage_;
  std::mutex editing_;  // held through a change; guards pinned_ and listener_
  std::function<void(const CatalogView&)> listener_ = [](const CatalogView&) {};
  std::map<int64_t, Definitions> pinned_;
  mutable std::mutex reading_;  // guards view_
  CatalogView view_;
};

}  // namespace tierwise
