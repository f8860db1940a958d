// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tierwise {

// The texts, or lists of texts, that a column's values are, each kept once and for as long as the dictionary lives.
// Thread-safe; reading takes no lock.
class ValueDictionary {
 public:
  static constexpr uint32_t kNoCode = 0xffff'ffff;

  ValueDictionary() = default;
  ~ValueDictionary();
  ValueDictionary(const ValueDictionary&) = delete;
  ValueDictionary& operator=(const ValueDictionary&) = delete;

  // The code of an equal value, from 0 in the order in which values came.
  // REQUIRES: fewer than 2^32 - 1 values; a dictionary has texts or lists, not both.
  uint32_t CodeOf(absl::string_view text);
  uint32_t CodeOf(absl::Span<const absl::string_view> list);

  uint32_t size() const { return size_.load(std::memory_order_acquire); }
  // REQUIRES, of each: `code` was returned by CodeOf.
  absl::string_view TextOf(uint32_t code) const { return ListOf(code)[0]; }
  absl::Span<const absl::string_view> ListOf(uint32_t code) const;

  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  using Value = absl::Span<const absl::string_view>;
  // Block b has 2^b * kFirstBlock values: no value ever moves.
  static constexpr uint32_t kFirstBlock = 64;
  static constexpr size_t kBlocks = 27;

  uint32_t Add(absl::string_view key, absl::Span<const absl::string_view> list);
  absl::string_view Keep(absl::string_view text);

  std::array<std::atomic<Value*>, kBlocks> blocks_{};
  std::atomic<uint32_t> size_{0};
  std::atomic<int64_t> bytes_{0};

  std::mutex mutex_;  // guards what follows, and writes of what is above
  absl::flat_hash_map<std::string, uint32_t> codes_;
  std::vector<std::unique_ptr<char[]>> texts_;
  std::vector<std::unique_ptr<absl::string_view[]>> lists_;
};

}  // namespace tierwise
