// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/tier_changes.h"

#include <atomic>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiments/audience/tiering_rules.h"

namespace tierwise {
namespace {

// A quantile tier whose share is off by more than this, in basis points, deserves a look.
constexpr double kNotableBasisPoints = 100;

std::vector<std::string> IdsOf(const v1::Tiering& tiering) {
  std::vector<std::string> ids;
  for (const v1::Tier& tier : tiering.tiers()) ids.push_back(tier.id());
  return ids;
}

// What one thread counted.
struct Counts {
  int64_t users = 0;
  std::vector<std::vector<int64_t>> transitions;  // the last row: newcomers
  std::vector<int64_t> missing;
};

}  // namespace

TieringPreview PreviewTiering(const UserScan& scan, const v1::Tiering& tiering, const AttributeSchema& schema,
                              const Definitions& definitions, int64_t now_micros, int threads) {
  const TieringProgram program(tiering, schema, definitions);
  TieringPreview preview;
  std::vector<int> slots;
  for (const std::string& attribute : AttributesOf(tiering, definitions)) {
    const std::optional<int> slot = schema.SlotOf(attribute);
    if (!slot.has_value()) continue;
    slots.push_back(*slot);
    preview.attributes.push_back(attribute);
  }
  const std::optional<int> stored = scan.table().TieringOf(tiering.id());
  const std::shared_ptr<const TieringStanding> standing = stored.has_value() ? scan.StandingOf(*stored) : nullptr;
  if (standing != nullptr) preview.stored_tiers = standing->tiers;
  const size_t tiers = program.tiers().size();
  const size_t stored_tiers = preview.stored_tiers.size();

  const ReadPlan plan(scan.table(), schema, slots, {tiering.id()});
  std::vector<Counts> counts(static_cast<size_t>(threads));
  for (Counts& mine : counts) {
    mine.transitions.assign(stored_tiers + 1, std::vector<int64_t>(tiers));
    mine.missing.resize(slots.size());
  }
  ForEachShard(threads, [&](int shard, int worker) {
    Counts& mine = counts[static_cast<size_t>(worker)];
    UserAttributes attributes(schema);
    scan.ForEach(shard, plan, attributes, [&](const ScannedUser& user) {
      ++mine.users;
      for (size_t i = 0; i < slots.size(); ++i) mine.missing[i] += user.attributes.has(slots[i]) ? 0 : 1;
      const size_t from = user.tiers[0].tier == kNoTier ? stored_tiers : static_cast<size_t>(user.tiers[0].tier);
      ++mine.transitions[from][static_cast<size_t>(program.TierOf(user.attributes, now_micros))];
    });
  });

  preview.sizes.resize(tiers);
  preview.missing.resize(slots.size());
  preview.transitions.assign(stored_tiers + 1, std::vector<int64_t>(tiers));
  for (const Counts& found : counts) {
    preview.users += found.users;
    for (size_t i = 0; i < slots.size(); ++i) preview.missing[i] += found.missing[i];
    for (size_t from = 0; from <= stored_tiers; ++from) {
      for (size_t to = 0; to < tiers; ++to) {
        preview.transitions[from][to] += found.transitions[from][to];
        preview.sizes[to] += found.transitions[from][to];
      }
    }
  }
  preview.newcomers = std::move(preview.transitions.back());
  preview.transitions.pop_back();
  return preview;
}

std::vector<std::string> PreviewWarnings(const v1::Tiering& tiering, const TieringPreview& preview) {
  std::vector<std::string> warnings;
  if (preview.users == 0) return {"no user is known yet"};
  const auto users = static_cast<double>(preview.users);
  for (size_t i = 0; i < preview.attributes.size(); ++i) {
    if (preview.missing[i] * 2 <= preview.users) continue;
    warnings.push_back(absl::StrFormat("%s is missing for %.0f %% of users", preview.attributes[i],
                                       100 * static_cast<double>(preview.missing[i]) / users));
  }
  for (size_t i = 0; i < preview.sizes.size(); ++i) {
    if (preview.sizes[i] > 0) continue;
    warnings.push_back(absl::StrCat("nobody is in tier ", tiering.tiers(static_cast<int>(i)).id()));
  }
  if (!tiering.has_quantiles() || preview.missing.size() != 1 || preview.missing[0] == preview.users) return warnings;
  // Where users without a value have a tier of their own, shares are of the others.
  const bool is_missing_apart = tiering.quantiles().up_to_bp_size() < tiering.tiers_size();
  const auto with_value = static_cast<double>(preview.users - preview.missing[0]);
  uint32_t before = 0;
  int place = 0;
  for (int i = 0; i < tiering.tiers_size(); ++i) {
    const std::string& tier = tiering.tiers(i).id();
    const bool is_missing_tier = tier == MissingTier(tiering);
    if (is_missing_apart && is_missing_tier) continue;
    const uint32_t up_to = tiering.quantiles().up_to_bp(place++);
    const double asked = up_to - std::exchange(before, up_to);
    const int64_t size = preview.sizes[static_cast<size_t>(i)] - (is_missing_tier ? preview.missing[0] : 0);
    const double share = 10'000 * static_cast<double>(size) / with_value;
    if (std::abs(share - asked) <= kNotableBasisPoints + 10'000 / with_value) continue;
    warnings.push_back(absl::StrFormat("tier %s has %.1f %% of the users with a value, not %.1f %%: many have the same",
                                       tier, share / 100, asked / 100));
  }
  return warnings;
}

bool MoveUsers(TableRefresh& refresh, const v1::Tiering& tiering, const AttributeSchema& schema,
               const Definitions& definitions, const MoveOptions& options,
               absl::FunctionRef<void(absl::Span<const TierMove>)> moved) {
  const UserTable& table = UserScan(refresh).table();
  const UserScan present(table);
  const std::optional<int> index = table.TieringOf(tiering.id());
  if (!index.has_value()) return true;
  const TierFinder finder(tiering, schema, definitions);
  const MovementRules rules = MovementRules::Of(tiering.refresh());
  refresh.BeginTiering(*index, options.revision, IdsOf(tiering));
  const UserScan scan(refresh);
  const ReadPlan plan(table, schema, finder.program().slots());
  std::vector<std::vector<TierMove>> moves(kUserShards);
  std::atomic<bool> is_cancelled{false};
  ForEachShard(options.threads, [&](int shard, int) {
    if (is_cancelled || (options.is_cancelled && options.is_cancelled())) {
      is_cancelled = true;
      return;
    }
    UserAttributes attributes(schema);
    scan.ForEach(shard, plan, attributes, [&](const ScannedUser& user) {
      const TierState before = refresh.TierStateOf(user.row, *index);
      const int found = finder.Find(user.attributes, before.tier, refresh.as_of_micros());
      const TierState after = AfterRefresh(before, found, rules, refresh.as_of_micros());
      if (after == before) return;
      refresh.SetTier(user.row, *index, after);
      if (after.tier == before.tier) return;
      moves[static_cast<size_t>(shard)].push_back(
          {.user_key = user.key, .from = present.TierOf(user.row, *index), .to = after.tier});
    });
  });
  if (is_cancelled) return false;
  for (const std::vector<TierMove>& of_shard : moves) {
    if (!of_shard.empty()) moved(of_shard);
  }
  return true;
}

}  // namespace tierwise
