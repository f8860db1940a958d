// SPDX-License-Identifier: Apache-2.0
#include "client/cli/tier_history_text.h"

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

constexpr int kPlotColumns = 48;

// What one tier had in every entry; NaN where the tier was not there, or nothing can be shared.
struct TierSeries {
  std::string tier;
  std::vector<double> users, user_shares, values, value_shares;
};

double ShareOf(double part, double whole) { return whole > 0 ? part / whole : std::nan(""); }

TierSeries& SeriesOf(const std::string& tier, size_t entries, std::vector<TierSeries>* series) {
  const auto found =
      std::find_if(series->begin(), series->end(), [&tier](const TierSeries& known) { return known.tier == tier; });
  if (found != series->end()) return *found;
  const std::vector<double> none(entries, std::nan(""));
  return series->emplace_back(TierSeries{tier, none, none, none, none});
}

// In the order of the latest entry; tiers of earlier revisions come last.
std::vector<TierSeries> SeriesOf(const v1::GetTierHistoryResponse& response) {
  const auto entries = static_cast<size_t>(response.entries_size());
  std::vector<TierSeries> series;
  for (size_t e = entries; e-- > 0;) {
    const v1::TierHistoryEntry& entry = response.entries(static_cast<int>(e));
    double users = 0, value = 0;
    for (const v1::TierSize& size : entry.sizes()) users += static_cast<double>(size.users());
    for (const double tier_value : entry.values()) value += tier_value;
    for (int t = 0; t < entry.sizes_size(); ++t) {
      TierSeries& tier = SeriesOf(entry.sizes(t).tier(), entries, &series);
      tier.users[e] = static_cast<double>(entry.sizes(t).users());
      tier.user_shares[e] = ShareOf(tier.users[e], users);
      if (t >= entry.values_size()) continue;
      tier.values[e] = entry.values(t);
      tier.value_shares[e] = ShareOf(entry.values(t), value);
    }
  }
  return series;
}

std::string SharePlot(const std::vector<TierSeries>& series, std::vector<double> TierSeries::*shares,
                      const PlotStyle& style) {
  double largest = 0;
  for (const TierSeries& tier : series) {
    for (const double share : tier.*shares) largest = std::isfinite(share) ? std::max(largest, share) : largest;
  }
  TextTable table({{"tier"}, {"first", TextTable::Align::kRight}, {""}, {"last", TextTable::Align::kRight}});
  const auto text = [](double share) { return std::isfinite(share) ? ShareText(share) : "-"; };
  for (const TierSeries& tier : series) {
    const std::vector<double>& values = tier.*shares;
    const auto known = [](double share) { return std::isfinite(share); };
    const auto first = std::find_if(values.begin(), values.end(), known);
    table.AddRow({{tier.tier, {}},
                  {text(first == values.end() ? std::nan("") : *first), {}},
                  {Sparkline(values, 0, largest, kPlotColumns, style.has_unicode), Style::kCyan},
                  {text(values.back()), {}}});
  }
  return table.Render(style.width, style.has_color, 2);
}

std::string Figures(const v1::GetTierHistoryResponse& response, const std::vector<TierSeries>& series,
                    const std::string& value_event) {
  std::vector<TextTable::Column> columns = {{"as of"}};
  for (const TierSeries& tier : series) columns.push_back({tier.tier, TextTable::Align::kRight});
  if (!value_event.empty()) {
    for (const TierSeries& tier : series) {
      columns.push_back({absl::StrCat(tier.tier, ": ", value_event), TextTable::Align::kRight});
    }
  }
  TextTable table(columns);
  for (int e = 0; e < response.entries_size(); ++e) {
    const auto i = static_cast<size_t>(e);
    std::vector<TextTable::Cell> row = {{TimeTitle(FromProto(response.entries(e).as_of())), {}}};
    for (const TierSeries& tier : series) row.push_back({PlotNumber(tier.users[i]), {}});
    if (!value_event.empty()) {
      for (const TierSeries& tier : series) {
        row.push_back({std::isfinite(tier.value_shares[i])
                           ? absl::StrCat(PlotNumber(tier.values[i]), " ", ShareText(tier.value_shares[i]))
                           : PlotNumber(tier.values[i]),
                       {}});
      }
    }
    table.AddRow(std::move(row));
  }
  constexpr int kUncut = 1000;  // figures are asked for: a narrow terminal wraps them
  return table.Render(kUncut, /*has_color=*/false, 2);
}

}  // namespace

std::string RenderTierHistory(const v1::GetTierHistoryResponse& response, const std::string& tiering,
                              const std::string& value_event, bool is_full, const PlotStyle& style) {
  if (response.entries().empty()) {
    return absl::StrCat(tiering, " was not refreshed in that time; `tierwise tiers refresh ", tiering, "` does\n");
  }
  const std::vector<TierSeries> series = SeriesOf(response);
  const v1::TierHistoryEntry& last = response.entries(response.entries_size() - 1);
  std::string out = absl::StrCat(
      Styled(style.has_color, Style::kBold, tiering), ", ", WithThousands(response.entries_size()), " refreshes as of ",
      TimeTitle(FromProto(response.entries(0).as_of())), " to ", TimeTitle(FromProto(last.as_of())),
      "\n\nShare of users\n", SharePlot(series, &TierSeries::user_shares, style));
  if (!value_event.empty()) {
    absl::StrAppend(&out, "\nShare of the value of ", value_event,
                    ", by the tier that users were in since the refresh before\n",
                    SharePlot(series, &TierSeries::value_shares, style));
  }
  if (is_full) absl::StrAppend(&out, "\n", Figures(response, series, value_event));
  return out;
}

}  // namespace tierwise
