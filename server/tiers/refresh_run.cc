// SPDX-License-Identifier: Apache-2.0
#include "server/tiers/refresh_run.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "experiments/audience/derivations.h"
#include "experiments/audience/tier_changes.h"
#include "experiments/audience/tier_cuts.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"
#include "server/tiers/derive_users.h"

namespace tierwise {
namespace {

// How far a refresh is when a step begins.
constexpr double kDerived = 0.7;
constexpr double kCuts = 0.8;
constexpr double kMoved = 0.95;

// What a refresh does to one tiering.
struct TieringWork {
  v1::Tiering tiering;        // with its cuts
  int64_t seen_revision = 0;  // of the definition that it began with
  bool has_new_cuts = false;
  int index = 0;  // in the table
  TieringOutcome outcome;
};

class Run {
 public:
  Run(const RefreshScope& scope, v1::Refresh refresh, RefreshObserver observer)
      : scope_(scope),
        refresh_(std::move(refresh)),
        observer_(observer),
        view_(scope.catalog.view()),
        derivations_(*view_.definitions) {}

  absl::StatusOr<v1::Refresh> Do() {
    {
      const auto erasing = scope_.users.HoldErasing();
      scope_.users.TakeErased();
    }
    TIERWISE_RETURN_IF_ERROR(Derive());
    TIERWISE_RETURN_IF_ERROR(FindCuts());
    TIERWISE_RETURN_IF_ERROR(Move());
    TIERWISE_RETURN_IF_ERROR(Commit());
    return std::move(refresh_);
  }

 private:
  absl::Time as_of() const { return FromProto(refresh_.as_of()); }
  const AttributeSchema& schema() const { return view_.snapshot->schema(); }

  absl::Status GoOn(absl::string_view step, double progress) {
    return observer_.go_on(step, progress) ? absl::OkStatus() : absl::CancelledError("the refresh was cancelled");
  }

  // What the table's derived values are of, where only those that changed since need to be computed.
  absl::StatusOr<std::optional<FactsUntil>> Since() {
    TIERWISE_ASSIGN_OR_RETURN(const std::optional<RefreshRecord> last, scope_.store.tiers->LastSucceeded());
    if (!last.has_value() || FromProto(last->refresh.as_of()) > as_of()) return std::optional<FactsUntil>();
    if (ComputedBy(*last, derivations_, *view_.definitions) != FingerprintsOf(derivations_)) {
      return std::optional<FactsUntil>();
    }
    return FactsUntil{FromProto(last->refresh.as_of()), FromProto(last->refresh.start_time())};
  }

  absl::Status Derive() {
    TIERWISE_RETURN_IF_ERROR(GoOn("finding users", 0));
    DeriveTerms terms;
    terms.until = {as_of(), FromProto(refresh_.start_time())};
    TIERWISE_ASSIGN_OR_RETURN(terms.since, Since());
    terms.threads = scope_.threads;
    terms.memory_bytes = scope_.memory_bytes;
    TIERWISE_ASSIGN_OR_RETURN(staged_, TableRefresh::Begin(scope_.users.table(), absl::ToUnixMicros(as_of()),
                                                           terms.since.has_value() ? TableRefresh::Derived::kKeep
                                                                                   : TableRefresh::Derived::kAnew));
    TIERWISE_ASSIGN_OR_RETURN(
        const int64_t computed,
        DeriveUsers(scope_.store, derivations_, terms, scope_.users.table(), *staged_,
                    [&](double progress) { return observer_.go_on("reading events", progress * kDerived); }));
    refresh_.set_users_computed(computed);
    return absl::OkStatus();
  }

  absl::Status FindCuts() {
    for (const std::string& id : refresh_.tierings()) {
      TIERWISE_RETURN_IF_ERROR(GoOn("finding cuts", kDerived + (kCuts - kDerived) * Share(works_.size())));
      const v1::Tiering* present = view_.definitions->FindTiering(id);
      const std::optional<int> index = scope_.users.table().TieringOf(id);
      if (present == nullptr || !index.has_value()) {
        return absl::AbortedError(absl::StrCat("tiering \"", id, "\" was deleted meanwhile"));
      }
      TieringWork work;
      work.seen_revision = present->meta().revision();
      work.index = *index;
      work.tiering = WithCuts(*present, UserScan(*staged_), schema(), staged_->as_of_micros(), scope_.threads);
      work.has_new_cuts = !SameCuts(*present, work.tiering);
      if (!work.has_new_cuts) work.tiering = *present;
      work.outcome.tiering = id;
      work.outcome.revision = work.seen_revision + (work.has_new_cuts ? 1 : 0);
      if (const auto standing = scope_.users.table().StandingOf(*index); standing != nullptr) {
        work.outcome.from_tiers = standing->tiers;
      }
      for (const v1::Tier& tier : work.tiering.tiers()) work.outcome.tiers.push_back(tier.id());
      works_.push_back(std::move(work));
    }
    return absl::OkStatus();
  }

  absl::Status Move() {
    size_t done = 0;
    for (TieringWork& work : works_) {
      const double progress = kCuts + (kMoved - kCuts) * Share(done++);
      TIERWISE_RETURN_IF_ERROR(GoOn("moving users", progress));
      std::vector<UserMove>& moves = work.outcome.moves;
      const bool is_done =
          MoveUsers(*staged_, work.tiering, schema(), *view_.definitions,
                    {.revision = work.outcome.revision,
                     .threads = scope_.threads,
                     .is_cancelled = [&] { return !observer_.go_on("moving users", progress); }},
                    [&](absl::Span<const TierMove> moved) {
                      for (const TierMove& move : moved) {
                        moves.push_back({move.user_key, move.from == kNoTier ? UserMove::kNone : move.from, move.to});
                      }
                    });
      if (!is_done) return absl::CancelledError("the refresh was cancelled");
    }
    return absl::OkStatus();
  }

