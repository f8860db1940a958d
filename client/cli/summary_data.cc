// SPDX-License-Identifier: Apache-2.0
#include "client/cli/summary_data.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/suggestion.h"
#include "client/cli/summary_moments.h"
#include "client/cli/summary_prior.h"
#include "client/cli/time_text.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr size_t kMostVariants = 32;
constexpr size_t kMostTiers = 1000;
constexpr size_t kMostMetrics = 100;
constexpr size_t kMostNameBytes = 200;
constexpr size_t kMostDailyUsers = 1 << 20;
constexpr char kEveryOtherTier[] = "*";

std::optional<size_t> IndexOf(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<size_t>(found - names.begin());
}

class SummaryAssembler {
 public:
  SummaryAssembler(const SummarySource& source, const SummaryOverrides& overrides)
      : source_(source), file_(source.file), overrides_(overrides) {}

  absl::StatusOr<SummaryData> Run() && {
    NameEverything();
    CheckRules();
    TIERWISE_RETURN_IF_ERROR(problems_.ToStatus());
    FindKinds();
    StartData();
    for (int i = 0; i < file_.cells_size(); ++i) AddCell(i);
    TIERWISE_RETURN_IF_ERROR(problems_.ToStatus());
    CheckUsersAgree();
    SetShares();
    SetTimes();
    SetDailyUsers();
    FillDefinitions();
    TIERWISE_RETURN_IF_ERROR(problems_.ToStatus());
    return std::move(out_);
  }

 private:
  CampaignData& data() { return out_.data; }

  void Problem(const std::string& path, absl::string_view description) {
    problems_.Add(source_.Where(path), description);
  }
  void CellProblem(int cell, absl::string_view field, absl::string_view description) {
    problems_.Add(source_.WhereCell(static_cast<size_t>(cell), field), description);
  }

  // Takes a cell's name into `names`; where they are declared it must be one of them.
  void Name(int cell, const char* field, const std::string& name, bool is_declared, std::vector<std::string>& names) {
    if (name.empty()) return CellProblem(cell, field, "is missing");
    if (name.size() > kMostNameBytes) return CellProblem(cell, field, "must have at most 200 bytes");
    if (IndexOf(names, name).has_value()) return;
    if (is_declared) {
      return CellProblem(cell, field, absl::StrCat("unknown ", field, " `", name, "`", Suggestion(name, names)));
    }
    names.push_back(name);
  }

  void NameEverything() {
    for (int i = 0; i < file_.tiers_size(); ++i) Declare(absl::StrCat("tiers[", i, "]"), file_.tiers(i), tiers_);
    for (int i = 0; i < file_.metrics_size(); ++i) {
      Declare(absl::StrCat("metrics[", i, "].id"), file_.metrics(i).id(), metrics_);
    }
    for (int i = 0; i < file_.cells_size(); ++i) {
      const summary::SummaryCell& cell = file_.cells(i);
      Name(i, "tier", cell.tier(), file_.tiers_size() > 0, tiers_);
      Name(i, "variant", cell.variant(), false, variants_);
      Name(i, "metric", cell.metric(), file_.metrics_size() > 0, metrics_);
    }
    CheckCount("variants", variants_.size(), 2, kMostVariants);
    CheckCount("tiers", tiers_.size(), 1, kMostTiers);
    CheckCount("metrics", metrics_.size(), 1, kMostMetrics);
    FindControl();
  }

  void Declare(const std::string& path, const std::string& name, std::vector<std::string>& names) {
    if (name.empty()) return Problem(path, "is missing");
    if (IndexOf(names, name).has_value()) return Problem(path, absl::StrCat("`", name, "` is given twice"));
    names.push_back(name);
  }

  void CheckCount(const char* what, size_t count, size_t least, size_t most) {
    if (count >= least && count <= most) return;
    Problem("cells", absl::StrCat("name ", count, " ", what, "; must be ", least, " to ", most));
  }

  void FindControl() {
    const bool is_flag = !overrides_.control.empty();
    const std::string& control = is_flag ? overrides_.control : file_.control();
    const std::string place = is_flag ? "--control" : source_.Where("control");
    if (control.empty()) {
      problems_.Add(place, absl::StrCat("is missing: name the variant that the others are compared with, here or with "
                                        "--control",
                                        Suggestion("", variants_)));
    } else if (const auto index = IndexOf(variants_, control); index.has_value()) {
      data().control = static_cast<int>(*index);
    } else {
      problems_.Add(place, absl::StrCat("unknown variant `", control, "`", Suggestion(control, variants_)));
    }
  }

  void CheckRange(const std::string& path, double value, double least, double most) {
    if (value < least || value > most) {
      Problem(path, absl::StrCat("is ", value, "; must be ", least, " to ", most));
    }
  }

