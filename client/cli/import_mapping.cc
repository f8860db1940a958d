// SPDX-License-Identifier: Apache-2.0
#include "client/cli/import_mapping.h"

#include <yaml-cpp/yaml.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/csv.h"
#include "client/cli/suggestion.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

// "name=value", parted at the first '='.
absl::StatusOr<std::pair<std::string, std::string>> SplitPair(absl::string_view option, absl::string_view form) {
  const size_t equals = option.find('=');
  if (equals == absl::string_view::npos || equals == 0) {
    return absl::InvalidArgumentError(absl::StrCat("`", option, "` must be of the form ", form));
  }
  return std::make_pair(std::string(option.substr(0, equals)), std::string(option.substr(equals + 1)));
}

void MapColumn(const std::string& field, const std::string& column, ImportMapping* mapping) {
  mapping->constants.erase(field);
  mapping->columns[field] = column;
}

void SetConstant(const std::string& field, const std::string& text, ImportMapping* mapping) {
  mapping->columns.erase(field);
  mapping->constants[field] = text;
}

// Reads one mapping file; problems carry their lines.
class MappingReader {
 public:
  MappingReader(const std::string& file, Problems* problems) : file_(file), problems_(problems) {}

  ImportMapping Read(const YAML::Node& root) {
    if (!root.IsMap()) {
      Add(root, "", "must be a mapping with `map`");
      return {};
    }
    for (const auto& member : root) ReadMember(member.first.Scalar(), member.first, member.second);
    return std::move(mapping_);
  }

 private:
  void Add(const YAML::Node& node, absl::string_view key, absl::string_view description) {
    const std::string position = absl::StrCat(file_, ":", node.Mark().line + 1);
    problems_->Add(key.empty() ? position : absl::StrCat(position, ": ", key), description);
  }
  void AddIfError(const YAML::Node& node, absl::string_view key, const absl::Status& status) {
    if (!status.ok()) Add(node, key, status.message());
  }

  template <typename Function>
  void ForEachPair(const YAML::Node& node, const std::string& key, Function function) {
    if (!node.IsMap()) return Add(node, key, "must be a mapping (`name: value` lines)");
    for (const auto& member : node) {
      if (member.second.IsScalar()) {
        function(member.first.Scalar(), member.second.Scalar());
      } else {
        Add(member.second, absl::StrCat(key, ".", member.first.Scalar()), "must be a single value");
      }
    }
  }

  void ReadMember(const std::string& key, const YAML::Node& name, const YAML::Node& value) {
    if (key == "map") {
      ForEachPair(value, key, [this](const auto& field, const auto& column) { MapColumn(field, column, &mapping_); });
    } else if (key == "set") {
      ForEachPair(value, key, [this](const auto& field, const auto& text) { SetConstant(field, text, &mapping_); });
    } else if (key == "translate") {
      if (!value.IsMap()) return Add(value, key, "must be a mapping from fields to mappings of values");
      for (const auto& field : value) {
        auto& translations = mapping_.translations[field.first.Scalar()];
        ForEachPair(field.second, absl::StrCat(key, ".", field.first.Scalar()),
                    [&translations](const auto& from, const auto& to) { translations[from] = to; });
      }
    } else if (key == "where") {
      if (!value.IsSequence()) return Add(value, key, "must be a list like [\"visit=1\"]");
      for (const YAML::Node& filter : value) AddIfError(filter, key, AddWhere(filter.Scalar(), &mapping_));
    } else if (!value.IsScalar()) {
      Add(value, key, "must be a single value");
    } else if (key == "repeat") {
      mapping_.repeat = value.Scalar();
    } else if (key == "time_format") {
      AddIfError(value, key, SetTimeFormat(value.Scalar(), &mapping_));
    } else if (key == "delimiter") {
      AddIfError(value, key, SetDelimiter(value.Scalar(), &mapping_));
    } else if (key == "list_separator") {
      mapping_.list_separator = value.Scalar();
    } else {
      Add(name, key,
          absl::StrCat("unknown key", Suggestion(key, {"map", "set", "translate", "where", "repeat", "time_format",
                                                       "list_separator", "delimiter"})));
    }
  }

  const std::string& file_;
  Problems* problems_;
  ImportMapping mapping_;
};

}  // namespace

