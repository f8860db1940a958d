// SPDX-License-Identifier: Apache-2.0
#include "client/cli/summary_source.h"

#include <utility>

#include "experiments/base/status_macros.h"

namespace tierwise {

absl::StatusOr<SummarySource> ReadSummary(const CellFileRequest& request, Terminal& terminal) {
  SummarySource source;
  TIERWISE_ASSIGN_OR_RETURN(CellPlaces places,
                            ReadCellFile(request, {"tier", "variant", "metric", "n"}, terminal, &source.file));
  static_cast<CellPlaces&>(source) = std::move(places);
  return source;
}

}  // namespace tierwise
