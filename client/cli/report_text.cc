// SPDX-License-Identifier: Apache-2.0
#include "client/cli/report_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/progress.h"
#include "client/cli/report_flows.h"
#include "client/cli/report_footnotes.h"
#include "client/cli/report_health.h"
#include "client/cli/report_lines.h"
#include "client/cli/report_metric.h"
#include "client/cli/report_rows.h"
#include "client/cli/text_table.h"
#include "client/cli/time_text.h"

namespace tierwise {
namespace {

class ReportText {
 public:
  ReportText(const ReportView& view, int width, bool has_color, Detail detail)
      : report_(view.report),
        view_(view),
        control_(ControlOf(view.campaign)),
        width_(width),
        color_(has_color),
        detail_(detail) {}

  std::string Render() {
    const bool is_full = detail_ == Detail::kFull;
    AppendHead();
    Section(RenderHealth(report_, width_, color_, is_full));
    Section(RenderDecisions(report_, width_, color_, is_full));
    AppendCohort();
    for (const v1::MetricReport& metric : report_.metrics()) {
      Section(RenderMetric(view_, metric, width_, color_, detail_));
    }
    Section(RenderFlows(report_, width_, color_));
    for (const std::string& line : Legend(report_, is_full)) Line(Dim(Paragraph(line, width_, 0)));
    return std::move(out_);
  }

 private:
  void Line(absl::string_view text) { absl::StrAppend(&out_, text, "\n"); }
  // With an empty line behind it; nothing for nothing.
  void Section(absl::string_view text) { absl::StrAppend(&out_, text, text.empty() ? "" : "\n"); }
  std::string Dim(absl::string_view text) const { return Styled(color_, Style::kDim, text); }

  void AppendHead() {
    const std::string& title = view_.campaign.display_name();
    Line(absl::StrCat(Styled(color_, Style::kBold, report_.campaign()),
                      title.empty() || title == report_.campaign() ? "" : "  " + title));
    // Data of one's own have no revision.
    const std::string revision =
        report_.campaign_revision() > 0 ? absl::StrCat("revision ", report_.campaign_revision(), ", ") : "";
    Line(Dim(absl::StrCat(revision, "as of ", TimeTitle(FromProto(report_.as_of())))));
    Line("");
  }

  void AppendCohort() {
    const v1::Cohort& cohort = report_.cohort();
    std::string line = absl::StrCat(WithThousands(cohort.users()), " users");
    if (cohort.has_first_exposure()) {
      absl::StrAppend(&line, ", first exposed ", TimeTitle(FromProto(cohort.first_exposure())));
      if (FromProto(cohort.first_exposure()) != FromProto(cohort.last_exposure())) {
        absl::StrAppend(&line, " to ", TimeTitle(FromProto(cohort.last_exposure())));
      }
    }
    Line(line);
    std::vector<std::string> left_out;
    if (cohort.users_in_two_variants() > 0) {
      left_out.push_back(absl::StrCat(WithThousands(cohort.users_in_two_variants()), " seen in two variants"));
    }
    if (cohort.users_of_earlier_phases() > 0) {
      left_out.push_back(absl::StrCat(WithThousands(cohort.users_of_earlier_phases()), " of earlier phases"));
    }
    if (cohort.forced_users() > 0) left_out.push_back(absl::StrCat(WithThousands(cohort.forced_users()), " forced"));
    if (cohort.users_in_unknown_cells() > 0) {
      left_out.push_back(absl::StrCat(WithThousands(cohort.users_in_unknown_cells()), " in unknown tiers or variants"));
    }
    if (!left_out.empty()) Line(absl::StrCat("left out: ", absl::StrJoin(left_out, ", ")));
    AppendCells(cohort);
    Line("");
  }

  // Users per tier (rows) and variant (columns), in the order that the report has them.
  void AppendCells(const v1::Cohort& cohort) {
    std::vector<std::string> tiers, variants;
    std::map<std::pair<std::string, std::string>, const v1::Cell*> cells;
    for (const v1::Cell& cell : cohort.cells()) {
      if (std::find(tiers.begin(), tiers.end(), cell.tier()) == tiers.end()) tiers.push_back(cell.tier());
      if (std::find(variants.begin(), variants.end(), cell.variant()) == variants.end())
        variants.push_back(cell.variant());
      cells[{cell.tier(), cell.variant()}] = &cell;
    }
    if (cells.empty()) return;
    std::vector<TextTable::Column> columns = {{"tier"}};
    for (const std::string& variant : variants) {
      columns.push_back({variant + (variant == control_ ? " (control)" : ""), TextTable::Align::kRight});
    }
    TextTable table(columns);
    for (const std::string& tier : tiers) {
      std::vector<TextTable::Cell> row = {{tier, {}}};
      for (const std::string& variant : variants) {
        const auto cell = cells.find({tier, variant});
        row.push_back({cell == cells.end() ? "" : WithThousands(cell->second->users()), {}});
      }
      table.AddRow(std::move(row));
    }
    absl::StrAppend(&out_, table.Render(width_, color_, 2));
  }

  const v1::Report& report_;
  const ReportView& view_;
  const std::string control_;
  const int width_;
  const bool color_;
  const Detail detail_;
  std::string out_;
};

}  // namespace

std::string RenderReport(const ReportView& view, int width, bool has_color, Detail detail) {
  return ReportText(view, width, has_color, detail).Render();
}

}  // namespace tierwise
