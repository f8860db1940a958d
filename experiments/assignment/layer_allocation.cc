// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/layer_allocation.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiments/assignment/campaign_lifecycle.h"
#include "experiments/assignment/salts.h"
#include "experiments/base/definition_rules.h"

namespace tierwise {
namespace {

struct Range {
  uint32_t begin;
  uint32_t end;
  uint32_t size() const { return end - begin; }
};

uint32_t TotalSize(const v1::LayerPlacement& placement) {
  uint32_t total = 0;
  for (const v1::BucketRange& range : placement.ranges()) total += range.end() - range.begin();
  return total;
}

// Launched campaigns of `layer` by id.
std::vector<const v1::Campaign*> HoldersOf(const std::string& layer, const Definitions& definitions) {
  std::vector<const v1::Campaign*> holders;
  for (const Definitions::Pointer& definition : definitions.InCollection("campaigns")) {
    const v1::Campaign& campaign = definition->campaign();
    if (IsLaunched(campaign) && campaign.layer().layer() == layer) holders.push_back(&campaign);
  }
  return holders;
}

void SortAndJoin(std::vector<Range>& ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  std::vector<Range> joined;
  for (const Range& range : ranges) {
    if (!joined.empty() && joined.back().end >= range.begin) {
      joined.back().end = std::max(joined.back().end, range.end);
    } else {
      joined.push_back(range);
    }
  }
  ranges = std::move(joined);
}

// The gaps between `taken`, which is sorted and joined.
std::vector<Range> FreeRanges(const std::vector<Range>& taken) {
  std::vector<Range> free;
  uint32_t begin = 0;
  for (const Range& range : taken) {
    if (range.begin > begin) free.push_back({begin, range.begin});
    begin = range.end;
  }
  if (begin < kBasisPoints) free.push_back({begin, kBasisPoints});
  return free;
}

// Takes `count` buckets out of `free`: from the first range that has all of them, else the largest one (the first of
// equals) and the rest in the same way. REQUIRES: `free` has as many.
std::vector<Range> Take(uint32_t count, std::vector<Range> free) {
  std::vector<Range> taken;
  while (count > 0) {
    auto from = std::find_if(free.begin(), free.end(), [count](const Range& range) { return range.size() >= count; });
    if (from == free.end()) {
      from = std::max_element(free.begin(), free.end(),
                              [](const Range& a, const Range& b) { return a.size() < b.size(); });
    }
    const uint32_t size = std::min(count, from->size());
    taken.push_back({from->begin, from->begin + size});
    from->begin += size;
    count -= size;
  }
  return taken;
}

absl::Status TooFewFree(const std::string& layer, uint32_t free, uint32_t needed,
                        const std::vector<const v1::Campaign*>& holders) {
  const std::string held = absl::StrJoin(holders, ", ", [](std::string* out, const v1::Campaign* holder) {
    absl::StrAppend(out, holder->id(), " holds ", TotalSize(holder->layer()));
  });
  return absl::FailedPreconditionError(
      absl::StrCat("layer \"", layer, "\" has ", free, " of ", kBasisPoints, " buckets free, ", needed,
                   " more are needed; ", held, "; conclude a campaign of the layer or ask for a smaller share_bp"));
}

}  // namespace

absl::StatusOr<std::vector<v1::BucketRange>> AllocateBuckets(const v1::Campaign& campaign,
                                                             const Definitions& definitions) {
  const std::string& layer = campaign.layer().layer();
  const std::vector<const v1::Campaign*> holders = HoldersOf(layer, definitions);
  std::vector<Range> own;
  for (const v1::BucketRange& range : campaign.layer().ranges()) own.push_back({range.begin(), range.end()});
  std::vector<Range> taken = own;
  for (const v1::Campaign* holder : holders) {
    for (const v1::BucketRange& range : holder->layer().ranges()) taken.push_back({range.begin(), range.end()});
  }
  SortAndJoin(taken);
  const std::vector<Range> free = FreeRanges(taken);
  uint32_t free_size = 0;
  for (const Range& range : free) free_size += range.size();
  const uint32_t held = TotalSize(campaign.layer());
  const uint32_t needed = campaign.layer().share_bp() - std::min(held, campaign.layer().share_bp());
  if (needed > free_size) return TooFewFree(layer, free_size, needed, holders);
  for (const Range& range : Take(needed, free)) own.push_back(range);
  SortAndJoin(own);
  std::vector<v1::BucketRange> ranges(own.size());
  for (size_t i = 0; i < own.size(); ++i) {
    ranges[i].set_begin(own[i].begin);
    ranges[i].set_end(own[i].end);
  }
  return ranges;
}

void CheckBucketsAreSeparate(const Definitions& definitions, Problems& problems) {
  // By layer and first bucket, the ranges seen and their holders; those of a layer do not overlap.
  std::map<std::pair<std::string, uint32_t>, std::pair<uint32_t, const std::string*>> held;
  for (const Definitions::Pointer& definition : definitions.InCollection("campaigns")) {
    const v1::Campaign& campaign = definition->campaign();
    if (!IsLaunched(campaign) || !campaign.has_layer()) continue;
    const std::string& layer = campaign.layer().layer();
    const std::string field = FieldPath(NameOf(*definition), "layer.ranges");
    for (const v1::BucketRange& range : campaign.layer().ranges()) {
      if (range.begin() >= range.end() || range.end() > kBasisPoints) {
        problems.Add(field, absl::StrCat("buckets ", range.begin(), " to ", range.end(), " are not a range below ",
                                         kBasisPoints));
        continue;
      }
      // The last range that begins below this one's end is the only one that can overlap, if any does.
      auto before = held.lower_bound({layer, range.end()});
      if (before != held.begin() && (--before)->first.first == layer && before->second.first > range.begin()) {
        problems.Add(field, absl::StrCat("bucket ", std::max(before->first.second, range.begin()), " of layer \"",
                                         layer, "\" is held by ", *before->second.second, " too"));
        continue;
      }
      held[{layer, range.begin()}] = {range.end(), &campaign.id()};
    }
  }
}

}  // namespace tierwise
