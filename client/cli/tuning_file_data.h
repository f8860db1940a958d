// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/cell_file.h"
#include "client/cli/terminal.h"
#include "client/cli/tuning_file.pb.h"
#include "experiments/tuning/logit_response.h"
#include "experiments/tuning/offer_tuning.h"
#include "experiments/tuning/stratified_slope.h"

namespace tierwise {

// A tuning file as it was written, and where each of its parts stands.
struct TuningSource : CellPlaces {
  tuning::TuningFile file;
};

// Reads a tuning file: see ReadCellFile.
absl::StatusOr<TuningSource> ReadTuningFile(const CellFileRequest& request, Terminal& terminal);

// What the command line says beside the file; unset: the file's.
struct TuningOverrides {
  std::optional<double> margin_per_conversion;
  std::optional<double> margin_share;
  std::optional<double> basket_value;
  std::optional<v1::DoseUnit> unit;
  std::optional<double> dose_step;
  bool is_margin_needed = true;        // the plan is to make profit
  absl::Time now = absl::UnixEpoch();  // for files that do not say when they were counted
};

// The response of one tier over the doses as they were written, before any were taken together.
struct TierTrend {
  std::string tier;
  // Conversions per user by unit of dose, least squares within strata; unset where no stratum has two doses.
  std::optional<StratifiedSlope> slope;
  // The logistic curve over doses; unset with strata, and where it has no finite estimate.
  std::optional<LogitFit> logit;
};

struct TuningFileData {
  TuningData data;
  double baseline_dose = 0.0;      // what 0 stands for in `data`
  std::vector<TierTrend> trends;   // in the order of data.tiers
  std::vector<std::string> notes;  // what was done with the cells, in sentences
};

// Cells of one dose, tier and stratum are added up; strata are weighted as the tier's users were in them.
// InvalidArgument with every problem, each naming file, line and field.
absl::StatusOr<TuningFileData> AssembleTuning(const TuningSource& source, const TuningOverrides& overrides);

}  // namespace tierwise