absl::StatusOr<FactKind> ParseFactKind(absl::string_view text) {
  if (text == "exposures") return FactKind::kExposures;
  if (text == "events") return FactKind::kEvents;
  if (text == "profiles") return FactKind::kProfiles;
  return absl::InvalidArgumentError(
      absl::StrCat("`", text, "` can't be imported", Suggestion(text, {"exposures", "events", "profiles"})));
}

absl::Status AddMap(absl::string_view option, ImportMapping* mapping) {
  TIERWISE_ASSIGN_OR_RETURN(const auto pair, SplitPair(option, "FIELD=COLUMN"));
  MapColumn(pair.first, pair.second, mapping);
  return absl::OkStatus();
}

absl::Status AddSet(absl::string_view option, ImportMapping* mapping) {
  TIERWISE_ASSIGN_OR_RETURN(const auto pair, SplitPair(option, "FIELD=TEXT"));
  SetConstant(pair.first, pair.second, mapping);
  return absl::OkStatus();
}

absl::Status AddTranslate(absl::string_view option, ImportMapping* mapping) {
  constexpr absl::string_view kForm = "FIELD:FROM=TO,FROM=TO (quote as in CSV)";
  const size_t colon = option.find(':');
  if (colon == absl::string_view::npos || colon == 0) {
    return absl::InvalidArgumentError(absl::StrCat("`", option, "` must be of the form ", kForm));
  }
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<std::string> pairs, SplitCsv(option.substr(colon + 1), ','));
  auto& translations = mapping->translations[std::string(option.substr(0, colon))];
  for (const std::string& pair : pairs) {
    const size_t equals = pair.rfind('=');
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat("`", pair, "` in `", option, "` must be of the form ", kForm));
    }
    translations[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return absl::OkStatus();
}

absl::Status AddWhere(absl::string_view option, ImportMapping* mapping) {
  TIERWISE_ASSIGN_OR_RETURN(auto pair, SplitPair(option, "COLUMN=TEXT or COLUMN!=TEXT"));
  const bool is_negated = pair.first.back() == '!';
  if (is_negated) pair.first.pop_back();
  mapping->filters.push_back({pair.first, pair.second, is_negated});
  return absl::OkStatus();
}

absl::Status SetTimeFormat(absl::string_view option, ImportMapping* mapping) {
  static constexpr std::pair<absl::string_view, TimeFormat> kFormats[] = {{"any", TimeFormat::kAny},
                                                                          {"rfc3339", TimeFormat::kRfc3339},
                                                                          {"unix", TimeFormat::kUnixSeconds},
                                                                          {"unix_ms", TimeFormat::kUnixMillis}};
  for (const auto& [name, format] : kFormats) {
    if (option != name) continue;
    mapping->time_format = format;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("`", option, "` must be any, rfc3339, unix or unix_ms"));
}

absl::Status SetDelimiter(absl::string_view option, ImportMapping* mapping) {
  const absl::string_view delimiter = option == "tab" || option == "\\t" ? "\t" : option;
  if (delimiter.size() != 1 || delimiter == "\"" || delimiter == "\n") {
    return absl::InvalidArgumentError(absl::StrCat("`", option, "` must be one character, or `tab`"));
  }
  mapping->delimiter = delimiter[0];
  return absl::OkStatus();
}

absl::StatusOr<ImportMapping> ParseMapping(const std::string& file, const std::string& text) {
  Problems problems;
  ImportMapping mapping;
  try {  // yaml-cpp reports by exceptions
    mapping = MappingReader(file, &problems).Read(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    problems.Add(absl::StrCat(file, ":", error.mark.line + 1), absl::StrCat("not YAML: ", error.msg));
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  return mapping;
}

std::string CanonicalText(const ImportMapping& mapping) {
  std::string text;
  for (const auto& [field, column] : mapping.columns) absl::StrAppend(&text, CsvLine({"map", field, column}));
  for (const auto& [field, constant] : mapping.constants) absl::StrAppend(&text, CsvLine({"set", field, constant}));
  for (const auto& [field, translations] : mapping.translations) {
    for (const auto& [from, to] : translations) absl::StrAppend(&text, CsvLine({"translate", field, from, to}));
  }
  for (const RowFilter& filter : mapping.filters) {
    absl::StrAppend(&text, CsvLine({filter.is_negated ? "where_not" : "where", filter.column, filter.value}));
  }
  return absl::StrCat(text, CsvLine({"repeat", mapping.repeat, absl::StrCat(static_cast<int>(mapping.time_format)),
                                     mapping.list_separator, absl::StrCat(static_cast<int>(mapping.delimiter))}));
}

}  // namespace tierwise
