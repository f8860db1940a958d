// SPDX-License-Identifier: Apache-2.0
#include "server/tiers/derive_users.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "experiments/audience/derivation_fold.h"
#include "experiments/audience/user_scan.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"
#include "server/tiers/changed_users.h"

namespace tierwise {
namespace {

constexpr int64_t kBytesPerEvent = 48;  // of a fold, with what its partitions leave unused

// Columns of the users of a set.
class FilteredColumns {
 public:
  const EventColumns& Keep(const EventColumns& all, const ChangedUsers& users) {
    size_t kept = 0;
    for (size_t i = 0; i < all.user.size(); ++i) {
      if (!users.Has(all.user[i])) continue;
      user_[kept] = all.user[i];
      time_[kept] = all.time_micros[i];
      name_[kept] = all.name[i];
      event_[kept] = all.event[i];
      value_[kept] = all.value[i];
      if (!all.property.empty()) property_[kept] = all.property[i];
      ++kept;
    }
    columns_ = {.user = absl::MakeConstSpan(user_.data(), kept),
                .time_micros = absl::MakeConstSpan(time_.data(), kept),
                .name = absl::MakeConstSpan(name_.data(), kept),
                .event = absl::MakeConstSpan(event_.data(), kept),
                .value = absl::MakeConstSpan(value_.data(), kept),
                .property = absl::MakeConstSpan(property_.data(), all.property.empty() ? 0 : kept)};
    return columns_;
  }

 private:
  static constexpr size_t kMaxRows = 2048;  // of a run
  std::array<uint64_t, kMaxRows> user_, event_, property_;
  std::array<int64_t, kMaxRows> time_;
  std::array<uint16_t, kMaxRows> name_;
  std::array<double, kMaxRows> value_;
  EventColumns columns_;
};

// Where the values of one pass go.
class PassWriter {
 public:
  PassWriter(const DerivationPass& pass, const DeriveTerms& terms, const UserTable& table,
             const absl::flat_hash_set<uint64_t>& anonymous, TableRefresh& refresh)
      : pass_(pass), anonymous_(anonymous), refresh_(refresh) {
    for (const DerivedAttribute& attribute : pass.attributes) {
      const bool is_wanted = !terms.only.has_value() || terms.only->contains(attribute.fingerprint);
      columns_.push_back(is_wanted ? table.ColumnOf(attribute.id) : std::nullopt);
      has_texts_ = has_texts_ || attribute.kind == DerivedKind::kProperty;
      if (columns_.back().has_value() && attribute.without_events.is_known) {
        refresh.UseZeroWhereMissing(*columns_.back());
      }
    }
  }

  // Where the scan gathers texts; null where none are needed.
  TextsByKey* texts() { return has_texts_ ? &texts_ : nullptr; }

  // From several threads, each with users of other shards.
  void Write(const DerivedUsers& users) {
    const size_t width = columns_.size();
    for (size_t i = 0; i < users.user.size(); ++i) {
      if (anonymous_.contains(users.user[i])) continue;
      const std::optional<UserRow> row = refresh_.Add(users.user[i]);
      if (!row.has_value()) continue;
      for (size_t a = 0; a < width; ++a) {
        const DerivedValue& value = users.values[i * width + a];
        if (value.is_known && columns_[a].has_value()) Set(*row, *columns_[a], pass_.attributes[a].kind, value);
      }
    }
  }

 private:
  void Set(UserRow row, int column, DerivedKind kind, const DerivedValue& value) {
    switch (kind) {
      case DerivedKind::kDouble:
        refresh_.SetDouble(row, column, value.number);
        break;
      case DerivedKind::kProperty:
        if (const auto text = texts_.find(value.key); text != texts_.end()) {
          refresh_.SetText(row, column, refresh_.CodeOf(column, text->second));
        }
        break;
      case DerivedKind::kStage:
        refresh_.SetText(row, column, refresh_.CodeOf(column, kLifeStageNames[value.integer]));
        break;
      default:
        refresh_.SetInteger(row, column, value.integer);
    }
  }

