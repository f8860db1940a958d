// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/words.h"

namespace tierwise {

absl::string_view TestWords(Method method) {
  switch (method) {
    case Method::kWelch:
      return "Welch t";
    case Method::kScore:
      return "score z";
    case Method::kFisherMidP:
      return "Fisher mid-p";
    case Method::kWald:
      return "Wald z";
    case Method::kRatioDelta:
      return "delta-method t";
    case Method::kRegressionAdjusted:
      return "regression-adjusted t";
    case Method::kPostStratified:
      return "post-stratified t";
    case Method::kSkewnessCorrected:
      return "skewness-corrected t";
    case Method::kSkewnessScore:
      return "skewness-corrected score";
    default:
      return MethodName(method);
  }
}

absl::string_view IntervalWords(Method method) {
  switch (method) {
    case Method::kScore:
    case Method::kFisherMidP:
      return "Newcombe";
    case Method::kWald:
      return "Wald";
    case Method::kKatz:
      return "Katz";
    case Method::kFieller:
      return "Fieller";
    case Method::kScoreLift:
      return "Donner-Zou";
    default:
      return TestWords(method);
  }
}

absl::string_view ReasonWords(Gap gap) {
  switch (gap) {
    case Gap::kNone:
      return "";
    case Gap::kNoUsers:
      return "an arm has no users";
    case Gap::kTooFewUsers:
      return "an arm has a single user";
    case Gap::kZeroVariance:
      return "the outcome is the same for every user";
    case Gap::kZeroControl:
      return "the control's mean is 0, so there is no lift";
    case Gap::kZeroDenominator:
      return "an arm's denominators add up to 0";
    case Gap::kUnbounded:
      return "the control's mean is not told apart from 0, so the lift is unbounded";
  }
  return "";
}

}  // namespace tierwise
