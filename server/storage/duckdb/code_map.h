// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "experiments/base/facts.h"
#include "server/storage/duckdb/names.h"

namespace tierwise::duckdb {

inline constexpr size_t kMaxChunkRows = 2048;  // DuckDB's vector size
using NameIndexes = std::array<uint16_t, kMaxChunkRows>;

// Codes of the dictionary to places in a scan's list of names.
class CodeMap {
 public:
  CodeMap(const Names& names, const std::vector<std::string>& wanted) {
    for (size_t index = 0; index < wanted.size(); ++index) {
      std::optional<uint32_t> code = names.Find(wanted[index]);
      if (!code) continue;
      if (*code >= index_of_.size()) index_of_.resize(*code + 1, kOtherName);
      if (index_of_[*code] != kOtherName) continue;
      index_of_[*code] = static_cast<uint16_t>(index);
      codes_.push_back(*code);
    }
  }

  absl::Span<const uint16_t> Map(absl::Span<const uint32_t> codes, NameIndexes& indexes) const {
    for (size_t i = 0; i < codes.size(); ++i) {
      indexes[i] = codes[i] < index_of_.size() ? index_of_[codes[i]] : kOtherName;
    }
    return {indexes.data(), codes.size()};
  }

  // Those that are in the dictionary.
  const std::vector<uint32_t>& codes() const { return codes_; }

 private:
  std::vector<uint16_t> index_of_;
  std::vector<uint32_t> codes_;
};

}  // namespace tierwise::duckdb
