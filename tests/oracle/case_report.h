// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"

namespace tierwise::oracle {

// What the product computed for one case, by field path. A path is the expected fields' keys joined by '.', as in
// "arm_a.woodruff.se_iid"; a value may be an array or an object, compared part by part. A field that is `null` in the
// case file ("undefined or not applicable") must be given as null.
class CaseReport {
 public:
  struct Value {
    nlohmann::json got;
    bool null_is_uncomputed = false;
    bool less_is_better = false;
    nlohmann::json definition = {};  // what the field's own definition gives; null where only the record counts
    std::string contradiction = {};  // why the record may differ from it
  };

  void Got(absl::string_view field, nlohmann::json value) { values_[std::string(field)] = {std::move(value)}; }
  void Got(absl::string_view field, const Interval& value) { Got(field, Json(value)); }
  // As Got where `is_defined`, else null.
  template <typename T>
  void GotIf(bool is_defined, absl::string_view field, const T& value) {
    if (is_defined) {
      Got(field, value);
    } else {
      Got(field, nullptr);
    }
  }
  // For fields whose null says only that the reference did not compute them: any value passes against null.
  void GotUnlessUncomputed(absl::string_view field, nlohmann::json value) {
    values_[std::string(field)] = {std::move(value), true};
  }
  // For the value of a minimised criterion: below the reference also passes.
  void GotMinimum(absl::string_view field, double value) { values_[std::string(field)] = {value, false, true}; }

  // For fields whose record is known to contradict the field's own definition in some cases: `value` must agree with
  // `definition`, computed by other code; and with the record, unless that contradicts the definition, which is counted
  // and printed with `reason`.
  void GotByDefinition(absl::string_view field, const Interval& value, const Interval& definition,
                       absl::string_view reason) {
    values_[std::string(field)] = {
        .got = Json(value), .definition = Json(definition), .contradiction = std::string(reason)};
  }

  // The value, or fails the case with the status.
  template <typename T>
  static T Require(absl::StatusOr<T> result) {
    if (!result.ok()) throw std::runtime_error(std::string(result.status().message()));
    return std::move(result).value();
  }

  static void Require(const absl::Status& status) {
    if (!status.ok()) throw std::runtime_error(std::string(status.message()));
  }

  // [lower, upper]; null where neither end is finite and null for one infinite end.
  static nlohmann::json Json(const Interval& interval);

  // Null where nothing was given for `field`.
  const Value* Find(const std::string& field) const {
    const auto it = values_.find(field);
    return it == values_.end() ? nullptr : &it->second;
  }

 private:
  std::map<std::string, Value> values_;
};

}  // namespace tierwise::oracle
