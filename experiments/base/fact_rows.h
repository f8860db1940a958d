// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace tierwise {

// Users are ordered by this: a bijection of their keys (Fibonacci hashing, Knuth vol. 3, 6.4) that spreads them evenly
// even if the keys are not.
inline constexpr uint64_t UserOrder(uint64_t user_key) { return user_key * 0x9E3779B97F4A7C15; }
// The user's key again.
inline constexpr uint64_t UserKeyOf(uint64_t user_order) { return user_order * 0xF1DE83E19937733D; }
static_assert(UserKeyOf(UserOrder(1)) == 1);

// Facts are kept in this many partitions, by the leading bits of UserOrder: small enough for a partition of 10^7 facts
// to be sorted in a core's cache.
inline constexpr int kPartitionBits = 8;
inline size_t PartitionOf(uint64_t user_order) { return static_cast<size_t>(user_order >> (64 - kPartitionBits)); }

// How an exposure's phase stands to the one that its tier is in.
enum class PhaseStanding : uint8_t { kEarlier, kCurrent, kLater };

struct ExposureRow {
  uint64_t user_order;
  int64_t time_micros;
  uint16_t tier;     // or kOtherName
  uint16_t variant;  // or kOtherName
  PhaseStanding phase;
  bool forced;

  // Total: equal rows are the same fact.
  friend auto operator<=>(const ExposureRow&, const ExposureRow&) = default;
};

struct EventRow {
  uint64_t user_order;
  uint64_t event;  // KeyOf(event_id)
  int64_t time_micros;
  double value;
  uint16_t name;

  // Total over finite values: by user, name, event, time and value.
  friend std::strong_ordering operator<=>(const EventRow& a, const EventRow& b) {
    if (const auto order = a.user_order <=> b.user_order; order != 0) return order;
    if (const auto order = a.name <=> b.name; order != 0) return order;
    if (const auto order = a.event <=> b.event; order != 0) return order;
    if (const auto order = a.time_micros <=> b.time_micros; order != 0) return order;
    return std::strong_order(a.value, b.value);
  }
};

// The rows of one partition, in any order until they are sorted. Grows without moving what it holds. Not thread-safe.
// REQUIRES: fewer than 2^32 rows.
template <typename Row>
class RowPartition {
 public:
  void Add(const Row& row) {
    if (next_ == end_) Grow();
    *next_++ = row;
  }

  // Moves every row to `sorted`, in ascending order, and leaves none here. The bits that follow the partition's put
  // each user into one of as many buckets as there are rows; then each bucket is sorted by itself.
  void TakeSorted(std::vector<Row>& sorted) {
    const size_t rows = size();
    sorted.resize(rows);
    const auto bits = static_cast<int>(std::bit_width(rows | 1));
    const auto bucket_of = [bits](const Row& row) {
      return static_cast<size_t>((row.user_order << kPartitionBits) >> (64 - bits));
    };
    // Entry b: first the rows of bucket b - 1, then the place of the next row of bucket b, at last the end of bucket b.
    std::vector<uint32_t> place((size_t{1} << bits) + 1);
    ForEach([&](const Row& row) { ++place[bucket_of(row) + 1]; });
    for (size_t b = 1; b < place.size(); ++b) place[b] += place[b - 1];
    ForEach([&](const Row& row) { sorted[place[bucket_of(row)]++] = row; });
    Clear();
    ptrdiff_t begin = 0;
    for (const uint32_t end : place) {
      if (end - begin > 1) std::sort(sorted.begin() + begin, sorted.begin() + end);
      begin = end;
    }
  }

 private:
  static constexpr size_t kFirstChunkRows = 16;
  static constexpr size_t kMaxChunkRows = 2048;

  struct Chunk {
    std::unique_ptr<Row[]> rows;
    size_t capacity;
  };

  // All chunks but the last are full.
  size_t size() const {
    size_t rows = 0;
    for (const Chunk& chunk : chunks_) rows += chunk.capacity;
    return rows - static_cast<size_t>(end_ - next_);
  }

  void Grow() {
    const size_t capacity = chunks_.empty() ? kFirstChunkRows : std::min(chunks_.back().capacity * 2, kMaxChunkRows);
    chunks_.push_back({std::make_unique_for_overwrite<Row[]>(capacity), capacity});
    next_ = chunks_.back().rows.get();
    end_ = next_ + capacity;
  }

  template <typename F>
  void ForEach(F f) const {
    for (const Chunk& chunk : chunks_) {
      const Row* const end = &chunk == &chunks_.back() ? next_ : chunk.rows.get() + chunk.capacity;
      for (const Row* row = chunk.rows.get(); row != end; ++row) f(*row);
    }
  }

  void Clear() {
    std::vector<Chunk>().swap(chunks_);
    next_ = end_ = nullptr;
  }

  std::vector<Chunk> chunks_;
  Row* next_ = nullptr;  // in the last chunk
  Row* end_ = nullptr;   // of the last chunk
};

}  // namespace tierwise
