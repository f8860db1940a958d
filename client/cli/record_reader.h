// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tierwise {

// One record of a file of facts.
struct Record {
  int64_t line = 0;                                // of its first character, from 1
  std::string text;                                // as it stands in the file, without its line end
  std::vector<std::optional<std::string>> values;  // in the order of RecordReader::Select; unset: no such member
  std::string problem;                             // why it can't be read; empty where it can
};

// Records of a CSV file (RFC 4180, with a header) or of newline-delimited JSON, plain or gzipped, one at a time: memory
// does not grow with the file. Not thread-safe.
class RecordReader {
 public:
  virtual ~RecordReader() = default;

  // The columns to read from each record. Errors: InvalidArgument for one that the header does not have.
  virtual absl::Status Select(std::vector<std::string> columns) = 0;
  // Whether the file may have such a column: by the header for CSV; always for JSON, where members come and go.
  virtual bool MayHave(const std::string& column) const = 0;
  // The header's columns; empty for JSON.
  virtual std::vector<std::string> Columns() const = 0;

  // False after the last record. A record that can't be read has its `problem` set and is no error. Errors:
  // InvalidArgument where the rest of the file can't be read (a record above 1 MiB, broken compression).
  virtual absl::StatusOr<bool> Next(Record* record) = 0;

  // How many bytes of the file, as it lies on disk, were read, and how many it has (0: not known).
  virtual int64_t BytesRead() const = 0;
  virtual int64_t BytesTotal() const = 0;
};

// How a file is written.
enum class RecordFormat { kByName, kCsv, kNdjson };

// Opens a file; "-" is standard input. kByName takes .csv, .tsv, .ndjson and .jsonl, each also with .gz. `delimiter`
// parts the fields of CSV; 0 is a comma (a tab for .tsv). Errors: NotFound; InvalidArgument for an unknown name, an
// empty CSV file, a header that names a column twice.
absl::StatusOr<std::unique_ptr<RecordReader>> OpenRecords(const std::string& path, RecordFormat format, char delimiter);

}  // namespace tierwise
