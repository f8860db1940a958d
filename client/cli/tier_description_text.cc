// SPDX-License-Identifier: Apache-2.0
#include "client/cli/tier_description_text.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/cli/progress.h"
#include "client/cli/text_table.h"
#include "client/cli/tier_sizes_text.h"
#include "client/cli/time_text.h"

namespace tierwise {
namespace {

constexpr int kHistogramColumns = 24;
constexpr int kMostValues = 6;
constexpr const char* kQuantileTitles[] = {"least", "5%", "25%", "median", "75%", "95%", "most"};

std::string ValueText(double value, v1::AttributeType type) {
  if (type != v1::ATTRIBUTE_TYPE_TIMESTAMP || !std::isfinite(value)) return PlotNumber(value);
  return absl::FormatTime("%Y-%m-%d", absl::UnixEpoch() + absl::Hours(24) * value, absl::UTCTimeZone());
}

std::string RenderSizes(const v1::DescribeTiersResponse& response, const TierQuestion& question,
                        const PlotStyle& style) {
  std::vector<std::string> titles = {"tier", "users", "share"};
  const bool has_value = !question.value_attribute.empty();
  if (has_value) titles.insert(titles.end(), {question.value_attribute, "share of it"});
  std::vector<LabelledBar> bars;
  for (const v1::TierDescription& tier : response.tiers()) {
    LabelledBar& bar = bars.emplace_back();
    bar.label = tier.tier();
    bar.value = has_value ? tier.value_share() : tier.user_share();
    bar.figures = {WithThousands(tier.users()), ShareText(tier.user_share())};
    if (has_value) {
      bar.figures.push_back(PlotNumber(tier.value()));
      bar.figures.push_back(tier.has_value_share() ? ShareText(tier.value_share()) : "-");
    }
  }
  return BarChart(titles, bars, style, 2);
}

std::string Histogram(const v1::Distribution& distribution, const PlotStyle& style) {
  std::vector<double> users;
  double largest = 0;
  for (const v1::HistogramBin& bin : distribution.bins()) {
    // An empty bin is a blank, so that gaps are seen.
    users.push_back(bin.users() > 0 ? static_cast<double>(bin.users()) : std::nan(""));
    largest = std::max(largest, static_cast<double>(bin.users()));
  }
  return Sparkline(users, 0, largest, std::max(kHistogramColumns, static_cast<int>(users.size())), style.has_unicode);
}

std::string RenderNumbers(const v1::DescribeTiersResponse& response, const TierQuestion& question,
                          const PlotStyle& style) {
  constexpr int kGoFirst = 3;  // on a narrow terminal: the extremes, then the outer quantiles
  std::vector<TextTable::Column> columns = {{"tier"}, {"known", TextTable::Align::kRight, 1}};
  columns.push_back({"mean", TextTable::Align::kRight});
  const int order[] = {kGoFirst, 2, 1, 0, 1, 2, kGoFirst};
  for (size_t i = 0; i < std::size(kQuantileTitles); ++i) {
    columns.push_back({kQuantileTitles[i], TextTable::Align::kRight, order[i]});
  }
  columns.push_back({"distribution"});
  TextTable table(columns);
  const v1::HistogramBin* first = nullptr;
  const v1::HistogramBin* last = nullptr;
  for (const v1::TierDescription& tier : response.tiers()) {
    const v1::Distribution& distribution = tier.distribution();
    std::vector<TextTable::Cell> row = {{tier.tier(), {}}, {WithThousands(distribution.users()), {}}};
    row.push_back({distribution.has_mean() ? ValueText(distribution.mean(), question.attribute_type) : "-", {}});
    for (size_t i = 0; i < std::size(kQuantileTitles); ++i) {
      const auto q = static_cast<int>(i);
      row.push_back(
          {q < distribution.quantiles_size() ? ValueText(distribution.quantiles(q), question.attribute_type) : "-",
           {}});
    }
    row.push_back({Histogram(distribution, style), Style::kCyan});
    table.AddRow(std::move(row));
    if (first == nullptr && !distribution.bins().empty()) {
      first = &distribution.bins(0);
      last = &distribution.bins(distribution.bins_size() - 1);
    }
  }
  std::string out = table.Render(style.width, style.has_color, 2);
  if (first != nullptr) {
    absl::StrAppend(&out, "  distributions from ", ValueText(first->lower(), question.attribute_type), " to ",
                    ValueText(last->upper(), question.attribute_type), ", each to its own height\n");
  }
  return out;
}

// A line for each value of a tier, with its share of the tier.
std::string RenderValues(const v1::DescribeTiersResponse& response, const PlotStyle& style) {
  std::string out;
  for (const v1::TierDescription& tier : response.tiers()) {
    const v1::Distribution& distribution = tier.distribution();
    std::vector<LabelledBar> bars;
    int64_t listed = 0;
    const auto add = [&](const std::string& label, int64_t users) {
      const double share = tier.users() > 0 ? static_cast<double>(users) / static_cast<double>(tier.users()) : 0;
      bars.push_back({label, share, {WithThousands(users), ShareText(share)}});
    };
    for (const v1::ValueCount& value : distribution.values()) {
      if (static_cast<int>(bars.size()) == kMostValues) break;
      add(value.value(), value.users());
      listed += value.users();
    }
    // A list's users count once for each of their values, so the rest may be none.
    if (distribution.users() > listed) add("(others)", distribution.users() - listed);
    if (distribution.missing() > 0) add("(not known)", distribution.missing());
    absl::StrAppend(&out, "  ", Styled(style.has_color, Style::kBold, tier.tier()), "\n", BarChart({}, bars, style, 4));
  }
  return out;
}

}  // namespace

std::string RenderTierDescription(const v1::DescribeTiersResponse& response, const TierQuestion& question,
                                  const PlotStyle& style) {
  std::string out = absl::StrCat(
      Styled(style.has_color, Style::kBold, question.tiering), " as of ", TimeTitle(FromProto(response.as_of())),
      Styled(style.has_color, Style::kDim, absl::StrCat("  (revision ", response.tiering_revision(), ")")), "\n",
      RenderSizes(response, question, style));
  if (question.attribute.empty()) return out;
  absl::StrAppend(&out, "\n", Styled(style.has_color, Style::kBold, question.attribute), " in each tier\n");
  const bool is_number = question.attribute_type == v1::ATTRIBUTE_TYPE_INT ||
                         question.attribute_type == v1::ATTRIBUTE_TYPE_DOUBLE ||
                         question.attribute_type == v1::ATTRIBUTE_TYPE_TIMESTAMP;
  absl::StrAppend(&out, is_number ? RenderNumbers(response, question, style) : RenderValues(response, style));
  return out;
}

}  // namespace tierwise
