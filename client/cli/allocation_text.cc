// SPDX-License-Identifier: Apache-2.0
#include "client/cli/allocation_text.h"

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/progress.h"
#include "client/cli/report_lines.h"
#include "client/cli/text_table.h"

namespace tierwise {
namespace {

using Align = TextTable::Align;
using Cell = TextTable::Cell;

constexpr int kSparkCells = 24;

std::string Percent(double share) { return absl::StrFormat("%.1f%%", 100.0 * share); }

std::string EstimateText(bool is_set, const v1::PolicyEstimate& estimate) {
  if (!is_set) return "no users yet";
  const v1::Interval& interval = estimate.interval();
  if (!interval.has_lower() && !interval.has_upper()) return "too early to say";
  const auto end = [](bool has, double value) { return has ? PlotNumber(value) : std::string(".."); };
  return absl::StrCat(PlotNumber(estimate.value()), " [", end(interval.has_lower(), interval.lower()), ", ",
                      end(interval.has_upper(), interval.upper()), "]");
}

int64_t UsersOf(const v1::TierAllocation& tier, int arm) {
  int64_t users = 0;
  for (const v1::AllocationBatch& batch : tier.batches()) users += arm < batch.users_size() ? batch.users(arm) : 0;
  return users;
}

std::vector<double> SharesOf(const v1::TierAllocation& tier, int arm) {
  std::vector<double> shares;
  for (const v1::AllocationBatch& batch : tier.batches()) {
    shares.push_back(arm < batch.shares_size() ? batch.shares(arm) : 0.0);
  }
  return shares;
}

std::string RenderArms(const v1::TierAllocation& tier, Detail detail, const PlotStyle& style) {
  std::vector<TextTable::Column> columns = {{"arm"},
                                            {"users", Align::kRight, 1},
                                            {"share now", Align::kRight},
                                            {"its shares so far", Align::kLeft, 3},
                                            {"mean, weighted"},
                                            {"against control, whenever read"},
                                            {"best", Align::kRight}};
  if (detail == Detail::kFull) columns.push_back({"plain mean (biased)", Align::kLeft, 2});
  TextTable table(columns);
  for (int arm = 0; arm < tier.arms_size(); ++arm) {
    const v1::ArmReadout& readout = tier.arms(arm);
    const std::vector<double> shares = SharesOf(tier, arm);
    const std::optional<Style> color = readout.is_stopped() ? std::optional(Style::kRed) : std::nullopt;
    std::vector<Cell> row = {
        {readout.is_stopped() ? absl::StrCat(readout.variant(), " (stopped)") : readout.variant(), color},
        {WithThousands(UsersOf(tier, arm)), {}},
        {shares.empty() ? "-" : Percent(shares.back()), {}},
        {Sparkline(shares, 0.0, 1.0, kSparkCells, style.has_unicode), Style::kCyan},
        {EstimateText(readout.has_weighted(), readout.weighted()), {}},
        {readout.has_always_valid_difference() ? EstimateText(true, readout.always_valid_difference()) : "", {}},
        {readout.is_stopped() ? "" : absl::StrFormat("%.0f%%", 100.0 * readout.best_probability()), {}}};
    if (detail == Detail::kFull) row.push_back({EstimateText(readout.has_naive(), readout.naive()), Style::kDim});
    table.AddRow(std::move(row));
  }
  return table.Render(style.width, style.has_color, 2);
}

std::string RenderBatches(const v1::TierAllocation& tier, const PlotStyle& style) {
  std::vector<TextTable::Column> columns = {{"phase", Align::kRight}};
  for (const std::string& variant : tier.variants()) columns.push_back({variant, Align::kRight});
  TextTable table(columns);
  for (const v1::AllocationBatch& batch : tier.batches()) {
    std::vector<Cell> row = {{absl::StrCat(batch.phase()), {}}};
    for (int arm = 0; arm < tier.variants_size(); ++arm) {
      row.push_back({absl::StrCat(Percent(batch.shares(arm)), " of users, ", PlotNumber(batch.means(arm)), " of ",
                                  WithThousands(batch.users(arm))),
                     {}});
    }
    table.AddRow(std::move(row));
  }
  return table.Render(style.width, style.has_color, 2);
}

}  // namespace

std::string RenderAllocation(const v1::GetAllocationResponse& allocation, Detail detail, const PlotStyle& style) {
  std::string out;
  for (const v1::TierAllocation& tier : allocation.tiers()) {
    absl::StrAppend(&out, out.empty() ? "" : "\n", Styled(style.has_color, Style::kBold, tier.tier()), "\n",
                    RenderArms(tier, detail, style));
    if (detail == Detail::kFull && !tier.batches().empty()) absl::StrAppend(&out, "\n", RenderBatches(tier, style));
  }
  const std::string note =
      "Weights followed outcomes, so plain means are biased. The weighted mean uses each batch's propensities; the "
      "difference to the control is right however often it is read.";
  absl::StrAppend(&out, "\n", Styled(style.has_color, Style::kDim, Paragraph(note, style.width, 0)), "\n");
  return out;
}

}  // namespace tierwise
