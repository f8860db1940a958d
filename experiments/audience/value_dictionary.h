// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

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

  // The code of an equal value: from 0, in the order in which values came.
  // REQUIRES: fewer than 2^32 - 64 values; a dictionary has texts or lists, not both.
  uint32_t CodeOf(absl::string_view text);
  uint32_t CodeOfList(absl::Span<const absl::string_view> list);

  // How many values there are: codes are below it.
  uint32_t size() const { return size_.load(std::memory_order_acquire); }
  // REQUIRES, of each: `code` was returned by the function for that.
  absl::string_view TextOf(uint32_t code) const;
  absl::Span<const absl::string_view> ListOf(uint32_t code) const;

  // Of memory, about.
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  // A text or a list.
  struct Value {
    const void* data;
    size_t size;
  };
  // Block b has 2^b * kFirstBlock values: no value ever moves.
  static constexpr uint32_t kFirstBlock = 64;
  static constexpr size_t kBlocks = 26;
  static size_t BlockOf(uint32_t code);
  static uint32_t FirstCodeOf(size_t block) { return kFirstBlock * ((uint32_t{1} << block) - 1); }

  const Value& At(uint32_t code) const;
  // With `mutex_`.
  uint32_t Add(absl::string_view key, Value value);
  absl::string_view Keep(absl::string_view text);

  std::array<std::atomic<Value*>, kBlocks> blocks_{};
  std::atomic<uint32_t> size_{0};
  std::atomic<int64_t> bytes_{0};

  std::mutex mutex_;  // guards what follows, and writes of what is above
  absl::flat_hash_map<absl::string_view, uint32_t> codes_;
  std::vector<std::unique_ptr<char[]>> texts_;
  size_t free_chars_ = 0;  // at the end of the last of texts_
  char* next_char_ = nullptr;
  std::vector<std::unique_ptr<absl::string_view[]>> lists_;
  std::unique_ptr<ValueDictionary> elements_;  // of lists
};

}  // namespace tierwise
