// SPDX-License-Identifier: Apache-2.0
// Looking up a user among 10 million (first argument: users): the tier alone, and the tier with four attributes,
// against what the memory itself costs in the same run: one random access, and two that depend on each other. Prints
// bytes per user, and what a commit costs readers. docs/tiers.md has results.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/ratio.h"
#include "bench/user_table_fill.h"
#include "experiments/audience/user_table.h"
#include "experiments/base/facts.h"

namespace tierwise::bench {
namespace {

constexpr size_t kLookups = 1 << 18;
constexpr int kRepetitions = 5;

// Nanoseconds of CPU that one call of `f` takes, given the number of the look-up; the median of repetitions.
template <typename F>
double NanosOf(F f) {
  std::vector<double> nanos;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    const double begin = CpuSeconds();
    for (size_t i = 0; i < kLookups; ++i) f(i);
    nanos.push_back((CpuSeconds() - begin) * 1e9 / static_cast<double>(kLookups));
  }
  return Median(nanos);
}

// One access of a random cache line, and two where the first says which is the second; each waits for the one before.
class MemoryLimit {
 public:
  explicit MemoryLimit(size_t bytes) : lines_(bytes / sizeof(Line)) {
    std::mt19937_64 random(1);
    for (Line& line : lines_) line.next = random() % lines_.size();
  }
  double OneNanos() {
    uint64_t at = 0;
    return NanosOf([&](size_t i) { benchmark::DoNotOptimize(at = lines_[(at + i * 0x9E37) % lines_.size()].next); });
  }
  double TwoNanos() {
    uint64_t at = 0;
    return NanosOf([&](size_t i) {
      const uint64_t first = lines_[(at + i * 0x9E37) % lines_.size()].next;
      benchmark::DoNotOptimize(at = lines_[first].next);
    });
  }

 private:
  struct alignas(64) Line {
    uint64_t next;
  };
  std::vector<Line> lines_;
};

std::string Nanos(double nanos) { return absl::StrFormat("%.0f ns", nanos); }

int Run(uint64_t users) {
  FilledTable filled(users, 10);
  const UserTable& table = filled.table;
  const auto bytes = static_cast<double>(table.bytes());
  std::cout << absl::StrFormat("%d users, 10 derived doubles, 1 tiering: %.1f bytes a user\n", users,
                               bytes / static_cast<double>(users));

  std::mt19937_64 random(2);
  std::vector<uint64_t> keys(kLookups);
  for (uint64_t& key : keys) key = KeyOfNumber(random() % users);
  MemoryLimit limit(static_cast<size_t>(users) * 27);
  const double one = limit.OneNanos();
  const double two = limit.TwoNanos();

  const int value = *table.TieringOf("value");
  // Each waits for the one before, as those of the limit do.
  int64_t at = 0;
  const double tier = NanosOf([&](size_t i) {
    const TierNow now = table.TierOf(keys[(i + static_cast<size_t>(at)) % kLookups], value);
    benchmark::DoNotOptimize(at = now.tier & 1);
  });
  std::vector<int> slots;
  for (int i = 0; i < 4; ++i) slots.push_back(*filled.schema.SlotOf(absl::StrCat("number", i)));
  const ReadPlan plan(table, filled.schema, slots, {"value"});
  UserAttributes attributes(filled.schema);
  std::vector<TierNow> tiers(1);
  const double read = NanosOf([&](size_t i) {
    attributes.Clear();
    table.Read(keys[(i + static_cast<size_t>(at)) % kLookups], plan, attributes, absl::MakeSpan(tiers));
    benchmark::DoNotOptimize(at = tiers[0].tier & 1);
  });
  const double hash = NanosOf([&, id = std::string("user-12345678")](size_t i) mutable {
    id[12] = static_cast<char>('0' + i % 10);
    benchmark::DoNotOptimize(KeyOf(id));
  });
  std::cout << absl::StrFormat("hashing a user id of 13 bytes: %.1f ns\n", hash);
  Print({"tier of a user", "1 access: " + Nanos(one), Nanos(tier), absl::StrFormat("%.2f", tier / one), "< 100 ns"});
  Print({"tier and 4 attributes", "2 accesses: " + Nanos(two), Nanos(read), absl::StrFormat("%.2f", read / two), ""});
  return 0;
}

}  // namespace
}  // namespace tierwise::bench

int main(int argc, char** argv) {
  return tierwise::bench::Run(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000);
}