  void CheckRules() {
    const v1::AnalysisPlan& plan = file_.analysis();
    if (plan.alpha() != 0.0) CheckRange("analysis.alpha", plan.alpha(), 0.001, 0.2);
    CheckRange("analysis.worthwhile_lift", plan.worthwhile_lift(), 0.0, 10.0);
    if (plan.sequential_rule() == v1::SEQUENTIAL_RULE_ALPHA_SPENDING &&
        !(file_.schedule().has_start_time() && file_.schedule().has_end_time())) {
      Problem("analysis.sequential_rule", "alpha_spending needs `schedule` with start_time and end_time");
    }
    const v1::Schedule& schedule = file_.schedule();
    if (schedule.has_start_time() && schedule.has_end_time() &&
        FromProto(schedule.start_time()) >= FromProto(schedule.end_time())) {
      Problem("schedule.end_time", "must be after start_time");
    }
    std::set<std::string> seen;
    for (int i = 0; i < plan.guardrails_size(); ++i) {
      const v1::Guardrail& guardrail = plan.guardrails(i);
      const std::string path = absl::StrCat("analysis.guardrails[", i, "]");
      const auto metric = IndexOf(metrics_, guardrail.metric());
      CheckRange(path + ".margin", guardrail.margin(), 0.0, 1.0);
      if (!metric.has_value()) {
        Problem(path + ".metric",
                absl::StrCat("unknown metric `", guardrail.metric(), "`", Suggestion(guardrail.metric(), metrics_)));
      } else if (*metric == 0) {
        Problem(path + ".metric", "is the primary metric, which can't be a guardrail");
      } else if (!seen.insert(guardrail.metric()).second) {
        Problem(path + ".metric", "has a guardrail already");
      }
    }
    if (file_.has_prior()) {
      CheckPrior(file_.prior(), [this](absl::string_view field, absl::string_view description) {
        Problem(std::string(field), description);
      });
    }
    if (file_.users_in_two_variants() < 0 || file_.users_in_two_variants() > kMostSummaryUsers) {
      Problem("users_in_two_variants", "must be 0 or a number of users");
    }
  }

  // What each metric is, as declared or as its cells look.
  void FindKinds() {
    variables_.resize(metrics_.size());
    std::vector<bool> has_denominator(metrics_.size()), has_conversions(metrics_.size());
    for (const summary::SummaryCell& cell : file_.cells()) {
      const size_t metric = *IndexOf(metrics_, cell.metric());
      has_denominator[metric] = has_denominator[metric] || cell.has_denominator_mean();
      has_conversions[metric] = has_conversions[metric] || cell.has_conversions();
      SummaryVariables& variables = variables_[metric];
      variables.has_covariate_list = variables.has_covariate_list || cell.covariates_size() > 0;
      variables.covariates =
          std::max({variables.covariates, cell.has_covariate_mean() ? 1 : 0, cell.covariates_size()});
    }
    for (size_t i = 0; i < metrics_.size(); ++i) {
      variables_[i].kind = has_conversions[i]   ? summary::METRIC_KIND_RATE
                           : has_denominator[i] ? summary::METRIC_KIND_RATIO
                                                : summary::METRIC_KIND_MEAN;
    }
    for (int i = 0; i < file_.metrics_size(); ++i) {
      const summary::MetricKind kind = file_.metrics(i).kind();
      if (kind != summary::METRIC_KIND_UNSPECIFIED) variables_[static_cast<size_t>(i)].kind = kind;
    }
  }

  void StartData() {
    data().id = file_.campaign().empty() ? "summary" : file_.campaign();
    data().variants = variants_;
    for (const std::string& tier : tiers_)
      data().tiers.push_back({tier, 1, std::vector<double>(variants_.size(), 0.0)});
    data().users.assign(tiers_.size() * variants_.size(), -1);
    data().users_in_two_variants = file_.users_in_two_variants();
    for (size_t i = 0; i < metrics_.size(); ++i) {
      MetricData metric;
      metric.id = metrics_[i];
      metric.estimand = variables_[i].kind == summary::METRIC_KIND_RATE    ? Estimand::kRate
                        : variables_[i].kind == summary::METRIC_KIND_RATIO ? Estimand::kRatio
                                                                           : Estimand::kMean;
      if (i == 0) {
        metric.role = v1::METRIC_ROLE_PRIMARY;
        metric.prior = PriorOf(file_.prior());
      }
      for (const v1::Guardrail& guardrail : file_.analysis().guardrails()) {
        if (guardrail.metric() != metric.id) continue;
        metric.role = v1::METRIC_ROLE_GUARDRAIL;
        metric.margin = guardrail.margin();
      }
      if (i < static_cast<size_t>(file_.metrics_size())) {
        const summary::SummaryMetric& declared = file_.metrics(static_cast<int>(i));
        if (declared.direction() != v1::DIRECTION_UNSPECIFIED) metric.direction = declared.direction();
        metric.window = FromProto(declared.window());
      }
      metric.cells.assign(data().users.size(), JointMoments(variables_[i].count()));
      data().metrics.push_back(std::move(metric));
    }
    data().secondary_metrics = static_cast<int>(metrics_.size()) - 1 - file_.analysis().guardrails_size();
  }

