// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/attribute_values.h"
#include "client/cli/import_mapping.h"
#include "client/cli/record_reader.h"
#include "experiments/base/problems.h"
#include "google/protobuf/message.h"

namespace tierwise {

// Turns the records of one file into facts: Exposure, Event or Profile messages.
//
// Fields without a mapping are taken from the column of the same name, where the file has one. An event without an
// event_id gets one from its name, the record's text and the row's number: importing the same file again counts nothing
// twice.
class RowConverter {
 public:
  // Selects the columns of `reader`. Errors: InvalidArgument with every unknown field, missing required field and
  // unknown column.
  static absl::StatusOr<RowConverter> Create(FactKind kind, const ImportMapping& mapping, const AttributeTypes& types,
                                             RecordReader* reader);

  // How many rows the record stands for: 1 without `repeat`. Errors: InvalidArgument for what is not a whole number
  // from 0 to 100,000,000.
  absl::StatusOr<int64_t> RepeatOf(const Record& record) const;

  // Whether the record passes all filters.
  bool IsWanted(const Record& record) const;

  // Fills `fact` from row `row` (from 1). A problem where a value is missing or does not fit.
  std::optional<Problem> Convert(const Record& record, int64_t row, google::protobuf::Message* fact) const;

 private:
  struct Source {
    std::string field;
    const google::protobuf::FieldDescriptor* descriptor = nullptr;  // null for a profile's attribute
    v1::AttributeType attribute_type = v1::ATTRIBUTE_TYPE_UNSPECIFIED;
    std::optional<size_t> column;  // index into Record::values
    bool is_row_number = false;
    std::string constant;  // where neither
    const std::map<std::string, std::string>* translations = nullptr;
  };

  RowConverter(FactKind kind, const ImportMapping& mapping)
      : kind_(kind), mapping_(std::make_unique<ImportMapping>(mapping)) {}

  void AddSource(const std::string& field, const AttributeTypes& types, const RecordReader& reader, Problems* problems);
  size_t ColumnIndex(const std::string& column);
  absl::Status Set(const Source& source, const std::string& text, google::protobuf::Message* fact) const;

  FactKind kind_;
  std::unique_ptr<const ImportMapping> mapping_;  // translations are pointed to
  std::vector<Source> sources_;
  std::vector<std::string> columns_;
  std::vector<size_t> filter_columns_;
  std::optional<size_t> repeat_column_;
};

// The message of one fact.
const google::protobuf::Descriptor* FactType(FactKind kind);

// 64-bit FNV-1a, going on from `hash`.
uint64_t ContentHash(absl::string_view text, uint64_t hash = 0xcbf29ce484222325u);

}  // namespace tierwise
