// SPDX-License-Identifier: Apache-2.0
#include "client/cli/row_converter.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/suggestion.h"
#include "client/cli/time_text.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/event.pb.h"

namespace tierwise {
namespace {

using google::protobuf::FieldDescriptor;

constexpr int64_t kMaxRepeat = 100'000'000;

std::vector<std::string> RequiredFields(FactKind kind) {
  switch (kind) {
    case FactKind::kExposures:
      return {"user_id", "campaign", "variant"};
    case FactKind::kEvents:
      return {"user_id", "name", "time"};
    case FactKind::kProfiles:
      return {"user_id"};
  }
  return {};
}

// Fields that a mapping may name.
std::vector<std::string> KnownFields(FactKind kind, const AttributeTypes& types) {
  std::vector<std::string> fields;
  if (kind == FactKind::kProfiles) {
    fields.push_back("user_id");
    for (const auto& [attribute, type] : types) fields.push_back(attribute);
    return fields;
  }
  const auto* type = FactType(kind);
  for (int i = 0; i < type->field_count(); ++i) fields.push_back(type->field(i)->name());
  return fields;
}

absl::Status SetField(const std::string& text, const FieldDescriptor* field, TimeFormat time_format,
                      google::protobuf::Message* fact) {
  const auto* reflection = fact->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      reflection->SetString(fact, field, text);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      TIERWISE_ASSIGN_OR_RETURN(const double number, ParseFileDouble(text));
      reflection->SetDouble(fact, field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      TIERWISE_ASSIGN_OR_RETURN(const bool truth, ParseFileBool(text));
      reflection->SetBool(fact, field, truth);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      uint32_t number = 0;
      if (!absl::SimpleAtoi(text, &number)) {
        return absl::InvalidArgumentError(absl::StrCat("`", text, "` must be a whole number, 0 or more"));
      }
      reflection->SetUInt32(fact, field, number);
      return absl::OkStatus();
    }
    default: {
      TIERWISE_ASSIGN_OR_RETURN(const absl::Time time, ParseFileTime(text, time_format));
      *static_cast<google::protobuf::Timestamp*>(reflection->MutableMessage(fact, field)) = ToProto(time);
      return absl::OkStatus();
    }
  }
}

}  // namespace

const google::protobuf::Descriptor* FactType(FactKind kind) {
  switch (kind) {
    case FactKind::kExposures:
      return v1::Exposure::descriptor();
    case FactKind::kEvents:
      return v1::Event::descriptor();
    case FactKind::kProfiles:
      return v1::Profile::descriptor();
  }
  return nullptr;
}

uint64_t ContentHash(absl::string_view text, uint64_t hash) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

size_t RowConverter::ColumnIndex(const std::string& column) {
  const auto found = std::find(columns_.begin(), columns_.end(), column);
  if (found != columns_.end()) return static_cast<size_t>(found - columns_.begin());
  columns_.push_back(column);
  return columns_.size() - 1;
}

void RowConverter::AddSource(const std::string& field, const AttributeTypes& types, const RecordReader& reader,
                             Problems* problems) {
  Source source;
  source.field = field;
  if (kind_ == FactKind::kProfiles && field != "user_id") {
    source.attribute_type = types.at(field);
  } else {
    source.descriptor = FactType(kind_)->FindFieldByName(field);
  }
  if (const auto found = mapping_->translations.find(field); found != mapping_->translations.end()) {
    source.translations = &found->second;
  }
  const auto column = mapping_->columns.find(field);
  const auto constant = mapping_->constants.find(field);
  if (constant != mapping_->constants.end()) {
    source.constant = constant->second;
  } else if (column != mapping_->columns.end() && column->second == kRowNumber) {
    source.is_row_number = true;
  } else if (column != mapping_->columns.end()) {
    if (reader.MayHave(column->second)) {
      source.column = ColumnIndex(column->second);
    } else {
      problems->Add(field, absl::StrCat("the file has no column `", column->second, "`",
                                        Suggestion(column->second, reader.Columns())));
    }
  } else if (reader.MayHave(field)) {
    source.column = ColumnIndex(field);
  } else {
    return;
  }
  sources_.push_back(std::move(source));
}