  void AddCell(int i) {
    const summary::SummaryCell& cell = file_.cells(i);
    const size_t metric = *IndexOf(metrics_, cell.metric());
    const size_t at = data().CellOf(*IndexOf(tiers_, cell.tier()), *IndexOf(variants_, cell.variant()));
    const absl::Time day = cell.has_day() ? FromProto(cell.day()) : absl::InfinitePast();
    auto& days = days_[{metric, at}];
    if (const auto [first, is_new] = days.emplace(day, i); !is_new) {
      return CellProblem(i, "",
                         absl::StrCat("the same tier, variant, metric", cell.has_day() ? " and day" : "", " as ",
                                      source_.WhereCell(static_cast<size_t>(first->second), ""),
                                      "; give each once, or `day` to tell them apart"));
    }
    if (days.begin()->first == absl::InfinitePast() && days.size() > 1) {
      return CellProblem(i, "day", "must stand in all rows of a cell or in none");
    }
    const JointMoments moments =
        MomentsOf(cell, variables_[metric],
                  [&](absl::string_view field, absl::string_view description) { CellProblem(i, field, description); });
    JointMoments& sum = data().metrics[metric].cells[at];
    if (moments.n() > 0) sum.Merge(moments);
    if (sum.n() > kMostSummaryUsers) {
      CellProblem(i, "n", absl::StrCat("adds up to more than ", kMostSummaryUsers, " users over the days"));
    }
  }

  // Every metric counts every user of a cell.
  void CheckUsersAgree() {
    std::map<size_t, int> counted;  // cell to a row of it
    for (const auto& [key, days] : days_) {
      const auto& [metric, at] = key;
      const int row = days.begin()->second;
      const int64_t n = data().metrics[metric].cells[at].n();
      if (const auto [first, is_new] = counted.emplace(at, row); is_new) {
        data().users[at] = n;
      } else if (data().users[at] != n) {
        CellProblem(row, "n",
                    absl::StrCat("is ", n, " users, but ", data().users[at], " at ",
                                 source_.WhereCell(static_cast<size_t>(first->second), ""),
                                 ": each metric counts all users of the cell; those without an event have "
                                 "the outcome 0"));
      }
    }
    for (const auto& [at, row] : counted) {
      for (size_t metric = 0; metric < metrics_.size(); ++metric) {
        if (data().users[at] == 0 || days_.count({metric, at}) > 0) continue;
        CellProblem(row, "metric",
                    absl::StrCat("this tier and variant have no cell of metric `", metrics_[metric], "`"));
      }
    }
  }

  const v1::TierPlan* PlanOf(const std::string& tier) const {
    const v1::TierPlan* for_others = nullptr;
    for (const v1::TierPlan& plan : file_.tier_plans()) {
      if (plan.tier() == tier) return &plan;
      if (plan.tier() == kEveryOtherTier) for_others = &plan;
    }
    return for_others;
  }

  void CheckPlans() {
    std::set<std::string> seen;
    for (int i = 0; i < file_.tier_plans_size(); ++i) {
      const v1::TierPlan& plan = file_.tier_plans(i);
      const std::string path = absl::StrCat("tier_plans[", i, "]");
      if (!seen.insert(plan.tier()).second) Problem(path + ".tier", "has a plan already");
      if (plan.tier() != kEveryOtherTier && !IndexOf(tiers_, plan.tier()).has_value()) {
        Problem(path + ".tier", absl::StrCat("unknown tier `", plan.tier(), "`", Suggestion(plan.tier(), tiers_)));
      }
      double total = 0.0;
      std::set<std::string> arms;
      for (int j = 0; j < plan.arms_size(); ++j) {
        const std::string& variant = plan.arms(j).variant();
        const std::string arm = absl::StrCat(path, ".arms[", j, "].variant");
        if (!IndexOf(variants_, variant).has_value()) {
          Problem(arm, absl::StrCat("unknown variant `", variant, "`", Suggestion(variant, variants_)));
        }
        if (!arms.insert(variant).second) Problem(arm, "has a weight already");
        total += plan.arms(j).weight();
      }
      if (!(total > 0.0)) Problem(path + ".arms", "must have a weight above 0");
    }
  }

