// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "experiments/stats/proportions.h"

namespace tierwise {

// Exact tests of equal rates. REQUIRES: 0 <= conversions <= users, users > 0.

// Two-sided Fisher exact p-value: the probability, given the margins, of all tables as likely as the observed or less.
// `mid_p` counts half of those exactly as likely, which undoes most of the test's conservatism (Lydersen, Fagerland &
// Laake 2009). nullopt where the conditional distribution is too wide to add up (its standard deviation is above 10^5);
// the score test is then right to more digits than anyone reads.
std::optional<double> FisherExactP(const Proportion& control, const Proportion& treatment, bool mid_p = false);

// Two-sided Boschloo p-value: twice the smaller one-sided unconditional exact p-value, whose statistic is Fisher's
// one-sided p and whose nuisance rate is maximised over. Takes milliseconds at a few hundred users. REQUIRES: at most
// 2000 users in all.
double BoschlooP(const Proportion& control, const Proportion& treatment);

}  // namespace tierwise
