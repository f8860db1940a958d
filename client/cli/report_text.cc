// SPDX-License-Identifier: Apache-2.0
#include "client/cli/report_text.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/message_text.h"
#include "client/cli/progress.h"
#include "client/cli/report_numbers.h"
#include "client/cli/text_table.h"
#include "client/cli/time_text.h"

namespace tierwise {
namespace {

constexpr int kPlotCells = 25;
// The users are in the cohort's table, too.
constexpr int kUsersDropOrder = 2;
constexpr int kPlotDropOrder = 1;

std::string ControlOf(const v1::Campaign& campaign) {
  for (const v1::Variant& variant : campaign.variants()) {
    if (variant.control()) return variant.id();
  }
  return "";
}

// What the outcomes of a metric are, in a few words; and whether they are shares of users.
std::string KindOf(const v1::Metric& metric) {
  switch (metric.kind_case()) {
    case v1::Metric::kConversion:
      return absl::StrCat("share of users with `", metric.conversion().event(), "`");
    case v1::Metric::kCount:
      return absl::StrCat("`", metric.count().event(), "` events per user");
    case v1::Metric::kSum:
      return absl::StrCat("sum of `", metric.sum().event(), "` per user");
    case v1::Metric::kRatio:
      return "ratio";
    default:
      return "";
  }
}

class ReportText {
 public:
  ReportText(const ReportView& view, int width, bool has_color)
      : report_(view.report), view_(view), control_(ControlOf(view.campaign)), width_(width), color_(has_color) {}

  std::string Render() {
    AppendHead();
    AppendChecks();
    AppendCohort();
    for (const v1::MetricReport& metric : report_.metrics()) AppendMetric(metric);
    return std::move(out_);
  }

 private:
  void Line(absl::string_view text, absl::string_view indent = "") { absl::StrAppend(&out_, indent, text, "\n"); }
  std::string Bold(absl::string_view text) const { return Styled(color_, Style::kBold, text); }
  std::string Dim(absl::string_view text) const { return Styled(color_, Style::kDim, text); }

  void AppendHead() {
    const std::string& title = view_.campaign.display_name();
    Line(absl::StrCat(Bold(report_.campaign()), title.empty() || title == report_.campaign() ? "" : "  " + title));
    Line(
        Dim(absl::StrCat("revision ", report_.campaign_revision(), ", as of ", TimeTitle(FromProto(report_.as_of())))));
    Line("");
  }

  static Style StyleOf(v1::HealthStatus status) {
    return status == v1::HEALTH_STATUS_FAILED    ? Style::kRed
           : status == v1::HEALTH_STATUS_WARNING ? Style::kYellow
                                                 : Style::kGreen;
  }

