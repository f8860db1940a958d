// SPDX-License-Identifier: Apache-2.0
#include "client/cli/record_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/cli/compressed_input.h"
#include "client/cli/csv.h"
#include "client/cli/suggestion.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr size_t kMaxRecordBytes = 1 << 20;
constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Takes the line end off: LF or CRLF.
void StripLineEnd(std::string* text) {
  if (!text->empty() && text->back() == '\n') text->pop_back();
  if (!text->empty() && text->back() == '\r') text->pop_back();
}

class CsvReader : public RecordReader {
 public:
  CsvReader(CompressedInput input, char delimiter) : input_(std::move(input)), delimiter_(delimiter) {}

  absl::Status ReadHeader() {
    Record record;
    TIERWISE_ASSIGN_OR_RETURN(const bool has_header, NextText(&record));
    if (!has_header) return absl::InvalidArgumentError("the file is empty: a header with the columns' names is needed");
    TIERWISE_ASSIGN_OR_RETURN(header_, SplitCsv(absl::StripPrefix(record.text, kByteOrderMark), delimiter_));
    std::set<std::string> names;
    for (const std::string& name : header_) {
      if (!names.insert(name).second) {
        return absl::InvalidArgumentError(absl::StrCat("the header names the column `", name, "` twice"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Select(std::vector<std::string> columns) override {
    selected_.clear();
    for (const std::string& column : columns) {
      const auto found = std::find(header_.begin(), header_.end(), column);
      if (found == header_.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("the file has no column `", column, "`", Suggestion(column, header_)));
      }
      selected_.push_back(static_cast<size_t>(found - header_.begin()));
    }
    return absl::OkStatus();
  }

  bool MayHave(const std::string& column) const override {
    return std::find(header_.begin(), header_.end(), column) != header_.end();
  }
  std::vector<std::string> Columns() const override { return header_; }

  absl::StatusOr<bool> Next(Record* record) override {
    TIERWISE_ASSIGN_OR_RETURN(const bool has_record, NextText(record));
    if (!has_record) return false;
    record->values.clear();
    record->problem.clear();
    absl::StatusOr<std::vector<std::string>> fields = SplitCsv(record->text, delimiter_);
    if (!fields.ok()) {
      record->problem = std::string(fields.status().message());
    } else if (fields->size() != header_.size()) {
      record->problem = absl::StrCat("has ", fields->size(), " fields, the header has ", header_.size());
    } else {
      for (const size_t column : selected_) record->values.emplace_back(std::move((*fields)[column]));
    }
    return true;
  }

  int64_t BytesRead() const override { return input_.BytesRead(); }
  int64_t BytesTotal() const override { return input_.BytesTotal(); }

 private:
  // The next record's text and line; empty lines are passed over.
  absl::StatusOr<bool> NextText(Record* record) {
    do {
      record->text.clear();
      record->line = next_line_;
      QuoteTracker quotes(delimiter_);
      do {
        const size_t before = record->text.size();
        TIERWISE_ASSIGN_OR_RETURN(const bool has_line, input_.AppendLine(kMaxRecordBytes, &record->text));
        quotes.Add(absl::string_view(record->text).substr(before));
        if (!has_line) {
          StripLineEnd(&record->text);
          return !record->text.empty();
        }
        ++next_line_;
      } while (quotes.is_inside());
      StripLineEnd(&record->text);
    } while (record->text.empty());
    return true;
  }

  CompressedInput input_;
  char delimiter_;
  std::vector<std::string> header_;
  std::vector<size_t> selected_;
  int64_t next_line_ = 1;
};

// Members of objects inside are named by dots, "order.total".
class NdjsonReader : public RecordReader {
 public:
  explicit NdjsonReader(CompressedInput input) : input_(std::move(input)) {}

  absl::Status Select(std::vector<std::string> columns) override {
    selected_ = std::move(columns);
    return absl::OkStatus();
  }
  bool MayHave(const std::string&) const override { return true; }
  std::vector<std::string> Columns() const override { return {}; }

  absl::StatusOr<bool> Next(Record* record) override {
    do {
      record->text.clear();
      TIERWISE_ASSIGN_OR_RETURN(const bool has_line, input_.AppendLine(kMaxRecordBytes, &record->text));
      if (!has_line) return false;
      record->line = next_line_++;
      StripLineEnd(&record->text);
    } while (record->text.find_first_not_of(" \t") == std::string::npos);
    record->values.clear();
    record->problem.clear();
    const nlohmann::json object = nlohmann::json::parse(record->text, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) {
      record->problem = "not a JSON object";
      return true;
    }
    for (const std::string& column : selected_) record->values.push_back(TextOf(object, column));
    return true;
  }

  int64_t BytesRead() const override { return input_.BytesRead(); }
  int64_t BytesTotal() const override { return input_.BytesTotal(); }

 private:
  static std::optional<std::string> TextOf(const nlohmann::json& object, const std::string& column) {
    const nlohmann::json* value = &object;
    if (const auto member = object.find(column); member != object.end()) {
      value = &*member;
    } else {
      for (const absl::string_view name : absl::StrSplit(column, '.')) {
        if (!value->is_object()) return std::nullopt;
        const auto inner = value->find(std::string(name));
        if (inner == value->end()) return std::nullopt;
        value = &*inner;
      }
    }
    if (value->is_null()) return std::nullopt;
    return value->is_string() ? value->get<std::string>() : value->dump();
  }

  CompressedInput input_;
  std::vector<std::string> selected_;
  int64_t next_line_ = 1;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RecordReader>> OpenRecords(const std::string& path, RecordFormat format,
                                                          char delimiter) {
  const absl::string_view name = absl::StripSuffix(path, ".gz");
  const bool is_tsv = absl::EndsWith(name, ".tsv");
  if (format == RecordFormat::kByName) {
    if (absl::EndsWith(name, ".csv") || is_tsv) {
      format = RecordFormat::kCsv;
    } else if (absl::EndsWith(name, ".ndjson") || absl::EndsWith(name, ".jsonl")) {
      format = RecordFormat::kNdjson;
    } else {
      return absl::InvalidArgumentError(absl::StrCat(path,
                                                     ": the name tells no format (.csv, .tsv, .ndjson or .jsonl, each "
                                                     "also with .gz); give --format csv or --format ndjson"));
    }
  }
  TIERWISE_ASSIGN_OR_RETURN(CompressedInput input, CompressedInput::Open(path));
  if (format == RecordFormat::kNdjson) return std::make_unique<NdjsonReader>(std::move(input));
  auto reader = std::make_unique<CsvReader>(std::move(input), delimiter != 0 ? delimiter : is_tsv ? '\t' : ',');
  TIERWISE_RETURN_IF_ERROR(reader->ReadHeader());
  return reader;
}

}  // namespace tierwise
