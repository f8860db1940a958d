// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/proportions.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/exact_tests.h"
#include "experiments/stats/root_finding.h"
#include "experiments/stats/skewness.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

double Users(const Proportion& arm) { return static_cast<double>(arm.users); }
double Conversions(const Proportion& arm) { return static_cast<double>(arm.conversions); }
double NonConversions(const Proportion& arm) { return static_cast<double>(arm.users - arm.conversions); }

// rate (1 - rate) / users, without losing digits near rate 1.
double RateVariance(const Proportion& arm) { return arm.Rate() * (NonConversions(arm) / Users(arm)) / Users(arm); }

UserShape ShapeOf(const Proportion& arm) {
  const double rest = NonConversions(arm) / Users(arm);
  const double variance = arm.Rate() * rest;
  return {Users(arm), variance, variance * (rest - arm.Rate())};
}

ProportionTest ZTest(double difference, double variance) {
  if (!(variance > 0.0)) return {.gap = Gap::kZeroVariance};
  const double se = std::sqrt(variance);
  return {.se = se, .test = TestOf(difference / se, kInf)};
}

absl::Status CheckProportion(const Proportion& arm, absl::string_view field) {
  Problems problems;
  if (arm.users < 0)
    problems.Add(absl::StrCat(field, ".users"), absl::StrCat("is ", arm.users, "; must not be negative"));
  if (arm.conversions < 0 || arm.conversions > arm.users) {
    problems.Add(absl::StrCat(field, ".conversions"),
                 absl::StrCat("is ", arm.conversions, "; must be from 0 to the number of users, ", arm.users));
  }
  return problems.ToStatus();
}

absl::Status CheckInput(const Proportion& control, const Proportion& treatment, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckProportion(control, "control"));
  TIERWISE_RETURN_IF_ERROR(CheckProportion(treatment, "treatment"));
  return CheckConfidence(confidence);
}

// The smallest of the four cell counts expected under equal rates.
double SmallestExpectedCount(const Proportion& control, const Proportion& treatment) {
  const double conversions = Conversions(control) + Conversions(treatment);
  const double rest = NonConversions(control) + NonConversions(treatment);
  return std::min(Users(control), Users(treatment)) * (std::min(conversions, rest) / (conversions + rest));
}

}  // namespace

double RateDifference(const Proportion& control, const Proportion& treatment) {
  const auto c = static_cast<long double>(control.conversions) / static_cast<long double>(control.users);
  const auto t = static_cast<long double>(treatment.conversions) / static_cast<long double>(treatment.users);
  return static_cast<double>(t - c);
}

Interval WilsonInterval(const Proportion& arm, double confidence) {
  const double n = Users(arm);
  const double z = CriticalValue(confidence, kInf);
  const double shrink = 1.0 + z * z / n;
  const double centre = (arm.Rate() + z * z / (2.0 * n)) / shrink;
  const double half_width = z / shrink * std::sqrt(RateVariance(arm) + z * z / (4.0 * n * n));
  return {arm.conversions == 0 ? 0.0 : std::max(0.0, centre - half_width),
          arm.conversions == arm.users ? 1.0 : std::min(1.0, centre + half_width)};
}

Interval ClopperPearsonInterval(const Proportion& arm, double confidence) {
  const double tail = 0.5 * (1.0 - confidence);
  const double x = Conversions(arm);
  const double rest = NonConversions(arm);
  return {arm.conversions == 0 ? 0.0 : BetaQuantile(tail, x, rest + 1.0),
          arm.conversions == arm.users ? 1.0 : BetaQuantile(1.0 - tail, x + 1.0, rest)};
}

ProportionTest ScoreTest(const Proportion& control, const Proportion& treatment) {
  const double users = Users(control) + Users(treatment);
  const double rate = (Conversions(control) + Conversions(treatment)) / users;
  const double rest = (NonConversions(control) + NonConversions(treatment)) / users;
  return ZTest(RateDifference(control, treatment), rate * rest * (1.0 / Users(control) + 1.0 / Users(treatment)));
}

ProportionTest WaldTest(const Proportion& control, const Proportion& treatment) {
  return ZTest(RateDifference(control, treatment), RateVariance(control) + RateVariance(treatment));
}

