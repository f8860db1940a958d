// SPDX-License-Identifier: Apache-2.0
#include "client/cli/report_flows.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/progress.h"
#include "client/cli/text_table.h"

namespace tierwise {
namespace {

void AddOnce(const std::string& name, std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

// The names in the cohort's order.
struct Names {
  std::vector<std::string> tiers, variants;
};

Names NamesOf(const v1::Report& report) {
  Names names;
  for (const v1::Cell& cell : report.cohort().cells()) {
    AddOnce(cell.tier(), names.tiers);
    AddOnce(cell.variant(), names.variants);
  }
  return names;
}

using Flows = std::map<std::pair<std::string, std::string>, int64_t>;  // users by (from, to)

Flows FlowsOf(const v1::Report& report, const std::string& variant) {
  Flows flows;
  for (const v1::TierFlow& flow : report.tier_flows()) {
    if (flow.variant() == variant) flows[{flow.from(), flow.to()}] += flow.users();
  }
  return flows;
}

}  // namespace

std::string RenderFlows(const v1::Report& report, int width, bool has_color) {
  if (report.tier_flows().empty()) return "";
  const Names names = NamesOf(report);
  std::string out = absl::StrCat(Styled(has_color, Style::kBold, "Tiers afterwards"), "  ",
                                 Styled(has_color, Style::kDim, "share of those first exposed in each tier"), "\n");
  for (const std::string& variant : names.variants) {
    Flows flows = FlowsOf(report, variant);
    if (flows.empty()) continue;
    std::vector<TextTable::Column> columns = {{variant}, {"users", TextTable::Align::kRight}};
    for (const std::string& tier : names.tiers) columns.push_back({tier, TextTable::Align::kRight});
    TextTable table(columns);
    for (const std::string& from : names.tiers) {
      int64_t users = 0;
      for (const std::string& to : names.tiers) users += flows[{from, to}];
      if (users == 0) continue;
      std::vector<TextTable::Cell> row = {{from, {}}, {WithThousands(users), Style::kDim}};
      for (const std::string& to : names.tiers) {
        const double share = 100.0 * static_cast<double>(flows[{from, to}]) / static_cast<double>(users);
        row.push_back({absl::StrFormat("%.1f%%", share), {}});
      }
      table.AddRow(std::move(row));
    }
    absl::StrAppend(&out, table.Render(width, has_color, 2));
  }
  return out;
}

}  // namespace tierwise
