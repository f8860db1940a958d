// SPDX-License-Identifier: Apache-2.0
#include "client/cli/report_metric.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/progress.h"
#include "client/cli/report_footnotes.h"
#include "client/cli/report_lines.h"
#include "client/cli/report_numbers.h"
#include "client/cli/report_rows.h"
#include "client/cli/text_table.h"
#include "client/cli/time_text.h"

namespace tierwise {
namespace {

using Align = TextTable::Align;

constexpr int kPlotCells = 20;
// Which columns go on a narrow terminal, highest first. The users are in the cohort's table, too, and the control's
// mean follows from difference and lift.
constexpr int kUsersDropOrder = 5;
constexpr int kChanceDropOrder = 3;
constexpr int kPlainPDropOrder = 2;
constexpr int kControlDropOrder = 1;

std::string MovementText(const v1::TierMovement& movement) {
  switch (movement.outcome()) {
    case v1::MOVEMENT_OUTCOME_MOVED_UP:
      return "share of users who moved to a better tier";
    case v1::MOVEMENT_OUTCOME_DID_NOT_FALL:
      return "share of users who did not fall to a worse tier";
    default:
      return absl::StrCat("share of users who reached tier ", movement.tier());
  }
}

bool IsShare(const v1::Metric& metric) {
  return metric.has_conversion() || metric.has_retention() || metric.has_tier_movement();
}

// What the outcomes of a metric are, in a few words.
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
    case v1::Metric::kRetention:
      return absl::StrCat("share of users who came back with `", metric.retention().event(), "`");
    case v1::Metric::kQuantile:
      return absl::StrFormat("%g%% quantile of the values of `%s`", 100 * metric.quantile().probability(),
                             metric.quantile().event());
    case v1::Metric::kTierMovement:
      return MovementText(metric.tier_movement());
    default:
      return "";
  }
}

// 0 for an interval without both ends.
double HalfWidth(const v1::Effect& effect) {
  const v1::Interval* interval = BoundedInterval(effect);
  if (interval == nullptr || !interval->has_lower() || !interval->has_upper()) return 0;
  return (interval->upper() - interval->lower()) / 2;
}

// `least` becomes `width` where that is less; 0 stands for none.
void Narrow(double width, double& least) {
  if (width > 0 && (least == 0 || width < least)) least = width;
}

class MetricText {
 public:
  MetricText(const ReportView& view, const v1::MetricReport& metric, int width, bool has_color, Detail detail)
      : view_(view),
        metric_(metric),
        control_(ControlOf(view.campaign)),
        width_(width),
        color_(has_color),
        is_full_(detail == Detail::kFull) {
    if (const auto found = view.metrics.find(metric.metric()); found != view.metrics.end()) {
      definition_ = &found->second;
    }
    is_share_ = definition_ != nullptr && IsShare(*definition_);
    has_adjusted_p_ = std::any_of(metric.comparisons().begin(), metric.comparisons().end(),
                                  [](const v1::Comparison& row) { return row.has_adjusted_p_value(); });
    has_chance_ = (is_full_ || metric.role() == v1::METRIC_ROLE_PRIMARY) &&
                  std::any_of(metric.comparisons().begin(), metric.comparisons().end(),
                              [](const v1::Comparison& row) { return row.has_posterior(); });
    SetScale();
  }

  std::string Render() {
    AppendHead();
    for (const std::string& variant : VariantsOf(metric_)) AppendVariant(variant);
    for (const std::string& line : Footnotes(metric_, is_full_)) Dim(line, 2);
    return std::move(out_);
  }

 private:
  void Line(absl::string_view text) { absl::StrAppend(&out_, text, "\n"); }
  void Dim(absl::string_view text, int indent) { Line(Styled(color_, Style::kDim, Paragraph(text, width_, indent))); }
  void Warn(absl::string_view text, int indent) {
    Line(Styled(color_, Style::kYellow, Paragraph(text, width_, indent)));
  }

  std::string RoleText() const {
    switch (metric_.role()) {
      case v1::METRIC_ROLE_PRIMARY:
        return " (primary)";
      case v1::METRIC_ROLE_SECONDARY:
        return " (secondary)";
      case v1::METRIC_ROLE_GUARDRAIL:
        for (const v1::Guardrail& guardrail : view_.campaign.analysis().guardrails()) {
          if (guardrail.metric() != metric_.metric()) continue;
          return absl::StrFormat(" (guardrail: at most %g%% worse)", 100 * guardrail.margin());
        }
        return " (guardrail)";
      default:
        return "";
    }
  }

