// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tierwise {

// One thing that is wrong with an input.
struct Problem {
  std::string field;        // path to the field, e.g. "campaign.tier_plans[1].arms[0].weight"
  std::string description;  // what was wrong and what is allowed, one sentence, no full stop

  friend bool operator==(const Problem&, const Problem&) = default;
};

// Collects everything that is wrong with an input, so that one error can name it all. Not thread-safe.
class Problems {
 public:
  // At most this many problems are kept; further ones are counted only.
  static constexpr size_t kMaxKept = 100;

  void Add(absl::string_view field, absl::string_view description);

  // Adds all of `other` with `prefix` before each field ("prefix.field"; just "prefix" where the field is empty).
  void AddAll(absl::string_view prefix, const Problems& other);

  bool empty() const { return problems_.empty(); }
  const std::vector<Problem>& problems() const { return problems_; }

  // OK when empty. Otherwise InvalidArgument whose message lists the problems ("field: description; ...") and whose
  // payload under kBadRequestPayloadUrl is a google.rpc.BadRequest with one violation for each.
  absl::Status ToStatus() const;

 private:
  std::vector<Problem> problems_;
  size_t left_out_ = 0;
};

// The payload type that carries field violations in a status, here and on the wire.
inline constexpr char kBadRequestPayloadUrl[] = "type.googleapis.com/google.rpc.BadRequest";

// InvalidArgument with one violation.
absl::Status InvalidField(absl::string_view field, absl::string_view description);

// The problems that `status` carries; empty where it carries none.
std::vector<Problem> ProblemsOf(const absl::Status& status);

}  // namespace tierwise
