// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "experiments/stats/proportions.h"

namespace tierwise::oracle {

// Miettinen & Nurminen's interval for treatment rate - control rate from its definition alone: the differences whose
// score statistic, with the rates of greatest likelihood found by search and the factor N / (N - 1), is not beyond the
// normal quantile. Shares no code with the product.
Interval ScoreIntervalByDefinition(const Proportion& control, const Proportion& treatment, double confidence);

}  // namespace tierwise::oracle
