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
      AddVariable("denominator", cell_.denominator_mean(), cell_.denominator_variance(),
                  {cell_.denominator_covariance()});
    }
    if (variables_.has_covariate) {
      std::vector<double> covariances = {cell_.covariate_covariance()};
      if (variables_.kind == summary::METRIC_KIND_RATIO)
        covariances.push_back(cell_.covariate_denominator_covariance());
      AddVariable("covariate", cell_.covariate_mean(), cell_.covariate_variance(), covariances);
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
    if (variables_.kind != summary::METRIC_KIND_MEAN || variables_.has_covariate) {
      Refuse({"skewness"}, "it serves means without a covariate; that of a rate is known from its conversions");
    }
    if (is_ratio) {
      Need(denominator, "a ratio needs mean and variance of its denominator, and its covariance with the numerator");
    } else {
      Refuse(denominator, "only a ratio has a denominator");
    }
    if (variables_.has_covariate) {
      Need(covariate, "all cells of a metric with a covariate need its mean, variance and covariance with the outcome");
      if (is_ratio) Need({"covariate_denominator_covariance"}, "a ratio's covariate varies with both of its sides");
    }
    if (cell_.n() == 0) CheckNothingCounted();
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
    const std::string separator = prefix.empty() ? "" : "_";
    if (cell_.n() == 1 && variance != 0.0) {
      return Add(absl::StrCat(prefix, separator, "variance"), "must be 0 where `n` is 1: one user does not vary");
    }
    const size_t at = means_.size();
    means_.push_back(mean);
    for (size_t i = 0; i < covariances.size() && i < at; ++i) comoments_[i].push_back(covariances[i] * (n_ - 1.0));
    comoments_.push_back({variance * (n_ - 1.0)});
  }

  // Row i of `comoments_` begins at column i.
  double Comoment(size_t i, size_t j) const { return comoments_[i][j - i]; }

  // Whether any users have these covariances: each correlation at most 1, and the three of a ratio's covariate
  // together.
  void CheckDefinite() {
    const std::vector<std::string> fields =
        variables_.kind == summary::METRIC_KIND_RATIO
            ? std::vector<std::string>{"denominator_covariance", "covariate_covariance",
                                       "covariate_denominator_covariance"}
            : std::vector<std::string>{"covariate_covariance"};
    std::vector<double> correlations;
    for (size_t j = 1; j < means_.size(); ++j) {
      for (size_t i = 0; i < j; ++i) {
        const double scale = std::sqrt(Comoment(i, i)) * std::sqrt(Comoment(j, j));
        const double covariance = Comoment(i, j);
        correlations.push_back(scale > 0.0 ? covariance / scale : 0.0);
        if (std::abs(covariance) > scale * (1.0 + kRounding)) {
          Add(fields[correlations.size() - 1],
              absl::StrCat("is ", covariance / (n_ - 1.0), "; must be at most sqrt(variance x variance), ",
                           scale / (n_ - 1.0), ", in size"));
        }
      }
    }
    if (has_problem_ || correlations.size() < 3) return;
    const double a = correlations[0], b = correlations[1], c = correlations[2];
    if (1.0 + 2.0 * a * b * c - a * a - b * b - c * c < -kRounding) {
      Add(fields[1], "and the other covariances can't all be right: together they are not positive definite");
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