Interval NewcombeInterval(const Proportion& control, const Proportion& treatment, double confidence) {
  const Interval c = WilsonInterval(control, confidence);
  const Interval t = WilsonInterval(treatment, confidence);
  const double difference = RateDifference(control, treatment);
  return {difference - std::hypot(treatment.Rate() - t.lower, c.upper - control.Rate()),
          difference + std::hypot(t.upper - treatment.Rate(), control.Rate() - c.lower)};
}

// The score falls with the rate, so bisection with Newton's steps inside the bracket cannot fail.
double RestrictedControlRate(const Proportion& control, const Proportion& treatment, double difference) {
  double low = std::max(0.0, -difference);
  double high = std::min(1.0, 1.0 - difference);
  const double start = (Conversions(control) + Conversions(treatment) - Users(treatment) * difference) /
                       (Users(control) + Users(treatment));
  double rate = start > low && start < high ? start : 0.5 * (low + high);
  constexpr int kMaxSteps = 200;
  for (int step = 0; step < kMaxSteps && high - low > 1e-16; ++step) {
    double score = 0.0;
    double slope = 0.0;
    const auto add = [&](double count, double probability, double sign) {
      if (count == 0.0) return;
      score += sign * count / probability;
      slope -= count / (probability * probability);
    };
    add(Conversions(control), rate, 1.0);
    add(NonConversions(control), 1.0 - rate, -1.0);
    add(Conversions(treatment), rate + difference, 1.0);
    add(NonConversions(treatment), 1.0 - rate - difference, -1.0);
    if (score == 0.0) return rate;
    (score > 0.0 ? low : high) = rate;
    const double next = rate - score / slope;
    if (std::abs(next - rate) < 1e-15 * rate) return rate;
    rate = next > low && next < high ? next : 0.5 * (low + high);
  }
  return rate;
}

namespace {

// The score statistic, z, of treatment rate - control rate against `difference`.
double RestrictedScore(const Proportion& control, const Proportion& treatment, double difference) {
  const double c = RestrictedControlRate(control, treatment, difference);
  const double t = c + difference;
  const double users = Users(control) + Users(treatment);
  const double factor = users / (users - 1.0);
  const double variance = factor * (c * (1.0 - c) / Users(control) + t * (1.0 - t) / Users(treatment));
  const double distance = RateDifference(control, treatment) - difference;
  if (distance == 0.0) return 0.0;
  return variance > 0.0 ? distance / std::sqrt(variance) : std::copysign(kInf, distance);
}

}  // namespace

Interval MiettinenNurminenInterval(const Proportion& control, const Proportion& treatment, double confidence) {
  const double critical = CriticalValue(confidence, kInf);
  const double difference = RateDifference(control, treatment);
  // The score is unbounded at the ends of the range; a bounded function of it with the same roots is what Brent's
  // method needs.
  const auto excess = [&](double null_difference, double sign) {
    const double z = sign * RestrictedScore(control, treatment, null_difference);
    return std::atan(z) - std::atan(critical);
  };
  constexpr double kTolerance = 1e-15;
  Interval interval = {-1.0, 1.0};
  if (excess(-1.0, 1.0) > 0.0) {
    interval.lower = FindRoot([&](double d) { return excess(d, 1.0); }, -1.0, difference, kTolerance);
  }
  if (excess(1.0, -1.0) > 0.0) {
    interval.upper = FindRoot([&](double d) { return excess(d, -1.0); }, difference, 1.0, kTolerance);
  }
  return interval;
}

namespace {

// The score test of treatment rate = ratio * control rate; ScoreTest where `ratio` is 1.
ProportionTest ScoreTestOfRatio(const Proportion& control, const Proportion& treatment, double ratio) {
  if (ratio == 1.0) return ScoreTest(control, treatment);
  const double users = Users(control) + Users(treatment);
  const double conversions = Conversions(control) + Conversions(treatment);
  // The restricted control rate solves a c^2 - b c + conversions = 0; this form of the smaller root does not cancel.
  const double a = users * ratio;
  const double b = Users(treatment) * ratio + Conversions(treatment) + Users(control) + Conversions(control) * ratio;
  const double root = std::sqrt(std::max(0.0, b * b - 4.0 * a * conversions));
  const double c = std::min(2.0 * conversions / (b + root), std::min(1.0, 1.0 / ratio));
  const double t = ratio * c;
  const double variance =
      std::max(0.0, t * (1.0 - t)) / Users(treatment) + ratio * ratio * c * (1.0 - c) / Users(control);
  return ZTest(treatment.Rate() - ratio * control.Rate(), variance);
}

// Newcombe's interval for treatment rate - ratio * control rate.
Interval ContrastInterval(const Proportion& control, const Proportion& treatment, double ratio, double confidence) {
  if (ratio == 1.0) return NewcombeInterval(control, treatment, confidence);
  const Interval c = WilsonInterval(control, confidence);
  const Interval t = WilsonInterval(treatment, confidence);
  const double contrast = treatment.Rate() - ratio * control.Rate();
  return {contrast - std::hypot(treatment.Rate() - t.lower, ratio * (c.upper - control.Rate())),
          contrast + std::hypot(t.upper - treatment.Rate(), ratio * (control.Rate() - c.lower))};
}

}  // namespace

