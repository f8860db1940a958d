// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tierwise {

// What the rows of a file become.
enum class FactKind { kExposures, kEvents, kProfiles };

// How times are written; kAny tells by their look: RFC 3339, a date, or Unix seconds (milliseconds from 10^11 on).
enum class TimeFormat { kAny, kRfc3339, kUnixSeconds, kUnixMillis };

// In place of a column: the number of the row, from 1, repeated rows counted.
inline constexpr char kRowNumber[] = "#row";

// Rows whose column does (or, negated, does not) hold this text.
struct RowFilter {
  std::string column;
  std::string value;
  bool is_negated = false;
};

// How the columns of a file become the fields of facts.
struct ImportMapping {
  std::map<std::string, std::string> columns;                              // field -> column, or kRowNumber
  std::map<std::string, std::string> constants;                            // field -> text
  std::map<std::string, std::map<std::string, std::string>> translations;  // field -> text in the file -> text
  std::vector<RowFilter> filters;                                          // all must hold
  std::string repeat;                                                      // column of how many rows a row stands for
  TimeFormat time_format = TimeFormat::kAny;
  std::string list_separator = "|";  // of STRING_LIST attributes
  char delimiter = 0;                // of CSV; 0: by the file's name
};

// "exposures", "events", "profiles". Errors: InvalidArgument.
absl::StatusOr<FactKind> ParseFactKind(absl::string_view text);

// Options, each "field=column", "field=text", "field:from=to,from=to" (CSV quoting), "column=text" or "column!=text".
// They replace what the mapping holds for the same field; filters add up. Errors: InvalidArgument that shows the form.
absl::Status AddMap(absl::string_view option, ImportMapping* mapping);
absl::Status AddSet(absl::string_view option, ImportMapping* mapping);
absl::Status AddTranslate(absl::string_view option, ImportMapping* mapping);
absl::Status AddWhere(absl::string_view option, ImportMapping* mapping);
absl::Status SetTimeFormat(absl::string_view option, ImportMapping* mapping);
absl::Status SetDelimiter(absl::string_view option, ImportMapping* mapping);

// Reads a mapping from YAML with the keys map, set, translate, where, repeat, time_format, list_separator and
// delimiter; docs/import.md describes them. Errors: InvalidArgument with every problem and its line.
absl::StatusOr<ImportMapping> ParseMapping(const std::string& file, const std::string& text);

// A text that is the same for the same mapping, and only then.
std::string CanonicalText(const ImportMapping& mapping);

}  // namespace tierwise
