// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tierwise/v1/definition.pb.h"

namespace tierwise {

// The collections of the catalog, in the order in which they are listed.
inline constexpr absl::string_view kCollections[] = {"attributes", "segments", "tierings", "metrics",
                                                     "layers",     "holdouts", "campaigns"};

// The name of a definition: collection and id, e.g. "segments/vip". Empty where no kind is set.
std::string NameOf(const v1::Definition& definition);
// The id alone.
absl::string_view IdOf(const v1::Definition& definition);
// The resource itself, e.g. a v1::Segment; null where no kind is set.
const google::protobuf::Message* ResourceOf(const v1::Definition& definition);
google::protobuf::Message* MutableResourceOf(v1::Definition& definition);
// The meta of whichever kind is set. REQUIRES: a kind is set.
const v1::DefinitionMeta& MetaOf(const v1::Definition& definition);
v1::DefinitionMeta& MutableMetaOf(v1::Definition& definition);

// All definitions of one catalog version: a value. Copies share the definitions, which never change. Not thread-safe
// while it is being changed.
class Definitions {
 public:
  using Pointer = std::shared_ptr<const v1::Definition>;

  int64_t catalog_version() const { return catalog_version_; }
  void set_catalog_version(int64_t version) { catalog_version_ = version; }

  // Null where there is none.
  const v1::Definition* Find(absl::string_view name) const;
  const v1::Attribute* FindAttribute(absl::string_view id) const;
  const v1::Segment* FindSegment(absl::string_view id) const;
  const v1::Tiering* FindTiering(absl::string_view id) const;
  const v1::Metric* FindMetric(absl::string_view id) const;
  const v1::Layer* FindLayer(absl::string_view id) const;
  const v1::Holdout* FindHoldout(absl::string_view id) const;
  const v1::Campaign* FindCampaign(absl::string_view id) const;

  // Replaces the definition of that name, or adds it. REQUIRES: a kind and an id are set.
  void Put(v1::Definition definition);
  void Remove(absl::string_view name);

  // By name. The order of names within a collection is that of their ids.
  const std::map<std::string, Pointer, std::less<>>& all() const { return all_; }
  // Those of one collection, by id.
  std::vector<Pointer> InCollection(absl::string_view collection) const;

 private:
  int64_t catalog_version_ = 0;
  std::map<std::string, Pointer, std::less<>> all_;
};

}  // namespace tierwise
