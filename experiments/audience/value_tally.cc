// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/value_tally.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tierwise {

void ValueTally::Add(const UserAttributes& attributes, int slot) {
  if (!attributes.has(slot)) return;
  switch (type_) {
    case v1::ATTRIBUTE_TYPE_STRING:
      ++texts_[attributes.text(slot)];
      return;
    case v1::ATTRIBUTE_TYPE_STRING_LIST: {
      // A repeated element counts once.
      std::vector<absl::string_view> elements;
      attributes.ForEachElement(slot, [&](absl::string_view element) { elements.push_back(element); });
      std::sort(elements.begin(), elements.end());
      elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
      for (const absl::string_view element : elements) ++texts_[element];
      return;
    }
    default:
      ++integers_[attributes.integer(slot)];
  }
}

void ValueTally::Merge(const ValueTally& other) {
  for (const auto& [text, users] : other.texts_) texts_[text] += users;
  for (const auto& [integer, users] : other.integers_) integers_[integer] += users;
}

std::vector<ValueUsers> ValueTally::Top(size_t count) const {
  const auto top_of = [count](const auto& users_by_value) {
    using Entry = std::pair<typename std::decay_t<decltype(users_by_value)>::key_type, int64_t>;
    std::vector<Entry> entries(users_by_value.begin(), users_by_value.end());
    const auto end = entries.begin() + static_cast<ptrdiff_t>(std::min(count, entries.size()));
    std::partial_sort(entries.begin(), end, entries.end(), [](const Entry& a, const Entry& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    entries.erase(end, entries.end());
    return entries;
  };
  std::vector<ValueUsers> top;
  for (const auto& [text, users] : top_of(texts_)) top.push_back({std::string(text), users});
  for (const auto& [integer, users] : top_of(integers_)) {
    const bool is_bool = type_ == v1::ATTRIBUTE_TYPE_BOOL;
    top.push_back({is_bool ? (integer != 0 ? "true" : "false") : absl::StrCat(integer), users});
  }
  return top;
}

}  // namespace tierwise
