// SPDX-License-Identifier: Apache-2.0
#include "client/cli/profile_stream.h"

#include "client/cli/retry.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr char kPath[] = "/tierwise.v1.EventService/StreamProfiles";

}  // namespace

void ProfileStream::Send(const v1::StreamProfilesRequest& batch) {
  unanswered_.push_back(&batch);
  if (stream_ == nullptr) {
    Reopen();
  } else {
    stream_->Write(batch);  // where the call has ended, TakeAnswer finds out
  }
}

absl::StatusOr<v1::StreamProfilesResponse> ProfileStream::TakeAnswer() {
  v1::StreamProfilesResponse response;
  TIERWISE_RETURN_IF_ERROR(WithRetries([&] {
    if (stream_ == nullptr) Reopen();
    if (stream_->Read(&response)) return absl::OkStatus();
    absl::Status status = stream_->Finish();
    stream_.reset();
    return status.ok() ? absl::UnavailableError("the server ended the call before it answered") : status;
  }));
  unanswered_.pop_front();
  return response;
}

void ProfileStream::Reopen() {
  stream_ = connection_.OpenStream(kPath);
  for (const v1::StreamProfilesRequest* batch : unanswered_) stream_->Write(*batch);
}

}  // namespace tierwise
