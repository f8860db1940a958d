// SPDX-License-Identifier: Apache-2.0
#include "server/services/user_profile.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/audience/derivation_fold.h"
#include "experiments/audience/derivations.h"
#include "experiments/audience/time_micros.h"
#include "experiments/base/facts.h"
#include "experiments/base/problems.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"
#include "server/tiers/profile_filter.h"

namespace tierwise {
namespace {

constexpr double kMicrosPerDay = 86'400e6;

void SetValue(const UserAttributes& user, int slot, v1::AttributeType type, v1::AttributeValue& value) {
  switch (type) {
    case v1::ATTRIBUTE_TYPE_BOOL:
      value.set_bool_value(user.integer(slot) != 0);
      break;
    case v1::ATTRIBUTE_TYPE_INT:
      value.set_int_value(user.integer(slot));
      break;
    case v1::ATTRIBUTE_TYPE_DOUBLE:
      value.set_double_value(user.number(slot));
      break;
    case v1::ATTRIBUTE_TYPE_STRING:
      value.set_string_value(user.text(slot).data(), user.text(slot).size());
      break;
    case v1::ATTRIBUTE_TYPE_TIMESTAMP:
      *value.mutable_time_value() = ToProto(absl::FromUnixMicros(user.integer(slot)));
      break;
    case v1::ATTRIBUTE_TYPE_STRING_LIST:
      value.mutable_list_value();
      user.ForEachElement(slot, [&](absl::string_view element) {
        value.mutable_list_value()->add_values(element.data(), element.size());
      });
      break;
    default:
      break;
  }
}

void SetValue(const DerivedValue& derived, DerivedKind kind, int64_t as_of_micros, const TextsByKey& texts,
              v1::AttributeValue& value) {
  switch (kind) {
    case DerivedKind::kBool:
      value.set_bool_value(derived.integer != 0);
      break;
    case DerivedKind::kInt:
      value.set_int_value(derived.integer);
      break;
    case DerivedKind::kDouble:
      value.set_double_value(derived.number);
      break;
    case DerivedKind::kTime:
      *value.mutable_time_value() = ToProto(absl::FromUnixMicros(derived.integer));
      break;
    case DerivedKind::kAge:
      value.set_double_value(static_cast<double>(as_of_micros - derived.integer) / kMicrosPerDay);
      break;
    case DerivedKind::kProperty:
      if (const auto text = texts.find(derived.key); text != texts.end()) value.set_string_value(text->second);
      break;
    case DerivedKind::kStage: {
      const absl::string_view stage = kLifeStageNames[derived.integer];
      value.set_string_value(stage.data(), stage.size());
      break;
    }
  }
}

// The events of one user, in columns of their own.
struct UserEvents {
  std::vector<uint64_t> user, event, property;
  std::vector<int64_t> time;
  std::vector<uint16_t> name;
  std::vector<double> value;

