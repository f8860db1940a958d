// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/problems.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"

namespace tierwise {

void Problems::Add(absl::string_view field, absl::string_view description) {
  if (problems_.size() >= kMaxKept) {
    ++left_out_;
    return;
  }
  problems_.push_back({std::string(field), std::string(description)});
}

void Problems::AddAll(absl::string_view prefix, const Problems& other) {
  for (const Problem& problem : other.problems_) {
    if (prefix.empty()) {
      Add(problem.field, problem.description);
    } else if (problem.field.empty()) {
      Add(prefix, problem.description);
    } else {
      Add(absl::StrCat(prefix, ".", problem.field), problem.description);
    }
  }
  left_out_ += other.left_out_;
}

absl::Status Problems::ToStatus() const {
  if (problems_.empty()) return absl::OkStatus();
  google::rpc::BadRequest details;
  std::string message;
  for (const Problem& problem : problems_) {
    auto* violation = details.add_field_violations();
    violation->set_field(problem.field);
    violation->set_description(problem.description);
    absl::StrAppend(&message, message.empty() ? "" : "; ", problem.field, problem.field.empty() ? "" : ": ",
                    problem.description);
  }
  if (left_out_ > 0) absl::StrAppend(&message, "; and ", left_out_, " more");
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kBadRequestPayloadUrl, absl::Cord(details.SerializeAsString()));
  return status;
}

absl::Status InvalidField(absl::string_view field, absl::string_view description) {
  Problems problems;
  problems.Add(field, description);
  return problems.ToStatus();
}

std::vector<Problem> ProblemsOf(const absl::Status& status) {
  std::vector<Problem> problems;
  google::rpc::BadRequest details;
  const auto payload = status.GetPayload(kBadRequestPayloadUrl);
  if (!payload.has_value() || !details.ParseFromString(std::string(*payload))) return problems;
  for (const auto& violation : details.field_violations()) {
    problems.push_back({violation.field(), violation.description()});
  }
  return problems;
}

}  // namespace tierwise