  void AppendHead() {
    std::string about = definition_ == nullptr ? "" : KindOf(*definition_);
    if (metric_.has_window()) {
      absl::StrAppend(&about, about.empty() ? "" : ", ", DurationText(FromProto(metric_.window())), " window");
    }
    if (metric_.has_delay() && FromProto(metric_.delay()) > absl::ZeroDuration()) {
      absl::StrAppend(&about, " after ", DurationText(FromProto(metric_.delay())));
    }
    if (definition_ != nullptr && definition_->has_cap() && !metric_.uncapped()) {
      absl::StrAppend(&about, absl::StrFormat(", capped at %g", definition_->cap()));
    }
    if (metric_.has_found_cap() && definition_ != nullptr) {
      absl::StrAppend(&about, absl::StrFormat(", capped at %g (the %g%% quantile before exposure)", metric_.found_cap(),
                                              100 * definition_->cap_quantile()));
    }
    if (definition_ != nullptr && definition_->direction() == v1::DIRECTION_DECREASE) {
      absl::StrAppend(&about, ", less is better");
    }
    const std::string role = metric_.uncapped() ? " (without cap)" : RoleText();
    Line(absl::StrCat(Styled(color_, Style::kBold, absl::StrCat(metric_.metric(), role)), about.empty() ? "" : "  ",
                      Styled(color_, Style::kDim, about)));
    if (metric_.users_with_open_window() > 0) {
      Warn(absl::StrCat("the window of ", WithThousands(metric_.users_with_open_window()),
                        " users is still open: their outcomes may grow"),
           2);
    }
    if (!metric_.has_sequential()) return;
    const std::string state = SequentialText(metric_.sequential());
    metric_.sequential().started() ? Dim(state, 2) : Warn(state, 2);
  }

  void Include(const v1::Effect& difference) {
    low_ = std::min(low_, difference.estimate());
    high_ = std::max(high_, difference.estimate());
    const v1::Interval* interval = BoundedInterval(difference);
    if (interval == nullptr || !interval->has_lower() || !interval->has_upper()) return;
    low_ = std::min(low_, interval->lower());
    high_ = std::max(high_, interval->upper());
  }

  // One scale and one number of decimals for the whole block, so that its rows can be compared; decimals by the rows
  // that decide.
  void SetScale() {
    double difference = 0, lift = 0, error = 0;
    for (const std::string& variant : VariantsOf(metric_)) {
      for (const Scope& scope : ScopesOf(metric_, variant)) {
        Include(scope.main->difference());
        Narrow(HalfWidth(scope.main->difference()), difference);
        Narrow(HalfWidth(scope.main->lift()), lift);
        Narrow(2 * scope.main->difference().standard_error(), error);
        if (!is_full_) continue;
        for (const v1::Comparison* row : scope.others) Include(row->difference());
      }
    }
    if (low_ == high_) high_ = low_ + 1;
    if (difference == 0) difference = error;
    const int decimals = DecimalsFor(is_share_ ? 100 * difference : difference);
    mean_style_ = {is_share_, is_share_ ? "%" : "", decimals, false};
    difference_style_ = {is_share_, "", decimals, true};
    lift_style_ = {true, "%", lift == 0 ? 0 : DecimalsFor(100 * lift), true};
  }

  std::string MeanText(const v1::ArmSummary* arm) const {
    return arm == nullptr || !arm->has_mean() ? "-" : NumberText(arm->mean(), mean_style_);
  }

  // Green where the interval says better, red where worse, plain where it holds 0.
  std::optional<Style> StyleOf(const v1::Effect& effect) const {
    const v1::Interval* interval = BoundedInterval(effect);
    if (interval == nullptr) return std::nullopt;
    const bool less_is_better = definition_ != nullptr && definition_->direction() == v1::DIRECTION_DECREASE;
    if (interval->has_lower() && interval->lower() > 0) return less_is_better ? Style::kRed : Style::kGreen;
    if (interval->has_upper() && interval->upper() < 0) return less_is_better ? Style::kGreen : Style::kRed;
    return std::nullopt;
  }

  static std::string EffectText(const v1::Effect& effect, const NumberStyle& style) {
    if (!effect.has_estimate()) return "-";
    const std::string estimate = NumberText(effect.estimate(), style);
    if (effect.intervals().empty()) return estimate;
    return absl::StrCat(estimate, " ", IntervalText(effect.intervals(0), style));
  }

  // The difference's column says already where there is not enough data.
  std::string LiftText(const v1::Comparison& row) const {
    if (!row.lift().has_estimate() || BoundedInterval(row.difference()) != nullptr) {
      return EffectText(row.lift(), lift_style_);
    }
    return NumberText(row.lift().estimate(), lift_style_);
  }

  std::string PlotTitle() const {
    const double unit = is_share_ ? 100 : 1;
    const int decimals = DecimalsFor((high_ - low_) * unit);
    const std::string left = low_ < 0 ? absl::StrFormat("%.*f", decimals, low_ * unit) : "0";
    const std::string right = high_ > 0 ? absl::StrFormat("+%.*f", decimals, high_ * unit) : "0";
    const int gap = kPlotCells - DisplayWidth(left) - DisplayWidth(right);
    return absl::StrCat(left, std::string(static_cast<size_t>(std::max(gap, 1)), ' '), right);
  }

