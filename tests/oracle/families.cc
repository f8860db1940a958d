// SPDX-License-Identifier: Apache-2.0
#include "tests/oracle/families.h"

namespace tierwise::oracle {
namespace {

constexpr Family kFamilies[] = {
    {"bayes_beta_binomial", CheckBayesBetaBinomial},
    {"best_arm", CheckBestArm},
    {"cuped", CheckCuped},
    {"dose_response", CheckDoseResponse},
    {"group_sequential", CheckGroupSequential},
    {"isotonic", CheckIsotonic},
    {"mckp", CheckMckp},
    {"multiple_testing", CheckMultipleTesting},
    {"post_stratification", CheckPostStratification},
    {"power", CheckPower},
    {"quantile", CheckQuantile},
    {"ratio_delta", CheckRatioDelta},
    {"sequential", CheckSequential},
    {"srm", CheckSrm},
    {"tier_heterogeneity", CheckTierHeterogeneity},
    {"two_proportions", CheckTwoProportions},
    {"welch_means", CheckWelchMeans},
    {"winners", CheckWinners},
};

}  // namespace

absl::Span<const Family> Families() { return kFamilies; }

}  // namespace tierwise::oracle
