// SPDX-License-Identifier: Apache-2.0
#include "client/cli/import_checkpoint.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace tierwise {

std::string CheckpointPath(const std::string& input, const std::string& folder) {
  const std::filesystem::path path(input);
  const std::filesystem::path parent = folder.empty() ? path.parent_path() : std::filesystem::path(folder);
  return (parent / absl::StrCat(path.filename().string(), ".tierwise-import.json")).string();
}

absl::StatusOr<std::optional<ImportCheckpoint>> ReadCheckpoint(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  const nlohmann::json json = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  ImportCheckpoint checkpoint;
  if (json.is_object() && json.contains("mapping_hash") && json["mapping_hash"].is_number_unsigned() &&
      json.contains("rows") && json["rows"].is_number_integer() && json.contains("text_hash") &&
      json["text_hash"].is_number_unsigned()) {
    return ImportCheckpoint{json["mapping_hash"].get<uint64_t>(), json["rows"].get<int64_t>(),
                            json["text_hash"].get<uint64_t>()};
  }
  return absl::InvalidArgumentError(absl::StrCat(path, " is not an import's checkpoint; remove it to start anew"));
}

absl::Status WriteCheckpoint(const std::string& path, const ImportCheckpoint& checkpoint) {
  const nlohmann::ordered_json json = {
      {"mapping_hash", checkpoint.mapping_hash}, {"rows", checkpoint.rows}, {"text_hash", checkpoint.text_hash}};
  const std::string next = path + ".next";
  std::ofstream file(next, std::ios::trunc);
  file << json.dump() << '\n';
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(next, path, error);
  if (!file || error) return absl::UnknownError(absl::StrCat("can't write the checkpoint ", path));
  return absl::OkStatus();
}

}  // namespace tierwise
