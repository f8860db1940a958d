// SPDX-License-Identifier: Apache-2.0
#include "server/tiers/refresher.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/audience/time_micros.h"
#include "experiments/base/problems.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"
#include "server/log.h"

namespace tierwise {
namespace {

constexpr int kMaxTierings = 100;
constexpr absl::Duration kRetryAfter = absl::Minutes(5);
constexpr char kSchedule[] = "schedule";

}  // namespace

absl::StatusOr<std::unique_ptr<Refresher>> Refresher::Start(RefreshScope scope, RefresherOptions options) {
  std::unique_ptr<Refresher> refresher(new Refresher(scope, std::move(options)));
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<TieringRefresh> last, scope.store.tiers->LastOfTierings());
  for (const TieringRefresh& tiering : last) refresher->refreshed_[tiering.tiering] = tiering.as_of;
  refresher->thread_ = std::thread([self = refresher.get()] { self->Loop(); });
  return refresher;
}

Refresher::~Refresher() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    Phase running = Phase::kRunning;
    phase_.compare_exchange_strong(running, Phase::kCancelled);
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

absl::StatusOr<v1::Refresh> Refresher::Begin(const v1::StartRefreshRequest& request, const std::string& actor) {
  TIERWISE_ASSIGN_OR_RETURN(v1::Refresh refresh, Checked(request, actor));
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::kIdle || is_stopping_) {
    return absl::FailedPreconditionError(
        is_stopping_ ? "the server is stopping"
                     : absl::StrCat("refresh ", current_->id(), " is running: wait for it, or cancel it"));
  }
  return Enqueue(std::move(refresh));
}

absl::StatusOr<v1::Refresh> Refresher::Checked(const v1::StartRefreshRequest& request, const std::string& actor) {
  const std::shared_ptr<const Definitions> definitions = scope_.catalog.view().definitions;
  const absl::Time now = options_.now();
  v1::Refresh refresh;
  if (request.tierings_size() > kMaxTierings) {
    return InvalidField("tierings",
                        absl::StrCat("has ", request.tierings_size(), " ids; at most ", kMaxTierings, " are allowed"));
  }
  Problems problems;
  std::set<std::string> ids;
  for (int i = 0; i < request.tierings_size(); ++i) {
    const std::string& id = request.tierings(i);
    const std::string field = absl::StrCat("tierings[", i, "]");
    if (definitions->FindTiering(id) == nullptr) {
      problems.Add(field, absl::StrCat("there is no tiering \"", id, "\""));
    } else if (!ids.insert(id).second) {
      problems.Add(field, absl::StrCat("\"", id, "\" is given twice"));
    }
    refresh.add_tierings(id);
  }
  if (request.tierings().empty()) {
    for (const auto& tiering : definitions->InCollection("tierings")) refresh.add_tierings(tiering->tiering().id());
  }
  std::optional<int64_t> as_of = absl::ToUnixMicros(now);
  if (request.has_as_of() && !(as_of = MicrosOf(request.as_of())).has_value()) {
    problems.Add("as_of", "is no moment between the years 1 and 9999");
    as_of = 0;
  }
  if (absl::FromUnixMicros(*as_of) > now) problems.Add("as_of", "is in the future");
  if (request.has_as_of()) {
    const std::lock_guard lock(mutex_);
    for (const std::string& id : refresh.tierings()) {
      const auto last = refreshed_.find(id);
      if (last == refreshed_.end() || absl::FromUnixMicros(*as_of) >= last->second) continue;
      problems.Add("as_of", absl::StrCat("is before the last refresh of tiering \"", id, "\", as of ",
                                         absl::FormatTime(absl::RFC3339_full, last->second, absl::UTCTimeZone()),
                                         ": users' moves are in the order of time"));
    }
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  *refresh.mutable_as_of() = ToProto(absl::FromUnixMicros(*as_of));
  *refresh.mutable_start_time() = ToProto(absl::Now());
  refresh.set_state(v1::REFRESH_STATE_RUNNING);
  refresh.set_actor(actor);
  return refresh;
}

absl::StatusOr<v1::Refresh> Refresher::Enqueue(v1::Refresh refresh) {
  TIERWISE_ASSIGN_OR_RETURN(const int64_t id, scope_.store.tiers->Begin(refresh));
  refresh.set_id(id);
  current_ = refresh;
  is_taken_ = false;
  phase_ = Phase::kRunning;
  changed_.notify_all();
  return refresh;
}

absl::StatusOr<v1::Refresh> Refresher::Get(int64_t id) {
  {
    const std::lock_guard lock(mutex_);
    if (current_.has_value() && current_->id() == id) return *current_;
  }
  TIERWISE_ASSIGN_OR_RETURN(const std::optional<v1::Refresh> refresh, scope_.store.tiers->Find(id));
  if (!refresh.has_value()) return absl::NotFoundError(absl::StrCat("there is no refresh ", id));
  return *refresh;
}

absl::StatusOr<v1::Refresh> Refresher::Cancel(int64_t id) {
  {
    std::unique_lock lock(mutex_);
    if (current_.has_value() && current_->id() == id) {
      Phase running = Phase::kRunning;
      if (!phase_.compare_exchange_strong(running, Phase::kCancelled) && running == Phase::kWriting) {
        return absl::FailedPreconditionError(
            absl::StrCat("refresh ", id, " is being written and can't be cancelled any more"));
      }
      changed_.wait(lock, [&] { return !current_.has_value() || current_->id() != id; });
      lock.unlock();
      return Get(id);
    }
  }
  TIERWISE_ASSIGN_OR_RETURN(const v1::Refresh refresh, Get(id));
  return absl::FailedPreconditionError(absl::StrCat("refresh ", id, " has ended: only one that runs can be cancelled"));
}

absl::StatusOr<std::vector<v1::Refresh>> Refresher::List(int64_t before, int limit) {
  TIERWISE_ASSIGN_OR_RETURN(std::vector<v1::Refresh> refreshes, scope_.store.tiers->List(before, limit));
  const std::lock_guard lock(mutex_);
  for (v1::Refresh& refresh : refreshes) {
    if (current_.has_value() && current_->id() == refresh.id()) refresh = *current_;
  }
  return refreshes;
}

void Refresher::Loop() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_ || phase_ != Phase::kIdle) {
    if (phase_ != Phase::kIdle && !is_taken_) {
      is_taken_ = true;
      v1::Refresh refresh = *current_;
      lock.unlock();
      RunCurrent(std::move(refresh));
      lock.lock();
      continue;
    }
    changed_.wait_for(lock, absl::ToChronoMicroseconds(options_.poll_every),
                      [this] { return is_stopping_ || phase_ != Phase::kIdle; });
    if (is_stopping_ || phase_ != Phase::kIdle) continue;
    lock.unlock();
    BeginDue();
    lock.lock();
  }
}

