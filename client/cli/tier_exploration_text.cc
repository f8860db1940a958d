// SPDX-License-Identifier: Apache-2.0
#include "client/cli/tier_exploration_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/message_text.h"
#include "client/cli/progress.h"
#include "client/cli/report_lines.h"
#include "client/cli/report_numbers.h"
#include "client/cli/text_table.h"
#include "client/cli/tier_sizes_text.h"
#include "tierwise/v1/definition.pb.h"

namespace tierwise {
namespace {

// Kaufman and Rousseeuw's reading of a mean silhouette.
absl::string_view Clarity(double silhouette) {
  if (silhouette > 0.7) return "strong structure";
  if (silhouette > 0.5) return "reasonable structure";
  if (silhouette > 0.25) return "weak structure, could be artificial";
  return "hardly any structure: the groups are cuts through one crowd";
}

LabelledBar UsersBar(const std::string& label, int64_t users, int64_t all) {
  const double share = all > 0 ? static_cast<double>(users) / static_cast<double>(all) : 0;
  return {label, static_cast<double>(users), {WithThousands(users), ShareText(share)}};
}

}  // namespace

std::string RenderThresholds(const v1::ExploreThresholdsResponse& response, const std::string& attribute,
                             const std::string& value_attribute, const PlotStyle& style) {
  std::vector<LabelledBar> bars;
  for (const v1::Threshold& threshold : response.thresholds()) {
    bars.push_back({PlotNumber(threshold.value()),
                    threshold.value_share_above(),
                    {WithThousands(threshold.users_above()), ShareText(threshold.user_share_above()),
                     threshold.has_value_share_above() ? ShareText(threshold.value_share_above()) : "-"}});
  }
  return absl::StrCat(
      Styled(style.has_color, Style::kBold, attribute), ": ", WithThousands(response.users()), " users have it, ",
      WithThousands(response.missing()), " do not\n",
      BarChart({"at or above", "users", "of those", absl::StrCat("of ", value_attribute)}, bars, style, 2));
}

std::string RenderClusters(const v1::ExploreClustersResponse& response, absl::Span<const std::string> attributes,
                           const PlotStyle& style) {
  std::vector<TextTable::Column> columns = {
      {"group"}, {"users", TextTable::Align::kRight}, {"share", TextTable::Align::kRight}};
  for (const std::string& attribute : attributes) {
    columns.push_back({absl::StrCat("mean ", attribute), TextTable::Align::kRight});
  }
  TextTable table(columns);
  for (const v1::Cluster& cluster : response.clusters()) {
    const LabelledBar bar = UsersBar(cluster.tier(), cluster.users(), response.users());
    std::vector<TextTable::Cell> row = {{bar.label, {}}, {bar.figures[0], {}}, {bar.figures[1], {}}};
    for (size_t i = 0; i < attributes.size(); ++i) {
      const auto at = static_cast<int>(i);
      row.push_back({at < cluster.means_size() ? PlotNumber(cluster.means(at)) : "-", {}});
    }
    table.AddRow(std::move(row));
  }
  v1::Definition definition;
  *definition.mutable_tiering() = response.tiering();
  return absl::StrCat(WithThousands(response.users()), " users have every attribute asked for\n",
                      table.Render(style.width, style.has_color, 2), "silhouette ",
                      NumberText(response.silhouette(), {.decimals = 2}), ": ", Clarity(response.silhouette()),
                      "\nThe rules below put ", ShareText(response.agreement()), " of users where k-means did.\n\n",
                      ToYaml(ToReadableJson(definition, Fields::kInput)));
}

std::string RenderReach(const v1::EstimateReachResponse& response, const std::string& target,
                        const std::string& by_attribute, const PlotStyle& style) {
  const LabelledBar reached = UsersBar("", response.users(), response.known_users());
  std::string out = absl::StrCat(Styled(style.has_color, Style::kBold, target), " reaches ", reached.figures[0], " of ",
                                 WithThousands(response.known_users()), " users (", reached.figures[1], ")\n");
  std::vector<LabelledBar> bars;
  for (const v1::TierSize& size : response.by_tier()) {
    bars.push_back(UsersBar(size.tier(), size.users(), response.users()));
  }
  if (!bars.empty()) absl::StrAppend(&out, "\n", BarChart({"tier", "users", "share"}, bars, style, 2));
  bars.clear();
  for (const v1::ValueCount& value : response.by_value()) {
    bars.push_back(UsersBar(value.value(), value.users(), response.users()));
  }
  if (response.other_values() > 0) bars.push_back(UsersBar("(others)", response.other_values(), response.users()));
  if (!bars.empty()) absl::StrAppend(&out, "\n", BarChart({by_attribute, "users", "share"}, bars, style, 2));
  if (!response.overlaps().empty()) {
    TextTable table({{"also targeted by"}, {"users", TextTable::Align::kRight}, {""}});
    for (const v1::CampaignOverlap& overlap : response.overlaps()) {
      table.AddRow({{overlap.campaign(), {}},
                    {WithThousands(overlap.users()), {}},
                    {overlap.same_layer() ? "same layer: a user is in one of the two at most" : "", Style::kDim}});
    }
    absl::StrAppend(&out, "\n", table.Render(style.width, style.has_color, 2));
  }
  if (!response.sample_user_ids().empty()) {
    const std::string samples = absl::StrCat("for example ", absl::StrJoin(response.sample_user_ids(), ", "));
    absl::StrAppend(&out, "\n", Paragraph(samples, style.width, 0), "\n");
  }
  return out;
}

}  // namespace tierwise
