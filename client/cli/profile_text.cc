// SPDX-License-Identifier: Apache-2.0
#include "client/cli/profile_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/progress.h"
#include "client/cli/text_table.h"
#include "client/cli/time_text.h"

namespace tierwise {
namespace {

std::string ValueText(const v1::AttributeValue& value) {
  switch (value.value_case()) {
    case v1::AttributeValue::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case v1::AttributeValue::kIntValue:
      return absl::StrCat(value.int_value());
    case v1::AttributeValue::kDoubleValue:
      return absl::StrCat(value.double_value());
    case v1::AttributeValue::kStringValue:
      return value.string_value();
    case v1::AttributeValue::kTimeValue:
      return TimeTitle(FromProto(value.time_value()));
    case v1::AttributeValue::kListValue:
      return absl::StrJoin(value.list_value().values(), ", ");
    case v1::AttributeValue::VALUE_NOT_SET:
      break;
  }
  return "-";
}

}  // namespace

std::string RenderProfile(const v1::GetProfileResponse& response, const std::set<std::string>& derived,
                          const PlotStyle& style) {
  std::string out = absl::StrCat(Styled(style.has_color, Style::kBold, response.profile().user_id()), "\n");
  std::vector<const v1::AttributeValue*> values;
  for (const v1::AttributeValue& value : response.profile().attributes()) values.push_back(&value);
  std::sort(values.begin(), values.end(), [](const auto* a, const auto* b) { return a->attribute() < b->attribute(); });
  TextTable attributes({{"attribute"}, {"value"}, {""}});
  for (const v1::AttributeValue* value : values) {
    attributes.AddRow({{value->attribute(), {}},
                       {ValueText(*value), {}},
                       {derived.contains(value->attribute()) ? "from events" : "", Style::kDim}});
  }
  absl::StrAppend(&out,
                  values.empty() ? "  no attribute is known\n" : attributes.Render(style.width, style.has_color, 2));
  if (response.has_derived_time()) {
    absl::StrAppend(&out, "  from events as of ", TimeTitle(FromProto(response.derived_time())), "\n");
  }
  TextTable tiers({{"tiering"}, {"tier"}, {"since"}});
  for (const v1::TierMembership& tier : response.tiers()) {
    tiers.AddRow({{tier.tiering(), {}}, {tier.tier(), {}}, {TimeTitle(FromProto(tier.since())), {}}});
  }
  if (!tiers.empty()) absl::StrAppend(&out, "\n", tiers.Render(style.width, style.has_color, 2));
  return out;
}

std::string RenderErasure(const v1::EraseUserResponse& response, const std::string& user_id) {
  return absl::StrCat(user_id, " is erased: removed ", WithThousands(response.profile_versions_removed()),
                      " versions of the profile and ", WithThousands(response.tier_moves_removed()),
                      " entries of the history of tiers; made anonymous ",
                      WithThousands(response.exposures_made_anonymous()), " exposures and ",
                      WithThousands(response.events_made_anonymous()), " events\n");
}

}  // namespace tierwise
