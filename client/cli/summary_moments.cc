// SPDX-License-Identifier: Apache-2.0
#include "client/cli/summary_moments.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

// Squares of larger numbers would not fit a double.
constexpr double kLargest = 1e100;
// What rounding may take a correlation beyond 1.
constexpr double kRounding = 1e-9;
// The same of what is left of a variance after several others.
constexpr double kPivotRounding = 1e-7;
// The least share of a sum of squares that is variance: below it, more than four digits of the variance are lost.
constexpr double kLeastVarianceShare = 1e-4;

class MomentsReader {
 public:
  MomentsReader(const summary::SummaryCell& cell, const SummaryVariables& variables,
                absl::FunctionRef<void(absl::string_view, absl::string_view)> add_problem)
      : cell_(cell), variables_(variables), add_problem_(add_problem), n_(static_cast<double>(cell.n())) {}

  JointMoments Read() {
    CheckUsers();
    CheckNumbers();
    CheckFields();
    CheckSkewness();
    if (has_problem_ || cell_.n() == 0) return JointMoments(variables_.count());
    if (variables_.kind == summary::METRIC_KIND_RATE) {
      ReadRate();
    } else {
      ReadOutcome();
    }
    if (variables_.kind == summary::METRIC_KIND_RATIO) {
      AddVariable("denominator_", cell_.denominator_mean(), cell_.denominator_variance(),
                  {cell_.denominator_covariance()});
    }
    if (variables_.has_covariate_list) {
      for (int i = 0; i < cell_.covariates_size(); ++i) ReadCovariate(i);
    } else if (variables_.covariates > 0) {
      std::vector<double> covariances = {cell_.covariate_covariance()};
      if (variables_.kind == summary::METRIC_KIND_RATIO)
        covariances.push_back(cell_.covariate_denominator_covariance());
      AddVariable("covariate_", cell_.covariate_mean(), cell_.covariate_variance(), covariances);
    }
    if (has_problem_) return JointMoments(variables_.count());
    CheckDefinite();
    return Moments();
  }

 private:
  void Add(absl::string_view field, absl::string_view description) {
    has_problem_ = true;
    add_problem_(field, description);
  }

  void CheckUsers() {
    if (!cell_.has_n()) {
      Add("n", "is missing: how many users are in the cell, those without any event included");
    } else if (cell_.n() < 0 || cell_.n() > kMostSummaryUsers) {
      Add("n", absl::StrCat("is ", cell_.n(), "; must be 0 to ", kMostSummaryUsers, " users"));
    }
  }

