// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>

#include "absl/status/statusor.h"
#include "client/cli/connection.h"
#include "tierwise/v1/event_service.pb.h"

namespace tierwise {

// Sends batches of profiles over one call, several under way, which the server takes in in order. Where the call breaks
// and another try is worth it, a new one sends again what was not answered, which is safe: the same values are set.
// Not thread-safe.
class ProfileStream {
 public:
  explicit ProfileStream(const Connection& connection) : connection_(connection) {}

  // Does not wait for the answer. `batch` must live until it is answered.
  void Send(const v1::StreamProfilesRequest& batch);

  // Waits for the answer to the oldest batch without one. REQUIRES: there is one.
  absl::StatusOr<v1::StreamProfilesResponse> TakeAnswer();

 private:
  // Opens a call and sends all that is unanswered.
  void Reopen();

  const Connection& connection_;
  std::deque<const v1::StreamProfilesRequest*> unanswered_;
  std::unique_ptr<MessageStream> stream_;
};

}  // namespace tierwise