  const DerivationPass& pass_;
  const absl::flat_hash_set<uint64_t>& anonymous_;  // nobody's facts
  TableRefresh& refresh_;
  std::vector<std::optional<int>> columns_;
  bool has_texts_ = false;
  TextsByKey texts_;
};

// Ranges of user keys, each of which has about as many users.
struct KeyRange {
  uint64_t first;
  uint64_t last;
};

std::vector<KeyRange> KeyRanges(int64_t events, int64_t memory_bytes) {
  const auto ranges = static_cast<uint64_t>(std::clamp<int64_t>(events * kBytesPerEvent / memory_bytes + 1, 1, 1024));
  const uint64_t width = std::numeric_limits<uint64_t>::max() / ranges;
  std::vector<KeyRange> result;
  for (uint64_t i = 0; i < ranges; ++i) result.push_back({i * width + (i > 0 ? 1 : 0), (i + 1) * width});
  result.back().last = std::numeric_limits<uint64_t>::max();
  return result;
}

class Deriver {
 public:
  Deriver(Store& store, const DeriveTerms& terms, const UserTable& table, TableRefresh& refresh)
      : store_(store), terms_(terms), table_(table), refresh_(refresh) {}

  absl::Status AddUsers() {
    ChangedUsers users;
    const absl::Time after = terms_.since.has_value() ? terms_.since->received : absl::InfinitePast();
    TIERWISE_RETURN_IF_ERROR(store_.profiles->ScanUsers(after, terms_.until.received,
                                                        [&](absl::Span<const uint64_t> keys) { users.Add(keys); }));
    ForEachShard(terms_.threads, [&](int shard, int) {
      for (const uint64_t key : users.InShard(shard)) refresh_.Add(key);
    });
    return absl::OkStatus();
  }

  // Finds the users to compute, and forgets what they had.
  absl::Status FindChanged(absl::Span<const DerivationPass> passes, const absl::flat_hash_set<uint64_t>& anonymous) {
    changed_.emplace();
    for (const DerivationPass& pass : passes) {
      const ChangedUserScan scan{
          pass.event_names, pass.needs_every_event,
          pass.ChangeRanges(absl::ToUnixMicros(terms_.since->as_of), absl::ToUnixMicros(terms_.until.as_of)),
          terms_.since->received, terms_.until.received};
      TIERWISE_RETURN_IF_ERROR(
          store_.events->ScanChangedUsers(scan, [&](absl::Span<const uint64_t> keys) { changed_->Add(keys); }));
    }
    changed_->Seal(terms_.threads);
    ForEachShard(terms_.threads, [&](int shard, int) {
      for (const uint64_t key : changed_->InShard(shard)) {
        if (anonymous.contains(key)) continue;
        if (const std::optional<UserRow> row = refresh_.Add(key); row.has_value()) refresh_.ClearDerived(*row);
      }
    });
    return absl::OkStatus();
  }

  int64_t changed() const { return changed_->size(); }

  // About how many events a fold of all users would hold.
  int64_t ExpectedEvents() const {
    const int64_t events = store_.events->Size().events;
    if (!changed_.has_value()) return events;
    const double share =
        static_cast<double>(changed_->size()) / static_cast<double>(std::max<int64_t>(1, table_.users()));
    return static_cast<int64_t>(static_cast<double>(events) * std::min(1.0, share));
  }

  absl::Status Fold(const DerivationPass& pass, PassWriter& writer, const KeyRange& users,
                    absl::FunctionRef<bool()> go_on) {
    const int64_t as_of = absl::ToUnixMicros(terms_.until.as_of);
    DerivationFold fold(pass, as_of, terms_.threads);
    EventScan scan;
    scan.names = pass.event_names;
    scan.every_name = pass.needs_every_event;
    scan.begin =
        pass.reach_micros.has_value() ? absl::FromUnixMicros(as_of - *pass.reach_micros) : absl::InfinitePast();
    scan.end = absl::FromUnixMicros(as_of + 1);
    scan.as_of = terms_.until.received;
    scan.first_user = users.first;
    scan.last_user = users.last;
    scan.property = pass.property;
    scan.property_texts = writer.texts();
    bool is_cancelled = false;
    TIERWISE_RETURN_IF_ERROR(store_.events->ScanEvents(scan, [&](const EventColumns& columns) {
      is_cancelled = is_cancelled || !go_on();
      if (is_cancelled) return;
      fold.AddEvents(changed_.has_value() ? filtered_.Keep(columns, *changed_) : columns);
    }));
    if (is_cancelled) return absl::CancelledError("the refresh was cancelled");
    fold.Finish([&](const DerivedUsers& derived) {
      computed_ += static_cast<int64_t>(derived.user.size());
      writer.Write(derived);
    });
    return absl::OkStatus();
  }