  // Counts users, by tier; finds who has a tier pending.
  void Count() {
    std::vector<std::string> tierings;
    for (TieringWork& work : works_) {
      tierings.push_back(work.outcome.tiering);
      work.outcome.sizes.assign(work.outcome.tiers.size(), 0);
    }
    const ReadPlan plan(scope_.users.table(), schema(), {}, tierings);
    const UserScan scan(*staged_);
    std::mutex mutex;
    int64_t users = 0;
    ForEachShard(scope_.threads, [&](int shard, int) {
      UserAttributes scratch(schema());
      std::vector<std::vector<int64_t>> sizes;
      for (const TieringWork& work : works_) sizes.emplace_back(work.outcome.tiers.size());
      std::vector<std::vector<PendingTier>> pending(works_.size());
      int64_t users_of_shard = 0;
      scan.ForEach(shard, plan, scratch, [&](const ScannedUser& user) {
        ++users_of_shard;
        for (size_t i = 0; i < works_.size(); ++i) {
          if (user.tiers[i].tier == kNoTier) continue;
          ++sizes[i][static_cast<size_t>(user.tiers[i].tier)];
          const TierState state = staged_->TierStateOf(user.row, works_[i].index);
          if (state.pending != kNoTier) pending[i].push_back({user.key, state.pending, state.confirmations});
        }
      });
      const std::lock_guard lock(mutex);
      users += users_of_shard;
      for (size_t i = 0; i < works_.size(); ++i) {
        TieringOutcome& outcome = works_[i].outcome;
        for (size_t t = 0; t < outcome.sizes.size(); ++t) outcome.sizes[t] += sizes[i][t];
        outcome.pending.insert(outcome.pending.end(), pending[i].begin(), pending[i].end());
      }
    });
    refresh_.set_users(users);
  }

  absl::Status Commit() {
    TIERWISE_RETURN_IF_ERROR(GoOn("writing", kMoved));
    const auto erasing = scope_.users.HoldErasing();
    const auto erased = scope_.users.TakeErased();
    Count();
    std::vector<TieringOutcome> outcomes;
    int64_t moved = 0;
    for (TieringWork& work : works_) {
      std::vector<UserMove>& moves = work.outcome.moves;
      std::erase_if(moves, [&](const UserMove& move) { return erased.contains(move.user_key); });
      moved += std::count_if(moves.begin(), moves.end(), [](const UserMove& m) { return m.from != UserMove::kNone; });
      outcomes.push_back(std::move(work.outcome));
    }
    if (!observer_.may_commit()) return absl::CancelledError("the refresh was cancelled");
    refresh_.set_users_moved(moved);
    refresh_.set_state(v1::REFRESH_STATE_SUCCEEDED);
    refresh_.set_progress(1);
    refresh_.clear_step();
    *refresh_.mutable_end_time() = ToProto(absl::Now());
    TIERWISE_RETURN_IF_ERROR(Write({refresh_, FingerprintText(FingerprintsOf(derivations_))}, outcomes));
    staged_->Commit();
    return absl::OkStatus();
  }

  absl::Status Write(const RefreshRecord& record, const std::vector<TieringOutcome>& outcomes) {
    bool is_written = false;
    const EditTerms terms{"refresh", absl::Now(), false};
    const auto view = scope_.catalog.Change(
        terms, [this](const Definitions& present) { return Edits(present); },
        [&](const CatalogCommit& commit) {
          is_written = true;
          return scope_.store.tiers->Commit(record, outcomes, &commit);
        });
    TIERWISE_RETURN_IF_ERROR(view.status());
    return is_written ? absl::OkStatus() : scope_.store.tiers->Commit(record, outcomes, nullptr);
  }

  // The definitions with the cuts that were found.
  absl::StatusOr<std::vector<Edit>> Edits(const Definitions& present) const {
    std::vector<Edit> edits;
    for (const TieringWork& work : works_) {
      if (!work.has_new_cuts) continue;
      const v1::Tiering* tiering = present.FindTiering(work.tiering.id());
      if (tiering == nullptr || tiering->meta().revision() != work.seen_revision) {
        return absl::AbortedError(
            absl::StrCat("tiering \"", work.tiering.id(), "\" was edited meanwhile: refresh it again"));
      }
      v1::Definition after;
      *after.mutable_tiering() = work.tiering;
      edits.push_back({NameOf(after), v1::CHANGE_VERB_UPDATE, "", std::move(after)});
    }
    return edits;
  }

  double Share(size_t done) const { return static_cast<double>(done) / std::max(1, refresh_.tierings_size()); }

  const RefreshScope& scope_;
  v1::Refresh refresh_;
  RefreshObserver observer_;
  const CatalogView view_;
  const Derivations derivations_;
  std::unique_ptr<TableRefresh> staged_;
  std::vector<TieringWork> works_;
};

}  // namespace

absl::StatusOr<v1::Refresh> RunRefresh(const RefreshScope& scope, v1::Refresh refresh, RefreshObserver observer) {
  return Run(scope, std::move(refresh), observer).Do();
}

}  // namespace tierwise
