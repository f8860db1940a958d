// SPDX-License-Identifier: Apache-2.0
#include "server/services/campaign_lookup.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/audience/time_micros.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

absl::StatusOr<absl::Time> AsOf(const google::protobuf::Timestamp* asked, absl::Time now) {
  if (asked == nullptr) return now;
  const std::optional<int64_t> micros = MicrosOf(*asked);
  if (!micros.has_value()) return InvalidField("as_of", "is no moment between the years 1 and 9999");
  if (absl::FromUnixMicros(*micros) > now) return InvalidField("as_of", "is in the future");
  return absl::FromUnixMicros(*micros);
}

}  // namespace

absl::StatusOr<LaunchedCampaign> FindLaunched(const std::string& id, const google::protobuf::Timestamp* as_of,
                                              absl::string_view what, absl::Time now, const LiveCatalog& catalog,
                                              Catalog& storage) {
  if (id.empty()) return InvalidField("campaign", "is required");
  LaunchedCampaign found;
  TIERWISE_ASSIGN_OR_RETURN(found.as_of, AsOf(as_of, now));
  found.is_present = as_of == nullptr;
  found.definitions = catalog.view().definitions;
  if (!found.is_present) {
    TIERWISE_ASSIGN_OR_RETURN(const int64_t version, storage.VersionAt(found.as_of));
    TIERWISE_ASSIGN_OR_RETURN(Definitions past, storage.ReadAt(version));
    found.definitions = std::make_shared<const Definitions>(std::move(past));
  }
  const v1::Campaign* campaign = found.definitions->FindCampaign(id);
  if (campaign == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("there is no campaign \"", id, "\"", found.is_present ? "" : " as of that time"));
  }
  if (campaign->state() == v1::CAMPAIGN_STATE_DRAFT) {
    return absl::FailedPreconditionError(
        absl::StrCat("campaign \"", id, "\" is a draft: it has ", what, " once it is launched"));
  }
  found.campaign = *campaign;
  TIERWISE_ASSIGN_OR_RETURN(const Definitions pinned, storage.ReadAt(campaign->pinned_version()));
  found.tiering = *pinned.FindTiering(campaign->tiering());
  return found;
}

}  // namespace tierwise