  void AppendChecks() {
    std::vector<const v1::HealthCheck*> checks;
    for (const v1::HealthCheck& check : report_.checks()) checks.push_back(&check);
    std::stable_sort(checks.begin(), checks.end(),
                     [](const auto* a, const auto* b) { return a->status() > b->status(); });
    if (!checks.empty() && checks.front()->status() == v1::HEALTH_STATUS_FAILED) {
      Line(Styled(color_, Style::kRed, "DO NOT TRUST THE LIFTS BELOW: a health check failed."));
    }
    TextTable table({{""}, {""}, {""}, {""}});
    for (const v1::HealthCheck* check : checks) {
      const bool is_ok = check->status() == v1::HEALTH_STATUS_OK;
      table.AddRow({{is_ok                                         ? "ok"
                     : check->status() == v1::HEALTH_STATUS_FAILED ? "FAILED"
                                                                   : "WARNING",
                     StyleOf(check->status())},
                    {check->check(), {}},
                    {check->tier().empty() ? "all tiers" : check->tier(), {}},
                    {check->message(), is_ok ? std::optional<Style>(Style::kDim) : std::nullopt}});
    }
    if (!table.empty()) absl::StrAppend(&out_, table.Render(1 << 20, color_), "\n");
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

  void AppendMetric(const v1::MetricReport& metric) {
    const auto definition = view_.metrics.find(metric.metric());
    const bool is_primary = &metric == &report_.metrics(0);
    is_share_ = definition != view_.metrics.end() && definition->second.has_conversion();
    std::string about = definition == view_.metrics.end() ? "" : KindOf(definition->second);
    if (metric.has_window()) {
      absl::StrAppend(&about, about.empty() ? "" : ", ", DurationText(FromProto(metric.window())), " window");
    }
    if (metric.has_delay() && FromProto(metric.delay()) > absl::ZeroDuration()) {
      absl::StrAppend(&about, " after ", DurationText(FromProto(metric.delay())));
    }
    Line(absl::StrCat(Bold(absl::StrCat(metric.metric(), is_primary ? " (primary)" : "")), about.empty() ? "" : "  ",
                      Dim(about)));
    if (metric.users_with_open_window() > 0) {
      Line(Styled(color_, Style::kYellow,
                  absl::StrCat("the window of ", WithThousands(metric.users_with_open_window()),
                               " users is still open: their outcomes may grow")),
           "  ");
    }
    std::vector<std::string> variants;
    for (const v1::Comparison& comparison : metric.comparisons()) {
      if (std::find(variants.begin(), variants.end(), comparison.variant()) == variants.end()) {
        variants.push_back(comparison.variant());
      }
    }
    SetScale(metric);
    for (const std::string& variant : variants) AppendVariant(metric, variant);
    AppendFootnote(metric);
    Line("");
  }

  // One scale and one number of decimals for the whole block, so that its rows can be compared.
  void SetScale(const v1::MetricReport& metric) {
    low_ = high_ = 0;
    double narrowest = 0, narrowest_lift = 0;
    for (const v1::Comparison& comparison : metric.comparisons()) {
      if (comparison.difference().intervals().empty()) continue;
      const v1::Interval& interval = comparison.difference().intervals(0);
      if (!interval.has_lower() || !interval.has_upper()) continue;
      low_ = std::min(low_, interval.lower());
      high_ = std::max(high_, interval.upper());
      const auto narrow = [](double& least, const v1::Interval& i) {
        const double half = (i.upper() - i.lower()) / 2;
        if (half > 0 && (least == 0 || half < least)) least = half;
      };
      narrow(narrowest, interval);
      if (comparison.lift().intervals().empty()) continue;
      const v1::Interval& lift = comparison.lift().intervals(0);
      if (lift.has_lower() && lift.has_upper()) narrow(narrowest_lift, lift);
    }
    if (low_ == high_) high_ = low_ + 1;
    const int decimals = DecimalsFor(is_share_ ? 100 * narrowest : narrowest);
    mean_style_ = {is_share_, is_share_ ? "%" : "", decimals, false};
    difference_style_ = {is_share_, "", decimals, true};
    lift_style_ = {true, "%", DecimalsFor(100 * narrowest_lift), true};
  }

  const v1::ArmSummary* ArmOf(const v1::MetricReport& metric, const std::string& tier, const std::string& variant) {
    for (const v1::ArmSummary& arm : metric.arms()) {
      if (arm.tier() == tier && arm.variant() == variant) return &arm;
    }
    return nullptr;
  }

  std::string MeanText(const v1::ArmSummary* arm) const {
    return arm == nullptr || !arm->has_mean() ? "-" : NumberText(arm->mean(), mean_style_);
  }

  static std::string RowTitle(const v1::Comparison& comparison) {
    if (!comparison.tier().empty()) return comparison.tier();
    return comparison.estimator() == v1::ESTIMATOR_POST_STRATIFIED ? "all tiers" : "  unadjusted";
  }

  // Overall first, of those the post-stratified one; then tiers in the report's order.
  static std::vector<const v1::Comparison*> RowsOf(const v1::MetricReport& metric, const std::string& variant) {
    std::vector<const v1::Comparison*> rows;
    for (const v1::Comparison& comparison : metric.comparisons()) {
      if (comparison.variant() == variant) rows.push_back(&comparison);
    }
    const auto rank = [](const v1::Comparison* row) {
      if (!row->tier().empty()) return 2;
      return row->estimator() == v1::ESTIMATOR_POST_STRATIFIED ? 0 : 1;
    };
    std::stable_sort(rows.begin(), rows.end(), [&rank](const auto* a, const auto* b) { return rank(a) < rank(b); });
    return rows;
  }

  // Green where the interval says better, red where worse, plain where it holds 0.
  std::optional<Style> StyleOf(const v1::MetricReport& metric, const v1::Effect& effect) const {
    if (effect.intervals().empty()) return std::nullopt;
    const v1::Interval& interval = effect.intervals(0);
    const auto definition = view_.metrics.find(metric.metric());
    const bool less_is_better =
        definition != view_.metrics.end() && definition->second.direction() == v1::DIRECTION_DECREASE;
    if (interval.has_lower() && interval.lower() > 0) return less_is_better ? Style::kRed : Style::kGreen;
    if (interval.has_upper() && interval.upper() < 0) return less_is_better ? Style::kGreen : Style::kRed;
    return std::nullopt;
  }

  static std::string EffectText(const v1::Effect& effect, const NumberStyle& style) {
    if (!effect.has_estimate()) return "-";
    return absl::StrCat(NumberText(effect.estimate(), style), effect.intervals().empty() ? "" : " ",
                        effect.intervals().empty() ? "" : IntervalText(effect.intervals(0), style));
  }

  std::string PlotTitle() const {
    const double unit = is_share_ ? 100 : 1;
    const int decimals = DecimalsFor((high_ - low_) * unit);
    std::string left = low_ < 0 ? absl::StrFormat("%.*f", decimals, low_ * unit) : "0";
    const std::string right = high_ > 0 ? absl::StrFormat("+%.*f", decimals, high_ * unit) : "0";
    const int gap = kPlotCells - DisplayWidth(left) - DisplayWidth(right);
    return absl::StrCat(left, std::string(static_cast<size_t>(std::max(gap, 1)), ' '), right);
  }

  void AppendVariant(const v1::MetricReport& metric, const std::string& variant) {
    using Align = TextTable::Align;
    Line(absl::StrCat(Styled(color_, Style::kCyan, variant), " against ", control_), "  ");
    TextTable table({{"tier"},
                     {"users", Align::kRight, kUsersDropOrder},
                     {control_, Align::kRight},
                     {variant, Align::kRight},
                     {is_share_ ? "difference (pp)" : "difference", Align::kRight},
                     {"lift", Align::kRight},
                     {"p", Align::kRight},
                     {PlotTitle(), Align::kLeft, kPlotDropOrder}});
    std::vector<std::string> reasons;
    for (const v1::Comparison* row : RowsOf(metric, variant)) {
      const v1::ArmSummary* control = ArmOf(metric, row->tier(), control_);
      const v1::ArmSummary* treated = ArmOf(metric, row->tier(), variant);
      const auto users = [](const v1::ArmSummary* arm) { return WithThousands(arm == nullptr ? 0 : arm->users()); };
      const std::optional<Style> style = StyleOf(metric, row->difference());
      table.AddRow({{RowTitle(*row), {}},
                    {absl::StrCat(users(control), " / ", users(treated)), Style::kDim},
                    {MeanText(control), {}},
                    {MeanText(treated), {}},
                    {EffectText(row->difference(), difference_style_), style},
                    {EffectText(row->lift(), lift_style_), style},
                    {PValueText(*row), {}},
                    {IntervalPlot(row->difference(), low_, high_, kPlotCells), style}});
      if (!row->reason().empty())
        reasons.push_back(absl::StrCat(absl::StripAsciiWhitespace(RowTitle(*row)), ": ", row->reason()));
    }
    absl::StrAppend(&out_, table.Render(width_, color_, 4));
    for (const std::string& reason : reasons) Line(Styled(color_, Style::kYellow, reason), "    ");
  }

  // Names what each number is: estimators, tests, intervals, revision.
  void AppendFootnote(const v1::MetricReport& metric) {
    std::set<std::string> tests, differences, lifts;
    std::string confidence;
    bool is_fixed_horizon = false;
    for (const v1::Comparison& comparison : metric.comparisons()) {
      if (!comparison.test().empty()) tests.insert(comparison.test());
      if (!comparison.lift().intervals().empty()) lifts.insert(comparison.lift().intervals(0).method());
      if (comparison.difference().intervals().empty()) continue;
      const v1::Interval& interval = comparison.difference().intervals(0);
      differences.insert(interval.method());
      confidence = absl::StrFormat("%g%%", 100 * interval.confidence());
      is_fixed_horizon |= interval.kind() == v1::INTERVAL_KIND_FIXED_HORIZON;
    }
    Line(Dim(absl::StrCat("Intervals: ", confidence, ", difference by ", absl::StrJoin(differences, ", "), ", lift by ",
                          absl::StrJoin(lifts, ", "),
                          is_fixed_horizon ? "; fixed horizon: right if read once, at a time fixed beforehand" : "",
                          ".")),
         "  ");
    Line(Dim(absl::StrCat("All tiers: post-stratified, the tiers' differences weighted by their shares of users; "
                          "unadjusted: the plain difference. p: ",
                          absl::StrJoin(tests, ", "), ", two-sided. Metric revision ", metric.metric_revision(), ".")),
         "  ");
  }

  const v1::Report& report_;
  const ReportView& view_;
  const std::string control_;
  const int width_;
  const bool color_;
  std::string out_;
  // Of the metric that is being written.
  bool is_share_ = false;
  double low_ = 0, high_ = 1;
  NumberStyle mean_style_, difference_style_, lift_style_;
};

}  // namespace

std::string RenderReport(const ReportView& view, int width, bool has_color) {
  return ReportText(view, width, has_color).Render();
}

}  // namespace tierwise
