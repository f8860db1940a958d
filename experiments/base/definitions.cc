// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/definitions.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

const google::protobuf::FieldDescriptor* KindOf(const v1::Definition& definition) {
  return definition.GetReflection()->GetOneofFieldDescriptor(definition, definition.GetDescriptor()->oneof_decl(0));
}

}  // namespace

std::string NameOf(const v1::Definition& definition) {
  if (definition.kind_case() == v1::Definition::KIND_NOT_SET) return "";
  // Kinds are numbered from 1 in the order of collections.
  return absl::StrCat(kCollections[definition.kind_case() - 1], "/", IdOf(definition));
}

absl::string_view IdOf(const v1::Definition& definition) {
  const google::protobuf::Message* resource = ResourceOf(definition);
  if (resource == nullptr) return "";
  std::string unused;
  return resource->GetReflection()->GetStringReference(*resource, resource->GetDescriptor()->FindFieldByName("id"),
                                                       &unused);
}

const google::protobuf::Message* ResourceOf(const v1::Definition& definition) {
  const google::protobuf::FieldDescriptor* kind = KindOf(definition);
  return kind == nullptr ? nullptr : &definition.GetReflection()->GetMessage(definition, kind);
}

google::protobuf::Message* MutableResourceOf(v1::Definition& definition) {
  const google::protobuf::FieldDescriptor* kind = KindOf(definition);
  return kind == nullptr ? nullptr : definition.GetReflection()->MutableMessage(&definition, kind);
}

const v1::DefinitionMeta& MetaOf(const v1::Definition& definition) {
  const google::protobuf::Message& resource = *ResourceOf(definition);
  return static_cast<const v1::DefinitionMeta&>(
      resource.GetReflection()->GetMessage(resource, resource.GetDescriptor()->FindFieldByName("meta")));
}

v1::DefinitionMeta& MutableMetaOf(v1::Definition& definition) {
  google::protobuf::Message& resource = *MutableResourceOf(definition);
  return static_cast<v1::DefinitionMeta&>(
      *resource.GetReflection()->MutableMessage(&resource, resource.GetDescriptor()->FindFieldByName("meta")));
}

const v1::Definition* Definitions::Find(absl::string_view name) const {
  const auto it = all_.find(name);
  return it == all_.end() ? nullptr : it->second.get();
}

#define TIERWISE_DEFINE_FIND(Kind, accessor, collection)                       \
  const v1::Kind* Definitions::Find##Kind(absl::string_view id) const {        \
    const v1::Definition* definition = Find(absl::StrCat(collection "/", id)); \
    return definition == nullptr ? nullptr : &definition->accessor();          \
  }
TIERWISE_DEFINE_FIND(Attribute, attribute, "attributes")
TIERWISE_DEFINE_FIND(Segment, segment, "segments")
TIERWISE_DEFINE_FIND(Tiering, tiering, "tierings")
TIERWISE_DEFINE_FIND(Metric, metric, "metrics")
TIERWISE_DEFINE_FIND(Layer, layer, "layers")
TIERWISE_DEFINE_FIND(Holdout, holdout, "holdouts")
TIERWISE_DEFINE_FIND(Campaign, campaign, "campaigns")
#undef TIERWISE_DEFINE_FIND

void Definitions::Put(v1::Definition definition) {
  std::string name = NameOf(definition);
  all_[std::move(name)] = std::make_shared<const v1::Definition>(std::move(definition));
}

void Definitions::Remove(absl::string_view name) {
  if (const auto it = all_.find(name); it != all_.end()) all_.erase(it);
}

std::vector<Definitions::Pointer> Definitions::InCollection(absl::string_view collection) const {
  std::vector<Pointer> found;
  const std::string prefix = absl::StrCat(collection, "/");
  for (auto it = all_.lower_bound(prefix); it != all_.end() && absl::StartsWith(it->first, prefix); ++it) {
    found.push_back(it->second);
  }
  return found;
}

}  // namespace tierwise