  // Text that is no finite number was refused where the file was read.
  void CheckNumbers() {
    const auto* type = cell_.GetDescriptor();
    const auto* reflection = cell_.GetReflection();
    for (int i = 0; i < type->field_count(); ++i) {
      const auto* field = type->field(i);
      if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_DOUBLE) continue;
      const double value = reflection->GetDouble(cell_, field);
      if (!(std::abs(value) <= kLargest)) {
        Add(field->name(), absl::StrCat("is ", value, "; must be at most 1e100 in size: take a larger unit"));
      }
      const bool is_square = field->name() == "sum_squares" || field->name() == "variance" ||
                             field->name() == "denominator_variance" || field->name() == "covariate_variance";
      if (is_square && value < 0.0) {
        Add(field->name(), absl::StrCat("is ", value, "; must be 0 or more: a mean of squares is never negative"));
      }
    }
  }

  bool Has(const std::string& name) const {
    const auto* field = cell_.GetDescriptor()->FindFieldByName(name);
    return cell_.GetReflection()->HasField(cell_, field);
  }

  void Need(const std::vector<std::string>& fields, absl::string_view why) {
    for (const std::string& field : fields) {
      if (!Has(field) && cell_.n() > 0) Add(field, absl::StrCat("is missing: ", why));
    }
  }

  void Refuse(const std::vector<std::string>& fields, absl::string_view why) {
    for (const std::string& field : fields) {
      if (Has(field)) Add(field, absl::StrCat("has no meaning here: ", why));
    }
  }

  void CheckFields() {
    const bool is_ratio = variables_.kind == summary::METRIC_KIND_RATIO;
    const std::vector<std::string> denominator = {"denominator_mean", "denominator_variance", "denominator_covariance"};
    const std::vector<std::string> covariate = {"covariate_mean", "covariate_variance", "covariate_covariance"};
    if (variables_.kind == summary::METRIC_KIND_RATE) {
      Need({"conversions"}, "a rate is given by `n` and `conversions`");
      Refuse({"mean", "variance", "sum", "sum_squares"}, "a rate is given by `n` and `conversions`");
    } else {
      Refuse({"conversions"}, "the metric is a mean or ratio; a rate has the kind `rate`");
      const bool has_sums = Has("sum") || Has("sum_squares");
      if (has_sums) {
        Need({"sum", "sum_squares"}, "`sum` and `sum_squares` go together; better give `mean` and `variance`");
        Refuse({"mean", "variance"}, "`sum` and `sum_squares` are given, too");
      } else {
        Need({"mean", "variance"}, "a mean needs both of `mean` and `variance`");
      }
    }
    if (variables_.kind != summary::METRIC_KIND_MEAN || variables_.covariates > 0) {
      Refuse({"skewness"}, "it serves means without a covariate; that of a rate is known from its conversions");
    }
    if (is_ratio) {
      Need(denominator, "a ratio needs mean and variance of its denominator, and its covariance with the numerator");
    } else {
      Refuse(denominator, "only a ratio has a denominator");
    }
    if (variables_.has_covariate_list) {
      Refuse(covariate, "`covariates` are given, too");
      CheckCovariateList();
    } else if (variables_.covariates > 0) {
      Need(covariate, "all cells of a metric with a covariate need its mean, variance and covariance with the outcome");
      if (is_ratio) Need({"covariate_denominator_covariance"}, "a ratio's covariate varies with both of its sides");
    }
    if (cell_.n() == 0) CheckNothingCounted();
  }

  void CheckCovariateList() {
    if (cell_.n() > 0 && cell_.covariates_size() != variables_.covariates) {
      Add("covariates", absl::StrCat("has ", cell_.covariates_size(), " covariates, other cells of the metric have ",
                                     variables_.covariates));
    }
    if (cell_.n() == 0 && cell_.covariates_size() > 0) Add("covariates", "must be left out where `n` is 0");
    if (cell_.covariates_size() > kMostSummaryCovariates) {
      Add("covariates",
          absl::StrCat("has ", cell_.covariates_size(), "; at most ", kMostSummaryCovariates, " are allowed"));
    }
    for (int i = 0; i < cell_.covariates_size(); ++i) CheckCovariate(i);
  }

  static std::string CovariateField(int i, absl::string_view field) {
    return absl::StrCat("covariates[", i, "].", field);
  }

  void CheckCovariate(int i) {
    const summary::SummaryCovariate& covariate = cell_.covariates(i);
    const auto check = [&](absl::string_view field, bool is_given, double value) {
      if (!is_given) Add(CovariateField(i, field), "is missing");
      if (!(std::abs(value) <= kLargest)) Add(CovariateField(i, field), "must be finite, and at most 1e100 in size");
    };
    check("mean", covariate.has_mean(), covariate.mean());
    check("variance", covariate.has_variance(), covariate.variance());
    check("covariance", covariate.has_covariance(), covariate.covariance());
    if (variables_.kind == summary::METRIC_KIND_RATIO) {
      check("denominator_covariance", covariate.has_denominator_covariance(), covariate.denominator_covariance());
    } else if (covariate.has_denominator_covariance()) {
      Add(CovariateField(i, "denominator_covariance"), "has no meaning here: only a ratio has a denominator");
    }
    if (covariate.variance() < 0.0) Add(CovariateField(i, "variance"), "must be 0 or more");
    if (covariate.covariances_size() != i) {
      Add(CovariateField(i, "covariances"), absl::StrCat("has ", covariate.covariances_size(), " numbers; must have ",
                                                         i, ", one for each covariate before it"));
    }
    for (const double covariance : covariate.covariances()) check("covariances", true, covariance);
  }

  // No user can be further out than sqrt(n) standard deviations.
  void CheckSkewness() {
    if (cell_.has_skewness() && std::abs(cell_.skewness()) > std::sqrt(n_)) {
      Add("skewness", absl::StrCat("is ", cell_.skewness(), "; ", cell_.n(), " users have at most sqrt(n), ",
                                   std::sqrt(n_), ", in size"));
    }
  }

  void CheckNothingCounted() {
    const auto* type = cell_.GetDescriptor();
    for (int i = 0; i < type->field_count(); ++i) {
      const auto* field = type->field(i);
      const bool is_number = field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_DOUBLE;
      if (is_number && cell_.GetReflection()->GetDouble(cell_, field) != 0.0) {
        Add(field->name(), "must be 0 or left out where `n` is 0");
      }
    }
    if (cell_.conversions() != 0) Add("conversions", "must be 0 or left out where `n` is 0");
  }

  void ReadRate() {
    if (cell_.conversions() < 0 || cell_.conversions() > cell_.n()) {
      return Add("conversions", absl::StrCat("is ", cell_.conversions(), "; must be 0 to `n`, ", cell_.n(),
                                             ": users are counted, not events"));
    }
    const double conversions = static_cast<double>(cell_.conversions());
    means_ = {conversions / n_};
    comoments_ = {{conversions * (static_cast<double>(cell_.n() - cell_.conversions()) / n_)}};
  }

  void ReadOutcome() {
    if (!cell_.has_sum()) return AddVariable("", cell_.mean(), cell_.variance(), {});
    const double mean = cell_.sum() / n_;
    const double deviations = cell_.sum_squares() - cell_.sum() * mean;
    if (deviations < -kRounding * cell_.sum_squares()) {
      return Add("sum_squares", "is below sum^2 / n, which no users can have");
    }
    if (cell_.n() > 1 && deviations < kLeastVarianceShare * cell_.sum_squares()) {
      return Add("sum_squares",
                 "is nearly all mean: too few digits of the variance are left. Give `mean` and `variance`");
    }
    AddVariable("", mean, cell_.n() > 1 ? deviations / (n_ - 1.0) : 0.0, {});
  }

  // `covariances` with the variables before it.
  void AddVariable(const std::string& prefix, double mean, double variance, const std::vector<double>& covariances) {
    if (cell_.n() == 1 && variance != 0.0) {
      return Add(absl::StrCat(prefix, "variance"), "must be 0 where `n` is 1: one user does not vary");
    }
    const size_t at = means_.size();
    means_.push_back(mean);
    for (size_t i = 0; i < covariances.size() && i < at; ++i) comoments_[i].push_back(covariances[i] * (n_ - 1.0));
    comoments_.push_back({variance * (n_ - 1.0)});
  }

  void ReadCovariate(int i) {
    const summary::SummaryCovariate& covariate = cell_.covariates(i);
    std::vector<double> covariances = {covariate.covariance()};
    if (variables_.kind == summary::METRIC_KIND_RATIO) covariances.push_back(covariate.denominator_covariance());
    covariances.insert(covariances.end(), covariate.covariances().begin(), covariate.covariances().end());
    AddVariable(CovariateField(i, ""), covariate.mean(), covariate.variance(), covariances);
  }

  // Row i of `comoments_` begins at column i.
  double Comoment(size_t i, size_t j) const { return comoments_[i][j - i]; }

  // The field that states the covariance of variables i < j.
  std::string CovarianceField(size_t i, size_t j) const {
    const auto outcomes = static_cast<size_t>(variables_.outcomes());
    if (j < outcomes) return "denominator_covariance";
    if (variables_.has_covariate_list) {
      const auto covariate = static_cast<int>(j - outcomes);
      if (i >= outcomes) return CovariateField(covariate, absl::StrCat("covariances[", i - outcomes, "]"));
      return CovariateField(covariate, i == 0 ? "covariance" : "denominator_covariance");
    }
    return i == 0 ? "covariate_covariance" : "covariate_denominator_covariance";
  }

  double Correlation(size_t i, size_t j) const {
    const double scale = std::sqrt(Comoment(i, i)) * std::sqrt(Comoment(j, j));
    return scale > 0.0 ? Comoment(i, j) / scale : 0.0;
  }

  // Whether any users have these covariances: each correlation at most 1, and all of them together.
  void CheckDefinite() {
    for (size_t j = 1; j < means_.size(); ++j) {
      for (size_t i = 0; i < j; ++i) {
        const double scale = std::sqrt(Comoment(i, i)) * std::sqrt(Comoment(j, j));
        if (std::abs(Comoment(i, j)) <= scale * (1.0 + kRounding)) continue;
        Add(CovarianceField(i, j),
            absl::StrCat("is ", Comoment(i, j) / (n_ - 1.0), "; must be at most sqrt(variance x variance), ",
                         scale / (n_ - 1.0), ", in size"));
      }
    }
    if (has_problem_ || means_.size() < 3) return;
    // Cholesky's decomposition of the correlations: a pivot below 0 is impossible, one of 0 is a repetition.
    std::vector<std::vector<double>> factor;
    for (size_t j = 0; j < means_.size(); ++j) {
      factor.emplace_back(j + 1);
      double pivot = 1.0;
      for (size_t i = 0; i < j; ++i) {
        double rest = Correlation(i, j);
        for (size_t k = 0; k < i; ++k) rest -= factor[i][k] * factor[j][k];
        factor[j][i] = factor[i][i] > 0.0 ? rest / factor[i][i] : 0.0;
        pivot -= factor[j][i] * factor[j][i];
      }
      if (pivot < -kPivotRounding) {
        return Add(CovarianceField(0, j),
                   "and the other covariances can't all be right: together they are not positive definite");
      }
      factor[j][j] = pivot > kPivotRounding ? std::sqrt(pivot) : 0.0;
    }
  }

  JointMoments Moments() const {
    std::vector<double> upper;
    for (const std::vector<double>& row : comoments_) upper.insert(upper.end(), row.begin(), row.end());
    if (means_.size() == 1 && variables_.kind == summary::METRIC_KIND_RATE) {
      return JointMoments::FromParts(cell_.n(), means_, {upper[0]}, {upper[0] * (1.0 - 2.0 * means_[0])});
    }
    if (cell_.has_skewness()) {
      const double variance = cell_.n() > 1 ? upper[0] / (n_ - 1.0) : 0.0;
      return JointMoments::FromParts(cell_.n(), means_, {upper[0]},
                                     {n_ * cell_.skewness() * variance * std::sqrt(variance)});
    }
    return JointMoments::FromParts(cell_.n(), means_, std::move(upper));
  }

  const summary::SummaryCell& cell_;
  const SummaryVariables& variables_;
  absl::FunctionRef<void(absl::string_view, absl::string_view)> add_problem_;
  const double n_;
  bool has_problem_ = false;
  std::vector<double> means_;
  std::vector<std::vector<double>> comoments_;  // upper triangle
};

}  // namespace

JointMoments MomentsOf(const summary::SummaryCell& cell, const SummaryVariables& variables,
                       absl::FunctionRef<void(absl::string_view, absl::string_view)> add_problem) {
  return MomentsReader(cell, variables, add_problem).Read();
}

}  // namespace tierwise
