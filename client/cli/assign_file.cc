// SPDX-License-Identifier: Apache-2.0
#include "client/cli/assign_file.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/attribute_values.h"
#include "client/cli/csv.h"
#include "client/cli/message_text.h"
#include "client/cli/record_reader.h"
#include "client/cli/time_text.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/assignment_service.pb.h"

namespace tierwise {
namespace {

constexpr int kBatchUsers = 5'000;
// Well below the 4 MiB that the server takes.
constexpr size_t kBatchBytes = 2 << 20;

void AppendValue(const v1::AttributeValue& value, v1::AttributeColumn* column) {
  switch (value.value_case()) {
    case v1::AttributeValue::kBoolValue:
      column->add_bools(value.bool_value());
      break;
    case v1::AttributeValue::kIntValue:
      column->add_ints(value.int_value());
      break;
    case v1::AttributeValue::kDoubleValue:
      column->add_doubles(value.double_value());
      break;
    case v1::AttributeValue::kStringValue:
      column->add_strings(value.string_value());
      break;
    case v1::AttributeValue::kTimeValue:
      column->add_times_micros(absl::ToUnixMicros(FromProto(value.time_value())));
      break;
    case v1::AttributeValue::kListValue:
      column->add_list_lengths(static_cast<uint32_t>(value.list_value().values_size()));
      for (const std::string& element : value.list_value().values()) column->add_strings(element);
      break;
    case v1::AttributeValue::VALUE_NOT_SET:
      break;
  }
}

class FileAssigner {
 public:
  FileAssigner(const AssignFileJob& job, const Connection& connection, AttributeTypes types, Terminal& terminal)
      : job_(job), connection_(connection), types_(std::move(types)), terminal_(terminal) {}

  absl::Status Run(RecordReader& reader) {
    TIERWISE_RETURN_IF_ERROR(Select(reader));
    if (!job_.is_json) {
      terminal_.out << CsvLine(
          {"user_id", "campaign", "variant", "tier", "reason", "propensity", "phase", "parameters"});
    }
    StartBatch();
    Record record;
    while (true) {
      TIERWISE_ASSIGN_OR_RETURN(const bool has_record, reader.Next(&record));
      if (!has_record) break;
      if (absl::Status added = Add(record); !added.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(job_.file, ":", record.line, ": ", added.message()));
      }
      if (request_.user_ids_size() >= kBatchUsers || bytes_ >= kBatchBytes) TIERWISE_RETURN_IF_ERROR(SendBatch());
    }
    return request_.user_ids_size() > 0 ? SendBatch() : absl::OkStatus();
  }

 private:
  absl::Status Select(RecordReader& reader) {
    std::vector<std::string> columns = {job_.id_column};
    for (const auto& [attribute, type] : types_) {
      if (attribute == job_.id_column || !reader.MayHave(attribute)) continue;
      attributes_.push_back(attribute);
      columns.push_back(attribute);
    }
    return reader.Select(columns);
  }

  void StartBatch() {
    request_.Clear();
    bytes_ = 0;
    for (const std::string& campaign : job_.campaigns) request_.add_campaigns(campaign);
    for (const std::string& attribute : attributes_) request_.add_columns()->set_attribute(attribute);
  }

  absl::Status Add(const Record& record) {
    if (!record.problem.empty()) return absl::InvalidArgumentError(record.problem);
    const std::string user = record.values[0].value_or("");
    if (user.empty()) return absl::InvalidArgumentError(absl::StrCat("no ", job_.id_column));
    const size_t at = static_cast<size_t>(request_.user_ids_size());
    request_.add_user_ids(user);
    bytes_ += user.size();
    for (size_t i = 0; i < attributes_.size(); ++i) {
      v1::AttributeColumn& column = *request_.mutable_columns(static_cast<int>(i));
      if (at % 8 == 0) column.mutable_present()->push_back('\0');
      const std::string text = record.values[i + 1].value_or("");
      if (text.empty()) continue;
      const auto value = ParseAttributeValue(attributes_[i], types_.at(attributes_[i]), text);
      if (!value.ok()) return absl::InvalidArgumentError(absl::StrCat(attributes_[i], ": ", value.status().message()));
      AppendValue(*value, &column);
      char& bits = column.mutable_present()->back();
      bits = static_cast<char>(bits | (1 << (at % 8)));
      bytes_ += text.size() + sizeof(int64_t);
    }
    return absl::OkStatus();
  }

  absl::Status SendBatch() {
    v1::AssignBatchResponse response;
    TIERWISE_RETURN_IF_ERROR(connection_.Call(request_, &response));
    for (int user = 0; user < request_.user_ids_size(); ++user) {
      for (const v1::CampaignAssignments& campaign : response.campaigns()) {
        if (user >= campaign.assigned_size() ||
            campaign.assigned(user) >= static_cast<uint32_t>(campaign.distinct_size())) {
          return absl::InternalError("the server's answer does not fit the batch");
        }
        Print(request_.user_ids(user), campaign.distinct(static_cast<int>(campaign.assigned(user))));
      }
    }
    StartBatch();
    return absl::OkStatus();
  }

  void Print(const std::string& user, const v1::Assignment& assignment) {
    if (job_.is_json) {
      nlohmann::ordered_json line = {{"user_id", user}};
      line.update(ToReadableJson(assignment, Fields::kComplete));
      terminal_.out << line.dump() << '\n';
      return;
    }
    terminal_.out << CsvLine({user, assignment.campaign(), assignment.variant(), assignment.tier(),
                              ShortName(assignment.reason()), absl::StrFormat("%.17g", assignment.propensity()),
                              absl::StrCat(assignment.phase()), assignment.parameters_json()});
  }

  const AssignFileJob& job_;
  const Connection& connection_;
  const AttributeTypes types_;
  Terminal& terminal_;
  std::vector<std::string> attributes_;  // that the file has
  v1::AssignBatchRequest request_;
  size_t bytes_ = 0;
};

}  // namespace

absl::Status AssignFile(const AssignFileJob& job, const Connection& connection, Terminal& terminal) {
  TIERWISE_ASSIGN_OR_RETURN(const std::unique_ptr<RecordReader> reader,
                            OpenRecords(job.file, RecordFormat::kByName, 0));
  TIERWISE_ASSIGN_OR_RETURN(AttributeTypes types, FetchAttributeTypes(connection));
  return FileAssigner(job, connection, std::move(types), terminal).Run(*reader);
}

}  // namespace tierwise