std::vector<std::string> Refresher::DueTierings(absl::Time now) {
  const std::shared_ptr<const Definitions> definitions = scope_.catalog.view().definitions;
  std::vector<std::string> due;
  const std::lock_guard lock(mutex_);
  for (const auto& definition : definitions->InCollection("tierings")) {
    const v1::Tiering& tiering = definition->tiering();
    if (!tiering.refresh().has_every() || due.size() >= kMaxTierings) continue;
    const auto last = refreshed_.find(tiering.id());
    const auto attempt = attempted_.find(tiering.id());
    if (last != refreshed_.end() && now < last->second + FromProto(tiering.refresh().every())) continue;
    if (attempt != attempted_.end() && now < attempt->second + kRetryAfter &&
        (last == refreshed_.end() || last->second < attempt->second)) {
      continue;
    }
    due.push_back(tiering.id());
  }
  return due;
}

void Refresher::BeginDue() {
  const absl::Time now = options_.now();
  const std::vector<std::string> due = DueTierings(now);
  if (due.empty()) return;
  v1::StartRefreshRequest request;
  for (const std::string& tiering : due) request.add_tierings(tiering);
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& tiering : due) attempted_[tiering] = now;
  }
  if (const auto refresh = Begin(request, kSchedule); !refresh.ok()) {
    Log(LogLevel::kWarning, "a refresh by schedule could not begin", {{"error", refresh.status().ToString()}});
  }
}

void Refresher::RunCurrent(v1::Refresh refresh) {
  const auto go_on = [&](absl::string_view step, double progress) {
    const std::lock_guard lock(mutex_);
    current_->set_step(step.data(), step.size());
    current_->set_progress(progress);
    return phase_ != Phase::kCancelled;
  };
  const auto may_commit = [&] {
    Phase running = Phase::kRunning;
    return phase_.compare_exchange_strong(running, Phase::kWriting);
  };
  const auto done = RunRefresh(scope_, refresh, {go_on, may_commit});
  if (done.ok()) {
    Log(LogLevel::kInfo, "refreshed",
        {{"refresh", absl::StrCat(refresh.id())},
         {"users", absl::StrCat(done->users())},
         {"computed", absl::StrCat(done->users_computed())},
         {"moved", absl::StrCat(done->users_moved())},
         {"seconds",
          absl::StrCat(absl::ToDoubleSeconds(FromProto(done->end_time()) - FromProto(done->start_time())))}});
  } else {
    refresh.set_state(absl::IsCancelled(done.status()) ? v1::REFRESH_STATE_CANCELLED : v1::REFRESH_STATE_FAILED);
    refresh.set_error(std::string(done.status().message()));
    *refresh.mutable_end_time() = ToProto(absl::Now());
    if (const absl::Status status = scope_.store.tiers->End(refresh); !status.ok()) {
      Log(LogLevel::kError, "the end of a refresh could not be written", {{"error", status.ToString()}});
    }
    Log(LogLevel::kWarning, "a refresh ended early",
        {{"refresh", absl::StrCat(refresh.id())}, {"error", done.status().ToString()}});
  }
  {
    const std::lock_guard lock(mutex_);
    if (done.ok()) {
      for (const std::string& tiering : refresh.tierings()) refreshed_[tiering] = FromProto(refresh.as_of());
    }
    current_.reset();
    phase_ = Phase::kIdle;
  }
  changed_.notify_all();
}

}  // namespace tierwise