absl::StatusOr<Estimate> CompareProportions(const Proportion& control, const Proportion& treatment, double confidence,
                                            double margin) {
  TIERWISE_RETURN_IF_ERROR(CheckInput(control, treatment, confidence));
  TIERWISE_RETURN_IF_ERROR(CheckMargin(margin));
  if (control.users == 0 || treatment.users == 0) return MissingEstimate(Method::kScore, Gap::kNoUsers, confidence);
  const double ratio = 1.0 + margin;
  const ProportionTest score = ScoreTestOfRatio(control, treatment, ratio);
  Estimate estimate = {
      .method = Method::kScore,
      .gap = score.gap,
      .effect = margin == 0.0 ? RateDifference(control, treatment) : treatment.Rate() - ratio * control.Rate(),
      .se = std::hypot(std::sqrt(RateVariance(treatment)), ratio * std::sqrt(RateVariance(control))),
      .test = score.test,
      .interval = ContrastInterval(control, treatment, ratio, confidence),
      .confidence = confidence};
  if (margin != 0.0 || SmallestExpectedCount(control, treatment) >= kSmallExpectedCount) return estimate;
  if (const auto p = FisherExactP(control, treatment, /*mid_p=*/true)) {
    estimate.method = Method::kFisherMidP;
    estimate.gap = Gap::kNone;
    // An exact p can underflow only where the other cells are large; the score test then has ln p.
    if (*p > 0.0) {
      estimate.test.p = *p;
      estimate.test.log_p = std::log(*p);
    }
  }
  return estimate;
}

ArmMeans MeansOf(const Proportion& control, const Proportion& treatment) {
  ArmMeans means = {.control = control.Rate(),
                    .control_variance = control.users == 0 ? 0.0 : RateVariance(control),
                    .treatment = treatment.Rate(),
                    .treatment_variance = treatment.users == 0 ? 0.0 : RateVariance(treatment)};
  if (control.users > 0 && treatment.users > 0)
    means.thirds = ThirdMomentsOfMeans(ShapeOf(control), ShapeOf(treatment));
  return means;
}

absl::StatusOr<RelativeLift> ProportionLift(const Proportion& control, const Proportion& treatment, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckInput(control, treatment, confidence));
  RelativeLift result{.method = Method::kScoreLift, .confidence = confidence};
  if (control.users == 0 || treatment.users == 0) {
    result.gap = Gap::kNoUsers;
    return result;
  }
  const ArmMeans means = MeansOf(control, treatment);
  if (control.conversions > 0 && treatment.conversions > 0 && LogRatioSe(means) > 0.0) {
    return KatzLift(means, confidence);
  }
  const Interval c = WilsonInterval(control, confidence);
  const Interval t = WilsonInterval(treatment, confidence);
  const double product = means.control * means.treatment;
  const double low_side = t.lower * (2.0 * means.treatment - t.lower) * c.upper * (2.0 * means.control - c.upper);
  const double high_side = t.upper * (2.0 * means.treatment - t.upper) * c.lower * (2.0 * means.control - c.lower);
  const double low_scale = c.upper * (2.0 * means.control - c.upper);
  const double high_scale = c.lower * (2.0 * means.control - c.lower);
  const double low_root = std::sqrt(std::max(0.0, product * product - low_side));
  const double high_root = std::sqrt(std::max(0.0, product * product - high_side));
  result.interval = {low_scale == 0.0 ? -1.0 : (product - low_root) / low_scale - 1.0,
                     high_scale == 0.0 ? kInf : (product + high_root) / high_scale - 1.0};
  if (control.conversions == 0) {
    result.gap = Gap::kZeroControl;
    result.lift = treatment.conversions > 0 ? kInf : 0.0;
  } else {
    result.lift = RateDifference(control, treatment) / means.control;
  }
  return result;
}

}  // namespace tierwise
