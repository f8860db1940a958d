// SPDX-License-Identifier: Apache-2.0
#include "tests/oracle/not_compared.h"

namespace tierwise::oracle {
namespace {

constexpr NotCompared kNotCompared[] = {
    {"*", "gbstats*", "records what GrowthBook's engine returns"},
    {"*", "eppo_documented", "records what Eppo documents"},
    {"*", "R_*", "records what an R package returns, where the reference is another"},
    {"dose_response", "emax.params", "may be weakly identified: the fitted curve is compared"},
    {"dose_response", "sigEmax.params", "may be weakly identified: the fitted curve is compared"},
    {"dose_response", "logistic.params", "may be weakly identified: the fitted curve is compared"},
};

}  // namespace

absl::Span<const NotCompared> FieldsNotCompared() { return kNotCompared; }

}  // namespace tierwise::oracle
