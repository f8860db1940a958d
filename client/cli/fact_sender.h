// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/connection.h"
#include "client/cli/import_mapping.h"
#include "client/cli/profile_stream.h"
#include "experiments/base/problems.h"
#include "google/protobuf/message.h"

namespace tierwise {

// Where a fact came from.
struct FactOrigin {
  int64_t line = 0;
  std::shared_ptr<const std::string> text;  // the record; shared by the rows that it stands for
};

// How far the file was read where a batch ends.
struct ReadingPosition {
  int64_t rows = 0;        // repeated rows counted
  uint64_t text_hash = 0;  // ContentHash over the texts of the records up to there
};

// Sends facts in batches, several under way at once, and hands the outcomes back in the order of the file. A batch that
// the server had no time for is sent again, which is safe: facts count once. Not thread-safe.
class FactSender {
 public:
  using OnRejected = std::function<void(const FactOrigin&, const Problem&)>;
  // Called when every row up to the position has been acknowledged or rejected.
  using OnAcknowledged = std::function<absl::Status(const ReadingPosition&)>;

  FactSender(const Connection& connection, FactKind kind, OnRejected on_rejected, OnAcknowledged on_acknowledged);
  ~FactSender();

  // A new message for one fact, to be filled in and then kept (or dropped, where it could not be filled in).
  google::protobuf::Message* AddFact();
  void DropFact();
  // Keeps the fact. Waits where enough batches are under way. Errors: those of the server; nothing more is sent then.
  absl::Status KeepFact(FactOrigin origin, const ReadingPosition& position);

  // Sends what is left and waits for every answer.
  absl::Status Finish(const ReadingPosition& position);

  int64_t accepted() const { return accepted_; }

 private:
  struct Batch {
    std::unique_ptr<google::protobuf::Message> request;
    std::vector<FactOrigin> origins;
    size_t bytes = 0;
    ReadingPosition position;
  };
  struct Answer {
    absl::Status status;
    int64_t accepted = 0;
    std::vector<std::pair<size_t, Problem>> errors;  // by place in the batch
  };
  struct Sent {
    std::shared_ptr<const Batch> batch;
    std::future<Answer> answer;
  };

  Batch NewBatch() const;
  absl::Status Send(const ReadingPosition& position);
  absl::Status TakeOldest();
  template <typename Response>
  static Answer AnswerOf(absl::Status status, const Response& response);
  static Answer Ask(const Connection& connection, FactKind kind, const Batch& batch);
  Answer TakeProfilesAnswer();

  const Connection& connection_;
  FactKind kind_;
  OnRejected on_rejected_;
  OnAcknowledged on_acknowledged_;
  ProfileStream profiles_;  // of FactKind::kProfiles only
  Batch batch_;
  std::deque<Sent> under_way_;
  int64_t accepted_ = 0;
};

}  // namespace tierwise