  void Add(const EventColumns& run) {
    user.insert(user.end(), run.user.begin(), run.user.end());
    event.insert(event.end(), run.event.begin(), run.event.end());
    property.insert(property.end(), run.property.begin(), run.property.end());
    time.insert(time.end(), run.time_micros.begin(), run.time_micros.end());
    name.insert(name.end(), run.name.begin(), run.name.end());
    value.insert(value.end(), run.value.begin(), run.value.end());
  }
  EventColumns columns() const {
    return {.user = user, .time_micros = time, .name = name, .event = event, .value = value, .property = property};
  }
};

// Adds the derived attributes of one pass; returns whether the user had events.
absl::StatusOr<bool> AddDerived(const DerivationPass& pass, uint64_t user_key, absl::Time as_of, EventLog& log,
                                v1::Profile& profile) {
  TextsByKey texts;
  EventScan scan;
  scan.names = pass.event_names;
  scan.every_name = pass.needs_every_event;
  scan.begin = absl::InfinitePast();
  scan.end = as_of + absl::Microseconds(1);
  scan.as_of = absl::InfiniteFuture();
  scan.first_user = scan.last_user = user_key;
  scan.property = pass.property;
  scan.property_texts = &texts;
  UserEvents events;
  TIERWISE_RETURN_IF_ERROR(log.ScanEvents(scan, [&](const EventColumns& run) { events.Add(run); }));
  const int64_t as_of_micros = absl::ToUnixMicros(as_of);
  std::vector<DerivedValue> values;
  if (!events.user.empty()) values = DeriveFor(pass, events.columns(), as_of_micros);
  for (size_t i = 0; i < pass.attributes.size(); ++i) {
    const DerivedAttribute& attribute = pass.attributes[i];
    const DerivedValue& value = values.empty() ? attribute.without_events : values[i];
    if (!value.is_known) continue;
    v1::AttributeValue& out = *profile.add_attributes();
    out.set_attribute(attribute.id);
    SetValue(value, attribute.kind, as_of_micros, texts, out);
  }
  return !events.user.empty();
}

void SortById(v1::Profile& profile) {
  std::sort(profile.mutable_attributes()->pointer_begin(), profile.mutable_attributes()->pointer_end(),
            [](const v1::AttributeValue* a, const v1::AttributeValue* b) { return a->attribute() < b->attribute(); });
}

}  // namespace

absl::StatusOr<v1::GetProfileResponse> ProfileOfNow(const std::string& user_id, const CatalogView& view,
                                                    const UserTable& table, TierHistory& tiers) {
  const AttributeSchema& schema = view.snapshot->schema();
  std::vector<int> slots(static_cast<size_t>(schema.size()));
  std::iota(slots.begin(), slots.end(), 0);
  UserAttributes user(schema);
  if (!table.Read(KeyOf(user_id), ReadPlan(table, schema, slots), user, {})) {
    return absl::NotFoundError(absl::StrCat("no profile of user \"", user_id, "\" is stored"));
  }
  v1::GetProfileResponse response;
  response.mutable_profile()->set_user_id(user_id);
  for (const int slot : slots) {
    if (!user.has(slot)) continue;
    v1::AttributeValue& value = *response.mutable_profile()->add_attributes();
    value.set_attribute(schema.IdOf(slot));
    SetValue(user, slot, schema.TypeOf(slot), value);
  }
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::TierMembership> memberships,
                            tiers.TiersOf(user_id, absl::InfiniteFuture()));
  for (const v1::TierMembership& membership : memberships) {
    if (view.definitions->FindTiering(membership.tiering()) != nullptr) *response.add_tiers() = membership;
  }
  if (table.derived_time_micros() != 0) {
    *response.mutable_derived_time() = ToProto(absl::FromUnixMicros(table.derived_time_micros()));
  }
  return response;
}

absl::StatusOr<v1::GetProfileResponse> ProfileAsOf(const v1::GetProfileRequest& request, absl::Time now,
                                                   const Definitions& definitions, Store& store) {
  const std::optional<int64_t> micros = MicrosOf(request.as_of());
  if (!micros.has_value()) return InvalidField("as_of", "is no moment between the years 1 and 9999");
  const absl::Time as_of = absl::FromUnixMicros(*micros);
  if (as_of > now) return InvalidField("as_of", "is in the future");
  v1::GetProfileResponse response;
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<ProfileChange> changes,
                            store.profiles->ChangesOf(request.user_id(), as_of));
  bool is_known = !changes.empty();
  v1::Profile& profile = *response.mutable_profile();
  profile.set_user_id(request.user_id());
  const AttributeSchema schema(definitions);
  ProfileFilter filter(definitions, schema);
  for (const ProfileChange& change : changes) {
    ProfileChange kept = change;
    *kept.profile.mutable_attributes() = filter.Kept(change).attributes();
    ApplyChange(kept, profile);
  }
  const Derivations derivations(definitions);
  for (const DerivationPass& pass : derivations.passes()) {
    TIERWISE_ASSIGN_OR_RETURN(const bool has_events,
                              AddDerived(pass, KeyOf(request.user_id()), as_of, *store.events, profile));
    is_known = is_known || has_events;
  }
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::TierMembership> tiers,
                            store.tiers->TiersOf(request.user_id(), as_of));
  if (!is_known && tiers.empty()) {
    return absl::NotFoundError(absl::StrCat("nothing was known of user \"", request.user_id(), "\" by then"));
  }
  response.mutable_tiers()->Assign(tiers.begin(), tiers.end());
  if (!derivations.passes().empty()) *response.mutable_derived_time() = request.as_of();
  SortById(profile);
  return response;
}

}  // namespace tierwise
