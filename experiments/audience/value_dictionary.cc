// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/value_dictionary.h"

#include <algorithm>
#include <bit>
#include <string>

#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

constexpr size_t kTextBlockBytes = 64 * 1024;
// Of an entry in the map, at its mean load.
constexpr int64_t kMapEntryBytes = 40;

}  // namespace

ValueDictionary::~ValueDictionary() {
  for (std::atomic<Value*>& block : blocks_) delete[] block.load(std::memory_order_relaxed);
}

size_t ValueDictionary::BlockOf(uint32_t code) {
  return static_cast<size_t>(std::bit_width(code / kFirstBlock + 1)) - 1;
}

const ValueDictionary::Value& ValueDictionary::At(uint32_t code) const {
  const size_t block = BlockOf(code);
  return blocks_[block].load(std::memory_order_acquire)[code - FirstCodeOf(block)];
}

absl::string_view ValueDictionary::TextOf(uint32_t code) const {
  const Value& value = At(code);
  return absl::string_view(static_cast<const char*>(value.data), value.size);
}

absl::Span<const absl::string_view> ValueDictionary::ListOf(uint32_t code) const {
  const Value& value = At(code);
  return absl::MakeConstSpan(static_cast<const absl::string_view*>(value.data), value.size);
}

absl::string_view ValueDictionary::Keep(absl::string_view text) {
  if (text.size() > free_chars_) {
    free_chars_ = std::max(kTextBlockBytes, text.size());
    texts_.push_back(std::make_unique_for_overwrite<char[]>(free_chars_));
    next_char_ = texts_.back().get();
    bytes_ += static_cast<int64_t>(free_chars_);
  }
  char* const begin = next_char_;
  std::copy(text.begin(), text.end(), begin);
  next_char_ += text.size();
  free_chars_ -= text.size();
  return absl::string_view(begin, text.size());
}

uint32_t ValueDictionary::Add(absl::string_view key, Value value) {
  const uint32_t code = size_.load(std::memory_order_relaxed);
  const size_t block = BlockOf(code);
  Value* values = blocks_[block].load(std::memory_order_relaxed);
  if (values == nullptr) {
    const size_t size = size_t{kFirstBlock} << block;
    values = new Value[size];
    blocks_[block].store(values, std::memory_order_release);
    bytes_ += static_cast<int64_t>(size * sizeof(Value));
  }
  values[code - FirstCodeOf(block)] = value;
  codes_.emplace(key, code);
  bytes_ += kMapEntryBytes;
  size_.store(code + 1, std::memory_order_release);
  return code;
}

uint32_t ValueDictionary::CodeOf(absl::string_view text) {
  const std::lock_guard lock(mutex_);
  if (const auto known = codes_.find(text); known != codes_.end()) return known->second;
  const absl::string_view kept = Keep(text);
  return Add(kept, {kept.data(), kept.size()});
}

uint32_t ValueDictionary::CodeOfList(absl::Span<const absl::string_view> list) {
  std::string key;
  for (const absl::string_view element : list) absl::StrAppend(&key, element.size(), ":", element);
  const std::lock_guard lock(mutex_);
  if (const auto known = codes_.find(key); known != codes_.end()) return known->second;
  if (elements_ == nullptr) elements_ = std::make_unique<ValueDictionary>();
  const int64_t bytes_before = elements_->bytes();
  auto kept = std::make_unique<absl::string_view[]>(list.size());
  for (size_t i = 0; i < list.size(); ++i) kept[i] = elements_->TextOf(elements_->CodeOf(list[i]));
  bytes_ += elements_->bytes() - bytes_before + static_cast<int64_t>(list.size() * sizeof(absl::string_view));
  lists_.push_back(std::move(kept));
  return Add(Keep(key), {lists_.back().get(), list.size()});
}

}  // namespace tierwise
