// SPDX-License-Identifier: Apache-2.0
#include "client/cli/command.h"
#include "client/cli/tiers_verbs.h"

namespace tierwise {
namespace {

constexpr char kExamples[] =
    "From nothing to tiers:\n"
    "  tierwise tiers template value --apply       head, waist and tail by a year's purchases\n"
    "  tierwise tiers refresh                      puts every user into a tier\n"
    "  tierwise tiers show value --value spend_12m\n"
    "\n"
    "Examples:\n"
    "  tierwise tiers preview -f tiering.yaml      who would move, before anything is saved\n"
    "  tierwise tiers history value --event purchase\n"
    "  tierwise tiers transitions value --from 2026-01-01 --to 2026-04-01\n"
    "\n"
    "docs/tiers.md explains tierings, docs/cli.md lists the verbs.\n";

}  // namespace

void AddTiersCommand(CLI::App& app, Invocation& invocation) {
  CLI::App* tiers = app.add_subcommand("tiers", "Find tiers, keep them up to date, see who moves");
  tiers->require_subcommand(1);
  tiers->footer(kExamples);
  AddTiersTemplate(*tiers, invocation);
  AddTiersPreview(*tiers, invocation);
  AddTiersRefresh(*tiers, invocation);
  AddTiersRefreshes(*tiers, invocation);
  AddTiersCancel(*tiers, invocation);
  AddTiersShow(*tiers, invocation);
  AddTiersHistory(*tiers, invocation);
  AddTiersTransitions(*tiers, invocation);
  AddTiersMovers(*tiers, invocation);
  AddTiersThresholds(*tiers, invocation);
  AddTiersClusters(*tiers, invocation);
}

}  // namespace tierwise
