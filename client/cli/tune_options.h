// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/cell_file.h"
#include "client/cli/tuning_file_data.h"
#include "tierwise/v1/offer_plan.pb.h"

namespace tierwise {

// The options of `tierwise tune`, as given.
struct TuneOptions {
  std::string campaign;
  CellFileRequest input;  // path empty: a server's campaign
  TuningOverrides overrides;
  std::string unit;

  std::optional<double> budget;
  std::string objective = "profit";
  std::vector<std::string> min_doses, max_doses, tier_budgets, users;  // "TIER=NUMBER"
  bool is_better_never_worse = false;
  bool is_in_shares = false;
  double min_share = 0.0;

  double confidence = 0.95;
  std::optional<double> control_share;
  std::string as_of;
  uint64_t seed = 0;

  bool is_json = false;
  bool is_full = false;
  // Where the follow-up campaign goes: unset nowhere, empty a file by its id.
  std::optional<std::string> apply;
};

// Declares them; `options` must live as long as `command`.
void AddTuneOptions(CLI::App& command, TuneOptions* options);

// REQUIRES: `name` is one that --unit takes.
v1::DoseUnit UnitOf(const std::string& name);

// InvalidArgument that names the option.
absl::StatusOr<v1::PlanConstraints> ConstraintsOf(const TuneOptions& options);

}  // namespace tierwise
