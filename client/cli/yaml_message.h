// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "experiments/base/problems.h"
#include "google/protobuf/message.h"

namespace tierwise {

// Fills protobuf messages from YAML nodes by their descriptors. Everything that is wrong goes to `problems`, each with
// "file:line: path" as its field. Not thread-safe.
//
// Accepted beyond proto JSON: snake_case names; enum values short and in lower case; durations like "14d"; times
// without a zone or a time of day; text where a tierwise.v1.Condition stands. A name given twice, two members of one
// oneof, and a document whose aliases expand to more than a million nodes are problems.
class YamlMessageReader {
 public:
  YamlMessageReader(std::string file, Problems* problems) : file_(std::move(file)), problems_(problems) {}

  // `ignored_key` is a key at the top that is not a field.
  void Read(const YAML::Node& node, absl::string_view ignored_key, google::protobuf::Message* message);

  // Where each field read stands: its path ("tier_plans[0].arms") to its line, from 1.
  const std::map<std::string, int>& lines() const { return lines_; }

  void AddProblem(const YAML::Node& node, absl::string_view path, absl::string_view description);

 private:
  using Field = google::protobuf::FieldDescriptor;
  using Message = google::protobuf::Message;

  void ReadMessage(const YAML::Node& node, const std::string& path, absl::string_view ignored_key, Message* message);
  void ReadField(const YAML::Node& node, const std::string& path, const Field* field, Message* message);
  void ReadSubmessage(const YAML::Node& node, const std::string& path, Message* message);
  void ReadScalar(const YAML::Node& node, const std::string& path, const Field* field, Message* message);
  void ReadEnum(const YAML::Node& node, const std::string& path, const Field* field, Message* message);
  bool IsTooLarge(const YAML::Node& node, const std::string& path);

  std::string file_;
  Problems* problems_;
  std::map<std::string, int> lines_;
  int nodes_ = 0;
};

}  // namespace tierwise
