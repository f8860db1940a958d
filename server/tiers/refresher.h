// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/tiers/refresh_run.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {

struct RefresherOptions {
  std::function<absl::Time()> now = absl::Now;
  absl::Duration poll_every = absl::Seconds(1);  // how often it looks whether a refresh is due
};

// Runs refreshes on a thread of its own, one at a time: when asked, and when a tiering's `refresh.every` has passed
// since the moment of its last one (at once where there was none). One that failed is tried again no sooner than after
// five minutes. Thread-safe.
class Refresher {
 public:
  // What `scope` refers to must outlive it.
  static absl::StatusOr<std::unique_ptr<Refresher>> Start(RefreshScope scope, RefresherOptions options);
  // Cancels what runs.
  ~Refresher();

  // Begins a refresh of these tierings (none: all), as of that time (unset: now). InvalidArgument names the field;
  // FailedPrecondition while another one runs.
  absl::StatusOr<v1::Refresh> Begin(const v1::StartRefreshRequest& request, const std::string& actor);
  // NotFound where there has been none of that id.
  absl::StatusOr<v1::Refresh> Get(int64_t id);
  // Ends it and returns it as it ended; waits until then. FailedPrecondition where it has ended, or is being written.
  absl::StatusOr<v1::Refresh> Cancel(int64_t id);
  // As TierHistory::List, with the present state of the one that runs.
  absl::StatusOr<std::vector<v1::Refresh>> List(int64_t before, int limit);

 private:
  enum class Phase { kIdle, kRunning, kCancelled, kWriting };

  Refresher(RefreshScope scope, RefresherOptions options) : scope_(scope), options_(std::move(options)) {}

  absl::StatusOr<v1::Refresh> Checked(const v1::StartRefreshRequest& request, const std::string& actor);
  // With `mutex_` held: makes `refresh` the one to run.
  absl::StatusOr<v1::Refresh> Enqueue(v1::Refresh refresh);
  void Loop();
  void BeginDue();
  std::vector<std::string> DueTierings(absl::Time now);
  void RunCurrent(v1::Refresh refresh);

  RefreshScope scope_;
  const RefresherOptions options_;
  std::atomic<Phase> phase_ = Phase::kIdle;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::optional<v1::Refresh> current_;  // while phase_ is not kIdle
  bool is_taken_ = false;               // the thread has begun with it
  bool is_stopping_ = false;
  std::map<std::string, absl::Time> refreshed_;  // by tiering: the moment of its last refresh
  std::map<std::string, absl::Time> attempted_;  // by tiering: when one was begun by schedule
  std::thread thread_;
};

}  // namespace tierwise
