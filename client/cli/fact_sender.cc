// SPDX-License-Identifier: Apache-2.0
#include "client/cli/fact_sender.h"

#include <utility>

#include "client/cli/retry.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/event_service.pb.h"

namespace tierwise {
namespace {

constexpr size_t kBatchFacts = 5'000;
// The server takes messages of at most 4 MiB; one more fact must always fit.
constexpr size_t kBatchBytes = 2 << 20;
constexpr size_t kMaxUnderWay = 4;

// Calls `visit(request, response)` with messages of the right types.
template <typename Visit>
auto WithMessages(FactKind kind, Visit visit) {
  switch (kind) {
    case FactKind::kExposures:
      return visit(v1::RecordExposuresRequest(), v1::RecordExposuresResponse());
    case FactKind::kEvents:
      return visit(v1::RecordEventsRequest(), v1::RecordEventsResponse());
    case FactKind::kProfiles:
      break;
  }
  return visit(v1::StreamProfilesRequest(), v1::StreamProfilesResponse());
}

// The only field of the three requests.
const google::protobuf::FieldDescriptor* FactsOf(const google::protobuf::Message& request) {
  return request.GetDescriptor()->field(0);
}

}  // namespace

FactSender::FactSender(const Connection& connection, FactKind kind, OnRejected on_rejected,
                       OnAcknowledged on_acknowledged)
    : connection_(connection),
      kind_(kind),
      on_rejected_(std::move(on_rejected)),
      on_acknowledged_(std::move(on_acknowledged)),
      profiles_(connection),
      batch_(NewBatch()) {}

FactSender::~FactSender() = default;

FactSender::Batch FactSender::NewBatch() const {
  Batch batch;
  batch.request = WithMessages(kind_, [](const auto& request, const auto&) {
    return std::unique_ptr<google::protobuf::Message>(request.New());
  });
  return batch;
}

google::protobuf::Message* FactSender::AddFact() {
  return batch_.request->GetReflection()->AddMessage(batch_.request.get(), FactsOf(*batch_.request));
}

void FactSender::DropFact() {
  batch_.request->GetReflection()->RemoveLast(batch_.request.get(), FactsOf(*batch_.request));
}

absl::Status FactSender::KeepFact(FactOrigin origin, const ReadingPosition& position) {
  const google::protobuf::Message& request = *batch_.request;
  const int last = static_cast<int>(batch_.origins.size());
  batch_.bytes += request.GetReflection()->GetRepeatedMessage(request, FactsOf(request), last).ByteSizeLong();
  batch_.origins.push_back(std::move(origin));
  if (batch_.origins.size() < kBatchFacts && batch_.bytes < kBatchBytes) return absl::OkStatus();
  return Send(position);
}

absl::Status FactSender::Send(const ReadingPosition& position) {
  batch_.position = position;
  auto batch = std::make_shared<const Batch>(std::exchange(batch_, NewBatch()));
  if (kind_ == FactKind::kProfiles) {
    // Of one user's profiles the later wins, so their order counts: one call, whose answers come in order.
    profiles_.Send(static_cast<const v1::StreamProfilesRequest&>(*batch->request));
    under_way_.push_back({batch, std::async(std::launch::deferred, [this] { return TakeProfilesAnswer(); })});
  } else {
    under_way_.push_back(
        {batch, std::async(std::launch::async, [this, batch] { return Ask(connection_, kind_, *batch); })});
  }
  while (under_way_.size() >= kMaxUnderWay) TIERWISE_RETURN_IF_ERROR(TakeOldest());
  return absl::OkStatus();
}

template <typename Response>
FactSender::Answer FactSender::AnswerOf(absl::Status status, const Response& response) {
  Answer answer;
  answer.status = std::move(status);
  answer.accepted = response.accepted();
  for (const v1::ItemError& error : response.errors()) {
    answer.errors.push_back({error.index(), Problem{error.field(), error.description()}});
  }
  return answer;
}

FactSender::Answer FactSender::Ask(const Connection& connection, FactKind kind, const Batch& batch) {
  return WithMessages(kind, [&](const auto&, auto response) {
    absl::Status status = WithRetries([&] { return connection.Call(*batch.request, &response); });
    return AnswerOf(std::move(status), response);
  });
}

FactSender::Answer FactSender::TakeProfilesAnswer() {
  const absl::StatusOr<v1::StreamProfilesResponse> response = profiles_.TakeAnswer();
  return AnswerOf(response.status(), response.ok() ? *response : v1::StreamProfilesResponse());
}

absl::Status FactSender::TakeOldest() {
  Sent sent = std::move(under_way_.front());
  under_way_.pop_front();
  const Answer answer = sent.answer.get();
  TIERWISE_RETURN_IF_ERROR(answer.status);
  accepted_ += answer.accepted;
  for (const auto& [index, problem] : answer.errors) {
    if (index < sent.batch->origins.size()) on_rejected_(sent.batch->origins[index], problem);
  }
  return on_acknowledged_(sent.batch->position);
}

absl::Status FactSender::Finish(const ReadingPosition& position) {
  if (!batch_.origins.empty()) TIERWISE_RETURN_IF_ERROR(Send(position));
  while (!under_way_.empty()) TIERWISE_RETURN_IF_ERROR(TakeOldest());
  return absl::OkStatus();
}

}  // namespace tierwise