  int64_t computed() const { return computed_.load(); }

 private:
  Store& store_;
  const DeriveTerms& terms_;
  const UserTable& table_;
  TableRefresh& refresh_;
  std::optional<ChangedUsers> changed_;
  FilteredColumns filtered_;
  std::atomic<int64_t> computed_ = 0;  // of all passes
};

}  // namespace

absl::StatusOr<int64_t> DeriveUsers(Store& store, const Derivations& derivations, const DeriveTerms& terms,
                                    const UserTable& table, TableRefresh& refresh,
                                    absl::FunctionRef<bool(double progress)> go_on) {
  Deriver deriver(store, terms, table, refresh);
  TIERWISE_RETURN_IF_ERROR(deriver.AddUsers());
  if (derivations.passes().empty()) return 0;
  TIERWISE_ASSIGN_OR_RETURN(const absl::flat_hash_set<uint64_t> anonymous, store.profiles->AnonymousUsers());
  if (terms.since.has_value()) TIERWISE_RETURN_IF_ERROR(deriver.FindChanged(derivations.passes(), anonymous));
  const std::vector<KeyRange> ranges = KeyRanges(deriver.ExpectedEvents(), terms.memory_bytes);
  const double folds = static_cast<double>(ranges.size() * derivations.passes().size());
  double done = 0;
  int64_t computed = 0;
  for (const DerivationPass& pass : derivations.passes()) {
    PassWriter writer(pass, terms, table, anonymous, refresh);
    const int64_t before = deriver.computed();
    for (const KeyRange& range : ranges) {
      TIERWISE_RETURN_IF_ERROR(deriver.Fold(pass, writer, range, [&] { return go_on(done / folds); }));
      done += 1;
    }
    computed = std::max(computed, deriver.computed() - before);
  }
  return terms.since.has_value() ? deriver.changed() : computed;
}

std::set<uint64_t> FingerprintsOf(const Derivations& derivations) {
  std::set<uint64_t> fingerprints;
  for (const DerivationPass& pass : derivations.passes()) {
    for (const DerivedAttribute& attribute : pass.attributes) fingerprints.insert(attribute.fingerprint);
  }
  return fingerprints;
}

std::string FingerprintText(const std::set<uint64_t>& fingerprints) { return absl::StrJoin(fingerprints, ","); }

std::set<uint64_t> FingerprintsIn(absl::string_view text) {
  std::set<uint64_t> fingerprints;
  for (const absl::string_view part : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    uint64_t fingerprint = 0;
    if (absl::SimpleAtoi(part, &fingerprint)) fingerprints.insert(fingerprint);
  }
  return fingerprints;
}

std::set<uint64_t> ComputedBy(const RefreshRecord& refresh, const Derivations& derivations,
                              const Definitions& definitions) {
  const std::set<uint64_t> had = FingerprintsIn(refresh.fingerprint);
  const absl::Time began = FromProto(refresh.refresh.start_time());
  std::set<uint64_t> computed;
  for (const DerivationPass& pass : derivations.passes()) {
    for (const DerivedAttribute& attribute : pass.attributes) {
      const bool is_older = FromProto(definitions.FindAttribute(attribute.id)->meta().create_time()) <= began;
      if (is_older && had.contains(attribute.fingerprint)) computed.insert(attribute.fingerprint);
    }
  }
  return computed;
}

}  // namespace tierwise
