// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace tierwise {

struct Invocation;

// The verbs of `tierwise tiers`.
void AddTiersTemplate(CLI::App& tiers, Invocation& invocation);
void AddTiersPreview(CLI::App& tiers, Invocation& invocation);
void AddTiersRefresh(CLI::App& tiers, Invocation& invocation);
void AddTiersRefreshes(CLI::App& tiers, Invocation& invocation);
void AddTiersCancel(CLI::App& tiers, Invocation& invocation);
void AddTiersShow(CLI::App& tiers, Invocation& invocation);
void AddTiersHistory(CLI::App& tiers, Invocation& invocation);
void AddTiersTransitions(CLI::App& tiers, Invocation& invocation);
void AddTiersMovers(CLI::App& tiers, Invocation& invocation);
void AddTiersThresholds(CLI::App& tiers, Invocation& invocation);
void AddTiersClusters(CLI::App& tiers, Invocation& invocation);

}  // namespace tierwise