  void SetShares() {
    CheckPlans();
    if (!problems_.empty()) return;
    for (size_t tier = 0; tier < tiers_.size(); ++tier) {
      std::vector<double> weights(variants_.size(), 0.0);
      if (const v1::TierPlan* plan = PlanOf(tiers_[tier]); plan != nullptr) {
        for (const v1::Arm& arm : plan->arms()) weights[*IndexOf(variants_, arm.variant())] = arm.weight();
      } else if (file_.tier_plans().empty()) {
        for (size_t variant = 0; variant < weights.size(); ++variant) {
          weights[variant] = data().users[data().CellOf(tier, variant)] >= 0 ? 1.0 : 0.0;
        }
      }
      double total = 0.0;
      for (const double weight : weights) total += weight;
      for (size_t variant = 0; variant < weights.size(); ++variant) {
        data().tiers[tier].expected_share[variant] = total > 0.0 ? weights[variant] / total : 0.0;
      }
    }
    for (int64_t& users : data().users) users = std::max<int64_t>(users, 0);
  }

  void SetTimes() {
    std::optional<absl::Time> first, last;
    for (const summary::SummaryCell& cell : file_.cells()) {
      if (!cell.has_day()) continue;
      const absl::Time day = FromProto(cell.day());
      first = std::min(first.value_or(day), day);
      last = std::max(last.value_or(day), day);
    }
    const v1::Schedule& schedule = file_.schedule();
    data().as_of = overrides_.as_of.has_value() ? *overrides_.as_of
                   : file_.has_as_of()          ? FromProto(file_.as_of())
                   : last.has_value()           ? *last + absl::Hours(24)
                   : schedule.has_end_time()    ? FromProto(schedule.end_time())
                                                : overrides_.now;
    const absl::Time start = schedule.has_start_time() ? FromProto(schedule.start_time()) : data().as_of;
    data().first_exposure = first.value_or(start);
    data().last_exposure = last.value_or(std::max(start, data().as_of));
    if (data().as_of < data().last_exposure) {
      Problem("as_of", absl::StrCat(TimeTitle(data().as_of), " is before the last day, ",
                                    TimeTitle(data().last_exposure), ": leave later days out"));
    }
  }

  // Where the primary metric's cells come by day, the users do.
  void SetDailyUsers() {
    std::set<absl::Time> all_days;
    for (const auto& [key, days] : days_) {
      if (key.first != 0) continue;
      for (const auto& [day, row] : days) all_days.insert(day);
    }
    if (all_days.size() < 2 || data().users.size() * all_days.size() > kMostDailyUsers) return;
    for (const absl::Time day : all_days) {
      std::vector<int64_t>& users = data().daily_users.emplace_back(data().users.size());
      for (size_t cell = 0; cell < users.size(); ++cell) {
        const auto days = days_.find({0, cell});
        if (days == days_.end()) continue;
        const auto row = days->second.find(day);
        if (row != days->second.end()) users[cell] = file_.cells(row->second).n();
      }
    }
  }

  void FillDefinitions() {
    v1::Campaign& campaign = out_.campaign;
    campaign.set_id(data().id);
    for (size_t i = 0; i < variants_.size(); ++i) {
      v1::Variant* variant = campaign.add_variants();
      variant->set_id(variants_[i]);
      variant->set_control(static_cast<int>(i) == data().control);
    }
    for (const std::string& metric : metrics_) campaign.add_metrics(metric);
    *campaign.mutable_analysis() = file_.analysis();
    *campaign.mutable_schedule() = file_.schedule();
    data().rules = RulesOf(campaign);
    for (const MetricData& metric : data().metrics) {
      v1::Metric& definition = out_.metrics[metric.id];
      definition.set_id(metric.id);
      definition.set_direction(metric.direction);
      if (metric.estimand == Estimand::kRate) {
        definition.mutable_conversion()->set_event(metric.id);
      } else if (metric.estimand == Estimand::kRatio) {
        definition.mutable_ratio();
      } else {
        definition.mutable_sum()->set_event(metric.id);
      }
    }
  }

  const SummarySource& source_;
  const summary::SummaryFile& file_;
  const SummaryOverrides& overrides_;
  Problems problems_;
  SummaryData out_;
  std::vector<std::string> tiers_, variants_, metrics_;
  std::vector<SummaryVariables> variables_;                              // per metric
  std::map<std::pair<size_t, size_t>, std::map<absl::Time, int>> days_;  // of (metric, cell): day to row
};

}  // namespace

absl::StatusOr<SummaryData> AssembleSummary(const SummarySource& source, const SummaryOverrides& overrides) {
  return SummaryAssembler(source, overrides).Run();
}

}  // namespace tierwise
