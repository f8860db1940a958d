// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "experiments/analysis/campaign_data.h"
#include "experiments/base/definitions.h"
#include "server/services/campaign_evidence.h"
#include "server/storage/catalog.h"

namespace tierwise {

// What concluded campaigns found, for the priors of later ones. A campaign's lifts are read as of the moment at which
// its last outcomes could come in (conclusion + delay + window of the primary metric), so they never change: each is
// gathered once, by a scan of its facts, and kept. Not thread-safe.
class PastCampaigns {
 public:
  // Of more, the latest count. Bounds what the first report after a start waits for.
  static constexpr size_t kMostCampaigns = 50;

  // All must outlive it.
  PastCampaigns(Catalog& storage, const FactSources& sources, int threads)
      : storage_(storage), sources_(sources), threads_(threads) {}

  // Gives the primary metric of `data` the prior learnt from other campaigns with the same primary metric that were
  // over by data.as_of. `definitions`: those that the report is about.
  absl::Status SetPriors(const Definitions& definitions, CampaignData& data);

 private:
  struct Concluded {
    std::string id;
    absl::Time end;  // of its last outcome
  };

  static std::vector<Concluded> ConcludedWith(const Definitions& definitions, const v1::Metric& metric,
                                              const CampaignData& data);
  absl::StatusOr<PastCampaign> Gather(const Concluded& concluded);

  Catalog& storage_;
  const FactSources sources_;
  const int threads_;
  std::map<std::pair<std::string, absl::Time>, PastCampaign> found_;  // by campaign and end
};

}  // namespace tierwise