  std::vector<TextTable::Column> Columns(const std::string& variant) const {
    std::vector<TextTable::Column> columns = {{"tier"},
                                              {"users", Align::kRight, kUsersDropOrder},
                                              {control_, Align::kRight, kControlDropOrder},
                                              {variant, Align::kRight},
                                              {is_share_ ? "difference (pp)" : "difference", Align::kRight},
                                              {"lift", Align::kRight}};
    if (has_adjusted_p_) columns.push_back({"adjusted p", Align::kRight});
    if (is_full_ || !has_adjusted_p_) columns.push_back({"p", Align::kRight, has_adjusted_p_ ? kPlainPDropOrder : 0});
    if (has_chance_) columns.push_back({"chance", Align::kRight, kChanceDropOrder});
    // Who asks for every estimator wants the numbers before the drawing.
    columns.push_back({PlotTitle(), Align::kLeft, is_full_ ? kChanceDropOrder + 1 : kChanceDropOrder - 1});
    return columns;
  }

  static std::string ChanceText(const v1::Comparison& row) {
    if (!row.has_posterior()) return "";
    const double chance = row.posterior().chance_to_beat_control();
    // Neither 0 nor 100: no data make it certain.
    constexpr double kLeast = 0.001;
    if (chance < kLeast) return "<0.1%";
    if (chance > 1 - kLeast) return ">99.9%";
    return NumberText(chance, {true, "%", 1, false});
  }

  // Rows other than the deciding one have the same users and means.
  std::vector<TextTable::Cell> Row(const v1::Comparison& row, std::string title, bool is_main) const {
    const v1::ArmSummary* control = ArmOf(metric_, row.tier(), control_);
    const v1::ArmSummary* treated = ArmOf(metric_, row.tier(), row.variant());
    const auto users = [](const v1::ArmSummary* arm) { return WithThousands(arm == nullptr ? 0 : arm->users()); };
    const std::optional<Style> style = StyleOf(row.difference());
    const std::optional<Style> text_style = is_main ? std::nullopt : std::optional<Style>(Style::kDim);
    std::vector<TextTable::Cell> cells = {
        {std::move(title), text_style},
        {is_main ? absl::StrCat(users(control), " / ", users(treated)) : "", Style::kDim},
        {is_main ? MeanText(control) : "", {}},
        {is_main ? MeanText(treated) : "", {}},
        {EffectText(row.difference(), difference_style_), style},
        {LiftText(row), style}};
    if (has_adjusted_p_) {
      cells.push_back({row.has_adjusted_p_value() ? PValueText(row.adjusted_p_value()) : "", {}});
    }
    if (is_full_ || !has_adjusted_p_) cells.push_back({PValueText(row), text_style});
    if (has_chance_) cells.push_back({ChanceText(row), text_style});
    cells.push_back({IntervalPlot(row.difference(), low_, high_, kPlotCells), style});
    return cells;
  }

  void AppendVariant(const std::string& variant) {
    Line(absl::StrCat("  ", Styled(color_, Style::kCyan, variant), " against ", control_));
    TextTable table(Columns(variant));
    std::vector<std::string> reasons;
    const auto add = [&](const v1::Comparison& row, std::string title, const std::string& scope, bool is_main) {
      table.AddRow(Row(row, std::move(title), is_main));
      if (row.reason().empty()) return;
      std::string reason = absl::StrCat(scope, ": ", row.reason());
      if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) reasons.push_back(std::move(reason));
    };
    for (const Scope& scope : ScopesOf(metric_, variant)) {
      const std::string title = scope.tier.empty() ? "all tiers" : scope.tier;
      add(*scope.main, absl::StrCat(title, scope.main->claimed() ? " *" : ""), title, true);
      if (!is_full_) continue;
      for (const v1::Comparison* row : scope.others) {
        add(*row, absl::StrCat("  ", EstimatorTitle(row->estimator())), title, false);
      }
    }
    absl::StrAppend(&out_, table.Render(width_, color_, 4));
    for (const std::string& reason : reasons) Warn(reason, 4);
    for (const v1::StoppedEstimate& stopped : metric_.sequential().stopped()) {
      if (stopped.variant() == variant) Dim(StoppedText(stopped, difference_style_), 4);
    }
    if (!is_full_ && metric_.role() != v1::METRIC_ROLE_PRIMARY) return;
    for (const v1::Heterogeneity& heterogeneity : metric_.heterogeneity()) {
      if (heterogeneity.variant() == variant) Dim(HeterogeneityText(heterogeneity, difference_style_), 4);
    }
  }

  const ReportView& view_;
  const v1::MetricReport& metric_;
  const v1::Metric* definition_ = nullptr;  // null where it is not known
  const std::string control_;
  const int width_;
  const bool color_;
  const bool is_full_;
  std::string out_;
  bool is_share_ = false;
  bool has_adjusted_p_ = false;
  bool has_chance_ = false;
  double low_ = 0, high_ = 0;
  NumberStyle mean_style_, difference_style_, lift_style_;
};

}  // namespace

std::string RenderMetric(const ReportView& view, const v1::MetricReport& metric, int width, bool has_color,
                         Detail detail) {
  return MetricText(view, metric, width, has_color, detail).Render();
}

}  // namespace tierwise