absl::StatusOr<RowConverter> RowConverter::Create(FactKind kind, const ImportMapping& mapping,
                                                  const AttributeTypes& types, RecordReader* reader) {
  RowConverter converter(kind, mapping);
  Problems problems;
  const std::vector<std::string> known = KnownFields(kind, types);
  auto check_known = [&](const std::string& field) {
    if (std::find(known.begin(), known.end(), field) == known.end()) {
      problems.Add(field, absl::StrCat("no such field", kind == FactKind::kProfiles ? " or declared attribute" : "",
                                       Suggestion(field, known)));
    }
  };
  for (const auto& [field, column] : mapping.columns) check_known(field);
  for (const auto& [field, constant] : mapping.constants) check_known(field);
  for (const auto& [field, translations] : mapping.translations) check_known(field);
  for (const std::string& field : known) converter.AddSource(field, types, *reader, &problems);
  for (const std::string& field : RequiredFields(kind)) {
    const bool is_mapped = std::any_of(converter.sources_.begin(), converter.sources_.end(),
                                       [&field](const Source& source) { return source.field == field; });
    if (!is_mapped && !mapping.columns.contains(field)) {
      problems.Add(field, absl::StrCat("is required; give --map ", field, "=COLUMN or --set ", field, "=TEXT"));
    }
  }
  for (const RowFilter& filter : mapping.filters) {
    if (!reader->MayHave(filter.column)) {
      problems.Add("where", absl::StrCat("the file has no column `", filter.column, "`",
                                         Suggestion(filter.column, reader->Columns())));
    }
    converter.filter_columns_.push_back(converter.ColumnIndex(filter.column));
  }
  if (!mapping.repeat.empty()) {
    if (!reader->MayHave(mapping.repeat)) {
      problems.Add("repeat", absl::StrCat("the file has no column `", mapping.repeat, "`",
                                          Suggestion(mapping.repeat, reader->Columns())));
    }
    converter.repeat_column_ = converter.ColumnIndex(mapping.repeat);
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  TIERWISE_RETURN_IF_ERROR(reader->Select(converter.columns_));
  return converter;
}

absl::StatusOr<int64_t> RowConverter::RepeatOf(const Record& record) const {
  if (!repeat_column_.has_value()) return 1;
  const std::string text = record.values[*repeat_column_].value_or("");
  int64_t repeat = 0;
  if (absl::SimpleAtoi(text, &repeat) && repeat >= 0 && repeat <= kMaxRepeat) return repeat;
  return absl::InvalidArgumentError(absl::StrCat("`", text, "` must be a whole number from 0 to 100,000,000"));
}

bool RowConverter::IsWanted(const Record& record) const {
  for (size_t i = 0; i < filter_columns_.size(); ++i) {
    const RowFilter& filter = mapping_->filters[i];
    if ((record.values[filter_columns_[i]].value_or("") == filter.value) == filter.is_negated) return false;
  }
  return true;
}

absl::Status RowConverter::Set(const Source& source, const std::string& text, google::protobuf::Message* fact) const {
  if (source.descriptor != nullptr) return SetField(text, source.descriptor, mapping_->time_format, fact);
  TIERWISE_ASSIGN_OR_RETURN(
      v1::AttributeValue value,
      ParseAttributeValue(source.field, source.attribute_type, text, mapping_->list_separator, mapping_->time_format));
  *static_cast<v1::Profile*>(fact)->add_attributes() = std::move(value);
  return absl::OkStatus();
}

std::optional<Problem> RowConverter::Convert(const Record& record, int64_t row, google::protobuf::Message* fact) const {
  for (const Source& source : sources_) {
    std::string text = source.is_row_number ? absl::StrCat(row) : source.constant;
    if (source.column.has_value()) text = record.values[*source.column].value_or("");
    if (source.translations != nullptr) {
      if (const auto found = source.translations->find(text); found != source.translations->end()) text = found->second;
    }
    if (text.empty()) continue;  // not known
    const absl::Status status = Set(source, text, fact);
    if (!status.ok()) return Problem{source.field, std::string(status.message())};
  }
  for (const std::string& field : RequiredFields(kind_)) {
    const auto* descriptor = FactType(kind_)->FindFieldByName(field);
    if (!fact->GetReflection()->HasField(*fact, descriptor)) return Problem{field, "is empty, but required"};
  }
  if (kind_ == FactKind::kEvents) {
    auto& event = static_cast<v1::Event&>(*fact);
    if (event.event_id().empty()) {
      const uint64_t hash = ContentHash(record.text, ContentHash(absl::StrCat(event.name(), "\n")));
      event.set_event_id(absl::StrFormat("%016x-%d", hash, row));
    }
  }
  return std::nullopt;
}

}  // namespace tierwise
