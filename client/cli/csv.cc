// SPDX-License-Identifier: Apache-2.0
#include "client/cli/csv.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace tierwise {

void QuoteTracker::Add(absl::string_view piece) {
  for (size_t i = 0; i < piece.size(); ++i) {
    if (!is_inside_) {
      is_inside_ = is_at_start_ && piece[i] == '"';
      is_at_start_ = piece[i] == delimiter_;
    } else if (piece[i] == '"') {
      if (i + 1 < piece.size() && piece[i + 1] == '"') {
        ++i;
      } else {
        is_inside_ = false;
      }
    }
  }
}

absl::StatusOr<std::vector<std::string>> SplitCsv(absl::string_view text, char delimiter) {
  std::vector<std::string> fields;
  size_t i = 0;
  while (true) {
    std::string field;
    if (i < text.size() && text[i] == '"') {
      for (++i;; ++i) {
        if (i >= text.size()) return absl::InvalidArgumentError("a quote is not closed");
        if (text[i] != '"') {
          field += text[i];
        } else if (i + 1 < text.size() && text[i + 1] == '"') {
          field += text[i++];
        } else {
          break;
        }
      }
      ++i;
      if (i < text.size() && text[i] != delimiter) {
        return absl::InvalidArgumentError(absl::StrCat("text after the closing quote of field ", fields.size() + 1));
      }
    } else {
      const size_t end = std::min(text.find(delimiter, i), text.size());
      field = std::string(text.substr(i, end - i));
      i = end;
    }
    fields.push_back(std::move(field));
    if (i >= text.size()) return fields;
    ++i;
  }
}

std::string CsvField(absl::string_view value) {
  if (value.find_first_of(",\"\r\n") == absl::string_view::npos) return std::string(value);
  return absl::StrCat("\"", absl::StrReplaceAll(value, {{"\"", "\"\""}}), "\"");
}

std::string CsvLine(const std::vector<std::string>& values) {
  return absl::StrCat(
      absl::StrJoin(values, ",",
                    [](std::string* out, const std::string& value) { absl::StrAppend(out, CsvField(value)); }),
      "\n");
}

}  // namespace tierwise
