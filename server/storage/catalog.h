// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "experiments/base/definitions.h"
#include "tierwise/v1/catalog_service.pb.h"
#include "tierwise/v1/definition.pb.h"

namespace tierwise {

// What one act does to one definition.
struct CatalogChange {
  std::string name;                     // collection and id
  v1::ChangeVerb verb;                  // CREATE, UPDATE, DELETE or TRANSITION
  std::string transition;               // for TRANSITION: "launch", ...
  int64_t revision = 0;                 // the definition's revision after it
  std::optional<v1::Definition> after;  // unset for DELETE
};

// One act on the catalog: all of its changes or none.
struct CatalogCommit {
  int64_t catalog_version = 0;  // the version it makes: the present one plus 1
  absl::Time time;
  std::string actor;
  std::vector<CatalogChange> changes;
};

// Keeps definitions, every revision of them, and who changed them when. Thread-safe.
class Catalog {
 public:
  virtual ~Catalog() = default;

  // Writes `commit`; when it returns OK it survives kill -9. Aborted if its version is not the present one plus 1.
  virtual absl::Status Commit(const CatalogCommit& commit) = 0;

  // All definitions as of `catalog_version`; NotFound if there has been no such version. Version 0 is empty.
  virtual absl::StatusOr<Definitions> ReadAt(int64_t catalog_version) = 0;

  // The present version; 0 in a new catalog.
  virtual absl::StatusOr<int64_t> CurrentVersion() = 0;

  // The last version made at or before `time`; 0 if none was.
  virtual absl::StatusOr<int64_t> VersionAt(absl::Time time) = 0;

  // At most `limit` entries of the audit trail, newest first, leaving out the newest `offset`; only those of `name`
  // unless it is empty.
  virtual absl::StatusOr<std::vector<v1::Change>> ListChanges(absl::string_view name, int64_t offset, int limit) = 0;
};

}  // namespace tierwise
