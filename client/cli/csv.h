// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tierwise {

// Tells where a record ends whose text comes in pieces.
class QuoteTracker {
 public:
  explicit QuoteTracker(char delimiter) : delimiter_(delimiter) {}
  // Goes on with the record's next piece. REQUIRES: a piece does not end between the two quotes of a doubled one.
  void Add(absl::string_view piece);
  // Whether the record is inside a quoted field, so that a line end does not end it.
  bool is_inside() const { return is_inside_; }

 private:
  char delimiter_;
  bool is_inside_ = false;
  bool is_at_start_ = true;  // of a field
};

// The fields of one record by RFC 4180: parted by `delimiter`, quoted ones may hold delimiters, line ends and doubled
// quotes. A quote in the middle of an unquoted field stands for itself. Errors: InvalidArgument for text after a
// closing quote and for a quote that is not closed.
absl::StatusOr<std::vector<std::string>> SplitCsv(absl::string_view text, char delimiter);

// `value` as a field: quoted where it must be.
std::string CsvField(absl::string_view value);

// Fields joined by commas, with a line feed.
std::string CsvLine(const std::vector<std::string>& values);

}  // namespace tierwise
