// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "experiments/analysis/campaign_data.h"

namespace tierwise {

// The Hillstrom e-mail experiment (examples/hillstrom/cells.csv) as moments per tier and arm: tiers head, waist, tail;
// variants no_email (control), mens, womens; metrics visit, conversion, spend.
CampaignData HillstromData();

}  // namespace tierwise
